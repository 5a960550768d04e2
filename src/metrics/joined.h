// SPDX-License-Identifier: Apache-2.0
// joined.h - visitors, checkouts, orders and searches side by side, by period of one local calendar: rows in, numbers out; no clock, no I/O.
//
// A source counts whole days of its own zone: its day D is put on our day D, and the caller says so where the zones differ. A source covers the days from
// its first to its last; a day in between that it does not name had nobody. Ratios are of covered days alone: what was sold before anybody counted
// visitors is no conversion. Days that are not over for the source are open: they count, and every line tells how many it holds.
// Two currencies are never added, visitors of two sources neither: a caller puts in one source of visitors and one of searches.
#ifndef TILL_METRICS_JOINED_H
#define TILL_METRICS_JOINED_H

#include "metrics/metrics.h"
#include "model/traffic_metrics.h"

struct joined_query {
    struct civil_date from, to; // both inclusive
    enum metrics_interval interval;
    const struct zone *zone;
    // Of the range's days only so many, from its first: for the time before, so that it is not longer than what it is compared with.
    bool is_cut;
    size_t visit_days, search_days;
};

struct joined; // opaque
// USAGE when the dates are reversed, LIMIT beyond the limits of metrics_open().
enum till_code joined_open(const struct joined_query *query, struct joined **ret_joined,
                           struct till_error *e) TILL_MUSTUSE;
void joined_close(struct joined *joined); // accepts NULL

// ---- traffic, before the first order and checkout ----
#define JOINED_NULL INT64_MIN // the source does not tell
// The days that the source covers, whatever the range.
void joined_cover(struct joined *joined, struct civil_date first, struct civil_date last);
struct joined_visits {
    int64_t visitors, visits, pageviews, bounces;
    bool is_open; // the day is not over, or not counted to its end
};
void joined_day(struct joined *joined, struct civil_date date, const struct joined_visits *visits);
// With METRICS_HOUR the periods are made of these, and the days make the totals alone. at_us: the hour's beginning.
void joined_hour(struct joined *joined, int64_t at_us, const struct joined_visits *visits);
void joined_search_cover(struct joined *joined, struct civil_date first, struct civil_date last);
void joined_search(struct joined *joined, struct civil_date date, int64_t clicks,
                   int64_t impressions, double position, bool is_open);

// ---- what was sold ----
void joined_checkout(struct joined *joined, int64_t at_us, bool is_succeeded);
// is_new: a checkout made it. LIMIT beyond TILL_LIMIT_METRIC_CURRENCIES.
enum till_code joined_order(struct joined *joined, int64_t at_us, metrics_currency currency,
                            int64_t net_minor, bool is_new, struct till_error *e) TILL_MUSTUSE;

// ---- the answer ----
struct joined_line {
    int64_t visitors, visits, pageviews, bounces;
    int64_t bounced_visits; // of days whose bounces are told
    int64_t checkouts, succeeded, orders, new_orders;
    int64_t covered_checkouts, covered_new_orders; // on covered days
    int64_t clicks, impressions;
    double position_sum;          // position x impressions
    uint32_t days, covered, open; // days (hours), those covered, those of them not over
    uint32_t search_covered, search_open;
    bool has_visitors, has_visits, has_pageviews, has_bounces; // some covered day tells
};
struct joined_sum {
    int64_t orders, revenue_minor, new_revenue_minor, covered_new_revenue_minor;
};
struct joined_money {
    metrics_currency currency;
    struct joined_sum *sums; // as the lines
};
struct joined_answer {
    size_t period_count;
    const int64_t *starts_us; // period_count + 1 of them
    // The periods; the range in whole; and at [period_count + 1] the range up to its last day that is over: what may be compared.
    const struct joined_line *lines;
    const struct joined_money *currencies; // in order of their code
    size_t currency_count;
    size_t visit_days, search_days; // how many days from the first that last line holds of each
};
// Once, after all rows. What it points to belongs to joined.
void joined_answer(struct joined *joined, struct joined_answer *ret_answer);

// One number. sum NULL: not of money. has_value false: there is nothing to divide by, or nobody counts it.
struct joined_number {
    bool has_value;
    struct metrics_number number;
};
struct joined_number joined_number(const struct joined_line *line, const struct joined_sum *sum,
                                   enum traffic_metric_id metric);

#endif
