// SPDX-License-Identifier: Apache-2.0
// watcher.c - SQLite's own counter of changes by others (PRAGMA data_version), and the identity of the file.
//
// Asking costs a look at the shared memory of the write-ahead log. A commit of any process is seen by the next look. A database that cannot be opened now is
// one that does not change; who reads it gets the error with its words.
#include "serve/watcher.h"

#include <sys/stat.h>

void watcher_init(struct watcher *watcher, const char *path)
{
    *watcher = (struct watcher){.path = path, .stamp = 1};
}

void watcher_release(struct watcher *watcher)
{
    store_close(watcher->store);
    watcher->store = NULL;
}

static bool is_same_file(const struct watcher *watcher, const struct stat *status)
{
    return watcher->store && watcher->device == status->st_dev && watcher->inode == status->st_ino;
}

bool watcher_look(struct watcher *watcher, bool *ret_is_replaced)
{
    struct stat status;
    struct till_error e = {0};
    int64_t version = 0;
    *ret_is_replaced = false;
    if (stat(watcher->path, &status) != 0) {
        *ret_is_replaced = watcher->store != NULL;
        watcher_release(watcher);
        watcher->stamp += *ret_is_replaced;
        return *ret_is_replaced;
    }
    if (!is_same_file(watcher, &status)) {
        watcher_release(watcher);
        if (store_open(watcher->path, STORE_READ_ONLY, &watcher->store, &e))
            return false;
        watcher->device = status.st_dev;
        watcher->inode = status.st_ino;
        (void)!store_data_version(watcher->store, &watcher->version, &e);
        watcher->stamp++;
        *ret_is_replaced = true;
        return true;
    }
    if (store_data_version(watcher->store, &version, &e)) {
        watcher_release(watcher); // opened again by the next look
        return false;
    }
    if (version == watcher->version)
        return false;
    watcher->version = version;
    watcher->stamp++;
    return true;
}
