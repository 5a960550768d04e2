// SPDX-License-Identifier: Apache-2.0
// inbox.h - applies the webhooks that were received. An event is a hint and never the truth.
#ifndef TILL_SYNC_INBOX_H
#define TILL_SYNC_INBOX_H

#include "base/clock.h"
#include "store/store.h"

struct sync_inbox_counts {
    int64_t applied;        // rows landed or hints kept
    int64_t effectless;     // types that say nothing about a mirrored table, unknown ones included
    int64_t set_aside;      // could not be read; table till_webhooks says why
    int64_t added, changed; // rows
    bool is_empty;          // nothing waits any more
};
// Applies what waits, oldest first, at most `most` events (0 = all). Idempotent, whatever the order: killed between any two steps, the same event is
// applied once more, and changes nothing. The caller holds the lock of the mirror, as for sync_run(). Codes: STORE, MEMORY, and LIMIT of the store.
enum till_code sync_inbox(struct store *store, struct sv organization_id, const struct clock *clock,
                          int64_t most, struct sync_inbox_counts *ret_counts,
                          struct till_error *e) TILL_MUSTUSE;

#endif
