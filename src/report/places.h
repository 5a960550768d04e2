// SPDX-License-Identifier: Apache-2.0
// places.h - private to report: the country of each customer, looked up a million times.
#ifndef TILL_REPORT_PLACES_H
#define TILL_REPORT_PLACES_H

#include "base/arena.h"
#include "metrics/ids.h"
#include "store/store.h"

struct places { // starts as {0}
    struct arena *arena;
    struct id_map customers, words; // words: countries, each once
    uint32_t *word_of;              // by number of the customer
    struct value *values;           // by number of the country
    size_t word_of_capacity, value_capacity;
};
// arena: for the words; it outlives places. places_release() also after a failure.
enum till_code places_read(struct places *places, struct store *store, struct sv organization_id,
                           struct arena *arena, struct till_error *e) TILL_MUSTUSE;
// NULL when it is not known.
struct value places_country(const struct places *places, const struct value *customer_id);
void places_release(struct places *places);

#endif
