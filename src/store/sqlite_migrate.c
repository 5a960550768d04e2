// SPDX-License-Identifier: Apache-2.0
// sqlite_migrate.c - brings a database to the schema of this program, in one transaction, after a backup copy.
//
// Two kinds of change. Numbered migrations (the list below; PRAGMA user_version counts them) are written by hand and never edited once
// released. Everything that follows from the lists is put right by comparison at each opening: mirrored tables and columns that are
// missing are added, indexes, triggers and views whose text differs are replaced. So a new field in model/tables.def needs no migration. What triggers keep
// is made anew when one of them was not there.
//
// A copy `till.db.backup-v<N>` (N: the old version) is made before anything that touches tables; indexes and views alone can be made again
// and are not worth one. The copy is complete before it gets its name. Of several programs that migrate at once one wins the write lock;
// the others find nothing left to do, because all checks are made again inside of the transaction.
#include "store/sqlite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/limits.h"

enum { OBJECT_SQL_BYTES = 64 * 1024 };

struct migration {
    int version;
    const char *sentence;
    const char *sql; // from the version before; tables that are new come from their list
};
static const struct migration migrations[] = {
    {1, "the first schema", NULL},
    {2, "schedules, and what is known about each table between walks",
     "ALTER TABLE till_tables ADD COLUMN method TEXT NOT NULL DEFAULT 'incremental';"
     "ALTER TABLE till_tables ADD COLUMN every_ms INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE till_tables ADD COLUMN last_method TEXT NOT NULL DEFAULT 'full';"
     "ALTER TABLE till_tables ADD COLUMN fresh_at TEXT;"
     "ALTER TABLE till_tables ADD COLUMN last_full_at TEXT;"
     "ALTER TABLE till_tables ADD COLUMN failure_count INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE till_runs ADD COLUMN method TEXT NOT NULL DEFAULT 'full';"
     "UPDATE till_tables SET last_full_at = last_success_at WHERE is_proven = 1;"
     "UPDATE till_tables SET fresh_at = (SELECT r.started_at FROM till_runs AS r"
     " WHERE r.organization_id = till_tables.organization_id AND r.table_name = "
     "till_tables.table_name AND r.code = 'ok' ORDER BY r.id DESC LIMIT 1);"},
    {3, "annotations, goals and saved queries", NULL},
    {4, "web traffic, packed bills, and facts of events", NULL},
    {5, "the digest's channels", NULL},
};
_Static_assert(TILL_COUNT(migrations) == STORE_SCHEMA_VERSION, "one migration for each version");

static enum till_code fail_foreign(struct sqlite_db *db, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_STORE, SQLITE_NOTADB, "\"%s\" is a database of another program",
                    db->path);
    return till_error_hint(e, "choose another place with --home; the file was not changed");
}

enum till_code sqlite_check_version(struct sqlite_db *db, enum store_mode mode, bool *ret_is_new,
                                    struct till_error *e)
{
    int64_t application = 0, version = 0, objects = 0;
    enum till_code code = sqlite_number(db, "SELECT count(*) FROM sqlite_schema", &objects, e);
    if (code == TILL_OK)
        code = sqlite_number(db, "PRAGMA application_id", &application, e);
    if (code == TILL_OK)
        code = sqlite_number(db, "PRAGMA user_version", &version, e);
    if (code)
        return code;
    bool is_ours = application == STORE_APPLICATION_ID;
    if (!is_ours && (objects > 0 || application != 0 || version != 0))
        return fail_foreign(db, e);
    if (!is_ours && mode == STORE_READ_ONLY) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "the database \"%s\" is still empty", db->path);
        return till_error_hint(e, "run `till connect polar`, then `till sync`");
    }
    if (version > STORE_SCHEMA_VERSION) {
        (void)TILL_FAIL(
            e, TILL_STORE, version,
            "\"%s\" was written by a newer till: its schema is version %lld, this program knows %d",
            db->path, (long long)version, STORE_SCHEMA_VERSION);
        return till_error_hint(e, "update till; the database was not changed");
    }
    if (is_ours && mode == STORE_READ_ONLY && version < STORE_SCHEMA_VERSION) {
        (void)TILL_FAIL(e, TILL_STORE, version,
                        "\"%s\" was written by an older till: its schema is version %lld, this "
                        "program needs %d",
                        db->path, (long long)version, STORE_SCHEMA_VERSION);
        return till_error_hint(
            e, "run `till sync` once: it makes a backup copy and migrates the database");
    }
    db->version = (int)version;
    *ret_is_new = !is_ours;
    return TILL_OK;
}

// ---- what is there ----

enum difference { SAME, DIFFERENT, MISSING };

