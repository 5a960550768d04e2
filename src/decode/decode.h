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

// One object that stands alone, as GET .../{id} answers it and as events carry it: a page of one row or one reject (index 0). total_count and
// max_page are -1. FORMAT when it is not a JSON object.
enum till_code decode_object(const struct table *table, struct sv body, struct arena *arena,
                             struct decode_page *ret_page, struct till_error *e) TILL_MUSTUSE;

// The body of an event, {"type":"order.paid","timestamp":"...","data":{...}}. FORMAT when it is anything else, or nested too deep.
struct decode_event {
    struct sv type;            // at most DECODE_TYPE_BYTES letters, digits, '.', '_' and '-'
    int64_t occurred_us;       // when the event was made, not when it was sent
    struct sv organization_id; // that data speaks of; .ptr NULL when it does not say
    struct sv id;              // of data; .ptr NULL when it has none
    struct sv
        data; // compact JSON without credentials; {"id":...} alone when a text in it cannot be stored (U+0000, not UTF-8)
};
enum { DECODE_TYPE_BYTES = 63 };
enum till_code decode_event(struct sv body, struct arena *arena, struct decode_event *ret_event,
                            struct till_error *e) TILL_MUSTUSE;

// The text of a service's error answer, in the order of polar-api section 8.1: error + detail | error_description | first detail[].loc and msg | raw text,
// cut to TILL_LIMIT_ERROR_BODY_BYTES, control characters removed.
void decode_error_text(struct sv body, struct buf *out);
// True when body is exactly the JSON of {"detail":"Not Found"}, white space aside.
bool decode_is_route_not_found(struct sv body);
// True when body says {"error":"ResourceNotFound"}: Polar has no such object.
bool decode_is_resource_not_found(struct sv body);
// String value at a path of keys/indexes such as "items.0.organization_id"; false when absent or not a string. Copied into the arena.
bool decode_string_at(struct sv body, const char *path, struct arena *arena, struct sv *ret_text);

#endif
