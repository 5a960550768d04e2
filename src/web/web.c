// SPDX-License-Identifier: Apache-2.0
// web.c - libmicrohttpd without threads: its sockets are polled inside web_step().
//
// The library's own timeout looks at silence only, so a sender of one byte every few seconds could hold a connection for ever. Each connection therefore has
// a place in a fixed table with the moment by which its present request must be whole, or its answer taken; one that is late has its socket shut down,
// which the library takes for the end of the connection. The table is also the ceiling on connections; further ones wait in the kernel's queue.
//
// A request that is answered later is suspended in the library; its exchange keeps the answer that web_finish() brings, and is found by its ticket.
#include "web/web.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/secret.h"
#include "web/internal.h"
#include "web/listen.h"

static int64_t now_ms(void)
{
    return clock_monotonic_ms(&clock_system);
}

struct sv web_header(const struct web_request *request, const char *name)
{
    const struct exchange *exchange = request->source;
    return sv_of(MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name));
}

struct header_count {
    struct sv name;
    size_t count;
};

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct header_count *counted = context;
    (void)kind;
    (void)value;
    counted->count += sv_equal_ignoring_case(sv_of(name), counted->name);
    return MHD_YES;
}

size_t web_header_count(const struct web_request *request, const char *name)
{
    const struct exchange *exchange = request->source;
    struct header_count counted = {.name = sv_of(name)};
    (void)MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, count_header, &counted);
    return counted.count;
}

void web_answer_field(struct web_answer *answer, const char *name, const char *value)
{
    if (answer->field_count < WEB_FIELDS)
        answer->fields[answer->field_count++] = (struct web_field){name, value};
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
    for (size_t i = 0; i < web->place_count; i++) {
        if (web->places[i].fd == fd)
            web->places[i].due_ms = now_ms() + wait_ms; // far below the ceiling of an int64_t
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
    for (size_t i = 0; i < web->place_count; i++) {
        if (web->places[i].fd != sought)
            continue;
        web->places[i] = (struct place){.fd = is_start ? fd : -1,
                                        .due_ms = now_ms() + TILL_LIMIT_WEB_REQUEST_MS};
        return;
    }
}

static void release_answer(struct web_answer *answer)
{
    buf_release(&answer->body);
    if (answer->done)
        answer->done(answer->done_context);
    *answer = (struct web_answer){0};
}

static void free_exchange(struct exchange *exchange)
{
    buf_wipe(&exchange->body);
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    till_free(exchange->target);
    till_free(exchange);
}

// The first line of a request is there.
static void *on_first_line(void *context, const char *target, struct MHD_Connection *connection)
{
    struct web *web = context;
    set_due(web, connection, TILL_LIMIT_WEB_REQUEST_MS);
    struct exchange *exchange = till_calloc(1, sizeof(*exchange));
    if (!exchange)
        return NULL;
    buf_init(&exchange->body, web->options.body_bytes);
    exchange->web = web;
    exchange->connection = connection;
    exchange->target = till_strdup(target);
    if (!exchange->target) {
        free_exchange(exchange);
        return NULL;
    }
    exchange->next = web->exchanges;
    web->exchanges = exchange;
    return exchange;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode how)
{
    struct web *web = context;
    struct exchange *exchange = *request_context;
    (void)how;
    set_due(web, connection, TILL_LIMIT_WEB_IDLE_MS);
    *request_context = NULL;
    for (struct exchange **link = &web->exchanges; exchange && *link; link = &(*link)->next) {
        if (*link == exchange) {
            *link = exchange->next;
            free_exchange(exchange);
            return;
        }
    }
}

static void cut_late_ones(struct web *web)
{
    int64_t at_ms = now_ms();
    for (size_t i = 0; i < web->place_count; i++) {
        if (web->places[i].fd >= 0 && web->places[i].due_ms < at_ms)
            (void)shutdown(web->places[i].fd, SHUT_RDWR);
    }
}

// ---- requests ----

static bool add_fields(struct MHD_Response *response, const struct web_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (MHD_add_response_header(response, fields[i].name, fields[i].value) != MHD_YES)
            return false;
    }
    return true;
}

