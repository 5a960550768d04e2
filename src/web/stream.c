// SPDX-License-Identifier: Apache-2.0
// stream.c - answers without an end: events for pages that stay open.
//
// A stream that has nothing to say is suspended, so that the library does not ask it again and again; pushing bytes wakes it. A suspended connection
// is not polled, and its end would go unnoticed until the next push: streams_look() asks the socket itself. What a reader has not taken waits in a
// buffer with a ceiling; at the ceiling the stream is cut off, and the reader, when it lives, connects again and reads the state afresh.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "web/internal.h"

static void wake(struct stream *stream)
{
    if (stream->is_suspended) {
        stream->is_suspended = false;
        stream->web->has_woken = true;
        MHD_resume_connection(stream->connection);
    }
}

static ssize_t on_pull(void *context, uint64_t position, char *place, size_t capacity)
{
    struct stream *stream = context;
    size_t left = stream->pending.len - stream->sent_bytes;
    (void)position;
    if (stream->is_over)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (left == 0) {
        stream->is_suspended = true;
        MHD_suspend_connection(stream->connection);
        return 0;
    }
    size_t bytes = left < capacity ? left : capacity;
    memcpy(place, stream->pending.data + stream->sent_bytes, bytes);
    stream->sent_bytes += bytes;
    if (stream->sent_bytes == stream->pending.len) {
        buf_reset(&stream->pending);
        stream->sent_bytes = 0;
    }
    return (ssize_t)bytes;
}

static void on_released(void *context)
{
    struct stream *stream = context;
    buf_release(&stream->pending);
    stream->connection = NULL;
    stream->web->stream_count--;
}

struct MHD_Response *stream_response(struct exchange *exchange, struct buf *beginning)
{
    enum { BLOCK_BYTES = 16 * 1024 };
    struct web *web = exchange->web;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct stream *stream = NULL;
    for (size_t i = 0; i < TILL_COUNT(web->streams) && !stream; i++)
        stream = web->streams[i].connection ? NULL : &web->streams[i];
    if (!stream)
        return NULL;
    *stream = (struct stream){.web = web, .fd = info ? info->connect_fd : -1};
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
                                                                      on_pull, stream, on_released);
    if (!response)
        return NULL;
    stream->connection = exchange->connection;
    stream->pending = *beginning;
    stream->pending.limit_bytes = TILL_LIMIT_WEB_STREAM_BYTES;
    *beginning = (struct buf){0};
    web->stream_count++;
    return response;
}

bool web_stream(const struct web_request *request)
{
    struct exchange *exchange = request->source;
    exchange->wants_stream = exchange->web->stream_count < TILL_LIMIT_WEB_STREAMS;
    return exchange->wants_stream;
}

size_t web_stream_count(const struct web *web)
{
    return web->stream_count;
}

static void cut(struct stream *stream)
{
    stream->is_over = true;
    (void)shutdown(stream->fd, SHUT_RDWR);
    wake(stream);
}

void web_push(struct web *web, struct sv bytes)
{
    for (size_t i = 0; i < TILL_COUNT(web->streams); i++) {
        struct stream *stream = &web->streams[i];
        if (!stream->connection || stream->is_over)
            continue;
        struct buf *pending = &stream->pending;
        if (stream->sent_bytes > 0) {
            pending->len -= stream->sent_bytes;
            memmove(pending->data, pending->data + stream->sent_bytes, pending->len);
            stream->sent_bytes = 0;
        }
        buf_sv(pending, bytes);
        if (pending->failure)
            cut(stream);
        else
            wake(stream);
    }
}

void streams_look(struct web *web)
{
    for (size_t i = 0; i < TILL_COUNT(web->streams) && web->stream_count > 0; i++) {
        struct stream *stream = &web->streams[i];
        char byte = 0;
        if (!stream->connection || !stream->is_suspended)
            continue;
        ssize_t got = recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            cut(stream);
    }
}

void streams_end(struct web *web)
{
    for (size_t i = 0; i < TILL_COUNT(web->streams); i++) {
        if (web->streams[i].connection)
            cut(&web->streams[i]);
    }
}
