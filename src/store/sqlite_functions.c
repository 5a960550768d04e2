// SPDX-License-Identifier: Apache-2.0
// sqlite_functions.c - stand-ins for SQLite's functions that can hold the processor for long, on connections that people's SQL reaches.
//
// A query is interrupted between instructions of SQLite's machine, and a function call is one instruction. So a call must be short whatever
// its arguments are: they have at most TILL_LIMIT_QUERY_VALUE_BYTES each. instr() and replace() compare in quadratic time; ours use
// memmem(), which is linear. printf() writes a billion characters one by one for '%.*c' before it notices the limit (until 3.42); ours cuts
// the format into its conversions, refuses a width or precision beyond a ceiling, and leaves each conversion to SQLite's own printf.
#include "store/sqlite.h"

#include <string.h>

#include "base/attr.h"
#include "base/limits.h"

enum { FORMAT_WIDTH = 10000, CONVERSION_BYTES = 32 };

static bool is_null(sqlite3_value *value)
{
    return sqlite3_value_type(value) == SQLITE_NULL;
}

static struct sv text_of(sqlite3_value *value)
{
    const char *text = (const char *)sqlite3_value_text(value);
    return (struct sv){text, text ? (size_t)sqlite3_value_bytes(value) : 0};
}

static struct sv blob_of(sqlite3_value *value)
{
    const char *bytes = sqlite3_value_blob(value);
    return (struct sv){bytes ? bytes : "", bytes ? (size_t)sqlite3_value_bytes(value) : 0};
}

// The position counts characters; bytes when both are blobs. As SQLite's own.
static void quick_instr(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    if (is_null(values[0]) || is_null(values[1]))
        return;
    bool is_blob = sqlite3_value_type(values[0]) == SQLITE_BLOB &&
                   sqlite3_value_type(values[1]) == SQLITE_BLOB;
    struct sv hay = is_blob ? blob_of(values[0]) : text_of(values[0]);
    struct sv needle = is_blob ? blob_of(values[1]) : text_of(values[1]);
    if (!hay.ptr || !needle.ptr) {
        sqlite3_result_error_nomem(context);
        return;
    }
    const char *found =
        needle.len == 0 ? hay.ptr : memmem(hay.ptr, hay.len, needle.ptr, needle.len);
    sqlite3_int64 position = found ? 1 : 0;
    for (const char *c = hay.ptr; found && c < found; c++)
        position += is_blob || ((unsigned char)*c & 0xc0) != 0x80;
    sqlite3_result_int64(context, position);
}

static void give(sqlite3_context *context, const struct buf *out)
{
    if (out->failure == TILL_LIMIT)
        sqlite3_result_error_toobig(context);
    else if (out->failure)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text64(context, out->data ? out->data : "", out->len, SQLITE_TRANSIENT,
                              SQLITE_UTF8);
}

static void quick_replace(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    if (is_null(values[0]) || is_null(values[1]) || is_null(values[2]))
        return;
    struct sv hay = text_of(values[0]), from = text_of(values[1]), to = text_of(values[2]);
    if (!hay.ptr || !from.ptr || !to.ptr) {
        sqlite3_result_error_nomem(context);
        return;
    }
    AUTO_BUF out;
    buf_init(&out, TILL_LIMIT_QUERY_VALUE_BYTES);
    while (from.len > 0 && !out.failure) {
        const char *found = memmem(hay.ptr, hay.len, from.ptr, from.len);
        if (!found)
            break;
        size_t before = (size_t)(found - hay.ptr);
        buf_append(&out, hay.ptr, before);
        buf_append(&out, to.ptr, to.len);
        hay.ptr += before + from.len;
        hay.len -= before + from.len;
    }
    buf_append(&out, hay.ptr, hay.len);
    give(context, &out);
}

// ---- printf ----

struct format {
    const char *rest; // NUL-terminated
    sqlite3_value **values;
    int count, next;
    bool is_too_wide;
};

static sqlite3_value *next_value(struct format *format)
{
    return format->next < format->count ? format->values[format->next++] : NULL;
}

// Copies a width or precision, with '*' replaced by its argument.
static void take_number(struct format *format, char *conversion, size_t *length)
{
    long long number = 0;
    bool is_there = false;
    if (*format->rest == '*') {
        sqlite3_value *value = next_value(format);
        number = value ? sqlite3_value_int64(value) : 0;
        is_there = true;
        format->rest++;
    }
    for (; *format->rest >= '0' && *format->rest <= '9'; format->rest++) {
        number = number < FORMAT_WIDTH * 10 ? number * 10 + (*format->rest - '0') : number;
        is_there = true;
    }
    if (number > FORMAT_WIDTH || number < -FORMAT_WIDTH)
        format->is_too_wide = true;
    else if (is_there)
        *length += strlen(sqlite3_snprintf((int)(CONVERSION_BYTES - *length), conversion + *length,
                                           "%lld", number));
}

