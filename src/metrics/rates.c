// SPDX-License-Identifier: Apache-2.0
// rates.c - exchange rates as payments tell them, and money at a rate.
//
// A bucket's rate is the plain average of the rates of its own payments in that currency. Where a bucket has none, Polar takes the nearest day on which any
// shop on Polar was paid in it, which nobody can know from outside: the nearest day of this organization stands in for it, and the answer says so. Rates are
// integers of 1e-16 dollars, so that sums do not depend on the order of payments.
#include "metrics/engine.h"

#include <stdlib.h>

#include "base/fault.h"

static const wide scale = (wide)INT64_C(10000000000000000);

int64_t divide_half_away(wide dividend, wide divisor)
{
    wide magnitude = dividend < 0 ? -dividend : dividend;
    wide quotient = (magnitude + divisor / 2) / divisor;
    if (quotient > INT64_MAX)
        quotient = INT64_MAX;
    return (int64_t)(dividend < 0 ? -quotient : quotient);
}

int64_t rate_apply(int64_t base_minor, wide rate)
{
    wide product;
    if (__builtin_mul_overflow((wide)base_minor, rate, &product) || product > (wide)1 << 126 ||
        product < -((wide)1 << 126))
        return base_minor < 0 ? INT64_MIN : INT64_MAX;
    return divide_half_away(product, scale);
}

int64_t per_month(int64_t amount_minor, enum metrics_interval interval, int32_t count)
{
    switch (interval) {
    case METRICS_YEAR:
        return divide_half_away(amount_minor, (wide)12 * count);
    case METRICS_WEEK:
        return divide_half_away((wide)amount_minor * 52, (wide)12 * count);
    case METRICS_DAY:
        return divide_half_away((wide)amount_minor * 365, (wide)12 * count);
    case METRICS_MONTH:
    case METRICS_HOUR:
        break;
    }
    return divide_half_away(amount_minor, count);
}

static const struct rate_table *table_of(const struct metrics *m, metrics_currency currency)
{
    for (size_t i = 0; i < m->rate_count; i++)
        if (m->rates[i].currency == currency)
            return &m->rates[i];
    return NULL;
}

static enum till_code table_make(struct metrics *m, metrics_currency currency,
                                 struct rate_table **ret_table, struct till_error *e)
{
    void *rates = m->rates;
    if (m->rate_count >= TILL_LIMIT_METRIC_CURRENCIES)
        return TILL_FAIL(e, TILL_LIMIT, 0, "payments are in more than %d currencies",
                         TILL_LIMIT_METRIC_CURRENCIES);
    enum till_code code = grow(&rates, &m->rate_capacity, m->rate_count + 1, sizeof *m->rates, e);
    m->rates = rates;
    if (code)
        return code;
    struct rate_table *table = &m->rates[m->rate_count];
    *table = (struct rate_table){
        .currency = currency, .before_us = METRICS_NULL, .after_us = METRICS_NULL};
    table->buckets = till_calloc(m->calendar.count, sizeof *table->buckets);
    table->days = till_calloc(m->calendar.day_count, sizeof *table->days);
    m->rate_count++; // metrics_close() frees what there is
    if (!table->buckets || !table->days)
        return TILL_FAIL_MEMORY(e);
    *ret_table = table;
    return TILL_OK;
}

// The rate of one payment; false when it tells none.
static bool rate_told(const struct metrics_event *row, wide *ret_rate)
{
    if (row->rate > 0 && row->rate < 1e6) {
        *ret_rate = (wide)round_even(row->rate * 1e12) * 10000; // to 12 places
        return true;
    }
    if (row->amount_minor == METRICS_NULL || row->presentment_minor == METRICS_NULL ||
        row->presentment_minor <= 0 || row->amount_minor <= 0)
        return false;
    *ret_rate =
        ((wide)row->amount_minor * scale + row->presentment_minor / 2) / row->presentment_minor;
    return true;
}

static void rate_add(struct rate_sum *sum, wide rate)
{
    sum->sum += rate;
    sum->count++;
}

