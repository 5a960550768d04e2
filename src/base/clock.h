// SPDX-License-Identifier: Apache-2.0
// clock.h - time as a seam: the system's clock, or one that a test moves by hand.
#ifndef TILL_BASE_CLOCK_H
#define TILL_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*now_us)(const struct clock *clock);       // microseconds since 1970 UTC
    int64_t (*monotonic_ms)(const struct clock *clock); // never jumps; for timeouts
    void *context;
};
extern const struct clock clock_system;

static inline int64_t clock_now_us(const struct clock *clock)
{
    return clock->now_us(clock);
}
static inline int64_t clock_monotonic_ms(const struct clock *clock)
{
    return clock->monotonic_ms(clock);
}

#endif
