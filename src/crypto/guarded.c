// SPDX-License-Identifier: Apache-2.0
// guarded.c - the one place that asks libsodium for memory.
//
// sodium_malloc() puts a block at the end of its own pages with an inaccessible page behind it, keeps it out of core dumps, and locks it where
// RLIMIT_MEMLOCK allows (it goes on without the lock where not). An overrun is a crash at once, not a leak.
#include "crypto/guarded.h"

#include <sodium.h>

#include "base/fault.h"

enum till_code guarded_new(size_t capacity, struct guarded *ret, struct till_error *e)
{
    unsigned char *data = fault_point("crypto.memory") ? NULL : sodium_malloc(capacity + 1);
    if (!data)
        return TILL_FAIL_MEMORY(e);
    *ret = (struct guarded){.data = data, .capacity = capacity};
    return TILL_OK;
}

void guarded_release(struct guarded *guarded)
{
    sodium_free(guarded->data);
    *guarded = (struct guarded){0};
}

void guarded_move(struct guarded *to, struct guarded *from)
{
    guarded_release(to);
    *to = *from;
    *from = (struct guarded){0};
}

struct sv guarded_bytes(const struct guarded *guarded)
{
    return (struct sv){(const char *)guarded->data, guarded->len};
}
