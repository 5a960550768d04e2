// SPDX-License-Identifier: Apache-2.0
// schedule_test.c - when a table is due: cases, and a simulated machine whose clock is set, which sleeps, fails and restarts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sync/schedule.h"

static const int64_t minute_ms = 60000;
static const int64_t hour_ms = 3600000;
static const int64_t year_us = 31557600000000;
static const int64_t now_us = 1700000000000000;

static struct schedule_terms every(int64_t period_ms, int64_t last_us)
{
    return (struct schedule_terms){
        .is_scheduled = true, .last_us = last_us, .period_ms = period_ms};
}

static void due_times(void **state TILL_UNUSED)
{
    const struct {
        const char *what;
        int64_t ago_us, period_ms, wait_ms;
    } cases[] = {
        {"just now", 0, 15 * 60000, 15 * 60000},
        {"five minutes ago", 5 * 60000000LL, 15 * 60000, 10 * 60000},
        {"to the millisecond", 15 * 60000000LL, 15 * 60000, 0},
        {"long ago: once, not once for each interval", year_us, 15 * 60000, 0},
        {"in the future by an hour", -3600000000LL, 15 * 60000, 15 * 60000},
        {"in the future by years", -30 * year_us, 7 * 86400000, 7 * 86400000},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        struct schedule_terms terms = every(cases[i].period_ms, now_us - cases[i].ago_us);
        struct schedule_moment now = {.wall_us = now_us, .boot_ms = 5000000};
        struct schedule_entry entry = {0};
        schedule_observe(&entry, &terms, now);
        int64_t due_us = schedule_due_us(&terms, now_us);
        int64_t due_ms = schedule_due_ms(&entry);
        if (cases[i].wait_ms > 0 && (due_us != now_us + cases[i].wait_ms * 1000 ||
                                     due_ms != now.boot_ms + cases[i].wait_ms))
            fail_msg("%s: due at %lld, %lld", cases[i].what, (long long)due_us, (long long)due_ms);
        if (cases[i].wait_ms == 0 && (due_us > now_us || due_ms > now.boot_ms))
            fail_msg("%s: not due", cases[i].what);
        assert_int_equal(schedule_is_due(&entry, now), cases[i].wait_ms == 0);
    }
}

static void extremes_do_not_overflow(void **state TILL_UNUSED)
{
    const int64_t moments[] = {INT64_MIN, -1, 1, now_us, INT64_MAX};
    for (size_t i = 0; i < TILL_COUNT(moments); i++) {
        for (size_t k = 0; k < TILL_COUNT(moments); k++) {
            struct schedule_terms terms = every(7 * 24 * hour_ms, moments[i]);
            struct schedule_entry entry = {0};
            struct schedule_moment now = {.wall_us = moments[k], .boot_ms = 1};
            schedule_observe(&entry, &terms, now);
            (void)schedule_due_us(&terms, moments[k]);
            assert_true(schedule_due_ms(&entry) <= 1 + 7 * 24 * hour_ms);
        }
    }
}

static void off_and_never(void **state TILL_UNUSED)
{
    struct schedule_moment now = {.wall_us = now_us, .boot_ms = 1000};
    struct schedule_terms terms = every(hour_ms, 0);
    struct schedule_entry entry = {0};
    schedule_observe(&entry, &terms, now);
    assert_true(schedule_is_due(&entry, now)); // never ran
    assert_true(schedule_due_us(&terms, now_us) == now_us);
    terms.is_scheduled = false;
    schedule_observe(&entry, &terms, now);
    assert_false(schedule_is_due(&entry, now));
    assert_true(schedule_due_ms(&entry) == INT64_MAX);
    assert_true(schedule_due_us(&terms, now_us) == 0);
    // Its rows are purged while we watch: as if it had never run.
    terms = every(hour_ms, now_us);
    schedule_observe(&entry, &terms, now);
    assert_false(schedule_is_due(&entry, now));
    terms.last_us = 0;
    schedule_observe(&entry, &terms, now);
    assert_true(schedule_is_due(&entry, now));
}

