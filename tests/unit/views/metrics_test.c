// SPDX-License-Identifier: Apache-2.0
// metrics_test.c - metrics as a table, as Polar's JSON and as rows, from an answer made by hand: what has no value is left out and named.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/metrics.h"

enum { PERIODS = 3 };
static struct report_metrics report;
static struct metrics_number numbers[METRIC__COUNT * PERIODS];
static struct store_connection connection;
static struct zone *zone;
static struct view_style style;

static void put(enum metric_id id, int64_t first, int64_t second, int64_t third, int64_t total)
{
    const int64_t values[PERIODS] = {first, second, third};
    report.answer.is_asked[id] = true;
    for (size_t i = 0; i < PERIODS; i++)
        numbers[(size_t)id * PERIODS + i] = (struct metrics_number){.integer = values[i]};
    report.answer.totals[id] = (struct metrics_number){.integer = total};
}

static int setup(void **state TILL_UNUSED)
{
    static const int64_t day_us = INT64_C(86400) * 1000000;
    static int64_t starts_us[PERIODS + 1];
    struct till_error e = {0};
    if (zone_open("Asia/Kolkata", &zone, &e))
        return -1;
    memset(&report, 0, sizeof report);
    (void)snprintf(connection.organization_name, sizeof connection.organization_name,
                   "Shop \x1b[1m");
    for (int i = 0; i <= PERIODS; i++)
        starts_us[i] =
            (19675 + i) * day_us - INT64_C(19800) * 1000000; // 2023-11-14, local midnight
    report.query = (struct report_metrics_query){.connection = &connection,
                                                 .from = {2023, 11, 14},
                                                 .to = {2023, 11, 16},
                                                 .interval = METRICS_DAY,
                                                 .zone = zone};
    report.answer.period_count = PERIODS;
    report.answer.starts_us = starts_us;
    report.answer.periods = numbers;
    put(METRIC_orders, 0, 7, 3, 10);
    put(METRIC_revenue, 0, 123456, -50, 123406);
    put(METRIC_churn_rate, 0, 0, 0, 0);
    for (size_t i = 0; i < PERIODS; i++)
        numbers[METRIC_churn_rate * PERIODS + i] =
            (struct metrics_number){.is_real = true, .real = (double)i / 3};
    report.answer.totals[METRIC_churn_rate] = (struct metrics_number){.is_real = true, .real = 0.5};
    report.answer.is_asked[METRIC_seats_total] = true;
    (void)snprintf(report.answer.approximate[METRIC_revenue], METRICS_REASON_BYTES, "some eur");
    (void)snprintf(report.answer.unavailable[METRIC_seats_total], METRICS_REASON_BYTES,
                   "seats are not mirrored");
    style = (struct view_style){.locale = "en_US"};
    return 0;
}

static int teardown(void **state TILL_UNUSED)
{
    zone_close(zone);
    return 0;
}

static void a_table(void **state TILL_UNUSED)
{
    struct buf out;
    buf_init(&out, 65536);
    view_metrics_text(&out, &style, &report);
    is_text(&out, "Shop \xEF\xBF\xBD[1m, 2023-11-14 to 2023-11-16 by day, Asia/Kolkata\n\n"
                  "Churn Rate                                           50.00%   _~#\n"
                  "Orders                                                   10   _#-\n"
                  "Revenue                                           $1,234.06 ~ _#_\n"
                  "\nApproximate ~: some eur (revenue)\n"
                  "\nNot available: seats are not mirrored (seats_total)\n");
}

static void the_json_of_polar(void **state TILL_UNUSED)
{
    struct buf out;
    buf_init(&out, 65536);
    view_metrics_json(&out, &report);
    is_text(&out,
            "{\"periods\":[{\"timestamp\":\"2023-11-14T00:00:00+05:30\",\"churn_rate\":0.0,"
            "\"orders\":0,"
            "\"revenue\":0},\n"
            "{\"timestamp\":\"2023-11-15T00:00:00+05:30\",\"churn_rate\":0.3333333333333333,"
            "\"orders\":7,\"revenue\":123456},\n"
            "{\"timestamp\":\"2023-11-16T00:00:00+05:30\",\"churn_rate\":0.6666666666666666,"
            "\"orders\":3,\"revenue\":-50}],"
            "\"totals\":{\"churn_rate\":0.5,\"orders\":10,\"revenue\":123406},"
            "\"metrics\":{\"churn_rate\":{\"slug\":\"churn_rate\",\"display_name\":\"Churn Rate\","
            "\"type\":\"percentage\"},\"seats_total\":{\"slug\":\"seats_total\",\"display_name\":"
            "\"Seat Count\",\"type\":\"scalar\"},\"orders\":{\"slug\":\"orders\",\"display_name\":"
            "\"Orders\",\"type\":\"scalar\"},\"revenue\":{\"slug\":\"revenue\",\"display_name\":"
            "\"Revenue\",\"type\":\"currency\"}},"
            "\"till\":{\"approximate\":{\"revenue\":\"some eur\"},\"unavailable\":{\"seats_total\":"
            "\"seats are not mirrored\"},\"orders_from\":\"rows\",\"start_date\":\"2023-11-14\","
            "\"end_date\":\"2023-11-16\",\"interval\":\"day\",\"timezone\":\"Asia/Kolkata\","
            "\"fresh_as_of\":null}}\n");
}