// What the answer owns goes to the library, which gives it back when it is sent.
static struct MHD_Response *response_of(struct exchange *exchange, struct web_answer *answer)
{
    struct MHD_Response *response = NULL;
    struct buf *body = &answer->body;
    if (exchange->wants_stream)
        return stream_response(exchange, body);
    if (answer->lasting.ptr) {
        union { // the library's parameter is not const
            const char *bytes;
            void *place;
        } data = {.bytes = answer->lasting.ptr};
        if (!answer->done)
            return MHD_create_response_from_buffer(answer->lasting.len, data.place,
                                                   MHD_RESPMEM_PERSISTENT);
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            answer->lasting.len, data.place, answer->done, answer->done_context);
        if (response)
            answer->done = NULL;
        return response;
    }
    if (!body->data)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    response = MHD_create_response_from_buffer_with_free_callback(body->len, body->data, till_free);
    if (response)
        *body = (struct buf){0};
    return response;
}

// Whole, with its header lines: nothing of the answer is needed afterwards. NULL when it cannot be made.
static struct MHD_Response *make_response(struct exchange *exchange, struct web_answer *answer)
{
    const struct web_options *options = &exchange->web->options;
    const struct web_field own[] = {
        {"Content-Type", answer->type ? answer->type : "application/json"},
        {"Cache-Control", answer->cache ? answer->cache : "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Allow", answer->allow},
    };
    struct MHD_Response *response = answer->body.failure ? NULL : response_of(exchange, answer);
    if (response && (!add_fields(response, own, TILL_COUNT(own) - (answer->allow ? 0 : 1)) ||
                     !add_fields(response, options->fields, options->field_count) ||
                     !add_fields(response, answer->fields, answer->field_count))) {
        MHD_destroy_response(response);
        response = NULL;
    }
    release_answer(answer);
    return response;
}

static enum MHD_Result send_response(struct exchange *exchange, struct MHD_Response *response,
                                     int status)
{
    struct MHD_Connection *connection = exchange->connection;
    set_due(exchange->web, connection,
            exchange->wants_stream ? INT64_MAX / 2 : TILL_LIMIT_WEB_ANSWER_MS);
    buf_wipe(&exchange->body); // a form may hold a secret: it is gone before the answer is seen
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_answer(struct exchange *exchange, struct web_answer *answer)
{
    int status = answer->status;
    return send_response(exchange, make_response(exchange, answer), status);
}

// The answer that web_finish() brought.
static enum MHD_Result send_finished(struct exchange *exchange)
{
    struct MHD_Response *response = exchange->response;
    exchange->response = NULL;
    return send_response(exchange, response, exchange->status);
}

static enum MHD_Result refuse_size(struct exchange *exchange)
{
    struct web_answer answer = {.status = MHD_HTTP_CONTENT_TOO_LARGE};
    buf_init(&answer.body, TILL_LIMIT_WEB_ANSWER_BYTES);
    buf_format(&answer.body, "{\"error\":\"the body is larger than %zu bytes\"}\n",
               exchange->web->options.body_bytes);
    return send_answer(exchange, &answer);
}

// ---- where a request ends ----

struct framing {
    size_t lengths; // headers that say where the body ends
    bool has_loose_name;
};

static enum MHD_Result look_at_header(void *context, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct framing *framing = context;
    struct sv text = sv_of(name);
    (void)kind;
    (void)value;
    framing->lengths += sv_equal_ignoring_case(text, SV("Content-Length")) ||
                        sv_equal_ignoring_case(text, SV("Transfer-Encoding"));
    framing->has_loose_name = framing->has_loose_name || name[strcspn(name, " \t")] != '\0';
    return MHD_YES;
}

// A proxy before us may believe the other of two lengths, and take for a body what we take for the next request (RFC 9112, 6.1 and 5.1).
static bool has_one_end(const struct exchange *exchange)
{
    struct framing framing = {.lengths = 0};
    (void)MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, look_at_header,
                                    &framing);
    return framing.lengths <= 1 && !framing.has_loose_name;
}

static enum MHD_Result refuse_framing(struct exchange *exchange)
{
    struct web_answer answer = {.status = MHD_HTTP_BAD_REQUEST};
    buf_init(&answer.body, TILL_LIMIT_WEB_ANSWER_BYTES);
    buf_text(&answer.body, "{\"error\":\"it is not clear where this request ends\"}\n");
    web_answer_field(&answer, "Connection", "close");
    return send_answer(exchange, &answer);
}