// Compares an object with its text in the database. Tables only by being there.
static enum till_code compare_object(struct sqlite_db *db, size_t index, const struct buf *sql,
                                     enum difference *ret_difference, struct till_error *e)
{
    static const char query[] = "SELECT sql FROM sqlite_schema WHERE type = ?1 AND name = ?2";
    struct sqlite_object object = sqlite_object(index);
    sqlite3_stmt *statement = NULL;
    enum difference difference = MISSING;
    int rc = sqlite3_prepare_v2(db->handle, query, -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(statement, 1, object.kind, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(statement, 2, object.name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        struct value text = {0};
        if (!sqlite_column(statement, 0, &text))
            rc = SQLITE_NOMEM;
        else if (strcmp(object.kind, "table") == 0 ||
                 (text.type == VALUE_TEXT && sv_equal(text.text, (struct sv){sql->data, sql->len})))
            difference = SAME;
        else
            difference = DIFFERENT;
    }
    (void)sqlite3_finalize(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return DB_FAIL(db, rc, "read the schema", e);
    *ret_difference = difference;
    return TILL_OK;
}

static enum till_code find_column(struct sqlite_db *db, const char *table, const char *column,
                                  bool *ret_found, struct till_error *e)
{
    char sql[256];
    int64_t count = 0;
    (void)sqlite3_snprintf(sizeof sql, sql,
                           "SELECT count(*) FROM pragma_table_xinfo(%Q) WHERE name = %Q", table,
                           column);
    enum till_code code = sqlite_number(db, sql, &count, e);
    if (code == TILL_OK)
        *ret_found = count > 0;
    return code;
}

// ---- the work ----

struct work {
    struct sqlite_db *db;
    bool is_applied;     // false: only find out what there is to do
    bool touches_tables; // found out
    bool is_needed;      // found out
    bool lacks_facts;    // found out: what triggers keep is not what they would have kept
};

static enum till_code work_columns(struct work *work, const struct table *table,
                                   struct till_error *e)
{
    for (size_t i = 0; i < table->column_count; i++) {
        bool is_found = false;
        enum till_code code =
            find_column(work->db, table->name, table->columns[i].name, &is_found, e);
        if (code)
            return code;
        if (is_found)
            continue;
        work->is_needed = work->touches_tables = true;
        if (!work->is_applied)
            continue;
        AUTO_BUF sql;
        buf_init(&sql, OBJECT_SQL_BYTES);
        buf_format(&sql, "ALTER TABLE %s ADD COLUMN ", table->name);
        sqlite_column_sql(&table->columns[i], true, &sql);
        code = buf_fail(&sql, "the statement", e);
        if (code == TILL_OK)
            code = sqlite_exec(work->db, sql.data, "migrate the database", e);
        if (code)
            return code;
    }
    return TILL_OK;
}

static enum till_code work_object(struct work *work, size_t index, struct till_error *e)
{
    struct sqlite_object object = sqlite_object(index);
    enum difference difference = SAME;
    AUTO_BUF sql;
    buf_init(&sql, OBJECT_SQL_BYTES);
    sqlite_object_sql(index, &sql);
    enum till_code code = buf_fail(&sql, "the schema", e);
    if (code == TILL_OK)
        code = compare_object(work->db, index, &sql, &difference, e);
    if (code)
        return code;
    if (difference == SAME)
        return object.table ? work_columns(work, object.table, e) : TILL_OK;
    work->is_needed = true;
    if (strcmp(object.kind, "table") == 0)
        work->touches_tables = true;
    if (strcmp(object.kind, "trigger") == 0 || strcmp(object.name, "till_event_facts") == 0)
        work->lacks_facts = true;
    if (!work->is_applied)
        return TILL_OK;
    if (difference == DIFFERENT) {
        char drop[128];
        (void)snprintf(drop, sizeof drop, "DROP %s %s", object.kind, object.name);
        code = sqlite_exec(work->db, drop, "migrate the database", e);
    }
    return code ? code : sqlite_exec(work->db, sql.data, "migrate the database", e);
}

static enum till_code work_migrations(struct work *work, struct till_error *e)
{
    int64_t version = 0;
    enum till_code code = sqlite_number(work->db, "PRAGMA user_version", &version, e);
    // Without a version all tables are made from their lists, which are of today.
    if (code == TILL_OK && version == 0)
        work->is_needed = work->touches_tables = true;
    for (size_t i = 0; i < TILL_COUNT(migrations) && code == TILL_OK; i++) {
        if (version == 0 || migrations[i].version <= version)
            continue;
        work->is_needed = work->touches_tables = true;
        if (work->is_applied && migrations[i].sql)
            code = sqlite_exec(work->db, migrations[i].sql, "migrate the database", e);
    }
    return code;
}

static enum till_code work_all(struct work *work, struct till_error *e)
{
    enum till_code code = work_migrations(work, e);
    for (size_t i = 0; i < sqlite_object_count() && code == TILL_OK; i++)
        code = work_object(work, i, e);
    if (code == TILL_OK && work->is_applied && work->lacks_facts)
        code = sqlite_facts_make(work->db, e);
    return code;
}

// ---- backup copies ----

struct backup {
    char name[256];
    int64_t modified_ns;
};

// Removes the oldest backup when there are more than the ceiling; *ret_more says that one was removed.
static void drop_oldest(const char *path, bool *ret_more)
{
    char folder[TILL_LIMIT_PATH_BYTES], prefix[256];
    const char *slash = strrchr(path, '/');
    int count = 0;
    struct backup oldest = {.modified_ns = INT64_MAX};
    (void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 2,
                   slash ? path : "./");
    int length = snprintf(prefix, sizeof prefix, "%s.backup-v", slash ? slash + 1 : path);
    *ret_more = false;
    DIR *list = length > 0 && (size_t)length < sizeof prefix ? opendir(folder) : NULL;
    for (struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list)) {
        struct stat status;
        if (strncmp(entry->d_name, prefix, (size_t)length) != 0 ||
            strlen(entry->d_name) >= sizeof oldest.name ||
            fstatat(dirfd(list), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        count++;
        int64_t modified_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
        if (modified_ns < oldest.modified_ns) {
            oldest.modified_ns = modified_ns;
            (void)snprintf(oldest.name, sizeof oldest.name, "%s", entry->d_name);
        }
    }
    if (list && count > TILL_LIMIT_BACKUPS)
        *ret_more = unlinkat(dirfd(list), oldest.name, 0) == 0;
    if (list)
        (void)closedir(list);
}

static enum till_code fail_backup(const char *copy, int error, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_STORE, error,
                    "could not make the backup copy \"%s\" before migrating: %s", copy,
                    strerror(error));
    return till_error_hint(
        e, "the database was not changed; make room or fix the permissions of its folder");
}

static enum till_code make_backup(struct sqlite_db *db, struct till_error *e)
{
    char copy[TILL_LIMIT_PATH_BYTES], part[TILL_LIMIT_PATH_BYTES];
    int length = snprintf(copy, sizeof copy, "%s.backup-v%d", db->path, db->version);
    int part_length = snprintf(part, sizeof part, "%s.part", db->path);
    if (length < 0 || (size_t)length >= sizeof copy || part_length < 0 ||
        (size_t)part_length >= sizeof part)
        return TILL_FAIL(e, TILL_LIMIT, 0, "the path of the database is too long");
    (void)unlink(part);
    int fd = open(part, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_backup(copy, errno, e);
    (void)close(fd);
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", part);
    enum till_code code =
        sql ? sqlite_exec(db, sql, "make a backup copy before migrating", e) : TILL_FAIL_MEMORY(e);
    sqlite3_free(sql);
    if (code == TILL_OK && rename(part, copy) != 0)
        code = fail_backup(copy, errno, e);
    if (code) {
        (void)unlink(part);
        return code;
    }
    for (bool is_more = true; is_more;)
        drop_oldest(db->path, &is_more);
    return TILL_OK;
}

// ---- ----

static enum till_code apply(struct sqlite_db *db, struct till_error *e)
{
    char sql[128];
    struct work work = {.db = db, .is_applied = true};
    struct store_db *store_db = (struct store_db *)(void *)db;
    enum till_code code = store_driver_sqlite.begin(store_db, e);
    if (code)
        return code;
    bool is_new;
    code = sqlite_check_version(db, STORE_READ_WRITE, &is_new,
                                e); // again: a newer till may have been here
    if (code == TILL_OK)
        code = work_all(&work, e);
    (void)snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   STORE_APPLICATION_ID, STORE_SCHEMA_VERSION);
    if (code == TILL_OK)
        code = sqlite_exec(db, sql, "migrate the database", e);
    if (code == TILL_OK)
        code = store_driver_sqlite.commit(store_db, e);
    if (code)
        store_driver_sqlite.rollback(store_db);
    return code;
}

enum till_code sqlite_migrate(struct sqlite_db *db, bool is_new, struct till_error *e)
{
    struct work work = {.db = db};
    enum till_code code = is_new ? TILL_OK : work_all(&work, e);
    if (code == TILL_OK && !is_new && work.touches_tables)
        code = make_backup(db, e);
    if (code == TILL_OK && (is_new || work.is_needed))
        code = apply(db, e);
    if (code == TILL_OK)
        db->version = STORE_SCHEMA_VERSION;
    return code;
}
