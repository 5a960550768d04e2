// SPDX-License-Identifier: Apache-2.0
// clock_test.c - the system's clock, and a clock that a test moves.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "base/attr.h"
#include "base/clock.h"

static void system_clock_is_the_systems(void **state TILL_UNUSED)
{
    int64_t before_us = (int64_t)time(NULL) * 1000000;
    int64_t now_us = clock_now_us(&clock_system);
    int64_t after_us = ((int64_t)time(NULL) + 1) * 1000000;
    assert_true(before_us - 1000000 <= now_us && now_us <= after_us);
    int64_t first_ms = clock_monotonic_ms(&clock_system);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    assert_true(clock_monotonic_ms(&clock_system) - first_ms >= 19);
}

static int64_t test_now_us(const struct clock *clock)
{
    return *(const int64_t *)clock->context;
}

static void a_clock_can_be_moved_by_hand(void **state TILL_UNUSED)
{
    int64_t now_us = 5;
    struct clock clock = {.now_us = test_now_us, .context = &now_us};
    assert_int_equal(clock_now_us(&clock), 5);
    now_us = 7;
    assert_int_equal(clock_now_us(&clock), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_clock_is_the_systems),
        cmocka_unit_test(a_clock_can_be_moved_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
