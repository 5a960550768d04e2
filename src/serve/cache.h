// SPDX-License-Identifier: Apache-2.0
// cache.h - answers that are still true: kept while the database is the same, and not longer than their route allows. Private to this room.
//
// Belongs to the loop's thread. A body is shared by the cache and by every answer that is being sent, and freed by the last of them.
#ifndef TILL_SERVE_CACHE_H
#define TILL_SERVE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/sv.h"

enum { CACHE_TAG_BYTES = 40 };
struct cached { // an answer
    size_t users;
    char tag[CACHE_TAG_BYTES]; // ETag, with its quotes
    struct buf body;
};
// Takes the body over. NULL without memory; the body is released then.
struct cached *cached_new(struct buf *body);
struct cached *cached_keep(struct cached *cached); // one more user
void cached_drop(void *cached);                    // one less; accepts NULL

struct cache;                                // opaque
struct cache *cache_new(size_t limit_bytes); // NULL without memory
void cache_free(struct cache *cache);        // accepts NULL
// The answer to this question for this state of the database, made at made_ms or later; NULL when there is none. Borrowed: keep it.
struct cached *cache_find(struct cache *cache, struct sv key, uint64_t stamp, int64_t made_ms);
// Replaces what stands under the key. Larger than TILL_LIMIT_SERVE_CACHED_BYTES is not kept; the least recently used make room.
void cache_put(struct cache *cache, struct sv key, uint64_t stamp, int64_t made_ms,
               struct cached *answer);
size_t cache_bytes(const struct cache *cache);
size_t cache_count(const struct cache *cache);

#endif
