// SPDX-License-Identifier: Apache-2.0
// hints.h - what a page of one table tells about rows of others (private to the sync room).
#ifndef TILL_SYNC_HINTS_H
#define TILL_SYNC_HINTS_H

#include "base/arena.h"
#include "decode/decode.h"
#include "store/store.h"

// A copy of another object inside a row: its JSON, and the id of the row it is a copy of.
struct copy {
    enum table_id table;
    const char *column;    // "customer"
    const char *id_column; // "customer_id"
    enum table_id target;
    bool is_whole; // enough of it to stand in for the row where the list no longer shows it
};
const struct copy *hints_copies(size_t *ret_count);
// The text of a column; .ptr NULL when it is not text.
struct sv hints_text(const struct row *row, const char *column);

// Rows that are to be read again because of this page: their copies here are newer than what is stored, a refund moved, an event happened.
// The hints live in the arena. Looks at what is stored; call it before the page lands.
enum till_code hints_of_page(struct store *store, const struct table *table,
                             const struct decode_page *page, struct arena *arena,
                             struct store_hint **ret_hints, size_t *ret_count,
                             struct till_error *e) TILL_MUSTUSE;

#endif
