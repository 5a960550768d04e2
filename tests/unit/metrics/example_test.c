// SPDX-License-Identifier: Apache-2.0
// example_test.c - the cases of tests/data/metrics/examples.json, which say what Polar's own tests assert: each by events, and again by rows.
#include "metrics/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <yyjson.h>

#include "base/timestamp.h"

enum { CASES = 35, LIST = 16 };
static yyjson_doc *document;

static struct sv text_of(yyjson_val *object, const char *key)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_str(value) ? (struct sv){yyjson_get_str(value), yyjson_get_len(value)}
                                : (struct sv){NULL, 0};
}

static struct metrics_id id_of(yyjson_val *object, const char *key)
{
    return metrics_id(text_of(object, key));
}

static int64_t moment_of(yyjson_val *object, const char *key)
{
    int64_t at_us = METRICS_NULL;
    struct sv text = text_of(object, key);
    if (text.ptr)
        assert_true(timestamp_parse(text, &at_us));
    return at_us;
}

static int64_t integer_of(yyjson_val *object, const char *key, int64_t absent)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_int(value) ? yyjson_get_sint(value) : absent;
}

// ---- rows ----

static void feed_subscriptions(struct metrics *metrics, yyjson_val *organization)
{
    size_t index, count;
    yyjson_val *row;
    struct till_error e = {0};
    yyjson_arr_foreach(yyjson_obj_get(organization, "subscriptions"), index, count, row)
    {
        struct metrics_subscription s = {
            .id = id_of(row, "key"),
            .customer = id_of(row, "customer"),
            .product = id_of(row, "product"),
            .created_us = moment_of(row, "started_at"),
            .started_us = moment_of(row, "started_at"),
            .ends_us = moment_of(row, "ends_at"),
            .ended_us = moment_of(row, "ended_at"),
            .canceled_us = moment_of(row, "canceled_at"),
            .trial_end_us = moment_of(row, "trial_end"),
            .amount_minor = integer_of(row, "amount", 0),
            .net_amount_minor = integer_of(row, "net_amount", METRICS_NULL),
            .currency = metrics_currency_of(text_of(row, "currency")),
            .interval_count = integer_of(row, "recurring_interval_count", 1),
            .cancellation_reason = text_of(row, "customer_cancellation_reason"),
        };
        assert_true(metrics_interval_parse(text_of(row, "recurring_interval"), &s.interval));
        assert_int_equal(metrics_subscription(metrics, &s, &e), TILL_OK);
    }
}

static bool is_paid(yyjson_val *row)
{
    struct sv status = text_of(row, "status");
    return sv_equal(status, SV("paid")) || sv_equal(status, SV("refunded")) ||
           sv_equal(status, SV("partially_refunded"));
}

static void feed_orders(struct metrics *metrics, yyjson_val *organization)
{
    size_t index, count;
    yyjson_val *row;
    struct till_error e = {0};
    yyjson_arr_foreach(yyjson_obj_get(organization, "orders"), index, count, row)
    {
        struct metrics_order order = {
            .id = id_of(row, "key"),
            .customer = id_of(row, "customer"),
            .product = id_of(row, "product"),
            .subscription = id_of(row, "subscription"),
            .created_us = moment_of(row, "created_at"),
            .net_amount_minor = integer_of(row, "net_amount", 0),
            .refunded_minor = integer_of(row, "refunded_amount", 0),
            .fee_minor = integer_of(row, "platform_fee_amount", 0),
            .tax_minor = integer_of(row, "tax_amount", 0),
            .currency = metrics_currency_of(text_of(row, "currency")),
            .fee_currency = METRICS_USD,
        };
        if (is_paid(row))
            assert_int_equal(metrics_order(metrics, &order, &e), TILL_OK);
    }
}

