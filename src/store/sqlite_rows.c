// SPDX-License-Identifier: Apache-2.0
// sqlite_rows.c - the hot path: mirrored rows in, out and compared, one prepared statement for each table and verb.
//
// Statements are written from tables.def, with every column by name: a database whose columns stand in another order (a column that was
// added later stands last) works the same. Parameters are numbered as: one for each column, then organization_id when the table has no
// column of that name, till_synced_at, till_extra, and the key for updates.
//
// Inserts say ON CONFLICT DO NOTHING: on a first walk, when every row is new, no look-up is paid beyond the one that the primary key makes.
#include "store/sqlite.h"

#include "base/limits.h"

enum { ROW_SQL_BYTES = 64 * 1024 };

static enum till_code row_prepare(struct sqlite_db *db, const struct buf *sql,
                                  sqlite3_stmt **ret_statement, struct till_error *e)
{
    enum till_code code = buf_fail(sql, "the statement", e);
    if (code)
        return code;
    int rc = sqlite3_prepare_v3(db->handle, sql->data, -1, SQLITE_PREPARE_PERSISTENT, ret_statement,
                                NULL);
    return rc == SQLITE_OK ? TILL_OK : DB_FAIL(db, rc, "prepare a statement", e);
}

static enum till_code prepare_insert(struct sqlite_db *db, const struct table *table,
                                     struct till_error *e)
{
    bool has_organization = store_table_has_organization(table, NULL);
    AUTO_BUF sql;
    buf_init(&sql, ROW_SQL_BYTES);
    buf_format(&sql, "INSERT INTO %s(", table->name);
    for (size_t i = 0; i < table->column_count; i++) {
        sqlite_name(&sql, table->columns[i].name);
        buf_char(&sql, ',');
    }
    buf_text(&sql, has_organization ? "" : "organization_id,");
    buf_text(&sql, "till_synced_at,till_extra) VALUES (");
    size_t count = table->column_count + 2 + (has_organization ? 0 : 1);
    for (size_t i = 0; i < count; i++)
        buf_text(&sql, i == 0 ? "?" : ",?");
    buf_format(&sql, ") ON CONFLICT(%s) DO NOTHING", store_id_name(table));
    return row_prepare(db, &sql, &db->rows[table->id].insert, e);
}

static enum till_code prepare_read(struct sqlite_db *db, const struct table *table,
                                   struct till_error *e)
{
    AUTO_BUF sql;
    buf_init(&sql, ROW_SQL_BYTES);
    buf_text(&sql, "SELECT ");
    for (size_t i = 0; i < table->column_count; i++) {
        sqlite_name(&sql, table->columns[i].name);
        buf_char(&sql, ',');
    }
    buf_format(
        &sql, "rowid,organization_id,till_synced_at,till_deleted_at,till_extra FROM %s WHERE %s=?1",
        table->name, store_id_name(table));
    return row_prepare(db, &sql, &db->rows[table->id].read, e);
}

static enum till_code prepare_update(struct sqlite_db *db, const struct table *table,
                                     struct till_error *e)
{
    AUTO_BUF sql;
    buf_init(&sql, ROW_SQL_BYTES);
    buf_format(&sql, "UPDATE %s SET ", table->name);
    for (size_t i = 0; i < table->column_count; i++) {
        sqlite_name(&sql, table->columns[i].name);
        buf_text(&sql, "=?,");
    }
    buf_text(&sql, store_table_has_organization(table, NULL) ? "" : "organization_id=?,");
    buf_text(&sql, "till_synced_at=?,till_extra=?,till_deleted_at=NULL WHERE rowid=?");
    return row_prepare(db, &sql, &db->rows[table->id].update, e);
}

// Binds all but the key; *ret_next is the index after.
static int bind_item(sqlite3_stmt *statement, const struct table *table,
                     const struct store_item *item, struct sv now, int *ret_next)
{
    size_t own = table->column_count;
    struct value organization = store_text(item->organization_id);
    struct value synced = store_text(now), extra = store_text(item->row->extra);
    bool has_own = store_table_has_organization(table, &own);
    int rc = SQLITE_OK, index = 0;
    for (size_t i = 0; rc == SQLITE_OK && i < table->column_count; i++)
        rc = sqlite_bind(statement, ++index, i == own ? &organization : &item->row->values[i]);
    if (rc == SQLITE_OK && !has_own)
        rc = sqlite_bind(statement, ++index, &organization);
    if (rc == SQLITE_OK)
        rc = sqlite_bind(statement, ++index, &synced);
    if (rc == SQLITE_OK)
        rc = sqlite_bind(statement, ++index, &extra);
    *ret_next = index + 1;
    return rc;
}

enum till_code sqlite_rows_insert(struct store_db *store_db, const struct table *table,
                                  struct store_item *items, size_t count, unsigned char plan,
                                  struct sv now, struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    enum till_code code = db->rows[table->id].insert ? TILL_OK : prepare_insert(db, table, e);
    if (code)
        return code;
    sqlite3_stmt *statement = db->rows[table->id].insert;
    for (size_t i = 0; i < count; i++) {
        struct store_item *item = &items[i];
        int next;
        if (item->plan != plan)
            continue;
        int rc = bind_item(statement, table, item, now, &next);
        if (rc == SQLITE_OK)
            rc = sqlite3_step(statement);
        if (rc != SQLITE_DONE) {
            code = DB_FAIL(db, rc, "store a row", e);
            (void)sqlite3_reset(statement);
            return code;
        }
        item->is_present = sqlite3_changes64(db->handle) == 0;
        item->key = item->is_present ? 0 : sqlite3_last_insert_rowid(db->handle);
        (void)sqlite3_reset(statement);
    }
    return TILL_OK;
}

