// SPDX-License-Identifier: Apache-2.0
// metrics.c - opening a question, and the rows that need no more than a look: subscriptions (kept until the end) and checkouts.
#include <math.h>
#include <string.h>

#include "base/fault.h"
#include "metrics/engine.h"

// Checkouts from before this moment count without having been opened: 2026-01-22T12:13:00Z.
static const int64_t openings_since_us = INT64_C(1769083980) * 1000000;
static const int64_t day_us = INT64_C(86400) * 1000000;

static enum till_code fill_filter(struct id_map *map, const struct metrics_ids *ids,
                                  struct till_error *e)
{
    enum till_code code = TILL_OK;
    size_t number;
    for (size_t i = 0; !ids->is_all && i < ids->count && code == TILL_OK; i++)
        code = id_map_put(map, ids->ids[i], &number, e);
    return code;
}

static enum till_code make_columns(struct metrics *m, struct till_error *e)
{
    size_t width = m->calendar.count + 1;
    m->block = till_calloc(width * COLUMN__COUNT, sizeof *m->block);
    if (!m->block)
        return TILL_FAIL_MEMORY(e);
    for (size_t i = 0; i < COLUMN__COUNT; i++)
        m->columns[i] = m->block + i * width;
    return TILL_OK;
}

enum till_code metrics_open(const struct metrics_query *query, struct metrics **ret_metrics,
                            struct till_error *e)
{
    struct metrics *m = till_calloc(1, sizeof *m);
    if (!m)
        return TILL_FAIL_MEMORY(e);
    m->query = *query;
    m->newest_order_us = INT64_MIN;
    enum till_code code = calendar_open(query, &m->calendar, e);
    if (code == TILL_OK)
        code = make_columns(m, e);
    if (code == TILL_OK)
        code = fill_filter(&m->products, &query->products, e);
    if (code == TILL_OK)
        code = fill_filter(&m->customer_ids, &query->customers, e);
    if (code == TILL_OK)
        code = fill_filter(&m->customer_words, &query->customer_words, e);
    if (code)
        metrics_close(m);
    else
        *ret_metrics = m;
    return code;
}

void metrics_close(struct metrics *m)
{
    if (!m)
        return;
    calendar_close(&m->calendar);
    id_map_release(&m->products);
    id_map_release(&m->customer_ids);
    id_map_release(&m->customer_words);
    id_map_release(&m->subscription_ids);
    id_map_release(&m->customers);
    id_map_release(&m->orders);
    for (size_t i = 0; i < m->rate_count; i++) {
        till_free(m->rates[i].buckets);
        till_free(m->rates[i].days);
    }
    till_free(m->subscriptions);
    till_free(m->starts);
    till_free(m->lives);
    till_free(m->spine);
    till_free(m->rates);
    till_free(m->facts);
    till_free(m->credits);
    till_free(m->renewed.pairs);
    till_free(m->block);
    till_free(m->periods);
    till_free(m);
}

// ---- small arithmetic ----

void add_span(struct metrics *m, enum column_of column, int64_t low, int64_t high, int64_t amount)
{
    int64_t count = (int64_t)m->calendar.count;
    low = low < 0 ? 0 : low;
    high = high > count ? count : high;
    if (low >= high)
        return;
    add_at(m, column, low, amount);
    add_at(m, column, high, amount == INT64_MIN ? INT64_MAX : -amount);
}

int64_t round_even(double amount)
{
    double whole = nearbyint(amount); // the default rounding mode: half to even
    if (!(whole > -9.2e18))
        return isnan(whole) ? 0 : INT64_MIN;
    return whole < 9.2e18 ? (int64_t)whole : INT64_MAX;
}

// ---- filters ----

static bool is_among(const struct id_map *map, struct metrics_id id)
{
    return !metrics_id_is_none(id) && id_map_find(map, id) != ID_NOWHERE;
}

bool scope_has_product(const struct metrics *m, struct metrics_id product)
{
    return m->query.products.is_all || is_among(&m->products, product);
}

bool scope_has_customer(const struct metrics *m, struct metrics_id customer)
{
    return m->query.customers.is_all || is_among(&m->customer_ids, customer);
}

bool scope_has(const struct metrics *m, struct metrics_id product, struct metrics_id customer)
{
    return scope_has_product(m, product) && scope_has_customer(m, customer);
}

bool scope_has_buyer(const struct metrics *m, struct metrics_id customer, struct metrics_id word)
{
    return scope_has_customer(m, customer) || is_among(&m->customer_words, word);
}

void note_foreign(struct metrics *m, metrics_currency currency)
{
    for (size_t i = 0; i < m->foreign_count; i++)
        if (m->foreign[i] == currency)
            return;
    if (m->foreign_count < FOREIGN_SHOWN)
        m->foreign[m->foreign_count++] = currency;
}

unsigned char reason_parse(struct sv word)
{
    static const char *const reasons[] = {
        "customer_service", "low_quality", "missing_features", "switched_service", "too_complex",
        "too_expensive",    "unused"};
    unsigned char reason = word.len > 0 ? 0 : TILL_COUNT(reasons);
    while (reason < TILL_COUNT(reasons) && !sv_equal(word, sv_of(reasons[reason])))
        reason++;
    return reason; // other, and none, is the last
}

// ---- rows ----

