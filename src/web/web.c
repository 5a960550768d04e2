// SPDX-License-Identifier: Apache-2.0
// web.c - libmicrohttpd without threads: its sockets are polled inside web_step().
//
// The library's own timeout looks at silence only, so a sender of one byte every few seconds could hold a connection for ever. Each connection therefore has
// a place in a fixed table with the moment by which its present request must be whole; one that is late has its socket shut down, which the
// library takes for the end of the connection. The table is also the ceiling on connections; further ones wait in the kernel's queue.
#include "web/web.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"
#include "web/listen.h"

struct place { // of a connection; free when fd is -1
    int fd;
    int64_t due_ms;
};

struct web {
    struct web_options options;
    struct MHD_Daemon *daemon;
    uint16_t port;
    int answered;
    struct place places[TILL_LIMIT_WEB_CONNECTIONS];
};

struct exchange { // one request under way
    bool is_begun, is_too_large;
    size_t received_bytes;
    struct buf body;
};

static int64_t now_ms(void)
{
    return clock_monotonic_ms(&clock_system);
}

struct sv web_header(const struct web_request *request, const char *name)
{
    return sv_of(MHD_lookup_connection_value(request->source, MHD_HEADER_KIND, name));
}

// ---- time ----

static int fd_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static void set_due(struct web *web, struct MHD_Connection *connection, int64_t wait_ms)
{
    int fd = fd_of(connection);
    for (size_t i = 0; i < TILL_COUNT(web->places); i++) {
        if (web->places[i].fd == fd)
            web->places[i].due_ms = now_ms() + wait_ms;
    }
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct web *web = context;
    bool is_start = what == MHD_CONNECTION_NOTIFY_STARTED;
    int fd = fd_of(connection);
    int sought = is_start ? -1 : fd;
    (void)socket_context;
    for (size_t i = 0; i < TILL_COUNT(web->places); i++) {
        if (web->places[i].fd != sought)
            continue;
        web->places[i] = (struct place){.fd = is_start ? fd : -1,
                                        .due_ms = now_ms() + TILL_LIMIT_WEB_REQUEST_MS};
        return;
    }
}

// The first line of a request is there.
static void *on_first_line(void *context, const char *target, struct MHD_Connection *connection)
{
    (void)target;
    set_due(context, connection, TILL_LIMIT_WEB_REQUEST_MS);
    struct exchange *exchange = till_calloc(1, sizeof(*exchange));
    if (exchange)
        buf_init(&exchange->body, ((struct web *)context)->options.body_bytes);
    return exchange;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode how)
{
    struct exchange *exchange = *request_context;
    (void)how;
    set_due(context, connection, TILL_LIMIT_WEB_IDLE_MS);
    if (exchange)
        buf_release(&exchange->body);
    till_free(exchange);
    *request_context = NULL;
}

static void cut_late_ones(struct web *web)
{
    int64_t at_ms = now_ms();
    for (size_t i = 0; i < TILL_COUNT(web->places); i++) {
        if (web->places[i].fd >= 0 && web->places[i].due_ms < at_ms)
            (void)shutdown(web->places[i].fd, SHUT_RDWR);
    }
}

// ---- requests ----

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct web_answer *answer)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body.len, answer->body.data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;
    bool has_headers =
        response && MHD_add_response_header(response, "Content-Type", "application/json") &&
        MHD_add_response_header(response, "Cache-Control", "no-store") &&
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") &&
        (!answer->allow || MHD_add_response_header(response, "Allow", answer->allow));
    if (has_headers && !answer->body.failure)
        result = MHD_queue_response(connection, (unsigned)answer->status, response);
    if (response)
        MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse_size(struct web *web, struct MHD_Connection *connection)
{
    struct web_answer answer = {.status = MHD_HTTP_CONTENT_TOO_LARGE};
    buf_init(&answer.body, TILL_LIMIT_WEB_ANSWER_BYTES);
    buf_format(&answer.body, "{\"error\":\"the body is larger than %zu bytes\"}\n",
               web->options.body_bytes);
    enum MHD_Result result = send_answer(connection, &answer);
    buf_release(&answer.body);
    return result;
}

