// SPDX-License-Identifier: Apache-2.0
// fault_test.c - SQLite without memory, without a disk, and killed: at every point of some pieces of work.
//
// The work: opening and migrating a new database, and one of schema version 1; one page with new, changed, returning and malformed rows, then a
// proven end that marks one row as deleted; the same rows without a walk, with hints, then a burial; a webhook's life; notes put and removed; and a channel
// with the log of a digest.
// Each is run with the 1st, 2nd, 3rd ... allocation (a wrapper around SQLite's allocator, and around the program's own) or file operation
// (a shim around SQLite's file layer: reads, writes, syncs, truncates) failing, once and from then on, until a run meets no
// failure. After each failure: the error has its class and words, nothing leaks, the file is intact, the state is the one before or the one
// after and never between, and a clean run ends right. Killed: a child leaves at its Nth write or sync with half of it done.
#include "support.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "store/channels.h"
#include "store/notes.h"

enum { POINTS_MAX = 1000000, POINTS_STEP = 47, KILLED_STATUS = 42 };

// Opening has some ten thousand allocations, migrating some ten times as many, nearly all in SQLite's parser. The first points of a work are all tried,
// then every 47th, then ever fewer; with TILL_TEST_ALL in the environment all of them (many minutes). Under sanitizers a point takes five times as long: there
// a third of the first ones has to do.
static long point_after(long nth, long dense)
{
    static bool is_all;
    is_all = is_all || getenv("TILL_TEST_ALL") != NULL;
#ifdef TILL_FAULTS
    dense /= 3;
#endif
    if (nth < dense || is_all)
        return nth + 1;
    return nth + (nth / 10 > POINTS_STEP ? nth / 10 : POINTS_STEP);
}

// ---- the trigger ----

static struct {
    long nth; // 0 = off
    bool for_ever, is_deadly;
    long passages, failures;
} trigger;

static void arm(long nth, bool for_ever, bool is_deadly)
{
    trigger.nth = nth;
    trigger.for_ever = for_ever;
    trigger.is_deadly = is_deadly;
    trigger.passages = trigger.failures = 0;
}

static bool pull(void)
{
    if (trigger.nth == 0)
        return false;
    trigger.passages++;
    bool is_failing =
        trigger.passages == trigger.nth || (trigger.for_ever && trigger.passages > trigger.nth);
    trigger.failures += is_failing;
    return is_failing;
}

// ---- memory ----

static sqlite3_mem_methods real_memory;
static bool memory_fails;

static void *failing_malloc(int bytes)
{
    return memory_fails && pull() ? NULL : real_memory.xMalloc(bytes);
}

static void *failing_realloc(void *old, int bytes)
{
    return memory_fails && pull() ? NULL : real_memory.xRealloc(old, bytes);
}

// ---- files ----

struct shim_file {
    sqlite3_file base;
    sqlite3_io_methods methods; // those of the real file, with some of ours
    sqlite3_file *real;
};
static bool files_fail;
static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct shim_file *)(void *)file)->real;
}

static bool file_fails(void)
{
    return files_fail && pull();
}

// Places where dying would leave the file as it was do not count as places to die.
static bool harmless_file_fails(void)
{
    return files_fail && !trigger.is_deadly && pull();
}

