// SPDX-License-Identifier: Apache-2.0
// buf.c - growing byte buffer: doubles, never passes its ceiling, keeps one byte for the NUL.
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/secret.h"

enum { BUF_FIRST_BYTES = 64 };

void buf_init(struct buf *buf, size_t limit_bytes)
{
    *buf = (struct buf){.limit_bytes = limit_bytes};
}

void buf_release(struct buf *buf)
{
    till_free(buf->data);
    *buf = (struct buf){.limit_bytes = buf->limit_bytes};
}

void buf_wipe(struct buf *buf)
{
    if (buf->data != NULL)
        memory_wipe(buf->data, buf->capacity);
    buf_release(buf);
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->failure = TILL_OK;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

enum till_code buf_reserve(struct buf *buf, size_t more_bytes)
{
    if (buf->failure != TILL_OK)
        return buf->failure;
    size_t wanted; // the NUL's byte included
    if (more_bytes > buf->limit_bytes - buf->len ||
        __builtin_add_overflow(buf->len + more_bytes, 1, &wanted))
        return buf->failure = TILL_LIMIT;
    if (wanted <= buf->capacity)
        return TILL_OK;
    size_t capacity = buf->capacity > 0 ? buf->capacity : BUF_FIRST_BYTES;
    while (capacity < wanted)
        if (__builtin_mul_overflow(capacity, 2, &capacity))
            capacity = wanted;
    if (capacity - 1 > buf->limit_bytes)
        capacity = buf->limit_bytes + 1;
    char *data = till_realloc(buf->data, capacity);
    if (data == NULL)
        return buf->failure = TILL_MEMORY;
    buf->data = data;
    buf->data[buf->len] = '\0';
    buf->capacity = capacity;
    return TILL_OK;
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
    if (buf_reserve(buf, len) != TILL_OK || len == 0)
        return;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_sv(struct buf *buf, struct sv text)
{
    buf_append(buf, text.ptr, text.len);
}

void buf_text(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
    buf_append(buf, &c, 1);
}

void buf_repeat(struct buf *buf, char c, size_t count)
{
    if (buf_reserve(buf, count) != TILL_OK || count == 0)
        return;
    memset(buf->data + buf->len, c, count);
    buf->len += count;
    buf->data[buf->len] = '\0';
}

void buf_int(struct buf *buf, int64_t value)
{
    char digits[20]; // -9223372036854775808
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    buf_append(buf, digits + at, sizeof digits - at);
}

void buf_format(struct buf *buf, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        if (buf->failure == TILL_OK)
            buf->failure = TILL_LIMIT; // longer than an int can tell
    } else if (buf_reserve(buf, (size_t)length) == TILL_OK) {
        vsnprintf(buf->data + buf->len, (size_t)length + 1, format, again);
        buf->len += (size_t)length;
    }
    va_end(again);
}

// The two-character escape of RFC 8259 for c, or 0.
static char json_short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void buf_json_control(struct buf *buf, unsigned c)
{
    static const char hex[] = "0123456789abcdef";
    char letter = c < 0x80 ? json_short_escape((char)c) : 0;
    if (letter != 0)
        buf_append(buf, (char[2]){'\\', letter}, 2);
    else
        buf_append(
            buf,
            (char[6]){'\\', 'u', hex[c >> 12], hex[c >> 8 & 15], hex[c >> 4 & 15], hex[c & 15]}, 6);
}

// The code point of a valid character of `step` bytes when it could drive a terminal that shows the JSON (DEL, C1, marks and overrides of
// direction, line separators), else 0. RFC 8259 lets all of them stand as they are.
static unsigned json_unsafe(const char *text, size_t step)
{
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned c = bytes[0];
    if (step == 2)
        c = (c & 0x1fU) << 6 | (bytes[1] & 0x3fU);
    else if (step == 3)
        c = (c & 0x0fU) << 12 | (bytes[1] & 0x3fU) << 6 | (bytes[2] & 0x3fU);
    else if (step > 3)
        return 0;
    bool is_unsafe = (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
                     (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    return is_unsafe ? c : 0;
}

// Runs that need no escape are appended in one piece.
void buf_json_string(struct buf *buf, struct sv text)
{
    buf_char(buf, '"');
    size_t run = 0; // bytes at the front of text that were looked at and are fine
    while (run < text.len) {
        unsigned c = (unsigned char)text.ptr[run];
        bool is_valid = true;
        size_t step = 1;
        bool is_plain = c >= 0x20 && c != '"' && c != '\\';
        if (c >= 0x7f) {
            step = sv_utf8_step((struct sv){text.ptr + run, text.len - run}, &is_valid);
            c = is_valid ? json_unsafe(text.ptr + run, step) : 0;
            is_plain = c == 0;
        }
        if (is_plain && is_valid) {
            run += step;
            continue;
        }
        buf_append(buf, text.ptr, run);
        if (is_valid)
            buf_json_control(buf, c);
        else
            buf_text(buf, "\xEF\xBF\xBD"); // U+FFFD
        text.ptr += run + step;
        text.len -= run + step;
        run = 0;
    }
    buf_append(buf, text.ptr, run);
    buf_char(buf, '"');
}

enum till_code buf_fail(const struct buf *buf, const char *what, struct till_error *e)
{
    if (buf->failure == TILL_OK)
        return TILL_OK;
    if (buf->failure == TILL_LIMIT)
        return TILL_FAIL(e, TILL_LIMIT, buf->limit_bytes, "%s: more than the limit of %zu bytes",
                         what, buf->limit_bytes);
    return TILL_FAIL(e, TILL_MEMORY, 0, "%s: out of memory", what);
}
