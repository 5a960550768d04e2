// SPDX-License-Identifier: Apache-2.0
// world_facts.c - what the service knows and its API does not tell, but counts in its metrics.
//
// A checkout's page is known to have been opened since January 2026 only. The seats of a subscription are not rows here: who was given the
// n-th one, when, and whether it was taken up is hashed from the row, so it never changes, and it shows once its time has come. A seat that
// the subscription no longer has is gone with its past; all seats end with the subscription.
#include "world_parts.h"

static const int64_t OPENING_MEASURED_SINCE_US = INT64_C(1769083980) * SECOND_US;

int64_t fact_opened_us(const struct sim_world *w, uint32_t checkout)
{
    int64_t opened_us = checkout_at(w, checkout)->opened_us;
    return opened_us >= OPENING_MEASURED_SINCE_US && opened_us <= w->now_us ? opened_us : 0;
}

bool fact_seat(const struct sim_world *w, uint32_t subscription, unsigned number, struct seat *ret)
{
    const struct subscription_row *s = subscription_at(w, subscription);
    uint64_t hash = chance_of_row(w, SIM_SUBSCRIPTIONS, (uint64_t)subscription << 16 | number, 11);
    int64_t hours = (int64_t)(hash >> 8 & 0x3ff), days = (int64_t)(hash >> 20 & 0x7f);
    int64_t last_us = s->ended_us != 0 ? s->ended_us : w->now_us;
    struct seat seat = {.created_us = s->created_us + (hash % 2 ? hours * HOUR_US : MINUTE_US)};
    if (hash / 2 % 8 == 0 || number >= s->seats || seat.created_us > last_us)
        return false;
    if (hash / 16 % 4 != 0)
        seat.claimed_us = seat.created_us + (1 + (int64_t)(hash >> 32 & 0xff)) * 20 * MINUTE_US;
    if (hash / 64 % 4 == 0)
        seat.revoked_us = seat.created_us + (1 + days) * DAY_US;
    if (seat.revoked_us > last_us)
        seat.revoked_us = 0;
    if (s->ended_us != 0 && seat.revoked_us == 0)
        seat.revoked_us = s->ended_us;
    if (seat.claimed_us > (seat.revoked_us != 0 ? seat.revoked_us : last_us))
        seat.claimed_us = 0;
    *ret = seat;
    return true;
}

int64_t fact_cost(const struct event_row *event)
{
    if (event->name != EV_USER_API_CALL && event->name != EV_USER_COMPLETION)
        return 0;
    return (int64_t)(uuid_hash((uint64_t)event->at_us, event->ref) % 90000 + 1);
}
