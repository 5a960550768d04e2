// SPDX-License-Identifier: Apache-2.0
// pace.c - a budget of exchanges over any 60 seconds, of this client or of all processes that share a ledger.
//
// The client's own table is kept in every case, and asked first: whatever happens to the shared file, no process alone passes the budget.
#include "http/pace.h"

enum till_code pace_init(struct pace *pace, int64_t budget, struct till_error *e)
{
    *pace = (struct pace){.ledger.fd = -1};
    if (budget <= 0)
        return TILL_OK;
    if (budget > PACE_BUDGET_MAX) {
        TILL_FAIL(e, TILL_LIMIT, 0, "%lld requests per minute is more than %d", (long long)budget,
                  (int)PACE_BUDGET_MAX);
        return till_error_hint(e, "ask for no limit instead");
    }
    pace->budget = (uint32_t)budget;
    return TILL_OK;
}

void pace_release(struct pace *pace)
{
    ledger_release(&pace->ledger);
    *pace = (struct pace){.ledger.fd = -1};
}

enum till_code pace_share(struct pace *pace, const char *path, const struct clock *clock,
                          struct till_error *e)
{
    struct ledger ledger;
    enum till_code code = ledger_init(&ledger, path, clock, e);
    if (code)
        return code;
    ledger_release(&pace->ledger);
    pace->ledger = ledger;
    pace->again_ms = 0;
    ledger_join(&pace->ledger, &pace->own, clock_monotonic_ms(clock)); // it may spend nothing more
    return TILL_OK;
}

int64_t pace_take(struct pace *pace, int64_t now_ms, struct pace_place *ret_place)
{
    struct pace_place place = {0};
    int64_t wait_ms = pace_idle_ms(pace, now_ms);
    if (wait_ms > 0)
        return wait_ms;
    spending_advance(&pace->own, now_ms);
    if (pace->budget > 0)
        wait_ms = spending_wait_ms(&pace->own, pace->budget, now_ms);
    if (wait_ms == 0 && pace->ledger.path)
        wait_ms = ledger_take(&pace->ledger, &pace->own, pace->budget, now_ms, &place.shared);
    if (wait_ms > 0) {
        pace->again_ms = now_ms + wait_ms;
        return wait_ms;
    }
    place.own = spending_begin(&pace->own, now_ms);
    *ret_place = place;
    return 0;
}

void pace_end(struct pace *pace, struct pace_place place, int64_t now_ms)
{
    spending_advance(&pace->own, now_ms);
    if (pace->ledger
            .path) // one that began before the file was shared is in it as the client's own table had it
        ledger_end(&pace->ledger, &pace->own, place.shared > 0 ? place.shared : place.own, now_ms);
    spending_end(&pace->own, place.own, now_ms);
    pace->again_ms = 0;
}

int64_t pace_idle_ms(const struct pace *pace, int64_t now_ms)
{
    return pace->again_ms > now_ms ? pace->again_ms - now_ms : 0;
}
