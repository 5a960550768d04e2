// SPDX-License-Identifier: Apache-2.0
// ledger_test.c - one budget for all: clients on one file, other processes, processes that die, and files that are not what they should be.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/log.h"
#include "http/pace.h"

enum { BYTES = TILL_LIMIT_RATE_LEDGER_BYTES, START_MS = 5000000 };

// A clock that all processes of a test see.
static int64_t *shared_ms;
static int64_t fake_now_us(const struct clock *clock)
{
    (void)clock;
    return *shared_ms * 1000;
}
static int64_t fake_monotonic_ms(const struct clock *clock)
{
    (void)clock;
    return __atomic_load_n(shared_ms, __ATOMIC_SEQ_CST);
}
static const struct clock fake_clock = {fake_now_us, fake_monotonic_ms, NULL};

static char folder[64], path[96];

static int setup(void **state)
{
    (void)state;
    memcpy(folder, "/tmp/till-ledger-XXXXXX", sizeof "/tmp/till-ledger-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/rate", folder);
    shared_ms =
        mmap(NULL, sizeof *shared_ms, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared_ms == MAP_FAILED)
        return -1;
    *shared_ms = START_MS;
    log_set_level(LOG_LEVEL_ERROR);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    munmap(shared_ms, sizeof *shared_ms);
    return rmdir(folder);
}

static struct pace sharer(int64_t budget)
{
    struct pace pace;
    struct till_error e = {0};
    assert_int_equal(pace_init(&pace, budget, &e), TILL_OK);
    assert_int_equal(pace_share(&pace, path, &fake_clock, &e), TILL_OK);
    return pace;
}

// Whether an exchange may begin; when it may, it also ends at once.
static bool spends(struct pace *pace)
{
    struct pace_place place;
    if (pace_take(pace, *shared_ms, &place) != 0)
        return false;
    pace_end(pace, place, *shared_ms);
    return true;
}

static int spends_up_to(struct pace *pace, int count)
{
    int spent = 0;
    while (spent < count && spends(pace))
        spent++;
    return spent;
}

static void one_budget_for_two(void **state)
{
    (void)state;
    struct pace one = sharer(10), two = sharer(10);
    assert_int_equal(spends_up_to(&one, 7), 7);
    assert_int_equal(spends_up_to(&two, 100), 3);
    assert_false(spends(&one));
    *shared_ms += PACE_WINDOW_MS - SPENDING_STEP_MS;
    assert_false(spends(&one));
    assert_false(spends(&two));
    *shared_ms += 2 * SPENDING_STEP_MS + 1;
    assert_int_equal(spends_up_to(&two, 100) + spends_up_to(&one, 100), 10);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, BYTES);
    assert_int_equal(status.st_mode & 0777, 0600);
    pace_release(&one);
    pace_release(&two);
}

// What is under way counts, wherever it is; without a limit nobody is asked, and yet it counts.
static void counts_everybody(void **state)
{
    (void)state;
    struct pace free_one = sharer(0), two = sharer(5);
    struct pace_place place;
    assert_int_equal(pace_take(&free_one, *shared_ms, &place), 0);
    *shared_ms += PACE_WINDOW_MS + 1000;
    assert_int_equal(spends_up_to(&two, 100), 4);
    pace_end(&free_one, place, *shared_ms);
    *shared_ms += LEDGER_AGAIN_MS;
    assert_false(spends(&two));
    assert_int_equal(spends_up_to(&free_one, 50), 50);
    *shared_ms += PACE_WINDOW_MS + 1000;
    assert_int_equal(spends_up_to(&two, 100), 5);
    pace_release(&free_one);
    pace_release(&two);
}

// What was spent, and what was under way, before the organization was known.
static void brings_in_what_was_spent(void **state)
{
    (void)state;
    struct pace one, two = sharer(10);
    struct pace_place place;
    struct till_error e = {0};
    assert_int_equal(pace_init(&one, 10, &e), TILL_OK);
    assert_int_equal(spends_up_to(&one, 6), 6);
    assert_int_equal(pace_take(&one, *shared_ms, &place), 0);
    assert_int_equal(pace_share(&one, path, &fake_clock, &e), TILL_OK);
    assert_int_equal(spends_up_to(&two, 1), 1);
    pace_end(&one, place, *shared_ms);
    pace_release(&one); // it may have been its last
    assert_int_equal(spends_up_to(&two, 100), 2);
    *shared_ms += PACE_WINDOW_MS + SPENDING_STEP_MS;
    assert_int_equal(spends_up_to(&two, 100), 10);
    pace_release(&two);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pace_init(&one, 10, &e), TILL_OK);
    assert_int_equal(spends_up_to(&one, 6), 6);
    assert_int_equal(pace_share(&one, path, &fake_clock, &e), TILL_OK);
    pace_release(&one); // spends nothing more
    two = sharer(10);
    assert_int_equal(spends_up_to(&two, 100), 4);
    pace_release(&two);
}

