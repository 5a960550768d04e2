// SPDX-License-Identifier: Apache-2.0
// server_stats.c - counters behind one lock. A write request is any method but GET, HEAD and OPTIONS on /v1: a client that only reads
// must leave that counter at zero.
#include "server_stats.h"

#include "server_json.h"
#include "traffic.h"

#include <stdlib.h>
#include <string.h>

bool stats_init(struct stats *stats, int64_t now_ms)
{
    memset(stats, 0, sizeof(*stats));
    stats->last = calloc(STATS_REQUESTS_MAX, sizeof(*stats->last));
    stats->since_ms = now_ms;
    pthread_mutex_init(&stats->lock, NULL);
    return stats->last != NULL;
}

void stats_release(struct stats *stats)
{
    pthread_mutex_destroy(&stats->lock);
    free(stats->last);
    stats->last = NULL;
}

void stats_reset(struct stats *stats, int64_t now_ms)
{
    pthread_mutex_lock(&stats->lock);
    stats->since_ms = now_ms;
    stats->requests = stats->refused = stats->redirects = stats->write_violations =
        stats->unauthorized = 0;
    stats->faults = stats->body_bytes = stats->connections = stats->last_count = 0;
    stats->max_in_flight = stats->in_flight;
    stats->max_open_connections = stats->open_connections;
    stats->route_count = stats->token_count = 0;
    memset(stats->seconds, 0, sizeof(stats->seconds));
    pthread_mutex_unlock(&stats->lock);
}

void stats_begin(struct stats *stats)
{
    pthread_mutex_lock(&stats->lock);
    stats->in_flight++;
    if (stats->in_flight > stats->max_in_flight) {
        stats->max_in_flight = stats->in_flight;
    }
    pthread_mutex_unlock(&stats->lock);
}

void stats_end(struct stats *stats)
{
    pthread_mutex_lock(&stats->lock);
    stats->in_flight--;
    pthread_mutex_unlock(&stats->lock);
}

void stats_connection(struct stats *stats, bool is_open)
{
    pthread_mutex_lock(&stats->lock);
    if (is_open) {
        stats->connections++;
        stats->open_connections++;
        if (stats->open_connections > stats->max_open_connections) {
            stats->max_open_connections = stats->open_connections;
        }
    } else {
        stats->open_connections--;
    }
    pthread_mutex_unlock(&stats->lock);
}

static void count_route(struct stats *stats, const struct stats_event *event)
{
    for (size_t i = 0; i < stats->route_count; i++) {
        struct stats_route *route = &stats->routes[i];
        if (route->status == event->status && route->environment == event->environment &&
            strcmp(route->route, event->route) == 0) {
            route->count++;
            return;
        }
    }
    if (stats->route_count < STATS_ROUTES_MAX) {
        stats->routes[stats->route_count++] =
            (struct stats_route){.route = event->route,
                                 .environment = event->environment,
                                 .status = event->status,
                                 .count = 1};
    }
}

static void count_token(struct stats *stats, const char *token)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *c = token; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    }
    for (size_t i = 0; i < stats->token_count; i++) {
        if (stats->tokens[i] == hash) {
            return;
        }
    }
    if (stats->token_count < STATS_TOKENS_MAX) {
        stats->tokens[stats->token_count++] = hash;
    }
}

static void copy_text(char *to, size_t size, const char *from)
{
    size_t length = from != NULL ? strlen(from) : 0;
    length = length < size ? length : size - 1;
    if (length > 0) {
        memcpy(to, from, length);
    }
    to[length] = '\0';
}

static void remember(struct stats *stats, int64_t now_ms, const struct stats_event *event)
{
    struct stats_request *entry = &stats->last[stats->last_count++ % STATS_REQUESTS_MAX];
    entry->at_ms = now_ms - stats->since_ms;
    entry->environment = event->environment;
    entry->status = event->status;
    entry->has_token = event->token != NULL;
    copy_text(entry->method, sizeof(entry->method), event->method);
    copy_text(entry->target, sizeof(entry->target), event->target);
    copy_text(entry->version, sizeof(entry->version), event->version);
    copy_text(entry->user_agent, sizeof(entry->user_agent), event->user_agent);
    copy_text(entry->accept_encoding, sizeof(entry->accept_encoding), event->accept_encoding);
}

static bool is_write(const struct stats_event *event)
{
    bool is_api =
        strncmp(event->target, "/v1/", 4) == 0 || strncmp(event->target, "/api/v1/", 8) == 0;
    return event->environment < 2 && is_api && strcmp(event->method, "GET") != 0 &&
           strcmp(event->method, "HEAD") != 0 && strcmp(event->method, "OPTIONS") != 0;
}