static void backoff_doubles_up_to_an_hour(void **state TILL_UNUSED)
{
    assert_true(schedule_backoff_ms(0, 1) == 0);
    for (uint64_t seed = 0; seed < 3000; seed += 7) {
        int64_t least_ms = minute_ms;
        for (int64_t failures = 1; failures < 100; failures++) {
            int64_t delay_ms = schedule_backoff_ms(failures, seed);
            assert_true(delay_ms >= least_ms && delay_ms <= least_ms + least_ms / 4);
            assert_true(delay_ms <= hour_ms);
            least_ms = least_ms * 2 > 48 * minute_ms ? 48 * minute_ms : least_ms * 2;
        }
        assert_true(schedule_backoff_ms(INT64_MAX, seed) <= hour_ms);
    }
    // The same each time, and another one for another table or organization.
    uint64_t orders = schedule_seed(SV("a"), SV("orders"));
    assert_true(orders == schedule_seed(SV("a"), SV("orders")));
    assert_true(orders != schedule_seed(SV("a"), SV("refunds")));
    assert_true(orders != schedule_seed(SV("b"), SV("orders")));
    assert_true(orders != schedule_seed(SV("aorders"), SV("")));
}

static void a_hint_makes_it_due(void **state TILL_UNUSED)
{
    struct schedule_terms terms = every(hour_ms, now_us - 600000000);
    struct schedule_moment now = {.wall_us = now_us, .boot_ms = 5000000};
    struct schedule_entry entry = {0};
    schedule_observe(&entry, &terms, now);
    int64_t usual_ms = schedule_due_ms(&entry);
    terms.hinted_us = terms.last_us; // that run began after it
    schedule_observe(&entry, &terms, now);
    assert_true(schedule_due_ms(&entry) == usual_ms);
    terms.hinted_us = now_us - 200000;
    schedule_observe(&entry, &terms, now);
    assert_true(schedule_due_ms(&entry) == now.boot_ms - 200 + SCHEDULE_HINT_MS);
    terms.hinted_us = now_us; // the next one does not put it off
    schedule_observe(&entry, &terms, now);
    assert_true(schedule_due_ms(&entry) == now.boot_ms - 200 + SCHEDULE_HINT_MS);
    // A run follows, and another hint while it lasts: again, after a pause.
    schedule_begin(&entry, now);
    terms.last_us = now_us + 1;
    terms.hinted_us = now_us + 100000;
    struct schedule_moment later = {.wall_us = now_us + 300000, .boot_ms = now.boot_ms + 300};
    schedule_observe(&entry, &terms, later);
    schedule_end(&entry, true);
    assert_true(schedule_due_ms(&entry) == now.boot_ms + SCHEDULE_GAP_MS);
    terms.failure_count = 1; // a backoff is not shortened
    schedule_observe(&entry, &terms, later);
    assert_true(schedule_due_ms(&entry) == now.boot_ms + hour_ms);
    terms.failure_count = 0;
    terms.hinted_us = now_us + year_us; // by a clock that was set
    schedule_observe(&entry, &terms, later);
    assert_true(schedule_due_ms(&entry) == now.boot_ms + hour_ms);
    terms.hinted_us = 0;
    terms.is_scheduled = false;
    schedule_observe(&entry, &terms, later);
    assert_true(schedule_due_ms(&entry) == INT64_MAX);
}

static void terms_of_a_table(void **state TILL_UNUSED)
{
    const struct table *orders = model_table(TABLE_orders);
    struct store_table_state table = {
        .is_enabled = true, .last_started_us = now_us - 60000000, .last_finished_us = now_us};
    struct schedule_terms terms = schedule_terms(&table, orders, SV("a"), true, 15 * minute_ms);
    assert_true(terms.is_scheduled && terms.period_ms == 15 * minute_ms);
    assert_true(terms.last_us == now_us - 60000000); // an interval counts from the start
    table.every_ms = 5 * minute_ms;
    assert_true(schedule_terms(&table, orders, SV("a"), true, 15 * minute_ms).period_ms ==
                5 * minute_ms);
    table.failure_count = 2;
    terms = schedule_terms(&table, orders, SV("a"), true, 15 * minute_ms);
    assert_true(terms.last_us == now_us); // a backoff from the end
    assert_true(terms.period_ms >= 2 * minute_ms && terms.period_ms < 3 * minute_ms);
    terms = schedule_terms(&table, orders, SV("a"), false, 15 * minute_ms);
    assert_true(terms.period_ms == 24 * hour_ms); // no scope: not a failure, tried once a day
    table.every_ms = 7 * 24 * hour_ms;
    assert_true(schedule_terms(&table, orders, SV("a"), false, minute_ms).period_ms ==
                7 * 24 * hour_ms);
    table.is_enabled = false;
    assert_false(schedule_terms(&table, orders, SV("a"), true, minute_ms).is_scheduled);
}