static enum till_code visit_row(struct sqlite_db *db, sqlite3_stmt *statement,
                                const struct table *table, struct store_item *item, size_t index,
                                store_visit *visit, void *context, struct till_error *e)
{
    int columns = (int)table->column_count;
    struct value organization = {0};
    struct store_stored stored = {.key = sqlite3_column_int64(statement, columns),
                                  .values = db->values};
    bool is_read = sqlite_column(statement, columns + 1, &organization) &&
                   sqlite_column(statement, columns + 2, &stored.synced_at) &&
                   sqlite_column(statement, columns + 3, &stored.deleted_at) &&
                   sqlite_column(statement, columns + 4, &stored.extra);
    for (int i = 0; is_read && i < columns; i++)
        is_read = sqlite_column(statement, i, &db->values[i]);
    if (!is_read)
        return TILL_FAIL_MEMORY(e);
    if (organization.type == VALUE_TEXT)
        stored.organization_id = organization.text;
    item->key = stored.key;
    item->is_present = true;
    return visit(context, index, &stored, e);
}

enum till_code sqlite_rows_read(struct store_db *store_db, const struct table *table,
                                struct store_item *items, size_t count, unsigned char plan,
                                store_visit *visit, void *context, struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    enum till_code code = db->rows[table->id].read ? TILL_OK : prepare_read(db, table, e);
    if (code)
        return code;
    sqlite3_stmt *statement = db->rows[table->id].read;
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        if (items[i].plan != plan)
            continue;
        struct value id = store_text(row_id(items[i].row));
        int rc = sqlite_bind(statement, 1, &id);
        if (rc == SQLITE_OK)
            rc = sqlite3_step(statement);
        items[i].is_present = false;
        if (rc == SQLITE_ROW)
            code = visit_row(db, statement, table, &items[i], i, visit, context, e);
        else if (rc != SQLITE_DONE)
            code = DB_FAIL(db, rc, "read a row", e);
        (void)sqlite3_reset(statement);
    }
    return code;
}

enum till_code sqlite_row_update(struct store_db *store_db, const struct table *table,
                                 const struct store_item *item, struct sv now, struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    enum till_code code = db->rows[table->id].update ? TILL_OK : prepare_update(db, table, e);
    if (code)
        return code;
    sqlite3_stmt *statement = db->rows[table->id].update;
    int next;
    int rc = bind_item(statement, table, item, now, &next);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(statement, next, item->key);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc != SQLITE_DONE)
        code = DB_FAIL(db, rc, "store a row", e);
    (void)sqlite3_reset(statement);
    return code;
}

// Row numbers have no gaps but those of a purge, so a place among the numbers is a fair place among the rows.
static enum till_code prepare_at(struct sqlite_db *db, const struct table *table,
                                 struct till_error *e)
{
    AUTO_BUF sql;
    buf_init(&sql, ROW_SQL_BYTES);
    buf_format(&sql,
               "SELECT %s, organization_id, till_deleted_at FROM %s WHERE rowid > CAST((SELECT "
               "max(rowid) FROM %s) * ?1 AS INTEGER) ORDER BY rowid LIMIT 1",
               store_id_name(table), table->name, table->name);
    return row_prepare(db, &sql, &db->rows[table->id].at, e);
}

enum till_code sqlite_row_at(struct store_db *store_db, const struct table *table, double place,
                             struct store_result *result, struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    enum till_code code = db->rows[table->id].at ? TILL_OK : prepare_at(db, table, e);
    if (code)
        return code;
    sqlite3_stmt *statement = db->rows[table->id].at;
    int rc = sqlite3_bind_double(statement, 1, place);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        code = sqlite_result_row(statement, result, e);
    else if (rc != SQLITE_DONE)
        code = DB_FAIL(db, rc, "read a row", e);
    (void)sqlite3_reset(statement);
    return code;
}

enum till_code sqlite_marks_insert(struct store_db *store_db, int64_t walk_id,
                                   struct store_item *items, size_t count, struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_walk_rows(walk_id, row_rowid) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    struct sqlite_db *db = sqlite_of(store_db);
    enum till_code code = TILL_OK;
    int rc = SQLITE_OK;
    if (!db->mark)
        rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &db->mark, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(db->mark, 1, walk_id);
    if (rc != SQLITE_OK)
        return DB_FAIL(db, rc, "mark rows as seen", e);
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        if (items[i].key == 0)
            continue;
        rc = sqlite3_bind_int64(db->mark, 2, items[i].key);
        if (rc == SQLITE_OK)
            rc = sqlite3_step(db->mark);
        if (rc != SQLITE_DONE)
            code = DB_FAIL(db, rc, "mark rows as seen", e);
        items[i].is_seen = sqlite3_changes64(db->handle) == 0;
        (void)sqlite3_reset(db->mark);
    }
    return code;
}

// Without a WHERE the table is emptied at once, whatever its size; it holds one walk's marks nearly always.
enum till_code sqlite_marks_delete(struct store_db *store_db, int64_t walk_id, struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    int64_t others = 0;
    char sql[128];
    (void)sqlite3_snprintf(sizeof sql, sql,
                           "SELECT EXISTS (SELECT 1 FROM till_walks WHERE walk_id <> %lld)",
                           (long long)walk_id);
    enum till_code code = sqlite_number(db, sql, &others, e);
    if (code)
        return code;
    if (others)
        (void)sqlite3_snprintf(sizeof sql, sql, "DELETE FROM till_walk_rows WHERE walk_id = %lld",
                               (long long)walk_id);
    return sqlite_exec(db, others ? sql : "DELETE FROM till_walk_rows", "forget a walk", e);
}
