// SPDX-License-Identifier: Apache-2.0
// traffic.h - traffic beside revenue: visitors of one source, checkouts, orders and searches by period, with all that must be said about them.
//
// Several sources may count the same visitors: one is chosen and named, none is added to another. A source's day stands on our day of the same date.
// What each number means: model/traffic_metrics.def.
#ifndef TILL_REPORT_TRAFFIC_H
#define TILL_REPORT_TRAFFIC_H

#include "metrics/joined.h"
#include "report/metrics.h"
#include "store/traffic_reads.h"

enum { REPORT_TRAFFIC_SOURCES = 16, REPORT_TRAFFIC_NOTES = 12 };

struct report_traffic_question {
    struct report_metrics_query query; // connection, range, interval, zone
    const char *
        source; // name of the connection whose numbers are wanted; NULL = the first that is connected
    enum report_compare compare;
    int64_t now_us;
};
struct report_traffic {
    struct report_traffic_question question;
    int64_t fresh_as_of_us;         // of the oldest table of sales that was read
    bool has_orders, has_checkouts; // mirrored
    struct store_traffic_source sources[REPORT_TRAFFIC_SOURCES];
    size_t source_count;
    const struct store_traffic_source *visits,
        *searches;            // the chosen ones; NULL = none is connected
    bool has_zone_difference; // the source of visits cuts its days in another zone
    struct joined *engine, *engine_before;
    struct joined_answer answer, before; // of the time before the totals alone
    bool has_previous;
    struct civil_date previous_from, previous_to;
    struct sv notes[REPORT_TRAFFIC_NOTES]; // in the arena: what a reader must know
    size_t note_count;
};
// Large: not for the stack. USAGE when there is no such source. report_traffic_release() also after a failure.
enum till_code report_traffic(struct store *store, const struct report_traffic_question *question,
                              struct arena *arena, struct report_traffic *ret_report,
                              struct till_error *e) TILL_MUSTUSE;
void report_traffic_release(struct report_traffic *report); // accepts a zeroed one

// Only the sources and the choice among them.
enum till_code report_traffic_sources(struct store *store, const char *name,
                                      struct report_traffic *ret_report,
                                      struct till_error *e) TILL_MUSTUSE;

// One number of a line; currency: index in answer->currencies, or SIZE_MAX where it is not of money. Without a value also where the rows behind it are not
// mirrored.
struct joined_number report_traffic_number(const struct report_traffic *report,
                                           const struct joined_answer *answer, size_t line,
                                           size_t currency, enum traffic_metric_id metric);
// The currency with most orders in the range, usd where there is some; SIZE_MAX without orders.
size_t report_traffic_currency(const struct joined_answer *answer);

#endif
