// SPDX-License-Identifier: Apache-2.0
// joined_test.c - visitors beside orders in small worlds with known answers: zones, cover, open days, currencies, searches, nobody at all.
#include "support.h"

#include "metrics/joined.h"

struct world {
    struct zone *zone;
    struct joined *joined;
    struct joined_answer answer;
};

static struct civil_date date(const char *text)
{
    struct civil_date day = {0};
    assert_true(civil_date_parse(text, &day));
    return day;
}

static void open_cut(struct world *w, const char *zone, const char *from, const char *to,
                     enum metrics_interval interval, size_t days)
{
    struct till_error e = {0};
    assert_int_equal(zone_open(zone, &w->zone, &e), TILL_OK);
    struct joined_query query = {.from = date(from),
                                 .to = date(to),
                                 .interval = interval,
                                 .zone = w->zone,
                                 .is_cut = days != SIZE_MAX,
                                 .visit_days = days,
                                 .search_days = days};
    assert_int_equal(joined_open(&query, &w->joined, &e), TILL_OK);
}

static void open_world(struct world *w, const char *zone, const char *from, const char *to,
                       enum metrics_interval interval)
{
    open_cut(w, zone, from, to, interval, SIZE_MAX);
}

static void close_world(struct world *w)
{
    joined_close(w->joined);
    zone_close(w->zone);
    *w = (struct world){0};
}

static void visit(struct world *w, const char *day, int64_t visitors, bool is_open)
{
    const struct joined_visits visits = {visitors, visitors + 2, visitors * 3, 1, is_open};
    joined_day(w->joined, date(day), &visits);
}

static void order(struct world *w, const char *moment, const char *currency, int64_t net_minor,
                  bool is_new)
{
    struct till_error e = {0};
    assert_int_equal(joined_order(w->joined, at(moment), metrics_currency_of(sv_of(currency)),
                                  net_minor, is_new, &e),
                     TILL_OK);
}

static const struct joined_line *answer_line(struct world *w, size_t index)
{
    joined_answer(w->joined, &w->answer);
    return &w->answer.lines[index];
}

static void expect(const struct joined_line *line, const struct joined_sum *sum,
                   enum traffic_metric_id metric, double value)
{
    struct joined_number number = joined_number(line, sum, metric);
    if (!number.has_value)
        fail_msg("%s has no value", model_traffic_metric(metric)->slug);
    double difference = metrics_real(number.number) - value;
    if (difference > 1e-9 || difference < -1e-9)
        fail_msg("%s is %f, not %f", model_traffic_metric(metric)->slug,
                 metrics_real(number.number), value);
}

static void expect_null(const struct joined_line *line, enum traffic_metric_id metric)
{
    if (joined_number(line, NULL, metric).has_value)
        fail_msg("%s has a value", model_traffic_metric(metric)->slug);
}

