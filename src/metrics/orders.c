// SPDX-License-Identifier: Apache-2.0
// orders.c - what mirrored rows tell of orders, of new subscriptions and of cancellations, where events are not mirrored.
//
// A paid order counts at its creation. Its revenue is its net amount, its fee and its refunds are in the row; disputes are not. What is in another currency
// than US dollars cannot be converted, since the row does not tell the rate: it is counted, its money is left out, and that is remembered as a reason.
//
// "Renewed subscriptions" counts each subscription once in a bucket. Rows in order of time need no more than the last bucket of each subscription for that;
// in any other order a set of pairs is kept.
#include <string.h>

#include "base/fault.h"
#include "metrics/engine.h"

enum { FIRST_PAIRS = 1024 };

// ---- pairs of subscription and bucket ----

static size_t pair_slot(const struct pair_set *set, uint64_t pair)
{
    uint64_t hash = pair * UINT64_C(0x9e3779b97f4a7c15);
    size_t slot = (size_t)(hash ^ hash >> 32) & (set->capacity - 1);
    while (set->pairs[slot] != 0 && set->pairs[slot] != pair)
        slot = (slot + 1) & (set->capacity - 1);
    return slot;
}

static enum till_code pairs_widen(struct pair_set *set, struct till_error *e)
{
    struct pair_set wider = {.capacity = set->capacity > 0 ? set->capacity * 2 : FIRST_PAIRS};
    wider.pairs = till_calloc(wider.capacity, sizeof *wider.pairs);
    if (!wider.pairs)
        return TILL_FAIL_MEMORY(e);
    for (size_t i = 0; i < set->capacity; i++)
        if (set->pairs[i] != 0)
            wider.pairs[pair_slot(&wider, set->pairs[i])] = set->pairs[i];
    wider.count = set->count;
    till_free(set->pairs);
    *set = wider;
    return TILL_OK;
}

static enum till_code pair_put(struct pair_set *set, uint64_t pair, bool *ret_is_new,
                               struct till_error *e)
{
    if (set->count * 2 >= set->capacity) {
        enum till_code code = pairs_widen(set, e);
        if (code)
            return code;
    }
    size_t slot = pair_slot(set, pair);
    *ret_is_new = set->pairs[slot] == 0;
    set->pairs[slot] = pair;
    set->count += *ret_is_new ? 1 : 0;
    return TILL_OK;
}

static enum till_code count_renewed(struct metrics *m, int64_t number, int64_t bucket,
                                    struct till_error *e)
{
    struct start *start = &m->starts[number];
    bool is_new = start->renewed_bucket != bucket;
    enum till_code code = TILL_OK;
    if (!m->query.orders_ascend || m->query.has_events)
        code = pair_put(&m->renewed, ((uint64_t)number << 32 | (uint64_t)bucket) + 1, &is_new, e);
    start->renewed_bucket = (int32_t)bucket;
    if (code == TILL_OK && is_new)
        add_at(m, COLUMN_RENEWED, bucket, 1);
    return code;
}

// ---- one order ----

static void add_order(struct metrics *m, enum column_of column, const struct counted_order *order,
                      int64_t count)
{
    add_at(m, column, order->bucket, count);
    add_at(m, column + 1, order->bucket, order->revenue_minor);
    add_at(m, column + 2, order->bucket, order->net_minor);
}

enum till_code count_order(struct metrics *m, const struct counted_order *order,
                           struct till_error *e)
{
    add_order(m, COLUMN_ORDERS, order, 1);
    if (order->subscription == ID_NOWHERE) {
        add_order(m, COLUMN_ONE_TIME, order, 1);
        return TILL_OK;
    }
    if (order->start_bucket == BUCKET_UNKNOWN)
        return TILL_OK;
    if (order->start_bucket == order->bucket) {
        add_order(m, COLUMN_NEW, order, 0); // the count is of creations
        return TILL_OK;
    }
    add_order(m, COLUMN_RENEWED, order, 0);
    return count_renewed(m, order->subscription, order->bucket, e);
}

// The newest order with tax says whether the price of the subscription holds it. Two of one moment: the greater id.
static void note_tax(struct metrics *m, const struct metrics_order *row, int64_t number)
{
    struct subscription *s = &m->subscriptions[number];
    if (row->net_amount_minor < -row->tax_minor + 1 || row->created_us < s->taxed_us)
        return;
    if (row->created_us == s->taxed_us &&
        (row->id.high < s->taxed_id.high ||
         (row->id.high == s->taxed_id.high && row->id.low < s->taxed_id.low)))
        return;
    s->taxed_us = row->created_us;
    s->taxed_id = row->id;
    s->is_tax_included = row->is_tax_included;
    s->taxed_net_minor = row->net_amount_minor;
    s->taxed_tax_minor = row->tax_minor;
}

