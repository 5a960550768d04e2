// SPDX-License-Identifier: Apache-2.0
// fs.c - files with care.
//
// A write goes to a new 0600 file in the same folder, is forced to disk, renamed over the old one, and the folder is forced too: after a
// crash the old or the new file is there, whole. A symbolic link is followed first, so that people who keep their settings elsewhere keep
// their link. Locks are flock(2): they vanish with the process and need no clean-up of dead holders; the holder's line in the file is
// only for the message. The lock file is never removed, because a remover and a taker could then hold two different files.
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/secret.h"

enum { FS_READ_STEP_BYTES = 4096 };

// What a person can do about an errno; "" when there is nothing to say that the cause does not say.
static const char *fs_remedy(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return "check who owns it and its permissions";
    case ENOSPC:
    case EDQUOT:
        return "make room on that disk and try again";
    case EROFS:
        return "choose a place that can be written, for example with --home";
    case ENOTDIR:
    case EISDIR:
        return "check the path: a file and a folder are mixed up";
    case EMFILE:
    case ENFILE:
        return "too many files are open: raise the limit (ulimit -n)";
    default:
        return "";
    }
}

static enum till_code fs_fail(const char *verb, const char *path, int error, struct till_error *e)
{
    if (error == ENOMEM)
        return TILL_FAIL(e, TILL_MEMORY, error, "could not %s \"%s\": out of memory", verb, path);
    TILL_FAIL(e, TILL_CONFIG, error, "could not %s \"%s\": %s", verb, path, strerror(error));
    return till_error_hint(e, "%s", fs_remedy(error));
}

// Runs `call` unless the fault point fails it with `error`.
#define FS_TRY(point, error, call) (fault_point(point) ? (errno = (error), -1) : (call))

static enum till_code fs_copy_path(const char *path, char ret_copy[static PATH_MAX],
                                   struct till_error *e)
{
    size_t length = strlen(path);
    if (length == 0 || length >= PATH_MAX)
        return TILL_FAIL(e, TILL_CONFIG, ENAMETOOLONG, "the path is %s",
                         length == 0 ? "empty" : "too long");
    memcpy(ret_copy, path, length + 1);
    return TILL_OK;
}

static enum till_code fs_make_one_folder(const char *path, struct till_error *e)
{
    if (FS_TRY("fs.mkdir", EACCES, mkdir(path, 0700)) == 0)
        return TILL_OK;
    int error = errno;
    struct stat status;
    if (error == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return TILL_OK;
    return fs_fail("make the folder", path, error == EEXIST ? ENOTDIR : error, e);
}

enum till_code fs_make_folder(const char *path, struct till_error *e)
{
    char partial[PATH_MAX];
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return TILL_OK; // parents that cannot be written or even read are no obstacle then
    enum till_code code = fs_copy_path(path, partial, e);
    for (char *at = partial + 1; code == TILL_OK && *at != '\0'; at++) {
        if (*at != '/' || at[-1] == '/')
            continue;
        *at = '\0';
        if (stat(partial, &status) != 0)
            code = fs_make_one_folder(partial, e);
        *at = '/';
    }
    return code == TILL_OK ? fs_make_one_folder(partial, e) : code;
}

static enum till_code fs_read_all(int fd, const char *path, struct buf *buf, struct till_error *e)
{
    struct stat status;
    size_t step = FS_READ_STEP_BYTES;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        step = (size_t)status.st_size + 1; // the last read finds the end without growing
    for (;;) {
        size_t room = buf->limit_bytes - buf->len;
        if (step > room)
            step = room;
        if (step == 0) { // full: one more byte would be too much
            char beyond;
            ssize_t got = read(fd, &beyond, 1);
            if (got == 0)
                return TILL_OK;
            if (got < 0 && errno == EINTR)
                continue;
            if (got < 0)
                return fs_fail("read", path, errno, e);
            return TILL_FAIL(e, TILL_LIMIT, buf->limit_bytes,
                             "could not read \"%s\": it is larger than %zu bytes", path,
                             buf->limit_bytes);
        }
        if (buf_reserve(buf, step) != TILL_OK)
            return buf_fail(buf, path, e);
        ssize_t got = FS_TRY("fs.read", EIO, read(fd, buf->data + buf->len, step));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fs_fail("read", path, errno, e);
        buf->len += (size_t)got;
        buf->data[buf->len] = '\0';
        if (got == 0)
            return TILL_OK;
        size_t spare = buf->capacity - 1 - buf->len;
        step = spare > 0 ? spare : FS_READ_STEP_BYTES;
    }
}

enum till_code fs_read(const char *path, struct buf *buf, struct till_error *e)
{
    size_t len_before = buf->len;
    int fd = FS_TRY("fs.open", EACCES, open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (fd < 0)
        return fs_fail("open", path, errno, e);
    enum till_code code = fs_read_all(fd, path, buf, e);
    close(fd);
    if (code != TILL_OK && buf->data != NULL) {
        memory_wipe(buf->data + len_before, buf->capacity - len_before);
        buf->len = len_before;
    }
    return code;
}

// Forces the folder that holds `path` to disk, so that a rename in it lasts.
static int fs_sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == NULL) {
        memcpy(folder, ".", 2);
    } else {
        length = length > 0 ? length : 1; // "/name" lies in "/"
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = FS_TRY("fs.sync_folder", EIO, fsync(fd));
    int error = errno;
    close(fd);
    errno = error;
    return result == 0 || error == EINVAL ? 0 : -1; // some file systems cannot sync a folder
}

static int fs_write_all(int fd, struct sv bytes)
{
    while (bytes.len > 0) {
        ssize_t written = FS_TRY("fs.write", ENOSPC, write(fd, bytes.ptr, bytes.len));
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes.ptr += written;
        bytes.len -= (size_t)written;
    }
    return FS_TRY("fs.sync", EIO, fsync(fd));
}

// Where `path` really is when it is a symbolic link.
static enum till_code fs_follow(const char *path, char ret_target[static PATH_MAX],
                                struct till_error *e)
{
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISLNK(status.st_mode))
        return fs_copy_path(path, ret_target, e);
    if (realpath(path, ret_target) == NULL)
        return fs_fail("follow the link", path, errno, e);
    return TILL_OK;
}

