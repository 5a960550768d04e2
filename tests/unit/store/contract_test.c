// SPDX-License-Identifier: Apache-2.0
// contract_test.c - what every back end of the store owes, through store.h alone: walks, pages, connections, states.
// Each test runs for each line of `backends` (contract.c).
#include "contract.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"

static void test_every_table_keeps_every_value(struct fixture *f)
{
    for (int id = 0; id < TABLE__COUNT; id++) {
        const struct table *table = model_table((enum table_id)id);
        int64_t removed;
        struct store_page_counts counts =
            walk_all(f, (enum table_id)id, make_rows(&f->arena, table, 1, 5), 5, &removed);
        assert_int_equal(5, counts.added);
        counts = walk_all(f, (enum table_id)id, make_rows(&f->arena, table, 1, 5), 5, &removed);
        assert_int_equal(5, counts.unchanged);
        assert_int_equal(5, state_of(f, (enum table_id)id).row_count);
    }
    assert_answer(f, 0, "SELECT count(*) FROM row_changes");
    assert_answer(f, 5,
                  "SELECT count(*) FROM orders WHERE net_amount = (rowid * 7 - 3) AND till_extra = "
                  "'{\"later\":1}'");
    assert_answer(f, 5, "SELECT count(*) FROM orders WHERE organization_id = '" ORGANIZATION "'");
    assert_answer(f, 5,
                  "SELECT count(*) FROM customers WHERE organization_id = '" ORGANIZATION
                  "' AND till_deleted_at IS NULL");
    assert_answer(
        f, 5, "SELECT count(*) FROM orders WHERE till_synced_at = '2026-01-01T12:01:00.000000Z'");
}

static void test_walk_resumes_where_it_was(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 6);
    struct store_walk walk = walk_begin(f, TABLE_orders, ORGANIZATION);
    assert_false(walk.is_resumed);
    assert_int_equal(1, walk.next_page);
    assert_int_equal(-1, walk.total_count);
    (void)land(f, &walk, rows, 3, 6);
    fixture_reopen(f);
    assert_int_equal(2, state_of(f, TABLE_orders).walk_next_page);
    struct store_walk again = walk_begin(f, TABLE_orders, ORGANIZATION);
    assert_true(again.is_resumed);
    assert_int_equal(2, again.next_page);
    assert_int_equal(3, again.seen_count);
    assert_int_equal(6, again.total_count);
    assert_int_equal(walk.walk_id, again.walk_id);
    assert_int_equal(NOON_US, again.started_at_us);
    (void)land(f, &again, rows + 3, 3, 6);
    assert_int_equal(6, again.seen_count);
    assert_int_equal(0, walk_end(f, &again, true));
    assert_int_equal(0, state_of(f, TABLE_orders).walk_next_page);
    assert_answer(f, 0, "SELECT count(*) FROM till_walk_rows");
    assert_ok(f, store_walk_begin(f->store, SV(ORGANIZATION), model_table(TABLE_orders), false,
                                  NOON_US, &again, &f->e));
    assert_false(again.is_resumed);
    (void)land(f, &again, rows, 3, 6);
    assert_ok(f, store_walk_begin(f->store, SV(ORGANIZATION), model_table(TABLE_orders), true,
                                  NOON_US, &again, &f->e));
    assert_false(again.is_resumed);
    assert_int_equal(1, again.next_page);
}

static void test_duplicates_count_once(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_customers), 1, 4);
    struct row *twice = make_rows(&f->arena, model_table(TABLE_customers), 9, 3);
    twice[1] = twice[0];
    twice[2] = twice[0];
    struct store_walk walk = walk_begin(f, TABLE_customers, ORGANIZATION);
    struct store_page_counts counts = land(f, &walk, twice, 3, 5);
    assert_int_equal(1, counts.added);
    assert_int_equal(2, counts.duplicates);
    (void)land(f, &walk, rows, 4, 5);
    counts = land(f, &walk, rows + 2, 2, 5);
    assert_int_equal(2, counts.duplicates);
    assert_int_equal(0, counts.unchanged);
    assert_int_equal(5, walk.seen_count);
    assert_int_equal(0, walk_end(f, &walk, true));
    assert_int_equal(5, state_of(f, TABLE_customers).row_count);
}

