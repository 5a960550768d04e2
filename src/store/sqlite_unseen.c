// SPDX-License-Identifier: Apache-2.0
// sqlite_unseen.c - rows that a walk did not see: counted, listed, marked as deleted.
//
// The search reads no wide row that was seen: it walks the primary key's index (which holds id and rowid) against the marks, and looks
// only at what is left: of that, what the walk has seen without understanding it and what came beside it is not lost. CROSS JOIN fixes that
// order. Burying first gathers the rowids in a temporary table that lives in a file, so that a million lost rows take no
// memory, then writes the changes and the tombstones from it.
#include "store/sqlite.h"

#include "base/limits.h"

enum { UNSEEN_SQL_BYTES = 4096 };

// FROM clause: u.row_rowid of the unseen rows, t the rows. ?1 organization, ?2 walk.
static void unseen_from(struct buf *sql, const struct table *table)
{
    buf_format(
        sql,
        " FROM (SELECT rowid AS row_rowid FROM %s AS k WHERE NOT EXISTS (SELECT 1 FROM "
        "till_walk_rows AS w"
        " WHERE w.walk_id = ?2 AND w.row_rowid = k.rowid)) AS u CROSS JOIN %s AS t"
        " WHERE t.rowid = u.row_rowid AND t.organization_id = ?1 AND t.till_deleted_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM till_walk_spared AS s WHERE s.walk_id = ?2 AND s.row_id = "
        "t.%s) AND NOT EXISTS (SELECT 1 FROM till_walk_rejects AS r WHERE r.walk_id = ?2 AND "
        "r.row_id "
        "= t.%s)",
        table->name, table->name, store_id_name(table), store_id_name(table));
}

static enum till_code unseen_run(struct store_db *db, const struct buf *sql,
                                 struct sv organization_id, int64_t walk_id, struct sv third,
                                 struct store_result *result, struct till_error *e)
{
    struct value parameters[] = {store_text(organization_id), store_integer(walk_id),
                                 store_text(third)};
    enum till_code code = buf_fail(sql, "the statement", e);
    if (code)
        return code;
    return store_driver_sqlite.execute(db, sql->data, false, parameters, third.ptr ? 3 : 2, result,
                                       e);
}

enum till_code sqlite_unseen_count(struct store_db *db, const struct table *table,
                                   struct sv organization_id, int64_t walk_id, int64_t *ret_count,
                                   struct till_error *e)
{
    int64_t unseen = 0;
    struct store_result result = {.row = store_take_integer, .context = &unseen};
    AUTO_BUF sql;
    buf_init(&sql, UNSEEN_SQL_BYTES);
    buf_text(&sql, "SELECT count(*)");
    unseen_from(&sql, table);
    enum till_code code =
        unseen_run(db, &sql, organization_id, walk_id, (struct sv){0}, &result, e);
    if (code == TILL_OK)
        *ret_count = unseen;
    return code;
}

enum till_code sqlite_unseen_list(struct store_db *db, const struct table *table,
                                  struct sv organization_id, int64_t walk_id, int64_t limit,
                                  struct store_result *result, struct till_error *e)
{
    AUTO_BUF sql;
    buf_init(&sql, UNSEEN_SQL_BYTES);
    buf_format(&sql, "SELECT t.%s", store_id_name(table));
    unseen_from(&sql, table);
    buf_format(&sql, " ORDER BY random() LIMIT %lld", (long long)limit); // a fair sample
    return unseen_run(db, &sql, organization_id, walk_id, (struct sv){0}, result, e);
}

enum till_code sqlite_unseen_bury(struct store_db *store_db, const struct table *table,
                                  struct sv organization_id, int64_t walk_id, struct sv now,
                                  int64_t *ret_count, struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    struct store_result result = {0};
    AUTO_BUF gather, record, bury;
    buf_init(&gather, UNSEEN_SQL_BYTES);
    buf_init(&record, UNSEEN_SQL_BYTES);
    buf_init(&bury, UNSEEN_SQL_BYTES);
    buf_text(&gather, "INSERT INTO temp.till_unseen(row_rowid) SELECT u.row_rowid");
    unseen_from(&gather, table);
    buf_format(&record,
               "INSERT INTO row_changes(organization_id, table_name, row_id, column_name, "
               "old_value, new_value, seen_at)"
               " SELECT ?1, '%s', t.%s, 'till_deleted_at', NULL, ?3, ?3 FROM temp.till_unseen AS u"
               " CROSS JOIN %s AS t WHERE t.rowid = u.row_rowid AND ?2 = ?2",
               table->name, store_id_name(table), table->name);
    buf_format(
        &bury,
        "UPDATE %s SET till_deleted_at = ?3 WHERE rowid IN (SELECT row_rowid FROM temp.till_unseen)"
        " AND ?1 = ?1 AND ?2 = ?2",
        table->name);
    enum till_code code =
        sqlite_exec(db,
                    "CREATE TEMP TABLE IF NOT EXISTS till_unseen(row_rowid INTEGER PRIMARY KEY);"
                    "DELETE FROM temp.till_unseen",
                    "mark deleted rows", e);
    if (code == TILL_OK)
        code = unseen_run(store_db, &gather, organization_id, walk_id, (struct sv){0}, NULL, e);
    if (code == TILL_OK)
        code = unseen_run(store_db, &record, organization_id, walk_id, now, NULL, e);
    if (code == TILL_OK)
        code = unseen_run(store_db, &bury, organization_id, walk_id, now, &result, e);
    if (code == TILL_OK)
        code = sqlite_exec(db, "DELETE FROM temp.till_unseen", "mark deleted rows", e);
    if (code == TILL_OK)
        *ret_count = result.changed_count;
    return code;
}
