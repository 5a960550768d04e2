// SPDX-License-Identifier: Apache-2.0
// traffic_google_token.c - Google's sign-in: consent with PKCE, and the token endpoint with its three grants.
//
// Consent is given at once, as by a user who is signed in; a test may have it denied. An assertion is verified with the service account's key,
// and its times by the service's clock, so that a wrong clock is found out as it is by Google.
#include "traffic_parts.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIFE_S = 3599,
    ASSERTION_LIFE_S = 3600,
    SKEW_S = 300,
    ASSERTION_BYTES = 8192,
    FORM_BYTES = 16384
};

static const char scope_readonly[] = "https://www.googleapis.com/auth/webmasters.readonly";
static const char scope_full[] = "https://www.googleapis.com/auth/webmasters";

static void oauth_error(struct reply *reply, unsigned status, const char *error,
                        const char *description)
{
    reply_json(reply, status, "{\n  \"error\": ");
    json_append_string(&reply->body, error);
    json_append_literal(&reply->body, ",\n  \"error_description\": ");
    json_append_string(&reply->body, description);
    json_append_literal(&reply->body, "\n}");
}

static const char *token_new(struct google *google, enum google_token_kind kind, int64_t expires_s)
{
    struct google_token *token = &google->tokens[google->token_count % TRAFFIC_TOKENS_MAX];
    const char *prefix = kind == GOOGLE_ACCESS ? "ya29." : "1//";
    *token = (struct google_token){.kind = kind, .expires_s = expires_s};
    if (!traffic_secret(token->token, prefix, 48)) {
        return NULL;
    }
    google->token_count++;
    return token->token;
}

static const struct google_token *token_find(const struct google *google,
                                             enum google_token_kind kind, const char *text)
{
    for (size_t i = 0; text != NULL && i < TRAFFIC_TOKENS_MAX; i++) {
        const struct google_token *token = &google->tokens[i];
        if (token->kind == kind && token->token[0] != '\0' && !token->is_revoked &&
            strcmp(token->token, text) == 0) {
            return token;
        }
    }
    return NULL;
}

bool google_is_known(struct traffic_call *call)
{
    const struct google_token *token = token_find(&call->traffic->google, GOOGLE_ACCESS,
                                                  auth_bearer(call->request->authorization));
    return token != NULL && traffic_now_s(call->traffic) < token->expires_s;
}

static void give_tokens(struct traffic_call *call, bool has_refresh)
{
    struct google *google = &call->traffic->google;
    const char *access = token_new(google, GOOGLE_ACCESS, traffic_now_s(call->traffic) + LIFE_S);
    const char *refresh = has_refresh ? token_new(google, GOOGLE_REFRESH, INT64_MAX) : NULL;
    if (access == NULL || (has_refresh && refresh == NULL)) {
        oauth_error(call->reply, 500, "internal_failure", "Internal error");
        return;
    }
    reply_json(call->reply, 200, "");
    sim_out_format(call->out, "{\n  \"access_token\": \"%s\",\n  \"expires_in\": %d,\n", access,
                   LIFE_S);
    if (refresh != NULL) {
        sim_out_format(call->out, "  \"refresh_token\": \"%s\",\n  \"scope\": \"%s\",\n", refresh,
                       scope_readonly);
    }
    sim_out_text(call->out, "  \"token_type\": \"Bearer\"\n}");
    reply_header(call->reply, "Cache-Control", "no-cache, no-store, max-age=0, must-revalidate");
}

// Consent.

static bool is_loopback(const char *url)
{
    return url != NULL &&
           (strncmp(url, "http://127.0.0.1:", 17) == 0 ||
            strncmp(url, "http://localhost:", 17) == 0 || strncmp(url, "http://[::1]:", 13) == 0);
}

// What is wrong with a request for consent, NULL when nothing is.
static const char *find_consent_problem(const struct traffic_call *call)
{
    const struct query *query = &call->query;
    const char *type = query_last(query, "response_type"), *id = query_last(query, "client_id");
    const char *scope = query_last(query, "scope"),
               *challenge = query_last(query, "code_challenge");
    const char *method = query_last(query, "code_challenge_method");
    if (type == NULL || strcmp(type, "code") != 0) {
        return "invalid_request: response_type";
    }
    if (id == NULL || strcmp(id, call->traffic->google.client_id) != 0) {
        return "invalid_client: The OAuth client was not found.";
    }
    if (!is_loopback(query_last(query, "redirect_uri"))) {
        return "redirect_uri_mismatch";
    }
    if (scope == NULL || (strcmp(scope, scope_readonly) != 0 && strcmp(scope, scope_full) != 0)) {
        return "invalid_scope";
    }
    if (challenge == NULL || strlen(challenge) != 43 || method == NULL ||
        strcmp(method, "S256") != 0) {
        return "invalid_request: code_challenge";
    }
    return NULL;
}

