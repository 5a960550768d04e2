// SPDX-License-Identifier: Apache-2.0
// fs_test.c - files: private folders, bounded reads, whole-or-nothing writes, locks between processes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"

static char folder[64];

static int enter(void **state TILL_UNUSED)
{
    memcpy(folder, "/tmp/till-fs-XXXXXX", sizeof "/tmp/till-fs-XXXXXX");
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int remove_one(const char *path, const struct stat *status TILL_UNUSED, int kind TILL_UNUSED,
                      struct FTW *place TILL_UNUSED)
{
    return remove(path);
}

static int leave(void **state TILL_UNUSED)
{
    return chdir("/") != 0 || nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0;
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void assert_content(const char *path, const char *expected)
{
    AUTO_BUF buf;
    struct till_error e = {0};
    buf_init(&buf, 100000);
    assert_int_equal(fs_read(path, &buf, &e), TILL_OK);
    assert_string_equal(buf.data, expected);
}

#ifdef TILL_FAULTS
static int is_left_behind(const char *path, const struct stat *status TILL_UNUSED,
                          int kind TILL_UNUSED, struct FTW *place TILL_UNUSED)
{
    return strstr(path, "file.") != NULL; // stops the walk at a temporary file that was left behind
}
#endif

static void make_folders(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    umask(0);
    assert_int_equal(fs_make_folder("a/b//c/", &e), TILL_OK);
    umask(022);
    assert_int_equal(mode_of("a"), 0700);
    assert_int_equal(mode_of("a/b/c"), 0700);
    assert_int_equal(fs_make_folder("a/b/c", &e), TILL_OK);
    assert_int_equal(fs_make_folder("/", &e), TILL_OK);
    assert_int_equal(fs_make_folder("", &e), TILL_CONFIG);
    assert_int_equal(fs_write("file", SV("x"), &e), TILL_OK);
    assert_int_equal(fs_make_folder("file", &e), TILL_CONFIG);
    assert_int_equal(e.detail, ENOTDIR);
    assert_int_equal(fs_make_folder("file/below", &e), TILL_CONFIG);
    assert_true(e.hint[0] != '\0');
}

static void reads(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    struct till_error e = {0};
    buf_init(&buf, 5);
    assert_int_equal(fs_read("file", &buf, &e), TILL_CONFIG);
    assert_int_equal(e.detail, ENOENT);
    assert_non_null(strstr(e.text, "\"file\""));
    assert_int_equal(fs_write("file", SV("12345"), &e), TILL_OK);
    assert_int_equal(fs_read("file", &buf, &e), TILL_OK);
    assert_string_equal(buf.data, "12345");
    assert_int_equal(fs_write("file", SV("123456"), &e), TILL_OK);
    buf_reset(&buf);
    assert_int_equal(fs_read("file", &buf, &e), TILL_LIMIT);
    assert_int_equal(buf.len, 0);
    assert_int_equal(fs_read(".", &buf, &e), TILL_CONFIG);
    assert_int_equal(e.detail, EISDIR);
    assert_int_equal(fs_write("file", SV(""), &e), TILL_OK);
    assert_int_equal(fs_read("file", &buf, &e), TILL_OK);
    assert_int_equal(buf.len, 0);
}

static void reads_append_and_take_pipes(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    struct till_error e = {0};
    buf_init(&buf, 100000);
    buf_text(&buf, "before ");
    int ends[2];
    char path[32];
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    assert_int_equal(write(ends[1], "through a pipe", 14), 14);
    close(ends[1]);
    assert_int_equal(fs_read(path, &buf, &e), TILL_OK);
    assert_string_equal(buf.data, "before through a pipe");
    close(ends[0]);
}

static void writes_are_private_and_follow_links(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    assert_int_equal(fs_write("file", SV("one"), &e), TILL_OK);
    assert_int_equal(mode_of("file"), 0600);
    assert_false(fs_is_exposed("file"));
    chmod("file", 0640);
    assert_true(fs_is_exposed("file"));
    assert_false(fs_is_exposed("missing"));
    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(fs_write("link", SV("two"), &e), TILL_OK);
    struct stat status;
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_content("file", "two");
    char absolute[128];
    snprintf(absolute, sizeof absolute, "%s/file", folder);
    assert_int_equal(fs_write(absolute, SV("three"), &e), TILL_OK);
    assert_content("file", "three");
    assert_int_equal(fs_write("missing/file", SV("x"), &e), TILL_CONFIG);
    assert_int_equal(e.detail, ENOENT);
    char path[5000];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_int_equal(fs_write(path, SV("x"), &e), TILL_CONFIG);
}

static void removes(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    assert_int_equal(fs_write("file", SV("one"), &e), TILL_OK);
    assert_true(fs_exists("file"));
    assert_int_equal(fs_remove("file", &e), TILL_OK);
    assert_false(fs_exists("file"));
    assert_int_equal(fs_remove("file", &e), TILL_OK);
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(fs_remove("folder", &e), TILL_CONFIG);
    assert_true(fs_exists("folder"));
}

// A child holds the lock until its end of the pipe is closed.
static pid_t hold_in_child(int *ret_go)
{
    int ready[2], go[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        struct fs_lock lock = {.fd = -1};
        struct till_error e = {0};
        char holder[TILL_LIMIT_LOCK_HOLDER_BYTES];
        close(go[1]);
        enum till_code code =
            fs_lock_take("lock", "till sync (process 7)\nforged", 0, &lock, holder, &e);
        char byte = code == TILL_OK ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1)
            (void)!read(go[0], &byte, 1);
        _exit(0); // without a release, as kill -9 would
    }
    char byte = 'n';
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close(ready[0]);
    close(ready[1]);
    close(go[0]);
    *ret_go = go[1];
    return child;
}

// A lock file empties itself: one that leads to another file must not be followed.
static void locks_follow_no_links(void **state TILL_UNUSED)
{
    struct fs_lock lock = {.fd = -1};
    struct till_error e = {0};
    char holder[TILL_LIMIT_LOCK_HOLDER_BYTES] = "";
    struct stat status;
    assert_int_equal(fs_write("precious", SV("precious"), &e), TILL_OK);
    assert_int_equal(symlink("precious", "planted"), 0);
    assert_int_equal(fs_lock_take("planted", "first", 0, &lock, holder, &e), TILL_CONFIG);
    assert_int_equal(unlink("planted"), 0);
    assert_int_equal(link("precious", "planted"), 0);
    till_error_clear(&e);
    assert_int_equal(fs_lock_take("planted", "first", 0, &lock, holder, &e), TILL_CONFIG);
    assert_true(e.hint[0] != '\0');
    assert_int_equal(unlink("planted"), 0);
    assert_int_equal(mkfifo("planted", 0600), 0);
    till_error_clear(&e);
    assert_int_equal(fs_lock_take("planted", "first", 0, &lock, holder, &e), TILL_CONFIG);
    assert_int_equal(stat("precious", &status), 0);
    assert_int_equal(status.st_size, 8);
    assert_int_equal(unlink("planted"), 0);
    assert_int_equal(unlink("precious"), 0);
}

static void locks(void **state TILL_UNUSED)
{
    struct fs_lock lock = {.fd = -1};
    struct till_error e = {0};
    char holder[TILL_LIMIT_LOCK_HOLDER_BYTES] = "untouched";
    int go;
    fs_lock_release(&lock);
    pid_t child = hold_in_child(&go);
    int64_t before_ms = clock_monotonic_ms(&clock_system);
    assert_int_equal(fs_lock_take("lock", "second", 120, &lock, holder, &e), TILL_LIMIT);
    int64_t waited_ms = clock_monotonic_ms(&clock_system) - before_ms;
    assert_true(waited_ms >= 120 && waited_ms < 5000);
    assert_string_equal(holder, "till sync (process 7)");
    assert_non_null(strstr(e.text, "locked by till sync (process 7)"));
    assert_int_equal(lock.fd, -1);
    close(go);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(fs_lock_take("lock", "second", 0, &lock, holder, &e), TILL_OK);
    assert_content("lock", "second");
    struct fs_lock third = {.fd = -1};
    assert_int_equal(fs_lock_take("lock", "third", 0, &third, holder, &e), TILL_LIMIT);
    assert_string_equal(holder, "second");
    fs_lock_release(&lock);
    assert_int_equal(lock.fd, -1);
    assert_int_equal(fs_lock_take("lock", "third", 0, &third, holder, &e), TILL_OK);
    fs_lock_release(&third);
    assert_int_equal(fs_lock_take("missing/lock", "x", 0, &lock, holder, &e), TILL_CONFIG);
}

#ifdef TILL_FAULTS
// Whatever fails, the old file stays whole and no temporary file stays behind.
static void failed_writes_leave_the_old_file(void **state TILL_UNUSED)
{
    static const char *const points[] = {"fs.create", "fs.write", "fs.sync", "fs.rename"};
    struct till_error e = {0};
    assert_int_equal(fs_write("file", SV("old"), &e), TILL_OK);
    for (size_t i = 0; i < TILL_COUNT(points); i++) {
        fault_arm(points[i], 1, false);
        assert_int_equal(fs_write("file", SV("new"), &e), TILL_CONFIG);
        fault_disarm();
        assert_true(e.detail != 0 && e.text[0] != '\0');
        assert_content("file", "old");
        assert_int_equal(nftw(".", is_left_behind, 8, FTW_PHYS), 0);
    }
    fault_arm("fs.sync_folder", 1, false);
    assert_int_equal(fs_write("file", SV("new"), &e), TILL_CONFIG);
    fault_disarm();
    assert_content("file", "new");
}

static void failed_reads(void **state TILL_UNUSED)
{
    static const char *const points[] = {"fs.open", "fs.read", "malloc"};
    AUTO_BUF buf;
    struct till_error e = {0};
    buf_init(&buf, 100000);
    assert_int_equal(fs_write("file", SV("old"), &e), TILL_OK);
    for (size_t i = 0; i < TILL_COUNT(points); i++) {
        fault_arm(points[i], 1, false);
        assert_int_equal(fs_read("file", &buf, &e), i == 2 ? TILL_MEMORY : TILL_CONFIG);
        fault_disarm();
        assert_int_equal(buf.len, 0);
        buf_release(&buf);
    }
    fault_arm("fs.mkdir", 2, false);
    assert_int_equal(fs_make_folder("a/b/c", &e), TILL_CONFIG);
    fault_disarm();
    assert_int_equal(e.detail, EACCES);
    fault_arm("fs.remove", 1, false);
    assert_int_equal(fs_remove("file", &e), TILL_CONFIG);
    fault_disarm();
    assert_true(fs_exists("file"));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(make_folders, enter, leave),
        cmocka_unit_test_setup_teardown(reads, enter, leave),
        cmocka_unit_test_setup_teardown(reads_append_and_take_pipes, enter, leave),
        cmocka_unit_test_setup_teardown(writes_are_private_and_follow_links, enter, leave),
        cmocka_unit_test_setup_teardown(removes, enter, leave),
        cmocka_unit_test_setup_teardown(locks, enter, leave),
        cmocka_unit_test_setup_teardown(locks_follow_no_links, enter, leave),
#ifdef TILL_FAULTS
        cmocka_unit_test_setup_teardown(failed_writes_leave_the_old_file, enter, leave),
        cmocka_unit_test_setup_teardown(failed_reads, enter, leave),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
