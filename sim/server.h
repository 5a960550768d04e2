// SPDX-License-Identifier: Apache-2.0
// server.h - a loopback Polar over two simulated shops: production and sandbox.
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "world.h"

struct server; // opaque

struct server_options {
    struct sim_world_options worlds[2]; // production, sandbox
    uint16_t ports[2];                  // 0 = any free one
    bool is_limited;                    // Polar's rate limits apply
    uint64_t seed;                      // of ties
    int64_t latency_ms;                 // before each answer
    const char *umami_version;          // NULL = 3
    bool has_google_key;                // in the line that describes the server
};

// Builds the worlds and accepts connections on 127.0.0.1. NULL on failure, with the reason.
struct server *server_start(const struct server_options *options, const char **ret_reason);
// Ends all connections and frees everything.
void server_stop(struct server *server);

// Adds a token under a name, for server_describe(). `spec` is NAME=SCOPES[@production|@sandbox]. False for a bad one.
bool server_add_token(struct server *server, const char *spec);
// Replaces the fault plan. False with the reason when the JSON is not a plan.
bool server_load_faults(struct server *server, const char *json, size_t length,
                        const char **ret_reason);
// From now on server_live_step() lets something happen to production, and posts what its webhooks say of it to this address on loopback, signed with
// the secret. Both from one thread.
bool server_live_begin(struct server *server, const char *url, const char *secret,
                       const char **ret_reason);
void server_live_step(struct server *server);
// Appends the line that tells a client everything: addresses, organizations, tokens, the control key.
void server_describe(struct server *server, struct sim_out *out);

#endif
