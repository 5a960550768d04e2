// SPDX-License-Identifier: Apache-2.0
// rows_test.c - sums of parts, texts that can be stored, dates.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "traffic/source.h"

enum { DAYS = 40, VALUES = 700, ROUNDS = 3 };

static const struct json *parse(struct arena *arena, const char *text)
{
    const struct json *root = NULL;
    struct till_error e = {0};
    if (json_parse(sv_of(text), arena, &root, &e))
        fail_msg("%s", e.text);
    return root;
}

static void sums(void **state)
{
    (void)state;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_TRAFFIC_BYTES);
    struct traffic_rows rows = {.arena = &arena};
    struct traffic_sums all = {.rows = &rows};
    const struct civil_date first = {2026, 2, 20};
    for (int round = 0; round < ROUNDS; round++) {
        for (int day = 0; day < DAYS; day++) {
            for (int i = 0; i < VALUES; i++) {
                char text[32];
                int len = snprintf(text, sizeof text, "/page-%d", i);
                struct sv value = {arena_copy(&arena, text, (size_t)len), (size_t)len};
                struct traffic_row *row =
                    traffic_sums_at(&all, TRAFFIC_PART, civil_date_add_days(first, day),
                                    i % 2 ? TRAFFIC_LANDING_PAGE : TRAFFIC_CHANNEL, value);
                assert_non_null(row);
                traffic_add(&row->visits, day + i);
            }
        }
    }
    assert_int_equal(rows.count, DAYS * VALUES);
    for (size_t i = 0; i < rows.count; i++) {
        int value = 0;
        for (size_t k = strlen("/page-"); k < rows.list[i].value.len; k++)
            value = value * 10 + (rows.list[i].value.ptr[k] - '0');
        assert_int_equal(rows.list[i].visits,
                         ROUNDS * (traffic_days_between(first, rows.list[i].date) + value));
        assert_int_equal(rows.list[i].pageviews, TRAFFIC_UNTOLD);
    }
}

static void too_many_rows(void **state)
{
    (void)state;
    AUTO_ARENA arena;
    struct till_error e = {0};
    arena_init(&arena, TILL_LIMIT_TRAFFIC_BYTES);
    struct traffic_rows rows = {.arena = &arena};
    while (traffic_rows_add(&rows, TRAFFIC_DAY, (struct civil_date){2026, 1, 1}))
        assert_true(rows.count <= (size_t)2 * TILL_LIMIT_TRAFFIC_ROWS);
    assert_int_equal(traffic_rows_fail(&rows, &e), TILL_LIMIT);
}

static void adding(void **state)
{
    (void)state;
    int64_t sum = TRAFFIC_UNTOLD;
    traffic_add(&sum, TRAFFIC_UNTOLD);
    assert_int_equal(sum, TRAFFIC_UNTOLD);
    traffic_add(&sum, 0);
    assert_int_equal(sum, 0);
    traffic_add(&sum, INT64_MAX);
    traffic_add(&sum, 5);
    assert_int_equal(sum, INT64_MAX);
}

static void texts_that_can_be_stored(void **state)
{
    (void)state;
    static char large[3 * TRAFFIC_VALUE_BYTES];
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    const struct json *list =
        parse(&arena, "[\" a b \", \"a\\u0000b\\nc\", \"\xc3\xa9t\xc3\xa9\", \"\xff\", null, 12]");
    static const char *const wanted[] = {"a b", "a b c", "\xc3\xa9t\xc3\xa9", "?", "", ""};
    for (size_t i = 0; i < TILL_COUNT(wanted); i++)
        assert_true(sv_equal(traffic_value(json_at(list, i), &arena), sv_of(wanted[i])));
    large[0] = '"';
    for (size_t i = 1; i + 2 < sizeof large; i += 2)
        memcpy(large + i, "\xc3\xa9", 2);
    large[sizeof large - 3] = '"';
    large[sizeof large - 2] = '\0';
    struct sv cut = traffic_value(parse(&arena, large), &arena);
    assert_true(cut.len <= TRAFFIC_VALUE_BYTES && cut.len > TRAFFIC_VALUE_BYTES - 4);
    assert_true(sv_is_utf8(cut));
}

static void dates(void **state)
{
    (void)state;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    const struct json *list =
        parse(&arena, "[\"2026-08-01\", \"2026-08-01T10:00:00Z\", \"2026-08-01 00:00:00\", "
                      "\"2026-08-011\", \"2026-13-01\", \"\", 20260801, null]");
    for (size_t i = 0; i < json_count(list); i++) {
        struct civil_date date = {0};
        assert_int_equal(traffic_read_date(json_at(list, i), &date), i < 3);
        if (i < 3)
            assert_int_equal(date.day, 1);
    }
    char text[TRAFFIC_DATE_BYTES];
    traffic_print_date((struct civil_date){2026, 3, 9}, text);
    assert_string_equal(text, "2026-03-09");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums),   cmocka_unit_test(too_many_rows),
        cmocka_unit_test(adding), cmocka_unit_test(texts_that_can_be_stored),
        cmocka_unit_test(dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
