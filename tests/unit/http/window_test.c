// SPDX-License-Identifier: Apache-2.0
// window_test.c - the service's window as we guess it, against a service that has one.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/window.h"

enum { IN_FLIGHT = 4, MINUTE_MS = 60000 };

// The service: a fixed window from its first counted request on.
struct service {
    int64_t since_ms;
    int budget, used;
};

static bool service_counts(struct service *service, int64_t at_ms)
{
    if (service->since_ms < 0 || at_ms - service->since_ms >= MINUTE_MS) {
        service->since_ms = at_ms;
        service->used = 0;
    }
    if (service->used == service->budget)
        return false;
    service->used++;
    return true;
}

struct flight {
    int64_t begun_ms, counted_ms, ends_ms;
    bool is_refused, is_sent;
};

struct run {
    struct window window;
    struct service service;
    struct flight flights[IN_FLIGHT];
    int active, passed, refused;
    int64_t hold_until_ms, last_refused_ms;
    bool is_held;
    int stolen_every_ms; // another client of the same organization; 0: none
};

static void run_ends(struct run *run, int64_t now)
{
    for (int i = 0; i < run->active; i++) {
        struct flight *flight = &run->flights[i];
        if (!flight->is_sent && flight->counted_ms <= now) {
            flight->is_refused = !service_counts(&run->service, now);
            flight->is_sent = true;
        }
        if (flight->ends_ms > now)
            continue;
        if (flight->begun_ms >= run->hold_until_ms)
            run->is_held = false;
        if (flight->is_refused) {
            run->refused++;
            int64_t wait_ms = window_refused(&run->window, flight->begun_ms, now, MINUTE_MS) + 1;
            if (now + wait_ms > run->hold_until_ms)
                run->hold_until_ms = now + wait_ms;
            run->is_held = true;
            run->last_refused_ms = now;
        } else {
            run->passed++;
            window_passed(&run->window, flight->begun_ms, now, false);
        }
        run->flights[i--] = run->flights[--run->active];
    }
}

static void run_for(struct run *run, int64_t from_ms, int64_t to_ms, int latency_ms)
{
    for (int64_t now = from_ms; now < to_ms; now++) {
        if (run->stolen_every_ms > 0 && now % run->stolen_every_ms == 0)
            (void)service_counts(&run->service, now);
        run_ends(run, now);
        while (now >= run->hold_until_ms) {
            bool is_alone = run->is_held || window_is_near_end(&run->window, run->active, now);
            if (run->active >= (is_alone ? 1 : IN_FLIGHT))
                break;
            int64_t up_ms = 1 + (now * 7919) % latency_ms;
            run->flights[run->active++] =
                (struct flight){now, now + up_ms, now + latency_ms + 1, false, false};
        }
    }
}

static struct run run_new(int budget)
{
    struct run run = {.service = {.since_ms = -1, .budget = budget}};
    window_init(&run.window);
    return run;
}

// Alone: nearly the whole budget of every window, and one refusal in each at most.
static void uses_the_budget(void **state)
{
    (void)state;
    static const int latencies_ms[] = {1, 20, 100, 300};
    for (size_t i = 0; i < sizeof latencies_ms / sizeof latencies_ms[0]; i++) {
        struct run run = run_new(500);
        for (int window = 0; window < 20; window++) {
            int passed = run.passed, refused = run.refused;
            int64_t from_ms = 1000 + window * (int64_t)MINUTE_MS;
            run_for(&run, from_ms, from_ms + MINUTE_MS, latencies_ms[i]);
            assert_true(run.passed - passed >= 475);
            assert_true(run.refused - refused <= 1);
        }
    }
}

// The sandbox has less than expected: the first window costs what was under way, the next ones one refusal each.
static void learns_a_smaller_budget(void **state)
{
    (void)state;
    struct run run = run_new(100);
    run_for(&run, 1000, 61000, 50);
    assert_in_range(run.refused, 1, IN_FLIGHT);
    int refused = run.refused, passed = run.passed;
    run_for(&run, 61000, 61000 + 10 * (int64_t)MINUTE_MS, 50);
    assert_true(run.refused - refused <= 10);
    assert_true(run.passed - passed >= 950);
}

// A service without a limit, or with a far larger one: a few go one at a time, and then never again.
static void learns_that_there_is_none(void **state)
{
    (void)state;
    struct window window;
    window_init(&window);
    int alone = 0;
    for (int i = 0; i < 5000; i++) {
        alone += window_is_near_end(&window, 0, 1000 + i);
        window_passed(&window, 1000 + i, 1001 + i, false);
    }
    assert_in_range(alone, 1, 2 * WINDOW_CARE + 1);
    assert_int_equal(window.expected, INT64_MAX);
    assert_false(window_is_near_end(&window, 4, 7000));
}

// Others spend too: refused earlier than expected, then in time, and back at the usual number once they have stopped.
static void follows_other_clients(void **state)
{
    (void)state;
    struct run run = run_new(500);
    run.stolen_every_ms = 200;
    run_for(&run, 1000, 1000 + 10 * (int64_t)MINUTE_MS, 20);
    assert_in_range(run.refused, 1, 10 * IN_FLIGHT);
    assert_true(run.window.expected < 500);
    run.stolen_every_ms = 0;
    run_for(&run, 601000, 601000 + 3 * (int64_t)MINUTE_MS, 20);
    assert_in_range(run.window.expected, 495, 500);
}

static void waits_for_the_rest_only(void **state)
{
    (void)state;
    struct window window;
    window_init(&window);
    assert_int_equal(window_refused(&window, 10, 20, MINUTE_MS), MINUTE_MS); // no window known
    window_passed(&window, 100, 200, true); // a cold token: counted elsewhere
    assert_int_equal(window_refused(&window, 210, 220, MINUTE_MS), MINUTE_MS);
    window_passed(&window, 210, 300, false); // the window began at 300 at the latest
    assert_int_equal(window_refused(&window, 5000, 5300, MINUTE_MS), 55000);
    assert_int_equal(window_refused(&window, 5010, 5350, MINUTE_MS), 54950); // another of that time
    assert_int_equal(window.expected, 1);
    assert_int_equal(window_refused(&window, 5000, 5300, 1000), 1000); // another limit
    assert_int_equal(window_refused(&window, 5000, 5300, 1800000), 1800000);
    assert_int_equal(window_refused(&window, 5000, 5300, -1), -1);
    assert_int_equal(window_refused(&window, 59000, 60400, MINUTE_MS), 0); // the answer was slow
    // refused again after its end: not the window we know
    assert_int_equal(window_refused(&window, 60301, 60320, MINUTE_MS), MINUTE_MS);
    window_passed(&window, 60301, 60400, false);
    assert_int_equal(window_refused(&window, 60500, 60600, MINUTE_MS), 59800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_the_budget),           cmocka_unit_test(learns_a_smaller_budget),
        cmocka_unit_test(learns_that_there_is_none), cmocka_unit_test(follows_other_clients),
        cmocka_unit_test(waits_for_the_rest_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