static int64_t announced_bytes(const struct web_request *request)
{
    int64_t bytes = -1;
    struct sv length = web_header(request, "Content-Length");
    return length.ptr && sv_to_int64(length, &bytes) && bytes >= 0 ? bytes : -1;
}

// With the head alone. No answer queued means: go on with the body.
static enum MHD_Result look_at_head(struct web *web, struct MHD_Connection *connection,
                                    const struct web_request *request)
{
    struct web_answer answer = {0};
    enum MHD_Result result = MHD_YES;
    buf_init(&answer.body, TILL_LIMIT_WEB_ANSWER_BYTES);
    if (web->options.refuse(web->options.context, request, &answer))
        result = send_answer(connection, &answer);
    else if (request->body_bytes > 0 && (uint64_t)request->body_bytes > web->options.body_bytes)
        result = refuse_size(web, connection);
    buf_release(&answer.body);
    return result;
}

// A body without an announced length can turn out too large: it is read on a little, since an answer in its middle would not arrive, then cut off.
static enum MHD_Result take_body(struct web *web, struct exchange *exchange, const char *data,
                                 size_t *bytes)
{
    exchange->received_bytes += *bytes;
    if (exchange->received_bytes > 2 * web->options.body_bytes)
        return MHD_NO;
    if (exchange->received_bytes > web->options.body_bytes) {
        exchange->is_too_large = true;
        buf_release(&exchange->body);
    } else {
        buf_append(&exchange->body, data, *bytes);
    }
    *bytes = 0;
    return exchange->body.failure ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *data_bytes, void **request_context)
{
    struct web *web = context;
    struct exchange *exchange = *request_context;
    struct web_request request = {
        .method = sv_of(method), .path = sv_of(path), .source = connection};
    (void)version;
    if (!exchange)
        return MHD_NO;
    request.body_bytes = announced_bytes(&request);
    if (!exchange->is_begun) {
        exchange->is_begun = true;
        return look_at_head(web, connection, &request);
    }
    if (*data_bytes > 0)
        return take_body(web, exchange, data, data_bytes);
    if (exchange->is_too_large)
        return refuse_size(web, connection);
    struct web_answer answer = {0};
    buf_init(&answer.body, TILL_LIMIT_WEB_ANSWER_BYTES);
    request.body = (struct sv){exchange->body.data ? exchange->body.data : "", exchange->body.len};
    web->options.answer(web->options.context, &request, &answer);
    web->answered++;
    enum MHD_Result result = send_answer(connection, &answer);
    buf_release(&answer.body);
    return result;
}

// ---- the server ----

enum till_code web_open(const struct web_options *options, struct web **ret_web,
                        struct till_error *e)
{
    int fd = -1;
    struct web *web = till_calloc(1, sizeof(*web));
    if (!web)
        return TILL_FAIL_MEMORY(e);
    web->options = *options;
    for (size_t i = 0; i < TILL_COUNT(web->places); i++)
        web->places[i].fd = -1;
    enum till_code code = listen_open(options->address, options->port, &fd, &web->port, e);
    if (code) {
        till_free(web);
        return code;
    }
    web->daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, web, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)TILL_LIMIT_WEB_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(TILL_LIMIT_WEB_IDLE_MS / 1000),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)TILL_LIMIT_WEB_HEAD_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, web, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        web, MHD_OPTION_URI_LOG_CALLBACK, on_first_line, web, MHD_OPTION_END);
    if (!web->daemon) {
        (void)close(fd);
        till_free(web);
        return TILL_FAIL(e, TILL_MEMORY, 0, "the web server could not start");
    }
    *ret_web = web;
    return TILL_OK;
}

void web_close(struct web *web)
{
    if (!web)
        return;
    MHD_stop_daemon(web->daemon);
    till_free(web);
}

uint16_t web_port(const struct web *web)
{
    return web->port;
}

enum till_code web_step(struct web *web, int wait_ms, int *ret_answered, struct till_error *e)
{
    web->answered = 0;
    if (MHD_run_wait(web->daemon, wait_ms) != MHD_YES)
        return TILL_FAIL(e, TILL_NETWORK, 0, "the web server stopped working");
    cut_late_ones(web);
    *ret_answered = web->answered;
    return TILL_OK;
}
