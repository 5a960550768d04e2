// SPDX-License-Identifier: Apache-2.0
// engine.h - private to metrics: what a question has gathered so far.
#ifndef TILL_METRICS_ENGINE_H
#define TILL_METRICS_ENGINE_H

#include "base/limits.h"
#include "metrics/calendar.h"
#include "metrics/ids.h"

__extension__ typedef __int128 wide; // products of two amounts

// Per bucket. Up to COLUMN_CHURN_BASE they are differences: what begins in a bucket is added there, and taken away where it ends.
enum column_of {
    COLUMN_ACTIVE,
    COLUMN_COMMITTED,
    COLUMN_MRR, // the four kinds of recurring revenue: + 1 committed, + 2 in trial
    COLUMN_COMMITTED_MRR,
    COLUMN_TRIAL_MRR,
    COLUMN_TRIAL_COMMITTED_MRR,
    COLUMN_CUSTOMERS,
    COLUMN_CANCELED_BEFORE,
    COLUMN_CHURN_BASE,
    COLUMN_FOREIGN, // the four kinds again: how many rows of one price
    COLUMN_CHURNED = COLUMN_FOREIGN + 4,
    COLUMN_CHECKOUTS,
    COLUMN_SUCCEEDED,
    COLUMN_REVENUE,
    COLUMN_NET_REVENUE,
    COLUMN_ORDERS, // and its revenue and net revenue, as the next two have
    COLUMN_ORDERS_REVENUE,
    COLUMN_ORDERS_NET,
    COLUMN_ONE_TIME,
    COLUMN_ONE_TIME_REVENUE,
    COLUMN_ONE_TIME_NET,
    COLUMN_NEW,
    COLUMN_NEW_REVENUE,
    COLUMN_NEW_NET,
    COLUMN_RENEWED,
    COLUMN_RENEWED_REVENUE,
    COLUMN_RENEWED_NET,
    COLUMN_CANCELED,
    COLUMN_REASON, // the eight reasons, in the order of metrics.def
    COLUMN__COUNT = COLUMN_REASON + 8,
};

struct subscription {
    uint32_t customer;
    metrics_currency currency;
    enum metrics_interval interval;
    int32_t interval_count;
    bool has_row, is_in_scope;
    bool is_imported; // it began long before it was created: no event tells its creation
    unsigned char reason;
    bool is_tax_included; // by the newest order with tax
    int64_t created_us, started_us, end_us, canceled_us, trial_end_us;
    int64_t amount_minor, net_amount_minor;
    int64_t taxed_us, taxed_net_minor, taxed_tax_minor; // of the newest order with tax
    struct metrics_id taxed_id;
};

// What orders ask of their subscription, apart so that it stays in the processor's cache.
enum { BUCKET_UNKNOWN = -2 };
struct start {
    int32_t bucket;         // of its start; BUCKET_UNKNOWN: orders are neither new nor renewed
    int32_t renewed_bucket; // the last in which a renewal was counted; BUCKET_UNKNOWN none
};

// What events tell of a subscription.
struct life {
    bool is_created, is_customer, is_cancel_in_scope;
    bool is_product; // as of its newest event that names one
    unsigned char rank, cancel_reason;
    int64_t created_us, started_us;
    int64_t newest_us, end_us; // of the newest event of its life cycle
    int64_t product_us;
    int64_t canceled_us, cancel_event_us; // of the winning cancellation; METRICS_NULL none
    int64_t kept_us;                      // the newest uncanceled or reinstated
};

// What events tell of an order.
struct spine_order {
    int64_t paid_us, balance_us; // METRICS_NULL none
    int64_t settled_minor, fee_minor, refund_minor, applied_minor;
    double fx;            // of the winning balance event
    int64_t subscription; // number, ID_NOWHERE none
    bool is_charge;       // balance.order, not balance.credit_order
    bool has_net;
};

// Rates of one currency, in 1e-16 dollars for a unit: of each bucket from payments in scope, of each day from all payments.
struct rate_sum {
    wide sum;
    int64_t count;
};
struct rate_table {
    metrics_currency currency;
    struct rate_sum *buckets, *days;
    int64_t before_us, after_us; // the nearest payments outside of the window
    wide before_rate, after_rate;
};

// A payment whose rate a later credit of the customer may need.
struct rate_fact {
    uint32_t customer;
    metrics_currency presentment;
    int64_t at_us, subscription;
    double rate;
};
struct credit {
    struct rate_fact key; // rate unused
    int64_t date_us, amount_minor;
};

