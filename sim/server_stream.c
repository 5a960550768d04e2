// SPDX-License-Identifier: Apache-2.0
// server_stream.c - replies that leave piece by piece: the truth as JSON lines, endless bodies, and all that goes wrong on the way.
//
// A stream is a content reader of the HTTP library with a position. Faults act when the position reaches theirs: the connection is cut (the
// library closes it short of the promised length), reset (a socket that is disconnected while open answers with RST), or put to sleep.
#include "server_http.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TRICKLE_STEPS_PER_SECOND = 20, OVERPROMISED_BYTES = 1000 };

struct stream {
    struct sleepers *sleepers;
    struct MHD_Connection *connection;
    struct sim_out body;
    struct fault_action fault;
    bool has_slept;
    // the truth
    struct environment *environment;
    enum sim_table table;
    bool has_hidden_rows;
    uint32_t next_row;
    size_t sent; // of `body`, which is then one block
};

static bool is_fault_on_the_way(enum fault_kind kind)
{
    return kind == FAULT_RESET || kind == FAULT_TRUNCATE || kind == FAULT_CHUNK_CUT ||
           kind == FAULT_STALL || kind == FAULT_TRICKLE;
}

bool stream_is_needed(const struct reply *reply)
{
    return reply->delivery != DELIVER_BODY || is_fault_on_the_way(reply->fault.kind);
}

static void stream_free(void *argument)
{
    struct stream *stream = argument;
    sim_out_release(&stream->body);
    free(stream);
}

// Disconnecting an open socket sends RST at once and keeps the descriptor, which the library will close.
static void reset_connection(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info != NULL) {
        struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
        (void)connect(info->connect_fd, &nowhere, sizeof(nowhere));
    }
}

static size_t copy_body(const struct stream *stream, uint64_t position, char *buffer, size_t room)
{
    size_t left = stream->body.len - (size_t)position;
    size_t count = left < room ? left : room;
    memcpy(buffer, stream->body.data + position, count);
    return count;
}

static ssize_t read_faulty(void *argument, uint64_t position, char *buffer, size_t room)
{
    struct stream *stream = argument;
    enum fault_kind kind = stream->fault.kind;
    uint64_t at = (uint64_t)stream->fault.at_bytes;
    at = at < stream->body.len ? at : stream->body.len;
    bool is_due = position >= at && kind != FAULT_TRICKLE;
    if (is_due && kind != FAULT_STALL) {
        if (kind == FAULT_RESET) {
            reset_connection(stream->connection);
        }
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (is_due && !stream->has_slept) {
        stream->has_slept = true;
        return sleepers_add(stream->sleepers, stream->connection, stream->fault.ms)
                   ? 0
                   : MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (position >= stream->body.len) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (kind == FAULT_TRICKLE) {
        stream->has_slept = !stream->has_slept;
        int64_t steps = stream->fault.rate < TRICKLE_STEPS_PER_SECOND ? stream->fault.rate
                                                                      : TRICKLE_STEPS_PER_SECOND;
        if (stream->has_slept) {
            return sleepers_add(stream->sleepers, stream->connection, 1000 / steps)
                       ? 0
                       : MHD_CONTENT_READER_END_WITH_ERROR;
        }
        size_t piece = (size_t)(stream->fault.rate / steps);
        room = piece < room ? piece : room;
    } else if (position < at && at - position < room) {
        room = (size_t)(at - position);
    }
    return (ssize_t)copy_body(stream, position, buffer, room);
}

// A body that begins like a page and never gets anywhere.
static ssize_t read_huge(void *argument, uint64_t position, char *buffer, size_t room)
{
    static const char beginning[] = "{\"items\":[{\"id\":\"";
    struct stream *stream = argument;
    uint64_t size = (uint64_t)stream->fault.size;
    if (position >= size) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    size_t count = size - position < room ? (size_t)(size - position) : room;
    memset(buffer, 'a', count);
    for (size_t i = 0; i < count && position + i < sizeof(beginning) - 1; i++) {
        buffer[i] = beginning[position + i];
    }
    return (ssize_t)count;
}

// Renders the next block of rows under the world's lock.
static void fill_block(struct stream *stream)
{
    struct environment *environment = stream->environment;
    stream->sent = 0;
    stream->body.len = 0;
    pthread_rwlock_rdlock(&environment->lock);
    uint32_t count = world_count(environment->world, stream->table);
    while (stream->next_row < count && stream->body.len < SERVER_STREAM_BLOCK_BYTES &&
           !stream->body.failed) {
        uint32_t row = stream->next_row++;
        if (stream->has_hidden_rows || world_is_listed(environment->world, stream->table, row)) {
            world_render(environment->world, stream->table, row, &stream->body);
            sim_out_append(&stream->body, "\n", 1);
        }
    }
    pthread_rwlock_unlock(&environment->lock);
}

static ssize_t read_rows(void *argument, uint64_t position, char *buffer, size_t room)
{
    (void)position;
    struct stream *stream = argument;
    if (stream->sent == stream->body.len) {
        fill_block(stream);
    }
    if (stream->body.failed) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (stream->body.len == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    size_t count = copy_body(stream, stream->sent, buffer, room);
    stream->sent += count;
    return (ssize_t)count;
}

// What Content-Length will say; MHD_SIZE_UNKNOWN makes the reply chunked.
static uint64_t promised_size(const struct stream *stream, const struct reply *reply)
{
    const struct fault_action *fault = &stream->fault;
    if (reply->delivery == DELIVER_ROWS || fault->kind == FAULT_CHUNK_CUT || fault->is_chunked) {
        return MHD_SIZE_UNKNOWN;
    }
    if (reply->delivery == DELIVER_HUGE) {
        return (uint64_t)fault->size;
    }
    bool is_cut = fault->kind == FAULT_TRUNCATE || fault->kind == FAULT_RESET;
    bool is_cut_at_end = is_cut && (uint64_t)fault->at_bytes >= stream->body.len;
    return stream->body.len + (is_cut_at_end ? OVERPROMISED_BYTES : 0);
}

struct MHD_Response *stream_response(struct sleepers *sleepers, struct MHD_Connection *connection,
                                     struct reply *reply)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) {
        return NULL;
    }
    *stream = (struct stream){.sleepers = sleepers,
                              .connection = connection,
                              .fault = reply->fault,
                              .body = reply->body,
                              .environment = reply->rows_environment,
                              .table = reply->rows_table,
                              .has_hidden_rows = reply->has_hidden_rows};
    reply->body = (struct sim_out){0};
    MHD_ContentReaderCallback reader = reply->delivery == DELIVER_ROWS   ? read_rows
                                       : reply->delivery == DELIVER_HUGE ? read_huge
                                                                         : read_faulty;
    struct MHD_Response *response = MHD_create_response_from_callback(
        promised_size(stream, reply), SERVER_STREAM_BLOCK_BYTES, reader, stream, stream_free);
    if (response == NULL) {
        stream_free(stream);
    }
    return response;
}
