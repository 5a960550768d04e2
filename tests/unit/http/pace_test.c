// SPDX-License-Identifier: Apache-2.0
// pace_test.c - the budget, checked against the worst moment at which a service could count each request.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/pace.h"

enum { EXCHANGES = 2000, IN_FLIGHT = 4 };

static uint32_t seed = 20261;
static uint32_t next_random(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static int compare(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, two = *(const int64_t *)b;
    return (one > two) - (one < two);
}

// Random latencies up to max_ms; the service counts each request at a random moment of it. Nothing may pass the budget in any 60 s, and the budget is used.
static void simulate(int64_t budget, uint32_t max_ms)
{
    static int64_t counted[EXCHANGES];
    int64_t ends[IN_FLIGHT];
    struct pace pace;
    struct till_error e = {0};
    int64_t now = 1000;
    size_t busy = 0, done = 0;
    assert_int_equal(pace_init(&pace, budget, &e), TILL_OK);
    while (done < EXCHANGES) {
        for (size_t i = 0; i < busy; i++)
            if (ends[i] <= now) {
                pace_end(&pace, now);
                ends[i--] = ends[--busy];
            }
        while (busy < IN_FLIGHT && done < EXCHANGES && pace_wait_ms(&pace, now) == 0) {
            uint32_t latency = next_random() % max_ms + 1;
            pace_begin(&pace);
            counted[done++] = now + next_random() % latency;
            ends[busy++] = now + latency;
        }
        now++;
    }
    pace_release(&pace);
    qsort(counted, EXCHANGES, sizeof counted[0], compare);
    for (size_t i = 0; i + (size_t)budget < EXCHANGES; i++)
        assert_true(counted[i + (size_t)budget] - counted[i] > PACE_WINDOW_MS);
    int64_t took_ms = counted[EXCHANGES - 1] -
                      counted[0]; // bounded by the budget or by latency, and by nothing else
    int64_t windows = EXCHANGES / budget + 1;
    assert_true(took_ms <= windows * (PACE_WINDOW_MS + (int64_t)max_ms) +
                               (int64_t)max_ms * EXCHANGES / IN_FLIGHT);
}

static void never_passes_the_budget(void **state)
{
    (void)state;
    simulate(250, 300);
    simulate(250, 5000);
    simulate(10, 2000);
    simulate(1000, 20);
}

static void says_how_long(void **state)
{
    (void)state;
    struct pace pace;
    struct till_error e = {0};
    assert_int_equal(pace_init(&pace, 2, &e), TILL_OK);
    assert_int_equal(pace_wait_ms(&pace, 0), 0);
    pace_begin(&pace);
    pace_begin(&pace);
    assert_int_equal(pace_wait_ms(&pace, 0), -1);
    pace_end(&pace, 100);
    pace_end(&pace, 500);
    assert_int_equal(pace_wait_ms(&pace, 1000), PACE_WINDOW_MS + 1 - 900);
    assert_int_equal(pace_wait_ms(&pace, 100 + PACE_WINDOW_MS), 1);
    assert_int_equal(pace_wait_ms(&pace, 101 + PACE_WINDOW_MS), 0);
    pace_release(&pace);
}

static void no_limit(void **state)
{
    (void)state;
    struct pace pace;
    struct till_error e = {0};
    assert_int_equal(pace_init(&pace, 0, &e), TILL_OK);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pace_wait_ms(&pace, 0), 0);
        pace_begin(&pace);
        pace_end(&pace, 0);
    }
    pace_release(&pace);
    assert_int_equal(pace_init(&pace, PACE_BUDGET_MAX + 1, &e), TILL_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_passes_the_budget),
        cmocka_unit_test(says_how_long),
        cmocka_unit_test(no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
