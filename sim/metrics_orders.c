// SPDX-License-Identifier: Apache-2.0
// metrics_orders.c - flows of money: revenue from the balance events, and orders as their events tell them.
//
// Two definitions stand side by side, as upstream. "Revenue" adds up every balance event on the day of its order (disputes: on their own day).
// "Orders" first makes one line of each order: its payment, its one balance event, its refunds; disputes are not in it. Amounts become dollars
// by the event's own rate, in doubles, rounded half to even. The events of refunds and disputes are in dollars already and are multiplied by
// the rate all the same: that is what upstream shows.
#include "metrics_parts.h"

#include <math.h>
#include <stdlib.h>

enum { RATE_UNIT = 1000000 };

// A balance event, as it reads (render_event.c prints the same).
struct balance {
    uint32_t order;
    int64_t amount, net_amount, fee;
    int64_t at_us, order_created_us; // 0 = it does not say when its order was made
    double rate;
    bool has_net_amount, is_revenue, is_refund;
};

static bool read_balance(const struct metrics *m, const struct event_row *event,
                         struct balance *ret)
{
    bool is_refund = event->name == EV_BALANCE_REFUND || event->name == EV_BALANCE_REFUND_REVERSAL;
    bool is_revenue = event->name == EV_BALANCE_ORDER || event->name == EV_BALANCE_CREDIT_ORDER;
    if (!is_refund && !is_revenue && event->name != EV_BALANCE_DISPUTE)
        return false;
    uint32_t index = is_refund ? refund_at(m->w, event->ref)->order : event->ref;
    const struct order_row *order = order_at(m->w, index);
    int64_t rate = money_rate(m->w, order->currency, order->created_us);
    *ret = (struct balance){.order = index,
                            .at_us = event->at_us,
                            .rate = (double)rate / RATE_UNIT,
                            .is_revenue = is_revenue,
                            .is_refund = is_refund};
    if (is_revenue) {
        ret->amount = ret->net_amount = order->net;
        ret->has_net_amount = event->name == EV_BALANCE_ORDER;
        ret->fee = order->fee;
    } else if (is_refund) {
        int64_t sign = event->name == EV_BALANCE_REFUND ? -1 : 1;
        ret->amount = sign * money_scale(refund_at(m->w, event->ref)->amount, rate, RATE_UNIT);
        ret->order_created_us = order->created_us;
    } else {
        ret->amount = -money_scale(order->net, rate, RATE_UNIT);
        ret->fee = DISPUTE_FEE;
    }
    return true;
}

static int64_t settled(const struct balance *balance)
{
    int64_t amount = balance->has_net_amount ? balance->net_amount : balance->amount;
    return (int64_t)rint((double)amount * balance->rate);
}

// Revenue.

void metrics_of_revenue(struct metrics *m)
{
    int64_t gross = 0, net = 0; // of all time before the window
    // With a customer upstream goes another way, which loses the window's last second.
    int64_t last_us = m->has_customer_filter ? m->end_second_us : m->end_us;
    for (uint32_t i = 0; i < m->w->events.count; i++) {
        struct balance balance;
        if (!metrics_has_event(m, i) || !read_balance(m, event_at(m->w, i), &balance) ||
            !metrics_has_product(m, order_at(m->w, balance.order)->product))
            continue;
        int64_t at_us = balance.order_created_us != 0 ? balance.order_created_us : balance.at_us;
        int64_t revenue = balance.is_revenue ? settled(&balance) : 0;
        int64_t kept = settled(&balance) - balance.fee;
        struct metrics_bucket *bucket = metrics_bucket_of(m, at_us);
        if (at_us < m->start_us) {
            gross += revenue;
            net += kept;
        } else if (at_us <= last_us && bucket != NULL) {
            bucket->whole[M_revenue] += revenue;
            bucket->whole[M_net_revenue] += kept;
        }
    }
    for (size_t i = 0; i < m->count; i++) {
        gross += m->buckets[i].whole[M_revenue];
        net += m->buckets[i].whole[M_net_revenue];
        m->buckets[i].whole[M_cumulative_revenue] = gross;
        m->buckets[i].whole[M_net_cumulative_revenue] = net;
    }
}

// Orders.

struct order_line {
    int64_t paid_us; // 0 = no such event
    struct balance balance;
    bool has_balance;
    int64_t refunds;
};

// balance.order beats balance.credit_order; then the later one, then the larger one.
static bool is_better(const struct balance *a, const struct balance *b)
{
    if (a->has_net_amount != b->has_net_amount)
        return a->has_net_amount;
    if (a->at_us != b->at_us)
        return a->at_us > b->at_us;
    return settled(a) > settled(b);
}

