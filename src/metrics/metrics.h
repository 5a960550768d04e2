// SPDX-License-Identifier: Apache-2.0
// metrics.h - Polar's 55 metrics as pure functions: rows in, numbers out. No SQL, no I/O, no clock.
//
// A struct metrics is one question. Rows go in one by one, each once, in any order of their own kind: all subscriptions before the first order. Each row
// costs a few look-ups whatever the number of buckets: what happens goes into the sum of its bucket, what lasts into a difference at its two ends, and
// metrics_answer() adds those up from left to right. Memory: one record for each subscription; with events one for each order too.
//
// Orders are known in one of two ways. From system events (has_events), which is what Polar itself counts: exact in every currency. Or from the mirrored
// orders: exact in US dollars; amounts in other currencies are left out, since the row does not say at which rate they were paid, and what was left out is
// told as a reason beside each metric that suffers from it. Nothing is ever taken as 1:1.
//
// All amounts are minor units; results are cents of US dollars. Rules: docs/metrics.md.
#ifndef TILL_METRICS_METRICS_H
#define TILL_METRICS_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/zone.h"
#include "model/metrics.h"

#define METRICS_NULL INT64_MIN // a moment, or an amount, that a row does not have

// An id of the service as 16 bytes: uuids as they are, other words by a hash. All zero = none.
struct metrics_id {
    uint64_t high, low;
};
struct metrics_id metrics_id(struct sv text); // .ptr NULL = none
static inline bool metrics_id_is_none(struct metrics_id id)
{
    return id.high == 0 && id.low == 0;
}

// A currency as its letters: 'u' << 16 | 's' << 8 | 'd'; 0 = none. Longer words are cut.
typedef uint32_t metrics_currency;
enum { METRICS_USD = 0x757364 };
metrics_currency metrics_currency_of(struct sv code);

enum metrics_interval {
    METRICS_HOUR,
    METRICS_DAY,
    METRICS_WEEK, // from Monday
    METRICS_MONTH,
    METRICS_YEAR,
};
bool metrics_interval_parse(struct sv word, enum metrics_interval *ret_interval);
const char *metrics_interval_word(enum metrics_interval interval);
// For a range of so many days, where nobody says another: as many periods as a chart can show. The page has the same table (web/src/report.ts).
enum metrics_interval metrics_interval_usual(int64_t days);

struct metrics_ids { // borrowed; is_all: no filter
    bool is_all;
    const struct metrics_id *ids;
    size_t count;
};
struct metrics_query {
    struct civil_date from, to; // both inclusive
    enum metrics_interval interval;
    const struct zone *zone;
    struct metrics_ids products;
    struct metrics_ids customers; // their ids
    struct metrics_ids
        customer_words; // the same customers by their external ids, as events name them
    bool is_asked[METRIC__COUNT];
    bool has_events; // orders, cancellations and rates come from metrics_event()
    bool
        orders_ascend; // metrics_order() is called in rising order of created_us: memory then does not grow with orders
};

struct metrics; // opaque

// USAGE when the dates are reversed, LIMIT beyond TILL_LIMIT_METRIC_PERIODS buckets or TILL_LIMIT_METRIC_DAYS days.
enum till_code metrics_open(const struct metrics_query *query, struct metrics **ret_metrics,
                            struct till_error *e) TILL_MUSTUSE;
void metrics_close(struct metrics *metrics); // accepts NULL

struct metrics_subscription {
    struct metrics_id id, customer, product;
    int64_t created_us, started_us, ends_us, ended_us, canceled_us, trial_end_us;
    int64_t amount_minor;
    int64_t net_amount_minor; // without the tax that the amount holds; METRICS_NULL = to be derived
    metrics_currency currency;
    enum metrics_interval interval; // not METRICS_HOUR
    int64_t interval_count;         // from 1
    struct sv cancellation_reason;
};
enum till_code metrics_subscription(struct metrics *metrics, const struct metrics_subscription *row,
                                    struct till_error *e) TILL_MUSTUSE;

