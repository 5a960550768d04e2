// SPDX-License-Identifier: Apache-2.0
// traffic.c - the client that all services share: one request at a time, its answer as a tree, and the words for what any service may answer.
//
// One at a time because these services count concurrent queries against a small limit, and a sync needs four. A wait that a service asks for is kept to when
// it is short; a long one ends the run, and the schedule comes back: nobody's terminal should stand still for half an hour over visitors.
#include "traffic/traffic.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "traffic/source.h"

enum { RETRY_AFTER_MS = 45000, ATTEMPTS = 4 };

static const struct traffic_source *const sources[] = {
    [TRAFFIC_POSTHOG] = &traffic_posthog,
    [TRAFFIC_SEARCH_CONSOLE] = &traffic_search_console,
    [TRAFFIC_PLAUSIBLE] = &traffic_plausible,
    [TRAFFIC_UMAMI] = &traffic_umami,
};
_Static_assert(TILL_COUNT(sources) == TRAFFIC__COUNT, "a source for each service");

const struct traffic_terms *traffic_terms(enum traffic_service service)
{
    return &sources[service]->terms;
}

static enum till_code copy(char *place, size_t bytes, const char *text, const char *what,
                           struct till_error *e)
{
    size_t len = strlen(text);
    if (len >= bytes)
        return TILL_FAIL(e, TILL_CONFIG, (long)len, "%s is longer than %zu bytes", what, bytes - 1);
    memcpy(place, text, len + 1);
    return TILL_OK;
}

static enum till_code copy_address(struct traffic *traffic, const char *url, struct till_error *e)
{
    enum till_code code = http_check_url(url, e);
    if (code == TILL_OK)
        code = copy(traffic->url, sizeof traffic->url, url, "the address", e);
    if (code)
        return code;
    if (strpbrk(url, "?#")) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "\"%.200s\" cannot be the base of an address", url);
        return till_error_hint(e, "write only scheme and host, such as %s",
                               traffic->source->terms.default_url);
    }
    for (size_t len = strlen(traffic->url); len > 0 && traffic->url[len - 1] == '/'; len--)
        traffic->url[len - 1] = '\0';
    return TILL_OK;
}

static enum till_code fill(struct traffic *traffic, const struct traffic_options *options,
                           struct till_error *e)
{
    struct http_options http = options->http;
    const char *url =
        options->url && options->url[0] ? options->url : traffic->source->terms.default_url;
    const char *zone = options->timezone ? options->timezone : "";
    const char *other = options->other_url ? options->other_url : "";
    traffic->clock = http.clock ? http.clock : &clock_system;
    traffic->stop = http.stop;
    enum till_code code = copy_address(traffic, url, e);
    if (code == TILL_OK)
        code =
            copy(traffic->property, sizeof traffic->property, options->property, "the property", e);
    if (code == TILL_OK)
        code = copy(traffic->timezone, sizeof traffic->timezone, zone, "the time zone", e);
    if (code == TILL_OK && other[0])
        code = http_check_url(other, e);
    if (code == TILL_OK)
        code = copy(traffic->other_url, sizeof traffic->other_url, other, "the address", e);
    if (code == TILL_OK && other[0])
        code =
            copy(traffic->other_word, sizeof traffic->other_word, options->other_word, "a name", e);
    if (code == TILL_OK)
        code = secret_set(&traffic->secret, secret_bytes(options->secret), e);
    traffic->requests_per_minute = traffic->source->terms.requests_per_minute;
    if (code == TILL_OK && traffic->source->open)
        code = traffic->source->open(traffic, e);
    http.in_flight = 1;
    http.attempts = http.attempts > 0 ? http.attempts : ATTEMPTS;
    http.retry_after_ms = RETRY_AFTER_MS;
    http.requests_per_minute = traffic->requests_per_minute;
    return code ? code : http_new(&http, &traffic->http, e);
}

