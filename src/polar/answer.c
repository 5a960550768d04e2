// SPDX-License-Identifier: Apache-2.0
// answer.c - what an answer of Polar means: a page, or an error with its class, its cause and what to do about it.
//
// Only a 200 with a JSON content type is a page; whether the JSON is one is decode's business. 401 means that the token is worth nothing here, 403 with
// insufficient_scope that it is good but may not read this. A 403 that is not JSON comes from something in front of Polar and says nothing about the
// token. Everything quoted from an answer is cut to TILL_LIMIT_ERROR_BODY_BYTES and freed of control characters by decode.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "decode/decode.h"
#include "polar/client.h"

enum { SCOPES = 8 };

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    size_t len = sizeof json - 1;
    return strncasecmp(content_type, json, len) == 0 &&
           (content_type[len] == '\0' || content_type[len] == ';' || content_type[len] == ' ');
}

static bool is_scope_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == ':' || c == '.';
}

static int scope_compare(const void *a, const void *b)
{
    const struct sv *one = a, *two = b;
    size_t len = one->len < two->len ? one->len : two->len;
    int order = memcmp(one->ptr, two->ptr, len);
    return order != 0 ? order : (one->len > two->len) - (one->len < two->len);
}

// The words of scope="..." in WWW-Authenticate, sorted: Polar's order is not stable, and sorted puts "read" before "write". False when there are none.
static bool answer_scopes(const char *www_authenticate, char ret_scopes[static POLAR_SCOPES_BYTES])
{
    struct sv words[SCOPES], word;
    size_t count = 0, len = 0;
    const char *begin = strcasestr(www_authenticate, "scope=\"");
    if (!begin)
        return false;
    begin += sizeof "scope=\"" - 1;
    const char *end = strchr(begin, '"');
    if (!end)
        return false;
    struct sv rest = {begin, (size_t)(end - begin)};
    while (count < SCOPES && sv_split(&rest, ' ', &word)) {
        bool is_good = word.len > 0;
        for (size_t i = 0; i < word.len; i++)
            is_good = is_good && is_scope_character(word.ptr[i]);
        if (is_good)
            words[count++] = word;
    }
    qsort(words, count, sizeof words[0], scope_compare);
    for (size_t i = 0; i < count && len + words[i].len + 2 < POLAR_SCOPES_BYTES; i++) {
        if (len > 0)
            ret_scopes[len++] = ' ';
        memcpy(ret_scopes + len, words[i].ptr, words[i].len);
        len += words[i].len;
    }
    ret_scopes[len] = '\0';
    return len > 0;
}

static void answer_fail_scope(struct request *request, const struct http_response *response)
{
    struct polar_page *page = &request->page;
    const char *scope = request->table ? request->table->scope : "";
    page->is_scope_missing = true;
    if (!answer_scopes(response->www_authenticate, page->accepted_scopes)) {
        size_t len = strnlen(scope, POLAR_SCOPES_BYTES - 1);
        memcpy(page->accepted_scopes, scope, len);
        page->accepted_scopes[len] = '\0';
    }
    if (!scope[0])
        scope = page->accepted_scopes;
    TILL_FAIL(&page->error, TILL_AUTH, 403, "the token lacks the scope \"%s\"", scope);
    till_error_hint(&page->error,
                    "add \"%s\" to the token in Polar's dashboard, Settings, Developers", scope);
}

static void answer_fail_token(struct till_error *e)
{
    TILL_FAIL(e, TILL_AUTH, 401, "the token was not accepted (401)");
    till_error_hint(
        e, "it is expired, revoked or of the other environment (sandbox or production); make a new "
           "one "
           "in Polar's dashboard, Settings, Developers, and run \"till connect polar\" again");
}

static void answer_fail_forbidden(struct till_error *e, const char *content_type, const char *text)
{
    if (is_json(content_type)) {
        TILL_FAIL(e, TILL_AUTH, 403, "not permitted (403): %s", text);
        till_error_hint(e,
                        "the organization or the token is restricted; look in Polar's dashboard");
    } else {
        TILL_FAIL(e, TILL_REMOTE, 403, "refused before it reached Polar (403): %s", text);
        till_error_hint(
            e, "a proxy or a firewall on the way blocks this machine; it is not the token");
    }
}

static const char *status_hint(int status)
{
    if (status == 404)
        return "check the address of the service (--api-url)";
    if (status == 422)
        return "Polar no longer understands this request; a newer till may";
    if (status >= 500)
        return "the trouble is on Polar's side and usually short; run the same command again later";
    return "check the address of the service (--api-url)";
}

static void answer_fail_too_many(struct till_error *e, int64_t retry_after_ms)
{
    if (retry_after_ms > 0)
        TILL_FAIL(e, TILL_REMOTE, 429,
                  "the organization's request budget is used up (429); Polar asks to wait %lld s",
                  (long long)(retry_after_ms / 1000));
    else
        TILL_FAIL(e, TILL_REMOTE, 429, "the organization's request budget is used up (429)");
    till_error_hint(e, "all programs with a token of this organization share one budget; run again "
                       "later, or with a lower --rate");
}

static void answer_fail_status(struct request *request, const struct http_response *response)
{
    struct till_error *e = &request->page.error;
    struct buf text;
    buf_init(&text, TILL_LIMIT_ERROR_BODY_BYTES + 64);
    decode_error_text((struct sv){response->body.data, response->body.len}, &text);
    const char *words = text.data && text.len > 0 ? text.data : "no explanation";
    bool is_missing_scope = strstr(response->www_authenticate, "insufficient_scope") != NULL;
    if (response->status == 401) {
        answer_fail_token(e);
    } else if (response->status == 403 && is_missing_scope) {
        answer_fail_scope(request, response);
    } else if (response->status == 403) {
        answer_fail_forbidden(e, response->content_type, words);
    } else if (response->status == 429) {
        answer_fail_too_many(e, response->retry_after_ms);
    } else {
        TILL_FAIL(e, TILL_REMOTE, response->status, "the service answered %d: %s", response->status,
                  words);
        till_error_hint(e, "%s", status_hint(response->status));
    }
    buf_release(&text);
}

void answer_judge(struct request *request, struct http_response *response)
{
    struct polar_page *page = &request->page;
    page->status = response->status;
    page->requests += response->attempts;
    page->too_many_requests += response->too_many_requests;
    if (response->code) {
        page->error = response->error;
    } else if (response->status != 200) {
        answer_fail_status(request, response);
        request->is_route_not_found =
            response->status == 404 &&
            decode_is_route_not_found((struct sv){response->body.data, response->body.len});
        page->is_gone =
            response->status == 404 &&
            decode_is_resource_not_found((struct sv){response->body.data, response->body.len});
    } else if (!is_json(response->content_type)) {
        TILL_FAIL(&page->error, TILL_FORMAT, 200, "the answer is \"%s\", not JSON",
                  response->content_type);
        till_error_hint(
            &page->error,
            "check the address of the service; a log-in page of the network may stand in between");
    } else {
        page->body = response->body;
        response->body = (struct buf){0};
    }
    if (page->error.code)
        till_error_context(&page->error, "could not %s", request->what);
    page->code = page->error.code;
}
