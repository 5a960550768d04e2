// SPDX-License-Identifier: Apache-2.0
// world_life.c - the life of a subscription: trial, cycles, plan and seat changes, pause, arrears, cancellation, end.
//
// At the start of each period chance decides what will happen in it, and the deeds go on the agenda with the
// subscription's generation; whatever makes the plan obsolete (a new period, an end) raises the generation, and stale
// deeds fall away when their time comes. Each step writes the events that the service writes, with the amounts of that
// moment, because the row itself forgets them.
#include "world_parts.h"

enum { DUNNING_TRIES = 4, MONTHLY_SWITCH_COUNT = 4, COMMENT_COUNT = 6 };

static const struct product_template *template_of(const struct subscription_row *s)
{
    return &product_templates[s->product];
}

bool life_is_active(const struct subscription_row *s)
{
    return s->status == TRIALING || s->status == ACTIVE || s->status == PAST_DUE;
}

int64_t life_base_amount(const struct sim_world *w, const struct subscription_row *s)
{
    const struct price *price = &w->prices[s->price];
    if (price->kind == SEATS)
        return money_tier_total(price->amount, template_of(s)->interval == BY_YEAR, s->seats);
    if (price->kind == UNITS)
        return money_tier_total(price->amount, false, s->units);
    return price->kind == CUSTOM ? s->custom_amount : price->amount;
}

static const struct discount *discount_of(const struct sim_world *w,
                                          const struct subscription_row *s)
{
    return s->discount == SIM_NO_BYTE ? NULL : &w->discounts[s->discount];
}

static void reprice(struct sim_world *w, struct subscription_row *s)
{
    int64_t base = life_base_amount(w, s);
    int64_t old_amount = s->amount;
    s->amount = base - money_discount(discount_of(w, s), s->currency, base);
    s->net_amount = old_amount > 0 ? money_share(s->amount, s->net_amount, old_amount) : s->amount;
}

void life_taxed(struct sim_world *w, uint32_t index, const struct totals *totals)
{
    struct subscription_row *s = subscription_at(w, index);
    if (totals->net + totals->tax <= 0)
        return;
    s->net_amount = totals->is_inclusive
                        ? money_share(s->amount, totals->net, totals->net + totals->tax)
                        : s->amount;
}

static struct event_row *tell(struct sim_world *w, enum event_name name, uint32_t index)
{
    const struct subscription_row *s = subscription_at(w, index);
    struct event_row *event = event_add(w, name, w->now_us, s->customer, index);
    event->amount = s->amount;
    event->product = s->product;
    event->currency = s->currency;
    return event;
}

static uint32_t detail_new(struct sim_world *w, const struct event_detail *detail)
{
    uint32_t index = row_append(w, &w->details);
    *detail_at(w, index) = *detail;
    return index;
}

static struct order_plan plan_of(const struct subscription_row *s, uint32_t index,
                                 enum billing_reason reason)
{
    return (struct order_plan){.customer = s->customer,
                               .subscription = index,
                               .checkout = SIM_NO_ROW,
                               .product = s->product,
                               .currency = s->currency,
                               .discount = s->discount,
                               .reason = (uint8_t)reason,
                               .campaign = s->campaign,
                               .price = s->price,
                               .metered_price = s->metered_price,
                               .seats = s->seats,
                               .units = s->units};
}

// The shop has more orders than it should by now: some customers leave, so that growth follows its curve.
static bool is_crowded(const struct sim_world *w)
{
    if (w->is_built)
        return false;
    double share = (double)(w->now_us - w->opening_us) / (double)(w->end_us - w->opening_us);
    return (double)w->orders.count > share * w->options.order_count + 2;
}

