// SPDX-License-Identifier: Apache-2.0
// client.c - the HTTP client as its callers see it: submit, take what is finished, cancel.
//
// One thread and curl's multi interface, because a sync wants its next pages on the way while it stores the last one, and threads would only add
// locks to that. http_submit() and http_next() both push waiting requests onto the wire, so the service works while the caller does. Waiting is done in
// steps of at most HTTP_POLL_MS, so that the stop flag is seen. SSL_CERT_FILE names another set of certificates, as it does for curl and OpenSSL.
#include "http/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "http/url.h"

static int64_t value_or(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

static void http_set_policy(struct http *http, const struct http_options *options)
{
    http->clock = options->clock ? options->clock : &clock_system;
    http->stop = options->stop;
    http->retry_base_ms = value_or(options->retry_base_ms, 500);
    http->stall_timeout_ms = value_or(options->stall_timeout_ms, TILL_LIMIT_STALL_TIMEOUT_MS);
    http->request_timeout_ms = value_or(options->request_timeout_ms, TILL_LIMIT_REQUEST_TIMEOUT_MS);
    http->connect_timeout_ms = value_or(options->connect_timeout_ms, TILL_LIMIT_CONNECT_TIMEOUT_MS);
    http->attempts = (int)value_or(options->attempts, TILL_LIMIT_RETRY_ATTEMPTS);
    http->in_flight = (int)value_or(options->in_flight, TILL_LIMIT_IN_FLIGHT);
    http->retry_after_ms = value_or(options->retry_after_ms, TILL_LIMIT_RETRY_AFTER_MS);
    if (http->retry_after_ms > TILL_LIMIT_RETRY_AFTER_MS)
        http->retry_after_ms = TILL_LIMIT_RETRY_AFTER_MS;
    if (http->in_flight > TILL_LIMIT_IN_FLIGHT)
        http->in_flight = TILL_LIMIT_IN_FLIGHT;
    http->last_answer_ms = -1;
    window_init(&http->window);
}

static enum till_code http_init(struct http *http, const struct http_options *options,
                                struct till_error *e)
{
    const char *ca_file = getenv("SSL_CERT_FILE");
    http_set_policy(http, options);
    enum till_code code = pace_init(&http->pace, options->requests_per_minute, e);
    if (code)
        return code;
    http->user_agent = till_strdup(options->user_agent ? options->user_agent : "till");
    http->ca_file = ca_file && ca_file[0] ? till_strdup(ca_file) : NULL;
    http->multi = fault_point("http.new") ? NULL : curl_multi_init();
    if (!http->user_agent || (ca_file && ca_file[0] && !http->ca_file) || !http->multi)
        return TILL_FAIL_MEMORY(e);
    struct transfer_options transfer = {.clock = http->clock,
                                        .user_agent = http->user_agent,
                                        .ca_file = http->ca_file,
                                        .timeout_ms = http->request_timeout_ms,
                                        .connect_timeout_ms = http->connect_timeout_ms};
    for (int i = 0; i < http->in_flight; i++) {
        code = transfer_init(&http->slots[i], &transfer, e);
        if (code)
            return code;
    }
    if (curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)http->in_flight) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)http->in_flight) !=
            CURLM_OK)
        return TILL_FAIL_MEMORY(e);
    return TILL_OK;
}

enum till_code http_new(const struct http_options *options, struct http **ret_http,
                        struct till_error *e)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return TILL_FAIL(e, TILL_NETWORK, 0, "could not start the HTTP library");
    struct http *http = till_calloc(1, sizeof *http);
    if (!http) {
        curl_global_cleanup();
        return TILL_FAIL_MEMORY(e);
    }
    enum till_code code = http_init(http, options, e);
    if (code) {
        http_free(http);
        return code;
    }
    *ret_http = http;
    return TILL_OK;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    http_cancel_all(http);
    for (int i = 0; i < http->in_flight; i++)
        transfer_release(&http->slots[i]);
    (void)curl_multi_cleanup(http->multi);
    pace_release(&http->pace);
    till_free(http->user_agent);
    till_free(http->ca_file);
    till_free(http);
    curl_global_cleanup();
}

static bool http_is_stopped(const struct http *http)
{
    return http->stop && *http->stop;
}

static enum till_code http_fail_stopped(struct till_error *e)
{
    return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
}

// A line break in a header or a token would be a second header.
static bool is_one_line(struct sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || (unsigned char)text.ptr[i] >= 0x7f)
            return false;
    return true;
}

static enum till_code http_check_request(const struct http_request *request, struct till_error *e)
{
    enum till_code code = request->is_url_secret ? http_check_secret_url(request->url, e)
                                                 : http_check_url(request->url, e);
    if (code)
        return code;
    for (int i = 0; i < HTTP_HEADERS && request->headers[i]; i++)
        if (!is_one_line(sv_of(request->headers[i])))
            return TILL_FAIL(e, TILL_USAGE, 0, "a request header holds a control character");
    if (request->bearer && !is_one_line(secret_bytes(request->bearer))) {
        TILL_FAIL(e, TILL_CONFIG, 0, "the token holds a character that cannot be sent");
        return till_error_hint(e, "enter it again, without line breaks around it");
    }
    return TILL_OK;
}

static enum till_code job_add_header(struct job *job, const char *line, struct till_error *e)
{
    struct curl_slist *longer = curl_slist_append(job->headers, line);
    if (!longer)
        return TILL_FAIL_MEMORY(e);
    job->headers = longer;
    return TILL_OK;
}

