// SPDX-License-Identifier: Apache-2.0
// exchange.c - what happens to a request: when it may begin, what its end means, whether and when it is tried again.
//
// A request is QUEUED until its time, its turn, the budget and a free slot agree; ACTIVE while on the wire; then QUEUED again (retry or redirect) or DONE. A
// client talks to one service, so "429" and "503, come back later" are news for all of its requests: nobody begins before the time that
// the service named, and then one goes alone to see whether the door is open.
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "http/client.h"
#include "http/failure.h"
#include "http/retry.h"
#include "http/url.h"

static void response_clear(struct http_response *response)
{
    struct http_response old = *response;
    buf_release(&response->body);
    *response = (struct http_response){.tag = old.tag,
                                       .attempts = old.attempts,
                                       .too_many_requests = old.too_many_requests,
                                       .retry_after_ms = -1};
}

void job_release(struct job *job)
{
    if (job->url && job->is_url_secret)
        memory_wipe(job->url, strlen(job->url));
    till_free(job->url);
    curl_slist_free_all(job->headers);
    buf_release(&job->response.body);
    buf_wipe(&job->post);
    *job = (struct job){0};
}

void job_done(struct http *http, struct job *job, enum till_code code)
{
    job->response.code = code;
    job->state = JOB_DONE;
    job->order = http->next_order++;
}

static void exchange_detach(struct http *http, struct job *job, int64_t now_ms)
{
    (void)curl_multi_remove_handle(http->multi, job->transfer->easy);
    transfer_end(job->transfer);
    job->transfer = NULL;
    http->active--;
    pace_end(&http->pace, job->place, now_ms);
}

void exchange_abort(struct http *http, struct job *job)
{
    if (job->state == JOB_ACTIVE)
        exchange_detach(http, job, clock_monotonic_ms(http->clock));
    job_release(job);
}

// Queues another attempt; false when there is none left. asked_ms: what Retry-After asked for, -1 for nothing.
static bool exchange_retry(struct http *http, struct job *job, int worth_attempts, int64_t asked_ms,
                           int64_t now_ms)
{
    int attempts = worth_attempts < http->attempts ? worth_attempts : http->attempts;
    job->failures++;
    bool may_repeat = job->is_repeatable || job->response.status == 429; // not even looked at
    if (job->is_single_attempt || !may_repeat || job->failures >= attempts ||
        asked_ms > http->retry_after_ms)
        return false;
    int64_t delay_ms = retry_jitter_ms(retry_backoff_ms(http->retry_base_ms, job->failures));
    int64_t own_ms = now_ms - job->begun_ms - job->asked_wait_ms;
    if (own_ms + delay_ms > TILL_LIMIT_RETRY_TOTAL_MS)
        return false;
    if (asked_ms > 0) {
        job->asked_wait_ms += asked_ms;
        delay_ms += asked_ms + 1; // the clock is cut to whole ms: never a moment too early
    }
    job->not_before_ms = now_ms + delay_ms;
    job->state = JOB_QUEUED;
    http->statistics.retries++;
    log_event(LOG_LEVEL_INFO, "http.retry failures=%d delay_ms=%lld status=%d", job->failures,
              (long long)delay_ms, job->response.status);
    return true;
}

static void exchange_failed(struct http *http, struct job *job, CURLcode result, int64_t now_ms)
{
    struct failure_context context = {.url = job->url,
                                      .stall_timeout_ms = http->stall_timeout_ms,
                                      .request_timeout_ms = http->request_timeout_ms};
    struct till_error *e = &job->response.error;
    int worth = failure_describe(result, job->transfer, &context, e);
    window_passed(&http->window, job->transfer->begun_ms, now_ms, job->is_cold); // it may have been
    exchange_detach(http, job, now_ms);
    if (exchange_retry(http, job, worth, -1, now_ms))
        return;
    if (job->failures > 1)
        till_error_context(e, "failed %d times", job->failures);
    job_done(http, job, e->code);
}

