// SPDX-License-Identifier: Apache-2.0
// sqlite_query.c - queries for people and reports: bounded in time, rows, memory and in what they may do.
//
// People's SQL meets five walls, each enough for most attacks: the connection is read-only; extension modules but JSON's are unloaded;
// the authorizer lets through reading, an allow-list of functions and harmless pragmas only; limits on lengths, depth and memory; a clock
// that is looked at between SQLite's instructions. A statement that SQLite itself does not call read-only is refused as well.
//
// One instruction can take long, though, where SQLite's functions are quadratic or do not mind the limits: see sqlite_functions.c.
// The heap limit is SQLite's own and counts for the whole process; it is taken back after the query.
#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/stop.h"

enum {
    PROGRESS_INSTRUCTIONS = 2000,
    QUERY_EXPRESSION_DEPTH = 200,
    QUERY_COMPOUND_SELECTS = 100,
    QUERY_PATTERN_BYTES = 1000
};

// ---- the walls ----

static const char *const allowed_functions[] = {
    "->",
    "->>",
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "avg",
    "ceil",
    "ceiling",
    "changes",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "cosh",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_each",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_tree",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_insert_rowid",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pi",
    "pow",
    "power",
    "printf",
    "quote",
    "radians",
    "random",
    "randomblob",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sin",
    "sinh",
    "soundex",
    "sqlite_source_id",
    "sqlite_version",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "subtype",
    "sum",
    "tan",
    "tanh",
    "time",
    "timediff",
    "total",
    "total_changes",
    "trim",
    "trunc",
    "typeof",
    "unicode",
    "unixepoch",
    "unlikely",
    "upper",
    "zeroblob",
};

static const char *const allowed_pragmas[] = {
    "collation_list", "foreign_key_list", "function_list", "index_info",  "index_list",
    "index_xinfo",    "table_info",       "table_list",    "table_xinfo",
};

// They tell something when they have no value, and change something when they have one.
static const char *const readable_pragmas[] = {
    "application_id", "encoding",       "freelist_count", "page_count",
    "page_size",      "schema_version", "user_version",
};

static int compare_names(const void *key, const void *member)
{
    const char *const *name = member;
    return sqlite3_stricmp(key, *name);
}

#define IS_IN(name, list)                                                                          \
    ((name) && bsearch((name), (list), TILL_COUNT(list), sizeof(list)[0], compare_names) != NULL)

static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *trigger)
{
    (void)context;
    (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        return database && strcmp(database, "main") != 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_FUNCTION:
        return IS_IN(second, allowed_functions) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_PRAGMA:
        if (IS_IN(first, allowed_pragmas))
            return SQLITE_OK;
        return !second && IS_IN(first, readable_pragmas) ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

// Modules declare their columns when they are first used, and the authorizer would take that for writing: so they are used once here.
static int wake_modules(sqlite3 *handle)
{
    int rc =
        sqlite3_exec(handle, "SELECT 1 FROM json_each('[]'), json_tree('[]')", NULL, NULL, NULL);
    for (size_t i = 0; i < TILL_COUNT(allowed_pragmas) && rc == SQLITE_OK; i++) {
        char sql[96];
        (void)snprintf(sql, sizeof sql, "EXPLAIN SELECT 1 FROM pragma_%s", allowed_pragmas[i]);
        rc = sqlite3_exec(handle, sql, NULL, NULL, NULL);
    }
    return rc;
}

int sqlite_query_limits(sqlite3 *handle)
{
    static const char *kept[] = {"json_each", "json_tree", NULL};
    (void)sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, TILL_LIMIT_QUERY_VALUE_BYTES);
    (void)sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, TILL_LIMIT_SQL_BYTES);
    (void)sqlite3_limit(handle, SQLITE_LIMIT_COLUMN, TILL_LIMIT_QUERY_COLUMNS);
    (void)sqlite3_limit(handle, SQLITE_LIMIT_EXPR_DEPTH, QUERY_EXPRESSION_DEPTH);
    (void)sqlite3_limit(handle, SQLITE_LIMIT_COMPOUND_SELECT, QUERY_COMPOUND_SELECTS);
    (void)sqlite3_limit(handle, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, QUERY_PATTERN_BYTES);
    int rc = sqlite3_drop_modules(handle, kept);
    if (rc == SQLITE_OK)
        rc = wake_modules(handle);
    return rc == SQLITE_OK ? sqlite_functions(handle) : rc;
}

