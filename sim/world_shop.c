// SPDX-License-Identifier: Apache-2.0
// world_shop.c - visitors, checkouts, purchases, imports, wallets, and what customers do to themselves.
//
// A visit opens a checkout with the campaign that brought it; two of five pay, the others let it expire. What the buyer
// was told by the campaign travels as metadata: checkout, then order and subscription.
#include "world_parts.h"

enum { CAMPAIGN_COUNT = 56, PAYING_PERMILLE = 400 };

uint32_t shop_customer_new(struct sim_world *w, uint8_t country, int64_t at_us)
{
    uint32_t index = row_append(w, &w->customers);
    struct customer_row *row = customer_at(w, index);
    row->created_us = at_us;
    row->identity = index;
    row->last_subscription = SIM_NO_ROW;
    row->country = country;
    row->flags = CUSTOMER_HAS_EMAIL | CUSTOMER_VERIFIED | CUSTOMER_HAS_ADDRESS | CUSTOMER_HAS_NAME;
    uint64_t dice = chance_next(w);
    if (dice % 100 < 6)
        row->flags |= CUSTOMER_TEAM;
    if (dice % 100 < 3)
        row->flags &= (uint8_t)~CUSTOMER_HAS_EMAIL;
    if (dice / 100 % 100 < 55)
        row->flags |= CUSTOMER_HAS_EXTERNAL_ID;
    if (dice / 10000 % 100 < 12)
        row->flags |= CUSTOMER_HAS_TAX_ID;
    if (dice / 1000000 % 100 < 15)
        row->flags &= (uint8_t)~CUSTOMER_VERIFIED;
    if (dice / 100000000 % 100 < 10)
        row->flags &= (uint8_t)~CUSTOMER_HAS_ADDRESS;
    if (dice / 10000000000U % 100 < 10)
        row->flags &= (uint8_t)~CUSTOMER_HAS_NAME;
    if (w->last_deleted_customer != SIM_NO_ROW &&
        chance_permille(w, 30)) { // the address of someone who left
        row->identity = customer_at(w, w->last_deleted_customer)->identity;
        w->last_deleted_customer = SIM_NO_ROW;
    }
    event_add(w, EV_CUSTOMER_CREATED, at_us, index, index);
    if (chance_permille(w, 60))
        agenda_add(w, at_us + chance_between(w, HOUR_US, 300 * DAY_US), DEED_CUSTOMER_EDIT, index,
                   0, 0);
    if (chance_permille(w, 18))
        agenda_add(w, at_us + chance_between(w, DAY_US, 400 * DAY_US), DEED_CUSTOMER_DELETE, index,
                   0, 0);
    if (chance_permille(w, 8))
        agenda_add(w, at_us + chance_between(w, DAY_US, 200 * DAY_US), DEED_WALLET, index, 0, 0);
    return index;
}

static uint8_t pick_product(struct sim_world *w)
{
    bool is_early = w->now_us < w->opening_us + (w->end_us - w->opening_us) * 2 / 5;
    unsigned sum = 0;
    for (unsigned i = 0; i < PRODUCT_COUNT; i++)
        if (is_early || !w->products[i].is_archived)
            sum += product_templates[i].weight;
    uint64_t at = chance_below(w, sum);
    for (unsigned i = 0; i < PRODUCT_COUNT; i++) {
        if (!is_early && w->products[i].is_archived)
            continue;
        if (at < product_templates[i].weight)
            return (uint8_t)i;
        at -= product_templates[i].weight;
    }
    return 0;
}

static uint8_t pick_discount(struct sim_world *w)
{
    if (!chance_permille(w, 220))
        return SIM_NO_BYTE;
    uint8_t index = (uint8_t)chance_below(w, DISCOUNT_COUNT - 1); // the last one is never used
    const struct discount *discount = &w->discounts[index];
    return discount->ends_us != 0 && discount->ends_us < w->now_us ? SIM_NO_BYTE : index;
}

static int64_t base_of(const struct sim_world *w, const struct checkout_row *checkout,
                       int64_t chosen)
{
    const struct price *price = &w->prices[checkout->price];
    if (price->kind == SEATS)
        return money_tier_total(price->amount,
                                w->products[checkout->product].made_from->interval == BY_YEAR,
                                checkout->seats);
    if (price->kind == UNITS)
        return money_tier_total(price->amount, false, checkout->seats);
    return price->kind == CUSTOM ? chosen : price->amount;
}