// What will happen in the period that begins now.
static void plan_period(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    uint16_t generation = ++s->generation;
    int64_t from_us = w->now_us, to_us = s->period_end_us;
    int64_t at_us =
        chance_between(w, from_us + (to_us - from_us) / 20, to_us - (to_us - from_us) / 20);
    uint64_t dice = chance_below(w, 1000);
    unsigned leaving = s->status == TRIALING                 ? 280
                       : is_crowded(w)                       ? 300
                       : template_of(s)->interval == BY_YEAR ? 250
                                                             : 90;
    agenda_add(w, to_us, DEED_CYCLE, index, generation, 0);
    if (dice < leaving)
        agenda_add(w, at_us, DEED_CANCEL, index, generation, dice % 9 == 0);
    else if (dice < leaving + 35)
        agenda_add(w, at_us, DEED_CHANGE_PLAN, index, generation, 0);
    else if (dice < leaving + 45)
        s->pause_at_period_end = s->status == ACTIVE;
    else if (s->seats > 0 && dice < leaving + 200)
        agenda_add(w, at_us, DEED_CHANGE_SEATS, index, generation, 0);
    if (s->metered_price != UINT16_MAX || dice % 8 == 0)
        agenda_add(w, chance_between(w, from_us, to_us), DEED_USER_EVENT, index, generation, 0);
    if (s->meter_end_us != 0 && s->meter_end_us < to_us)
        agenda_add(w, s->meter_end_us, DEED_METER_CYCLE, index, generation, 0);
}

static void start_meter(struct subscription_row *s, int64_t at_us)
{
    if (!template_of(s)->has_meter_cycle)
        return;
    s->meter_start_us = at_us;
    s->meter_end_us = calendar_add(at_us, BY_MONTH, 1, s->anchor_day);
}

static uint32_t subscription_new(struct sim_world *w, const struct subscription_plan *plan,
                                 int64_t started_us)
{
    uint32_t index = row_append(w, &w->subscriptions);
    struct subscription_row *s = subscription_at(w, index);
    struct customer_row *customer = customer_at(w, plan->customer);
    s->created_us = w->now_us;
    s->started_us = s->period_start_us = started_us;
    s->customer = plan->customer;
    s->checkout = plan->checkout;
    s->open_order = SIM_NO_ROW;
    s->product = plan->product;
    s->currency = plan->currency;
    s->price = w->products[plan->product].price[plan->currency];
    s->metered_price = w->products[plan->product].metered_price[plan->currency];
    s->discount = plan->discount;
    s->campaign = plan->campaign;
    s->seats = plan->seats;
    s->units = plan->units;
    s->custom_amount = plan->custom_amount;
    s->reason = s->pending_product = SIM_NO_BYTE;
    s->anchor_day = (uint8_t)calendar_day_of_month(started_us);
    s->previous_of_customer = customer->last_subscription;
    customer->last_subscription = index;
    if (plan->discount != SIM_NO_BYTE)
        w->discounts[plan->discount].redemptions++;
    reprice(w, s);
    start_meter(s, started_us);
    if (plan->checkout != SIM_NO_ROW) {
        const struct checkout_row *checkout = checkout_at(w, plan->checkout);
        struct totals totals =
            money_totals(s->amount, &countries[checkout->country], checkout->is_business);
        life_taxed(w, index, &totals);
    }
    return index;
}

static int64_t period_after(const struct subscription_row *s, int64_t from_us)
{
    return calendar_add(from_us, template_of(s)->interval, template_of(s)->interval_count,
                        s->anchor_day);
}

