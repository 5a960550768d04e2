// SPDX-License-Identifier: Apache-2.0
// config_test.c - loading, weighing the sources, and writing the file.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "config/config.h"

static char folder[64];
static struct config_places places;

static int enter(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    size_t count;
    const struct setting *settings = config_settings(&count);
    for (size_t i = 0; i < count; i++)
        unsetenv(settings[i].environment);
    memcpy(folder, "/tmp/till-config-XXXXXX", sizeof "/tmp/till-config-XXXXXX");
    return mkdtemp(folder) == NULL || config_places_find(folder, &places, &e) != TILL_OK;
}

static int remove_one(const char *path, const struct stat *status TILL_UNUSED, int kind TILL_UNUSED,
                      struct FTW *place TILL_UNUSED)
{
    return remove(path);
}

static int leave(void **state TILL_UNUSED)
{
    config_places_release(&places);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *text)
{
    struct till_error e = {0};
    assert_int_equal(fs_write(places.config_file, sv_of(text), &e), TILL_OK);
}

static struct config *load(void)
{
    struct config *config = NULL;
    struct till_error e = {0};
    if (config_load(&places, &config, &e) != TILL_OK)
        fail_msg("%s", e.text);
    return config;
}

static void assert_refused(const char *text, const char *message, const char *hint)
{
    struct config *config = NULL;
    struct till_error e = {0};
    write_file(text);
    assert_int_equal(config_load(&places, &config, &e), TILL_CONFIG);
    assert_null(config);
    if (strstr(e.text, message) == NULL)
        fail_msg("%s", e.text);
    if (strstr(e.hint, hint) == NULL)
        fail_msg("%s", e.hint);
}

static void defaults(void **state TILL_UNUSED)
{
    struct config *config = load();
    int line = 42;
    assert_int_equal(config_integer(config, "rate"), 250);
    assert_int_equal(config_integer(config, "query_timeout"), 10000);
    assert_int_equal(config_integer(config, "stale_after"), 26 * 3600 * 1000);
    assert_int_equal(config_integer(config, "tombstone_ceiling_percent"), 50);
    assert_string_equal(config_text(config, "polar_production_url"), "https://api.polar.sh");
    assert_string_equal(config_text(config, "timezone"), "");
    assert_string_equal(config_text(config, "keyring"), "auto");
    assert_int_equal(config_origin(config, "rate", &line), CONFIG_DEFAULT);
    assert_int_equal(line, 0);
    config_free(config);
    config_free(NULL);
}

static void later_sources_win(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    int line;
    write_file("# mine\nrate = 100\n[query]\ntimeout = 3s\n");
    setenv("TILL_QUERY_TIMEOUT", "4s", 1);
    setenv("TILL_COLOR", "never", 1);
    setenv("TILL_LOCALE", "", 1); // empty: as if unset
    struct config *config = load();
    assert_int_equal(config_integer(config, "rate"), 100);
    assert_int_equal(config_origin(config, "rate", &line), CONFIG_FROM_FILE);
    assert_int_equal(line, 2);
    assert_int_equal(config_integer(config, "query_timeout"), 4000);
    assert_int_equal(config_origin(config, "query_timeout", &line), CONFIG_FROM_ENVIRONMENT);
    assert_int_equal(line, 0);
    assert_string_equal(config_text(config, "color"), "never");
    assert_int_equal(config_origin(config, "locale", NULL), CONFIG_DEFAULT);
    assert_int_equal(config_set_flag(config, "rate", "max", &e), TILL_OK);
    assert_int_equal(config_integer(config, "rate"), 0);
    assert_string_equal(config_origin_word(config_origin(config, "rate", NULL)), "flag");
    config_free(config);
}

static void bad_files(void **state TILL_UNUSED)
{
    assert_refused(
        "rate = fast\n",
        "config.ini:1: rate must be a whole number from 1 to 1000000, or max, not \"fast\"", "");
    assert_refused("# c\n\nrat = 1\n", "config.ini:3: unknown setting \"rat\"",
                   "did you mean \"rate\"?");
    assert_refused("[query]\ntimeuot = 1s\n", "config.ini:2: unknown setting \"query.timeuot\"",
                   "did you mean \"query_timeout\"?");
    assert_refused("something_else_entirely = 1\n", "unknown setting", "config explain");
    assert_refused("rate = 1\n\nrate = 2\n", "config.ini:3: rate is already set in line 1",
                   "line 1 or line 3");
    assert_refused("query_timeout = 1s\n[query]\ntimeout = 2s\n",
                   "config.ini:3: query_timeout is already set in line 1", "");
    assert_refused("rate\n", "config.ini:1: not a setting", "#");
    assert_refused("color = \x1B[31m\n", "not \"\\u001b[31m\"", ""); // shown harmlessly
}

static void bad_environment_and_flags(void **state TILL_UNUSED)
{
    struct config *config = NULL;
    struct till_error e = {0};
    setenv("TILL_RATE", "0", 1);
    assert_int_equal(config_load(&places, &config, &e), TILL_CONFIG);
    assert_non_null(strstr(e.text, "TILL_RATE must be"));
    unsetenv("TILL_RATE");
    config = load();
    assert_int_equal(config_set_flag(config, "in_flight", "9", &e), TILL_USAGE);
    assert_non_null(strstr(e.text, "--in-flight must be"));
    assert_int_equal(config_integer(config, "in_flight"), 4);
    assert_int_equal(config_set_flag(config, "in_fligt", "1", &e), TILL_USAGE);
    assert_non_null(strstr(e.hint, "in_flight"));
    config_free(config);
}

