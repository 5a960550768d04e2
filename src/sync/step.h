// SPDX-License-Identifier: Apache-2.0
// step.h - one table's part of an incremental run (private to the sync room).
//
// sync.c calls step_head() for each table, then step_rereads() for each, then step_prove(). Any of them may find that a walk is cheaper or needed
// (needs_walk); sync.c then walks.
#ifndef TILL_SYNC_STEP_H
#define TILL_SYNC_STEP_H

#include "base/arena.h"
#include "sync/arrival.h"
#include "sync/fetch.h"
#include "sync/sync.h"

struct step {
    const struct sync_options *options;
    struct sync_progress *progress;
    struct sync_table_result *result;
    struct arrival arrival;
    struct arena arena; // of the page under way
    int64_t started_ms;
    int64_t now_us; // when the run began
    int64_t total;  // of the whole list, as the newest answer told; -1 = no answer told
    bool has_feed;  // system events are mirrored: they tell what this table's head does not
    bool needs_walk;
};

void step_init(struct step *step, const struct sync_options *options,
               struct sync_progress *progress, struct sync_table_result *result);
void step_release(struct step *step);
// The newest rows, and those that are in motion. AUTH with result->is_skipped: no scope.
enum till_code step_head(struct step *step, struct till_error *e) TILL_MUSTUSE;
// Rows that something hinted at.
enum till_code step_rereads(struct step *step, struct till_error *e) TILL_MUSTUSE;
// Compares the number of rows with the service's total. *ret_agrees false: they differ even after another look.
enum till_code step_prove(struct step *step, bool *ret_agrees, struct till_error *e) TILL_MUSTUSE;

// ---- for the parts of a step that live in files of their own (drift.c, check.c) ----
// Asks for a page and lands it. counts are added to the result.
enum till_code step_page(struct step *step, const struct polar_list *list,
                         struct fetch_answer *ret_answer, struct store_page_counts *ret_counts,
                         struct till_error *e) TILL_MUSTUSE;
// Rows that the table holds as the service would count them.
enum till_code step_count(struct step *step, int64_t *ret_count, struct till_error *e) TILL_MUSTUSE;
// Reads these rows again by id, marks those that are gone.
enum till_code step_read_ids(struct step *step, const struct sv *ids, size_t count,
                             struct till_error *e) TILL_MUSTUSE;

#endif
