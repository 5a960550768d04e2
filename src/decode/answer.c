// SPDX-License-Identifier: Apache-2.0
// answer.c - the small questions about JSON that other rooms have: what an error answer says, and one string at a path.
//
// Error answers have no common shape (a domain error, a validation error with a list, OAuth's form, plain text or a web page of something
// in between), and their text is shown to people: whatever comes is cut short, stripped of control characters and of credentials.
#include "base/limits.h"
#include "decode/credential.h"
#include "decode/decode.h"
#include "decode/document.h"

enum { ANSWER_ARENA_BYTES = 8 * 1024 * 1024 };

static struct sv string_of(yyjson_val *object, const char *key)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_str(value) ? document_text(value) : (struct sv){NULL, 0};
}

// One run of white space and control characters becomes one space; credentials are blotted out; bytes that are not UTF-8 become U+FFFD.
static void append_clean(struct buf *buf, struct sv text)
{
    struct sv secret;
    bool has_secret = credential_find(text, &secret);
    while (text.len > 0) {
        bool is_valid = true;
        size_t step = sv_utf8_step(text, &is_valid);
        unsigned char c = (unsigned char)text.ptr[0];
        bool is_c1 = c == 0xC2 && step == 2 && (unsigned char)text.ptr[1] < 0xA0;
        if (has_secret && text.ptr == secret.ptr) {
            buf_text(buf, CREDENTIAL_BLOT);
            step = secret.len;
            has_secret = credential_find((struct sv){text.ptr + step, text.len - step}, &secret);
        } else if (c <= 0x20 || c == 0x7F || is_c1) {
            if (buf->len > 0 && buf->data[buf->len - 1] != ' ')
                buf_char(buf, ' ');
        } else if (!is_valid) {
            buf_text(buf, "\xEF\xBF\xBD");
        } else {
            buf_append(buf, text.ptr, step);
        }
        text.ptr += step;
        text.len -= step;
    }
}

// "query.limit: Input should be greater than 0", of the first entry of a 422's detail.
static void append_validation(struct buf *buf, yyjson_val *entry)
{
    size_t index, count;
    yyjson_val *part;
    yyjson_val *path = yyjson_obj_get(entry, "loc");
    yyjson_arr_foreach(path, index, count, part)
    {
        if (index > 0)
            buf_char(buf, '.');
        if (yyjson_is_str(part) || yyjson_is_raw(part))
            append_clean(buf, document_text(part));
    }
    if (yyjson_arr_size(path) > 0)
        buf_text(buf, ": ");
    append_clean(buf, string_of(entry, "msg"));
}

static void append_error(struct buf *buf, yyjson_val *root)
{
    struct sv error = string_of(root, "error");
    struct sv detail = string_of(root, "detail");
    yyjson_val *list = yyjson_obj_get(root, "detail");
    append_clean(buf, error);
    if (detail.len == 0)
        detail = string_of(root, "error_description");
    bool has_more = yyjson_arr_size(list) > 0 || (detail.len > 0 && !sv_equal(detail, error));
    if (error.len > 0 && has_more)
        buf_text(buf, ": ");
    if (yyjson_arr_size(list) > 0)
        append_validation(buf, yyjson_arr_get_first(list));
    else if (has_more)
        append_clean(buf, detail);
}

void decode_error_text(struct sv body, struct buf *out)
{
    struct till_error ignored = {0};
    struct document document;
    AUTO_ARENA arena;
    AUTO_BUF text;
    arena_init(&arena, ANSWER_ARENA_BYTES);
    buf_init(&text, TILL_LIMIT_RESPONSE_BYTES);
    if (document_parse(body, &arena, &arena, &document, &ignored) == TILL_OK)
        append_error(&text, document.root);
    if (text.len == 0) {
        // Four bytes of text are at most one character; more than that of the raw answer is never shown.
        size_t keep = sv_utf8_cut(body, (size_t)TILL_LIMIT_ERROR_BODY_BYTES * 4);
        append_clean(&text, (struct sv){body.ptr, keep});
    }
    struct sv shown = sv_trim((struct sv){text.data, text.len});
    shown.len = sv_utf8_cut(shown, TILL_LIMIT_ERROR_BODY_BYTES);
    buf_sv(out, shown);
}

bool decode_is_route_not_found(struct sv body)
{
    struct till_error ignored = {0};
    struct document document;
    AUTO_ARENA arena;
    arena_init(&arena, ANSWER_ARENA_BYTES);
    return document_parse(body, &arena, &arena, &document, &ignored) == TILL_OK &&
           yyjson_obj_size(document.root) == 1 &&
           sv_equal(string_of(document.root, "detail"), SV("Not Found"));
}

bool decode_is_resource_not_found(struct sv body)
{
    struct till_error ignored = {0};
    struct document document;
    AUTO_ARENA arena;
    arena_init(&arena, ANSWER_ARENA_BYTES);
    return document_parse(body, &arena, &arena, &document, &ignored) == TILL_OK &&
           sv_equal(string_of(document.root, "error"), SV("ResourceNotFound"));
}

static yyjson_val *step_into(yyjson_val *value, struct sv part)
{
    int64_t index;
    if (yyjson_is_obj(value) && !model_is_credential_key(part))
        return yyjson_obj_getn(value, part.ptr, part.len);
    if (yyjson_is_arr(value) && sv_to_int64(part, &index) && index >= 0)
        return yyjson_arr_get(value, (size_t)index);
    return NULL;
}

bool decode_string_at(struct sv body, const char *path, struct arena *arena, struct sv *ret_text)
{
    struct till_error ignored = {0};
    struct document document;
    struct sv rest = sv_of(path), part, secret;
    AUTO_ARENA scratch;
    arena_init(&scratch, TILL_LIMIT_ARENA_BYTES);
    if (document_parse(body, &scratch, &scratch, &document, &ignored) != TILL_OK)
        return false;
    yyjson_val *value = document.root;
    while (value && sv_split(&rest, '.', &part))
        value = step_into(value, part);
    if (!yyjson_is_str(value))
        return false;
    struct sv text = document_text(value);
    if (!sv_is_utf8(text) || credential_find(text, &secret))
        return false;
    struct sv copy = arena_sv(arena, text);
    if (!copy.ptr)
        return false;
    *ret_text = copy;
    return true;
}
