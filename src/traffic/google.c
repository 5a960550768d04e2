// SPDX-License-Identifier: Apache-2.0
// google.c - Google's sign-in: a secret that is kept becomes an access token that lives for an hour.
//
// The secret is a JSON object as Google's own tools keep it: of type service_account (a key, which signs an assertion of a few minutes' use, RFC 7523), or of
// type authorized_user (a refresh token from a person's consent, RFC 6749 section 6). Either is exchanged at the token endpoint. A refresh never names
// a scope: Google then answers invalid_scope. Assertions carry this machine's time, so a clock that is off is told as what it is.
#include "traffic/google.h"

#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum { ASSERTION_S = 3600, MARGIN_S = 60, SKEW_S = 60, FIELD_BYTES = 256, KEY_BYTES = 6 * 1024 };

struct credentials {
    bool is_person;
    char account[FIELD_BYTES]; // client_email
    char key_id[FIELD_BYTES];
    char private_key[KEY_BYTES];
    char client_id[FIELD_BYTES], client_secret[FIELD_BYTES];
    char refresh_token[2 * FIELD_BYTES];
    char token_url[TRAFFIC_URL_BYTES];
};

static void copy_member(const struct json *object, const char *name, char *place, size_t bytes)
{
    struct sv text;
    place[0] = '\0';
    if (!json_text(json_get(object, name), &text) || text.len >= bytes ||
        memchr(text.ptr, '\0', text.len))
        return;
    memcpy(place, text.ptr, text.len);
    place[text.len] = '\0';
}

static enum till_code fail_shape(struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_USAGE, 0, "this is not the key of a service account");
    return till_error_hint(
        e, "in Google Cloud: IAM, Service accounts, the account, Keys, Add key, JSON; pass that "
           "file with --service-account; or sign in with --oauth");
}

static enum till_code read_credentials(const struct traffic *traffic, struct credentials *ret,
                                       struct till_error *e)
{
    const struct json *root = NULL;
    struct till_error ignored = {0};
    struct sv type = SV("");
    struct arena arena;
    memset(ret, 0, sizeof *ret);
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = json_parse(secret_bytes(&traffic->secret), &arena, &root, &ignored);
    if (code == TILL_OK) {
        (void)json_text(json_get(root, "type"), &type);
        ret->is_person = sv_equal(type, SV("authorized_user"));
        copy_member(root, "client_email", ret->account, sizeof ret->account);
        copy_member(root, "private_key_id", ret->key_id, sizeof ret->key_id);
        copy_member(root, "private_key", ret->private_key, sizeof ret->private_key);
        copy_member(root, "client_id", ret->client_id, sizeof ret->client_id);
        copy_member(root, "client_secret", ret->client_secret, sizeof ret->client_secret);
        copy_member(root, "refresh_token", ret->refresh_token, sizeof ret->refresh_token);
        copy_member(root, "token_uri", ret->token_url, sizeof ret->token_url);
    }
    bool is_good = code == TILL_OK && (ret->is_person ? ret->client_id[0] && ret->refresh_token[0]
                                                      : ret->account[0] && ret->private_key[0]);
    arena_wipe(&arena);
    if (!is_good)
        return code == TILL_MEMORY ? TILL_FAIL_MEMORY(e) : fail_shape(e);
    if (!ret->token_url[0])
        (void)snprintf(ret->token_url, sizeof ret->token_url, "%s", GOOGLE_TOKEN_URL);
    return http_check_url(ret->token_url, e);
}

enum till_code google_open(struct traffic *traffic, struct till_error *e)
{
    struct credentials credentials;
    enum till_code code = read_credentials(traffic, &credentials, e);
    memory_wipe(&credentials, sizeof credentials);
    return code;
}

void google_account(const struct traffic *traffic, char *ret_account, size_t bytes)
{
    struct credentials credentials;
    struct till_error ignored = {0};
    ret_account[0] = '\0';
    if (read_credentials(traffic, &credentials, &ignored) == TILL_OK && !credentials.is_person)
        (void)snprintf(ret_account, bytes, "%s", credentials.account);
    memory_wipe(&credentials, sizeof credentials);
}

