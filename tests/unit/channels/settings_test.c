// SPDX-License-Identifier: Apache-2.0
// settings_test.c - a channel's fields go to JSON and come back; what is secret never goes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "channels/kinds.h"

static void there_and_back(void **state)
{
    AUTO_ARENA arena;
    AUTO_BUF text;
    (void)state;
    arena_init(&arena, 1024 * 1024);
    buf_init(&text, 64 * 1024);
    for (int kind = 0; kind < CHANNEL_KIND__COUNT; kind++) {
        struct channel_values values = {.where = "there"}, back;
        struct till_error e = {0};
        for (int i = 0; i < CHANNEL_FIELD__COUNT; i++)
            values.list[i] = channel_fields[i].is_secret ? "hidden" : "a \"b\"\n\\ \xc3\xa4";
        buf_reset(&text);
        channel_values_json((enum channel_kind)kind, &values, &text);
        assert_int_equal(text.failure, TILL_OK);
        buf_char(&text, ' ');
        assert_null(strstr(text.data, "hidden"));
        assert_int_equal(channel_values_parse((enum channel_kind)kind,
                                              (struct sv){text.data, text.len}, &arena, &back, &e),
                         TILL_OK);
        assert_string_equal(back.where, "there");
        for (int i = 0; i < CHANNEL_FIELD__COUNT; i++) {
            if ((int)channel_fields[i].kind == kind && !channel_fields[i].is_secret)
                assert_string_equal(back.list[i], values.list[i]);
            else
                assert_null(back.list[i]);
        }
    }
}

static void what_is_not_there(void **state)
{
    static const char *const bad[] = {"", "[]", "7", "{", "{\"chat\":\"a\\u0000b\"}"};
    struct channel_values values = {.where = NULL};
    struct till_error e = {0};
    AUTO_ARENA arena;
    (void)state;
    arena_init(&arena, 1024 * 1024);
    assert_int_equal(channel_values_parse(CHANNEL_telegram, SV("{\"chat\":42,\"else\":\"x\"}"),
                                          &arena, &values, &e),
                     TILL_OK);
    assert_string_equal(channel_value(&values, CHANNEL_FIELD_chat), "");
    assert_string_equal(channel_value(&values, CHANNEL_FIELD_telegram_api_url),
                        "https://api.telegram.org");
    for (size_t i = 0; i < TILL_COUNT(bad); i++)
        assert_int_equal(channel_values_parse(CHANNEL_telegram, sv_of(bad[i]), &arena, &values, &e),
                         TILL_FORMAT);
}

static void kinds(void **state)
{
    enum channel_kind kind = CHANNEL_email;
    (void)state;
    assert_true(channel_kind_parse(SV("ntfy"), &kind));
    assert_int_equal(kind, CHANNEL_ntfy);
    assert_false(channel_kind_parse(SV("Ntfy"), &kind));
    assert_false(channel_kind_parse(SV(""), &kind));
    assert_true(channel_kind_is_local(CHANNEL_command));
    assert_false(channel_kind_is_local(CHANNEL_webhook));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
