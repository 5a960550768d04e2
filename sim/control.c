// SPDX-License-Identifier: Apache-2.0
// control.c - the calls under /_sim/ by which a test drives the simulator and asks it for the truth. They need the control key, are never
// limited, never counted and never faulty. Tokens travel in bodies, not in addresses.
#include "server_core.h"

#include "server_json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yyjson.h>

// What a call may read: its own environment (?env=), its parameters, what follows its name in the path, and the body.
struct call {
    struct server *server;
    struct environment *environment;
    const struct request *request;
    struct query query;
    const char *rest;
    struct reply *reply;
};

static void refuse(struct call *call, const char *reason)
{
    reply_json(call->reply, 400, "{\"error\":");
    json_append_string(&call->reply->body, reason);
    json_append_literal(&call->reply->body, "}");
}

static int64_t number(const struct call *call, const char *name, int64_t otherwise)
{
    const char *text = query_last(&call->query, name);
    return text != NULL ? strtoll(text, NULL, 10) : otherwise;
}

static void done(struct call *call)
{
    reply_json(call->reply, 200, "{}");
}

static void call_stats(struct call *call)
{
    reply_json(call->reply, 200, "");
    stats_print(&call->server->stats, server_now_ms(), &call->reply->body);
}

static void call_reset_stats(struct call *call)
{
    stats_reset(&call->server->stats, server_now_ms());
    done(call);
}

static void call_requests(struct call *call)
{
    call->reply->status = 200;
    call->reply->content_type = "application/jsonl";
    stats_print_requests(&call->server->stats, &call->reply->body);
}

// The table named by the path, or a refusal.
static bool read_table(struct call *call, enum sim_table *ret_table)
{
    enum sim_table table = table_by_name(call->rest, strlen(call->rest));
    if (table == SIM_TABLE__COUNT) {
        refuse(call, "there is no such table");
        return false;
    }
    *ret_table = table;
    return true;
}

static void call_rows(struct call *call)
{
    enum sim_table table;
    if (!read_table(call, &table)) {
        return;
    }
    call->reply->status = 200;
    call->reply->content_type = "application/jsonl";
    call->reply->delivery = DELIVER_ROWS;
    call->reply->rows_environment = call->environment;
    call->reply->rows_table = table;
    call->reply->has_hidden_rows = number(call, "listed", 1) == 0;
}

static void call_count(struct call *call)
{
    enum sim_table table;
    if (!read_table(call, &table)) {
        return;
    }
    bool is_listed_only = number(call, "listed", 1) != 0;
    struct environment *environment = call->environment;
    pthread_rwlock_rdlock(&environment->lock);
    uint32_t total = world_count(environment->world, table), count = 0;
    for (uint32_t row = 0; row < total; row++) {
        count += !is_listed_only || world_is_listed(environment->world, table, row);
    }
    pthread_rwlock_unlock(&environment->lock);
    reply_json(call->reply, 200, "");
    sim_out_format(&call->reply->body, "{\"count\":%u}", count);
}

// What the parameters of mutate and mutate-during ask for; false after a refusal.
static bool read_mutation(struct call *call, struct sim_mutation *ret, int64_t count,
                          int64_t seconds)
{
    const char *names = query_last(&call->query, "kinds");
    *ret = (struct sim_mutation){
        .seed = (uint64_t)number(call, "seed", 1),
        .count = (uint32_t)number(call, "count", count),
        .seconds = number(call, "seconds", seconds),
        .is_scattered = number(call, "scattered", 0) != 0,
        .event_lag_minutes = (uint8_t)number(call, "event_lag_minutes", 0),
    };
    if (names != NULL && !world_kinds_parse(names, &ret->kinds)) {
        refuse(call, "kinds is a list of kinds or groups (sim/README.md)");
        return false;
    }
    return true;
}