uint32_t life_begin(struct sim_world *w, const struct subscription_plan *plan)
{
    uint32_t index = subscription_new(w, plan, w->now_us);
    struct subscription_row *s = subscription_at(w, index);
    unsigned trial_days = plan->has_trial ? template_of(s)->trial_days : 0;
    s->status = trial_days ? TRIALING : ACTIVE;
    s->period_end_us = period_after(s, w->now_us);
    struct order_plan order = plan_of(s, index, CREATE);
    order.checkout = plan->checkout;
    if (trial_days) {
        s->trial_start_us = w->now_us;
        s->trial_end_us = s->period_end_us = w->now_us + trial_days * DAY_US;
    } else {
        order.first_item = life_base_amount(w, s);
        order.discount_amount = order.first_item - s->amount;
    }
    tell(w, EV_SUBSCRIPTION_CREATED, index);
    if (template_of(s)->is_metered)
        tell(w, EV_METER_CREDITED, index);
    if (!trial_days && s->amount > 0 && chance_permille(w, 8)) { // the first payment never came
        s->status = INCOMPLETE;
        s->open_order = order_place(w, &order, PENDING, w->now_us);
        agenda_add(w, w->now_us + 23 * HOUR_US, DEED_CYCLE, index, ++s->generation, 0);
        return index;
    }
    order_pay(w, order_place(w, &order, PENDING, w->now_us), 0);
    plan_period(w, index);
    return index;
}

void life_import(struct sim_world *w, const struct subscription_plan *plan, int64_t started_us)
{
    uint32_t index = subscription_new(w, plan, started_us);
    struct subscription_row *s = subscription_at(w, index);
    s->status = ACTIVE;
    for (s->period_end_us = period_after(s, started_us); s->period_end_us <= w->now_us;) {
        s->period_start_us = s->period_end_us;
        s->period_end_us = period_after(s, s->period_start_us);
    }
    plan_period(w, index);
}

void life_end(struct sim_world *w, uint32_t index, enum subscription_status status)
{
    struct subscription_row *s = subscription_at(w, index);
    if (s->ended_us != 0)
        return;
    if (s->canceled_us == 0) {
        s->canceled_us = w->now_us;
        uint32_t detail = detail_new(
            w, &(struct event_detail){w->now_us, w->now_us, s->reason, s->comment, false});
        tell(w, EV_SUBSCRIPTION_CANCELED, index)->aux = detail;
    }
    s->status = (uint8_t)status;
    s->ends_us = s->ended_us = w->now_us;
    s->pending_at_us = s->resumes_us = 0;
    s->generation++;
    row_touched(w, &s->modified_us);
    tell(w, EV_SUBSCRIPTION_REVOKED, index);
    if (s->open_order != SIM_NO_ROW)
        order_void(w, s->open_order);
    if (template_of(s)->benefits[0])
        tell(w, EV_BENEFIT_REVOKED, index)->aux = template_of(s)->benefits[0] - 1U;
}

void life_cancel(struct sim_world *w, uint32_t index, bool is_immediate)
{
    struct subscription_row *s = subscription_at(w, index);
    if (s->ended_us != 0 || s->cancel_at_period_end || (!life_is_active(s) && s->status != PAUSED))
        return;
    s->reason = (uint8_t)chance_below(w, 9);
    if (s->reason == 8)
        s->reason = SIM_NO_BYTE;
    s->comment = chance_permille(w, 350) ? (uint8_t)(1 + chance_below(w, COMMENT_COUNT)) : 0;
    if (is_immediate || s->status == PAUSED) {
        life_end(w, index, CANCELED);
        return;
    }
    s->cancel_at_period_end = true;
    s->pause_at_period_end = false;
    s->canceled_us = w->now_us;
    s->ends_us = s->period_end_us;
    row_touched(w, &s->modified_us);
    uint32_t detail =
        detail_new(w, &(struct event_detail){w->now_us, s->ends_us, s->reason, s->comment, true});
    tell(w, EV_SUBSCRIPTION_CANCELED, index)->aux = detail;
    if (chance_permille(w, 120))
        agenda_add(w, chance_between(w, w->now_us, s->period_end_us - MINUTE_US), DEED_UNCANCEL,
                   index, s->generation, 0);
}

void life_uncancel(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    if (!s->cancel_at_period_end || s->ended_us != 0)
        return;
    s->cancel_at_period_end = false;
    s->canceled_us = s->ends_us = 0;
    s->reason = SIM_NO_BYTE;
    s->comment = 0;
    row_touched(w, &s->modified_us);
    tell(w, EV_SUBSCRIPTION_UNCANCELED, index);
}

