// SPDX-License-Identifier: Apache-2.0
// secret.h - a short secret in memory that is locked, kept out of core dumps, and wiped when released.
//
// There is no way to print one: callers that must hand the bytes to a library borrow them with secret_bytes() for as short as possible.
#ifndef TILL_BASE_SECRET_H
#define TILL_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/sv.h"

struct secret {
    void *pages; // own mapping
    size_t map_bytes;
    size_t len;
    bool is_locked; // mlock() worked; not an error when it does not (RLIMIT_MEMLOCK)
};

// Copies; the caller wipes its own copy. LIMIT above TILL_LIMIT_TOKEN_BYTES.
enum till_code secret_set(struct secret *secret, struct sv bytes,
                          struct till_error *e) TILL_MUSTUSE;
void secret_release(struct secret *secret);                        // wipes; accepts a zeroed one
struct sv secret_bytes(const struct secret *secret);               // NUL-terminated beyond len
bool secret_equal(const struct secret *a, const struct secret *b); // constant time
void memory_wipe(void *memory, size_t bytes);

#define AUTO_SECRET struct secret TILL_CLEANUP(secret_release)

#endif
