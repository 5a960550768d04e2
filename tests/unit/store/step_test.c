// SPDX-License-Identifier: Apache-2.0
// step_test.c - what every back end of the store owes between walks: rows that land outside of one, hints, and the questions of step.c and by_id.c.
#include "contract.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"

static struct store_page_counts put(struct fixture *f, enum table_id id, struct row *rows,
                                    size_t count, enum store_landing mode, int64_t asked_us)
{
    struct store_page_counts counts;
    struct store_incoming incoming = {
        .rows = rows, .row_count = count, .total_count = -1, .mode = mode, .asked_us = asked_us};
    assert_ok(f, store_rows(f->store, SV(ORGANIZATION), model_table(id), &incoming,
                            NOON_US + MINUTE_US, &counts, &f->e));
    return counts;
}

static void put_reject(struct fixture *f, enum table_id id, struct sv row_id, struct sv raw,
                       int64_t now_us)
{
    struct store_page_counts counts;
    struct store_reject reject = {.id = row_id, .raw = raw, .reason = "malformed"};
    assert_ok(f, store_rows(f->store, SV(ORGANIZATION), model_table(id),
                            &(struct store_incoming){.rejects = &reject, .reject_count = 1}, now_us,
                            &counts, &f->e));
    assert_int_equal(1, counts.quarantined);
}

static void hint(struct fixture *f, enum table_id id, struct sv row_id, int64_t now_us)
{
    struct store_hint one = {.table = model_table(id), .row_id = row_id, .source = "event"};
    assert_ok(f, store_hints_put(f->store, SV(ORGANIZATION), &one, 1, now_us, &f->e));
}

static struct store_ids hints_of(struct fixture *f, enum table_id id, size_t capacity)
{
    struct store_ids ids;
    assert_ok(f, store_hints(f->store, SV(ORGANIZATION), model_table(id), capacity, &f->arena, &ids,
                             &f->e));
    return ids;
}

static void set_text(struct row *row, const char *column, const char *text)
{
    *value_of(row, column) = text_value(text);
}

static void set_null(struct row *row, const char *column)
{
    *value_of(row, column) = (struct value){.type = VALUE_NULL};
}

// ---- rows outside of a walk ----

static void test_rows_land_as_in_a_page(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 4);
    int64_t removed;
    struct store_page_counts counts = put(f, TABLE_orders, rows, 3, STORE_LAND_NEWEST, 0);
    assert_int_equal(3, counts.added);
    assert_int_equal(3, state_of(f, TABLE_orders).row_count);
    assert_int_equal(0, state_of(f, TABLE_orders).walk_next_page);
    assert_answer(f, 0, "SELECT count(*) FROM till_walk_rows");
    (void)walk_all(f, TABLE_orders, rows, 2, &removed);
    assert_int_equal(1, removed);
    set_text(&rows[0], "status", "refunded");
    struct row page[] = {rows[3], rows[0], rows[1], rows[2], rows[0]};
    counts = put(f, TABLE_orders, page, 5, STORE_LAND_NEWEST, 0);
    assert_int_equal(1, counts.added);
    assert_int_equal(1, counts.changed);
    assert_int_equal(1, counts.unchanged);
    assert_int_equal(1, counts.returned);
    assert_int_equal(1, counts.duplicates);
    assert_int_equal(4, state_of(f, TABLE_orders).row_count);
    assert_int_equal(0, state_of(f, TABLE_orders).deleted_count);
    assert_answer(f, 1,
                  "SELECT count(*) FROM row_changes WHERE column_name = 'status' AND new_value = "
                  "'refunded' AND seen_at = '2026-01-01T12:01:00.000000Z'");
    assert_answer(f, 4, "SELECT count(*) FROM orders WHERE till_deleted_at IS NULL");
}

static void test_rows_are_refused_like_pages(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 2);
    struct store_page_counts counts = {.added = 77};
    struct store_incoming incoming = {.rows = rows, .row_count = 2};
    const struct table *table = model_table(TABLE_orders);
    rows[1].organization_id = SV(OTHER_ORGANIZATION);
    assert_int_equal(TILL_AUTH, store_rows(f->store, SV(ORGANIZATION), table, &incoming, NOON_US,
                                           &counts, &f->e));
    assert_int_equal(TILL_USAGE,
                     store_rows(f->store, SV(""), table, &incoming, NOON_US, &counts, &f->e));
    incoming.hint_count = TILL_LIMIT_PAGE_HINTS + 1;
    assert_int_equal(TILL_LIMIT, store_rows(f->store, SV(ORGANIZATION), table, &incoming, NOON_US,
                                            &counts, &f->e));
    assert_int_equal(77, counts.added);
    assert_answer(f, 0, "SELECT count(*) FROM orders");
    assert_answer(f, 0, "SELECT count(*) FROM till_tables");
}

