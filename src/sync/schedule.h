// SPDX-License-Identifier: Apache-2.0
// schedule.h - when a table is due. Pure functions over two clocks that the caller reads: no clock, no sleep and no SQL of their own.
//
// The database keeps wall time (it must outlive the process); a process that waits counts on the boot clock, which goes on during suspend and which
// nobody can set. Wall time is looked at once, when a run is first seen: from then on setting the clock, by minutes or by years, neither brings a run
// forward nor puts it off. A run that lies in the future counts as one of now.
#ifndef TILL_SYNC_SCHEDULE_H
#define TILL_SYNC_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sv.h"
#include "store/store.h"
#include "store/traffic.h"

// One moment on both clocks.
struct schedule_moment {
    int64_t wall_us; // since 1970
    int64_t boot_ms; // CLOCK_BOOTTIME
};

enum { SCHEDULE_HINT_MS = 1000, SCHEDULE_GAP_MS = 3000 };

// What is known of one table, from the database and the settings.
struct schedule_terms {
    bool is_scheduled;     // switched on
    int64_t last_us;       // wall time from which the period counts; 0 = it never ran: due at once
    int64_t period_ms;     // until the next run
    int64_t failure_count; // runs in a row that failed: the period is a backoff then
    int64_t hinted_us;     // wall time of the newest hint that the table has changed; 0 = none
};

// period: the interval, counted from the start of the last run; after a failed one the backoff, counted from its end. A table that the token may not
// read is tried once a day, in case the scope has come.
struct schedule_terms schedule_terms(const struct store_table_state *state,
                                     const struct table *table, struct sv organization_id,
                                     bool is_readable, int64_t default_every_ms);

// 1 min after the first failure, doubled with each further one, never above 1 h; up to a quarter longer by the seed, so that the tables and
// organizations of one outage do not all come back in the same second. 0 failures: 0.
int64_t schedule_backoff_ms(int64_t failure_count, uint64_t seed);
uint64_t schedule_seed(struct sv organization_id, struct sv table_name);

// For views, which have no memory: wall time at which the table is due, at most one period from now; now or earlier = due. 0 = not scheduled.
int64_t schedule_due_us(const struct schedule_terms *terms, int64_t now_us);

// The memory of a waiting process for one table; starts as {0}.
struct schedule_entry {
    bool is_scheduled, has_run;
    int64_t last_us;   // of the terms that were seen last
    int64_t period_ms; // of them
    int64_t anchor_ms; // boot time of the last run
    bool is_mine; // this process began a run at begun_ms that has not been seen in the terms yet
    int64_t begun_ms;
    int64_t hinted_us; // of the newest hint that no run has followed yet; 0 = none
    int64_t hinted_ms; // boot time of the first of those
};
// Takes over what the database says now.
void schedule_observe(struct schedule_entry *entry, const struct schedule_terms *terms,
                      struct schedule_moment now);
// This process begins a run of the table now. What it becomes is learned by schedule_observe().
void schedule_begin(struct schedule_entry *entry, struct schedule_moment now);
// That run is over and was observed. was_reached: it did its work, even if no trace of it was seen; else the table is as due as it was.
void schedule_end(struct schedule_entry *entry, bool was_reached);
// Boot time at which the table is due: one period after its last run, or right after a hint came since then (SCHEDULE_HINT_MS, so that what comes together is
// read together; never less than SCHEDULE_GAP_MS after the last run began). A table that fails keeps to its backoff.
// INT64_MAX when it is not scheduled, INT64_MIN when it has never run.
int64_t schedule_due_ms(const struct schedule_entry *entry);
bool schedule_is_due(const struct schedule_entry *entry, struct schedule_moment now);
// A run that happens anyway takes along what is due within a twentieth of its period (30 s at most): tables with the same interval stay together.
bool schedule_may_join(const struct schedule_entry *entry, struct schedule_moment now);

// ---- sources of web traffic: by the wall clock alone, since an hour more or less is nothing to them ----
enum { SCHEDULE_SOURCE_EVERY_MS = 3600000 }; // unless it was set
// When it is due: 0 = never (off, disconnected), else perhaps in the past. After failures it waits as a table does.
int64_t schedule_source_due_us(const struct store_source *source, int64_t now_us);

#endif
