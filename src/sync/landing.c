// SPDX-License-Identifier: Apache-2.0
// landing.c - the one place with a second thread: it writes page N while the first thread fetches and decodes page N+1.
//
// Landing a page costs about as much processor time as fetching and decoding it; on two cores a walk that has no rate limit is nearly twice as fast this
// way (docs/decisions/0006-processes.md has the figures). The two threads share nothing but a ring of slots under one lock: a slot belongs to the
// fetching thread until landing_put(), to the landing thread until its page has landed, and the store and the walk belong to whichever thread the
// ring says works.
//
// Pages that are already here share a commit, up to LANDING_BATCH_PAGES or LANDING_BATCH_MS; when no page waits the batch is committed at once, so a
// transaction is never open while the network is waited for, and under a rate limit each page commits alone. A page's rows and its cursor never commit
// apart. When a page fails the batch is taken back and the walk ends: the next run resumes behind the last commit.
#include "sync/landing.h"

#include <string.h>

#include "base/limits.h"

enum { LANDING_BATCH_PAGES = 16, LANDING_BATCH_MS = 100 };

static void add_counts(struct landing_counts *to, const struct landing_counts *from)
{
    to->rows.added += from->rows.added;
    to->rows.changed += from->rows.changed;
    to->rows.unchanged += from->rows.unchanged;
    to->rows.duplicates += from->rows.duplicates;
    to->rows.returned += from->rows.returned;
    to->rows.quarantined += from->rows.quarantined;
    to->pages += from->pages;
}

// Lands the page of a slot; counts it into *counts on success.
static enum till_code land(struct landing *landing, struct landing_slot *slot,
                           struct landing_counts *counts, struct till_error *e)
{
    struct landing_counts one = {.pages = 1};
    struct arrival_page incoming = {
        .page = &slot->page, .arena = &slot->arena, .is_again = slot->is_again};
    enum till_code code =
        arrival_land(&landing->arrival, &incoming, clock_now_us(landing->clock), &one.rows, e);
    if (code)
        return till_error_context(e, "page %lld", (long long)slot->number);
    add_counts(counts, &one);
    return TILL_OK;
}

// A batch in the hands of the landing thread.
struct batch {
    struct landing_counts counts;
    int64_t began_ms;
    bool is_open;
};

static enum till_code batch_page(struct landing *landing, struct batch *batch,
                                 struct landing_slot *slot, struct till_error *e)
{
    enum till_code code = TILL_OK;
    if (!batch->is_open) {
        *batch = (struct batch){.began_ms = clock_monotonic_ms(landing->clock)};
        code = store_batch_begin(landing->store, e);
        batch->is_open = code == TILL_OK;
    }
    if (code == TILL_OK)
        code = land(landing, slot, &batch->counts, e);
    if (code) { // some failures come before the store knows of the page
        store_batch_drop(landing->store);
        batch->is_open = false;
    }
    return code;
}

static bool batch_is_due(const struct landing *landing, const struct batch *batch)
{
    return batch->counts.pages >= LANDING_BATCH_PAGES ||
           clock_monotonic_ms(landing->clock) - batch->began_ms >= LANDING_BATCH_MS;
}

// With the lock held: does one step of work, giving the lock up meanwhile.
static void work(struct landing *landing, struct batch *batch)
{
    struct till_error e = {0};
    enum till_code code = TILL_OK;
    bool has_page = landing->filled > 0;
    bool is_failed = landing->code != TILL_OK;
    struct landing_slot *slot = &landing->slots[landing->first];
    (void)pthread_mutex_unlock(&landing->lock);

    if (has_page && !is_failed)
        code = batch_page(landing, batch, slot, &e);
    bool commits = batch->is_open && code == TILL_OK && (!has_page || batch_is_due(landing, batch));
    if (commits)
        code = store_batch_end(landing->store, &e);
    int64_t seen_count = landing->walk->seen_count;
    int64_t total_count = landing->walk->total_count;

    (void)pthread_mutex_lock(&landing->lock);
    if (commits)
        batch->is_open = false;
    if (commits && code == TILL_OK)
        add_counts(&landing->committed, &batch->counts);
    landing->is_open = batch->is_open;
    landing->seen_count = seen_count;
    landing->total_count = total_count;
    if (has_page) {
        landing->first = (landing->first + 1) % LANDING_SLOTS;
        landing->filled -= 1;
    }
    if (code && landing->code == TILL_OK) {
        landing->code = code;
        landing->error = e;
    }
    (void)pthread_cond_broadcast(&landing->changed);
}