static void test_the_later_copy_in_a_page_wins(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_customers), 1, 1);
    struct row *newer = make_rows(&f->arena, model_table(TABLE_customers), 1, 1);
    *value_of(newer, "name") = text_value("newer");
    struct row both[] = {rows[0], newer[0]};
    int64_t removed;
    struct store_walk walk = walk_begin(f, TABLE_customers, ORGANIZATION);
    (void)land(f, &walk, both, 2, 1);
    assert_int_equal(1, walk.seen_count);
    removed = walk_end(f, &walk, true);
    assert_int_equal(0, removed);
    assert_answer(f, 1, "SELECT count(*) FROM customers WHERE name = 'newer'");
}

static void test_removal_needs_proof(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_customers), 1, 5);
    char ids[2][STORE_NAME_BYTES];
    int64_t removed, unseen = 0;
    (void)walk_all(f, TABLE_customers, rows, 5, &removed);
    struct store_walk walk = walk_begin(f, TABLE_customers, ORGANIZATION);
    (void)land(f, &walk, rows, 2, 2);
    assert_ok(f, store_walk_unseen(f->store, &walk, ids, 2, &unseen, &f->e));
    assert_int_equal(3, unseen);
    assert_true(sv_equal(row_id(&rows[2]), sv_of(ids[0])) ||
                sv_equal(row_id(&rows[3]), sv_of(ids[0])) ||
                sv_equal(row_id(&rows[4]), sv_of(ids[0])));
    assert_ok(f, store_walk_unseen(f->store, &walk, NULL, 0, &unseen, &f->e));
    assert_int_equal(3, unseen);
    assert_int_equal(0, walk_end(f, &walk, false));
    assert_answer(f, 0, "SELECT count(*) FROM customers WHERE till_deleted_at IS NOT NULL");
    (void)walk_all(f, TABLE_customers, rows, 2, &removed);
    assert_int_equal(3, removed);
    assert_int_equal(2, state_of(f, TABLE_customers).row_count);
    assert_int_equal(3, state_of(f, TABLE_customers).deleted_count);
    assert_answer(
        f, 3,
        "SELECT count(*) FROM customers WHERE till_deleted_at = '2026-01-01T12:02:00.000000Z'");
    assert_answer(f, 3,
                  "SELECT count(*) FROM row_changes WHERE table_name = 'customers' AND column_name "
                  "= 'till_deleted_at'"
                  " AND old_value IS NULL AND new_value = '2026-01-01T12:02:00.000000Z'");
    (void)walk_all(f, TABLE_customers, rows, 2, &removed);
    assert_int_equal(0, removed);
}

static void test_removed_row_returns(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_customers), 1, 3);
    int64_t removed;
    (void)walk_all(f, TABLE_customers, rows, 3, &removed);
    (void)walk_all(f, TABLE_customers, rows, 1, &removed);
    assert_int_equal(2, removed);
    *value_of(&rows[2], "name") = text_value("back");
    struct store_page_counts counts = walk_all(f, TABLE_customers, rows, 3, &removed);
    assert_int_equal(2, counts.returned);
    assert_int_equal(1, counts.unchanged);
    assert_int_equal(0, counts.changed);
    assert_int_equal(3, state_of(f, TABLE_customers).row_count);
    assert_int_equal(0, state_of(f, TABLE_customers).deleted_count);
    assert_answer(f, 3, "SELECT count(*) FROM customers WHERE till_deleted_at IS NULL");
    assert_answer(f, 2,
                  "SELECT count(*) FROM row_changes WHERE column_name = 'till_deleted_at' AND "
                  "new_value IS NULL"
                  " AND old_value = '2026-01-01T12:02:00.000000Z'");
    assert_answer(
        f, 1, "SELECT count(*) FROM row_changes WHERE column_name = 'name' AND new_value = 'back'");
}