static void too_large_and_unreadable_files(void **state TILL_UNUSED)
{
    struct config *config = NULL;
    struct till_error e = {0};
    static char text[TILL_LIMIT_CONFIG_BYTES + 2];
    memset(text, '\n', sizeof text - 1);
    write_file(text);
    assert_int_equal(config_load(&places, &config, &e), TILL_LIMIT);
    remove(places.config_file);
    assert_int_equal(mkdir(places.config_file, 0700), 0);
    assert_int_equal(config_load(&places, &config, &e), TILL_CONFIG);
    assert_int_equal(e.detail, EISDIR);
    assert_null(config);
}

static void assert_file(const char *expected)
{
    AUTO_BUF buf;
    struct till_error e = {0};
    buf_init(&buf, 10000);
    assert_int_equal(fs_read(places.config_file, &buf, &e), TILL_OK);
    assert_string_equal(buf.data, expected);
}

static void writing(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    rmdir(folder); // it is made
    assert_int_equal(config_write(&places, "rate", "100", &e), TILL_OK);
    assert_file("rate = 100\n");
    assert_false(fs_is_exposed(places.config_file));
    write_file("# mine\nrate = 100 ; slow\n\n[query]\ntimeout = 3s\n");
    assert_int_equal(config_write(&places, "rate", "max", &e), TILL_OK);
    assert_int_equal(config_write(&places, "query_timeout", "5s", &e), TILL_OK);
    assert_int_equal(config_write(&places, "timezone", "Europe/Berlin", &e), TILL_OK);
    assert_file("# mine\nrate = max ; slow\ntimezone = Europe/Berlin\n\n[query]\ntimeout = 5s\n");
    assert_int_equal(config_write(&places, "timezone", "", &e), TILL_OK);
    struct config *config = load();
    assert_string_equal(config_text(config, "timezone"), "");
    assert_int_equal(config_integer(config, "query_timeout"), 5000);
    config_free(config);
    write_file("rate = nonsense\n"); // a bad value can be mended
    assert_int_equal(config_write(&places, "rate", "7", &e), TILL_OK);
    assert_file("rate = 7\n");
}

static void refused_writes_change_nothing(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    write_file("rate = 100\n");
    assert_int_equal(config_write(&places, "rate", "0", &e), TILL_USAGE);
    assert_int_equal(config_write(&places, "rat", "1", &e), TILL_USAGE);
    assert_int_equal(config_write(&places, "locale", "a\nrate = 1", &e), TILL_USAGE);
    assert_int_equal(config_write(&places, "passphrase_file", "a ;b", &e), TILL_USAGE);
    assert_non_null(strstr(e.hint, "TILL_PASSPHRASE_FILE"));
    assert_int_equal(config_write(&places, "passphrase_file", " a", &e), TILL_USAGE);
    assert_file("rate = 100\n");
    write_file("rate = 100\nbad = 1\n");
    assert_int_equal(config_write(&places, "color", "never", &e), TILL_CONFIG);
    assert_non_null(strstr(e.text, ":2: unknown setting"));
    assert_file("rate = 100\nbad = 1\n");
}

#ifdef TILL_FAULTS
static void out_of_memory_at_every_point(void **state TILL_UNUSED)
{
    write_file("rate = 100\n[query]\ntimeout = 3s\n");
    setenv("TILL_COLOR", "never", 1);
    for (long nth = 1;; nth++) {
        struct config *config = NULL;
        struct till_error e = {0};
        fault_arm("malloc", nth, false);
        enum till_code code = config_load(&places, &config, &e);
        if (code == TILL_OK)
            code = config_set_flag(config, "rate", "max", &e);
        if (code == TILL_OK)
            code = config_write(&places, "rate", "max", &e);
        bool was_reached = fault_passages("malloc") >= nth;
        fault_disarm();
        config_free(config);
        if (!was_reached) {
            assert_int_equal(code, TILL_OK);
            assert_file("rate = max\n[query]\ntimeout = 3s\n");
            assert_true(nth > 20);
            return;
        }
        assert_int_equal(code, TILL_MEMORY);
        assert_file("rate = 100\n[query]\ntimeout = 3s\n");
    }
}

static void refusals_without_memory(void **state TILL_UNUSED)
{
    static const char *const texts[] = {"rate = fast\n", "rat = 1\n", "rate = 1\nrate = 1\n"};
    for (size_t i = 0; i < TILL_COUNT(texts); i++) {
        write_file(texts[i]);
        for (long nth = 1;; nth++) {
            struct config *config = NULL;
            struct till_error e = {0};
            fault_arm("malloc", nth, false);
            enum till_code code = config_load(&places, &config, &e);
            bool was_reached = fault_passages("malloc") >= nth;
            fault_disarm();
            assert_null(config);
            assert_int_equal(code, was_reached ? TILL_MEMORY : TILL_CONFIG);
            if (!was_reached)
                break;
        }
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, enter, leave),
        cmocka_unit_test_setup_teardown(later_sources_win, enter, leave),
        cmocka_unit_test_setup_teardown(bad_files, enter, leave),
        cmocka_unit_test_setup_teardown(bad_environment_and_flags, enter, leave),
        cmocka_unit_test_setup_teardown(too_large_and_unreadable_files, enter, leave),
        cmocka_unit_test_setup_teardown(writing, enter, leave),
        cmocka_unit_test_setup_teardown(refused_writes_change_nothing, enter, leave),
#ifdef TILL_FAULTS
        cmocka_unit_test_setup_teardown(out_of_memory_at_every_point, enter, leave),
        cmocka_unit_test_setup_teardown(refusals_without_memory, enter, leave),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
