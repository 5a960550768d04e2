// SPDX-License-Identifier: Apache-2.0
// balances.c - subscriptions as stretches of buckets: how many are active, what they are worth a month, who has them, and how many leave.
//
// A subscription is active from the bucket of its start to the bucket before that of its end, so that each number is a difference at two places and a running
// sum in the end. Recurring revenue in US dollars is one amount for the whole stretch. In another currency it changes with the rate of each bucket and is
// rounded row by row: rows of one price (currency, amount, interval) are counted together, and only the count changes along the buckets.
#include "metrics/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

struct foreign_span {
    metrics_currency currency;
    int64_t base_minor;
    enum metrics_interval interval;
    int32_t interval_count;
    int64_t low, high;
    int kind; // 0-3: column - COLUMN_MRR
};
struct customer_span {
    uint32_t customer;
    int32_t low, high;
};
struct balances {
    struct metrics *m;
    struct foreign_span *foreign;
    struct customer_span *customers;
    size_t foreign_count, foreign_capacity, customer_count, customer_capacity;
};

// ---- amounts ----

// Without the tax that the price holds: the share that the newest order with tax has.
static int64_t base_of(struct metrics *m, const struct subscription *s)
{
    if (s->net_amount_minor != METRICS_NULL)
        return s->net_amount_minor;
    if (s->taxed_us == METRICS_NULL || !s->is_tax_included || s->amount_minor == 0)
        return s->amount_minor;
    double whole = (double)s->taxed_net_minor + (double)s->taxed_tax_minor;
    m->has_derived_net = true;
    return round_even((double)s->amount_minor * (double)s->taxed_net_minor / whole);
}

static enum till_code keep_foreign(struct balances *b, const struct foreign_span *span,
                                   struct till_error *e)
{
    void *spans = b->foreign;
    enum till_code code =
        grow(&spans, &b->foreign_capacity, b->foreign_count + 1, sizeof *b->foreign, e);
    b->foreign = spans;
    if (code == TILL_OK)
        b->foreign[b->foreign_count++] = *span;
    return code;
}

// Recurring revenue over [low, high) as one of the four kinds.
static enum till_code add_revenue(struct balances *b, const struct subscription *s, int64_t low,
                                  int64_t high, int kind, struct till_error *e)
{
    int64_t last = (int64_t)b->m->calendar.count;
    low = low < 0 ? 0 : low;
    high = high > last ? last : high;
    if (low >= high)
        return TILL_OK;
    int64_t base_minor = base_of(b->m, s);
    if (s->currency == METRICS_USD || base_minor == 0) {
        add_span(b->m, (enum column_of)(COLUMN_MRR + kind), low, high,
                 per_month(base_minor, s->interval, s->interval_count));
        return TILL_OK;
    }
    struct foreign_span span = {.currency = s->currency,
                                .base_minor = base_minor,
                                .interval = s->interval,
                                .interval_count = s->interval_count,
                                .low = low,
                                .high = high,
                                .kind = kind};
    return keep_foreign(b, &span, e);
}

static enum till_code add_both(struct balances *b, const struct subscription *s, int64_t low,
                               int64_t high, int kind, struct till_error *e)
{
    enum till_code code = add_revenue(b, s, low, high, kind, e);
    if (code == TILL_OK && s->end_us == METRICS_NULL)
        code = add_revenue(b, s, low, high, kind + 1, e);
    return code;
}

// ---- one subscription ----

static enum till_code keep_customer(struct balances *b, uint32_t customer, int64_t low,
                                    int64_t high, struct till_error *e)
{
    void *spans = b->customers;
    enum till_code code =
        grow(&spans, &b->customer_capacity, b->customer_count + 1, sizeof *b->customers, e);
    b->customers = spans;
    if (code == TILL_OK)
        b->customers[b->customer_count++] =
            (struct customer_span){customer, (int32_t)low, (int32_t)high};
    return code;
}

