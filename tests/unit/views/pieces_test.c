// SPDX-License-Identifier: Apache-2.0
// pieces_test.c - durations, ages, counts, sizes, wrapping, and the words of JSON.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views/views.h"

#define SHOWS(expected, call)                                                                      \
    do {                                                                                           \
        struct buf out;                                                                            \
        buf_init(&out, 65536);                                                                     \
        call;                                                                                      \
        assert_string_equal(out.data ? out.data : "", expected);                                   \
        buf_release(&out);                                                                         \
    } while (0)

static void durations(void **state TILL_UNUSED)
{
    SHOWS("0 ms", view_duration(&out, 0));
    SHOWS("0 ms", view_duration(&out, -5));
    SHOWS("0 ms", view_duration(&out, INT64_MIN));
    SHOWS("999 ms", view_duration(&out, 999));
    SHOWS("1.0 s", view_duration(&out, 1000));
    SHOWS("9.9 s", view_duration(&out, 9999));
    SHOWS("10 s", view_duration(&out, 10000));
    SHOWS("119 s", view_duration(&out, 119999));
    SHOWS("2 min", view_duration(&out, 120000));
    SHOWS("119 min", view_duration(&out, 7199999));
    SHOWS("2 h", view_duration(&out, 7200000));
    SHOWS("47 h", view_duration(&out, 48 * 3600000LL - 1));
    SHOWS("2 days", view_duration(&out, 48 * 3600000LL));
    SHOWS("106751991167 days", view_duration(&out, INT64_MAX));
}

static void ages(void **state TILL_UNUSED)
{
    int64_t now = 1700000000000000;
    SHOWS("never", view_ago(&out, 0, now));
    SHOWS("just now", view_ago(&out, now, now));
    SHOWS("just now", view_ago(&out, now + 3600000000, now)); // a clock that was set back
    SHOWS("5.0 s ago", view_ago(&out, now - 5000000, now));
    SHOWS("3 h ago", view_ago(&out, now - 3 * 3600000000LL, now));
    SHOWS("106751991 days ago", view_ago(&out, INT64_MIN, now));
}

static void waits(void **state TILL_UNUSED)
{
    int64_t now = 1700000000000000;
    SHOWS("now", view_in(&out, now, now));
    SHOWS("now", view_in(&out, INT64_MIN, now));
    SHOWS("in 1.0 s", view_in(&out, now + 1, now));
    SHOWS("in 90 s", view_in(&out, now + 89500000, now));
    SHOWS("in 15 min", view_in(&out, now + 15 * 60000000LL - 100000, now)); // right after a run
    SHOWS("in 6 h", view_in(&out, now + 6 * 3600000000LL - 100000, now));
    SHOWS("in 106732315 days", view_in(&out, INT64_MAX, now));
}

static void counts(void **state TILL_UNUSED)
{
    SHOWS("0", view_count(&out, 0));
    SHOWS("999", view_count(&out, 999));
    SHOWS("1,000", view_count(&out, 1000));
    SHOWS("-1,234,567", view_count(&out, -1234567));
    SHOWS("9,223,372,036,854,775,807", view_count(&out, INT64_MAX));
    SHOWS("-9,223,372,036,854,775,808", view_count(&out, INT64_MIN));
}

static void sizes(void **state TILL_UNUSED)
{
    SHOWS("0 bytes", view_bytes(&out, 0));
    SHOWS("1023 bytes", view_bytes(&out, 1023));
    SHOWS("1.0 KiB", view_bytes(&out, 1024));
    SHOWS("1.5 MiB", view_bytes(&out, 1572864));
    SHOWS("-1.5 MiB", view_bytes(&out, -1572864));
    SHOWS("7.9 EiB", view_bytes(&out, INT64_MAX));
    SHOWS("-8.0 EiB", view_bytes(&out, INT64_MIN));
}

static void ink(void **state TILL_UNUSED)
{
    struct view_style plain = {0};
    struct view_style color = {.has_color = true};
    SHOWS("x", view_ink(&out, &plain, INK_RED, "x"));
    SHOWS("\x1b[31mx\x1b[0m", view_ink(&out, &color, INK_RED, "x"));
}

static void wraps(void **state TILL_UNUSED)
{
    char text[400];
    for (int i = 0; i < 60; i++)
        memcpy(text + i * 5, "word ", 6);
    struct buf out;
    buf_init(&out, 65536);
    view_wrap(&out, sv_of(text), 10, 4);
    struct sv rest = {out.data, out.len};
    struct sv line = {0};
    size_t words = 0;
    for (size_t i = 0; sv_split(&rest, '\n', &line); i++) {
        assert_true(line.len + (i == 0 ? 10 : 0) <= VIEW_COLUMNS);
        if (i > 0 && line.len > 0)
            assert_true(strncmp(line.ptr, "    w", 5) == 0);
        for (size_t k = 0; k + 4 <= line.len; k++)
            words += strncmp(line.ptr + k, "word", 4) == 0 ? 1 : 0;
    }
    assert_int_equal(words, 60);
    buf_release(&out);
}

static void wraps_little(void **state TILL_UNUSED)
{
    SHOWS("\n", view_wrap(&out, sv_of(""), 0, 0));
    SHOWS("\xEF\xBF\xBD[2J a\n", view_wrap(&out, sv_of("\x1b[2J a"), 0, 0));
}

static void json_words(void **state TILL_UNUSED)
{
    struct buf out;
    buf_init(&out, 65536);
    buf_char(&out, '{');
    view_json_text(&out, "a", "x\"y\n\x01");
    view_json_text(&out, "b", "");
    view_json_text(&out, "c", NULL);
    view_json_int(&out, "d", INT64_MIN);
    view_json_bool(&out, "e", true);
    view_json_time(&out, "f", 0);
    view_json_time(&out, "g", 1700000000000001);
    view_json_time(&out, "h", INT64_MAX); // beyond the year 9999
    buf_char(&out, '}');
    assert_string_equal(
        out.data, "{\"a\":\"x\\\"y\\n\\u0001\",\"b\":null,\"c\":null,\"d\":-9223372036854775808,"
                  "\"e\":true,\"f\":null,\"g\":\"2023-11-14T22:13:20.000001Z\",\"h\":null}");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations), cmocka_unit_test(ages),         cmocka_unit_test(waits),
        cmocka_unit_test(counts),    cmocka_unit_test(sizes),        cmocka_unit_test(ink),
        cmocka_unit_test(wraps),     cmocka_unit_test(wraps_little), cmocka_unit_test(json_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
