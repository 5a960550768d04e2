// SPDX-License-Identifier: Apache-2.0
// arena_test.c - arenas: alignment, ceilings, reuse after a reset, failures.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>

#include "base/arena.h"
#include "base/fault.h"

static void pieces_are_aligned_and_apart(void **state TILL_UNUSED)
{
    AUTO_ARENA arena;
    arena_init(&arena, 16 * 1024 * 1024);
    unsigned char *pieces[2000];
    for (size_t i = 0; i < TILL_COUNT(pieces); i++) {
        size_t bytes = i % 97 == 0 ? 70000 : i % 61;
        pieces[i] = arena_alloc(&arena, bytes);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)(i & 0xFF), bytes);
    }
    for (size_t i = 0; i < TILL_COUNT(pieces); i++) {
        size_t bytes = i % 97 == 0 ? 70000 : i % 61;
        for (size_t at = 0; at < bytes; at++)
            assert_int_equal(pieces[i][at], i & 0xFF);
    }
}

static void ceiling_is_exact(void **state TILL_UNUSED)
{
    AUTO_ARENA arena;
    struct till_error e = {0};
    arena_init(&arena, 1024);
    assert_non_null(arena_alloc(&arena, 1000)); // 1008 rounded
    assert_non_null(arena_alloc(&arena, 16));
    assert_null(arena_alloc(&arena, 1));
    assert_int_equal(arena_fail(&arena, "a page of orders", &e), TILL_LIMIT);
    assert_string_equal(e.text, "a page of orders: more than the limit of 1024 bytes");
    arena_reset(&arena);
    assert_int_equal(arena.used_bytes, 0);
    assert_null(arena_alloc(&arena, 1025));
    assert_non_null(arena_alloc(&arena, 1024));
}

static void absurd_sizes_are_refused(void **state TILL_UNUSED)
{
    AUTO_ARENA arena;
    arena_init(&arena, SIZE_MAX);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 15));
    assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_copy(&arena, "x", SIZE_MAX));
    assert_int_equal(arena.failure, TILL_LIMIT);
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 1));
}

static void fill(struct arena *arena)
{
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_alloc(arena, 50000));
}

static void reset_settles_at_one_block(void **state TILL_UNUSED)
{
    AUTO_ARENA arena;
    arena_init(&arena, 64 * 1024 * 1024);
    void *first = arena_alloc(&arena, 100);
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
    fill(&arena);
    assert_ptr_not_equal(arena.first, arena.current);
    arena_reset(&arena);
    fill(&arena);
    assert_ptr_equal(arena.first, arena.current);
#ifdef TILL_FAULTS
    long before = fault_passages("malloc");
    arena_reset(&arena);
    fill(&arena);
    assert_int_equal(fault_passages("malloc"), before);
#endif
}

static void copies(void **state TILL_UNUSED)
{
    AUTO_ARENA arena;
    arena_init(&arena, 4096);
    assert_string_equal(arena_copy(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_copy(&arena, NULL, 0), "");
    struct sv text = arena_sv(&arena, (struct sv){"a\0b", 3});
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.ptr, "a\0b", 4);
    int *numbers = arena_calloc(&arena, 10, sizeof *numbers);
    for (int i = 0; i < 10; i++)
        assert_int_equal(numbers[i], 0);
    assert_null(arena_sv(&arena, (struct sv){text.ptr, 100000}).ptr);
}

static void zeroed_one_can_be_released(void **state TILL_UNUSED)
{
    struct arena arena = {0};
    arena_release(&arena);
    assert_null(arena_alloc(&arena, 1));
    assert_int_equal(arena.failure, TILL_LIMIT);
}

#ifdef TILL_FAULTS
static void out_of_memory_is_told(void **state TILL_UNUSED)
{
    AUTO_ARENA arena;
    struct till_error e = {0};
    arena_init(&arena, 1024 * 1024);
    void *first = arena_alloc(&arena, 8);
    fault_arm("malloc", 1, false);
    assert_null(arena_alloc(&arena, 100000));
    assert_int_equal(arena_fail(&arena, "a report", &e), TILL_MEMORY);
    assert_string_equal(e.text, "a report: out of memory");
    assert_non_null(first);
    assert_non_null(arena_alloc(&arena, 100000)); // it works again
    fault_disarm();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(ceiling_is_exact),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(reset_settles_at_one_block),
        cmocka_unit_test(copies),
        cmocka_unit_test(zeroed_one_can_be_released),
#ifdef TILL_FAULTS
        cmocka_unit_test(out_of_memory_is_told),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
