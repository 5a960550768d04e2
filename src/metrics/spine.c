// SPDX-License-Identifier: Apache-2.0
// spine.c - the end of the event side: each order once, credits at the rate of an earlier payment, subscriptions created and cancelled.
//
// An order counts at the earlier of its payment and its balance event. Its revenue is that of the winning balance event; only events of an old kind, which
// have no net amount, still hold customer credit, which is then taken off.
#include "metrics/engine.h"

#include <stdlib.h>

static int64_t revenue_of(const struct spine_order *order)
{
    if (order->balance_us == METRICS_NULL)
        return 0;
    int64_t revenue_minor = order->settled_minor;
    if (!order->has_net && order->applied_minor > 0)
        add_to(&revenue_minor, -round_even((double)order->applied_minor * order->fx));
    return revenue_minor;
}

static enum till_code finish_order(struct metrics *m, const struct spine_order *order,
                                   struct till_error *e)
{
    int64_t at_us = order->paid_us;
    if (at_us == METRICS_NULL || (order->balance_us != METRICS_NULL && order->balance_us < at_us))
        at_us = order->balance_us;
    if (at_us == METRICS_NULL || at_us < m->calendar.from_us || at_us > m->calendar.last_second_us)
        return TILL_OK;
    struct counted_order counted = {.bucket = calendar_bucket(&m->calendar, at_us),
                                    .revenue_minor = revenue_of(order),
                                    .subscription = order->subscription,
                                    .start_bucket = BUCKET_UNKNOWN};
    counted.net_minor = counted.revenue_minor;
    if (order->balance_us != METRICS_NULL)
        add_to(&counted.net_minor, -order->fee_minor);
    add_to(&counted.net_minor, order->refund_minor);
    if (order->subscription != ID_NOWHERE && m->lives[order->subscription].is_created)
        counted.start_bucket =
            calendar_bucket(&m->calendar, m->lives[order->subscription].started_us);
    return count_order(m, &counted, e);
}

// ---- credits without a rate ----

static int fact_compare(const void *a, const void *b)
{
    const struct rate_fact *one = a, *two = b;
    if (one->customer != two->customer)
        return one->customer < two->customer ? -1 : 1;
    return (one->at_us > two->at_us) - (one->at_us < two->at_us);
}

// The newest earlier payment of the customer in that currency, of the same subscription where there is one.
static double credit_rate(const struct metrics *m, const struct rate_fact *key)
{
    double any = 0;
    size_t low = 0, high = m->fact_count;
    while (low < high) { // behind the customer's last fact that is not later
        size_t middle = low + (high - low) / 2;
        if (fact_compare(&m->facts[middle], key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i > 0 && m->facts[i - 1].customer == key->customer; i--) {
        const struct rate_fact *fact = &m->facts[i - 1];
        if (fact->presentment != key->presentment)
            continue;
        if (key->subscription != ID_NOWHERE && fact->subscription == key->subscription)
            return fact->rate;
        any = any > 0 ? any : fact->rate;
    }
    return any > 0 ? any : 1;
}

static void add_credit(struct metrics *m, const struct credit *credit)
{
    const struct calendar *calendar = &m->calendar;
    int64_t minor = round_even((double)credit->amount_minor * credit_rate(m, &credit->key));
    if (credit->date_us < calendar->from_us) {
        add_to(&m->revenue_before, minor);
        add_to(&m->net_before, minor);
    } else if (credit->date_us <= calendar->until_us) {
        int64_t bucket = calendar_bucket(&m->calendar, credit->date_us);
        add_at(m, COLUMN_REVENUE, bucket, minor);
        add_at(m, COLUMN_NET_REVENUE, bucket, minor);
    }
}

enum till_code spine_finish(struct metrics *m, struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < m->orders.count && code == TILL_OK; i++)
        code = finish_order(m, &m->spine[i], e);
    if (m->credit_count > 0 && m->fact_count > 0)
        qsort(m->facts, m->fact_count, sizeof *m->facts, fact_compare);
    for (size_t i = 0; i < m->credit_count; i++)
        add_credit(m, &m->credits[i]);
    return code;
}

// ---- subscriptions ----

static void count_created(struct metrics *m, const struct life *life)
{
    struct calendar *calendar = &m->calendar;
    bool is_product = m->query.products.is_all || life->is_product;
    if (!life->is_created || !life->is_customer || !is_product ||
        life->created_us < calendar->starts_us[0] || life->created_us > calendar->last_second_us)
        return;
    int64_t bucket = calendar_bucket(calendar, life->created_us);
    if (life->end_us == METRICS_NULL || calendar_bucket(calendar, life->end_us) > bucket)
        add_at(m, COLUMN_NEW, bucket, 1);
}

static void count_canceled(struct metrics *m, const struct life *life)
{
    struct calendar *calendar = &m->calendar;
    if (life->canceled_us == METRICS_NULL || !life->is_cancel_in_scope ||
        life->kept_us > life->canceled_us || life->canceled_us < calendar->from_us ||
        life->canceled_us >= calendar->last_second_us)
        return;
    int64_t bucket = calendar_bucket(calendar, life->canceled_us);
    add_at(m, COLUMN_CANCELED, bucket, 1);
    add_at(m, COLUMN_REASON + life->cancel_reason, bucket, 1);
}

void lives_finish(struct metrics *m)
{
    for (size_t i = 0; i < m->subscription_ids.count; i++) {
        count_created(m, &m->lives[i]);
        count_canceled(m, &m->lives[i]);
    }
}
