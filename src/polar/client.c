// SPDX-License-Identifier: Apache-2.0
// client.c - requests to Polar and their answers: addresses, the version header and its fallback, pages of tables.
//
// A request lives in one of POLAR_PENDING places, whose index is the tag that http carries. Polar drops old API versions, and then answers every path
// with 404 {"detail":"Not Found"} and no Polar-Version header, as for a route that does not exist. Such an answer is asked for once more
// without the header; if that works the header stays off for this struct polar, and polar_version_fell_back() says so.
#include "polar/client.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "decode/decode.h"

static bool copy_text(char *target, size_t bytes, const char *source)
{
    size_t len = strlen(source);
    if (len >= bytes)
        return false;
    memcpy(target, source, len + 1);
    return true;
}

static enum till_code polar_check_options(const struct polar_options *options, struct till_error *e)
{
    enum till_code code = http_check_url(options->url, e);
    if (code)
        return code;
    size_t len = strlen(options->url);
    if (len > 3 && strcmp(options->url + len - 3, "/v1") == 0) {
        TILL_FAIL(e, TILL_CONFIG, 0, "the address \"%.200s\" ends in /v1", options->url);
        return till_error_hint(e, "leave out /v1: it is added to each request");
    }
    if (strchr(options->url, '?') || strchr(options->url, '#') || len > POLAR_URL_BYTES / 4) {
        TILL_FAIL(e, TILL_CONFIG, 0, "\"%.200s\" cannot be the base of an address", options->url);
        return till_error_hint(e, "write only scheme and host, for example https://api.polar.sh");
    }
    return TILL_OK;
}

static enum till_code polar_init(struct polar *polar, const struct polar_options *options,
                                 struct till_error *e)
{
    polar->clock = options->http.clock ? options->http.clock : &clock_system;
    polar->url = till_strdup(options->url);
    if (!polar->url)
        return TILL_FAIL_MEMORY(e);
    for (size_t len = strlen(polar->url); len > 0 && polar->url[len - 1] == '/'; len--)
        polar->url[len - 1] = '\0';
    if (options->api_version &&
        !copy_text(polar->api_version, sizeof polar->api_version, options->api_version))
        return TILL_FAIL(e, TILL_CONFIG, 0, "the API version \"%.40s\" is too long",
                         options->api_version);
    enum till_code code = secret_set(&polar->token, secret_bytes(options->token), e);
    return code ? code : http_new(&options->http, &polar->http, e);
}

enum till_code polar_open(const struct polar_options *options, struct polar **ret_polar,
                          struct till_error *e)
{
    enum till_code code = polar_check_options(options, e);
    if (code)
        return code;
    struct polar *polar = till_calloc(1, sizeof *polar);
    if (!polar)
        return TILL_FAIL_MEMORY(e);
    code = polar_init(polar, options, e);
    if (code)
        polar_close(polar);
    else
        *ret_polar = polar;
    return code;
}

void polar_request_release(struct request *request)
{
    till_free(request->url);
    polar_page_release(&request->page);
    *request = (struct request){0};
}

void polar_close(struct polar *polar)
{
    if (!polar)
        return;
    http_free(polar->http);
    for (size_t i = 0; i < POLAR_PENDING; i++)
        polar_request_release(&polar->requests[i]);
    secret_release(&polar->token);
    till_free(polar->url);
    till_free(polar);
}

enum till_code polar_share_budget(struct polar *polar, const char *path, struct till_error *e)
{
    return http_share_budget(polar->http, path, e);
}

struct http_statistics polar_statistics(const struct polar *polar)
{
    return http_statistics(polar->http);
}

int64_t polar_clock_offset_seconds(const struct polar *polar)
{
    return polar->clock_offset_seconds;
}

bool polar_version_fell_back(const struct polar *polar,
                             char ret_version[static POLAR_VERSION_BYTES])
{
    if (polar->version != VERSION_DROPPED)
        return false;
    memcpy(ret_version, polar->seen_version, POLAR_VERSION_BYTES);
    return true;
}

// Puts the request on its way, with the version header or, after a fallback, without.
static enum till_code polar_send(struct polar *polar, struct request *request, struct till_error *e)
{
    char version[sizeof "Polar-Version: " + POLAR_VERSION_BYTES];
    struct http_request message = {.url = request->url,
                                   .bearer = &polar->token,
                                   .headers = {"Accept: application/json"},
                                   .tag = (uint64_t)(request - polar->requests),
                                   .is_single_attempt = request->is_single_attempt};
    request->has_version = polar->version == VERSION_PINNED && polar->api_version[0];
    if (request->has_version) {
        snprintf(version, sizeof version, "Polar-Version: %s", polar->api_version);
        message.headers[1] = version;
    }
    enum till_code code = http_submit(polar->http, &message, e);
    if (!code)
        request->state = REQUEST_SENT;
    return code;
}

enum till_code polar_submit(struct polar *polar, const struct request_options *options,
                            struct request **ret_request, struct till_error *e)
{
    struct request *request = NULL;
    for (size_t i = 0; i < POLAR_PENDING && !request; i++)
        if (polar->requests[i].state == REQUEST_FREE)
            request = &polar->requests[i];
    if (!request)
        return TILL_FAIL(e, TILL_LIMIT, 0, "more than %d requests are waiting", (int)POLAR_PENDING);
    char url[POLAR_URL_BYTES];
    int len = snprintf(url, sizeof url, "%s%s%s%s", polar->url, options->path,
                       options->query[0] ? "?" : "", options->query);
    if (len < 0 || (size_t)len >= sizeof url)
        return TILL_FAIL(e, TILL_LIMIT, 0, "an address of more than %d bytes",
                         (int)POLAR_URL_BYTES);
    *request = (struct request){.is_internal = options->is_internal,
                                .is_single_attempt = options->is_single_attempt,
                                .table = options->table,
                                .retry_after_ms = -1,
                                .page = {.tag = options->tag}};
    snprintf(request->what, sizeof request->what, "%s", options->what);
    request->url = till_strdup(url);
    enum till_code code = request->url ? polar_send(polar, request, e) : TILL_FAIL_MEMORY(e);
    if (code)
        polar_request_release(request);
    else if (ret_request)
        *ret_request = request;
    return code;
}

