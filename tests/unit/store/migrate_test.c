// SPDX-License-Identifier: Apache-2.0
// migrate_test.c - opening: new files, files of others, older and newer schemas, columns that came later, backups, file modes, read-only places.
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"

static void close_store(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

static int count_files(const struct fixture *f, const char *part)
{
    int count = 0;
    DIR *list = opendir(f->folder);
    assert_non_null(list);
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list))
        count += strstr(entry->d_name, part) != NULL;
    (void)closedir(list);
    return count;
}

static void land_orders(struct fixture *f, int first, size_t count)
{
    struct store_walk walk;
    struct store_page_counts counts;
    assert_ok(f, store_walk_begin(f->store, SV(ORGANIZATION), model_table(TABLE_orders), true,
                                  NOON_US, &walk, &f->e));
    assert_ok(f,
              store_page(f->store, &walk,
                         &(struct store_incoming){
                             .rows = make_rows(&f->arena, model_table(TABLE_orders), first, count),
                             .row_count = count,
                             .total_count = (int64_t)count},
                         NOON_US, &counts, &f->e));
    assert_ok(f, store_walk_drop(f->store, &walk, &f->e));
}

static void test_new(void **state)
{
    struct fixture f;
    struct stat status;
    char name[400];
    (void)state;
    fixture_open(&f);
    assert_int_equal(5, store_schema_version(f.store));
    land_orders(&f, 1, 3);
    static const char *const files[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "%s%s", f.path, files[i]);
        assert_int_equal(0, stat(name, &status));
        assert_int_equal(0600, status.st_mode & 0777);
    }
    fixture_reopen(&f);
    assert_int_equal(0, count_files(&f, "backup"));
    assert_answer(&f, 3, "SELECT count(*) FROM orders");
    fixture_close(&f);
}

static void test_column_that_came_later(void **state)
{
    struct fixture f;
    struct stat status;
    char backup[400];
    (void)state;
    fixture_open(&f);
    land_orders(&f, 1, 3);
    close_store(&f);
    change_file(&f,
                "DROP VIEW v_order_items; ALTER TABLE orders DROP COLUMN units; ALTER TABLE orders "
                "DROP COLUMN items;"
                "DROP VIEW v_mrr; CREATE VIEW v_mrr AS SELECT 1; DROP INDEX refunds_by_order_id; "
                "CREATE VIEW v_mine AS SELECT id FROM orders");
    fixture_reopen(&f);
    assert_answer(&f, 3,
                  "SELECT count(*) FROM orders WHERE items IS NULL AND units IS NULL AND "
                  "net_amount IS NOT NULL");
    assert_answer(&f, 0, "SELECT count(*) FROM v_order_items");
    assert_answer(&f, 0, "SELECT count(mrr_amount) FROM v_mrr");
    assert_answer(&f, 3, "SELECT count(*) FROM v_mine");
    assert_answer(&f, 1, "SELECT count(*) FROM sqlite_schema WHERE name = 'refunds_by_order_id'");
    (void)snprintf(backup, sizeof backup, "%s.backup-v5", f.path);
    assert_int_equal(0, stat(backup, &status));
    assert_int_equal(0600, status.st_mode & 0777);
    land_orders(&f, 1, 4); // the column stands last now
    assert_answer(
        &f, 4,
        "SELECT count(*) FROM orders WHERE items LIKE '%items%' AND till_extra = '{\"later\":1}'");
    assert_answer(&f, 6,
                  "SELECT count(*) FROM row_changes WHERE old_value IS NULL AND column_name IN "
                  "('items', 'units')");
    fixture_reopen(&f);
    assert_int_equal(1, count_files(&f, "backup"));
    fixture_close(&f);
}

static void test_views_alone_need_no_backup(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    close_store(&f);
    change_file(&f, "DROP VIEW v_mrr; CREATE VIEW v_mrr AS SELECT 1");
    fixture_reopen(&f);
    assert_int_equal(0, count_files(&f, "backup"));
    fixture_close(&f);
}