static void days_stand_beside_each_other(void **state)
{
    struct world w = {0};
    (void)state;
    open_world(&w, "UTC", "2026-03-01", "2026-03-03", METRICS_DAY);
    joined_cover(w.joined, date("2026-01-01"), date("2026-03-03"));
    visit(&w, "2026-03-01", 100, false);
    visit(&w, "2026-03-03", 40, false); // nobody on the second
    order(&w, "2026-03-01T10:00:00Z", "usd", 1000, true);
    order(&w, "2026-03-01T11:00:00Z", "usd", 5000, false); // a renewal is no conversion
    order(&w, "2026-03-02T00:00:00Z", "usd", 700, true);
    joined_checkout(w.joined, at("2026-03-01T09:00:00Z"), true);
    joined_checkout(w.joined, at("2026-03-01T09:30:00Z"), false);
    const struct joined_line *lines = answer_line(&w, 0);
    const struct joined_sum *sums = w.answer.currencies[0].sums;
    assert_int_equal(w.answer.period_count, 3);
    expect(&lines[0], NULL, TRAFFIC_METRIC_visitors, 100);
    expect(&lines[0], NULL, TRAFFIC_METRIC_visits, 102);
    expect(&lines[0], NULL, TRAFFIC_METRIC_pageviews, 300);
    expect(&lines[0], NULL, TRAFFIC_METRIC_bounce_rate, 1.0 / 102);
    expect(&lines[0], NULL, TRAFFIC_METRIC_orders, 2);
    expect(&lines[0], NULL, TRAFFIC_METRIC_new_orders, 1);
    expect(&lines[0], NULL, TRAFFIC_METRIC_conversion, 0.01);
    expect(&lines[0], NULL, TRAFFIC_METRIC_checkout_rate, 0.02);
    expect(&lines[0], NULL, TRAFFIC_METRIC_checkout_conversion, 0.5);
    expect(&lines[0], &sums[0], TRAFFIC_METRIC_revenue, 6000);
    expect(&lines[0], &sums[0], TRAFFIC_METRIC_new_revenue, 1000);
    expect(&lines[0], &sums[0], TRAFFIC_METRIC_revenue_per_visitor, 10);
    expect(&lines[1], NULL, TRAFFIC_METRIC_visitors, 0);
    expect_null(&lines[1], TRAFFIC_METRIC_conversion); // nothing to divide by
    expect_null(&lines[1], TRAFFIC_METRIC_revenue_per_visitor);
    expect_null(&lines[1], TRAFFIC_METRIC_checkout_conversion);
    expect(&lines[3], NULL, TRAFFIC_METRIC_visitors, 140);
    expect(&lines[3], NULL, TRAFFIC_METRIC_conversion, 2.0 / 140);
    close_world(&w);
}

static void days_are_those_of_the_zone(void **state)
{
    static const struct {
        const char *zone;
        size_t period; // of 2026-03-01T22:30Z in 2026-03-01 .. 03-02
    } zones[] = {{"UTC", 0}, {"Europe/Berlin", 0}, {"Asia/Kolkata", 1}, {"America/Los_Angeles", 0}};
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(zones); i++) {
        struct world w = {0};
        open_world(&w, zones[i].zone, "2026-03-01", "2026-03-02", METRICS_DAY);
        joined_cover(w.joined, date("2026-03-01"), date("2026-03-02"));
        visit(&w, "2026-03-01", 10, false);
        visit(&w, "2026-03-02", 20, false);
        order(&w, "2026-03-01T22:30:00Z", "usd", 100, true);
        const struct joined_line *lines = answer_line(&w, 0);
        expect(&lines[zones[i].period], NULL, TRAFFIC_METRIC_new_orders, 1);
        expect(&lines[1 - zones[i].period], NULL, TRAFFIC_METRIC_new_orders, 0);
        expect(&lines[0], NULL, TRAFFIC_METRIC_visitors, 10);
        close_world(&w);
    }
}

static void what_nobody_counted_is_no_conversion(void **state)
{
    struct world w = {0};
    (void)state;
    open_world(&w, "Europe/Berlin", "2026-02-01", "2026-03-31", METRICS_MONTH);
    joined_cover(w.joined, date("2026-03-30"), date("2026-03-31")); // connected late
    visit(&w, "2026-03-30", 50, false);
    visit(&w, "2026-03-31", 50, true);
    for (int i = 0; i < 9; i++)
        order(&w, "2026-03-10T12:00:00Z", "eur", 100, true);
    order(&w, "2026-03-30T12:00:00Z", "eur", 300, true);
    joined_checkout(w.joined, at("2026-03-10T12:00:00Z"), true);
    const struct joined_line *lines = answer_line(&w, 0);
    const struct joined_sum *sums = w.answer.currencies[0].sums;
    expect_null(&lines[0], TRAFFIC_METRIC_visitors);
    expect_null(&lines[0], TRAFFIC_METRIC_conversion);
    expect(&lines[1], NULL, TRAFFIC_METRIC_new_orders, 10);
    expect(&lines[1], NULL, TRAFFIC_METRIC_conversion, 0.01);
    expect(&lines[1], NULL, TRAFFIC_METRIC_checkout_rate, 0);
    expect(&lines[1], &sums[1], TRAFFIC_METRIC_new_revenue, 1200);
    expect(&lines[1], &sums[1], TRAFFIC_METRIC_revenue_per_visitor, 3);
    assert_int_equal(lines[1].days, 31);
    assert_int_equal(lines[1].covered, 2);
    assert_int_equal(lines[1].open, 1);
    close_world(&w);
}

