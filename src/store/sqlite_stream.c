// SPDX-License-Identifier: Apache-2.0
// sqlite_stream.c - rows handed over from inside of a statement.
//
// Stepping through a million narrow rows costs as much for going in and out of SQLite as for reading them: each row leaves its machine, and each column is
// asked for by a call that locks and checks. Here the statement calls us instead: `SELECT till_row(a, b) FROM ...` is an aggregate whose every step is one
// row. Its arguments are the machine's own registers, good until the step returns. The rows come in the order of the scan, which the statement fixes by
// INDEXED BY. People's SQL cannot call the function (the authorizer lists what it may), and outside of a stream it fails.
#include "store/sqlite.h"

struct stream {
    struct store_result *result;
    struct till_error *e;
    enum till_code code;
};

static void take_row(sqlite3_context *context, int count, sqlite3_value **held)
{
    const struct sqlite_db *db = sqlite3_user_data(context);
    struct stream *stream = db->stream;
    struct value values[SQLITE_STREAM_COLUMNS];
    if (!stream || count > SQLITE_STREAM_COLUMNS) {
        sqlite3_result_error(context, "till_row() outside of a stream", -1);
        return;
    }
    for (int i = 0; i < count && stream->code == TILL_OK; i++)
        if (!sqlite_value(held[i], &values[i]))
            stream->code = TILL_FAIL_MEMORY(stream->e);
    if (stream->code == TILL_OK)
        stream->code =
            stream->result->row(stream->result->context, values, (size_t)count, stream->e);
    if (stream->code)
        sqlite3_result_error(context, "stopped", -1);
}

static void end_rows(sqlite3_context *context)
{
    sqlite3_result_null(context);
}

static int make_function(struct sqlite_db *db)
{
    if (db->has_stream_function)
        return SQLITE_OK;
    int rc = sqlite3_create_function_v2(db->handle, "till_row", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                        db, NULL, take_row, end_rows, NULL);
    db->has_stream_function = rc == SQLITE_OK;
    return rc;
}

enum till_code sqlite_stream(struct store_db *store_db, const char *sql,
                             const struct value *parameters, size_t count,
                             struct store_result *result, struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    struct stream stream = {.result = result, .e = e}, *outer = db->stream;
    sqlite3_stmt *statement = NULL;
    int rc = make_function(db);
    if (rc == SQLITE_OK)
        rc = sqlite_statement(db, sql, &statement);
    for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
        rc = sqlite_bind(statement, (int)i + 1, &parameters[i]);
    db->stream = &stream;
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    db->stream = outer;
    if (stream.code == TILL_OK && rc != SQLITE_ROW)
        stream.code = DB_FAIL(db, rc, "use the database", e);
    (void)sqlite3_reset(statement);
    sqlite_statement_end(db, statement);
    return stream.code;
}