static int64_t chosen_amount(struct sim_world *w, enum currency currency, int64_t minimum)
{
    return minimum + money_price(currency, (int64_t)chance_below(w, 40) * 100);
}

// Most pages are seen within a minute, some only after hours (a link in a mail), some never.
static int64_t opened_us(const struct sim_world *w, uint32_t checkout, int64_t created_us)
{
    uint64_t hash = chance_of_row(w, SIM_CHECKOUTS, checkout, 10);
    int64_t roll = (int64_t)(hash >> 8 & 0xffff);
    if (hash % 10 == 0)
        return 0;
    return created_us + (hash % 10 == 1 ? HOUR_US + roll * SECOND_US : roll * 800 + SECOND_US);
}

static uint32_t checkout_new(struct sim_world *w, uint8_t product, uint8_t country)
{
    uint32_t index = row_append(w, &w->checkouts);
    struct checkout_row *checkout = checkout_at(w, index);
    enum currency currency = countries[country].currency;
    if (w->products[product].price[currency] == UINT16_MAX)
        currency = USD;
    checkout->created_us = w->now_us;
    checkout->opened_us = opened_us(w, index, w->now_us);
    checkout->customer = checkout->upgrade_of = SIM_NO_ROW;
    checkout->product = product;
    checkout->currency = (uint8_t)currency;
    checkout->country = country;
    checkout->price = w->products[product].price[currency];
    checkout->discount = pick_discount(w);
    checkout->campaign =
        chance_permille(w, 300) ? 0 : (uint8_t)(1 + chance_below(w, CAMPAIGN_COUNT));
    checkout->is_business = chance_permille(w, 120);
    const struct price *price = &w->prices[checkout->price];
    if (price->kind == SEATS || price->kind == UNITS)
        checkout->seats = (uint16_t)(1 + chance_below(w, chance_permille(w, 150) ? 70 : 12));
    checkout->amount = base_of(w, checkout, chosen_amount(w, currency, price->amount));
    if (checkout->amount == 0)
        checkout->discount = SIM_NO_BYTE;
    event_add(w, EV_CHECKOUT_CREATED, w->now_us, SIM_NO_ROW, index);
    return index;
}

void shop_visit(struct sim_world *w)
{
    static const uint8_t country_of[] = {0, 0, 0, 0, 1, 1, 1, 2, 2,  3,  3,  4,
                                         4, 5, 6, 7, 7, 8, 8, 9, 10, 11, 12, 13};
    uint8_t country = country_of[chance_below(w, sizeof country_of)];
    uint32_t index = checkout_new(w, pick_product(w), country);
    int64_t at_us = w->now_us;
    // Whether and when a visitor pays depends on the instant, so that visits of one microsecond also buy in one.
    uint64_t fate = uuid_hash((uint64_t)at_us, w->key.check);
    if (fate % 1000 < PAYING_PERMILLE) {
        int64_t delay_us = (int64_t)(60 + fate / 1000 % 840) * SECOND_US;
        w->confirmations_pending++;
        agenda_add(w, at_us + delay_us, DEED_CHECKOUT_CONFIRM, index, 0, 0);
        return;
    }
    int64_t quarter_us = 15 * MINUTE_US;
    agenda_add(w, (at_us + DAY_US + quarter_us) / quarter_us * quarter_us, DEED_CHECKOUT_EXPIRE,
               index, 0, 0);
}

void shop_checkout_expire(struct sim_world *w, uint32_t index)
{
    struct checkout_row *checkout = checkout_at(w, index);
    if (checkout->status != CHECKOUT_OPEN)
        return;
    checkout->status = chance_permille(w, 12) ? CHECKOUT_FAILED : CHECKOUT_EXPIRED;
    row_touched(w, &checkout->modified_us);
}

static uint32_t buyer_of(struct sim_world *w, const struct checkout_row *checkout)
{
    if (w->customers.count > 4 && chance_permille(w, 180)) {
        uint32_t known = (uint32_t)chance_below(w, w->customers.count);
        const struct customer_row *row = customer_at(w, known);
        if (row->deleted_us == 0 &&
            countries[row->country].currency == countries[checkout->country].currency)
            return known;
    }
    uint32_t index = shop_customer_new(w, checkout->country, w->now_us);
    struct customer_row *row = customer_at(w, index);
    row->flags &= (uint8_t)~CUSTOMER_HAS_TAX_ID;
    if (checkout->is_business)
        row->flags |= CUSTOMER_HAS_TAX_ID;
    return index;
}

