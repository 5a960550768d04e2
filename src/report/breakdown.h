// SPDX-License-Identifier: Apache-2.0
// breakdown.h - what was sold and what recurs, by product, country, discount, source and so on; for each currency by itself.
#ifndef TILL_REPORT_BREAKDOWN_H
#define TILL_REPORT_BREAKDOWN_H

#include "base/arena.h"
#include "metrics/movements.h"
#include "report/exchange.h"
#include "report/metrics.h"
#include "store/breakdown.h"
#include "store/traffic_reads.h"

bool report_dimension_parse(struct sv word, enum store_dimension *ret_by);
const char *report_dimension_word(enum store_dimension by);

struct report_group {
    struct sv key;  // .ptr NULL: not told by the rows
    struct sv name; // for people
    metrics_currency currency;
    int64_t orders, revenue_minor, refunded_minor; // activities
    int64_t average_minor;        // revenue / orders, half away from zero; 0 without orders
    int64_t mrr_minor;            // a balance, as of now
    int64_t checkouts, succeeded; // activities
    int64_t sample;
    int64_t new_orders,
        new_revenue_minor; // of orders that a checkout made on days that the source of visitors covers
    int64_t visitors, visits; // of the key, whatever the currency; -1: not told
};
struct report_breakdown {
    struct report_metrics_query
        query; // connection, from, to, zone; of its filters the products alone
    enum store_dimension by;
    int64_t now_us;
    bool has_mrr, has_checkouts; // mirrored, and of meaning in this dimension
    const struct store_traffic_source *
        visits_source; // whose visitors stand beside; NULL = none is connected, or it does not tell this dimension
    struct report_group *groups; // by currency, largest revenue first
    size_t group_count;
    struct report_exchange exchange; // when the query has into: rates as of the end of the range
    struct report_group
        together; // then: all groups in that currency; those without a rate are left out, their counts as well
};
// What divides a group's new orders: visitors, where the source tells them of parts of a day, else visits; 0 = neither.
int64_t report_group_visits(const struct report_group *group, bool *ret_are_visitors);

// All in the arena. LIMIT beyond TILL_LIMIT_IDS groups. CONFIG when orders were never mirrored. Where a source of visitors is connected that tells the
// dimension, its visitors stand beside, and what brought visitors alone has a group too. source: its name, NULL = the first that is connected.
enum till_code report_breakdown(struct store *store, const struct report_metrics_query *query,
                                enum store_dimension by, const char *source, int64_t now_us,
                                struct arena *arena, struct report_breakdown *ret_report,
                                struct till_error *e) TILL_MUSTUSE;
// Of orders and visitors alone: without MRR and checkouts, which cost most.
enum till_code report_breakdown_visited(struct store *store,
                                        const struct report_metrics_query *query,
                                        enum store_dimension by, const char *source, int64_t now_us,
                                        struct arena *arena, struct report_breakdown *ret_report,
                                        struct till_error *e) TILL_MUSTUSE;
// Of orders alone: no checkouts, no visitors; MRR where an engine is given (report_movements()), which holds the subscriptions.
enum till_code report_breakdown_sold(struct store *store, const struct report_metrics_query *query,
                                     enum store_dimension by, int64_t now_us,
                                     struct movements *engine, struct arena *arena,
                                     struct report_breakdown *ret_report,
                                     struct till_error *e) TILL_MUSTUSE;

#endif
