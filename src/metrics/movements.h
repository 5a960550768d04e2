// SPDX-License-Identifier: Apache-2.0
// movements.h - how recurring revenue moved: each customer's MRR through time, and every change of it by its kind. Pure: no SQL, no I/O, no clock.
//
// Rows go in one by one: all subscriptions first, then what is known of their prices in the past, in any order. From both a step function is made for
// each subscription, from those one for each customer and currency, and each step of a customer is one movement: new, expansion, contraction, churn or
// reactivation. So in every period, exactly and in integers,
//     start + new + expansion - contraction - churn + reactivation = end,
// and shorter periods add up to longer ones. Currencies are never added. Amounts are minor units for a month, as v_mrr and docs/metrics.md normalise
// them: each subscription rounded half away from zero, tax that the price holds taken off. A trial counts from its end, a pause counts on.
//
// Nothing after query.now_us is told: a planned end is not yet a loss.
#ifndef TILL_METRICS_MOVEMENTS_H
#define TILL_METRICS_MOVEMENTS_H

#include "metrics/metrics.h"

// How a price is known: told by an event at that moment; seen by a sync that read the row before and after; or concluded from orders and today's row.
// Worse ones are larger.
enum movements_source {
    MOVEMENTS_NOTHING,
    MOVEMENTS_EVENTS,
    MOVEMENTS_OBSERVED,
    MOVEMENTS_RECONSTRUCTED,
};
const char *movements_source_word(enum movements_source source); // "events"; NULL for nothing
const char *movements_source_sentence(enum movements_source source);

struct movements_query {
    struct civil_date from, to; // both inclusive
    enum metrics_interval interval;
    const struct zone *zone;
    struct metrics_ids products; // subscriptions of these, as of today
    int64_t now_us;
};
struct movements; // opaque

// USAGE when the dates are reversed, LIMIT beyond TILL_LIMIT_METRIC_PERIODS or TILL_LIMIT_METRIC_DAYS.
enum till_code movements_open(const struct movements_query *query, struct movements **ret_movements,
                              struct till_error *e) TILL_MUSTUSE;
void movements_close(struct movements *movements); // accepts NULL

struct movements_terms { // of one billing period
    int64_t amount_minor;
    enum metrics_interval interval; // not METRICS_HOUR
    int64_t interval_count;         // from 1
};
struct movements_subscription {
    struct metrics_id id, customer, product;
    int64_t started_us, end_us, trial_end_us; // METRICS_NULL = none
    struct movements_terms terms;             // as of today
    metrics_currency currency;
};
enum till_code movements_subscription(struct movements *movements,
                                      const struct movements_subscription *row,
                                      struct till_error *e) TILL_MUSTUSE;

enum movements_effect {
    MOVEMENTS_STAYS,
    MOVEMENTS_CLOSES, // it stops to be billed
    MOVEMENTS_OPENS,  // it is billed again
};
struct movements_price {
    struct metrics_id subscription;
    int64_t at_us;
    struct movements_terms
        terms; // from then on; amount_minor METRICS_NULL: changed, to what is not told
    metrics_currency currency; // 0 = the subscription's; others are left out
    enum movements_source source;
    enum movements_effect effect;
};
enum till_code movements_price(struct movements *movements, const struct movements_price *price,
                               struct till_error *e) TILL_MUSTUSE;
// The same, of a subscription whose number is known (movements_number()).
enum till_code movements_price_of(struct movements *movements, size_t number,
                                  const struct movements_price *price,
                                  struct till_error *e) TILL_MUSTUSE;
// The terms before the first observed change.
void movements_before(struct movements *movements, struct metrics_id subscription,
                      const struct movements_terms *terms);
// Tax that the price holds, from an order of that moment; the newest counts, and among equal ones the first.
void movements_tax(struct movements *movements, struct metrics_id subscription, int64_t at_us,
                   int64_t net_minor, int64_t tax_minor);
