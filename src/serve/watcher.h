// SPDX-License-Identifier: Apache-2.0
// watcher.h - has the database changed? A number that grows whenever it has. Private to this room.
#ifndef TILL_SERVE_WATCHER_H
#define TILL_SERVE_WATCHER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/store.h"

struct watcher {
    const char *path; // of the database
    struct store *store;
    dev_t device; // of the file that is open
    ino_t inode;
    int64_t version; // of the data, as its store counts
    uint64_t stamp;  // from 1
};
void watcher_init(struct watcher *watcher, const char *path);
void watcher_release(struct watcher *watcher);
// A few microseconds. True when the stamp has grown. *ret_is_replaced: another file stands there now (or the first one).
bool watcher_look(struct watcher *watcher, bool *ret_is_replaced);

#endif
