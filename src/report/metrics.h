// SPDX-License-Identifier: Apache-2.0
// metrics.h - Polar's metrics over the mirror: rows out of the store into the engine, once for each question.
#ifndef TILL_REPORT_METRICS_H
#define TILL_REPORT_METRICS_H

#include "base/zone.h"
#include "metrics/metrics.h"
#include "model/traffic_metrics.h"
#include "store/store.h"

enum report_compare { REPORT_PREVIOUS, REPORT_YEAR_BEFORE, REPORT_ALONE };

struct report_metrics_query {
    const struct store_connection *connection;
    struct civil_date from, to; // both inclusive
    enum metrics_interval interval;
    const struct zone *zone;
    const struct sv *product_ids, *customer_ids; // none = all
    size_t product_count, customer_count;
    bool has_recurring,
        has_one_time; // products of that kind; neither = no filter, and both leave out what has no product
    bool is_asked[METRIC__COUNT];
    bool is_traffic_asked[TRAFFIC_METRIC__COUNT]; // of report_traffic(), which stands beside
    metrics_currency
        into; // movements, breakdown: a total in this currency beside the exact ones; 0 = none
    // 0 = none; else what happened after this moment is left out, as if it were now. Plans (a subscription's end) are known as they are today.
    int64_t until_us;
};

struct report_metrics {
    struct metrics *engine; // owns what answer points to
    struct metrics_answer answer;
    struct report_metrics_query query; // as asked; what it borrows stays the caller's
    bool has_events;                   // orders and rates come from system events
    int64_t fresh_as_of_us;            // of the oldest table that was read; 0 = one never landed
};

// CONFIG when nothing of the tables that the asked metrics need has landed. Large: not for the stack. report_metrics_release() also after a failure.
enum till_code report_metrics(struct store *store, const struct report_metrics_query *query,
                              struct report_metrics *ret_report, struct till_error *e) TILL_MUSTUSE;
// Two questions at once, each as above: what both look at is read once. Of one moment only within a snapshot.
enum till_code report_metrics_two(struct store *store,
                                  const struct report_metrics_query *const queries[2],
                                  struct report_metrics *const ret_reports[2],
                                  struct till_error *e) TILL_MUSTUSE;
void report_metrics_release(struct report_metrics *report); // accepts a zeroed one

// ---- beside Polar's own answer (till verify) ----
struct report_drift {
    enum metric_id id;
    bool is_exact, has_ours, has_theirs;
    const char *reason;  // why it is not exact; "" otherwise
    double ours, theirs; // the totals
    double
        difference; // ours - theirs: of the totals, or where these agree of the period that differs most
    size_t differing_periods, shared_periods;
    int64_t worst_us; // start of the period that differs most; 0 = none does
};
struct report_verify {
    struct report_drift lines[METRIC__COUNT];
    size_t line_count;
    size_t drift_count; // exact ones that differ
};
// One number of Polar's answer. at_us METRICS_NULL: of the totals.
void report_verify_begin(struct report_verify *verify, const struct report_metrics *ours);
void report_verify_take(struct report_verify *verify, const struct report_metrics *ours,
                        struct sv slug, int64_t at_us, double theirs);
void report_verify_end(struct report_verify *verify, const struct report_metrics *ours);

#endif
