// SPDX-License-Identifier: Apache-2.0
// uuid.c - identifiers made from (kind, index) and taken apart again.
//
// The bijection is three rounds of "multiply by an odd constant, fold the upper half onto the lower": both steps have an
// inverse modulo 2^64. It hides nothing from an attacker and need not; it only has to look random and be reversible.
#include "uuid.h"

#include <stddef.h>
#include <string.h>

static const uint64_t ODD_1 = 0x9e3779b97f4a7c15U, ODD_2 = 0xbf58476d1ce4e5b9U,
                      ODD_3 = 0x94d049bb133111ebU;

// Newton's iteration: each step doubles the number of right bits, and an odd number is its own inverse modulo 8.
static uint64_t inverse(uint64_t odd)
{
    uint64_t result = odd;
    for (int i = 0; i < 5; i++)
        result *= 2 - odd * result;
    return result;
}

static uint64_t fold(uint64_t x)
{
    return x ^ (x >> 32);
}

uint64_t uuid_hash(uint64_t a, uint64_t b)
{
    uint64_t x = a + b * ODD_1 + ODD_3;
    x = (x ^ (x >> 30)) * ODD_2;
    x = (x ^ (x >> 27)) * ODD_3;
    return x ^ (x >> 31);
}

static uint64_t encrypt(const struct uuid_key *key, uint64_t x)
{
    return fold(fold((x ^ key->before) * ODD_1) * ODD_2) * ODD_3 ^ key->after;
}

static uint64_t decrypt(const struct uuid_key *key, uint64_t x)
{
    x = fold((x ^ key->after) * inverse(ODD_3)) * inverse(ODD_2);
    return fold(x) * inverse(ODD_1) ^ key->before;
}

static void halves(const struct uuid_key *key, uint64_t cipher, uint64_t ret[2])
{
    uint64_t check = uuid_hash(key->check, cipher);
    ret[0] = (cipher >> 16 << 16) | 0x4000U | ((cipher >> 4) & 0xfffU);
    ret[1] = 0x8000000000000000U | ((cipher & 0xfU) << 58) | (check >> 6);
}

void uuid_write(const struct uuid_key *key, unsigned kind, uint64_t index, char ret[UUID_CHARS])
{
    static const char hex[] = "0123456789abcdef";
    static const unsigned char place[16] = {0,  2,  4,  6,  9,  11, 14, 16,
                                            19, 21, 24, 26, 28, 30, 32, 34};
    uint64_t half[2];
    halves(key, encrypt(key, (uint64_t)kind << 48 | index), half);
    for (size_t i = 0; i < 16; i++) {
        unsigned byte = (unsigned)(half[i / 8] >> (56 - 8 * (i % 8))) & 0xffU;
        ret[place[i]] = hex[byte >> 4];
        ret[place[i] + 1] = hex[byte & 15U];
    }
    ret[8] = ret[13] = ret[18] = ret[23] = '-';
}

static bool digit(char c, uint64_t *half)
{
    unsigned value;
    if (c >= '0' && c <= '9')
        value = (unsigned)(c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        value = (unsigned)((c | 0x20) - 'a' + 10);
    else
        return false;
    *half = *half << 4 | value;
    return true;
}

bool uuid_read(const struct uuid_key *key, const char *text, unsigned *ret_kind,
               uint64_t *ret_index)
{
    uint64_t half[2] = {0, 0};
    if (strnlen(text, UUID_CHARS) != UUID_CHARS)
        return false;
    for (size_t i = 0, seen = 0; i < UUID_CHARS; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text[i] != '-' : !digit(text[i], &half[seen / 16]))
            return false;
        seen += is_dash ? 0 : 1;
    }
    uint64_t cipher = (half[0] >> 16 << 16) | ((half[0] & 0xfffU) << 4) | ((half[1] >> 58) & 0xfU);
    uint64_t again[2];
    halves(key, cipher, again);
    if (again[0] != half[0] || again[1] != half[1])
        return false;
    uint64_t plain = decrypt(key, cipher);
    *ret_kind = (unsigned)(plain >> 48);
    *ret_index = plain & 0xffffffffffffU;
    return true;
}