static void test_backups_are_bounded(void **state)
{
    struct fixture f;
    char name[400];
    (void)state;
    fixture_open(&f);
    close_store(&f);
    for (int i = 0; i < 6; i++) {
        (void)snprintf(name, sizeof name, "%s.backup-v0%d", f.path, i);
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0);
        struct timespec times[2] = {{1000 + i, 0}, {1000 + i, 0}};
        assert_int_equal(0, futimens(fd, times));
        (void)close(fd);
    }
    change_file(&f, "DROP TABLE events");
    fixture_reopen(&f);
    assert_int_equal(TILL_LIMIT_BACKUPS, count_files(&f, "backup"));
    (void)snprintf(name, sizeof name, "%s.backup-v5", f.path);
    assert_int_equal(0, access(name, R_OK));
    (void)snprintf(name, sizeof name, "%s.backup-v05", f.path);
    assert_int_equal(0, access(name, R_OK));
    fixture_close(&f);
}

static void refuse(struct fixture *f, enum store_mode mode, enum till_code code, const char *words)
{
    struct store *store = NULL;
    till_error_clear(&f->e);
    assert_int_equal(code, store_open(f->path, mode, &store, &f->e));
    assert_null(store);
    if (!strstr(f->e.text, words))
        fail_msg("\"%s\" does not say \"%s\"", f->e.text, words);
    assert_true(f->e.hint[0] != '\0');
}

static void test_newer_and_older(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    land_orders(&f, 1, 3);
    close_store(&f);
    change_file(&f, "PRAGMA user_version = 6");
    refuse(&f, STORE_READ_WRITE, TILL_STORE, "newer till");
    refuse(&f, STORE_READ_ONLY, TILL_STORE, "newer till");
    change_file(&f, "PRAGMA user_version = 0");
    refuse(&f, STORE_READ_ONLY, TILL_STORE, "older till");
    fixture_reopen(&f);
    assert_answer(&f, 3, "SELECT count(*) FROM orders");
    assert_int_equal(1, count_files(&f, "backup-v0"));
    fixture_close(&f);
}

// ---- from version 1 ----

static struct store_table_state state_of(struct fixture *f, enum table_id id)
{
    struct store_table_state state;
    assert_ok(f, store_table_state(f->store, SV(ORGANIZATION), model_table(id), &state, &f->e));
    return state;
}

// Customers: proven, and a second walk has seen two of three. Orders: failed since, never proven.
static const char rows_of_version_1[] =
    "INSERT INTO customers(id, created_at, organization_id, till_synced_at) VALUES "
    "('c1', '2025-01-01T00:00:00.000000Z', '" ORGANIZATION "', '2025-01-02T00:00:00.000000Z'), "
    "('c2', '2025-01-01T00:00:01.000000Z', '" ORGANIZATION "', '2025-01-02T00:00:00.000000Z'), "
    "('c3', '2025-01-01T00:00:02.000000Z', '" ORGANIZATION "', '2025-01-02T00:00:00.000000Z');"
    "INSERT INTO till_tables(organization_id, table_name, row_count, last_success_at, is_proven, "
    "is_enabled, last_code) VALUES ('" ORGANIZATION "', 'customers', 3, "
    "'2026-01-01T12:00:00.000000Z', 1, 1, 'ok'), ('" ORGANIZATION
    "', 'orders', 7, '2026-01-01T12:00:00.000000Z', 0, 0, 'network');"
    "INSERT INTO till_runs(organization_id, table_name, started_at, finished_at, code, added, "
    "changed, removed, unchanged, quarantined, requests, pages, server_total, is_proven) VALUES "
    "('" ORGANIZATION "', 'customers', '2026-01-01T11:00:00.000000Z', "
    "'2026-01-01T12:00:00.000000Z', 'ok', 3, 0, 0, 0, 0, 1, 1, 3, 1), ('" ORGANIZATION
    "', 'customers', '2026-01-01T13:00:00.000000Z', '2026-01-01T13:00:01.000000Z', 'network', 0, "
    "0, 0, 0, 0, 1, 0, -1, 0);"
    "INSERT INTO till_walks VALUES (5, '" ORGANIZATION
    "', 'customers', 1, 2, 2, 3, '2026-01-01T13:00:00.000000Z', 7777);"
    "INSERT INTO till_walk_rows VALUES (5, 1), (5, 2);"
    "INSERT INTO till_quarantine(organization_id, table_name, row_id, reason, seen_at, walk_id) "
    "VALUES ('" ORGANIZATION "', 'customers', 'c9', 'bad', '2026-01-01T13:00:00.000000Z', 5);"
    "INSERT INTO row_changes(organization_id, table_name, row_id, column_name, old_value, "
    "new_value, seen_at) VALUES ('" ORGANIZATION "', 'customers', 'c1', 'name', 'a', 'b', "
    "'2026-01-01T13:00:00.000000Z');";

