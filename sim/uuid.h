// SPDX-License-Identifier: Apache-2.0
// uuid.h - identifiers made from (kind, index) and taken apart again.
//
// A simulated shop has millions of rows and may not spend 16 bytes and a hash slot on each id. So an id is a keyed
// bijection of what it names: 64 bits carry the encrypted (kind, index), the other 58 free bits of a version 4 UUID are
// a keyed check that makes a guessed id fail. The same key gives the same ids; no table is needed to find a row.
#ifndef SIM_UUID_H
#define SIM_UUID_H

#include <stdbool.h>
#include <stdint.h>

enum { UUID_CHARS = 36 };

struct uuid_key {
    uint64_t before, after, check;
};

// Kinds are below 65536, indexes below 2^48.
void uuid_write(const struct uuid_key *key, unsigned kind, uint64_t index, char ret[UUID_CHARS]);
// False when the 36 characters are no id of this key.
bool uuid_read(const struct uuid_key *key, const char *text, unsigned *ret_kind,
               uint64_t *ret_index);
// A well mixed 64-bit hash of two words; the source of every attribute that is derived instead of stored.
uint64_t uuid_hash(uint64_t a, uint64_t b);

#endif