static void print_encoded(struct sim_out *out, const char *text)
{
    for (; *text != '\0'; text++) {
        bool is_plain = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
                               *text) != NULL;
        sim_out_format(out, is_plain ? "%c" : "%%%02X", (unsigned char)*text);
    }
}

void google_answer_consent(struct traffic_call *call)
{
    struct google *google = &call->traffic->google;
    const char *problem = find_consent_problem(call);
    const char *redirect = query_last(&call->query, "redirect_uri");
    const char *state = query_last(&call->query, "state");
    struct google_code *code = &google->codes[google->code_count++ % TRAFFIC_CODES_MAX];
    *code = (struct google_code){0};
    if (problem != NULL || strlen(redirect) >= sizeof code->redirect ||
        !traffic_secret(code->code, "4/0A", 44)) {
        call->reply->status = 400;
        call->reply->content_type = "text/html; charset=UTF-8";
        sim_out_format(call->out, "<html><title>Error 400: %s</title></html>",
                       problem != NULL ? problem : "invalid_request");
        return;
    }
    snprintf(code->redirect, sizeof code->redirect, "%s", redirect);
    snprintf(code->challenge, sizeof code->challenge, "%s",
             query_last(&call->query, "code_challenge"));
    struct sim_out location = {0};
    sim_out_format(&location, "%s%s", redirect, strchr(redirect, '?') != NULL ? "&" : "?");
    if (google->is_denied) {
        code->code[0] = '\0';
        sim_out_text(&location, "error=access_denied");
    } else {
        sim_out_text(&location, "code=");
        print_encoded(&location, code->code);
        sim_out_text(&location, "&scope=");
        print_encoded(&location, scope_readonly);
    }
    if (state != NULL) {
        sim_out_text(&location, "&state=");
        print_encoded(&location, state);
    }
    sim_out_append(&location, "", 1);
    call->reply->status = 302;
    reply_header(call->reply, "Location", location.failed ? "" : location.data);
    sim_out_release(&location);
}

// Grants.

static bool check_client(struct traffic_call *call, const struct query *form)
{
    const struct google *google = &call->traffic->google;
    const char *id = query_last(form, "client_id"), *secret = query_last(form, "client_secret");
    if (id == NULL || strcmp(id, google->client_id) != 0) {
        oauth_error(call->reply, 401, "invalid_client", "The OAuth client was not found.");
        return false;
    }
    if (secret == NULL || strcmp(secret, google->client_secret) != 0) {
        oauth_error(call->reply, 401, "invalid_client", "Unauthorized");
        return false;
    }
    return true;
}

static bool is_verifier(const char *verifier, const char *challenge)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[64];
    crypto_hash_sha256(hash, (const unsigned char *)verifier, strlen(verifier));
    sodium_bin2base64(text, sizeof text, hash, sizeof hash,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return strcmp(text, challenge) == 0;
}

static void grant_code(struct traffic_call *call, const struct query *form)
{
    struct google *google = &call->traffic->google;
    const char *text = query_last(form, "code"), *redirect = query_last(form, "redirect_uri");
    const char *verifier = query_last(form, "code_verifier");
    struct google_code *code = NULL;
    for (size_t i = 0; text != NULL && *text != '\0' && i < TRAFFIC_CODES_MAX; i++) {
        code = strcmp(google->codes[i].code, text) == 0 ? &google->codes[i] : code;
    }
    if (code == NULL) {
        oauth_error(call->reply, 400, "invalid_grant", "Malformed auth code.");
    } else if (redirect == NULL || strcmp(redirect, code->redirect) != 0) {
        oauth_error(call->reply, 400, "redirect_uri_mismatch", "Bad Request");
    } else if (verifier == NULL) {
        oauth_error(call->reply, 400, "invalid_grant", "Missing code verifier.");
    } else if (!is_verifier(verifier, code->challenge)) {
        oauth_error(call->reply, 400, "invalid_grant", "Invalid code verifier.");
    } else {
        code->code[0] = '\0';
        give_tokens(call, true);
    }
}

static void grant_refresh(struct traffic_call *call, const struct query *form)
{
    if (query_last(form, "scope") != NULL) {
        oauth_error(call->reply, 400, "invalid_scope",
                    "Some requested scopes were invalid. {invalid=[]}");
    } else if (token_find(&call->traffic->google, GOOGLE_REFRESH,
                          query_last(form, "refresh_token")) == NULL) {
        oauth_error(call->reply, 400, "invalid_grant", "Token has been expired or revoked.");
    } else {
        give_tokens(call, false);
    }
}