// The one who came late gets each place that comes back, until both have spent the same; then they share.
static void the_poorest_goes_first(void **state)
{
    (void)state;
    struct pace rich = sharer(20), poor = sharer(20);
    int rich_got = 0, poor_got = 0;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(spends_up_to(&rich, 1), 1);
        *shared_ms += 2900;
    }
    for (int step = 0; step < 3000; step++, *shared_ms += 10) { // ten places come back
        rich_got += spends_up_to(&rich, 4);
        poor_got += spends_up_to(&poor, 4);
    }
    assert_true(poor_got >= 9);
    assert_true(rich_got <= 1);
    for (int step = 0; step < 6000; step++, *shared_ms += 10) {
        rich_got += spends_up_to(&rich, 4);
        poor_got += spends_up_to(&poor, 4);
    }
    assert_in_range(rich_got, 8, 13);
    assert_in_range(poor_got, 17, 22);
    // Who has stopped asking keeps nobody out.
    *shared_ms += PACE_WINDOW_MS + LEDGER_STALE_MS + SPENDING_STEP_MS;
    assert_int_equal(spends_up_to(&rich, 100), 20);
    pace_release(&rich);
    pace_release(&poor);
}

// A poor one whose own budget has no room does not keep a richer one out.
static void a_small_budget_blocks_nobody(void **state)
{
    (void)state;
    struct pace large = sharer(20), small = sharer(5);
    assert_int_equal(spends_up_to(&large, 6), 6);
    assert_false(spends(&small));
    assert_int_equal(spends_up_to(&large, 100), 14);
    pace_release(&large);
    pace_release(&small);
}

static void a_killed_process(void **state)
{
    (void)state;
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct pace pace = sharer(10);
        struct pace_place place;
        int taken = 0;
        while (taken < 4 && pace_take(&pace, *shared_ms, &place) == 0)
            taken++;
        if (taken != 4 || write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    assert_true(pid > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ready[0]);
    close(ready[1]);
    struct pace pace = sharer(10);
    assert_int_equal(spends_up_to(&pace, 100), 6); // nothing is freed at once
    *shared_ms += PACE_WINDOW_MS + SPENDING_STEP_MS;
    assert_int_equal(spends_up_to(&pace, 100), 6);
    *shared_ms += SPENDING_LONGEST_MS;
    assert_int_equal(spends_up_to(&pace, 100), 10); // nor held for ever
    pace_release(&pace);
}

// Many processes at once, killed at random moments: the sum is never passed, and the file stays good.
static void a_crowd(void **state)
{
    (void)state;
    enum { PROCESSES = 4, BUDGET = 400 };
    int *spent =
        mmap(NULL, sizeof *spent, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[PROCESSES];
    assert_true(spent != MAP_FAILED);
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct pace pace = sharer(BUDGET);
            struct pace_place place;
            for (;;) {
                if (pace_take(&pace, *shared_ms, &place) == 0) {
                    __atomic_add_fetch(spent, 1, __ATOMIC_SEQ_CST);
                    pace_end(&pace, place, *shared_ms);
                }
                pace.again_ms = 0; // the clock stands still
            }
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        usleep(20000);
        kill(pids[i], SIGKILL);
        assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
    }
    struct pace pace = sharer(BUDGET);
    *shared_ms += LEDGER_STALE_MS + 1; // marks of the dead
    int rest = spends_up_to(&pace, BUDGET);
    int sum = __atomic_load_n(spent, __ATOMIC_SEQ_CST) + rest;
    assert_in_range(sum, BUDGET - PROCESSES, BUDGET); // each may have died with a place
    assert_false(spends(&pace));
    pace_release(&pace);
    munmap(spent, sizeof *spent);
}

static void damage(const void *bytes, size_t count, off_t at, off_t length)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, length), 0);
    assert_int_equal(pwrite(fd, bytes, count, at), count);
    close(fd);
}

// Whatever happens to the file, those who live bring in what they have spent.
static void survives_damage(void **state)
{
    (void)state;
    static const struct {
        off_t at, length;
    } rows[] = {{0, BYTES},  {9, BYTES}, {17, BYTES},    {40, BYTES},       {100, BYTES},
                {80, BYTES}, {0, 5},     {0, BYTES / 2}, {3000, 3 * BYTES}, {BYTES - 5, BYTES}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pace one = sharer(10), two = sharer(10);
        assert_int_equal(spends_up_to(&one, 4), 4);
        assert_int_equal(spends_up_to(&two, 3), 3);
        damage("\xff\xfe\x01", 3, rows[i].at, rows[i].length);
        assert_int_equal(spends_up_to(&one, 1), 1);
        assert_int_equal(spends_up_to(&two, 1), 1);
        assert_int_equal(spends_up_to(&one, 100), 1);
        assert_false(spends(&two));
        pace_release(&one);
        pace_release(&two);
        assert_int_equal(unlink(path), 0);
    }
}

