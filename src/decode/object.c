// SPDX-License-Identifier: Apache-2.0
// object.c - one object that is not part of a page: a row asked for by its id, and the event that a webhook carries.
//
// An event is taken apart before it is kept: only its data stays, written anew without credentials, and a text that no column could hold (U+0000, bytes
// that are not UTF-8) leaves nothing of data but its id. The row can then still be read again; half a text would be worse than none.
#include "base/limits.h"
#include "base/timestamp.h"
#include "decode/decode.h"
#include "decode/row.h"

static enum till_code decode_alone(const struct table *table, const struct document *document,
                                   size_t text_bytes, struct arena *arena,
                                   struct decode_page *ret_page, struct till_error *e)
{
    struct decode_page page = {.total_count = -1, .max_page = -1};
    struct writer writer;
    struct row_decoder decoder;
    if (!yyjson_is_obj(document->root))
        return TILL_FAIL(e, TILL_FORMAT, 0, "the answer is not a JSON object");
    page.rows = arena_calloc(arena, 1, sizeof *page.rows);
    page.rejects = arena_calloc(arena, 1, sizeof *page.rejects);
    writer_init(&writer, arena, text_bytes, document);
    if (!page.rows || !page.rejects || !writer.start || !row_decoder_init(&decoder, table, &writer))
        return arena_fail(arena, "a row", e);
    switch (row_decode(&decoder, document->root, page.rows, page.rejects)) {
    case ROW_GOOD:
        page.row_count = 1;
        break;
    case ROW_REJECTED:
        page.reject_count = 1;
        break;
    case ROW_NO_MEMORY:
        return arena_fail(arena, "a row", e);
    }
    *ret_page = page;
    return TILL_OK;
}

enum till_code decode_object(const struct table *table, struct sv body, struct arena *arena,
                             struct decode_page *ret_page, struct till_error *e)
{
    struct document document;
    AUTO_ARENA pool;
    arena_init(&pool, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = document_parse(body, arena, &pool, &document, e);
    if (!code)
        code = decode_alone(table, &document, body.len, arena, ret_page, e);
    if (code)
        (void)till_error_context(e, "could not read a row of %s", table->name);
    return code;
}

static bool is_type(struct sv text)
{
    if (text.len == 0 || text.len > DECODE_TYPE_BYTES)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_word && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

static struct sv string_at(yyjson_val *object, const char *key)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_str(value) ? document_text(value) : (struct sv){NULL, 0};
}

static struct sv id_at(struct writer *writer, yyjson_val *object, const char *key)
{
    struct sv id;
    struct sv text = string_at(object, key);
    writer_begin(writer);
    return text.ptr && id_normalise(writer, text, &id) ? id : (struct sv){NULL, 0};
}

// The organization that the data names: itself, of its own, or of the customer or benefit inside.
static struct sv organization_of(struct writer *writer, struct sv type, yyjson_val *data)
{
    static const char *const inside[] = {"customer", "benefit"};
    if (sv_starts_with(type, SV("organization.")))
        return id_at(writer, data, "id");
    struct sv id = id_at(writer, data, "organization_id");
    for (size_t i = 0; i < TILL_COUNT(inside) && !id.ptr; i++)
        id = id_at(writer, yyjson_obj_get(data, inside[i]), "organization_id");
    return id;
}

static void write_data(struct writer *writer, yyjson_val *data, struct decode_event *event)
{
    writer_begin(writer);
    writer_value(writer, data);
    if (writer->problem == WRITER_NUL || writer->problem == WRITER_UNICODE) {
        writer_begin(writer);
        writer_char(writer, '{');
        for (const char *at = "\"id\":\""; event->id.ptr && *at; at++)
            writer_char(writer, *at);
        for (size_t i = 0; i < event->id.len; i++)
            writer_char(writer, event->id.ptr[i]);
        if (event->id.ptr)
            writer_char(writer, '"');
        writer_char(writer, '}');
    }
    event->data = writer_end(writer);
}

static enum till_code take_apart(const struct document *document, size_t text_bytes,
                                 struct arena *arena, struct decode_event *ret_event,
                                 struct till_error *e)
{
    struct writer writer;
    struct sv timestamp = string_at(document->root, "timestamp");
    yyjson_val *data = yyjson_obj_get(document->root, "data");
    struct decode_event event = {.type = string_at(document->root, "type")};
    if (!is_type(event.type))
        return TILL_FAIL(e, TILL_FORMAT, 0, "it has no type");
    if (!timestamp_parse(timestamp, &event.occurred_us))
        return TILL_FAIL(e, TILL_FORMAT, 0, "it has no timestamp");
    if (!yyjson_is_obj(data))
        return TILL_FAIL(e, TILL_FORMAT, 0, "it has no data");
    writer_init(&writer, arena, text_bytes, document);
    if (!writer.start)
        return arena_fail(arena, "an event", e);
    event.id = id_at(&writer, data, "id");
    event.organization_id = organization_of(&writer, event.type, data);
    write_data(&writer, data, &event);
    if (writer.problem)
        return arena_fail(arena, "an event", e);
    *ret_event = event;
    return TILL_OK;
}

enum till_code decode_event(struct sv body, struct arena *arena, struct decode_event *ret_event,
                            struct till_error *e)
{
    struct document document;
    AUTO_ARENA pool;
    arena_init(&pool, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = document_parse(body, arena, &pool, &document, e);
    if (!code)
        code = take_apart(&document, body.len, arena, ret_event, e);
    if (code)
        (void)till_error_context(e, "could not read the event");
    return code;
}