// Every row's id and whether it is listed, in creation order. Of events, those of the system alone, which are what clients mirror.
static void call_ids(struct call *call)
{
    enum sim_table table;
    if (!read_table(call, &table)) {
        return;
    }
    call->reply->status = 200;
    call->reply->content_type = "text/plain";
    const struct sim_world *world = call->environment->world;
    char id[SIM_SCRATCH_BYTES], source[SIM_SCRATCH_BYTES];
    pthread_rwlock_rdlock(&call->environment->lock);
    for (uint32_t row = 0; row < world_count(world, table); row++) {
        struct sim_value from = world_value(world, table, row, SIM_F_SOURCE, source);
        if (from.kind == SIM_TEXT && strcmp(from.text, "system") != 0) {
            continue;
        }
        struct sim_value value = world_value(world, table, row, SIM_F_ID, id);
        sim_out_append(&call->reply->body, value.text, value.len);
        sim_out_text(&call->reply->body, world_is_listed(world, table, row) ? " 1\n" : " 0\n");
    }
    pthread_rwlock_unlock(&call->environment->lock);
}

static void call_mutate(struct call *call)
{
    struct environment *environment = call->environment;
    struct sim_mutation mutation;
    struct sim_mutated done;
    if (!read_mutation(call, &mutation, 10, 3600)) {
        return;
    }
    pthread_rwlock_wrlock(&environment->lock);
    world_mutate_kinds(environment->world, &mutation, &done);
    webhooks_collect(environment->webhooks, environment->world);
    int64_t now_us = world_now_us(environment->world);
    pthread_rwlock_unlock(&environment->lock);
    reply_json(call->reply, 200, "");
    struct sim_out *out = &call->reply->body;
    sim_out_format(out, "{\"changed\":%u,\"now_us\":%lld,\"impossible\":%u,\"kinds\":{",
                   done.changed, (long long)now_us, done.impossible);
    bool is_first = true;
    for (unsigned i = 0; i < SIM_KIND_COUNT; i++) {
        if (done.of_kind[i] > 0) {
            sim_out_format(out, "%s\"%s\":%u", is_first ? "" : ",", world_kind_name(i),
                           done.of_kind[i]);
            is_first = false;
        }
    }
    sim_out_text(out, "}}");
}

static void call_kinds(struct call *call)
{
    reply_json(call->reply, 200, "{\"kinds\":[");
    for (unsigned i = 0; i < SIM_KIND_COUNT; i++)
        sim_out_format(&call->reply->body, "%s\"%s\"", i > 0 ? "," : "", world_kind_name(i));
    sim_out_text(&call->reply->body, "]}");
}

static void call_mutate_during(struct call *call)
{
    struct environment *environment = call->environment;
    struct sim_mutation mutation;
    if (!read_mutation(call, &mutation, 1, 1)) {
        return;
    }
    pthread_rwlock_wrlock(&environment->lock);
    environment->mutation = mutation;
    pthread_rwlock_unlock(&environment->lock);
    atomic_store(&environment->list_requests, 0);
    atomic_store(&environment->mutate_every, (unsigned)number(call, "every", 0));
    done(call);
}

static void call_token(struct call *call)
{
    const char *text = query_last(&call->query, "scopes");
    auth_scopes scopes;
    char token[AUTH_TOKEN_BYTES];
    if (!auth_scopes_parse(text != NULL ? text : "", &scopes)) {
        refuse(call, "a scope is not known");
    } else if (!auth_token_new(call->server->auth, call->environment->index, scopes, token)) {
        refuse(call, "no more tokens");
    } else {
        reply_json(call->reply, 200, "");
        sim_out_format(&call->reply->body, "{\"token\":\"%s\"}", token);
    }
}

// Edits (with `scopes`) or revokes the token in the body {"token":"..."}.
static void change_token(struct call *call, const auth_scopes *scopes)
{
    yyjson_doc *document = yyjson_read(call->request->body.data, call->request->body.len, 0);
    const char *token = yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(document), "token"));
    bool is_known =
        token != NULL && (scopes != NULL ? auth_token_edit(call->server->auth, token, *scopes)
                                         : auth_token_revoke(call->server->auth, token));
    if (is_known) {
        done(call);
    } else {
        refuse(call, "the body must be {\"token\":...} with a known token");
    }
    yyjson_doc_free(document);
}