static int64_t one_if_newer(struct fixture *f, const char *modified_at, const char *status)
{
    struct row *row = make_rows(&f->arena, model_table(TABLE_orders), 1, 1);
    set_text(row, "status", status);
    if (modified_at)
        set_text(row, "modified_at", modified_at);
    else
        set_null(row, "modified_at");
    struct store_page_counts counts = put(f, TABLE_orders, row, 1, STORE_LAND_IF_NEWER, 0);
    assert_int_equal(1, counts.added + counts.changed + counts.unchanged);
    return counts.changed + counts.added;
}

static void test_only_newer_tellings_are_written(struct fixture *f)
{
    bool was_live = false;
    assert_int_equal(1, one_if_newer(f, NULL, "draft"));
    assert_int_equal(1, one_if_newer(f, NULL, "pending")); // both without a time
    assert_int_equal(1, one_if_newer(f, "2026-01-01T00:00:02.000000Z", "paid"));
    assert_int_equal(0, one_if_newer(f, NULL, "late"));
    assert_int_equal(0, one_if_newer(f, "2026-01-01T00:00:01.999999Z", "late"));
    assert_int_equal(1, one_if_newer(f, "2026-01-01T00:00:02.000000Z", "void")); // the same time
    assert_answer(f, 0, "SELECT count(*) FROM row_changes WHERE new_value = 'late'");
    struct row *row = make_rows(&f->arena, model_table(TABLE_orders), 1, 1);
    assert_ok(f, store_row_bury(f->store, SV(ORGANIZATION), model_table(TABLE_orders), row_id(row),
                                NOON_US, &was_live, &f->e));
    assert_true(was_live);
    assert_int_equal(0, one_if_newer(f, "2027-01-01T00:00:00.000000Z", "paid"));
    assert_answer(f, 1, "SELECT count(*) FROM orders WHERE till_deleted_at IS NOT NULL");
    struct row *event = make_rows(&f->arena, model_table(TABLE_events), 1, 1); // no modified_at
    (void)put(f, TABLE_events, event, 1, STORE_LAND_IF_NEWER, 0);
    set_text(event, "name", "order.paid");
    assert_int_equal(1, put(f, TABLE_events, event, 1, STORE_LAND_IF_NEWER, 0).changed);
}

static void test_copies_fill_gaps_only(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_customers), 1, 5);
    (void)put(f, TABLE_customers, rows, 1, STORE_LAND_NEWEST, 0);
    set_text(&rows[0], "name", "of the copy");
    struct store_page_counts counts = put(f, TABLE_customers, rows, 3, STORE_LAND_MISSING, 0);
    assert_int_equal(2, counts.added);
    assert_int_equal(1, counts.unchanged);
    assert_int_equal(3, state_of(f, TABLE_customers).row_count);
    assert_answer(f, 0, "SELECT count(*) FROM customers WHERE name = 'of the copy'");
    counts = put(f, TABLE_customers, rows, 5, STORE_LAND_GONE, 0);
    assert_int_equal(2, counts.added);
    assert_int_equal(3, state_of(f, TABLE_customers).row_count);
    assert_int_equal(2, state_of(f, TABLE_customers).deleted_count);
    assert_answer(
        f, 2,
        "SELECT count(*) FROM customers WHERE till_deleted_at = '2026-01-01T12:01:00.000000Z'");
    assert_answer(f, 0, "SELECT count(*) FROM row_changes");
    counts = put(f, TABLE_customers, rows + 4, 1, STORE_LAND_MISSING, 0);
    assert_int_equal(0, counts.added + counts.returned);
    counts = put(f, TABLE_customers, rows + 4, 1, STORE_LAND_NEWEST, 0);
    assert_int_equal(1, counts.returned);
    assert_int_equal(4, state_of(f, TABLE_customers).row_count);
    assert_int_equal(1, state_of(f, TABLE_customers).deleted_count);
}

