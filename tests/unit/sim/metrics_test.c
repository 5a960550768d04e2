// SPDX-License-Identifier: Apache-2.0
// metrics_test.c - the definitions of the metrics at their edges, on shops of a few rows made by hand.
//
// tests/contract/test_sim_metrics.py computes whole shops again; here are the moments and the halves that such shops rarely meet.
#include "metrics_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STARTER, PRO, PRO_YEARLY, E_BOOK = 8, WEEKLY = 10, TEN_DAYS, QUARTERLY };

static int64_t day_of(int year, int month, int day)
{
    return calendar_to_days((struct calendar_date){year, month, day});
}

static int64_t utc(int year, int month, int day, int hour)
{
    return day_of(year, month, day) * DAY_US + hour * HOUR_US;
}

// A shop without a past.
static struct sim_world *shop_new(void)
{
    struct sim_world *w = world_new(&(struct sim_world_options){
        .seed = 1, .order_count = 1, .now_us = utc(2024, 12, 31, 0), .years = 2});
    assert_non_null(w);
    struct table *tables[] = {&w->customers, &w->subscriptions, &w->orders,
                              &w->refunds,   &w->checkouts,     &w->events};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        tables[i]->count = 0;
    w->agenda.count = 0;
    return w;
}

static uint32_t customer_new(struct sim_world *w)
{
    uint32_t index = row_append(w, &w->customers);
    customer_at(w, index)->identity = index;
    customer_at(w, index)->last_subscription = SIM_NO_ROW;
    return index;
}

static struct subscription_row *subscription_new(struct sim_world *w, uint32_t customer,
                                                 uint8_t product, int64_t amount,
                                                 int64_t started_us)
{
    struct subscription_row *s = subscription_at(w, row_append(w, &w->subscriptions));
    s->customer = customer;
    s->product = product;
    s->amount = s->net_amount = amount;
    s->created_us = s->started_us = started_us;
    s->status = ACTIVE;
    return s;
}

// The metrics of a window; the caller closes both.
struct window {
    struct metrics_query query;
    struct metrics m;
    struct metrics_zone *zone;
};

static void window_open_for(struct window *window, const struct sim_world *w, int64_t first,
                            int64_t last, enum metrics_interval interval, const char *zone,
                            const struct metrics_ids *customers)
{
    *window = (struct window){.zone = metrics_zone_open(zone)};
    assert_non_null(window->zone);
    window->query = (struct metrics_query){.start_day = first,
                                           .end_day = last,
                                           .interval = interval,
                                           .zone = window->zone,
                                           .customers = *customers};
    assert_true(metrics_open(&window->m, w, &window->query));
    metrics_of_subscriptions(&window->m);
    metrics_of_checkouts(&window->m);
    metrics_of_seats(&window->m);
    metrics_of_revenue(&window->m);
    metrics_of_orders(&window->m);
    metrics_of_subscription_events(&window->m);
    metrics_of_costs(&window->m);
    metrics_of_metrics(&window->m);
    assert_false(window->m.has_failed);
}

static void window_open(struct window *window, const struct sim_world *w, int64_t first,
                        int64_t last, enum metrics_interval interval, const char *zone)
{
    window_open_for(window, w, first, last, interval, zone, &(struct metrics_ids){NULL, 0});
}

static void window_close(struct window *window)
{
    metrics_close(&window->m);
    metrics_zone_close(window->zone);
}

static int64_t figure(const struct window *window, size_t bucket, int metric)
{
    assert_in_range(bucket, 0, window->m.count - 1);
    return window->m.buckets[bucket].whole[metric];
}

