// SPDX-License-Identifier: Apache-2.0
// metrics_events.c - what else the events tell: new subscriptions, cancellations, costs, and who was there at all.
//
// A subscription is known by its last event alone: a cancellation says when it will end, a revocation ends it, anything later revives it.
#include "metrics_parts.h"

#include <stdlib.h>

// What the events say of one subscription.
struct story {
    int64_t created_us, last_us, end_us; // 0 = not known
    uint8_t product;
    uint32_t who;
    bool has_canceled;
    int64_t canceled_us, canceled_event_us, revived_us;
    uint8_t canceled_product, reason;
};

static bool is_life(unsigned name)
{
    return name == EV_SUBSCRIPTION_CREATED || name == EV_SUBSCRIPTION_CYCLED ||
           name == EV_SUBSCRIPTION_CANCELED || name == EV_SUBSCRIPTION_UNCANCELED ||
           name == EV_SUBSCRIPTION_REINSTATED || name == EV_SUBSCRIPTION_REVOKED ||
           name == EV_SUBSCRIPTION_PRODUCT_UPDATED;
}

static void note_cancellation(const struct event_row *event, const struct event_detail *detail,
                              struct story *story)
{
    bool is_later =
        detail->first_us > story->canceled_us ||
        (detail->first_us == story->canceled_us && event->at_us >= story->canceled_event_us);
    if (story->has_canceled && !is_later)
        return;
    story->has_canceled = true;
    story->canceled_us = detail->first_us;
    story->canceled_event_us = event->at_us;
    story->canceled_product = event->product;
    story->reason = detail->reason;
}

static void note_event(const struct metrics *m, const struct event_row *event, struct story *story)
{
    story->who = event->customer;
    if (event->name == EV_SUBSCRIPTION_CREATED)
        story->created_us = event->at_us;
    if (event->at_us >= story->last_us) {
        story->last_us = event->at_us;
        story->product = event->product;
        story->end_us = 0;
        if (event->name == EV_SUBSCRIPTION_CANCELED)
            story->end_us = detail_at(m->w, event->aux)->second_us;
        if (event->name == EV_SUBSCRIPTION_REVOKED)
            story->end_us = event->at_us;
    }
    if (event->name == EV_SUBSCRIPTION_CANCELED)
        note_cancellation(event, detail_at(m->w, event->aux), story);
    bool is_revival =
        event->name == EV_SUBSCRIPTION_UNCANCELED || event->name == EV_SUBSCRIPTION_REINSTATED;
    if (is_revival && event->at_us > story->revived_us)
        story->revived_us = event->at_us;
}

// Counted from the start of the first bucket, even where the window cuts it.
static void add_new(const struct metrics *m, const struct story *story)
{
    struct metrics_bucket *bucket =
        story->created_us != 0 ? metrics_bucket_of(m, story->created_us) : NULL;
    if (bucket == NULL || story->created_us > m->end_second_us ||
        !metrics_has_product(m, story->product) || !metrics_has_person(m, story->who))
        return;
    if (story->end_us == 0 || story->end_us >= bucket->until_us)
        bucket->whole[M_new_subscriptions]++;
}

// The filter by customer knows ids alone here.
static void add_cancellation(const struct metrics *m, const struct story *story)
{
    static const int reasons[] = {
        M_canceled_subscriptions_customer_service, M_canceled_subscriptions_low_quality,
        M_canceled_subscriptions_missing_features, M_canceled_subscriptions_switched_service,
        M_canceled_subscriptions_too_complex,      M_canceled_subscriptions_too_expensive,
        M_canceled_subscriptions_unused,           M_canceled_subscriptions_other};
    bool is_in_window = story->has_canceled && story->canceled_us >= m->start_us &&
                        story->canceled_us < m->end_second_us;
    if (!is_in_window || story->revived_us > story->canceled_us ||
        !metrics_has_product(m, story->canceled_product) || !metrics_has_customer(m, story->who))
        return;
    struct metrics_bucket *bucket = metrics_bucket_of(m, story->canceled_us);
    if (bucket == NULL)
        return;
    bool has_reason = story->reason < sizeof reasons / sizeof reasons[0];
    bucket->whole[M_canceled_subscriptions]++;
    bucket->whole[has_reason ? reasons[story->reason] : M_canceled_subscriptions_other]++;
}

void metrics_of_subscription_events(struct metrics *m)
{
    struct story *stories = calloc(m->w->subscriptions.count + 1, sizeof *stories);
    if (stories == NULL) {
        m->has_failed = true;
        return;
    }
    for (uint32_t i = 0; i < m->w->events.count; i++) {
        const struct event_row *event = event_at(m->w, i);
        if (is_life(event->name) && world_is_listed(m->w, SIM_EVENTS, i))
            note_event(m, event, &stories[event->ref]);
    }
    for (uint32_t i = 0; i < m->w->subscriptions.count; i++) {
        add_new(m, &stories[i]);
        add_cancellation(m, &stories[i]);
    }
    free(stories);
}

// A customer and an external id are two users, even when both are the same person's.
static void add_users(struct metrics *m, const struct metrics_bucket *bucket,
                      const struct event_row *event, struct metrics_set *customers,
                      struct metrics_set *externals)
{
    if (event->customer == SIM_NO_ROW)
        return;
    const struct customer_row *customer = customer_at(m->w, event->customer);
    metrics_set_add(m, customers, bucket, event->customer);
    if (customer->deleted_us == 0 && (customer->flags & CUSTOMER_HAS_EXTERNAL_ID) != 0)
        metrics_set_add(m, externals, bucket, customer->identity);
}

void metrics_of_costs(struct metrics *m)
{
    struct metrics_set customers = {0}, externals = {0};
    double total = 0;
    for (uint32_t i = 0; i < m->w->events.count; i++) {
        const struct event_row *event = event_at(m->w, i);
        if (event->at_us > m->end_us || !metrics_has_event(m, i))
            continue;
        double cost = (double)fact_cost(event) / 1000000;
        struct metrics_bucket *bucket = metrics_bucket_of(m, event->at_us);
        if (event->at_us < m->start_us) {
            total += cost;
        } else if (bucket != NULL) {
            bucket->real[M_costs] += cost;
            add_users(m, bucket, event, &customers, &externals);
        }
    }
    metrics_set_count(m, &customers, M_active_user_by_event);
    metrics_set_count(m, &externals, M_active_user_by_event);
    for (size_t i = 0; i < m->count; i++) {
        struct metrics_bucket *bucket = &m->buckets[i];
        int64_t users = bucket->whole[M_active_user_by_event];
        total += bucket->real[M_costs];
        bucket->real[M_cumulative_costs] = total;
        if (users > 0)
            bucket->real[M_cost_per_user] = bucket->real[M_costs] / (double)users;
    }
}