// Once, and to the same scheme, host and port. Anything else is an error that names both places.
static void exchange_redirect(struct http *http, struct job *job, const char *target)
{
    char from[HTTP_HOST_BYTES], to[HTTP_HOST_BYTES];
    struct till_error *e = &job->response.error;
    http_url_host(job->url, from);
    http_url_host(target, to);
    bool is_kept = !job->post.data || job->response.status == 307 || job->response.status == 308;
    if (job->is_redirected) {
        TILL_FAIL(e, TILL_REMOTE, job->response.status, "%s redirected to %s for the second time",
                  from, to);
        till_error_hint(e, "check the address of the service");
    } else if (!is_kept || !url_is_same_origin(job->url, target) ||
               strlen(target) >= HTTP_URL_BYTES) {
        TILL_FAIL(e, TILL_REMOTE, job->response.status,
                  "%s redirected to another place, %.*s://%s, which was not followed", from,
                  (int)strcspn(target, ":") % 16, target, to);
        till_error_hint(
            e, "the token is sent to %s alone; if the service has moved, set its new address",
            from);
    } else {
        char *url = till_strdup(target);
        if (url) {
            till_free(job->url);
            job->url = url;
            job->is_redirected = true;
            job->not_before_ms = 0;
            job->state = JOB_QUEUED;
            return;
        }
        TILL_FAIL_MEMORY(e);
    }
    job_done(http, job, e->code);
}

// The body and what is kept of the header lines move into the response.
static void exchange_take(struct http *http, struct job *job)
{
    struct transfer *transfer = job->transfer;
    struct http_response *response = &job->response;
    struct transfer_head *head = &transfer->head;
    int64_t now_us = clock_now_us(http->clock), date = 0;
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    response->status = (int)status;
    memcpy(response->content_type, head->content_type, sizeof response->content_type);
    memcpy(response->www_authenticate, head->www_authenticate, sizeof response->www_authenticate);
    memcpy(response->polar_version, head->polar_version, sizeof response->polar_version);
    if (timestamp_parse_http(sv_of(head->date), &date))
        response->date_unix_seconds = date;
    response->retry_after_ms = retry_after_ms(sv_of(head->retry_after), date, now_us / 1000000);
    response->body = transfer->body;
    transfer->body = (struct buf){0};
    http->statistics.body_bytes += (int64_t)response->body.len;
}

static bool status_is_redirect(int status)
{
    return status == 301 || status == 302 || status == 307 || status == 308;
}

// Keeps book of who was let in. Returns the wait that the service asks for, -1 for none.
static int64_t exchange_admit(struct http *http, struct job *job, int64_t now_ms)
{
    struct http_response *response = &job->response;
    int64_t begun_ms = job->transfer->begun_ms, asked_ms = response->retry_after_ms;
    if (begun_ms >= http->hold_until_ms)
        http->is_held = false;
    if (response->status != 429) {
        http->last_answer_ms = now_ms;
        window_passed(&http->window, begun_ms, now_ms, job->is_cold);
        return asked_ms;
    }
    response->too_many_requests++;
    http->statistics.too_many_requests++;
    int64_t rest_ms = window_refused(&http->window, begun_ms, now_ms, asked_ms);
    // With a budget of ours it is others who have spent the service's: then the cautious reading.
    return http->pace.budget > 0 ? asked_ms : rest_ms;
}

static void exchange_answered(struct http *http, struct job *job, int64_t now_ms)
{
    struct http_response *response = &job->response;
    char *target = NULL;
    exchange_take(http, job);
    int64_t wait_ms = exchange_admit(http, job, now_ms);
    if (buf_reserve(&response->body, TRANSFER_BODY_PADDING)) {
        exchange_detach(http, job, now_ms);
        job_done(http, job, TILL_FAIL_MEMORY(&response->error));
        return;
    }
    if (status_is_redirect(response->status) && !job->before_body.call &&
        curl_easy_getinfo(job->transfer->easy, CURLINFO_REDIRECT_URL, &target) == CURLE_OK &&
        target) {
        exchange_redirect(http, job, target); // before the handle, which owns target, is used again
        exchange_detach(http, job, now_ms);
        return;
    }
    exchange_detach(http, job, now_ms);
    if (!retry_is_status(response->status) ||
        !exchange_retry(http, job, http->attempts, wait_ms, now_ms)) {
        job_done(http, job, TILL_OK);
        return;
    }
    if (response->status == 429 || response->retry_after_ms > 0) {
        if (job->not_before_ms > http->hold_until_ms)
            http->hold_until_ms = job->not_before_ms;
        http->is_held = true;
    }
}

