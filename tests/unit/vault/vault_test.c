// SPDX-License-Identifier: Apache-2.0
// vault_test.c - the choice of the place, and what is said about it. The desktop keyring itself: tests/contract/test_vault_secret_service.py.
#include "vault/vault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"

static void test_words(void **state)
{
    (void)state;
    struct till_error e = {0};
    enum vault_choice choice = VAULT_AUTO;
    const enum vault_choice all[] = {VAULT_AUTO, VAULT_SECRET_SERVICE, VAULT_FILE};
    for (size_t i = 0; i < TILL_COUNT(all); i++) {
        assert_int_equal(vault_choice_parse(vault_place_word(all[i]), &choice, &e), TILL_OK);
        assert_int_equal(choice, all[i]);
    }
    const char *const wrong[] = {"", "File", "keyring", "file ", NULL};
    for (size_t i = 0; i < TILL_COUNT(wrong); i++) {
        choice = VAULT_FILE;
        assert_int_equal(vault_choice_parse(wrong[i], &choice, &e), TILL_USAGE);
        assert_int_equal(choice, VAULT_FILE);
        assert_non_null(strstr(e.hint, "secret-service"));
    }
}

static void test_auto_without_bus_is_the_file_and_says_so(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct vault *vault = NULL;
    AUTO_BUF text;
    buf_init(&text, 8192);
    const struct vault_options options = {.choice = VAULT_AUTO, .folder = "/nonexistent/home"};
    assert_int_equal(vault_open(&options, &vault, &e), TILL_OK);
    assert_int_equal(vault_place(vault), VAULT_FILE);
    assert_int_equal(vault_key_source(vault), VAULT_KEY_FILE);
    vault_describe(vault, &text);
    assert_non_null(strstr(text.data, "/nonexistent/home/secrets.sealed"));
    assert_non_null(strstr(text.data, "there is no session bus"));
    assert_non_null(strstr(text.data, "no protection from anyone who can read your files"));
    vault_close(vault);
}

static void test_secret_service_without_bus_is_an_error(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct vault *vault = NULL;
    const struct vault_options options = {.choice = VAULT_SECRET_SERVICE, .folder = "/nonexistent"};
    assert_int_equal(vault_open(&options, &vault, &e), TILL_CONFIG);
    assert_null(vault);
    assert_non_null(strstr(e.text, "no session bus"));
    assert_non_null(strstr(e.hint, "TILL_KEYRING=file"));
}

static void test_dead_bus_is_an_error_not_a_fallback(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct vault *vault = NULL;
    const struct vault_options options = {.choice = VAULT_AUTO, .folder = "/nonexistent"};
    (void)setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    enum till_code code = vault_open(&options, &vault, &e);
    (void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
    assert_int_equal(code, TILL_CONFIG);
    assert_null(vault);
    assert_non_null(strstr(e.hint, "TILL_KEYRING=file"));
}

static void test_names_and_empty_secrets_are_refused(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct vault *vault = NULL;
    AUTO_SECRET secret = {0};
    AUTO_SECRET empty = {0};
    bool found = true;
    char longest[TILL_LIMIT_SECRET_NAME_BYTES + 2];
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    const char *const wrong[] = {"", "a b", "tab\t", "line\n", "\xc3\xa9", longest};
    const struct vault_options options = {.choice = VAULT_FILE, .folder = "/nonexistent"};
    assert_int_equal(vault_open(&options, &vault, &e), TILL_OK);
    assert_int_equal(secret_set(&secret, SV("s"), &e), TILL_OK);
    for (size_t i = 0; i < TILL_COUNT(wrong); i++) {
        assert_int_equal(vault_put(vault, wrong[i], &secret, &e), TILL_USAGE);
        assert_int_equal(vault_get(vault, wrong[i], &secret, &found, &e), TILL_USAGE);
        assert_int_equal(vault_remove(vault, wrong[i], &found, &e), TILL_USAGE);
    }
    assert_int_equal(vault_put(vault, "polar", &empty, &e), TILL_USAGE);
    assert_true(found);
    vault_close(vault);
}

static void test_empty_passphrase_is_refused(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct vault *vault = NULL;
    AUTO_SECRET empty = {0};
    const struct vault_options options = {
        .choice = VAULT_FILE, .folder = "/nonexistent", .passphrase = &empty};
    assert_int_equal(vault_open(&options, &vault, &e), TILL_CONFIG);
    assert_non_null(strstr(e.text, "passphrase is empty"));
}

static void test_path_ceiling(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct vault *vault = NULL;
    static char folder[TILL_LIMIT_PATH_BYTES];
    memset(folder, 'x', sizeof(folder) - 1);
    const struct vault_options options = {.choice = VAULT_FILE, .folder = folder};
    assert_int_equal(vault_open(&options, &vault, &e), TILL_LIMIT);
    assert_null(vault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_auto_without_bus_is_the_file_and_says_so),
        cmocka_unit_test(test_secret_service_without_bus_is_an_error),
        cmocka_unit_test(test_dead_bus_is_an_error_not_a_fallback),
        cmocka_unit_test(test_names_and_empty_secrets_are_refused),
        cmocka_unit_test(test_empty_passphrase_is_refused),
        cmocka_unit_test(test_path_ceiling),
    };
    (void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
    (void)unsetenv("XDG_RUNTIME_DIR");
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
