// SPDX-License-Identifier: Apache-2.0
// sqlite_checkpoint.c - copies the write-ahead log back into the database beside the writing, not in between.
//
// SQLite's own automatic checkpoint runs inside of COMMIT, and its two fsyncs and the copying take half of a bulk load's time. Here a COMMIT that
// finds the log long only wakes a thread, which checkpoints (PASSIVE: it never blocks a writer or reader) through a connection of its own. The log
// starts over once all of it was copied while nobody wrote; because a busy writer leaves no such moment, a log at its ceiling makes COMMIT wait for the
// thread and copy the short rest itself. The thread starts with the first long log, so short commands never have one.
//
// Failures are not told: a checkpoint that fails leaves the log as it was, which stays correct, and a full disk is met again by the next write.
#include <pthread.h>

#include "base/attr.h"
#include "base/fault.h"
#include "base/limits.h"
#include "store/sqlite.h"

enum { CHECKPOINT_BYTES = 8 * 1024 * 1024 };

struct sqlite_checkpointer {
    sqlite3 *handle; // of the thread alone
    pthread_t thread;
    pthread_mutex_t lock; // guards the rest
    pthread_cond_t changed;
    bool is_wanted, is_busy, is_ending;
};

static void *checkpoint_main(void *context)
{
    struct sqlite_checkpointer *checkpointer = context;
    (void)pthread_mutex_lock(&checkpointer->lock);
    while (!checkpointer->is_ending) {
        if (!checkpointer->is_wanted) {
            (void)pthread_cond_wait(&checkpointer->changed, &checkpointer->lock);
            continue;
        }
        checkpointer->is_wanted = false;
        checkpointer->is_busy = true;
        (void)pthread_mutex_unlock(&checkpointer->lock);
        (void)sqlite3_wal_checkpoint_v2(checkpointer->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                                        NULL);
        (void)pthread_mutex_lock(&checkpointer->lock);
        checkpointer->is_busy = false;
        (void)pthread_cond_broadcast(&checkpointer->changed);
    }
    (void)pthread_mutex_unlock(&checkpointer->lock);
    return NULL;
}

static void discard(struct sqlite_checkpointer *checkpointer)
{
    (void)sqlite3_close(checkpointer->handle);
    (void)pthread_cond_destroy(&checkpointer->changed);
    (void)pthread_mutex_destroy(&checkpointer->lock);
    till_free(checkpointer);
}

static struct sqlite_checkpointer *checkpointer_new(const char *path)
{
    struct sqlite_checkpointer *checkpointer = till_calloc(1, sizeof *checkpointer);
    if (!checkpointer)
        return NULL;
    if (pthread_mutex_init(&checkpointer->lock, NULL) != 0 ||
        pthread_cond_init(&checkpointer->changed, NULL) != 0) {
        till_free(checkpointer);
        return NULL;
    }
    int rc = sqlite3_open_v2(path, &checkpointer->handle,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(checkpointer->handle, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    if (rc != SQLITE_OK ||
        pthread_create(&checkpointer->thread, NULL, checkpoint_main, checkpointer) != 0) {
        discard(checkpointer);
        return NULL;
    }
    return checkpointer;
}

static void ask(struct sqlite_checkpointer *checkpointer, bool waits)
{
    (void)pthread_mutex_lock(&checkpointer->lock);
    checkpointer->is_wanted = !waits;
    (void)pthread_cond_broadcast(&checkpointer->changed);
    while (waits && checkpointer->is_busy)
        (void)pthread_cond_wait(&checkpointer->changed, &checkpointer->lock);
    (void)pthread_mutex_unlock(&checkpointer->lock);
}

// After each COMMIT, with the length of the log in pages.
static int on_commit(void *context, sqlite3 *handle, const char *schema TILL_UNUSED, int pages)
{
    struct sqlite_db *db = context;
    int64_t log_bytes = (int64_t)pages * db->page_bytes;
    if (log_bytes < CHECKPOINT_BYTES)
        return SQLITE_OK;
    if (!db->checkpointer)
        db->checkpointer = checkpointer_new(db->path);
    bool is_full = log_bytes >= TILL_LIMIT_WAL_BYTES;
    if (db->checkpointer)
        ask(db->checkpointer, is_full);
    if (is_full || !db->checkpointer)
        (void)sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

enum till_code sqlite_checkpoint_begin(struct sqlite_db *db, struct till_error *e)
{
    int64_t page_bytes = 0;
    enum till_code code = sqlite_number(db, "PRAGMA page_size", &page_bytes, e);
    db->page_bytes = page_bytes;
    if (code == TILL_OK)
        (void)sqlite3_wal_hook(db->handle, on_commit, db);
    return code;
}

void sqlite_checkpoint_end(struct sqlite_db *db)
{
    struct sqlite_checkpointer *checkpointer = db->checkpointer;
    if (!checkpointer)
        return;
    (void)pthread_mutex_lock(&checkpointer->lock);
    checkpointer->is_ending = true;
    (void)pthread_cond_broadcast(&checkpointer->changed);
    (void)pthread_mutex_unlock(&checkpointer->lock);
    (void)pthread_join(checkpointer->thread, NULL);
    discard(checkpointer);
    db->checkpointer = NULL;
}
