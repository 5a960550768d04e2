// SPDX-License-Identifier: Apache-2.0
// world_mutate.c - the shop's present: what happens to it on request, and what it had planned meanwhile.
//
// Everything that can happen has a name, so that a test can ask for some kinds alone. A kind either does something to the shop, or to one row
// that it is possible for: rows are drawn at random, then looked at one by one from a random place on, so that what is possible is found
// however rare it is. While only some kinds are asked for, what customers had planned of other kinds falls away; renewals, payments and
// expiries, which time brings, always come.
#include "world_parts.h"

#include <string.h>

enum { TRIES = 60, SCANNED_ROWS = 200000, RECENT_ROWS = 200 };

// ---- what happens to the shop

static void do_purchase(struct sim_world *w)
{
    shop_visit(w);
    shop_checkout_confirm(w, (uint32_t)w->checkouts.count - 1);
}

static void do_import(struct sim_world *w)
{
    shop_import(w, 1);
}

// Several visitors in one microsecond, who buy in one.
static void do_tie(struct sim_world *w)
{
    int64_t at_us = w->now_us;
    for (uint64_t i = 2 + chance_below(w, 3); i > 0; i--) {
        w->now_us = at_us;
        do_purchase(w);
    }
}

static void do_late_rows(struct sim_world *w)
{
    if (chance_permille(w, 500))
        shop_late_order(w);
    else
        shop_late_rows(w);
}

static void do_organization(struct sim_world *w)
{
    row_touched(w, &w->organization_modified_us);
}

static void do_silent_redemption(struct sim_world *w)
{
    w->discounts[chance_below(w, DISCOUNT_COUNT)].redemptions++;
    w->changes++;
}

// ---- what happens to one row

static void product_price(struct sim_world *w, uint32_t product)
{
    static const int8_t percents[] = {-10, -5, 5, 10, 20, 50};
    catalog_change_price(w, product, (unsigned)chance_below(w, CURRENCY_COUNT),
                         percents[chance_below(w, sizeof percents)]);
}

static void product_archive(struct sim_world *w, uint32_t product)
{
    catalog_archive_product(w, product, !w->products[product].is_archived);
}

static void checkout_move(struct sim_world *w, uint32_t index)
{
    const struct checkout_row *checkout = checkout_at(w, index);
    if (checkout->status == CHECKOUT_OPEN && chance_permille(w, 300))
        shop_checkout_expire(w, index);
    else
        shop_checkout_confirm(w, index);
}

static void order_pay_again(struct sim_world *w, uint32_t index)
{
    order_pay(w, index, 1);
}

static void subscription_cancel(struct sim_world *w, uint32_t index)
{
    life_cancel(w, index, false);
}

static void subscription_revoke(struct sim_world *w, uint32_t index)
{
    life_cancel(w, index, true);
}

static void subscription_recover(struct sim_world *w, uint32_t index)
{
    const struct subscription_row *s = subscription_at(w, index);
    if (s->status == PAST_DUE && s->open_order != SIM_NO_ROW)
        order_pay(w, s->open_order, 1);
}

// Counters move without an event and without modified_at.
static void subscription_usage(struct sim_world *w, uint32_t index)
{
    subscription_at(w, index)->usage += 1 + (uint32_t)chance_below(w, 900);
    w->changes++;
}

static void order_attempt(struct sim_world *w, uint32_t index)
{
    struct order_row *order = order_at(w, index);
    if (order->status != PENDING)
        return;
    order->next_attempt_us = w->now_us + (int64_t)(1 + chance_below(w, 9)) * DAY_US;
    w->changes++;
}

// The table of what can happen. Rows come from the named table; kinds without one happen to the shop. Weights are how often a kind is drawn when
// several are asked for.
struct kind {
    const char *name, *group;
    unsigned weight;
    enum sim_table table; // SIM_TABLE__COUNT: none
    void (*once)(struct sim_world *w);
    void (*on_row)(struct sim_world *w, uint32_t row);
};

#define SHOP(name, group, weight, once)                                                            \
    {                                                                                              \
        name, group, weight, SIM_TABLE__COUNT, once, NULL                                          \
    }
#define ROW(name, group, weight, table, on_row)                                                    \
    {                                                                                              \
        name, group, weight, table, NULL, on_row                                                   \
    }