// Support brings a canceled subscription back as if nothing had happened.
void life_reinstate(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    if (s->status != CANCELED || customer_at(w, s->customer)->deleted_us != 0)
        return;
    s->status = ACTIVE;
    s->cancel_at_period_end = false;
    s->canceled_us = s->ends_us = s->ended_us = s->past_due_us = s->paused_us = 0;
    s->reason = SIM_NO_BYTE;
    s->comment = 0;
    s->open_order = SIM_NO_ROW;
    s->period_start_us = w->now_us;
    s->anchor_day = (uint8_t)calendar_day_of_month(w->now_us);
    s->period_end_us = period_after(s, w->now_us);
    row_touched(w, &s->modified_us);
    tell(w,
         w->options.without_newest_shapes ? EV_SUBSCRIPTION_UNCANCELED : EV_SUBSCRIPTION_REINSTATED,
         index);
    plan_period(w, index);
}

static int64_t usage_amount(const struct sim_world *w, const struct subscription_row *s)
{
    return s->metered_price == UINT16_MAX
               ? 0
               : money_scale(s->usage, w->prices[s->metered_price].amount, 100000);
}

static void expire_discount(struct sim_world *w, struct subscription_row *s)
{
    const struct discount *discount = discount_of(w, s);
    if (discount == NULL || discount->months < 0)
        return;
    int64_t lasts_us = calendar_add(s->started_us, BY_MONTH, discount->months, s->anchor_day);
    if (discount->months == 0 || w->now_us >= lasts_us)
        s->discount = SIM_NO_BYTE;
}

static void apply_pending(struct sim_world *w, struct subscription_row *s)
{
    if (s->pending_at_us == 0)
        return;
    if (s->pending_product != SIM_NO_BYTE) {
        s->product = s->pending_product;
        s->price = w->products[s->product].price[s->currency];
        s->metered_price = w->products[s->product].metered_price[s->currency];
    }
    if (s->pending_seats)
        s->seats = s->pending_seats;
    s->pending_at_us = 0;
    s->pending_product = SIM_NO_BYTE;
    s->pending_seats = 0;
}

static void renew(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    bool is_after_trial = s->status == TRIALING;
    int64_t used = template_of(s)->has_meter_cycle ? 0 : usage_amount(w, s);
    uint16_t metered_price = s->metered_price;
    if (!is_after_trial)
        expire_discount(w, s);
    apply_pending(w, s);
    s->status = ACTIVE;
    s->period_start_us = w->now_us;
    s->period_end_us = period_after(s, w->now_us);
    s->cycles++;
    reprice(w, s);
    row_touched(w, &s->modified_us);
    tell(w, EV_SUBSCRIPTION_CYCLED, index);
    struct order_plan plan = plan_of(s, index, CYCLE);
    plan.first_item = life_base_amount(w, s);
    plan.discount_amount = plan.first_item - s->amount;
    if (metered_price != UINT16_MAX && !template_of(s)->has_meter_cycle) {
        plan.second_item = used;
        plan.metered_price = metered_price;
        tell(w, EV_METER_RESET, index);
        s->usage = 0;
    }
    bool waits_for_usage = plan.metered_price != UINT16_MAX;
    uint32_t order = order_place(w, &plan, waits_for_usage ? DRAFT : PENDING, w->now_us);
    s->open_order = order;
    if (waits_for_usage)
        agenda_add(w, w->now_us + HOUR_US, DEED_ORDER_FINALIZE, order, 0, 0);
    else
        agenda_add(w, w->now_us + chance_between(w, 2 * SECOND_US, 50 * SECOND_US), DEED_ORDER_PAY,
                   order, 0, 0);
    plan_period(w, index);
}

