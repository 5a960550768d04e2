// SPDX-License-Identifier: Apache-2.0
// server.c - the life of a simulator: two worlds, their tokens, and the transport over them.
#include "server.h"

#include "server_core.h"
#include "server_json.h"

#include <stdlib.h>
#include <string.h>

static bool environment_init(struct environment *environment, unsigned index,
                             const struct sim_world_options *options)
{
    environment->index = index;
    environment->name = index == PRODUCTION ? "production" : "sandbox";
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    // Readers come without pause while a client pages; a mutation must not wait for ever.
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&environment->lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    listing_cache_init(&environment->cache);
    environment->world = world_new(options);
    environment->webhooks = webhooks_new();
    return environment->world != NULL && environment->webhooks != NULL;
}

static void environment_release(struct environment *environment)
{
    if (environment->name != NULL) {
        listing_cache_release(&environment->cache);
        webhooks_free(environment->webhooks);
        world_free(environment->world);
        pthread_rwlock_destroy(&environment->lock);
    }
}

static bool add_token(struct server *server, struct environment *environment, const char *name,
                      const char *scope_text)
{
    auth_scopes scopes;
    struct named_token *token = &environment->tokens[environment->token_count];
    if (environment->token_count == NAMED_TOKENS_MAX || strlen(name) >= sizeof(token->name) ||
        !auth_scopes_parse(scope_text, &scopes) ||
        !auth_token_new(server->auth, environment->index, scopes, token->token)) {
        return false;
    }
    memcpy(token->name, name, strlen(name) + 1);
    environment->token_count++;
    return true;
}

static bool add_standard_tokens(struct server *server)
{
    static const char *const names[] = {"full", "read", "events", "minimal", "write"};
    for (size_t e = 0; e < ENVIRONMENT_COUNT; e++) {
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
            if (!add_token(server, &server->environments[e], names[i], names[i])) {
                return false;
            }
        }
    }
    return true;
}

static const char *build(struct server *server)
{
    server->auth = auth_new();
    server->limiter = limiter_new();
    server->faults = fault_plan_new();
    bool has_parts = stats_init(&server->stats, server_now_ms()) && server->auth != NULL &&
                     server->limiter != NULL && server->faults != NULL;
    if (!has_parts) {
        return "out of memory";
    }
    for (unsigned i = 0; i < ENVIRONMENT_COUNT; i++) {
        if (!environment_init(&server->environments[i], i, &server->options.worlds[i])) {
            return "out of memory while building a shop";
        }
    }
    for (unsigned i = 0; i < TRAFFIC_SERVICE__COUNT; i++) {
        server->environments[ENVIRONMENT_COUNT + i].index = ENVIRONMENT_COUNT + i;
    }
    const struct traffic_options traffic = {.umami_version = server->options.umami_version,
                                            .is_limited = server->options.is_limited};
    server->traffic = traffic_new(&traffic);
    if (server->traffic == NULL) {
        return "no keys for the traffic services";
    }
    if (!add_standard_tokens(server) ||
        !auth_random_text(server->control_key, sizeof(server->control_key) - 1)) {
        return "no random numbers for tokens";
    }
    return NULL;
}

struct server *server_start(const struct server_options *options, const char **ret_reason)
{
    struct server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        *ret_reason = "out of memory";
        return NULL;
    }
    server->options = *options;
    atomic_store(&server->is_limited, options->is_limited);
    const char *reason = build(server);
    if (reason == NULL) {
        server->transport = transport_start(server, &reason);
    }
    if (server->transport == NULL) {
        server_stop(server);
        *ret_reason = reason;
        return NULL;
    }
    return server;
}

void server_stop(struct server *server)
{
    if (server == NULL) {
        return;
    }
    transport_stop(server->transport);
    for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
        environment_release(&server->environments[i]);
    }
    traffic_free(server->traffic);
    fault_plan_free(server->faults);
    limiter_free(server->limiter);
    auth_free(server->auth);
    stats_release(&server->stats);
    free(server);
}

bool server_add_token(struct server *server, const char *spec)
{
    char *copy = strdup(spec);
    char *scopes = copy != NULL ? strchr(copy, '=') : NULL;
    bool is_added = false;
    if (scopes != NULL) {
        *scopes++ = '\0';
        char *place = strchr(scopes, '@');
        struct environment *environment = &server->environments[PRODUCTION];
        if (place != NULL) {
            *place++ = '\0';
            environment =
                strcmp(place, "sandbox") == 0 ? &server->environments[SANDBOX] : environment;
        }
        bool is_place = place == NULL || strcmp(place, environment->name) == 0;
        is_added = is_place && add_token(server, environment, copy, scopes);
    }
    free(copy);
    return is_added;
}

bool server_load_faults(struct server *server, const char *json, size_t length,
                        const char **ret_reason)
{
    return fault_plan_load(server->faults, json, length, ret_reason);
}

void server_describe(struct server *server, struct sim_out *out)
{
    json_append_literal(out, "{");
    for (size_t e = 0; e < ENVIRONMENT_COUNT; e++) {
        struct environment *environment = &server->environments[e];
        sim_out_format(out,
                       "\"%s\":{\"url\":\"http://"
                       "127.0.0.1:%u\",\"organization_id\":\"%s\",\"organization_name\":",
                       environment->name, environment->port,
                       world_organization_id(environment->world));
        json_append_string(out, world_organization_name(environment->world));
        json_append_literal(out, ",\"tokens\":{");
        for (size_t i = 0; i < environment->token_count; i++) {
            sim_out_text(out, i > 0 ? "," : "");
            json_append_string(out, environment->tokens[i].name);
            sim_out_format(out, ":\"%s\"", environment->tokens[i].token);
        }
        json_append_literal(out, "}},");
    }
    uint16_t ports[TRAFFIC_SERVICE__COUNT];
    for (size_t i = 0; i < TRAFFIC_SERVICE__COUNT; i++) {
        ports[i] = server->environments[ENVIRONMENT_COUNT + i].port;
    }
    traffic_describe(server->traffic, ports, server->options.has_google_key, out);
    sim_out_format(out, "\"control\":{\"url\":\"http://127.0.0.1:%u/_sim/\",\"key\":\"%s\"}}\n",
                   server->environments[PRODUCTION].port, server->control_key);
}
