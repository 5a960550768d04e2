// SPDX-License-Identifier: Apache-2.0
// schema_test.c - the schema's text, and what the views say about rows whose numbers are known.
#include "support.h"

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

static void put_connection(struct fixture *f, const char *organization, int64_t disconnected_at_us)
{
    struct store_connection connection = {
        .service = "polar", .connected_at_us = NOON_US, .disconnected_at_us = disconnected_at_us};
    (void)snprintf(connection.name, sizeof connection.name, "%s", organization);
    (void)snprintf(connection.organization_id, sizeof connection.organization_id, "%s",
                   organization);
    assert_ok(f, store_connection_put(f->store, &connection, &f->e));
}

static void land_all(struct fixture *f, enum table_id id, const char *organization,
                     struct row *rows, size_t count)
{
    struct store_walk walk;
    struct store_page_counts counts;
    int64_t removed;
    assert_ok(f, store_walk_begin(f->store, sv_of(organization), model_table(id), true, NOON_US,
                                  &walk, &f->e));
    assert_ok(f, store_page(f->store, &walk,
                            &(struct store_incoming){
                                .rows = rows, .row_count = count, .total_count = (int64_t)count},
                            NOON_US, &counts, &f->e));
    assert_ok(f, store_walk_end(f->store, &walk, true, NOON_US, &removed, &f->e));
}

static void set(struct row *row, const char *column, int64_t integer)
{
    *value_of(row, column) = (struct value){.type = VALUE_INTEGER, .integer = integer};
}

static struct row order(struct fixture *f, int number, const char *currency, int64_t net,
                        bool is_paid)
{
    struct row *row = make_rows(&f->arena, model_table(TABLE_orders), number, 1);
    *value_of(row, "created_at") =
        text_value(number % 2 ? "2026-03-01T23:59:59.999999Z" : "2026-03-02T00:00:00.000000Z");
    *value_of(row, "currency") = text_value(currency);
    *value_of(row, "items") =
        text_value("[{\"id\":\"i1\",\"label\":\"one\",\"amount\":-5,\"proration\":true},{\"id\":"
                   "\"i2\",\"label\":\"two\",\"amount\":9}]");
    set(row, "net_amount", net);
    set(row, "tax_amount", 10);
    set(row, "total_amount", net + 10);
    set(row, "refunded_amount", 1);
    set(row, "paid", is_paid);
    return *row;
}

static void test_revenue(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    put_connection(&f, ORGANIZATION, 0);
    put_connection(&f, OTHER_ORGANIZATION, NOON_US);
    struct row rows[] = {order(&f, 1, "usd", 100, true),   order(&f, 3, "usd", -40, true),
                         order(&f, 5, "eur", 7, true),     order(&f, 2, "usd", 1000, true),
                         order(&f, 7, "usd", 5000, false), order(&f, 9, "usd", 70000, true)};
    struct row foreign[] = {order(&f, 11, "usd", 900000, true)};
    land_all(&f, TABLE_orders, ORGANIZATION, rows, 6);
    land_all(&f, TABLE_orders, ORGANIZATION, rows, 5); // the sixth leaves
    land_all(&f, TABLE_orders, OTHER_ORGANIZATION, foreign, 1);
    assert_answer(&f, 3, "SELECT count(*) FROM v_daily_revenue");
    assert_answer(
        &f, 60,
        "SELECT net_amount FROM v_daily_revenue WHERE day = '2026-03-01' AND currency = 'usd'");
    assert_answer(
        &f, 80,
        "SELECT gross_amount FROM v_daily_revenue WHERE day = '2026-03-01' AND currency = 'usd'");
    assert_answer(
        &f, 2, "SELECT orders FROM v_daily_revenue WHERE day = '2026-03-01' AND currency = 'usd'");
    assert_answer(&f, 2,
                  "SELECT refunded_amount FROM v_daily_revenue WHERE day = '2026-03-01' AND "
                  "currency = 'usd'");
    assert_answer(&f, 1000, "SELECT net_amount FROM v_daily_revenue WHERE day = '2026-03-02'");
    assert_answer(&f, 10, "SELECT count(*) FROM v_order_items");
    assert_answer(&f, -25, "SELECT sum(amount) FROM v_order_items WHERE proration");
    assert_answer(&f, 4, "SELECT count(*) FROM v_customer_revenue");
    fixture_close(&f);
}

