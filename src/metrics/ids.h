// SPDX-License-Identifier: Apache-2.0
// ids.h - ids as small numbers, in the order of their first mention.
#ifndef TILL_METRICS_IDS_H
#define TILL_METRICS_IDS_H

#include <stddef.h>

#include "metrics/metrics.h"

enum { ID_NOWHERE = -1 };

struct id_map {             // starts as {0}
    struct metrics_id *ids; // by number
    uint64_t *slots;        // half of a hash, then number + 1; 0 = empty
    size_t count, capacity, slot_count;
};

int64_t id_map_find(const struct id_map *map, struct metrics_id id); // ID_NOWHERE when unknown
enum till_code id_map_put(struct id_map *map, struct metrics_id id, size_t *ret_number,
                          struct till_error *e) TILL_MUSTUSE;
// Two hints to the processor that an id is going to be looked up: first for its slot, then (when that is there) for the id itself; gives its likely number.
void id_map_foresee(const struct id_map *map, struct metrics_id id);
int64_t id_map_foresee_id(const struct id_map *map, struct metrics_id id);
void id_map_release(struct id_map *map);

// A growing array: room for `needed` items, new ones zeroed. LIMIT beyond TILL_LIMIT_METRIC_BYTES.
enum till_code grow(void **items, size_t *capacity, size_t needed, size_t item_bytes,
                    struct till_error *e) TILL_MUSTUSE;

#endif
