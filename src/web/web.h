// SPDX-License-Identifier: Apache-2.0
// web.h - a small HTTP server inside the caller's own loop: bounded connections, bytes and time, loopback unless told otherwise.
//
// Nothing runs by itself: web_step() waits for a moment and handles what has come, in the caller's thread, so that handlers need no locks. A request
// reaches the caller twice: `refuse` sees its head before a byte of its body is taken, `answer` sees all of it. A request that is not whole within
// TILL_LIMIT_WEB_REQUEST_MS is cut off, however busily it trickles; a kept connection may be idle for TILL_LIMIT_WEB_IDLE_MS.
#ifndef TILL_WEB_WEB_H
#define TILL_WEB_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/sv.h"

struct web; // opaque

struct web_request {        // borrowed until the handler returns
    struct sv method, path; // path without its query, percent-decoded
    struct sv body;         // empty for `refuse`
    int64_t body_bytes;     // as announced, -1 when the sender does not say
    void *source;           // for web_header()
};
// .ptr NULL when there is no such header; names in any case.
struct sv web_header(const struct web_request *request, const char *name);

struct web_answer {
    int status;
    const char *allow; // for 405: the methods; else NULL
    struct buf body;   // JSON
};

struct web_options {
    const char *address; // a numeric one: "127.0.0.1", "::1", "0.0.0.0"
    uint16_t port;       // 0 = any
    size_t body_bytes;   // of one request; more is answered with 413
    void *context;
    // True: *answer is the answer, and the body is not read.
    bool (*refuse)(void *context, const struct web_request *request, struct web_answer *answer);
    void (*answer)(void *context, const struct web_request *request, struct web_answer *answer);
};

// Listens from here on. USAGE: not an address; CONFIG: taken, or not allowed.
enum till_code web_open(const struct web_options *options, struct web **ret_web,
                        struct till_error *e) TILL_MUSTUSE;
void web_close(struct web *web); // accepts NULL; answers that are under way are cut off
uint16_t web_port(const struct web *web);
bool web_is_loopback(const char *address);
// Waits at most wait_ms for something to do, and does it. *ret_answered: requests that were handed to `answer`.
enum till_code web_step(struct web *web, int wait_ms, int *ret_answered,
                        struct till_error *e) TILL_MUSTUSE;

#endif
