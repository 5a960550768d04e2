// SPDX-License-Identifier: Apache-2.0
// events.c - what each system event adds. Two readings of the same events stand side by side, as they do at Polar:
//
// - revenue and net revenue add up every balance event on the day of its order, without looking for duplicates (here, in one pass);
// - orders, and the revenue of kinds of orders, are taken order by order from the winning balance event (gathered here, finished in spine.c).
//
// A foreign amount is brought to US dollars at the event's own rate and rounded half to even. The amounts of refunds and disputes are in dollars already
// and are multiplied once more: that is how Polar counts them.
#include "metrics/engine.h"

static const char *const words[METRICS_EVENT__COUNT] = {
    [METRICS_ORDER_PAID] = "order.paid",
    [METRICS_BALANCE_ORDER] = "balance.order",
    [METRICS_BALANCE_CREDIT_ORDER] = "balance.credit_order",
    [METRICS_BALANCE_REFUND] = "balance.refund",
    [METRICS_BALANCE_REFUND_REVERSAL] = "balance.refund_reversal",
    [METRICS_BALANCE_DISPUTE] = "balance.dispute",
    [METRICS_BALANCE_DISPUTE_REVERSAL] = "balance.dispute_reversal",
    [METRICS_SUBSCRIPTION_CREATED] = "subscription.created",
    [METRICS_SUBSCRIPTION_CYCLED] = "subscription.cycled",
    [METRICS_SUBSCRIPTION_PRODUCT_UPDATED] = "subscription.product_updated",
    [METRICS_SUBSCRIPTION_UNCANCELED] = "subscription.uncanceled",
    [METRICS_SUBSCRIPTION_REINSTATED] = "subscription.reinstated",
    [METRICS_SUBSCRIPTION_CANCELED] = "subscription.canceled",
    [METRICS_SUBSCRIPTION_REVOKED] = "subscription.revoked",
};

bool metrics_event_parse(struct sv name, enum metrics_event_kind *ret_kind)
{
    for (size_t i = 0; i < METRICS_EVENT__COUNT; i++) {
        if (!sv_equal(name, sv_of(words[i])))
            continue;
        *ret_kind = (enum metrics_event_kind)i;
        return true;
    }
    return false;
}

const char *metrics_event_word(enum metrics_event_kind kind)
{
    return words[kind];
}

// Net amount, else amount, of an event; 0 when it has neither.
static int64_t money_of(const struct metrics_event *row)
{
    if (row->net_amount_minor != METRICS_NULL)
        return row->net_amount_minor;
    return row->amount_minor != METRICS_NULL ? row->amount_minor : 0;
}

static double own_rate(const struct metrics_event *row)
{
    return row->rate > 0 ? row->rate : 1;
}

static int64_t settled(const struct metrics_event *row)
{
    return round_even((double)money_of(row) * own_rate(row));
}

// ---- revenue ----

static void add_revenue(struct metrics *m, int64_t date_us, int64_t revenue_minor,
                        int64_t net_minor)
{
    const struct calendar *calendar = &m->calendar;
    if (date_us < calendar->from_us) {
        add_to(&m->revenue_before, revenue_minor);
        add_to(&m->net_before, net_minor);
        return;
    }
    if (date_us > (m->query.customers.is_all ? calendar->until_us : calendar->last_second_us))
        return;
    int64_t bucket = calendar_bucket(&m->calendar, date_us);
    add_at(m, COLUMN_REVENUE, bucket, revenue_minor);
    add_at(m, COLUMN_NET_REVENUE, bucket, net_minor);
}

static int64_t date_of(const struct metrics_event *row)
{
    return row->order_created_us != METRICS_NULL ? row->order_created_us : row->at_us;
}

// A credit that does not say its rate: it takes that of an earlier payment, once all are known (spine.c).
static enum till_code keep_credit(struct metrics *m, const struct metrics_event *row,
                                  struct till_error *e)
{
    void *credits = m->credits;
    size_t customer = 0;
    enum till_code code = id_map_put(&m->customers, row->customer, &customer, e);
    if (code == TILL_OK)
        code = grow(&credits, &m->credit_capacity, m->credit_count + 1, sizeof *m->credits, e);
    m->credits = credits;
    if (code)
        return code;
    m->credits[m->credit_count++] = (struct credit){
        .key = {.customer = (uint32_t)customer,
                .presentment = row->currency,
                .at_us = row->at_us,
                .subscription = id_map_find(&m->subscription_ids, row->subscription)},
        .date_us = date_of(row),
        .amount_minor = money_of(row),
    };
    return TILL_OK;
}

