// SPDX-License-Identifier: Apache-2.0
// bills.h - private to report: what orders tell of the prices of subscriptions whose events do not tell where they began.
#ifndef TILL_REPORT_BILLS_H
#define TILL_REPORT_BILLS_H

#include "metrics/movements.h"
#include "store/store.h"

// After all events and all that syncs saw. Nothing is read when no subscription wants bills.
enum till_code bills_read(struct store *store, struct sv organization_id, struct movements *engine,
                          struct till_error *e) TILL_MUSTUSE;

#endif