static void open_days_count_but_are_not_compared(void **state)
{
    struct world now = {0}, before = {0};
    (void)state;
    open_world(&now, "UTC", "2026-03-08", "2026-03-10", METRICS_DAY);
    joined_cover(now.joined, date("2026-01-01"), date("2026-03-10"));
    joined_search_cover(now.joined, date("2026-01-01"), date("2026-03-09"));
    visit(&now, "2026-03-08", 10, false);
    visit(&now, "2026-03-09", 20, false);
    visit(&now, "2026-03-10", 5, true);
    joined_search(now.joined, date("2026-03-08"), 4, 10, 2, false);
    joined_search(now.joined, date("2026-03-09"), 8, 90, 12, true);
    order(&now, "2026-03-09T10:00:00Z", "usd", 100, true);
    order(&now, "2026-03-10T10:00:00Z", "usd", 900, true);
    const struct joined_line *lines = answer_line(&now, 0);
    expect(&lines[3], NULL, TRAFFIC_METRIC_visitors, 35);
    expect(&lines[4], NULL, TRAFFIC_METRIC_visitors, 30);
    expect(&lines[4], &now.answer.currencies[0].sums[4], TRAFFIC_METRIC_revenue, 100);
    expect(&lines[4], NULL, TRAFFIC_METRIC_search_clicks, 4);
    expect(&lines[3], NULL, TRAFFIC_METRIC_search_position, 11); // not 7, the mean of two days
    assert_int_equal(now.answer.visit_days, 2);
    assert_int_equal(now.answer.search_days, 1);
    // The time before is as long as what is over.
    open_cut(&before, "UTC", "2026-03-05", "2026-03-07", METRICS_DAY, now.answer.visit_days);
    joined_cover(before.joined, date("2026-01-01"), date("2026-03-10"));
    visit(&before, "2026-03-05", 1, false);
    visit(&before, "2026-03-06", 2, false);
    visit(&before, "2026-03-07", 4, false);
    order(&before, "2026-03-06T23:59:59Z", "usd", 7, true);
    order(&before, "2026-03-07T00:00:00Z", "usd", 70, true);
    lines = answer_line(&before, 0);
    expect(&lines[3], NULL, TRAFFIC_METRIC_visitors, 3);
    expect(&lines[3], &before.answer.currencies[0].sums[3], TRAFFIC_METRIC_revenue, 7);
    close_world(&now);
    close_world(&before);
}

static void currencies_are_never_added(void **state)
{
    struct world w = {0};
    (void)state;
    open_world(&w, "UTC", "2026-03-01", "2026-03-01", METRICS_DAY);
    joined_cover(w.joined, date("2026-03-01"), date("2026-03-01"));
    visit(&w, "2026-03-01", 10, false);
    order(&w, "2026-03-01T10:00:00Z", "usd", 100, true);
    order(&w, "2026-03-01T10:00:00Z", "eur", 300, true);
    order(&w, "2026-03-01T10:00:00Z", "usd", INT64_MAX, true); // stays at the end of the range
    const struct joined_line *line = answer_line(&w, 0);
    assert_int_equal(w.answer.currency_count, 2);
    assert_int_equal(w.answer.currencies[0].currency, metrics_currency_of(SV("eur")));
    expect(line, NULL, TRAFFIC_METRIC_orders, 3);
    expect(line, &w.answer.currencies[0].sums[0], TRAFFIC_METRIC_revenue, 300);
    expect(line, &w.answer.currencies[0].sums[0], TRAFFIC_METRIC_revenue_per_visitor, 30);
    assert_int_equal(w.answer.currencies[1].sums[0].revenue_minor, INT64_MAX);
    close_world(&w);
}