static void test_from_version_1(void **state)
{
    struct fixture f;
    struct store_walk walk;
    (void)state;
    fixture_make(&f);
    make_version_1(&f);
    change_file(&f, rows_of_version_1);
    refuse(&f, STORE_READ_ONLY, TILL_STORE, "older till");
    assert_ok(&f, store_open(f.path, STORE_READ_WRITE, &f.store, &f.e));
    assert_int_equal(5, store_schema_version(f.store));
    assert_answer(&f, 5, "PRAGMA user_version");
    assert_int_equal(1, count_files(&f, "backup-v1"));
    struct store_table_state customers = state_of(&f, TABLE_customers);
    assert_int_equal(3, customers.row_count);
    assert_int_equal(NOON_US, customers.last_full_us);
    assert_int_equal(NOON_US - INT64_C(3600000000), customers.fresh_us);
    assert_int_equal(STORE_INCREMENTAL, customers.method);
    assert_int_equal(STORE_FULL, customers.last_method);
    assert_int_equal(0, customers.every_ms);
    assert_int_equal(1, customers.unmirrored_count);
    assert_int_equal(2, customers.walk_next_page);
    struct store_table_state orders = state_of(&f, TABLE_orders);
    assert_false(orders.is_enabled);
    assert_int_equal(0, orders.last_full_us);
    assert_int_equal(0, orders.fresh_us);
    assert_answer(&f, 2, "SELECT count(*) FROM till_runs WHERE method = 'full'");
    assert_answer(&f, 1, "SELECT count(*) FROM row_changes");
    // The marks are of another epoch: the walk begins anew, and ends well.
    assert_ok(&f, store_walk_begin(f.store, SV(ORGANIZATION), model_table(TABLE_customers), false,
                                   NOON_US, &walk, &f.e));
    assert_false(walk.is_resumed);
    assert_answer(&f, 0, "SELECT count(*) FROM till_walk_rows");
    fixture_reopen(&f);
    assert_int_equal(1, count_files(&f, "backup"));
    fixture_close(&f);
}

// Before channels.
static void test_from_version_4(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    land_orders(&f, 1, 3);
    close_store(&f);
    change_file(&f, "DROP TABLE digest_channels; DROP TABLE digest_schedule; DROP TABLE "
                    "digest_log; PRAGMA user_version = 4");
    refuse(&f, STORE_READ_ONLY, TILL_STORE, "older till");
    assert_ok(&f, store_open(f.path, STORE_READ_WRITE, &f.store, &f.e));
    assert_answer(&f, 5, "PRAGMA user_version");
    assert_int_equal(1, count_files(&f, "backup-v4"));
    assert_answer(&f, 3, "SELECT count(*) FROM orders");
    assert_answer(&f, 0,
                  "SELECT (SELECT count(*) FROM digest_channels) + (SELECT count(*) FROM "
                  "digest_schedule) + (SELECT count(*) FROM digest_log)");
    fixture_close(&f);
}

// Before web traffic.
static void test_from_version_3(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    land_orders(&f, 1, 3);
    close_store(&f);
    change_file(&f, "DROP TABLE traffic_sources; DROP TABLE traffic_daily; DROP TABLE "
                    "traffic_hourly; DROP TABLE traffic_breakdown; DROP TABLE search_daily; DROP "
                    "TABLE search_queries; PRAGMA user_version = 3");
    refuse(&f, STORE_READ_ONLY, TILL_STORE, "older till");
    assert_ok(&f, store_open(f.path, STORE_READ_WRITE, &f.store, &f.e));
    assert_answer(&f, 5, "PRAGMA user_version");
    assert_int_equal(1, count_files(&f, "backup-v3"));
    assert_answer(&f, 3, "SELECT count(*) FROM orders");
    assert_answer(&f, 0, "SELECT count(*) FROM traffic_sources");
    fixture_close(&f);
}

