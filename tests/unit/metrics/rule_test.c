// SPDX-License-Identifier: Apache-2.0
// rule_test.c - single rules that the examples do not reach: rounding, trials, rates, credits, cancellations taken back, totals, and what is flagged.
#include "support.h"

#include <math.h>

static struct metrics_answer answer;
static struct zone *utc;

static int64_t value_of(const struct metrics_subscription *row, enum metric_id id)
{
    struct metrics_query query = question(utc, "2024-02-01", "2024-02-29", METRICS_MONTH);
    struct metrics *metrics = begin(&query);
    put(metrics, row);
    end(metrics, &answer);
    int64_t value = number(&answer, id, 0).integer;
    metrics_close(metrics);
    return value;
}

static int64_t mrr_of(const struct metrics_subscription *row)
{
    return value_of(row, METRIC_monthly_recurring_revenue);
}

static void each_price_is_rounded_half_away_from_zero(void **state)
{
    static const struct {
        int64_t amount;
        enum metrics_interval interval;
        int64_t count, expected;
    } prices[] = {{100000, METRICS_YEAR, 1, 8333}, {5000, METRICS_WEEK, 2, 10833},
                  {101, METRICS_MONTH, 2, 51},     {1002, METRICS_YEAR, 1, 84},
                  {-101, METRICS_MONTH, 2, -51},   {10, METRICS_DAY, 1, 304},
                  {30000, METRICS_MONTH, 3, 10000}};
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(prices); i++) {
        struct metrics_subscription row = subscription("one", "2024-01-01");
        row.amount_minor = prices[i].amount;
        row.interval = prices[i].interval;
        row.interval_count = prices[i].count;
        assert_int_equal(mrr_of(&row), prices[i].expected);
    }
}

static void a_trial_that_outlasts_the_bucket_is_no_revenue(void **state)
{
    (void)state;
    struct metrics_subscription row = subscription("one", "2024-01-01");
    row.trial_end_us = at("2024-03-01");
    assert_int_equal(mrr_of(&row), 0);
    assert_int_equal(value_of(&row, METRIC_trial_monthly_recurring_revenue), 1000);
    row.trial_end_us = at("2024-03-01") - 1;
    assert_int_equal(mrr_of(&row), 1000);
}

static void inclusive_tax_is_taken_off_by_the_newest_order(void **state)
{
    struct metrics_query query = question(utc, "2024-02-01", "2024-02-29", METRICS_MONTH);
    struct metrics *metrics = begin(&query);
    struct metrics_subscription row = subscription("one", "2024-01-01");
    struct metrics_order order = {.id = metrics_id(SV("old")),
                                  .subscription = row.id,
                                  .created_us = at("2024-01-01"),
                                  .net_amount_minor = 900,
                                  .tax_minor = 100,
                                  .currency = METRICS_USD};
    (void)state;
    row.amount_minor = 1190;
    put(metrics, &row);
    sell(metrics, &order);
    order.created_us = at("2024-02-01");
    order.net_amount_minor = 1000;
    order.tax_minor = 190;
    order.is_tax_included = true;
    sell(metrics, &order);
    end(metrics, &answer);
    assert_int_equal(number(&answer, METRIC_monthly_recurring_revenue, 0).integer, 1000);
    assert_non_null(strstr(answer.approximate[METRIC_monthly_recurring_revenue], "tax"));
    assert_int_equal(answer.approximate[METRIC_revenue][0], '\0');
    metrics_close(metrics);
}

static struct metrics_event paid_in_euros(const char *when, double rate)
{
    return (struct metrics_event){.kind = METRICS_BALANCE_ORDER,
                                  .at_us = at(when),
                                  .order = metrics_id(sv_of(when)),
                                  .customer = metrics_id(SV("somebody")),
                                  .product = metrics_id(SV("something")),
                                  .amount_minor = 1000,
                                  .net_amount_minor = 2000,
                                  .presentment_minor = 2000,
                                  .rate = rate,
                                  .currency = METRICS_USD,
                                  .presentment_currency = metrics_currency_of(SV("eur")),
                                  .order_created_us = METRICS_NULL,
                                  .started_us = METRICS_NULL,
                                  .canceled_us = METRICS_NULL,
                                  .ends_us = METRICS_NULL};
}

