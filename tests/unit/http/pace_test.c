// SPDX-License-Identifier: Apache-2.0
// pace_test.c - the budget, checked against the worst moment at which a service could count each request.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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
    struct pace_place places[IN_FLIGHT];
    struct pace pace;
    struct till_error e = {0};
    int64_t now = 1000;
    size_t busy = 0, done = 0;
    assert_int_equal(pace_init(&pace, budget, &e), TILL_OK);
    while (done < EXCHANGES) {
        for (size_t i = 0; i < busy; i++)
            if (ends[i] <= now) {
                pace_end(&pace, places[i], now);
                busy--;
                places[i] = places[busy];
                ends[i--] = ends[busy];
            }
        while (busy < IN_FLIGHT && done < EXCHANGES && pace_take(&pace, now, &places[busy]) == 0) {
            uint32_t latency = next_random() % max_ms + 1;
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
    assert_true(took_ms <= windows * (PACE_WINDOW_MS + SPENDING_STEP_MS + (int64_t)max_ms) +
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
    struct pace_place one, two, no;
    struct till_error e = {0};
    assert_int_equal(pace_init(&pace, 2, &e), TILL_OK);
    assert_int_equal(pace_idle_ms(&pace, 0), 0);
    assert_int_equal(pace_take(&pace, 0, &one), 0);
    assert_int_equal(pace_take(&pace, 0, &two), 0);
    assert_true(pace_take(&pace, 0, &no) > PACE_WINDOW_MS);
    assert_true(pace_idle_ms(&pace, 50) > PACE_WINDOW_MS);
    pace_end(&pace, one, 100);
    assert_int_equal(pace_idle_ms(&pace, 100), 0); // that is worth a new look
    pace_end(&pace, two, 500);
    int64_t wait_ms = pace_take(&pace, 1000, &no);
    assert_in_range(wait_ms, PACE_WINDOW_MS - 900 + 1, PACE_WINDOW_MS - 900 + SPENDING_STEP_MS);
    assert_int_equal(pace_idle_ms(&pace, 1001), wait_ms - 1);
    assert_true(pace_take(&pace, 100 + PACE_WINDOW_MS, &no) > 0);
    assert_int_equal(pace_take(&pace, 1000 + wait_ms, &one), 0);
    assert_true(pace_take(&pace, 500 + PACE_WINDOW_MS, &no) > 0);
    pace_release(&pace);
}

static void no_limit(void **state)
{
    (void)state;
    struct pace pace;
    struct pace_place place;
    struct till_error e = {0};
    assert_int_equal(pace_init(&pace, 0, &e), TILL_OK);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pace_take(&pace, 0, &place), 0);
        pace_end(&pace, place, 0);
    }
    assert_int_equal(pace.own.total, 1000);
    pace_release(&pace);
    assert_int_equal(pace_init(&pace, PACE_BUDGET_MAX + 1, &e), TILL_LIMIT);
}

// One that never ends counts as long as a request may take, and 60 s more. A late end of it changes nothing for others.
static void forgets_what_never_ends(void **state)
{
    (void)state;
    enum { GONE_MS = SPENDING_LONGEST_MS + SPENDING_WINDOW_MS };
    struct spending spending = {0};
    spending_advance(&spending, 7000);
    int64_t place = spending_begin(&spending, 7000);
    spending_advance(&spending, 7000 + GONE_MS - 1);
    assert_int_equal(spending.total, 1);
    spending_advance(&spending, 7000 + GONE_MS + SPENDING_STEP_MS);
    assert_int_equal(spending.total, 0);
    int64_t other = spending_begin(&spending, 7000 + GONE_MS + SPENDING_STEP_MS);
    spending_end(&spending, place, 7000 + GONE_MS + SPENDING_STEP_MS);
    assert_int_equal(spending.total, 2);
    spending_end(&spending, other, 7000 + GONE_MS + SPENDING_STEP_MS);
    assert_int_equal(spending.total, 2);
    assert_in_range(spending_wait_ms(&spending, 1, 7000 + GONE_MS + SPENDING_STEP_MS),
                    SPENDING_WINDOW_MS + 1, SPENDING_WINDOW_MS + SPENDING_STEP_MS);
    spending_advance(&spending, 100 * (int64_t)GONE_MS); // a long pause empties it at once
    assert_int_equal(spending.total, 0);
    spending_advance(&spending, 0); // time does not go back
    assert_int_equal(spending.step, 100 * (int64_t)GONE_MS / SPENDING_STEP_MS);
    (void)spending_begin(&spending, 0); // and who is behind counts from there
    assert_int_equal(spending.total, 1);
    assert_true(spending_wait_ms(&spending, 1, 100 * (int64_t)GONE_MS) > 0);
}

static void tables_add_up(void **state)
{
    (void)state;
    struct spending one = {0}, two = {0};
    for (int i = 0; i < 10; i++) {
        spending_advance(&one, i * 1000);
        spending_end(&one, 0, i * 1000);
    }
    spending_advance(&two, SPENDING_WINDOW_MS + 5000);
    (void)spending_begin(&two, SPENDING_WINDOW_MS + 5000);
    spending_add(&two, &one); // those of the seconds 0 to 4 have been given back by now
    assert_int_equal(two.total, 1 + 5);
    uint32_t sum = 0;
    for (size_t i = 0; i < SPENDING_STEPS; i++)
        sum += two.counts[i];
    assert_int_equal(sum, two.total);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_passes_the_budget),
        cmocka_unit_test(says_how_long),
        cmocka_unit_test(no_limit),
        cmocka_unit_test(forgets_what_never_ends),
        cmocka_unit_test(tables_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
