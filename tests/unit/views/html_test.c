// SPDX-License-Identifier: Apache-2.0
// html_test.c - text from outside stays text in a page; names and addresses are masked; numbers and periods of charts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views/html.h"
#include "views/html_chart.h"

#define BAD "\xEF\xBF\xBD"

static void expect(void (*show)(struct buf *out, struct sv text), struct sv text,
                   const char *expected)
{
    struct buf out;
    buf_init(&out, 65536);
    show(&out, text);
    assert_string_equal(out.data ? out.data : "", expected);
    buf_release(&out);
}

static void text_stays_text(void **state TILL_UNUSED)
{
    expect(view_html_text, SV("Tom & Jerry"), "Tom &amp; Jerry");
    expect(view_html_text, SV("<script>alert('1')</script>"),
           "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
    expect(view_html_text, SV("\" onload=\"x"), "&quot; onload=&quot;x");
    expect(view_html_text, SV("&lt;"), "&amp;lt;");
    expect(view_html_text, SV("a\x1b[2J\x7f\0b"), "a" BAD "[2J" BAD BAD "b");
    expect(view_html_text, SV("two\nlines"), "two lines");
    expect(view_html_text, SV("\xff\xc0\x80 \xe2\x80\xaeoo"), BAD BAD BAD " " BAD "oo");
    expect(view_html_text, SV("Caf\xC3\xA9 \xE2\x9C\xA8"), "Caf\xC3\xA9 \xE2\x9C\xA8");
    expect(view_html_text, SV(""), "");
}

static void names_are_masked(void **state TILL_UNUSED)
{
    expect(view_html_masked_name, SV("Emma Example"), "E. ···");
    expect(view_html_masked_name, SV("  \xC3\x89mile"), "\xC3\x89. ···");
    expect(view_html_masked_name, SV("<b>"), "&lt;. ···");
    expect(view_html_masked_name, SV("\xff"), BAD ". ···");
    expect(view_html_masked_name, SV("   "), "");
    expect(view_html_masked_email, SV("emma@example.com"), "e···@e···");
    expect(view_html_masked_email, SV("\"><i>\"@x.org"), "&quot;···@x···");
    expect(view_html_masked_email, SV("nobody"), "n···@···");
    expect(view_html_masked_email, SV("@"), "···@···");
    expect(view_html_masked_email, SV("a@b@secret"), "a···@b···");
    expect(view_html_masked_email, SV(""), "");
}

static void short_number(double value, int digits, const char *expected)
{
    struct buf out;
    buf_init(&out, 100);
    html_short_number(&out, value, digits);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void numbers_are_short(void **state TILL_UNUSED)
{
    short_number(0, 2, "0");
    short_number(75, 2, "0.75");
    short_number(50, 2, "0.5");
    short_number(99900, 2, "999");
    short_number(250000, 2, "2.5k");
    short_number(250000, 0, "250k");
    short_number(1.5e8, 2, "1.5M");
    short_number(-2e11, 2, "\u22122B");
    short_number(2e14, 2, "2T");
    short_number(-0.0, 2, "0");
}

static void period(const char *zone_text, enum metrics_interval interval, int64_t at_us,
                   bool is_long, const char *expected)
{
    struct zone *zone = NULL;
    struct till_error e = {0};
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(TILL_OK, zone_open(zone_text, &zone, &e));
    html_period(&out, zone, interval, at_us, is_long);
    assert_string_equal(out.data, expected);
    zone_close(zone);
    buf_release(&out);
}

static void periods_have_names(void **state TILL_UNUSED)
{
    const int64_t at_us = INT64_C(1767225600000000); // 2026-01-01T00:00:00Z
    period("UTC", METRICS_DAY, at_us, false, "1 Jan");
    period("UTC", METRICS_DAY, at_us, true, "1 Jan 2026");
    period("UTC", METRICS_WEEK, at_us, true, "week of 1 Jan 2026");
    period("UTC", METRICS_MONTH, at_us, false, "Jan 2026");
    period("UTC", METRICS_MONTH, at_us + INT64_C(40) * 86400 * 1000000, false, "Feb");
    period("UTC", METRICS_YEAR, at_us, false, "2026");
    period("UTC", METRICS_HOUR, at_us, false, "1 Jan");
    period("Asia/Kolkata", METRICS_HOUR, at_us, false, "05:30");
    period("America/New_York", METRICS_HOUR, at_us, true, "31 Dec 19:00");
    period("America/New_York", METRICS_DAY, -INT64_C(86400000000), true, "30 Dec 1969");
}

// ---- charts: whatever the values, the shapes stay in their box ----

static double value_at(const void *context, size_t index, size_t layer TILL_UNUSED)
{
    return ((const double *)context)[index];
}

static void draw(const double *values, size_t count, int digits, const char *part)
{
    static int64_t starts[64];
    struct zone *zone = NULL;
    struct till_error e = {0};
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(TILL_OK, zone_open("UTC", &zone, &e));
    for (size_t i = 0; i <= count; i++)
        starts[i] = (int64_t)i * INT64_C(86400000000);
    struct html_plot plot = {.label = "a \"label\"",
                             .count = count,
                             .starts_us = starts,
                             .interval = METRICS_DAY,
                             .zone = zone,
                             .context = values,
                             .value = value_at,
                             .digits = digits};
    html_bars(&out, &plot);
    html_line(&out, &plot);
    html_spark(&out, &plot);
    assert_int_equal(TILL_OK, out.failure);
    assert_null(strstr(out.data, "nan"));
    assert_null(strstr(out.data, "inf"));
    assert_non_null(strstr(out.data, "a &quot;label&quot;"));
    if (!strstr(out.data, part))
        fail_msg("no %s in %s", part, out.data);
    zone_close(zone);
    buf_release(&out);
}

static void charts_of_anything(void **state TILL_UNUSED)
{
    static const double nothing[3] = {0}, one[1] = {5}, losses[3] = {-100, 0, 250},
                        large[2] = {9e18, -9e18}, small[2] = {1, 2};
    draw(nothing, 3, 2, ">1</span>");
    draw(nothing, 0, 2, ">1</span>");
    draw(one, 1, 0, "h10");
    draw(losses, 3, 2, "\u22121</span>");
    draw(large, 2, 2, "T</span>");
    draw(small, 2, 0, ">2</span>"); // counts have no halves
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_text),    cmocka_unit_test(names_are_masked),
        cmocka_unit_test(numbers_are_short),  cmocka_unit_test(periods_have_names),
        cmocka_unit_test(charts_of_anything),
    };
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