enum till_code traffic_open(const struct traffic_options *options, struct traffic **ret_traffic,
                            struct till_error *e)
{
    struct traffic *traffic = till_calloc(1, sizeof *traffic);
    if (!traffic)
        return TILL_FAIL_MEMORY(e);
    traffic->service = options->service;
    traffic->source = sources[options->service];
    enum till_code code = fill(traffic, options, e);
    if (code)
        traffic_close(traffic);
    else
        *ret_traffic = traffic;
    return code;
}

void traffic_close(struct traffic *traffic)
{
    if (!traffic)
        return;
    http_free(traffic->http);
    secret_release(&traffic->secret);
    secret_release(&traffic->bearer);
    till_free(traffic);
}

void traffic_set_timezone(struct traffic *traffic, const char *timezone)
{
    (void)snprintf(traffic->timezone, sizeof traffic->timezone, "%s", timezone);
}

int64_t traffic_requests(const struct traffic *traffic)
{
    return traffic->requests;
}

int64_t traffic_clock_offset_seconds(const struct traffic *traffic)
{
    return traffic->clock_offset_seconds;
}

enum till_code traffic_validate(struct traffic *traffic, struct traffic_identity *ret_identity,
                                struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    memset(ret_identity, 0, sizeof *ret_identity);
    enum till_code code = traffic->source->validate(traffic, &arena, ret_identity, e);
    arena_wipe(&arena);
    return code;
}

enum till_code traffic_properties(struct traffic *traffic, struct arena *arena,
                                  struct traffic_properties *ret_properties, struct till_error *e)
{
    *ret_properties = (struct traffic_properties){.list = NULL};
    if (!traffic->source->properties)
        return TILL_OK;
    return traffic->source->properties(traffic, arena, ret_properties, e);
}

enum till_code traffic_fetch(struct traffic *traffic, const struct traffic_window *window,
                             struct arena *arena, struct traffic_batch *ret_batch,
                             struct till_error *e)
{
    memset(ret_batch, 0, sizeof *ret_batch);
    return traffic->source->fetch(traffic, window, arena, ret_batch, e);
}

// ---- asking ----

static enum till_code submit(struct traffic *traffic, const struct traffic_question *question,
                             const char *url, struct till_error *e)
{
    struct http_request request = {.url = url,
                                   .bearer = question->bearer,
                                   .headers = {"Accept: application/json"},
                                   .is_single_attempt = question->is_single_attempt};
    for (size_t i = 0; i < TILL_COUNT(question->headers) && question->headers[i]; i++)
        request.headers[i + 1] = question->headers[i];
    if (!question->content_type)
        return http_submit(traffic->http, &request, e);
    struct http_post post = {.content_type = question->content_type,
                             .body = question->body,
                             .is_query = !question->is_grant};
    return http_submit_post(traffic->http, &request, &post, e);
}

// The body's beginning, as one line of readable text.
static struct sv one_line(struct sv body, struct arena *arena)
{
    size_t len = body.len < TILL_LIMIT_ERROR_BODY_BYTES
                     ? body.len
                     : sv_utf8_cut(body, TILL_LIMIT_ERROR_BODY_BYTES);
    char *text = arena_copy(arena, body.len > 0 ? body.ptr : "", len);
    for (size_t i = 0; text && i < len; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = ' ';
    }
    if (!text || !sv_is_utf8((struct sv){text, len}))
        return SV("");
    return sv_trim((struct sv){text, len});
}

static enum till_code take(const struct http_response *response, struct arena *arena,
                           struct traffic_answer *ret_answer, struct till_error *e)
{
    struct till_error parse_error = {0};
    struct sv body = {response->body.data ? response->body.data : "", response->body.len};
    bool is_good = response->status >= 200 && response->status < 300;
    *ret_answer = (struct traffic_answer){.status = response->status,
                                          .retry_after_ms = response->retry_after_ms,
                                          .text = one_line(body, arena)};
    enum till_code code = json_parse(body, arena, &ret_answer->root, &parse_error);
    if (code == TILL_OK || (!is_good && code == TILL_FORMAT))
        return TILL_OK;
    *e = parse_error;
    return code;
}

