// SPDX-License-Identifier: Apache-2.0
// guarded.h - bytes that hold secrets in bulk: locked, between guard pages, wiped when released (libsodium's allocator).
#ifndef TILL_CRYPTO_GUARDED_H
#define TILL_CRYPTO_GUARDED_H

#include <stddef.h>

#include "base/error.h"
#include "base/sv.h"

struct guarded {
    unsigned char *data; // NULL only in a zeroed one
    size_t len, capacity;
};

// `*ret` must be zeroed or released. len is 0; capacity 0 gives a valid pointer.
enum till_code guarded_new(size_t capacity, struct guarded *ret, struct till_error *e) TILL_MUSTUSE;
void guarded_release(struct guarded *guarded); // accepts a zeroed one
// Takes what `from` holds, releasing what `to` held.
void guarded_move(struct guarded *to, struct guarded *from);
struct sv guarded_bytes(const struct guarded *guarded);

#define AUTO_GUARDED struct guarded TILL_CLEANUP(guarded_release)

#endif