// Decodes one part of an assertion as JSON; NULL when it is none.
static yyjson_doc *read_part(const char *text, size_t length)
{
    unsigned char bytes[ASSERTION_BYTES];
    size_t count = 0;
    if (sodium_base642bin(bytes, sizeof bytes, text, length, NULL, &count, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
        return NULL;
    }
    return yyjson_read((const char *)bytes, count, 0);
}

static bool is_signed(const struct google *google, const char *assertion, const char *dot)
{
    unsigned char signature[512];
    size_t count = 0;
    return sodium_base642bin(signature, sizeof signature, dot + 1, strlen(dot + 1), NULL, &count,
                             NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           google_key_verify(google->key, assertion, (size_t)(dot - assertion), signature, count);
}

static bool is_text(yyjson_val *object, const char *name, const char *wanted)
{
    return yyjson_equals_str(yyjson_obj_get(object, name), wanted);
}

static bool is_audience(const struct traffic_call *call, yyjson_val *claims)
{
    char own[64];
    snprintf(own, sizeof own, "http://127.0.0.1:%u/token", call->traffic->google.port);
    return is_text(claims, "aud", "https://oauth2.googleapis.com/token") ||
           is_text(claims, "aud", own);
}

// `problem` stays NULL when all is well; the error of all others is invalid_grant.
static const char *find_assertion_problem(const struct traffic_call *call, yyjson_val *header,
                                          yyjson_val *claims, bool has_signature)
{
    const struct google *google = &call->traffic->google;
    int64_t now_s = traffic_now_s(call->traffic);
    int64_t issued_s = yyjson_get_sint(yyjson_obj_get(claims, "iat"));
    int64_t expires_s = yyjson_get_sint(yyjson_obj_get(claims, "exp"));
    yyjson_val *key_id = yyjson_obj_get(header, "kid");
    if (header == NULL || claims == NULL) {
        return "Bad Request";
    }
    if (!is_text(claims, "iss", google->client_email)) {
        return "Invalid grant: account not found";
    }
    if (!is_text(header, "alg", "RS256") || !has_signature ||
        (key_id != NULL && !yyjson_equals_str(key_id, google->key_id))) {
        return "Invalid JWT Signature.";
    }
    if (!is_audience(call, claims)) {
        return "Invalid JWT: Failed audience check. The right audience is "
               "https://oauth2.googleapis.com/token";
    }
    if (issued_s > now_s + SKEW_S || expires_s <= now_s ||
        expires_s - issued_s > ASSERTION_LIFE_S || issued_s < now_s - ASSERTION_LIFE_S) {
        return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
               "timeframe. Check your iat and exp values in the JWT claim.";
    }
    return NULL;
}

static void grant_assertion(struct traffic_call *call, const struct query *form)
{
    const char *assertion = query_last(form, "assertion");
    const char *first = assertion != NULL ? strchr(assertion, '.') : NULL;
    const char *second = first != NULL ? strchr(first + 1, '.') : NULL;
    if (second == NULL || strlen(assertion) >= ASSERTION_BYTES) {
        oauth_error(call->reply, 400, "invalid_grant", "Bad Request");
        return;
    }
    yyjson_doc *header = read_part(assertion, (size_t)(first - assertion));
    yyjson_doc *claims = read_part(first + 1, (size_t)(second - first - 1));
    yyjson_val *said = yyjson_doc_get_root(claims);
    const char *problem =
        find_assertion_problem(call, yyjson_doc_get_root(header), said,
                               is_signed(&call->traffic->google, assertion, second));
    if (problem != NULL) {
        oauth_error(call->reply, 400, "invalid_grant", problem);
    } else if (!is_text(said, "scope", scope_readonly) && !is_text(said, "scope", scope_full)) {
        oauth_error(call->reply, 400, "invalid_scope",
                    "Invalid OAuth scope or ID token audience provided.");
    } else {
        give_tokens(call, false);
    }
    yyjson_doc_free(header);
    yyjson_doc_free(claims);
}

void google_answer_token(struct traffic_call *call)
{
    const struct sim_out *body = &call->request->body;
    struct query form;
    char text[FORM_BYTES] = {0};
    if (body->len > 0 && body->len < sizeof text) {
        memcpy(text, body->data, body->len);
    }
    if (!query_init(&form, text)) {
        oauth_error(call->reply, 400, "invalid_request", "Bad Request");
        return;
    }
    const char *grant = query_last(&form, "grant_type");
    if (strcmp(call->request->method, "POST") != 0) {
        call->reply->status = 404;
    } else if (grant == NULL) {
        oauth_error(call->reply, 400, "invalid_request",
                    "Required parameter is missing: grant_type");
    } else if (strcmp(grant, "urn:ietf:params:oauth:grant-type:jwt-bearer") == 0) {
        grant_assertion(call, &form);
    } else if (strcmp(grant, "authorization_code") != 0 && strcmp(grant, "refresh_token") != 0) {
        oauth_error(call->reply, 400, "unsupported_grant_type", "Invalid grant_type");
    } else if (check_client(call, &form)) {
        (*grant == 'a' ? grant_code : grant_refresh)(call, &form);
    }
    query_release(&form);
}
