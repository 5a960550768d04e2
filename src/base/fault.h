// SPDX-License-Identifier: Apache-2.0
// fault.h - places where a test can make the world fail.
//
// fault_point("store.commit") is true when a test asked for that point to fail now: compiled in only with -DTILL_FAULTS=ON (the builds that
// tests use), constant false in a release. Memory: all of the program's own allocations go through till_malloc & co., which count as the point
// "malloc". Tests arm a point to fail at its Nth passage, once or for ever, and read how often it was passed.
#ifndef TILL_BASE_FAULT_H
#define TILL_BASE_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef TILL_FAULTS
bool fault_point(const char *name);
void fault_arm(const char *name, long nth, bool for_ever); // nth from 1
void fault_disarm(void);                                   // also resets the counters
long fault_passages(const char *name);
#else
#define fault_point(name) (false)
#endif

void *till_malloc(size_t bytes);
void *till_calloc(size_t count, size_t bytes);
void *till_realloc(void *old, size_t bytes);
char *till_strdup(const char *text);
void till_free(void *memory);

#endif
