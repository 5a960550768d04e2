// SPDX-License-Identifier: Apache-2.0
// text_test.c - widths of scripts, what is never shown to a terminal, and cutting at a width.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/text.h"

static void widths(void **state TILL_UNUSED)
{
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"Größe", 5},
        {"千代田", 6},
        {"\xED\x95\x9C\xEA\xB8\x80", 4},             // Hangul syllables
        {"\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", 2}, // the same as letters: they stand in one
        {"\xF0\x9F\x98\x80", 2},                     // an emoji
        {"e\xCC\x81", 1},                            // e and a combining acute accent
        {"\xF0\x9F\x91\xA9\xE2\x80\x8D", 2},         // a zero-width joiner
        {"a\xC2\xAD", 2},                            // the soft hyphen is shown
        {"\xEF\xBC\xA1", 2},                         // fullwidth A
        {"\x1b[31m", 5},                             // an escape counts as what is shown for it
        {"\xFF\xFE", 2},                             // bytes that are not UTF-8
        {"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D", 4},     // Hebrew
        {"a\tb\nc", 5},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++)
        assert_int_equal(text_width(sv_of(cases[i].text)), cases[i].width);
}

static void shows(const char *text, size_t width, const char *expected)
{
    AUTO_BUF out;
    buf_init(&out, 4096);
    size_t used = text_show(&out, sv_of(text), width);
    assert_string_equal(out.data ? out.data : "", expected);
    assert_int_equal(used, text_width(sv_of(expected)));
    if (width > 0)
        assert_true(used <= width);
}

static void nothing_steers_the_terminal(void **state TILL_UNUSED)
{
    shows("\x1b[2Jhello", 0, "\xEF\xBF\xBD[2Jhello");
    shows("a\x07\x08\x7f", 0, "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    shows("\xC2\x9B"
          "31m",
          0,
          "\xEF\xBF\xBD"
          "31m"); // the one-byte CSI
    shows("\xE2\x80\xAE"
          "txt",
          0, "\xEF\xBF\xBDtxt"); // right-to-left override
    shows("\xE2\x81\xA6x\xE2\x81\xA9", 0, "\xEF\xBF\xBDx\xEF\xBF\xBD");
    shows("\xD8\x9C", 0, "\xEF\xBF\xBD"); // Arabic letter mark
    shows("one\r\ntwo\tthree", 0, "one  two three");
    shows("\xE2\x80\xA8", 0, "\xEF\xBF\xBD"); // line separator
    shows("\xC3", 0, "\xEF\xBF\xBD");
}

// No byte below space but what was asked for, whatever goes in.
static void every_character(void **state TILL_UNUSED)
{
    AUTO_BUF out;
    buf_init(&out, 4096);
    for (int c = 0; c < 256; c++) {
        char text[2] = {(char)c, '\0'};
        buf_reset(&out);
        (void)text_show(&out, (struct sv){text, 1}, 0);
        for (size_t i = 0; i < out.len; i++)
            assert_true((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
        assert_true(sv_is_utf8((struct sv){out.data, out.len}));
    }
}

static void cuts(void **state TILL_UNUSED)
{
    shows("abcde", 5, "abcde");
    shows("abcde", 4, "abc\xE2\x80\xA6");
    shows("abcde", 1, "\xE2\x80\xA6");
    shows("千代田", 6, "千代田");
    shows("千代田", 5, "千代\xE2\x80\xA6");
    shows("千代田", 4, "千\xE2\x80\xA6"); // half a character has no place
    shows("e\xCC\x81x", 2, "e\xCC\x81x");
    shows("", 3, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths),
        cmocka_unit_test(nothing_steers_the_terminal),
        cmocka_unit_test(every_character),
        cmocka_unit_test(cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
