// SPDX-License-Identifier: Apache-2.0
// packed_test.c - bills that are read out of their packed copy are those that the orders tell, whatever happens to orders in between.
#include "support.h"

#include <endian.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/timestamp.h"
#include "store/movement_rows.h"
#include "store/packed.h"

enum { ORDERS = 240, CHANGES = 60, WORLDS = 12, SUBSCRIPTIONS = 9, LINES = 1000, LINE_BYTES = 256 };

static uint64_t state_of_chance;

static uint64_t chance(uint64_t below)
{
    state_of_chance =
        state_of_chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state_of_chance >> 33) % below;
}

struct world {
    struct fixture f;
    sqlite3 *other; // to look at the file, and to do what only others do
    struct row *rows;
    size_t landed_count;
};

static void run(struct world *w, const char *sql)
{
    if (sqlite3_exec(w->other, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(w->other));
}

static void set_text(struct world *w, struct row *row, const char *column, const char *text)
{
    *value_of(row, column) = text_value(arena_sv(&w->f.arena, sv_of(text)).ptr);
}

static void set_null(struct row *row, const char *column)
{
    *value_of(row, column) = (struct value){.type = VALUE_NULL};
}

static void set_integer(struct row *row, const char *column, int64_t integer)
{
    *value_of(row, column) = (struct value){.type = VALUE_INTEGER, .integer = integer};
}

// Of up to `hours` hours before noon, each in a moment of its own.
static void set_created(struct world *w, size_t number, int64_t hours)
{
    char text[TIMESTAMP_BYTES + 1];
    int64_t at_us = NOON_US - (int64_t)chance((uint64_t)hours) * INT64_C(3600000000);
    timestamp_format(at_us - (int64_t)number - 1, text);
    set_text(w, &w->rows[number], "created_at", text);
}

static void set_subscription(struct world *w, size_t number)
{
    char text[64]; // one id in capitals is the same uuid to the reports
    (void)snprintf(text, sizeof text, "%c%07d-0000-4000-8000-00000000000a",
                   chance(10) == 0 ? 'A' : 'a', (int)chance(SUBSCRIPTIONS));
    set_text(w, &w->rows[number], "subscription_id", text);
}

static void make_order(struct world *w, size_t number)
{
    static const char *const reasons[] = {"subscription_cycle", "subscription_create",
                                          "subscription_cycle", "purchase"};
    static const char *const currencies[] = {"usd", "usd", "usd", "eur"};
    static const char *const products[] = {"product 1", "product 2", "product 3"};
    struct row *row = &w->rows[number];
    set_created(w, number, 24 * 400);
    set_subscription(w, number);
    if (chance(8) == 0)
        set_null(row, "subscription_id");
    set_text(w, row, "product_id", products[chance(TILL_COUNT(products))]);
    if (chance(9) == 0)
        set_null(row, "product_id");
    set_text(w, row, "billing_reason", reasons[chance(TILL_COUNT(reasons))]);
    set_text(w, row, "currency", currencies[chance(TILL_COUNT(currencies))]);
    set_integer(row, "paid", chance(10) != 0);
    set_integer(row, "subtotal_amount", (int64_t)chance(2) * 500 + 1000);
    set_integer(row, "discount_amount", chance(6) == 0 ? 100 : 0);
}

static void land(struct world *w, size_t first, size_t count)
{
    struct store_page_counts counts;
    struct store_incoming incoming = {
        .rows = &w->rows[first], .row_count = count, .total_count = -1, .mode = STORE_LAND_NEWEST};
    assert_ok(&w->f, store_rows(w->f.store, SV(ORGANIZATION), model_table(TABLE_orders), &incoming,
                                NOON_US, &counts, &w->f.e));
}

static void bury(struct world *w, size_t number)
{
    bool was_live;
    assert_ok(&w->f, store_row_bury(w->f.store, SV(ORGANIZATION), model_table(TABLE_orders),
                                    row_id(&w->rows[number]), NOON_US, &was_live, &w->f.e));
}

static void open_world(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    state_of_chance = seed * 77 + 5;
    fixture_open(&w->f);
    assert_int_equal(SQLITE_OK, sqlite3_open(w->f.path, &w->other));
    w->rows = make_rows(&w->f.arena, model_table(TABLE_orders), 1, ORDERS + CHANGES);
    for (size_t i = 0; i < ORDERS + CHANGES; i++)
        make_order(w, i);
    land(w, 0, ORDERS);
    w->landed_count = ORDERS;
    for (size_t i = 0; i < ORDERS; i += 17)
        bury(w, i);
}

static void close_world(struct world *w)
{
    (void)sqlite3_close(w->other);
    fixture_close(&w->f);
}

// ---- what is read ----

struct lines {
    char (*text)[LINE_BYTES];
    size_t count, packed_count;
};

static struct lines *make_lines(void)
{
    struct lines *lines = calloc(1, sizeof *lines);
    assert_non_null(lines);
    lines->text = calloc(LINES, LINE_BYTES);
    assert_non_null(lines->text);
    return lines;
}

static void free_lines(struct lines *lines)
{
    free(lines->text);
    free(lines);
}

static void put_line(struct lines *lines, const struct value *v, uint64_t key, int64_t at_us)
{
    const struct sv subscription = v[STORE_BILL_SUBSCRIPTION].text;
    const struct value *product = &v[STORE_BILL_PRODUCT];
    bool has_product = product->type == VALUE_TEXT;
    assert_true(lines->count < LINES);
    (void)snprintf(lines->text[lines->count++], LINE_BYTES, "%.*s|%020lld|%llu|%.*s|%lld|%.*s",
                   (int)subscription.len, subscription.ptr, (long long)at_us,
                   (unsigned long long)key, has_product ? (int)product->text.len : 1,
                   has_product ? product->text.ptr : "-", (long long)v[STORE_BILL_AMOUNT].integer,
                   (int)v[STORE_BILL_CURRENCY].text.len, v[STORE_BILL_CURRENCY].text.ptr);
    for (size_t i = 0; i + 1 < lines->count; i++) // of one subscription in order of time
        if (strncasecmp(lines->text[i], lines->text[lines->count - 1], 36) == 0)
            assert_true(strncmp(lines->text[i] + 37, lines->text[lines->count - 1] + 37, 20) < 0);
}

static enum till_code take_bill(void *context, const struct value *v, size_t count,
                                struct till_error *e)
{
    struct lines *lines = context;
    bool is_packed = v[STORE_BILL_AT].type == VALUE_INTEGER;
    int64_t at_us = v[STORE_BILL_AT].integer;
    (void)e;
    assert_true(count >= STORE_BILL_AGAIN);
    if (!is_packed)
        assert_true(timestamp_parse(v[STORE_BILL_AT].text, &at_us));
    put_line(lines, v, (uint64_t)v[STORE_BILL_KEY].integer, at_us);
    for (size_t at = 0; is_packed && at < v[STORE_BILL_AGAIN].text.len;
         at += sizeof(struct store_bill_again)) {
        struct store_bill_again again;
        memcpy(&again, v[STORE_BILL_AGAIN].text.ptr + at, sizeof again);
        put_line(lines, v, le64toh(again.key), (int64_t)le64toh(again.at_us));
    }
    lines->packed_count += is_packed;
    return TILL_OK;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(a, b);
}

static struct sv column_text(sqlite3_stmt *statement, int column)
{
    return (struct sv){(const char *)sqlite3_column_text(statement, column),
                       (size_t)sqlite3_column_bytes(statement, column)};
}

// What the orders themselves tell, by SQL alone.
static void read_orders(struct world *w, struct lines *lines)
{
    static const char sql[] =
        "SELECT rowid, created_at, subscription_id, product_id, subtotal_amount - discount_amount, "
        "currency FROM orders WHERE organization_id = '" ORGANIZATION
        "' AND till_deleted_at IS NULL AND paid = 1 AND subscription_id IS NOT NULL AND "
        "billing_reason IN ('subscription_create', 'subscription_cycle') ORDER BY created_at";
    sqlite3_stmt *statement = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(w->other, sql, -1, &statement, NULL));
    while (sqlite3_step(statement) == SQLITE_ROW) {
        struct value v[STORE_BILL__COUNT] = {{.type = VALUE_NULL}};
        int64_t at_us = 0;
        assert_true(timestamp_parse(column_text(statement, 1), &at_us));
        v[STORE_BILL_SUBSCRIPTION].text = column_text(statement, 2);
        if (sqlite3_column_type(statement, 3) != SQLITE_NULL)
            v[STORE_BILL_PRODUCT] =
                (struct value){.type = VALUE_TEXT, .text = column_text(statement, 3)};
        v[STORE_BILL_AMOUNT].integer = sqlite3_column_int64(statement, 4);
        v[STORE_BILL_CURRENCY].text = column_text(statement, 5);
        put_line(lines, v, (uint64_t)sqlite3_column_int64(statement, 0), at_us);
    }
    assert_int_equal(SQLITE_OK, sqlite3_finalize(statement));
}

