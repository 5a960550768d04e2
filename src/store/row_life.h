// SPDX-License-Identifier: Apache-2.0
// row_life.h - one mirrored row: found by the beginning of its id, and as it is stored now. Its changes come from store_changes().
#ifndef TILL_STORE_ROW_LIFE_H
#define TILL_STORE_ROW_LIFE_H

#include "base/arena.h"
#include "store/store.h"

struct store_row_place {
    char id[STORE_NAME_BYTES];
    char organization_id[STORE_NAME_BYTES];
};
// Rows of all organizations, marked ones too, whose id begins with prefix, in order of id; at most capacity. One look-up in the key's own index.
enum till_code store_rows_by_prefix(struct store *store, const struct table *table,
                                    struct sv prefix, struct store_row_place *ret_places,
                                    size_t capacity, size_t *ret_count,
                                    struct till_error *e) TILL_MUSTUSE;

struct store_row_now {
    struct value *values; // table->column_count of them, in column order, in the arena
    int64_t synced_us;    // when this version was stored
    int64_t deleted_us;   // 0 = it is there
};
// STORE when there is no such row.
enum till_code store_row_now(struct store *store, const struct table *table, const char *id,
                             struct arena *arena, struct store_row_now *ret_now,
                             struct till_error *e) TILL_MUSTUSE;

#endif
