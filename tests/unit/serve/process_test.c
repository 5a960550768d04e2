// SPDX-License-Identifier: Apache-2.0
// process_test.c - a process that we start: this very test program, told by its arguments what to do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "serve/process.h"

enum { PATIENCE_MS = 20000 };

// ---- the other side ----

static int behave(const char *how)
{
    char text[64] = "";
    if (strcmp(how, "document") == 0) {
        (void)puts("{\"a\":1}");
        return 0;
    }
    if (strcmp(how, "echo") == 0) {
        size_t len = fread(text, 1, sizeof(text) - 1, stdin);
        (void)printf("[%zu]\n", len);
        (void)fprintf(stderr, "first\nsecond\n{\"error\":{\"class\":\"usage\"}}\n");
        return 2;
    }
    if (strcmp(how, "flood") == 0) {
        for (int i = 0; i < 3 * TILL_LIMIT_SERVE_JOB_BYTES / 16; i++)
            (void)fputs("0123456789abcde\n", stdout);
        return 0;
    }
    if (strcmp(how, "stubborn") == 0)
        (void)signal(SIGTERM, SIG_IGN);
    (void)puts("[0]");
    (void)fflush(stdout);
    (void)poll(NULL, 0, PATIENCE_MS * 3);
    return 0;
}

// ---- this side ----

static struct process start(const char *how, const char *input)
{
    char *arguments[] = {strdup("process_test"), strdup("--behave"), strdup(how), NULL};
    struct process process = {.id = 0};
    struct till_error e = {0};
    assert_int_equal(process_start(&process, arguments, sv_of(input), &e), TILL_OK);
    for (size_t i = 0; arguments[i]; i++)
        free(arguments[i]);
    assert_true(process_is_alive(&process));
    return process;
}

static void wait_for_end(struct process *process)
{
    int64_t until_ms = clock_monotonic_ms(&clock_system) + PATIENCE_MS;
    do {
        process_read(process);
        (void)poll(NULL, 0, 5);
        if (clock_monotonic_ms(&clock_system) > until_ms)
            fail_msg("it does not end");
    } while (!process_has_ended(process));
}

static void one_document(void **state)
{
    struct process process = start("document", NULL);
    AUTO_BUF error;
    buf_init(&error, 1024);
    (void)state;
    wait_for_end(&process);
    assert_int_equal(process.exit_status, 0);
    assert_true(sv_equal(process_document(&process), SV("{\"a\":1}")));
    assert_int_equal(process_last_words(&process).len, 0);
    process_error_json(&process, &error);
    assert_non_null(strstr(error.data, "status 0"));
    process_release(&process);
    process_release(&process); // harmless
}

static void a_secret_in_and_lines_out(void **state)
{
    struct process process = start("echo", "seven77");
    struct sv line;
    AUTO_BUF error;
    buf_init(&error, 1024);
    (void)state;
    int64_t until_ms = clock_monotonic_ms(&clock_system) + PATIENCE_MS;
    while (process.err.fd >= 0 || process.out.fd >= 0) {
        process_read(&process);
        assert_true(clock_monotonic_ms(&clock_system) < until_ms);
    }
    assert_true(process_line(&process.err, &line));
    assert_true(sv_equal(line, SV("first")));
    assert_true(process_line(&process.err, &line));
    assert_true(sv_equal(line, SV("second")));
    assert_false(process_line(&process.err, &line)); // its error stays
    wait_for_end(&process);
    assert_int_equal(process.exit_status, 2);
    assert_true(sv_equal(process_document(&process), SV("[7]")));
    process_error_json(&process, &error);
    assert_string_equal(error.data, "{\"class\":\"usage\"}");
    process_release(&process);
}

static void more_than_we_keep(void **state)
{
    struct process process = start("flood", NULL);
    (void)state;
    wait_for_end(&process);
    assert_true(process.out.is_cut);
    assert_true(process.out.text.len <= TILL_LIMIT_SERVE_JOB_BYTES);
    assert_null(process_document(&process).ptr);
    process_release(&process);
}

static void ended_by_us(void **state)
{
    static const char *const ways[] = {"patient", "stubborn"};
    static const int signals[] = {SIGTERM, SIGKILL};
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(ways); i++) {
        struct process process = start(ways[i], NULL);
        while (process.out.text.len == 0) // it has settled its signals
            process_read(&process);
        int64_t until_ms = clock_monotonic_ms(&clock_system) + PATIENCE_MS;
        while (process_end(&process)) {
            (void)poll(NULL, 0, 10);
            assert_true(clock_monotonic_ms(&clock_system) < until_ms);
        }
        assert_int_equal(process.exit_status, 128 + signals[i]);
        process_release(&process);
    }
    struct process left = start("patient", NULL); // released while it lives
    pid_t id = left.id;
    process_release(&left);
    assert_int_equal(kill(id, 0), -1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_document),
        cmocka_unit_test(a_secret_in_and_lines_out),
        cmocka_unit_test(more_than_we_keep),
        cmocka_unit_test(ended_by_us),
    };
    if (argc == 3 && strcmp(argv[1], "--behave") == 0)
        return behave(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