static int shim_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}
static int shim_read(sqlite3_file *file, void *to, int bytes, sqlite3_int64 offset)
{
    if (harmless_file_fails())
        return SQLITE_IOERR_READ;
    return real_of(file)->pMethods->xRead(real_of(file), to, bytes, offset);
}
static int shim_write(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 offset)
{
    if (file_fails()) {
        if (trigger.is_deadly) {
            (void)real_of(file)->pMethods->xWrite(real_of(file), from, bytes / 2, offset);
            _exit(KILLED_STATUS);
        }
        return trigger.passages % 2 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return real_of(file)->pMethods->xWrite(real_of(file), from, bytes, offset);
}
static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (harmless_file_fails())
        return SQLITE_IOERR_TRUNCATE;
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}
static int shim_sync(sqlite3_file *file, int flags)
{
    if (file_fails()) {
        if (trigger.is_deadly)
            _exit(KILLED_STATUS);
        return SQLITE_IOERR_FSYNC;
    }
    (void)file;
    (void)
        flags; // a process that dies leaves what it wrote to the system: forcing it to the disk would only take time
    return SQLITE_OK;
}
static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
static int shim_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}
static int shim_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
static int shim_check_lock(sqlite3_file *file, int *is_locked)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), is_locked);
}
static int shim_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}
static int shim_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}
static int shim_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
static int shim_shm_map(sqlite3_file *file, int page, int bytes, int is_extending,
                        void volatile **to)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, bytes, is_extending, to);
}
static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
static void shim_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}
static int shim_shm_unmap(sqlite3_file *file, int is_removing)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), is_removing);
}

static const sqlite3_io_methods shim_methods = {
    2,           shim_close,   shim_read,     shim_write,       shim_truncate,  shim_sync,
    shim_size,   shim_lock,    shim_unlock,   shim_check_lock,  shim_control,   shim_sector,
    shim_traits, shim_shm_map, shim_shm_lock, shim_shm_barrier, shim_shm_unmap, NULL,
    NULL,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    struct shim_file *shim = (struct shim_file *)(void *)file;
    (void)vfs;
    shim->base.pMethods = NULL;
    shim->real = (sqlite3_file *)(void *)(shim + 1);
    if (harmless_file_fails())
        return SQLITE_CANTOPEN;
    int rc = real_vfs->xOpen(real_vfs, name, shim->real, flags, ret_flags);
    if (shim->real->pMethods)
        shim->base.pMethods = &shim_methods;
    return rc;
}

static sqlite3_vfs shim_vfs;

static void install(void)
{
    assert_int_equal(SQLITE_OK, sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory));
    sqlite3_mem_methods memory = real_memory;
    memory.xMalloc = failing_malloc;
    memory.xRealloc = failing_realloc;
    assert_int_equal(SQLITE_OK, sqlite3_config(SQLITE_CONFIG_MALLOC, &memory));
    real_vfs = sqlite3_vfs_find(NULL);
    assert_non_null(real_vfs);
    shim_vfs = *real_vfs;
    shim_vfs.zName = "shim";
    shim_vfs.szOsFile = (int)sizeof(struct shim_file) + real_vfs->szOsFile;
    shim_vfs.xOpen = shim_open;
    assert_int_equal(SQLITE_OK, sqlite3_vfs_register(&shim_vfs, 1));
}

// ---- the work ----

static enum till_code work_open(struct fixture *f)
{
    return store_open(f->path, STORE_READ_WRITE, &f->store, &f->e);
}

// Before: orders 1-4, the 4th deleted. The page: 1 as it was, 2 changed, 4 back, 5 and 6 new, one malformed; 3 is not seen.
static enum till_code work_page(struct fixture *f)
{
    struct arena *arena = &f->arena;
    struct row *rows = make_rows(arena, model_table(TABLE_orders), 1, 6);
    struct row page[] = {rows[0], rows[1], rows[3], rows[4], rows[5]};
    struct store_reject reject = {.id = SV("bad"), .raw = SV("{}"), .reason = "it is malformed"};
    struct store_walk walk;
    struct store_page_counts counts;
    int64_t removed;
    *value_of(&page[1], "status") = text_value("refunded");
    enum till_code code =
        f->store ? TILL_OK : store_open(f->path, STORE_READ_WRITE, &f->store, &f->e);
    if (code == TILL_OK)
        code = store_walk_begin(f->store, SV(ORGANIZATION), model_table(TABLE_orders), true,
                                NOON_US, &walk, &f->e);
    if (code == TILL_OK)
        code = store_page(f->store, &walk,
                          &(struct store_incoming){.rows = page,
                                                   .row_count = 5,
                                                   .rejects = &reject,
                                                   .reject_count = 1,
                                                   .total_count = 6},
                          NOON_US, &counts, &f->e);
    if (code == TILL_OK)
        code = store_walk_end(f->store, &walk, true, NOON_US, &removed, &f->e);
    return code;
}