// A row that comes, or comes back, while a walk is under way is not lost by the walk's proof; one that was there before is.
static void test_a_walk_spares_what_comes_beside_it(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 5);
    bool was_live;
    int64_t unseen = -1;
    (void)put(f, TABLE_orders, rows, 3, STORE_LAND_NEWEST, 0);
    assert_ok(f, store_row_bury(f->store, SV(ORGANIZATION), model_table(TABLE_orders),
                                row_id(&rows[2]), NOON_US, &was_live, &f->e));
    struct store_walk walk = walk_begin(f, TABLE_orders, ORGANIZATION);
    (void)land(f, &walk, rows, 1, 1);
    (void)put(f, TABLE_orders, rows + 1, 3, STORE_LAND_NEWEST, 0);  // as it was, back, new
    (void)put(f, TABLE_orders, rows + 4, 1, STORE_LAND_MISSING, 0); // a copy proves nothing
    assert_ok(f, store_walk_unseen(f->store, &walk, NULL, 0, &unseen, &f->e));
    assert_int_equal(2, unseen);
    assert_int_equal(2, walk_end(f, &walk, true));
    assert_int_equal(3, state_of(f, TABLE_orders).row_count);
    assert_answer(f, 0, "SELECT count(*) FROM till_walk_spared");
    walk = walk_begin(f, TABLE_orders, ORGANIZATION);
    (void)land(f, &walk, rows, 1, 1);
    assert_int_equal(2, walk_end(f, &walk, true)); // the next walk does not
}

// What a walk has met without understanding it is there, whoever stored it since.
static void test_a_walk_spares_what_it_did_not_understand(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_customers), 1, 2);
    struct store_page_counts counts;
    struct store_reject reject = {.id = row_id(&rows[1]), .raw = SV("{}"), .reason = "malformed"};
    struct store_walk walk = walk_begin(f, TABLE_customers, ORGANIZATION);
    assert_ok(f, store_page(f->store, &walk,
                            &(struct store_incoming){.rows = rows,
                                                     .row_count = 1,
                                                     .rejects = &reject,
                                                     .reject_count = 1,
                                                     .total_count = 2},
                            NOON_US, &counts, &f->e));
    assert_int_equal(1, state_of(f, TABLE_customers).unmirrored_count);
    (void)put(f, TABLE_customers, rows + 1, 1, STORE_LAND_MISSING, 0);
    assert_int_equal(1, state_of(f, TABLE_customers).quarantined_count);
    assert_int_equal(0, state_of(f, TABLE_customers).unmirrored_count);
    assert_int_equal(2, walk.seen_count);
    assert_int_equal(0, walk_end(f, &walk, true));
    assert_int_equal(2, state_of(f, TABLE_customers).row_count);
}

static void test_quarantine_without_a_walk(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_refunds), 1, 3);
    struct sv a = row_id(&rows[0]), b = row_id(&rows[1]);
    put_reject(f, TABLE_refunds, a, SV("{}"), NOON_US - MINUTE_US);
    put_reject(f, TABLE_refunds, a, SV("{ }"), NOON_US - MINUTE_US);
    put_reject(f, TABLE_refunds, (struct sv){0}, SV("{\"x\":1}"), NOON_US - MINUTE_US);
    put_reject(f, TABLE_refunds, (struct sv){0}, SV("{\"x\":1}"), NOON_US - MINUTE_US);
    put_reject(f, TABLE_refunds, (struct sv){0}, SV("{\"x\":2}"), NOON_US - MINUTE_US);
    assert_int_equal(3, state_of(f, TABLE_refunds).quarantined_count);
    assert_int_equal(1, state_of(f, TABLE_refunds).unmirrored_count);
    assert_answer(f, 3, "SELECT count(*) FROM till_quarantine WHERE walk_id = 0");
    // b is read beside the walk, after the walk has met it: it stays. The rest is of before.
    struct store_walk walk = walk_begin(f, TABLE_refunds, ORGANIZATION);
    (void)land(f, &walk, rows + 1, 2, 2);
    put_reject(f, TABLE_refunds, b, SV("{}"), NOON_US + MINUTE_US);
    put_reject(f, TABLE_refunds, (struct sv){0}, SV("{}"), NOON_US + MINUTE_US);
    assert_int_equal(1, state_of(f, TABLE_refunds).unmirrored_count);
    assert_int_equal(2, walk.seen_count);
    (void)walk_end(f, &walk, true);
    assert_int_equal(1, state_of(f, TABLE_refunds).quarantined_count);
    assert_int_equal(0, state_of(f, TABLE_refunds).unmirrored_count);
    (void)put(f, TABLE_refunds, rows + 1, 1, STORE_LAND_NEWEST, 0);
    assert_int_equal(0, state_of(f, TABLE_refunds).quarantined_count);
}

