// SPDX-License-Identifier: Apache-2.0
// row.c - checks each member of an object against its column, strictly, and gathers the rest in till_extra.
//
// A value of a wrong type is not bent into shape: the row is set aside with the field, the value (not that of a personal field) and what was
// expected, so that the reader of `till status` can tell what the service changed. A key of a column that appears twice rejects the row too: which
// of the two is meant is anybody's guess. Which column a key leads to is remembered by its position in the object; the linear
// search happens for the first row of a page and where rows differ.
#include "decode/row.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/timestamp.h"
#include "decode/credential.h"
#include "decode/document.h"

enum {
    QUOTED_BYTES = 48,                      // of a text in a reason
    DESCRIBED_BYTES = QUOTED_BYTES * 6 + 8, // all of it escaped, in quotes, with dots
    REASON_BYTES = DESCRIBED_BYTES + 128,
    UUID_BYTES = 36,
};

// Why a row is set aside; empty while it is not.
struct complaint {
    char text[REASON_BYTES];
};

static void complain(struct complaint *complaint, const char *format, ...) TILL_PRINTF(2, 3);
static void complain(struct complaint *complaint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(complaint->text, sizeof complaint->text, format, args);
    va_end(args);
}

// A short form of a value for people, quoted and escaped when it is text.
static void describe(yyjson_val *value, char *ret_text, size_t bytes)
{
    AUTO_BUF quoted = {0};
    struct sv text, secret;
    switch (unsafe_yyjson_get_type(value)) {
    case YYJSON_TYPE_OBJ:
        (void)snprintf(ret_text, bytes, "an object");
        return;
    case YYJSON_TYPE_ARR:
        (void)snprintf(ret_text, bytes, "an array");
        return;
    case YYJSON_TYPE_BOOL:
        (void)snprintf(ret_text, bytes, "%s", unsafe_yyjson_is_true(value) ? "true" : "false");
        return;
    case YYJSON_TYPE_RAW:
        text = document_text(value);
        (void)snprintf(ret_text, bytes, "%.*s%s", text.len > 24 ? 24 : (int)text.len, text.ptr,
                       text.len > 24 ? "..." : "");
        return;
    default:
        break;
    }
    text = document_text(value);
    if (credential_find(text, &secret)) {
        (void)snprintf(ret_text, bytes, "a text with a credential");
        return;
    }
    size_t keep = sv_utf8_cut(text, QUOTED_BYTES);
    buf_init(&quoted, DESCRIBED_BYTES);
    buf_json_string(&quoted, (struct sv){text.ptr, keep});
    (void)snprintf(ret_text, bytes, "%s%s", quoted.len > 0 ? quoted.data : "a text",
                   keep < text.len ? "..." : "");
}

static void complain_type(struct complaint *complaint, const struct column *column,
                          yyjson_val *value, const char *expected)
{
    char what[DESCRIBED_BYTES];
    if (column->flags & COLUMN_PERSONAL)
        (void)snprintf(what, sizeof what, "the value");
    else
        describe(value, what, sizeof what);
    complain(complaint, "%s: %s is not %s", column->name, what, expected);
}

bool row_decoder_init(struct row_decoder *decoder, const struct table *table, struct writer *writer)
{
    *decoder = (struct row_decoder){.table = table, .writer = writer};
    decoder->is_seen = arena_calloc(writer->arena, table->column_count, sizeof(bool));
    return decoder->is_seen != NULL;
}

static int find_meaning(const struct table *table, struct sv key)
{
    size_t column;
    if (model_column(table, key, &column))
        return (int)column;
    for (const char *const *name = table->dropped; *name; name++) {
        if (sv_equal(key, sv_of(*name)))
            return KEY_DROPPED;
    }
    return model_is_credential_key(key) ? KEY_DROPPED : KEY_EXTRA;
}

static int key_meaning(struct row_decoder *decoder, size_t position, yyjson_val *key)
{
    struct sv text = document_text(key);
    if (position >= ROW_MEMO_KEYS)
        return find_meaning(decoder->table, text);
    if (decoder->memo[position].key.ptr && sv_equal(decoder->memo[position].key, text))
        return decoder->memo[position].meaning;
    decoder->memo[position].key = text;
    return decoder->memo[position].meaning = find_meaning(decoder->table, text);
}

bool id_normalise(struct writer *writer, struct sv text, struct sv *ret_id)
{
    bool has_upper = false;
    if (text.len != UUID_BYTES)
        return false;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        char c = text.ptr[i];
        bool is_upper = c >= 'A' && c <= 'F';
        bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || is_upper;
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? c != '-' : !is_digit)
            return false;
        has_upper |= is_upper;
    }
    *ret_id = text;
    if (!has_upper)
        return true;
    writer_begin(writer);
    for (size_t i = 0; i < UUID_BYTES; i++) {
        char c = text.ptr[i];
        writer_char(writer, c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c);
    }
    *ret_id = writer_end(writer);
    return true; // a problem of the writer is looked at by the caller
}