static void prepare_page(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 4);
    struct store_walk walk;
    struct store_page_counts counts;
    int64_t removed;
    for (size_t count = 4; count >= 3; count--) {
        assert_ok(f, store_walk_begin(f->store, SV(ORGANIZATION), model_table(TABLE_orders), true,
                                      NOON_US, &walk, &f->e));
        assert_ok(f,
                  store_page(f->store, &walk,
                             &(struct store_incoming){
                                 .rows = rows, .row_count = count, .total_count = (int64_t)count},
                             NOON_US, &counts, &f->e));
        assert_ok(f, store_walk_end(f->store, &walk, true, NOON_US, &removed, &f->e));
    }
}

// Live rows and deleted ones, changes, quarantined: before the page, after it, after the end. Nothing else may be seen.
static void check_page_state(struct fixture *f, bool is_whole)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM orders WHERE till_deleted_at IS NULL) || ',' || (SELECT "
        "count(*) FROM orders WHERE till_deleted_at IS NOT NULL)"
        " || ',' || (SELECT count(*) FROM row_changes) || ',' || (SELECT count(*) FROM "
        "till_quarantine) || ',' ||"
        " (SELECT row_count FROM till_tables) || ',' || (SELECT deleted_count FROM till_tables)";
    char text[100];
    struct store_health health;
    (void)ask_text(f->store, sql, text, sizeof text);
    bool is_end = strcmp(text, "5,1,4,1,5,1") == 0;
    if (!is_end &&
        (is_whole || (strcmp(text, "3,1,1,0,3,1") != 0 && strcmp(text, "6,0,3,1,6,0") != 0)))
        fail_msg("the state is %s", text);
    assert_ok(f, store_health(f->store, &health, &f->e));
    if (!health.is_intact)
        fail_msg("%s", health.problem);
}

// The same rows without a walk: one hint is fulfilled, one is new. Then the 3rd is found gone.
static enum till_code work_rows(struct fixture *f)
{
    const struct table *table = model_table(TABLE_orders);
    struct row *rows = make_rows(&f->arena, table, 1, 6);
    struct row page[] = {rows[0], rows[1], rows[3], rows[4], rows[5]};
    struct store_reject reject = {.id = SV("bad"), .raw = SV("{}"), .reason = "it is malformed"};
    struct store_hint hint = {
        .table = model_table(TABLE_customers), .row_id = SV("c"), .source = "copy"};
    struct store_incoming incoming = {.rows = page,
                                      .row_count = 5,
                                      .rejects = &reject,
                                      .reject_count = 1,
                                      .hints = &hint,
                                      .hint_count = 1,
                                      .asked_us = NOON_US};
    struct store_page_counts counts;
    bool was_live;
    *value_of(&page[1], "status") = text_value("refunded");
    enum till_code code =
        f->store ? TILL_OK : store_open(f->path, STORE_READ_WRITE, &f->store, &f->e);
    if (code == TILL_OK)
        code = store_rows(f->store, SV(ORGANIZATION), table, &incoming, NOON_US, &counts, &f->e);
    if (code == TILL_OK)
        code = store_row_bury(f->store, SV(ORGANIZATION), table, row_id(&rows[2]), NOON_US,
                              &was_live, &f->e);
    return code;
}

static void prepare_rows(struct fixture *f)
{
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, 3);
    struct store_hint hints[] = {
        {.table = model_table(TABLE_orders), .row_id = row_id(&rows[0]), .source = "event"},
        {.table = model_table(TABLE_orders), .row_id = row_id(&rows[2]), .source = "event"}};
    prepare_page(f);
    assert_ok(f, store_hints_put(f->store, SV(ORGANIZATION), hints, 2, NOON_US, &f->e));
}

