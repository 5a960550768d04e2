// SPDX-License-Identifier: Apache-2.0
// spending.h - private to http: how many exchanges count at this moment, as one small table. Pure: time is an argument.
#ifndef TILL_HTTP_SPENDING_H
#define TILL_HTTP_SPENDING_H

#include <stdint.h>

#include "base/limits.h"

enum {
    SPENDING_WINDOW_MS = 60000, // an exchange counts for so long after its end
    SPENDING_STEP_MS = 250,     // places come back in steps of this, never too early
    SPENDING_LONGEST_MS =
        TILL_LIMIT_REQUEST_TIMEOUT_MS, // an exchange without an end has ended by now
    SPENDING_STEPS = (SPENDING_WINDOW_MS + SPENDING_LONGEST_MS) / SPENDING_STEP_MS + 2
};

// Fixed-width and without pointers: it also lies in a file (ledger.c). {0} is empty.
struct spending {
    int64_t step;                    // of the time up to which places have been given back
    uint32_t total;                  // the sum of counts
    uint32_t counts[SPENDING_STEPS]; // by the step in which they are given back, as a ring
};

// Gives back what is due; a time before one that was given already changes nothing. Call it before the others, with the same time.
void spending_advance(struct spending *spending, int64_t now_ms);
// Takes a place; returns which, for spending_end().
int64_t spending_begin(struct spending *spending, int64_t now_ms);
void spending_end(struct spending *spending, int64_t place, int64_t now_ms);
// Adds what `other` still holds. Both have been advanced to the same time, or `other` less far.
void spending_add(struct spending *spending, const struct spending *other);
// 0: fewer than budget count now. Otherwise in how many ms that is so at the latest, if nobody takes another.
int64_t spending_wait_ms(const struct spending *spending, uint32_t budget, int64_t now_ms);

#endif
