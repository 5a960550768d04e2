// SPDX-License-Identifier: Apache-2.0
// sealed_test.c - the sealed file on a real disk: three key sources, everything that may be wrong with the files, two writers at once, and
// failures of memory and disk at every point that has one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "vault/vault.h"

static char home[64];
static char file_path[128], key_path[128], credential_path[128];

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(home, sizeof(home), "/tmp/till-sealed-XXXXXX");
    if (!mkdtemp(home))
        return 1;
    (void)snprintf(file_path, sizeof(file_path), "%s/secrets.sealed", home);
    (void)snprintf(key_path, sizeof(key_path), "%s/secrets.key", home);
    (void)snprintf(credential_path, sizeof(credential_path), "%s/till-key", home);
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"secrets.sealed", "secrets.key", "secrets.lock", "till-key",
                                        "copy"};
    char path[128];
    for (size_t i = 0; i < TILL_COUNT(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", home, names[i]);
        (void)unlink(path);
    }
    return rmdir(home); // fails when a temporary file was left behind
}

static struct vault *open_with(const char *passphrase)
{
    struct till_error e = {0};
    struct vault *vault = NULL;
    AUTO_SECRET secret = {0};
    struct vault_options options = {.choice = VAULT_FILE, .folder = home};
    if (passphrase) {
        assert_int_equal(secret_set(&secret, sv_of(passphrase), &e), TILL_OK);
        options.passphrase = &secret;
    }
    enum till_code code = vault_open(&options, &vault, &e);
    if (code)
        fail_msg("vault_open: %s", e.text);
    return vault;
}

// The code of opening and getting, whichever fails first.
static enum till_code try_get(const char *passphrase, const char *name, struct till_error *e)
{
    struct till_error ignored = {0};
    struct vault *vault = NULL;
    AUTO_SECRET secret = {0};
    AUTO_SECRET got = {0};
    bool found = false;
    struct vault_options options = {.choice = VAULT_FILE, .folder = home};
    if (passphrase) {
        assert_int_equal(secret_set(&secret, sv_of(passphrase), &ignored), TILL_OK);
        options.passphrase = &secret;
    }
    enum till_code code = vault_open(&options, &vault, e);
    if (!code)
        code = vault_get(vault, name, &got, &found, e);
    vault_close(vault);
    assert_true(code == TILL_OK || !found);
    return code;
}

static enum till_code try_put(struct vault *vault, const char *name, const char *text,
                              struct till_error *e)
{
    struct till_error ignored = {0};
    AUTO_SECRET secret = {0};
    assert_int_equal(secret_set(&secret, sv_of(text), &ignored), TILL_OK);
    return vault_put(vault, name, &secret, e);
}

static void put(struct vault *vault, const char *name, const char *text)
{
    struct till_error e = {0};
    if (try_put(vault, name, text, &e) != TILL_OK)
        fail_msg("vault_put: %s", e.text);
}

static bool holds(struct vault *vault, const char *name, const char *text)
{
    struct till_error e = {0};
    AUTO_SECRET secret = {0};
    bool found = false;
    if (vault_get(vault, name, &secret, &found, &e) != TILL_OK)
        fail_msg("vault_get: %s", e.text);
    return found && sv_equal(secret_bytes(&secret), sv_of(text));
}

static bool lacks(struct vault *vault, const char *name)
{
    struct till_error e = {0};
    AUTO_SECRET secret = {0};
    bool found = true;
    assert_int_equal(vault_get(vault, name, &secret, &found, &e), TILL_OK);
    return !found && secret.len == 0;
}

static void read_file(const char *path, struct buf *bytes)
{
    struct till_error e = {0};
    buf_init(bytes, 1024 * 1024);
    assert_int_equal(fs_read(path, bytes, &e), TILL_OK);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    struct till_error e = {0};
    assert_int_equal(fs_write(path, (struct sv){bytes, len}, &e), TILL_OK);
}

static void assert_says(const struct till_error *e, const char *text)
{
    if (!strstr(e->text, text))
        fail_msg("\"%s\" does not say \"%s\"", e->text, text);
    if (e->hint[0] == '\0')
        fail_msg("\"%s\" has no hint", e->text);
}

static void test_life_of_a_secret(void **state)
{
    (void)state;
    struct till_error e = {0};
    bool found = true;
    struct vault *vault = open_with(NULL);
    assert_true(lacks(vault, "polar"));
    assert_int_equal(vault_remove(vault, "polar", &found, &e), TILL_OK);
    assert_false(found);
    assert_false(fs_exists(file_path));

    put(vault, "polar", "first");
    put(vault, "posthog", "other");
    put(vault, "polar", "second");
    assert_true(holds(vault, "polar", "second"));
    vault_close(vault);

    vault = open_with(NULL);
    assert_int_equal(vault_key_source(vault), VAULT_KEY_FILE);
    assert_true(holds(vault, "polar", "second"));
    assert_true(holds(vault, "posthog", "other"));
    assert_true(lacks(vault, "pola"));
    assert_int_equal(vault_remove(vault, "polar", &found, &e), TILL_OK);
    assert_true(found);
    assert_true(lacks(vault, "polar"));
    assert_true(holds(vault, "posthog", "other"));
    assert_int_equal(vault_remove(vault, "posthog", &found, &e), TILL_OK);
    assert_true(found);
    assert_false(fs_exists(file_path));
    vault_close(vault);
}