static void pause_now(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    s->status = PAUSED;
    s->pause_at_period_end = false;
    s->paused_us = w->now_us;
    s->generation++;
    if (chance_permille(w, 600)) {
        s->resumes_us = w->now_us + (int64_t)(10 + chance_below(w, 60)) * DAY_US;
        agenda_add(w, s->resumes_us, DEED_RESUME, index, s->generation, 0);
    }
    row_touched(w, &s->modified_us);
    uint32_t detail =
        detail_new(w, &(struct event_detail){.first_us = s->paused_us, .second_us = s->resumes_us});
    tell(w, EV_SUBSCRIPTION_PAUSED, index)->aux = detail;
}

void life_pause(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    if (s->status != ACTIVE || s->cancel_at_period_end)
        return;
    s->pause_at_period_end = true;
    row_touched(w, &s->modified_us);
}

void life_resume(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    if (s->status != PAUSED)
        return;
    s->paused_us = s->resumes_us = 0;
    s->anchor_day = (uint8_t)calendar_day_of_month(w->now_us);
    tell(w, EV_SUBSCRIPTION_RESUMED, index);
    renew(w, index);
}

static void cycle(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    if (s->status == INCOMPLETE) {
        order_void(w, s->open_order);
        s->status = INCOMPLETE_EXPIRED;
        s->ended_us = s->ends_us = w->now_us;
        row_touched(w, &s->modified_us);
    } else if (s->cancel_at_period_end) {
        life_end(w, index, CANCELED);
    } else if (s->status == PAST_DUE) { // the old invoice comes first
        agenda_add(w, w->now_us + DAY_US, DEED_CYCLE, index, s->generation, 0);
    } else if (s->pause_at_period_end && s->status == ACTIVE) {
        pause_now(w, index);
    } else if (s->status == ACTIVE || s->status == TRIALING) {
        renew(w, index);
    }
}

static void meter_cycle(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    if (!life_is_active(s) || s->meter_end_us == 0)
        return;
    struct order_plan plan = plan_of(s, index, METER_CYCLE);
    plan.price = UINT16_MAX;
    plan.discount = SIM_NO_BYTE;
    plan.second_item = usage_amount(w, s);
    s->usage = (uint32_t)chance_below(w, 50);
    s->meter_start_us = s->meter_end_us;
    s->meter_end_us = calendar_add(s->meter_start_us, BY_MONTH, 1, s->anchor_day);
    row_touched(w, &s->modified_us);
    tell(w, EV_METER_RESET, index);
    uint32_t order = order_place(w, &plan, DRAFT, w->now_us);
    agenda_add(w, w->now_us + HOUR_US, DEED_ORDER_FINALIZE, order, 0, 0);
    agenda_add(w, chance_between(w, w->now_us, s->meter_end_us), DEED_USER_EVENT, index,
               s->generation, 0);
    if (s->meter_end_us < s->period_end_us)
        agenda_add(w, s->meter_end_us, DEED_METER_CYCLE, index, s->generation, 0);
}

void life_paid(struct sim_world *w, uint32_t index, uint32_t order)
{
    struct subscription_row *s = subscription_at(w, index);
    if (s->open_order != order)
        return;
    s->open_order = SIM_NO_ROW;
    if (s->status == INCOMPLETE) { // the first payment came after all
        s->status = ACTIVE;
        row_touched(w, &s->modified_us);
        plan_period(w, index);
    }
    if (s->status != PAST_DUE)
        return;
    s->status = ACTIVE;
    s->past_due_us = 0;
    row_touched(w, &s->modified_us);
    tell(w, EV_SUBSCRIPTION_REACTIVATED, index);
}

