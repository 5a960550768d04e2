// SPDX-License-Identifier: Apache-2.0
// decode.h - JSON pages into rows, driven by model/tables.def; and the few small JSON questions that other rooms have.
//
// Bad rows do not spoil a page: each is set aside with its reason and its raw text (credentials removed), the rest is returned. A page as a whole is
// refused (FORMAT) when it is not JSON, is nested deeper than TILL_LIMIT_JSON_DEPTH, has no items array, or has more than TILL_LIMIT_PAGE_ROWS items.
// Nothing with a credential leaves this room: credential keys are cut at any depth, client secrets inside text (polar_c_...) are blotted out.
#ifndef TILL_DECODE_DECODE_H
#define TILL_DECODE_DECODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "model/model.h"

struct decode_reject {
    size_t index;       // in the page
    struct sv id;       // .ptr NULL when it has none
    struct sv raw;      // compact JSON, at most TILL_LIMIT_QUARANTINE_BYTES
    const char *reason; // "created_at: \"yesterday\" is not a timestamp"
};

struct decode_page {
    struct row *rows;
    size_t row_count;
    struct decode_reject *rejects;
    size_t reject_count;
    int64_t total_count; // -1 when the pagination object does not tell
    int64_t max_page;    // -1 likewise
    bool has_next_page;  // cursor_pagination answers only
};

// Everything in *ret_page lives in the arena (about five times the size of body, which is only read). A key of a column that appears twice in a
// row rejects the row. A byte order mark is skipped.
enum till_code decode_page(const struct table *table, const struct buf *body, struct arena *arena,
                           struct decode_page *ret_page, struct till_error *e) TILL_MUSTUSE;

// The text of a service's error answer, in the order of polar-api section 8.1: error + detail | error_description | first detail[].loc and msg | raw text,
// cut to TILL_LIMIT_ERROR_BODY_BYTES, control characters removed.
void decode_error_text(struct sv body, struct buf *out);
// True when body is exactly the JSON of {"detail":"Not Found"}, white space aside.
bool decode_is_route_not_found(struct sv body);
// String value at a path of keys/indexes such as "items.0.organization_id"; false when absent or not a string. Copied into the arena.
bool decode_string_at(struct sv body, const char *path, struct arena *arena, struct sv *ret_text);

#endif
