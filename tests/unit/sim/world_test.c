// SPDX-License-Identifier: Apache-2.0
// world_test.c - the shop is coherent: sums, references, statuses, order in time, determinism; after its making and after change.
//
// Everything is read as a client would read it: rendered, parsed, looked up by id. The checks hold for any seed.
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yyjson.h>

enum { ORDERS = 3000, MUTATIONS = 400 };
static const int64_t NOW_US = INT64_C(1790000000123456);

static struct sim_world *make(uint64_t seed, uint32_t orders)
{
    struct sim_world *w = world_new(
        &(struct sim_world_options){.seed = seed, .order_count = orders, .now_us = NOW_US});
    assert_non_null(w);
    return w;
}

static yyjson_doc *row_of(const struct sim_world *w, enum sim_table table, uint32_t index)
{
    struct sim_out out = {0};
    world_render(w, table, index, &out);
    assert_false(out.failed);
    yyjson_doc *doc = yyjson_read(out.data, out.len, 0);
    if (doc == NULL)
        fail_msg("table %d row %u is no JSON: %.*s", (int)table, index, (int)out.len, out.data);
    sim_out_release(&out);
    return doc;
}

static int64_t number(yyjson_val *row, const char *key)
{
    yyjson_val *value = yyjson_obj_get(row, key);
    if (!yyjson_is_int(value))
        fail_msg("%s is no integer", key);
    return yyjson_get_sint(value);
}

static const char *string(yyjson_val *row, const char *key)
{
    yyjson_val *value = yyjson_obj_get(row, key);
    if (value == NULL)
        fail_msg("%s is missing", key);
    return yyjson_get_str(value); // NULL for null
}

static bool is(yyjson_val *row, const char *key, const char *value)
{
    const char *text = string(row, key);
    return text != NULL && strcmp(text, value) == 0;
}

static void assert_known(const struct sim_world *w, enum sim_table table, const char *id)
{
    if (id != NULL && world_find(w, table, id) < 0)
        fail_msg("%s is not in table %d", id, (int)table);
}

static int64_t at_least_0(int64_t value)
{
    return value > 0 ? value : 0;
}

static void check_order_amounts(yyjson_val *row)
{
    int64_t net = number(row, "net_amount"), tax = number(row, "tax_amount");
    int64_t total = number(row, "total_amount"), applied = number(row, "applied_balance_amount");
    int64_t taxable = number(row, "subtotal_amount") - number(row, "discount_amount");
    int64_t refunded = number(row, "refunded_amount"), sum = 0;
    size_t i, count;
    yyjson_val *item;
    yyjson_arr_foreach(yyjson_obj_get(row, "items"), i, count, item) sum += number(item, "amount");
    assert_int_equal(sum, number(row, "subtotal_amount"));
    assert_true(taxable == net || taxable == net + tax); // tax on top, or within
    assert_int_equal(total, net + tax);
    assert_int_equal(number(row, "due_amount"), at_least_0(total + applied));
    assert_int_equal(number(row, "refundable_amount"), at_least_0(net + applied - refunded));
    assert_int_equal(number(row, "refundable_tax_amount"),
                     at_least_0(tax - number(row, "refunded_tax_amount")));
    assert_int_equal(number(row, "amount"), net);
    assert_int_equal(number(row, "from_balance_amount"), applied);
    assert_true(applied <= 0 && -applied <= at_least_0(total));
    assert_true(refunded >= 0 && refunded <= at_least_0(net));
}

static void check_order(const struct sim_world *w, yyjson_val *row)
{
    int64_t refunded = number(row, "refunded_amount");
    bool is_refunded = is(row, "status", "refunded"),
         is_partly = is(row, "status", "partially_refunded");
    bool is_paid = is(row, "status", "paid") || is_refunded || is_partly;
    check_order_amounts(row);
    assert_int_equal(yyjson_get_bool(yyjson_obj_get(row, "paid")), is_paid);
    assert_int_equal(is_paid && refunded > 0, is_refunded || is_partly);
    assert_int_equal(is_refunded && number(row, "refundable_amount") > 0, false);
    assert_int_equal(string(row, "receipt_number") != NULL, is_paid);
    assert_int_equal(string(row, "invoice_number") == NULL, is(row, "status", "draft"));
    assert_known(w, SIM_CUSTOMERS, string(row, "customer_id"));
    assert_known(w, SIM_PRODUCTS, string(row, "product_id"));
    assert_known(w, SIM_SUBSCRIPTIONS, string(row, "subscription_id"));
    assert_known(w, SIM_CHECKOUTS, string(row, "checkout_id"));
    assert_string_equal(string(yyjson_obj_get(row, "customer"), "id"), string(row, "customer_id"));
    if (number(row, "platform_fee_amount") > 0)
        assert_true(is_paid && is(row, "platform_fee_currency", "usd"));
    if (string(row, "next_payment_attempt_at") != NULL)
        assert_true(is(row, "status", "pending"));
}