// ---- hints ----

static void test_hints_wait_in_order(struct fixture *f)
{
    hint(f, TABLE_orders, SV("c"), NOON_US + 1);
    hint(f, TABLE_orders, SV("a"), NOON_US + 2);
    hint(f, TABLE_orders, SV("b"), NOON_US + 3);
    hint(f, TABLE_customers, SV("a"), NOON_US);
    hint(f, TABLE_orders, SV("c"), NOON_US + 4); // again: it goes to the end
    struct store_ids ids = hints_of(f, TABLE_orders, 2);
    assert_int_equal(2, ids.count);
    assert_int_equal(3, ids.total);
    assert_true(sv_equal(SV("a"), ids.ids[0]));
    assert_true(sv_equal(SV("b"), ids.ids[1]));
    assert_int_equal(3, hints_of(f, TABLE_orders, 99).count);
    assert_int_equal(0, hints_of(f, TABLE_orders, 0).count);
    assert_int_equal(3, hints_of(f, TABLE_orders, 0).total);
    assert_int_equal(3, state_of(f, TABLE_orders).hint_count);
    assert_ok(f, store_hints_drop(f->store, SV(ORGANIZATION), model_table(TABLE_orders),
                                  NOON_US + 3, &f->e));
    ids = hints_of(f, TABLE_orders, 9);
    assert_int_equal(1, ids.total);
    assert_true(sv_equal(SV("c"), ids.ids[0]));
    assert_int_equal(1, hints_of(f, TABLE_customers, 9).total);
    assert_answer(f, 0,
                  "SELECT count(*) FROM till_hints WHERE organization_id <> '" ORGANIZATION "'");
}

static void test_rows_fulfil_their_hints(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 4);
    for (size_t i = 0; i < 4; i++)
        hint(f, TABLE_orders, row_id(&rows[i]), NOON_US + (int64_t)i);
    (void)put(f, TABLE_orders, rows, 2, STORE_LAND_NEWEST, 0);
    assert_int_equal(4, state_of(f, TABLE_orders).hint_count);
    (void)put(f, TABLE_orders, rows, 2, STORE_LAND_NEWEST, NOON_US); // the second hint is newer
    assert_int_equal(3, state_of(f, TABLE_orders).hint_count);
    (void)put(f, TABLE_orders, rows, 2, STORE_LAND_MISSING, NOON_US + 9);
    assert_int_equal(3, state_of(f, TABLE_orders).hint_count); // a skipped copy tells nothing
    struct store_walk walk = walk_begin(f, TABLE_orders, ORGANIZATION);
    struct store_reject reject = {.id = row_id(&rows[2]), .raw = SV("{}"), .reason = "malformed"};
    struct store_page_counts counts;
    struct store_hint told[] = {
        {.table = model_table(TABLE_customers), .row_id = SV("x"), .source = "copy"},
        {.table = model_table(TABLE_products), .row_id = SV("y"), .source = "copy"}};
    assert_ok(f, store_page(f->store, &walk,
                            &(struct store_incoming){.rows = rows + 1,
                                                     .row_count = 1,
                                                     .rejects = &reject,
                                                     .reject_count = 1,
                                                     .total_count = 2,
                                                     .hints = told,
                                                     .hint_count = 2,
                                                     .asked_us = NOON_US + 2},
                            NOON_US + MINUTE_US, &counts, &f->e));
    struct store_ids ids = hints_of(f, TABLE_orders, 9);
    assert_int_equal(1, ids.total);
    assert_true(sv_equal(row_id(&rows[3]), ids.ids[0]));
    assert_int_equal(1, hints_of(f, TABLE_customers, 9).total);
    assert_answer(f, 1,
                  "SELECT count(*) FROM till_hints WHERE table_name = 'products' AND row_id = 'y' "
                  "AND source = 'copy' AND seen_at = '2026-01-01T12:01:00.000000Z'");
}

// ---- by id ----

