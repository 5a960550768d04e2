// SPDX-License-Identifier: Apache-2.0
// lists.h - a page of a list with what people want to see beside each row: sums, MRR as of now; and one customer whole.
#ifndef TILL_REPORT_LISTS_H
#define TILL_REPORT_LISTS_H

#include "report/movements.h"
#include "report/report.h"
#include "store/lists.h"

struct report_money { // in one currency
    metrics_currency currency;
    int64_t orders, net_minor, refunded_minor; // of paid orders, without tax
    int64_t mrr_minor;                         // as of now
};
struct report_list_row {
    struct value *values; // store_list_columns()
    struct sv id;
    struct report_money *money; // customers and products; in alphabetical order
    size_t money_count, money_capacity;
    int64_t orders;
    struct sv first_order_at, last_order_at; // customers; .ptr NULL = none
    int64_t active_subscriptions;            // products
    int64_t mrr_minor;                       // subscriptions: 0 when nothing is billed now
};
struct report_list {
    struct store_list_query query;
    struct report_list_row *rows;
    size_t count;
    bool has_next, is_capped;
    struct sv next_key, next_id;
    int64_t total; // -1 = not known: to count would take too long
};
struct report_list_question {
    struct store_list_query list;
    int64_t span_from_us, span_to_us; // of the sums of products; INT64_MIN and INT64_MAX = all time
    const struct zone *zone;
    int64_t now_us;
};
// All in the arena. Rows that are gone when they are read are left out.
enum till_code report_list(struct store *store, const struct report_list_question *question,
                           struct arena *arena, struct report_list *ret_list,
                           struct till_error *e) TILL_MUSTUSE;

// ---- one customer ----
enum { REPORT_CUSTOMER_ROWS = 200, REPORT_CUSTOMER_CHANGES = 200 };
struct report_customer_change {
    const struct table *table;
    const char *id;
    const struct report_moment *moment;
};
struct report_customer {
    struct report_list_row
        row; // of customers; only its id when the list of customers is not mirrored
    struct report_list orders, subscriptions; // newest first, at most REPORT_CUSTOMER_ROWS
    const struct report_customer_change
        *changes; // of it, its subscriptions and newest orders; newest first
    size_t change_count;
};
// USAGE when nothing is known of it.
enum till_code report_customer(struct store *store, const struct report_list_question *question,
                               struct sv id, struct arena *arena,
                               struct report_customer *ret_customer,
                               struct till_error *e) TILL_MUSTUSE;

#endif
