// SPDX-License-Identifier: Apache-2.0
// error_test.c - struct till_error: texts, context, cutting, and the table of codes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/sv.h"

static void set_fills_everything(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    till_error_hint(&e, "an old hint");
    assert_int_equal(TILL_FAIL(&e, TILL_REMOTE, 503, "the service answered %d", 503), TILL_REMOTE);
    assert_int_equal(e.code, TILL_REMOTE);
    assert_int_equal(e.detail, 503);
    assert_string_equal(e.text, "the service answered 503");
    assert_string_equal(e.hint, "");
    assert_non_null(strstr(e.file, "error_test.c"));
    assert_true(e.line > 0);
}

static void context_goes_in_front(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    TILL_FAIL(&e, TILL_NETWORK, 7, "connection refused");
    till_error_hint(&e, "try again in %d s", 5);
    int line = e.line;
    assert_int_equal(till_error_context(&e, "could not list %s", "orders"), TILL_NETWORK);
    assert_string_equal(e.text, "could not list orders: connection refused");
    assert_string_equal(e.hint, "try again in 5 s");
    assert_int_equal(e.line, line);
    assert_int_equal(e.detail, 7);
}

static void context_without_text(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    till_error_context(&e, "alone");
    assert_string_equal(e.text, "alone");
}

static void own_text_as_argument(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    TILL_FAIL(&e, TILL_STORE, 0, "first");
    TILL_FAIL(&e, TILL_STORE, 0, "again: %s", e.text);
    assert_string_equal(e.text, "again: first");
    till_error_context(&e, "%s", e.text);
    assert_string_equal(e.text, "again: first: again: first");
}

// Every length around the end of the buffer, with characters of two and four bytes: never cut in two, always terminated.
static void long_texts_are_cut_at_characters(void **state TILL_UNUSED)
{
    static const char *const characters[] = {"\xC3\xA9", "\xF0\x9F\x92\xB6"};
    for (size_t c = 0; c < TILL_COUNT(characters); c++)
        for (size_t shift = 0; shift < 8; shift++) {
            char text[2 * TILL_ERROR_TEXT_BYTES] = "";
            memset(text, 'a', shift);
            for (size_t at = shift; at < TILL_ERROR_TEXT_BYTES + 40; at += strlen(characters[c]))
                memcpy(text + at, characters[c], strlen(characters[c]) + 1);
            struct till_error e = {0};
            TILL_FAIL(&e, TILL_FORMAT, 0, "%s", text);
            assert_true(sv_is_utf8(sv_of(e.text)));
            assert_in_range(strlen(e.text), TILL_ERROR_TEXT_BYTES - 4, TILL_ERROR_TEXT_BYTES - 1);
            till_error_context(&e, "x%.*s", (int)shift, "yyyyyyyy");
            assert_true(sv_is_utf8(sv_of(e.text)));
            assert_in_range(strlen(e.text), TILL_ERROR_TEXT_BYTES - 4, TILL_ERROR_TEXT_BYTES - 1);
            till_error_context(&e, "%s", text);
            assert_true(sv_is_utf8(sv_of(e.text)));
            till_error_hint(&e, "%s", text);
            assert_true(sv_is_utf8(sv_of(e.hint)));
            assert_in_range(strlen(e.hint), TILL_ERROR_HINT_BYTES - 4, TILL_ERROR_HINT_BYTES - 1);
        }
}

static void clear_forgets(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    TILL_FAIL_MEMORY(&e);
    till_error_clear(&e);
    assert_int_equal(e.code, TILL_OK);
    assert_string_equal(e.text, "");
    assert_null(e.file);
}

static void codes_have_statuses_and_words(void **state TILL_UNUSED)
{
    assert_int_equal(till_code_exit_status(TILL_OK), 0);
    assert_int_equal(till_code_exit_status(TILL_USAGE), 2);
    assert_int_equal(till_code_exit_status(TILL_STALE), 12);
    assert_int_equal(till_code_exit_status(TILL_CANCELED), 130);
    assert_true(till_code_may_retry(TILL_NETWORK));
    assert_false(till_code_may_retry(TILL_AUTH));
    assert_string_equal(till_code_name(TILL_NETWORK), "network");
    for (int code = 0; code < TILL_CODE__COUNT; code++) {
        assert_true(till_code_words((enum till_code)code)[0] != '\0');
        const char *name = till_code_name((enum till_code)code);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz"), strlen(name));
        for (int other = 0; other < code; other++) {
            assert_string_not_equal(name, till_code_name((enum till_code)other));
            assert_int_not_equal(till_code_exit_status((enum till_code)code),
                                 till_code_exit_status((enum till_code)other));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_everything),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(context_without_text),
        cmocka_unit_test(own_text_as_argument),
        cmocka_unit_test(long_texts_are_cut_at_characters),
        cmocka_unit_test(clear_forgets),
        cmocka_unit_test(codes_have_statuses_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
