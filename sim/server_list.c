// SPDX-License-Identifier: Apache-2.0
// server_list.c - list and get-one endpoints over the world as it is at this moment.
//
// A page is rendered under the world's read lock straight into the buffer that will be sent. Requests with problems are answered before
// any row is looked at. Live data: after a list has been rendered, the shop may be told to move on (mutate-during).
#include "server_core.h"

#include "server_json.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_ROWS_MAX = 100 };

static void append_page(const struct environment *environment, const struct selection *selection,
                        const struct listing *listing, uint64_t seed, struct sim_out *out)
{
    uint32_t rows[PAGE_ROWS_MAX];
    size_t first = (size_t)((selection->page - 1) * selection->limit);
    size_t count = listing_slice(listing, seed, first, (size_t)selection->limit, rows);
    json_append_literal(out, "{\"items\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            json_append_literal(out, ",");
        }
        world_render(environment->world, selection->table, rows[i], out);
    }
    if (selection->has_cursor_pagination) {
        bool has_next = first + count < listing->count;
        sim_out_format(out, "],\"pagination\":{\"has_next_page\":%s}}",
                       has_next ? "true" : "false");
        return;
    }
    size_t limit = (size_t)selection->limit;
    sim_out_format(out, "],\"pagination\":{\"total_count\":%zu,\"max_page\":%zu}}", listing->count,
                   (listing->count + limit - 1) / limit);
}

static void mutate_if_due(struct environment *environment)
{
    unsigned every = atomic_load(&environment->mutate_every);
    unsigned long long number = atomic_fetch_add(&environment->list_requests, 1) + 1;
    if (every == 0 || number % every != 0) {
        return;
    }
    pthread_rwlock_wrlock(&environment->lock);
    struct sim_mutation mutation = environment->mutation;
    struct sim_mutated ignored;
    mutation.seed += number;
    world_mutate_kinds(environment->world, &mutation, &ignored);
    webhooks_collect(environment->webhooks, environment->world);
    pthread_rwlock_unlock(&environment->lock);
}

static void answer_selection(struct server *server, struct environment *environment,
                             struct selection *selection, const struct request *request,
                             struct reply *reply)
{
    if (selection->page - 1 > INT64_MAX / selection->limit) {
        reply->status = 500; // the offset does not fit the database's integer
        reply->content_type = "text/plain; charset=utf-8";
        sim_out_text(&reply->body, "Internal Server Error");
        return;
    }
    if (reply->fault.kind == FAULT_REPEAT_PAGE && selection->page > 1) {
        selection->page--;
    }
    reply->status = 200;
    reply->content_type = "application/json";
    pthread_rwlock_rdlock(&environment->lock);
    struct listing *listing = listing_get(&environment->cache, environment->world, selection);
    if (listing == NULL) {
        reply->body.failed = true;
    } else {
        append_page(environment, selection, listing, server->options.seed ^ (request->number << 20),
                    &reply->body);
        listing_put(&environment->cache, listing);
    }
    pthread_rwlock_unlock(&environment->lock);
    mutate_if_due(environment);
}

void answer_list(struct server *server, struct environment *environment, enum sim_table table,
                 const struct request *request, struct reply *reply)
{
    struct query query;
    struct selection selection = {0};
    struct query_problems problems = {0};
    if (!query_init(&query, request->query) ||
        !selection_init(&selection, table, &query, &problems)) {
        reply->body.failed = true;
    } else if (problems.count > 0) {
        reply->status = 422;
        reply->content_type = "application/json";
        query_problems_body(&problems, &reply->body);
    } else {
        answer_selection(server, environment, &selection, request, reply);
    }
    selection_release(&selection);
    query_problems_release(&problems);
    query_release(&query);
}

static void render_one(struct environment *environment, enum sim_table table, int64_t row,
                       struct reply *reply)
{
    if (row < 0 || !world_is_listed(environment->world, table, (uint32_t)row)) {
        reply_json(reply, 404, "{\"error\":\"ResourceNotFound\",\"detail\":\"Not found\"}");
        return;
    }
    reply->status = 200;
    reply->content_type = "application/json";
    world_render(environment->world, table, (uint32_t)row, &reply->body);
}

void answer_get_one(struct environment *environment, enum sim_table table, const char *id,
                    struct reply *reply)
{
    struct query_problems problems = {0};
    char uuid[QUERY_UUID_BYTES];
    if (query_read_uuid(&(struct query_place){"path", "id", NULL}, id, uuid, &problems)) {
        pthread_rwlock_rdlock(&environment->lock);
        render_one(environment, table, world_find(environment->world, table, uuid), reply);
        pthread_rwlock_unlock(&environment->lock);
    } else {
        reply->status = 422;
        reply->content_type = "application/json";
        query_problems_body(&problems, &reply->body);
    }
    query_problems_release(&problems);
}

void answer_external_customer(struct environment *environment, const char *external_id,
                              struct reply *reply)
{
    char scratch[SIM_SCRATCH_BYTES];
    int64_t found = -1;
    pthread_rwlock_rdlock(&environment->lock);
    uint32_t count = world_count(environment->world, SIM_CUSTOMERS);
    for (uint32_t row = 0; row < count && found < 0; row++) {
        struct sim_value value =
            world_value(environment->world, SIM_CUSTOMERS, row, SIM_F_EXTERNAL_ID, scratch);
        bool is_same = value.kind == SIM_TEXT && value.len == strlen(external_id) &&
                       memcmp(value.text, external_id, value.len) == 0;
        if (is_same && world_is_listed(environment->world, SIM_CUSTOMERS, row)) {
            found = row;
        }
    }
    render_one(environment, SIM_CUSTOMERS, found, reply);
    pthread_rwlock_unlock(&environment->lock);
}