static void test_a_row_is_buried_once(struct fixture *f)
{
    const struct table *table = model_table(TABLE_orders);
    struct row *rows = make_rows(&f->arena, table, 1, 3);
    bool was_live = false;
    (void)put(f, TABLE_orders, rows, 2, STORE_LAND_NEWEST, 0);
    hint(f, TABLE_orders, row_id(&rows[0]), NOON_US);
    put_reject(f, TABLE_orders, row_id(&rows[0]), SV("{}"), NOON_US);
    assert_ok(f, store_row_bury(f->store, SV(ORGANIZATION), table, row_id(&rows[0]),
                                NOON_US + MINUTE_US, &was_live, &f->e));
    assert_true(was_live);
    struct store_table_state state = state_of(f, TABLE_orders);
    assert_int_equal(1, state.row_count);
    assert_int_equal(1, state.deleted_count);
    assert_int_equal(0, state.hint_count);
    assert_int_equal(0, state.quarantined_count);
    assert_answer(f, 1,
                  "SELECT count(*) FROM row_changes WHERE column_name = 'till_deleted_at' AND "
                  "old_value IS NULL AND new_value = '2026-01-01T12:01:00.000000Z'");
    assert_ok(f, store_row_bury(f->store, SV(ORGANIZATION), table, row_id(&rows[0]), NOON_US,
                                &was_live, &f->e));
    assert_false(was_live);
    was_live = true;
    assert_ok(f, store_row_bury(f->store, SV(OTHER_ORGANIZATION), table, row_id(&rows[1]), NOON_US,
                                &was_live, &f->e));
    assert_false(was_live);
    hint(f, TABLE_orders, row_id(&rows[2]), NOON_US);
    assert_ok(f, store_row_bury(f->store, SV(ORGANIZATION), table, row_id(&rows[2]), NOON_US,
                                &was_live, &f->e));
    assert_false(was_live);
    state = state_of(f, TABLE_orders);
    assert_int_equal(1, state.row_count);
    assert_int_equal(1, state.deleted_count);
    assert_int_equal(0, state.hint_count);
    assert_answer(f, 1, "SELECT count(*) FROM row_changes");
}

static void test_missing_rows_and_columns_by_id(struct fixture *f)
{
    enum { COUNT = 257 };
    const struct table *table = model_table(TABLE_orders);
    struct row *rows = make_rows(&f->arena, table, 1, COUNT);
    struct sv ids[COUNT + 1];
    bool is_missing[COUNT + 1];
    struct value values[COUNT + 1];
    for (size_t i = 0; i < COUNT; i++) {
        ids[i] = row_id(&rows[i]);
        if (i % 3)
            (void)put(f, TABLE_orders, rows + i, 1, i % 2 ? STORE_LAND_NEWEST : STORE_LAND_GONE, 0);
    }
    ids[COUNT] = ids[1]; // named twice
    assert_ok(f, store_rows_missing(f->store, table, ids, COUNT + 1, is_missing, &f->e));
    assert_ok(f, store_column_of(f->store, table, "customer_id", ids, COUNT + 1, &f->arena, values,
                                 &f->e));
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(i % 3 == 0, is_missing[i]);
        assert_int_equal(i % 3 ? VALUE_TEXT : VALUE_NULL, values[i].type);
        if (i % 3)
            assert_true(value_equal(value_of(&rows[i], "customer_id"), &values[i]));
    }
    assert_false(is_missing[COUNT]);
    assert_true(value_equal(&values[1], &values[COUNT]));
    assert_ok(f, store_rows_missing(f->store, table, NULL, 0, NULL, &f->e));
    assert_ok(f,
              store_column_of(f->store, table, "net_amount", ids + 1, 1, &f->arena, values, &f->e));
    assert_int_equal(11, values[0].integer);
    values[0].integer = 77;
    assert_int_equal(TILL_USAGE, store_column_of(f->store, table, "x\" FROM orders --", ids, 1,
                                                 &f->arena, values, &f->e));
    assert_int_equal(77, values[0].integer);
}

// ---- between walks ----

