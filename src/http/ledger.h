// SPDX-License-Identifier: Apache-2.0
// ledger.h - private to http: what all processes of one data folder spend, in a file that they share.
#ifndef TILL_HTTP_LEDGER_H
#define TILL_HTTP_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/error.h"
#include "http/spending.h"

enum {
    LEDGER_ALONE = -1,      // the file cannot be used now
    LEDGER_REST_MS = 60000, // so long a file that failed is left in peace
    LEDGER_AGAIN_MS = 50,   // who waits looks again at least so often
    LEDGER_STALE_MS = 400,  // who has not looked again for so long waits no more
    LEDGER_BOOT_BYTES = 40
};

struct ledger {
    char *path; // NULL: none
    const struct clock *clock;
    int fd;
    uint64_t id;         // of this client among those that wait
    uint64_t generation; // of the file's table, once this client's own spending is in it; 0 before
    int64_t rest_until_ms;
    int64_t busy_since_ms; // -1: the lock came the last time
    bool is_warned;
    char boot_id[LEDGER_BOOT_BYTES];
};

// No input or output. MEMORY when the path cannot be copied. clock: for all processes the same, and monotonic.
enum till_code ledger_init(struct ledger *ledger, const char *path, const struct clock *clock,
                           struct till_error *e) TILL_MUSTUSE;
void ledger_release(struct ledger *ledger); // accepts {.fd = -1} and a zeroed one
// Brings in what this client has spent, if that has not been done. Otherwise the next call does it.
void ledger_join(struct ledger *ledger, const struct spending *own, int64_t now_ms);
// Takes a place when all processes together have spent less than budget (0: always): 0, and *ret_place. Otherwise in how many ms to look again, or
// LEDGER_ALONE. own: what this client has spent, which a new table begins with. Blocks for a few ms at most.
int64_t ledger_take(struct ledger *ledger, const struct spending *own, uint32_t budget,
                    int64_t now_ms, int64_t *ret_place) TILL_MUSTUSE;
// The exchange of that place has ended. What cannot be written counts as if it had timed out.
void ledger_end(struct ledger *ledger, const struct spending *own, int64_t place, int64_t now_ms);

#endif
