// SPDX-License-Identifier: Apache-2.0
// render_facts.c - for tests alone: what the service knows and no list of its API shows, so that its metrics can be computed again.
#include "render.h"

static void put_subscriptions(const struct sim_world *w, struct sim_out *out)
{
    for (uint32_t i = 0; i < w->subscriptions.count; i++) {
        PUT(out, "{\"id\":");
        put_id(out, w, SIM_SUBSCRIPTIONS, i);
        PUT_INT(out, "net_amount", subscription_at(w, i)->net_amount);
        PUT(out, "}\n");
    }
}

static void put_checkouts(const struct sim_world *w, struct sim_out *out)
{
    for (uint32_t i = 0; i < w->checkouts.count; i++) {
        PUT(out, "{\"id\":");
        put_id(out, w, SIM_CHECKOUTS, i);
        PUT_TIME(out, "opened_at", fact_opened_us(w, i));
        PUT(out, "}\n");
    }
}

static void put_seats(const struct sim_world *w, struct sim_out *out)
{
    struct seat seat;
    for (uint32_t i = 0; i < w->subscriptions.count; i++) {
        for (unsigned number = 0; number < subscription_at(w, i)->seats; number++) {
            if (!fact_seat(w, i, number, &seat))
                continue;
            PUT(out, "{\"subscription_id\":");
            put_id(out, w, SIM_SUBSCRIPTIONS, i);
            PUT_TIME(out, "created_at", seat.created_us);
            PUT_TIME(out, "claimed_at", seat.claimed_us);
            PUT_TIME(out, "revoked_at", seat.revoked_us);
            PUT(out, "}\n");
        }
    }
}

// The rate of each day at which all shops of the service were paid, on average.
static void put_rates(const struct sim_world *w, struct sim_out *out)
{
    for (int64_t at_us = SERVICE_OPENED_US; at_us <= w->now_us; at_us += DAY_US) {
        for (unsigned currency = USD + 1; currency < CURRENCY_COUNT; currency++) {
            PUT(out, "{\"day\":");
            put_time(out, at_us);
            PUT_STRING(out, "currency", currencies[currency].code);
            PUT(out, ",\"rate\":");
            put_decimal(out, money_rate(w, currency, at_us), 6);
            PUT(out, "}\n");
        }
    }
}

bool world_render_facts(const struct sim_world *w, const char *about, struct sim_out *out)
{
    static const struct {
        const char *about;
        void (*put)(const struct sim_world *w, struct sim_out *out);
    } kinds[] = {{"subscriptions", put_subscriptions},
                 {"checkouts", put_checkouts},
                 {"seats", put_seats},
                 {"rates", put_rates}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].about, about) == 0) {
            kinds[i].put(w, out);
            return true;
        }
    }
    return false;
}
