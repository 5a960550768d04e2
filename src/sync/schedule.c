// SPDX-License-Identifier: Apache-2.0
// schedule.c - when a table is due: an anchor on the boot clock plus a period.
//
// One catch-up run after a long sleep, however many intervals it lasted, follows from counting from the last run instead of from a grid of times.
#include "sync/schedule.h"

enum { JOIN_SHARE = 20, JOIN_MOST_MS = 30000, SEED_STEPS = 1024 };
static const int64_t backoff_least_ms = 60000;
static const int64_t backoff_most_ms = 48 * 60000; // a quarter more is an hour
static const int64_t unreadable_every_ms = 24 * 3600000;

uint64_t schedule_seed(struct sv organization_id, struct sv table_name)
{
    const struct sv parts[] = {organization_id, table_name};
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (size_t part = 0; part < TILL_COUNT(parts); part++) {
        for (size_t i = 0; i < parts[part].len; i++)
            hash = (hash ^ (unsigned char)parts[part].ptr[i]) * 1099511628211u;
        hash = (hash ^ 0xFF) * 1099511628211u;
    }
    return hash ^ (hash >> 32);
}

int64_t schedule_backoff_ms(int64_t failure_count, uint64_t seed)
{
    int64_t delay_ms = backoff_least_ms;
    if (failure_count <= 0)
        return 0;
    for (int64_t i = 1; i < failure_count && delay_ms < backoff_most_ms; i++)
        delay_ms *= 2;
    if (delay_ms > backoff_most_ms)
        delay_ms = backoff_most_ms;
    return delay_ms + delay_ms / 4 * (int64_t)(seed % SEED_STEPS) / SEED_STEPS;
}

struct schedule_terms schedule_terms(const struct store_table_state *state,
                                     const struct table *table, struct sv organization_id,
                                     bool is_readable, int64_t default_every_ms)
{
    struct schedule_terms terms = {
        .is_scheduled = state->is_enabled,
        .last_us = state->last_started_us,
        .period_ms = state->every_ms > 0 ? state->every_ms : default_every_ms,
        .failure_count = is_readable ? state->failure_count : 0,
    };
    if (!is_readable) {
        if (terms.period_ms < unreadable_every_ms)
            terms.period_ms = unreadable_every_ms;
    } else if (terms.failure_count > 0) {
        terms.last_us = state->last_finished_us;
        terms.period_ms = schedule_backoff_ms(terms.failure_count,
                                              schedule_seed(organization_id, sv_of(table->name)));
    }
    return terms;
}

// How long ago, not before the epoch of anything sensible: a last run in the future was now.
static int64_t age_ms(int64_t last_us, int64_t now_us)
{
    int64_t age_us = 0;
    if (last_us >= now_us)
        return 0;
    if (__builtin_sub_overflow(now_us, last_us, &age_us))
        age_us = INT64_MAX;
    return age_us / 1000;
}

int64_t schedule_due_us(const struct schedule_terms *terms, int64_t now_us)
{
    if (!terms->is_scheduled)
        return 0;
    if (terms->last_us == 0)
        return now_us;
    int64_t wait_ms = terms->period_ms - age_ms(terms->last_us, now_us);
    int64_t due_us = 0;
    if (__builtin_mul_overflow(wait_ms, 1000, &due_us) ||
        __builtin_add_overflow(due_us, now_us, &due_us))
        return now_us;
    return due_us;
}

// Hints do not put each other off. One of the future is of a clock that was set: it counts once that moment has come.
static void take_hint(struct schedule_entry *entry, const struct schedule_terms *terms,
                      struct schedule_moment now)
{
    bool is_open = terms->hinted_us > terms->last_us && terms->hinted_us <= now.wall_us &&
                   terms->failure_count == 0;
    if (is_open && entry->hinted_us == 0)
        entry->hinted_ms = now.boot_ms - age_ms(terms->hinted_us, now.wall_us);
    entry->hinted_us = is_open ? terms->hinted_us : 0;
}

void schedule_observe(struct schedule_entry *entry, const struct schedule_terms *terms,
                      struct schedule_moment now)
{
    bool is_new = terms->last_us != entry->last_us;
    entry->is_scheduled = terms->is_scheduled;
    entry->period_ms = terms->period_ms;
    take_hint(entry, terms, now);
    if (!is_new)
        return;
    entry->last_us = terms->last_us;
    if (terms->last_us == 0) { // the table was purged
        entry->has_run = entry->is_mine = false;
        return;
    }
    if (!entry->is_mine)
        entry->anchor_ms = now.boot_ms - age_ms(terms->last_us, now.wall_us);
    else // an interval counts from the start, a backoff from the end, which is now
        entry->anchor_ms = terms->failure_count > 0 ? now.boot_ms : entry->begun_ms;
    entry->is_mine = false;
    entry->has_run = true;
}

void schedule_begin(struct schedule_entry *entry, struct schedule_moment now)
{
    entry->is_mine = true;
    entry->begun_ms = now.boot_ms;
}

void schedule_end(struct schedule_entry *entry, bool was_reached)
{
    if (entry->is_mine && was_reached) {
        entry->anchor_ms = entry->begun_ms;
        entry->has_run = true;
    }
    entry->is_mine = false;
}

int64_t schedule_due_ms(const struct schedule_entry *entry)
{
    int64_t due_ms = 0;
    if (!entry->is_scheduled)
        return INT64_MAX;
    if (!entry->has_run)
        return INT64_MIN;
    if (__builtin_add_overflow(entry->anchor_ms, entry->period_ms, &due_ms))
        due_ms = INT64_MAX;
    if (entry->hinted_us != 0) {
        int64_t hint_ms = entry->hinted_ms + SCHEDULE_HINT_MS;
        int64_t gap_ms = entry->anchor_ms + SCHEDULE_GAP_MS;
        int64_t soon_ms = hint_ms > gap_ms ? hint_ms : gap_ms;
        due_ms = soon_ms < due_ms ? soon_ms : due_ms;
    }
    return due_ms;
}

bool schedule_is_due(const struct schedule_entry *entry, struct schedule_moment now)
{
    return entry->is_scheduled && schedule_due_ms(entry) <= now.boot_ms;
}

bool schedule_may_join(const struct schedule_entry *entry, struct schedule_moment now)
{
    int64_t early_ms = entry->period_ms / JOIN_SHARE;
    if (early_ms > JOIN_MOST_MS)
        early_ms = JOIN_MOST_MS;
    now.boot_ms += early_ms;
    return schedule_is_due(entry, now);
}

int64_t schedule_source_due_us(const struct store_source *source, int64_t now_us)
{
    const struct schedule_terms terms = {
        .is_scheduled = source->is_enabled && source->disconnected_at_us == 0,
        .last_us = source->failure_count > 0 ? source->last_finished_us : source->last_started_us,
        .period_ms = source->failure_count > 0
                         ? schedule_backoff_ms(source->failure_count,
                                               schedule_seed(sv_of(source->name), SV("")))
                     : source->every_ms > 0 ? source->every_ms
                                            : SCHEDULE_SOURCE_EVERY_MS,
    };
    return schedule_due_us(&terms, now_us);
}