static void call_token_edit(struct call *call)
{
    const char *text = query_last(&call->query, "scopes");
    auth_scopes scopes;
    if (!auth_scopes_parse(text != NULL ? text : "", &scopes)) {
        refuse(call, "a scope is not known");
        return;
    }
    change_token(call, &scopes);
}

static void call_token_revoke(struct call *call)
{
    change_token(call, NULL);
}

static void call_load_faults(struct call *call)
{
    const char *reason = NULL;
    const struct sim_out *body = &call->request->body;
    if (fault_plan_load(call->server->faults, body->data != NULL ? body->data : "", body->len,
                        &reason)) {
        done(call);
    } else {
        refuse(call, reason);
    }
}

static void call_fault_counts(struct call *call)
{
    reply_json(call->reply, 200, "");
    fault_plan_counts(call->server->faults, &call->reply->body);
}

static void call_limiter(struct call *call)
{
    static const char *const groups[] = {"default", "restricted", "elevated"};
    struct server *server = call->server;
    const char *group = query_last(&call->query, "group");
    const char *mode = query_last(&call->query, "mode");
    const char *block = query_last(&call->query, "block_seconds");
    unsigned index = 0;
    while (group != NULL && index < LIMITER_GROUP__COUNT && strcmp(groups[index], group) != 0) {
        index++;
    }
    if (index == LIMITER_GROUP__COUNT ||
        (mode != NULL && strcmp(mode, "real") != 0 && strcmp(mode, "none") != 0)) {
        refuse(call, "group is default, restricted or elevated; mode is real or none");
        return;
    }
    if (number(call, "reset", 0) != 0) {
        limiter_reset(server->limiter);
    }
    if (group != NULL) {
        limiter_set_group(server->limiter, call->environment->index, (enum limiter_group)index);
    }
    if (block != NULL) {
        limiter_block(server->limiter, server_now_ms(), call->environment->index,
                      strtoll(block, NULL, 10));
    }
    if (mode != NULL) {
        atomic_store(&server->is_limited, strcmp(mode, "real") == 0);
    }
    done(call);
}

// The body is {"url":...,"secret":...}; without a secret one is made.
static void call_webhooks(struct call *call)
{
    struct environment *environment = call->environment;
    yyjson_doc *document = yyjson_read(call->request->body.data, call->request->body.len, 0);
    yyjson_val *root = yyjson_doc_get_root(document);
    const char *key = query_last(&call->query, "key");
    const char *secret = NULL, *reason = NULL;
    const struct webhook_endpoint_options options = {
        .url = yyjson_get_str(yyjson_obj_get(root, "url")),
        .secret = yyjson_get_str(yyjson_obj_get(root, "secret")),
        .events = query_last(&call->query, "events"),
        .is_standard = key != NULL && strcmp(key, "standard") == 0,
    };
    pthread_rwlock_wrlock(&environment->lock);
    bool is_done =
        webhooks_register(environment->webhooks, environment->world, &options, &secret, &reason);
    pthread_rwlock_unlock(&environment->lock);
    yyjson_doc_free(document);
    if (!is_done) {
        refuse(call, reason);
        return;
    }
    reply_json(call->reply, 200, "{\"secret\":");
    json_append_string(&call->reply->body, secret);
    json_append_literal(&call->reply->body, "}");
}

static void call_webhooks_deliver(struct call *call)
{
    struct environment *environment = call->environment;
    const char *order = query_last(&call->query, "order");
    const struct webhook_delivery delivery = {
        .seed = (uint64_t)number(call, "seed", 1),
        .is_shuffled = order != NULL && strcmp(order, "shuffled") == 0,
        .duplicates_percent = (unsigned)number(call, "duplicates", 0),
        .drop_percent = (unsigned)number(call, "drop", 0),
        .age_seconds = number(call, "age_seconds", 0),
        .now_seconds = time(NULL),
    };
    call->reply->status = 200;
    call->reply->content_type = "application/jsonl";
    pthread_rwlock_wrlock(&environment->lock);
    webhooks_deliver(environment->webhooks, &delivery, &call->reply->body);
    pthread_rwlock_unlock(&environment->lock);
}