enum till_code fs_write(const char *path, struct sv bytes, struct till_error *e)
{
    static const char suffix[] = ".XXXXXX";
    char target[PATH_MAX], temporary[PATH_MAX + sizeof suffix];
    enum till_code code = fs_follow(path, target, e);
    if (code != TILL_OK)
        return code;
    size_t length = strlen(target);
    memcpy(temporary, target, length);
    memcpy(temporary + length, suffix, sizeof suffix);
    int fd = FS_TRY("fs.create", EACCES, mkostemp(temporary, O_CLOEXEC)); // 0600
    if (fd < 0)
        return fs_fail("write", path, errno, e);
    int result = fs_write_all(fd, bytes);
    int error = errno;
    if (close(fd) != 0 && result == 0) {
        result = -1;
        error = errno;
    }
    if (result == 0) {
        result = FS_TRY("fs.rename", EIO, rename(temporary, target));
        error = errno;
    }
    if (result != 0) {
        (void)unlink(temporary);
        return fs_fail("write", path, error, e);
    }
    if (fs_sync_folder_of(target) != 0)
        return fs_fail("force to disk the folder of", path, errno, e);
    return TILL_OK;
}

enum till_code fs_remove(const char *path, struct till_error *e)
{
    if (FS_TRY("fs.remove", EACCES, unlink(path)) == 0)
        return TILL_OK;
    if (errno == ENOENT || errno == ENOTDIR)
        return TILL_OK;
    return fs_fail("remove", path, errno, e);
}

bool fs_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool fs_is_exposed(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

bool fs_is_open_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static void fs_lock_read_holder(int fd, char ret_holder[static TILL_LIMIT_LOCK_HOLDER_BYTES])
{
    ssize_t got = pread(fd, ret_holder, TILL_LIMIT_LOCK_HOLDER_BYTES - 1, 0);
    size_t length = got > 0 ? (size_t)got : 0;
    length = sv_utf8_cut((struct sv){ret_holder, length}, length);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)ret_holder[i] < 0x20 || ret_holder[i] == 0x7F)
            length = i; // a line, and nothing that could drive a terminal
    ret_holder[length] = '\0';
}

// Waits for the lock; false with errno when it did not come.
static bool fs_lock_wait(int fd, long wait_ms)
{
    int64_t until_ms = clock_monotonic_ms(&clock_system) + wait_ms;
    for (;;) {
        if (FS_TRY("fs.lock", EWOULDBLOCK, flock(fd, LOCK_EX | LOCK_NB)) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        int64_t left_ms = until_ms - clock_monotonic_ms(&clock_system);
        if (left_ms <= 0) {
            errno = EWOULDBLOCK;
            return false;
        }
        if (left_ms > TILL_LIMIT_LOCK_POLL_MS)
            left_ms = TILL_LIMIT_LOCK_POLL_MS;
        (void)nanosleep(&(struct timespec){.tv_nsec = left_ms * 1000000}, NULL);
    }
}

enum till_code fs_lock_take(const char *path, const char *holder, long wait_ms,
                            struct fs_lock *ret_lock,
                            char ret_holder[static TILL_LIMIT_LOCK_HOLDER_BYTES],
                            struct till_error *e)
{
    // Emptying a file is what this does to it: it must be one that nobody else could have put here under another name.
    int fd =
        FS_TRY("fs.open", EACCES,
               open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (fd < 0)
        return fs_fail("open the lock file", path, errno, e);
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1) {
        close(fd);
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "the lock file \"%s\" is not a plain file", path);
        return till_error_hint(e, "remove it; and see who else may write to its folder");
    }
    if (!fs_lock_wait(fd, wait_ms)) {
        int error = errno;
        if (error == EWOULDBLOCK) {
            fs_lock_read_holder(fd, ret_holder);
            TILL_FAIL(e, TILL_LIMIT, error, "\"%s\" is locked by %s", path,
                      ret_holder[0] != '\0' ? ret_holder : "another process");
            till_error_hint(e, "wait until it has ended, then try again");
        } else {
            fs_fail("lock", path, error, e);
        }
        close(fd);
        return e->code;
    }
    // The line only serves the message: what cannot be written leaves the lock as good.
    size_t length = sv_utf8_cut(sv_of(holder), TILL_LIMIT_LOCK_HOLDER_BYTES - 1);
    if (ftruncate(fd, 0) == 0)
        (void)!pwrite(fd, holder, length, 0);
    *ret_lock = (struct fs_lock){fd};
    return TILL_OK;
}

void fs_lock_release(struct fs_lock *lock)
{
    if (lock->fd < 0)
        return;
    (void)!ftruncate(lock->fd, 0);
    close(lock->fd);
    lock->fd = -1;
}