void life_payment_failed(struct sim_world *w, uint32_t index, uint32_t order, uint8_t attempt)
{
    static const uint8_t wait_days[DUNNING_TRIES] = {2, 5, 7, 7};
    struct subscription_row *s = subscription_at(w, index);
    struct order_row *unpaid = order_at(w, order);
    if (s->ended_us != 0)
        return;
    if (s->status == ACTIVE) {
        s->status = PAST_DUE;
        s->past_due_us = w->now_us;
        s->open_order = order;
        row_touched(w, &s->modified_us);
        tell(w, EV_SUBSCRIPTION_PAST_DUE, index);
    }
    if (attempt < DUNNING_TRIES) {
        unpaid->next_attempt_us = w->now_us + wait_days[attempt] * DAY_US;
        row_touched(w, &unpaid->modified_us);
        agenda_add(w, unpaid->next_attempt_us, DEED_ORDER_PAY, order, 0, (uint8_t)(attempt + 1));
        return;
    }
    unpaid->next_attempt_us = 0;
    row_touched(w, &unpaid->modified_us);
    if (chance_permille(w, 750)) {
        life_end(w, index, CANCELED);
        return;
    }
    s->status = UNPAID;
    s->generation++;
    row_touched(w, &s->modified_us);
}

// Prices the unused part of the period under the old terms and the same part under the new ones. The difference is one
// order with two items; it is negative when the new terms are cheaper.
static void prorate(struct sim_world *w, uint32_t index, int64_t old_amount, uint32_t checkout)
{
    struct subscription_row *s = subscription_at(w, index);
    int64_t length_s = (s->period_end_us - s->period_start_us) / SECOND_US;
    int64_t left_s = (s->period_end_us - w->now_us) / SECOND_US;
    struct order_plan plan = plan_of(s, index, UPDATE);
    plan.discount = SIM_NO_BYTE;
    plan.checkout = checkout;
    plan.metered_price = UINT16_MAX;
    plan.first_item = money_scale(s->amount, left_s, length_s);
    plan.second_item = -money_scale(old_amount, left_s, length_s);
    order_pay(w, order_place(w, &plan, PENDING, w->now_us), 0);
}

// A free plan becomes a paid one through a checkout that names the subscription.
static uint32_t upgrade_checkout(struct sim_world *w, uint32_t index)
{
    const struct subscription_row *s = subscription_at(w, index);
    uint32_t at = row_append(w, &w->checkouts);
    struct checkout_row *checkout = checkout_at(w, at);
    checkout->created_us = w->now_us;
    checkout->modified_us = w->now_us;
    shop_meet(w, checkout, s->customer);
    checkout->upgrade_of = index;
    checkout->product = s->product;
    checkout->currency = s->currency;
    checkout->price = s->price;
    checkout->discount = SIM_NO_BYTE;
    checkout->country = customer_at(w, s->customer)->country;
    checkout->status = CHECKOUT_SUCCEEDED;
    checkout->amount = s->amount;
    checkout->opened_us = w->now_us;
    event_add(w, EV_CHECKOUT_CREATED, w->now_us, s->customer, at);
    return at;
}

void life_change_plan(struct sim_world *w, uint32_t index)
{
    static const uint8_t plans[MONTHLY_SWITCH_COUNT] = {
        0, 1, 2, 12}; // Starter, Pro, Pro (yearly), Quarterly
    struct subscription_row *s = subscription_at(w, index);
    bool is_free = s->product == 6;
    uint8_t to = plans[chance_below(w, is_free ? 2 : MONTHLY_SWITCH_COUNT)];
    bool can_change = s->product <= 2 || is_free || s->product == 12;
    if (s->status != ACTIVE || s->cancel_at_period_end || !can_change || to == s->product ||
        w->products[to].price[s->currency] == UINT16_MAX)
        return;
    if (!is_free && chance_permille(w, 300)) {
        s->pending_at_us = s->period_end_us;
        s->pending_product = to;
        row_touched(w, &s->modified_us);
        tell(w, EV_SUBSCRIPTION_UPDATED, index);
        return;
    }
    int64_t old_amount = s->amount;
    uint8_t from = s->product;
    enum interval old_interval = template_of(s)->interval;
    uint8_t old_count = template_of(s)->interval_count;
    s->product = to;
    s->price = w->products[to].price[s->currency];
    s->metered_price = w->products[to].metered_price[s->currency];
    reprice(w, s);
    struct event_row *event = tell(w, EV_SUBSCRIPTION_PRODUCT_UPDATED, index);
    event->aux = from;
    tell(w, EV_SUBSCRIPTION_UPDATED, index);
    uint32_t checkout = is_free ? upgrade_checkout(w, index) : SIM_NO_ROW;
    bool changes_period = is_free || template_of(s)->interval != old_interval ||
                          template_of(s)->interval_count != old_count;
    if (changes_period) { // the old terms are credited for what was left; the new period begins now
        int64_t length_s = (s->period_end_us - s->period_start_us) / SECOND_US;
        old_amount = money_scale(old_amount, (s->period_end_us - w->now_us) / SECOND_US, length_s);
        s->period_start_us = w->now_us;
        s->anchor_day = (uint8_t)calendar_day_of_month(w->now_us);
        s->period_end_us = period_after(s, w->now_us);
    }
    row_touched(w, &s->modified_us);
    prorate(w, index, old_amount, checkout);
    plan_period(w, index);
}