static void note_outside(const struct metrics *m, struct rate_table *table, int64_t date_us,
                         wide rate)
{
    if (date_us < m->calendar.from_us && date_us >= table->before_us) {
        table->before_us = date_us;
        table->before_rate = rate;
    } else if (date_us > m->calendar.until_us &&
               (table->after_us == METRICS_NULL || date_us < table->after_us)) {
        table->after_us = date_us;
        table->after_rate = rate;
    }
}

static enum till_code fact_keep(struct metrics *m, const struct metrics_event *row,
                                struct till_error *e)
{
    void *facts = m->facts;
    size_t customer = 0;
    enum till_code code = id_map_put(&m->customers, row->customer, &customer, e);
    if (code == TILL_OK)
        code = grow(&facts, &m->fact_capacity, m->fact_count + 1, sizeof *m->facts, e);
    m->facts = facts;
    if (code == TILL_OK)
        m->facts[m->fact_count++] =
            (struct rate_fact){.customer = (uint32_t)customer,
                               .presentment = row->presentment_currency,
                               .at_us = row->at_us,
                               .subscription = id_map_find(&m->subscription_ids, row->subscription),
                               .rate = row->rate};
    return code;
}

enum till_code rate_observe(struct metrics *m, const struct metrics_event *row, bool is_in_scope,
                            struct till_error *e)
{
    const struct calendar *calendar = &m->calendar;
    metrics_currency currency = row->presentment_currency;
    int64_t date_us = row->order_created_us != METRICS_NULL ? row->order_created_us : row->at_us;
    enum till_code code = TILL_OK;
    wide rate = 0;
    if (currency == 0 || currency == METRICS_USD)
        return TILL_OK;
    if (row->rate > 0)
        code = fact_keep(m, row, e);
    struct rate_table *table = NULL;
    for (size_t i = 0; i < m->rate_count; i++)
        if (m->rates[i].currency == currency)
            table = &m->rates[i];
    if (code || !rate_told(row, &rate))
        return code;
    if (!table)
        code = table_make(m, currency, &table, e);
    if (code)
        return code;
    if (date_us < calendar->from_us || date_us > calendar->until_us) {
        note_outside(m, table, date_us, rate);
        return TILL_OK;
    }
    int64_t day = civil_date_to_days(zone_date(m->query.zone, date_us)) - calendar->first_day;
    if (day >= 0 && day < (int64_t)calendar->day_count)
        rate_add(&table->days[day], rate);
    if (is_in_scope)
        rate_add(&table->buckets[calendar_bucket(&m->calendar, date_us)], rate);
    return TILL_OK;
}

static wide average(const struct rate_sum *sum)
{
    return (sum->sum + sum->count / 2) / sum->count;
}

// Of the day nearest to this one; of two the earlier.
static const struct rate_sum *nearest_day(const struct rate_table *table, size_t day_count,
                                          int64_t day)
{
    int64_t count = (int64_t)day_count;
    for (int64_t away = 0; away <= count + llabs(day); away++) {
        if (day - away >= 0 && day - away < count && table->days[day - away].count > 0)
            return &table->days[day - away];
        if (day + away >= 0 && day + away < count && table->days[day + away].count > 0)
            return &table->days[day + away];
    }
    return NULL;
}

wide rate_of(const struct metrics *m, metrics_currency currency, int64_t bucket, bool *ret_is_own)
{
    const struct rate_table *table = table_of(m, currency);
    *ret_is_own = false;
    if (!table)
        return 0;
    if (table->buckets[bucket].count > 0) {
        *ret_is_own = true;
        return average(&table->buckets[bucket]);
    }
    int64_t day = civil_date_to_days(zone_date(m->query.zone, m->calendar.starts_us[bucket])) -
                  m->calendar.first_day;
    const struct rate_sum *near = nearest_day(table, m->calendar.day_count, day);
    if (near)
        return average(near);
    return table->before_us != METRICS_NULL ? table->before_rate : table->after_rate;
}