static enum till_code job_fill_post(struct job *job, const struct http_post *post,
                                    struct till_error *e)
{
    char line[128];
    if (post->body.len > TILL_LIMIT_REQUEST_BODY_BYTES)
        return TILL_FAIL(e, TILL_LIMIT, (long)post->body.len, "a request of more than %d bytes",
                         TILL_LIMIT_REQUEST_BODY_BYTES);
    int len = snprintf(line, sizeof line, "Content-Type: %s", post->content_type);
    if (len < 0 || (size_t)len >= sizeof line || !is_one_line(sv_of(line)))
        return TILL_FAIL(e, TILL_USAGE, 0, "the content type of a request is no line");
    enum till_code code = job_add_header(job, line, e);
    if (code == TILL_OK) // no "Expect: 100-continue", which costs a round trip or a second
        code = job_add_header(job, "Expect:", e);
    if (code)
        return code;
    job->is_repeatable = post->is_query;
    job->before_body = post->before_body;
    buf_init(&job->post, TILL_LIMIT_REQUEST_BODY_BYTES + 1);
    if (buf_reserve(&job->post, post->body.len + 1) == TILL_OK) // never moved, so wiped whole
        buf_sv(&job->post, post->body);
    return buf_fail(&job->post, "the body of a request", e);
}

static enum till_code job_fill(struct job *job, const struct http_request *request,
                               const struct http_post *post, struct till_error *e)
{
    size_t limit = request->body_limit_bytes;
    *job = (struct job){.begun_ms = -1,
                        .is_single_attempt = request->is_single_attempt,
                        .is_url_secret = request->is_url_secret,
                        .is_basic = request->is_basic,
                        .is_repeatable = true,
                        .bearer = request->bearer,
                        .body_limit_bytes = limit > 0 && limit < TILL_LIMIT_RESPONSE_BYTES
                                                ? limit
                                                : TILL_LIMIT_RESPONSE_BYTES,
                        .response = {.tag = request->tag, .retry_after_ms = -1}};
    job->url = till_strdup(request->url);
    if (!job->url)
        return TILL_FAIL_MEMORY(e);
    enum till_code code = TILL_OK;
    for (int i = 0; i < HTTP_HEADERS && request->headers[i] && code == TILL_OK; i++)
        code = job_add_header(job, request->headers[i], e);
    if (code == TILL_OK && post)
        code = job_fill_post(job, post, e);
    if (code)
        job_release(job);
    return code;
}

static enum till_code submit(struct http *http, const struct http_request *request,
                             const struct http_post *post, struct till_error *e)
{
    struct job *job = NULL;
    if (http_is_stopped(http))
        return http_fail_stopped(e);
    for (size_t i = 0; i < HTTP_QUEUE && !job; i++)
        if (http->jobs[i].state == JOB_FREE)
            job = &http->jobs[i];
    if (!job)
        return TILL_FAIL(e, TILL_LIMIT, 0, "more than %d requests are waiting", (int)HTTP_QUEUE);
    enum till_code code = http_check_request(request, e);
    if (!code)
        code = job_fill(job, request, post, e);
    if (code)
        return code;
    job->order = http->next_order++;
    job->state = JOB_QUEUED;
    struct till_error later = {0};
    if (exchange_pump(http, &later)) // will be reported by http_next()
        log_event(LOG_LEVEL_DEBUG, "http.pump error=%s", later.text);
    return TILL_OK;
}

enum till_code http_submit(struct http *http, const struct http_request *request,
                           struct till_error *e)
{
    return submit(http, request, NULL, e);
}

enum till_code http_submit_post(struct http *http, const struct http_request *request,
                                const struct http_post *post, struct till_error *e)
{
    return submit(http, request, post, e);
}

size_t http_pending(const struct http *http)
{
    size_t count = 0;
    for (size_t i = 0; i < HTTP_QUEUE; i++)
        count += http->jobs[i].state != JOB_FREE;
    return count;
}

static struct job *http_first_done(struct http *http)
{
    struct job *first = NULL;
    for (size_t i = 0; i < HTTP_QUEUE; i++) {
        struct job *job = &http->jobs[i];
        if (job->state == JOB_DONE && (!first || job->order < first->order))
            first = job;
    }
    return first;
}

static void http_wait(struct http *http)
{
    int64_t before_ms = clock_monotonic_ms(http->clock);
    (void)curl_multi_poll(http->multi, NULL, 0, exchange_wait_ms(http),
                          NULL); // the next step shows what went wrong
    if (http->active == 0)
        http->statistics.waited_ms += clock_monotonic_ms(http->clock) - before_ms;
}

enum till_code http_next(struct http *http, struct http_response *ret_response,
                         struct till_error *e)
{
    if (http_pending(http) == 0)
        return TILL_FAIL(e, TILL_USAGE, 0, "no request is waiting for an answer");
    for (;;) {
        if (http_is_stopped(http))
            return http_fail_stopped(e);
        enum till_code code = exchange_pump(http, e);
        if (code)
            return code;
        struct job *job = http_first_done(http);
        if (job) {
            *ret_response = job->response;
            job->response = (struct http_response){0};
            job_release(job);
            return TILL_OK;
        }
        http_wait(http);
    }
}

void http_cancel_all(struct http *http)
{
    for (size_t i = 0; i < HTTP_QUEUE; i++)
        if (http->jobs[i].state != JOB_FREE)
            exchange_abort(http, &http->jobs[i]);
}

void http_response_release(struct http_response *response)
{
    buf_release(&response->body);
    *response = (struct http_response){0};
}

enum till_code http_share_budget(struct http *http, const char *path, struct till_error *e)
{
    return pace_share(&http->pace, path, http->clock, e);
}

struct http_statistics http_statistics(const struct http *http)
{
    return http->statistics;
}
