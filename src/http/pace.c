// SPDX-License-Identifier: Apache-2.0
// pace.c - a budget of exchanges over any 60 seconds, as the service would count them.
//
// The service counts a request at some moment between our sending it and our having its answer. So a place in the budget is taken when the
// exchange begins and is given back 60 s after it *ended*: whatever the latency did, the service never sees more than the
// budget in any 60 s. A bucket that refills at a steady rate would let through twice the budget around a pause, and a window that starts with its
// first request (Polar's own) lets through twice the budget around its border.
#include "http/pace.h"

#include "base/fault.h"

enum till_code pace_init(struct pace *pace, int64_t budget, struct till_error *e)
{
    *pace = (struct pace){0};
    if (budget <= 0)
        return TILL_OK;
    if (budget > PACE_BUDGET_MAX) {
        TILL_FAIL(e, TILL_LIMIT, 0, "%lld requests per minute is more than %d", (long long)budget,
                  (int)PACE_BUDGET_MAX);
        return till_error_hint(e, "ask for no limit instead");
    }
    pace->ended_ms = till_calloc((size_t)budget, sizeof *pace->ended_ms);
    if (!pace->ended_ms)
        return TILL_FAIL_MEMORY(e);
    pace->budget = (size_t)budget;
    return TILL_OK;
}

void pace_release(struct pace *pace)
{
    till_free(pace->ended_ms);
    *pace = (struct pace){0};
}

int64_t pace_wait_ms(struct pace *pace, int64_t now_ms)
{
    if (pace->budget == 0)
        return 0;
    while (pace->count > 0 && now_ms - pace->ended_ms[pace->first] > PACE_WINDOW_MS) {
        pace->first = (pace->first + 1) % pace->budget;
        pace->count--;
    }
    if (pace->under_way + pace->count < pace->budget)
        return 0;
    if (pace->count == 0)
        return -1;
    return pace->ended_ms[pace->first] + PACE_WINDOW_MS + 1 - now_ms;
}

void pace_begin(struct pace *pace)
{
    pace->under_way++;
}

void pace_end(struct pace *pace, int64_t now_ms)
{
    pace->under_way--;
    if (pace->budget == 0)
        return;
    pace->ended_ms[(pace->first + pace->count) % pace->budget] = now_ms;
    pace->count++; // never passes budget: pace_begin() is called only after pace_wait_ms() said 0
}