static void test_zones(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",       "Europe",    "Mars/Olympus",   "+02:00",
                                        "../UTC", "posix/UTC", "/etc/localtime", "Europe/Paris\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(metrics_zone_open(wrong[i]));
    struct {
        const char *name;
        int64_t local_us, at_us;
    } cases[] = {
        {"UTC", utc(2024, 5, 1, 0), utc(2024, 5, 1, 0)},
        {"Europe/Paris", utc(2024, 1, 1, 0), utc(2023, 12, 31, 23)},
        {"Europe/Paris", utc(2060, 7, 1, 0), utc(2060, 6, 30, 22)},
        {"Asia/Kolkata", utc(2024, 1, 1, 0), utc(2023, 12, 31, 18) + HOUR_US / 2},
        {"Africa/Cairo", utc(2024, 4, 26, 0), utc(2024, 4, 25, 22)},    // skipped: the jump itself
        {"America/Havana", utc(2024, 11, 3, 0), utc(2024, 11, 3, 4)},   // twice: the first
        {"Europe/Paris", utc(2024, 3, 31, 2) + 5, utc(2024, 3, 31, 1)}, // skipped
        {"Europe/Paris", utc(2024, 10, 27, 2), utc(2024, 10, 27, 0)},   // twice
        {"US/Pacific", utc(1969, 12, 31, 16), 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct metrics_zone *zone = metrics_zone_open(cases[i].name);
        assert_non_null(zone);
        assert_int_equal(metrics_zone_instant_us(zone, cases[i].local_us), cases[i].at_us);
        metrics_zone_close(zone);
    }
}

static void test_buckets(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    static const struct {
        enum metrics_interval interval;
        size_t count;
    } counts[] = {{METRICS_YEAR, 1}, {METRICS_MONTH, 12}, {METRICS_WEEK, 53}, {METRICS_DAY, 366}};
    struct window window;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        window_open(&window, w, day_of(2024, 1, 1), day_of(2024, 12, 31), counts[i].interval,
                    "Europe/Paris");
        assert_int_equal(window.m.count, counts[i].count);
        assert_int_equal(window.m.buckets[0].from_us, utc(2023, 12, 31, 23));
        for (size_t b = 1; b < window.m.count; b++)
            assert_int_equal(window.m.buckets[b].from_us, window.m.buckets[b - 1].until_us);
        window_close(&window);
    }
    window_open(&window, w, day_of(2024, 3, 31), day_of(2024, 3, 31), METRICS_HOUR, "Europe/Paris");
    assert_int_equal(window.m.count, 23);
    window_close(&window);
    window_open(&window, w, day_of(2024, 5, 19), day_of(2024, 5, 20), METRICS_WEEK, "UTC");
    assert_int_equal(window.m.count, 2); // a Sunday and a Monday
    assert_int_equal(window.m.buckets[0].from_us, utc(2024, 5, 13, 0));
    window_close(&window);
    // A day that begins with a jump does not move the days after it.
    window_open(&window, w, day_of(2024, 4, 25), day_of(2024, 4, 28), METRICS_DAY, "Africa/Cairo");
    assert_int_equal(window.m.count, 4);
    assert_int_equal(window.m.buckets[1].from_us, utc(2024, 4, 25, 22));
    assert_int_equal(window.m.buckets[2].from_us, utc(2024, 4, 26, 21));
    window_close(&window);
    world_free(w);
}

static void test_who_is_active(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    uint32_t customer = customer_new(w);
    int64_t may = utc(2024, 5, 1, 0), june = utc(2024, 6, 1, 0);
    struct {
        int64_t from, end;
        int64_t active, churned; // of May, in a window from 10 May to 20 May
    } cases[] = {
        {utc(2024, 4, 1, 0), 0, 1, 0},
        {may, 0, 1, 0},
        {utc(2024, 5, 20, 23), 0, 1, 0},
        {utc(2024, 5, 21, 0), 0, 0, 0}, // after the window, inside the bucket
        {june, 0, 0, 0},
        {utc(2024, 4, 1, 0), june, 1, 0},                // ends with the bucket
        {utc(2024, 4, 1, 0), june - 1, 0, 0},            // inside it, after the window
        {utc(2024, 4, 1, 0), may, 0, 0},                 // at its first moment
        {utc(2024, 4, 1, 0), utc(2024, 5, 10, 0), 0, 1}, // at the window's first moment
        {utc(2024, 4, 1, 0), utc(2024, 5, 10, 0) - 1, 0, 0},
        {utc(2024, 4, 1, 0), utc(2024, 5, 21, 0) - 1, 0, 1}, // at its last
        {utc(2024, 5, 11, 0), utc(2024, 5, 12, 0), 0, 1},    // comes and goes
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w->subscriptions.count = 0;
        struct subscription_row *s = subscription_new(w, customer, STARTER, 900, cases[i].from);
        s->status = PAUSED; // the status says nothing
        s->ends_us = cases[i].end;
        struct window window;
        window_open(&window, w, day_of(2024, 5, 10), day_of(2024, 5, 20), METRICS_MONTH, "UTC");
        assert_int_equal(window.m.count, 1);
        assert_int_equal(figure(&window, 0, M_active_subscriptions), cases[i].active);
        assert_int_equal(figure(&window, 0, M_churned_subscriptions), cases[i].churned);
        assert_int_equal(figure(&window, 0, M_committed_subscriptions),
                         cases[i].end == 0 ? cases[i].active : 0);
        assert_int_equal(figure(&window, 0, M_monthly_recurring_revenue), cases[i].active * 900);
        window_close(&window);
    }
    world_free(w);
}

