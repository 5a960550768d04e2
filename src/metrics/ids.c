// SPDX-License-Identifier: Apache-2.0
// ids.c - a hash table with open addressing over 16-byte ids, and the reading of uuids.
//
// Ids are random already, so a part of one is its own hash; what is not a uuid (ids that a business made up) is hashed to 128 bits, where two different
// words meet once in 2^64 words. The table is kept at most half full.
#include "metrics/ids.h"

#include <endian.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"

enum { UUID_BYTES = 36, FIRST_SLOTS = 64, AHEAD = 16 };

// Eight hexadecimal digits at once, each in a byte of one word. *is_hex stays true while they all are.
static uint32_t hex_read(const char text[static 8], bool *is_hex)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t word, bytes;
    memcpy(&word, text, sizeof word);
    word = be64toh(word);
    uint64_t lower = word | ones * 0x20; // of digits: themselves
    // Bit 7 of a byte tells whether it is at least the first character, and not yet past the last one.
    uint64_t digits = (word + ones * (0x80 - '0')) & ~(word + ones * (0x7f - '9'));
    uint64_t letters = (lower + ones * (0x80 - 'a')) & ~(lower + ones * (0x7f - 'f'));
    *is_hex = *is_hex && (word & highs) == 0 && ((digits | letters) & highs) == highs;
    bytes = (word & ones * 15) + (letters & highs) / 128 * 9;
    bytes = (bytes | bytes >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    bytes = (bytes | bytes >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(bytes | bytes >> 16);
}

static bool uuid_parse(struct sv text, struct metrics_id *ret_id)
{
    const char *at = text.ptr;
    bool is_hex = true;
    if (text.len != UUID_BYTES || at[8] != '-' || at[13] != '-' || at[18] != '-' || at[23] != '-')
        return false;
    char middle[16]; // the groups of four
    memcpy(middle, at + 9, 4);
    memcpy(middle + 4, at + 14, 4);
    memcpy(middle + 8, at + 19, 4);
    memcpy(middle + 12, at + 24, 4);
    uint64_t first = hex_read(at, &is_hex), second = hex_read(middle, &is_hex);
    uint64_t third = hex_read(middle + 8, &is_hex), fourth = hex_read(at + 28, &is_hex);
    if (!is_hex)
        return false;
    *ret_id = (struct metrics_id){first << 32 | second, third << 32 | fourth};
    return true;
}

static uint64_t mix(uint64_t z) // splitmix64
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct metrics_id metrics_id(struct sv text)
{
    struct metrics_id id = {0, 0};
    if (!text.ptr || uuid_parse(text, &id))
        return id;
    id = (struct metrics_id){UINT64_C(0x9e3779b97f4a7c15) ^ text.len, UINT64_C(0x6a09e667f3bcc909)};
    for (size_t i = 0; i < text.len; i++) {
        uint64_t byte = (unsigned char)text.ptr[i];
        id.high = mix(id.high + byte);
        id.low = mix(id.low ^ (byte + (id.high << 1)));
    }
    id.low |= 1; // never none
    return id;
}

metrics_currency metrics_currency_of(struct sv code)
{
    metrics_currency currency = 0;
    for (size_t i = 0; i < code.len && i < 3; i++) {
        unsigned char c = (unsigned char)code.ptr[i];
        currency = currency << 8 | (c >= 'A' && c <= 'Z' ? c + 32U : c);
    }
    return currency;
}

enum till_code grow(void **items, size_t *capacity, size_t needed, size_t item_bytes,
                    struct till_error *e)
{
    if (needed <= *capacity)
        return TILL_OK;
    size_t room = *capacity > 0 ? *capacity : 32;
    while (room < needed)
        room *= 2;
    if (needed > SIZE_MAX / 4 || room > TILL_LIMIT_METRIC_BYTES / item_bytes) {
        (void)TILL_FAIL(e, TILL_LIMIT, 0,
                        "there are more rows than a question about metrics takes");
        return till_error_hint(e, "narrow it with --product-id or --customer-id");
    }
    char *grown = till_realloc(*items, room * item_bytes);
    if (!grown)
        return TILL_FAIL_MEMORY(e);
    memset(grown + *capacity * item_bytes, 0, (room - *capacity) * item_bytes);
    *items = grown;
    *capacity = room;
    return TILL_OK;
}

static uint64_t hash_of(struct metrics_id id)
{
    return (id.low ^ id.high) * UINT64_C(0x9e3779b97f4a7c15);
}

// A slot holds half of the hash beside the number, so that other ids are passed over without a look at them.
static size_t slot_of(const struct id_map *map, struct metrics_id id)
{
    uint64_t hash = hash_of(id);
    size_t mask = map->slot_count - 1;
    size_t slot = (size_t)(hash >> 32) & mask;
    for (; map->slots[slot] != 0; slot = (slot + 1) & mask) {
        if ((uint32_t)(map->slots[slot] >> 32) != (uint32_t)hash)
            continue;
        const struct metrics_id *known = &map->ids[(uint32_t)map->slots[slot] - 1];
        if (known->low == id.low && known->high == id.high)
            break;
    }
    return slot;
}

int64_t id_map_find(const struct id_map *map, struct metrics_id id)
{
    if (map->count == 0)
        return ID_NOWHERE;
    return (int64_t)(uint32_t)map->slots[slot_of(map, id)] - 1;
}

void id_map_foresee(const struct id_map *map, struct metrics_id id)
{
    if (map->count > 0)
        __builtin_prefetch(&map->slots[(size_t)(hash_of(id) >> 32) & (map->slot_count - 1)]);
}

int64_t id_map_foresee_id(const struct id_map *map, struct metrics_id id)
{
    if (map->count == 0)
        return ID_NOWHERE;
    uint64_t slot = map->slots[(size_t)(hash_of(id) >> 32) & (map->slot_count - 1)];
    if (slot == 0)
        return ID_NOWHERE;
    __builtin_prefetch(&map->ids[(uint32_t)slot - 1]);
    return (int64_t)(uint32_t)slot - 1;
}

static enum till_code rehash(struct id_map *map, struct till_error *e)
{
    size_t wider = map->slot_count > 0 ? map->slot_count * 2 : FIRST_SLOTS;
    uint64_t *slots = till_calloc(wider, sizeof *slots);
    if (!slots)
        return TILL_FAIL_MEMORY(e);
    till_free(map->slots);
    map->slots = slots;
    map->slot_count = wider;
    for (size_t i = 0; i < map->count; i++) {
        if (i + AHEAD < map->count)
            id_map_foresee(map, map->ids[i + AHEAD]);
        slots[slot_of(map, map->ids[i])] = hash_of(map->ids[i]) << 32 | (i + 1);
    }
    return TILL_OK;
}

enum till_code id_map_put(struct id_map *map, struct metrics_id id, size_t *ret_number,
                          struct till_error *e)
{
    enum till_code code = TILL_OK;
    void *ids = map->ids;
    if (map->count * 2 >= map->slot_count)
        code = rehash(map, e);
    if (code == TILL_OK)
        code = grow(&ids, &map->capacity, map->count + 1, sizeof *map->ids, e);
    map->ids = ids;
    if (code)
        return code;
    size_t slot = slot_of(map, id);
    if (map->slots[slot] == 0) {
        map->ids[map->count] = id;
        map->count++;
        map->slots[slot] = hash_of(id) << 32 | map->count;
    }
    *ret_number = (uint32_t)map->slots[slot] - 1;
    return TILL_OK;
}

void id_map_release(struct id_map *map)
{
    till_free(map->ids);
    till_free(map->slots);
    *map = (struct id_map){0};
}
