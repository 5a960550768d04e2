// SPDX-License-Identifier: Apache-2.0
// pieces.c - small words that several views share: durations, ages, counts, sizes, ink.
#include "views/views.h"

#include <inttypes.h>

#include "base/text.h"

static const char *const inks[] = {
    [INK_BOLD] = "1", [INK_DIM] = "2", [INK_GREEN] = "32", [INK_RED] = "31", [INK_YELLOW] = "33"};

void view_ink(struct buf *out, const struct view_style *style, enum view_ink ink, const char *text)
{
    if (style->has_color)
        buf_format(out, "\x1b[%sm%s\x1b[0m", inks[ink], text);
    else
        buf_text(out, text);
}

void view_duration(struct buf *out, int64_t milliseconds)
{
    milliseconds = milliseconds < 0 ? 0 : milliseconds;
    int64_t seconds = milliseconds / 1000;
    if (milliseconds < 1000)
        buf_format(out, "%" PRId64 " ms", milliseconds);
    else if (seconds < 10)
        buf_format(out, "%" PRId64 ".%" PRId64 " s", seconds, milliseconds % 1000 / 100);
    else if (seconds < 120)
        buf_format(out, "%" PRId64 " s", seconds);
    else if (seconds < 120 * 60)
        buf_format(out, "%" PRId64 " min", seconds / 60);
    else if (seconds < 48 * 3600)
        buf_format(out, "%" PRId64 " h", seconds / 3600);
    else
        buf_format(out, "%" PRId64 " days", seconds / 86400);
}

void view_ago(struct buf *out, int64_t then_us, int64_t now_us)
{
    if (then_us == 0) {
        buf_text(out, "never");
        return;
    }
    int64_t age_us = 0;
    if (__builtin_sub_overflow(now_us, then_us, &age_us))
        age_us = INT64_MAX;
    int64_t age_ms = age_us / 1000;
    if (age_ms < 5000) {
        buf_text(out, "just now");
        return;
    }
    view_duration(out, age_ms);
    buf_text(out, " ago");
}

void view_in(struct buf *out, int64_t then_us, int64_t now_us)
{
    int64_t wait_us = 0;
    if (then_us <= now_us) {
        buf_text(out, "now");
        return;
    }
    if (__builtin_sub_overflow(then_us, now_us, &wait_us))
        wait_us = INT64_MAX;
    int64_t wait_ms = wait_us / 1000 + (wait_us % 1000 != 0);
    buf_text(out, "in ");
    // To the next second or minute: "in 15 min" right after a run, not "in 14".
    view_duration(out, wait_ms < 120000 ? (wait_ms + 999) / 1000 * 1000 : wait_ms + 59999);
}

void view_count(struct buf *out, int64_t count)
{
    char digits[24];
    char grouped[32];
    size_t at = sizeof(grouped);
    uint64_t rest = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    size_t len = 0;
    do {
        digits[len++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && i % 3 == 0)
            grouped[--at] = ',';
        grouped[--at] = digits[i];
    }
    if (count < 0)
        grouped[--at] = '-';
    buf_append(out, grouped + at, sizeof(grouped) - at);
}

void view_bytes(struct buf *out, int64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    uint64_t rest = bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes;
    uint64_t below = 0; // what the last division left over, in 1024ths of the unit
    while (rest >= 1024 && unit + 1 < TILL_COUNT(units)) {
        below = rest % 1024;
        rest /= 1024;
        unit += 1;
    }
    if (unit == 0)
        buf_format(out, "%" PRId64 " bytes", bytes);
    else
        buf_format(out, "%s%" PRIu64 ".%" PRIu64 " %s", bytes < 0 ? "-" : "", rest,
                   below * 10 / 1024, units[unit]);
}

void view_wrap(struct buf *out, struct sv text, size_t column, size_t indent)
{
    struct sv rest = text;
    struct sv word = {0};
    bool is_first = true;
    while (sv_split(&rest, ' ', &word)) {
        size_t width = text_width(word);
        if (!is_first && column + 1 + width > VIEW_COLUMNS) {
            buf_char(out, '\n');
            buf_repeat(out, ' ', indent);
            column = indent;
        } else if (!is_first) {
            buf_char(out, ' ');
            column += 1;
        }
        column += text_show(out, word, 0);
        is_first = false;
    }
    buf_char(out, '\n');
}
