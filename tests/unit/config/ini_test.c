// SPDX-License-Identifier: Apache-2.0
// ini_test.c - INI text: entries with their lines, refusals, and replacing one value without touching the rest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/fault.h"
#include "config/ini.h"

static enum till_code collect(void *context, int line, struct sv section, struct sv name,
                              struct sv value, struct till_error *e)
{
    struct buf *seen = context;
    if (sv_equal(name, SV("refused")))
        return TILL_FAIL(e, TILL_CONFIG, line, "refused");
    buf_format(seen, "%d:%.*s/%.*s=%.*s|", line, SV_ARGS(section), SV_ARGS(name), SV_ARGS(value));
    return TILL_OK;
}

static void entries_have_their_lines(void **state TILL_UNUSED)
{
    const struct {
        struct sv text;
        const char *seen;
    } cases[] = {
        {SV(""), ""},
        {SV("\n\n"), ""},
        {SV("a = 1"), "1:/a=1|"},
        {SV("a=1\n"), "1:/a=1|"},
        {SV("a : 1\n"), "1:/a=1|"},
        {SV("# c\n; d\n\n a = 1 2 \r\n"), "4:/a=1 2|"},
        {SV("a = 1 ; comment\nb = x;y\n"), "1:/a=1|2:/b=x;y|"},
        {SV("a = 1\n  b = 2\n"), "1:/a=1|2:/b=2|"}, // indented is not a continuation
        {SV("[query]\ntimeout = 5s\n[other]\nx=\n"), "2:query/timeout=5s|4:other/x=|"},
        {SV("\xEF\xBB\xBF"
            "a = 1\n"),
         "1:/a=1|"}, // byte order mark
        {SV("a = b = c\n"), "1:/a=b = c|"},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        AUTO_BUF seen;
        struct till_error e = {0};
        buf_init(&seen, 1000);
        buf_text(&seen, "");
        assert_int_equal(ini_walk("f", cases[i].text, collect, &seen, &e), TILL_OK);
        assert_string_equal(seen.data, cases[i].seen);
    }
}

static void refusals(void **state TILL_UNUSED)
{
    char long_line[1000];
    memset(long_line, 'x', sizeof long_line);
    memcpy(long_line, "\na = ", 5);
    const struct {
        struct sv text;
        const char *message;
    } cases[] = {
        {SV("a = 1\nnonsense\nrefused = 1\n"), "f:2: not a setting: expected \"name = value\""},
        {SV("a = 1\n\nrefused = 1\nnonsense\n"), "refused"},
        {SV("a = 1\n[open\n"), "f:2: not a setting: expected \"name = value\""},
        {SV("a = 1\nb = x\0y\n"), "f:2: the line holds a NUL byte"},
        {{long_line, sizeof long_line}, "f:2: the line is too long"},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        AUTO_BUF seen;
        struct till_error e = {0};
        buf_init(&seen, 1000);
        assert_int_equal(ini_walk("f", cases[i].text, collect, &seen, &e), TILL_CONFIG);
        assert_string_equal(e.text, cases[i].message);
    }
}

static bool is_wanted(const void *context, struct sv name)
{
    return sv_equal(name, sv_of(context));
}

static void replacing(void **state TILL_UNUSED)
{
    static const char *const cases[][3] = {
        // wanted name, before, after (the new entry is always "n = NEW")
        {"n", "", "n = NEW\n"},
        {"n", "n = old\n", "n = NEW\n"},
        {"n", "n=old", "n=NEW"},
        {"n", "  n :  old value  ; why\r\nb = 1\r\n", "  n :  NEW  ; why\r\nb = 1\r\n"},
        {"n", "# head\n\na = 1\n\n# tail\n", "# head\n\na = 1\nn = NEW\n\n# tail\n"},
        {"n", "a = 1", "a = 1\nn = NEW\n"},
        {"n", "# only a comment\n", "# only a comment\nn = NEW\n"},
        {"n", "# n = old\n", "# n = old\nn = NEW\n"},
        {"n", "[s]\nn = 1\n", "n = NEW\n[s]\nn = 1\n"},
        {"n", "a = 1\n\n[s]\nb = 1\n", "a = 1\nn = NEW\n\n[s]\nb = 1\n"},
        {"s.n", "n = 1\n[s]\nn = old\n", "n = 1\n[s]\nn = NEW\n"},
        {"n", "n =\nb = 1\n", "n = NEW\nb = 1\n"},
        {"n", "n = old\nn = old\n", "n = NEW\nn = old\n"},
        {"n", "n = a;b ; c\n", "n = NEW ; c\n"},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        AUTO_BUF out;
        buf_init(&out, 1000);
        ini_replace(sv_of(cases[i][1]), is_wanted, cases[i][0], "n", "NEW", &out);
        assert_string_equal(out.data, cases[i][2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_have_their_lines),
        cmocka_unit_test(refusals),
        cmocka_unit_test(replacing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
