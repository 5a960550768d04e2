// SPDX-License-Identifier: Apache-2.0
// sv_test.c - borrowed text: splitting, numbers, UTF-8, distances.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/sv.h"

static void comparing(void **state TILL_UNUSED)
{
    assert_true(sv_equal((struct sv){NULL, 0}, SV("")));
    assert_false(sv_equal(SV("a"), SV("A")));
    assert_true(sv_equal_ignoring_case(SV("UsD"), SV("uSd")));
    assert_false(sv_equal_ignoring_case(SV("\xC3\x84"), SV("\xC3\xA4"))); // ASCII only
    assert_false(sv_equal_ignoring_case(SV("@"), SV("`")));
    assert_true(sv_starts_with(SV("polar_oat_x"), SV("polar_")));
    assert_false(sv_starts_with(SV("pol"), SV("polar_")));
    assert_true(sv_starts_with(SV(""), (struct sv){NULL, 0}));
    assert_true(sv_equal(sv_trim(SV(" \t\r\n\v\f a b \n")), SV("a b")));
    assert_int_equal(sv_trim(SV(" \n ")).len, 0);
    assert_int_equal(sv_trim((struct sv){NULL, 0}).len, 0);
    assert_int_equal(sv_of(NULL).len, 0);
    char text[] = "AZaz@[`{09\xC3\x84";
    sv_to_lower(sv_of(text), text);
    assert_string_equal(text, "azaz@[`{09\xC3\x84");
}

static void splitting(void **state TILL_UNUSED)
{
    struct sv rest = SV("a,,b,"), part;
    static const char *const parts[] = {"a", "", "b", ""};
    for (size_t i = 0; i < TILL_COUNT(parts); i++) {
        assert_true(sv_split(&rest, ',', &part));
        assert_true(sv_equal(part, sv_of(parts[i])));
    }
    assert_false(sv_split(&rest, ',', &part));
    assert_false(sv_split(&rest, ',', &part));
    rest = SV("");
    assert_true(sv_split(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_false(sv_split(&rest, ',', &part));
}

static void numbers(void **state TILL_UNUSED)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"007", 7},
                {"-12", -12},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN},
                {"0000000000000000000000000000001", 1}};
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x10",
                                      "--1",
                                      "1e3",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "92233720368547758070",
                                      "\xD9\xA1"};
    for (size_t i = 0; i < TILL_COUNT(good); i++) {
        int64_t value = 42;
        assert_true(sv_to_int64(sv_of(good[i].text), &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        int64_t value = 42;
        assert_false(sv_to_int64(sv_of(bad[i]), &value));
        assert_int_equal(value, 42); // untouched
    }
}

static void utf8(void **state TILL_UNUSED)
{
    static const char *const good[] = {"",
                                       "abc",
                                       "\x7F",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2\x41",
                                      "\xE0\x9F\xBF",
                                      "\xE0\xA0",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF0\x90\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "\xFE",
                                      "ok\xC3(",
                                      "\xF8\x88\x80\x80\x80"};
    for (size_t i = 0; i < TILL_COUNT(good); i++)
        assert_true(sv_is_utf8(sv_of(good[i])));
    for (size_t i = 0; i < TILL_COUNT(bad); i++)
        assert_false(sv_is_utf8(sv_of(bad[i])));
    assert_true(sv_is_utf8((struct sv){"a\0b", 3}));
}

// The example of the Unicode standard, table 3-8: F1 80 80 | E1 80 | C2, then ASCII.
static void utf8_malformed_pieces(void **state TILL_UNUSED)
{
    struct sv text = SV("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64");
    static const size_t steps[] = {1, 3, 2, 1, 1, 1, 1, 1, 1, 1};
    static const bool valid[] = {true, false, false, false, true, false, true, false, false, true};
    for (size_t i = 0; i < TILL_COUNT(steps); i++) {
        bool is_valid;
        assert_int_equal(sv_utf8_step(text, &is_valid), steps[i]);
        assert_int_equal(is_valid, valid[i]);
        text.ptr += steps[i];
        text.len -= steps[i];
    }
    assert_int_equal(text.len, 0);
}

static void utf8_cuts(void **state TILL_UNUSED)
{
    struct sv text = SV("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x92\xB6"); // a é € 💶: 1, 3, 6, 10
    static const size_t keep[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
    for (size_t limit = 0; limit < TILL_COUNT(keep); limit++)
        assert_int_equal(sv_utf8_cut(text, limit), keep[limit]);
    assert_int_equal(sv_utf8_cut(SV("\x80\x80\x80\x80\x80\x80"), 5), 5); // no character to spare
    assert_int_equal(sv_utf8_cut((struct sv){NULL, 0}, 5), 0);
}

static void distances(void **state TILL_UNUSED)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {{"", "", 0},         {"", "abc", 3},           {"abc", "", 3},
                 {"rate", "rate", 0}, {"Rate", "rate", 0},      {"rat", "rate", 1},
                 {"raet", "rate", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
                 {"sync", "nsyc", 2}, {"status", "tables", 4}};
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        assert_int_equal(sv_edit_distance(sv_of(cases[i].a), sv_of(cases[i].b)), cases[i].distance);
        assert_int_equal(sv_edit_distance(sv_of(cases[i].b), sv_of(cases[i].a)), cases[i].distance);
    }
    char text[SV_DISTANCE_BYTES + 1];
    memset(text, 'a', sizeof text);
    assert_int_equal(sv_edit_distance((struct sv){text, sizeof text}, SV("a")), sizeof text);
    assert_int_equal(sv_edit_distance((struct sv){text, SV_DISTANCE_BYTES}, SV("a")),
                     SV_DISTANCE_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing),
        cmocka_unit_test(splitting),
        cmocka_unit_test(numbers),
        cmocka_unit_test(utf8),
        cmocka_unit_test(utf8_malformed_pieces),
        cmocka_unit_test(utf8_cuts),
        cmocka_unit_test(distances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
