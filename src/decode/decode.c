// SPDX-License-Identifier: Apache-2.0
// decode.c - a page of an answer: the envelope around the rows.
//
// The envelope is checked as strictly as the rows, since a page that is misread as short or empty would look like rows that were removed.
// All output of a page is text of at most about the size of the page, so that one chunk of the arena takes it in nearly all cases.
#include "decode/decode.h"

#include "base/limits.h"
#include "decode/document.h"
#include "decode/row.h"

static enum till_code fail_shape(const char *what, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_FORMAT, 0, "%s", what);
    return till_error_hint(e, "the service may have changed its interface; look for a newer till");
}

// -1 when absent or not a count.
static int64_t count_at(yyjson_val *pagination, const char *key)
{
    int64_t count;
    yyjson_val *value = yyjson_obj_get(pagination, key);
    if (!yyjson_is_raw(value) || !sv_to_int64(document_text(value), &count) || count < 0)
        return -1;
    return count;
}

static enum till_code find_items(yyjson_val *root, yyjson_val **ret_items, struct till_error *e)
{
    yyjson_val *items = yyjson_obj_get(root, "items");
    if (!yyjson_is_arr(items))
        return fail_shape("the answer has no array of items", e);
    if (yyjson_arr_size(items) > TILL_LIMIT_PAGE_ROWS) {
        (void)TILL_FAIL(e, TILL_FORMAT, (long)yyjson_arr_size(items),
                        "the answer has %zu rows in one page, more than the limit of %d",
                        yyjson_arr_size(items), TILL_LIMIT_PAGE_ROWS);
        return till_error_hint(e, "the service sends at most 100; check the configured address");
    }
    *ret_items = items;
    return TILL_OK;
}

static bool decode_items(struct row_decoder *decoder, yyjson_val *items, struct decode_page *page)
{
    size_t index, count;
    yyjson_val *item;
    yyjson_arr_foreach(items, index, count, item)
    {
        struct decode_reject *reject = &page->rejects[page->reject_count];
        switch (row_decode(decoder, item, &page->rows[page->row_count], reject)) {
        case ROW_GOOD:
            page->row_count++;
            break;
        case ROW_REJECTED:
            reject->index = index;
            page->reject_count++;
            break;
        case ROW_NO_MEMORY:
            return false;
        }
    }
    return true;
}

static enum till_code decode_document(const struct table *table, const struct document *document,
                                      size_t text_bytes, struct arena *arena,
                                      struct decode_page *ret_page, struct till_error *e)
{
    struct decode_page page = {0};
    struct writer writer;
    struct row_decoder decoder;
    yyjson_val *items = NULL;
    enum till_code code = find_items(document->root, &items, e);
    if (code)
        return code;
    yyjson_val *pagination = yyjson_obj_get(document->root, "pagination");
    page.total_count = count_at(pagination, "total_count");
    page.max_page = count_at(pagination, "max_page");
    page.has_next_page = yyjson_is_true(yyjson_obj_get(pagination, "has_next_page"));

    page.rows = arena_calloc(arena, yyjson_arr_size(items), sizeof *page.rows);
    page.rejects = arena_calloc(arena, yyjson_arr_size(items), sizeof *page.rejects);
    writer_init(&writer, arena, text_bytes, document);
    if (!page.rows || !page.rejects || !writer.start ||
        !row_decoder_init(&decoder, table, &writer) || !decode_items(&decoder, items, &page))
        return arena_fail(arena, "the rows of a page", e);
    *ret_page = page;
    return TILL_OK;
}

enum till_code decode_page(const struct table *table, const struct buf *body, struct arena *arena,
                           struct decode_page *ret_page, struct till_error *e)
{
    struct document document;
    struct sv text = {body->data, body->len};
    AUTO_ARENA pool;
    arena_init(&pool, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = document_parse(text, arena, &pool, &document, e);
    if (!code)
        code = decode_document(table, &document, text.len, arena, ret_page, e);
    if (code == TILL_LIMIT && !e->hint[0])
        (void)till_error_hint(e,
                              "no page of the service is that large; check the configured address");
    if (code)
        (void)till_error_context(e, "could not read a page of %s", table->name);
    return code;
}
