// SPDX-License-Identifier: Apache-2.0
// fixture.h - what the tests of decode share: one page decoded from text, and values looked up by column name.
#ifndef TILL_TEST_DECODE_FIXTURE_H
#define TILL_TEST_DECODE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/limits.h"
#include "decode/decode.h"

struct fixture {
    struct arena arena;
    struct buf body;
    struct decode_page page;
    struct till_error e;
};

static inline int fixture_setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    arena_init(&fixture.arena, TILL_LIMIT_ARENA_BYTES);
    buf_init(&fixture.body, TILL_LIMIT_RESPONSE_BYTES);
    *state = &fixture;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_release(&fixture->arena);
    buf_release(&fixture->body);
    return 0;
}

// The whole answer.
static inline enum till_code fixture_decode(struct fixture *fixture, enum table_id table,
                                            struct sv answer)
{
    arena_reset(&fixture->arena);
    buf_reset(&fixture->body);
    till_error_clear(&fixture->e);
    buf_sv(&fixture->body, answer);
    return decode_page(model_table(table), &fixture->body, &fixture->arena, &fixture->page,
                       &fixture->e);
}

// items: the inside of the array.
static inline void fixture_items(struct fixture *fixture, enum table_id table, const char *items)
{
    AUTO_BUF answer;
    buf_init(&answer, TILL_LIMIT_RESPONSE_BYTES);
    buf_format(&answer, "{\"items\":[%s],\"pagination\":{\"total_count\":3,\"max_page\":1}}",
               items);
    assert_int_equal(fixture_decode(fixture, table, (struct sv){answer.data, answer.len}), TILL_OK);
}

static inline const struct value *fixture_value(const struct row *row, const char *column)
{
    size_t index;
    assert_non_null(model_column(row->table, sv_of(column), &index));
    return &row->values[index];
}

static inline void assert_text_is(struct sv text, const char *expected)
{
    if (text.ptr == NULL || !sv_equal(text, sv_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)text.len, text.ptr ? text.ptr : "(none)", expected);
}

static inline void assert_value_text(const struct row *row, const char *column, const char *text)
{
    const struct value *value = fixture_value(row, column);
    assert_int_equal(value->type, VALUE_TEXT);
    assert_text_is(value->text, text);
}

static inline void assert_value_integer(const struct row *row, const char *column, int64_t expected)
{
    const struct value *value = fixture_value(row, column);
    assert_int_equal(value->type, VALUE_INTEGER);
    assert_true(value->integer == expected);
}

static inline void assert_value_null(const struct row *row, const char *column)
{
    assert_int_equal(fixture_value(row, column)->type, VALUE_NULL);
}

static inline bool contains(struct sv text, const char *part)
{
    return text.ptr && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

// Nothing that left decode holds the text: no value, no extra, no reject, no reason.
static inline bool page_contains(const struct decode_page *page, const char *part)
{
    bool found = false;
    for (size_t i = 0; i < page->row_count; i++) {
        const struct row *row = &page->rows[i];
        for (size_t j = 0; j < row->table->column_count; j++)
            found |= row->values[j].type == VALUE_TEXT && contains(row->values[j].text, part);
        found |= contains(row->extra, part) || contains(row->organization_id, part);
    }
    for (size_t i = 0; i < page->reject_count; i++)
        found |= contains(page->rejects[i].raw, part) || contains(page->rejects[i].id, part) ||
                 contains(sv_of(page->rejects[i].reason), part);
    return found;
}

static inline struct sv read_whole_file(const char *path, struct buf *buf)
{
    char chunk[4096];
    size_t got;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        buf_append(buf, chunk, got);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(buf->failure, TILL_OK);
    return (struct sv){buf->data, buf->len};
}

#define FIXTURE_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

#endif
