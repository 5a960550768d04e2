// SPDX-License-Identifier: Apache-2.0
// webhook_events.c - which events a mutation makes, found by comparing the shop before and after it.
//
// Comparing keeps the life of the shop free of webhooks, and gives each kind of change the sequence that polar-api section 9.2 lists. What does not move
// modified_at or a status makes no event, as at Polar (section 9.8). Several steps of one row within one mutation are told once, with the last state.
#include "webhook.h"

#include "world_parts.h"

#include <stdlib.h>
#include <string.h>

struct webhook_past {
    struct table customers, subscriptions, orders, refunds, checkouts;
    unsigned product_count, benefit_count;
    struct {
        int64_t modified_us;
        bool is_deleted;
    } products[PRODUCT_LIMIT], benefits[BENEFIT_LIMIT];
    int64_t organization_modified_us;
};

struct telling {
    const struct webhook_past *past;
    const struct sim_world *world;
    webhook_tell *tell;
    void *context;
};

static bool copy_table(const struct table *from, struct table *to)
{
    *to = *from;
    to->data = malloc(from->count * from->element + 1);
    if (to->data == NULL) {
        return false;
    }
    if (from->count > 0) {
        memcpy(to->data, from->data, from->count * from->element);
    }
    return true;
}

void webhook_past_free(struct webhook_past *past)
{
    if (past != NULL) {
        free(past->customers.data);
        free(past->subscriptions.data);
        free(past->orders.data);
        free(past->refunds.data);
        free(past->checkouts.data);
        free(past);
    }
}

struct webhook_past *webhook_past_new(const struct sim_world *world)
{
    struct webhook_past *past = calloc(1, sizeof(*past));
    if (past == NULL) {
        return NULL;
    }
    bool is_whole = copy_table(&world->customers, &past->customers) &&
                    copy_table(&world->subscriptions, &past->subscriptions) &&
                    copy_table(&world->orders, &past->orders) &&
                    copy_table(&world->refunds, &past->refunds) &&
                    copy_table(&world->checkouts, &past->checkouts);
    if (!is_whole) {
        webhook_past_free(past);
        return NULL;
    }
    past->product_count = world->product_count;
    past->benefit_count = world->benefit_count;
    past->organization_modified_us = world->organization_modified_us;
    for (unsigned i = 0; i < world->product_count; i++) {
        past->products[i].modified_us = world->products[i].modified_us;
    }
    for (unsigned i = 0; i < world->benefit_count; i++) {
        past->benefits[i].modified_us = world->benefits[i].modified_us;
        past->benefits[i].is_deleted = world->benefits[i].is_deleted;
    }
    return past;
}

// The row as it was; NULL when it is new.
static const void *before(const struct table *past, uint32_t row)
{
    return row < past->count ? past->data + (size_t)row * past->element : NULL;
}

static void tell(const struct telling *t, const char *type, enum sim_table table, uint32_t row)
{
    t->tell(t->context, type, table, row);
}

static void tell_if(const struct telling *t, bool holds, const char *type, enum sim_table table,
                    uint32_t row)
{
    if (holds) {
        tell(t, type, table, row);
    }
}

static void tell_customers(const struct telling *t)
{
    for (uint32_t i = 0; i < t->world->customers.count; i++) {
        const struct customer_row *now = customer_at(t->world, i);
        const struct customer_row *old = before(&t->past->customers, i);
        bool is_gone = now->deleted_us != 0 && (old == NULL || old->deleted_us == 0);
        tell_if(t, old == NULL, "customer.created", SIM_CUSTOMERS, i);
        tell_if(t, is_gone, "customer.deleted", SIM_CUSTOMERS, i);
        tell_if(t, !is_gone && old != NULL && now->modified_us != old->modified_us,
                "customer.updated", SIM_CUSTOMERS, i);
    }
}

static void tell_checkouts(const struct telling *t)
{
    for (uint32_t i = 0; i < t->world->checkouts.count; i++) {
        const struct checkout_row *now = checkout_at(t->world, i);
        const struct checkout_row *old = before(&t->past->checkouts, i);
        bool has_changed =
            old != NULL && (now->modified_us != old->modified_us || now->status != old->status);
        bool has_expired = has_changed && now->status == CHECKOUT_EXPIRED;
        tell_if(t, old == NULL, "checkout.created", SIM_CHECKOUTS, i);
        tell_if(t, old == NULL && now->status != CHECKOUT_OPEN, "checkout.updated", SIM_CHECKOUTS,
                i);
        tell_if(t, has_changed, has_expired ? "checkout.expired" : "checkout.updated",
                SIM_CHECKOUTS, i);
    }
}

static bool is_unpaid(const struct order_row *order)
{
    return order->status == DRAFT || order->status == PENDING;
}

