// SPDX-License-Identifier: Apache-2.0
// metrics_subscriptions.c - snapshots of the subscriptions: how many, what they bring each month, how many left.
//
// All of it looks at today's rows: their amount of today stands for every past bucket, and the ends that are planned for the ones to come.
// A bucket shows its end: who starts inside it counts, who ends inside it does not. The status is never looked at. Money in another currency
// is turned into dollars at the bucket's own average rate, or at that of all shops of the service on the nearest day.
#include "metrics_parts.h"

#include <stdlib.h>

enum { RATE_UNIT = 1000000 };

struct rate { // sum / count, in millionths of a cent
    int64_t sum, count;
};

static int64_t end_of(const struct subscription_row *s)
{
    return s->ended_us != 0 ? s->ended_us : s->ends_us;
}

static bool is_active(const struct metrics *m, const struct metrics_bucket *bucket,
                      const struct subscription_row *s)
{
    int64_t end_us = end_of(s);
    bool has_begun = s->started_us < bucket->until_us && s->started_us <= m->end_us;
    bool has_ended = end_us != 0 && (end_us < bucket->until_us || end_us < m->start_us);
    return has_begun && !has_ended;
}

// The trial lasts through the bucket's end.
static bool is_in_trial(const struct metrics_bucket *bucket, const struct subscription_row *s)
{
    return s->trial_end_us != 0 && s->trial_end_us >= bucket->until_us;
}

// What the subscription brings in a month, in US cents, rounded half away from zero twice.
static int64_t monthly_amount(const struct subscription_row *s, const struct rate *rate)
{
    const struct product_template *product = &product_templates[s->product];
    int64_t count = product->interval_count;
    int64_t amount = s->net_amount;
    if (s->currency != USD)
        amount = money_scale(amount, rate->sum, rate->count * RATE_UNIT);
    switch (product->interval) {
    case BY_YEAR:
        return money_scale(amount, 1, 12 * count);
    case BY_WEEK:
        return money_scale(amount, 52, 12 * count);
    case BY_DAY:
        return money_scale(amount, 365, 12 * count);
    case BY_MONTH:
    case ONE_TIME:
        break;
    }
    return money_scale(amount, 1, count > 0 ? count : 1);
}

// The service's own average of the nearest day on which the window saw payments; 1 when it saw none.
static struct rate service_rate(const struct metrics *m, const struct metrics_bucket *bucket,
                                enum currency currency)
{
    int64_t first_us = m->start_us > SERVICE_OPENED_US ? m->start_us : SERVICE_OPENED_US;
    int64_t last_us = m->end_us < m->w->now_us ? m->end_us : m->w->now_us;
    if (last_us < first_us)
        return (struct rate){RATE_UNIT, 1};
    int64_t at_us = bucket->from_us < first_us ? first_us : bucket->from_us;
    at_us = at_us > last_us ? last_us : at_us;
    return (struct rate){money_rate(m->w, currency, at_us), 1};
}

// The average of the kept payments by card of the orders that were made in the bucket.
static void find_rates(const struct metrics *m, const struct metrics_bucket *bucket,
                       struct rate ret[CURRENCY_COUNT])
{
    for (unsigned i = 0; i < CURRENCY_COUNT; i++)
        ret[i] = (struct rate){0};
    for (uint32_t i = 0; i < m->w->orders.count; i++) {
        const struct order_row *order = order_at(m->w, i);
        bool is_paid = (order->flags & ORDER_HAS_FEE) != 0 && (order->flags & ORDER_BY_CARD) != 0;
        bool is_here = order->created_us >= bucket->from_us &&
                       order->created_us < bucket->until_us && order->created_us >= m->start_us &&
                       order->created_us <= m->end_us;
        if (!is_paid || !is_here || order->product == SIM_NO_BYTE ||
            !metrics_has_product(m, order->product) || !metrics_has_customer(m, order->customer))
            continue;
        ret[order->currency].sum += money_rate(m->w, order->currency, order->created_us);
        ret[order->currency].count++;
    }
    for (unsigned i = 0; i < CURRENCY_COUNT; i++)
        if (ret[i].count == 0)
            ret[i] = service_rate(m, bucket, i);
}

static void add_active(struct metrics_bucket *bucket, const struct subscription_row *s,
                       const struct rate *rates)
{
    int64_t *whole = bucket->whole;
    int64_t amount = monthly_amount(s, &rates[s->currency]);
    bool is_trial = is_in_trial(bucket, s), is_committed = end_of(s) == 0;
    whole[M_active_subscriptions]++;
    whole[is_trial ? M_trial_monthly_recurring_revenue : M_monthly_recurring_revenue] += amount;
    if (!is_committed)
        return;
    whole[M_committed_subscriptions]++;
    whole[is_trial ? M_trial_committed_monthly_recurring_revenue
                   : M_committed_monthly_recurring_revenue] += amount;
}

// Cancellations that were asked for in the window of the bucket, by those who were there when it opened. The filters hold, the dates do not.
struct churn {
    int64_t canceled, active;
};

static void add_churn(const struct metrics *m, struct metrics_bucket *bucket,
                      const struct subscription_row *s, struct churn *churn)
{
    int64_t from_us = bucket->churn_from_us, end_us = end_of(s);
    churn->canceled +=
        s->canceled_us != 0 && s->canceled_us >= from_us && s->canceled_us < bucket->churn_until_us;
    churn->active += s->started_us <= from_us && (end_us == 0 || end_us > from_us);
    if (end_us >= bucket->from_us && end_us < bucket->until_us && end_us >= m->start_us &&
        end_us <= m->end_us)
        bucket->whole[M_churned_subscriptions]++;
}

static void fill_bucket(struct metrics *m, struct metrics_bucket *bucket, bool *is_customer_seen)
{
    struct rate rates[CURRENCY_COUNT];
    struct churn churn = {0};
    int64_t customers = 0;
    find_rates(m, bucket, rates);
    for (uint32_t i = 0; i < m->w->customers.count; i++)
        is_customer_seen[i] = false;
    for (uint32_t i = 0; i < m->w->subscriptions.count; i++) {
        const struct subscription_row *s = subscription_at(m->w, i);
        if (!metrics_has_product(m, s->product) || !metrics_has_customer(m, s->customer))
            continue;
        add_churn(m, bucket, s, &churn);
        if (!is_active(m, bucket, s))
            continue;
        add_active(bucket, s, rates);
        customers += !is_customer_seen[s->customer];
        is_customer_seen[s->customer] = true;
    }
    if (customers > 0)
        bucket->whole[M_average_revenue_per_user] =
            money_scale(bucket->whole[M_monthly_recurring_revenue], 1, customers);
    if (churn.active > 0)
        bucket->real[M_churn_rate] = (double)churn.canceled / (double)churn.active;
}

void metrics_of_subscriptions(struct metrics *m)
{
    bool *is_customer_seen = calloc(m->w->customers.count + 1, sizeof *is_customer_seen);
    if (is_customer_seen == NULL) {
        m->has_failed = true;
        return;
    }
    for (size_t i = 0; i < m->count; i++)
        fill_bucket(m, &m->buckets[i], is_customer_seen);
    free(is_customer_seen);
}