static void without_traffic_there_are_no_visitors(void **state)
{
    static const enum traffic_metric_id nulls[] = {
        TRAFFIC_METRIC_visitors,      TRAFFIC_METRIC_visits,         TRAFFIC_METRIC_pageviews,
        TRAFFIC_METRIC_bounce_rate,   TRAFFIC_METRIC_conversion,     TRAFFIC_METRIC_checkout_rate,
        TRAFFIC_METRIC_search_clicks, TRAFFIC_METRIC_search_position};
    struct world w = {0};
    (void)state;
    open_world(&w, "UTC", "2026-03-01", "2026-03-07", METRICS_WEEK);
    order(&w, "2026-03-01T10:00:00Z", "usd", 100, true);
    order(&w, "2026-02-28T23:00:00Z", "usd", 100, true); // the week's, not the range's
    const struct joined_line *lines = answer_line(&w, 0);
    for (size_t i = 0; i < TILL_COUNT(nulls); i++)
        expect_null(&lines[w.answer.period_count], nulls[i]);
    expect(&lines[w.answer.period_count], NULL, TRAFFIC_METRIC_orders, 1);
    close_world(&w);
}

static void hours_are_those_that_were_told(void **state)
{
    const struct joined_visits five = {5, JOINED_NULL, 9, JOINED_NULL, false};
    struct world w = {0};
    (void)state;
    open_world(&w, "Europe/Berlin", "2026-03-29", "2026-03-29", METRICS_HOUR); // 23 hours
    joined_cover(w.joined, date("2026-03-29"), date("2026-03-29"));
    visit(&w, "2026-03-29", 12, true);
    joined_hour(w.joined, at("2026-03-29T08:00:00Z"), &five);
    joined_hour(w.joined, at("2026-03-29T10:00:00Z"), &five);
    order(&w, "2026-03-29T10:59:00Z", "usd", 100, true);
    order(&w, "2026-03-29T12:00:00Z", "usd", 100, true);
    const struct joined_line *lines = answer_line(&w, 0);
    assert_int_equal(w.answer.period_count, 23);
    expect(&lines[9], NULL, TRAFFIC_METRIC_visitors, 5);
    expect_null(&lines[9], TRAFFIC_METRIC_visits);
    expect(&lines[10], NULL, TRAFFIC_METRIC_visitors, 0); // between two that were told
    expect(&lines[11], NULL, TRAFFIC_METRIC_conversion, 0.2);
    expect_null(&lines[13], TRAFFIC_METRIC_conversion);
    expect(&lines[13], NULL, TRAFFIC_METRIC_new_orders, 1);
    expect(&lines[23], NULL, TRAFFIC_METRIC_visitors,
           12); // the day's own count, not a sum of hours
    expect(&lines[23], NULL, TRAFFIC_METRIC_conversion, 2.0 / 12);
    close_world(&w);
}

static void slugs_are_found_and_guessed(void **state)
{
    (void)state;
    assert_true(model_is_traffic_slug(SV("traffic.nonsense")));
    assert_false(model_is_traffic_slug(SV("visitors")));
    for (size_t i = 0; i < TRAFFIC_METRIC__COUNT; i++) {
        const struct traffic_metric *metric = model_traffic_metric((enum traffic_metric_id)i);
        assert_ptr_equal(model_traffic_metric_by_slug(sv_of(metric->full_slug)), metric);
        assert_string_equal(metric->full_slug + strlen("traffic."), metric->slug);
    }
    assert_null(model_traffic_metric_by_slug(SV("visitors")));
    assert_string_equal(model_traffic_metric_nearest(SV("traffic.visitor")), "traffic.visitors");
    assert_null(model_traffic_metric_nearest(SV("traffic.something else")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_stand_beside_each_other),
        cmocka_unit_test(days_are_those_of_the_zone),
        cmocka_unit_test(what_nobody_counted_is_no_conversion),
        cmocka_unit_test(open_days_count_but_are_not_compared),
        cmocka_unit_test(currencies_are_never_added),
        cmocka_unit_test(without_traffic_there_are_no_visitors),
        cmocka_unit_test(hours_are_those_that_were_told),
        cmocka_unit_test(slugs_are_found_and_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