static void check_subscription(const struct sim_world *w, yyjson_val *row)
{
    bool is_over = is(row, "status", "canceled") || is(row, "status", "incomplete_expired");
    assert_int_equal(string(row, "ended_at") != NULL, is_over);
    assert_int_equal(string(row, "past_due_at") != NULL && !is_over,
                     is(row, "status", "past_due") || is(row, "status", "unpaid"));
    assert_int_equal(string(row, "paused_at") != NULL && !is_over, is(row, "status", "paused"));
    if (is(row, "status", "trialing"))
        assert_string_equal(string(row, "trial_end"), string(row, "current_period_end"));
    if (yyjson_get_bool(yyjson_obj_get(row, "cancel_at_period_end")))
        assert_true(string(row, "canceled_at") != NULL && string(row, "ends_at") != NULL);
    if (is(row, "status", "canceled"))
        assert_non_null(string(row, "canceled_at"));
    if (string(row, "customer_cancellation_reason") != NULL)
        assert_non_null(string(row, "canceled_at"));
    assert_non_null(string(row, "started_at"));
    assert_true(number(row, "amount") >= 0);
    assert_known(w, SIM_CUSTOMERS, string(row, "customer_id"));
    assert_known(w, SIM_PRODUCTS, string(row, "product_id"));
    assert_known(w, SIM_CHECKOUTS, string(row, "checkout_id"));
}

static void check_event(const struct sim_world *w, yyjson_val *row)
{
    yyjson_val *metadata = yyjson_obj_get(row, "metadata");
    yyjson_val *order = yyjson_obj_get(metadata, "order_id");
    yyjson_val *subscription = yyjson_obj_get(metadata, "subscription_id");
    assert_true(yyjson_is_obj(metadata));
    assert_known(w, SIM_ORDERS, yyjson_get_str(order));
    assert_known(w, SIM_SUBSCRIPTIONS, yyjson_get_str(subscription));
    assert_known(w, SIM_CUSTOMERS, string(row, "customer_id"));
    if (is(row, "name", "balance.order")) {
        assert_true(yyjson_is_real(yyjson_obj_get(metadata, "exchange_rate")));
        assert_true(number(metadata, "fee") > 0);
    }
}

// Sums that cross tables: refunds against orders, paid orders against their events.
static void check_sums(const struct sim_world *w)
{
    uint32_t count = world_count(w, SIM_ORDERS);
    int64_t *refunded = calloc(count, sizeof *refunded);
    unsigned char *paid = calloc(count, 1);
    assert_true(refunded != NULL && paid != NULL);
    for (uint32_t i = 0; i < world_count(w, SIM_REFUNDS); i++) {
        yyjson_doc *doc = row_of(w, SIM_REFUNDS, i);
        yyjson_val *row = yyjson_doc_get_root(doc);
        int64_t order = world_find(w, SIM_ORDERS, string(row, "order_id"));
        assert_in_range(order, 0, count - 1);
        if (is(row, "status", "succeeded"))
            refunded[order] += number(row, "amount");
        bool is_prevention = is(row, "reason", "dispute_prevention");
        assert_int_equal(yyjson_is_obj(yyjson_obj_get(row, "dispute")), is_prevention);
        yyjson_doc_free(doc);
    }
    for (uint32_t i = 0; i < world_count(w, SIM_EVENTS); i++) {
        yyjson_doc *doc = row_of(w, SIM_EVENTS, i);
        yyjson_val *row = yyjson_doc_get_root(doc);
        check_event(w, row);
        if (is(row, "name", "order.paid"))
            paid[world_find(w, SIM_ORDERS, string(yyjson_obj_get(row, "metadata"), "order_id"))]++;
        yyjson_doc_free(doc);
    }
    for (uint32_t i = 0; i < count; i++) {
        yyjson_doc *doc = row_of(w, SIM_ORDERS, i);
        yyjson_val *row = yyjson_doc_get_root(doc);
        check_order(w, row);
        assert_int_equal(number(row, "refunded_amount"), refunded[i]);
        assert_int_equal(paid[i], yyjson_get_bool(yyjson_obj_get(row, "paid")));
        yyjson_doc_free(doc);
    }
    free(refunded);
    free(paid);
}

