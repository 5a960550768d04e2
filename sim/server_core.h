// SPDX-License-Identifier: Apache-2.0
// server_core.h - what the files of the server share: requests, replies, and the state of the two environments.
//
// A request is a value that owns its text; server_answer() turns it into a reply, another value, and knows nothing of sockets;
// server_http.c and server_stream.c carry replies over the network, including the ones that are to go wrong on the way.
#ifndef SIM_SERVER_CORE_H
#define SIM_SERVER_CORE_H

#include "auth.h"
#include "faults.h"
#include "limiter.h"
#include "server.h"
#include "server_limits.h"
#include "server_listing.h"
#include "server_stats.h"
#include "traffic.h"
#include "webhook.h"

#include <pthread.h>
#include <stdatomic.h>

// Two shops; the traffic services have environments too, with a port and without a shop.
enum {
    PRODUCTION,
    SANDBOX,
    ENVIRONMENT_COUNT,
    PLACE_COUNT = ENVIRONMENT_COUNT + TRAFFIC_SERVICE__COUNT
};

struct named_token {
    char name[32];
    char token[AUTH_TOKEN_BYTES];
};
enum { NAMED_TOKENS_MAX = 32 };

struct environment {
    struct server *server;
    struct transport *transport;
    unsigned index; // PRODUCTION or SANDBOX; then the services, without a world
    const char *name;
    struct sim_world *world;
    struct webhooks *webhooks;
    pthread_rwlock_t lock; // of the world and its webhooks
    struct listing_cache cache;
    uint16_t port;
    struct named_token tokens[NAMED_TOKENS_MAX];
    size_t token_count;
    // Live data while a client pages: `mutation` happens after every `mutate_every`-th list request (its seed plus their number).
    atomic_uint mutate_every;
    atomic_ullong list_requests;
    struct sim_mutation mutation; // under `lock`
};

struct server {
    struct server_options options;
    struct environment environments[PLACE_COUNT];
    struct traffic *traffic;
    struct auth *auth;
    struct limiter *limiter;
    atomic_bool is_limited;
    struct fault_plan *faults;
    struct stats stats;
    char control_key[33];
    atomic_ullong request_number;
    struct transport *transport; // server_http.c
    uint64_t live_steps;         // live.c
};

struct request {
    char *target; // as it came: path and query, still encoded
    char *path;   // decoded; /api/v1 is already /v1
    char *query;  // still encoded; NULL when there is none
    char method[16];
    bool is_old_root; // came as /api/v1
    bool takes_body;
    uint64_t number;
    // Headers, NULL when absent; borrowed from the connection, except `body`.
    const char *authorization, *version, *host, *control_key, *user_agent, *content_length,
        *accept_encoding, *umami_api_key;
    struct sim_out body; // of control calls and of calls to services only
    uint64_t body_length;
};

struct reply_header {
    const char *name; // static
    char *value;      // owned
};

enum reply_delivery { DELIVER_BODY, DELIVER_ROWS, DELIVER_HUGE };

struct reply {
    unsigned status;
    struct reply_header headers[SERVER_REPLY_HEADERS_MAX];
    size_t header_count;
    const char *content_type; // static; NULL = no header
    struct sim_out body;
    enum reply_delivery delivery;
    struct fault_action fault;
    const char *route;     // static or a table's name, for the counters
    bool is_authenticated; // the limiter remembers the token when the reply has left
    bool is_query_running; // of a traffic service, until the reply has left
    // DELIVER_ROWS
    struct environment *rows_environment;
    enum sim_table rows_table;
    bool has_hidden_rows;
};

// server_reply.c
void reply_release(struct reply *reply);
// Adds a header; the value is copied.
void reply_header(struct reply *reply, const char *name, const char *value);
const char *reply_header_value(const struct reply *reply, const char *name);
// Sets status, content type and a body that is a literal.
void reply_json(struct reply *reply, unsigned status, const char *body);
void reply_redirect(struct reply *reply, const struct request *request,
                    const struct environment *environment);
void reply_http_date(int64_t unix_s, char ret_text[static 32]);

// server_answer.c: the whole of Polar's behaviour for one request.
void server_answer(struct server *server, struct environment *environment,
                   const struct request *request, struct reply *reply);
// server_list.c: list and get-one, for a caller that may read the table.
void answer_list(struct server *server, struct environment *environment, enum sim_table table,
                 const struct request *request, struct reply *reply);
void answer_get_one(struct environment *environment, enum sim_table table, const char *id,
                    struct reply *reply);
void answer_external_customer(struct environment *environment, const char *external_id,
                              struct reply *reply);
// server_metrics.c: GET /v1/metrics/, for a caller that may.
void answer_metrics(struct environment *environment, const struct request *request,
                    struct reply *reply);
// control.c: calls under /_sim/.
void control_answer(struct server *server, struct environment *environment,
                    const struct request *request, struct reply *reply);

// Milliseconds of a steady clock.
int64_t server_now_ms(void);

// server_http.c
struct transport *transport_start(struct server *server, const char **ret_reason);
void transport_stop(struct transport *transport);

#endif
