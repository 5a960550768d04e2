// SPDX-License-Identifier: Apache-2.0
// world_order.c - orders from placement to payment, fee, refund and void, with the events each step leaves behind.
//
// The amounts follow the rules of the API: subtotal is the sum of the items; net is subtotal less discount, less tax where
// tax is included; total is net plus tax; the customer's balance pays first. A negative total (a downgrade's credit) is
// paid at once and becomes balance. The platform fee appears only when the payment has settled, a little later, and the
// balance event it writes carries the time of the order, not of the payment.
#include "world_parts.h"

int64_t order_total(const struct order_row *order)
{
    return order->net + order->tax;
}

static int64_t order_due(const struct order_row *order)
{
    int64_t due = order_total(order) + order->applied_balance;
    return due > 0 ? due : 0;
}

int64_t order_refundable(const struct order_row *order)
{
    int64_t left = order->net + order->applied_balance - order->refunded;
    return left > 0 ? left : 0;
}

static int64_t refundable_tax(const struct order_row *order)
{
    int64_t left = order->tax - order->refunded_tax;
    return left > 0 ? left : 0;
}

// The $0 order that opens a trial: the one kind that leaves no balance event.
static bool opens_trial(const struct sim_world *w, const struct order_row *order)
{
    return order->reason == CREATE && order->subtotal == 0 && order->subscription != SIM_NO_ROW &&
           subscription_at(w, order->subscription)->trial_start_us != 0;
}

// A balance is kept in the currency of the customer's country alone.
static bool is_in_balance_currency(const struct order_row *order,
                                   const struct customer_row *customer)
{
    return countries[customer->country].currency == order->currency;
}

static void apply_balance(struct sim_world *w, struct order_row *order)
{
    struct customer_row *customer = customer_at(w, order->customer);
    int64_t total = order_total(order);
    if (total <= 0 || customer->balance <= 0 || !is_in_balance_currency(order, customer))
        return;
    int64_t used = total < customer->balance ? total : customer->balance;
    order->applied_balance = -used;
    customer->balance -= used;
}

uint32_t order_place(struct sim_world *w, const struct order_plan *plan, enum order_status status,
                     int64_t at_us)
{
    uint32_t index = row_append(w, &w->orders);
    struct order_row *order = order_at(w, index);
    const struct customer_row *customer = customer_at(w, plan->customer);
    order->created_us = at_us;
    order->customer = plan->customer;
    order->subscription = plan->subscription;
    order->checkout = plan->checkout;
    order->product = plan->product;
    order->currency = plan->currency;
    order->discount = plan->discount;
    order->reason = plan->reason;
    order->campaign = plan->campaign;
    order->price = plan->price;
    order->metered_price = plan->metered_price;
    order->seats = plan->seats;
    order->units = plan->units;
    order->subtotal = plan->first_item + plan->second_item;
    order->second_item = plan->second_item;
    order->discount_amount = plan->discount_amount;
    struct totals totals =
        money_totals(order->subtotal - order->discount_amount, &countries[customer->country],
                     (customer->flags & CUSTOMER_HAS_TAX_ID) != 0);
    order->net = totals.net;
    order->tax = totals.tax;
    if (totals.is_inclusive)
        order->flags |= ORDER_INCLUSIVE_TAX;
    if (plan->subscription != SIM_NO_ROW)
        life_taxed(w, plan->subscription, &totals);
    if (plan->product != SIM_NO_BYTE && catalog_is_renamed(w, plan->product))
        order->flags |= ORDER_OF_RENAMED;
    apply_balance(w, order);
    order->status = DRAFT;
    if (status != DRAFT) {
        order->status = PENDING;
        order->invoice = ++customer_at(w, plan->customer)->order_count;
    }
    return index;
}

void order_finalize(struct sim_world *w, uint32_t index)
{
    struct order_row *order = order_at(w, index);
    if (order->status != DRAFT)
        return;
    order->status = PENDING;
    order->invoice = ++customer_at(w, order->customer)->order_count;
    row_touched(w, &order->modified_us);
    agenda_add(w, w->now_us + 5 * SECOND_US, DEED_ORDER_PAY, index, 0, 0);
}

static bool payment_fails(struct sim_world *w, const struct order_row *order, uint8_t attempt)
{
    if (order_due(order) == 0 || order->subscription == SIM_NO_ROW || order->reason == CREATE)
        return false;
    return chance_permille(w, attempt == 0 ? 45 : 600);
}

