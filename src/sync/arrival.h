// SPDX-License-Identifier: Apache-2.0
// arrival.h - what happens to a decoded page before it is stored: copies of other rows in it, and what it hints at (private to the sync room).
#ifndef TILL_SYNC_ARRIVAL_H
#define TILL_SYNC_ARRIVAL_H

#include "base/arena.h"
#include "decode/decode.h"
#include "store/store.h"

enum { ARRIVAL_KNOWN = 1024, ARRIVAL_ID_BYTES = 40 };

struct arrival {
    struct store *store;
    struct store_walk *walk;   // NULL: rows land outside of a walk
    struct sv organization_id; // of rows outside of a walk
    const struct table *table;
    bool derives_hints;
    // Ids that copies pointed to and that were there: most rows of a walk point to few others.
    char known[ARRIVAL_KNOWN][ARRIVAL_ID_BYTES];
};
void arrival_init(struct arrival *arrival, struct store *store, struct store_walk *walk,
                  struct sv organization_id, const struct table *table);

struct arrival_page {
    const struct decode_page *page;
    struct arena *arena; // of the page
    int64_t asked_us;    // 0: fulfils no hints
    bool is_again;       // this walk has landed the page before
};
// Lands the page, and before it the rows that only copies in it show.
enum till_code arrival_land(struct arrival *arrival, const struct arrival_page *incoming,
                            int64_t now_us, struct store_page_counts *ret_counts,
                            struct till_error *e) TILL_MUSTUSE;

#endif
