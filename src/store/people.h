// SPDX-License-Identifier: Apache-2.0
// people.h - who customers are, and which of their subscriptions may be lost.
//
// Values are borrowed until the callback returns; what a row lacks is VALUE_NULL.
#ifndef TILL_STORE_PEOPLE_H
#define TILL_STORE_PEOPLE_H

#include "store/metrics_rows.h"

// One row: name and e-mail; also of customers who are gone from Polar. No row when the id is not known.
enum { STORE_PERSON_COLUMNS = 2 };
enum till_code store_person(struct store *store, struct sv customer_id,
                            const struct store_metric_sink *sink,
                            struct till_error *e) TILL_MUSTUSE;
// The same of a subscription that ended last: the customer's reason; null = none was given.
enum till_code store_person_reason(struct store *store, struct sv customer_id, struct sv currency,
                                   const struct store_metric_sink *sink,
                                   struct till_error *e) TILL_MUSTUSE;

// Live subscriptions that have not ended by now_us and: whose payment is missing, that are going to end, or whose renewal is tried again. One that is
// several of these comes several times.
enum store_risk {
    STORE_RISK_SUBSCRIPTION,
    STORE_RISK_CUSTOMER,
    STORE_RISK_WHY, // past_due, unpaid, ends, payment_failed
    STORE_RISK_AT,  // since when; for ends: when; for payment_failed: the next try
    STORE_RISK_REASON,
    STORE_RISK__COUNT,
};
enum till_code store_risks(struct store *store, struct sv organization_id, int64_t now_us,
                           const struct store_metric_sink *sink, struct till_error *e) TILL_MUSTUSE;

#endif