// ---- running ----

struct watch {
    int64_t deadline_ms; // 0 = none
    const volatile sig_atomic_t *stop;
    bool is_late, is_stopped;
};

static int progress(void *context)
{
    struct watch *watch = context;
    watch->is_stopped = stop_is_set(watch->stop);
    watch->is_late =
        watch->deadline_ms != 0 && clock_monotonic_ms(&clock_system) >= watch->deadline_ms;
    return watch->is_stopped || watch->is_late;
}

static enum till_code fail_query(struct sqlite_db *db, int rc, const struct store_query *query,
                                 const struct watch *watch, struct till_error *e)
{
    switch (rc & 0xff) {
    case SQLITE_INTERRUPT:
        if (!watch->is_late || watch->is_stopped)
            return TILL_FAIL(e, TILL_CANCELED, rc, "interrupted");
        (void)TILL_FAIL(e, TILL_LIMIT, rc, "the query took longer than %lld ms",
                        (long long)query->timeout_ms);
        return till_error_hint(e, "ask for less, or raise the limit with --timeout");
    case SQLITE_AUTH:
        (void)TILL_FAIL(e, TILL_USAGE, rc, "the query is not allowed: %s",
                        sqlite3_errmsg(db->handle));
        return till_error_hint(
            e, "queries can read the tables and views of this database, and nothing else");
    case SQLITE_NOMEM:
        (void)TILL_FAIL(e, TILL_LIMIT, rc, "the query needs more than %d MiB of memory",
                        TILL_LIMIT_QUERY_HEAP_BYTES / (1024 * 1024));
        return till_error_hint(e, "ask for less at once");
    case SQLITE_ERROR:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_SCHEMA: {
        int place = sqlite3_error_offset(db->handle);
        (void)TILL_FAIL(e, TILL_USAGE, rc, "the query is wrong: %s", sqlite3_errmsg(db->handle));
        if (place >= 0 && (size_t)place < strlen(query->sql))
            (void)till_error_hint(e, "at character %d: %.40s", place + 1, query->sql + place);
        return e->code;
    }
    default:
        return DB_FAIL(db, rc, "run the query", e);
    }
}

// Only blanks, comments and semicolons after the first statement?
static bool is_end(const char *rest)
{
    for (;;) {
        rest += strspn(rest, " \t\r\n\f;");
        if (strncmp(rest, "--", 2) == 0) {
            rest += strcspn(rest, "\n");
        } else if (strncmp(rest, "/*", 2) == 0) {
            const char *end = strstr(rest + 2, "*/");
            rest = end ? end + 2 : rest + strlen(rest);
        } else {
            return *rest == '\0';
        }
    }
}

static enum till_code prepare(struct sqlite_db *db, const struct store_query *query,
                              const struct watch *watch, sqlite3_stmt **ret_statement,
                              struct till_error *e)
{
    const char *rest = "";
    if (strlen(query->sql) > TILL_LIMIT_SQL_BYTES)
        return TILL_FAIL(e, TILL_LIMIT, 0, "the query has more than %d bytes",
                         TILL_LIMIT_SQL_BYTES);
    int rc = sqlite3_prepare_v2(db->handle, query->sql, -1, ret_statement, &rest);
    if (rc != SQLITE_OK)
        return fail_query(db, rc, query, watch, e);
    if (!*ret_statement)
        return TILL_FAIL(e, TILL_USAGE, 0, "the query is empty");
    if (!is_end(rest)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "the query has more than one statement");
        return till_error_hint(e, "run them one by one");
    }
    if (!query->is_trusted && !sqlite3_stmt_readonly(*ret_statement))
        return TILL_FAIL(e, TILL_USAGE, 0, "the query would write; queries only read");
    if (query->parameter_count > (size_t)sqlite3_bind_parameter_count(*ret_statement))
        return TILL_FAIL(e, TILL_USAGE, 0, "the query has %d parameters, %zu were given",
                         sqlite3_bind_parameter_count(*ret_statement), query->parameter_count);
    for (size_t i = 0; i < query->parameter_count; i++) {
        rc = sqlite_bind(*ret_statement, (int)i + 1, &query->parameters[i]);
        if (rc != SQLITE_OK)
            return fail_query(db, rc, query, watch, e);
    }
    return TILL_OK;
}

