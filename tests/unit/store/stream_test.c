// SPDX-License-Identifier: Apache-2.0
// stream_test.c - rows handed over from inside of a statement: all of them, in order, within one another; a caller's refusal ends it; and people's SQL has
// no way to it.
#include "support.h"

#include <string.h>

#include "store/driver.h"

static int prepare(void **state)
{
    static struct fixture f;
    fixture_open(&f);
    *state = &f;
    return 0;
}

static int finish(void **state)
{
    fixture_close(*state);
    return 0;
}

#define NUMBERS                                                                                    \
    "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i "     \
    "FROM n)"

struct seen {
    struct fixture *f;
    int64_t rows, sum, stop_at;
};

static enum till_code see(void *context, const struct value *values, size_t count,
                          struct till_error *e)
{
    struct seen *seen = context;
    assert_int_equal(count, 4);
    assert_int_equal(values[0].type, VALUE_INTEGER);
    seen->rows++;
    assert_int_equal(values[0].integer, seen->rows); // in order
    seen->sum += values[0].integer;
    assert_int_equal(values[1].type, VALUE_TEXT);
    assert_int_equal(values[1].text.len, 5);
    assert_memory_equal(values[1].text.ptr, "a\0b\xFF\x01", 5);
    assert_int_equal(values[2].type, VALUE_NULL);
    assert_int_equal(values[3].type, VALUE_REAL);
    assert_true(values[3].real > 0.4 && values[3].real < 0.6);
    if (seen->rows == seen->stop_at)
        return TILL_FAIL(e, TILL_LIMIT, 7, "enough");
    return TILL_OK;
}

static const char four[] =
    "SELECT till_row(i, CAST(x'610062ff01' AS TEXT), NULL, 0.5) FROM " NUMBERS;

static enum till_code run(struct fixture *f, int64_t rows, struct seen *seen)
{
    struct value parameter = store_integer(rows);
    struct store_result result = {.row = see, .context = seen};
    seen->f = f;
    return store_stream(f->store, four, &parameter, 1, &result, &f->e);
}

static void every_row_in_order(void **state)
{
    struct fixture *f = *state;
    for (int64_t rows = 0; rows <= 1000; rows += 250) {
        struct seen seen = {.rows = 0};
        assert_int_equal(run(f, rows == 0 ? 1 : rows, &seen), TILL_OK);
        assert_int_equal(seen.rows, rows == 0 ? 1 : rows);
    }
}

static void a_refusal_ends_it_as_it_was_said(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.stop_at = 3};
    assert_int_equal(run(f, 1000, &seen), TILL_LIMIT);
    assert_string_equal(f->e.text, "enough");
    assert_int_equal(seen.rows, 3);
    seen = (struct seen){.rows = 0};
    f->e = (struct till_error){0};
    assert_int_equal(run(f, 10, &seen), TILL_OK); // and the statement goes on to work
    assert_int_equal(seen.rows, 10);
}

static enum till_code see_outer(void *context, const struct value *values, size_t count,
                                struct till_error *e)
{
    struct seen *outer = context;
    struct seen inner = {.rows = 0};
    (void)values;
    (void)count;
    (void)e;
    outer->rows++;
    assert_int_equal(run(outer->f, 5, &inner), TILL_OK);
    outer->sum += inner.rows;
    return TILL_OK;
}

static void one_within_another(void **state)
{
    static const char sql[] = "SELECT till_row(i) FROM " NUMBERS;
    struct fixture *f = *state;
    struct seen seen = {.f = f};
    struct value parameter = store_integer(7);
    struct store_result result = {.row = see_outer, .context = &seen};
    assert_int_equal(store_stream(f->store, sql, &parameter, 1, &result, &f->e), TILL_OK);
    assert_int_equal(seen.rows, 7);
    assert_int_equal(seen.sum, 35);
}

static void outside_of_a_stream_it_fails(void **state)
{
    static const char sql[] = "SELECT till_row(1)";
    struct fixture *f = *state;
    struct seen seen = {.rows = 0};
    struct store_result result = {.row = see, .context = &seen};
    assert_int_equal(run(f, 1, &seen), TILL_OK); // from now on the function is there
    assert_int_equal(store_execute(f->store, sql, NULL, 0, &result, &f->e), TILL_STORE);
    assert_int_equal(seen.rows, 1);
}

static void an_error_of_the_statement_is_told(void **state)
{
    static const char sql[] = "SELECT till_row(i) FROM nowhere";
    struct fixture *f = *state;
    struct seen seen = {.rows = 0};
    struct store_result result = {.row = see, .context = &seen};
    assert_int_equal(store_stream(f->store, sql, NULL, 0, &result, &f->e), TILL_STORE);
    assert_non_null(strstr(f->e.text, "nowhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row_in_order, prepare, finish),
        cmocka_unit_test_setup_teardown(a_refusal_ends_it_as_it_was_said, prepare, finish),
        cmocka_unit_test_setup_teardown(one_within_another, prepare, finish),
        cmocka_unit_test_setup_teardown(outside_of_a_stream_it_fails, prepare, finish),
        cmocka_unit_test_setup_teardown(an_error_of_the_statement_is_told, prepare, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