// The end that has come goes before the one that was planned.
static void test_end_that_came(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    struct subscription_row *s =
        subscription_new(w, customer_new(w), STARTER, 900, utc(2024, 1, 1, 0));
    s->ends_us = utc(2024, 8, 1, 0);
    s->ended_us = utc(2024, 3, 5, 0);
    struct window window;
    window_open(&window, w, day_of(2024, 1, 1), day_of(2024, 12, 31), METRICS_MONTH, "UTC");
    assert_int_equal(figure(&window, 1, M_active_subscriptions), 1);
    assert_int_equal(figure(&window, 2, M_active_subscriptions), 0);
    assert_int_equal(figure(&window, 2, M_churned_subscriptions), 1);
    window_close(&window);
    world_free(w);
}

static int64_t revenue_of(uint8_t product, int64_t amount, unsigned times)
{
    struct sim_world *w = shop_new();
    uint32_t customer = customer_new(w);
    for (unsigned i = 0; i < times; i++)
        subscription_new(w, customer, product, amount, utc(2024, 1, 1, 0));
    struct window window;
    window_open(&window, w, day_of(2024, 2, 1), day_of(2024, 2, 29), METRICS_MONTH, "UTC");
    int64_t revenue = figure(&window, 0, M_monthly_recurring_revenue);
    assert_int_equal(figure(&window, 0, M_annual_recurring_revenue), revenue * 12);
    window_close(&window);
    world_free(w);
    return revenue;
}

static void test_monthly_amounts(void **state)
{
    (void)state;
    assert_int_equal(revenue_of(STARTER, 900, 1), 900);
    assert_int_equal(revenue_of(PRO_YEARLY, 100000, 1), 8333);
    assert_int_equal(revenue_of(PRO_YEARLY, 1002, 1), 84);  // 83.5
    assert_int_equal(revenue_of(PRO_YEARLY, 1000, 3), 249); // each is rounded, then they are added
    assert_int_equal(revenue_of(QUARTERLY, 101, 1), 34);
    assert_int_equal(revenue_of(WEEKLY, 300, 1), 1300);
    assert_int_equal(revenue_of(TEN_DAYS, 700, 1), 2129); // 2129.17
    assert_int_equal(revenue_of(TEN_DAYS, 12, 1), 37);    // 36.5
}

static void test_foreign_amounts(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    uint32_t customer = customer_new(w);
    struct subscription_row *s =
        subscription_new(w, customer, PRO_YEARLY, 29000, utc(2024, 1, 1, 0));
    s->currency = EUR;
    int64_t paid_us[] = {utc(2024, 2, 3, 5), utc(2024, 2, 20, 5)}, sum = 0;
    for (size_t i = 0; i < 3; i++) { // the third is paid from the balance
        struct order_row *order = order_at(w, row_append(w, &w->orders));
        order->created_us = paid_us[i % 2];
        order->currency = EUR;
        order->product = E_BOOK;
        order->customer = customer;
        order->subscription = SIM_NO_ROW;
        order->flags = ORDER_HAS_FEE | (i < 2 ? ORDER_BY_CARD : 0);
        sum += i < 2 ? money_rate(w, EUR, order->created_us) : 0;
    }
    struct window window;
    window_open(&window, w, day_of(2024, 2, 1), day_of(2024, 3, 31), METRICS_MONTH, "UTC");
    int64_t february = money_scale(money_scale(29000, sum, 2 * 1000000), 1, 12);
    assert_int_equal(figure(&window, 0, M_monthly_recurring_revenue), february);
    int64_t march = money_scale(29000, money_rate(w, EUR, utc(2024, 3, 1, 0)), 1000000);
    assert_int_equal(figure(&window, 1, M_monthly_recurring_revenue), money_scale(march, 1, 12));
    window_close(&window);
    world_free(w);
}

