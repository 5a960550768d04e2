// SPDX-License-Identifier: Apache-2.0
// facts_test.c - what events say, in columns: as the metadata say it, through every way by which an event comes, changes, goes, and comes back; and made
// whole where it is missing. Each step is held against the events themselves.
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "store/driver.h"
#include "store/metrics_rows.h"
#include "store/movement_rows.h"

static const struct table *events(void)
{
    return model_table(TABLE_events);
}

// What the table is to hold, from the events.
#define WHOLE                                                                                      \
    "SELECT organization_id, timestamp, id, name, customer_id, external_customer_id, "             \
    "coalesce(metadata ->> 'product_id', metadata ->> 'new_product_id'), metadata ->> "            \
    "'subscription_id', metadata ->> 'amount', metadata ->> 'currency', typeof(metadata ->> "      \
    "'exchange_rate'), CASE WHEN name LIKE 'subscription.%' THEN metadata ->> 'ends_at' ELSE "     \
    "metadata ->> 'order_id' END, CASE WHEN name LIKE 'subscription.%' THEN 'subscription' WHEN "  \
    "name = 'balance.order' AND metadata ->> 'presentment_currency' <> 'usd' THEN 'exchange' "     \
    "ELSE 'order' END FROM events WHERE till_deleted_at IS NULL AND json_valid(metadata) AND "     \
    "name IN ('order.paid', 'balance.order', 'subscription.canceled', 'subscription.paused')"
#define KEPT                                                                                       \
    "SELECT organization_id, timestamp, event_id, name, customer_id, external_customer_id, "       \
    "product_id, subscription_id, amount, currency, typeof(exchange_rate), CASE WHEN topic = "     \
    "'subscription' THEN ends_at ELSE order_id END, topic FROM till_event_facts"

static void assert_whole(struct fixture *f, int expected)
{
    assert_answer(f, expected, "SELECT count(*) FROM till_event_facts");
    assert_answer(f, 0, "SELECT count(*) FROM (" WHOLE " EXCEPT " KEPT ")");
    assert_answer(f, 0, "SELECT count(*) FROM (" KEPT " EXCEPT " WHOLE ")");
}

static const struct {
    const char *name, *metadata;
} samples[] = {
    {"order.paid", "{\"order_id\":\"o1\",\"product_id\":\"p\",\"amount\":9223372036854775807,"
                   "\"currency\":\"usd\"}"},
    {"balance.order",
     "{\"order_id\":\"o1\",\"amount\":-5,\"currency\":\"usd\",\"presentment_currency\":"
     "\"eur\",\"presentment_amount\":4,\"exchange_rate\":1.25}"},
    {"balance.order", "{\"order_id\":\"o2\",\"amount\":7,\"currency\":\"usd\","
                      "\"presentment_currency\":\"usd\"}"},
    {"subscription.canceled", "{\"subscription_id\":\"s\",\"new_product_id\":\"q\",\"ends_at\":"
                              "\"2026-01-01T00:00:00Z\",\"amount\":\"12\"}"},
    {"subscription.paused", "{}"},
    {"customer.created", "{\"order_id\":\"o1\"}"}, // nobody asks
};
enum { SAMPLES = sizeof samples / sizeof samples[0], ASKED = SAMPLES - 1 };

static struct row *make_events(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, events(), 1, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++) {
        *value_of(&rows[i], "name") = text_value(samples[i].name);
        *value_of(&rows[i], "metadata") = text_value(samples[i].metadata);
    }
    return rows;
}

static void land(struct fixture *f, struct row *rows, size_t count)
{
    struct store_page_counts counts;
    assert_ok(f, store_rows(f->store, SV(ORGANIZATION), events(),
                            &(struct store_incoming){.rows = rows, .row_count = count}, NOON_US,
                            &counts, &f->e));
}

static int prepare(void **state)
{
    static struct fixture f;
    fixture_open(&f);
    land(&f, make_events(&f), SAMPLES);
    *state = &f;
    return 0;
}

static int finish(void **state)
{
    fixture_close(*state);
    return 0;
}

static void change(struct fixture *f, const char *sql)
{
    store_close(f->store);
    f->store = NULL;
    change_file(f, sql);
    fixture_reopen(f);
}

static void as_they_come(void **state)
{
    struct fixture *f = *state;
    assert_whole(f, ASKED);
    assert_answer(f, INT64_MAX, "SELECT amount FROM till_event_facts WHERE name = 'order.paid'");
    assert_answer(f, 1, "SELECT count(*) FROM till_event_facts WHERE exchange_rate = 1.25");
    land(f, make_events(f), SAMPLES); // again
    assert_whole(f, ASKED);
}

