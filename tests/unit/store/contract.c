// SPDX-License-Identifier: Apache-2.0
// contract.c - see contract.h.
#include "contract.h"

#include <stdio.h>

#include "base/attr.h"

struct backend {
    const char *name;
    void (*open)(struct fixture *fixture);
};
static const struct backend backends[] = {
    {"sqlite", fixture_open},
};

struct store_walk walk_begin(struct fixture *f, enum table_id id, const char *organization)
{
    struct store_walk walk;
    assert_ok(f, store_walk_begin(f->store, sv_of(organization), model_table(id), false, NOON_US,
                                  &walk, &f->e));
    return walk;
}

struct store_page_counts land(struct fixture *f, struct store_walk *walk, struct row *rows,
                              size_t count, int64_t total)
{
    struct store_page_counts counts;
    assert_ok(f, store_page(f->store, walk,
                            &(struct store_incoming){
                                .rows = rows, .row_count = count, .total_count = total},
                            NOON_US + MINUTE_US, &counts, &f->e));
    return counts;
}

int64_t walk_end(struct fixture *f, struct store_walk *walk, bool is_proven)
{
    int64_t removed = -1;
    assert_ok(f,
              store_walk_end(f->store, walk, is_proven, NOON_US + 2 * MINUTE_US, &removed, &f->e));
    return removed;
}

struct store_page_counts walk_all(struct fixture *f, enum table_id id, struct row *rows,
                                  size_t count, int64_t *ret_removed)
{
    struct store_walk walk = walk_begin(f, id, ORGANIZATION);
    struct store_page_counts counts = land(f, &walk, rows, count, (int64_t)count);
    assert_int_equal(count, walk.seen_count);
    *ret_removed = walk_end(f, &walk, true);
    return counts;
}

struct store_table_state state_of(struct fixture *f, enum table_id id)
{
    struct store_table_state state;
    assert_ok(f, store_table_state(f->store, SV(ORGANIZATION), model_table(id), &state, &f->e));
    return state;
}

void connect_organization(struct fixture *f, const char *name, const char *organization)
{
    struct store_connection connection = {.service = "polar",
                                          .environment = "production",
                                          .api_url = "https://api.example",
                                          .connected_at_us = NOON_US};
    (void)snprintf(connection.name, sizeof connection.name, "%s", name);
    (void)snprintf(connection.organization_id, sizeof connection.organization_id, "%s",
                   organization);
    assert_ok(f, store_connection_put(f->store, &connection, &f->e));
}

struct run {
    const struct backend *backend;
    const struct contract *contract;
};

static void run_one(void **state)
{
    const struct run *run = *state;
    struct fixture fixture;
    run->backend->open(&fixture);
    run->contract->test(&fixture);
    fixture_close(&fixture);
}

int contracts_run(const char *name, const struct contract *contracts, size_t count)
{
    struct run runs[CONTRACTS_MAX];
    struct CMUnitTest tests[CONTRACTS_MAX];
    size_t run_count = TILL_COUNT(backends) * count;
    if (run_count > CONTRACTS_MAX)
        return 1;
    for (size_t i = 0; i < run_count; i++) {
        runs[i] = (struct run){&backends[i / count], &contracts[i % count]};
        tests[i] = (struct CMUnitTest){runs[i].contract->name, run_one, NULL, NULL, &runs[i]};
    }
    return _cmocka_run_group_tests(name, tests, run_count, NULL, NULL);
}