static void test_any_bytes_and_the_longest(void **state)
{
    (void)state;
    struct till_error e = {0};
    char bytes[TILL_LIMIT_TOKEN_BYTES];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(unsigned char)i;
    AUTO_SECRET secret = {0};
    AUTO_SECRET got = {0};
    bool found = false;
    struct vault *vault = open_with(NULL);
    assert_int_equal(secret_set(&secret, (struct sv){bytes, sizeof(bytes)}, &e), TILL_OK);
    assert_int_equal(vault_put(vault, "polar", &secret, &e), TILL_OK);
    assert_int_equal(vault_get(vault, "polar", &got, &found, &e), TILL_OK);
    assert_true(found);
    assert_true(secret_equal(&secret, &got));
    vault_close(vault);
}

static void test_files_are_private_and_show_nothing(void **state)
{
    (void)state;
    struct stat status;
    AUTO_BUF bytes;
    struct vault *vault = open_with(NULL);
    put(vault, "a-telling-name", "a-telling-secret");
    vault_close(vault);
    const char *const paths[] = {file_path, key_path};
    for (size_t i = 0; i < TILL_COUNT(paths); i++) {
        assert_int_equal(stat(paths[i], &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
    }
    read_file(file_path, &bytes);
    assert_null(memmem(bytes.data, bytes.len, "telling", 7));
}

static void test_full_house(void **state)
{
    (void)state;
    struct till_error e = {0};
    char name[TILL_LIMIT_SECRET_NAME_BYTES + 1], text[TILL_LIMIT_TOKEN_BYTES + 1];
    memset(name, 'n', sizeof(name) - 1);
    memset(text, 't', sizeof(text) - 1);
    name[sizeof(name) - 1] = text[sizeof(text) - 1] = '\0';
    struct vault *vault = open_with(NULL);
    for (int i = 0; i < TILL_LIMIT_SECRETS; i++) {
        name[0] = (char)('0' + i);
        put(vault, name, text);
    }
    assert_int_equal(try_put(vault, "one-more", "x", &e), TILL_LIMIT);
    assert_true(holds(vault, name, text));
    vault_close(vault);
}

static void test_passphrase(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct vault *vault = open_with("correct horse");
    assert_int_equal(vault_key_source(vault), VAULT_KEY_PASSPHRASE);
    put(vault, "polar", "secret");
    vault_close(vault);
    assert_false(fs_exists(key_path));
    vault = open_with("correct horse");
    assert_true(holds(vault, "polar", "secret"));
    vault_close(vault);

    assert_int_equal(try_get("Correct horse", "polar", &e), TILL_CONFIG);
    assert_says(&e, "the passphrase does not fit");
    assert_null(strstr(e.text, "horse"));
    vault = open_with("Correct horse");
    assert_int_equal(try_put(vault, "polar", "new", &e), TILL_CONFIG);
    vault_close(vault);
    vault = open_with("correct horse");
    assert_true(holds(vault, "polar", "secret"));
    vault_close(vault);
}

static void test_key_sources_are_not_swapped(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct vault *vault = open_with(NULL);
    put(vault, "polar", "secret");
    vault_close(vault);
    assert_int_equal(try_get("a passphrase", "polar", &e), TILL_CONFIG);
    assert_says(&e, "it was sealed with the key file \"secrets.key\", and now a passphrase would");

    static const char credential[32] = "0123456789abcdef0123456789abcde";
    write_file(credential_path, credential, sizeof(credential));
    (void)setenv("CREDENTIALS_DIRECTORY", home, 1);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    assert_says(&e, "now the systemd credential \"till-key\" would");
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    assert_int_equal(try_get(NULL, "polar", &e), TILL_OK);

    // A process that opened the vault before another one began the file with a different source.
    assert_int_equal(unlink(file_path), 0);
    vault = open_with(NULL);
    struct vault *other = open_with("a passphrase");
    put(other, "polar", "secret");
    assert_int_equal(try_put(vault, "polar", "new", &e), TILL_CONFIG);
    assert_says(&e, "it was sealed with a passphrase");
    vault_close(vault);
    vault_close(other);
}

static void test_credential(void **state)
{
    (void)state;
    struct till_error e = {0};
    static const char credential[33] = "0123456789abcdef0123456789abcdef";
    (void)setenv("CREDENTIALS_DIRECTORY", home, 1);
    write_file(credential_path, credential, 32);
    struct vault *vault = open_with(NULL);
    assert_int_equal(vault_key_source(vault), VAULT_KEY_CREDENTIAL);
    put(vault, "polar", "secret");
    vault_close(vault);
    assert_false(fs_exists(key_path));
    vault = open_with(NULL);
    assert_true(holds(vault, "polar", "secret"));
    assert_int_equal(unlink(credential_path), 0);
    put(vault, "polar", "the key is in memory");
    vault_close(vault);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG); // now the key file would open it
    assert_says(&e, "it was sealed with the systemd credential");

    write_file(credential_path, "0123456789abcdef0123456789abcdeF", 32);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    assert_says(&e, "does not fit");
    write_file(credential_path, credential, 31);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    assert_says(&e, "has 31 bytes");
    write_file(credential_path, credential, 32);
    assert_int_equal(chmod(credential_path, 0444), 0);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    assert_says(&e, "open to other users");
    assert_int_equal(chmod(credential_path, 0440), 0); // what an ACL's mask looks like
    assert_int_equal(try_get(NULL, "polar", &e), TILL_OK);
}

static void test_exposed_files_are_refused(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct vault *vault = open_with(NULL);
    put(vault, "polar", "secret");
    const char *const paths[] = {file_path, key_path};
    const mode_t modes[] = {0640, 0604, 0620, 0610, 0602};
    for (size_t i = 0; i < TILL_COUNT(paths); i++) {
        for (size_t j = 0; j < TILL_COUNT(modes); j++) {
            assert_int_equal(chmod(paths[i], modes[j]), 0);
            assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
            assert_says(&e, "open to other users");
        }
        assert_int_equal(chmod(paths[i], 0600), 0);
    }
    assert_true(holds(vault, "polar", "secret"));
    vault_close(vault);
}

// Somebody else's file: given away where we may (root), else one of root's, through a link.
static void test_files_of_others_are_refused(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct vault *vault = open_with(NULL);
    put(vault, "polar", "secret");
    vault_close(vault);
    const char *const paths[] = {key_path, file_path};
    for (size_t i = 0; i < TILL_COUNT(paths); i++) {
        if (geteuid() == 0) {
            assert_int_equal(chown(paths[i], 65534, 65534), 0);
        } else {
            assert_int_equal(unlink(paths[i]), 0);
            assert_int_equal(symlink("/etc/passwd", paths[i]), 0);
        }
        assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
        assert_says(&e, "belongs to user");
    }
}

static void test_odd_files_are_refused(void **state)
{
    (void)state;
    struct till_error e = {0};
    assert_int_equal(mkfifo(file_path, 0600), 0);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    assert_non_null(strstr(e.text, "not a regular file"));
    assert_int_equal(unlink(file_path), 0);

    static const char zeros[TILL_LIMIT_SECRET_FILE_BYTES + 1];
    write_file(file_path, zeros, sizeof(zeros));
    assert_int_equal(try_get(NULL, "polar", &e), TILL_LIMIT);
    write_file(file_path, zeros, sizeof(zeros) - 1);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    assert_says(&e, "not a file of sealed secrets");
    write_file(file_path, "tillseal\2 and what a later version may hold", 44);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    assert_says(&e, "has version 2");
}

static void test_lost_and_damaged_key_files(void **state)
{
    (void)state;
    struct till_error e = {0};
    AUTO_BUF key;
    struct vault *vault = open_with(NULL);
    put(vault, "polar", "secret");
    vault_close(vault);
    read_file(key_path, &key);
    assert_int_equal(key.len, 32);

    assert_int_equal(unlink(key_path), 0);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    assert_says(&e, "secrets.key\" is missing");
    vault = open_with(NULL);
    assert_int_equal(try_put(vault, "polar", "new", &e), TILL_CONFIG);
    vault_close(vault);
    assert_false(fs_exists(key_path)); // no new key for an old file

    write_file(key_path, key.data, 31);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    assert_says(&e, "31 bytes");
    key.data[7] ^= 1;
    write_file(key_path, key.data, 32);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    assert_says(&e, "does not fit");
    key.data[7] ^= 1;
    write_file(key_path, key.data, 32);
    assert_int_equal(try_get(NULL, "polar", &e), TILL_OK);
}

static void test_every_changed_byte_is_noticed(void **state)
{
    (void)state;
    AUTO_BUF bytes;
    struct vault *vault = open_with(NULL);
    put(vault, "polar", "secret");
    read_file(file_path, &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        struct till_error e = {0};
        bytes.data[i] = (char)(bytes.data[i] ^ 1 << i % 8);
        write_file(file_path, bytes.data, bytes.len);
        assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
        assert_says(&e, file_path);
        // The vault that was open before has the key already, and must not be taken in either.
        assert_int_equal(try_put(vault, "polar", "new", &e), TILL_CONFIG);
        bytes.data[i] = (char)(bytes.data[i] ^ 1 << i % 8);
    }
    for (size_t len = 0; len < bytes.len; len += 5) {
        struct till_error e = {0};
        write_file(file_path, bytes.data, len);
        assert_int_equal(try_get(NULL, "polar", &e), TILL_CONFIG);
    }
    write_file(file_path, bytes.data, bytes.len);
    assert_true(holds(vault, "polar", "secret"));
    vault_close(vault);
}

static int writer(int number)
{
    char name[32];
    struct till_error e = {0};
    for (int i = 0; i < 5; i++) {
        struct vault *vault = open_with(NULL);
        (void)snprintf(name, sizeof(name), "writer%d-%d", number, i);
        enum till_code code = try_put(vault, name, name, &e);
        if (!code)
            code = try_put(vault, "shared", name, &e);
        vault_close(vault);
        if (code) {
            (void)fprintf(stderr, "%s\n", e.text);
            return 1;
        }
    }
    return 0;
}

static void test_writers_at_once_lose_nothing(void **state)
{
    (void)state;
    enum { WRITERS = 6 };
    pid_t children[WRITERS];
    int status;
    char name[32];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(writer(i));
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    struct vault *vault = open_with(NULL);
    for (int i = 0; i < WRITERS * 5; i++) {
        (void)snprintf(name, sizeof(name), "writer%d-%d", i / 5, i % 5);
        assert_true(holds(vault, name, name));
    }
    assert_false(lacks(vault, "shared"));
    vault_close(vault);
}

#ifdef TILL_FAULTS
// After each failure the old secret is there, or the new one, and the next attempt succeeds.
static long fail_at_each_passage(const char *point, bool begins_anew)
{
    long passages = 1;
    for (long nth = 1; nth <= passages; nth++) {
        struct till_error e = {0};
        struct vault *vault = NULL;
        const struct vault_options options = {.choice = VAULT_FILE, .folder = home};
        AUTO_SECRET old_secret = {0};
        AUTO_SECRET new_secret = {0};
        assert_int_equal(secret_set(&old_secret, SV("old"), &e), TILL_OK);
        assert_int_equal(secret_set(&new_secret, SV("new"), &e), TILL_OK);
        (void)unlink(file_path);
        (void)unlink(key_path);
        if (!begins_anew) {
            vault = open_with(NULL);
            put(vault, "polar", "old");
            vault_close(vault);
            vault = NULL;
        }
        fault_arm(point, nth, false);
        enum till_code code = vault_open(&options, &vault, &e);
        if (!code)
            code = vault_put(vault, "polar", &new_secret, &e);
        passages = fault_passages(point);
        fault_disarm();
        vault_close(vault);
        if (code && e.text[0] == '\0')
            fail_msg("%s %ld: no text", point, nth);
        vault = open_with(NULL);
        bool has_new = holds(vault, "polar", "new");
        bool has_old = begins_anew ? lacks(vault, "polar") : holds(vault, "polar", "old");
        if (!(code ? has_new || has_old : has_new))
            fail_msg("%s %ld: neither the old secret nor the new one", point, nth);
        put(vault, "polar", "newer");
        assert_true(holds(vault, "polar", "newer"));
        vault_close(vault);
        assert_true(nth < 1000);
    }
    return passages;
}

static void test_failures_at_every_point(void **state)
{
    (void)state;
    static const char *const points[] = {
        "malloc",   "crypto.memory", "vault.read", "vault.lock",     "vault.write", "fs.create",
        "fs.write", "fs.sync",       "fs.rename",  "fs.sync_folder", "fs.open",     "fs.lock"};
    for (size_t i = 0; i < TILL_COUNT(points); i++) {
        if (fail_at_each_passage(points[i], false) == 0)
            fail_msg("%s is never passed", points[i]);
        (void)fail_at_each_passage(points[i], true); // nothing is read then
    }
    assert_true(fail_at_each_passage("vault.key", true) > 0);
}
#endif

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_life_of_a_secret),
        TEST(test_any_bytes_and_the_longest),
        TEST(test_files_are_private_and_show_nothing),
        TEST(test_full_house),
        TEST(test_passphrase),
        TEST(test_key_sources_are_not_swapped),
        TEST(test_credential),
        TEST(test_exposed_files_are_refused),
        TEST(test_files_of_others_are_refused),
        TEST(test_odd_files_are_refused),
        TEST(test_lost_and_damaged_key_files),
        TEST(test_every_changed_byte_is_noticed),
        TEST(test_writers_at_once_lose_nothing),
#ifdef TILL_FAULTS
        TEST(test_failures_at_every_point),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