enum till_code subscription_of(struct metrics *m, struct metrics_id id, size_t *ret_number,
                               struct till_error *e)
{
    void *rows = m->subscriptions, *starts = m->starts, *lives = m->lives;
    size_t number = 0, before = m->subscription_ids.count;
    enum till_code code = id_map_put(&m->subscription_ids, id, &number, e);
    if (code == TILL_OK && number < before) {
        *ret_number = number;
        return TILL_OK;
    }
    if (code == TILL_OK)
        code = grow(&rows, &m->subscription_capacity, number + 1, sizeof *m->subscriptions, e);
    m->subscriptions = rows;
    if (code == TILL_OK)
        code = grow(&starts, &m->start_capacity, number + 1, sizeof *m->starts, e);
    m->starts = starts;
    if (code == TILL_OK && m->query.has_events)
        code = grow(&lives, &m->life_capacity, number + 1, sizeof *m->lives, e);
    m->lives = lives;
    if (code)
        return code;
    m->subscriptions[number] =
        (struct subscription){.taxed_us = METRICS_NULL, .started_us = METRICS_NULL};
    m->starts[number] = (struct start){BUCKET_UNKNOWN, BUCKET_UNKNOWN};
    if (m->query.has_events)
        m->lives[number] = (struct life){.newest_us = METRICS_NULL,
                                         .end_us = METRICS_NULL,
                                         .product_us = METRICS_NULL,
                                         .canceled_us = METRICS_NULL,
                                         .cancel_event_us = METRICS_NULL,
                                         .kept_us = METRICS_NULL};
    *ret_number = number;
    return TILL_OK;
}

static enum till_code take_subscription(struct metrics *m, const struct metrics_subscription *row,
                                        unsigned char reason, struct till_error *e)
{
    size_t number = 0, customer = 0;
    enum till_code code = subscription_of(m, row->id, &number, e);
    if (code == TILL_OK && counts_customers(m))
        code = id_map_put(&m->customers, row->customer, &customer, e);
    if (code)
        return code;
    struct subscription *s = &m->subscriptions[number];
    s->customer = (uint32_t)customer;
    s->currency = row->currency;
    s->interval = row->interval;
    s->interval_count = row->interval_count < 1           ? 1
                        : row->interval_count > INT16_MAX ? INT16_MAX
                                                          : (int32_t)row->interval_count;
    s->has_row = true;
    s->is_in_scope = scope_has(m, row->product, row->customer);
    s->reason = reason;
    s->created_us = row->created_us;
    s->started_us = row->started_us;
    s->end_us = row->ended_us != METRICS_NULL ? row->ended_us : row->ends_us;
    s->canceled_us = row->canceled_us;
    s->trial_end_us = row->trial_end_us;
    s->amount_minor = row->amount_minor;
    s->net_amount_minor = row->net_amount_minor;
    s->is_imported = row->started_us != METRICS_NULL && row->started_us < row->created_us - day_us;
    if (row->started_us != METRICS_NULL && !s->is_imported)
        m->starts[number].bucket = (int32_t)calendar_bucket(&m->calendar, row->started_us);
    return TILL_OK;
}

enum till_code subscriptions_flush(struct metrics *m, struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < m->new_count; i++)
        (void)id_map_foresee_id(&m->customers, m->new_rows[i].customer);
    for (size_t i = 0; i < m->new_count && code == TILL_OK; i++)
        code = take_subscription(m, &m->new_rows[i], m->new_reasons[i], e);
    m->new_count = 0;
    return code;
}

enum till_code metrics_subscription(struct metrics *m, const struct metrics_subscription *row,
                                    struct till_error *e)
{
    id_map_foresee(&m->subscription_ids, row->id);
    if (counts_customers(m))
        id_map_foresee(&m->customers, row->customer);
    m->new_reasons[m->new_count] = reason_parse(row->cancellation_reason); // the word is borrowed
    m->new_rows[m->new_count++] = *row;
    return m->new_count < ROWS_WAITING ? TILL_OK : subscriptions_flush(m, e);
}

enum till_code metrics_checkout_tax(struct metrics *m, struct metrics_id subscription,
                                    int64_t net_amount_minor, int64_t tax_amount_minor,
                                    struct till_error *e)
{
    enum till_code code = subscriptions_flush(m, e);
    int64_t number = id_map_find(&m->subscription_ids, subscription);
    if (code || number == ID_NOWHERE || tax_amount_minor <= 0 || net_amount_minor < 0)
        return code;
    struct subscription *s = &m->subscriptions[number];
    if (s->taxed_us != METRICS_NULL)
        return TILL_OK;
    s->taxed_us = METRICS_NULL + 1; // any order is newer
    s->is_tax_included = true;
    s->taxed_net_minor = net_amount_minor;
    s->taxed_tax_minor = tax_amount_minor;
    return TILL_OK;
}

void metrics_checkout(struct metrics *m, const struct metrics_checkout *row)
{
    const struct calendar *calendar = &m->calendar;
    int64_t at_us = row->opened_us;
    if (at_us == METRICS_NULL) {
        at_us = row->created_us;
        m->has_late_checkout =
            m->has_late_checkout || (row->created_us >= openings_since_us &&
                                     at_us >= calendar->from_us && at_us <= calendar->until_us);
    }
    if (at_us < calendar->from_us || at_us > calendar->until_us ||
        row->created_us < calendar->from_us - day_us || row->created_us > calendar->until_us)
        return;
    int64_t bucket = calendar_bucket(&m->calendar, at_us);
    add_at(m, COLUMN_CHECKOUTS, bucket, 1);
    if (row->is_succeeded)
        add_at(m, COLUMN_SUCCEEDED, bucket, 1);
}

double metrics_real(struct metrics_number number)
{
    return number.is_real ? number.real : (double)number.integer;
}
