// SPDX-License-Identifier: Apache-2.0
// verify_test.c - our numbers beside Polar's: equal, different, approximate, missing on either side; as a table, JSON and rows.
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "views/metrics.h"

static struct report_metrics report;
static struct report_verify verify;
static struct zone *zone;
static const struct view_style style = {.locale = "en_US"};

static int setup(void **state TILL_UNUSED)
{
    static const struct report_drift lines[] = {
        {.id = METRIC_orders,
         .is_exact = true,
         .has_ours = true,
         .has_theirs = true,
         .reason = "",
         .ours = 10,
         .theirs = 10},
        {.id = METRIC_revenue,
         .is_exact = true,
         .has_ours = true,
         .has_theirs = true,
         .reason = "",
         .ours = 500,
         .theirs = 450.5,
         .difference = 49.5,
         .differing_periods = 2,
         .worst_us = INT64_C(1700000000000000)},
        {.id = METRIC_ltv,
         .has_ours = true,
         .has_theirs = true,
         .reason = "rates",
         .ours = 1,
         .theirs = 2,
         .difference = -1},
        {.id = METRIC_seats_total, .has_theirs = true, .reason = "not mirrored", .theirs = 4},
        {.id = METRIC_checkouts, .is_exact = true, .has_ours = true, .reason = "", .ours = 3},
        {.id = METRIC_churn_rate,
         .has_ours = true,
         .has_theirs = true,
         .reason = "openings",
         .ours = 0.25,
         .theirs = 0.25},
    };
    struct till_error e = {0};
    if (zone_open("UTC", &zone, &e))
        return -1;
    memset(&verify, 0, sizeof verify);
    memcpy(verify.lines, lines, sizeof lines);
    verify.line_count = TILL_COUNT(lines);
    verify.drift_count = 2;
    report.query = (struct report_metrics_query){
        .from = {2023, 11, 1}, .to = {2023, 11, 30}, .interval = METRICS_WEEK, .zone = zone};
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
    view_verify_text(&out, &style, &report, &verify);
    is_text(
        &out,
        "2023-11-01 to 2023-11-30 by week, UTC; money in cents of US dollars\n\n"
        "metric                                              ours        Polar's\n"
        "orders                                                10             10  equal\n"
        "revenue                                              500          450.5  differs\n"
        "  by 49.5, most in the period from 2023-11-14T22:13:20.000000Z; 2 periods differ\n"
        "ltv                                                    1              2  differs ~\n"
        "seats_total                                                           4  not available\n"
        "checkouts                                              3                 "
        "Polar did not answer it\n"
        "churn_rate                                          0.25           0.25  equal ~\n"
        "\n2 exact metrics differ. If the mirror is older than Polar's answer, `till sync` "
        "first.\n");
}

static void all_agree(void **state TILL_UNUSED)
{
    struct buf out;
    buf_init(&out, 65536);
    verify.line_count = 1;
    verify.drift_count = 0;
    view_verify_text(&out, &style, &report, &verify);
    assert_non_null(strstr(out.data, "\nAll exact metrics agree."));
    buf_release(&out);
}

static void as_json(void **state TILL_UNUSED)
{
    struct buf out;
    buf_init(&out, 65536);
    verify.line_count = 4;
    view_verify_json(&out, &verify);
    is_text(
        &out,
        "{\"metrics\":[{\"slug\":\"orders\",\"ours\":10,\"theirs\":10,\"difference\":0,"
        "\"exact\":true,\"reason\":null,\"differing_periods\":0,\"worst_period\":null},\n"
        "{\"slug\":\"revenue\",\"ours\":500,\"theirs\":450.5,\"difference\":49.5,\"exact\":true,"
        "\"reason\":null,\"differing_periods\":2,"
        "\"worst_period\":\"2023-11-14T22:13:20.000000Z\"},\n"
        "{\"slug\":\"ltv\",\"ours\":1,\"theirs\":2,\"difference\":-1,\"exact\":false,"
        "\"reason\":\"rates\",\"differing_periods\":0,\"worst_period\":null},\n"
        "{\"slug\":\"seats_total\",\"ours\":null,\"theirs\":4,\"difference\":null,"
        "\"exact\":false,\"reason\":\"not mirrored\",\"differing_periods\":0,"
        "\"worst_period\":null}],\"drift\":2}\n");
}

static void as_rows(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    struct buf out;
    AUTO_ARENA arena;
    arena_init(&arena, 1 << 20);
    buf_init(&out, 65536);
    struct row_view view = {.format = VIEW_CSV, .style = &style, .out = &out, .arena = &arena};
    assert_int_equal(view_verify_rows(&view, &verify, &e), TILL_OK);
    is_text(&out, "slug,ours,theirs,difference,exact,reason,differing_periods,worst_period\n"
                  "orders,10.0,10.0,0.0,1,,0,\n"
                  "revenue,500.0,450.5,49.5,1,,2,2023-11-14T22:13:20.000000Z\n"
                  "ltv,1.0,2.0,-1.0,0,rates,0,\n"
                  "seats_total,,4.0,,0,not mirrored,0,\n"
                  "checkouts,3.0,,,1,,0,\n"
                  "churn_rate,0.25,0.25,0.0,0,openings,0,\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_table, setup, teardown),
        cmocka_unit_test_setup_teardown(all_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(as_json, setup, teardown),
        cmocka_unit_test_setup_teardown(as_rows, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