void stats_count(struct stats *stats, int64_t now_ms, const struct stats_event *event)
{
    pthread_mutex_lock(&stats->lock);
    stats->requests++;
    stats->refused += event->status == 429;
    stats->redirects += event->status == 307;
    stats->unauthorized += event->status == 401;
    stats->write_violations += is_write(event);
    stats->faults += event->is_fault;
    stats->body_bytes += event->body_bytes;
    count_route(stats, event);
    if (event->token != NULL) {
        count_token(stats, event->token);
    }
    int64_t second = (now_ms - stats->since_ms) / 1000;
    if (second >= 0 && second < STATS_SECONDS_MAX) {
        stats->seconds[second]++;
    }
    remember(stats, now_ms, event);
    pthread_mutex_unlock(&stats->lock);
}

static const char *environment_name(unsigned environment)
{
    return environment == 0   ? "production"
           : environment == 1 ? "sandbox"
                              : traffic_service_names[environment - 2];
}

// {"production":{"orders":{"200":3}},...} needs grouping; a list of records says the same and needs none.
static void print_routes(const struct stats *stats, struct sim_out *out)
{
    json_append_literal(out, ",\"routes\":[");
    for (size_t i = 0; i < stats->route_count; i++) {
        const struct stats_route *route = &stats->routes[i];
        sim_out_format(out,
                       "%s{\"environment\":\"%s\",\"route\":\"%s\",\"status\":%u,\"count\":%llu}",
                       i > 0 ? "," : "", environment_name(route->environment), route->route,
                       route->status, (unsigned long long)route->count);
    }
    json_append_literal(out, "]");
}

static void print_seconds(const struct stats *stats, struct sim_out *out)
{
    size_t count = STATS_SECONDS_MAX;
    while (count > 0 && stats->seconds[count - 1] == 0) {
        count--;
    }
    json_append_literal(out, ",\"seconds\":[");
    for (size_t i = 0; i < count; i++) {
        sim_out_format(out, "%s%u", i > 0 ? "," : "", stats->seconds[i]);
    }
    json_append_literal(out, "]");
}

void stats_print(struct stats *stats, int64_t now_ms, struct sim_out *out)
{
    pthread_mutex_lock(&stats->lock);
    const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        {"elapsed_ms", (uint64_t)(now_ms - stats->since_ms)},
        {"requests", stats->requests},
        {"status_429", stats->refused},
        {"status_401", stats->unauthorized},
        {"redirects", stats->redirects},
        {"write_violations", stats->write_violations},
        {"faults", stats->faults},
        {"body_bytes", stats->body_bytes},
        {"in_flight", stats->in_flight},
        {"max_in_flight", stats->max_in_flight},
        {"connections", stats->connections},
        {"max_connections", stats->max_open_connections},
        {"distinct_tokens", stats->token_count},
    };
    for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
        sim_out_format(out, "%s\"%s\":%llu", i == 0 ? "{" : ",", counters[i].name,
                       (unsigned long long)counters[i].value);
    }
    print_routes(stats, out);
    print_seconds(stats, out);
    json_append_literal(out, "}");
    pthread_mutex_unlock(&stats->lock);
}

void stats_print_requests(struct stats *stats, struct sim_out *out)
{
    pthread_mutex_lock(&stats->lock);
    uint64_t first =
        stats->last_count > STATS_REQUESTS_MAX ? stats->last_count - STATS_REQUESTS_MAX : 0;
    for (uint64_t i = first; i < stats->last_count; i++) {
        const struct stats_request *entry = &stats->last[i % STATS_REQUESTS_MAX];
        sim_out_format(
            out,
            "{\"at_ms\":%lld,\"environment\":\"%s\",\"status\":%u,\"has_token\":%s,\"method\":",
            (long long)entry->at_ms, environment_name(entry->environment), entry->status,
            entry->has_token ? "true" : "false");
        json_append_string(out, entry->method);
        json_append_literal(out, ",\"target\":");
        json_append_string(out, entry->target);
        json_append_literal(out, ",\"version\":");
        json_append_string(out, entry->version);
        json_append_literal(out, ",\"user_agent\":");
        json_append_string(out, entry->user_agent);
        json_append_literal(out, ",\"accept_encoding\":");
        json_append_string(out, entry->accept_encoding);
        json_append_literal(out, "}\n");
    }
    pthread_mutex_unlock(&stats->lock);
}