static const struct kind kinds[] = {
    SHOP("time", "time", 0,
         NULL), // what time brings of itself, whatever is asked for: renewals, payments, expiries
    SHOP("checkout", "insert", 14, shop_visit),
    SHOP("purchase", "insert", 14, do_purchase),
    SHOP("tie", "insert", 2, do_tie),
    SHOP("import", "insert", 2, do_import),
    SHOP("late", "insert", 6, do_late_rows),
    SHOP("product_new", "insert", 1, catalog_new_product),
    SHOP("benefit_new", "insert", 1, catalog_new_benefit),
    ROW("wallet", "insert", 1, SIM_CUSTOMERS, shop_wallet),
    ROW("checkout_move", "checkout_status", 6, SIM_CHECKOUTS, checkout_move),
    ROW("order_finalize", "order_status", 2, SIM_ORDERS, order_finalize),
    ROW("order_redraft", "order_status", 1, SIM_ORDERS, order_redraft),
    ROW("order_pay", "order_status", 3, SIM_ORDERS, order_pay_again),
    ROW("order_void", "order_status", 2, SIM_ORDERS, order_void),
    ROW("order_unvoid", "order_status", 2, SIM_ORDERS, order_unvoid),
    ROW("refund", "order_status", 14, SIM_ORDERS, order_refund),
    ROW("refund_settle", "refund_status", 1, SIM_REFUNDS, order_refund_resolve),
    ROW("refund_reverse", "refund_status", 3, SIM_REFUNDS, order_refund_reverse),
    ROW("renewal", "subscription_status", 5, SIM_SUBSCRIPTIONS, life_renew_now),
    ROW("cancel", "subscription_status", 4, SIM_SUBSCRIPTIONS, subscription_cancel),
    ROW("uncancel", "subscription_status", 3, SIM_SUBSCRIPTIONS, life_uncancel),
    ROW("revoke", "subscription_status", 2, SIM_SUBSCRIPTIONS, subscription_revoke),
    ROW("reinstate", "subscription_status", 2, SIM_SUBSCRIPTIONS, life_reinstate),
    ROW("past_due", "subscription_status", 3, SIM_SUBSCRIPTIONS, life_fall_due),
    ROW("recovery", "subscription_status", 3, SIM_SUBSCRIPTIONS, subscription_recover),
    ROW("resume", "subscription_status", 3, SIM_SUBSCRIPTIONS, life_resume),
    ROW("plan", "subscription_edit", 5, SIM_SUBSCRIPTIONS, life_change_plan),
    ROW("seats", "subscription_edit", 3, SIM_SUBSCRIPTIONS, life_change_seats),
    ROW("pause", "subscription_edit", 2, SIM_SUBSCRIPTIONS, life_pause),
    ROW("customer_edit", "edit", 5, SIM_CUSTOMERS, shop_customer_edit),
    ROW("customer_delete", "delete", 3, SIM_CUSTOMERS, shop_customer_delete),
    ROW("customer_restore", "restore", 1, SIM_CUSTOMERS, shop_customer_restore),
    ROW("product_price", "edit", 3, SIM_PRODUCTS, product_price),
    ROW("product_edit", "edit", 1, SIM_PRODUCTS, catalog_rename_product),
    ROW("product_archive", "edit", 1, SIM_PRODUCTS, product_archive),
    ROW("benefit_edit", "edit", 1, SIM_BENEFITS, catalog_edit_benefit),
    ROW("benefit_delete", "delete", 1, SIM_BENEFITS, catalog_delete_benefit),
    ROW("benefit_restore", "restore", 1, SIM_BENEFITS, catalog_restore_benefit),
    SHOP("organization", "edit", 1, do_organization),
    ROW("user_event", "user_event", 3, SIM_SUBSCRIPTIONS, shop_user_event),
    ROW("silent_usage", "silent", 1, SIM_SUBSCRIPTIONS, subscription_usage),
    ROW("silent_attempt", "silent", 1, SIM_ORDERS, order_attempt),
    ROW("silent_price", "silent", 1, SIM_PRODUCTS, catalog_touch_price),
    SHOP("silent_redemption", "silent", 1, do_silent_redemption),
};
_Static_assert(sizeof kinds / sizeof kinds[0] == SIM_KIND_COUNT, "world.h counts the kinds");
_Static_assert(SIM_KIND_COUNT <= 64, "a set of kinds is one number");

// Of which kind a plan of the shop is, where it is not the mere passing of time.
static const char *const deed_kinds[DEED_COUNT] = {
    [DEED_CANCEL] = "cancel",
    [DEED_UNCANCEL] = "uncancel",
    [DEED_CHANGE_PLAN] = "plan",
    [DEED_CHANGE_SEATS] = "seats",
    [DEED_REFUND] = "refund",
    [DEED_REFUND_REVERSE] = "refund_reverse",
    [DEED_CUSTOMER_EDIT] = "customer_edit",
    [DEED_CUSTOMER_DELETE] = "customer_delete",
    [DEED_USER_EVENT] = "user_event",
    [DEED_WALLET] = "wallet",
};

const char *world_kind_name(unsigned kind)
{
    return kinds[kind].name;
}

