// SPDX-License-Identifier: Apache-2.0
// bills.c - a shop's bills, nearly all of which repeat the last one of their subscription: those are passed over, the others are told as prices.
//
// Of a bill more than the index holds is read only when its amount is not the subscription's price of today. A million bills meet their subscriptions in no
// order, so that each would wait for memory several times: what a bill that repeats needs stands in 64 bytes, and bills wait in a small row until theirs are
// on their way to the processor.
#include "report/bills.h"

#include <endian.h>
#include <string.h>

#include "base/attr.h"
#include "base/fault.h"
#include "metrics/ids.h"
#include "report/values.h"
#include "store/movement_rows.h"

enum { BILLS_WAITING = 32 };

struct bill {
    struct metrics_id subscription, product;
    int64_t key, at_us, amount_minor;
    int64_t number; // of the subscription, likely
    metrics_currency currency;
};
struct last_bill { // of a subscription: a bill that is as the last one is not looked at again
    struct metrics_id subscription, product;
    int64_t amount_minor, trial_end_us;
    int64_t billed_us; // of the newest that was passed over; 0 none
    metrics_currency currency;
    bool is_set, wants_bills, may_repeat;
};
struct odd_bill { // whose amount has to be looked at
    int64_t key;
    size_t same; // the bill that was looked at in its place: usually itself
    struct movements_price price;
};
struct reading {
    struct movements *engine;
    struct store *store;
    struct id_map plan_ids; // products
    struct movements_terms *plans;
    struct last_bill *lasts; // by number of the subscription
    size_t *odd_numbers;     // the same: of its last bill among the odd ones, if it is one of them
    struct odd_bill *odds;
    size_t plan_capacity, odd_count, odd_capacity;
    struct moment_day day;
    struct bill waiting[BILLS_WAITING];
    size_t waiting_count;
};

static enum till_code take_plan(void *context, const struct value *v, size_t count,
                                struct till_error *e)
{
    struct reading *reading = context;
    size_t number = 0;
    if (count < STORE_PLAN__COUNT || v[STORE_PLAN_INTERVAL].type == VALUE_NULL)
        return TILL_OK;
    void *plans = reading->plans;
    enum till_code code =
        id_map_put(&reading->plan_ids, metrics_id(text_of(&v[STORE_PLAN_PRODUCT])), &number, e);
    if (code == TILL_OK)
        code = grow(&plans, &reading->plan_capacity, number + 1, sizeof *reading->plans, e);
    reading->plans = plans;
    if (code)
        return code;
    struct movements_terms terms = {METRICS_NULL, METRICS_MONTH,
                                    integer_of(&v[STORE_PLAN_INTERVAL_COUNT], 1)};
    (void)metrics_interval_parse(text_of(&v[STORE_PLAN_INTERVAL]), &terms.interval);
    reading->plans[number] = terms;
    return TILL_OK;
}

// Keeps a bill until its items are looked at; one that is as the subscription's last one shares what they say.
static enum till_code keep_odd(struct reading *reading, size_t number, bool is_same, int64_t key,
                               const struct movements_price *price, struct till_error *e)
{
    void *odds = reading->odds;
    enum till_code code =
        grow(&odds, &reading->odd_capacity, reading->odd_count + 1, sizeof *reading->odds, e);
    reading->odds = odds;
    if (code)
        return code;
    if (!is_same)
        reading->odd_numbers[number] = reading->odd_count;
    reading->odds[reading->odd_count++] =
        (struct odd_bill){key, reading->odd_numbers[number], *price};
    return TILL_OK;
}

static enum till_code tell(struct reading *reading, const struct bill *bill, size_t number,
                           struct till_error *e)
{
    struct last_bill *last = &reading->lasts[number];
    struct movements_billed billed = movements_billed(reading->engine, number);
    bool is_same = last->is_set && last->amount_minor == bill->amount_minor &&
                   last->currency == bill->currency && last->product.high == bill->product.high &&
                   last->product.low == bill->product.low;
    last->product = bill->product;
    last->amount_minor = bill->amount_minor;
    last->currency = bill->currency;
    last->is_set = true;
    last->may_repeat =
        billed.may_repeat && (bill->currency == 0 || bill->currency == billed.currency);
    int64_t plan = id_map_find(&reading->plan_ids, bill->product);
    struct movements_price price = {
        .subscription = bill->subscription,
        .at_us = bill->at_us,
        .terms = plan == ID_NOWHERE ? billed.terms : reading->plans[plan],
        .currency = bill->currency,
        .source = MOVEMENTS_RECONSTRUCTED,
    };
    price.terms.amount_minor = bill->amount_minor;
    if (bill->amount_minor == billed.terms.amount_minor)
        return movements_price_of(reading->engine, number, &price, e);
    return keep_odd(reading, number, is_same, bill->key, &price, e);
}

static enum till_code settle(struct reading *reading, const struct bill *bill, struct till_error *e)
{
    int64_t number = bill->number;
    if (number < 0)
        return TILL_OK;
    struct last_bill *last = &reading->lasts[number];
    if (last->subscription.high != bill->subscription.high ||
        last->subscription.low != bill->subscription.low) { // another one has its slot
        number = movements_number(reading->engine, bill->subscription);
        if (number < 0)
            return TILL_OK;
        last = &reading->lasts[number];
    }
    if (!last->wants_bills || bill->at_us < last->trial_end_us)
        return TILL_OK;
    if (last->may_repeat && last->amount_minor == bill->amount_minor &&
        last->currency == bill->currency && last->product.high == bill->product.high &&
        last->product.low == bill->product.low) {
        last->billed_us = bill->at_us > last->billed_us ? bill->at_us : last->billed_us;
        return TILL_OK;
    }
    return tell(reading, bill, (size_t)number, e);
}

