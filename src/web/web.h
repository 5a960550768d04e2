// SPDX-License-Identifier: Apache-2.0
// web.h - a small HTTP server inside the caller's own loop: bounded connections, bytes and time, loopback unless told otherwise.
//
// Nothing runs by itself: web_step() waits for a moment and handles what has come, in the caller's thread, so that handlers need no locks. A request
// reaches the caller twice: `refuse` sees its head before a byte of its body is taken, `answer` sees all of it. A request that is not whole within
// TILL_LIMIT_WEB_REQUEST_MS is cut off, however busily it trickles; an answer that is not taken within TILL_LIMIT_WEB_ANSWER_MS is, too; a kept connection
// may be idle for TILL_LIMIT_WEB_IDLE_MS.
//
// An answer that takes time does not hold the loop: web_later() gives the request a ticket, and web_finish() answers it when another thread has told the
// loop what to say. web_stream() turns an answer into a stream of events; web_push() sends the same bytes to all of them. Whoever reads a stream more slowly
// than TILL_LIMIT_WEB_STREAM_BYTES allows is cut off, and comes again. Everything here is called from the thread of web_step().
#ifndef TILL_WEB_WEB_H
#define TILL_WEB_WEB_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/sv.h"

struct web; // opaque

struct web_request {        // borrowed until the handler returns
    struct sv method, path; // path without its query, percent-decoded
    struct sv target;       // the path as it was sent: not decoded, without its query
    struct sv query;        // after the question mark, as it was sent; .ptr NULL when there is none
    struct sv body;         // empty for `refuse`
    int64_t body_bytes;     // as announced, -1 when the sender does not say
    void *source;           // for web_header(), web_later() and web_stream()
};
// .ptr NULL when there is no such header; names in any case.
struct sv web_header(const struct web_request *request, const char *name);
// How often it was sent.
size_t web_header_count(const struct web_request *request, const char *name);

struct web_field { // a header line
    const char *name, *value;
};
enum { WEB_FIELDS = 6 };
struct web_answer {
    int status;
    const char *allow;                   // for 405: the methods; else NULL
    const char *type;                    // NULL = application/json
    const char *cache;                   // Cache-Control; NULL = no-store
    struct web_field fields[WEB_FIELDS]; // further header lines
    size_t field_count;
    struct buf body; // taken over without a copy
    // Instead of body when .ptr is not NULL: bytes that stay where they are until done(done_context) is called; done NULL = for ever.
    struct sv lasting;
    void (*done)(void *context);
    void *done_context;
};
// Adds a header line; the texts are borrowed until the handler, or web_finish(), returns. More than WEB_FIELDS are a fault of the program and left out.
void web_answer_field(struct web_answer *answer, const char *name, const char *value);

struct web_options {
    const char *address;            // a numeric one: "127.0.0.1", "::1", "0.0.0.0"
    uint16_t port;                  // 0 = any
    size_t body_bytes;              // of one request; more is answered with 413
    size_t connections;             // at once; 0 = TILL_LIMIT_WEB_CONNECTIONS
    const struct web_field *fields; // header lines of every answer; borrowed for the server's life
    size_t field_count;
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
// The same, and waits for others too: their revents are set as poll() does.
enum { WEB_OTHERS = 64 };
enum till_code web_step_with(struct web *web, struct pollfd *others, size_t other_count,
                             int wait_ms, int *ret_answered, struct till_error *e) TILL_MUSTUSE;

// Inside of `answer`: overwrites the body, as far as it is here, because a secret was in it.
void web_wipe(const struct web_request *request);

// Inside of `answer`: what the handler leaves in *answer is not sent; web_finish() is called with the ticket later. Never 0.
uint64_t web_later(const struct web_request *request);
// Sends it (what it owns is taken over). False when nobody waits with this ticket any more: what the answer owns is released.
bool web_finish(struct web *web, uint64_t ticket, struct web_answer *answer);

// Inside of `answer`: the answer's body is the beginning of a stream without an end. False when there are TILL_LIMIT_WEB_STREAMS already.
bool web_stream(const struct web_request *request);
void web_push(struct web *web, struct sv bytes); // to every stream
size_t web_stream_count(const struct web *web);

#endif