static void read_lines(const struct metrics *m, struct order_line *lines)
{
    for (uint32_t i = 0; i < m->w->events.count; i++) {
        const struct event_row *event = event_at(m->w, i);
        struct balance balance;
        if (!metrics_has_event(m, i))
            continue;
        if (event->name == EV_ORDER_PAID) {
            int64_t *paid_us = &lines[event->ref].paid_us;
            *paid_us = event->at_us > *paid_us ? event->at_us : *paid_us;
        } else if (read_balance(m, event, &balance)) {
            struct order_line *line = &lines[balance.order];
            if (balance.is_refund)
                line->refunds += settled(&balance) - balance.fee;
            if (balance.is_revenue && (!line->has_balance || is_better(&balance, &line->balance)))
                line->balance = balance;
            line->has_balance |= balance.is_revenue;
        }
    }
}

// The event's time of an order: the earlier of payment and balance, of those that there are; 0 = neither.
static int64_t line_time(const struct order_line *line)
{
    if (!line->has_balance)
        return line->paid_us;
    if (line->paid_us == 0 || line->balance.at_us < line->paid_us)
        return line->balance.at_us;
    return line->paid_us;
}

static int64_t line_revenue(const struct order_line *line, const struct order_row *order)
{
    if (!line->has_balance)
        return 0;
    int64_t applied = line->paid_us != 0 && order->applied_balance > 0 ? order->applied_balance : 0;
    int64_t revenue = settled(&line->balance);
    if (!line->balance.has_net_amount)
        revenue -= (int64_t)rint((double)applied * line->balance.rate);
    return revenue;
}

// Whether a subscription.created event tells when the subscription of the order began.
static bool *find_created(const struct metrics *m)
{
    bool *is_created = calloc(m->w->subscriptions.count + 1, sizeof *is_created);
    for (uint32_t i = 0; i < m->w->events.count && is_created != NULL; i++)
        if (event_at(m->w, i)->name == EV_SUBSCRIPTION_CREATED &&
            world_is_listed(m->w, SIM_EVENTS, i))
            is_created[event_at(m->w, i)->ref] = true;
    return is_created;
}

struct order_sums {
    int64_t revenue, net;
};

// ceil(sum / count)
static int64_t ceiling(int64_t sum, int64_t count)
{
    return sum / count + (sum % count > 0);
}

static void add_line(struct metrics *m, struct metrics_bucket *bucket, uint32_t index,
                     const struct order_sums *sums, const bool *is_created,
                     struct metrics_set *renewed)
{
    const struct order_row *order = order_at(m->w, index);
    int64_t *whole = bucket->whole;
    whole[M_orders]++;
    if (order->subscription == SIM_NO_ROW) {
        whole[M_one_time_products]++;
        whole[M_one_time_products_revenue] += sums->revenue;
        whole[M_one_time_products_net_revenue] += sums->net;
        return;
    }
    if (!is_created[order->subscription])
        return;
    int64_t started_us = subscription_at(m->w, order->subscription)->started_us;
    if (started_us >= bucket->from_us && started_us < bucket->until_us) {
        whole[M_new_subscriptions_revenue] += sums->revenue;
        whole[M_new_subscriptions_net_revenue] += sums->net;
    } else {
        whole[M_renewed_subscriptions_revenue] += sums->revenue;
        whole[M_renewed_subscriptions_net_revenue] += sums->net;
        metrics_set_add(m, renewed, bucket, order->subscription);
    }
}

static void add_lines(struct metrics *m, const struct order_line *lines, const bool *is_created,
                      struct order_sums *bucket_sums)
{
    struct metrics_set renewed = {0};
    for (uint32_t i = 0; i < m->w->orders.count; i++) {
        const struct order_row *order = order_at(m->w, i);
        int64_t at_us = line_time(&lines[i]);
        struct metrics_bucket *bucket = at_us != 0 ? metrics_bucket_of(m, at_us) : NULL;
        if (bucket == NULL || at_us < m->start_us || at_us > m->end_second_us ||
            !metrics_has_product(m, order->product))
            continue;
        struct order_sums sums = {.revenue = line_revenue(&lines[i], order)};
        int64_t fee = lines[i].has_balance ? lines[i].balance.fee : 0;
        sums.net = sums.revenue - fee + lines[i].refunds;
        bucket_sums[bucket - m->buckets].revenue += sums.revenue;
        bucket_sums[bucket - m->buckets].net += sums.net;
        add_line(m, bucket, i, &sums, is_created, &renewed);
    }
    metrics_set_count(m, &renewed, M_renewed_subscriptions);
}

void metrics_of_orders(struct metrics *m)
{
    struct order_line *lines = calloc(m->w->orders.count + 1, sizeof *lines);
    struct order_sums *sums = calloc(m->count, sizeof *sums);
    bool *is_created = find_created(m);
    m->has_failed |= lines == NULL || sums == NULL || is_created == NULL;
    if (!m->has_failed) {
        read_lines(m, lines);
        add_lines(m, lines, is_created, sums);
        for (size_t i = 0; i < m->count; i++) {
            int64_t *whole = m->buckets[i].whole;
            if (whole[M_orders] == 0)
                continue;
            whole[M_average_order_value] = ceiling(sums[i].revenue, whole[M_orders]);
            whole[M_net_average_order_value] = ceiling(sums[i].net, whole[M_orders]);
        }
    }
    free(lines);
    free(sums);
    free(is_created);
}
