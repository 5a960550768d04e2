// SPDX-License-Identifier: Apache-2.0
// arena.c - bump allocation in a list of blocks.
//
// Blocks grow with the arena (32 KiB, doubling up to TILL_LIMIT_ARENA_BLOCK_BYTES; a larger piece gets a block of its own), so that a small
// page costs little and a large one few calls. The ceiling counts what was handed out, rounded up to the alignment. arena_reset() rewinds a
// single block; several are given back, and the next unit of work begins with one block as large as all that was used: kept blocks whose
// sizes almost fit the next page would pile up. Under AddressSanitizer the unused parts are poisoned, so that a pointer kept over a reset is caught
// as a use after free would be.
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/limits.h"
#include "base/secret.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define ARENA_POISON(address, bytes)   ASAN_POISON_MEMORY_REGION((address), (bytes))
#define ARENA_UNPOISON(address, bytes) ASAN_UNPOISON_MEMORY_REGION((address), (bytes))
#else
#define ARENA_POISON(address, bytes)   ((void)(address), (void)(bytes))
#define ARENA_UNPOISON(address, bytes) ((void)(address), (void)(bytes))
#endif

enum { ARENA_ALIGN = alignof(max_align_t), ARENA_FIRST_BLOCK_BYTES = 32 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t capacity, used;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
    *arena = (struct arena){.limit_bytes = limit_bytes};
}

static void free_blocks(struct arena *arena)
{
    struct arena_block *block = arena->first;
    while (block != NULL) {
        struct arena_block *next = block->next;
        ARENA_UNPOISON(block->data, block->capacity);
        till_free(block);
        block = next;
    }
    arena->first = arena->current = NULL;
}

void arena_release(struct arena *arena)
{
    free_blocks(arena);
    *arena = (struct arena){.limit_bytes = arena->limit_bytes};
}

void arena_wipe(struct arena *arena)
{
    for (struct arena_block *block = arena->first; block != NULL; block = block->next) {
        ARENA_UNPOISON(block->data, block->capacity);
        memory_wipe(block->data, block->used);
    }
    arena_release(arena);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *block = arena->first;
    size_t needed = arena->used_bytes + arena->used_bytes / 8;
    if (needed > arena->hint_bytes)
        arena->hint_bytes = needed;
    if (block != NULL && block->next != NULL) {
        free_blocks(arena);
    } else if (block != NULL) {
        block->used = 0;
        ARENA_POISON(block->data, block->capacity);
    }
    arena->used_bytes = 0;
    arena->failure = TILL_OK;
}

// A new block of at least `bytes` behind the current one, which it becomes.
static bool arena_grow(struct arena *arena, size_t bytes)
{
    size_t capacity = ARENA_FIRST_BLOCK_BYTES;
    if (arena->current != NULL && arena->current->capacity > TILL_LIMIT_ARENA_BLOCK_BYTES / 2)
        capacity = TILL_LIMIT_ARENA_BLOCK_BYTES;
    else if (arena->current != NULL)
        capacity = arena->current->capacity * 2;
    else if (capacity < arena->hint_bytes)
        capacity = arena->hint_bytes;
    if (capacity < bytes)
        capacity = bytes;
    struct arena_block *block;
    size_t total;
    if (__builtin_add_overflow(capacity, sizeof *block, &total) ||
        (block = till_malloc(total)) == NULL)
        return false;
    block->capacity = capacity;
    block->used = 0;
    ARENA_POISON(block->data, capacity);
    if (arena->current == NULL) {
        block->next = NULL;
        arena->first = block;
    } else {
        block->next = arena->current->next;
        arena->current->next = block;
    }
    arena->current = block;
    return true;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    size_t rounded = bytes > 0 ? bytes : 1;
    if (__builtin_add_overflow(rounded, (size_t)ARENA_ALIGN - 1, &rounded) ||
        (rounded &= ~((size_t)ARENA_ALIGN - 1)) > arena->limit_bytes - arena->used_bytes) {
        arena->failure = TILL_LIMIT;
        return NULL;
    }
    struct arena_block *block = arena->current;
    while (block != NULL && block->capacity - block->used < rounded && block->next != NULL)
        arena->current = block = block->next;
    if (block == NULL || block->capacity - block->used < rounded) {
        if (!arena_grow(arena, rounded)) {
            arena->failure = TILL_MEMORY;
            return NULL;
        }
        block = arena->current;
    }
    void *memory = block->data + block->used;
    ARENA_UNPOISON(memory, bytes);
    block->used += rounded;
    arena->used_bytes += rounded;
    return memory;
}

void *arena_calloc(struct arena *arena, size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) {
        arena->failure = TILL_LIMIT;
        return NULL;
    }
    void *memory = arena_alloc(arena, total);
    return memory != NULL ? memset(memory, 0, total) : NULL;
}

char *arena_copy(struct arena *arena, const char *data, size_t len)
{
    if (len == SIZE_MAX) {
        arena->failure = TILL_LIMIT;
        return NULL;
    }
    char *copy = arena_alloc(arena, len + 1);
    if (copy == NULL)
        return NULL;
    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

struct sv arena_sv(struct arena *arena, struct sv text)
{
    char *copy = arena_copy(arena, text.ptr, text.len);
    return (struct sv){copy, copy != NULL ? text.len : 0};
}

enum till_code arena_fail(const struct arena *arena, const char *what, struct till_error *e)
{
    if (arena->failure == TILL_LIMIT)
        return TILL_FAIL(e, TILL_LIMIT, arena->limit_bytes, "%s: more than the limit of %zu bytes",
                         what, arena->limit_bytes);
    return TILL_FAIL(e, TILL_MEMORY, 0, "%s: out of memory", what);
}
