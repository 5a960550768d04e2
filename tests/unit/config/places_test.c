// SPDX-License-Identifier: Apache-2.0
// places_test.c - where files are: --home, TILL_HOME, XDG, and none of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "config/config.h"

static int clean_environment(void **state TILL_UNUSED)
{
    unsetenv("TILL_HOME");
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", "/people/one", 1);
    return 0;
}

static struct config_places find(const char *home)
{
    struct config_places places;
    struct till_error e = {0};
    if (config_places_find(home, &places, &e) != TILL_OK)
        fail_msg("%s", e.text);
    return places;
}

static void one_folder(void **state TILL_UNUSED)
{
    setenv("TILL_HOME", "/elsewhere", 1);
    struct config_places places = find("/a/b//");
    assert_string_equal(places.home, "/a/b");
    assert_string_equal(places.config_folder, "/a/b");
    assert_string_equal(places.config_file, "/a/b/config.ini");
    assert_string_equal(places.data_folder, "/a/b");
    assert_string_equal(places.database, "/a/b/till.db");
    assert_string_equal(places.secrets_folder, "/a/b/secrets");
    assert_string_equal(places.lock_file, "/a/b/sync.lock");
    config_places_release(&places);
    places = find(NULL);
    assert_string_equal(places.home, "/elsewhere");
    config_places_release(&places);
    config_places_release(&places);
    places = find("/");
    assert_string_equal(places.database, "/till.db");
    config_places_release(&places);
}

static void relative_becomes_absolute(void **state TILL_UNUSED)
{
    assert_int_equal(chdir("/tmp"), 0);
    struct config_places places = find("shop");
    assert_string_equal(places.home, "/tmp/shop");
    config_places_release(&places);
    struct till_error e = {0};
    assert_int_equal(config_places_find("", &places, &e), TILL_USAGE);
}

static void xdg(void **state TILL_UNUSED)
{
    struct config_places places = find(NULL);
    assert_null(places.home);
    assert_string_equal(places.config_file, "/people/one/.config/till/config.ini");
    assert_string_equal(places.database, "/people/one/.local/share/till/till.db");
    config_places_release(&places);
    setenv("XDG_CONFIG_HOME", "/xc", 1);
    setenv("XDG_DATA_HOME", "relative/is/ignored", 1);
    setenv("TILL_HOME", "", 1);
    places = find(NULL);
    assert_string_equal(places.config_file, "/xc/till/config.ini");
    assert_string_equal(places.secrets_folder, "/people/one/.local/share/till/secrets");
    config_places_release(&places);
    unsetenv("HOME"); // the user database knows
    unsetenv("XDG_CONFIG_HOME");
    places = find(NULL);
    assert_int_equal(places.config_file[0], '/');
    config_places_release(&places);
}

static void too_long(void **state TILL_UNUSED)
{
    char path[5000];
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    struct config_places places;
    struct till_error e = {0};
    assert_int_equal(config_places_find(path, &places, &e), TILL_LIMIT);
    path[4090] = '\0'; // the folder fits, the files in it do not
    assert_int_equal(config_places_find(path, &places, &e), TILL_LIMIT);
    setenv("XDG_DATA_HOME", path, 1);
    assert_int_equal(config_places_find(NULL, &places, &e), TILL_LIMIT);
}

#ifdef TILL_FAULTS
static void out_of_memory_at_every_point(void **state TILL_UNUSED)
{
    static const char *const homes[] = {"/a/b", NULL};
    for (size_t i = 0; i < TILL_COUNT(homes); i++)
        for (long nth = 1;; nth++) {
            struct config_places places;
            struct till_error e = {0};
            fault_arm("malloc", nth, false);
            enum till_code code = config_places_find(homes[i], &places, &e);
            bool was_reached = fault_passages("malloc") >= nth;
            fault_disarm();
            if (!was_reached) {
                assert_int_equal(code, TILL_OK);
                config_places_release(&places);
                assert_true(nth > 6);
                break;
            }
            assert_int_equal(code, TILL_MEMORY);
        }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_folder, clean_environment),
        cmocka_unit_test_setup(relative_becomes_absolute, clean_environment),
        cmocka_unit_test_setup(xdg, clean_environment),
        cmocka_unit_test_setup(too_long, clean_environment),
#ifdef TILL_FAULTS
        cmocka_unit_test_setup(out_of_memory_at_every_point, clean_environment),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
