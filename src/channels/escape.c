// SPDX-License-Identifier: Apache-2.0
// escape.c - texts from outside, made harmless in what each chat makes of a text.
//
// Three means, by what a service offers. Entities and backslashes where it reads them. Where it has no escape for a sign that formats (Slack's * _ ~ and `),
// a sign that looks like it. And for what services find by themselves in any text (addresses, @names, #tags, /commands, :emoji:) a word joiner, U+2060,
// inside of it: it has no width, and ends every word of that kind. Control characters and those that turn the direction around are replaced first.
#include "channels/escape.h"

#include <stdbool.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"

#define WORD_JOINER "\xE2\x81\xA0"
#define ELLIPSIS    "\xE2\x80\xA6"

struct rules {
    bool has_entities;    // & < >
    bool has_backslashes; // before any sign
    bool has_likenesses;  // signs that look like others
    bool finds_domains;   // "example.com" is a link
    bool finds_tags;      // #tag $TAG /command
    bool finds_emoji;     // :name:
};
static const struct rules all_rules[] = {
    [ESCAPE_PLAIN] = {.finds_domains = true},
    [ESCAPE_SLACK] = {.has_entities = true, .has_likenesses = true, .finds_emoji = true},
    [ESCAPE_DISCORD] = {.has_backslashes = true, .finds_emoji = true},
    [ESCAPE_TELEGRAM] = {.has_entities = true, .finds_domains = true, .finds_tags = true},
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool is_word(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

// Surely: whether another sign is one is the service's idea of Unicode, and both answers must be harmless.
static bool is_plain_word(char c)
{
    return is_word(c) && (unsigned char)c < 0x80;
}

// What stands around a sign; a space beyond both ends.
struct place {
    char before, sign, after;
    bool is_first;  // nothing but spaces before it
    bool is_number; // nothing but digits before it
    struct sv rest; // behind it
};

// A word between colons: which of them are emoji is the service's own affair.
static bool is_emoji(struct sv rest)
{
    size_t i = 0;
    while (i < rest.len && rest.ptr[i] != ' ' && rest.ptr[i] != ':')
        i++;
    return i > 0 && i < rest.len && rest.ptr[i] == ':';
}

// Must the word that a service would find here be broken behind the sign?
static bool breaks(const struct rules *rules, const struct place *place)
{
    bool begins = !is_plain_word(place->before) && is_word(place->after);
    switch (place->sign) {
    case '@':
        return begins;
    case ':':
        return sv_starts_with(place->rest, SV("//")) ||
               (rules->finds_emoji && is_emoji(place->rest));
    case '.':
        return rules->finds_domains && place->before != ' ' && is_letter(place->after);
    case '#':
    case '$':
    case '/':
        return rules->finds_tags && begins;
    case ']':
        return place->after == '(';
    default:
        return false;
    }
}

static const char *entity(const struct place *place)
{
    switch (place->sign) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    default:
        return NULL;
    }
}

// Slack formats at the border of a word alone: "pro_plan" may stay.
static const char *likeness(const struct place *place)
{
    bool is_inside = is_plain_word(place->before) && place->before != '_' &&
                     is_plain_word(place->after) && place->after != '_';
    if (place->sign == '>' && place->is_first)
        return "\xE2\x80\xBA"; // U+203A
    if (place->sign == '`')
        return "\xCB\x8B"; // U+02CB
    if (is_inside)
        return NULL;
    switch (place->sign) {
    case '*':
        return "\xE2\x88\x97"; // U+2217
    case '_':
        return "\xCB\x8D"; // U+02CD
    case '~':
        return "\xE2\x88\xBC"; // U+223C
    default:
        return NULL;
    }
}

static bool needs_backslash(const struct place *place)
{
    if (strchr("\\*_~`|<[]", place->sign))
        return true;
    if (place->is_first && strchr("#>-+", place->sign))
        return true;
    return place->is_number && (place->sign == '.' || place->sign == ')');
}

static void put(struct buf *out, const struct rules *rules, const struct place *place)
{
    const char *text = rules->has_likenesses ? likeness(place) : NULL;
    if (!text && rules->has_entities)
        text = entity(place);
    if (rules->has_backslashes && place->sign != '\0' && needs_backslash(place))
        buf_char(out, '\\');
    if (text)
        buf_text(out, text);
    else
        buf_char(out, place->sign);
    if (breaks(rules, place))
        buf_text(out, WORD_JOINER);
}

void escape_line(struct buf *out, struct sv line, enum escape_dialect dialect)
{
    const struct rules *rules = &all_rules[dialect];
    AUTO_BUF shown;
    buf_init(&shown, TILL_LIMIT_BUFFER_BYTES);
    (void)text_show(&shown, line, 0);
    bool is_first = true, is_number = true;
    for (size_t i = 0; i < shown.len; i++) {
        struct place place = {.before = i > 0 ? shown.data[i - 1] : ' ',
                              .sign = shown.data[i],
                              .after = i + 1 < shown.len ? shown.data[i + 1] : ' ',
                              .is_first = is_first,
                              .is_number = is_number && !is_first,
                              .rest = {shown.data + i + 1, shown.len - i - 1}};
        bool is_space = place.sign == ' ', is_digit = place.sign >= '0' && place.sign <= '9';
        put(out, rules, &place);
        is_number = is_number && (is_digit || (is_first && is_space));
        is_first = is_first && is_space;
    }
    if (shown.failure) // half a line would be a lie
        out->failure = shown.failure;
}

size_t escape_units(struct sv escaped, enum escape_dialect dialect)
{
    size_t units = 0;
    if (dialect == ESCAPE_PLAIN)
        return escaped.len;
    for (size_t i = 0; i < escaped.len; i++) {
        unsigned char c = (unsigned char)escaped.ptr[i];
        units += ((c & 0xC0) != 0x80 ? 1U : 0U) + (c >= 0xF0 ? 1U : 0U);
        if (dialect == ESCAPE_TELEGRAM && c == '&')
            while (i < escaped.len && escaped.ptr[i] != ';')
                i++;
    }
    return units;
}

// The first `bytes` bytes of the line and an ellipsis; or all of it.
static void escape_cut(struct buf *out, struct sv line, size_t bytes, enum escape_dialect dialect)
{
    buf_reset(out);
    escape_line(out, (struct sv){line.ptr, bytes}, dialect);
    if (bytes < line.len)
        buf_text(out, ELLIPSIS);
}

static size_t units_of(const struct buf *text, enum escape_dialect dialect)
{
    return escape_units((struct sv){text->data ? text->data : "", text->len}, dialect);
}

enum till_code escape_fit(struct sv line, enum escape_dialect dialect, size_t max_units,
                          struct arena *arena, struct sv *ret_line, struct till_error *e)
{
    AUTO_BUF text;
    buf_init(&text, TILL_LIMIT_BUFFER_BYTES);
    size_t most = 4 * max_units + 4; // no more bytes than that can fit
    bool is_whole = false;
    if (line.len < most) {
        escape_cut(&text, line, line.len, dialect);
        is_whole = units_of(&text, dialect) <= max_units;
    }
    size_t fits = 0, beyond = line.len < most ? line.len : most; // the longest is in [fits, beyond)
    while (!is_whole && !text.failure && beyond - fits > 1) {
        size_t middle = fits + (beyond - fits) / 2;
        escape_cut(&text, line, sv_utf8_cut(line, middle), dialect);
        if (units_of(&text, dialect) <= max_units)
            fits = middle;
        else
            beyond = middle;
    }
    if (!is_whole && !text.failure)
        escape_cut(&text, line, sv_utf8_cut(line, fits), dialect);
    if (buf_fail(&text, "a line", e))
        return e->code;
    *ret_line = arena_sv(arena, (struct sv){text.data ? text.data : "", text.len});
    return ret_line->ptr ? TILL_OK : arena_fail(arena, "a line", e);
}