// Before, after the rows, after the burial; nothing between.
static void check_rows_state(struct fixture *f, bool is_whole)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM orders WHERE till_deleted_at IS NULL) || ',' || (SELECT "
        "count(*) FROM orders WHERE till_deleted_at IS NOT NULL) || ',' || (SELECT count(*) FROM "
        "row_changes) || ',' || (SELECT count(*) FROM till_quarantine) || ',' || (SELECT "
        "group_concat(source || row_id) FROM (SELECT source, substr(row_id, 1, 2) AS row_id FROM "
        "till_hints ORDER BY 1, 2)) || ',' || (SELECT row_count || ',' || deleted_count FROM "
        "till_tables)";
    static const char *const states[] = {"3,1,1,0,event9e,eventda,3,1", "6,0,3,1,copyc,eventda,6,0",
                                         "5,1,4,1,copyc,5,1"};
    char text[200];
    struct store_health health;
    (void)ask_text(f->store, sql, text, sizeof text);
    bool is_known = strcmp(text, states[2]) == 0;
    for (size_t i = 0; i < 2 && !is_whole; i++)
        is_known = is_known || strcmp(text, states[i]) == 0;
    if (!is_known)
        fail_msg("the state is %s", text);
    assert_ok(f, store_health(f->store, &health, &f->e));
    assert_true(health.is_intact);
}

static enum till_code work_webhook(struct fixture *f)
{
    struct store_webhook webhook = {.organization_id = ORGANIZATION,
                                    .webhook_id = "w1",
                                    .type = "order.paid",
                                    .body = SV("{\"n\":1}"),
                                    .occurred_us = NOON_US,
                                    .received_us = NOON_US};
    bool is_new, is_found = false;
    enum till_code code = store_make_durable(f->store, &f->e);
    if (code == TILL_OK)
        code = store_webhook_put(f->store, &webhook, &is_new, &f->e);
    if (code == TILL_OK)
        code =
            store_webhook_next(f->store, SV(ORGANIZATION), &f->arena, &webhook, &is_found, &f->e);
    if (code == TILL_OK && is_found)
        code = store_webhook_done(f->store, &webhook, NULL, NOON_US, &f->e);
    return code;
}

static void prepare_nothing(struct fixture *f)
{
    (void)f;
}

static void check_webhook_state(struct fixture *f, bool is_whole)
{
    int64_t kept = ask_integer(f->store, "SELECT count(*) FROM till_webhooks");
    int64_t well = ask_integer(
        f->store, "SELECT count(*) FROM till_webhooks WHERE (body IS NULL) = (applied_at IS NOT "
                  "NULL)");
    assert_in_range(kept, is_whole, 1);
    assert_int_equal(kept, well);
    if (is_whole)
        assert_answer(f, 1, "SELECT count(*) FROM till_webhooks WHERE applied_at IS NOT NULL");
}

static enum till_code work_notes(struct fixture *f)
{
    static const struct store_goal goal = {.metric = {"revenue", 7},
                                           .currency = {"usd", 3},
                                           .amount_minor = 500000,
                                           .has_until = true,
                                           .until = {2026, 12, 31},
                                           .created_us = NOON_US};
    static const struct civil_date day = {2026, 1, 1};
    struct store_annotations annotations;
    struct store_goals goals;
    struct store_saved_queries queries;
    bool was_there = false;
    int64_t id = 0;
    enum till_code code = store_annotation_put(f->store, day, SV("v2"), NOON_US, &id, &f->e);
    if (code == TILL_OK)
        code = store_annotations(f->store, NULL, &day, &f->arena, &annotations, &f->e);
    if (code == TILL_OK)
        code = store_goal_put(f->store, &goal, &f->e);
    if (code == TILL_OK)
        code = store_goals(f->store, &f->arena, &goals, &f->e);
    if (code == TILL_OK)
        code = store_saved_query_put(f->store, SV("q"), SV("SELECT 1"), NOON_US, &f->e);
    if (code == TILL_OK)
        code = store_saved_queries(f->store, &f->arena, &queries, &f->e);
    if (code == TILL_OK)
        code = store_annotation_remove(f->store, id, &was_there, &f->e);
    return code;
}

