// SPDX-License-Identifier: Apache-2.0
// spending.c - how many exchanges count at this moment.
//
// The service counts a request at some moment between our sending it and our having its answer. So a place is taken when the exchange begins
// and is given back 60 s after it *ended*: whatever the latency did, the service never sees more than the budget in any 60 s. A bucket that
// refills at a steady rate would let through twice the budget around a pause, and a window that starts with its first request (Polar's own) twice
// the budget around its border.
//
// Time is cut into steps of 250 ms, and each step has the number of places that are given back in it: the table's size does not depend on the rate.
// An exchange that has begun is written down in the step in which it would be given back if it took as long as an exchange may; its end
// moves it forward. So one that never ends, because its process was killed, needs no clean-up: it counts as if it had timed out.
#include "http/spending.h"

#include <stdbool.h>
#include <stddef.h>

static int64_t spending_step_after(int64_t ms)
{
    return ms / SPENDING_STEP_MS + 1;
}

static uint32_t *spending_count(struct spending *spending, int64_t step)
{
    return &spending->counts[step % SPENDING_STEPS];
}

void spending_advance(struct spending *spending, int64_t now_ms)
{
    int64_t now = now_ms / SPENDING_STEP_MS;
    if (now - spending->step >= SPENDING_STEPS) {
        *spending = (struct spending){.step = now};
        return;
    }
    while (spending->step < now) {
        uint32_t *count = spending_count(spending, ++spending->step);
        spending->total -= *count;
        *count = 0;
    }
}

// Counted from the table's own time when the caller's is behind it.
static int64_t spending_put(struct spending *spending, int64_t until_ms)
{
    int64_t step = spending_step_after(until_ms);
    if (step <= spending->step)
        step = spending->step + 1;
    ++*spending_count(spending, step);
    spending->total++;
    return step;
}

int64_t spending_begin(struct spending *spending, int64_t now_ms)
{
    return spending_put(spending, now_ms + SPENDING_LONGEST_MS + SPENDING_WINDOW_MS);
}

void spending_end(struct spending *spending, int64_t place, int64_t now_ms)
{
    bool is_held = place > spending->step && place <= spending->step + SPENDING_STEPS;
    uint32_t *count = is_held ? spending_count(spending, place) : NULL;
    if (count && *count > 0) { // otherwise it was given up as timed out, or the table is a new one
        --*count;
        spending->total--;
    }
    (void)spending_put(spending, now_ms + SPENDING_WINDOW_MS);
}

void spending_add(struct spending *spending, const struct spending *other)
{
    for (int64_t step = other->step + 1; step <= other->step + SPENDING_STEPS; step++) {
        uint32_t count = other->counts[step % SPENDING_STEPS];
        if (step <= spending->step || step > spending->step + SPENDING_STEPS)
            continue;
        *spending_count(spending, step) += count;
        spending->total += count;
    }
}

int64_t spending_wait_ms(const struct spending *spending, uint32_t budget, int64_t now_ms)
{
    uint32_t left = spending->total;
    int64_t step = spending->step;
    while (left >= budget && step < spending->step + SPENDING_STEPS)
        left -= spending->counts[++step % SPENDING_STEPS];
    int64_t wait_ms = step * SPENDING_STEP_MS - now_ms;
    return step == spending->step ? 0 : wait_ms > 0 ? wait_ms : 1;
}
