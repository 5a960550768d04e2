// SPDX-License-Identifier: Apache-2.0
// rows_test.c - the same rows in four formats: values, names, empty results, quoting, and tables that are too wide.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views/views.h"

static struct value text(const char *words)
{
    return (struct value){.type = VALUE_TEXT, .text = sv_of(words)};
}
static struct value integer(int64_t number)
{
    return (struct value){.type = VALUE_INTEGER, .integer = number};
}
static struct value real(double number)
{
    return (struct value){.type = VALUE_REAL, .real = number};
}
static const struct value null = {.type = VALUE_NULL};

struct grid {
    const char *const *names;
    const struct value *values; // row after row
    size_t columns, rows;
    struct view_style style;
};

static void shows(const struct grid *grid, enum view_format format, const char *expected)
{
    struct buf out;
    struct arena arena;
    struct till_error e = {0};
    buf_init(&out, 1 << 20);
    arena_init(&arena, 1 << 20);
    struct row_view view = {.format = format, .style = &grid->style, .out = &out, .arena = &arena};
    assert_int_equal(row_view_begin(&view, grid->names, NULL, grid->columns, &e), TILL_OK);
    for (size_t i = 0; i < grid->rows; i++)
        assert_int_equal(row_view_row(&view, grid->values + i * grid->columns, &e), TILL_OK);
    assert_int_equal(row_view_end(&view, &e), TILL_OK);
    assert_string_equal(out.data ? out.data : "", expected);
    buf_release(&out);
    arena_release(&arena);
}

static void four_formats(void **state TILL_UNUSED)
{
    const char *const names[] = {"id", "name", "amount", "share"};
    const struct value values[] = {text("a"), text("x"),  integer(-5), real(0.1),
                                   text("b"), null,       null,        real(2.0),
                                   text(""),  text("yy"), integer(12), null};
    struct grid grid = {.names = names, .values = values, .columns = 4, .rows = 3};
    shows(&grid, VIEW_TABLE,
          "id  name  amount  share\n"
          "--  ----  ------  -----\n"
          "a   x         -5    0.1\n"
          "b                   2.0\n"
          "    yy        12       \n");
    shows(&grid, VIEW_CSV, "id,name,amount,share\na,x,-5,0.1\nb,,,2.0\n,yy,12,\n");
    shows(&grid, VIEW_JSON,
          "[\n{\"id\":\"a\",\"name\":\"x\",\"amount\":-5,\"share\":0.1},\n"
          "{\"id\":\"b\",\"name\":null,\"amount\":null,\"share\":2.0},\n"
          "{\"id\":\"\",\"name\":\"yy\",\"amount\":12,\"share\":null}\n]\n");
    shows(&grid, VIEW_JSONL,
          "{\"id\":\"a\",\"name\":\"x\",\"amount\":-5,\"share\":0.1}\n"
          "{\"id\":\"b\",\"name\":null,\"amount\":null,\"share\":2.0}\n"
          "{\"id\":\"\",\"name\":\"yy\",\"amount\":12,\"share\":null}\n");
    grid.style.has_unicode = true;
    grid.rows = 0;
    shows(&grid, VIEW_TABLE,
          "id  name  amount  share\n"
          "\xE2\x94\x80\xE2\x94\x80  \xE2\x94\x80\xE2\x94\x80\xE2\x94\x80\xE2\x94\x80  "
          "\xE2\x94\x80\xE2\x94\x80\xE2\x94\x80\xE2\x94\x80\xE2\x94\x80\xE2\x94\x80  "
          "\xE2\x94\x80\xE2\x94\x80\xE2\x94\x80\xE2\x94\x80\xE2\x94\x80\n");
}

static void nothing_at_all(void **state TILL_UNUSED)
{
    const char *const names[] = {"n"};
    struct grid grid = {.names = names, .columns = 1};
    shows(&grid, VIEW_JSON, "[]\n");
    shows(&grid, VIEW_JSONL, "");
    shows(&grid, VIEW_CSV, "n\n");
}

static void the_same_name_twice(void **state TILL_UNUSED)
{
    const char *const names[] = {"n", "n", "n_2", "n"};
    const struct value values[] = {integer(1), integer(2), integer(3), integer(4)};
    struct grid grid = {.names = names, .values = values, .columns = 4, .rows = 1};
    shows(&grid, VIEW_CSV, "n,n,n_2,n\n1,2,3,4\n");
    shows(&grid, VIEW_JSONL, "{\"n\":1,\"n_3\":2,\"n_2\":3,\"n_4\":4}\n");
}

static void csv_after_rfc_4180(void **state TILL_UNUSED)
{
    const char *const names[] = {"a,b", "c"};
    const struct value values[] = {text("x,y"),      text("say \"hi\""), text("two\nlines"),
                                   text("cr\rhere"), text(" =1+1"),      text("plain")};
    struct grid grid = {.names = names, .values = values, .columns = 2, .rows = 3};
    shows(&grid, VIEW_CSV,
          "\"a,b\",c\n\"x,y\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"cr\rhere\"\n =1+1,plain\n");
}

