// SPDX-License-Identifier: Apache-2.0
// text.c - display width by Unicode's East Asian Width and general category, as ICU knows them.
//
// Names of customers and products come from strangers. A terminal must never see their control characters (an ESC sequence could rewrite what is on the
// screen) nor bidirectional overrides (which reorder the numbers beside them), so both are shown as U+FFFD.
#include "base/text.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

enum { REPLACEMENT = 0xFFFD };

// Next character of text at *at, -1 for a byte that is not UTF-8.
static int32_t next_character(struct sv text, size_t *at)
{
    UChar32 c = 0;
    int32_t i = 0;
    int32_t len = (int32_t)(text.len - *at > 4 ? 4 : text.len - *at);
    const uint8_t *bytes = (const uint8_t *)text.ptr + *at;
    U8_NEXT(bytes, i, len, c);
    *at += (size_t)i;
    return c;
}

// What is shown for a character.
static int32_t shown(int32_t c)
{
    if (c == '\n' || c == '\t' || c == '\r')
        return ' ';
    if (c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
        (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F || c == 0x061C || c == 0x2028 ||
        c == 0x2029)
        return REPLACEMENT;
    return c;
}

static size_t character_width(int32_t c)
{
    int8_t category = u_charType(c);
    if (c == 0xAD) // the soft hyphen: a format character that terminals show
        return 1;
    if (c >= 0x1160 && c <= 0x11FF) // Hangul vowels and finals stand on the syllable's first letter
        return 0;
    if (category == U_NON_SPACING_MARK || category == U_ENCLOSING_MARK || category == U_FORMAT_CHAR)
        return 0;
    int32_t width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
    if (width == U_EA_FULLWIDTH || width == U_EA_WIDE)
        return 2;
    return 1;
}

size_t text_width(struct sv text)
{
    size_t width = 0;
    for (size_t at = 0; at < text.len;)
        width += character_width(shown(next_character(text, &at)));
    return width;
}

static void append_character(struct buf *out, int32_t c)
{
    uint8_t bytes[4];
    int32_t len = 0;
    U8_APPEND_UNSAFE(bytes, len, (uint32_t)c);
    buf_append(out, bytes, (size_t)len);
}

size_t text_show(struct buf *out, struct sv text, size_t width)
{
    bool is_cut = width > 0 && text_width(text) > width;
    size_t room = is_cut ? width - 1 : SIZE_MAX;
    size_t used = 0;
    for (size_t at = 0; at < text.len;) {
        int32_t c = shown(next_character(text, &at));
        size_t columns = character_width(c);
        if (used + columns > room)
            break;
        append_character(out, c);
        used += columns;
    }
    if (is_cut) {
        buf_text(out, "\xE2\x80\xA6");
        used += 1;
    }
    return used;
}
