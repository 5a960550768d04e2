// SPDX-License-Identifier: Apache-2.0
// buf_test.c - growing buffers: ceilings, sticky failures, numbers, JSON strings.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fault.h"

static void appends(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    buf_init(&buf, 1000);
    assert_null(buf.data);
    buf_text(&buf, "");
    assert_string_equal(buf.data, "");
    buf_text(&buf, "a");
    buf_char(&buf, '-');
    buf_sv(&buf, SV("bc"));
    buf_repeat(&buf, '.', 3);
    buf_repeat(&buf, '.', 0);
    buf_append(&buf, NULL, 0);
    buf_format(&buf, "%d%%", 42);
    assert_string_equal(buf.data, "a-bc...42%");
    assert_int_equal(buf.len, 10);
    buf_reset(&buf);
    assert_string_equal(buf.data, "");
}

static void integers(void **state TILL_UNUSED)
{
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-1, "-1"},
                 {10, "10"},
                 {INT64_MAX, "9223372036854775807"},
                 {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        AUTO_BUF buf;
        buf_init(&buf, 100);
        buf_int(&buf, cases[i].value);
        assert_string_equal(buf.data, cases[i].text);
    }
}

static void ceiling_is_exact_and_sticky(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    struct till_error e = {0};
    buf_init(&buf, 100);
    buf_repeat(&buf, 'x', 99);
    buf_char(&buf, 'y');
    assert_int_equal(buf_fail(&buf, "a mail", &e), TILL_OK);
    buf_char(&buf, 'z');
    assert_int_equal(buf.len, 100);
    assert_int_equal(buf.data[99], 'y');
    assert_int_equal(buf.data[100], '\0');
    buf_append(&buf, NULL, 0);
    assert_int_equal(buf_fail(&buf, "a mail", &e), TILL_LIMIT);
    assert_string_equal(e.text, "a mail: more than the limit of 100 bytes");
    buf_reset(&buf);
    buf_text(&buf, "again");
    assert_string_equal(buf.data, "again");
}

static void failed_append_leaves_later_ones_out(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    buf_init(&buf, 10);
    buf_text(&buf, "12345");
    buf_text(&buf, "1234567");
    buf_text(&buf, "x");
    buf_format(&buf, "%s", "x");
    buf_repeat(&buf, 'x', 1);
    assert_string_equal(buf.data, "12345");
    assert_int_equal(buf_reserve(&buf, 1), TILL_LIMIT);
}

static void absurd_sizes_are_refused(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    buf_init(&buf, SIZE_MAX);
    assert_int_equal(buf_reserve(&buf, SIZE_MAX), TILL_LIMIT);
    buf_reset(&buf);
    buf_char(&buf, 'a');
    assert_int_equal(buf_reserve(&buf, SIZE_MAX - 1), TILL_LIMIT);
}

static void reserve_makes_room_once(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    buf_init(&buf, 1000);
    assert_int_equal(buf_reserve(&buf, 1000), TILL_OK);
    const char *data = buf.data;
    buf_repeat(&buf, 'x', 1000);
    assert_ptr_equal(buf.data, data);
    assert_int_equal(buf.capacity, 1001);
}

static void json_of(struct buf *buf, struct sv text)
{
    buf_reset(buf);
    buf_json_string(buf, text);
}

static void json_strings(void **state TILL_UNUSED)
{
    static const struct {
        struct sv text;
        const char *json;
    } cases[] = {
        {{"", 0}, "\"\""},
        {{NULL, 0}, "\"\""},
        {{"plain", 5}, "\"plain\""},
        {{"a\"b\\c/", 6}, "\"a\\\"b\\\\c/\""},
        {{"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\""},
        {{"\0\x01\x1F\x7F", 4}, "\"\\u0000\\u0001\\u001f\\u007f\""},
        {{"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x92\xB6", 9}, "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x92\xB6\""},
        // What a terminal obeys: C1 controls, line separators, marks and overrides of direction.
        {{"\xE2\x80\xA8\xE2\x80\xA9", 6}, "\"\\u2028\\u2029\""},
        {{"\xC2\x9B"
          "2J\xC2\xA0",
          6},
         "\"\\u009b2J\xC2\xA0\""},
        {{"\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\x8F\xD8\x9C", 11}, "\"\\u202e\\u2066\\u200f\\u061c\""},
        {{"a\xFFz", 3}, "\"a\xEF\xBF\xBDz\""},
        {{"\xF1\x80\x80\xE1\x80\xC2", 6}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {{"\xED\xA0\x80", 3}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, // a surrogate
        {{"\xC3", 1}, "\"\xEF\xBF\xBD\""},
        {{"\xE2\x82\"", 3}, "\"\xEF\xBF\xBD\\\"\""},
    };
    AUTO_BUF buf;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        json_of(&buf, cases[i].text);
        assert_string_equal(buf.data, cases[i].json);
    }
}

// All code points: those that UTF-8 allows pass unchanged or escaped, and what comes out is UTF-8.
static void json_of_all_of_unicode(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    buf_init(&buf, 1000);
    for (uint32_t c = 0x80; c < 0x110000; c++) {
        char text[4];
        size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = len - 1; i > 0; i--)
            text[i] = (char)(0x80 | ((c >> (6 * (len - 1 - i))) & 0x3F));
        text[0] = (char)((len == 2 ? 0xC0U : len == 3 ? 0xE0U : 0xF0U) | (c >> (6 * (len - 1))));
        json_of(&buf, (struct sv){text, len});
        if (!sv_is_utf8((struct sv){buf.data, buf.len}))
            fail_msg("U+%04X", c);
        bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
        bool is_escaped = buf.len == 8 && memcmp(buf.data + 1, "\\u", 2) == 0 && c < 0x2070;
        bool is_same = buf.len == len + 2 && memcmp(buf.data + 1, text, len) == 0;
        if ((is_same || is_escaped) == is_surrogate || (c < 0xA0) != (is_escaped && c < 0xA0))
            fail_msg("U+%04X", c);
    }
}

static void zeroed_one_can_be_released(void **state TILL_UNUSED)
{
    struct buf buf = {0};
    buf_release(&buf);
    buf_wipe(&buf);
    buf_char(&buf, 'x');
    assert_int_equal(buf.failure, TILL_LIMIT);
}

#ifdef TILL_FAULTS
static void out_of_memory_is_sticky(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    struct till_error e = {0};
    buf_init(&buf, 100000);
    buf_text(&buf, "kept");
    fault_arm("malloc", 1, false);
    buf_repeat(&buf, 'x', 1000);
    fault_disarm();
    buf_text(&buf, "more");
    assert_string_equal(buf.data, "kept");
    assert_int_equal(buf_fail(&buf, "a page", &e), TILL_MEMORY);
    assert_string_equal(e.text, "a page: out of memory");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(integers),
        cmocka_unit_test(ceiling_is_exact_and_sticky),
        cmocka_unit_test(failed_append_leaves_later_ones_out),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(reserve_makes_room_once),
        cmocka_unit_test(json_strings),
        cmocka_unit_test(json_of_all_of_unicode),
        cmocka_unit_test(zeroed_one_can_be_released),
#ifdef TILL_FAULTS
        cmocka_unit_test(out_of_memory_is_sticky),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