static void test_moving_rows(struct fixture *f)
{
    static const char *const statuses[] = {"draft", "paid", "pending", "void", "drafts", "pending"};
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 6);
    struct store_ids ids;
    bool was_live;
    for (size_t i = 0; i < 6; i++)
        set_text(&rows[i], "status", statuses[i]);
    (void)put(f, TABLE_orders, rows, 6, STORE_LAND_NEWEST, 0);
    assert_ok(f, store_row_bury(f->store, SV(ORGANIZATION), model_table(TABLE_orders),
                                row_id(&rows[0]), NOON_US, &was_live, &f->e));
    assert_ok(f, store_moving(f->store, SV(ORGANIZATION), model_table(TABLE_orders), 9, &f->arena,
                              &ids, &f->e));
    assert_int_equal(2, ids.count);
    assert_true(sv_equal(row_id(&rows[5]), ids.ids[0])); // the newest first
    assert_true(sv_equal(row_id(&rows[2]), ids.ids[1]));
    assert_ok(f, store_moving(f->store, SV(ORGANIZATION), model_table(TABLE_orders), 1, &f->arena,
                              &ids, &f->e));
    assert_int_equal(1, ids.count);
    assert_int_equal(2, ids.total);
    assert_ok(f, store_moving(f->store, SV(OTHER_ORGANIZATION), model_table(TABLE_orders), 9,
                              &f->arena, &ids, &f->e));
    assert_int_equal(0, ids.total);
    assert_ok(f, store_moving(f->store, SV(ORGANIZATION), model_table(TABLE_events), 9, &f->arena,
                              &ids, &f->e));
    assert_int_equal(0, ids.total);
}

static void test_due_rows(struct fixture *f)
{
    static const char *const statuses[] = {"active", "trialing", "canceled", "active", "active"};
    static const char *const ends[] = {"2026-01-01T12:00:00.000000Z", "2026-01-01T12:00:00.000001Z",
                                       "2026-01-01T12:00:01.000000Z", "2026-01-01T12:01:00.000000Z",
                                       "2026-01-01T12:01:00.000001Z"};
    const struct table *table = model_table(TABLE_subscriptions);
    struct row *rows = make_rows(&f->arena, table, 1, 5);
    struct store_ids ids;
    for (size_t i = 0; i < 5; i++) {
        set_text(&rows[i], "status", statuses[i]);
        set_text(&rows[i], "current_period_end", ends[i]);
    }
    (void)put(f, TABLE_subscriptions, rows, 5, STORE_LAND_NEWEST, 0);
    assert_ok(f, store_due(f->store, SV(ORGANIZATION), table,
                           (struct store_span){NOON_US, NOON_US + MINUTE_US}, 9, &f->arena, &ids,
                           &f->e));
    assert_int_equal(2, ids.count);
    assert_int_equal(2, ids.total);
    assert_true(sv_equal(row_id(&rows[1]), ids.ids[0]));
    assert_true(sv_equal(row_id(&rows[3]), ids.ids[1]));
    assert_ok(f, store_due(f->store, SV(ORGANIZATION), table, (struct store_span){0, NOON_US}, 9,
                           &f->arena, &ids, &f->e));
    assert_int_equal(1, ids.count); // from 0: since ever
    assert_ok(f, store_due(f->store, SV(ORGANIZATION), table, (struct store_span){NOON_US, NOON_US},
                           9, &f->arena, &ids, &f->e));
    assert_int_equal(0, ids.total);
    assert_ok(f, store_due(f->store, SV(ORGANIZATION), model_table(TABLE_orders),
                           (struct store_span){0, NOON_US}, 9, &f->arena, &ids, &f->e));
    assert_int_equal(0, ids.total);
}

static void test_newest(struct fixture *f)
{
    for (int id = 0; id < TABLE__COUNT; id++) {
        const struct table *table = model_table((enum table_id)id);
        struct row *rows = make_rows(&f->arena, table, 1, 3);
        int64_t newest_us = 77;
        assert_ok(f, store_newest(f->store, SV(ORGANIZATION), table, &newest_us, &f->e));
        assert_int_equal(0, newest_us);
        set_text(&rows[1], table->walk_key, "2026-01-01T12:00:00.000000Z");
        if (id == TABLE_subscriptions)
            set_null(&rows[2], table->walk_key);
        (void)put(f, (enum table_id)id, rows, 3, STORE_LAND_NEWEST, 0);
        assert_ok(f, store_newest(f->store, SV(ORGANIZATION), table, &newest_us, &f->e));
        assert_int_equal(NOON_US, newest_us);
        assert_ok(f, store_newest(f->store, SV(OTHER_ORGANIZATION), table, &newest_us, &f->e));
        assert_int_equal(0, newest_us);
    }
}

static bool are_distinct(const struct store_ids *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        for (size_t j = 0; j < i; j++)
            if (sv_equal(ids->ids[i], ids->ids[j]))
                return false;
    return true;
}