// What is known of a post with a hook, whatever becomes of its answer.
static void exchange_note_hook(struct job *job)
{
    long status = 0;
    job->response.is_handed_over = job->transfer->is_handed_over;
    if (job->transfer->is_handed_over && job->transfer->head.is_whole &&
        curl_easy_getinfo(job->transfer->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
        status >= 200)
        job->response.status = (int)status;
}

static void exchange_end(struct http *http, struct job *job, CURLcode result)
{
    int64_t now_ms = clock_monotonic_ms(http->clock);
    char host[HTTP_HOST_BYTES];
    http_url_host(job->url, host);
    log_event(LOG_LEVEL_DEBUG, "http.exchange url=%s result=%d ms=%lld bytes=%zu",
              job->is_url_secret ? host : job->url, (int)result,
              (long long)(now_ms - job->transfer->begun_ms), job->transfer->body.len);
    exchange_note_hook(job);
    if (result == CURLE_OK &&
        !job->transfer->head
             .is_whole) // libcurl takes an end inside the header lines for a good end
        result = CURLE_PARTIAL_FILE;
    job->transfer->is_spent =
        result == CURLE_COULDNT_RESOLVE_HOST || result == CURLE_COULDNT_RESOLVE_PROXY;
    if (result == CURLE_OK && job->transfer->stop == TRANSFER_RUNS)
        exchange_answered(http, job, now_ms);
    else
        exchange_failed(http, job, result, now_ms);
}

static struct transfer *exchange_slot(struct http *http)
{
    for (int i = 0; i < http->in_flight; i++)
        if (!http->slots[i].is_busy)
            return &http->slots[i];
    return NULL;
}

static bool exchange_is_cold(const struct http *http, int64_t now_ms)
{
    return http->last_answer_ms < 0 || now_ms - http->last_answer_ms > HTTP_COLD_AFTER_MS;
}

// False: it could not begin, and is done.
static bool exchange_begin(struct http *http, struct job *job, int64_t now_ms)
{
    struct transfer *transfer = exchange_slot(http);
    struct till_error *e = &job->response.error;
    struct transfer_request request = {.url = job->url,
                                       .bearer = job->bearer,
                                       .is_basic = job->is_basic,
                                       .headers = job->headers,
                                       .post = {job->post.data, job->post.len},
                                       .before_body = job->before_body,
                                       .body_limit_bytes = job->body_limit_bytes};
    response_clear(&job->response);
    enum till_code code = transfer_begin(transfer, &request, job, e);
    if (code) {
        job_done(http, job, code);
        return false;
    }
    if (fault_point("http.begin") ||
        curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK) {
        transfer_end(transfer);
        job_done(http, job, TILL_FAIL_MEMORY(e));
        return false;
    }
    if (job->begun_ms < 0)
        job->begun_ms = now_ms;
    job->transfer = transfer;
    job->state = JOB_ACTIVE;
    job->response.attempts++;
    http->active++;
    http->statistics.requests++;
    job->is_cold = exchange_is_cold(http, now_ms);
    return true;
}

// One goes alone until it has an answer: a token that the service has not seen lately counts in a small bucket of its own; where we were refused we
// look first; and where we expect to be, one refusal is enough.
static bool exchange_has_turn(const struct http *http, int64_t now_ms)
{
    bool is_alone = exchange_is_cold(http, now_ms) || http->is_held ||
                    window_is_near_end(&http->window, http->active, now_ms);
    return http->active < (is_alone ? 1 : http->in_flight) && now_ms >= http->hold_until_ms;
}

// The longest waiting of those whose time has come.
static struct job *exchange_next(struct http *http, int64_t now_ms)
{
    struct job *next = NULL;
    for (size_t i = 0; i < HTTP_QUEUE; i++) {
        struct job *job = &http->jobs[i];
        if (job->state == JOB_QUEUED && job->not_before_ms <= now_ms &&
            (!next || job->order < next->order))
            next = job;
    }
    return next;
}

static void exchange_begin_ready(struct http *http)
{
    int64_t now_ms = clock_monotonic_ms(http->clock);
    while (exchange_has_turn(http, now_ms)) {
        struct job *job = exchange_next(http, now_ms);
        struct pace_place place;
        if (!job || pace_take(&http->pace, now_ms, &place) != 0)
            return;
        job->place = place;
        if (!exchange_begin(http, job, now_ms))
            pace_end(&http->pace, place, now_ms);
    }
}

static void exchange_end_stalled(struct http *http)
{
    int64_t now_ms = clock_monotonic_ms(http->clock);
    for (size_t i = 0; i < HTTP_QUEUE; i++) {
        struct job *job = &http->jobs[i];
        if (job->state != JOB_ACTIVE ||
            now_ms - job->transfer->last_byte_ms <= http->stall_timeout_ms)
            continue;
        job->transfer->stop = TRANSFER_STALLED;
        exchange_end(http, job, CURLE_OPERATION_TIMEDOUT);
    }
}

static bool exchange_collect(struct http *http)
{
    CURLMsg *message = NULL;
    int left = 0;
    bool is_any = false;
    while ((message = curl_multi_info_read(http->multi, &left))) {
        char *owner = NULL;
        CURLcode result = message->data.result; // message dies with the handle's removal
        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner) != CURLE_OK || !owner)
            continue;
        exchange_end(http, (struct job *)(void *)owner, result);
        is_any = true;
    }
    return is_any;
}

