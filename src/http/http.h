// SPDX-License-Identifier: Apache-2.0
// http.h - one policy for every service: requests, retries, pacing, limits. The only code that opens outbound connections.
//
// A client has a few requests in flight on one thread (curl's multi interface). Callers submit requests with a tag and take finished answers with
// http_next(), in the order in which they finish. The client itself retries what may be retried (transport errors, timeouts, 429, 500, 502-504,
// 520-530) with full jitter and Retry-After in both forms, paces to the budget, and bounds bytes, time and attempts by base/limits.def.
// GET; a POST goes through http_submit_post() alone, which src/ROOMS keeps from every room that talks to Polar.
// https anywhere, http on loopback only. Redirects are followed once and only to the same scheme, host and port (307/308/301/302);
// credentials go to the host of the request's own URL and nowhere else. Proxies from the environment are honoured for https.
#ifndef TILL_HTTP_HTTP_H
#define TILL_HTTP_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/sv.h"

struct http; // opaque

struct http_options {
    const char *user_agent;
    // Counted over any 60 s; 0 = no limit but the service's. Near the end of what the service seems to allow in a minute one goes at a time.
    // After "too many" the whole Retry-After is waited; without a limit of ours, the rest of the service's own window.
    int64_t requests_per_minute;
    int in_flight;             // 0 = TILL_LIMIT_IN_FLIGHT
    const struct clock *clock; // NULL = clock_system
    const volatile sig_atomic_t
        *stop; // when it becomes non-zero every call ends with CANCELED within 200 ms; may be NULL
    int64_t
        retry_base_ms; // 0 = 500; first backoff is uniform in [0, base], doubling up to TILL_LIMIT_RETRY_DELAY_MS
    int64_t stall_timeout_ms;   // 0 = TILL_LIMIT_STALL_TIMEOUT_MS; tests shorten it
    int64_t request_timeout_ms; // 0 = TILL_LIMIT_REQUEST_TIMEOUT_MS
    int64_t connect_timeout_ms; // 0 = TILL_LIMIT_CONNECT_TIMEOUT_MS
    int attempts;               // 0 = TILL_LIMIT_RETRY_ATTEMPTS
    int64_t
        retry_after_ms; // longest Retry-After to wait for; 0 = TILL_LIMIT_RETRY_AFTER_MS, and never more
};

enum { HTTP_HEADERS = 8 };
struct http_request {
    const char *url;                   // copied
    const struct secret *bearer;       // borrowed until the answer is taken; NULL = none
    bool is_basic;                     // bearer is NAME:PASSWORD in Base64 (RFC 7617)
    const char *headers[HTTP_HEADERS]; // "Name: value", copied; NULL ends
    size_t body_limit_bytes;           // 0 = TILL_LIMIT_RESPONSE_BYTES
    uint64_t tag;
    bool is_single_attempt; // no retries (probes)
    bool is_url_secret;     // its path is a credential: logs and errors show the host alone
};

struct http_response {
    uint64_t tag;
    enum till_code
        code; // OK: an HTTP answer arrived whole, whatever its status (after retries); else error holds why not
    struct till_error error;
    int status; // 0: none came. Of posts with before_body also when the answer behind it broke off
    struct buf body; // owned; http_response_release(). Decompressed.
    char content_type[128];
    char www_authenticate[512];
    char polar_version[32];
    int64_t date_unix_seconds; // of the Date header; 0 when absent
    int64_t retry_after_ms;    // of the last answer; -1 when absent
    int attempts;              // HTTP exchanges spent, redirects included
    int too_many_requests;     // how many of them were 429
    bool
        is_handed_over; // of posts with before_body: it was called, and the request may have arrived
};

enum till_code http_new(const struct http_options *options, struct http **ret_http,
                        struct till_error *e) TILL_MUSTUSE;
void http_free(struct http *http); // accepts NULL; aborts what is in flight
// Refuses (CONFIG) URLs that are not https, or http on loopback, or that carry credentials.
enum till_code http_check_url(const char *url, struct till_error *e) TILL_MUSTUSE;
// The same for an address that is a credential itself: no message shows any of it.
enum till_code http_check_secret_url(const char *url, struct till_error *e) TILL_MUSTUSE;
// "hooks.slack.com", "127.0.0.1:8080": what may be shown of such an address; the port only when it is not the scheme's own. "?" when url is none.
enum { HTTP_HOST_BYTES = 280 };
void http_url_host(const char *url, char ret_host[static HTTP_HOST_BYTES]);
// Never blocks. LIMIT when more than 64 are queued.
enum till_code http_submit(struct http *http, const struct http_request *request,
                           struct till_error *e) TILL_MUSTUSE;
// The same with a body. It is copied, and wiped when the request is over: it may hold a secret. is_query: it changes nothing at the service, so that it is
// tried again like a GET; others are sent once, and again only after "too many requests". A redirect is followed when it keeps the method (307, 308).
struct http_hook {
    enum till_code (*call)(void *context, struct till_error *e);
    void *context;
};
struct http_post {
    const char *content_type; // "application/json"
    struct sv body;           // at most TILL_LIMIT_REQUEST_BODY_BYTES, else LIMIT
    bool is_query;
    // Called once an attempt, when it is connected and encrypted: the moment from which on the request may arrive. Its error ends the attempt with nothing
    // sent, and is the answer's. Such a post has a connection of its own, and a redirect is its answer. Three ends can be told apart: code OK, a status
    // came; else is_handed_over, and nobody knows; else not a byte was sent.
    struct http_hook before_body; // .call NULL = nobody asks
};
enum till_code http_submit_post(struct http *http, const struct http_request *request,
                                const struct http_post *post, struct till_error *e) TILL_MUSTUSE;
size_t http_pending(const struct http *http); // submitted and not yet taken
// Blocks for the next finished answer. Returns an error only when nothing can be waited for (CANCELED, MEMORY, nothing pending = USAGE).
enum till_code http_next(struct http *http, struct http_response *ret_response,
                         struct till_error *e) TILL_MUSTUSE;
void http_cancel_all(struct http *http); // drops everything pending
void http_response_release(struct http_response *response);
// From now on this client keeps to its budget together with all clients, of any process on this machine, that share the file `path` (made
// 0600 when missing, TILL_LIMIT_RATE_LEDGER_BYTES long): any 60 s hold at most requests_per_minute of all of them, and who has spent least goes first.
// What this client has spent already is brought in. Without a limit it asks nobody, but its requests count for the others. A file
// that cannot be used is no error: it is logged, and each process keeps to the budget alone until it works again. MEMORY.
enum till_code http_share_budget(struct http *http, const char *path,
                                 struct till_error *e) TILL_MUSTUSE;

struct http_statistics {
    int64_t requests, retries, too_many_requests, body_bytes, waited_ms;
};
struct http_statistics http_statistics(const struct http *http);

#endif