static void test_changes_keep_old_and_new(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 2);
    int64_t removed;
    (void)walk_all(f, TABLE_orders, rows, 2, &removed);
    *value_of(&rows[0], "refunded_amount") =
        (struct value){.type = VALUE_INTEGER, .integer = -4200};
    *value_of(&rows[0], "invoice_number") = (struct value){.type = VALUE_NULL};
    rows[0].extra = (struct sv){0};
    struct store_page_counts counts = walk_all(f, TABLE_orders, rows, 2, &removed);
    assert_int_equal(1, counts.changed);
    assert_int_equal(1, counts.unchanged);
    assert_answer(f, 2, "SELECT count(*) FROM row_changes");
    assert_answer(f, 1,
                  "SELECT count(*) FROM row_changes WHERE column_name = 'refunded_amount' AND "
                  "old_value = 4 AND new_value = -4200"
                  " AND typeof(new_value) = 'integer' AND seen_at = '2026-01-01T12:01:00.000000Z'");
    assert_answer(f, 1,
                  "SELECT count(*) FROM row_changes WHERE column_name = 'invoice_number' AND "
                  "old_value = 'invoice_number 1' AND new_value IS NULL");
    assert_answer(f, 0, "SELECT count(*) FROM row_changes WHERE column_name = 'till_extra'");
    assert_answer(f, 1, "SELECT count(*) FROM orders WHERE till_extra IS NULL");
    assert_answer(f, 2,
                  "SELECT count(*) FROM row_changes AS c JOIN orders AS o ON o.id = c.row_id WHERE "
                  "o.refunded_amount = -4200");
    (void)walk_all(f, TABLE_orders, rows, 2, &removed);
    assert_answer(f, 2, "SELECT count(*) FROM row_changes");
}

static void test_embedded_copies_change_quietly(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 2);
    struct row *organizations = make_rows(&f->arena, model_table(TABLE_organizations), 1, 1);
    int64_t removed;
    (void)walk_all(f, TABLE_orders, rows, 2, &removed);
    *value_of(&rows[1], "customer") = text_value("{\"name\":\"now\"}");
    struct store_page_counts counts = walk_all(f, TABLE_orders, rows, 2, &removed);
    assert_int_equal(2, counts.unchanged);
    assert_int_equal(0, counts.changed);
    assert_answer(f, 1, "SELECT count(*) FROM orders WHERE customer = '{\"name\":\"now\"}'");
    (void)walk_all(f, TABLE_organizations, organizations, 1, &removed);
    *value_of(organizations, "avatar_url") = text_value("another each time");
    (void)walk_all(f, TABLE_organizations, organizations, 1, &removed);
    assert_answer(f, 1, "SELECT count(*) FROM organizations WHERE avatar_url = 'avatar_url 1'");
    assert_answer(f, 0, "SELECT count(*) FROM row_changes");
}

static void land_reject(struct fixture *f, struct store_walk *walk, struct sv id,
                        const char *reason)
{
    struct store_reject reject = {.id = id, .raw = SV("{\"id\":1}"), .reason = reason};
    struct store_page_counts counts;
    assert_ok(f, store_page(f->store, walk,
                            &(struct store_incoming){
                                .rejects = &reject, .reject_count = 1, .total_count = 9},
                            NOON_US, &counts, &f->e));
    assert_int_equal(1, counts.quarantined);
}

static void test_quarantine(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_refunds), 1, 3);
    int64_t removed;
    (void)walk_all(f, TABLE_refunds, rows, 1, &removed);
    struct store_walk walk = walk_begin(f, TABLE_refunds, ORGANIZATION);
    land_reject(f, &walk, row_id(&rows[0]), "mirrored, now unreadable");
    land_reject(f, &walk, row_id(&rows[1]), "never understood");
    land_reject(f, &walk, row_id(&rows[1]), "again");
    assert_int_equal(2, walk.seen_count);
    land_reject(f, &walk, (struct sv){0}, "no id");
    assert_int_equal(2, walk.seen_count);
    assert_int_equal(3, state_of(f, TABLE_refunds).quarantined_count);
    assert_answer(
        f, 1, "SELECT count(*) FROM till_quarantine WHERE reason = 'again' AND raw = '{\"id\":1}'");
    (void)land(f, &walk, rows + 1, 2, 9);
    assert_int_equal(3, walk.seen_count);
    assert_int_equal(2, state_of(f, TABLE_refunds).quarantined_count);
    assert_int_equal(0, walk_end(f, &walk, true));
    assert_int_equal(3, state_of(f, TABLE_refunds).row_count);
    assert_int_equal(2, state_of(f, TABLE_refunds).quarantined_count);
    (void)walk_all(f, TABLE_refunds, rows, 3, &removed);
    assert_int_equal(0, state_of(f, TABLE_refunds).quarantined_count);
}