static bool timestamp_normalise(struct writer *writer, struct sv text, struct sv *ret_text)
{
    char stored[TIMESTAMP_BYTES + 1];
    int64_t unix_us;
    if (!timestamp_parse(text, &unix_us))
        return false;
    *ret_text = text;
    if (text.len == TIMESTAMP_BYTES && text.ptr[10] == 'T' && text.ptr[26] == 'Z')
        return true; // the stored form already
    if (!timestamp_format(unix_us, stored))
        return false;
    writer_begin(writer);
    for (size_t i = 0; i < TIMESTAMP_BYTES; i++)
        writer_char(writer, stored[i]);
    *ret_text = writer_end(writer);
    return true;
}

static bool decode_string(struct writer *writer, enum column_kind kind, yyjson_val *value,
                          struct value *ret_value)
{
    struct sv text;
    if (!unsafe_yyjson_is_str(value))
        return false;
    text = document_text(value);
    ret_value->type = VALUE_TEXT;
    if (kind == COLUMN_ID)
        return id_normalise(writer, text, &ret_value->text);
    if (kind == COLUMN_TIMESTAMP)
        return timestamp_normalise(writer, text, &ret_value->text);
    writer_begin(writer);
    ret_value->text = writer_text(writer, text);
    return true;
}

static bool decode_value(struct writer *writer, enum column_kind kind, yyjson_val *value,
                         struct value *ret_value)
{
    switch (kind) {
    case COLUMN_ID:
    case COLUMN_TEXT:
    case COLUMN_ENUM:
    case COLUMN_TIMESTAMP:
        return decode_string(writer, kind, value, ret_value);
    case COLUMN_INTEGER:
    case COLUMN_MONEY:
        ret_value->type = VALUE_INTEGER;
        return unsafe_yyjson_is_raw(value) &&
               sv_to_int64(document_text(value), &ret_value->integer);
    case COLUMN_BOOLEAN:
        ret_value->type = VALUE_INTEGER;
        ret_value->integer = unsafe_yyjson_is_true(value);
        return unsafe_yyjson_is_bool(value);
    case COLUMN_JSON:
        if (!unsafe_yyjson_is_ctn(value))
            return false;
        writer_begin(writer);
        writer_value(writer, value);
        *ret_value = (struct value){.type = VALUE_TEXT, .text = writer_end(writer)};
        return true;
    }
    return false;
}

static const char *expected_words(enum column_kind kind)
{
    switch (kind) {
    case COLUMN_ID:
        return "an id";
    case COLUMN_TEXT:
    case COLUMN_ENUM:
        return "a text";
    case COLUMN_TIMESTAMP:
        return "a timestamp";
    case COLUMN_INTEGER:
    case COLUMN_MONEY:
        return "an integer of 64 bits";
    case COLUMN_BOOLEAN:
        return "true or false";
    case COLUMN_JSON:
        return "an object or array";
    }
    return "valid";
}

static void complain_text(struct complaint *complaint, const char *where,
                          enum writer_problem problem)
{
    if (problem == WRITER_NUL)
        complain(complaint, "%s: the text holds U+0000", where);
    else if (problem == WRITER_UNICODE)
        complain(complaint, "%s: the text is not valid Unicode, or holds a bare control character",
                 where);
}

static void decode_column(struct row_decoder *decoder, size_t index, yyjson_val *value,
                          struct value *ret_value, struct complaint *complaint)
{
    const struct column *column = &decoder->table->columns[index];
    if (decoder->is_seen[index]) {
        complain(complaint, "%s: appears twice", column->name);
        return;
    }
    decoder->is_seen[index] = true;
    if (unsafe_yyjson_is_null(value))
        return;
    writer_begin(decoder->writer);
    if (!decode_value(decoder->writer, column->kind, value, ret_value))
        complain_type(complaint, column, value, expected_words(column->kind));
    complain_text(complaint, column->name, decoder->writer->problem);
}

// The members that have no column, as one object.
static void write_members(struct row_decoder *decoder, yyjson_val *item, bool columns_too)
{
    struct writer *writer = decoder->writer;
    yyjson_val *end = unsafe_yyjson_get_next(item);
    size_t position = 0;
    char separator = '{';
    for (yyjson_val *key = item + 1; key < end; key = unsafe_yyjson_get_next(key + 1), position++) {
        int meaning = key_meaning(decoder, position, key);
        if (meaning == KEY_DROPPED || (meaning != KEY_EXTRA && !columns_too))
            continue;
        writer_char(writer, separator);
        writer_string(writer, key);
        writer_char(writer, ':');
        writer_value(writer, key + 1);
        separator = ',';
    }
    if (separator == '{')
        writer_char(writer, separator);
    writer_char(writer, '}');
}