static void feed_events(struct metrics *metrics, yyjson_val *organization)
{
    size_t index, count;
    yyjson_val *row;
    struct till_error e = {0};
    yyjson_arr_foreach(yyjson_obj_get(organization, "events"), index, count, row)
    {
        yyjson_val *metadata = yyjson_obj_get(row, "metadata");
        struct metrics_event event = {
            .at_us = moment_of(row, "timestamp"),
            .customer = id_of(row, "customer"),
            .customer_word = id_of(row, "external_customer_id"),
            .product = id_of(metadata, "product"),
            .order = id_of(metadata, "order"),
            .subscription = id_of(metadata, "subscription"),
            .amount_minor = integer_of(metadata, "amount", METRICS_NULL),
            .net_amount_minor = integer_of(metadata, "net_amount", METRICS_NULL),
            .presentment_minor = integer_of(metadata, "presentment_amount", METRICS_NULL),
            .fee_minor = integer_of(metadata, "fee", 0),
            .applied_balance_minor = integer_of(metadata, "applied_balance_amount", 0),
            .currency = metrics_currency_of(text_of(metadata, "currency")),
            .presentment_currency = metrics_currency_of(text_of(metadata, "presentment_currency")),
            .order_created_us = moment_of(metadata, "order_created_at"),
            .started_us = moment_of(metadata, "started_at"),
            .canceled_us = moment_of(metadata, "canceled_at"),
            .ends_us = moment_of(metadata, "ends_at"),
            .cancellation_reason = text_of(metadata, "customer_cancellation_reason"),
        };
        assert_true(metrics_event_parse(text_of(row, "name"), &event.kind));
        assert_int_equal(metrics_event(metrics, &event, &e), TILL_OK);
    }
}

// ---- the question ----

static size_t add_ids(yyjson_val *list, struct metrics_id *ids)
{
    size_t index, count, added = 0;
    yyjson_val *value;
    yyjson_arr_foreach(list, index, count, value)
    {
        assert_in_range(added, 0, LIST - 1);
        ids[added++] = metrics_id((struct sv){yyjson_get_str(value), yyjson_get_len(value)});
    }
    return added;
}

// Products of these billing types.
static size_t add_typed(yyjson_val *organization, yyjson_val *types, struct metrics_id *ids)
{
    size_t index, count, added = 0, of, types_count;
    yyjson_val *row, *type;
    yyjson_arr_foreach(yyjson_obj_get(organization, "products"), index, count, row)
    {
        yyjson_arr_foreach(types, of, types_count, type)
        {
            if (yyjson_equals_str(type, text_of(row, "billing_type").ptr))
                ids[added++] = id_of(row, "key");
        }
    }
    return added;
}

static void ask(yyjson_val *query, struct metrics_query *question)
{
    size_t index, count;
    yyjson_val *slug, *slugs = yyjson_obj_get(query, "metrics");
    assert_true(civil_date_parse(text_of(query, "start_date").ptr, &question->from));
    assert_true(civil_date_parse(text_of(query, "end_date").ptr, &question->to));
    assert_true(metrics_interval_parse(text_of(query, "interval"), &question->interval));
    yyjson_arr_foreach(slugs, index, count, slug)
    {
        const struct metric *metric = model_metric_by_slug(sv_of(yyjson_get_str(slug)));
        assert_non_null(metric);
        question->is_asked[metric->id] = true;
    }
    for (size_t i = 0; !yyjson_is_arr(slugs) && i < METRIC__COUNT; i++)
        question->is_asked[i] = true;
}

// ---- what is expected ----

static double value_at(const struct metrics_answer *answer, struct sv slug, size_t period)
{
    const struct metric *metric = model_metric_by_slug(slug);
    assert_non_null(metric);
    assert_true(answer->is_asked[metric->id]);
    return metrics_real(answer->periods[(size_t)metric->id * answer->period_count + period]);
}

static void expect_values(const struct metrics_answer *answer, yyjson_val *values, size_t period,
                          const char *where)
{
    size_t index, count;
    yyjson_val *key, *value;
    yyjson_obj_foreach(values, index, count, key, value)
    {
        double ours = value_at(answer, sv_of(yyjson_get_str(key)), period);
        if (fabs(ours - yyjson_get_num(value)) > 1e-12)
            fail_msg("%s, period %zu, %s: %g instead of %g", where, period, yyjson_get_str(key),
                     ours, yyjson_get_num(value));
    }
}

static void expect_periods(const struct metrics_answer *answer, yyjson_val *expected,
                           const char *where)
{
    size_t index, count;
    yyjson_val *period;
    bool is_named[10000] = {0};
    yyjson_arr_foreach(yyjson_obj_get(expected, "periods"), index, count, period)
    {
        int64_t place = integer_of(period, "index", 0);
        size_t at = place < 0 ? answer->period_count - (size_t)-place : (size_t)place;
        assert_in_range(at, 0, answer->period_count - 1);
        is_named[at] = true;
        expect_values(answer, yyjson_obj_get(period, "values"), at, where);
        if (text_of(period, "timestamp").ptr)
            assert_int_equal(answer->starts_us[at], moment_of(period, "timestamp"));
    }
    for (size_t i = 0; i < answer->period_count; i++) {
        expect_values(answer, yyjson_obj_get(expected, "all_periods"), i, where);
        if (!is_named[i])
            expect_values(answer, yyjson_obj_get(expected, "all_other_periods"), i, where);
    }
}