// Sends the request again, without a version, when its answer says "no such version"; keeps book of what was learned. False: it is done.
static bool polar_retry_without_version(struct polar *polar, struct request *request,
                                        const struct http_response *response)
{
    bool is_unknown = request->is_route_not_found && !response->polar_version[0];
    struct till_error e = {0};
    if (!request->has_version && polar->version == VERSION_DOUBTED && !response->code)
        polar->version = is_unknown
                             ? VERSION_PINNED
                             : VERSION_DROPPED; // was it the version, or is there no such route?
    if (!request->has_version || !is_unknown)
        return false;
    if (polar->version == VERSION_PINNED) {
        polar->version = VERSION_DOUBTED;
        log_event(LOG_LEVEL_INFO, "polar.version_unknown asked=%s", polar->api_version);
    }
    struct polar_page *page = &request->page;
    *page = (struct polar_page){
        .tag = page->tag, .requests = page->requests, .too_many_requests = page->too_many_requests};
    request->is_route_not_found = false;
    if (polar_send(polar, request, &e) == TILL_OK)
        return true;
    page->error = e;
    page->code = e.code;
    return false;
}

// Takes one answer from http. The request it belongs to is then done, or on its way again.
static enum till_code polar_receive(struct polar *polar, struct till_error *e)
{
    struct http_response response;
    enum till_code code = http_next(polar->http, &response, e);
    if (code)
        return code;
    struct request *request = &polar->requests[response.tag];
    if (response.date_unix_seconds > 0)
        polar->clock_offset_seconds =
            response.date_unix_seconds - clock_now_us(polar->clock) / 1000000;
    if (response.polar_version[0])
        memcpy(polar->seen_version, response.polar_version, sizeof polar->seen_version);
    answer_judge(request, &response);
    if (!polar_retry_without_version(polar, request, &response)) {
        request->state = REQUEST_DONE;
        request->order = polar->next_order++;
    }
    http_response_release(&response);
    return TILL_OK;
}

enum till_code polar_await(struct polar *polar, struct request *request, struct till_error *e)
{
    while (request->state != REQUEST_DONE) {
        enum till_code code = polar_receive(polar, e);
        if (code)
            return code;
    }
    return TILL_OK;
}

// ---- pages ----

static enum till_code list_query(const struct polar_list *list, struct buf *query,
                                 struct till_error *e)
{
    struct sv sorting = sv_of(list->sorting ? list->sorting : list->table->walk_sorting), key;
    buf_format(query, "page=%lld&limit=%d", (long long)list->page, list->limit);
    while (sv_split(&sorting, ' ', &key)) {
        if (key.len == 0)
            continue;
        buf_text(query, "&sorting=");
        buf_sv(query, key);
    }
    if (list->table->query[0]) {
        buf_char(query, '&');
        buf_text(query, list->table->query);
    }
    if (list->filter && list->filter[0]) {
        buf_char(query, '&');
        buf_text(query, list->filter);
    }
    return buf_fail(query, "the query of a request", e);
}

enum till_code polar_list_submit(struct polar *polar, const struct polar_list *list,
                                 struct till_error *e)
{
    char what[96];
    if (list->page < 1 || list->limit < 1 || list->limit > POLAR_PAGE_ROWS)
        return TILL_FAIL(e, TILL_USAGE, 0, "page %lld of %d rows cannot be asked for",
                         (long long)list->page, list->limit);
    AUTO_BUF query;
    buf_init(&query, POLAR_URL_BYTES);
    enum till_code code = list_query(list, &query, e);
    if (code)
        return code;
    snprintf(what, sizeof what, "list %.40s (page %lld)", list->table->name, (long long)list->page);
    struct request_options options = {.path = list->table->path,
                                      .query = query.data,
                                      .what = what,
                                      .table = list->table,
                                      .tag = list->tag};
    return polar_submit(polar, &options, NULL, e);
}

static struct request *polar_first_done(struct polar *polar)
{
    struct request *first = NULL;
    for (size_t i = 0; i < POLAR_PENDING; i++) {
        struct request *request = &polar->requests[i];
        if (request->state == REQUEST_DONE && !request->is_internal &&
            (!first || request->order < first->order))
            first = request;
    }
    return first;
}

enum till_code polar_list_next(struct polar *polar, struct polar_page *ret_page,
                               struct till_error *e)
{
    struct request *request = polar_first_done(polar);
    while (!request) {
        enum till_code code = polar_receive(polar, e);
        if (code)
            return code;
        request = polar_first_done(polar);
    }
    *ret_page = request->page;
    request->page = (struct polar_page){0};
    polar_request_release(request);
    return TILL_OK;
}

size_t polar_pending(const struct polar *polar)
{
    size_t count = 0;
    for (size_t i = 0; i < POLAR_PENDING; i++)
        count += polar->requests[i].state != REQUEST_FREE;
    return count;
}

void polar_cancel_all(struct polar *polar)
{
    http_cancel_all(polar->http);
    for (size_t i = 0; i < POLAR_PENDING; i++)
        polar_request_release(&polar->requests[i]);
}

void polar_page_release(struct polar_page *page)
{
    buf_release(&page->body);
    *page = (struct polar_page){0};
}
