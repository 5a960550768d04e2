// SPDX-License-Identifier: Apache-2.0
// tables.c - the state of each mirrored table, and the history of runs.
//
// Row counts are kept, not counted: store_page() and store_walk_end() move them in the transactions that move the rows, because counting a
// million wide rows takes longer than syncing them. Hints and quarantined rows are few, and counted. An interrupted run has not failed: it leaves
// the number of failures as it was.
#include "store/driver.h"

#include <string.h>

#include "base/attr.h"
#include "base/limits.h"

enum till_code store_table_touch(struct store *store, struct sv organization_id,
                                 const struct table *table, struct till_error *e)
{
    static const char sql[] = "INSERT INTO till_tables(organization_id, table_name) VALUES (?1, "
                              "?2) ON CONFLICT DO NOTHING";
    struct value keys[] = {store_text(organization_id), store_c_text(table->name)};
    return store_execute(store, sql, keys, TILL_COUNT(keys), NULL, e);
}

enum till_code store_table_count(struct store *store, struct sv organization_id,
                                 const struct table *table, int64_t live, int64_t deleted,
                                 struct till_error *e)
{
    static const char sql[] =
        "UPDATE till_tables SET row_count = row_count + ?3, deleted_count = deleted_count + ?4"
        " WHERE organization_id = ?1 AND table_name = ?2";
    struct value values[] = {store_text(organization_id), store_c_text(table->name),
                             store_integer(live), store_integer(deleted)};
    if (live == 0 && deleted == 0)
        return TILL_OK;
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

static enum till_code code_of_name(const struct value *value)
{
    for (int code = TILL_OK; code < TILL_CODE__COUNT; code++)
        if (value->type == VALUE_TEXT &&
            sv_equal(value->text, sv_of(till_code_name((enum till_code)code))))
            return (enum till_code)code;
    return TILL_OK;
}

const char *store_method_word(enum store_method method)
{
    return method == STORE_FULL ? "full" : "incremental";
}

static enum store_method method_of(const struct value *value)
{
    bool is_full =
        value->type == VALUE_TEXT && sv_equal(value->text, sv_of(store_method_word(STORE_FULL)));
    return is_full ? STORE_FULL : STORE_INCREMENTAL;
}

enum { STATE_COLUMNS = 23 };

static enum till_code take_state(void *context, const struct value *values, size_t count,
                                 struct till_error *e)
{
    struct store_table_state *state = context;
    if (count != STATE_COLUMNS)
        return TILL_FAIL(e, TILL_STORE, 0, "a table's state has %zu columns", count);
    state->is_enabled = store_integer_of(&values[0]) != 0;
    state->row_count = store_integer_of(&values[1]);
    state->deleted_count = store_integer_of(&values[2]);
    state->quarantined_count = store_integer_of(&values[3]);
    state->last_started_us = store_time_of(&values[4]);
    state->last_finished_us = store_time_of(&values[5]);
    state->last_success_us = store_time_of(&values[6]);
    state->last_code = code_of_name(&values[7]);
    store_copy(state->last_error, sizeof state->last_error, &values[8]);
    state->last_added = store_integer_of(&values[9]);
    state->last_changed = store_integer_of(&values[10]);
    state->last_removed = store_integer_of(&values[11]);
    state->last_requests = store_integer_of(&values[12]);
    state->server_total = store_integer_of(&values[13]);
    state->is_proven = store_integer_of(&values[14]) != 0;
    state->walk_next_page = store_integer_of(&values[15]);
    state->method = method_of(&values[16]);
    state->every_ms = store_integer_of(&values[17]);
    state->last_method = method_of(&values[18]);
    state->fresh_us = store_time_of(&values[19]);
    state->last_full_us = store_time_of(&values[20]);
    state->failure_count = store_integer_of(&values[21]);
    state->hint_count = store_integer_of(&values[22]);
    return TILL_OK;
}

// Only asked when there is a quarantine: it looks at the mirrored table.
static enum till_code count_unmirrored(struct store *store, const struct value keys[static 2],
                                       const struct table *table, int64_t *ret_count,
                                       struct till_error *e)
{
    int64_t count = 0;
    struct store_result result = {.row = store_take_integer, .context = &count};
    AUTO_BUF sql;
    buf_init(&sql, STORE_SQL_BYTES);
    buf_format(&sql,
               "SELECT count(*) FROM till_quarantine AS q WHERE q.organization_id = ?1"
               " AND q.table_name = ?2 AND q.row_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM %s "
               "AS t WHERE t.%s = q.row_id AND t.till_deleted_at IS NULL)",
               table->name, store_id_name(table));
    enum till_code code = store_execute_made(store, &sql, keys, 2, &result, e);
    if (code == TILL_OK)
        *ret_count = count;
    return code;
}

// Quarantine, walk and hints are asked apart from till_tables' row, which may not be there yet.
enum till_code store_table_state(struct store *store, struct sv organization_id,
                                 const struct table *table, struct store_table_state *ret_state,
                                 struct till_error *e)
{
    static const char sql[] =
        "SELECT coalesce(t.is_enabled, 1), coalesce(t.row_count, 0), coalesce(t.deleted_count, 0),"
        " (SELECT count(*) FROM till_quarantine AS q WHERE q.organization_id = k.organization_id "
        "AND q.table_name = k.table_name),"
        " t.last_started_at, t.last_finished_at, t.last_success_at, t.last_code, t.last_error,"
        " coalesce(t.last_added, 0), coalesce(t.last_changed, 0), coalesce(t.last_removed, 0),"
        " coalesce(t.last_requests, 0), coalesce(t.server_total, -1), coalesce(t.is_proven, 0),"
        " coalesce((SELECT w.next_page FROM till_walks AS w WHERE w.organization_id = "
        "k.organization_id AND w.table_name = k.table_name), 0),"
        " t.method, coalesce(t.every_ms, 0), coalesce(t.last_method, 'full'), t.fresh_at, "
        "t.last_full_at, coalesce(t.failure_count, 0),"
        " (SELECT count(*) FROM till_hints AS h WHERE h.organization_id = k.organization_id "
        "AND h.table_name = k.table_name)"
        " FROM (SELECT ?1 AS organization_id, ?2 AS table_name) AS k LEFT JOIN till_tables AS t"
        " ON t.organization_id = k.organization_id AND t.table_name = k.table_name";
    struct value keys[] = {store_text(organization_id), store_c_text(table->name)};
    struct store_table_state state = {0};
    struct store_result result = {.row = take_state, .context = &state};
    enum till_code code = store_execute(store, sql, keys, TILL_COUNT(keys), &result, e);
    if (code == TILL_OK && state.quarantined_count > 0)
        code = count_unmirrored(store, keys, table, &state.unmirrored_count, e);
    if (code == TILL_OK)
        *ret_state = state;
    return code;
}

enum till_code store_table_enable(struct store *store, struct sv organization_id,
                                  const struct table *table, bool is_enabled, struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_tables(organization_id, table_name, is_enabled) VALUES (?1, ?2, ?3)"
        " ON CONFLICT(organization_id, table_name) DO UPDATE SET is_enabled = excluded.is_enabled";
    struct value values[] = {store_text(organization_id), store_c_text(table->name),
                             store_integer(is_enabled)};
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

enum till_code store_table_schedule(struct store *store, struct sv organization_id,
                                    const struct table *table, enum store_method method,
                                    int64_t every_ms, struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_tables(organization_id, table_name, method, every_ms) VALUES (?1, ?2, "
        "?3, ?4) ON CONFLICT(organization_id, table_name) DO UPDATE SET method = excluded.method, "
        "every_ms = excluded.every_ms";
    struct value values[] = {store_text(organization_id), store_c_text(table->name),
                             store_c_text(store_method_word(method)), store_integer(every_ms)};
    if (every_ms < 0)
        return TILL_FAIL(e, TILL_USAGE, 0, "a table cannot be synced every %lld ms",
                         (long long)every_ms);
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

static enum till_code put_history(struct store *store, const struct store_run *run,
                                  const struct value *started, const struct value *finished,
                                  struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_runs(organization_id, table_name, started_at, finished_at, code, error, "
        "added, changed, removed,"
        " unchanged, quarantined, requests, pages, server_total, is_proven, method)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    static const char trim[] =
        "DELETE FROM till_runs WHERE organization_id = ?1 AND table_name = ?2 AND id <="
        " (SELECT id FROM till_runs WHERE organization_id = ?1 AND table_name = ?2 ORDER BY id "
        "DESC LIMIT 1 OFFSET ?3)";
    struct value values[] = {
        store_text(run->organization_id),
        store_c_text(run->table->name),
        *started,
        *finished,
        store_c_text(till_code_name(run->code)),
        store_c_text(run->error),
        store_integer(run->added),
        store_integer(run->changed),
        store_integer(run->removed),
        store_integer(run->unchanged),
        store_integer(run->quarantined),
        store_integer(run->requests),
        store_integer(run->pages),
        store_integer(run->server_total),
        store_integer(run->is_proven),
        store_c_text(store_method_word(run->method)),
    };
    enum till_code code = store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
    values[2] = store_integer(TILL_LIMIT_RUN_ROWS);
    return code ? code : store_execute(store, trim, values, 3, NULL, e);
}

// A failed run leaves the last success, the server's total and the proof as they were.
static enum till_code put_state(struct store *store, const struct store_run *run,
                                const struct value *started, const struct value *finished,
                                struct till_error *e)
{
    static const char sql[] =
        "UPDATE till_tables SET last_started_at = ?3, last_finished_at = ?4, "
        "last_code = ?5, last_error = ?6, last_added = ?7,"
        " last_changed = ?8, last_removed = ?9, last_requests = ?10, last_method = ?14,"
        " last_success_at = CASE WHEN ?13 THEN ?4 ELSE last_success_at END,"
        " fresh_at = CASE WHEN ?13 THEN ?3 ELSE fresh_at END,"
        " server_total = CASE WHEN ?11 >= 0 THEN ?11 ELSE server_total END,"
        " is_proven = CASE WHEN ?13 THEN ?12 ELSE is_proven END,"
        " last_full_at = CASE WHEN ?15 THEN ?4 ELSE last_full_at END,"
        " failure_count = CASE WHEN ?13 THEN 0 ELSE failure_count + ?16 END"
        " WHERE organization_id = ?1 AND table_name = ?2";
    bool is_ok = run->code == TILL_OK;
    struct value values[] = {
        store_text(run->organization_id),
        store_c_text(run->table->name),
        *started,
        *finished,
        store_c_text(till_code_name(run->code)),
        store_c_text(run->error),
        store_integer(run->added),
        store_integer(run->changed),
        store_integer(run->removed),
        store_integer(run->requests),
        store_integer(run->server_total),
        store_integer(run->is_proven),
        store_integer(is_ok),
        store_c_text(store_method_word(run->method)),
        store_integer(is_ok && run->is_proven && run->method == STORE_FULL),
        store_integer(!is_ok && run->code != TILL_CANCELED),
    };
    enum till_code code = store_table_touch(store, run->organization_id, run->table, e);
    return code ? code : store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

enum till_code store_run_put(struct store *store, const struct store_run *run, struct till_error *e)
{
    char started_at[STORE_TIME_BYTES], finished_at[STORE_TIME_BYTES];
    struct value started = store_time(run->started_us, started_at);
    struct value finished = store_time(run->finished_us, finished_at);
    enum till_code code = store_begin(store, e);
    if (code)
        return code;
    code = put_history(store, run, &started, &finished, e);
    if (code == TILL_OK)
        code = put_state(store, run, &started, &finished, e);
    return store_finish(store, code, e);
}