static void test_quarantine_is_bounded(struct fixture *f)
{
    struct store_walk walk = walk_begin(f, TABLE_refunds, ORGANIZATION);
    struct store_reject *rejects = arena_calloc(&f->arena, TILL_LIMIT_PAGE_ROWS, sizeof *rejects);
    char *raw = arena_alloc(&f->arena, TILL_LIMIT_QUARANTINE_BYTES + 100);
    struct store_page_counts counts;
    memset(raw, 'x', TILL_LIMIT_QUARANTINE_BYTES + 100);
    for (size_t i = 0; i < TILL_LIMIT_PAGE_ROWS; i++)
        rejects[i] = (struct store_reject){.raw = SV("{}"), .reason = "no id"};
    for (int i = 0; i < TILL_LIMIT_QUARANTINE_ROWS / TILL_LIMIT_PAGE_ROWS + 1; i++)
        assert_ok(f, store_page(f->store, &walk,
                                &(struct store_incoming){.rejects = rejects,
                                                         .reject_count = TILL_LIMIT_PAGE_ROWS,
                                                         .total_count = -1},
                                NOON_US, &counts, &f->e));
    rejects[0] = (struct store_reject){
        .id = SV("x"), .raw = {raw, TILL_LIMIT_QUARANTINE_BYTES + 100}, .reason = "long"};
    assert_ok(f, store_page(f->store, &walk,
                            &(struct store_incoming){
                                .rejects = rejects, .reject_count = 1, .total_count = -1},
                            NOON_US, &counts, &f->e));
    assert_int_equal(TILL_LIMIT_QUARANTINE_ROWS, state_of(f, TABLE_refunds).quarantined_count);
    assert_answer(f, TILL_LIMIT_QUARANTINE_BYTES,
                  "SELECT length(raw) FROM till_quarantine WHERE row_id = 'x'");
    struct row *rows =
        make_rows(&f->arena, model_table(TABLE_refunds), 1, TILL_LIMIT_PAGE_ROWS + 1);
    assert_int_equal(TILL_LIMIT,
                     store_page(f->store, &walk,
                                &(struct store_incoming){.rows = rows,
                                                         .row_count = TILL_LIMIT_PAGE_ROWS + 1,
                                                         .total_count = -1},
                                NOON_US, &counts, &f->e));
}

static void test_again_forgets_what_was_seen(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_products), 1, 3);
    struct store_walk walk = walk_begin(f, TABLE_products, ORGANIZATION);
    (void)land(f, &walk, rows, 3, 4);
    land_reject(f, &walk, (struct sv){0}, "no id");
    assert_ok(f, store_walk_again(f->store, &walk, NOON_US, &f->e));
    assert_int_equal(2, walk.attempt);
    assert_int_equal(1, walk.next_page);
    assert_int_equal(0, walk.seen_count);
    assert_int_equal(0, state_of(f, TABLE_products).quarantined_count);
    struct store_page_counts counts = land(f, &walk, rows, 2, 2);
    assert_int_equal(2, counts.unchanged);
    assert_int_equal(1, walk_end(f, &walk, true));
    struct store_walk dropped = walk_begin(f, TABLE_products, ORGANIZATION);
    assert_ok(f, store_walk_drop(f->store, &dropped, &f->e));
    assert_int_equal(0, state_of(f, TABLE_products).walk_next_page);
    assert_int_equal(TILL_STORE, store_page(f->store, &dropped,
                                            &(struct store_incoming){
                                                .rows = rows, .row_count = 3, .total_count = 3},
                                            NOON_US, &counts, &f->e));
    assert_int_equal(2, state_of(f, TABLE_products).row_count);
    assert_answer(f, 2, "SELECT count(*) FROM products WHERE till_deleted_at IS NULL");
}

static void test_foreign_rows_are_refused(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 3);
    struct store_page_counts counts = {.added = 77};
    struct store_walk walk = walk_begin(f, TABLE_orders, ORGANIZATION);
    rows[2].organization_id = SV(OTHER_ORGANIZATION);
    assert_int_equal(TILL_AUTH, store_page(f->store, &walk,
                                           &(struct store_incoming){
                                               .rows = rows, .row_count = 3, .total_count = 3},
                                           NOON_US, &counts, &f->e));
    assert_non_null(strstr(f->e.text, OTHER_ORGANIZATION));
    assert_int_equal(77, counts.added);
    assert_int_equal(1, walk.next_page);
    assert_answer(f, 0, "SELECT count(*) FROM orders");
    rows[2].organization_id = SV(ORGANIZATION);
    (void)land(f, &walk, rows, 3, 3);
    struct store_walk other = walk_begin(f, TABLE_orders, OTHER_ORGANIZATION);
    rows[2].organization_id = (struct sv){0};
    assert_int_equal(TILL_AUTH, store_page(f->store, &other,
                                           &(struct store_incoming){
                                               .rows = rows + 2, .row_count = 1, .total_count = 1},
                                           NOON_US, &counts, &f->e));
}

