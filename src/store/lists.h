// SPDX-License-Identifier: Apache-2.0
// lists.h - pages of rows for people who search, filter, sort and leaf through millions of them.
//
// A page goes on behind the last row of the one before (its sort key and its id), so that the thousandth page costs what the first one does, and each row
// comes once, whatever lands meanwhile. Sorts are those that an index has. A filter that few rows pass is looked for along that index for a while; then
// the page ends short, says where it stopped, and the next one goes on there.
#ifndef TILL_STORE_LISTS_H
#define TILL_STORE_LISTS_H

#include "base/clock.h"
#include "store/metrics_rows.h"

enum store_list {
    STORE_LIST_ORDERS,
    STORE_LIST_SUBSCRIPTIONS,
    STORE_LIST_CUSTOMERS,
    STORE_LIST_PRODUCTS,
    STORE_LIST_REFUNDS,
    STORE_LIST_CHECKOUTS,
    STORE_LIST__COUNT,
};
// Columns that a list can be sorted by, separated by spaces; the first is the usual one.
const char *store_list_sorts(enum store_list list);
enum table_id store_list_table(enum store_list list);

struct store_words {
    const struct sv *words;
    size_t count; // 0 = no filter
};
struct store_list_query {
    enum store_list list;
    struct sv organization_id;
    struct sv sort; // one of store_list_sorts()
    bool is_descending;
    bool has_after;                // behind this row
    struct sv after_key, after_id; // after_key.ptr NULL: its sort column is null
    int64_t from_us, to_us; // of created_at or started_at; INT64_MIN and INT64_MAX = no bound
    struct sv search;       // .ptr NULL = none
    struct store_words statuses, products, customers, countries; // ids in lower case
    struct sv currency;
    bool is_gone; // customers: those that left the service
    size_t limit;
    int64_t timeout_ms;
    const struct clock *clock;
    const volatile sig_atomic_t *stop;
};
struct store_list_page {
    struct sv *ids; // in order, in the arena
    size_t count;
    bool has_next;
    struct sv next_key, next_id; // of the last row that was looked at
    bool is_capped;              // the time was used up: there may be more rows in between
    bool is_filtered;            // not every row of the table was wanted
};
// USAGE for a sort that there is none of. All in the arena.
enum till_code store_list(struct store *store, const struct store_list_query *query,
                          struct arena *arena, struct store_list_page *ret_page,
                          struct till_error *e) TILL_MUSTUSE;

// ---- rows of a page ----
enum store_list_kind { STORE_CELL_TEXT, STORE_CELL_INTEGER, STORE_CELL_BOOLEAN, STORE_CELL_JSON };
struct store_list_column {
    const char *name; // "customer.id": id inside of customer
    enum store_list_kind kind;
};
const struct store_list_column *store_list_columns(enum store_list list, size_t *ret_count);
// One row with those columns; none when the id is not known. Values are borrowed until the callback returns.
enum till_code store_list_row(struct store *store, enum store_list list, struct sv id,
                              const struct store_metric_sink *sink,
                              struct till_error *e) TILL_MUSTUSE;

// ---- what a customer, or all customers of products, paid ----
enum store_sum { // for each currency
    STORE_SUM_KEY,
    STORE_SUM_CURRENCY,
    STORE_SUM_ORDERS,   // paid ones
    STORE_SUM_NET,      // without tax, after discount
    STORE_SUM_REFUNDED, // without tax
    STORE_SUM_FIRST,    // first and last order
    STORE_SUM_LAST,
    STORE_SUM__COUNT,
};
enum till_code store_sums_of_customer(struct store *store, struct sv organization_id,
                                      struct sv customer_id, const struct store_metric_sink *sink,
                                      struct till_error *e) TILL_MUSTUSE;
// Of orders created in [from, to] (0 = no bound), in parts: several rows of the same product and currency add up. First and last are null.
enum till_code store_sums_by_product(struct store *store, struct sv organization_id,
                                     int64_t from_us, int64_t to_us,
                                     const struct store_metric_sink *sink,
                                     struct till_error *e) TILL_MUSTUSE;

// ---- what MRR is made of, for a few subscriptions (see metrics_rows.h) ----
// ids: a JSON array of ids of customers, or of subscriptions.
enum till_code store_few_subscriptions(struct store *store, struct sv ids, bool of_customers,
                                       const struct store_metric_sink *sink,
                                       struct till_error *e) TILL_MUSTUSE;
enum till_code store_few_taxed_orders(struct store *store, struct sv ids, bool of_customers,
                                      const struct store_metric_sink *sink,
                                      struct till_error *e) TILL_MUSTUSE;
enum till_code store_few_taxes(struct store *store, struct sv ids, bool of_customers,
                               const struct store_metric_sink *sink,
                               struct till_error *e) TILL_MUSTUSE;

#endif
