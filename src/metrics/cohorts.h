// SPDX-License-Identifier: Apache-2.0
// cohorts.h - customers by the period in which they first paid for a subscription, and what became of them; and each customer by itself. Pure.
//
// Made of the same steps as movements (movements.h), for each currency by itself. A customer belongs to the cohort of the period in which its MRR was first
// above nothing; cell k holds the cohort as it was at the end of the k-th period after that one.
#ifndef TILL_METRICS_COHORTS_H
#define TILL_METRICS_COHORTS_H

#include "metrics/movements.h"

struct cohort {
    int64_t customers;     // how many began here: an activity
    int64_t initial_minor; // MRR with which they began, together
    size_t cell_count;     // periods since, its own included, as far as they have begun
    int64_t *kept;         // customers with MRR at the end of each: balances
    int64_t *minor;        // their MRR
};
struct cohorts_currency {
    metrics_currency currency;
    struct cohort *cohorts; // one for each period of the range; those without customers too
};
struct cohorts {
    size_t period_count, currency_count;
    const int64_t *starts_us;            // of movements
    size_t whole_count;                  // periods that are over; the one behind them is under way
    struct cohorts_currency *currencies; // in alphabetical order
    int64_t *cells;
    struct cohort *rows;
};
// After movements_finish(). LIMIT beyond TILL_LIMIT_COHORTS periods. cohorts_release() also after a failure; movements must outlive it.
enum till_code cohorts_make(struct movements *movements, struct cohorts *ret_cohorts,
                            struct till_error *e) TILL_MUSTUSE;
void cohorts_release(struct cohorts *cohorts); // accepts a zeroed one

// What is known of a customer in one currency, as of the end of the range, or now when that is earlier.
struct cohorts_customer {
    struct metrics_id customer; // of a subscription without a customer: its own
    metrics_currency currency;
    int64_t first_us; // when it first paid
    int64_t mrr_minor;
    int64_t lost_us,
        lost_minor; // when it stopped last, and what it paid until then; METRICS_NULL when it pays
    bool is_new;    // first_us lies in the range, or in the part of it that was asked for
    bool is_lost;   // lost_us does
};
typedef enum till_code cohorts_visit(void *context, const struct cohorts_customer *customer,
                                     struct till_error *e);
// from_us: where that part begins; METRICS_NULL = with the range.
enum till_code cohorts_customers(struct movements *movements, int64_t from_us, cohorts_visit *visit,
                                 void *context, struct till_error *e) TILL_MUSTUSE;

#endif
