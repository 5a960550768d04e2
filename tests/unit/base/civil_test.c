// SPDX-License-Identifier: Apache-2.0
// civil_test.c - calendar days: known days, every day of four centuries, and what is not a date.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/civil.h"

static void known_days(void **state TILL_UNUSED)
{
    static const struct {
        struct civil_date date;
        int64_t days;
    } cases[] = {{{1970, 1, 1}, 0},       {{1969, 12, 31}, -1},     {{2000, 2, 29}, 11016},
                 {{2000, 3, 1}, 11017},   {{1, 1, 1}, -719162},     {{9999, 12, 31}, 2932896},
                 {{1900, 3, 1}, -25508},  {{2100, 3, 1}, 47541},    {{0, 3, 1}, -719468},
                 {{-400, 3, 1}, -865565}, {{1582, 10, 15}, -141427}};
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        assert_true(civil_date_to_days(cases[i].date) == cases[i].days);
        struct civil_date date = civil_date_from_days(cases[i].days);
        assert_int_equal(date.year, cases[i].date.year);
        assert_int_equal(date.month, cases[i].date.month);
        assert_int_equal(date.day, cases[i].date.day);
    }
}

// Walks the calendar by its own rules beside the formulas.
static void every_day_of_five_centuries(void **state TILL_UNUSED)
{
    struct civil_date expected = {1700, 1, 1};
    for (int64_t days = civil_date_to_days(expected); expected.year < 2201; days++) {
        struct civil_date date = civil_date_from_days(days);
        assert_true(date.year == expected.year && date.month == expected.month &&
                    date.day == expected.day);
        assert_true(civil_date_to_days(expected) == days);
        if (++expected.day > civil_month_days(expected.year, expected.month)) {
            expected.day = 1;
            if (++expected.month > 12) {
                expected.month = 1;
                expected.year++;
            }
        }
    }
}

static void adding_days(void **state TILL_UNUSED)
{
    struct civil_date date = civil_date_add_days((struct civil_date){2024, 2, 28}, 1);
    assert_true(date.month == 2 && date.day == 29);
    date = civil_date_add_days((struct civil_date){2023, 2, 28}, 1);
    assert_true(date.month == 3 && date.day == 1);
    date = civil_date_add_days((struct civil_date){2024, 1, 1}, -1);
    assert_true(date.year == 2023 && date.month == 12 && date.day == 31);
    date = civil_date_add_days((struct civil_date){2000, 1, 1}, INT32_MAX);
    date = civil_date_add_days(date, -INT32_MAX);
    assert_true(date.year == 2000 && date.month == 1 && date.day == 1);
}

static void parsing(void **state TILL_UNUSED)
{
    static const char *const bad[] = {
        "",           "2024",       "2024-2-29",  "2023-02-29", "2024-13-01",  "2024-00-01",
        "2024-01-00", "2024-01-32", "2024/01/01", "0000-01-01", "2024-01-01 ", " 2024-01-01",
        "-024-01-01", "2024--1-01", "2024-01--1", "1900-02-29", "20240-1-01",  "2024-04-31"};
    struct civil_date date = {7, 7, 7};
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        assert_false(civil_date_parse(bad[i], &date));
        assert_true(date.year == 7 && date.month == 7 && date.day == 7);
    }
    assert_true(civil_date_parse("2024-02-29", &date));
    assert_true(date.year == 2024 && date.month == 2 && date.day == 29);
    assert_true(civil_date_parse("0001-01-01", &date));
    assert_true(civil_date_parse("9999-12-31", &date));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days),
        cmocka_unit_test(every_day_of_five_centuries),
        cmocka_unit_test(adding_days),
        cmocka_unit_test(parsing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