static void write_conversion(sqlite3_str *out, struct format *format, char *conversion,
                             size_t length)
{
    static const char integers[] = "diuxXo", reals[] = "fFeEgG", texts[] = "sqQwzc";
    char letter = *format->rest;
    format->rest += letter != '\0';
    if (letter == '%' || letter == '\0') {
        sqlite3_str_appendchar(out, 1, '%');
        return;
    }
    bool is_integer = strchr(integers, letter) != NULL;
    if (!is_integer && !strchr(reals, letter) && !strchr(texts, letter))
        return; // SQLite's own stops at what it does not know; the rest of the format is worth more
    if (is_integer) {
        conversion[length++] = 'l';
        conversion[length++] = 'l';
    }
    conversion[length++] = letter == 'i' ? 'd' : letter == 'z' ? 's' : letter;
    conversion[length] = '\0';
    sqlite3_value *value = next_value(format);
    if (is_integer) {
        sqlite3_str_appendf(out, conversion, value ? sqlite3_value_int64(value) : (sqlite3_int64)0);
    } else if (strchr(reals, letter)) {
        sqlite3_str_appendf(out, conversion, value ? sqlite3_value_double(value) : 0.0);
    } else {
        const char *text = value ? (const char *)sqlite3_value_text(value) : NULL;
        if (letter == 'c') {
            conversion[length - 1] = 's';
            struct sv all = sv_of(text ? text : "");
            struct sv first = store_cut(all, all.len < 4 ? all.len : 4);
            size_t length_of_one = first.len > 0;
            while (length_of_one < first.len &&
                   ((unsigned char)first.ptr[length_of_one] & 0xc0) == 0x80)
                length_of_one++;
            char one[8];
            memcpy(one, first.ptr, length_of_one);
            one[length_of_one] = '\0';
            sqlite3_str_appendf(out, conversion, one);
        } else {
            sqlite3_str_appendf(out, conversion, text);
        }
    }
}

static void take_conversion(sqlite3_str *out, struct format *format)
{
    char conversion[CONVERSION_BYTES + 8] = "%";
    size_t length = 1;
    for (; *format->rest && strchr("-+ #0,!", *format->rest); format->rest++)
        if (length < 8)
            conversion[length++] = *format->rest;
    take_number(format, conversion, &length);
    if (*format->rest == '.') {
        conversion[length++] = *format->rest++;
        take_number(format, conversion, &length);
    }
    format->rest += strspn(format->rest, "l");
    if (!format->is_too_wide)
        write_conversion(out, format, conversion, length);
}

static void quick_printf(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (count == 0 || is_null(values[0]))
        return;
    struct format format = {.rest = (const char *)sqlite3_value_text(values[0]),
                            .values = values + 1,
                            .count = count - 1};
    if (!format.rest) {
        sqlite3_result_error_nomem(context);
        return;
    }
    sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(context));
    while (*format.rest && !format.is_too_wide && sqlite3_str_errcode(out) == SQLITE_OK) {
        size_t plain = strcspn(format.rest, "%");
        sqlite3_str_append(out, format.rest, (int)plain);
        format.rest += plain;
        if (*format.rest == '%') {
            format.rest++;
            take_conversion(out, &format);
        }
    }
    int rc = format.is_too_wide ? SQLITE_TOOBIG : sqlite3_str_errcode(out);
    int length = sqlite3_str_length(out);
    char *text = sqlite3_str_finish(out);
    if (rc == SQLITE_TOOBIG)
        sqlite3_result_error_toobig(context);
    else if (rc != SQLITE_OK)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text(context, text ? text : "", length,
                            text ? SQLITE_TRANSIENT : SQLITE_STATIC);
    sqlite3_free(text);
}

int sqlite_functions(sqlite3 *handle)
{
    static const struct {
        const char *name;
        int count;
        void (*function)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"instr", 2, quick_instr},
        {"replace", 3, quick_replace},
        {"printf", -1, quick_printf},
        {"format", -1, quick_printf},
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; i < TILL_COUNT(functions) && rc == SQLITE_OK; i++)
        rc = sqlite3_create_function_v2(handle, functions[i].name, functions[i].count,
                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
                                        functions[i].function, NULL, NULL, NULL);
    return rc;
}
