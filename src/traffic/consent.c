// SPDX-License-Identifier: Apache-2.0
// consent.c - the two halves of a person's sign-in at Google: the question for the browser, and the exchange of its answer.
//
// "offline" and "consent" together make Google give a refresh token each time, also to who has agreed before. Google lets people untick a scope, so the
// answer's scopes are looked at. What is kept has the shape that Google's own tools use for it.
#include "traffic/consent.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "crypto/crypto.h"
#include "traffic/google.h"

enum { RANDOM_BYTES = 32, WORD_BYTES = 48, FIELD_BYTES = 256, CODE_BYTES = 1024 };

struct consent {
    char client_id[FIELD_BYTES], client_secret[FIELD_BYTES];
    char auth_url[FIELD_BYTES], token_url[FIELD_BYTES], redirect[FIELD_BYTES];
    char verifier[WORD_BYTES], state[WORD_BYTES];
    struct buf url;
};

static bool copy_member(const struct json *object, const char *name, char place[static FIELD_BYTES])
{
    struct sv text;
    if (!json_text(json_get(object, name), &text) || text.len >= FIELD_BYTES || text.len == 0)
        return false;
    memcpy(place, text.ptr, text.len);
    place[text.len] = '\0';
    return true;
}

static enum till_code read_client(struct consent *consent, struct sv client, struct till_error *e)
{
    const struct json *root = NULL;
    struct till_error ignored = {0};
    struct arena arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = json_parse(client, &arena, &root, &ignored);
    const struct json *installed = json_get(root, "installed");
    bool is_web = json_is_object(json_get(root, "web"));
    bool is_good = code == TILL_OK && copy_member(installed, "client_id", consent->client_id) &&
                   copy_member(installed, "client_secret", consent->client_secret);
    if (is_good && !copy_member(installed, "auth_uri", consent->auth_url))
        (void)snprintf(consent->auth_url, FIELD_BYTES,
                       "https://accounts.google.com/o/oauth2/v2/auth");
    if (is_good && !copy_member(installed, "token_uri", consent->token_url))
        (void)snprintf(consent->token_url, FIELD_BYTES, "%s", GOOGLE_TOKEN_URL);
    arena_wipe(&arena);
    if (is_good) {
        code = http_check_url(consent->auth_url, e);
        return code ? code : http_check_url(consent->token_url, e);
    }
    if (code == TILL_MEMORY)
        return TILL_FAIL_MEMORY(e);
    (void)TILL_FAIL(e, TILL_USAGE, 0, "this is not an OAuth client of type desktop%s",
                    is_web ? ", but of type web" : "");
    return till_error_hint(e,
                           "in Google Cloud: APIs and services, Credentials, Create credentials, "
                           "OAuth client ID, Desktop app; pass its JSON file with --client-file");
}

static void random_word(char word[static WORD_BYTES])
{
    unsigned char bytes[RANDOM_BYTES];
    crypto_random(bytes, sizeof bytes);
    crypto_base64url_encode(bytes, sizeof bytes, word, WORD_BYTES);
    memory_wipe(bytes, sizeof bytes);
}

static void field(struct buf *out, const char *name, const char *value)
{
    bool is_first = out->len > 0 && out->data[out->len - 1] == '?';
    buf_format(out, "%s%s=", out->len == 0 || is_first ? "" : "&", name);
    traffic_percent(out, sv_of(value));
}

static enum till_code make_url(struct consent *consent, struct till_error *e)
{
    unsigned char hash[CRYPTO_SHA256_BYTES];
    char challenge[WORD_BYTES];
    struct buf *url = &consent->url;
    crypto_sha256(sv_of(consent->verifier), hash);
    crypto_base64url_encode(hash, sizeof hash, challenge, sizeof challenge);
    buf_format(url, "%s?", consent->auth_url);
    field(url, "response_type", "code");
    field(url, "client_id", consent->client_id);
    field(url, "redirect_uri", consent->redirect);
    field(url, "scope", GOOGLE_SCOPE);
    field(url, "access_type", "offline");
    field(url, "prompt", "consent");
    field(url, "state", consent->state);
    field(url, "code_challenge", challenge);
    field(url, "code_challenge_method", "S256");
    return buf_fail(url, "an address", e);
}

