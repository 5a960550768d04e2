// SPDX-License-Identifier: Apache-2.0
// private_file.c - open first, then judge the open file, so that what was judged is what is read.
//
// The file is opened without blocking (a FIFO in its place must not hang us), and its type, owner, mode and size are taken from the descriptor.
// The bytes go straight to guarded memory: no stdio buffer, no growing buffer that leaves copies behind.
#include "vault/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

static enum till_code private_file_judge(const struct stat *status, const char *path,
                                         const char *what, enum private_rule rule,
                                         size_t limit_bytes, struct till_error *e)
{
    if (!S_ISREG(status->st_mode))
        return TILL_FAIL(e, TILL_CONFIG, 0, "%s \"%s\" is not a regular file", what, path);
    if (rule == PRIVATE_OWN && status->st_uid != geteuid()) {
        (void)TILL_FAIL(e, TILL_CONFIG, EPERM,
                        "%s \"%s\" belongs to user %lu, and this program runs as user %lu", what,
                        path, (unsigned long)status->st_uid, (unsigned long)geteuid());
        return till_error_hint(e, "run till as the file's owner, or give the file to this user");
    }
    mode_t refused = rule == PRIVATE_OWN ? S_IRWXG | S_IRWXO : S_IRWXO;
    if (status->st_mode & refused) {
        (void)TILL_FAIL(e, TILL_CONFIG, EPERM, "%s \"%s\" is open to other users (mode %04o)", what,
                        path, (unsigned)(status->st_mode & 07777));
        return till_error_hint(e,
                               "run: chmod 600 '%s'; and if others may have read it, make a new "
                               "token in Polar and connect again",
                               path);
    }
    if (status->st_size < 0 || (size_t)status->st_size > limit_bytes)
        return TILL_FAIL(e, TILL_LIMIT, EFBIG, "%s \"%s\" is longer than %zu bytes", what, path,
                         limit_bytes);
    return TILL_OK;
}

// Reads to the end; a file that is longer than `bytes` (it grew since it was judged) is refused.
static enum till_code private_file_fill(int fd, struct guarded *bytes, const char *path,
                                        const char *what, struct till_error *e)
{
    unsigned char beyond;
    for (;;) {
        size_t room = bytes->capacity - bytes->len;
        void *to = room > 0 ? bytes->data + bytes->len : &beyond;
        ssize_t count =
            fault_point("vault.read") ? (errno = EIO, -1) : read(fd, to, room ? room : 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return TILL_FAIL(e, TILL_CONFIG, errno, "could not read %s \"%s\": %s", what, path,
                             strerror(errno));
        if (count == 0)
            return TILL_OK;
        if (room == 0)
            return TILL_FAIL(e, TILL_CONFIG, 0, "%s \"%s\" grew while it was read", what, path);
        bytes->len += (size_t)count;
    }
}

static enum till_code private_file_read_open(int fd, const char *path, const char *what,
                                             enum private_rule rule, size_t limit_bytes,
                                             struct guarded *ret, struct till_error *e)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not examine %s \"%s\": %s", what, path,
                         strerror(errno));
    enum till_code code = private_file_judge(&status, path, what, rule, limit_bytes, e);
    if (code)
        return code;
    AUTO_GUARDED bytes = {0};
    code = guarded_new((size_t)status.st_size, &bytes, e);
    if (!code)
        code = private_file_fill(fd, &bytes, path, what, e);
    if (code)
        return code;
    guarded_move(ret, &bytes);
    return TILL_OK;
}

enum till_code private_file_read(const char *path, const char *what, enum private_rule rule,
                                 size_t limit_bytes, struct guarded *ret, bool *ret_found,
                                 struct till_error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        *ret_found = false;
        return TILL_OK;
    }
    if (fd < 0)
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not open %s \"%s\": %s", what, path,
                         strerror(errno));
    enum till_code code = private_file_read_open(fd, path, what, rule, limit_bytes, ret, e);
    (void)close(fd);
    if (!code)
        *ret_found = true;
    return code;
}
