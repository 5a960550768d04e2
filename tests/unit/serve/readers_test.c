// SPDX-License-Identifier: Apache-2.0
// readers_test.c - threads that answer: many tasks at once, no database, one that appears and one that is replaced, an end in the middle of work.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <unistd.h>

#include "serve/readers.h"
#include "serve/watcher.h"

enum { PATIENCE_MS = 30000, TASKS = 60 };

struct fixture {
    char folder[64], database[96];
    struct readers_options options;
    struct readers *readers;
    struct till_error e;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.folder = "/tmp/till-readers-XXXXXX"};
    *state = &fixture;
    if (!mkdtemp(fixture.folder))
        return -1;
    (void)snprintf(fixture.database, sizeof(fixture.database), "%s/till.db", fixture.folder);
    fixture.options = (struct readers_options){.database = fixture.database,
                                               .timezone = "UTC",
                                               .clock = &clock_system,
                                               .default_every_ms = 900000};
    return (int)readers_open(&fixture.options, &fixture.readers, &fixture.e);
}

static int teardown(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    struct fixture *fixture = *state;
    char path[128];
    readers_close(fixture->readers);
    for (size_t i = 0; i < TILL_COUNT(ends); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", fixture->database, ends[i]);
        (void)unlink(path);
    }
    return rmdir(fixture->folder);
}

static void make_database(struct fixture *fixture)
{
    struct store *store = NULL;
    assert_int_equal(store_open(fixture->database, STORE_READ_WRITE, &store, &fixture->e), TILL_OK);
    store_close(store);
}

static void ask(struct fixture *fixture, enum api_route route, const char *sql)
{
    struct reader_task *task = reader_task_new(route == API_state ? READER_STATUS : READER_ANSWER);
    assert_non_null(task);
    task->question = (struct api_question){.route = route, .body = sv_of(sql)};
    readers_submit(fixture->readers, route == API_query ? READER_PATIENT : READER_REPORTS, task);
}

static struct reader_task *take(struct fixture *fixture)
{
    struct pollfd ready = {.fd = readers_fd(fixture->readers), .events = POLLIN};
    struct reader_task *task = readers_take(fixture->readers);
    for (int i = 0; !task && i < PATIENCE_MS / 100; i++) {
        (void)poll(&ready, 1, 100);
        task = readers_take(fixture->readers);
    }
    assert_non_null(task);
    return task;
}

static void nothing_is_connected_until_it_is(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, API_tables, NULL);
    struct reader_task *task = take(fixture);
    assert_int_equal(task->code, TILL_CONFIG);
    assert_non_null(strstr(task->error.hint, "connect"));
    reader_task_free(task);
    ask(fixture, API_state, NULL);
    task = take(fixture);
    assert_int_equal(task->code, TILL_OK);
    assert_string_equal(task->out.data, "\"connections\":[],\"sources\":[]");
    reader_task_free(task);
    make_database(fixture);
    ask(fixture, API_schema, NULL);
    task = take(fixture);
    assert_int_equal(task->code, TILL_OK);
    reader_task_free(task);
}

static void many_at_once(void **state)
{
    static const enum api_route routes[] = {API_schema, API_state, API_runs, API_query,
                                            API_definitions};
    struct fixture *fixture = *state;
    int well = 0;
    make_database(fixture);
    for (int i = 0; i < TASKS; i++)
        ask(fixture, routes[i % 5], "SELECT count(*) FROM orders");
    for (int i = 0; i < TASKS; i++) {
        struct reader_task *task = take(fixture);
        well += task->code == TILL_OK || task->code == TILL_CONFIG;
        reader_task_free(task);
    }
    assert_int_equal(well, TASKS);
}

static void an_end_in_the_middle(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    for (int i = 0; i < TASKS; i++)
        ask(fixture, i % 2 ? API_schema : API_query, "SELECT 1");
    int64_t begun_ms = clock_monotonic_ms(&clock_system);
    readers_close(fixture->readers);
    fixture->readers = NULL;
    assert_true(clock_monotonic_ms(&clock_system) - begun_ms < PATIENCE_MS);
}

static void passwords(void **state)
{
    struct fixture *fixture = *state;
    struct session_password password = {.is_set = false};
    char path[128];
    assert_int_equal(session_password_write(fixture->folder, SV("long enough"), &fixture->e),
                     TILL_OK);
    assert_int_equal(session_password_read(fixture->folder, &password, &fixture->e), TILL_OK);
    for (int i = 0; i < 2; i++) {
        struct reader_task *task = reader_task_new(READER_PASSWORD);
        task->password = password;
        buf_text(&task->given, i == 0 ? "long enough" : "long enougg");
        readers_submit(fixture->readers, READER_PATIENT, task);
        task = take(fixture);
        assert_int_equal(task->is_right, i == 0);
        assert_null(task->given.data);
        reader_task_free(task);
    }
    (void)snprintf(path, sizeof(path), "%s/serve-password", fixture->folder);
    (void)unlink(path);
}

// ---- the watcher ----

static void commit(struct fixture *fixture, const char *name)
{
    struct store *store = NULL;
    const struct store_connection connection = {.service = "polar", .connected_at_us = 1};
    struct store_connection named = connection;
    (void)snprintf(named.name, sizeof(named.name), "%s", name);
    assert_int_equal(store_open(fixture->database, STORE_READ_WRITE, &store, &fixture->e), TILL_OK);
    assert_int_equal(store_connection_put(store, &named, &fixture->e), TILL_OK);
    store_close(store);
}

static void a_change_is_seen_once(void **state)
{
    struct fixture *fixture = *state;
    struct watcher watcher;
    bool is_replaced = true;
    char other[128];
    watcher_init(&watcher, fixture->database);
    assert_false(watcher_look(&watcher, &is_replaced));
    assert_false(is_replaced);
    uint64_t stamp = watcher.stamp;
    make_database(fixture);
    assert_true(watcher_look(&watcher, &is_replaced));
    assert_true(is_replaced);
    assert_true(watcher.stamp > stamp);
    assert_false(watcher_look(&watcher, &is_replaced));
    commit(fixture, "a");
    stamp = watcher.stamp;
    assert_true(watcher_look(&watcher, &is_replaced));
    assert_false(is_replaced);
    assert_true(watcher.stamp > stamp);
    assert_false(watcher_look(&watcher, &is_replaced));
    (void)snprintf(other, sizeof(other), "%s/other", fixture->folder);
    assert_int_equal(rename(fixture->database, other), 0);
    assert_true(watcher_look(&watcher, &is_replaced)); // gone
    assert_true(is_replaced);
    assert_false(watcher_look(&watcher, &is_replaced));
    assert_int_equal(rename(other, fixture->database), 0);
    assert_true(watcher_look(&watcher, &is_replaced));
    watcher_release(&watcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_connected_until_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(many_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_in_the_middle, setup, teardown),
        cmocka_unit_test_setup_teardown(passwords, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_is_seen_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