// Each step is there or not; a whole run leaves the goal and the query.
static void check_notes_state(struct fixture *f, bool is_whole)
{
    int64_t kept = ask_integer(f->store, "SELECT (SELECT count(*) FROM till_annotations) * 100 + "
                                         "(SELECT count(*) FROM till_goals WHERE amount_minor = "
                                         "500000) * 10 + (SELECT count(*) FROM till_saved_queries "
                                         "WHERE sql = 'SELECT 1')");
    bool is_known = kept == 11;
    static const int64_t states[] = {0, 100, 110, 111};
    for (size_t i = 0; i < TILL_COUNT(states) && !is_whole; i++)
        is_known = is_known || kept == states[i];
    if (!is_known)
        fail_msg("the state is %d", (int)kept);
}

static enum till_code work_channels(struct fixture *f)
{
    static const struct store_channel channel = {
        .name = "chat", .kind = "slack", .settings = "{}", .created_us = NOON_US};
    static const struct store_digest_schedule schedule = {.is_on = true, .minute = 480};
    static struct store_delivery delivery = {
        .key = {"chat", ORGANIZATION, STORE_DIGEST_DAY, {2026, 1, 1}},
        .part_count = 1,
        .tries = 1,
        .first_us = NOON_US,
        .last_us = NOON_US};
    struct store_channels channels;
    struct store_deliveries deliveries;
    struct store_digest_schedule found;
    bool was_there = false;
    enum till_code code = store_channel_put(f->store, &channel, &f->e);
    if (code == TILL_OK)
        code = store_channels(f->store, &f->arena, &channels, &f->e);
    if (code == TILL_OK)
        code = store_digest_schedule_put(f->store, &schedule, &f->e);
    if (code == TILL_OK)
        code = store_digest_schedule(f->store, &found, &f->e);
    delivery.state = STORE_DELIVERY_COMMITTED;
    if (code == TILL_OK)
        code = store_delivery_put(f->store, &delivery, &f->e);
    delivery.state = STORE_DELIVERY_SENT;
    if (code == TILL_OK)
        code = store_delivery_put(f->store, &delivery, &f->e);
    if (code == TILL_OK)
        code = store_deliveries(f->store, "", 10, &f->arena, &deliveries, &f->e);
    if (code == TILL_OK)
        code = store_channel_remove(f->store, "chat", &was_there, &f->e);
    return code;
}

// Each step is there or not; a whole run leaves the schedule and the log.
static void check_channels_state(struct fixture *f, bool is_whole)
{
    int64_t kept = ask_integer(
        f->store, "SELECT (SELECT count(*) FROM digest_channels) * 100 + (SELECT count(*) FROM "
                  "digest_schedule WHERE minute = 480) * 10 + (SELECT coalesce(max(CASE state WHEN "
                  "'committed' THEN 1 WHEN 'sent' THEN 2 END), 0) FROM digest_log)");
    bool is_known = kept == 12;
    static const int64_t states[] = {0, 100, 110, 111, 112};
    for (size_t i = 0; i < TILL_COUNT(states) && !is_whole; i++)
        is_known = is_known || kept == states[i];
    if (!is_known)
        fail_msg("the state is %d", (int)kept);
}

static void prepare_version_1(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    assert_int_equal(0, unlink(f->path));
    make_version_1(f);
    change_file(f, "INSERT INTO till_tables(organization_id, table_name, row_count, "
                   "last_success_at, is_proven) VALUES ('" ORGANIZATION
                   "', 'orders', 7, '2026-01-01T12:00:00.000000Z', 1)");
}