static void rates_are_averaged_bucket_by_bucket(void **state)
{
    struct metrics_query query = question(utc, "2024-01-01", "2024-02-29", METRICS_MONTH);
    (void)state;
    query.has_events = true;
    struct metrics *metrics = begin(&query);
    struct metrics_subscription row = subscription("one", "2024-01-01");
    row.currency = metrics_currency_of(SV("EUR"));
    put(metrics, &row);
    struct metrics_event one = paid_in_euros("2024-01-05", 2), two = paid_in_euros("2024-01-20", 4);
    tell(metrics, &one);
    tell(metrics, &two);
    end(metrics, &answer);
    assert_int_equal(number(&answer, METRIC_monthly_recurring_revenue, 0).integer, 3000);
    assert_int_equal(number(&answer, METRIC_revenue, 0).integer, 4000 + 8000);
    // February has no payment of its own: the nearest day's rate, and said so.
    assert_int_equal(number(&answer, METRIC_monthly_recurring_revenue, 1).integer, 4000);
    assert_non_null(strstr(answer.approximate[METRIC_monthly_recurring_revenue], "nearest"));
    assert_int_equal(answer.approximate[METRIC_revenue][0], '\0');
    metrics_close(metrics);
}

static void a_credit_takes_the_rate_of_an_earlier_payment(void **state)
{
    struct metrics_query query = question(utc, "2024-01-01", "2024-01-31", METRICS_MONTH);
    (void)state;
    query.has_events = true;
    struct metrics *metrics = begin(&query);
    struct metrics_event paid = paid_in_euros("2024-01-05", 0.5);
    struct metrics_event credit = paid_in_euros("2024-01-20", 0);
    credit.kind = METRICS_BALANCE_CREDIT_ORDER;
    credit.currency = metrics_currency_of(SV("eur"));
    credit.presentment_minor = credit.net_amount_minor = METRICS_NULL;
    credit.amount_minor = 2000;
    tell(metrics, &credit);
    tell(metrics, &paid);
    end(metrics, &answer);
    assert_int_equal(number(&answer, METRIC_revenue, 0).integer, 1000 + 1000);
    metrics_close(metrics);
}

static void foreign_money_is_never_taken_one_to_one(void **state)
{
    struct metrics_query query = question(utc, "2024-01-01", "2024-01-31", METRICS_MONTH);
    struct metrics *metrics = begin(&query);
    struct metrics_order order = {.id = metrics_id(SV("a")),
                                  .created_us = at("2024-01-05"),
                                  .net_amount_minor = 700,
                                  .currency = metrics_currency_of(SV("gbp"))};
    struct metrics_subscription row = subscription("one", "2024-01-01");
    (void)state;
    row.currency = order.currency;
    put(metrics, &row);
    sell(metrics, &order);
    end(metrics, &answer);
    assert_int_equal(number(&answer, METRIC_orders, 0).integer, 1);
    assert_int_equal(number(&answer, METRIC_revenue, 0).integer, 0);
    assert_non_null(strstr(answer.approximate[METRIC_revenue], "gbp"));
    assert_non_null(strstr(answer.approximate[METRIC_monthly_recurring_revenue], "gbp"));
    assert_int_equal(answer.approximate[METRIC_orders][0], '\0');
    metrics_close(metrics);
}

