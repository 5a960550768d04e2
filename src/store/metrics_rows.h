// SPDX-License-Identifier: Apache-2.0
// metrics_rows.h - what metrics are made of, streamed: of each row only the columns needed, out of an index wherever one holds them all.
//
// Rows of one organization that are not marked as deleted. Values are borrowed until the callback returns; what a row lacks is VALUE_NULL.
#ifndef TILL_STORE_METRICS_ROWS_H
#define TILL_STORE_METRICS_ROWS_H

#include "store/store.h"

enum store_metric_subscription {
    STORE_SUBSCRIPTION_ID,
    STORE_SUBSCRIPTION_CUSTOMER,
    STORE_SUBSCRIPTION_PRODUCT,
    STORE_SUBSCRIPTION_CREATED,
    STORE_SUBSCRIPTION_STARTED,
    STORE_SUBSCRIPTION_ENDS,
    STORE_SUBSCRIPTION_ENDED,
    STORE_SUBSCRIPTION_CANCELED,
    STORE_SUBSCRIPTION_TRIAL_END,
    STORE_SUBSCRIPTION_AMOUNT,
    STORE_SUBSCRIPTION_CURRENCY,
    STORE_SUBSCRIPTION_INTERVAL,
    STORE_SUBSCRIPTION_INTERVAL_COUNT,
    STORE_SUBSCRIPTION_REASON,
    STORE_SUBSCRIPTION__COUNT,
};
enum store_metric_order { // paid ones, in order of creation
    STORE_ORDER_CREATED,
    STORE_ORDER_CURRENCY, // of the amounts, or of the fee, where one is not in usd; null = all are
    STORE_ORDER_NET,
    STORE_ORDER_DEDUCTIONS, // fee and refunds
    STORE_ORDER_TAX,        // negative when the price does not hold it
    STORE_ORDER_SUBSCRIPTION,
    STORE_ORDER_PRODUCT, // these two of STORE_ORDERS_OWNED only
    STORE_ORDER_CUSTOMER,
    STORE_ORDER__COUNT,
};
enum store_metric_event {
    STORE_EVENT_NAME,
    STORE_EVENT_AT,
    STORE_EVENT_CUSTOMER,
    STORE_EVENT_EXTERNAL_CUSTOMER,
    STORE_EVENT_PRODUCT,
    STORE_EVENT_ORDER,
    STORE_EVENT_SUBSCRIPTION,
    STORE_EVENT_AMOUNT,
    STORE_EVENT_NET,
    STORE_EVENT_PRESENTMENT,
    STORE_EVENT_FEE,
    STORE_EVENT_APPLIED_BALANCE,
    STORE_EVENT_RATE,
    STORE_EVENT_CURRENCY,
    STORE_EVENT_PRESENTMENT_CURRENCY,
    STORE_EVENT_ORDER_CREATED,
    STORE_EVENT_STARTED,
    STORE_EVENT_CANCELED,
    STORE_EVENT_ENDS,
    STORE_EVENT_REASON,
    STORE_EVENT__COUNT,
};
enum store_metric_checkout {
    STORE_CHECKOUT_CREATED,
    STORE_CHECKOUT_STATUS,
    STORE_CHECKOUT__COUNT,
};
enum store_metric_tax { // of checkouts whose price holds tax, for subscriptions made by them
    STORE_TAX_SUBSCRIPTION,
    STORE_TAX_NET,
    STORE_TAX_AMOUNT,
    STORE_TAX__COUNT,
};

enum store_metric_payment {
    STORE_PAYMENT_AT,
    STORE_PAYMENT_PAID_CURRENCY,
    STORE_PAYMENT_PAID,
    STORE_PAYMENT_SETTLED_CURRENCY,
    STORE_PAYMENT_SETTLED,
    STORE_PAYMENT_RATE,
    STORE_PAYMENT__COUNT,
};

typedef enum till_code store_metric_callback(void *context, const struct value *values,
                                             size_t count, struct till_error *e);
struct store_metric_sink {
    store_metric_callback *row;
    void *context;
};

// from_us: those that have an end before it are left out; 0 = none are.
enum till_code store_metric_subscriptions(struct store *store, struct sv organization_id,
                                          int64_t from_us, const struct store_metric_sink *sink,
                                          struct till_error *e) TILL_MUSTUSE;
// When the first order was created that tells that the price of its subscription holds tax; 0 = there is none. One look at an index of those alone.
enum till_code store_metric_first_tax_inside(struct store *store, struct sv organization_id,
                                             int64_t *ret_at_us, struct till_error *e) TILL_MUSTUSE;
enum store_metric_orders {
    STORE_ORDERS_PLAIN,
    STORE_ORDERS_OWNED, // with product and customer
    STORE_ORDERS_TAXED, // those of subscriptions that have tax, alone
};
struct store_metric_orders_query {
    enum store_metric_orders which;
    int64_t from_us;       // created then or later; 0 = all
    int64_t taxed_from_us; // older ones tell no tax; INT64_MAX: none does
};
enum till_code store_metric_orders(struct store *store, struct sv organization_id,
                                   const struct store_metric_orders_query *query,
                                   const struct store_metric_sink *sink,
                                   struct till_error *e) TILL_MUSTUSE;
// From this moment on, 0 = all. Older ones come too where they still matter: the lives of subscriptions, and payments in other currencies than US dollars,
// which tell rates.
enum till_code store_metric_events(struct store *store, struct sv organization_id, int64_t from_us,
                                   const struct store_metric_sink *sink,
                                   struct till_error *e) TILL_MUSTUSE;
// What customers paid and what was settled for it, by events up to to_us, where the currencies differ.
enum till_code store_metric_payments(struct store *store, struct sv organization_id, int64_t to_us,
                                     const struct store_metric_sink *sink,
                                     struct till_error *e) TILL_MUSTUSE;
// Created in [from, to]. products and customers: JSON arrays of ids, .ptr NULL = all; a checkout that offers several products is of each.
enum till_code store_metric_checkouts(struct store *store, struct sv organization_id,
                                      int64_t from_us, int64_t to_us, struct sv products,
                                      struct sv customers, const struct store_metric_sink *sink,
                                      struct till_error *e) TILL_MUSTUSE;
// Of subscriptions in trial.
enum till_code store_metric_taxes(struct store *store, struct sv organization_id,
                                  const struct store_metric_sink *sink,
                                  struct till_error *e) TILL_MUSTUSE;
// Ids of the products sold by subscription (or not), archived ones included: one column.
enum till_code store_metric_products(struct store *store, struct sv organization_id,
                                     bool is_recurring, const struct store_metric_sink *sink,
                                     struct till_error *e) TILL_MUSTUSE;
// External ids of these customers (a JSON array of ids): one column.
enum till_code store_metric_customer_words(struct store *store, struct sv organization_id,
                                           struct sv customers,
                                           const struct store_metric_sink *sink,
                                           struct till_error *e) TILL_MUSTUSE;

struct store_metric_facts {
    bool has_seats;       // something was sold by the seat
    bool has_user_events; // some customer sends events of the business's own application
};
enum till_code store_metric_facts(struct store *store, struct sv organization_id,
                                  struct store_metric_facts *ret_facts,
                                  struct till_error *e) TILL_MUSTUSE;

#endif