// Before annotations, goals and saved queries.
static void test_from_version_2(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    land_orders(&f, 1, 3);
    close_store(&f);
    change_file(&f, "DROP TABLE till_annotations; DROP TABLE till_goals; DROP TABLE "
                    "till_saved_queries; DROP TABLE till_packed; DROP TABLE till_packed_bills; "
                    "PRAGMA user_version = 2");
    refuse(&f, STORE_READ_ONLY, TILL_STORE, "older till");
    assert_ok(&f, store_open(f.path, STORE_READ_WRITE, &f.store, &f.e));
    assert_answer(&f, 5, "PRAGMA user_version");
    assert_int_equal(1, count_files(&f, "backup-v2"));
    assert_answer(&f, 3, "SELECT count(*) FROM orders");
    assert_answer(&f, 0,
                  "SELECT (SELECT count(*) FROM till_annotations) + (SELECT count(*) FROM "
                  "till_goals) + (SELECT count(*) FROM till_saved_queries)");
    fixture_reopen(&f);
    assert_int_equal(1, count_files(&f, "backup"));
    fixture_close(&f);
}

static int schema_differences(const char *path, const char *other)
{
    char sql[700];
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    (void)snprintf(sql, sizeof sql, "ATTACH '%s' AS other", other);
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(
        SQLITE_OK,
        sqlite3_prepare_v2(
            db,
            "WITH mine AS (SELECT s.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.pk FROM "
            "main.sqlite_schema AS s, pragma_table_xinfo(s.name, 'main') AS x), theirs AS (SELECT "
            "s.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.pk FROM other.sqlite_schema AS "
            "s, pragma_table_xinfo(s.name, 'other') AS x) SELECT (SELECT count(*) FROM (SELECT * "
            "FROM mine EXCEPT SELECT * FROM theirs)) + (SELECT count(*) FROM (SELECT * FROM theirs "
            "EXCEPT SELECT * FROM mine)) + (SELECT count(*) = 0 FROM mine)",
            -1, &statement, NULL));
    assert_int_equal(SQLITE_ROW, sqlite3_step(statement));
    int differences = sqlite3_column_int(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    return differences;
}

// Whatever the way to this version, tables, indexes and views have the same columns.
static void test_migrated_and_new_are_alike(void **state)
{
    struct fixture f, new;
    (void)state;
    fixture_open(&new);
    close_store(&new);
    fixture_make(&f);
    make_version_1(&f);
    assert_true(schema_differences(f.path, new.path) > 0);
    assert_ok(&f, store_open(f.path, STORE_READ_WRITE, &f.store, &f.e));
    close_store(&f);
    assert_int_equal(0, schema_differences(f.path, new.path));
    fixture_close(&f);
    fixture_close(&new);
}

static void write_file(const char *path, const char *text, size_t length)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal((ssize_t)length, write(fd, text, length));
    (void)close(fd);
}

static void test_files_of_others(void **state)
{
    struct fixture f;
    char text[8192];
    struct stat before, after;
    (void)state;
    fixture_open(&f);
    close_store(&f);
    remove_folder(f.folder);
    assert_int_equal(0, mkdir(f.folder, 0700));
    refuse(&f, STORE_READ_ONLY, TILL_CONFIG, "no database yet");
    assert_int_equal(-1, access(f.path, F_OK));
    change_file(&f, "CREATE TABLE theirs(x)");
    assert_int_equal(0, stat(f.path, &before));
    refuse(&f, STORE_READ_WRITE, TILL_STORE, "another program");
    assert_int_equal(0, stat(f.path, &after));
    assert_int_equal(before.st_size, after.st_size);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    memset(text, 'x', sizeof text);
    write_file(f.path, text, sizeof text);
    refuse(&f, STORE_READ_WRITE, TILL_STORE, "not a database");
    write_file(f.path, "", 0);
    refuse(&f, STORE_READ_ONLY, TILL_CONFIG, "still empty");
    assert_ok(&f, store_open(f.path, STORE_READ_WRITE, &f.store, &f.e));
    fixture_close(&f);
}

