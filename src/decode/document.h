// SPDX-License-Identifier: Apache-2.0
// document.h - JSON text as a tree of yyjson values that lives in an arena.
#ifndef TILL_DECODE_DOCUMENT_H
#define TILL_DECODE_DOCUMENT_H

#include <stdbool.h>
#include <yyjson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/sv.h"

struct document {
    yyjson_val *root;
    // What some text in it may hold, so that each must be looked into:
    bool has_bad_unicode; // bytes that are not UTF-8
    bool has_escapes;     // U+0000, and credentials that a look at the raw answer misses
    bool has_credentials;
};

// Numbers stay text as they were sent. body is only read. Texts live in `arena`, the values that point to them in `pool` (which may be the
// same): the pool takes almost three times the body and can go as soon as the values were looked at. FORMAT when it is not JSON or nested too
// deep; MEMORY and LIMIT from the arenas.
enum till_code document_parse(struct sv body, struct arena *arena, struct arena *pool,
                              struct document *ret_document, struct till_error *e) TILL_MUSTUSE;

// The text of a string, or of a number as it was sent.
static inline struct sv document_text(yyjson_val *value)
{
    return (struct sv){unsafe_yyjson_get_raw(value), unsafe_yyjson_get_len(value)};
}

#endif
