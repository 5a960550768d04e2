// SPDX-License-Identifier: Apache-2.0
// server_stats.h - what the simulator saw: counters, a histogram of seconds, and the last requests. Tokens are counted, never kept.
#ifndef SIM_SERVER_STATS_H
#define SIM_SERVER_STATS_H

#include "server_limits.h"
#include "world.h"

#include <pthread.h>

struct stats_request {
    int64_t at_ms; // since the reset
    unsigned environment, status;
    bool has_token;
    char method[16], target[512], version[16], user_agent[64], accept_encoding[32];
};

struct stats_route {
    const char *route; // static
    unsigned environment, status;
    uint64_t count;
};

struct stats {
    pthread_mutex_t lock;
    int64_t since_ms;
    uint64_t requests, refused, redirects, write_violations, unauthorized, faults, body_bytes,
        connections;
    unsigned in_flight, max_in_flight, open_connections, max_open_connections;
    struct stats_route routes[STATS_ROUTES_MAX];
    size_t route_count;
    uint64_t tokens[STATS_TOKENS_MAX]; // hashes
    size_t token_count;
    uint32_t seconds[STATS_SECONDS_MAX];
    struct stats_request *last; // ring
    uint64_t last_count;
};

struct stats_event {
    const char *route;
    unsigned environment, status;
    bool is_fault;
    const char *method, *target, *version, *user_agent, *accept_encoding;
    const char *token; // NULL without one
    uint64_t body_bytes;
};

bool stats_init(struct stats *stats, int64_t now_ms); // false when memory ran out
void stats_release(struct stats *stats);
void stats_reset(struct stats *stats, int64_t now_ms);
void stats_begin(struct stats *stats);
// Counted when the reply is ready to leave, so that a client that has its answer finds it counted.
void stats_count(struct stats *stats, int64_t now_ms, const struct stats_event *event);
void stats_end(struct stats *stats);
void stats_connection(struct stats *stats, bool is_open);
// Appends the counters as one JSON object, or the last requests as JSON lines.
void stats_print(struct stats *stats, int64_t now_ms, struct sim_out *out);
void stats_print_requests(struct stats *stats, struct sim_out *out);

#endif