void order_pay(struct sim_world *w, uint32_t index, uint8_t attempt)
{
    struct order_row *order = order_at(w, index);
    if (order->status != PENDING)
        return;
    if (payment_fails(w, order, attempt)) {
        life_payment_failed(w, order->subscription, index, attempt);
        return;
    }
    int64_t total = order_total(order);
    order->status = PAID;
    order->next_attempt_us = 0;
    order->flags |= ORDER_HAS_RECEIPT;
    if (chance_permille(w, 600))
        order->flags |= ORDER_INVOICE_MADE;
    if (order_due(order) > 0)
        order->flags |= ORDER_BY_CARD;
    struct customer_row *customer = customer_at(w, order->customer);
    if (total < 0 && is_in_balance_currency(order, customer))
        customer->balance -= total;
    row_touched(w, &order->modified_us);
    event_add(w, EV_ORDER_PAID, w->now_us, order->customer, index);
    agenda_add(w, w->now_us + chance_between(w, 4 * SECOND_US, 40 * SECOND_US), DEED_ORDER_SETTLE,
               index, 0, 0);
    if (order->net > 0 && chance_permille(w, 35)) {
        int64_t at_us = w->now_us + chance_between(w, HOUR_US, 45 * DAY_US);
        if (chance_permille(w, 250))
            at_us = (at_us / (7 * DAY_US) + 1) * 7 *
                    DAY_US; // requests that wait for the weekly session
        agenda_add(w, at_us, DEED_REFUND, index, 0, 0);
    }
    if (order->subscription != SIM_NO_ROW)
        life_paid(w, order->subscription, index);
}

// 4 % + 40 cents, 1.5 % more from abroad, 0.5 % more for a subscription.
static int32_t fee_of(const struct sim_world *w, const struct order_row *order)
{
    int64_t charged =
        money_scale(order_due(order), money_rate(w, order->currency, order->created_us), 1000000);
    int64_t basis_points =
        400 + (order->currency == USD ? 0 : 150) + (order->subscription == SIM_NO_ROW ? 0 : 50);
    return (int32_t)(money_scale(charged, basis_points, 10000) + 40);
}

void order_settle(struct sim_world *w, uint32_t index)
{
    struct order_row *order = order_at(w, index);
    if (order->flags & ORDER_HAS_FEE || order->status == DRAFT || order->status == PENDING)
        return;
    bool is_by_card = (order->flags & ORDER_BY_CARD) != 0;
    order->fee = is_by_card ? fee_of(w, order) : 0;
    order->flags |= ORDER_HAS_FEE;
    row_touched(w, &order->modified_us);
    if (!opens_trial(w, order))
        event_add(w, is_by_card ? EV_BALANCE_ORDER : EV_BALANCE_CREDIT_ORDER, order->created_us,
                  order->customer, index);
}

static void order_status_after_refund(struct order_row *order)
{
    if (order->refunded == 0 && order->refunded_tax == 0)
        order->status = PAID;
    else
        order->status = order_refundable(order) == 0 ? REFUNDED : PARTIALLY_REFUNDED;
}

static void refund_apply(struct sim_world *w, uint32_t index, int sign)
{
    struct refund_row *refund = refund_at(w, index);
    struct order_row *order = order_at(w, refund->order);
    order->refunded += sign * refund->amount;
    order->refunded_tax += sign * refund->tax;
    order_status_after_refund(order);
    row_touched(w, &order->modified_us);
    event_add(w, sign > 0 ? EV_BALANCE_REFUND : EV_BALANCE_REFUND_REVERSAL, w->now_us,
              order->customer, index);
    if (sign > 0)
        event_add(w, EV_ORDER_REFUNDED, w->now_us, order->customer, refund->order)->amount =
            refund->amount;
}

static enum refund_status first_status(struct sim_world *w, bool is_prevention)
{
    uint64_t roll = chance_below(w, 100);
    if (is_prevention || roll < 86)
        return REFUND_SUCCEEDED;
    return roll < 95 ? REFUND_PENDING : roll < 98 ? REFUND_FAILED : REFUND_CANCELED;
}