void shop_meet(struct sim_world *w, struct checkout_row *checkout, uint32_t customer)
{
    checkout->customer = customer;
    checkout->buyer_edits = customer_at(w, customer)->edits;
    checkout->buyer_flags = customer_at(w, customer)->flags;
}

static void grant_benefits(struct sim_world *w, uint32_t customer, uint8_t product)
{
    for (unsigned i = 0; i < BENEFITS_PER_PRODUCT && product_templates[product].benefits[i]; i++) {
        unsigned benefit = product_templates[product].benefits[i] - 1U;
        if (w->benefits[benefit].is_deleted || i > 1)
            continue;
        struct event_row *event = event_add(w, EV_BENEFIT_GRANTED, w->now_us, customer, customer);
        event->aux = benefit;
        event->product = product;
    }
}

static void buy_once(struct sim_world *w, uint32_t index)
{
    const struct checkout_row *checkout = checkout_at(w, index);
    struct order_plan plan = {.customer = checkout->customer,
                              .subscription = SIM_NO_ROW,
                              .checkout = index,
                              .product = checkout->product,
                              .currency = checkout->currency,
                              .discount = checkout->discount,
                              .reason = PURCHASE,
                              .campaign = checkout->campaign,
                              .price = checkout->price,
                              .metered_price = UINT16_MAX,
                              .first_item = checkout->amount};
    if (plan.discount != SIM_NO_BYTE) {
        plan.discount_amount =
            money_discount(&w->discounts[plan.discount], plan.currency, plan.first_item);
        w->discounts[plan.discount].redemptions++;
    }
    order_pay(w, order_place(w, &plan, PENDING, w->now_us), 0);
}

static void subscribe(struct sim_world *w, uint32_t index)
{
    const struct checkout_row *checkout = checkout_at(w, index);
    bool is_units = w->prices[checkout->price].kind == UNITS;
    life_begin(w, &(struct subscription_plan){.customer = checkout->customer,
                                              .checkout = index,
                                              .product = checkout->product,
                                              .currency = checkout->currency,
                                              .discount = checkout->discount,
                                              .campaign = checkout->campaign,
                                              .seats = is_units ? 0 : checkout->seats,
                                              .units = is_units ? checkout->seats : 0,
                                              .custom_amount = checkout->amount,
                                              .has_trial = true});
}

void shop_checkout_confirm(struct sim_world *w, uint32_t index)
{
    struct checkout_row *checkout = checkout_at(w, index);
    bool is_first = checkout->status == CHECKOUT_OPEN;
    if (checkout->status > CHECKOUT_CONFIRMED || checkout->status == CHECKOUT_EXPIRED)
        return;
    row_touched(w, &checkout->modified_us);
    if (checkout->opened_us == 0 || checkout->opened_us > w->now_us)
        checkout->opened_us = w->now_us;      // who pays has seen it
    if (is_first && chance_permille(w, 60)) { // the payment takes its time
        checkout->status = CHECKOUT_CONFIRMED;
        agenda_add(w, w->now_us + chance_between(w, 10 * SECOND_US, HOUR_US), DEED_CHECKOUT_CONFIRM,
                   index, 0, 0);
        return;
    }
    if (w->confirmations_pending > 0)
        w->confirmations_pending--;
    if (!is_first && chance_permille(w, 300)) { // and fails: the page is open again
        checkout->status = CHECKOUT_OPEN;
        agenda_add(w, w->now_us + DAY_US, DEED_CHECKOUT_EXPIRE, index, 0, 0);
        return;
    }
    uint32_t customer = buyer_of(w, checkout);
    shop_meet(w, checkout, customer);
    checkout->status = CHECKOUT_SUCCEEDED;
    if (product_templates[checkout->product].interval == ONE_TIME)
        buy_once(w, index);
    else
        subscribe(w, index);
    grant_benefits(w, customer, checkout->product);
}

// Subscriptions brought from another system: they began in the past, all at the same second, and have no checkout.
void shop_import(struct sim_world *w, unsigned count)
{
    int64_t started_us = (w->now_us - 200 * DAY_US) / DAY_US * DAY_US;
    for (unsigned i = 0; i < count; i++) {
        uint32_t customer = shop_customer_new(w, (uint8_t)(i % 2 ? 0 : 3), w->now_us);
        life_import(w,
                    &(struct subscription_plan){.customer = customer,
                                                .checkout = SIM_NO_ROW,
                                                .product = i % 3 == 0 ? 14 : 0,
                                                .currency = i % 2 ? USD : EUR,
                                                .discount = SIM_NO_BYTE},
                    started_us);
        w->now_us += 1500;
    }
}