static void check_world(const struct sim_world *w)
{
    check_sums(w);
    for (uint32_t i = 0; i < world_count(w, SIM_SUBSCRIPTIONS); i++) {
        yyjson_doc *doc = row_of(w, SIM_SUBSCRIPTIONS, i);
        check_subscription(w, yyjson_doc_get_root(doc));
        yyjson_doc_free(doc);
    }
    static const enum sim_table others[] = {SIM_ORGANIZATIONS, SIM_CUSTOMERS, SIM_PRODUCTS,
                                            SIM_CHECKOUTS, SIM_BENEFITS};
    for (size_t t = 0; t < sizeof others / sizeof others[0]; t++) {
        for (uint32_t i = 0; i < world_count(w, others[t]); i++)
            yyjson_doc_free(row_of(w, others[t], i));
    }
}

static void test_rows_are_coherent(void **state)
{
    (void)state;
    struct sim_world *w = make(11, ORDERS);
    assert_in_range(world_count(w, SIM_ORDERS), ORDERS * 98 / 100, ORDERS * 102 / 100);
    check_world(w);
    world_free(w);
}

static void test_rows_stay_coherent_under_mutation(void **state)
{
    (void)state;
    struct sim_world *w = make(12, ORDERS);
    for (uint64_t seed = 0; seed < 6; seed++) {
        uint64_t version = world_version(w);
        assert_true(world_mutate(w, seed, MUTATIONS, seed % 2 ? 3 * 86400 : 40) >= MUTATIONS);
        assert_true(world_version(w) > version);
    }
    check_world(w);
    world_free(w);
}

static void test_rows_are_in_time_order_with_ties(void **state)
{
    (void)state;
    struct sim_world *w = make(13, 8 * ORDERS);
    char scratch[SIM_SCRATCH_BYTES];
    for (int table = SIM_CUSTOMERS; table < SIM_TABLE__COUNT; table++) {
        unsigned ties = 0;
        int64_t last = 0;
        for (uint32_t i = 0; i < world_count(w, (enum sim_table)table); i++) {
            struct sim_value value =
                world_value(w, (enum sim_table)table, i, SIM_F_CREATED_AT, scratch);
            assert_int_equal(value.kind, SIM_INT);
            assert_true(value.integer >= last && value.integer <= NOW_US);
            ties += value.integer == last;
            last = value.integer;
        }
        if (ties == 0)
            fail_msg("table %d has no two rows of one instant", table);
    }
    world_free(w);
}

static void test_ids_lead_back(void **state)
{
    (void)state;
    struct sim_world *w = make(14, 500), *other = make(15, 500);
    char id[SIM_SCRATCH_BYTES];
    for (int table = 0; table < SIM_TABLE__COUNT; table++) {
        for (uint32_t i = 0; i < world_count(w, (enum sim_table)table); i++) {
            world_value(w, (enum sim_table)table, i, SIM_F_ID, id);
            assert_int_equal(strlen(id), 36);
            assert_int_equal(id[14], '4');
            assert_non_null(strchr("89ab", id[19]));
            assert_int_equal(world_find(w, (enum sim_table)table, id), i);
            assert_int_equal(world_find(other, (enum sim_table)table, id), -1);
            assert_int_equal(world_find(w, (enum sim_table)((table + 1) % SIM_TABLE__COUNT), id),
                             -1);
        }
    }
    assert_int_equal(world_find(w, SIM_ORDERS, "00000000-0000-4000-8000-000000000000"), -1);
    assert_int_equal(world_find(w, SIM_ORDERS, "short"), -1);
    world_free(other);
    world_free(w);
}

// All rows as one hash; the Discord token, which reads differently each time, is left out by skipping its rows.
static uint64_t fingerprint(const struct sim_world *w)
{
    uint64_t hash = 14695981039346656037U;
    for (int table = 0; table < SIM_TABLE__COUNT; table++) {
        for (uint32_t i = 0; i < world_count(w, (enum sim_table)table); i++) {
            struct sim_out out = {0};
            world_render(w, (enum sim_table)table, i, &out);
            bool has_token = out.len > 0 && memmem(out.data, out.len, "guild_token", 11) != NULL;
            for (size_t j = 0; !has_token && j < out.len; j++)
                hash = (hash ^ (unsigned char)out.data[j]) * 1099511628211U;
            sim_out_release(&out);
        }
    }
    return hash;
}