void order_refund(struct sim_world *w, uint32_t index)
{
    struct order_row *order = order_at(w, index);
    int64_t left = order_refundable(order);
    bool is_paid = order->status == PAID || order->status == PARTIALLY_REFUNDED;
    if (!is_paid || left == 0 || order->pending_refunds > 0 || !(order->flags & ORDER_HAS_FEE))
        return;
    uint64_t roll = chance_below(w, 100);
    if (roll >= 97) { // a chargeback: money leaves, the order stays as it is
        event_add(w, EV_BALANCE_DISPUTE, w->now_us, order->customer, index);
        return;
    }
    bool is_prevention = roll < 7, is_full = is_prevention || roll < 60;
    uint32_t at = row_append(w, &w->refunds);
    struct refund_row *refund = refund_at(w, at);
    int64_t share = 10 + (int64_t)chance_below(w, 80);
    refund->created_us = w->now_us;
    refund->order = index;
    refund->amount = is_full ? left : left * share / 100 + (left < 100);
    refund->tax =
        is_full ? refundable_tax(order) : money_scale(refundable_tax(order), refund->amount, left);
    refund->reason =
        is_prevention ? DISPUTE_PREVENTION : (uint8_t)chance_below(w, DISPUTE_PREVENTION);
    if (!is_prevention && chance_permille(w, 150))
        refund->reason = OTHER_REASON;
    refund->status = (uint8_t)first_status(w, is_prevention);
    refund->revokes_benefits = is_prevention || (is_full && chance_permille(w, 700));
    if (refund->status == REFUND_SUCCEEDED)
        refund_apply(w, at, 1);
    if (refund->status == REFUND_PENDING) {
        order->pending_refunds++;
        agenda_add(w, w->now_us + chance_between(w, 6 * HOUR_US, 6 * DAY_US), DEED_REFUND_RESOLVE,
                   at, 0, 0);
    }
    if (refund->status == REFUND_SUCCEEDED && chance_permille(w, 30))
        agenda_add(w, w->now_us + chance_between(w, DAY_US, 20 * DAY_US), DEED_REFUND_REVERSE, at,
                   0, 0);
}

void order_refund_resolve(struct sim_world *w, uint32_t index)
{
    struct refund_row *refund = refund_at(w, index);
    if (refund->status != REFUND_PENDING)
        return;
    uint64_t roll = chance_below(w, 10);
    refund->status = roll < 7 ? REFUND_SUCCEEDED : roll < 9 ? REFUND_FAILED : REFUND_CANCELED;
    row_touched(w, &refund->modified_us);
    order_at(w, refund->order)->pending_refunds--;
    if (refund->status == REFUND_SUCCEEDED)
        refund_apply(w, index, 1);
}

void order_refund_reverse(struct sim_world *w, uint32_t index)
{
    struct refund_row *refund = refund_at(w, index);
    if (refund->status != REFUND_SUCCEEDED)
        return;
    refund->status = chance_permille(w, 700) ? REFUND_FAILED : REFUND_CANCELED;
    row_touched(w, &refund->modified_us);
    refund_apply(w, index, -1);
}

void order_void(struct sim_world *w, uint32_t index)
{
    struct order_row *order = order_at(w, index);
    if (order->status != PENDING)
        return;
    order->status = VOID;
    order->next_attempt_us = 0;
    customer_at(w, order->customer)->balance -= order->applied_balance;
    row_touched(w, &order->modified_us);
    event_add(w, EV_ORDER_VOIDED, w->now_us, order->customer, index)->amount = order_total(order);
}

void order_unvoid(struct sim_world *w, uint32_t index)
{
    struct order_row *order = order_at(w, index);
    if (order->status != VOID || customer_at(w, order->customer)->balance < -order->applied_balance)
        return;
    order->status = PENDING;
    customer_at(w, order->customer)->balance += order->applied_balance;
    row_touched(w, &order->modified_us);
    if (!w->options.without_newest_shapes)
        event_add(w, EV_ORDER_UNVOIDED, w->now_us, order->customer, index)->amount =
            order_total(order);
}

// The invoice was not right: the order is a draft again, without a number, and is made final later.
void order_redraft(struct sim_world *w, uint32_t index)
{
    struct order_row *order = order_at(w, index);
    if (order->status != PENDING || order->invoice == 0)
        return;
    order->status = DRAFT;
    order->invoice = 0;
    order->next_attempt_us = 0;
    row_touched(w, &order->modified_us);
    agenda_add(w, w->now_us + HOUR_US, DEED_ORDER_FINALIZE, index, 0, 0);
}
