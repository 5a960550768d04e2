// SPDX-License-Identifier: Apache-2.0
// server_http.c - requests in, replies out: the only file that speaks to the HTTP library's request side.
//
// The library calls a handler several times for a request: first with the headers, then with each piece of a body, last with none. The reply
// is made at the last call, so that a connection stays usable whatever came before. A slow reply puts its connection to sleep between
// being made and being sent; the limiter learns of a token when the reply leaves, as it would behind a network.
#include "server_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct transport {
    struct server *server;
    struct sleepers *sleepers;
    struct MHD_Daemon *daemons[PLACE_COUNT];
};

enum exchange_state { EXCHANGE_NEW, EXCHANGE_BODY, EXCHANGE_SLEEPING };

struct exchange {
    enum exchange_state state;
    struct request request;
    struct reply reply;
    bool is_counted; // as in flight
};

static void exchange_free(struct exchange *exchange)
{
    if (exchange != NULL) {
        free(exchange->request.target);
        free(exchange->request.path);
        sim_out_release(&exchange->request.body);
        reply_release(&exchange->reply);
        free(exchange);
    }
}

// First sight of a request: its target, before the library has decoded anything.
static void *begin_exchange(void *argument, const char *target, struct MHD_Connection *connection)
{
    (void)argument;
    (void)connection;
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange != NULL) {
        exchange->request.target = strdup(target);
        exchange->request.path = strdup(target);
    }
    if (exchange == NULL || exchange->request.target == NULL || exchange->request.path == NULL) {
        exchange_free(exchange);
        return NULL;
    }
    return exchange;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void read_headers(struct environment *environment, struct exchange *exchange,
                         struct MHD_Connection *connection, const char *method)
{
    struct server *server = environment->server;
    struct request *request = &exchange->request;
    size_t length = strlen(method);
    memcpy(request->method, method,
           length < sizeof(request->method) ? length : sizeof(request->method) - 1);
    request->number = atomic_fetch_add(&server->request_number, 1) + 1;
    request->authorization = header(connection, "Authorization");
    request->version = header(connection, "Polar-Version");
    request->host = header(connection, "Host");
    request->control_key = header(connection, "X-Sim-Key");
    request->user_agent = header(connection, "User-Agent");
    request->content_length = header(connection, "Content-Length");
    request->accept_encoding = header(connection, "Accept-Encoding");
    request->umami_api_key = header(connection, "x-umami-api-key");
    request->takes_body =
        environment->index >= ENVIRONMENT_COUNT || strncmp(request->path, "/_sim/", 6) == 0;
    request->query = strchr(request->path, '?');
    if (request->query != NULL) {
        *request->query++ = '\0';
    }
    query_decode(request->path, false);
    if (environment->index < ENVIRONMENT_COUNT && strncmp(request->path, "/api/v1/", 8) == 0) {
        request->is_old_root = true;
        memmove(request->path, request->path + 4, strlen(request->path + 4) + 1);
    }
}

static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *size)
{
    struct request *request = &exchange->request;
    request->body_length += *size;
    if (request->body_length > 2 * (uint64_t)SERVER_REQUEST_BODY_BYTES_MAX) {
        return MHD_NO;
    }
    if (request->takes_body) {
        if (request->body_length > SERVER_CONTROL_BODY_BYTES_MAX) {
            return MHD_NO;
        }
        sim_out_append(&request->body, data, *size);
    }
    *size = 0;
    return MHD_YES;
}

static struct MHD_Response *make_response(struct transport *transport,
                                          struct MHD_Connection *connection, struct reply *reply)
{
    if (stream_is_needed(reply)) {
        return stream_response(transport->sleepers, connection, reply);
    }
    struct MHD_Response *response;
    if (reply->body.len == 0) {
        static char nothing[1];
        response = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    } else {
        response = MHD_create_response_from_buffer(reply->body.len, reply->body.data,
                                                   MHD_RESPMEM_MUST_FREE);
        if (response != NULL) {
            reply->body = (struct sim_out){0}; // the library frees it
        }
    }
    return response;
}

static void count_reply(struct server *server, const struct environment *environment,
                        const struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    const struct reply *reply = &exchange->reply;
    struct stats_event event = {.route = reply->route,
                                .environment = environment->index,
                                .status = reply->status,
                                .is_fault = reply->fault.kind != FAULT_NONE,
                                .method = request->method,
                                .target = request->target,
                                .version = request->version,
                                .user_agent = request->user_agent,
                                .accept_encoding = request->accept_encoding,
                                .token = auth_bearer(request->authorization),
                                .body_bytes = reply->body.len};
    stats_count(&server->stats, server_now_ms(), &event);
}

