// SPDX-License-Identifier: Apache-2.0
// server_listing.c - filtering, sorting with PostgreSQL's NULL rule, and shuffled ties.
//
// Each sort key is first turned into one 64-bit rank per row, in which order is plain integer order: numbers are shifted into unsigned
// range, texts are sorted among themselves and numbered, NULL is the greatest, and a descending key is complemented. Rows then compare by
// their ranks alone, whatever the keys were. Rows come out of the world in creation order, so the common sorts find the work already done:
// an ordered (or exactly reversed) array is recognised before it is sorted.
//
// The shuffle of a group of n equal rows is the map i -> (a*i + b) mod n with a coprime to n: no memory, any slice in constant time a row.
#include "server_listing.h"

#include <stdlib.h>
#include <string.h>

struct text_key {
    size_t offset, len;
    uint32_t position;
};

struct sorter {
    const struct sim_world *world;
    const struct selection *selection;
    uint32_t *rows; // matching rows, in creation order
    size_t count;
    uint64_t *ranks; // sort_count for each row, by position in `rows`
    struct sim_out texts;
};

void listing_cache_init(struct listing_cache *cache)
{
    *cache = (struct listing_cache){0};
    pthread_mutex_init(&cache->lock, NULL);
    pthread_mutex_init(&cache->building, NULL);
}

static void listing_free(struct listing *listing)
{
    if (listing != NULL) {
        free(listing->key);
        free(listing->rows);
        free(listing->groups);
        free(listing);
    }
}

void listing_cache_release(struct listing_cache *cache)
{
    for (size_t i = 0; i < LISTING_CACHE_ENTRIES; i++) {
        listing_free(cache->entries[i]);
    }
    pthread_mutex_destroy(&cache->lock);
    pthread_mutex_destroy(&cache->building);
}

