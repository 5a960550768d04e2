// SPDX-License-Identifier: Apache-2.0
// customers.h - lists of subscribers by name: who pays, who came, who left, who may leave.
#ifndef TILL_REPORT_CUSTOMERS_H
#define TILL_REPORT_CUSTOMERS_H

#include "base/arena.h"
#include "metrics/cohorts.h"
#include "report/movements.h"

enum report_people {
    REPORT_PAYING,  // at the end of the range
    REPORT_NEW,     // first paid within the range
    REPORT_LOST,    // stopped to pay within the range, and have not come back
    REPORT_AT_RISK, // pay now, and may stop: a payment is missing, or the end is planned
};
struct report_person {
    char id[REPORT_ID_BYTES];
    struct sv name, email; // .ptr NULL: none
    metrics_currency currency;
    int64_t mrr_minor; // lost: what they paid; at risk: of the subscriptions concerned
    int64_t since_us;  // first paid
    int64_t
        at_us; // lost: when; at risk: the earliest end, next try, or since when a payment is missing; 0 = none
    int64_t largest_minor; // lost: MRR of the largest customer who pays now, in that currency
    const char *why;       // "" none; past_due, unpaid, ends, payment_failed
    struct sv reason;      // the customer's own, .ptr NULL none
};
struct report_customers {
    struct report_metrics_query query;
    enum report_people which;
    int64_t now_us;
    enum movements_source source;
    struct report_person *people; // by currency, largest MRR first
    size_t count, total;          // listed, and how many there are
};
// All in the arena. The first `limit` of each currency are listed (0 = all), at most TILL_LIMIT_IDS together.
enum till_code report_customers(struct store *store, const struct report_metrics_query *query,
                                enum report_people which, size_t limit, int64_t now_us,
                                struct arena *arena, struct report_customers *ret_report,
                                struct till_error *e) TILL_MUSTUSE;
// The same over the end of a range whose movements have been read already: from that day on. Of a range with a filter for products it would be of those alone.
enum till_code report_customers_of(struct store *store, const struct report_movements *movements,
                                   struct civil_date from, enum report_people which, size_t limit,
                                   struct arena *arena, struct report_customers *ret_report,
                                   struct till_error *e) TILL_MUSTUSE;

#endif
