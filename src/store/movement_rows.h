// SPDX-License-Identifier: Apache-2.0
// movement_rows.h - what is known of the prices of subscriptions in the past, streamed: events, changes that a sync saw, bills.
//
// Rows of one organization that are not marked as deleted. Values are borrowed until the callback returns; what a row lacks is VALUE_NULL.
#ifndef TILL_STORE_MOVEMENT_ROWS_H
#define TILL_STORE_MOVEMENT_ROWS_H

#include "store/metrics_rows.h"

enum store_movement_event { // subscription.*, in no order
    STORE_TOLD_NAME,
    STORE_TOLD_AT,
    STORE_TOLD_SUBSCRIPTION,
    STORE_TOLD_AMOUNT,
    STORE_TOLD_CURRENCY,
    STORE_TOLD_INTERVAL,
    STORE_TOLD_INTERVAL_COUNT,
    STORE_TOLD__COUNT,
};
enum store_movement_change { // of amount, recurring_interval, recurring_interval_count, ended_at: row by row, newest first
    STORE_SEEN_SUBSCRIPTION,
    STORE_SEEN_COLUMN,
    STORE_SEEN_OLD,
    STORE_SEEN_NEW,
    STORE_SEEN_AT,
    STORE_SEEN__COUNT,
};
// Paid orders that begin or renew a subscription: old ones by subscription, where they are packed (packed.h), then the others; those of one subscription
// in order of creation.
enum store_movement_bill {
    STORE_BILL_KEY, // for store_movement_fixed()
    STORE_BILL_AT,  // text, or an integer
    STORE_BILL_SUBSCRIPTION,
    STORE_BILL_PRODUCT,
    STORE_BILL_AMOUNT, // after discount, with the tax that prices hold; usage and prorations are in it
    STORE_BILL_CURRENCY,
    STORE_BILL_AGAIN, // bills like this one that follow it in its subscription: struct store_bill_again, one behind the other; or nothing
    STORE_BILL__COUNT,
};
struct store_bill_again { // little-endian
    uint64_t key, at_us;
};
enum store_movement_product {
    STORE_PLAN_PRODUCT,
    STORE_PLAN_INTERVAL,
    STORE_PLAN_INTERVAL_COUNT,
    STORE_PLAN__COUNT,
};

// Calls once; all that it reads is of one moment, and many small questions cost no lock each. Not within itself.
typedef enum till_code store_movement_reader(void *context, struct till_error *e);
enum till_code store_movement_snapshot(struct store *store, store_movement_reader *reader,
                                       void *context, struct till_error *e) TILL_MUSTUSE;
enum till_code store_movement_events(struct store *store, struct sv organization_id,
                                     const struct store_metric_sink *sink,
                                     struct till_error *e) TILL_MUSTUSE;
enum till_code store_movement_changes(struct store *store, struct sv organization_id,
                                      const struct store_metric_sink *sink,
                                      struct till_error *e) TILL_MUSTUSE;
enum till_code store_movement_bills(struct store *store, struct sv organization_id,
                                    const struct store_metric_sink *sink,
                                    struct till_error *e) TILL_MUSTUSE;
// Of one bill: without usage and prorations. Reads the wide row.
enum till_code store_movement_fixed(struct store *store, int64_t key, int64_t *ret_amount_minor,
                                    struct till_error *e) TILL_MUSTUSE;
enum till_code store_movement_products(struct store *store, struct sv organization_id,
                                       const struct store_metric_sink *sink,
                                       struct till_error *e) TILL_MUSTUSE;
// When the service wrote the subscription last; 0 = not known.
enum till_code store_movement_modified(struct store *store, struct sv subscription_id,
                                       int64_t *ret_at_us, struct till_error *e) TILL_MUSTUSE;

#endif