static void expect_totals(const struct metrics_answer *answer, yyjson_val *expected,
                          const char *where)
{
    size_t index, count;
    yyjson_val *key, *value;
    yyjson_obj_foreach(yyjson_obj_get(expected, "totals"), index, count, key, value)
    {
        const struct metric *metric = model_metric_by_slug(sv_of(yyjson_get_str(key)));
        assert_non_null(metric);
        if (fabs(metrics_real(answer->totals[metric->id]) - yyjson_get_num(value)) > 1e-12)
            fail_msg("%s, total of %s", where, metric->slug);
    }
    yyjson_obj_foreach(yyjson_obj_get(expected, "sum_over_periods"), index, count, key, value)
    {
        double sum = 0;
        for (size_t i = 0; i < answer->period_count; i++)
            sum += value_at(answer, sv_of(yyjson_get_str(key)), i);
        if (fabs(sum - yyjson_get_num(value)) > 1e-9)
            fail_msg("%s, sum of %s", where, yyjson_get_str(key));
    }
}

static void check_case(yyjson_val *example, bool has_events)
{
    yyjson_val *root = yyjson_doc_get_root(document);
    yyjson_val *query = yyjson_obj_get(example, "query");
    yyjson_val *organization =
        yyjson_obj_getn(yyjson_obj_get(root, "organizations"), text_of(example, "organization").ptr,
                        text_of(example, "organization").len);
    struct metrics_query question = {.has_events = has_events};
    struct metrics_knowledge knowledge = {0};
    struct metrics_id products[LIST], customers[LIST];
    struct metrics *metrics = NULL;
    struct zone *zone = NULL;
    struct till_error e = {0};
    static struct metrics_answer answer;
    assert_non_null(organization);
    assert_int_equal(zone_open(text_of(query, "timezone").ptr, &zone, &e), TILL_OK);
    ask(query, &question);
    question.zone = zone;
    yyjson_val *types = yyjson_obj_get(query, "billing_types");
    size_t count = yyjson_is_arr(types) ? add_typed(organization, types, products)
                                        : add_ids(yyjson_obj_get(query, "products"), products);
    question.products = (struct metrics_ids){!yyjson_is_arr(types) &&
                                                 !yyjson_is_arr(yyjson_obj_get(query, "products")),
                                             products, count};
    count = add_ids(yyjson_obj_get(query, "customers"), customers);
    question.customers =
        (struct metrics_ids){!yyjson_is_arr(yyjson_obj_get(query, "customers")), customers, count};
    assert_int_equal(metrics_open(&question, &metrics, &e), TILL_OK);
    feed_subscriptions(metrics, organization);
    feed_orders(metrics, organization);
    if (has_events)
        feed_events(metrics, organization);
    assert_int_equal(metrics_answer(metrics, &knowledge, &answer, &e), TILL_OK);
    yyjson_val *expected = yyjson_obj_get(example, "expect");
    int64_t periods = integer_of(expected, "period_count", -1);
    if (periods >= 0)
        assert_int_equal(answer.period_count, periods);
    expect_periods(&answer, expected, text_of(example, "id").ptr);
    expect_totals(&answer, expected, text_of(example, "id").ptr);
    metrics_close(metrics);
    zone_close(zone);
}

static void check_all(bool has_events)
{
    size_t index, count, checked = 0;
    yyjson_val *example, *cases = yyjson_obj_get(yyjson_doc_get_root(document), "cases");
    yyjson_arr_foreach(cases, index, count, example)
    {
        check_case(example, has_events);
        checked++;
    }
    assert_int_equal(checked, CASES);
}

static void every_example_holds_by_events(void **state)
{
    (void)state;
    check_all(true);
}

static void every_example_holds_by_rows(void **state)
{
    (void)state;
    check_all(false);
}

static int setup(void **state)
{
    (void)state;
    document = yyjson_read_file("tests/data/metrics/examples.json", 0, NULL, NULL);
    return document ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    yyjson_doc_free(document);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_holds_by_events),
        cmocka_unit_test(every_example_holds_by_rows),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
