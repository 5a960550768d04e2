// SPDX-License-Identifier: Apache-2.0
// value_test.c - the settings table itself, and what each kind of value may look like.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "config/value.h"

static void every_setting_is_sound(void **state TILL_UNUSED)
{
    size_t count;
    const struct setting *settings = config_settings(&count);
    assert_true(count >= 16);
    for (size_t i = 0; i < count; i++) {
        AUTO_BUF reason;
        buf_init(&reason, 1000);
        int64_t number;
        if (!setting_parse(&settings[i], sv_of(settings[i].fallback), &number, &reason))
            fail_msg("%s: the default %s", settings[i].name, reason.data);
        assert_true(settings[i].sentence[0] != '\0');
        assert_ptr_equal(setting_find(sv_of(settings[i].name)), &settings[i]);
        assert_int_equal(strncmp(settings[i].environment, "TILL_", 5), 0);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(settings[i].name, settings[j].name);
            assert_string_not_equal(settings[i].environment, settings[j].environment);
        }
    }
}

static bool parse(const char *name, const char *text, int64_t *ret_number, char ret_reason[200])
{
    AUTO_BUF reason;
    buf_init(&reason, 199);
    bool is_good = setting_parse(setting_find(sv_of(name)), sv_of(text), ret_number, &reason);
    buf_text(&reason, "");
    memcpy(ret_reason, reason.data, reason.len + 1);
    return is_good;
}

static void good_values(void **state TILL_UNUSED)
{
    static const struct {
        const char *name, *text;
        int64_t number;
    } cases[] = {{"rate", "250", 250},
                 {"rate", "max", 0},
                 {"rate", "MAX", 0},
                 {"rate", "1", 1},
                 {"in_flight", "4", 4},
                 {"query_timeout", "10s", 10000},
                 {"query_timeout", "1ms", 1},
                 {"stale_after", "26h", 93600000},
                 {"stale_after", "7d", 604800000},
                 {"lock_wait", "0s", 0},
                 {"lock_wait", "2m", 120000},
                 {"color", "always", 0},
                 {"tombstone_ceiling_percent", "100", 100},
                 {"timezone", "", 0},
                 {"timezone", "Europe/Berlin", 0},
                 {"passphrase_file", "/tmp/\xC3\xA9", 0}};
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        int64_t number = 42;
        char reason[200] = "";
        if (!parse(cases[i].name, cases[i].text, &number, reason))
            fail_msg("%s = %s: %s", cases[i].name, cases[i].text, reason);
        assert_int_equal(number, cases[i].number);
    }
}

static void bad_values(void **state TILL_UNUSED)
{
    static const char *const cases[][3] = {
        {"rate", "0", "must be a whole number from 1 to 1000000, or max"},
        {"rate", "-1", "whole number"},
        {"rate", "", "whole number"},
        {"rate", "2.5", "whole number"},
        {"rate", "99999999999999999999", "whole number"},
        {"in_flight", "5", "from 1 to 4"},
        {"in_flight", "max", "from 1 to 4"},
        {"query_timeout", "10", "must be a number with a unit (ms, s, m, h or d) from 1ms to 1d"},
        {"query_timeout", "10 s", "unit"},
        {"query_timeout", "s", "unit"},
        {"query_timeout", "", "unit"},
        {"query_timeout", "0s", "unit"},
        {"query_timeout", "-1s", "unit"},
        {"query_timeout", "2d", "unit"},
        {"query_timeout", "9223372036854775807d", "unit"},
        {"query_timeout", "1h30m", "unit"},
        {"color", "Auto", "must be one of auto, always, never"},
        {"color", "", "one of"},
        {"color", "auto|always", "one of"},
        {"keyring", "none", "must be one of auto, secret-service, file"},
        {"api_version", "", "must not be empty"},
        {"timezone", "0123456789012345678901234567890123456789012345678901234567890123",
         "must be at most 63 bytes long"},
        {"locale", "a\nb", "control characters"},
        {"locale", "\xFF", "UTF-8"},
        {"history_days", "36501", "from 0 to 36500"},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        int64_t number = 42;
        char reason[200] = "";
        if (parse(cases[i][0], cases[i][1], &number, reason))
            fail_msg("accepted: %s = %s", cases[i][0], cases[i][1]);
        if (strstr(reason, cases[i][2]) == NULL)
            fail_msg("%s = %s: %s", cases[i][0], cases[i][1], reason);
        assert_int_equal(number, 42);
    }
}

static void booleans(void **state TILL_UNUSED)
{
    const struct setting setting = {.name = "test", .kind = SETTING_BOOLEAN};
    static const char *const words[] = {"false", "True", "no", "YES", "off", "on", "0", "1"};
    AUTO_BUF reason;
    buf_init(&reason, 1000);
    for (size_t i = 0; i < TILL_COUNT(words); i++) {
        int64_t number = 42;
        assert_true(setting_parse(&setting, sv_of(words[i]), &number, &reason));
        assert_int_equal(number, i % 2);
    }
    int64_t number = 42;
    assert_false(setting_parse(&setting, SV("maybe"), &number, &reason));
    assert_string_equal(reason.data, "must be true or false");
    assert_int_equal(number, 42);
}

static void names_and_suggestions(void **state TILL_UNUSED)
{
    assert_string_equal(setting_find(SV("query.timeout"))->name, "query_timeout");
    assert_null(setting_find(SV("Rate")));
    assert_null(setting_find(SV("")));
    assert_string_equal(setting_suggest(SV("rat"))->name, "rate");
    assert_string_equal(setting_suggest(SV("time_zone"))->name, "timezone");
    assert_string_equal(setting_suggest(SV("colour"))->name, "color");
    assert_string_equal(setting_suggest(SV("querytimeout"))->name, "query_timeout");
    assert_null(setting_suggest(SV("entirely different")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_is_sound),
        cmocka_unit_test(good_values),
        cmocka_unit_test(bad_values),
        cmocka_unit_test(booleans),
        cmocka_unit_test(names_and_suggestions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