static void test_trials(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    int64_t ends[] = {utc(2024, 6, 1, 0), utc(2024, 6, 1, 0) - 1, utc(2024, 5, 1, 0)};
    int64_t in_trial[] = {1, 0, 0};
    for (size_t i = 0; i < 3; i++) {
        w->subscriptions.count = 0;
        struct subscription_row *s =
            subscription_new(w, customer_new(w), STARTER, 900, utc(2024, 4, 20, 0));
        s->trial_end_us = ends[i];
        struct window window;
        window_open(&window, w, day_of(2024, 5, 1), day_of(2024, 5, 31), METRICS_MONTH, "UTC");
        assert_int_equal(figure(&window, 0, M_trial_monthly_recurring_revenue), in_trial[i] * 900);
        assert_int_equal(figure(&window, 0, M_monthly_recurring_revenue), 900 - in_trial[i] * 900);
        assert_int_equal(figure(&window, 0, M_active_subscriptions), 1);
        window_close(&window);
    }
    world_free(w);
}

static void test_revenue_per_user(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    uint32_t first = customer_new(w), second = customer_new(w);
    subscription_new(w, first, STARTER, 10000, utc(2024, 1, 1, 0));
    subscription_new(w, first, PRO_YEARLY, 100000, utc(2024, 1, 1, 0));
    subscription_new(w, second, STARTER, 0, utc(2024, 1, 1, 0)); // free ones are users too
    struct window window;
    window_open(&window, w, day_of(2024, 2, 1), day_of(2024, 2, 29), METRICS_MONTH, "UTC");
    assert_int_equal(figure(&window, 0, M_average_revenue_per_user), 9167); // 18333 / 2
    window_close(&window);
    world_free(w);
}

static void test_churn_rate(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    uint32_t customer = customer_new(w);
    for (int i = 0; i < 4; i++)
        subscription_new(w, customer, STARTER, 900, utc(2024, 1, 1, 0));
    subscription_at(w, 0)->canceled_us = utc(2024, 4, 1, 0); // 30 days before May
    subscription_at(w, 1)->canceled_us = utc(2024, 5, 1, 0); // its first moment: June's
    subscription_at(w, 2)->ended_us = utc(2024, 3, 1, 0);    // was not there
    subscription_at(w, 3)->started_us = utc(2024, 4, 1, 0);
    struct window window;
    window_open(&window, w, day_of(2024, 5, 1), day_of(2024, 6, 30), METRICS_MONTH, "UTC");
    assert_float_equal(window.m.buckets[0].real[M_churn_rate], 1.0 / 3, 1e-15);
    assert_float_equal(window.m.buckets[1].real[M_churn_rate], 0, 1e-15); // 2 May to 1 June
    window_close(&window);
    window_open(&window, w, day_of(2024, 1, 1), day_of(2024, 12, 31), METRICS_YEAR, "UTC");
    assert_float_equal(window.m.buckets[0].real[M_churn_rate], 2.0 / 3, 1e-15);
    window_close(&window);
    world_free(w);
}

static struct event_row *event_new(struct sim_world *w, enum event_name name, int64_t at_us,
                                   uint32_t customer, uint32_t ref)
{
    struct event_row *event = event_at(w, row_append(w, &w->events));
    *event =
        (struct event_row){.at_us = at_us, .customer = customer, .ref = ref, .name = (uint8_t)name};
    return event;
}

static uint32_t order_new(struct sim_world *w, uint32_t customer, int64_t net, int32_t fee,
                          int64_t at_us)
{
    uint32_t index = row_append(w, &w->orders);
    struct order_row *order = order_at(w, index);
    order->created_us = at_us;
    order->net = net;
    order->fee = fee;
    order->customer = customer;
    order->product = E_BOOK;
    order->subscription = SIM_NO_ROW;
    event_new(w, EV_ORDER_PAID, at_us + SECOND_US, customer, index);
    event_new(w, EV_BALANCE_ORDER, at_us, customer, index);
    return index;
}