static void reals(void **state TILL_UNUSED)
{
    const char *const names[] = {"r"};
    const struct value values[] = {
        real(1.0 / 3),     real(1e300),           real(-0.5), real(1e15), real(5e-324),
        real((double)NAN), real((double)INFINITY)};
    struct grid grid = {.names = names, .values = values, .columns = 1, .rows = 7};
    shows(&grid, VIEW_JSONL,
          "{\"r\":0.3333333333333333}\n{\"r\":1e+300}\n{\"r\":-0.5}\n{\"r\":1e+15}\n"
          "{\"r\":4.94065645841247e-324}\n{\"r\":null}\n{\"r\":null}\n");
}

static void wide_and_hostile_names(void **state TILL_UNUSED)
{
    const char *const names[] = {"name", "n"};
    const struct value values[] = {text("千代田"),
                                   integer(1),
                                   text("e\xCC\x81t\xC3\xA9"),
                                   integer(22),
                                   text("\x1b[31m\xE2\x80\xAE"),
                                   integer(333)};
    struct grid grid = {.names = names, .values = values, .columns = 2, .rows = 3};
    shows(&grid, VIEW_TABLE,
          "name      n\n------  ---\n千代田    1\ne\xCC\x81t\xC3\xA9      22\n"
          "\xEF\xBF\xBD[31m\xEF\xBF\xBD  333\n");
    shows(&grid, VIEW_JSONL,
          "{\"name\":\"千代田\",\"n\":1}\n{\"name\":\"e\xCC\x81t\xC3\xA9\",\"n\":22}\n"
          "{\"name\":\"\\u001b[31m\\u202e\",\"n\":333}\n");
}

static void narrow_terminals(void **state TILL_UNUSED)
{
    const char *const names[] = {"a", "b", "n"};
    const struct value values[] = {text("0123456789012345678901234567890123456789abcdefgh"),
                                   text("x"), integer(1234567890)};
    struct grid grid = {.names = names, .values = values, .columns = 3, .rows = 1};
    grid.style = (struct view_style){.width = 60, .cell_width = 60};
    shows(&grid, VIEW_TABLE,
          "a                                              b           n\n"
          "---------------------------------------------  -  ----------\n"
          "0123456789012345678901234567890123456789abcd\xE2\x80\xA6  x  1234567890\n");
    grid.style.width = 30; // too narrow for a table: a block for each row, and numbers stay whole
    shows(&grid, VIEW_TABLE,
          "-- 1\n"
          "a  01234567890123456789012345678901234\xE2\x80\xA6\n"
          "b  x\n"
          "n  1234567890\n");
}

static void json_columns(void **state TILL_UNUSED)
{
    struct buf out;
    struct arena arena;
    struct till_error e = {0};
    const char *const names[] = {"j"};
    const bool json[] = {true};
    const struct value value = text("{\"a\":[1]}");
    struct view_style style = {0};
    buf_init(&out, 65536);
    arena_init(&arena, 65536);
    struct row_view view = {.format = VIEW_JSONL, .style = &style, .out = &out, .arena = &arena};
    assert_int_equal(row_view_begin(&view, names, json, 1, &e), TILL_OK);
    assert_int_equal(row_view_row(&view, &value, &e), TILL_OK);
    assert_int_equal(row_view_end(&view, &e), TILL_OK);
    assert_string_equal(out.data, "{\"j\":{\"a\":[1]}}\n");
    buf_release(&out);
    arena_release(&arena);
}

static void a_table_that_is_too_large(void **state TILL_UNUSED)
{
    struct buf out;
    struct arena arena;
    struct till_error e = {0};
    const char *const names[] = {"t"};
    const struct value value = text("something to keep");
    struct view_style style = {0};
    enum till_code code = TILL_OK;
    buf_init(&out, 65536);
    arena_init(&arena, 16384);
    struct row_view view = {.format = VIEW_TABLE, .style = &style, .out = &out, .arena = &arena};
    assert_int_equal(row_view_begin(&view, names, NULL, 1, &e), TILL_OK);
    for (int i = 0; i < 100000 && code == TILL_OK; i++)
        code = row_view_row(&view, &value, &e);
    assert_int_equal(code, TILL_LIMIT);
    assert_non_null(strstr(e.text, "csv"));
    buf_release(&out);
    arena_release(&arena);
}

static void words_of_formats(void **state TILL_UNUSED)
{
    enum view_format format = VIEW_TABLE;
    assert_true(view_format_parse(SV("jsonl"), &format) && format == VIEW_JSONL);
    assert_true(view_format_parse(SV("csv"), &format) && format == VIEW_CSV);
    assert_false(view_format_parse(SV("CSV"), &format));
    assert_false(view_format_parse(SV(""), &format));
    assert_int_equal(format, VIEW_CSV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_formats),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(the_same_name_twice),
        cmocka_unit_test(csv_after_rfc_4180),
        cmocka_unit_test(reals),
        cmocka_unit_test(wide_and_hostile_names),
        cmocka_unit_test(narrow_terminals),
        cmocka_unit_test(json_columns),
        cmocka_unit_test(a_table_that_is_too_large),
        cmocka_unit_test(words_of_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