// False when the row does not tell its amounts in US dollars.
static bool settle(struct metrics *m, const struct metrics_order *row,
                   struct counted_order *ret_order)
{
    bool is_empty = row->net_amount_minor == 0 && row->refunded_minor == 0;
    bool has_fee = row->fee_minor != 0;
    if ((row->currency != METRICS_USD && !is_empty) ||
        (has_fee && row->fee_currency != METRICS_USD)) {
        note_foreign(m, row->currency != METRICS_USD ? row->currency : row->fee_currency);
        return false;
    }
    ret_order->revenue_minor = row->net_amount_minor;
    ret_order->net_minor = row->net_amount_minor;
    add_to(&ret_order->net_minor, -row->fee_minor);
    add_to(&ret_order->net_minor, -row->refunded_minor);
    return true;
}

static enum till_code place(struct metrics *m, const struct metrics_order *row, int64_t number,
                            struct till_error *e)
{
    const struct calendar *calendar = &m->calendar;
    struct counted_order order = {.subscription = number, .start_bucket = BUCKET_UNKNOWN};
    int64_t last_us = m->query.customers.is_all ? calendar->until_us : calendar->last_second_us;
    if (row->created_us > calendar->until_us)
        return TILL_OK;
    bool is_inside = row->created_us >= calendar->from_us;
    if (!settle(m, row, &order)) {
        m->left_out_ever = true;
        m->left_out_inside = m->left_out_inside || is_inside;
    }
    if (!is_inside) {
        add_to(&m->revenue_before, order.revenue_minor);
        add_to(&m->net_before, order.net_minor);
        return TILL_OK;
    }
    order.bucket = calendar_bucket(&m->calendar, row->created_us);
    if (row->created_us <= last_us) {
        add_at(m, COLUMN_REVENUE, order.bucket, order.revenue_minor);
        add_at(m, COLUMN_NET_REVENUE, order.bucket, order.net_minor);
    }
    if (row->created_us > calendar->last_second_us)
        return TILL_OK;
    if (number != ID_NOWHERE) {
        order.start_bucket = m->starts[number].bucket;
        if (order.start_bucket == BUCKET_UNKNOWN)
            m->has_import = true;
    }
    return count_order(m, &order, e);
}

static enum till_code take_order(struct metrics *m, const struct metrics_order *row,
                                 struct till_error *e)
{
    int64_t number = ID_NOWHERE;
    if (!metrics_id_is_none(row->subscription)) {
        size_t known = 0;
        enum till_code code = subscription_of(m, row->subscription, &known, e);
        if (code)
            return code;
        number = (int64_t)known;
        if (row->tax_minor > 0)
            note_tax(m, row, number);
    }
    if (m->query.has_events || !scope_has(m, row->product, row->customer))
        return TILL_OK;
    return place(m, row, number, e);
}

enum till_code orders_flush(struct metrics *m, struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < m->waiting_count; i++) {
        int64_t number = id_map_foresee_id(&m->subscription_ids, m->waiting[i].subscription);
        if (number != ID_NOWHERE)
            __builtin_prefetch(&m->starts[number]);
        if (number != ID_NOWHERE && m->waiting[i].tax_minor > 0)
            __builtin_prefetch(&m->subscriptions[number].taxed_us);
    }
    for (size_t i = 0; i < m->waiting_count && code == TILL_OK; i++)
        code = take_order(m, &m->waiting[i], e);
    m->waiting_count = 0;
    return code;
}

enum till_code metrics_order(struct metrics *m, const struct metrics_order *row,
                             struct till_error *e)
{
    if (m->query.orders_ascend && row->created_us < m->newest_order_us)
        return TILL_FAIL(e, TILL_USAGE, 0, "orders do not come in order of time");
    enum till_code code = m->new_count > 0 ? subscriptions_flush(m, e) : TILL_OK;
    if (code)
        return code;
    m->newest_order_us = row->created_us;
    id_map_foresee(&m->subscription_ids, row->subscription);
    m->waiting[m->waiting_count++] = *row;
    return m->waiting_count < ROWS_WAITING ? TILL_OK : orders_flush(m, e);
}

// ---- subscriptions ----

static void count_created(struct metrics *m, const struct subscription *s)
{
    struct calendar *calendar = &m->calendar;
    if (s->created_us < calendar->starts_us[0] || s->created_us > calendar->last_second_us)
        return;
    if (s->is_imported) {
        m->has_import = true;
        return;
    }
    int64_t bucket = calendar_bucket(calendar, s->created_us);
    if (s->end_us == METRICS_NULL || calendar_bucket(calendar, s->end_us) > bucket)
        add_at(m, COLUMN_NEW, bucket, 1);
}

void rows_finish(struct metrics *m)
{
    struct calendar *calendar = &m->calendar;
    for (size_t i = 0; i < m->subscription_ids.count; i++) {
        const struct subscription *s = &m->subscriptions[i];
        if (!s->has_row || !s->is_in_scope)
            continue;
        count_created(m, s);
        if (s->canceled_us == METRICS_NULL || s->canceled_us < calendar->from_us ||
            s->canceled_us >= calendar->last_second_us)
            continue;
        int64_t bucket = calendar_bucket(calendar, s->canceled_us);
        add_at(m, COLUMN_CANCELED, bucket, 1);
        add_at(m, COLUMN_REASON + s->reason, bucket, 1);
    }
}
