// SPDX-License-Identifier: Apache-2.0
// sqlite.c - SQLite as a store driver: opening, transactions, statements, errors.
//
// The file is created 0600 by us before SQLite sees it; SQLite gives its -wal and -shm the same mode. Settings: WAL, so that readers never
// wait; synchronous=NORMAL, so that a commit costs no fsync and a power cut loses at most the newest pages, which the walk's cursor in the
// same transactions then fetches again (make_durable() makes it FULL, for what cannot be); a page cache with a ceiling and temporary data in files, so
// that memory does not grow with the data.
//
// A database whose folder we may not write has no -shm and cannot get one. Reading it then works only as `immutable`, which ignores the
// -wal: that is right exactly when no -wal with content lies beside it, so only then is it done.
//
// Prepared statements are found again by the address of their text: callers pass literals. BEGIN, COMMIT and ROLLBACK are prepared when the
// database is opened, because the moment to roll back may be the moment without memory.
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"

// Pages of a new database. Rows of orders take about 4 KB: with SQLite's usual 4096 bytes each would spill over.
#define DATABASE_PAGE_BYTES "16384"

// ---- errors ----

static enum till_code fail_storage(int rc, int error, const char *path, const char *what,
                                   struct till_error *e)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        (void)TILL_FAIL(e, TILL_STORE, rc, "could not %s: no space is left for \"%s\"", what, path);
        return till_error_hint(e, "make room on that disk and run the same command again; nothing "
                                  "that was stored is lost");
    case SQLITE_READONLY:
        (void)TILL_FAIL(e, TILL_STORE, rc, "could not %s: \"%s\" may not be written", what, path);
        return till_error_hint(
            e,
            "check who owns the file and its folder, and that the disk is not mounted read-only");
    case SQLITE_CORRUPT:
        (void)TILL_FAIL(e, TILL_STORE, rc, "could not %s: \"%s\" is damaged", what, path);
        return till_error_hint(
            e,
            "keep the file, put a backup in its place (\"%s.backup-v*\") or move it away, and run "
            "`till sync`: all mirrored rows can be fetched again",
            path);
    case SQLITE_NOTADB:
        (void)TILL_FAIL(e, TILL_STORE, rc, "could not %s: \"%s\" is not a database", what, path);
        return till_error_hint(e, "another file stands where the database belongs: move it away, "
                                  "or choose another place with --home");
    case SQLITE_CANTOPEN:
        (void)TILL_FAIL(e, TILL_STORE, rc, "could not %s: \"%s\" cannot be opened%s%s", what, path,
                        error ? ": " : "", error ? strerror(error) : "");
        return till_error_hint(
            e, "check that the folder exists and who owns it, or choose another place with --home");
    default:
        (void)TILL_FAIL(e, TILL_STORE, rc, "could not %s: the disk failed under \"%s\" (%s%s%s)",
                        what, path, sqlite3_errstr(rc), error ? ", " : "",
                        error ? strerror(error) : "");
        return till_error_hint(
            e, "check the disk and the system's log; nothing that was stored before is lost");
    }
}

enum till_code sqlite_fail(sqlite3 *handle, int rc, const char *path, const char *what,
                           struct till_error *e)
{
    int error = handle ? sqlite3_system_errno(handle) : 0;
    if (rc == SQLITE_IOERR_NOMEM)
        rc = SQLITE_NOMEM;
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return TILL_FAIL(e, TILL_MEMORY, rc, "could not %s: out of memory", what);
    case SQLITE_INTERRUPT:
        return TILL_FAIL(e, TILL_CANCELED, rc, "interrupted");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        (void)TILL_FAIL(e, TILL_STORE, rc, "could not %s: another program holds \"%s\"", what,
                        path);
        return till_error_hint(e, "wait until it has finished, or close the tool that has the "
                                  "database open, and try again");
    case SQLITE_TOOBIG:
        (void)TILL_FAIL(e, TILL_LIMIT, rc, "could not %s: a value is too long", what);
        return till_error_hint(e, "a value may have %d bytes", TILL_LIMIT_QUERY_VALUE_BYTES);
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return fail_storage(rc, error, path, what, e);
    default:
        (void)TILL_FAIL(e, TILL_STORE, rc, "could not %s: %s", what,
                        handle ? sqlite3_errmsg(handle) : sqlite3_errstr(rc));
        return till_error_hint(e, "run `till doctor`");
    }
}

// ---- statements ----

enum till_code sqlite_exec(struct sqlite_db *db, const char *sql, const char *what,
                           struct till_error *e)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? TILL_OK : DB_FAIL(db, rc, what, e);
}