// The store's answer is the orders' own. Gives how many runs came out of the copy.
static size_t check(struct world *w)
{
    struct lines *ours = make_lines(), *theirs = make_lines();
    const struct store_metric_sink sink = {take_bill, ours};
    assert_ok(&w->f, store_movement_bills(w->f.store, SV(ORGANIZATION), &sink, &w->f.e));
    read_orders(w, theirs);
    assert_int_equal(theirs->count, ours->count);
    qsort(ours->text, ours->count, LINE_BYTES, compare_lines);
    qsort(theirs->text, theirs->count, LINE_BYTES, compare_lines);
    for (size_t i = 0; i < ours->count; i++)
        assert_string_equal(theirs->text[i], ours->text[i]);
    size_t packed_count = ours->packed_count;
    free_lines(ours);
    free_lines(theirs);
    return packed_count;
}

static void pack(struct world *w)
{
    assert_ok(&w->f, store_bills_pack(w->f.store, SV(ORGANIZATION), NOON_US, 1, &w->f.e));
}

// ---- tests ----

enum { ALL_CHANGES = 15 };

static void change_an_order(struct world *w)
{
    size_t number = (size_t)chance(w->landed_count);
    struct row *row = &w->rows[number];
    switch (chance(ALL_CHANGES)) {
    case 0:
        set_integer(row, "paid", 1 - value_of(row, "paid")->integer);
        break;
    case 1:
        set_integer(row, "subtotal_amount", value_of(row, "subtotal_amount")->integer + 100);
        break;
    case 2:
        set_integer(row, "discount_amount", 50);
        break;
    case 3:
        set_text(w, row, "product_id", "another");
        break;
    case 4:
        set_subscription(w, number);
        break;
    case 5:
        set_text(w, row, "currency", "gbp");
        break;
    case 6:
        set_text(w, row, "billing_reason", "subscription_cycle");
        break;
    case 7: // into the copy, or out of it
        set_created(w, number, chance(2) == 0 ? 24 : 24 * 400);
        break;
    case 8:
        bury(w, number);
        return;
    case 9:
    case 10:
        set_created(w, w->landed_count, chance(2) == 0 ? 24 : 24 * 400);
        land(w, w->landed_count++, 1);
        return;
    case 11:
        set_text(w, row, "status", "refunded");
        break;
    default:
        set_integer(row, "refunded_amount", (int64_t)chance(1000));
        break;
    }
    land(w, number, 1);
}