static void as_they_go_and_come_back(void **state)
{
    struct fixture *f = *state;
    struct row *rows = make_events(f);
    bool was_live = false;
    assert_ok(f, store_row_bury(f->store, SV(ORGANIZATION), events(),
                                value_of(&rows[1], "id")->text, NOON_US, &was_live, &f->e));
    assert_true(was_live);
    assert_whole(f, ASKED - 1);
    land(f, rows, SAMPLES);
    assert_whole(f, ASKED);
}

static void as_they_change(void **state)
{
    struct fixture *f = *state;
    struct row *rows = make_events(f);
    *value_of(&rows[1], "metadata") = text_value("{\"presentment_currency\":\"usd\"}");
    *value_of(&rows[4], "external_customer_id") = text_value("another");
    land(f, rows, SAMPLES);
    assert_whole(f, ASKED);
    change(f, "UPDATE events SET name = 'customer.created' WHERE name = 'order.paid'; UPDATE "
              "events SET timestamp = '2020-01-01T00:00:00.000000Z', id = 'x', customer_id = NULL "
              "WHERE name = 'subscription.paused'; UPDATE events SET organization_id = "
              "'" OTHER_ORGANIZATION "' WHERE name = 'subscription.canceled'");
    assert_whole(f, ASKED - 1);
    change(f, "UPDATE events SET metadata = 'no json' WHERE name = 'balance.order'");
    assert_whole(f, ASKED - 3);
    change(f, "DELETE FROM events WHERE name = 'subscription.paused'");
    assert_whole(f, ASKED - 4);
}

// The same when the table is missing, when a trigger is, or when one is another program's.
static void made_whole_where_missing(void **state)
{
    struct fixture *f = *state;
    change(f, "DROP TABLE till_event_facts; DROP TRIGGER events_added; DROP TRIGGER "
              "events_removed; DROP TRIGGER events_changed; PRAGMA user_version = 3");
    assert_whole(f, ASKED);
    change(f, "DROP TABLE till_event_facts");
    assert_whole(f, ASKED);
    change(f, "DROP TRIGGER events_removed; DELETE FROM events WHERE name = 'order.paid'");
    assert_whole(f, ASKED - 1);
    change(f, "DROP TRIGGER events_added; CREATE TRIGGER events_added AFTER INSERT ON events BEGIN "
              "SELECT 1; END");
    land(f, make_events(f), SAMPLES);
    assert_whole(f, ASKED);
}

static void a_purge_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    change(f, "INSERT INTO till_connections(name, service, environment, api_url, organization_id, "
              "organization_name, secret_place, scopes, missing_scopes) VALUES ('polar', 'polar', "
              "'sandbox', 'http://127.0.0.1', '" ORGANIZATION "', 'x', 'file', '', '')");
    assert_ok(f, store_connection_remove(f->store, "polar", true, &f->e));
    assert_answer(f, 0, "SELECT count(*) FROM events");
    assert_whole(f, 0);
}

struct seen {
    int count;
    char names[400];
};

static enum till_code see(void *context, const struct value *values, size_t count,
                          struct till_error *e)
{
    struct seen *seen = context;
    size_t used = strlen(seen->names);
    (void)count;
    (void)e;
    seen->count++;
    (void)snprintf(seen->names + used, sizeof seen->names - used, "%.*s ", (int)values[0].text.len,
                   values[0].text.ptr);
    return TILL_OK;
}

// Before the range: the lives of subscriptions, and payments that tell a rate.
static void what_reports_read(void **state)
{
    struct fixture *f = *state;
    struct seen all = {0}, later = {0}, told = {0}, paid = {0}, none = {0};
    assert_ok(f, store_metric_events(f->store, SV(ORGANIZATION), 0,
                                     &(struct store_metric_sink){see, &all}, &f->e));
    assert_int_equal(4, all.count);
    assert_ok(f, store_metric_events(f->store, SV(ORGANIZATION), NOON_US,
                                     &(struct store_metric_sink){see, &later}, &f->e));
    assert_string_equal("balance.order subscription.canceled ", later.names);
    assert_ok(f, store_movement_events(f->store, SV(ORGANIZATION),
                                       &(struct store_metric_sink){see, &told}, &f->e));
    assert_string_equal("subscription.canceled subscription.paused ", told.names);
    assert_ok(f, store_metric_payments(f->store, SV(ORGANIZATION), NOON_US,
                                       &(struct store_metric_sink){see, &paid}, &f->e));
    assert_int_equal(1, paid.count);
    assert_ok(f, store_metric_events(f->store, SV(OTHER_ORGANIZATION), 0,
                                     &(struct store_metric_sink){see, &none}, &f->e));
    assert_int_equal(0, none.count);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, finish)
    const struct CMUnitTest tests[] = {
        TEST(as_they_come),           TEST(as_they_go_and_come_back),
        TEST(as_they_change),         TEST(made_whole_where_missing),
        TEST(a_purge_leaves_nothing), TEST(what_reports_read),
    };
    return cmocka_run_group_tests_name("facts of events", tests, NULL, NULL);
}