static void check_version_1(struct fixture *f, bool is_whole)
{
    struct store_health health;
    (void)is_whole;
    assert_answer(f, 5, "PRAGMA user_version");
    assert_answer(f, 1,
                  "SELECT count(*) FROM till_tables WHERE row_count = 7 AND last_full_at = "
                  "'2026-01-01T12:00:00.000000Z'");
    assert_answer(f, 0, "SELECT count(*) FROM till_webhooks");
    assert_ok(f, store_health(f->store, &health, &f->e));
    assert_true(health.is_intact);
}

static void check_open_state(struct fixture *f, bool is_whole)
{
    struct store_health health;
    (void)is_whole;
    assert_answer(f, 0, "SELECT count(*) FROM v_daily_revenue");
    assert_ok(f, store_health(f->store, &health, &f->e));
    assert_true(health.is_intact);
}

struct work {
    const char *name;
    void (*prepare)(struct fixture *f);
    enum till_code (*run)(struct fixture *f);
    void (*check)(struct fixture *f, bool is_whole);
    bool is_open_before;
    long dense; // so many points from the first are all tried
};
static const struct work work_of_opening = {"open", NULL, work_open, check_open_state, false, 100};
static const struct work work_of_a_page = {"page",           prepare_page, work_page,
                                           check_page_state, true,         120};
static const struct work work_of_a_session = {"open and page",  prepare_page, work_page,
                                              check_page_state, false,        100};
static const struct work work_of_rows = {"rows",           prepare_rows, work_rows,
                                         check_rows_state, true,         100};
static const struct work work_of_rows_alone = {"open and rows",  prepare_rows, work_rows,
                                               check_rows_state, false,        60};
static const struct work work_of_a_webhook = {
    "webhook", prepare_nothing, work_webhook, check_webhook_state, true, 100};
static const struct work work_of_notes = {
    "notes", prepare_nothing, work_notes, check_notes_state, true, 60};
static const struct work work_of_channels = {
    "channels", prepare_nothing, work_channels, check_channels_state, true, 60};
static const struct work work_of_version_1 = {
    "version 1", prepare_version_1, work_open, check_version_1, false, 30};

// What stands before a work is made once and then copied: making it for each of thousands of points would be most of this test.
static struct {
    const struct work *work;
    struct buf file;
} prepared;

static void make_prepared(const struct work *work)
{
    struct fixture f;
    char journal[sizeof f.path + 8];
    fixture_open(&f);
    work->prepare(&f);
    store_close(f.store);
    f.store = NULL;
    (void)snprintf(journal, sizeof journal, "%s-wal", f.path);
    assert_false(fs_exists(journal)); // the file alone is the database
    buf_release(&prepared.file);
    buf_init(&prepared.file, TILL_LIMIT_BUFFER_BYTES);
    assert_ok(&f, fs_read(f.path, &prepared.file, &f.e));
    prepared.work = work;
    fixture_close(&f);
}

static void set_up(const struct work *work, struct fixture *f)
{
    fixture_make(f);
    if (!work->prepare)
        return;
    // Rows of the work are the test's own: memory for them must not be what fails. Twice: an arena of several blocks becomes one of one block.
    for (int i = 0; i < 2 && work->prepare != prepare_nothing; i++) {
        (void)make_rows(&f->arena, model_table(TABLE_orders), 1, 6);
        arena_reset(&f->arena);
    }
    if (prepared.work != work)
        make_prepared(work);
    FILE *file = fopen(f->path, "wb");
    assert_non_null(file);
    assert_int_equal(prepared.file.len, fwrite(prepared.file.data, 1, prepared.file.len, file));
    assert_int_equal(0, fclose(file));
    if (work->is_open_before)
        assert_ok(f, store_open(f->path, STORE_READ_WRITE, &f->store, &f->e));
}

