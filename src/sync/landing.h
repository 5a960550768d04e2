// SPDX-License-Identifier: Apache-2.0
// landing.h - lands decoded pages on a thread of its own, in order (private to the sync room).
//
// Life: landing_start(), then landing_slot() / landing_put() for each page, landing_drain() whenever the walk or the store is needed on this
// thread, landing_stop() at the end. Between landing_put() and landing_drain() the store and the walk belong to the landing thread.
#ifndef TILL_SYNC_LANDING_H
#define TILL_SYNC_LANDING_H

#include <pthread.h>

#include "base/arena.h"
#include "base/clock.h"
#include "decode/decode.h"
#include "store/store.h"
#include "sync/arrival.h"

enum { LANDING_SLOTS = 2 };

struct landing_slot {
    struct arena arena; // of the page; reset by landing_slot()
    struct decode_page page;
    bool is_again;  // this walk has landed the page before
    int64_t number; // for words of errors
};

struct landing_counts {
    struct store_page_counts rows;
    int64_t pages;
};

struct landing {
    struct store *store;
    struct store_walk *walk;
    struct arrival arrival; // of the thread that lands
    const struct clock *clock;
    struct landing_slot slots[LANDING_SLOTS];
    pthread_t thread;
    pthread_mutex_t lock; // guards all below
    pthread_cond_t changed;
    bool is_running, is_ending;
    size_t first, filled; // slots that wait, the one that is landing included
    bool is_open;         // a batch is not committed yet
    enum till_code code;  // of the first failure; later pages are dropped
    struct till_error error;
    struct landing_counts committed; // what has landed for good
    int64_t seen_count, total_count; // of the newest page, for progress
};

enum till_code landing_start(struct landing *landing, struct store *store, struct store_walk *walk,
                             const struct clock *clock, struct till_error *e) TILL_MUSTUSE;
// Waits for a free slot to decode into. Fails with what landing an earlier page failed with.
enum till_code landing_slot(struct landing *landing, struct landing_slot **ret_slot,
                            struct till_error *e) TILL_MUSTUSE;
// Hands the slot that landing_slot() gave over.
void landing_put(struct landing *landing);
// Waits until all pages have landed and are committed.
enum till_code landing_drain(struct landing *landing, struct till_error *e) TILL_MUSTUSE;
void landing_progress(struct landing *landing, int64_t *ret_seen, int64_t *ret_total);
void landing_stop(struct landing *landing); // accepts one that never started

// Lands one page on this thread, outside of a batch; only after landing_drain().
enum till_code landing_now(struct landing *landing, struct landing_slot *slot,
                           struct till_error *e) TILL_MUSTUSE;

#endif
