// SPDX-License-Identifier: Apache-2.0
// latest.h - what happened last: orders, subscriptions that began, cancellations, refunds, as one stream.
#ifndef TILL_STORE_LATEST_H
#define TILL_STORE_LATEST_H

#include "store/metrics_rows.h"

enum store_latest {
    STORE_LATEST_KIND, // order, subscription, canceled, refund
    STORE_LATEST_ID,   // of the order, of the subscription, of the refund
    STORE_LATEST_AT,
    STORE_LATEST_CUSTOMER, // id
    STORE_LATEST_NAME,
    STORE_LATEST_EMAIL,
    STORE_LATEST_COUNTRY,
    STORE_LATEST_PRODUCT, // name
    STORE_LATEST_AMOUNT,  // orders and refunds: without tax; subscriptions: of one billing period
    STORE_LATEST_CURRENCY,
    STORE_LATEST_BILLING_REASON,
    STORE_LATEST__COUNT,
};
// Of one organization, newest first, not after now_us; orders that are paid, refunds that succeeded. Values are borrowed until the callback returns.
enum till_code store_latest(struct store *store, struct sv organization_id, int64_t now_us,
                            int64_t limit, const struct store_metric_sink *sink,
                            struct till_error *e) TILL_MUSTUSE;

#endif
