// SPDX-License-Identifier: Apache-2.0
// calendar_test.c - buckets: counts, weeks from Monday, days of 23 and 25 hours, half-hour zones, old names of zones, and refused ranges.
#include "support.h"

static struct metrics_answer answer;

static void ask(const char *zone_word, const char *from, const char *to,
                enum metrics_interval interval, struct metrics **ret_metrics)
{
    struct till_error e = {0};
    struct zone *zone = NULL;
    assert_int_equal(zone_open(zone_word, &zone, &e), TILL_OK);
    struct metrics_query query = question(zone, from, to, interval);
    *ret_metrics = begin(&query);
    end(*ret_metrics, &answer);
    zone_close(zone);
}

static void counts_are_those_of_the_calendar(void **state)
{
    static const size_t counts[] = {8784, 366, 53, 12, 1};
    (void)state;
    for (int i = METRICS_HOUR; i <= METRICS_YEAR; i++) {
        struct metrics *metrics = NULL;
        ask("UTC", "2024-01-01", "2024-12-31", (enum metrics_interval)i, &metrics);
        assert_int_equal(answer.period_count, counts[i]);
        metrics_close(metrics);
    }
}

static void usual_intervals_fit_a_chart(void **state)
{
    static const struct {
        int64_t days;
        enum metrics_interval interval;
    } cases[] = {{INT64_MIN, METRICS_HOUR}, {1, METRICS_HOUR},        {2, METRICS_HOUR},
                 {3, METRICS_DAY},          {92, METRICS_DAY},        {93, METRICS_WEEK},
                 {200, METRICS_WEEK},       {201, METRICS_MONTH},     {2200, METRICS_MONTH},
                 {2201, METRICS_YEAR},      {INT64_MAX, METRICS_YEAR}};
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(cases); i++)
        assert_int_equal(metrics_interval_usual(cases[i].days), cases[i].interval);
}

static void first_buckets_begin_before_the_window(void **state)
{
    struct metrics *metrics = NULL;
    (void)state;
    ask("UTC", "2024-01-11", "2024-06-15", METRICS_WEEK, &metrics); // a Thursday
    assert_int_equal(answer.starts_us[0], at("2024-01-08"));
    metrics_close(metrics);
    ask("UTC", "1969-12-31", "1970-01-04", METRICS_WEEK, &metrics);
    assert_int_equal(answer.starts_us[0], at("1969-12-29"));
    metrics_close(metrics);
    ask("UTC", "2024-01-11", "2024-06-15", METRICS_MONTH, &metrics);
    assert_int_equal(answer.starts_us[0], at("2024-01-01"));
    assert_int_equal(answer.period_count, 6);
    metrics_close(metrics);
}

static void days_have_23_and_25_hours(void **state)
{
    struct metrics *metrics = NULL;
    (void)state;
    ask("Europe/Berlin", "2024-03-31", "2024-03-31", METRICS_HOUR, &metrics);
    assert_int_equal(answer.period_count, 23);
    metrics_close(metrics);
    ask("Europe/Berlin", "2024-10-27", "2024-10-27", METRICS_HOUR, &metrics);
    assert_int_equal(answer.period_count, 25);
    metrics_close(metrics);
    ask("Europe/Berlin", "2024-03-30", "2024-04-01", METRICS_DAY, &metrics);
    assert_int_equal(answer.period_count, 3);
    assert_int_equal(answer.starts_us[1], at("2024-03-30T23:00:00Z"));
    assert_int_equal(answer.starts_us[2], at("2024-03-31T22:00:00Z"));
    metrics_close(metrics);
}

static void half_hour_zones_and_old_names_work(void **state)
{
    struct metrics *metrics = NULL;
    (void)state;
    ask("Asia/Calcutta", "2024-01-01", "2024-01-01", METRICS_HOUR, &metrics);
    assert_int_equal(answer.starts_us[0], at("2023-12-31T18:30:00Z"));
    assert_int_equal(answer.period_count, 24);
    metrics_close(metrics);
    ask("Asia/Rangoon", "2024-01-01", "2024-01-01", METRICS_DAY, &metrics);
    assert_int_equal(answer.starts_us[0], at("2023-12-31T17:30:00Z"));
    metrics_close(metrics);
}

static void impossible_ranges_are_refused(void **state)
{
    struct till_error e = {0};
    struct zone *zone = NULL;
    struct metrics *metrics = NULL;
    (void)state;
    assert_int_equal(zone_open("UTC", &zone, &e), TILL_OK);
    struct metrics_query query = question(zone, "2024-01-02", "2024-01-01", METRICS_DAY);
    assert_int_equal(metrics_open(&query, &metrics, &e), TILL_USAGE);
    assert_true(e.hint[0] != '\0');
    query = question(zone, "2020-01-01", "2024-01-01", METRICS_HOUR);
    assert_int_equal(metrics_open(&query, &metrics, &e), TILL_LIMIT);
    query = question(zone, "1000-01-01", "2024-01-01", METRICS_YEAR);
    assert_int_equal(metrics_open(&query, &metrics, &e), TILL_LIMIT);
    assert_null(metrics);
    zone_close(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_the_calendar),
        cmocka_unit_test(usual_intervals_fit_a_chart),
        cmocka_unit_test(first_buckets_begin_before_the_window),
        cmocka_unit_test(days_have_23_and_25_hours),
        cmocka_unit_test(half_hour_zones_and_old_names_work),
        cmocka_unit_test(impossible_ranges_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
