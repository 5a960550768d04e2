// SPDX-License-Identifier: Apache-2.0
// json.c - the few words of JSON that views write: keys, texts, numbers, moments. Commas follow from what stands before.
#include "views/views.h"

void view_json_key(struct buf *out, const char *key)
{
    char before = out->len > 0 ? out->data[out->len - 1] : '{';
    if (before != '{' && before != '[')
        buf_char(out, ',');
    buf_json_string(out, sv_of(key));
    buf_char(out, ':');
}

void view_json_text(struct buf *out, const char *key, const char *text)
{
    view_json_key(out, key);
    if (text && text[0])
        buf_json_string(out, sv_of(text));
    else
        buf_text(out, "null");
}

void view_json_sv(struct buf *out, const char *key, struct sv text)
{
    view_json_key(out, key);
    if (text.ptr)
        buf_json_string(out, text);
    else
        buf_text(out, "null");
}

void view_json_date(struct buf *out, const char *key, struct civil_date date)
{
    view_json_key(out, key);
    buf_format(out, "\"%04d-%02d-%02d\"", (int)date.year, (int)date.month, (int)date.day);
}

void view_json_int(struct buf *out, const char *key, int64_t value)
{
    view_json_key(out, key);
    buf_int(out, value);
}

void view_json_bool(struct buf *out, const char *key, bool value)
{
    view_json_key(out, key);
    buf_text(out, value ? "true" : "false");
}

void view_json_time(struct buf *out, const char *key, int64_t unix_us)
{
    char text[TIMESTAMP_BYTES + 1];
    bool is_known = unix_us != 0 && timestamp_format(unix_us, text);
    view_json_text(out, key, is_known ? text : NULL);
}