// One exchange, its retries included.
static enum till_code ask_once(struct traffic *traffic, const struct traffic_question *question,
                               const char *url, struct arena *arena,
                               struct traffic_answer *ret_answer, struct till_error *e)
{
    struct http_response response = {0};
    enum till_code code = submit(traffic, question, url, e);
    if (code == TILL_OK)
        code = http_next(traffic->http, &response, e);
    if (code)
        return code;
    traffic->requests += response.attempts;
    if (response.date_unix_seconds > 0)
        traffic->clock_offset_seconds =
            response.date_unix_seconds - clock_now_us(traffic->clock) / 1000000;
    if (response.code) {
        *e = response.error;
        code = response.code;
    } else {
        code = take(&response, arena, ret_answer, e);
    }
    http_response_release(&response);
    return code;
}

enum till_code traffic_ask(struct traffic *traffic, const struct traffic_question *question,
                           struct arena *arena, struct traffic_answer *ret_answer,
                           struct till_error *e)
{
    char url[2 * TRAFFIC_URL_BYTES + TRAFFIC_TEXT_BYTES];
    bool is_whole = strncmp(question->path, "http", 4) == 0;
    int len = snprintf(url, sizeof url, "%s%s", is_whole ? "" : traffic->url, question->path);
    if (len < 0 || (size_t)len >= sizeof url)
        return TILL_FAIL(e, TILL_LIMIT, 0, "could not %s: its address is too long", question->what);
    enum till_code code = ask_once(traffic, question, url, arena, ret_answer, e);
    if (code == TILL_FORMAT && !question->is_grant) { // something on the way, perhaps: once more
        till_error_clear(e);
        code = ask_once(traffic, question, url, arena, ret_answer, e);
    }
    return code ? till_error_context(e, "could not %s", question->what) : TILL_OK;
}

void traffic_percent(struct buf *out, struct sv text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '\0' && strchr(plain, text.ptr[i]))
            buf_char(out, text.ptr[i]);
        else
            buf_format(out, "%%%02X", (unsigned char)text.ptr[i]);
    }
}

struct sv traffic_words(const struct json *text, struct arena *arena)
{
    struct sv words = SV("");
    return json_text(text, &words) ? one_line(words, arena) : SV("");
}

static enum till_code fail_throttled(const struct traffic *traffic,
                                     const struct traffic_question *question, int64_t wait_ms,
                                     struct till_error *e)
{
    const char *title = traffic_service_title(traffic->service);
    (void)TILL_FAIL(e, TILL_REMOTE, 429, "could not %s: %s says there were too many requests",
                    question->what, title);
    if (wait_ms < 1000)
        return till_error_hint(e, "wait a minute; the next run goes on where this one stopped");
    return till_error_hint(e,
                           "it asks to wait %lld s; the next run goes on where this one stopped, "
                           "and others who use the same key count too",
                           (long long)((wait_ms + 999) / 1000));
}

enum till_code traffic_fail(const struct traffic *traffic, const struct traffic_question *question,
                            const struct traffic_answer *answer, struct sv detail,
                            struct till_error *e)
{
    const char *title = traffic_service_title(traffic->service);
    if (answer->status == 429)
        return fail_throttled(traffic, question, answer->retry_after_ms, e);
    if (detail.len == 0 && answer->text.len > 0 && answer->text.ptr[0] != '<')
        detail = answer->text;
    (void)TILL_FAIL(e, TILL_REMOTE, answer->status, "could not %s: %s answered %d%s" SV_FORMAT,
                    question->what, title, answer->status, detail.len > 0 ? ": " : "",
                    SV_ARGS(detail));
    if (answer->status >= 500)
        return till_error_hint(e, "try again later; what is here already stays");
    return till_error_hint(e, "check the address (%.200s) and what the service says", traffic->url);
}
