// SPDX-License-Identifier: Apache-2.0
// json_test.c - walking JSON that is no table of ours: what is there, what is not, and numbers in every spelling.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "decode/json.h"

static struct arena arena;

static const struct json *parse(const char *text)
{
    const struct json *root = NULL;
    struct till_error e = {0};
    if (json_parse(sv_of(text), &arena, &root, &e))
        fail_msg("%s: %s", text, e.text);
    return root;
}

static void paths(void **state)
{
    (void)state;
    const struct json *root = parse("{\"a\":{\"b\":[1,[2],{\"c\":\"x\"},null,true]},\"e\":[]}");
    const struct json *list = json_get(json_get(root, "a"), "b");
    struct sv text;
    assert_true(json_is_array(list));
    assert_int_equal(json_count(list), 5);
    size_t count = 0;
    for (const struct json *item = json_first(list); item; item = json_next(list, item))
        count++;
    assert_int_equal(count, 5);
    assert_true(json_text(json_get(json_at(list, 2), "c"), &text));
    assert_true(sv_equal(text, SV("x")));
    assert_true(json_is_true(json_at(list, 4)));
    assert_null(json_first(json_get(root, "e")));
    assert_null(json_at(list, 5));
}

static void what_is_not_there(void **state)
{
    (void)state;
    const struct json *root = parse("[{\"a\":1}]");
    struct sv text;
    int64_t integer = 7;
    double real = 7;
    assert_null(json_get(root, "a"));
    assert_null(json_get(json_get(NULL, "a"), "b"));
    assert_null(json_first(json_at(root, 0)));
    assert_null(json_next(root, NULL));
    assert_int_equal(json_count(NULL), 0);
    assert_false(json_text(json_get(json_at(root, 0), "a"), &text));
    assert_false(json_integer(NULL, &integer));
    assert_false(json_real(root, &real));
    assert_false(json_is_true(NULL) || json_is_object(NULL) || json_is_array(NULL));
    assert_int_equal(integer, 7);
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_integer;
        int64_t integer;
        bool is_real;
    } rows[] = {
        {"[12]", true, 12, true},
        {"[12.0]", true, 12, true},
        {"[\"12\"]", true, 12, true},
        {"[-3]", true, -3, true},
        {"[1e3]", true, 1000, true},
        {"[12.5]", false, 0, true},
        {"[\"twelve\"]", false, 0, false},
        {"[\"\"]", false, 0, false},
        {"[null]", false, 0, false},
        {"[1e400]", false, 0, false},
        {"[\"inf\"]", false, 0, false},
        {"[true]", false, 0, false},
        {"[9223372036854775807]", true, INT64_MAX, true},
    };
    for (size_t i = 0; i < TILL_COUNT(rows); i++) {
        const struct json *value = json_first(parse(rows[i].text));
        int64_t integer = 0;
        double real = 0;
        if (json_integer(value, &integer) != rows[i].is_integer ||
            (rows[i].is_integer && integer != rows[i].integer) ||
            json_real(value, &real) != rows[i].is_real)
            fail_msg("%s", rows[i].text);
    }
}

static void what_is_no_json(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "<html>", "{\"a\":", "[1]x"};
    for (size_t i = 0; i < TILL_COUNT(texts); i++) {
        const struct json *root = NULL;
        struct till_error e = {0};
        assert_int_equal(json_parse(sv_of(texts[i]), &arena, &root, &e), TILL_FORMAT);
        assert_null(root);
    }
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(numbers),
        cmocka_unit_test(what_is_no_json),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
