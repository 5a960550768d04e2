// SPDX-License-Identifier: Apache-2.0
// summary.h - fixed questions to the mirror that reports ask: SQL stays in this room, callers get structs.
#ifndef TILL_STORE_SUMMARY_H
#define TILL_STORE_SUMMARY_H

#include "store/store.h"

// Money and movement of a span of time in one currency. Spans are [from, to) in UTC microseconds; the caller cuts local days.
struct store_day_line {
    char currency[STORE_NAME_BYTES]; // lower case
    int64_t
        revenue_minor; // net amounts (after discount, without tax) of paid orders created in the span
    int64_t order_count;                  // those orders
    int64_t refunded_minor, refund_count; // succeeded refunds created in the span, without tax
    int64_t new_subscriptions;            // started in the span
    int64_t lost_subscriptions;           // ended in the span
};

// Lines in order of currency; only currencies in which something happened. Tombstoned rows and disconnected organizations are left out.
// organization_id.ptr NULL = all connected organizations. LIMIT when there are more than capacity currencies.
enum till_code store_day(struct store *store, struct sv organization_id, int64_t from_us,
                         int64_t to_us, struct store_day_line *ret_lines, size_t capacity,
                         size_t *ret_count, struct till_error *e) TILL_MUSTUSE;

// Start of the first of the failed runs in a row that a table's history ends with; 0 = the last run went well, or there was none.
enum till_code store_failing_since(struct store *store, struct sv organization_id,
                                   const struct table *table, int64_t *ret_us,
                                   struct till_error *e) TILL_MUSTUSE;

#endif