static void a_cancellation_taken_back_does_not_count(void **state)
{
    struct metrics_query query = question(utc, "2024-01-01", "2024-01-31", METRICS_MONTH);
    (void)state;
    query.has_events = true;
    for (int taken_back = 0; taken_back < 2; taken_back++) {
        struct metrics *metrics = begin(&query);
        struct metrics_event event = paid_in_euros("2024-01-05", 0);
        event.kind = METRICS_SUBSCRIPTION_CANCELED;
        event.subscription = metrics_id(SV("one"));
        event.canceled_us = event.at_us;
        event.cancellation_reason = SV("unused");
        tell(metrics, &event);
        event.kind = METRICS_SUBSCRIPTION_UNCANCELED;
        event.at_us = at("2024-01-06");
        if (taken_back)
            tell(metrics, &event);
        end(metrics, &answer);
        assert_int_equal(number(&answer, METRIC_canceled_subscriptions_unused, 0).integer,
                         1 - taken_back);
        metrics_close(metrics);
    }
}

static void totals_need_what_they_are_made_of(void **state)
{
    struct metrics_query query = question(utc, "2024-01-01", "2024-01-31", METRICS_DAY);
    struct metrics_order order = {.id = metrics_id(SV("a")),
                                  .created_us = at("2024-01-05"),
                                  .net_amount_minor = 701,
                                  .currency = METRICS_USD};
    (void)state;
    for (int with_others = 0; with_others < 2; with_others++) {
        memset(query.is_asked, 0, sizeof query.is_asked);
        query.is_asked[METRIC_average_order_value] = true;
        query.is_asked[METRIC_orders] = query.is_asked[METRIC_revenue] = with_others != 0;
        struct metrics *metrics = begin(&query);
        sell(metrics, &order);
        end(metrics, &answer);
        assert_int_equal(number(&answer, METRIC_average_order_value, 4).integer, 701);
        assert_true(fabs(metrics_real(answer.totals[METRIC_average_order_value]) -
                         701.0 * with_others) < 1e-9);
        metrics_close(metrics);
    }
}

static void what_is_not_mirrored_has_no_value(void **state)
{
    static const struct metrics_knowledge knowledge = {
        .missing = NEEDS_CHECKOUTS, .has_user_events = true, .has_seats = true};
    struct metrics_query query = question(utc, "2024-01-01", "2024-01-31", METRICS_DAY);
    struct metrics *metrics = begin(&query);
    struct till_error e = {0};
    (void)state;
    assert_int_equal(metrics_answer(metrics, &knowledge, &answer, &e), TILL_OK);
    assert_true(answer.unavailable[METRIC_checkouts][0] != '\0');
    assert_true(answer.unavailable[METRIC_costs][0] != '\0');
    assert_true(answer.unavailable[METRIC_seats_total][0] != '\0');
    assert_true(answer.unavailable[METRIC_revenue][0] == '\0');
    metrics_close(metrics);
}

static void orders_out_of_order_are_refused_where_order_was_promised(void **state)
{
    struct metrics_query query = question(utc, "2024-01-01", "2024-01-31", METRICS_DAY);
    struct metrics_order order = {.created_us = at("2024-01-05"), .currency = METRICS_USD};
    struct till_error e = {0};
    (void)state;
    query.orders_ascend = true;
    struct metrics *metrics = begin(&query);
    sell(metrics, &order);
    order.created_us--;
    assert_int_equal(metrics_order(metrics, &order, &e), TILL_USAGE);
    metrics_close(metrics);
}

static int setup(void **state)
{
    struct till_error e = {0};
    (void)state;
    return zone_open("UTC", &utc, &e) == TILL_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    zone_close(utc);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_price_is_rounded_half_away_from_zero),
        cmocka_unit_test(a_trial_that_outlasts_the_bucket_is_no_revenue),
        cmocka_unit_test(inclusive_tax_is_taken_off_by_the_newest_order),
        cmocka_unit_test(rates_are_averaged_bucket_by_bucket),
        cmocka_unit_test(a_credit_takes_the_rate_of_an_earlier_payment),
        cmocka_unit_test(foreign_money_is_never_taken_one_to_one),
        cmocka_unit_test(a_cancellation_taken_back_does_not_count),
        cmocka_unit_test(totals_need_what_they_are_made_of),
        cmocka_unit_test(what_is_not_mirrored_has_no_value),
        cmocka_unit_test(orders_out_of_order_are_refused_where_order_was_promised),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