static double revenue_rate(const struct metrics_event *row)
{
    bool has_ratio = row->amount_minor != METRICS_NULL && row->presentment_minor != METRICS_NULL &&
                     row->presentment_minor != 0;
    if (row->rate > 0)
        return row->rate;
    return has_ratio ? (double)row->amount_minor / (double)row->presentment_minor : 1;
}

static enum till_code take_charge(struct metrics *m, const struct metrics_event *row,
                                  struct till_error *e)
{
    bool has_rate = row->rate > 0 ||
                    (row->presentment_minor != METRICS_NULL && row->presentment_minor != 0) ||
                    row->currency == METRICS_USD || money_of(row) == 0;
    if (row->kind == METRICS_BALANCE_CREDIT_ORDER && !has_rate)
        return keep_credit(m, row, e);
    int64_t revenue_minor = round_even((double)money_of(row) * revenue_rate(row));
    int64_t net_minor = revenue_minor;
    add_to(&net_minor, -row->fee_minor);
    add_revenue(m, date_of(row), revenue_minor, net_minor);
    return TILL_OK;
}

static void take_adjustment(struct metrics *m, const struct metrics_event *row)
{
    int64_t net_minor = settled(row);
    add_to(&net_minor, -row->fee_minor);
    add_revenue(m, date_of(row), 0, net_minor);
}

// ---- orders ----

// A charge wins over a credit, then the later one, then the larger.
static bool wins(const struct spine_order *order, const struct metrics_event *row)
{
    bool is_charge = row->kind == METRICS_BALANCE_ORDER;
    if (order->balance_us == METRICS_NULL || is_charge != order->is_charge)
        return order->balance_us == METRICS_NULL || is_charge;
    return row->at_us > order->balance_us ||
           (row->at_us == order->balance_us && settled(row) > order->settled_minor);
}

static void take_balance(struct spine_order *order, const struct metrics_event *row)
{
    if (!wins(order, row))
        return;
    order->balance_us = row->at_us;
    order->is_charge = row->kind == METRICS_BALANCE_ORDER;
    order->has_net = row->net_amount_minor != METRICS_NULL;
    order->settled_minor = settled(row);
    order->fee_minor = row->fee_minor;
    order->fx = revenue_rate(row);
}

static enum till_code take_paid(struct metrics *m, size_t number, const struct metrics_event *row,
                                struct till_error *e)
{
    size_t subscription = 0;
    enum till_code code = TILL_OK;
    if (m->spine[number].paid_us != METRICS_NULL && row->at_us < m->spine[number].paid_us)
        return TILL_OK;
    bool has_one = !metrics_id_is_none(row->subscription);
    if (has_one)
        code = subscription_of(m, row->subscription, &subscription, e);
    struct spine_order *order = &m->spine[number];
    order->paid_us = row->at_us;
    order->applied_minor = row->applied_balance_minor;
    order->subscription = has_one ? (int64_t)subscription : ID_NOWHERE;
    return code;
}

static enum till_code take_order(struct metrics *m, const struct metrics_event *row,
                                 struct till_error *e)
{
    void *spine = m->spine;
    size_t number = 0, before = m->orders.count;
    enum till_code code = id_map_put(&m->orders, row->order, &number, e);
    if (code == TILL_OK)
        code = grow(&spine, &m->spine_capacity, number + 1, sizeof *m->spine, e);
    m->spine = spine;
    if (code)
        return code;
    if (number == before)
        m->spine[number] = (struct spine_order){
            .paid_us = METRICS_NULL, .balance_us = METRICS_NULL, .subscription = ID_NOWHERE};
    if (row->kind == METRICS_ORDER_PAID)
        return take_paid(m, number, row, e);
    if (row->kind == METRICS_BALANCE_ORDER || row->kind == METRICS_BALANCE_CREDIT_ORDER) {
        take_balance(&m->spine[number], row);
        return TILL_OK;
    }
    add_to(&m->spine[number].refund_minor, settled(row));
    add_to(&m->spine[number].refund_minor, -row->fee_minor);
    return TILL_OK;
}

