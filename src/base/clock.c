// SPDX-License-Identifier: Apache-2.0
// clock.c - the system's clock behind the seam.
#include "base/clock.h"

#include <time.h>

#include "base/attr.h"

static int64_t clock_system_now_us(const struct clock *clock TILL_UNUSED)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t clock_system_monotonic_ms(const struct clock *clock TILL_UNUSED)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const struct clock clock_system = {
    .now_us = clock_system_now_us,
    .monotonic_ms = clock_system_monotonic_ms,
    .context = NULL,
};