static int64_t announced_bytes(const struct web_request *request)
{
    int64_t bytes = -1;
    struct sv length = web_header(request, "Content-Length");
    return length.ptr && sv_to_int64(length, &bytes) && bytes >= 0 ? bytes : -1;
}

// With the head alone. No answer queued means: go on with the body.
static enum MHD_Result look_at_head(struct exchange *exchange, const struct web_request *request)
{
    const struct web_options *options = &exchange->web->options;
    struct web_answer answer = {0};
    if (!has_one_end(exchange))
        return refuse_framing(exchange);
    buf_init(&answer.body, TILL_LIMIT_WEB_ANSWER_BYTES);
    if (options->refuse(options->context, request, &answer))
        return send_answer(exchange, &answer);
    release_answer(&answer);
    if (request->body_bytes > 0 && (uint64_t)request->body_bytes > options->body_bytes)
        return refuse_size(exchange);
    // A form at once, so that growing leaves no copies of a secret behind.
    if (request->body_bytes > 0 && request->body_bytes <= TILL_LIMIT_WEB_ANSWER_BYTES)
        (void)buf_reserve(&exchange->body, (size_t)request->body_bytes);
    return MHD_YES;
}

// A body without an announced length can turn out too large: it is read on a little, since an answer in its middle would not arrive, then cut off.
static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *bytes)
{
    size_t most = exchange->web->options.body_bytes;
    exchange->received_bytes += *bytes;
    if (exchange->received_bytes > 2 * most)
        return MHD_NO;
    if (exchange->received_bytes > most) {
        exchange->is_too_large = true;
        buf_wipe(&exchange->body);
    } else {
        buf_append(&exchange->body, data, *bytes);
    }
    union { // the library's own buffer, which it reuses without wiping; there may be a secret in it
        const char *bytes;
        void *place;
    } taken = {.bytes = data};
    memory_wipe(taken.place, *bytes);
    *bytes = 0;
    return exchange->body.failure ? MHD_NO : MHD_YES;
}

static enum MHD_Result answer_whole(struct exchange *exchange, struct web_request *request)
{
    struct web *web = exchange->web;
    struct web_answer answer = {0};
    buf_init(&answer.body, TILL_LIMIT_BUFFER_BYTES);
    request->body = (struct sv){exchange->body.data ? exchange->body.data : "", exchange->body.len};
    web->options.answer(web->options.context, request, &answer);
    web->answered++;
    if (exchange->ticket == 0)
        return send_answer(exchange, &answer);
    release_answer(&answer);
    if (exchange->is_finished) // before the handler came back
        return send_finished(exchange);
    set_due(web, exchange->connection, INT64_MAX / 2);
    exchange->is_suspended = true;
    MHD_suspend_connection(exchange->connection);
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *data_bytes, void **request_context)
{
    struct exchange *exchange = *request_context;
    (void)context;
    (void)connection;
    (void)version;
    if (!exchange)
        return MHD_NO;
    if (exchange->is_finished)
        return send_finished(exchange);
    struct sv rest = sv_of(exchange->target);
    struct web_request request = {.method = sv_of(method), .path = sv_of(path), .source = exchange};
    size_t mark = strcspn(exchange->target, "?");
    request.target = (struct sv){rest.ptr, mark};
    if (mark < rest.len)
        request.query = (struct sv){rest.ptr + mark + 1, rest.len - mark - 1};
    request.body_bytes = announced_bytes(&request);
    if (!exchange->is_begun) {
        exchange->is_begun = true;
        return look_at_head(exchange, &request);
    }
    if (*data_bytes > 0)
        return take_body(exchange, data, data_bytes);
    return exchange->is_too_large ? refuse_size(exchange) : answer_whole(exchange, &request);
}

// ---- answers that come later ----

void web_wipe(const struct web_request *request)
{
    struct exchange *exchange = request->source;
    buf_wipe(&exchange->body);
}

uint64_t web_later(const struct web_request *request)
{
    struct exchange *exchange = request->source;
    exchange->ticket = ++exchange->web->last_ticket;
    return exchange->ticket;
}

