// SPDX-License-Identifier: Apache-2.0
// server_listing.h - the ordered rows of a selection, cached until the world changes.
//
// A listing is an array of row indexes in the order asked for, and where the groups of equal keys begin. A page takes a slice of positions;
// inside a group the rows stand in an order that the caller's seed decides, so equal keys come differently with each request, but each
// row of a group stands in exactly one position of one request.
#ifndef SIM_SERVER_LISTING_H
#define SIM_SERVER_LISTING_H

#include "server_rules.h"

#include <pthread.h>

struct listing {
    char *key;
    uint64_t version;
    uint32_t *rows;
    uint32_t *groups; // first position of each group of equal keys, ascending
    size_t count, group_count;
    unsigned users; // guarded by the cache's lock
};

struct listing_cache {
    pthread_mutex_t lock;
    pthread_mutex_t building; // one at a time: the next one finds what it wants in the cache
    struct listing *entries[LISTING_CACHE_ENTRIES]; // most recently used first
};

void listing_cache_init(struct listing_cache *cache);
void listing_cache_release(struct listing_cache *cache);

// The listing of a selection as the world is now; the world must not change until listing_put(). NULL when memory ran out.
struct listing *listing_get(struct listing_cache *cache, const struct sim_world *world,
                            const struct selection *selection);
void listing_put(struct listing_cache *cache, struct listing *listing);

// Up to `count` rows from position `first`; returns how many were written.
size_t listing_slice(const struct listing *listing, uint64_t seed, size_t first, size_t count,
                     uint32_t *ret_rows);

#endif
