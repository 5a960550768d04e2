// SPDX-License-Identifier: Apache-2.0
// internal.h - what web.c and stream.c share. Private to this room.
#ifndef TILL_WEB_INTERNAL_H
#define TILL_WEB_INTERNAL_H

#include <microhttpd.h>

#include "base/limits.h"
#include "web/web.h"

struct place { // of a connection; free when fd is -1
    int fd;
    int64_t due_ms;
};

struct exchange { // one request under way
    struct web *web;
    struct MHD_Connection *connection;
    struct exchange *next; // of web->exchanges
    char *target;          // as it was sent
    bool is_begun, is_too_large;
    size_t received_bytes;
    struct buf body;
    uint64_t ticket; // 0 = is answered at once
    bool is_suspended, is_finished;
    struct MHD_Response *response; // of one that was finished later
    int status;
    bool wants_stream;
};

struct stream {
    struct web *web;
    struct MHD_Connection *connection; // NULL = this place is free
    int fd;
    bool is_suspended, is_over;
    struct buf pending;
    size_t sent_bytes; // of pending
};

struct web {
    struct web_options options;
    struct MHD_Daemon *daemon;
    int poll_fd; // the library's epoll
    uint16_t port;
    int answered;
    bool has_woken; // a suspended connection has something to do: the next step does not wait
    uint64_t last_ticket;
    struct exchange *exchanges;
    struct stream streams[TILL_LIMIT_WEB_STREAMS];
    size_t stream_count;
    size_t place_count;
    struct place places[];
};

// NULL without memory. Takes the body over as its beginning.
struct MHD_Response *stream_response(struct exchange *exchange, struct buf *beginning);
// Streams whose reader has gone end.
void streams_look(struct web *web);
void streams_end(struct web *web);

#endif
