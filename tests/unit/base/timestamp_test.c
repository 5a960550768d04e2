// SPDX-License-Identifier: Apache-2.0
// timestamp_test.c - RFC 3339 and HTTP dates in, the stored form out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/civil.h"
#include "base/timestamp.h"

static void parse_and_format(void **state TILL_UNUSED)
{
    static const char *const cases[][2] = {
        {"2026-08-20T11:02:47.000500Z", "2026-08-20T11:02:47.000500Z"},
        {"2026-09-01T00:00:00Z", "2026-09-01T00:00:00.000000Z"},
        {"2026-09-01t00:00:00z", "2026-09-01T00:00:00.000000Z"},
        {"2026-09-01 00:00:00.5+00:00", "2026-09-01T00:00:00.500000Z"},
        {"2026-09-01T00:00:00.123456789Z", "2026-09-01T00:00:00.123456Z"},
        {"2026-09-01T00:00:00+05:30", "2026-08-31T18:30:00.000000Z"},
        {"2026-08-31T23:59:59.999999-23:59", "2026-09-01T23:58:59.999999Z"},
        {"2026-09-01T00:00:00-00:00", "2026-09-01T00:00:00.000000Z"},
        {"2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000000Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
        {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
        {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
        {"0001-01-01T00:30:00+00:30", "0001-01-01T00:00:00.000000Z"},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        int64_t unix_us;
        char text[TIMESTAMP_BYTES + 1];
        assert_true(timestamp_parse(sv_of(cases[i][0]), &unix_us));
        assert_true(timestamp_format(unix_us, text));
        assert_string_equal(text, cases[i][1]);
        assert_int_equal(strlen(text), TIMESTAMP_BYTES);
    }
    int64_t unix_us;
    assert_true(timestamp_parse(SV("1970-01-01T00:00:01.000002Z"), &unix_us));
    assert_true(unix_us == 1000002);
}

static void not_timestamps(void **state TILL_UNUSED)
{
    static const char *const bad[] = {"",
                                      "2026-09-01",
                                      "2026-09-01T00:00:00",
                                      "2026-09-01T00:00Z",
                                      "2026-9-01T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2026-09-31T00:00:00Z",
                                      "2026-09-00T00:00:00Z",
                                      "2026-09-01T24:00:00Z",
                                      "2026-09-01T00:60:00Z",
                                      "2026-09-01T23:59:60Z",
                                      "2026-09-01T00:00:00.Z",
                                      "2026-09-01T00:00:00.1234567890Z",
                                      "2026-09-01T00:00:00,5Z",
                                      "2026-09-01T00:00:00+24:00",
                                      "2026-09-01T00:00:00+00:60",
                                      "2026-09-01T00:00:00+0000",
                                      "2026-09-01T00:00:00+00",
                                      "2026-09-01T00:00:00ZZ",
                                      "2026-09-01T00:00:00Z ",
                                      " 2026-09-01T00:00:00Z",
                                      "0000-01-01T00:00:00Z",
                                      "-001-01-01T00:00:00Z",
                                      "10000-01-01T00:00:00Z",
                                      "2026-09-01x00:00:00Z",
                                      "2026-09-01T-1:00:00Z",
                                      "0001-01-01T00:00:00+00:01",
                                      "9999-12-31T23:59:59-00:01"};
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        int64_t unix_us = 42;
        if (timestamp_parse(sv_of(bad[i]), &unix_us))
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(unix_us, 42);
    }
    int64_t unix_us;
    assert_false(timestamp_parse((struct sv){"2026-09-01\0"
                                             "00:00:00Z",
                                             20},
                                 &unix_us));
}

// Every proper prefix of a timestamp is refused without reading beyond it (the copies end where AddressSanitizer sees it).
static void prefixes(void **state TILL_UNUSED)
{
    static const char whole[] = "2026-09-01T00:00:00.123456+05:30";
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char *copy = test_malloc(len + 1);
        memcpy(copy, whole, len);
        int64_t unix_us;
        assert_false(timestamp_parse((struct sv){copy, len}, &unix_us));
        test_free(copy);
    }
}

static void format_refuses_other_years(void **state TILL_UNUSED)
{
    char text[TIMESTAMP_BYTES + 1] = "untouched";
    static const int64_t bad[] = {INT64_MIN, INT64_MAX, INT64_C(-62135596800000001),
                                  INT64_C(253402300800000000)};
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        assert_false(timestamp_format(bad[i], text));
        assert_string_equal(text, "untouched");
    }
}

// Against the C library, over moments spread with a fixed stride.
static void agrees_with_the_c_library(void **state TILL_UNUSED)
{
    for (int64_t seconds = -62135596800; seconds < 253402300800; seconds += 86399 * 1009 + 7) {
        char text[TIMESTAMP_BYTES + 1], expected[64];
        struct tm parts;
        time_t moment = (time_t)seconds;
        gmtime_r(&moment, &parts);
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.000001Z",
                 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                 parts.tm_sec);
        assert_true(timestamp_format(seconds * 1000000 + 1, text));
        assert_string_equal(text, expected);
        int64_t back_us;
        assert_true(timestamp_parse(sv_of(text), &back_us));
        assert_true(back_us == seconds * 1000000 + 1);
    }
}

static void http_dates(void **state TILL_UNUSED)
{
    static const char *const good[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                       "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                                       "Sun Nov 06 08:49:37 1994"};
    static const char *const bad[] = {"",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "06 Nov 1994 08:49:37 GMT",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 31 Feb 1994 08:49:37 GMT",
                                      "Sun, 06 nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:60 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "120",
                                      "Xxx, 06 Nov 1994 08:49:37 GMT"};
    for (size_t i = 0; i < TILL_COUNT(good); i++) {
        int64_t seconds;
        if (!timestamp_parse_http(sv_of(good[i]), &seconds))
            fail_msg("refused: %s", good[i]);
        assert_int_equal(seconds, 784111777);
    }
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        int64_t seconds = 42;
        if (timestamp_parse_http(sv_of(bad[i]), &seconds))
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(seconds, 42);
    }
}

// Two digits of a year: never more than 50 years ahead.
static void http_two_digit_years(void **state TILL_UNUSED)
{
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    int this_year = parts.tm_year + 1900;
    for (int yy = 0; yy < 100; yy++) {
        char text[64];
        int64_t seconds;
        snprintf(text, sizeof text, "Sunday, 15-Jun-%02d 12:00:00 GMT", yy);
        assert_true(timestamp_parse_http(sv_of(text), &seconds));
        int year = civil_date_from_days(seconds / 86400 - (seconds < 0)).year;
        assert_int_equal(year % 100, yy);
        assert_true(year <= this_year + 50 && year > this_year - 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_and_format),
        cmocka_unit_test(not_timestamps),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(format_refuses_other_years),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(http_dates),
        cmocka_unit_test(http_two_digit_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