static void rows(enum view_format format, const char *lead, bool is_continued, const char *expected)
{
    struct till_error e = {0};
    struct buf out;
    AUTO_ARENA arena;
    arena_init(&arena, 1 << 20);
    buf_init(&out, 65536);
    struct row_view view = {.format = format,
                            .style = &style,
                            .lead = lead,
                            .is_continued = is_continued,
                            .out = &out,
                            .arena = &arena};
    assert_int_equal(view_metrics_rows(&view, &report, NULL, &e), TILL_OK);
    is_text(&out, expected);
}

static void a_row_for_each_period(void **state TILL_UNUSED)
{
    rows(VIEW_CSV, NULL, false,
         "timestamp,churn_rate,orders,revenue\n"
         "2023-11-14T00:00:00+05:30,0.0,0,0\n"
         "2023-11-15T00:00:00+05:30,0.3333333333333333,7,123456\n"
         "2023-11-16T00:00:00+05:30,0.6666666666666666,3,-50\n");
}

// Of several connections: the same columns for each, also where one of them has no value.
static void rows_of_one_among_several(void **state TILL_UNUSED)
{
    rows(VIEW_CSV, "a,b", false,
         "connection,timestamp,churn_rate,seats_total,orders,revenue\n"
         "\"a,b\",2023-11-14T00:00:00+05:30,0.0,,0,0\n"
         "\"a,b\",2023-11-15T00:00:00+05:30,0.3333333333333333,,7,123456\n"
         "\"a,b\",2023-11-16T00:00:00+05:30,0.6666666666666666,,3,-50\n");
    rows(VIEW_CSV, "shop2", true,
         "shop2,2023-11-14T00:00:00+05:30,0.0,,0,0\n"
         "shop2,2023-11-15T00:00:00+05:30,0.3333333333333333,,7,123456\n"
         "shop2,2023-11-16T00:00:00+05:30,0.6666666666666666,,3,-50\n");
    rows(VIEW_JSONL, "shop2", true,
         "{\"connection\":\"shop2\",\"timestamp\":\"2023-11-14T00:00:00+05:30\",\"churn_rate\":0.0,"
         "\"seats_total\":null,\"orders\":0,\"revenue\":0}\n"
         "{\"connection\":\"shop2\",\"timestamp\":\"2023-11-15T00:00:00+05:30\","
         "\"churn_rate\":0.3333333333333333,\"seats_total\":null,\"orders\":7,\"revenue\":123456}\n"
         "{\"connection\":\"shop2\",\"timestamp\":\"2023-11-16T00:00:00+05:30\","
         "\"churn_rate\":0.6666666666666666,\"seats_total\":null,\"orders\":3,\"revenue\":-50}\n");
}

static void numbers_read_back_as_they_were(void **state TILL_UNUSED)
{
    static const struct {
        struct metrics_number number;
        const char *text;
    } cases[] = {
        {{.integer = INT64_MIN}, "-9223372036854775808"},
        {{.is_real = true, .real = 0.1}, "0.1"},
        {{.is_real = true, .real = 5}, "5.0"},
        {{.is_real = true, .real = 1e300}, "1e+300"},
        {{.is_real = true, .real = 1.0 / 3}, "0.3333333333333333"},
        {{.is_real = true, .real = (double)INFINITY}, "0.0"},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        struct buf out;
        buf_init(&out, 64);
        view_number(&out, cases[i].number);
        is_text(&out, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_table, setup, teardown),
        cmocka_unit_test_setup_teardown(the_json_of_polar, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_for_each_period, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_of_one_among_several, setup, teardown),
        cmocka_unit_test(numbers_read_back_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