static void test_refunds_and_disputes(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    uint32_t customer = customer_new(w);
    uint32_t january = order_new(w, customer, 10000, 440, utc(2024, 1, 31, 23));
    order_new(w, customer, 501, 60, utc(2024, 1, 2, 0));
    order_new(w, customer, 7000, 0, utc(2023, 12, 31, 23)); // before the window
    struct refund_row *refund = refund_at(w, row_append(w, &w->refunds));
    refund->order = january;
    refund->amount = 2500;
    event_new(w, EV_BALANCE_REFUND, utc(2024, 3, 9, 0), customer, 0);
    event_new(w, EV_BALANCE_DISPUTE, utc(2024, 2, 9, 0), customer, 1);
    struct window window;
    window_open(&window, w, day_of(2024, 1, 1), day_of(2024, 3, 31), METRICS_MONTH, "UTC");
    assert_int_equal(figure(&window, 0, M_revenue), 10501);
    assert_int_equal(figure(&window, 0, M_net_revenue),
                     10501 - 500 - 2500); // the refund is dated back
    assert_int_equal(figure(&window, 1, M_net_revenue), -501 - DISPUTE_FEE); // the dispute is not
    assert_int_equal(figure(&window, 2, M_net_revenue), 0);
    assert_int_equal(figure(&window, 2, M_cumulative_revenue), 17501);
    assert_int_equal(figure(&window, 0, M_orders), 2);
    assert_int_equal(figure(&window, 0, M_average_order_value), 5251); // 5250.5, up
    assert_int_equal(figure(&window, 0, M_net_average_order_value),
                     3751); // 3750.5: no dispute in it
    window_close(&window);
    world_free(w);
}

static void test_foreign_refunds_are_converted_twice(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    uint32_t customer = customer_new(w);
    uint32_t index = order_new(w, customer, 100000, 0, utc(2024, 1, 5, 0));
    order_at(w, index)->currency = EUR;
    struct refund_row *refund = refund_at(w, row_append(w, &w->refunds));
    refund->order = index;
    refund->amount = 100000;
    event_new(w, EV_BALANCE_REFUND, utc(2024, 1, 6, 0), customer, 0);
    int64_t rate = money_rate(w, EUR, utc(2024, 1, 5, 0));
    int64_t once = money_scale(100000, rate, 1000000), twice = money_scale(once, rate, 1000000);
    struct window window;
    window_open(&window, w, day_of(2024, 1, 1), day_of(2024, 1, 31), METRICS_MONTH, "UTC");
    assert_int_equal(figure(&window, 0, M_revenue), once);
    assert_int_equal(figure(&window, 0, M_net_revenue), once - twice);
    window_close(&window);
    world_free(w);
}

static struct metrics_ids only(const struct sim_world *w, uint32_t customer,
                               char id[static QUERY_UUID_BYTES])
{
    uuid_write(&w->key, SIM_CUSTOMERS, customer, id);
    id[UUID_CHARS] = '\0';
    return (struct metrics_ids){(char(*)[QUERY_UUID_BYTES])(void *)id, 1};
}

// Orders lose the window's last second; revenue does when a customer is asked for.
static void test_last_second(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    uint32_t customer = customer_new(w);
    order_new(w, customer, 100, 0, utc(2024, 2, 1, 0) - SECOND_US);
    order_new(w, customer, 100, 0, utc(2024, 2, 1, 0) - SECOND_US / 2);
    order_new(w, customer, 100, 0, utc(2024, 2, 1, 0));
    struct window window;
    window_open(&window, w, day_of(2024, 1, 1), day_of(2024, 1, 31), METRICS_MONTH, "UTC");
    assert_int_equal(figure(&window, 0, M_orders), 1);
    assert_int_equal(figure(&window, 0, M_revenue), 200);
    window_close(&window);
    char id[QUERY_UUID_BYTES];
    struct metrics_ids filter = only(w, customer, id);
    window_open_for(&window, w, day_of(2024, 1, 1), day_of(2024, 1, 31), METRICS_MONTH, "UTC",
                    &filter);
    assert_int_equal(figure(&window, 0, M_revenue), 100);
    window_close(&window);
    world_free(w);
}

