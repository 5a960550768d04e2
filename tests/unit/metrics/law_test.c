// SPDX-License-Identifier: Apache-2.0
// law_test.c - what must hold for any rows: finer buckets sum to coarser ones, the order of rows is nothing, a time zone moves nothing out of a wide window,
// an empty history is all zeros, and the columns of one bucket agree with each other.
#include "support.h"

#include <math.h>

enum { WORLDS = 60, SUBSCRIPTIONS = 40, ORDERS = 120 };
static const int64_t day_us = INT64_C(86400) * 1000000;

static uint64_t chance_state;

static uint64_t chance(uint64_t below)
{
    uint64_t z = (chance_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

struct world {
    struct metrics_subscription subscriptions[SUBSCRIPTIONS];
    struct metrics_order orders[ORDERS];
};
static struct world world;

static int64_t moment(void) // in 2023 or 2024
{
    return at("2023-01-01") + (int64_t)chance(731 * (uint64_t)86400) * 1000000;
}

static void make_world(uint64_t seed)
{
    chance_state = seed;
    for (size_t i = 0; i < SUBSCRIPTIONS; i++) {
        struct metrics_subscription *s = &world.subscriptions[i];
        *s = subscription("", "2024-01-01");
        s->id = (struct metrics_id){1, i + 1};
        s->customer = (struct metrics_id){2, chance(12) + 1};
        s->created_us = s->started_us = moment();
        s->amount_minor = (int64_t)chance(20000);
        s->interval = (enum metrics_interval)(METRICS_DAY + chance(4));
        s->interval_count = 1 + (int64_t)chance(3);
        if (chance(2))
            s->ended_us = s->started_us + (int64_t)chance(400) * day_us / 3;
        if (chance(3) == 0)
            s->trial_end_us = s->started_us + (int64_t)chance(60) * day_us;
        if (s->ended_us != METRICS_NULL && chance(3))
            s->canceled_us = s->ended_us - (int64_t)chance(20) * day_us;
    }
    for (size_t i = 0; i < ORDERS; i++) {
        struct metrics_order *order = &world.orders[i];
        *order = (struct metrics_order){.id = {3, i + 1},
                                        .created_us = moment(),
                                        .net_amount_minor = (int64_t)chance(30000) - 2000,
                                        .refunded_minor = (int64_t)chance(100),
                                        .fee_minor = (int64_t)chance(500),
                                        .currency = METRICS_USD,
                                        .fee_currency = METRICS_USD};
        if (chance(3))
            order->subscription = world.subscriptions[chance(SUBSCRIPTIONS)].id;
    }
}

// from: where in the lists to begin, so that rows come in another order.
static struct metrics *feed(const struct metrics_query *query, size_t from)
{
    struct metrics *metrics = begin(query);
    for (size_t i = 0; i < SUBSCRIPTIONS; i++)
        put(metrics, &world.subscriptions[(i * 7 + from) % SUBSCRIPTIONS]);
    for (size_t i = 0; i < ORDERS; i++)
        sell(metrics, &world.orders[(i * 7 + from) % ORDERS]);
    return metrics;
}

static struct zone *zone_of(const char *name)
{
    struct till_error e = {0};
    struct zone *zone = NULL;
    assert_int_equal(zone_open(name, &zone, &e), TILL_OK);
    return zone;
}

// Activities that add up: not those that depend on the bucket itself (new or renewed, distinct counts).
static const enum metric_id additive[] = {
    METRIC_orders,
    METRIC_revenue,
    METRIC_net_revenue,
    METRIC_one_time_products,
    METRIC_one_time_products_revenue,
    METRIC_churned_subscriptions,
    METRIC_canceled_subscriptions,
};

static int64_t sum(const struct metrics_answer *answer, enum metric_id id, int64_t from_us,
                   int64_t to_us)
{
    int64_t total = 0;
    for (size_t i = 0; i < answer->period_count; i++)
        if (answer->starts_us[i] >= from_us && answer->starts_us[i] < to_us)
            total += number(answer, id, i).integer;
    return total;
}

static void finer_buckets_sum_to_coarser_ones(void **state)
{
    static struct metrics_answer fine, coarse;
    struct zone *zone = zone_of("America/New_York");
    struct metrics_query days = question(zone, "2023-01-01", "2024-12-31", METRICS_DAY);
    struct metrics_query months = question(zone, "2023-01-01", "2024-12-31", METRICS_MONTH);
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        make_world(seed);
        struct metrics *by_day = feed(&days, 0), *by_month = feed(&months, 0);
        end(by_day, &fine);
        end(by_month, &coarse);
        for (size_t k = 0; k < TILL_COUNT(additive); k++)
            for (size_t i = 0; i < coarse.period_count; i++)
                assert_int_equal(
                    number(&coarse, additive[k], i).integer,
                    sum(&fine, additive[k], coarse.starts_us[i], coarse.starts_us[i + 1]));
        metrics_close(by_day);
        metrics_close(by_month);
    }
    zone_close(zone);
}

static void the_order_of_rows_is_nothing(void **state)
{
    static struct metrics_answer one, two;
    struct zone *zone = zone_of("Europe/Paris");
    struct metrics_query query = question(zone, "2023-06-11", "2024-05-20", METRICS_WEEK);
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        make_world(seed);
        struct metrics *first = feed(&query, 0), *second = feed(&query, 11);
        end(first, &one);
        end(second, &two);
        for (size_t k = 0; k < METRIC__COUNT; k++) {
            for (size_t i = 0; i < one.period_count; i++)
                assert_true(fabs(metrics_real(number(&one, (enum metric_id)k, i)) -
                                 metrics_real(number(&two, (enum metric_id)k, i))) <= 0);
            assert_true(fabs(metrics_real(one.totals[k]) - metrics_real(two.totals[k])) <= 0);
        }
        metrics_close(first);
        metrics_close(second);
    }
    zone_close(zone);
}