static void tell_orders(const struct telling *t)
{
    for (uint32_t i = 0; i < t->world->orders.count; i++) {
        const struct order_row *now = order_at(t->world, i);
        const struct order_row *old = before(&t->past->orders, i);
        bool is_paid = !is_unpaid(now) && now->status != VOID && (old == NULL || is_unpaid(old));
        bool has_changed =
            old != NULL && (now->modified_us != old->modified_us || now->status != old->status);
        tell_if(t, old == NULL, "order.created", SIM_ORDERS, i);
        tell_if(t, has_changed || is_paid, "order.updated", SIM_ORDERS, i);
        tell_if(t, is_paid, "order.paid", SIM_ORDERS, i);
        tell_if(t, now->refunded > (old == NULL ? 0 : old->refunded), "order.refunded", SIM_ORDERS,
                i);
    }
}

static void tell_refunds(const struct telling *t)
{
    for (uint32_t i = 0; i < t->world->refunds.count; i++) {
        const struct refund_row *now = refund_at(t->world, i);
        const struct refund_row *old = before(&t->past->refunds, i);
        tell_if(t, old == NULL, "refund.created", SIM_REFUNDS, i);
        tell_if(t,
                old != NULL && (now->modified_us != old->modified_us || now->status != old->status),
                "refund.updated", SIM_REFUNDS, i);
    }
}

static void tell_state_change(const struct telling *t, uint32_t row,
                              const struct subscription_row *old,
                              const struct subscription_row *now)
{
    const struct {
        bool holds;
        const char *type;
    } changes[] = {
        {now->status == PAST_DUE && old->status != PAST_DUE, "subscription.past_due"},
        {now->status == PAUSED && old->status != PAUSED, "subscription.paused"},
        {old->status == PAUSED && now->status == ACTIVE, "subscription.resumed"},
        {now->ended_us == 0 && now->status == ACTIVE &&
             (old->status == INCOMPLETE || old->ended_us != 0),
         "subscription.active"},
        {old->ended_us == 0 && old->canceled_us != 0 && now->canceled_us == 0,
         "subscription.uncanceled"},
        {now->canceled_us != 0 &&
             (old->canceled_us == 0 || (now->ended_us != 0 && old->ended_us == 0)),
         "subscription.canceled"},
        {now->ended_us != 0 && old->ended_us == 0, "subscription.revoked"},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        tell_if(t, changes[i].holds, changes[i].type, SIM_SUBSCRIPTIONS, row);
    }
    tell_if(t, now->status != old->status, "customer.state_changed", SIM_CUSTOMERS, now->customer);
}

static void tell_subscriptions(const struct telling *t)
{
    for (uint32_t i = 0; i < t->world->subscriptions.count; i++) {
        const struct subscription_row *now = subscription_at(t->world, i);
        const struct subscription_row *old = before(&t->past->subscriptions, i);
        if (old == NULL) {
            bool is_imported = now->started_us < now->created_us; // those send nothing
            tell_if(t, !is_imported, "subscription.created", SIM_SUBSCRIPTIONS, i);
            tell_if(t, !is_imported && life_is_active(now), "subscription.active",
                    SIM_SUBSCRIPTIONS, i);
        } else if (now->modified_us != old->modified_us || now->status != old->status) {
            tell_if(t, now->cycles != old->cycles, "subscription.cycled", SIM_SUBSCRIPTIONS, i);
            tell(t, "subscription.updated", SIM_SUBSCRIPTIONS, i);
            tell_state_change(t, i, old, now);
        }
    }
}

// A benefit's end is an update that says is_deleted.
static void tell_catalogue(const struct telling *t)
{
    const struct sim_world *w = t->world;
    for (unsigned i = 0; i < w->product_count; i++) {
        bool is_new = i >= t->past->product_count;
        tell_if(t, is_new, "product.created", SIM_PRODUCTS, i);
        tell_if(t, !is_new && w->products[i].modified_us != t->past->products[i].modified_us,
                "product.updated", SIM_PRODUCTS, i);
    }
    for (unsigned i = 0; i < w->benefit_count; i++) {
        bool is_new = i >= t->past->benefit_count;
        tell_if(t, is_new, "benefit.created", SIM_BENEFITS, i);
        tell_if(t,
                !is_new && (w->benefits[i].modified_us != t->past->benefits[i].modified_us ||
                            w->benefits[i].is_deleted != t->past->benefits[i].is_deleted),
                "benefit.updated", SIM_BENEFITS, i);
    }
    tell_if(t, w->organization_modified_us != t->past->organization_modified_us,
            "organization.updated", SIM_ORGANIZATIONS, 0);
}

void webhook_events_since(const struct webhook_past *past, const struct sim_world *world,
                          webhook_tell *tell_one, void *context)
{
    const struct telling telling = {past, world, tell_one, context};
    tell_customers(&telling);
    tell_checkouts(&telling);
    tell_catalogue(&telling);
    tell_subscriptions(&telling);
    tell_orders(&telling);
    tell_refunds(&telling);
}