// Events of whoever shares the external id pass the filter; rows do not, nor do those of deleted customers, who bear none.
static void test_shared_external_id(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    for (uint32_t i = 0; i < 3; i++) {
        struct customer_row *customer = customer_at(w, customer_new(w));
        customer->identity = 0;
        customer->flags = CUSTOMER_HAS_EXTERNAL_ID;
        customer->deleted_us = i == 2 ? utc(2024, 1, 20, 0) : 0;
        order_new(w, i, 1000, 0, utc(2024, 1, 5, 0));
        subscription_new(w, i, STARTER, 900, utc(2024, 1, 5, 0));
    }
    char id[QUERY_UUID_BYTES];
    struct metrics_ids filter = only(w, 0, id);
    struct window window;
    window_open_for(&window, w, day_of(2024, 1, 1), day_of(2024, 1, 31), METRICS_MONTH, "UTC",
                    &filter);
    assert_int_equal(figure(&window, 0, M_orders), 2);
    assert_int_equal(figure(&window, 0, M_active_subscriptions), 1);
    assert_int_equal(figure(&window, 0, M_active_user_by_event), 3); // two ids, one external id
    window_close(&window);
    world_free(w);
}

// A checkout counts when it was opened, if it was made in the window or on the day before.
static void test_opened_checkouts(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    w->now_us = utc(2026, 6, 1, 0);
    int64_t may = utc(2026, 5, 1, 0);
    struct {
        int64_t created, opened, counted;
    } cases[] = {
        {may - 24 * HOUR_US, may, 1},
        {may - 24 * HOUR_US - 1, may, 0},
        {may, 0, 0},
        {may - HOUR_US, may - 1, 0},
        {utc(2026, 5, 31, 23), utc(2026, 6, 1, 0), 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w->checkouts.count = 0;
        struct checkout_row *checkout = checkout_at(w, row_append(w, &w->checkouts));
        checkout->created_us = cases[i].created;
        checkout->opened_us = cases[i].opened;
        checkout->customer = SIM_NO_ROW;
        struct window window;
        window_open(&window, w, day_of(2026, 5, 1), day_of(2026, 5, 31), METRICS_MONTH, "UTC");
        assert_int_equal(figure(&window, 0, M_checkouts), cases[i].counted);
        window_close(&window);
    }
    world_free(w);
}

static void test_answer(void **state)
{
    (void)state;
    struct sim_world *w = shop_new();
    order_new(w, customer_new(w), 1999, 0, utc(2024, 1, 5, 0));
    struct metrics_zone *zone = metrics_zone_open("Asia/Kolkata");
    struct metrics_query query = {.start_day = day_of(2024, 1, 31),
                                  .end_day = day_of(2024, 1, 31),
                                  .interval = METRICS_MONTH,
                                  .zone = zone};
    query.wanted = UINT64_C(1) << M_cumulative_revenue | UINT64_C(1) << M_cost_per_user;
    struct sim_out out = {0};
    assert_true(metrics_answer(w, &query, &out));
    sim_out_append(&out, "", 1);
    assert_string_equal(
        out.data,
        "{\"periods\":[{\"timestamp\":\"2024-01-01T00:00:00+05:30\",\"cumulative_revenue\":1999,"
        "\"cost_per_user\":0.0}],\"totals\":{\"cumulative_revenue\":1999,\"cost_per_user\":0.0},"
        "\"metrics\":{\"cumulative_revenue\":{\"slug\":\"cumulative_revenue\",\"display_name\":"
        "\"Cumulative "
        "Revenue\",\"type\":\"currency\"},\"cost_per_user\":{\"slug\":\"cost_per_user\","
        "\"display_name\":\"Cost Per User\",\"type\":\"currency_sub_cent\"}}}");
    sim_out_release(&out);
    metrics_zone_close(zone);
    world_free(w);
    assert_int_equal(metrics_find("seat_utilization_rate"), METRIC_COUNT - 1);
    assert_int_equal(metrics_find("Revenue"), -1);
    assert_int_equal(METRIC_COUNT, 55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_who_is_active),
        cmocka_unit_test(test_end_that_came),
        cmocka_unit_test(test_monthly_amounts),
        cmocka_unit_test(test_foreign_amounts),
        cmocka_unit_test(test_trials),
        cmocka_unit_test(test_revenue_per_user),
        cmocka_unit_test(test_churn_rate),
        cmocka_unit_test(test_refunds_and_disputes),
        cmocka_unit_test(test_foreign_refunds_are_converted_twice),
        cmocka_unit_test(test_last_second),
        cmocka_unit_test(test_shared_external_id),
        cmocka_unit_test(test_opened_checkouts),
        cmocka_unit_test(test_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