// Rows wait a little, so that what they look up is on its way from memory when it is needed.
enum { ROWS_WAITING = 32 };
struct pair_set { // of subscription and bucket
    uint64_t *pairs;
    size_t count, capacity;
};

enum { FOREIGN_SHOWN = 6 };
struct metrics {
    struct metrics_query query;
    struct calendar calendar;
    struct id_map products, customer_ids, customer_words; // the filters
    struct id_map subscription_ids, customers, orders;
    struct subscription *subscriptions;
    struct start *starts;
    struct life *lives;
    struct spine_order *spine;
    struct rate_table *rates;
    struct rate_fact *facts;
    struct credit *credits;
    size_t subscription_capacity, start_capacity, life_capacity, spine_capacity;
    size_t rate_count, rate_capacity, fact_count, fact_capacity, credit_count, credit_capacity;
    struct pair_set renewed;
    struct metrics_order waiting[ROWS_WAITING];
    struct metrics_subscription new_rows[ROWS_WAITING];
    unsigned char new_reasons[ROWS_WAITING];
    size_t waiting_count, new_count;
    int64_t *columns[COLUMN__COUNT]; // calendar.count + 1 each
    int64_t *block;
    int64_t revenue_before, net_before; // of all time before the window
    int64_t newest_order_us;
    metrics_currency foreign[FOREIGN_SHOWN]; // currencies that were left out
    size_t foreign_count;
    bool left_out_ever, left_out_inside; // orders in other currencies
    bool has_guessed_rate, has_no_rate, has_derived_net, has_late_checkout, has_import;
    struct metrics_number *periods;
};

static inline void add_to(int64_t *sum, int64_t amount) // stays at the end of the range
{
    if (__builtin_add_overflow(*sum, amount, sum))
        *sum = amount < 0 ? INT64_MIN : INT64_MAX;
}
static inline void add_at(struct metrics *m, enum column_of column, int64_t bucket, int64_t amount)
{
    add_to(&m->columns[column][bucket], amount);
}
// [low, high), clipped to the buckets.
void add_span(struct metrics *m, enum column_of column, int64_t low, int64_t high, int64_t amount);
// The only two that look at customers, and that take a look-up and a sort of them.
static inline bool counts_customers(const struct metrics *m)
{
    return m->query.is_asked[METRIC_average_revenue_per_user] || m->query.is_asked[METRIC_ltv];
}
bool scope_has(const struct metrics *m, struct metrics_id product, struct metrics_id customer);
bool scope_has_product(const struct metrics *m, struct metrics_id product);
bool scope_has_customer(const struct metrics *m, struct metrics_id customer);
bool scope_has_buyer(const struct metrics *m, struct metrics_id customer, struct metrics_id word);
void note_foreign(struct metrics *m, metrics_currency currency);
unsigned char reason_parse(struct sv word); // 0-7
int64_t round_even(double amount);          // to int64, half to even

// subscriptions and lives by number; both are made when new.
enum till_code subscription_of(struct metrics *m, struct metrics_id id, size_t *ret_number,
                               struct till_error *e) TILL_MUSTUSE;
// One order in a bucket of the window: counts, and new or renewed by the bucket in which its subscription began.
struct counted_order {
    int64_t bucket, revenue_minor, net_minor;
    int64_t subscription; // number, ID_NOWHERE none
    int64_t start_bucket; // BUCKET_UNKNOWN: neither new nor renewed
};
enum till_code count_order(struct metrics *m, const struct counted_order *order,
                           struct till_error *e) TILL_MUSTUSE;
enum till_code rate_observe(struct metrics *m, const struct metrics_event *row, bool is_in_scope,
                            struct till_error *e) TILL_MUSTUSE;
// Rate of a currency in a bucket, 1e-16 dollars; 0 unknown. *ret_is_own: from payments of the bucket itself.
wide rate_of(const struct metrics *m, metrics_currency currency, int64_t bucket, bool *ret_is_own);
// base x rate, half away from zero.
int64_t rate_apply(int64_t base_minor, wide rate);
int64_t per_month(int64_t amount_minor, enum metrics_interval interval, int32_t count);
int64_t divide_half_away(wide dividend, wide divisor); // divisor > 0
enum till_code subscriptions_flush(struct metrics *m, struct till_error *e) TILL_MUSTUSE;
enum till_code orders_flush(struct metrics *m, struct till_error *e) TILL_MUSTUSE;
enum till_code spine_finish(struct metrics *m, struct till_error *e) TILL_MUSTUSE;
void lives_finish(struct metrics *m);
void rows_finish(struct metrics *m); // new and canceled subscriptions from rows
enum till_code balances_finish(struct metrics *m, struct till_error *e) TILL_MUSTUSE;

#endif