static struct store_ids sample(struct fixture *f, size_t capacity, uint64_t seed)
{
    struct store_ids ids;
    assert_ok(f, store_sample(f->store, SV(ORGANIZATION), model_table(TABLE_customers), capacity,
                              seed, &f->arena, &ids, &f->e));
    assert_true(are_distinct(&ids));
    return ids;
}

static void put_others(struct fixture *f, size_t count)
{
    struct store_page_counts counts;
    struct row *rows = make_rows(&f->arena, model_table(TABLE_customers), 100000, count);
    assert_ok(f, store_rows(f->store, SV(OTHER_ORGANIZATION), model_table(TABLE_customers),
                            &(struct store_incoming){.rows = rows, .row_count = count}, NOON_US,
                            &counts, &f->e));
}

static void test_samples(struct fixture *f)
{
    enum { PAGES = 3, EACH = 700 };
    bool was_live;
    assert_int_equal(0, sample(f, 9, 1).count);
    struct row *rows = make_rows(&f->arena, model_table(TABLE_customers), 1, 20);
    put_others(f, 300);
    (void)put(f, TABLE_customers, rows, 20, STORE_LAND_NEWEST, 0);
    for (size_t i = 0; i < 5; i++)
        assert_ok(f, store_row_bury(f->store, SV(ORGANIZATION), model_table(TABLE_customers),
                                    row_id(&rows[i]), NOON_US, &was_live, &f->e));
    struct store_ids ids = sample(f, 99, 1); // few: all of them
    assert_int_equal(15, ids.count);
    assert_int_equal(15, ids.total);
    struct store_ids one = sample(f, 4, 7), same = sample(f, 4, 7), other = sample(f, 4, 8);
    assert_int_equal(4, one.count);
    size_t equal_same = 0, equal_other = 0;
    for (size_t i = 0; i < 4; i++) {
        equal_same += sv_equal(one.ids[i], same.ids[i]);
        equal_other += sv_equal(one.ids[i], other.ids[i]);
    }
    assert_int_equal(4, equal_same);
    assert_true(equal_other < 4);
    for (int i = 0; i < PAGES; i++)
        (void)put(f, TABLE_customers,
                  make_rows(&f->arena, model_table(TABLE_customers), 1000 + i * EACH, EACH), EACH,
                  STORE_LAND_NEWEST, 0);
    ids = sample(f, 200, 3); // many: by jumps
    assert_int_equal(200, ids.count);
    assert_int_equal(15 + PAGES * EACH, ids.total);
    assert_answer(f, 300 + PAGES * EACH + 20, "SELECT count(*) FROM customers");
    bool is_missing[200];
    assert_ok(f, store_rows_missing(f->store, model_table(TABLE_customers), ids.ids, 200,
                                    is_missing, &f->e));
    for (size_t i = 0; i < 200; i++)
        assert_false(is_missing[i]);
}

// Each row has its chance: of 40 rows, 4 at a time, 400 times, none is left out and none comes twice as often as it should.
static void test_samples_are_fair(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_customers), 1, 40);
    int met[40] = {0};
    (void)put(f, TABLE_customers, rows, 40, STORE_LAND_NEWEST, 0);
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct store_ids ids = sample(f, 4, seed);
        for (size_t i = 0; i < ids.count; i++)
            for (size_t j = 0; j < 40; j++)
                met[j] += sv_equal(ids.ids[i], row_id(&rows[j]));
    }
    for (size_t j = 0; j < 40; j++)
        assert_in_range(met[j], 15, 75);
}

// ---- states ----

static void put_run(struct fixture *f, enum till_code code, enum store_method method,
                    bool is_proven, int64_t at_us)
{
    struct store_run run = {.table = model_table(TABLE_orders),
                            .organization_id = SV(ORGANIZATION),
                            .started_us = at_us,
                            .finished_us = at_us + 5,
                            .code = code,
                            .error = code ? "it failed" : NULL,
                            .server_total = -1,
                            .is_proven = is_proven,
                            .method = method};
    assert_ok(f, store_run_put(f->store, &run, &f->e));
}