bool google_is_person(const struct traffic *traffic)
{
    struct credentials credentials;
    struct till_error ignored = {0};
    bool is_person =
        read_credentials(traffic, &credentials, &ignored) == TILL_OK && credentials.is_person;
    memory_wipe(&credentials, sizeof credentials);
    return is_person;
}

void google_forget(struct traffic *traffic)
{
    secret_release(&traffic->bearer);
    traffic->bearer_until_us = 0;
}

// ---- the request ----

// A signed assertion, to be freed; NULL when the key is no key.
static char *sign(const struct credentials *credentials, int64_t now_s)
{
    jwt_t *jwt = NULL;
    char *text = NULL;
    int rc = jwt_new(&jwt);
    if (rc == 0)
        rc = jwt_add_grant(jwt, "iss", credentials->account);
    if (rc == 0)
        rc = jwt_add_grant(jwt, "scope", GOOGLE_SCOPE);
    if (rc == 0)
        rc = jwt_add_grant(jwt, "aud", credentials->token_url);
    if (rc == 0)
        rc = jwt_add_grant_int(jwt, "iat", (long)now_s);
    if (rc == 0)
        rc = jwt_add_grant_int(jwt, "exp", (long)now_s + ASSERTION_S);
    if (rc == 0 && credentials->key_id[0])
        rc = jwt_add_header(jwt, "kid", credentials->key_id);
    if (rc == 0)
        rc = jwt_set_alg(jwt, JWT_ALG_RS256, (const unsigned char *)credentials->private_key,
                         (int)strlen(credentials->private_key));
    if (rc == 0)
        text = jwt_encode_str(jwt);
    jwt_free(jwt); // wipes its copy of the key
    return text;
}

static void add_field(struct buf *form, const char *name, const char *value)
{
    buf_format(form, "%s%s=", form->len > 0 ? "&" : "", name);
    traffic_percent(form, sv_of(value));
}

static enum till_code fill_form(const struct traffic *traffic,
                                const struct credentials *credentials, struct buf *form,
                                struct till_error *e)
{
    if (credentials->is_person) {
        add_field(form, "grant_type", "refresh_token");
        add_field(form, "client_id", credentials->client_id);
        add_field(form, "client_secret", credentials->client_secret);
        add_field(form, "refresh_token", credentials->refresh_token);
        return buf_fail(form, "a request", e);
    }
    char *assertion = sign(credentials, clock_now_us(traffic->clock) / 1000000);
    if (!assertion) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "the key of %s cannot sign: it is not a private key",
                        credentials->account);
        return till_error_hint(e, "download the JSON file again, or make a new key, in Google "
                                  "Cloud: IAM, Service accounts, Keys");
    }
    add_field(form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    add_field(form, "assertion", assertion);
    memory_wipe(assertion, strlen(assertion));
    free(assertion);
    return buf_fail(form, "a request", e);
}

// ---- the answer ----

static bool has(struct sv text, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= text.len; i++) {
        if (memcmp(text.ptr + i, word, len) == 0)
            return true;
    }
    return false;
}

static enum till_code fail_clock(const struct traffic *traffic, struct till_error *e)
{
    int64_t offset = traffic->clock_offset_seconds; // Google's less ours
    (void)TILL_FAIL(e, TILL_AUTH, 400,
                    "this machine's clock is %lld s %s Google's: what is signed "
                    "by it is not accepted",
                    (long long)(offset < 0 ? -offset : offset), offset < 0 ? "ahead of" : "behind");
    return till_error_hint(e, "set this machine's clock (timedatectl set-ntp true)");
}

static enum till_code fail_person(struct sv error, struct sv description, struct till_error *e)
{
    if (sv_equal(error, SV("invalid_client"))) {
        (void)TILL_FAIL(e, TILL_AUTH, 401,
                        "Google does not know this OAuth client, or its secret "
                        "is another one now");
        return till_error_hint(e, "download the client's JSON file again and connect with --oauth "
                                  "--client-file");
    }
    (void)TILL_FAIL(e, TILL_AUTH, 400, "Google's consent is gone: " SV_FORMAT,
                    SV_ARGS(description.len > 0 ? description : error));
    return till_error_hint(e, "connect again: `till connect search-console --oauth`; while the "
                              "consent screen is in testing a consent lasts seven days, so "
                              "publish it, or use a service account");
}

