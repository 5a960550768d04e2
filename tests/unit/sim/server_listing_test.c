// SPDX-License-Identifier: Apache-2.0
// server_listing_test.c - orders of rows: every row once, keys in PostgreSQL's order, ties in a new order for each seed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server_listing.h"

enum { PAGE = 100 };

struct fixture {
    struct sim_world *world;
    struct listing_cache cache;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const struct sim_world_options options = {
        .seed = 5, .order_count = 3000, .now_us = INT64_C(1787223767000500)};
    fixture->world = world_new(&options);
    listing_cache_init(&fixture->cache);
    *state = fixture;
    return fixture->world == NULL;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    listing_cache_release(&fixture->cache);
    world_free(fixture->world);
    free(fixture);
    return 0;
}

// All rows of a query under one seed, page by page.
static size_t walk(struct fixture *fixture, enum sim_table table, const char *text, uint64_t seed,
                   uint32_t *rows)
{
    struct query query;
    struct selection selection;
    struct query_problems problems = {0};
    assert_true(query_init(&query, text));
    assert_true(selection_init(&selection, table, &query, &problems));
    assert_int_equal(problems.count, 0);
    struct listing *listing = listing_get(&fixture->cache, fixture->world, &selection);
    assert_non_null(listing);
    size_t count = 0, got;
    while ((got = listing_slice(listing, seed, count, PAGE, rows + count)) > 0) {
        count += got;
    }
    assert_int_equal(count, listing->count);
    listing_put(&fixture->cache, listing);
    selection_release(&selection);
    query_release(&query);
    return count;
}

static size_t listed(const struct fixture *fixture, enum sim_table table)
{
    size_t count = 0;
    for (uint32_t row = 0; row < world_count(fixture->world, table); row++) {
        count += world_is_listed(fixture->world, table, row);
    }
    return count;
}

// 1 when the value of `a` is greater in PostgreSQL's ascending order (NULL last), -1 when it is less.
static int compare(const struct fixture *fixture, enum sim_table table, enum sim_field field,
                   uint32_t a, uint32_t b)
{
    char scratch[2][SIM_SCRATCH_BYTES];
    struct sim_value left = world_value(fixture->world, table, a, field, scratch[0]);
    struct sim_value right = world_value(fixture->world, table, b, field, scratch[1]);
    if (left.kind == SIM_NULL || right.kind == SIM_NULL) {
        return (left.kind == SIM_NULL) - (right.kind == SIM_NULL);
    }
    if (left.kind == SIM_INT) {
        return (left.integer > right.integer) - (left.integer < right.integer);
    }
    size_t shorter = left.len < right.len ? left.len : right.len;
    int order = memcmp(left.text, right.text, shorter);
    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

static void test_every_row_once_and_in_order(void **state)
{
    static const struct {
        enum sim_table table;
        const char *query;
        enum sim_field field;
        int direction;
    } cases[] = {
        {SIM_ORDERS, "sorting=created_at", SIM_F_CREATED_AT, 1},
        {SIM_ORDERS, "", SIM_F_CREATED_AT, -1},
        {SIM_ORDERS, "sorting=-invoice_number", SIM_F_INVOICE_NUMBER, -1},
        {SIM_ORDERS, "sorting=discount", SIM_F_DISCOUNT_NAME, 1},
        {SIM_ORDERS, "sorting=-status", SIM_F_STATUS, -1},
        {SIM_ORDERS, "sorting=amount", SIM_F_AMOUNT, 1},
        {SIM_CUSTOMERS, "sorting=email", SIM_F_EMAIL, 1},
        {SIM_SUBSCRIPTIONS, "", SIM_F_STARTED_AT, -1},
        {SIM_CHECKOUTS, "sorting=-expires_at", SIM_F_EXPIRES_AT, -1},
        {SIM_EVENTS, "sorting=timestamp", SIM_F_CREATED_AT, 1},
    };
    struct fixture *fixture = *state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
        uint32_t total = world_count(fixture->world, cases[c].table);
        uint32_t *rows = calloc(total + PAGE, sizeof(*rows));
        bool *is_seen = calloc(total + 1U, 1);
        size_t count = walk(fixture, cases[c].table, cases[c].query, 99, rows);
        assert_int_equal(count, listed(fixture, cases[c].table));
        for (size_t i = 0; i < count; i++) {
            assert_false(is_seen[rows[i]]);
            is_seen[rows[i]] = true;
            if (i > 0) {
                assert_true(compare(fixture, cases[c].table, cases[c].field, rows[i - 1], rows[i]) *
                                cases[c].direction <=
                            0);
            }
        }
        free(is_seen);
        free(rows);
    }
}

static void test_ties_come_in_another_order(void **state)
{
    struct fixture *fixture = *state;
    uint32_t total = world_count(fixture->world, SIM_ORDERS);
    uint32_t *one = calloc(total + PAGE, sizeof(*one)), *two = calloc(total + PAGE, sizeof(*two));
    size_t count = walk(fixture, SIM_ORDERS, "sorting=status", 1, one);
    assert_int_equal(walk(fixture, SIM_ORDERS, "sorting=status", 1, two), count);
    assert_memory_equal(one, two, count * sizeof(*one)); // one request is of one mind
    walk(fixture, SIM_ORDERS, "sorting=status", 2, two);
    assert_memory_not_equal(one, two, count * sizeof(*one));
    free(one);
    free(two);
}

static void test_filters_narrow(void **state)
{
    struct fixture *fixture = *state;
    uint32_t total = world_count(fixture->world, SIM_ORDERS);
    uint32_t *rows = calloc(total + PAGE, sizeof(*rows));
    size_t all = walk(fixture, SIM_ORDERS, "", 1, rows);
    size_t paid = walk(fixture, SIM_ORDERS, "status=paid", 1, rows);
    size_t rest =
        walk(fixture, SIM_ORDERS,
             "status=draft&status=pending&status=refunded&status=partially_refunded&status=void", 1,
             rows);
    assert_true(paid > 0 && rest > 0);
    assert_int_equal(paid + rest, all);
    assert_int_equal(walk(fixture, SIM_ORDERS,
                          "status=paid&organization_id=0b9e4a3c-1111-4222-8333-444455556666", 1,
                          rows),
                     0);
    size_t before = walk(fixture, SIM_ORDERS, "created_before=2025-09-01T00:00:00Z", 1, rows);
    size_t after = walk(fixture, SIM_ORDERS, "created_after=2025-08-31T23:59:59.999999Z", 1, rows);
    assert_true(before > 0 && after > 0);
    assert_int_equal(before + after, all);
    free(rows);
}

static void test_a_changed_world_gives_a_new_listing(void **state)
{
    struct fixture *fixture = *state;
    uint32_t *rows = calloc(2 * world_count(fixture->world, SIM_ORDERS) + 1000, sizeof(*rows));
    (void)walk(fixture, SIM_ORDERS, "sorting=created_at", 1, rows);
    world_mutate(fixture->world, 3, 50, 86400);
    assert_int_equal(walk(fixture, SIM_ORDERS, "sorting=created_at", 1, rows),
                     listed(fixture, SIM_ORDERS));
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_row_once_and_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ties_come_in_another_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filters_narrow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_changed_world_gives_a_new_listing, setup, teardown),
    };
    return cmocka_run_group_tests_name("sim server listing", tests, NULL, NULL);
}
