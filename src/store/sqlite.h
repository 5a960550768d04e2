// SPDX-License-Identifier: Apache-2.0
// sqlite.h - what the files of the SQLite driver share; only they include it.
#ifndef TILL_STORE_SQLITE_H
#define TILL_STORE_SQLITE_H

#include <sqlite3.h>

#include "store/driver.h"

enum {
    STORE_SCHEMA_VERSION = 5,          // of the newest numbered migration
    STORE_APPLICATION_ID = 0x74696c6c, // "till"
    STATEMENTS_CACHED = 96,
};

struct sqlite_cached {
    const char *sql;
    sqlite3_stmt *statement;
};

struct sqlite_db {
    sqlite3 *handle;
    char *path;
    int version;
    struct sqlite_cached cache[STATEMENTS_CACHED];
    size_t cache_count;
    sqlite3_stmt *begin, *commit, *rollback; // prepared at open: a rollback must not need memory
    sqlite3_stmt *mark;
    struct {
        sqlite3_stmt *insert, *read, *update, *at;
    } rows[TABLE__COUNT];
    struct value *values; // of one row, model_max_columns() of them
    int64_t page_bytes;
    struct stream *stream; // the one that is running, of sqlite_stream.c
    bool has_stream_function;
    struct sqlite_checkpointer *checkpointer; // NULL until the log was long once
};

static inline struct sqlite_db *sqlite_of(struct store_db *db)
{
    return (struct sqlite_db *)(void *)db;
}

// Turns a result code into an error with words and a hint: "could not <what>: ...".
enum till_code sqlite_fail(sqlite3 *handle, int rc, const char *path, const char *what,
                           struct till_error *e);
#define DB_FAIL(db, rc, what, e) sqlite_fail((db)->handle, (rc), (db)->path, (what), (e))

enum till_code sqlite_exec(struct sqlite_db *db, const char *sql, const char *what,
                           struct till_error *e);
// First column of the first row; untouched when there is no row.
enum till_code sqlite_number(struct sqlite_db *db, const char *sql, int64_t *ret_number,
                             struct till_error *e);
int sqlite_bind(sqlite3_stmt *statement, int index, const struct value *value);
// Blobs are VALUE_TEXT of their bytes. False when there was no memory to convert a text.
bool sqlite_value(sqlite3_value *held, struct value *ret_value);
bool sqlite_column(sqlite3_stmt *statement, int column, struct value *ret_value);
// A statement whose text lives for ever, prepared and kept while there is room; the end of its use, after its reset.
int sqlite_statement(struct sqlite_db *db, const char *sql, sqlite3_stmt **ret_statement);
void sqlite_statement_end(const struct sqlite_db *db, sqlite3_stmt *statement);
void sqlite_name(struct buf *sql, const char *name); // quoted when it is a keyword

// ---- sqlite_schema.c: the text of the schema ----
struct sqlite_object {
    const char *kind; // "table", "index", "trigger", "view"
    const char *name;
    const struct table *table; // mirrored tables only
    bool is_own_table;
};
size_t sqlite_object_count(void);
struct sqlite_object
sqlite_object(size_t index); // own tables, mirrored tables, indexes, triggers, views
void sqlite_object_sql(size_t index, struct buf *sql); // CREATE ... without a semicolon
void sqlite_column_sql(const struct column *column, bool is_added_later, struct buf *sql);

// ---- sqlite_facts.c ----
enum { SQLITE_TRIGGER_COUNT = 3 };
struct sqlite_trigger {
    const char *name, *text; // behind CREATE TRIGGER name
};
struct sqlite_trigger sqlite_trigger(size_t index);
// Empties till_event_facts and makes it whole, in the caller's transaction.
enum till_code sqlite_facts_make(struct sqlite_db *db, struct till_error *e);

// ---- sqlite_checkpoint.c: for connections that write ----
enum till_code sqlite_checkpoint_begin(struct sqlite_db *db, struct till_error *e);
void sqlite_checkpoint_end(struct sqlite_db *db); // before the connection is closed

// ---- sqlite_migrate.c ----
enum till_code sqlite_check_version(struct sqlite_db *db, enum store_mode mode, bool *ret_is_new,
                                    struct till_error *e);
enum till_code sqlite_migrate(struct sqlite_db *db, bool is_new, struct till_error *e);

// ---- sqlite_rows.c ----
enum till_code sqlite_rows_insert(struct store_db *db, const struct table *table,
                                  struct store_item *items, size_t count, unsigned char plan,
                                  struct sv now, struct till_error *e);
enum till_code sqlite_rows_read(struct store_db *db, const struct table *table,
                                struct store_item *items, size_t count, unsigned char plan,
                                store_visit *visit, void *context, struct till_error *e);
enum till_code sqlite_row_update(struct store_db *db, const struct table *table,
                                 const struct store_item *item, struct sv now,
                                 struct till_error *e);
enum till_code sqlite_marks_insert(struct store_db *db, int64_t walk_id, struct store_item *items,
                                   size_t count, struct till_error *e);
enum till_code sqlite_marks_delete(struct store_db *db, int64_t walk_id, struct till_error *e);
enum till_code sqlite_row_at(struct store_db *db, const struct table *table, double place,
                             struct store_result *result, struct till_error *e);
// One row of a result to its callback.
enum till_code sqlite_result_row(sqlite3_stmt *statement, struct store_result *result,
                                 struct till_error *e);

// ---- sqlite_stream.c ----
enum { SQLITE_STREAM_COLUMNS = 32 };
enum till_code sqlite_stream(struct store_db *db, const char *sql, const struct value *parameters,
                             size_t count, struct store_result *result, struct till_error *e);

// ---- sqlite_unseen.c ----
enum till_code sqlite_unseen_count(struct store_db *db, const struct table *table,
                                   struct sv organization_id, int64_t walk_id, int64_t *ret_count,
                                   struct till_error *e);
enum till_code sqlite_unseen_list(struct store_db *db, const struct table *table,
                                  struct sv organization_id, int64_t walk_id, int64_t limit,
                                  struct store_result *result, struct till_error *e);
enum till_code sqlite_unseen_bury(struct store_db *db, const struct table *table,
                                  struct sv organization_id, int64_t walk_id, struct sv now,
                                  int64_t *ret_count, struct till_error *e);

// ---- sqlite_query.c ----
enum till_code sqlite_query(struct store_db *db, const struct store_query *query,
                            const struct store_sink *sink, struct store_query_result *ret_result,
                            struct till_error *e);
int sqlite_query_limits(sqlite3 *handle);

// ---- sqlite_functions.c ----
int sqlite_functions(sqlite3 *handle);

#endif
