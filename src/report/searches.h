// SPDX-License-Identifier: Apache-2.0
// searches.h - what people searched for, which pages they were shown, and whose clicks moved in the weeks in which revenue moved. Side by side: what
// stands beside each other need not have to do with each other.
#ifndef TILL_REPORT_SEARCHES_H
#define TILL_REPORT_SEARCHES_H

#include "report/traffic.h"

enum { REPORT_SEARCH_LINES = 100, REPORT_SEARCH_WEEKS = 6, REPORT_SEARCH_MOVES = 5 };
// A week counts as moved from this share on.
#define REPORT_SEARCH_MOVED 0.2

struct report_search_line {
    struct sv value;
    int64_t clicks, impressions;
    bool has_position;
    double position;
};
struct report_search_move {
    struct sv value;
    int64_t clicks, clicks_before;
};
struct report_search_week { // from Monday, whole, all of it final at the source
    struct civil_date from;
    int64_t new_revenue_minor, new_revenue_before_minor;  // of it and of the week before
    struct report_search_move moves[REPORT_SEARCH_MOVES]; // the largest first
    size_t move_count;
};
struct report_searches {
    struct report_traffic traffic; // series, totals, sources, notes
    struct report_search_line queries[REPORT_SEARCH_LINES],
        pages[REPORT_SEARCH_LINES]; // most clicks first
    size_t query_count, page_count;
    metrics_currency currency;                            // of the weeks; 0 = nothing was sold
    struct report_search_week weeks[REPORT_SEARCH_WEEKS]; // those that moved most, newest first
    size_t week_count;
    size_t weeks_seen; // whole weeks that were looked at
};
// Large: not for the stack. Texts are in the arena. CONFIG when no source of searches is connected. report_searches_release() also after a failure.
enum till_code report_searches(struct store *store, const struct report_traffic_question *question,
                               struct arena *arena, struct report_searches *ret_report,
                               struct till_error *e) TILL_MUSTUSE;
void report_searches_release(struct report_searches *report); // accepts a zeroed one

#endif