void life_change_seats(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    if (s->status != ACTIVE || s->seats == 0 || s->cancel_at_period_end)
        return;
    uint16_t old_seats = s->seats;
    uint64_t wanted =
        chance_permille(w, 650) ? old_seats + 1 + chance_below(w, 6) : (old_seats + 1U) / 2;
    uint16_t new_seats = (uint16_t)(wanted < 500 ? wanted : 500);
    if (new_seats == old_seats)
        return;
    if (chance_permille(w, 250)) {
        s->pending_at_us = s->period_end_us;
        s->pending_seats = new_seats;
        row_touched(w, &s->modified_us);
        tell(w, EV_SUBSCRIPTION_UPDATED, index);
        return;
    }
    int64_t old_amount = s->amount;
    s->seats = new_seats;
    reprice(w, s);
    row_touched(w, &s->modified_us);
    tell(w, EV_SUBSCRIPTION_SEATS_UPDATED, index)->aux = (uint32_t)old_seats << 16 | new_seats;
    prorate(w, index, old_amount, SIM_NO_ROW);
}

// The merchant moves the end of the period to now; the renewal follows at once.
void life_renew_now(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    if (s->status != ACTIVE || s->cancel_at_period_end || s->pause_at_period_end)
        return;
    uint32_t detail =
        detail_new(w, &(struct event_detail){.first_us = s->period_end_us, .second_us = w->now_us});
    tell(w, EV_SUBSCRIPTION_PERIOD_UPDATED, index)->aux = detail;
    s->anchor_day = (uint8_t)calendar_day_of_month(w->now_us);
    renew(w, index);
}

// A payment that is asked for now does not come.
void life_fall_due(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    if (s->status != ACTIVE || s->cancel_at_period_end || s->amount <= 0)
        return;
    struct order_plan plan = plan_of(s, index, CYCLE);
    plan.metered_price = UINT16_MAX;
    plan.first_item = life_base_amount(w, s);
    plan.discount_amount = plan.first_item - s->amount;
    life_payment_failed(w, index, order_place(w, &plan, PENDING, w->now_us), 0);
}

void life_deed(struct sim_world *w, const struct agenda_item *item)
{
    if (item->generation != subscription_at(w, item->ref)->generation)
        return;
    switch (item->deed) {
    case DEED_CYCLE:
        cycle(w, item->ref);
        break;
    case DEED_CANCEL:
        life_cancel(w, item->ref, item->attempt != 0);
        break;
    case DEED_UNCANCEL:
        life_uncancel(w, item->ref);
        break;
    case DEED_CHANGE_PLAN:
        life_change_plan(w, item->ref);
        break;
    case DEED_CHANGE_SEATS:
        life_change_seats(w, item->ref);
        break;
    case DEED_RESUME:
        life_resume(w, item->ref);
        break;
    case DEED_METER_CYCLE:
        meter_cycle(w, item->ref);
        break;
    case DEED_USER_EVENT:
        shop_user_event(w, item->ref);
        break;
    default:
        break;
    }
}