static void time_zones_conserve_totals(void **state)
{
    static const char *const zones[] = {"UTC", "Asia/Kolkata", "Pacific/Auckland", "America/Lima"};
    static struct metrics_answer answer;
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        double totals[TILL_COUNT(additive)];
        make_world(seed);
        for (size_t z = 0; z < TILL_COUNT(zones); z++) {
            struct zone *zone = zone_of(zones[z]);
            struct metrics_query query = question(zone, "2022-06-01", "2027-06-01", METRICS_MONTH);
            struct metrics *metrics = feed(&query, 0);
            end(metrics, &answer);
            for (size_t k = 0; k < TILL_COUNT(additive); k++) {
                double total = metrics_real(answer.totals[additive[k]]);
                if (z > 0)
                    assert_true(fabs(total - totals[k]) <= 0);
                totals[k] = total;
            }
            metrics_close(metrics);
            zone_close(zone);
        }
    }
}

static void an_empty_history_is_all_zeros(void **state)
{
    static struct metrics_answer answer;
    struct zone *zone = zone_of("UTC");
    (void)state;
    for (int has_events = 0; has_events < 2; has_events++) {
        struct metrics_query query = question(zone, "2024-01-01", "2024-03-31", METRICS_DAY);
        query.has_events = has_events != 0;
        struct metrics *metrics = begin(&query);
        end(metrics, &answer);
        for (size_t k = 0; k < METRIC__COUNT; k++) {
            assert_true(fabs(metrics_real(answer.totals[k])) <= 0);
            for (size_t i = 0; i < answer.period_count; i++)
                assert_true(fabs(metrics_real(number(&answer, (enum metric_id)k, i))) <= 0);
        }
        metrics_close(metrics);
    }
    zone_close(zone);
}

static void parts_make_the_whole(void **state)
{
    static struct metrics_answer a;
    struct zone *zone = zone_of("Europe/Paris");
    struct metrics_query query = question(zone, "2023-06-11", "2024-05-20", METRICS_MONTH);
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        make_world(seed);
        struct metrics *metrics = feed(&query, 0);
        end(metrics, &a);
        int64_t before = number(&a, METRIC_cumulative_revenue, 0).integer -
                         number(&a, METRIC_revenue, 0).integer;
        for (size_t i = 0; i < a.period_count; i++) {
            before += number(&a, METRIC_revenue, i).integer;
            assert_int_equal(number(&a, METRIC_cumulative_revenue, i).integer, before);
            assert_int_equal(number(&a, METRIC_revenue, i).integer,
                             number(&a, METRIC_one_time_products_revenue, i).integer +
                                 number(&a, METRIC_new_subscriptions_revenue, i).integer +
                                 number(&a, METRIC_renewed_subscriptions_revenue, i).integer);
            int64_t reasons = 0;
            for (int k = METRIC_canceled_subscriptions_customer_service;
                 k <= METRIC_canceled_subscriptions_other; k++)
                reasons += number(&a, (enum metric_id)k, i).integer;
            assert_int_equal(number(&a, METRIC_canceled_subscriptions, i).integer, reasons);
            assert_true(number(&a, METRIC_committed_subscriptions, i).integer <=
                        number(&a, METRIC_active_subscriptions, i).integer);
        }
        metrics_close(metrics);
    }
    zone_close(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finer_buckets_sum_to_coarser_ones),
        cmocka_unit_test(the_order_of_rows_is_nothing),
        cmocka_unit_test(time_zones_conserve_totals),
        cmocka_unit_test(an_empty_history_is_all_zeros),
        cmocka_unit_test(parts_make_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
