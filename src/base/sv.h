// SPDX-License-Identifier: Apache-2.0
// sv.h - a borrowed piece of text: pointer and length, not terminated, never owned.
#ifndef TILL_BASE_SV_H
#define TILL_BASE_SV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sv {
    const char *ptr;
    size_t len;
};

#define SV(literal)   ((struct sv){(literal), sizeof(literal) - 1})
#define SV_FORMAT     "%.*s"
#define SV_ARGS(text) (int)(text).len, (text).ptr

static inline struct sv sv_of(const char *text)
{
    return (struct sv){text, text ? strlen(text) : 0};
}
static inline bool sv_equal(struct sv a, struct sv b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
bool sv_equal_ignoring_case(struct sv a, struct sv b); // ASCII only
void sv_to_lower(struct sv text, char *ret_text);      // ASCII only; text.len bytes, in place too
bool sv_starts_with(struct sv text, struct sv prefix);
struct sv sv_trim(struct sv text); // ASCII white space at both ends
// Takes the part before `separator` off the front of *rest; false when *rest is used up.
bool sv_split(struct sv *rest, char separator, struct sv *ret_part);
bool sv_to_int64(struct sv text,
                 int64_t *ret_value); // whole text, decimal, optional '-'; false on overflow
bool sv_is_utf8(struct sv text);      // strict: no surrogates, no overlong forms
// Bytes of the character at the front; when *ret_valid is false, bytes of the malformed piece that one U+FFFD stands for. text.len > 0.
size_t sv_utf8_step(struct sv text, bool *ret_valid);
// How many of the first `limit_bytes` bytes may stay so that no character is cut in two.
size_t sv_utf8_cut(struct sv text, size_t limit_bytes);
// How many bytes must be inserted, removed, replaced or swapped with a neighbour to make b of a, ASCII case ignored; for "did you
// mean". Pieces above SV_DISTANCE_BYTES count as wholly different.
enum { SV_DISTANCE_BYTES = 64 };
size_t sv_edit_distance(struct sv a, struct sv b);

#endif
