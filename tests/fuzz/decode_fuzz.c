// SPDX-License-Identifier: Apache-2.0
// decode_fuzz.c - any bytes as a page, as an error answer and as a document with a path.
//
// The first byte picks the table, the rest is the answer. What must hold for every input: no crash, rows hold what their columns say
// (valid UTF-8 without U+0000, ids and timestamps in their stored forms, NOT NULL kept), texts of rejects are valid UTF-8, and what was
// decoded once decodes again to the same values.
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/timestamp.h"
#include "decode/decode.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_text(struct sv text)
{
    must(sv_is_utf8(text));
    must(text.len == 0 || memchr(text.ptr, '\0', text.len) == NULL);
}

static void check_value(const struct column *column, const struct value *value)
{
    if (value->type == VALUE_NULL) {
        must((column->flags & COLUMN_NOT_NULL) == 0);
        return;
    }
    if (value->type == VALUE_INTEGER) {
        must(column->kind == COLUMN_INTEGER || column->kind == COLUMN_MONEY ||
             (column->kind == COLUMN_BOOLEAN && (value->integer == 0 || value->integer == 1)));
        return;
    }
    must(value->type == VALUE_TEXT);
    check_text(value->text);
    if (column->kind == COLUMN_ID)
        must(value->text.len == 36);
    if (column->kind == COLUMN_TIMESTAMP)
        must(value->text.len == TIMESTAMP_BYTES);
    if (column->kind == COLUMN_JSON)
        must(value->text.ptr[0] == '{' || value->text.ptr[0] == '[');
}

static void check_page(const struct decode_page *page)
{
    must(page->row_count + page->reject_count <= TILL_LIMIT_PAGE_ROWS);
    for (size_t i = 0; i < page->row_count; i++) {
        const struct row *row = &page->rows[i];
        for (size_t j = 0; j < row->table->column_count; j++)
            check_value(&row->table->columns[j], &row->values[j]);
        check_text(row->extra);
        must(row->organization_id.ptr == NULL || row->organization_id.len == 36);
        must(row_id(row).len == 36);
    }
    for (size_t i = 0; i < page->reject_count; i++) {
        check_text(page->rejects[i].raw);
        check_text(sv_of(page->rejects[i].reason));
        must(page->rejects[i].reason[0] != '\0');
        must(page->rejects[i].raw.len <= TILL_LIMIT_QUARANTINE_BYTES);
        must(page->rejects[i].id.ptr == NULL || page->rejects[i].id.len == 36);
    }
}

static void check_again(const struct table *table, struct buf *body, const struct decode_page *page)
{
    struct till_error e = {0};
    struct decode_page again;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    must(decode_page(table, body, &arena, &again, &e) == TILL_OK);
    must(again.row_count == page->row_count && again.reject_count == page->reject_count);
    for (size_t i = 0; i < page->row_count; i++) {
        for (size_t j = 0; j < table->column_count; j++)
            must(value_equal(&page->rows[i].values[j], &again.rows[i].values[j]));
        must(sv_equal(page->rows[i].extra, again.rows[i].extra));
    }
}

static void try_answers(struct sv body)
{
    AUTO_ARENA arena;
    AUTO_BUF out;
    struct sv text;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    buf_init(&out, TILL_LIMIT_BUFFER_BYTES);
    decode_error_text(body, &out);
    must(out.len <= TILL_LIMIT_ERROR_BODY_BYTES);
    check_text((struct sv){out.data, out.len});
    (void)decode_is_route_not_found(body);
    if (decode_string_at(body, "items.0.organization_id", &arena, &text))
        must(sv_is_utf8(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct till_error e = {0};
    struct decode_page page;
    AUTO_ARENA arena;
    AUTO_BUF body;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    buf_init(&body, TILL_LIMIT_RESPONSE_BYTES);
    if (size == 0)
        return 0;
    const struct table *table = model_table((enum table_id)(data[0] % TABLE__COUNT));
    buf_append(&body, data + 1, size - 1);
    if (decode_page(table, &body, &arena, &page, &e) == TILL_OK) {
        check_page(&page);
        check_again(table, &body, &page);
    } else {
        must(e.text[0] != '\0');
    }
    try_answers((struct sv){body.data, body.len});
    return 0;
}