static void test_damage(void **state)
{
    struct fixture f;
    char zeros[4096 * 4];
    struct store_health health;
    (void)state;
    fixture_open(&f);
    for (int i = 0; i < 4; i++)
        land_orders(&f, 1 + i * 1000, 1000);
    close_store(&f);
    int fd = open(f.path, O_RDWR);
    memset(zeros, 0x5a, sizeof zeros);
    off_t size = lseek(fd, 0, SEEK_END);
    for (off_t at = size / 2; at < size; at += 4096 * 16) // rows, far behind the schema
        assert_int_equal((ssize_t)sizeof zeros, pwrite(fd, zeros, sizeof zeros, at));
    (void)close(fd);
    assert_ok(&f, store_open(f.path, STORE_READ_ONLY, &f.store, &f.e));
    enum till_code code = store_health(f.store, &health, &f.e);
    assert_true(code == TILL_OK ? !health.is_intact && health.problem[0] : code == TILL_STORE);
    store_close(f.store);
    f.store = NULL;
    fd = open(f.path, O_RDWR);
    assert_int_equal((ssize_t)sizeof zeros, pwrite(fd, zeros, sizeof zeros, 100));
    (void)close(fd);
    refuse(&f, STORE_READ_ONLY, TILL_STORE, "damaged");
    fixture_close(&f);
}

static void test_missing_folder(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    (void)snprintf(f.path + strlen(f.path), 20, "/x/y.db");
    refuse(&f, STORE_READ_WRITE, TILL_STORE, "could not make the database");
    refuse(&f, STORE_READ_ONLY, TILL_CONFIG, "no database yet");
    (void)snprintf(f.path, sizeof f.path, "%s/none/till.db", f.folder);
    refuse(&f, STORE_READ_WRITE, TILL_STORE, "No such file");
    fixture_close(&f);
}

// In a child without root's powers: a folder and a file that may be read only.
static int read_as_nobody(const struct fixture *f, bool is_writing)
{
    pid_t child = fork();
    if (child == 0) {
        struct store *store = NULL;
        struct till_error e = {0};
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        enum till_code code =
            store_open(f->path, is_writing ? STORE_READ_WRITE : STORE_READ_ONLY, &store, &e);
        if (code == TILL_OK && !is_writing)
            code = ask_integer(store, "SELECT count(*) FROM orders") == 3 ? TILL_OK : TILL_FORMAT;
        _exit(code == TILL_OK ? 0 : (int)code);
    }
    int status = 0;
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_read_only_places(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    land_orders(&f, 1, 3);
    close_store(&f); // the last to close copies the log back and removes it
    assert_int_equal(0, chmod(f.path, 0444));
    assert_int_equal(0, chmod(f.folder, 0555));
    assert_int_equal(0, read_as_nobody(&f, false));
    assert_int_equal(TILL_STORE, read_as_nobody(&f, true));
    assert_int_equal(0, count_files(&f, "-wal"));
    assert_int_equal(0, chmod(f.folder, 0700));
    fixture_close(&f);
}

static void test_vacuum_ends_resuming(void **state)
{
    struct fixture f;
    struct store_walk walk;
    struct store_page_counts counts;
    int64_t removed = 77;
    (void)state;
    fixture_open(&f);
    struct row *rows = make_rows(&f.arena, model_table(TABLE_orders), 1, 3);
    assert_ok(&f, store_walk_begin(f.store, SV(ORGANIZATION), model_table(TABLE_orders), false,
                                   NOON_US, &walk, &f.e));
    assert_ok(&f,
              store_page(f.store, &walk,
                         &(struct store_incoming){.rows = rows, .row_count = 3, .total_count = 3},
                         NOON_US, &counts, &f.e));
    change_file(&f, "VACUUM");
    assert_int_equal(TILL_STORE, store_walk_end(f.store, &walk, true, NOON_US, &removed, &f.e));
    assert_int_equal(77, removed);
    assert_ok(&f, store_walk_begin(f.store, SV(ORGANIZATION), model_table(TABLE_orders), false,
                                   NOON_US, &walk, &f.e));
    assert_false(walk.is_resumed);
    assert_int_equal(0, walk.seen_count);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_column_that_came_later),
        cmocka_unit_test(test_views_alone_need_no_backup),
        cmocka_unit_test(test_backups_are_bounded),
        cmocka_unit_test(test_newer_and_older),
        cmocka_unit_test(test_from_version_1),
        cmocka_unit_test(test_from_version_2),
        cmocka_unit_test(test_from_version_3),
        cmocka_unit_test(test_from_version_4),
        cmocka_unit_test(test_migrated_and_new_are_alike),
        cmocka_unit_test(test_files_of_others),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_missing_folder),
        cmocka_unit_test(test_read_only_places),
        cmocka_unit_test(test_vacuum_ends_resuming),
    };
    return cmocka_run_group_tests_name("store migrations", tests, NULL, NULL);
}