static void call_facts(struct call *call)
{
    reply_json(call->reply, 200, "");
    call->reply->content_type = "application/jsonl";
    pthread_rwlock_rdlock(&call->environment->lock);
    bool is_known = world_render_facts(call->environment->world, call->rest, &call->reply->body);
    pthread_rwlock_unlock(&call->environment->lock);
    if (!is_known) {
        refuse(call, "there are no such facts");
    }
}

static void call_traffic(struct call *call)
{
    struct environment *shop = &call->server->environments[PRODUCTION];
    reply_json(call->reply, 200, "");
    call->reply->content_type = "application/jsonl";
    pthread_rwlock_rdlock(&shop->lock);
    const char *reason =
        traffic_truth(call->server->traffic, shop->world, &call->query, &call->reply->body);
    pthread_rwlock_unlock(&shop->lock);
    if (reason != NULL) {
        refuse(call, reason);
    }
}

static void call_google_key(struct call *call)
{
    call->reply->status = 200;
    call->reply->content_type = "application/x-pem-file";
    if (!traffic_google_key(call->server->traffic, &call->reply->body)) {
        refuse(call, "no key can be made");
    }
}

static void call_set_traffic(struct call *call)
{
    reply_json(call->reply, 200, "");
    const char *reason = traffic_control(call->server->traffic, &call->query, &call->reply->body);
    if (reason != NULL) {
        refuse(call, reason);
    }
}

static const struct {
    const char *method, *name; // a name that ends in '/' is followed by a table
    void (*run)(struct call *call);
} calls[] = {
    {"GET", "stats", call_stats},
    {"POST", "reset-stats", call_reset_stats},
    {"GET", "requests", call_requests},
    {"GET", "rows/", call_rows},
    {"GET", "count/", call_count},
    {"GET", "ids/", call_ids},
    {"GET", "facts/", call_facts},
    {"POST", "mutate", call_mutate},
    {"GET", "kinds", call_kinds},
    {"POST", "mutate-during", call_mutate_during},
    {"POST", "token", call_token},
    {"POST", "token-edit", call_token_edit},
    {"POST", "token-revoke", call_token_revoke},
    {"POST", "faults", call_load_faults},
    {"GET", "faults", call_fault_counts},
    {"POST", "limiter", call_limiter},
    {"GET", "traffic", call_traffic},
    {"POST", "traffic", call_set_traffic},
    {"GET", "google-key", call_google_key},
    {"POST", "webhooks", call_webhooks},
    {"POST", "webhooks/deliver", call_webhooks_deliver},
};

static void dispatch(struct call *call)
{
    const char *name = call->request->path + strlen("/_sim/");
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        size_t length = strlen(calls[i].name);
        bool takes_rest = calls[i].name[length - 1] == '/';
        bool is_named = takes_rest ? strncmp(name, calls[i].name, length) == 0
                                   : strcmp(name, calls[i].name) == 0;
        if (is_named && strcmp(call->request->method, calls[i].method) == 0) {
            call->rest = name + length;
            calls[i].run(call);
            return;
        }
    }
    reply_json(call->reply, 404, "{\"error\":\"there is no such control call\"}");
}

void control_answer(struct server *server, struct environment *environment,
                    const struct request *request, struct reply *reply)
{
    struct call call = {
        .server = server, .environment = environment, .request = request, .reply = reply};
    if (request->control_key == NULL || strcmp(request->control_key, server->control_key) != 0) {
        reply_json(reply, 403, "{\"error\":\"the header X-Sim-Key is missing or wrong\"}");
        return;
    }
    if (environment->index >= ENVIRONMENT_COUNT) {
        call.environment = &server->environments[PRODUCTION];
    }
    if (!query_init(&call.query, request->query)) {
        refuse(&call, "the query is too long");
        return;
    }
    const char *name = query_last(&call.query, "env");
    if (name != NULL) {
        call.environment = NULL;
        for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
            if (strcmp(server->environments[i].name, name) == 0) {
                call.environment = &server->environments[i];
            }
        }
    }
    if (call.environment == NULL) {
        refuse(&call, "env is production or sandbox");
    } else {
        dispatch(&call);
    }
    query_release(&call.query);
}