bool world_kinds_parse(const char *text, uint64_t *ret_kinds)
{
    uint64_t found = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        uint64_t named = 0;
        for (unsigned i = 0; i < SIM_KIND_COUNT; i++)
            if ((strlen(kinds[i].name) == len && strncmp(kinds[i].name, text, len) == 0) ||
                (strlen(kinds[i].group) == len && strncmp(kinds[i].group, text, len) == 0))
                named |= UINT64_C(1) << i;
        if (named == 0)
            return false;
        found |= named;
        text += len + (text[len] == ',');
    }
    if (found != 0)
        *ret_kinds = found;
    return found != 0;
}

bool mutate_allows(const struct sim_world *w, enum deed deed)
{
    if (deed_kinds[deed] == NULL || w->allowed == UINT64_MAX)
        return true;
    for (unsigned i = 0; i < SIM_KIND_COUNT; i++)
        if (strcmp(kinds[i].name, deed_kinds[deed]) == 0)
            return w->allowed >> i & 1U;
    return true;
}

static uint32_t any_row(struct sim_world *w, uint32_t count)
{
    // Half of the time a recent one: that is where life is.
    uint32_t recent = count < RECENT_ROWS ? count : RECENT_ROWS;
    return w->is_scattered || chance_permille(w, 500)
               ? (uint32_t)chance_below(w, count)
               : count - 1 - (uint32_t)chance_below(w, recent);
}

// False when it is possible for no row now.
static bool happen(struct sim_world *w, const struct kind *kind)
{
    uint64_t before = w->changes;
    if (kind->once != NULL) {
        kind->once(w);
        return w->changes != before;
    }
    uint32_t count = kind->on_row != NULL ? world_count(w, kind->table) : 0;
    for (int i = 0; i < TRIES && count > 0 && w->changes == before; i++)
        kind->on_row(w, any_row(w, count));
    uint32_t scanned = count < SCANNED_ROWS ? count : SCANNED_ROWS;
    uint32_t first = count > 0 ? (uint32_t)chance_below(w, count) : 0;
    for (uint32_t i = 0; i < scanned && w->changes == before; i++)
        kind->on_row(w, (first + i) % count);
    return w->changes != before;
}

static unsigned draw_kind(struct sim_world *w)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < SIM_KIND_COUNT; i++)
        sum += w->allowed >> i & 1U ? kinds[i].weight : 0;
    uint64_t at = sum > 0 ? chance_below(w, sum) : 0;
    for (unsigned i = 0; i < SIM_KIND_COUNT && sum > 0; i++) {
        unsigned weight = w->allowed >> i & 1U ? kinds[i].weight : 0;
        if (at < weight)
            return i;
        at -= weight;
    }
    return 0;
}

static void mutate_once(struct sim_world *w, struct sim_mutated *done)
{
    unsigned kind = draw_kind(w);
    for (int i = 0; i < TRIES; i++, kind = draw_kind(w)) {
        if (happen(w, &kinds[kind])) {
            done->of_kind[kind]++;
            return;
        }
    }
    done->impossible++;
}

void world_mutate_kinds(struct sim_world *w, const struct sim_mutation *mutation,
                        struct sim_mutated *ret)
{
    *ret = (struct sim_mutated){0};
    if (w->has_failed)
        return;
    uint64_t before = w->changes;
    int64_t from_us = w->now_us,
            until_us = from_us + (mutation->seconds > 0 ? mutation->seconds : 0) * SECOND_US;
    uint32_t count = mutation->count;
    w->random = uuid_hash(mutation->seed, 77) ^ uuid_hash(w->version, w->key.check);
    w->allowed = mutation->kinds != 0 ? mutation->kinds : UINT64_MAX;
    w->is_scattered = mutation->is_scattered;
    w->event_lag_minutes = mutation->event_lag_minutes;
    for (uint32_t i = 0; i < count && !w->has_failed; i++) {
        int64_t at_us = from_us + (until_us - from_us) / (count + 1) * (i + 1);
        world_run_until(w, at_us > w->now_us ? at_us : w->now_us);
        w->now_us += (int64_t)chance_below(w, 900) + 1;
        mutate_once(w, ret);
    }
    world_run_until(w, until_us);
    uint64_t changed = w->changes - before;
    w->version += changed > 0 || w->now_us != from_us; // with time, late events come to light
    ret->changed = changed > UINT32_MAX ? UINT32_MAX : (uint32_t)changed;
}

uint32_t world_mutate(struct sim_world *w, uint64_t seed, uint32_t count, int64_t seconds)
{
    struct sim_mutated done;
    world_mutate_kinds(w, &(struct sim_mutation){.seed = seed, .count = count, .seconds = seconds},
                       &done);
    return done.changed;
}