static enum till_code add_active(struct balances *b, const struct subscription *s,
                                 struct till_error *e)
{
    struct metrics *m = b->m;
    struct calendar *calendar = &m->calendar;
    int64_t low = 0, high = (int64_t)calendar->count, trial = 0;
    if (s->started_us != METRICS_NULL)
        low = calendar_bucket(calendar, s->started_us);
    if (s->end_us != METRICS_NULL)
        high = calendar_bucket(calendar, s->end_us);
    low = low < 0 ? 0 : low;
    if ((s->started_us != METRICS_NULL && s->started_us > calendar->until_us) ||
        (s->end_us != METRICS_NULL && s->end_us < calendar->from_us) || low >= high)
        return TILL_OK;
    if (s->trial_end_us != METRICS_NULL) // in trial while it outlasts the bucket
        trial = calendar_bucket(calendar, s->trial_end_us);
    trial = trial < low ? low : trial > high ? high : trial;
    add_span(m, COLUMN_ACTIVE, low, high, 1);
    if (s->end_us == METRICS_NULL)
        add_span(m, COLUMN_COMMITTED, low, high, 1);
    enum till_code code = add_both(b, s, trial, high, 0, e);
    if (code == TILL_OK)
        code = add_both(b, s, low, trial, 2, e);
    return code || !counts_customers(m) ? code : keep_customer(b, s->customer, low, high, e);
}

// Churn looks at 30 days before each bucket; with yearly buckets at the bucket itself.
static void add_churn(struct metrics *m, const struct subscription *s)
{
    const struct calendar *calendar = &m->calendar;
    bool is_yearly = m->query.interval == METRICS_YEAR;
    const int64_t *begins = is_yearly ? calendar->starts_us : calendar->back_us;
    const int64_t *ends = is_yearly ? calendar->starts_us + 1 : calendar->starts_us;
    size_t count = calendar->count, low = 0, high = count;
    if (s->canceled_us != METRICS_NULL)
        add_span(m, COLUMN_CANCELED_BEFORE,
                 (int64_t)calendar_first_after(ends, count, s->canceled_us),
                 (int64_t)calendar_first_after(begins, count, s->canceled_us), 1);
    if (s->started_us != METRICS_NULL)
        low = calendar_first_from(begins, count, s->started_us);
    if (s->end_us != METRICS_NULL)
        high = calendar_first_from(begins, count, s->end_us);
    add_span(m, COLUMN_CHURN_BASE, (int64_t)low, (int64_t)high, 1);
}

static enum till_code add_subscription(struct balances *b, const struct subscription *s,
                                       struct till_error *e)
{
    struct calendar *calendar = &b->m->calendar;
    if (s->end_us != METRICS_NULL && s->end_us >= calendar->from_us &&
        s->end_us <= calendar->until_us)
        add_at(b->m, COLUMN_CHURNED, calendar_bucket(calendar, s->end_us), 1);
    add_churn(b->m, s);
    return add_active(b, s, e);
}

// ---- together ----

static int customer_compare(const void *a, const void *b)
{
    const struct customer_span *one = a, *two = b;
    if (one->customer != two->customer)
        return one->customer < two->customer ? -1 : 1;
    return (one->low > two->low) - (one->low < two->low);
}

// Each customer once: overlapping stretches become one.
static void add_customers(struct balances *b)
{
    struct customer_span *spans = b->customers;
    if (b->customer_count > 0)
        qsort(spans, b->customer_count, sizeof *spans, customer_compare);
    for (size_t i = 0; i < b->customer_count;) {
        struct customer_span whole = spans[i++];
        while (i < b->customer_count && spans[i].customer == whole.customer &&
               spans[i].low <= whole.high) {
            whole.high = spans[i].high > whole.high ? spans[i].high : whole.high;
            i++;
        }
        add_span(b->m, COLUMN_CUSTOMERS, whole.low, whole.high, 1);
    }
}

static int foreign_compare(const void *a, const void *b)
{
    const struct foreign_span *one = a, *two = b;
    if (one->currency != two->currency)
        return one->currency < two->currency ? -1 : 1;
    if (one->base_minor != two->base_minor)
        return one->base_minor < two->base_minor ? -1 : 1;
    if (one->interval != two->interval)
        return one->interval < two->interval ? -1 : 1;
    return (one->interval_count > two->interval_count) -
           (one->interval_count < two->interval_count);
}

