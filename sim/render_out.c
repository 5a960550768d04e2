// SPDX-License-Identifier: Apache-2.0
// render_out.c - the growing output, and printers for numbers, instants, ids and text.
#include "render_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BYTES = 1 << 16, FORMAT_BYTES = 4096 };

static const char two_digits[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

bool out_grow(struct sim_out *out, size_t n)
{
    if (out->failed)
        return false;
    size_t capacity = out->capacity < FIRST_BYTES ? FIRST_BYTES : out->capacity;
    while (capacity - out->len < n) {
        if (capacity > SIZE_MAX / 2)
            break;
        capacity *= 2;
    }
    char *data = capacity - out->len < n ? NULL : realloc(out->data, capacity);
    if (data == NULL) {
        out->failed = true;
        return false;
    }
    out->data = data;
    out->capacity = capacity;
    return true;
}

void sim_out_append(struct sim_out *out, const char *data, size_t len)
{
    if (len > 0) { // an empty text into an empty buffer: memcpy wants no NULL
        put_bytes(out, data, len);
    }
}

void sim_out_text(struct sim_out *out, const char *text)
{
    sim_out_append(out, text, strlen(text));
}

void sim_out_format(struct sim_out *out, const char *format, ...)
{
    if (!out_room(out, FORMAT_BYTES))
        return;
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(out->data + out->len, FORMAT_BYTES, format, arguments);
    va_end(arguments);
    if (len < 0 || len >= FORMAT_BYTES)
        out->failed = true; // longer than this function is meant for
    else
        out->len += (size_t)len;
}

void sim_out_release(struct sim_out *out)
{
    free(out->data);
    *out = (struct sim_out){0};
}

void put_int(struct sim_out *out, int64_t value)
{
    char text[24], *at = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    for (; rest >= 100; rest /= 100) {
        at -= 2;
        memcpy(at, two_digits + rest % 100 * 2, 2);
    }
    if (rest >= 10) {
        at -= 2;
        memcpy(at, two_digits + rest * 2, 2);
    } else {
        *--at = (char)('0' + rest);
    }
    if (value < 0)
        *--at = '-';
    put_bytes(out, at, (size_t)(text + sizeof text - at));
}

static char *two(char *at, int64_t value)
{
    memcpy(at, two_digits + value * 2, 2);
    return at + 2;
}

void put_time(struct sim_out *out, int64_t at_us)
{
    if (at_us == 0) {
        PUT(out, "null");
        return;
    }
    int64_t days = at_us / DAY_US, rest_us = at_us % DAY_US;
    struct calendar_date date = calendar_from_days(days);
    if (!out_room(out, 32))
        return;
    char *at = out->data + out->len;
    *at++ = '"';
    at = two(two(at, date.year / 100), date.year % 100);
    *at++ = '-';
    at = two(at, date.month);
    *at++ = '-';
    at = two(at, date.day);
    *at++ = 'T';
    int64_t seconds = rest_us / SECOND_US, fraction = rest_us % SECOND_US;
    at = two(at, seconds / 3600);
    *at++ = ':';
    at = two(at, seconds / 60 % 60);
    *at++ = ':';
    at = two(at, seconds % 60);
    if (fraction != 0) {
        *at++ = '.';
        at = two(two(two(at, fraction / 10000), fraction / 100 % 100), fraction % 100);
    }
    *at++ = 'Z';
    *at++ = '"';
    out->len = (size_t)(at - out->data);
}

void put_id(struct sim_out *out, const struct sim_world *w, unsigned kind, uint64_t index)
{
    if (index == SIM_NO_ROW) {
        PUT(out, "null");
        return;
    }
    if (!out_room(out, UUID_CHARS + 2))
        return;
    char *at = out->data + out->len;
    at[0] = at[UUID_CHARS + 1] = '"';
    uuid_write(&w->key, kind, index, at + 1);
    out->len += UUID_CHARS + 2;
}

static const char *escape_of(char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return (unsigned char)c < 0x20 ? "\\u0001" : NULL;
    }
}

void put_text(struct sim_out *out, const char *text, size_t len)
{
    if (!out_room(out, 6 * len + 2))
        return;
    char *at = out->data + out->len;
    *at++ = '"';
    for (size_t i = 0; i < len; i++) {
        const char *escape = escape_of(text[i]);
        if (escape == NULL) {
            *at++ = text[i];
            continue;
        }
        size_t escape_len = strlen(escape);
        memcpy(at, escape, escape_len);
        at += escape_len;
    }
    *at++ = '"';
    out->len = (size_t)(at - out->data);
}

void put_string(struct sim_out *out, const char *text)
{
    if (text == NULL)
        PUT(out, "null");
    else
        put_text(out, text, strlen(text));
}

void put_bool(struct sim_out *out, bool value)
{
    if (value)
        PUT(out, "true");
    else
        PUT(out, "false");
}

void put_decimal(struct sim_out *out, int64_t value, int digits)
{
    char text[32];
    int64_t scale = 1;
    for (int i = 0; i < digits; i++)
        scale *= 10;
    if (value < 0)
        PUT(out, "-");
    int64_t positive = value < 0 ? -value : value, rest = positive % scale;
    put_int(out, positive / scale);
    text[0] = '.';
    for (int i = digits; i > 0; i--, rest /= 10)
        text[i] = (char)('0' + rest % 10);
    put_bytes(out, text, (size_t)digits + 1);
}