static void survives_removal(void **state)
{
    (void)state;
    struct pace one = sharer(10), two = sharer(10);
    assert_int_equal(spends_up_to(&one, 4), 4);
    assert_int_equal(spends_up_to(&two, 3), 3);
    assert_int_equal(unlink(path), 0);
    struct pace three = sharer(10);
    assert_int_equal(spends_up_to(&three, 1), 1);
    assert_int_equal(spends_up_to(&two, 1), 1);
    assert_int_equal(spends_up_to(&one, 100), 1);
    pace_release(&three);
    pace_release(&one);
    pace_release(&two);
}

static void another_boot(void **state)
{
    (void)state;
    struct pace before = sharer(10), after = sharer(10), future = sharer(10);
    assert_int_equal(spends_up_to(&before, 8), 8);
    memcpy(after.ledger.boot_id, "another", 8);
    assert_int_equal(spends_up_to(&after, 100), 10);
    // Where no boot has a name, a table of the future is one of another boot.
    assert_int_equal(unlink(path), 0);
    memset(before.ledger.boot_id, 0, sizeof before.ledger.boot_id);
    memset(future.ledger.boot_id, 0, sizeof future.ledger.boot_id);
    *shared_ms = START_MS + 1000;
    assert_int_equal(spends_up_to(&before, 1), 1);
    *shared_ms = 1000;
    assert_int_equal(spends_up_to(&future, 100), 10);
    pace_release(&before);
    pace_release(&after);
    pace_release(&future);
}

// A file that cannot be used: alone, and together again when it can.
static void alone_without_a_file(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    struct pace one = sharer(10), two = sharer(10);
    assert_int_equal(spends_up_to(&one, 100), 10);
    assert_int_equal(spends_up_to(&two, 100), 10);
    assert_int_equal(rmdir(path), 0);
    *shared_ms += LEDGER_REST_MS + 1000;
    assert_int_equal(spends_up_to(&one, 6), 6);
    assert_int_equal(spends_up_to(&two, 100), 4);
    pace_release(&one);
    pace_release(&two);
    assert_int_equal(unlink(path), 0);
    // A link is not followed: it may lead to a file that is somebody's.
    char other[112];
    struct stat status;
    snprintf(other, sizeof other, "%s-other", path);
    int fd = open(other, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(symlink(other, path), 0);
    one = sharer(3);
    assert_int_equal(spends_up_to(&one, 100), 3);
    pace_release(&one);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, 0);
    close(fd);
    assert_int_equal(unlink(other), 0);
}

// A holder that was stopped: we wait a moment, then go on alone, and together again later.
static void a_lock_that_never_comes(void **state)
{
    (void)state;
    struct pace one = sharer(10);
    assert_int_equal(spends_up_to(&one, 1), 1);
    int fd = open(path, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_false(spends(&one));
    *shared_ms += LEDGER_AGAIN_MS;
    assert_false(spends(&one));
    *shared_ms += TILL_LIMIT_RATE_LEDGER_LOCK_MS;
    assert_int_equal(spends_up_to(&one, 1), 1);
    *shared_ms += LEDGER_REST_MS / 2;
    assert_int_equal(spends_up_to(&one, 100), 8);
    close(fd);
    *shared_ms += LEDGER_REST_MS / 2 + 1000; // what was spent alone is brought in
    assert_int_equal(spends_up_to(&one, 1), 1);
    struct pace two = sharer(10);
    assert_int_equal(spends_up_to(&two, 100), 1);
    pace_release(&one);
    pace_release(&two);
}

#ifdef TILL_FAULTS
static void every_call_may_fail(void **state)
{
    (void)state;
    static const char *const points[] = {"ledger.open", "ledger.read", "ledger.write"};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        fault_arm(points[i], 1, true);
        struct pace one = sharer(10);
        assert_int_equal(spends_up_to(&one, 5), 5);
        assert_int_equal(one.ledger.fd, -1);
        fault_disarm();
        *shared_ms += LEDGER_REST_MS + 1;
        assert_int_equal(spends_up_to(&one, 1), 1);
        assert_true(one.ledger.fd >= 0);
        pace_release(&one);
    }
    struct pace pace;
    struct till_error e = {0};
    assert_int_equal(pace_init(&pace, 5, &e), TILL_OK);
    fault_arm("malloc", 1, true);
    assert_int_equal(pace_share(&pace, path, &fake_clock, &e), TILL_MEMORY);
    fault_disarm();
    assert_int_equal(spends_up_to(&pace, 100), 5);
    pace_release(&pace);
}
#endif

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(one_budget_for_two),
        WITH_FOLDER(counts_everybody),
        WITH_FOLDER(brings_in_what_was_spent),
        WITH_FOLDER(the_poorest_goes_first),
        WITH_FOLDER(a_small_budget_blocks_nobody),
        WITH_FOLDER(a_killed_process),
        WITH_FOLDER(a_crowd),
        WITH_FOLDER(survives_damage),
        WITH_FOLDER(survives_removal),
        WITH_FOLDER(another_boot),
        WITH_FOLDER(alone_without_a_file),
        WITH_FOLDER(a_lock_that_never_comes),
#ifdef TILL_FAULTS
        WITH_FOLDER(every_call_may_fail),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
