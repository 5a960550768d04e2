// SPDX-License-Identifier: Apache-2.0
// pace.h - private to http: a budget of exchanges over any 60 seconds.
#ifndef TILL_HTTP_PACE_H
#define TILL_HTTP_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/limits.h"

enum { PACE_WINDOW_MS = 60000, PACE_BUDGET_MAX = TILL_LIMIT_RATE_PER_MINUTE };

struct pace {
    int64_t *ended_ms; // ring of the ends of the last exchanges, oldest at first
    size_t budget;     // 0 = no limit
    size_t first, count;
    size_t under_way;
};

// budget <= PACE_BUDGET_MAX, else LIMIT.
enum till_code pace_init(struct pace *pace, int64_t budget, struct till_error *e) TILL_MUSTUSE;
void pace_release(struct pace *pace); // accepts a zeroed one
// 0: an exchange may begin now. >0: look again in so many ms. -1: as soon as one that is under way has ended and aged.
int64_t pace_wait_ms(struct pace *pace, int64_t now_ms);
void pace_begin(struct pace *pace);
void pace_end(struct pace *pace, int64_t now_ms);

#endif