static void test_freshness(struct fixture *f)
{
    struct store_table_state state = state_of(f, TABLE_orders);
    assert_int_equal(0, state.fresh_us);
    assert_int_equal(0, state.last_full_us);
    put_run(f, TILL_OK, STORE_FULL, false, NOON_US);
    state = state_of(f, TABLE_orders);
    assert_int_equal(NOON_US, state.fresh_us);
    assert_int_equal(0, state.last_full_us); // not proven
    assert_int_equal(STORE_FULL, state.last_method);
    put_run(f, TILL_OK, STORE_FULL, true, NOON_US + 10);
    put_run(f, TILL_OK, STORE_INCREMENTAL, true, NOON_US + 20);
    state = state_of(f, TABLE_orders);
    assert_int_equal(NOON_US + 20, state.fresh_us);
    assert_int_equal(NOON_US + 15, state.last_full_us);
    assert_int_equal(STORE_INCREMENTAL, state.last_method);
    put_run(f, TILL_NETWORK, STORE_FULL, true, NOON_US + 30);
    put_run(f, TILL_CANCELED, STORE_FULL, false, NOON_US + 40); // not a failure of the table
    put_run(f, TILL_REMOTE, STORE_INCREMENTAL, false, NOON_US + 50);
    state = state_of(f, TABLE_orders);
    assert_int_equal(2, state.failure_count);
    assert_int_equal(NOON_US + 20, state.fresh_us);
    assert_int_equal(NOON_US + 15, state.last_full_us);
    put_run(f, TILL_OK, STORE_INCREMENTAL, false, NOON_US + 60);
    assert_int_equal(0, state_of(f, TABLE_orders).failure_count);
    assert_answer(f, 3, "SELECT count(*) FROM till_runs WHERE method = 'incremental'");
    assert_answer(f, 4, "SELECT count(*) FROM till_runs WHERE method = 'full'");
}

static void test_schedules(struct fixture *f)
{
    const struct table *table = model_table(TABLE_orders);
    assert_int_equal(STORE_INCREMENTAL, state_of(f, TABLE_orders).method);
    assert_int_equal(0, state_of(f, TABLE_orders).every_ms);
    assert_ok(f,
              store_table_schedule(f->store, SV(ORGANIZATION), table, STORE_FULL, 900000, &f->e));
    struct store_table_state state = state_of(f, TABLE_orders);
    assert_int_equal(STORE_FULL, state.method);
    assert_int_equal(900000, state.every_ms);
    assert_true(state.is_enabled);
    put_run(f, TILL_OK, STORE_INCREMENTAL, false, NOON_US);
    assert_ok(f, store_table_enable(f->store, SV(ORGANIZATION), table, false, &f->e));
    assert_int_equal(STORE_FULL, state_of(f, TABLE_orders).method);
    assert_ok(f,
              store_table_schedule(f->store, SV(ORGANIZATION), table, STORE_INCREMENTAL, 0, &f->e));
    state = state_of(f, TABLE_orders);
    assert_int_equal(STORE_INCREMENTAL, state.method);
    assert_int_equal(0, state.every_ms);
    assert_false(state.is_enabled);
    assert_int_equal(NOON_US, state.fresh_us);
    assert_int_equal(
        TILL_USAGE, store_table_schedule(f->store, SV(ORGANIZATION), table, STORE_FULL, -1, &f->e));
    assert_string_equal("incremental", store_method_word(STORE_INCREMENTAL));
    assert_string_equal("full", store_method_word(STORE_FULL));
}

static const struct contract contracts[] = {
    {"rows land as in a page", test_rows_land_as_in_a_page},
    {"rows are refused like pages", test_rows_are_refused_like_pages},
    {"only newer tellings are written", test_only_newer_tellings_are_written},
    {"copies fill gaps only", test_copies_fill_gaps_only},
    {"a walk spares what comes beside it", test_a_walk_spares_what_comes_beside_it},
    {"a walk spares what it did not understand", test_a_walk_spares_what_it_did_not_understand},
    {"quarantine without a walk", test_quarantine_without_a_walk},
    {"hints wait in order", test_hints_wait_in_order},
    {"rows fulfil their hints", test_rows_fulfil_their_hints},
    {"a row is buried once", test_a_row_is_buried_once},
    {"missing rows and columns by id", test_missing_rows_and_columns_by_id},
    {"moving rows", test_moving_rows},
    {"due rows", test_due_rows},
    {"the newest", test_newest},
    {"samples", test_samples},
    {"samples are fair", test_samples_are_fair},
    {"freshness", test_freshness},
    {"schedules", test_schedules},
};

int main(void)
{
    return contracts_run("store between walks", contracts, TILL_COUNT(contracts));
}