static void test_two_organizations_stay_apart(struct fixture *f)
{
    int64_t removed;
    connect_organization(f, "polar", ORGANIZATION);
    connect_organization(f, "second", OTHER_ORGANIZATION);
    (void)walk_all(f, TABLE_customers, make_rows(&f->arena, model_table(TABLE_customers), 1, 3), 3,
                   &removed);
    struct store_walk other = walk_begin(f, TABLE_customers, OTHER_ORGANIZATION);
    (void)land(f, &other, make_rows(&f->arena, model_table(TABLE_customers), 100, 4), 4, 4);
    struct store_walk unfinished = walk_begin(f, TABLE_customers, ORGANIZATION);
    (void)land(f, &unfinished, make_rows(&f->arena, model_table(TABLE_customers), 1, 2), 2, 3);
    assert_int_equal(0, walk_end(f, &other, true));
    assert_answer(f, 2, "SELECT count(*) FROM till_walk_rows");
    assert_answer(f, 7, "SELECT count(*) FROM customers WHERE till_deleted_at IS NULL");
    assert_int_equal(1, walk_end(f, &unfinished, true));
    assert_answer(f, 1, "SELECT count(*) FROM customers WHERE till_deleted_at IS NOT NULL");
    assert_ok(f, store_connection_remove(f->store, "second", true, &f->e));
    assert_answer(f, 3, "SELECT count(*) FROM customers");
    assert_answer(
        f, 0, "SELECT count(*) FROM till_tables WHERE organization_id = '" OTHER_ORGANIZATION "'");
    assert_int_equal(2, state_of(f, TABLE_customers).row_count);
    assert_ok(f, store_connection_remove(f->store, "polar", false, &f->e));
    assert_answer(f, 3, "SELECT count(*) FROM customers");
}

static void test_purge_spares_shared_organizations(struct fixture *f)
{
    int64_t removed;
    connect_organization(f, "polar", ORGANIZATION);
    connect_organization(f, "twin", ORGANIZATION);
    (void)walk_all(f, TABLE_customers, make_rows(&f->arena, model_table(TABLE_customers), 1, 3), 3,
                   &removed);
    assert_ok(f, store_connection_remove(f->store, "twin", true, &f->e));
    assert_answer(f, 3, "SELECT count(*) FROM customers");
    assert_ok(f, store_connection_remove(f->store, "polar", true, &f->e));
    assert_answer(f, 0, "SELECT count(*) FROM customers");
    assert_ok(f, store_connection_remove(f->store, "nobody", true, &f->e));
}

static void test_connections(struct fixture *f)
{
    struct store_connection connection = {0}, list[2];
    bool is_found = true;
    size_t count = 9;
    assert_ok(f, store_connection_get(f->store, "polar", &connection, &is_found, &f->e));
    assert_false(is_found);
    connect_organization(f, "polar", ORGANIZATION);
    connect_organization(f, "second", OTHER_ORGANIZATION);
    assert_ok(f, store_connection_get(f->store, "polar", &connection, &is_found, &f->e));
    assert_true(is_found);
    assert_string_equal(ORGANIZATION, connection.organization_id);
    assert_int_equal(NOON_US, connection.connected_at_us);
    assert_int_equal(0, connection.disconnected_at_us);
    connection.disconnected_at_us = NOON_US + 1;
    assert_ok(f, store_connection_put(f->store, &connection, &f->e));
    assert_ok(f, store_connection_list(f->store, list, 2, &count, &f->e));
    assert_int_equal(2, count);
    assert_string_equal("polar", list[0].name);
    assert_int_equal(NOON_US + 1, list[0].disconnected_at_us);
    assert_string_equal("second", list[1].name);
    assert_int_equal(TILL_LIMIT, store_connection_list(f->store, list, 1, &count, &f->e));
    assert_int_equal(2, count);
}