static enum till_code fail_service(const struct traffic *traffic,
                                   const struct credentials *credentials, struct sv error,
                                   struct sv description, struct till_error *e)
{
    int64_t offset = traffic->clock_offset_seconds;
    bool is_off = offset > SKEW_S || offset < -SKEW_S;
    if (has(description, "short-lived") && is_off)
        return fail_clock(traffic, e);
    if (has(description, "account not found")) {
        (void)TILL_FAIL(e, TILL_AUTH, 400, "Google does not know the service account %s",
                        credentials->account);
        return till_error_hint(e,
                               "was it deleted? make one in Google Cloud: IAM, Service accounts");
    }
    if (has(description, "Signature")) {
        (void)TILL_FAIL(e, TILL_AUTH, 400, "Google does not accept this key of %s",
                        credentials->account);
        return till_error_hint(e,
                               "it was deleted or replaced: make a new one in Google Cloud (IAM, "
                               "Service accounts, Keys) and connect again");
    }
    (void)TILL_FAIL(e, TILL_AUTH, 400, "Google does not let %s in: " SV_FORMAT,
                    credentials->account, SV_ARGS(description.len > 0 ? description : error));
    return till_error_hint(e, "make a new key in Google Cloud (IAM, Service accounts, Keys) and "
                              "connect again");
}

static enum till_code judge(const struct traffic *traffic, const struct traffic_question *question,
                            const struct traffic_answer *answer,
                            const struct credentials *credentials, struct arena *arena,
                            struct till_error *e)
{
    struct sv error = traffic_words(json_get(answer->root, "error"), arena);
    struct sv description = traffic_words(json_get(answer->root, "error_description"), arena);
    if ((answer->status != 400 && answer->status != 401) || error.len == 0)
        return traffic_fail(traffic, question, answer, description, e);
    return credentials->is_person ? fail_person(error, description, e)
                                  : fail_service(traffic, credentials, error, description, e);
}

static enum till_code keep_token(struct traffic *traffic, const struct traffic_answer *answer,
                                 struct till_error *e)
{
    struct sv token = SV("");
    int64_t seconds = 0;
    if (!json_text(json_get(answer->root, "access_token"), &token) || token.len == 0)
        return TILL_FAIL(e, TILL_FORMAT, 0, "could not sign in to Google: its answer has no token");
    if (!json_integer(json_get(answer->root, "expires_in"), &seconds) || seconds > 86400)
        seconds = ASSERTION_S;
    secret_release(&traffic->bearer);
    traffic->bearer_until_us =
        clock_now_us(traffic->clock) + (seconds > MARGIN_S ? seconds - MARGIN_S : 0) * 1000000;
    return secret_set(&traffic->bearer, token, e);
}

static enum till_code exchange(struct traffic *traffic, const struct credentials *credentials,
                               struct arena *arena, struct till_error *e)
{
    struct traffic_answer answer = {0};
    struct buf form;
    buf_init(&form, TILL_LIMIT_REQUEST_BODY_BYTES);
    enum till_code code = buf_reserve(&form, TILL_LIMIT_REQUEST_BODY_BYTES / 2)
                              ? TILL_FAIL_MEMORY(e)
                              : fill_form(traffic, credentials, &form, e);
    struct traffic_question question = {.path = credentials->token_url,
                                        .what = "sign in to Google",
                                        .content_type = "application/x-www-form-urlencoded",
                                        .body = {form.data, form.len}};
    if (code == TILL_OK)
        code = traffic_ask(traffic, &question, arena, &answer, e);
    buf_wipe(&form);
    if (code)
        return code;
    if (answer.status != 200)
        return judge(traffic, &question, &answer, credentials, arena, e);
    return keep_token(traffic, &answer, e);
}

enum till_code google_sign_in(struct traffic *traffic, struct till_error *e)
{
    struct credentials credentials;
    struct arena arena;
    if (traffic->bearer_until_us > clock_now_us(traffic->clock))
        return TILL_OK;
    google_forget(traffic);
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = read_credentials(traffic, &credentials, e);
    if (code == TILL_OK)
        code = exchange(traffic, &credentials, &arena, e);
    arena_wipe(&arena); // the token was in it
    memory_wipe(&credentials, sizeof credentials);
    return code;
}
