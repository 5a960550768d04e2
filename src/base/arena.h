// SPDX-License-Identifier: Apache-2.0
// arena.h - memory by lifetime: one arena for one page, request or report, freed at once.
//
// An arena is born with its ceiling; passing it, or running out of memory, makes arena_alloc() return NULL and remembers which of the two
// it was (arena_fail()). After arena_reset() one block of the size of the largest unit of work so far is kept or made, so a loop over pages settles
// at one block. Not thread safe.
#ifndef TILL_BASE_ARENA_H
#define TILL_BASE_ARENA_H

#include <stddef.h>

#include "base/error.h"
#include "base/sv.h"

struct arena_block;
struct arena {
    struct arena_block *first, *current;
    size_t used_bytes, limit_bytes;
    size_t
        hint_bytes; // what the largest unit of work so far needed: the next first block holds it whole
    enum till_code failure;
};

void arena_init(struct arena *arena, size_t limit_bytes);
void arena_release(struct arena *arena); // accepts a zeroed arena
void arena_wipe(struct arena *arena);    // the same, and overwrites it first: a secret may be in it
void arena_reset(struct arena *arena);   // everything allocated is gone, memory is kept for reuse
// Zeroed? No. Aligned for any object. NULL on failure. bytes = 0 gives a valid pointer.
void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_calloc(struct arena *arena, size_t count, size_t bytes); // zeroed, overflow-checked
char *arena_copy(struct arena *arena, const char *data, size_t len); // NUL-terminated copy
struct sv arena_sv(struct arena *arena, struct sv text);             // .ptr NULL on failure
// Sets e to "out of memory" or "limit", whichever the last NULL meant.
enum till_code arena_fail(const struct arena *arena, const char *what, struct till_error *e);

#define AUTO_ARENA struct arena TILL_CLEANUP(arena_release)

#endif
