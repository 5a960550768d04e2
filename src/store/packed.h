// SPDX-License-Identifier: Apache-2.0
// packed.h - old bills, put together by subscription: movements read them instead of old orders, where nothing has changed since.
//
// A copy that can be made again at any time. It is whole and true, or it is not used: whatever of this room writes orders tells it, in the same transaction,
// and it ends as soon as an order that is in it, or would be, changes in what it holds. (A trigger could tell it of everybody's writes, and makes each new
// order cost half as much again.) It stops before the last days, in which orders still change; those are read as orders.
#ifndef TILL_STORE_PACKED_H
#define TILL_STORE_PACKED_H

#include "store/metrics_rows.h"

enum { STORE_PACK_LEAST = 20000 }; // bills; fewer are read as quickly
// Packs what is older than some days when there are that many bills, and no true copy that is young enough. A second for a million orders, most of
// it without the lock of a writer. Outside of a transaction.
enum till_code store_bills_pack(struct store *store, struct sv organization_id, int64_t now_us,
                                int64_t least_count, struct till_error *e) TILL_MUSTUSE;
// Rows of store_movement_bills() out of the copy, run by run, by subscription and time; STORE_BILL_AT is an integer. *ret_until: bills from then on are not in
// it; empty when there is no true copy. Within one snapshot with what is read besides.
enum { STORE_UNTIL_BYTES = 28 };
enum till_code store_bills_packed(struct store *store, struct sv organization_id,
                                  const struct store_metric_sink *sink,
                                  char ret_until[static STORE_UNTIL_BYTES],
                                  struct till_error *e) TILL_MUSTUSE;

// ---- for what writes orders, inside of its transaction ----
bool store_bills_hold(
    const char *column_name); // does a packed bill hold something of that column of orders?
// An order that was created then came, went, or changed in such a column. created_at .ptr NULL: whenever it was.
enum till_code store_bills_touch(struct store *store, struct sv organization_id,
                                 struct sv created_at, struct till_error *e) TILL_MUSTUSE;

#endif
