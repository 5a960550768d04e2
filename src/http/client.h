// SPDX-License-Identifier: Apache-2.0
// client.h - private to http: the client's state, shared by client.c (what callers see) and exchange.c (what happens to a request).
#ifndef TILL_HTTP_CLIENT_H
#define TILL_HTTP_CLIENT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "http/http.h"
#include "http/pace.h"
#include "http/transfer.h"
#include "http/window.h"

enum {
    HTTP_QUEUE = TILL_LIMIT_HTTP_QUEUE, // requests submitted and not yet taken
    HTTP_POLL_MS = 100,                 // longest time in which the stop flag is not looked at
    HTTP_COLD_AFTER_MS =
        240000, // after so long a silence the first request goes alone again (Polar forgets a token after 300 s)
};

enum job_state { JOB_FREE, JOB_QUEUED, JOB_ACTIVE, JOB_DONE };

struct job {
    enum job_state state;
    uint64_t order; // of submission; once done, of finishing
    int64_t not_before_ms;
    int64_t begun_ms; // first attempt; -1 before
    int64_t
        asked_wait_ms; // waits that the service asked for: not counted in TILL_LIMIT_RETRY_TOTAL_MS
    char *url;         // where the next attempt goes; after a redirect, the new address
    bool is_redirected;
    bool is_single_attempt;
    bool is_repeatable; // what may have arrived may be sent again
    bool is_url_secret, is_basic;
    struct http_hook before_body;
    struct buf post; // the body of a POST, wiped at the end; .data NULL: a GET
    int failures;
    struct curl_slist *headers;
    const struct secret *bearer;
    size_t body_limit_bytes;
    struct transfer *transfer; // while JOB_ACTIVE
    struct pace_place place;   // likewise
    bool is_cold;              // likewise: the service may not have known the token
    struct http_response response;
};

struct http {
    CURLM *multi;
    char *user_agent;
    char *ca_file;
    const struct clock *clock;
    const volatile sig_atomic_t *stop;
    int64_t retry_base_ms, stall_timeout_ms, request_timeout_ms, connect_timeout_ms, retry_after_ms;
    int attempts, in_flight;
    struct pace pace;
    struct window window;   // of the service
    int64_t hold_until_ms;  // the service said "too many": nobody begins before
    bool is_held;           // nobody has been let in since then: the first goes alone
    int64_t last_answer_ms; // -1: none yet
    int active;
    uint64_t next_order;
    struct transfer slots[TILL_LIMIT_IN_FLIGHT];
    struct job jobs[HTTP_QUEUE];
    struct http_statistics statistics;
};

void job_release(struct job *job);
void job_done(struct http *http, struct job *job, enum till_code code);
// Begins what may begin, moves bytes, ends what has ended. Never blocks. The error is about the client itself, not about a request.
enum till_code exchange_pump(struct http *http, struct till_error *e) TILL_MUSTUSE;
// How long nothing but arriving bytes can change the state, at most HTTP_POLL_MS.
int exchange_wait_ms(struct http *http);
void exchange_abort(struct http *http, struct job *job);

#endif
