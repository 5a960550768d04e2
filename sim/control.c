// SPDX-License-Identifier: Apache-2.0
// control.c - the calls under /_sim/ by which a test drives the simulator and asks it for the truth. They need the control key, are never
// limited, never counted and never faulty. Tokens travel in bodies, not in addresses.
#include "server_core.h"

#include "server_json.h"

#include <stdlib.h>
#include <string.h>
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

static void call_mutate(struct call *call)
{
    struct environment *environment = call->environment;
    pthread_rwlock_wrlock(&environment->lock);
    uint32_t changed =
        world_mutate(environment->world, (uint64_t)number(call, "seed", 1),
                     (uint32_t)number(call, "count", 10), number(call, "seconds", 3600));
    int64_t now_us = world_now_us(environment->world);
    pthread_rwlock_unlock(&environment->lock);
    reply_json(call->reply, 200, "");
    sim_out_format(&call->reply->body, "{\"changed\":%u,\"now_us\":%lld}", changed,
                   (long long)now_us);
}

static void call_mutate_during(struct call *call)
{
    struct environment *environment = call->environment;
    atomic_store(&environment->mutate_count, (unsigned)number(call, "count", 1));
    atomic_store(&environment->mutate_seconds, number(call, "seconds", 1));
    atomic_store(&environment->mutate_seed, (unsigned long long)number(call, "seed", 1));
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

static const struct {
    const char *method, *name; // a name that ends in '/' is followed by a table
    void (*run)(struct call *call);
} calls[] = {
    {"GET", "stats", call_stats},
    {"POST", "reset-stats", call_reset_stats},
    {"GET", "requests", call_requests},
    {"GET", "rows/", call_rows},
    {"GET", "count/", call_count},
    {"POST", "mutate", call_mutate},
    {"POST", "mutate-during", call_mutate_during},
    {"POST", "token", call_token},
    {"POST", "token-edit", call_token_edit},
    {"POST", "token-revoke", call_token_revoke},
    {"POST", "faults", call_load_faults},
    {"GET", "faults", call_fault_counts},
    {"POST", "limiter", call_limiter},
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
