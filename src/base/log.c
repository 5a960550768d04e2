// SPDX-License-Identifier: Apache-2.0
// log.c - formats one line, makes it harmless, and hands it to stderr in one write, so that lines of several processes do not mix.
//
// Harmless: control characters and malformed UTF-8 become \xNN and a backslash is doubled, so a line break from outside cannot forge
// a second line and no terminal escape gets through.
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/sv.h"

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};
static atomic_int log_level = LOG_LEVEL_WARNING;

void log_set_level(enum log_level level)
{
    atomic_store(&log_level, (int)level);
}

void log_set_level_from_environment(void)
{
    struct sv wanted = sv_of(getenv("TILL_LOG"));
    for (size_t i = 0; i < TILL_COUNT(level_names); i++)
        if (sv_equal_ignoring_case(wanted, sv_of(level_names[i])))
            log_set_level((enum log_level)i);
}

// The character at the front of *text in a form for the log; returns its length (at most 4 bytes).
static size_t log_escape(struct sv *text, char ret_out[static 4])
{
    static const char hex[] = "0123456789abcdef";
    bool is_valid;
    size_t step = sv_utf8_step(*text, &is_valid);
    unsigned char c = (unsigned char)text->ptr[0];
    size_t length = step;
    if (is_valid && c == '\\') {
        memcpy(ret_out, "\\\\", 2);
        length = 2;
    } else if (!is_valid || c < 0x20 || c == 0x7F || (c == 0xC2 && (text->ptr[1] & 0x60) == 0)) {
        // C1 controls (U+0080..9F) drive terminals too: their first byte alone is escaped, which leaves the second malformed.
        memcpy(ret_out, (char[4]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
        length = 4;
        step = 1;
    } else {
        memcpy(ret_out, text->ptr, step);
    }
    text->ptr += step;
    text->len -= step;
    return length;
}

void log_event(enum log_level level, const char *format, ...)
{
    if ((int)level > atomic_load(&log_level))
        return;
    char text[TILL_LIMIT_LOG_LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int formatted = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (formatted < 0)
        return;
    struct sv rest = {text, strlen(text)};
    rest.len = sv_utf8_cut(rest, rest.len);

    char line[TILL_LIMIT_LOG_LINE_BYTES + 32];
    int head = snprintf(line, sizeof line, "%s ", level_names[level]);
    size_t length = head > 0 ? (size_t)head : 0;
    while (rest.len > 0 && length + 5 < sizeof line)
        length += log_escape(&rest, line + length);
    line[length++] = '\n';
    for (size_t written = 0; written < length;) {
        ssize_t step = write(STDERR_FILENO, line + written, length - written);
        if (step <= 0)
            return; // nobody is left to tell
        written += (size_t)step;
    }
}
