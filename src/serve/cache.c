// SPDX-License-Identifier: Apache-2.0
// cache.c - a table by hash, and a list by last use.
//
// The stamp is not part of the key: when the database has changed, the new answer takes the old one's place at once, so that a shop that changes every
// second does not fill the memory with what was true a minute ago.
#include "serve/cache.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "crypto/crypto.h"

enum { BUCKETS = 1024, TAG_HASH_BYTES = 16 };

struct entry {
    struct entry *in_bucket;     // the next one
    struct entry *newer, *older; // by last use
    uint64_t hash, stamp;
    int64_t made_ms;
    struct cached *answer;
    size_t key_len;
    char key[];
};
struct cache {
    size_t limit_bytes, bytes, count;
    struct entry *newest, *oldest;
    struct entry *buckets[BUCKETS];
};

// ---- answers ----

struct cached *cached_new(struct buf *body)
{
    static const unsigned char salt[CRYPTO_SALT_BYTES] = "till etag";
    unsigned char hash[CRYPTO_KEY_BYTES];
    struct cached *cached = till_calloc(1, sizeof(*cached));
    if (!cached) {
        buf_release(body);
        return NULL;
    }
    crypto_digest((struct sv){body->data ? body->data : "", body->len}, salt, hash);
    cached->tag[0] = '"';
    for (size_t i = 0; i < TAG_HASH_BYTES; i++)
        (void)snprintf(cached->tag + 1 + 2 * i, 3, "%02x", hash[i]);
    cached->tag[1 + 2 * TAG_HASH_BYTES] = '"';
    cached->users = 1;
    cached->body = *body;
    *body = (struct buf){0};
    return cached;
}

struct cached *cached_keep(struct cached *cached)
{
    cached->users++;
    return cached;
}

void cached_drop(void *place)
{
    struct cached *cached = place;
    if (!cached || --cached->users > 0)
        return;
    buf_release(&cached->body);
    till_free(cached);
}

// ---- the table ----

static uint64_t hash_of(struct sv key) // FNV-1a
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.ptr[i]) * 1099511628211U;
    return hash;
}

static size_t bytes_of(const struct entry *entry)
{
    return sizeof(*entry) + entry->key_len + sizeof(*entry->answer) + entry->answer->body.capacity;
}

static void unlink_use(struct cache *cache, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest(struct cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void remove_entry(struct cache *cache, struct entry *entry)
{
    struct entry **link = &cache->buckets[entry->hash % BUCKETS];
    while (*link != entry)
        link = &(*link)->in_bucket;
    *link = entry->in_bucket;
    unlink_use(cache, entry);
    cache->bytes -= bytes_of(entry);
    cache->count--;
    cached_drop(entry->answer);
    till_free(entry);
}

static struct entry *find(const struct cache *cache, struct sv key, uint64_t hash)
{
    struct entry *entry = cache->buckets[hash % BUCKETS];
    while (entry &&
           (entry->hash != hash || !sv_equal((struct sv){entry->key, entry->key_len}, key)))
        entry = entry->in_bucket;
    return entry;
}

struct cache *cache_new(size_t limit_bytes)
{
    struct cache *cache = till_calloc(1, sizeof(*cache));
    if (cache)
        cache->limit_bytes = limit_bytes;
    return cache;
}

void cache_free(struct cache *cache)
{
    while (cache && cache->oldest)
        remove_entry(cache, cache->oldest);
    till_free(cache);
}

struct cached *cache_find(struct cache *cache, struct sv key, uint64_t stamp, int64_t made_ms)
{
    struct entry *entry = find(cache, key, hash_of(key));
    if (!entry || entry->stamp != stamp || entry->made_ms < made_ms)
        return NULL;
    unlink_use(cache, entry);
    link_newest(cache, entry);
    return entry->answer;
}

void cache_put(struct cache *cache, struct sv key, uint64_t stamp, int64_t made_ms,
               struct cached *answer)
{
    uint64_t hash = hash_of(key);
    struct entry *old = find(cache, key, hash);
    if (old)
        remove_entry(cache, old);
    if (answer->body.capacity > TILL_LIMIT_SERVE_CACHED_BYTES)
        return;
    struct entry *entry = till_malloc(sizeof(*entry) + key.len);
    if (!entry)
        return; // it is computed again
    *entry = (struct entry){.hash = hash,
                            .stamp = stamp,
                            .made_ms = made_ms,
                            .answer = cached_keep(answer),
                            .key_len = key.len,
                            .in_bucket = cache->buckets[hash % BUCKETS]};
    memcpy(entry->key, key.ptr, key.len);
    cache->buckets[hash % BUCKETS] = entry;
    link_newest(cache, entry);
    cache->count++;
    cache->bytes += bytes_of(entry);
    while (cache->bytes > cache->limit_bytes && cache->oldest)
        remove_entry(cache, cache->oldest);
}

size_t cache_bytes(const struct cache *cache)
{
    return cache->bytes;
}

size_t cache_count(const struct cache *cache)
{
    return cache->count;
}
