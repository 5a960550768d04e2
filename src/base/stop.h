// SPDX-License-Identifier: Apache-2.0
// stop.h - a flag that ends long work: set by a signal's handler, or by another thread (atomically).
#ifndef TILL_BASE_STOP_H
#define TILL_BASE_STOP_H

#include <signal.h>
#include <stdbool.h>

// stop may be NULL: nothing ends the work.
static inline bool stop_is_set(const volatile sig_atomic_t *stop)
{
    return stop && __atomic_load_n(stop, __ATOMIC_RELAXED) != 0;
}

#endif