// A clean run over what a failure left: whole state, every time.
static void recover(const struct work *work, struct fixture *f)
{
    fixture_reopen(f);
    work->check(f, false);
    if (work->run != work_open) {
        assert_ok(f, work->run(f));
        // What a failed attempt recorded stays recorded, so the number of changes is the only thing that is the same by being idempotent.
        work->check(f, true);
    }
}

enum fault_kind { FAULT_MEMORY, FAULT_OWN_MEMORY, FAULT_FILES };

static void set_fault(enum fault_kind kind, long nth, bool for_ever)
{
    memory_fails = kind == FAULT_MEMORY;
    files_fail = kind == FAULT_FILES;
#ifdef TILL_FAULTS
    if (kind == FAULT_OWN_MEMORY) {
        fault_arm("malloc", nth, for_ever);
        return;
    }
#endif
    arm(nth, for_ever, false);
}

static bool clear_fault(enum fault_kind kind, long nth)
{
    bool has_failed = trigger.failures > 0;
#ifdef TILL_FAULTS
    if (kind == FAULT_OWN_MEMORY) {
        has_failed = fault_passages("malloc") >= nth;
        fault_disarm();
    }
#else
    (void)kind;
    (void)nth;
#endif
    arm(0, false, false);
    memory_fails = files_fail = false;
    return has_failed;
}

static void fail_everywhere(const struct work *work, enum fault_kind kind, bool for_ever)
{
    long points = 0, survived = 0;
    for (long nth = 1; nth < POINTS_MAX; nth = point_after(nth, work->dense)) {
        struct fixture f;
        set_up(work, &f);
        till_error_clear(&f.e);
        sqlite3_int64 used_before = f.store ? 0 : sqlite3_memory_used();
        set_fault(kind, nth, for_ever);
        enum till_code code = work->run(&f);
        bool has_failed = clear_fault(kind, nth);
        bool is_class_right =
            code == TILL_OK || (kind == FAULT_FILES ? code == TILL_STORE : code == TILL_MEMORY);
        if (!is_class_right)
            fail_msg("%s, point %ld: %s: %s", work->name, nth, till_code_name(code), f.e.text);
        if (code != TILL_OK)
            assert_true(f.e.text[0] != '\0');
        if (!f.store && used_before && sqlite3_memory_used() != used_before)
            fail_msg("%s, point %ld: %lld bytes leak", work->name, nth,
                     (long long)(sqlite3_memory_used() - used_before));
        recover(work, &f);
        fixture_close(&f);
        points++;
        survived += code == TILL_OK;
        if (!has_failed) {
            print_message("%s: %ld points, %ld of them harmless\n", work->name, points - 1,
                          survived - 1);
            assert_true(points > 1);
            return;
        }
    }
    fail_msg("the work does not end");
}