static void *landing_main(void *context)
{
    struct landing *landing = context;
    struct batch batch = {0};
    (void)pthread_mutex_lock(&landing->lock);
    for (;;) {
        while (landing->filled == 0 && !batch.is_open && !landing->is_ending)
            (void)pthread_cond_wait(&landing->changed, &landing->lock);
        if (landing->filled == 0 && !batch.is_open)
            break;
        work(landing, &batch);
    }
    (void)pthread_mutex_unlock(&landing->lock);
    return NULL;
}

enum till_code landing_start(struct landing *landing, struct store *store, struct store_walk *walk,
                             const struct clock *clock, struct till_error *e)
{
    memset(landing, 0, sizeof(*landing));
    landing->store = store;
    landing->walk = walk;
    arrival_init(&landing->arrival, store, walk, (struct sv){0}, walk->table);
    landing->clock = clock;
    landing->seen_count = walk->seen_count;
    landing->total_count = walk->total_count;
    for (size_t i = 0; i < LANDING_SLOTS; i++)
        arena_init(&landing->slots[i].arena, TILL_LIMIT_ARENA_BYTES);
    if (pthread_mutex_init(&landing->lock, NULL) != 0)
        return TILL_FAIL_MEMORY(e);
    if (pthread_cond_init(&landing->changed, NULL) != 0) {
        (void)pthread_mutex_destroy(&landing->lock);
        return TILL_FAIL_MEMORY(e);
    }
    if (pthread_create(&landing->thread, NULL, landing_main, landing) != 0) {
        (void)pthread_cond_destroy(&landing->changed);
        (void)pthread_mutex_destroy(&landing->lock);
        return TILL_FAIL(e, TILL_MEMORY, 0, "could not start a thread");
    }
    landing->is_running = true;
    return TILL_OK;
}

static enum till_code failure(const struct landing *landing, struct till_error *e)
{
    if (landing->code)
        *e = landing->error;
    return landing->code;
}

enum till_code landing_slot(struct landing *landing, struct landing_slot **ret_slot,
                            struct till_error *e)
{
    (void)pthread_mutex_lock(&landing->lock);
    while (landing->filled == LANDING_SLOTS)
        (void)pthread_cond_wait(&landing->changed, &landing->lock);
    struct landing_slot *slot = &landing->slots[(landing->first + landing->filled) % LANDING_SLOTS];
    enum till_code code = failure(landing, e);
    (void)pthread_mutex_unlock(&landing->lock);
    if (code)
        return code;
    arena_reset(&slot->arena);
    *ret_slot = slot;
    return TILL_OK;
}

void landing_put(struct landing *landing)
{
    (void)pthread_mutex_lock(&landing->lock);
    landing->filled += 1;
    (void)pthread_cond_broadcast(&landing->changed);
    (void)pthread_mutex_unlock(&landing->lock);
}

enum till_code landing_drain(struct landing *landing, struct till_error *e)
{
    if (!landing->is_running)
        return TILL_OK;
    (void)pthread_mutex_lock(&landing->lock);
    while (landing->filled > 0 || landing->is_open)
        (void)pthread_cond_wait(&landing->changed, &landing->lock);
    enum till_code code = failure(landing, e);
    (void)pthread_mutex_unlock(&landing->lock);
    return code;
}

void landing_progress(struct landing *landing, int64_t *ret_seen, int64_t *ret_total)
{
    bool is_shared = landing->is_running;
    if (is_shared)
        (void)pthread_mutex_lock(&landing->lock);
    *ret_seen = landing->seen_count;
    *ret_total = landing->total_count;
    if (is_shared)
        (void)pthread_mutex_unlock(&landing->lock);
}

enum till_code landing_now(struct landing *landing, struct landing_slot *slot, struct till_error *e)
{
    enum till_code code = land(landing, slot, &landing->committed, e);
    landing->seen_count = landing->walk->seen_count;
    landing->total_count = landing->walk->total_count;
    return code;
}

void landing_stop(struct landing *landing)
{
    if (landing->is_running) {
        (void)pthread_mutex_lock(&landing->lock);
        landing->is_ending = true;
        (void)pthread_cond_broadcast(&landing->changed);
        (void)pthread_mutex_unlock(&landing->lock);
        (void)pthread_join(landing->thread, NULL);
        (void)pthread_cond_destroy(&landing->changed);
        (void)pthread_mutex_destroy(&landing->lock);
        landing->is_running = false;
    }
    for (size_t i = 0; i < LANDING_SLOTS; i++)
        arena_release(&landing->slots[i].arena);
}
