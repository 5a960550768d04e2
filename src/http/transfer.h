// SPDX-License-Identifier: Apache-2.0
// transfer.h - private to http: one exchange, from the request line to the last byte, within its limits.
#ifndef TILL_HTTP_TRANSFER_H
#define TILL_HTTP_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/sv.h"
#include "http/http.h"

enum { TRANSFER_BODY_PADDING = 8 }; // spare bytes behind a body, for parsers that work in place

// Why this side broke off.
enum transfer_stop {
    TRANSFER_RUNS,
    TRANSFER_BODY_TOO_LARGE,
    TRANSFER_HEADERS_TOO_LARGE,
    TRANSFER_NO_MEMORY,
    TRANSFER_STALLED,
    TRANSFER_NOT_WANTED, // by the request's hook
};

struct transfer_head { // what is kept of the header lines
    size_t bytes;
    char content_type[128];
    char www_authenticate[512];
    char polar_version[32];
    char date[64];
    char retry_after[64];
    bool is_whole;   // the empty line behind the last one has arrived
    bool is_encoded; // a Content-Encoding: Content-Length is not the length of the body
};

struct transfer {
    CURL *easy;                 // kept from request to request
    struct curl_slist *headers; // the Authorization line, wiped afterwards, then the request's own
    const struct clock *clock;
    bool is_busy;
    bool is_spent; // its name did not resolve: the next request takes a new handle
    enum transfer_stop stop;
    struct transfer_head head;
    struct buf body;
    size_t body_limit_bytes;
    int64_t begun_ms, last_byte_ms;
    char curl_text[CURL_ERROR_SIZE];
    struct http_hook before_body; // of this request
    struct till_error hook_error;
    bool is_handed_over; // the hook agreed
};

struct transfer_options {
    const struct clock *clock;
    const char *user_agent;
    const char *ca_file; // NULL = the system's
    int64_t timeout_ms, connect_timeout_ms;
};

struct transfer_request {
    const char *url;
    const struct secret *bearer; // NULL = none
    bool is_basic;
    struct curl_slist *headers; // borrowed
    struct sv post;             // body of a POST, borrowed until transfer_end(); .ptr NULL: a GET
    size_t body_limit_bytes;
    struct http_hook before_body; // .call NULL: none
};

enum till_code transfer_init(struct transfer *transfer, const struct transfer_options *options,
                             struct till_error *e) TILL_MUSTUSE;
void transfer_release(struct transfer *transfer); // accepts a zeroed one
// Sets the handle up; the caller adds it to its multi handle. The private pointer of the easy handle is `owner`.
enum till_code transfer_begin(struct transfer *transfer, const struct transfer_request *request,
                              void *owner, struct till_error *e) TILL_MUSTUSE;
// Wipes the token and makes the handle free for the next; head and body stay until transfer_begin().
void transfer_end(struct transfer *transfer);

#endif