static void test_open_without_memory(void **state)
{
    (void)state;
    fail_everywhere(&work_of_opening, FAULT_MEMORY, false);
}
static void test_page_without_memory(void **state)
{
    (void)state;
    fail_everywhere(&work_of_a_page, FAULT_MEMORY, false);
    fail_everywhere(&work_of_a_page, FAULT_MEMORY, true);
}
static void test_rows_without_memory(void **state)
{
    (void)state;
    fail_everywhere(&work_of_rows, FAULT_MEMORY, false);
    fail_everywhere(&work_of_a_webhook, FAULT_MEMORY, false);
    fail_everywhere(&work_of_notes, FAULT_MEMORY, false);
    fail_everywhere(&work_of_channels, FAULT_MEMORY, false);
    fail_everywhere(&work_of_version_1, FAULT_MEMORY, false);
}
static void test_rows_without_disk(void **state)
{
    (void)state;
    fail_everywhere(&work_of_rows, FAULT_FILES, false);
    fail_everywhere(&work_of_rows_alone, FAULT_FILES, true);
    fail_everywhere(&work_of_a_webhook, FAULT_FILES, false);
    fail_everywhere(&work_of_notes, FAULT_FILES, false);
    fail_everywhere(&work_of_channels, FAULT_FILES, false);
    fail_everywhere(&work_of_version_1, FAULT_FILES, false);
}
#ifdef TILL_FAULTS
static void test_without_memory_of_our_own(void **state)
{
    (void)state;
    fail_everywhere(&work_of_opening, FAULT_OWN_MEMORY, false);
    fail_everywhere(&work_of_a_page, FAULT_OWN_MEMORY, false);
    fail_everywhere(&work_of_rows, FAULT_OWN_MEMORY, false);
    fail_everywhere(&work_of_a_webhook, FAULT_OWN_MEMORY, false);
    fail_everywhere(&work_of_notes, FAULT_OWN_MEMORY, false);
    fail_everywhere(&work_of_channels, FAULT_OWN_MEMORY, false);
}
#endif
static void test_open_without_disk(void **state)
{
    (void)state;
    fail_everywhere(&work_of_opening, FAULT_FILES, false);
    fail_everywhere(&work_of_opening, FAULT_FILES, true);
}
static void test_page_without_disk(void **state)
{
    (void)state;
    fail_everywhere(&work_of_a_page, FAULT_FILES, false);
    fail_everywhere(&work_of_a_session, FAULT_FILES, true);
}

// A child is killed at its nth write or sync, in the middle of it.
static void kill_everywhere(const struct work *work)
{
    long points = 0;
    for (long nth = 1; nth < POINTS_MAX; nth = point_after(nth, work->dense)) {
        struct fixture f;
        int status = 0;
        set_up(work, &f);
        pid_t child = fork();
        if (child == 0) {
            files_fail = true;
            arm(nth, false, true);
            enum till_code code = work->run(&f);
            store_close(f.store);
            _exit(code == TILL_OK ? 0 : 1);
        }
        assert_int_equal(child, waitpid(child, &status, 0));
        assert_true(WIFEXITED(status));
        recover(work, &f);
        fixture_close(&f);
        points++;
        if (WEXITSTATUS(status) == 0) {
            print_message("%s: killed %ld times\n", work->name, points - 1);
            assert_true(points > 1);
            return;
        }
        assert_int_equal(KILLED_STATUS, WEXITSTATUS(status));
    }
    fail_msg("the work does not end");
}

static void test_killed(void **state)
{
    (void)state;
    kill_everywhere(&work_of_opening);
    kill_everywhere(&work_of_a_session);
    kill_everywhere(&work_of_rows_alone);
    kill_everywhere(&work_of_version_1);
}

#ifdef TILL_FAULTS
static void test_commit_fails(void **state)
{
    struct fixture f;
    (void)state;
    set_up(&work_of_a_page, &f);
    for (long nth = 1; nth <= 3; nth++) {
        fault_arm("store.commit", nth, false);
        assert_int_equal(TILL_STORE, work_page(&f));
        fault_disarm();
        assert_non_null(strstr(f.e.text, "no space"));
    }
    assert_ok(&f, work_page(&f));
    check_page_state(&f, true);
    fixture_close(&f);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_without_memory),
        cmocka_unit_test(test_page_without_memory),
        cmocka_unit_test(test_open_without_disk),
        cmocka_unit_test(test_page_without_disk),
        cmocka_unit_test(test_rows_without_memory),
        cmocka_unit_test(test_rows_without_disk),
        cmocka_unit_test(test_killed),
#ifdef TILL_FAULTS
        cmocka_unit_test(test_without_memory_of_our_own),
        cmocka_unit_test(test_commit_fails),
#endif
    };
    install();
    int failed = cmocka_run_group_tests_name("store faults", tests, NULL, NULL);
    buf_release(&prepared.file);
    return failed;
}