static void test_runs_and_states(struct fixture *f)
{
    const struct table *table = model_table(TABLE_orders);
    struct store_table_state state = state_of(f, TABLE_orders);
    assert_true(state.is_enabled);
    assert_int_equal(0, state.row_count);
    assert_int_equal(-1, state.server_total);
    assert_int_equal(0, state.last_success_us);
    struct store_run run = {.table = table,
                            .organization_id = SV(ORGANIZATION),
                            .started_us = NOON_US,
                            .finished_us = NOON_US + 5,
                            .added = 7,
                            .changed = 2,
                            .removed = 1,
                            .requests = 12,
                            .server_total = 40,
                            .is_proven = true};
    assert_ok(f, store_run_put(f->store, &run, &f->e));
    run.code = TILL_NETWORK;
    run.error = "the network is down";
    run.started_us = NOON_US + 10;
    run.finished_us = NOON_US + 20;
    run.server_total = -1;
    run.is_proven = false;
    assert_ok(f, store_run_put(f->store, &run, &f->e));
    state = state_of(f, TABLE_orders);
    assert_int_equal(TILL_NETWORK, state.last_code);
    assert_string_equal("the network is down", state.last_error);
    assert_int_equal(NOON_US + 5, state.last_success_us);
    assert_int_equal(NOON_US + 20, state.last_finished_us);
    assert_int_equal(40, state.server_total);
    assert_true(state.is_proven);
    assert_int_equal(7, state.last_added);
    assert_int_equal(12, state.last_requests);
    assert_answer(f, 2, "SELECT count(*) FROM till_runs");
    assert_ok(f, store_table_enable(f->store, SV(ORGANIZATION), table, false, &f->e));
    assert_false(state_of(f, TABLE_orders).is_enabled);
    assert_true(state_of(f, TABLE_customers).is_enabled);
    assert_int_equal(NOON_US + 20, state_of(f, TABLE_orders).last_finished_us);
}

static void test_health(struct fixture *f)
{
    struct store_health health;
    assert_ok(f, store_health(f->store, &health, &f->e));
    assert_true(health.is_intact);
    assert_string_equal("", health.problem);
    assert_true(health.file_bytes > 0);
    assert_true(health.free_disk_bytes > 0);
}

static void test_commits_of_others_are_noticed(struct fixture *f)
{
    struct store *reader = NULL;
    int64_t first = 0, same = 0, later = 0;
    assert_ok(f, store_open(f->path, STORE_READ_ONLY, &reader, &f->e));
    assert_ok(f, store_data_version(reader, &first, &f->e));
    assert_ok(f, store_data_version(reader, &same, &f->e));
    assert_int_equal(first, same);
    connect_organization(f, "polar", ORGANIZATION);
    assert_ok(f, store_data_version(reader, &later, &f->e));
    assert_int_not_equal(first, later);
    assert_ok(f, store_data_version(reader, &same, &f->e));
    assert_int_equal(later, same);
    store_close(reader);
}

static void test_bad_arguments(struct fixture *f)
{
    struct store_walk walk;
    assert_int_equal(TILL_USAGE, store_walk_begin(f->store, SV(""), model_table(TABLE_orders),
                                                  false, NOON_US, &walk, &f->e));
}

static const struct contract contracts[] = {
    {"every table keeps every value", test_every_table_keeps_every_value},
    {"a walk resumes where it was", test_walk_resumes_where_it_was},
    {"duplicates count once", test_duplicates_count_once},
    {"the later copy in a page wins", test_the_later_copy_in_a_page_wins},
    {"removal needs proof", test_removal_needs_proof},
    {"a removed row returns", test_removed_row_returns},
    {"changes keep old and new", test_changes_keep_old_and_new},
    {"embedded copies change quietly", test_embedded_copies_change_quietly},
    {"quarantine", test_quarantine},
    {"the quarantine is bounded", test_quarantine_is_bounded},
    {"again forgets what was seen", test_again_forgets_what_was_seen},
    {"foreign rows are refused", test_foreign_rows_are_refused},
    {"two organizations stay apart", test_two_organizations_stay_apart},
    {"a purge spares shared organizations", test_purge_spares_shared_organizations},
    {"connections", test_connections},
    {"runs and states", test_runs_and_states},
    {"health", test_health},
    {"commits of others are noticed", test_commits_of_others_are_noticed},
    {"bad arguments", test_bad_arguments},
};

int main(void)
{
    return contracts_run("store contract", contracts, TILL_COUNT(contracts));
}