static void test_worlds(void **state)
{
    size_t survived = 0, ended = 0;
    (void)state;
    for (uint64_t seed = 0; seed < WORLDS; seed++) {
        struct world w;
        open_world(&w, seed);
        assert_int_equal(0, check(&w));
        for (size_t i = 0; i < CHANGES; i++) {
            pack(&w);
            bool was_packed = check(&w) > 0;
            assert_true(was_packed);
            change_an_order(&w);
            bool is_packed = check(&w) > 0;
            survived += is_packed;
            ended += !is_packed;
        }
        close_world(&w);
    }
    assert_true(survived > 100);
    assert_true(ended > 100);
}

static void test_new_orders_leave_the_copy(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1);
    pack(&w);
    size_t runs = check(&w);
    for (size_t i = ORDERS; i < ORDERS + 20; i++)
        set_created(&w, i, 24 * 20);
    land(&w, ORDERS, 20);
    for (size_t i = 1; i < ORDERS; i += 2) { // what is not in a bill
        set_integer(&w.rows[i], "refunded_amount", 7);
        set_text(&w, &w.rows[i], "status", "refunded");
    }
    for (size_t i = 1; i < ORDERS; i++)
        if (i % 17 != 0)
            land(&w, i, 1);
    assert_int_equal(runs, check(&w));
    close_world(&w);
}

