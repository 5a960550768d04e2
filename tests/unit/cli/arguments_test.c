// SPDX-License-Identifier: Apache-2.0
// arguments_test.c - durations, counts and table names as people type them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/cli.h"

static void durations(void **state TILL_UNUSED)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0},
                {"0s", 0},
                {"10", 10000},
                {"10s", 10000},
                {"250ms", 250},
                {"15m", 900000},
                {"15min", 900000},
                {"26h", 93600000},
                {"7d", 604800000},
                {"007s", 7000},
                {"36600d", 3162240000000}};
    static const char *const bad[] = {"",
                                      "s",
                                      "-1s",
                                      "1.5h",
                                      "1 h",
                                      "1H",
                                      "soon",
                                      "10x",
                                      "1h30m",
                                      "+5s",
                                      " 5s",
                                      "5s ",
                                      "36601d",
                                      "999999999999d",
                                      "99999999999999999999",
                                      "9223372036854775807ms"};
    for (size_t i = 0; i < TILL_COUNT(good); i++) {
        struct till_error e = {0};
        int64_t ms = -1;
        assert_int_equal(cli_duration(good[i].text, "--max-age", &ms, &e), TILL_OK);
        assert_true(ms == good[i].ms);
    }
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        struct till_error e = {0};
        int64_t ms = -1;
        assert_int_equal(cli_duration(bad[i], "--max-age", &ms, &e), TILL_USAGE);
        assert_true(ms == -1);
        assert_non_null(strstr(e.text, "--max-age"));
        assert_true(e.hint[0] != '\0');
    }
}

static void counts(void **state TILL_UNUSED)
{
    static const char *const bad[] = {"",  "-1", "1.0", "ten", "101", "1e2", "99999999999999999999",
                                      " 1"};
    struct till_error e = {0};
    int64_t count = -1;
    assert_int_equal(cli_count("0", "--limit", 100, &count, &e), TILL_OK);
    assert_true(count == 0);
    assert_int_equal(cli_count("100", "--limit", 100, &count, &e), TILL_OK);
    assert_true(count == 100);
    assert_int_equal(cli_count("9223372036854775807", "--limit", INT64_MAX, &count, &e), TILL_OK);
    assert_true(count == INT64_MAX);
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        count = -7;
        assert_int_equal(cli_count(bad[i], "--limit", 100, &count, &e), TILL_USAGE);
        assert_true(count == -7);
    }
}

static void table_names(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    assert_int_equal(cli_unknown_table("order", &e), TILL_USAGE);
    assert_non_null(strstr(e.hint, "did you mean orders?"));
    assert_int_equal(cli_unknown_table("elephants", &e), TILL_USAGE);
    assert_null(strstr(e.hint, "did you mean"));
    assert_true(e.hint[0] != '\0');
}

static void formats(void **state TILL_UNUSED)
{
    struct cli cli = {0};
    struct till_error e = {0};
    enum view_format format = VIEW_TABLE;
    assert_int_equal(cli_format(&cli, &format, &e), TILL_OK);
    assert_int_equal(format, VIEW_CSV);
    cli.out_is_terminal = true;
    assert_int_equal(cli_format(&cli, &format, &e), TILL_OK);
    assert_int_equal(format, VIEW_TABLE);
    cli.is_json = true;
    assert_int_equal(cli_format(&cli, &format, &e), TILL_OK);
    assert_int_equal(format, VIEW_JSON);
    cli.options[OPTION_format] = "jsonl";
    assert_int_equal(cli_format(&cli, &format, &e), TILL_OK);
    assert_int_equal(format, VIEW_JSONL);
    cli.options[OPTION_format] = "yaml";
    assert_int_equal(cli_format(&cli, &format, &e), TILL_USAGE);
    assert_int_equal(format, VIEW_JSONL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(counts),
        cmocka_unit_test(table_names),
        cmocka_unit_test(formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