static struct row subscription(struct fixture *f, int number, int64_t amount, const char *interval,
                               int64_t count)
{
    static const char *const never[] = {"ended_at", "ends_at", "trial_end"};
    struct row *row = make_rows(&f->arena, model_table(TABLE_subscriptions), number, 1);
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        *value_of(row, never[i]) = (struct value){.type = VALUE_NULL};
    *value_of(row, "started_at") = text_value("2025-01-01T00:00:00.000000Z");
    *value_of(row, "currency") = text_value("usd");
    *value_of(row, "recurring_interval") = text_value(interval);
    set(row, "recurring_interval_count", count);
    set(row, "amount", amount);
    return *row;
}

// The figures of each interval are the ones that Polar's own documentation of the rounding gives.
static void test_mrr(void **state)
{
    static const struct {
        int64_t amount;
        const char *interval;
        int64_t count, expected;
    } cases[] = {
        {100000, "year", 1, 8333}, {5000, "week", 2, 10833}, {101, "month", 2, 51},
        {1002, "year", 1, 84},     {1000, "month", 1, 1000}, {100, "day", 1, 3042},
        {0, "month", 1, 0},        {-101, "month", 2, -51},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        fixture_open(&f);
        put_connection(&f, ORGANIZATION, 0);
        struct row rows[] = {
            subscription(&f, 1, cases[i].amount, cases[i].interval, cases[i].count),
            subscription(&f, 2, 777777, "month", 1), subscription(&f, 3, 777777, "month", 1),
            subscription(&f, 4, 777777, "month", 1)};
        *value_of(&rows[1], "ended_at") = text_value("2025-06-01T00:00:00.000000Z");
        *value_of(&rows[2], "trial_end") = text_value("9000-01-01T00:00:00.000000Z");
        *value_of(&rows[3], "started_at") = text_value("9000-01-01T00:00:00.000000Z");
        land_all(&f, TABLE_subscriptions, ORGANIZATION, rows, 4);
        assert_answer(&f, cases[i].expected, "SELECT mrr_amount FROM v_mrr");
        assert_answer(&f, 1, "SELECT subscriptions FROM v_mrr");
        fixture_close(&f);
    }
}

static void test_prices(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    put_connection(&f, ORGANIZATION, 0);
    struct row *rows = make_rows(&f.arena, model_table(TABLE_products), 1, 2);
    *value_of(&rows[0], "prices") = text_value(
        "[{\"id\":\"p1\",\"amount_type\":\"fixed\",\"price_amount\":900,\"price_currency\":\"usd\"}"
        ","
        "{\"id\":\"p2\",\"amount_type\":\"metered_unit\",\"unit_amount\":\"0.100000000000\"}]");
    *value_of(&rows[1], "prices") = (struct value){.type = VALUE_NULL};
    land_all(&f, TABLE_products, ORGANIZATION, rows, 2);
    assert_answer(&f, 2, "SELECT count(*) FROM v_product_prices");
    assert_answer(&f, 900, "SELECT price_amount FROM v_product_prices WHERE currency = 'usd'");
    assert_answer(&f, 1,
                  "SELECT count(*) FROM v_product_prices WHERE unit_amount = '0.100000000000'");
    fixture_close(&f);
}

// The text is what a new database holds, comments included, and plain SQLite accepts it.
static void test_text(void **state)
{
    struct till_error e = {0};
    struct buf text;
    sqlite3 *db;
    (void)state;
    buf_init(&text, 1024 * 1024);
    assert_int_equal(TILL_OK, store_schema(&text, &e));
    assert_non_null(strstr(text.data, "CREATE TABLE orders ( -- One bill"));
    assert_non_null(strstr(text.data, "net_amount INTEGER NOT NULL, -- Revenue"));
    assert_int_equal(SQLITE_OK, sqlite3_open(":memory:", &db));
    char *message = NULL;
    if (sqlite3_exec(db, text.data, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    (void)sqlite3_close(db);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_revenue),
        cmocka_unit_test(test_mrr),
        cmocka_unit_test(test_prices),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests_name("store schema", tests, NULL, NULL);
}