static enum till_code send_columns(sqlite3_stmt *statement, const struct store_sink *sink,
                                   struct arena *arena, struct till_error *e)
{
    size_t count = (size_t)sqlite3_column_count(statement);
    struct store_column_info *columns = arena_calloc(arena, count + 1, sizeof *columns);
    if (!columns)
        return arena_fail(arena, "the columns of a query", e);
    for (size_t i = 0; i < count; i++) {
        const char *type = sqlite3_column_decltype(statement, (int)i);
        columns[i].name = sqlite3_column_name(statement, (int)i);
        columns[i].declared_type = type ? type : "";
        if (!columns[i].name)
            return TILL_FAIL_MEMORY(e);
    }
    return sink->columns ? sink->columns(sink->context, columns, count, e) : TILL_OK;
}

static bool hex_value(struct arena *arena, struct value *value)
{
    static const char digits[] = "0123456789abcdef";
    struct sv bytes = value->text;
    char *hex = arena_alloc(arena, 2 * bytes.len + 1);
    if (!hex)
        return false;
    for (size_t i = 0; i < bytes.len; i++) {
        hex[2 * i] = digits[(unsigned char)bytes.ptr[i] >> 4];
        hex[2 * i + 1] = digits[(unsigned char)bytes.ptr[i] & 15];
    }
    value->text = (struct sv){hex, 2 * bytes.len};
    return true;
}

static enum till_code send_row(sqlite3_stmt *statement, const struct store_sink *sink,
                               struct arena *arena, struct till_error *e)
{
    size_t count = (size_t)sqlite3_column_count(statement);
    arena_reset(arena);
    struct value *values = arena_calloc(arena, count + 1, sizeof *values);
    if (!values)
        return arena_fail(arena, "a row of a query", e);
    for (size_t i = 0; i < count; i++) {
        if (!sqlite_column(statement, (int)i, &values[i]))
            return TILL_FAIL_MEMORY(e);
        if (sqlite3_column_type(statement, (int)i) == SQLITE_BLOB && !hex_value(arena, &values[i]))
            return arena_fail(arena, "a row of a query", e);
    }
    return sink->row ? sink->row(sink->context, values, count, e) : TILL_OK;
}

static enum till_code run(struct sqlite_db *db, const struct store_query *query,
                          const struct watch *watch, const struct store_sink *sink,
                          struct store_query_result *ret_result, struct till_error *e)
{
    struct store_query_result result = {0};
    sqlite3_stmt *statement = NULL;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = prepare(db, query, watch, &statement, e);
    if (code == TILL_OK)
        code = send_columns(statement, sink, &arena, e);
    while (code == TILL_OK) {
        int rc = sqlite3_step(statement);
        if (rc == SQLITE_DONE)
            break;
        if (rc != SQLITE_ROW) {
            code = fail_query(db, rc, query, watch, e);
            break;
        }
        if (query->row_limit > 0 && result.row_count >= query->row_limit) {
            result.is_cut = true;
            break;
        }
        code = send_row(statement, sink, &arena, e);
        result.row_count += code == TILL_OK;
        if (code == TILL_OK && stop_is_set(query->stop))
            code = TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
    }
    (void)sqlite3_finalize(statement);
    if (code == TILL_OK)
        *ret_result = result;
    return code;
}

enum till_code sqlite_query(struct store_db *store_db, const struct store_query *query,
                            const struct store_sink *sink, struct store_query_result *ret_result,
                            struct till_error *e)
{
    struct sqlite_db *db = sqlite_of(store_db);
    struct watch watch = {.stop = query->stop};
    if (query->timeout_ms > 0)
        watch.deadline_ms = clock_monotonic_ms(&clock_system) + query->timeout_ms;
    sqlite3_progress_handler(db->handle, PROGRESS_INSTRUCTIONS, progress, &watch);
    if (!query->is_trusted) {
        (void)sqlite3_set_authorizer(db->handle, authorize, NULL);
        (void)sqlite3_hard_heap_limit64(TILL_LIMIT_QUERY_HEAP_BYTES);
    }
    enum till_code code = run(db, query, &watch, sink, ret_result, e);
    if (!query->is_trusted) {
        (void)sqlite3_hard_heap_limit64(0);
        (void)sqlite3_set_authorizer(db->handle, NULL, NULL);
    }
    sqlite3_progress_handler(db->handle, 0, NULL, NULL);
    return code;
}