enum till_code exchange_pump(struct http *http, struct till_error *e)
{
    int running = 0;
    do {
        exchange_begin_ready(http);
        CURLMcode rc = fault_point("http.multi") ? CURLM_OUT_OF_MEMORY
                                                 : curl_multi_perform(http->multi, &running);
        if (rc == CURLM_OUT_OF_MEMORY)
            return TILL_FAIL_MEMORY(e);
        if (rc != CURLM_OK)
            return TILL_FAIL(e, TILL_NETWORK, rc, "the HTTP client failed: %s",
                             curl_multi_strerror(rc));
    } while (exchange_collect(http)); // an end makes room for a beginning
    exchange_end_stalled(http);
    return TILL_OK;
}

int exchange_wait_ms(struct http *http)
{
    int64_t now_ms = clock_monotonic_ms(http->clock), due_ms = now_ms + HTTP_POLL_MS;
    int64_t soonest_ms = due_ms;
    for (size_t i = 0; i < HTTP_QUEUE; i++) {
        const struct job *job = &http->jobs[i];
        int64_t at_ms = job->state == JOB_QUEUED ? job->not_before_ms : due_ms;
        if (job->state == JOB_ACTIVE)
            at_ms = job->transfer->last_byte_ms + http->stall_timeout_ms + 1;
        soonest_ms = at_ms < soonest_ms ? at_ms : soonest_ms;
    }
    if (soonest_ms < http->hold_until_ms && http->active == 0)
        soonest_ms = http->hold_until_ms;
    int64_t wait_ms = soonest_ms - now_ms, pace_ms = pace_idle_ms(&http->pace, now_ms);
    if (wait_ms <= 0) // due, but not its turn: the budget, or a slot, which a poll notices
        wait_ms = http->active > 0 && pace_ms == 0 ? HTTP_POLL_MS : pace_ms;
    if (wait_ms > HTTP_POLL_MS)
        return HTTP_POLL_MS;
    return wait_ms > 0 ? (int)wait_ms : 0;
}
