// SPDX-License-Identifier: Apache-2.0
// page.h - rows on their way into the database, as page.c and quarantine.c share them; only they include it.
#ifndef TILL_STORE_PAGE_H
#define TILL_STORE_PAGE_H

#include "store/driver.h"

enum row_plan {
    PLAN_PENDING,
    PLAN_REPEAT,
    PLAN_ADDED,
    PLAN_SAME,
    PLAN_QUIET,
    PLAN_CHANGED,
    PLAN_RETURNED,
    PLAN_SKIPPED,
    PLAN_REJECT,
};

struct change_node;

struct page {
    struct store *store;
    const struct store_walk *walk; // walk_id 0: outside of a walk
    enum store_landing mode;
    struct store_item *items; // rows, then one for each reject
    size_t row_count, reject_count;
    const struct store_reject *rejects;
    struct change_node *changes;
    char oldest_order[STORE_TIME_BYTES]; // created_at of those that packed bills hear of; "" none
    struct sv now;
    struct sv asked_at; // .ptr NULL: hints are left alone
    int64_t seen_count; // of new ids in this page
    bool is_again;      // rows without an id were kept when it first landed
    struct store_page_counts counts;
};

static inline bool page_has_walk(const struct page *page)
{
    return page->walk->walk_id != 0;
}

static inline bool page_holds_copies(const struct page *page)
{
    return page->mode == STORE_LAND_MISSING || page->mode == STORE_LAND_GONE;
}

// ---- quarantine.c ----
// Rows that landed well leave the quarantine, and are no longer counted as seen rejects.
enum till_code page_heal(struct page *page, struct till_error *e);
enum till_code page_quarantine(struct page *page, struct till_error *e);

#endif
