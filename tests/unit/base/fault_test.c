// SPDX-License-Identifier: Apache-2.0
// fault_test.c - fault points: counting, arming, the environment, the allocator.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/fault.h"

static void allocator_is_the_c_librarys(void **state TILL_UNUSED)
{
    char *text = till_strdup("abc");
    assert_string_equal(text, "abc");
    text = till_realloc(text, 100);
    assert_string_equal(text, "abc");
    till_free(text);
    till_free(NULL);
    unsigned char *zeroed = till_calloc(7, 3);
    for (int i = 0; i < 21; i++)
        assert_int_equal(zeroed[i], 0);
    till_free(zeroed);
    void *nothing[] = {till_malloc(0), till_calloc(0, 8), till_realloc(NULL, 0)};
    for (size_t i = 0; i < TILL_COUNT(nothing); i++) {
        assert_non_null(nothing[i]);
        till_free(nothing[i]);
    }
    volatile size_t huge = SIZE_MAX; // the compiler would object to the constant
    assert_null(till_calloc(huge, 2));
}

#ifdef TILL_FAULTS
// Runs first: the variable is set in main() and read at the first passage.
static void environment_arms(void **state TILL_UNUSED)
{
    assert_false(fault_point("test.environment"));
    assert_true(fault_point("test.environment"));
    assert_false(fault_point("test.environment"));
    assert_true(fault_point("test.ever"));
    assert_true(fault_point("test.ever"));
    assert_false(fault_point("test.bad"));
    fault_disarm();
}

static void nth_passage_fails_once(void **state TILL_UNUSED)
{
    fault_arm("test.a", 3, false);
    static const bool expected[] = {false, false, true, false, false};
    for (size_t i = 0; i < TILL_COUNT(expected); i++) {
        assert_int_equal(fault_point("test.a"), expected[i]);
        assert_false(fault_point("test.b"));
    }
    assert_int_equal(fault_passages("test.a"), 5);
    assert_int_equal(fault_passages("test.b"), 5);
    assert_int_equal(fault_passages("test.never"), 0);
    fault_disarm();
    assert_int_equal(fault_passages("test.a"), 0);
    assert_false(fault_point("test.a"));
}

static void for_ever_stays(void **state TILL_UNUSED)
{
    fault_arm("test.a", 2, true);
    assert_false(fault_point("test.a"));
    for (int i = 0; i < 5; i++)
        assert_true(fault_point("test.a"));
    fault_disarm();
    assert_false(fault_point("test.a"));
    fault_disarm();
}

static void two_points_at_once(void **state TILL_UNUSED)
{
    fault_arm("test.a", 1, false);
    fault_arm("test.b", 2, false);
    assert_true(fault_point("test.a"));
    assert_false(fault_point("test.b"));
    assert_true(fault_point("test.b"));
    fault_disarm();
}

static void memory_is_a_point(void **state TILL_UNUSED)
{
    fault_arm("malloc", 1, true);
    void *kept = malloc(10); // the C library's own is not counted
    assert_null(till_malloc(1));
    assert_null(till_calloc(1, 1));
    assert_null(till_realloc(kept, 20));
    assert_null(till_strdup("x"));
    assert_int_equal(fault_passages("malloc"), 4);
    fault_disarm();
    free(kept);
}
#endif

int main(void)
{
#ifdef TILL_FAULTS
    setenv("TILL_FAULT", "test.environment:2,test.ever:1:forever,test.bad:0,test.bad:1:x,,:", 1);
    setenv("TILL_LOG", "error", 1);
#endif
    const struct CMUnitTest tests[] = {
#ifdef TILL_FAULTS
        cmocka_unit_test(environment_arms),
        cmocka_unit_test(nth_passage_fails_once),
        cmocka_unit_test(for_ever_stays),
        cmocka_unit_test(two_points_at_once),
        cmocka_unit_test(memory_is_a_point),
#endif
        cmocka_unit_test(allocator_is_the_c_librarys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