static void a_shorter_interval_counts_at_once(void **state TILL_UNUSED)
{
    struct schedule_moment now = {.wall_us = now_us, .boot_ms = 0};
    struct schedule_terms terms = every(hour_ms, now_us);
    struct schedule_entry entry = {0};
    schedule_observe(&entry, &terms, now);
    now.boot_ms += 6 * minute_ms;
    now.wall_us += 6 * 60000000LL;
    assert_false(schedule_is_due(&entry, now));
    terms.period_ms = 5 * minute_ms;
    schedule_observe(&entry, &terms, now);
    assert_true(schedule_is_due(&entry, now));
}

static void a_run_that_did_not_reach_the_table(void **state TILL_UNUSED)
{
    struct schedule_moment now = {.wall_us = now_us, .boot_ms = hour_ms};
    struct schedule_terms terms = every(minute_ms * 5, now_us - 600000000);
    struct schedule_entry entry = {0};
    schedule_observe(&entry, &terms, now);
    assert_true(schedule_is_due(&entry, now));
    schedule_begin(&entry, now);
    schedule_observe(&entry, &terms, now); // no trace of it
    schedule_end(&entry, false);
    assert_true(schedule_is_due(&entry, now));
    schedule_begin(&entry, now);
    schedule_observe(&entry, &terms, now);
    schedule_end(&entry, true);
    assert_false(schedule_is_due(&entry, now));
}

static void tables_of_one_interval_stay_together(void **state TILL_UNUSED)
{
    struct schedule_moment now = {.wall_us = now_us, .boot_ms = hour_ms};
    struct schedule_terms terms = every(15 * minute_ms, now_us - 15 * 60000000LL + 20000000);
    struct schedule_entry entry = {0};
    schedule_observe(&entry, &terms, now);
    assert_false(schedule_is_due(&entry, now));
    assert_true(schedule_may_join(&entry, now)); // due in 20 s
    terms.last_us += 20000000;
    schedule_observe(&entry, &terms, now);
    assert_false(schedule_may_join(&entry, now)); // in 40 s
}

// ---- a machine of our own ----

enum { POLL_MS = 5000, STEPS = 6000, MACHINES = 200 };

struct machine {
    uint64_t chance_state;
    int64_t boot_ms, wall_us;
    // as the database has it
    struct store_table_state table;
    // in the process
    struct schedule_entry entry;
    // what truly happened, on the boot clock
    int64_t last_start_ms, last_end_ms;
    bool has_run, last_failed;
    int64_t runs;
    bool was_asleep; // since the last look
};

static uint64_t chance(struct machine *machine, uint64_t below)
{
    machine->chance_state ^= machine->chance_state << 13;
    machine->chance_state ^= machine->chance_state >> 7;
    machine->chance_state ^= machine->chance_state << 17;
    return machine->chance_state % below;
}

static void pass(struct machine *machine, int64_t ms)
{
    machine->boot_ms += ms;
    machine->wall_us += ms * 1000;
}

static struct schedule_moment moment(const struct machine *machine)
{
    return (struct schedule_moment){.wall_us = machine->wall_us, .boot_ms = machine->boot_ms};
}

static void observe(struct machine *machine)
{
    struct schedule_terms terms =
        schedule_terms(&machine->table, model_table(TABLE_orders), SV("a"), true, 15 * minute_ms);
    schedule_observe(&machine->entry, &terms, moment(machine));
}

static void work(struct machine *machine)
{
    schedule_begin(&machine->entry, moment(machine));
    machine->last_start_ms = machine->boot_ms;
    machine->table.last_started_us = machine->wall_us;
    pass(machine, 1 + (int64_t)chance(machine, 20000));
    if (chance(machine, 12) == 0) // the clock is set in the middle of the run
        machine->wall_us += (int64_t)chance(machine, 7200) * 1000000 - 3600000000;
    machine->table.last_finished_us = machine->wall_us;
    machine->last_failed = chance(machine, 3) == 0;
    machine->table.failure_count = machine->last_failed ? machine->table.failure_count + 1 : 0;
    machine->last_end_ms = machine->boot_ms;
    machine->has_run = true;
    machine->runs += 1;
    observe(machine);
    schedule_end(&machine->entry, true);
}