bool web_finish(struct web *web, uint64_t ticket, struct web_answer *answer)
{
    for (struct exchange *exchange = web->exchanges; exchange; exchange = exchange->next) {
        if (exchange->ticket != ticket || exchange->is_finished)
            continue;
        exchange->status = answer->status;
        exchange->response = make_response(exchange, answer);
        exchange->is_finished = true;
        if (exchange->is_suspended) {
            exchange->is_suspended = false;
            web->has_woken = true;
            MHD_resume_connection(exchange->connection);
        }
        return true;
    }
    release_answer(answer);
    return false;
}

// ---- the server ----

static struct web *new_web(const struct web_options *options)
{
    size_t count = options->connections ? options->connections : TILL_LIMIT_WEB_CONNECTIONS;
    struct web *web = till_calloc(1, sizeof(*web) + count * sizeof(web->places[0]));
    if (!web)
        return NULL;
    web->options = *options;
    web->place_count = count;
    for (size_t i = 0; i < count; i++)
        web->places[i].fd = -1;
    return web;
}

static bool start(struct web *web, int fd)
{
    web->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, web,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)web->place_count,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(TILL_LIMIT_WEB_IDLE_MS / 1000),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)TILL_LIMIT_WEB_HEAD_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, web, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        web, MHD_OPTION_URI_LOG_CALLBACK, on_first_line, web, MHD_OPTION_END);
    if (!web->daemon)
        return false;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    web->poll_fd = info ? info->epoll_fd : -1;
    return true;
}

enum till_code web_open(const struct web_options *options, struct web **ret_web,
                        struct till_error *e)
{
    int fd = -1;
    struct web *web = new_web(options);
    if (!web)
        return TILL_FAIL_MEMORY(e);
    enum till_code code = listen_open(options->address, options->port, &fd, &web->port, e);
    if (code) {
        till_free(web);
        return code;
    }
    if (!start(web, fd)) {
        (void)close(fd);
        till_free(web);
        return TILL_FAIL(e, TILL_MEMORY, 0, "the web server could not start");
    }
    *ret_web = web;
    return TILL_OK;
}

// The library wants no suspended connection when it stops.
void web_close(struct web *web)
{
    if (!web)
        return;
    streams_end(web);
    for (struct exchange *exchange = web->exchanges; exchange; exchange = exchange->next) {
        if (exchange->is_suspended)
            MHD_resume_connection(exchange->connection);
        exchange->is_suspended = false;
    }
    MHD_stop_daemon(web->daemon);
    till_free(web);
}

uint16_t web_port(const struct web *web)
{
    return web->port;
}

enum till_code web_step_with(struct web *web, struct pollfd *others, size_t other_count,
                             int wait_ms, int *ret_answered, struct till_error *e)
{
    struct pollfd fds[1 + WEB_OTHERS] = {{.fd = web->poll_fd, .events = POLLIN}};
    MHD_UNSIGNED_LONG_LONG own_ms = 0;
    size_t count = other_count < WEB_OTHERS ? other_count : WEB_OTHERS;
    if (count > 0)
        memcpy(fds + 1, others, count * sizeof(fds[0]));
    if (MHD_get_timeout(web->daemon, &own_ms) == MHD_YES &&
        own_ms < (MHD_UNSIGNED_LONG_LONG)wait_ms)
        wait_ms = (int)own_ms;
    if (web->has_woken)
        wait_ms = 0;
    web->has_woken = false;
    web->answered = 0;
    int ready = poll(fds, (nfds_t)(1 + count), wait_ms);
    for (size_t i = 0; i < count; i++)
        others[i].revents = ready > 0 ? fds[1 + i].revents : 0;
    if ((ready < 0 && errno != EINTR) || MHD_run(web->daemon) != MHD_YES)
        return TILL_FAIL(e, TILL_NETWORK, 0, "the web server stopped working");
    streams_look(web);
    cut_late_ones(web);
    *ret_answered = web->answered;
    return TILL_OK;
}

enum till_code web_step(struct web *web, int wait_ms, int *ret_answered, struct till_error *e)
{
    return web_step_with(web, NULL, 0, wait_ms, ret_answered, e);
}
