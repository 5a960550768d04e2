// SPDX-License-Identifier: Apache-2.0
// fetch.h - pages and single rows for the parts of a run that are not walks (private to the sync room).
#ifndef TILL_SYNC_FETCH_H
#define TILL_SYNC_FETCH_H

#include "decode/decode.h"
#include "sync/sync.h"

enum { FETCH_PAGE_ROWS = 100 };

struct fetch_answer {
    struct decode_page page;
    int64_t asked_us; // just before the request went out
    bool is_scope_missing;
    char accepted_scopes[POLAR_SCOPES_BYTES]; // when its scope is missing
    bool is_gone;                             // of a single row: Polar says that there is none
};

// One page of a list, in the arena (which is reset first). An answer that makes no sense is asked for again a few times. On AUTH with is_scope_missing
// the answer says which scopes open the list.
enum till_code fetch_page(const struct sync_options *options, const struct polar_list *list,
                          struct arena *arena, struct fetch_answer *ret_answer,
                          struct till_error *e) TILL_MUSTUSE;

// Called for each row as it arrives (any order); the answer lives until it returns.
typedef enum till_code fetch_row_callback(void *context, struct sv id,
                                          const struct fetch_answer *answer, struct till_error *e);
// Single rows by id, options->in_flight at once. A row that is gone is an answer, not a failure.
enum till_code fetch_rows(const struct sync_options *options, const struct table *table,
                          const struct sv *ids, size_t count, fetch_row_callback *callback,
                          void *context, struct till_error *e) TILL_MUSTUSE;

#endif
