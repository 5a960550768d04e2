// SPDX-License-Identifier: Apache-2.0
// faults_spoil.c - turns a good body into one that is wrong in exactly one way.
//
// Most variants parse the page, change the tree and write it again; numbers stay as they were written. The ones that JSON writers refuse
// to produce (a bad byte, half a document, gzip) work on the bytes.
#include "faults.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>
#include <zlib.h>

static const char unknown_value[] = "zz_never_heard_of";

// Takes over `text` (length bytes, allocated).
static bool replace_body(struct sim_out *body, char *text, size_t length)
{
    if (text == NULL) {
        return false;
    }
    sim_out_release(body);
    body->data = text;
    body->len = body->capacity = length;
    return true;
}

static void swap_types(yyjson_mut_val *row)
{
    yyjson_mut_obj_iter iterator = yyjson_mut_obj_iter_with(row);
    for (yyjson_mut_val *key = yyjson_mut_obj_iter_next(&iterator); key != NULL;
         key = yyjson_mut_obj_iter_next(&iterator)) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        if (yyjson_mut_is_str(value)) {
            yyjson_mut_set_int(value, 12345);
        } else if (yyjson_mut_is_raw(value) || yyjson_mut_is_num(value)) {
            yyjson_mut_set_str(value, "not a number");
        } else if (yyjson_mut_is_obj(value)) {
            yyjson_mut_set_bool(value, true);
        }
    }
}

static void make_unknown(yyjson_mut_doc *document, yyjson_mut_val *row)
{
    static const char *const enums[] = {"status", "type", "visibility", "billing_reason", "reason"};
    for (size_t i = 0; i < sizeof(enums) / sizeof(*enums); i++) {
        yyjson_mut_val *value = yyjson_mut_obj_get(row, enums[i]);
        if (yyjson_mut_is_str(value)) {
            yyjson_mut_set_str(value, unknown_value);
        }
    }
    yyjson_mut_obj_add_str(document, row, "field_of_tomorrow", "\xE2\x98\x83 new");
    yyjson_mut_obj_add_val(document, row, "object_of_tomorrow", yyjson_mut_obj(document));
}

// Sets `action->field` of a row to the JSON text `action->text`, adding it when it is not there.
static void set_field(yyjson_mut_doc *document, yyjson_mut_val *row,
                      const struct fault_action *action)
{
    yyjson_doc *value = yyjson_read(action->text, strlen(action->text), YYJSON_READ_NUMBER_AS_RAW);
    if (value == NULL) {
        return;
    }
    yyjson_mut_val *copy = yyjson_val_mut_copy(document, yyjson_doc_get_root(value));
    yyjson_mut_obj_put(row, yyjson_mut_strcpy(document, action->field), copy);
    yyjson_doc_free(value);
}

static void spoil_row(yyjson_mut_doc *document, yyjson_mut_val *row,
                      const struct fault_action *action)
{
    if (action->variant == GARBAGE_MISSING_ID) {
        yyjson_mut_obj_remove_key(row, "id");
    } else if (action->variant == GARBAGE_WRONG_TYPES) {
        swap_types(row);
    } else if (action->variant == GARBAGE_UNKNOWN) {
        make_unknown(document, row);
    } else if (action->variant == GARBAGE_SET) {
        set_field(document, row, action);
    } else if (action->variant == GARBAGE_REMOVE) {
        yyjson_mut_obj_remove_key(row, action->field);
    } else if (action->variant == GARBAGE_NOT_ROW) {
        yyjson_mut_set_int(row, 7);
    }
}

static void move_number(yyjson_mut_doc *document, yyjson_mut_val *object, const char *name,
                        int64_t by)
{
    const char *raw = yyjson_mut_get_raw(yyjson_mut_obj_get(object, name));
    int64_t number = raw != NULL ? strtoll(raw, NULL, 10) : 0;
    yyjson_mut_obj_put(object, yyjson_mut_str(document, name),
                       yyjson_mut_sint(document, number + by));
}