// Tax that the price of a subscription holds, as a checkout says it: for those that have no order with tax yet. After all subscriptions.
enum till_code metrics_checkout_tax(struct metrics *metrics, struct metrics_id subscription,
                                    int64_t net_amount_minor, int64_t tax_amount_minor,
                                    struct till_error *e) TILL_MUSTUSE;

// A paid order. With has_events it tells only what tax the price of its subscription holds.
struct metrics_order {
    struct metrics_id id, customer, product, subscription;
    int64_t created_us;
    int64_t net_amount_minor, refunded_minor, fee_minor;
    int64_t tax_minor;    // 0 = without
    bool is_tax_included; // subtotal - discount = net + tax
    metrics_currency currency;
    metrics_currency fee_currency; // 0 = none yet
};
// USAGE when orders_ascend was promised and is broken.
enum till_code metrics_order(struct metrics *metrics, const struct metrics_order *row,
                             struct till_error *e) TILL_MUSTUSE;

enum metrics_event_kind {
    METRICS_ORDER_PAID,
    METRICS_BALANCE_ORDER,
    METRICS_BALANCE_CREDIT_ORDER,
    METRICS_BALANCE_REFUND,
    METRICS_BALANCE_REFUND_REVERSAL,
    METRICS_BALANCE_DISPUTE,
    METRICS_BALANCE_DISPUTE_REVERSAL,
    METRICS_SUBSCRIPTION_CREATED,
    METRICS_SUBSCRIPTION_CYCLED,
    METRICS_SUBSCRIPTION_PRODUCT_UPDATED,
    METRICS_SUBSCRIPTION_UNCANCELED,
    METRICS_SUBSCRIPTION_REINSTATED,
    METRICS_SUBSCRIPTION_CANCELED,
    METRICS_SUBSCRIPTION_REVOKED,
    METRICS_EVENT__COUNT,
};
// "balance.order" and so on; false for events that no metric looks at.
bool metrics_event_parse(struct sv name, enum metrics_event_kind *ret_kind);
const char *metrics_event_word(enum metrics_event_kind kind);

struct metrics_event {
    enum metrics_event_kind kind;
    int64_t at_us;
    struct metrics_id customer, customer_word, product, order, subscription;
    int64_t amount_minor, net_amount_minor, presentment_minor; // METRICS_NULL = absent
    int64_t fee_minor, applied_balance_minor;                  // 0 = absent
    double rate;                                               // 0 = absent
    metrics_currency currency, presentment_currency;
    int64_t order_created_us, started_us, canceled_us, ends_us;
    struct sv cancellation_reason;
};
enum till_code metrics_event(struct metrics *metrics, const struct metrics_event *row,
                             struct till_error *e) TILL_MUSTUSE;

struct metrics_checkout {
    int64_t created_us, opened_us; // opened_us METRICS_NULL: not told
    bool is_succeeded;
};
// Already filtered by product and customer.
void metrics_checkout(struct metrics *metrics, const struct metrics_checkout *row);

struct metrics_number {
    bool is_real;
    union {
        int64_t integer;
        double real;
    };
};
double metrics_real(struct metrics_number number);

// Facts about the mirror that no row tells.
struct metrics_knowledge {
    unsigned missing;     // of enum metric_needs: tables that are not mirrored
    bool has_user_events; // some customer sends usage events, which may hold costs
    bool has_seats;       // something is sold by the seat
};
enum { METRICS_REASON_BYTES = 192 };
struct metrics_answer {
    size_t period_count;
    const int64_t *starts_us;             // period_count + 1 of them
    const struct metrics_number *periods; // [metric * period_count + period]
    bool is_asked[METRIC__COUNT];
    struct metrics_number totals[METRIC__COUNT];
    // "" = exact. A metric that is unavailable has no value.
    char approximate[METRIC__COUNT][METRICS_REASON_BYTES];
    char unavailable[METRIC__COUNT][METRICS_REASON_BYTES];
};
// Once, after all rows. What it points to belongs to metrics.
enum till_code metrics_answer(struct metrics *metrics, const struct metrics_knowledge *knowledge,
                              struct metrics_answer *ret_answer, struct till_error *e) TILL_MUSTUSE;

#endif