static enum till_code take_balance_event(struct metrics *m, const struct metrics_event *row,
                                         struct till_error *e)
{
    bool is_in_scope =
        scope_has_product(m, row->product) && scope_has_buyer(m, row->customer, row->customer_word);
    bool is_charge = row->kind == METRICS_BALANCE_ORDER;
    bool is_dispute =
        row->kind == METRICS_BALANCE_DISPUTE || row->kind == METRICS_BALANCE_DISPUTE_REVERSAL;
    enum till_code code = is_charge ? rate_observe(m, row, is_in_scope, e) : TILL_OK;
    if (code || !is_in_scope)
        return code;
    if (is_charge || row->kind == METRICS_BALANCE_CREDIT_ORDER) {
        if (!metrics_id_is_none(row->order))
            code = take_charge(m, row, e);
    } else if (row->kind != METRICS_ORDER_PAID) {
        take_adjustment(m, row);
    }
    if (code == TILL_OK && !is_dispute && !metrics_id_is_none(row->order))
        code = take_order(m, row, e);
    return code;
}

// ---- subscriptions ----

static void take_cancellation(struct metrics *m, struct life *life, const struct metrics_event *row)
{
    int64_t canceled_us = row->canceled_us != METRICS_NULL ? row->canceled_us : row->at_us;
    if (canceled_us < life->canceled_us ||
        (canceled_us == life->canceled_us && row->at_us < life->cancel_event_us))
        return;
    life->canceled_us = canceled_us;
    life->cancel_event_us = row->at_us;
    life->cancel_reason = reason_parse(row->cancellation_reason);
    life->is_cancel_in_scope = scope_has(m, row->product, row->customer);
}

// The end that the newest event of the life cycle tells; of two at one moment the later kind.
static void take_end(struct life *life, const struct metrics_event *row)
{
    unsigned char rank = (unsigned char)row->kind;
    if (row->at_us < life->newest_us || (row->at_us == life->newest_us && rank < life->rank))
        return;
    life->newest_us = row->at_us;
    life->rank = rank;
    life->end_us = row->kind == METRICS_SUBSCRIPTION_CANCELED  ? row->ends_us
                   : row->kind == METRICS_SUBSCRIPTION_REVOKED ? row->at_us
                                                               : METRICS_NULL;
}

static enum till_code take_life(struct metrics *m, const struct metrics_event *row,
                                struct till_error *e)
{
    size_t number = 0;
    if (metrics_id_is_none(row->subscription))
        return TILL_OK;
    enum till_code code = subscription_of(m, row->subscription, &number, e);
    if (code)
        return code;
    struct life *life = &m->lives[number];
    take_end(life, row);
    if (!metrics_id_is_none(row->product) && row->at_us >= life->product_us) {
        life->product_us = row->at_us;
        life->is_product = scope_has_product(m, row->product);
    }
    if (row->kind == METRICS_SUBSCRIPTION_CREATED &&
        (!life->is_created || row->at_us < life->created_us)) {
        life->is_created = true;
        life->created_us = row->at_us;
        life->started_us = row->started_us != METRICS_NULL ? row->started_us : row->at_us;
        life->is_customer = scope_has_buyer(m, row->customer, row->customer_word);
    }
    if (row->kind == METRICS_SUBSCRIPTION_CANCELED)
        take_cancellation(m, life, row);
    if ((row->kind == METRICS_SUBSCRIPTION_UNCANCELED ||
         row->kind == METRICS_SUBSCRIPTION_REINSTATED) &&
        row->at_us > life->kept_us)
        life->kept_us = row->at_us;
    return TILL_OK;
}

enum till_code metrics_event(struct metrics *m, const struct metrics_event *row,
                             struct till_error *e)
{
    enum till_code code = m->new_count > 0 ? subscriptions_flush(m, e) : TILL_OK;
    if (code)
        return code;
    return row->kind >= METRICS_SUBSCRIPTION_CREATED ? take_life(m, row, e)
                                                     : take_balance_event(m, row, e);
}