// "organization_id" of the row, of the customer inside, or of the row itself where it is the organization.
static struct sv find_organization(const struct row *row, yyjson_val *item, struct writer *writer)
{
    size_t column;
    struct sv id = {NULL, 0};
    if (row->table->id == TABLE_organizations)
        return row_id(row);
    if (model_column(row->table, SV("organization_id"), &column))
        return row->values[column].type == VALUE_TEXT ? row->values[column].text : id;
    yyjson_val *customer = yyjson_obj_get(item, "customer");
    yyjson_val *value = yyjson_obj_get(customer, "organization_id");
    if (yyjson_is_str(value) && id_normalise(writer, document_text(value), &id))
        return id;
    return (struct sv){NULL, 0};
}

static void check_not_null(const struct row_decoder *decoder, const struct value *values,
                           struct complaint *complaint)
{
    for (size_t i = 0; i < decoder->table->column_count && !complaint->text[0]; i++) {
        const struct column *column = &decoder->table->columns[i];
        if ((column->flags & COLUMN_NOT_NULL) && values[i].type == VALUE_NULL)
            complain(complaint, "%s: is %s", column->name,
                     decoder->is_seen[i] ? "null" : "missing");
    }
}

// Fills the columns, up to the first complaint; true when some member had none.
static bool decode_columns(struct row_decoder *decoder, yyjson_val *item, struct value *values,
                           struct complaint *complaint)
{
    yyjson_val *end = unsafe_yyjson_get_next(item);
    size_t position = 0;
    bool has_extra = false;
    memset(decoder->is_seen, 0, decoder->table->column_count);
    for (yyjson_val *key = item + 1; key < end && !complaint->text[0];
         key = unsafe_yyjson_get_next(key + 1), position++) {
        int meaning = key_meaning(decoder, position, key);
        has_extra |= meaning == KEY_EXTRA;
        if (meaning >= 0)
            decode_column(decoder, (size_t)meaning, key + 1, &values[meaning], complaint);
        if (decoder->writer->problem == WRITER_MEMORY)
            break;
    }
    check_not_null(decoder, values, complaint);
    return has_extra;
}

static enum row_result reject(struct row_decoder *decoder, yyjson_val *item,
                              const struct complaint *complaint, struct decode_reject *ret_reject)
{
    struct writer *writer = decoder->writer;
    yyjson_val *id = yyjson_obj_get(item, "id");
    *ret_reject = (struct decode_reject){0};
    if (!yyjson_is_str(id) || !id_normalise(writer, document_text(id), &ret_reject->id))
        ret_reject->id = (struct sv){NULL, 0};
    writer->is_lossy = true;
    writer_begin(writer);
    if (yyjson_is_obj(item))
        write_members(decoder, item, true);
    else
        writer_value(writer, item);
    ret_reject->raw = writer_end(writer);
    ret_reject->raw.len = sv_utf8_cut(ret_reject->raw, TILL_LIMIT_QUARANTINE_BYTES);
    writer->is_lossy = false;
    ret_reject->reason = arena_copy(writer->arena, complaint->text, strlen(complaint->text));
    return writer->problem == WRITER_MEMORY || !ret_reject->reason ? ROW_NO_MEMORY : ROW_REJECTED;
}

enum row_result row_decode(struct row_decoder *decoder, yyjson_val *item, struct row *ret_row,
                           struct decode_reject *ret_reject)
{
    struct writer *writer = decoder->writer;
    struct complaint complaint = {.text = ""};
    struct row row = {.table = decoder->table};
    bool has_extra = false;
    writer_begin(writer);
    if (!yyjson_is_obj(item)) {
        complain(&complaint, "the item is not an object");
        return reject(decoder, item, &complaint, ret_reject);
    }
    row.values = arena_calloc(writer->arena, decoder->table->column_count, sizeof *row.values);
    if (!row.values)
        return ROW_NO_MEMORY;
    has_extra = decode_columns(decoder, item, row.values, &complaint);
    if (!complaint.text[0] && writer->problem == WRITER_OK) {
        row.organization_id = find_organization(&row, item, writer);
        if (has_extra) {
            writer_begin(writer);
            write_members(decoder, item, false);
            row.extra = writer_end(writer);
            complain_text(&complaint, "a field without a column", writer->problem);
        }
    }
    if (writer->problem == WRITER_MEMORY)
        return ROW_NO_MEMORY;
    if (complaint.text[0])
        return reject(decoder, item, &complaint, ret_reject);
    *ret_row = row;
    return ROW_GOOD;
}
