// SPDX-License-Identifier: Apache-2.0
// fs.h - files with care: private folders, whole reads with a ceiling, writes that happen entirely or not at all.
#ifndef TILL_BASE_FS_H
#define TILL_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"

// mkdir -p; folders that it makes are 0700.
enum till_code fs_make_folder(const char *path, struct till_error *e) TILL_MUSTUSE;
// Appends the whole file (or pipe) to buf, up to buf->limit_bytes. Failures are CONFIG with errno as detail (a
// missing file: ENOENT), LIMIT or MEMORY; buf then has what it had.
enum till_code fs_read(const char *path, struct buf *buf, struct till_error *e) TILL_MUSTUSE;
// Temporary file beside it (0600), fsync, rename, fsync of the folder.
enum till_code fs_write(const char *path, struct sv bytes, struct till_error *e) TILL_MUSTUSE;
enum till_code fs_remove(const char *path, struct till_error *e) TILL_MUSTUSE; // missing is fine
bool fs_exists(const char *path);
// True when group or others may read it.
bool fs_is_exposed(const char *path);
// True when group or others may write into this folder (the sticky bit does not help: names can still be planted).
bool fs_is_open_folder(const char *path);
// An advisory lock that dies with the process; waits for at most wait_ms (0: not at all). On LIMIT ret_holder names the holder as that
// process wrote it, or is empty.
struct fs_lock {
    int fd;
};
enum till_code fs_lock_take(const char *path, const char *holder, long wait_ms,
                            struct fs_lock *ret_lock,
                            char ret_holder[static TILL_LIMIT_LOCK_HOLDER_BYTES],
                            struct till_error *e) TILL_MUSTUSE;
void fs_lock_release(struct fs_lock *lock); // accepts {.fd = -1}

#endif