// Subscriptions that are wanted have numbers, from 0. Two hints to the processor that one is going to be looked up by its id (metrics/ids.h), and the look-up;
// -1 when it is not wanted.
void movements_foresee(const struct movements *movements, struct metrics_id subscription);
int64_t movements_foresee_number(const struct movements *movements, struct metrics_id subscription);
int64_t movements_number(const struct movements *movements, struct metrics_id subscription);
size_t movements_count(const struct movements *movements);
// What bills need to know of a subscription. They say more where its price is unknown where it began.
struct movements_billed {
    struct metrics_id id;
    struct movements_terms terms; // as of today
    int64_t trial_end_us;
    metrics_currency currency;
    bool wants_bills;
    bool
        may_repeat; // bills alone tell of it: movements_bill_again() may be told of those that repeat
};
struct movements_billed movements_billed(const struct movements *movements, size_t number);
// Bills with the price and the currency of the last one, up to this moment: they need not be told by movements_price(). After all events and all that
// syncs saw.
void movements_bill_again(struct movements *movements, size_t number, int64_t at_us);
bool movements_lacks_starts(const struct movements *movements); // some subscription does
// Today's terms, for comparison; false when the subscription is not wanted.
bool movements_terms(const struct movements *movements, struct metrics_id subscription,
                     struct movements_terms *ret_terms);

// MRR of one subscription as of now, from its row and the tax in it: no history is needed. False when nothing is billed.
bool movements_now(const struct movements *movements, struct metrics_id subscription,
                   int64_t *ret_amount_minor, metrics_currency *ret_currency);

// When a row's price today is not the last one known: since when, at the latest? Asked once for each such subscription.
typedef enum till_code movements_ask(void *context, struct metrics_id subscription,
                                     int64_t *ret_at_us, struct till_error *e);
// Once, after all rows.
enum till_code movements_finish(struct movements *movements, movements_ask *ask, void *context,
                                struct till_error *e) TILL_MUSTUSE;

// Activities (during the period), but for starts and ends, which are balances (at its borders).
struct movements_line {
    int64_t start_minor, new_minor, expansion_minor, contraction_minor, churn_minor,
        reactivation_minor, end_minor;
    int64_t start_customers, new_customers, churned_customers, reactivated_customers, end_customers;
    int64_t lost_minor;     // of the customers at the start: what each has less at the end
    int64_t gained_minor;   // of the same: all their MRR at the end, minus at the start
    int64_t gone_customers; // of the same: without MRR at the end
    int64_t trials_ended,
        trials_converted;         // whose last day came; of those, the ones that went on and pay
    enum movements_source source; // the worst that a movement here relies on
};
struct movements_currency {
    metrics_currency currency;
    struct movements_line *lines; // one for each period, and at [period_count] the whole range
};
struct movements_answer {
    size_t period_count, currency_count;
    const int64_t *starts_us;              // period_count + 1
    int64_t from_us, until_us;             // the range: its first and its last microsecond
    struct movements_currency *currencies; // in alphabetical order
};
// After movements_finish(). What it points to belongs to movements.
enum till_code movements_answer(struct movements *movements, struct movements_answer *ret_answer,
                                struct till_error *e) TILL_MUSTUSE;

// ---- rates of a line ----
enum movements_rate_id {
    MOVEMENTS_GROSS_RETENTION,
    MOVEMENTS_NET_RETENTION,
    MOVEMENTS_QUICK_RATIO,
    MOVEMENTS_CUSTOMER_CHURN,
    MOVEMENTS_GROSS_CHURN,
    MOVEMENTS_NET_CHURN,
    MOVEMENTS_ARPA,
    MOVEMENTS_LTV,
    MOVEMENTS_TRIAL_CONVERSION,
    MOVEMENTS_RATE__COUNT,
};
enum movements_rate_type { MOVEMENTS_SHARE, MOVEMENTS_RATIO, MOVEMENTS_MONEY };
struct movements_rate_info {
    const char *slug, *display_name, *formula;
    enum movements_rate_type type;
    bool is_balance;
};
extern const struct movements_rate_info movements_rate_infos[MOVEMENTS_RATE__COUNT];
struct movements_rate {
    bool has_value;
    double value;       // money in minor units, whole
    const char *reason; // why there is no value
};
// Of the whole range. Fewer than MOVEMENTS_LEAST in the denominator say nothing: no value, with the reason. interval is for LTV, which needs months.
enum { MOVEMENTS_LEAST = 5 };
void movements_rates(const struct movements_answer *answer,
                     const struct movements_currency *currency, enum metrics_interval interval,
                     struct movements_rate ret_rates[static MOVEMENTS_RATE__COUNT]);

#endif
