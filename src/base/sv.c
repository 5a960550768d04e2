// SPDX-License-Identifier: Apache-2.0
// sv.c - borrowed text: comparing, cutting, reading numbers and UTF-8.
//
// The UTF-8 reader is the table of well-formed byte sequences of the Unicode standard (3.9, table 3-7): the first byte settles the length
// and the range of the second, all further ones are 80..BF. A malformed piece is the longest start of a sequence that could have become a
// character, or one byte: the standard's recommended practice for U+FFFD, which browsers and ICU follow too.
#include "base/sv.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool sv_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool sv_equal_ignoring_case(struct sv a, struct sv b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

void sv_to_lower(struct sv text, char *ret_text)
{
    for (size_t i = 0; i < text.len; i++)
        ret_text[i] = lower(text.ptr[i]);
}

bool sv_starts_with(struct sv text, struct sv prefix)
{
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

struct sv sv_trim(struct sv text)
{
    while (text.len > 0 && sv_is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && sv_is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

// A used-up rest has no pointer: "a," gives "a" and then "", and only then false.
bool sv_split(struct sv *rest, char separator, struct sv *ret_part)
{
    if (rest->ptr == NULL)
        return false;
    const char *found = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
    if (found == NULL) {
        *ret_part = *rest;
        *rest = (struct sv){NULL, 0};
        return true;
    }
    size_t length = (size_t)(found - rest->ptr);
    *ret_part = (struct sv){rest->ptr, length};
    *rest = (struct sv){found + 1, rest->len - length - 1};
    return true;
}

bool sv_to_int64(struct sv text, int64_t *ret_value)
{
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    size_t i = is_negative ? 1 : 0;
    if (i == text.len)
        return false;
    int64_t value = 0; // collected below zero, where INT64_MIN has its room
    for (; i < text.len; i++) {
        char c = text.ptr[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, c - '0', &value))
            return false;
    }
    if (!is_negative && __builtin_sub_overflow(0, value, &value))
        return false;
    *ret_value = value;
    return true;
}

// Length of the sequence that this first byte begins, and the range of its second byte; 0 when no sequence begins so.
static size_t utf8_lead(unsigned char lead, unsigned char *ret_low, unsigned char *ret_high)
{
    *ret_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *ret_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    if (lead >= 0xF0 && lead <= 0xF4)
        return 4;
    return 0;
}

size_t sv_utf8_step(struct sv text, bool *ret_valid)
{
    unsigned char low, high;
    size_t length = utf8_lead((unsigned char)text.ptr[0], &low, &high);
    size_t i = 1;
    for (; i < length && i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < low || c > high)
            break;
        low = 0x80;
        high = 0xBF;
    }
    *ret_valid = length > 0 && i == length;
    return i;
}

bool sv_is_utf8(struct sv text)
{
    bool is_valid = true;
    while (text.len > 0 && is_valid) {
        size_t step = sv_utf8_step(text, &is_valid);
        text.ptr += step;
        text.len -= step;
    }
    return is_valid;
}

size_t sv_utf8_cut(struct sv text, size_t limit_bytes)
{
    size_t keep = text.len < limit_bytes ? text.len : limit_bytes;
    // The start of the last character is at most three bytes back.
    for (size_t back = 1; back <= 4 && back <= keep; back++) {
        unsigned char low, high;
        unsigned char c = (unsigned char)text.ptr[keep - back];
        if ((c & 0xC0) == 0x80)
            continue;
        return utf8_lead(c, &low, &high) > back ? keep - back : keep;
    }
    return keep;
}

// Damerau-Levenshtein in the "optimal string alignment" form: three rows of the table are enough.
size_t sv_edit_distance(struct sv a, struct sv b)
{
    if (a.len > SV_DISTANCE_BYTES || b.len > SV_DISTANCE_BYTES)
        return a.len > b.len ? a.len : b.len;
    size_t rows[3][SV_DISTANCE_BYTES + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.len; j++)
        before[j] = above[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = lower(a.ptr[i - 1]), y = lower(b.ptr[j - 1]);
            size_t best = above[j - 1] + (x != y);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && x == lower(b.ptr[j - 2]) && y == lower(a.ptr[i - 2]) &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b.len];
}