static void test_equal_options_give_equal_worlds(void **state)
{
    (void)state;
    struct sim_world *a = make(16, 800), *b = make(16, 800), *c = make(17, 800);
    assert_true(fingerprint(a) == fingerprint(b));
    assert_false(fingerprint(a) == fingerprint(c));
    assert_int_equal(world_mutate(a, 5, 100, 3600), world_mutate(b, 5, 100, 3600));
    assert_int_equal(world_now_us(a), world_now_us(b));
    assert_true(fingerprint(a) == fingerprint(b));
    world_mutate(a, 6, 50, 3600);
    world_mutate(b, 7, 50, 3600);
    assert_false(fingerprint(a) == fingerprint(b));
    world_free(a);
    world_free(b);
    world_free(c);
}

static void test_everything_occurs(void **state)
{
    (void)state;
    static const struct {
        enum sim_table table;
        enum sim_field field;
        const char *value;
    } wanted[] = {
        {SIM_ORDERS, SIM_F_STATUS, "pending"},
        {SIM_ORDERS, SIM_F_STATUS, "draft"},
        {SIM_ORDERS, SIM_F_STATUS, "void"},
        {SIM_ORDERS, SIM_F_STATUS, "refunded"},
        {SIM_ORDERS, SIM_F_STATUS, "partially_refunded"},
        {SIM_SUBSCRIPTIONS, SIM_F_STATUS, "incomplete_expired"},
        {SIM_SUBSCRIPTIONS, SIM_F_STATUS, "trialing"},
        {SIM_SUBSCRIPTIONS, SIM_F_STATUS, "past_due"},
        {SIM_SUBSCRIPTIONS, SIM_F_STATUS, "unpaid"},
        {SIM_SUBSCRIPTIONS, SIM_F_STATUS, "paused"},
        {SIM_SUBSCRIPTIONS, SIM_F_STATUS, "canceled"},
        {SIM_SUBSCRIPTIONS, SIM_F_CANCELLATION_REASON, "too_expensive"},
        {SIM_REFUNDS, SIM_F_STATUS, "pending"},
        {SIM_REFUNDS, SIM_F_STATUS, "failed"},
        {SIM_REFUNDS, SIM_F_STATUS, "canceled"},
        {SIM_CHECKOUTS, SIM_F_STATUS, "open"},
        {SIM_CHECKOUTS, SIM_F_STATUS, "failed"},
        {SIM_CHECKOUTS, SIM_F_STATUS, "confirmed"},
        {SIM_CUSTOMERS, SIM_F_TYPE, "team"},
        {SIM_BENEFITS, SIM_F_TYPE, "discord"},
        {SIM_PRODUCTS, SIM_F_PRICE_AMOUNT_TYPE, "seat_based"},
        {SIM_PRODUCTS, SIM_F_PRICE_AMOUNT_TYPE, "unit_based"},
        {SIM_EVENTS, SIM_F_NAME, "balance.refund_reversal"},
        {SIM_EVENTS, SIM_F_NAME, "subscription.uncanceled"},
        {SIM_EVENTS, SIM_F_NAME, "subscription.seats_updated"},
        {SIM_EVENTS, SIM_F_SOURCE, "user"},
    };
    char scratch[SIM_SCRATCH_BYTES];
    struct sim_world *w = make(18, 40000);
    world_mutate(w, 1, 3000, 7200);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        bool is_found = false;
        for (uint32_t row = world_count(w, wanted[i].table); row > 0 && !is_found; row--) {
            struct sim_value value =
                world_value(w, wanted[i].table, row - 1, wanted[i].field, scratch);
            is_found = value.kind == SIM_TEXT && strcmp(value.text, wanted[i].value) == 0;
        }
        if (!is_found)
            fail_msg("no row of table %d is %s", (int)wanted[i].table, wanted[i].value);
    }
    world_free(w);
}

static void test_kinds_happen_alone(void **state)
{
    (void)state;
    struct sim_world *w = make(22, ORDERS);
    for (unsigned kind = 1; kind < SIM_KIND_COUNT; kind++) {
        struct sim_mutation mutation = {.seed = kind, .count = 5, .is_scattered = true};
        struct sim_mutated done;
        assert_true(world_kinds_parse(world_kind_name(kind), &mutation.kinds));
        world_mutate_kinds(w, &mutation, &done);
        for (unsigned other = 0; other < SIM_KIND_COUNT; other++) {
            if (other != kind)
                assert_int_equal(done.of_kind[other], 0);
        }
        assert_int_equal(done.of_kind[kind] + done.impossible, 5);
        assert_true((done.changed > 0) == (done.of_kind[kind] > 0));
        check_world(w);
    }
    world_free(w);
}

