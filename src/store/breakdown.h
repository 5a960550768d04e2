// SPDX-License-Identifier: Apache-2.0
// breakdown.h - orders, subscriptions and checkouts by what they have in common: product, country, discount, source, ...
//
// Of one organization, rows that are not marked as deleted. Orders come one by one or summed, checkouts summed, for each key and currency; what a row does
// not tell has the key NULL. Values are borrowed until the callback returns.
#ifndef TILL_STORE_BREAKDOWN_H
#define TILL_STORE_BREAKDOWN_H

#include "store/metrics_rows.h"

enum store_dimension {
    STORE_BY_PRODUCT,
    STORE_BY_COUNTRY, // of the customer, who is the key of orders and subscriptions; of checkouts as entered
    STORE_BY_CURRENCY,
    STORE_BY_BILLING_REASON, // of orders alone
    STORE_BY_DISCOUNT,
    STORE_BY_SOURCE, // metadata.utm_source, and so on
    STORE_BY_MEDIUM,
    STORE_BY_CAMPAIGN,
    STORE_BY_LANDING_PAGE, // metadata.landing_page, as the shop's own site puts it there
    STORE_BY__COUNT,
};
struct store_breakdown_query {
    struct sv organization_id;
    enum store_dimension by;
    int64_t from_us, to_us; // created in [from, to]
    int64_t new_from_us,
        new_to_us; // of orders: new ones are counted in [from, to], none when that is empty
    int64_t now_us;
    struct sv products; // JSON array of ids: of these alone; .ptr NULL = all
};

enum store_breakdown_order { // paid ones: one, or some of one key and currency
    STORE_GROUP_KEY,
    STORE_GROUP_CURRENCY,
    STORE_GROUP_ORDERS,
    STORE_GROUP_REVENUE,  // net_amount
    STORE_GROUP_REFUNDED, // of these orders, whenever it was
    STORE_GROUP_SAMPLE,   // for store_discount_name()
    STORE_GROUP_IS_NEW,   // 1: a checkout made it, in the span of the query for that
    STORE_GROUP__COUNT,
};
enum till_code store_breakdown_orders(struct store *store,
                                      const struct store_breakdown_query *query,
                                      const struct store_metric_sink *sink,
                                      struct till_error *e) TILL_MUSTUSE;
// Key, currency, checkouts, succeeded ones. None by billing reason.
enum { STORE_VISITS_COLUMNS = 4 };
enum till_code store_breakdown_checkouts(struct store *store,
                                         const struct store_breakdown_query *query,
                                         const struct store_metric_sink *sink,
                                         struct till_error *e) TILL_MUSTUSE;
// Id and key of every subscription that has not ended by now_us. None by billing reason.
enum { STORE_PLACED_COLUMNS = 2 };
enum till_code store_breakdown_subscriptions(struct store *store,
                                             const struct store_breakdown_query *query,
                                             const struct store_metric_sink *sink,
                                             struct till_error *e) TILL_MUSTUSE;
// Id, and country of the billing address as of now, of every customer that has one.
enum { STORE_COUNTRY_COLUMNS = 2 };
enum till_code store_customer_countries(struct store *store, struct sv organization_id,
                                        const struct store_metric_sink *sink,
                                        struct till_error *e) TILL_MUSTUSE;
// Id and name of every product.
enum till_code store_product_names(struct store *store, struct sv organization_id,
                                   const struct store_metric_sink *sink,
                                   struct till_error *e) TILL_MUSTUSE;
// One row: the name (else the code) of the discount of an order, from its copy there.
enum till_code store_discount_name(struct store *store, int64_t sample,
                                   const struct store_metric_sink *sink,
                                   struct till_error *e) TILL_MUSTUSE;

#endif