// What may happen to a machine between two looks.
static void live(struct machine *machine)
{
    int64_t due_ms = schedule_due_ms(&machine->entry);
    int64_t wait_ms = due_ms < machine->boot_ms ? 0 : due_ms - machine->boot_ms;
    machine->was_asleep = false;
    if (chance(machine, 50) == 0) {
        pass(machine, (int64_t)chance(machine, 100) * hour_ms); // suspend: both clocks go on
        machine->was_asleep = true;
    }
    if (chance(machine, 40) == 0)
        machine->wall_us += (int64_t)chance(machine, 14) * 3600000000 - 7 * 3600000000;
    if (chance(machine, 200) == 0)
        machine->wall_us += (chance(machine, 2) ? 1 : -1) * 20 * year_us;
    if (machine->wall_us < year_us)
        machine->wall_us = now_us;
    pass(machine, wait_ms > 0 && wait_ms < POLL_MS ? wait_ms : POLL_MS);
}

// Never twice within an interval (or a backoff), never later than the poll step after it, however the clock is set; after a sleep one run.
static void never_early_never_late(void **state TILL_UNUSED)
{
    for (uint64_t seed = 1; seed <= MACHINES; seed++) {
        struct machine machine = {.chance_state = seed * 0x9E3779B97F4A7C15u,
                                  .boot_ms = 1000,
                                  .wall_us = now_us,
                                  .table = {.is_enabled = true, .every_ms = 5 * minute_ms}};
        observe(&machine);
        for (int step = 0; step < STEPS; step++) {
            live(&machine);
            observe(&machine);
            bool is_due = schedule_is_due(&machine.entry, moment(&machine));
            int64_t since_ms = machine.boot_ms -
                               (machine.last_failed ? machine.last_end_ms : machine.last_start_ms);
            int64_t period_ms = machine.last_failed
                                    ? schedule_backoff_ms(machine.table.failure_count,
                                                          schedule_seed(SV("a"), SV("orders")))
                                    : 5 * minute_ms;
            if (is_due && machine.has_run && since_ms < period_ms)
                fail_msg("seed %llu: %lld ms early", (unsigned long long)seed,
                         (long long)(period_ms - since_ms));
            if (!is_due && (!machine.has_run || since_ms > period_ms + POLL_MS))
                fail_msg("seed %llu: %lld ms late", (unsigned long long)seed,
                         (long long)(since_ms - period_ms));
            if (is_due)
                work(&machine);
            assert_false(schedule_is_due(&machine.entry, moment(&machine)));
        }
        assert_true(machine.runs > 5);
    }
}

// A process that starts anew knows wall time alone: whatever the clock says, it waits for one period at most and does not run in a circle.
static void a_restart_under_a_wrong_clock(void **state TILL_UNUSED)
{
    const int64_t steps_us[] = {0, 3600000000, -3600000000, 40 * year_us, -40 * year_us};
    for (size_t i = 0; i < TILL_COUNT(steps_us); i++) {
        struct machine machine = {.chance_state = 7,
                                  .boot_ms = 1000,
                                  .wall_us = now_us + steps_us[i],
                                  .table = {.is_enabled = true,
                                            .every_ms = hour_ms,
                                            .last_started_us = now_us - 1800000000,
                                            .last_finished_us = now_us - 1800000000}};
        int64_t began_ms = machine.boot_ms;
        observe(&machine);
        while (!schedule_is_due(&machine.entry, moment(&machine)))
            pass(&machine, POLL_MS), observe(&machine);
        assert_true(machine.boot_ms - began_ms <= hour_ms + POLL_MS);
        machine.chance_state = 1;
        work(&machine);
        assert_false(schedule_is_due(&machine.entry, moment(&machine)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_times),
        cmocka_unit_test(extremes_do_not_overflow),
        cmocka_unit_test(off_and_never),
        cmocka_unit_test(backoff_doubles_up_to_an_hour),
        cmocka_unit_test(a_hint_makes_it_due),
        cmocka_unit_test(terms_of_a_table),
        cmocka_unit_test(a_shorter_interval_counts_at_once),
        cmocka_unit_test(a_run_that_did_not_reach_the_table),
        cmocka_unit_test(tables_of_one_interval_stay_together),
        cmocka_unit_test(never_early_never_late),
        cmocka_unit_test(a_restart_under_a_wrong_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
