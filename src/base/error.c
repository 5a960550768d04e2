// SPDX-License-Identifier: Apache-2.0
// error.c - fills struct till_error from fixed memory only.
//
// Texts are formatted into a buffer of this file's own first, so that an error may be described with parts of itself, and cut at a
// character boundary, because a service's words may be in any script.
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/sv.h"

// Formats without overflow; returns the length that was kept.
static size_t error_format(char *text, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
static size_t error_format(char *text, size_t size, const char *format, va_list arguments)
{
    int length = vsnprintf(text, size, format, arguments);
    if (length < 0) {
        text[0] = '\0';
        return 0;
    }
    size_t kept = (size_t)length;
    if (kept >= size)
        kept = sv_utf8_cut((struct sv){text, size - 1}, size - 1);
    text[kept] = '\0';
    return kept;
}

enum till_code till_error_set(struct till_error *e, enum till_code code, long detail,
                              const char *file, int line, const char *format, ...)
{
    char text[TILL_ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    size_t length = error_format(text, sizeof text, format, arguments);
    va_end(arguments);

    e->code = code;
    e->detail = detail;
    e->file = file;
    e->line = line;
    memcpy(e->text, text, length + 1);
    e->hint[0] = '\0';
    return code;
}

enum till_code till_error_context(struct till_error *e, const char *format, ...)
{
    char text[TILL_ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    size_t length = error_format(text, sizeof text, format, arguments);
    va_end(arguments);

    const char *separator = e->text[0] != '\0' ? ": " : "";
    size_t room = sizeof text - 1 - length;
    for (const char *from = separator; *from != '\0' && room > 0; from++, room--)
        text[length++] = *from;
    size_t keep = sv_utf8_cut(sv_of(e->text), room);
    memcpy(text + length, e->text, keep);
    length += keep;
    text[length] = '\0';
    memcpy(e->text, text, length + 1);
    return e->code;
}

enum till_code till_error_hint(struct till_error *e, const char *format, ...)
{
    char hint[TILL_ERROR_HINT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    size_t length = error_format(hint, sizeof hint, format, arguments);
    va_end(arguments);
    memcpy(e->hint, hint, length + 1);
    return e->code;
}

void till_error_clear(struct till_error *e)
{
    *e = (struct till_error){.code = TILL_OK};
}

static const struct {
    const char *name;
    const char *words;
    int status;
    bool may_retry;
} codes[] = {
#define TILL_CODE_ROW(name, word, status, retry, words)                                            \
    [TILL_##name] = {word, words, status, retry},
    TILL_CODES(TILL_CODE_ROW)
#undef TILL_CODE_ROW
};

int till_code_exit_status(enum till_code code)
{
    return codes[code].status;
}

bool till_code_may_retry(enum till_code code)
{
    return codes[code].may_retry;
}

const char *till_code_words(enum till_code code)
{
    return codes[code].words;
}

const char *till_code_name(enum till_code code)
{
    return codes[code].name;
}