static enum till_code flush(struct reading *reading, struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < reading->waiting_count; i++) {
        struct bill *bill = &reading->waiting[i];
        bill->number = movements_foresee_number(reading->engine, bill->subscription);
        if (bill->number >= 0)
            __builtin_prefetch(&reading->lasts[bill->number], 1);
    }
    for (size_t i = 0; i < reading->waiting_count && code == TILL_OK; i++)
        code = settle(reading, &reading->waiting[i], e);
    reading->waiting_count = 0;
    return code;
}

static enum till_code wait_for(struct reading *reading, const struct bill *bill,
                               struct till_error *e)
{
    reading->waiting[reading->waiting_count++] = *bill;
    return reading->waiting_count < BILLS_WAITING ? TILL_OK : flush(reading, e);
}

static enum till_code take_bill(void *context, const struct value *v, size_t count,
                                struct till_error *e)
{
    struct reading *reading = context;
    if (count < STORE_BILL_AGAIN)
        return TILL_OK;
    struct bill bill = {.subscription = metrics_id(text_of(&v[STORE_BILL_SUBSCRIPTION])),
                        .product = metrics_id(text_of(&v[STORE_BILL_PRODUCT])),
                        .key = integer_of(&v[STORE_BILL_KEY], 0),
                        .at_us = v[STORE_BILL_AT].type == VALUE_INTEGER
                                     ? v[STORE_BILL_AT].integer
                                     : moment_after(&v[STORE_BILL_AT], &reading->day),
                        .amount_minor = integer_of(&v[STORE_BILL_AMOUNT], 0),
                        .currency = metrics_currency_of(text_of(&v[STORE_BILL_CURRENCY]))};
    movements_foresee(reading->engine, bill.subscription);
    enum till_code code = wait_for(reading, &bill, e);
    struct sv more = count > STORE_BILL_AGAIN ? text_of(&v[STORE_BILL_AGAIN]) : (struct sv){0};
    for (size_t at = 0; at < more.len && code == TILL_OK; at += sizeof(struct store_bill_again)) {
        struct store_bill_again again;
        memcpy(&again, more.ptr + at, sizeof again);
        bill.key = (int64_t)le64toh(again.key);
        bill.at_us = (int64_t)le64toh(again.at_us);
        code = wait_for(reading, &bill, e);
    }
    return code;
}

static enum till_code make_lasts(struct reading *reading, struct till_error *e)
{
    size_t count = movements_count(reading->engine);
    reading->lasts = till_calloc(count, sizeof *reading->lasts);
    reading->odd_numbers = till_calloc(count, sizeof *reading->odd_numbers);
    if (!reading->lasts || !reading->odd_numbers)
        return TILL_FAIL_MEMORY(e);
    for (size_t i = 0; i < count; i++) {
        struct movements_billed billed = movements_billed(reading->engine, i);
        reading->lasts[i] = (struct last_bill){.subscription = billed.id,
                                               .trial_end_us = billed.trial_end_us,
                                               .wants_bills = billed.wants_bills};
    }
    return TILL_OK;
}

// The odd ones last, each of which is a look at a wide row.
static enum till_code tell_odds(struct reading *reading, struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < reading->odd_count && code == TILL_OK; i++) {
        struct odd_bill *bill = &reading->odds[i];
        int64_t *amount_minor = &bill->price.terms.amount_minor;
        if (bill->same == i)
            code = store_movement_fixed(reading->store, bill->key, amount_minor, e);
        else
            *amount_minor = reading->odds[bill->same].price.terms.amount_minor;
        if (code == TILL_OK)
            code = movements_price(reading->engine, &bill->price, e);
    }
    return code;
}

static enum till_code read_all(struct reading *reading, struct sv organization_id,
                               struct till_error *e)
{
    const struct store_metric_sink plans = {take_plan, reading}, bills = {take_bill, reading};
    enum till_code code = make_lasts(reading, e);
    if (code == TILL_OK)
        code = store_movement_products(reading->store, organization_id, &plans, e);
    if (code == TILL_OK)
        code = store_movement_bills(reading->store, organization_id, &bills, e);
    if (code == TILL_OK)
        code = flush(reading, e);
    for (size_t i = 0; code == TILL_OK && i < movements_count(reading->engine); i++)
        if (reading->lasts[i].billed_us != 0)
            movements_bill_again(reading->engine, i, reading->lasts[i].billed_us);
    return code ? code : tell_odds(reading, e);
}

enum till_code bills_read(struct store *store, struct sv organization_id, struct movements *engine,
                          struct till_error *e)
{
    struct reading reading = {.engine = engine, .store = store};
    if (!movements_lacks_starts(engine))
        return TILL_OK;
    enum till_code code = read_all(&reading, organization_id, e);
    id_map_release(&reading.plan_ids);
    till_free(reading.lasts);
    till_free(reading.odd_numbers);
    till_free(reading.plans);
    till_free(reading.odds);
    return code;
}
