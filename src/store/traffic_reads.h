// SPDX-License-Identifier: Apache-2.0
// traffic_reads.h - what reports put side by side: connected sources of traffic, their days, hours and parts of a range, searches, and what was sold.
//
// Dates are days of the source's own zone. Sums over days of visitors are visitors of each day, added. Values are borrowed until the callback returns; what a
// source does not tell is VALUE_NULL.
#ifndef TILL_STORE_TRAFFIC_READS_H
#define TILL_STORE_TRAFFIC_READS_H

#include "base/civil.h"
#include "store/metrics_rows.h"

struct store_traffic_source {
    char name[STORE_NAME_BYTES]; // of the connection
    char service[STORE_NAME_BYTES];
    char property[STORE_TEXT_BYTES], property_name[STORE_TEXT_BYTES];
    char timezone[STORE_NAME_BYTES]; // in which it cuts days; "" = not known yet
    bool counts_visitors;            // else searches
    bool has_days;                   // some day has landed: then these are dates
    struct civil_date first, last;   // days that it covers
    bool has_complete;
    struct civil_date complete;        // the last day that is over for the source
    int64_t connected_us, fresh_us;    // fresh_us 0 = never synced
    char last_error[STORE_TEXT_BYTES]; // of the last run; "" = it went well
};
// The connected ones, in order of connecting. LIMIT when there are more than capacity.
enum till_code store_traffic_sources(struct store *store, struct store_traffic_source *ret_sources,
                                     size_t capacity, size_t *ret_count,
                                     struct till_error *e) TILL_MUSTUSE;

// A connection's days; both included.
struct store_traffic_span {
    struct sv connection;
    struct civil_date from, to;
};
enum {
    STORE_TRAFFIC_DAY_COLUMNS = 6
}; // date, visitors, visits, page views, bounces, is it complete
enum till_code store_traffic_days(struct store *store, const struct store_traffic_span *span,
                                  const struct store_metric_sink *sink,
                                  struct till_error *e) TILL_MUSTUSE;
enum { STORE_TRAFFIC_HOUR_COLUMNS = 4 }; // beginning, visitors, visits, page views
enum till_code store_traffic_hours(struct store *store, struct sv connection, int64_t from_us,
                                   int64_t to_us, const struct store_metric_sink *sink,
                                   struct till_error *e) TILL_MUSTUSE;
enum { STORE_SEARCH_DAY_COLUMNS = 5 }; // date, clicks, impressions, position, is it complete
enum till_code store_search_days(struct store *store, const struct store_traffic_span *span,
                                 const struct store_metric_sink *sink,
                                 struct till_error *e) TILL_MUSTUSE;

// Sums over the span for each value of a dimension ("country", "landing_page", ...), most visitors (where they are told, else visits) first; "" is a value.
enum { STORE_TRAFFIC_PART_COLUMNS = 5 }; // value, visitors, visits, page views, bounces
enum till_code store_traffic_parts(struct store *store, const struct store_traffic_span *span,
                                   const char *dimension, int64_t limit,
                                   const struct store_metric_sink *sink,
                                   struct till_error *e) TILL_MUSTUSE;
// Most clicks first; dimension "query" or "page". Position is weighted by impressions.
enum { STORE_SEARCH_PART_COLUMNS = 4 }; // value, clicks, impressions, position
enum till_code store_search_parts(struct store *store, const struct store_traffic_span *span,
                                  const char *dimension, int64_t limit,
                                  const struct store_metric_sink *sink,
                                  struct till_error *e) TILL_MUSTUSE;
// Whose clicks differ most between the span and as many days right before it. Value, clicks in the span, clicks before.
enum { STORE_SEARCH_MOVE_COLUMNS = 3 };
enum till_code store_search_moves(struct store *store, const struct store_traffic_span *span,
                                  const char *dimension, int64_t limit,
                                  const struct store_metric_sink *sink,
                                  struct till_error *e) TILL_MUSTUSE;

// Paid orders created in [from, to]: moment, currency, net amount, 1 when a checkout made it.
enum { STORE_TRAFFIC_ORDER_COLUMNS = 4 };
enum till_code store_traffic_orders(struct store *store, struct sv organization_id, int64_t from_us,
                                    int64_t to_us, const struct store_metric_sink *sink,
                                    struct till_error *e) TILL_MUSTUSE;

#endif