void shop_wallet(struct sim_world *w, uint32_t customer)
{
    const struct customer_row *row = customer_at(w, customer);
    if (row->deleted_us != 0)
        return;
    enum currency currency = countries[row->country].currency;
    struct order_plan plan = {.customer = customer,
                              .subscription = SIM_NO_ROW,
                              .checkout = SIM_NO_ROW,
                              .product = SIM_NO_BYTE,
                              .currency = (uint8_t)currency,
                              .discount = SIM_NO_BYTE,
                              .reason = PURCHASE,
                              .price = UINT16_MAX,
                              .metered_price = UINT16_MAX,
                              .first_item = money_price(currency, 2500)};
    order_pay(w, order_place(w, &plan, PENDING, w->now_us), 0);
}

// Its transaction began minutes ago and commits now: the row appears behind newer ones.
void shop_late_order(struct sim_world *w)
{
    uint32_t customer = shop_customer_new(w, 0, w->now_us);
    struct order_plan plan = {.customer = customer,
                              .subscription = SIM_NO_ROW,
                              .checkout = SIM_NO_ROW,
                              .product = 8,
                              .currency = USD,
                              .discount = SIM_NO_BYTE,
                              .reason = PURCHASE,
                              .price = w->products[8].price[USD],
                              .metered_price = UINT16_MAX};
    plan.first_item = w->prices[plan.price].amount;
    int64_t at_us = w->now_us - chance_between(w, 20 * SECOND_US, 9 * MINUTE_US);
    order_pay(w, order_place(w, &plan, PENDING, at_us), 0);
}

// The same for a visitor and a new customer.
void shop_late_rows(struct sim_world *w)
{
    int64_t now_us = w->now_us;
    w->now_us -= chance_between(w, 20 * SECOND_US, 9 * MINUTE_US);
    uint32_t checkout = checkout_new(w, pick_product(w), 0);
    shop_customer_new(w, 0, w->now_us);
    w->now_us = now_us;
    agenda_add(w, now_us + DAY_US, DEED_CHECKOUT_EXPIRE, checkout, 0, 0);
}

void shop_customer_edit(struct sim_world *w, uint32_t index)
{
    struct customer_row *row = customer_at(w, index);
    if (row->deleted_us != 0)
        return;
    row->edits = (uint8_t)(row->edits % 7 + 1);
    if (chance_permille(w, 100))
        row->flags |= CUSTOMER_TEAM;
    row_touched(w, &row->modified_us);
    event_add(w, EV_CUSTOMER_UPDATED, w->now_us, index, index);
}

void shop_customer_delete(struct sim_world *w, uint32_t index)
{
    struct customer_row *row = customer_at(w, index);
    if (row->deleted_us != 0)
        return;
    row_touched(w, &row->modified_us);
    row->deleted_us = w->now_us;
    if (chance_permille(w, 400))
        row->flags = (uint8_t)((row->flags | CUSTOMER_ANONYMIZED) & ~CUSTOMER_HAS_ADDRESS);
    w->last_deleted_customer = index;
    event_add(w, EV_CUSTOMER_DELETED, w->now_us, index, index);
    for (uint32_t s = row->last_subscription; s != SIM_NO_ROW;
         s = subscription_at(w, s)->previous_of_customer)
        if (subscription_at(w, s)->ended_us == 0)
            life_end(w, s, CANCELED);
}

// Support brings a deleted customer back.
void shop_customer_restore(struct sim_world *w, uint32_t index)
{
    struct customer_row *row = customer_at(w, index);
    if (row->deleted_us == 0 || row->flags & CUSTOMER_ANONYMIZED)
        return;
    row->deleted_us = 0;
    row_touched(w, &row->modified_us);
}

void shop_user_event(struct sim_world *w, uint32_t index)
{
    struct subscription_row *s = subscription_at(w, index);
    struct customer_row *customer = customer_at(w, s->customer);
    static const uint8_t names[] = {EV_USER_API_CALL, EV_USER_API_CALL, EV_USER_COMPLETION,
                                    EV_USER_SIGNUP};
    if (customer->deleted_us != 0)
        return;
    event_add(w, names[chance_below(w, sizeof names)], w->now_us, s->customer, index);
    s->usage += 1 + (uint32_t)chance_below(w, 900); // live counters: no modified_at moves
    if (customer->first_event_us == 0)
        customer->first_event_us = w->now_us;
    w->changes++;
}