enum till_code sqlite_number(struct sqlite_db *db, const char *sql, int64_t *ret_number,
                             struct till_error *e)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            *ret_number = sqlite3_column_int64(statement, 0);
            rc = sqlite3_reset(statement);
        }
    }
    (void)sqlite3_finalize(statement);
    return rc == SQLITE_OK || rc == SQLITE_DONE ? TILL_OK : DB_FAIL(db, rc, "read the database", e);
}

int sqlite_bind(sqlite3_stmt *statement, int index, const struct value *value)
{
    switch (value->type) {
    case VALUE_INTEGER:
        return sqlite3_bind_int64(statement, index, value->integer);
    case VALUE_REAL:
        return sqlite3_bind_double(statement, index, value->real);
    case VALUE_TEXT:
        return sqlite3_bind_text64(statement, index, value->text.ptr ? value->text.ptr : "",
                                   value->text.len, SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(statement, index);
}

bool sqlite_value(sqlite3_value *held, struct value *ret_value)
{
    switch (sqlite3_value_type(held)) {
    case SQLITE_INTEGER:
        *ret_value = (struct value){.type = VALUE_INTEGER, .integer = sqlite3_value_int64(held)};
        return true;
    case SQLITE_FLOAT:
        *ret_value = (struct value){.type = VALUE_REAL, .real = sqlite3_value_double(held)};
        return true;
    case SQLITE_NULL:
        ret_value->type = VALUE_NULL;
        return true;
    default:
        break;
    }
    const void *bytes = sqlite3_value_blob(held); // of a text: its bytes as they are
    size_t len = (size_t)sqlite3_value_bytes(held);
    if (bytes == NULL && len > 0)
        return false;
    *ret_value =
        (struct value){.type = VALUE_TEXT, .text = {bytes ? (const char *)bytes : "", len}};
    return true;
}

// One look at the column, where one for each property would cost most of reading a narrow row: connections have no mutex (SQLITE_OPEN_NOMUTEX), so the
// value is as good as a protected one.
bool sqlite_column(sqlite3_stmt *statement, int column, struct value *ret_value)
{
    return sqlite_value(sqlite3_column_value(statement, column), ret_value);
}

void sqlite_name(struct buf *sql, const char *name)
{
    bool is_keyword = sqlite3_keyword_check(name, (int)strlen(name)) != 0;
    buf_text(sql, is_keyword ? "\"" : "");
    buf_text(sql, name);
    buf_text(sql, is_keyword ? "\"" : "");
}

static int statement_of(struct sqlite_db *db, const char *sql, bool is_static,
                        sqlite3_stmt **ret_statement)
{
    for (size_t i = 0; is_static && i < db->cache_count; i++) {
        if (db->cache[i].sql == sql) {
            *ret_statement = db->cache[i].statement;
            return SQLITE_OK;
        }
    }
    bool is_kept = is_static && db->cache_count < STATEMENTS_CACHED;
    int rc = sqlite3_prepare_v3(db->handle, sql, -1, is_kept ? SQLITE_PREPARE_PERSISTENT : 0,
                                ret_statement, NULL);
    if (rc == SQLITE_OK && is_kept)
        db->cache[db->cache_count++] = (struct sqlite_cached){sql, *ret_statement};
    return rc;
}

static bool is_cached(const struct sqlite_db *db, const sqlite3_stmt *statement)
{
    for (size_t i = 0; i < db->cache_count; i++)
        if (db->cache[i].statement == statement)
            return true;
    return false;
}

int sqlite_statement(struct sqlite_db *db, const char *sql, sqlite3_stmt **ret_statement)
{
    return statement_of(db, sql, true, ret_statement);
}

void sqlite_statement_end(const struct sqlite_db *db, sqlite3_stmt *statement)
{
    if (!is_cached(db, statement))
        (void)sqlite3_finalize(statement);
}

enum { EXECUTE_COLUMNS = 32 }; // of the room's own statements

enum till_code sqlite_result_row(sqlite3_stmt *statement, struct store_result *result,
                                 struct till_error *e)
{
    struct value values[EXECUTE_COLUMNS];
    int count = sqlite3_column_count(statement);
    if (count > EXECUTE_COLUMNS)
        return TILL_FAIL(e, TILL_STORE, count, "a statement of ours has %d columns, more than %d",
                         count, (int)EXECUTE_COLUMNS);
    for (int i = 0; i < count; i++)
        if (!sqlite_column(statement, i, &values[i]))
            return TILL_FAIL_MEMORY(e);
    return result->row(result->context, values, (size_t)count, e);
}

static enum till_code sqlite_execute(struct store_db *store_db, const char *sql, bool is_static,
                                     const struct value *parameters, size_t count,
                                     struct store_result *result, struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    sqlite3_stmt *statement = NULL;
    enum till_code code = TILL_OK;
    int rc = statement_of(db, sql, is_static, &statement);
    for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
        rc = sqlite_bind(statement, (int)i + 1, &parameters[i]);
    if (rc == SQLITE_OK) {
        while ((rc = sqlite3_step(statement)) == SQLITE_ROW && code == TILL_OK)
            if (result && result->row)
                code = sqlite_result_row(statement, result, e);
        if (rc == SQLITE_DONE && result)
            result->changed_count = sqlite3_changes64(db->handle);
    }
    if (code == TILL_OK && rc != SQLITE_DONE)
        code = DB_FAIL(db, rc, "use the database", e);
    (void)sqlite3_reset(statement);
    sqlite_statement_end(db, statement);
    return code;
}

static enum till_code step_once(struct sqlite_db *db, sqlite3_stmt *statement, const char *what,
                                struct till_error *e)
{
    int rc = sqlite3_step(statement);
    enum till_code code = rc == SQLITE_DONE ? TILL_OK : DB_FAIL(db, rc, what, e);
    (void)sqlite3_reset(statement);
    return code;
}

static void sqlite_rollback(struct store_db *store_db)
{
    struct sqlite_db *db = sqlite_of(store_db);
    if (db->rollback && sqlite3_get_autocommit(db->handle) == 0) {
        (void)sqlite3_step(db->rollback);
        (void)sqlite3_reset(db->rollback);
    }
}

static enum till_code sqlite_begin(struct store_db *store_db, struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    sqlite_rollback(store_db); // one that could not be rolled back when it failed
    return step_once(db, db->begin, "write to the database", e);
}

static enum till_code sqlite_commit(struct store_db *store_db, struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    if (fault_point("store.commit"))
        return DB_FAIL(db, SQLITE_FULL, "write to the database", e);
    return step_once(db, db->commit, "write to the database", e);
}

// ---- opening and closing ----

static void sqlite_close(struct store_db *store_db)
{
    struct sqlite_db *db = sqlite_of(store_db);
    if (!db)
        return;
    sqlite_checkpoint_end(db);
    sqlite_rollback(store_db);
    for (size_t i = 0; i < db->cache_count; i++)
        (void)sqlite3_finalize(db->cache[i].statement);
    for (size_t i = 0; i < TABLE__COUNT; i++) {
        (void)sqlite3_finalize(db->rows[i].insert);
        (void)sqlite3_finalize(db->rows[i].read);
        (void)sqlite3_finalize(db->rows[i].update);
        (void)sqlite3_finalize(db->rows[i].at);
    }
    (void)sqlite3_finalize(db->mark);
    (void)sqlite3_finalize(db->begin);
    (void)sqlite3_finalize(db->commit);
    (void)sqlite3_finalize(db->rollback);
    (void)sqlite3_close(db->handle);
    till_free(db->values);
    till_free(db->path);
    till_free(db);
}

// Makes the file with the right mode; one that exists is left alone (opening and closing it here would drop this process's locks on it).
static enum till_code create_file(const char *path, struct till_error *e)
{
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) {
        int error = errno;
        (void)TILL_FAIL(e, TILL_STORE, error, "could not make the database \"%s\": %s", path,
                        strerror(error));
        return till_error_hint(
            e, "%s",
            error == ENOSPC   ? "make room on that disk"
            : error == ENOENT ? "make the folder first, or choose another place with --home"
                              : "check who owns the folder, or choose another place with --home");
    }
    if (fd >= 0)
        (void)close(fd);
    return TILL_OK;
}

static bool has_wal(const char *path)
{
    char name[TILL_LIMIT_PATH_BYTES];
    struct stat status;
    int length = snprintf(name, sizeof name, "%s-wal", path);
    return length > 0 && (size_t)length < sizeof name && stat(name, &status) == 0 &&
           status.st_size > 0;
}

static int open_immutable(struct sqlite_db *db)
{
    AUTO_BUF uri;
    buf_init(&uri, 4 * TILL_LIMIT_PATH_BYTES);
    buf_text(&uri, "file:");
    for (const char *c = db->path; *c; c++) {
        if (*c == '%' || *c == '?' || *c == '#')
            buf_format(&uri, "%%%02X", (unsigned)(unsigned char)*c);
        else
            buf_char(&uri, *c);
    }
    buf_text(&uri, "?immutable=1");
    if (uri.failure)
        return SQLITE_NOMEM;
    (void)sqlite3_close(db->handle);
    db->handle = NULL;
    return sqlite3_open_v2(uri.data, &db->handle,
                           SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
}

static int open_read_only(struct sqlite_db *db)
{
    int rc =
        sqlite3_open_v2(db->path, &db->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(db->handle, TILL_LIMIT_BUSY_TIMEOUT_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->handle, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    int primary = rc & 0xff;
    if ((primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY) && fs_exists(db->path) &&
        !has_wal(db->path))
        rc = open_immutable(db);
    return rc;
}

static int open_handle(struct sqlite_db *db, enum store_mode mode)
{
    if (mode == STORE_READ_ONLY)
        return open_read_only(db);
    return sqlite3_open_v2(db->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                           NULL);
}

static const char *path_of(const struct store_db *store_db)
{
    return ((const struct sqlite_db *)(const void *)store_db)->path;
}

static enum till_code configure(struct sqlite_db *db, enum store_mode mode, struct till_error *e)
{
    static const char writer[] = "PRAGMA page_size = " DATABASE_PAGE_BYTES ";" // of a new file
                                 "PRAGMA journal_mode = WAL;"
                                 "PRAGMA synchronous = NORMAL;"
                                 "PRAGMA secure_delete = FAST;";
    sqlite3 *handle = db->handle;
    char sql[256];
    // Before 3.41 SQLite takes its own JSON functions for unsafe, and the views would not work. What trust opens to a schema is little here:
    // no function of ours has effects, and extensions cannot be loaded.
    int is_schema_trusted = sqlite3_libversion_number() < 3041000;
    (void)sqlite3_extended_result_codes(handle, 1);
    (void)sqlite3_busy_timeout(handle, TILL_LIMIT_BUSY_TIMEOUT_MS);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, is_schema_trusted, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED,
                        mode == STORE_READ_ONLY ? 0 : 1); // VACUUM INTO
    (void)sqlite3_limit(handle, SQLITE_LIMIT_WORKER_THREADS, 0);
    (void)snprintf(sql, sizeof sql,
                   "PRAGMA cache_size = -%d; PRAGMA mmap_size = 0; PRAGMA temp_store = FILE;"
                   "PRAGMA foreign_keys = OFF; PRAGMA journal_size_limit = %d;"
                   "PRAGMA wal_autocheckpoint = 0;", // see sqlite_checkpoint.c
                   TILL_LIMIT_PAGE_CACHE_BYTES / 1024, TILL_LIMIT_WAL_BYTES);
    enum till_code code = sqlite_exec(db, sql, "open the database", e);
    if (code == TILL_OK && mode == STORE_READ_WRITE)
        code = sqlite_exec(db, writer, "open the database", e);
    if (code == TILL_OK && mode == STORE_READ_WRITE)
        code = sqlite_checkpoint_begin(db, e);
    return code;
}

static enum till_code prepare_transactions(struct sqlite_db *db, struct till_error *e)
{
    int rc = sqlite3_prepare_v3(db->handle, "BEGIN IMMEDIATE", -1, SQLITE_PREPARE_PERSISTENT,
                                &db->begin, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v3(db->handle, "COMMIT", -1, SQLITE_PREPARE_PERSISTENT, &db->commit,
                                NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v3(db->handle, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT,
                                &db->rollback, NULL);
    return rc == SQLITE_OK ? TILL_OK : DB_FAIL(db, rc, "open the database", e);
}

// The version is looked at before anything is configured: a foreign or newer file must not be changed, not even its journal mode.
static enum till_code open_database(struct sqlite_db *db, enum store_mode mode,
                                    struct till_error *e)
{
    bool is_new = false;
    if (mode == STORE_READ_ONLY && !fs_exists(db->path)) {
        (void)TILL_FAIL(e, TILL_CONFIG, ENOENT, "there is no database yet at \"%s\"", db->path);
        return till_error_hint(e, "run `till connect polar`, then `till sync`");
    }
    enum till_code code = mode == STORE_READ_WRITE ? create_file(db->path, e) : TILL_OK;
    if (code)
        return code;
    int rc = open_handle(db, mode);
    if (rc != SQLITE_OK)
        return DB_FAIL(db, rc, "open the database", e);
    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_busy_timeout(db->handle, TILL_LIMIT_BUSY_TIMEOUT_MS);
    code = sqlite_check_version(db, mode, &is_new, e);
    if (code == TILL_OK)
        code = configure(db, mode, e);
    if (code == TILL_OK)
        code = prepare_transactions(db, e);
    if (code == TILL_OK && mode == STORE_READ_WRITE)
        code = sqlite_migrate(db, is_new, e);
    if (code == TILL_OK && mode == STORE_READ_ONLY) {
        rc = sqlite_query_limits(db->handle);
        if (rc != SQLITE_OK)
            code = DB_FAIL(db, rc, "open the database", e);
    }
    return code;
}

static enum till_code sqlite_open(const char *path, enum store_mode mode, struct store_db **ret_db,
                                  struct till_error *e)
{
    struct sqlite_db *db = till_calloc(1, sizeof *db);
    if (!db)
        return TILL_FAIL_MEMORY(e);
    db->path = till_strdup(path);
    db->values = till_calloc(model_max_columns(), sizeof *db->values);
    enum till_code code = db->path && db->values ? open_database(db, mode, e) : TILL_FAIL_MEMORY(e);
    if (code) {
        sqlite_close((struct store_db *)(void *)db);
        return code;
    }
    *ret_db = (struct store_db *)(void *)db;
    return TILL_OK;
}

static int sqlite_schema_version(const struct store_db *db)
{
    return ((const struct sqlite_db *)(const void *)db)->version;
}

// ---- the rest ----

// The schema cookie moves with every VACUUM, which may renumber rows of tables without an INTEGER PRIMARY KEY.
static enum till_code sqlite_epoch(struct store_db *db, int64_t *ret_epoch, struct till_error *e)
{
    return sqlite_number(sqlite_of(db), "PRAGMA schema_version", ret_epoch, e);
}

static enum till_code sqlite_reclaim(struct store_db *db, struct till_error *e)
{
    enum till_code code = sqlite_exec(sqlite_of(db), "VACUUM", "give space back", e);
    return code ? code
                : sqlite_exec(sqlite_of(db), "PRAGMA wal_checkpoint(TRUNCATE)", "give space back",
                              e);
}

static enum till_code sqlite_make_durable(struct store_db *db, struct till_error *e)
{
    return sqlite_exec(sqlite_of(db), "PRAGMA synchronous = FULL", "make the database durable", e);
}

static enum till_code sqlite_data_version(struct store_db *store_db, int64_t *ret_version,
                                          struct till_error *e)
{
    return sqlite_number(sqlite_of(store_db), "PRAGMA data_version", ret_version, e);
}

static enum till_code sqlite_health(struct store_db *store_db, struct store_health *ret_health,
                                    struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    struct store_health health = {.file_bytes = -1, .free_disk_bytes = -1};
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db->handle, "PRAGMA integrity_check(1)", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        struct value words = {.type = VALUE_NULL};
        if (sqlite_column(statement, 0, &words))
            store_copy(health.problem, sizeof health.problem, &words);
        health.is_intact = strcmp(health.problem, "ok") == 0;
        if (health.is_intact)
            health.problem[0] = '\0';
    } else if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT) {
        (void)snprintf(health.problem, sizeof health.problem, "%s", sqlite3_errmsg(db->handle));
    } else {
        enum till_code code = DB_FAIL(db, rc, "check the database", e);
        (void)sqlite3_finalize(statement);
        return code;
    }
    (void)sqlite3_finalize(statement);
    struct stat status;
    if (stat(db->path, &status) == 0)
        health.file_bytes = status.st_size;
    struct statvfs disk;
    if (statvfs(db->path, &disk) == 0)
        health.free_disk_bytes = (int64_t)(disk.f_bavail * disk.f_frsize);
    *ret_health = health;
    return TILL_OK;
}

const struct store_driver store_driver_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .path = path_of,
    .schema_version = sqlite_schema_version,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .execute = sqlite_execute,
    .stream = sqlite_stream,
    .rows_insert = sqlite_rows_insert,
    .rows_read = sqlite_rows_read,
    .row_update = sqlite_row_update,
    .marks_insert = sqlite_marks_insert,
    .marks_delete = sqlite_marks_delete,
    .unseen_count = sqlite_unseen_count,
    .unseen_list = sqlite_unseen_list,
    .unseen_bury = sqlite_unseen_bury,
    .row_at = sqlite_row_at,
    .epoch = sqlite_epoch,
    .reclaim = sqlite_reclaim,
    .make_durable = sqlite_make_durable,
    .query = sqlite_query,
    .data_version = sqlite_data_version,
    .health = sqlite_health,
};
