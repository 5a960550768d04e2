// SPDX-License-Identifier: Apache-2.0
// digest_reads.h - what the digest alone asks: when something was for the first time, and how many payments were missed.
#ifndef TILL_STORE_DIGEST_READS_H
#define TILL_STORE_DIGEST_READS_H

#include "store/store.h"

enum store_first {
    STORE_FIRST_ORDER, // paid
    STORE_FIRST_OF_CURRENCY,
    STORE_FIRST_OF_PRODUCT, // by its id
    STORE_FIRST_SUBSCRIPTION,
    STORE_FIRST_REFUND, // succeeded
};
// The moment; 0 = never. Of one organization, rows that are not marked as deleted. key: of a currency, of a product.
enum till_code store_first(struct store *store, struct sv organization_id, enum store_first what,
                           struct sv key, int64_t *ret_us, struct till_error *e) TILL_MUSTUSE;

// Subscriptions that syncs saw become past due or unpaid in [from, to).
enum till_code store_missed_payments(struct store *store, struct sv organization_id,
                                     int64_t from_us, int64_t to_us, int64_t *ret_count,
                                     struct till_error *e) TILL_MUSTUSE;

#endif