static int compare_texts(const void *left, const void *right, void *context)
{
    const struct text_key *a = left, *b = right;
    const struct sim_out *texts = context;
    size_t shorter = a->len < b->len ? a->len : b->len;
    int order = shorter > 0 ? memcmp(texts->data + a->offset, texts->data + b->offset, shorter) : 0;
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

// Replaces the provisional ranks of key `k` (all rows text or NULL) by their numbers in sorted order.
static bool rank_texts(struct sorter *sorter, size_t k, struct text_key *keys, size_t key_count)
{
    size_t width = sorter->selection->sort_count;
    if (sorter->texts.failed) {
        return false;
    }
    qsort_r(keys, key_count, sizeof(*keys), compare_texts, &sorter->texts);
    uint64_t rank = 0;
    for (size_t i = 0; i < key_count; i++) {
        rank += i > 0 && compare_texts(&keys[i - 1], &keys[i], &sorter->texts) != 0;
        sorter->ranks[keys[i].position * width + k] = rank;
    }
    return true;
}

// Fills the ranks of sort key `k` for all rows.
static bool rank_key(struct sorter *sorter, size_t k)
{
    const struct selection_sort *sort = &sorter->selection->sorts[k];
    size_t width = sorter->selection->sort_count, key_count = 0;
    struct text_key *keys = NULL;
    sorter->texts.len = 0;
    for (uint32_t i = 0; i < sorter->count; i++) {
        char scratch[SIM_SCRATCH_BYTES];
        struct sim_value value = {.kind = SIM_INT};
        if (sort->field == USER_ORDER) {
            value.integer =
                (int64_t)selection_user_order(sorter->selection, sorter->world, sorter->rows[i]);
        } else {
            value = world_value(sorter->world, sorter->selection->table, sorter->rows[i],
                                (enum sim_field)sort->field, scratch);
        }
        uint64_t rank = UINT64_MAX;
        if (value.kind == SIM_INT) {
            rank = (uint64_t)value.integer ^ (UINT64_C(1) << 63);
        } else if (value.kind == SIM_TEXT) {
            if (keys == NULL && (keys = calloc(sorter->count, sizeof(*keys))) == NULL) {
                return false;
            }
            keys[key_count++] = (struct text_key){sorter->texts.len, value.len, i};
            sim_out_append(&sorter->texts, value.text, value.len);
        }
        sorter->ranks[i * width + k] = rank;
    }
    bool is_good = key_count == 0 || rank_texts(sorter, k, keys, key_count);
    free(keys);
    for (size_t i = 0; i < sorter->count && sort->is_descending; i++) {
        sorter->ranks[i * width + k] = ~sorter->ranks[i * width + k];
    }
    return is_good;
}

static int compare_ranks(const struct sorter *sorter, uint32_t a, uint32_t b)
{
    size_t width = sorter->selection->sort_count;
    const uint64_t *left = sorter->ranks + a * width, *right = sorter->ranks + b * width;
    for (size_t k = 0; k < width; k++) {
        if (left[k] != right[k]) {
            return left[k] < right[k] ? -1 : 1;
        }
    }
    return 0;
}

static int compare_positions(const void *left, const void *right, void *context)
{
    return compare_ranks(context, *(const uint32_t *)left, *(const uint32_t *)right);
}

// Sorts `order` (positions 0..count-1 on entry) unless it is sorted, or reversed, already.
static void sort_positions(const struct sorter *sorter, uint32_t *order)
{
    bool is_sorted = true, is_reversed = true;
    for (size_t i = 1; i < sorter->count && (is_sorted || is_reversed); i++) {
        int comparison = compare_ranks(sorter, order[i - 1], order[i]);
        is_sorted = is_sorted && comparison <= 0;
        is_reversed = is_reversed && comparison >= 0;
    }
    if (is_sorted) {
        return;
    }
    if (is_reversed) {
        for (size_t i = 0; i < sorter->count; i++) {
            order[i] = (uint32_t)(sorter->count - 1 - i);
        }
        return;
    }
    union {
        const struct sorter *in;
        void *out;
    } context = {.in = sorter};
    qsort_r(order, sorter->count, sizeof(*order), compare_positions, context.out);
}

static bool collect_rows(struct sorter *sorter)
{
    uint32_t total = world_count(sorter->world, sorter->selection->table);
    sorter->rows = malloc((total + 1U) * sizeof(*sorter->rows));
    if (sorter->rows == NULL) {
        return false;
    }
    for (uint32_t row = 0; row < total; row++) {
        if (world_is_listed(sorter->world, sorter->selection->table, row) &&
            selection_matches(sorter->selection, sorter->world, row)) {
            sorter->rows[sorter->count++] = row;
        }
    }
    return true;
}

// The listing's rows and groups out of the collected rows.
static bool arrange(struct sorter *sorter, struct listing *listing)
{
    size_t width = sorter->selection->sort_count;
    sorter->ranks = malloc((sorter->count * width + 1) * sizeof(*sorter->ranks));
    listing->rows = malloc((sorter->count + 1) * sizeof(*listing->rows));
    listing->groups = malloc((sorter->count + 1) * sizeof(*listing->groups));
    if (sorter->ranks == NULL || listing->rows == NULL || listing->groups == NULL) {
        return false;
    }
    for (size_t k = 0; k < width; k++) {
        if (!rank_key(sorter, k)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < sorter->count; i++) {
        listing->rows[i] = i;
    }
    sort_positions(sorter, listing->rows);
    for (size_t i = 0; i < sorter->count; i++) {
        if (i == 0 || compare_ranks(sorter, listing->rows[i - 1], listing->rows[i]) != 0) {
            listing->groups[listing->group_count++] = (uint32_t)i;
        }
    }
    for (size_t i = 0; i < sorter->count; i++) {
        listing->rows[i] = sorter->rows[listing->rows[i]];
    }
    listing->count = sorter->count;
    return true;
}

static struct listing *listing_new(const struct sim_world *world, const struct selection *selection)
{
    struct sorter sorter = {.world = world, .selection = selection};
    struct listing *listing = calloc(1, sizeof(*listing));
    bool is_good = listing != NULL && (listing->key = strdup(selection->key.data)) != NULL &&
                   collect_rows(&sorter) && arrange(&sorter, listing);
    free(sorter.rows);
    free(sorter.ranks);
    sim_out_release(&sorter.texts);
    if (!is_good) {
        listing_free(listing);
        return NULL;
    }
    listing->version = world_version(world);
    return listing;
}

// The lock must be held: moves entry `index` to the front.
static void promote(struct listing_cache *cache, size_t index)
{
    struct listing *entry = cache->entries[index];
    for (; index > 0; index--) {
        cache->entries[index] = cache->entries[index - 1];
    }
    cache->entries[0] = entry;
}

// The entry for a key in this version of the world, with one more user; NULL when there is none.
static struct listing *look_up(struct listing_cache *cache, const char *key, uint64_t version)
{
    struct listing *found = NULL;
    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < LISTING_CACHE_ENTRIES && found == NULL; i++) {
        struct listing *entry = cache->entries[i];
        if (entry != NULL && entry->version == version && strcmp(entry->key, key) == 0) {
            found = entry;
            found->users++;
            promote(cache, i);
        }
    }
    pthread_mutex_unlock(&cache->lock);
    return found;
}

static void insert(struct listing_cache *cache, struct listing *listing)
{
    listing->users = 2; // the cache, and the caller
    pthread_mutex_lock(&cache->lock);
    struct listing *dropped = cache->entries[LISTING_CACHE_ENTRIES - 1];
    cache->entries[LISTING_CACHE_ENTRIES - 1] = listing;
    promote(cache, LISTING_CACHE_ENTRIES - 1);
    pthread_mutex_unlock(&cache->lock);
    listing_put(cache, dropped);
}

struct listing *listing_get(struct listing_cache *cache, const struct sim_world *world,
                            const struct selection *selection)
{
    const char *key = selection->key.data;
    uint64_t version = world_version(world);
    struct listing *listing = look_up(cache, key, version);
    if (listing != NULL) {
        return listing;
    }
    pthread_mutex_lock(&cache->building);
    listing = look_up(cache, key, version); // somebody else may just have built it
    if (listing == NULL) {
        listing = listing_new(world, selection);
        if (listing != NULL) {
            insert(cache, listing);
        }
    }
    pthread_mutex_unlock(&cache->building);
    return listing;
}

void listing_put(struct listing_cache *cache, struct listing *listing)
{
    if (listing == NULL) {
        return;
    }
    pthread_mutex_lock(&cache->lock);
    bool is_last = --listing->users == 0;
    pthread_mutex_unlock(&cache->lock);
    if (is_last) {
        listing_free(listing);
    }
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

// Where the row at place `index` of a group of `size` comes from.
static size_t shuffled(uint64_t seed, size_t group, size_t size, size_t index)
{
    uint64_t random = mix(seed ^ mix(group + 1));
    uint64_t step = random % size;
    while (greatest_common_divisor(step, size) != 1) {
        step = (step + 1) % size;
    }
    return (size_t)((step * index + mix(random)) % size);
}

// The group that holds a position: the last one that begins at or before it.
static size_t group_of(const struct listing *listing, size_t position)
{
    size_t low = 0, high = listing->group_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (listing->groups[middle] <= position) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t listing_slice(const struct listing *listing, uint64_t seed, size_t first, size_t count,
                     uint32_t *ret_rows)
{
    if (first >= listing->count) {
        return 0;
    }
    size_t available = listing->count - first;
    size_t taken = count < available ? count : available;
    size_t group = group_of(listing, first);
    for (size_t i = 0; i < taken; i++) {
        size_t position = first + i;
        if (group + 1 < listing->group_count && listing->groups[group + 1] <= position) {
            group++;
        }
        size_t start = listing->groups[group];
        size_t end = group + 1 < listing->group_count ? listing->groups[group + 1] : listing->count;
        size_t place = end - start > 1 ? shuffled(seed, start, end - start, position - start) : 0;
        ret_rows[i] = listing->rows[start + place];
    }
    return taken;
}
