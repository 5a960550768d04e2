// SPDX-License-Identifier: Apache-2.0
// log_test.c - the log: levels, and that nothing from outside can forge a line.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"

static int saved_stderr, log_pipe[2];

static int capture(void **state TILL_UNUSED)
{
    saved_stderr = dup(STDERR_FILENO);
    return pipe2(log_pipe, O_NONBLOCK | O_CLOEXEC) != 0 || dup2(log_pipe[1], STDERR_FILENO) < 0;
}

static int restore(void **state TILL_UNUSED)
{
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(log_pipe[0]);
    close(log_pipe[1]);
    log_set_level(LOG_LEVEL_WARNING);
    return 0;
}

static const char *logged(void)
{
    static char text[4 * TILL_LIMIT_LOG_LINE_BYTES];
    ssize_t got = read(log_pipe[0], text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static void levels(void **state TILL_UNUSED)
{
    log_event(LOG_LEVEL_INFO, "page=%d", 3);
    assert_string_equal(logged(), "");
    log_event(LOG_LEVEL_WARNING, "page=%d", 3);
    assert_string_equal(logged(), "warning page=3\n");
    log_set_level(LOG_LEVEL_DEBUG);
    log_event(LOG_LEVEL_DEBUG, "x");
    log_event(LOG_LEVEL_ERROR, "y");
    assert_string_equal(logged(), "debug x\nerror y\n");
}

static void level_from_environment(void **state TILL_UNUSED)
{
    setenv("TILL_LOG", "Info", 1);
    log_set_level_from_environment();
    log_event(LOG_LEVEL_INFO, "a");
    log_event(LOG_LEVEL_DEBUG, "b");
    assert_string_equal(logged(), "info a\n");
    setenv("TILL_LOG", "nonsense", 1);
    log_set_level_from_environment();
    log_event(LOG_LEVEL_INFO, "c");
    assert_string_equal(logged(), "info c\n");
    unsetenv("TILL_LOG");
    log_set_level_from_environment();
    log_event(LOG_LEVEL_INFO, "d");
    assert_string_equal(logged(), "info d\n");
}

static void escapes(void **state TILL_UNUSED)
{
    log_event(LOG_LEVEL_ERROR, "%s",
              "a\nerror forged\x1B[31m\\ \x7F \xC2\x9B \xC2\xA0 \xC3\xA9 \xFF\xE2\x82");
    assert_string_equal(logged(), "error a\\x0aerror forged\\x1b[31m\\\\ \\x7f \\xc2\\x9b \xC2\xA0 "
                                  "\xC3\xA9 \\xff\n");
}

static void long_lines_are_cut(void **state TILL_UNUSED)
{
    char text[2 * TILL_LIMIT_LOG_LINE_BYTES];
    memset(text, '\n', sizeof text);
    text[sizeof text - 1] = '\0';
    log_event(LOG_LEVEL_ERROR, "%s", text);
    const char *line = logged();
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_true(strlen(line) <= TILL_LIMIT_LOG_LINE_BYTES + 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(levels, capture, restore),
        cmocka_unit_test_setup_teardown(level_from_environment, capture, restore),
        cmocka_unit_test_setup_teardown(escapes, capture, restore),
        cmocka_unit_test_setup_teardown(long_lines_are_cut, capture, restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