enum till_code consent_new(struct sv client, const char *redirect, struct consent **ret_consent,
                           struct till_error *e)
{
    enum till_code code = crypto_start(e);
    if (code)
        return code;
    struct consent *consent = till_calloc(1, sizeof *consent);
    if (!consent)
        return TILL_FAIL_MEMORY(e);
    buf_init(&consent->url, TILL_LIMIT_HTTP_URL_BYTES);
    (void)snprintf(consent->redirect, FIELD_BYTES, "%s", redirect);
    random_word(consent->verifier);
    random_word(consent->state);
    code = read_client(consent, client, e);
    if (code == TILL_OK)
        code = make_url(consent, e);
    if (code)
        consent_free(consent);
    else
        *ret_consent = consent;
    return code;
}

void consent_free(struct consent *consent)
{
    if (!consent)
        return;
    buf_release(&consent->url);
    memory_wipe(consent, sizeof *consent);
    till_free(consent);
}

const char *consent_url(const struct consent *consent)
{
    return consent->url.data;
}

// ---- the answer ----

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// The decoded value of a parameter; false when it is not there or too long.
static bool parameter(struct sv query, const char *name, char *place, size_t bytes)
{
    struct sv part, key;
    while (sv_split(&query, '&', &part)) {
        size_t len = 0;
        if (!sv_split(&part, '=', &key) || !sv_equal(key, sv_of(name)))
            continue;
        for (size_t i = 0; i < part.len; i++) {
            bool is_escape = part.ptr[i] == '%' && i + 2 < part.len && hex(part.ptr[i + 1]) >= 0 &&
                             hex(part.ptr[i + 2]) >= 0;
            if (len + 1 >= bytes)
                return false;
            place[len++] =
                is_escape ? (char)(hex(part.ptr[i + 1]) * 16 + hex(part.ptr[i + 2])) : part.ptr[i];
            i += is_escape ? 2 : 0;
        }
        place[len] = '\0';
        return true;
    }
    return false;
}

bool consent_is_answer(const struct consent *consent, struct sv query)
{
    char state[WORD_BYTES] = "";
    return parameter(query, "state", state, sizeof state) &&
           strlen(state) == strlen(consent->state) &&
           crypto_equal(state, consent->state, strlen(state));
}

static enum till_code fail_denied(const char *error, struct till_error *e)
{
    if (strcmp(error, "access_denied") == 0) {
        (void)TILL_FAIL(e, TILL_AUTH, 0, "the consent was refused in the browser");
        return till_error_hint(e, "run it again and agree; or use --service-account, which asks "
                                  "nobody");
    }
    (void)TILL_FAIL(e, TILL_AUTH, 0, "Google did not give a consent: %.100s", error);
    return till_error_hint(e, "check the OAuth client in Google Cloud: of type desktop, and its "
                              "consent screen with you as a test user");
}

static void write_form(const struct consent *consent, const char *code, struct buf *form)
{
    field(form, "grant_type", "authorization_code");
    field(form, "code", code);
    field(form, "client_id", consent->client_id);
    field(form, "client_secret", consent->client_secret);
    field(form, "redirect_uri", consent->redirect);
    field(form, "code_verifier", consent->verifier);
}

static bool names_scope(struct sv scopes)
{
    struct sv scope;
    while (sv_split(&scopes, ' ', &scope)) {
        if (sv_equal(scope, SV(GOOGLE_SCOPE)))
            return true;
    }
    return false;
}