static enum MHD_Result send_reply(struct transport *transport, struct environment *environment,
                                  struct exchange *exchange, struct MHD_Connection *connection)
{
    struct server *server = transport->server;
    struct reply *reply = &exchange->reply;
    if (reply->body.failed) {
        return MHD_NO; // out of memory: the connection ends
    }
    if (exchange->is_counted) {
        count_reply(server, environment, exchange);
    }
    if (reply->is_authenticated) {
        struct limiter_caller caller = {environment->index,
                                        auth_bearer(exchange->request.authorization)};
        limiter_seen(server->limiter, server_now_ms(), &caller);
    }
    struct MHD_Response *response = make_response(transport, connection, reply);
    if (response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result result = MHD_YES;
    for (size_t i = 0; i < reply->header_count; i++) {
        result &=
            MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    }
    if (reply->content_type != NULL) {
        result &=
            MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
    }
    result &= MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static int64_t delay_ms(const struct server *server, const struct exchange *exchange)
{
    if (exchange->reply.fault.kind == FAULT_SLOW) {
        return exchange->reply.fault.ms;
    }
    return exchange->is_counted ? server->options.latency_ms : 0;
}

static enum MHD_Result handle(void *argument, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *http_version, const char *data,
                              size_t *size, void **context)
{
    (void)url;
    (void)http_version;
    struct environment *environment = argument;
    struct server *server = environment->server;
    struct transport *transport = environment->transport;
    struct exchange *exchange = *context;
    if (exchange == NULL) {
        return MHD_NO;
    }
    if (exchange->state == EXCHANGE_NEW) {
        read_headers(environment, exchange, connection, method);
        exchange->is_counted = strncmp(exchange->request.path, "/_sim/", 6) != 0;
        if (exchange->is_counted) {
            stats_begin(&server->stats);
        }
        exchange->state = EXCHANGE_BODY;
        return MHD_YES;
    }
    if (*size > 0) {
        return take_body(exchange, data, size);
    }
    if (exchange->state == EXCHANGE_BODY) {
        server_answer(server, environment, &exchange->request, &exchange->reply);
        exchange->state = EXCHANGE_SLEEPING;
        int64_t ms = delay_ms(server, exchange);
        if (ms > 0 && sleepers_add(transport->sleepers, connection, ms)) {
            return MHD_YES; // called again when it wakes
        }
    }
    return send_reply(transport, environment, exchange, connection);
}

static void end_exchange(void *argument, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    (void)connection;
    (void)why;
    struct environment *environment = argument;
    struct exchange *exchange = *context;
    if (exchange != NULL && exchange->is_counted) {
        stats_end(&environment->server->stats);
    }
    if (exchange != NULL && exchange->reply.is_query_running) {
        traffic_query_ended(environment->server->traffic);
    }
    exchange_free(exchange);
    *context = NULL;
}

static void watch_connection(void *argument, struct MHD_Connection *connection, void **context,
                             enum MHD_ConnectionNotificationCode what)
{
    (void)connection;
    (void)context;
    struct environment *environment = argument;
    stats_connection(&environment->server->stats, what == MHD_CONNECTION_NOTIFY_STARTED);
}

static bool start_daemon(struct transport *transport, struct environment *environment)
{
    bool is_service = environment->index >= ENVIRONMENT_COUNT;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons(is_service ? 0 : transport->server->options.ports[environment->index])};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_Daemon *daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, handle, environment, MHD_OPTION_SOCK_ADDR,
                         (struct sockaddr *)&address, MHD_OPTION_URI_LOG_CALLBACK, begin_exchange,
                         environment, MHD_OPTION_NOTIFY_COMPLETED, end_exchange, environment,
                         MHD_OPTION_NOTIFY_CONNECTION, watch_connection, environment,
                         MHD_OPTION_THREAD_POOL_SIZE, (unsigned)(is_service ? 1 : SERVER_THREADS),
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVER_CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_CONNECTION_MEMORY_BYTES,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_CONNECTION_TIMEOUT_S,
                         MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_END);
    if (daemon == NULL) {
        return false;
    }
    transport->daemons[environment->index] = daemon;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    environment->port = info != NULL ? info->port : 0;
    return info != NULL;
}

struct transport *transport_start(struct server *server, const char **ret_reason)
{
    struct transport *transport = calloc(1, sizeof(*transport));
    *ret_reason = "out of memory";
    if (transport == NULL) {
        return NULL;
    }
    transport->server = server;
    transport->sleepers = sleepers_new();
    bool is_good = transport->sleepers != NULL;
    for (size_t i = 0; i < PLACE_COUNT && is_good; i++) {
        server->environments[i].server = server;
        server->environments[i].transport = transport;
        is_good = start_daemon(transport, &server->environments[i]);
        if (!is_good) {
            *ret_reason = "a port cannot be listened on";
        }
    }
    if (!is_good) {
        transport_stop(transport);
        return NULL;
    }
    return transport;
}

void transport_stop(struct transport *transport)
{
    if (transport == NULL) {
        return;
    }
    sleepers_stop(transport->sleepers);
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        if (transport->daemons[i] != NULL) {
            MHD_stop_daemon(transport->daemons[i]);
        }
    }
    sleepers_free(transport->sleepers);
    free(transport);
}