struct bucket_rate {
    wide rate;
    bool is_own;
};

// Rows of one price: their counts run along the buckets, each at the bucket's rate.
static void add_price(struct balances *b, const struct foreign_span *spans, size_t count,
                      const struct bucket_rate *rates)
{
    struct metrics *m = b->m;
    int64_t low = (int64_t)m->calendar.count, high = 0, running[4] = {0};
    for (int kind = 0; kind < 4; kind++)
        memset(m->columns[COLUMN_FOREIGN + kind], 0,
               (m->calendar.count + 1) * sizeof *m->columns[0]);
    for (size_t i = 0; i < count; i++) {
        add_span(m, (enum column_of)(COLUMN_FOREIGN + spans[i].kind), spans[i].low, spans[i].high,
                 1);
        low = spans[i].low < low ? spans[i].low : low;
        high = spans[i].high > high ? spans[i].high : high;
    }
    for (int64_t bucket = low; bucket < high; bucket++) {
        bool is_any = false;
        for (int kind = 0; kind < 4; kind++) {
            running[kind] += m->columns[COLUMN_FOREIGN + kind][bucket];
            is_any = is_any || running[kind] != 0;
        }
        if (!is_any)
            continue;
        m->has_guessed_rate = m->has_guessed_rate || !rates[bucket].is_own;
        if (rates[bucket].rate == 0) {
            m->has_no_rate = true;
            note_foreign(m, spans->currency);
            continue;
        }
        int64_t each_minor = per_month(rate_apply(spans->base_minor, rates[bucket].rate),
                                       spans->interval, spans->interval_count);
        for (int kind = 0; kind < 4; kind++) {
            int64_t minor = 0;
            if (__builtin_mul_overflow(each_minor, running[kind], &minor))
                minor = each_minor < 0 ? INT64_MIN + 1 : INT64_MAX;
            add_span(m, (enum column_of)(COLUMN_MRR + kind), bucket, bucket + 1, minor);
        }
    }
}

static enum till_code add_foreign(struct balances *b, struct till_error *e)
{
    struct foreign_span *spans = b->foreign;
    if (b->foreign_count == 0)
        return TILL_OK;
    qsort(spans, b->foreign_count, sizeof *spans, foreign_compare);
    struct bucket_rate *rates = till_calloc(b->m->calendar.count, sizeof *rates);
    if (!rates)
        return TILL_FAIL_MEMORY(e);
    metrics_currency filled = 0;
    for (size_t i = 0; i < b->foreign_count;) {
        size_t end = i + 1;
        while (end < b->foreign_count && foreign_compare(&spans[i], &spans[end]) == 0)
            end++;
        for (size_t bucket = 0; filled != spans[i].currency && bucket < b->m->calendar.count;
             bucket++)
            rates[bucket].rate =
                rate_of(b->m, spans[i].currency, (int64_t)bucket, &rates[bucket].is_own);
        filled = spans[i].currency;
        add_price(b, &spans[i], end - i, rates);
        i = end;
    }
    till_free(rates);
    return TILL_OK;
}

static void run_sums(struct metrics *m)
{
    for (size_t column = 0; column <= COLUMN_CHURN_BASE; column++) {
        int64_t *values = m->columns[column];
        for (size_t i = 1; i < m->calendar.count; i++)
            add_to(&values[i], values[i - 1]);
    }
}

enum till_code balances_finish(struct metrics *m, struct till_error *e)
{
    struct balances b = {.m = m};
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < m->subscription_ids.count && code == TILL_OK; i++)
        if (m->subscriptions[i].has_row && m->subscriptions[i].is_in_scope)
            code = add_subscription(&b, &m->subscriptions[i], e);
    if (code == TILL_OK)
        code = add_foreign(&b, e);
    if (code == TILL_OK) {
        add_customers(&b);
        run_sums(m);
    }
    till_free(b.foreign);
    till_free(b.customers);
    return code;
}
