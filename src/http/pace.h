// SPDX-License-Identifier: Apache-2.0
// pace.h - private to http: a budget of exchanges over any 60 seconds, of this client or of all processes that share a ledger.
#ifndef TILL_HTTP_PACE_H
#define TILL_HTTP_PACE_H

#include <stdint.h>

#include "base/error.h"
#include "base/limits.h"
#include "http/ledger.h"
#include "http/spending.h"

enum { PACE_WINDOW_MS = SPENDING_WINDOW_MS, PACE_BUDGET_MAX = TILL_LIMIT_RATE_PER_MINUTE };

struct pace {
    uint32_t budget;     // 0 = no limit
    struct spending own; // counted without a budget too: a ledger may come later
    struct ledger ledger;
    int64_t again_ms; // no use in asking before
};
struct pace_place {
    int64_t own, shared; // 0: none
};

// budget <= PACE_BUDGET_MAX, else LIMIT. No limit: 0 or less.
enum till_code pace_init(struct pace *pace, int64_t budget, struct till_error *e) TILL_MUSTUSE;
void pace_release(struct pace *pace); // accepts a zeroed one
// From now on all clients that share this file keep to the budget together; what this one has spent is brought in. MEMORY.
enum till_code pace_share(struct pace *pace, const char *path, const struct clock *clock,
                          struct till_error *e) TILL_MUSTUSE;
// 0: an exchange may begin, and *ret_place is taken for it. >0: look again in so many ms, perhaps earlier than it helps.
int64_t pace_take(struct pace *pace, int64_t now_ms, struct pace_place *ret_place) TILL_MUSTUSE;
void pace_end(struct pace *pace, struct pace_place place, int64_t now_ms);
// How long pace_take() will go on saying no; 0 when it may say yes.
int64_t pace_idle_ms(const struct pace *pace, int64_t now_ms);

#endif