static void test_what_is_odd_is_not_packed(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2);
    for (size_t i = 1; i <= 3; i++) {
        struct row *row = &w.rows[i];
        set_text(&w, row, "created_at", "2025-03-01T00:00:00.000001Z");
        set_text(&w, row, "billing_reason", "subscription_cycle");
        set_text(&w, row, "subscription_id", i == 1 ? "b" : "c");
        set_integer(row, "paid", 1);
    }
    land(&w, 1, 3);
    pack(&w); // two of one subscription in one moment
    assert_answer(&w.f, 2, "SELECT state FROM till_packed");
    assert_answer(&w.f, 0, "SELECT count(*) FROM till_packed_bills");
    set_text(&w, &w.rows[3], "created_at", "2025-03-01T00:00:00.000002Z");
    land(&w, 3, 1);
    pack(&w);
    assert_answer(&w.f, 1, "SELECT state FROM till_packed");
    assert_true(check(&w) > 0);
    set_text(&w, &w.rows[1], "subscription_id",
             "an id that is far longer than all ids of the service have ever been, and then some");
    land(&w, 1, 1);
    pack(&w);
    assert_answer(&w.f, 2, "SELECT state FROM till_packed");
    assert_int_equal(0, check(&w));
    close_world(&w);
}

static void test_few_young_and_renumbered(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 3);
    assert_ok(&w.f, store_bills_pack(w.f.store, SV(ORGANIZATION), NOON_US, ORDERS, &w.f.e));
    assert_answer(&w.f, 0, "SELECT count(*) FROM till_packed");
    pack(&w);
    int64_t day_us = INT64_C(86400) * 1000000;
    // A month later it is young enough, two months later not.
    assert_ok(&w.f,
              store_bills_pack(w.f.store, SV(ORGANIZATION), NOON_US + 29 * day_us, 1, &w.f.e));
    assert_answer(&w.f, 1, "SELECT until = '2025-12-02T00:00:00.000000Z' FROM till_packed");
    assert_ok(&w.f,
              store_bills_pack(w.f.store, SV(ORGANIZATION), NOON_US + 61 * day_us, 1, &w.f.e));
    assert_answer(&w.f, 1, "SELECT until = '2026-02-01T00:00:00.000000Z' FROM till_packed");
    assert_true(check(&w) > 0);
    // The clock was set back: the copy holds what is lively.
    pack(&w);
    assert_answer(&w.f, 1, "SELECT until = '2025-12-02T00:00:00.000000Z' FROM till_packed");
    run(&w, "VACUUM");
    assert_int_equal(0, check(&w));
    pack(&w);
    assert_true(check(&w) > 0);
    close_world(&w);
}

static void test_damage_is_told(void **state)
{
    struct world w;
    struct lines *lines = make_lines();
    const struct store_metric_sink sink = {take_bill, lines};
    (void)state;
    open_world(&w, 4);
    pack(&w);
    run(&w, "UPDATE till_packed_bills SET bills = substr(bills, 1, length(bills) - 3)");
    assert_int_equal(TILL_STORE, store_movement_bills(w.f.store, SV(ORGANIZATION), &sink, &w.f.e));
    assert_non_null(strstr(w.f.e.text, "damaged"));
    free_lines(lines);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worlds),
        cmocka_unit_test(test_new_orders_leave_the_copy),
        cmocka_unit_test(test_what_is_odd_is_not_packed),
        cmocka_unit_test(test_few_young_and_renumbered),
        cmocka_unit_test(test_damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