static void test_kinds_are_parsed(void **state)
{
    (void)state;
    uint64_t kinds = 7, group = 0;
    assert_false(world_kinds_parse("", &kinds));
    assert_false(world_kinds_parse("refund,nothing", &kinds));
    assert_false(world_kinds_parse("refun", &kinds));
    assert_int_equal(kinds, 7);
    assert_true(world_kinds_parse("refund,order_void", &kinds));
    assert_true(world_kinds_parse("order_status", &group));
    assert_int_equal(group & kinds, kinds);
    assert_true(group != kinds);
}

static void test_events_come_late(void **state)
{
    (void)state;
    struct sim_world *w = make(23, ORDERS);
    uint32_t before = world_count(w, SIM_EVENTS), hidden = 0;
    struct sim_mutation mutation = {.seed = 1, .count = 20, .event_lag_minutes = 30};
    struct sim_mutated done;
    world_mutate_kinds(w, &mutation, &done);
    for (uint32_t i = before; i < world_count(w, SIM_EVENTS); i++)
        hidden += !world_is_listed(w, SIM_EVENTS, i);
    assert_true(hidden > 0);
    uint64_t version = world_version(w);
    world_mutate_kinds(w, &(struct sim_mutation){.seconds = 1801}, &done);
    assert_true(world_version(w) > version);
    for (uint32_t i = 0; i < world_count(w, SIM_EVENTS); i++)
        assert_true(world_is_listed(w, SIM_EVENTS, i));
    world_free(w);
}

static void test_deleted_customers_leave_the_list(void **state)
{
    (void)state;
    struct sim_world *w = make(19, ORDERS);
    unsigned gone = 0;
    for (uint32_t i = 0; i < world_count(w, SIM_CUSTOMERS); i++) {
        yyjson_doc *doc = row_of(w, SIM_CUSTOMERS, i);
        yyjson_val *row = yyjson_doc_get_root(doc);
        bool is_deleted = string(row, "deleted_at") != NULL;
        assert_int_equal(world_is_listed(w, SIM_CUSTOMERS, i), !is_deleted);
        if (is_deleted)
            assert_null(string(row, "external_id"));
        gone += is_deleted;
        yyjson_doc_free(doc);
    }
    assert_true(gone > 0);
    world_free(w);
}

static void test_discord_token_changes_at_each_read(void **state)
{
    (void)state;
    struct sim_world *w = make(20, 10);
    struct sim_out a = {0}, b = {0};
    for (uint32_t i = 0; i < world_count(w, SIM_BENEFITS); i++) {
        world_render(w, SIM_BENEFITS, i, &a);
        world_render(w, SIM_BENEFITS, i, &b);
    }
    assert_int_equal(a.len, b.len);
    assert_true(memcmp(a.data, b.data, a.len) != 0);
    sim_out_release(&a);
    sim_out_release(&b);
    world_free(w);
}

static void test_small_worlds_work(void **state)
{
    (void)state;
    for (uint32_t orders = 0; orders < 40; orders += 3) {
        struct sim_world *w = make(orders, orders);
        assert_in_range(world_count(w, SIM_ORDERS), orders * 9 / 10, orders + 12);
        check_world(w);
        world_mutate(w, 1, 30, 86400);
        check_world(w);
        world_free(w);
    }
}

static void test_metadata_filter_agrees_with_the_row(void **state)
{
    (void)state;
    struct sim_world *w = make(21, 500);
    for (uint32_t i = 0; i < world_count(w, SIM_CHECKOUTS); i++) {
        yyjson_doc *doc = row_of(w, SIM_CHECKOUTS, i);
        yyjson_val *metadata = yyjson_obj_get(yyjson_doc_get_root(doc), "metadata");
        const char *source = yyjson_get_str(yyjson_obj_get(metadata, "utm_source"));
        bool is_google = source != NULL && strcmp(source, "google") == 0;
        assert_int_equal(world_metadata_is(w, SIM_CHECKOUTS, i, "utm_source", "google"), is_google);
        yyjson_doc_free(doc);
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_coherent),
        cmocka_unit_test(test_rows_stay_coherent_under_mutation),
        cmocka_unit_test(test_rows_are_in_time_order_with_ties),
        cmocka_unit_test(test_ids_lead_back),
        cmocka_unit_test(test_equal_options_give_equal_worlds),
        cmocka_unit_test(test_everything_occurs),
        cmocka_unit_test(test_kinds_happen_alone),
        cmocka_unit_test(test_kinds_are_parsed),
        cmocka_unit_test(test_events_come_late),
        cmocka_unit_test(test_deleted_customers_leave_the_list),
        cmocka_unit_test(test_discord_token_changes_at_each_read),
        cmocka_unit_test(test_small_worlds_work),
        cmocka_unit_test(test_metadata_filter_agrees_with_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