static enum till_code keep(const struct consent *consent, const struct json *root,
                           struct secret *ret_secret, struct till_error *e)
{
    struct sv refresh = SV(""), scopes = SV("");
    struct buf text;
    (void)json_text(json_get(root, "refresh_token"), &refresh);
    if (json_text(json_get(root, "scope"), &scopes) && !names_scope(scopes)) {
        (void)TILL_FAIL(e, TILL_AUTH, 0, "the consent does not include Search Console");
        return till_error_hint(e, "run it again, and leave the box for Search Console ticked");
    }
    if (refresh.len == 0) {
        (void)TILL_FAIL(e, TILL_FORMAT, 0,
                        "Google gave a consent that cannot be kept: its answer "
                        "has no refresh token");
        return till_error_hint(e,
                               "take till's access away in your Google account, and run it again");
    }
    buf_init(&text, TILL_LIMIT_TOKEN_BYTES);
    enum till_code code =
        buf_reserve(&text, TILL_LIMIT_TOKEN_BYTES / 2) ? TILL_FAIL_MEMORY(e) : TILL_OK;
    buf_text(&text, "{\"type\":\"authorized_user\",\"client_id\":");
    buf_json_string(&text, sv_of(consent->client_id));
    buf_text(&text, ",\"client_secret\":");
    buf_json_string(&text, sv_of(consent->client_secret));
    buf_text(&text, ",\"refresh_token\":");
    buf_json_string(&text, refresh);
    buf_text(&text, ",\"token_uri\":");
    buf_json_string(&text, sv_of(consent->token_url));
    buf_char(&text, '}');
    if (code == TILL_OK)
        code = buf_fail(&text, "the consent", e);
    if (code == TILL_OK)
        code = secret_set(ret_secret, (struct sv){text.data, text.len}, e);
    buf_wipe(&text);
    return code;
}

static enum till_code judge(const struct traffic *traffic, const struct traffic_question *question,
                            const struct traffic_answer *answer, struct arena *arena,
                            struct till_error *e)
{
    struct sv error = traffic_words(json_get(answer->root, "error"), arena);
    struct sv words = traffic_words(json_get(answer->root, "error_description"), arena);
    if ((answer->status != 400 && answer->status != 401) || error.len == 0)
        return traffic_fail(traffic, question, answer, words, e);
    (void)TILL_FAIL(e, TILL_AUTH, answer->status, "Google does not accept the sign-in: " SV_FORMAT,
                    SV_ARGS(words.len > 0 ? words : error));
    if (sv_equal(error, SV("invalid_client")))
        return till_error_hint(e, "download the client's JSON file again: Google Cloud, APIs and "
                                  "services, Credentials");
    return till_error_hint(e, "run it again: what the browser brings back is good for minutes");
}

enum till_code consent_finish(struct consent *consent, struct sv query,
                              const struct http_options *http, struct secret *ret_secret,
                              struct till_error *e)
{
    struct traffic traffic = {.service = TRAFFIC_SEARCH_CONSOLE,
                              .source = &traffic_search_console,
                              .clock = http->clock,
                              .stop = http->stop};
    char code_text[CODE_BYTES] = "", error[FIELD_BYTES] = "";
    struct traffic_answer answer = {0};
    struct arena arena;
    struct buf form;
    if (parameter(query, "error", error, sizeof error))
        return fail_denied(error, e);
    if (!consent_is_answer(consent, query) ||
        !parameter(query, "code", code_text, sizeof code_text)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "this is not what Google sends back");
        return till_error_hint(e, "paste the whole address that the browser ended at");
    }
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    buf_init(&form, TILL_LIMIT_REQUEST_BODY_BYTES);
    enum till_code code = buf_reserve(&form, TILL_LIMIT_REQUEST_BODY_BYTES / 2)
                              ? TILL_FAIL_MEMORY(e)
                              : http_new(http, &traffic.http, e);
    write_form(consent, code_text, &form);
    struct traffic_question question = {.path = consent->token_url,
                                        .what = "sign in to Google",
                                        .content_type = "application/x-www-form-urlencoded",
                                        .body = {form.data, form.len},
                                        .is_grant = true};
    if (code == TILL_OK)
        code = traffic_ask(&traffic, &question, &arena, &answer, e);
    if (code == TILL_OK && answer.status != 200)
        code = judge(&traffic, &question, &answer, &arena, e);
    if (code == TILL_OK)
        code = keep(consent, answer.root, ret_secret, e);
    http_free(traffic.http);
    buf_wipe(&form);
    arena_wipe(&arena);
    memory_wipe(code_text, sizeof code_text);
    return code;
}
