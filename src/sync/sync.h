// SPDX-License-Identifier: Apache-2.0
// sync.h - brings the mirror in step with the service: incremental runs that cost a dozen requests (step.c), and full walks that resume, prove
// themselves, and only then mark what is gone (walk.c).
//
// sync_run() never prints; it reports through a progress callback and a summary. It owns no lock: the caller makes sure that one run at a time
// writes to a database. A failing table does not stop the others, except where nothing else can work either (token refused, database failed,
// Ctrl-C, host never answered).
//
// A run does the quick things first: each table's newest rows and what is in motion, then rows that something hinted at, then the comparison of
// counts, then walks (of tables that were never walked at their place in the order; of those that do not add up; last of those whose slow full walk
// is due). So the mirror is fresh within seconds and whole within the run.
#ifndef TILL_SYNC_SYNC_H
#define TILL_SYNC_SYNC_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/model.h"
#include "polar/polar.h"
#include "store/store.h"

struct sync_table_result {
    const struct table *table;
    bool was_wanted;
    bool is_reached;     // the run came to it
    bool is_skipped;     // its scope is missing
    enum till_code code; // of this table; error says why
    struct till_error error;
    char accepted_scopes[POLAR_SCOPES_BYTES]; // when skipped: any of these opens it
    int64_t added, changed, unchanged, removed, returned, quarantined;
    int64_t pages, requests, too_many_requests;
    int64_t server_total; // -1 unknown
    int64_t duration_ms;
    int attempts; // walks it took; an incremental run alone takes none
    bool is_proven, is_resumed;
    enum store_method method; // full: a whole walk was part of it
    bool
        is_drifted; // rows and the service's total disagreed after the incremental part: a walk followed
    int64_t reread;     // rows asked for again because something hinted at a change
    int64_t hints_left; // of those, what is left for the next run
    int64_t checked,
        differing; // sync_options.check_rows: sampled rows, and those that were not as mirrored
};

struct sync_summary {
    struct sync_table_result tables[TABLE__COUNT]; // by table id
    int64_t duration_ms, requests;
    int wanted_count, ok_count, skipped_count, failed_count;
};

struct sync_progress {
    const struct table *table;
    int index, count;              // table 3 of 8
    int64_t rows_done, rows_total; // of this walk; rows_total -1 = not known yet
    int64_t elapsed_ms;            // of this table
    int64_t rows_before; // rows that an earlier, interrupted run had landed: not part of the rate
    bool is_done;        // last call for this table
};

enum sync_method {
    SYNC_AS_SET, // each table by its own setting; incremental ones are walked whole when they never were, or full_walk_every_ms ago
    SYNC_INCREMENTAL, // no walk but for tables that were never walked, and for drift
    SYNC_FULL,        // walks
};

struct sync_options {
    enum sync_method method;
    int64_t full_walk_every_ms; // 0 = never of its own accord
    int64_t history_before_us;  // forget row_changes seen before this moment; 0 = keep all
    int check_rows; // after all else, read so many random rows of each table again and compare; 0 = do not
    struct store *store;
    struct polar *polar;
    struct sv organization_id;
    bool wanted[TABLE__COUNT]; // by table id
    bool restart;              // forget unfinished walks
    bool accept_removals;      // tombstone however many rows a proven walk did not see
    int tombstone_ceiling_percent; // else: refuse above this share of a table's live rows (small tables: see sync.c)
    int in_flight; // pages asked for ahead, 1..TILL_LIMIT_IN_FLIGHT
    const struct clock *clock;
    const volatile sig_atomic_t *stop;
    void *progress_context;
    void (*progress)(void *context, const struct sync_progress *progress); // may be NULL
};

// TILL_OK: every wanted table landed and is proven. PARTIAL: some were skipped or failed; the summary says which. Other codes: nothing more could
// be done (AUTH, STORE, CANCELED, MEMORY), or every table failed in the same way. *ret_summary is always filled.
enum till_code sync_run(const struct sync_options *options, struct sync_summary *ret_summary,
                        struct till_error *e) TILL_MUSTUSE;

// The order in which tables are walked (refunds before orders: see sync.c).
const enum table_id *sync_order(size_t *ret_count);

#endif