static void spoil_page(yyjson_mut_doc *document, const struct fault_action *action)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(document);
    yyjson_mut_val *items = yyjson_mut_obj_get(root, "items");
    yyjson_mut_val *pagination = yyjson_mut_obj_get(root, "pagination");
    size_t count = yyjson_mut_arr_size(items);
    if (action->variant == GARBAGE_EMPTY_ITEMS) {
        yyjson_mut_arr_clear(items);
    } else if (action->variant == GARBAGE_WRONG_TOTAL) {
        move_number(document, pagination, "total_count", action->seconds);
    } else if (action->variant == GARBAGE_NO_PAGINATION) {
        yyjson_mut_obj_remove_key(root, "pagination");
    } else if (action->variant == GARBAGE_DUPLICATE_ROWS && count > 1) {
        yyjson_mut_val *first = yyjson_mut_val_mut_copy(document, yyjson_mut_arr_get_first(items));
        yyjson_mut_arr_remove_last(items);
        yyjson_mut_arr_append(items, first);
    } else if (items == NULL) {
        spoil_row(document, root, action); // a get-one answer
    }
    for (size_t i = 0; i < count; i++) {
        if (action->row < 0 || (size_t)action->row == i) {
            spoil_row(document, yyjson_mut_arr_get(items, i), action);
        }
    }
}

static bool spoil_tree(const struct fault_action *action, struct sim_out *body)
{
    yyjson_doc *page = yyjson_read(body->data, body->len, YYJSON_READ_NUMBER_AS_RAW);
    if (page == NULL) {
        return true; // no page: nothing to spoil
    }
    yyjson_mut_doc *document = yyjson_doc_mut_copy(page, NULL);
    char *text = NULL;
    size_t length = 0;
    if (document != NULL) {
        spoil_page(document, action);
        text = yyjson_mut_write(document, 0, &length);
    }
    yyjson_mut_doc_free(document);
    yyjson_doc_free(page);
    return replace_body(body, text, length);
}

// Puts `bytes` in front of the first character of a string that is free text or an id.
static bool insert_in_string(struct sim_out *body, const char *bytes, size_t count)
{
    static const char *const places[] = {"\"name\":\"", "\"description\":\"", "\"id\":\""};
    const char *found = NULL;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places) && found == NULL; i++) {
        found = memmem(body->data, body->len, places[i], strlen(places[i]));
        found = found != NULL ? found + strlen(places[i]) : NULL;
    }
    if (found == NULL) {
        return true;
    }
    size_t before = (size_t)(found - body->data);
    struct sim_out made = {0};
    sim_out_append(&made, body->data, before);
    sim_out_append(&made, bytes, count);
    sim_out_append(&made, found, body->len - before);
    if (made.failed) {
        sim_out_release(&made);
        return false;
    }
    return replace_body(body, made.data, made.len);
}

static bool compress_body(struct sim_out *body)
{
    enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return false;
    }
    size_t room = deflateBound(&stream, body->len);
    char *text = malloc(room);
    stream.next_in = (unsigned char *)body->data;
    stream.avail_in = (unsigned)body->len;
    stream.next_out = (unsigned char *)text;
    stream.avail_out = (unsigned)room;
    bool is_done = text != NULL && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    size_t length = stream.total_out;
    deflateEnd(&stream);
    if (!is_done) {
        free(text);
        return false;
    }
    return replace_body(body, text, length);
}

static bool replace_text(struct sim_out *body, const char *text)
{
    body->len = 0;
    sim_out_text(body, text);
    return !body->failed;
}

static bool fill_brackets(struct sim_out *body, int64_t depth)
{
    char *text = malloc((size_t)depth + 1);
    if (text == NULL) {
        return false;
    }
    memset(text, '[', (size_t)depth);
    return replace_body(body, text, (size_t)depth);
}

bool fault_spoil(const struct fault_action *action, struct sim_out *body)
{
    static const char html[] =
        "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head><body>Checking your "
        "browser.</body></html>\n";
    enum garbage_variant variant = action->variant;
    if (variant == GARBAGE_CONTENT_TYPE || variant == GARBAGE_HUGE) {
        return true; // the server's business
    }
    if (variant == GARBAGE_HTML || variant == GARBAGE_NOT_OBJECT) {
        return replace_text(body, variant == GARBAGE_HTML ? html : "[1,2,3]");
    }
    if (variant == GARBAGE_INVALID_UTF8) {
        return insert_in_string(body, "\xFF", 1);
    }
    if (variant == GARBAGE_NUL) {
        return insert_in_string(body, "\\u0000", 6);
    }
    if (variant == GARBAGE_DEPTH_BOMB) {
        return fill_brackets(body, action->size);
    }
    if (variant == GARBAGE_GZIP) {
        return compress_body(body);
    }
    if (variant == GARBAGE_HALF || variant == GARBAGE_EMPTY_BODY) {
        body->len = variant == GARBAGE_HALF ? body->len / 2 : 0;
        return true;
    }
    return spoil_tree(action, body);
}
