// SPDX-License-Identifier: Apache-2.0
// sources.c - connected sources of web traffic: the row that says what a source is, when it is due, and how its last run went.
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "store/driver.h"
#include "store/traffic.h"

#define SOURCE_COLUMNS                                                                             \
    "name, service, api_url, property, property_name, account, timezone, secret_place,"            \
    " connected_at, disconnected_at, is_enabled, every_ms, first_date, through_date,"              \
    " last_started_at, last_finished_at, fresh_at, last_code, last_error, last_requests,"          \
    " last_rows, failure_count,"                                                                   \
    " (SELECT count(*) FROM traffic_daily AS d WHERE d.connection = s.name)"                       \
    " + (SELECT count(*) FROM search_daily AS d WHERE d.connection = s.name)"
enum { SOURCE_COLUMN_COUNT = 23 };

enum till_code store_source_put(struct store *store, const struct store_source *source,
                                struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO traffic_sources(name, service, api_url, property, property_name, account,"
        " timezone, secret_place, connected_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        " ON CONFLICT(name) DO UPDATE SET service = excluded.service, api_url = excluded.api_url,"
        " property = excluded.property, property_name = excluded.property_name,"
        " account = excluded.account, secret_place = excluded.secret_place,"
        " connected_at = excluded.connected_at, disconnected_at = NULL, failure_count = 0";
    char connected_at[STORE_TIME_BYTES];
    struct value values[] = {
        store_c_text(source->name),
        store_c_text(traffic_service_word(source->service)),
        store_c_text(source->api_url),
        store_c_text(source->property),
        store_c_text(source->property_name),
        store_c_text(source->account),
        store_c_text(source->timezone),
        store_c_text(source->secret_place),
        store_time(source->connected_at_us, connected_at),
    };
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

static enum till_code code_of(const struct value *word)
{
    for (int i = 0; i < TILL_CODE__COUNT; i++) {
        if (word->type == VALUE_TEXT &&
            sv_equal(word->text, sv_of(till_code_name((enum till_code)i))))
            return (enum till_code)i;
    }
    return TILL_OK;
}

static bool date_of(const struct value *text, struct civil_date *ret_date)
{
    char date[STORE_DATE_BYTES];
    store_copy(date, sizeof date, text);
    return civil_date_parse(date, ret_date);
}

static enum till_code take_source(void *context, const struct value *values, size_t count,
                                  struct till_error *e)
{
    struct store_sources *sources = context;
    struct store_source *to = &sources->list[sources->count];
    if (count != SOURCE_COLUMN_COUNT)
        return TILL_FAIL(e, TILL_STORE, 0, "a source has %zu columns", count);
    if (sources->count == TILL_LIMIT_SOURCES)
        return TILL_FAIL(e, TILL_LIMIT, 0, "more than %d sources of web traffic are connected",
                         TILL_LIMIT_SOURCES);
    memset(to, 0, sizeof *to);
    if (values[1].type != VALUE_TEXT || !traffic_service_parse(values[1].text, &to->service))
        return TILL_OK; // of a newer till
    store_copy(to->name, sizeof to->name, &values[0]);
    store_copy(to->api_url, sizeof to->api_url, &values[2]);
    store_copy(to->property, sizeof to->property, &values[3]);
    store_copy(to->property_name, sizeof to->property_name, &values[4]);
    store_copy(to->account, sizeof to->account, &values[5]);
    store_copy(to->timezone, sizeof to->timezone, &values[6]);
    store_copy(to->secret_place, sizeof to->secret_place, &values[7]);
    to->connected_at_us = store_time_of(&values[8]);
    to->disconnected_at_us = store_time_of(&values[9]);
    to->is_enabled = store_integer_of(&values[10]) != 0;
    to->every_ms = store_integer_of(&values[11]);
    to->has_first = date_of(&values[12], &to->first_date);
    to->has_through = date_of(&values[13], &to->through_date);
    to->last_started_us = store_time_of(&values[14]);
    to->last_finished_us = store_time_of(&values[15]);
    to->fresh_us = store_time_of(&values[16]);
    to->last_code = code_of(&values[17]);
    store_copy(to->last_error, sizeof to->last_error, &values[18]);
    to->last_requests = store_integer_of(&values[19]);
    to->last_rows = store_integer_of(&values[20]);
    to->failure_count = store_integer_of(&values[21]);
    to->day_count = store_integer_of(&values[22]);
    sources->count++;
    return TILL_OK;
}

enum till_code store_source_list(struct store *store, struct store_sources *ret_sources,
                                 struct till_error *e)
{
    static const char sql[] = "SELECT " SOURCE_COLUMNS " FROM traffic_sources AS s ORDER BY name";
    struct store_result result = {.row = take_source, .context = ret_sources};
    ret_sources->count = 0;
    return store_execute(store, sql, NULL, 0, &result, e);
}

enum till_code store_source_get(struct store *store, const char *name,
                                struct store_source *ret_source, bool *ret_found,
                                struct till_error *e)
{
    static const char sql[] = "SELECT " SOURCE_COLUMNS " FROM traffic_sources AS s WHERE name = ?1";
    struct value key = store_c_text(name);
    arena_reset(&store->arena);
    struct store_sources *sources = arena_calloc(&store->arena, 1, sizeof *sources);
    struct store_result result = {.row = take_source, .context = sources};
    if (!sources)
        return arena_fail(&store->arena, "a source of web traffic", e);
    enum till_code code = store_execute(store, sql, &key, 1, &result, e);
    if (code == TILL_OK) {
        *ret_found = sources->count > 0;
        if (*ret_found)
            *ret_source = sources->list[0];
    }
    return code;
}

enum till_code store_source_schedule(struct store *store, const char *name, bool is_enabled,
                                     int64_t every_ms, struct till_error *e)
{
    static const char sql[] =
        "UPDATE traffic_sources SET is_enabled = ?2, every_ms = ?3 WHERE name = ?1";
    struct value values[] = {store_c_text(name), store_integer(is_enabled),
                             store_integer(every_ms)};
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

static enum till_code forget_rows(struct store *store, const char *name, struct till_error *e)
{
    static const char *const statements[] = {
        "DELETE FROM traffic_daily WHERE connection = ?1",
        "DELETE FROM traffic_hourly WHERE connection = ?1",
        "DELETE FROM traffic_breakdown WHERE connection = ?1",
        "DELETE FROM search_daily WHERE connection = ?1",
        "DELETE FROM search_queries WHERE connection = ?1",
    };
    struct value key = store_c_text(name);
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < TILL_COUNT(statements) && code == TILL_OK; i++)
        code = store_execute(store, statements[i], &key, 1, NULL, e);
    return code;
}

enum till_code store_source_remove(struct store *store, const char *name, bool is_purge,
                                   int64_t now_us, struct till_error *e)
{
    static const char mark[] =
        "UPDATE traffic_sources SET disconnected_at = ?2, secret_place = '' WHERE name = ?1";
    static const char remove[] = "DELETE FROM traffic_sources WHERE name = ?1";
    char now[STORE_TIME_BYTES];
    struct value values[] = {store_c_text(name), store_time(now_us, now)};
    if (!is_purge)
        return store_execute(store, mark, values, TILL_COUNT(values), NULL, e);
    enum till_code code = store_begin(store, e);
    if (code)
        return code;
    code = forget_rows(store, name, e);
    if (code == TILL_OK)
        code = store_execute(store, remove, values, 1, NULL, e);
    code = store_finish(store, code, e);
    if (code == TILL_OK) {
        code = store->driver->reclaim(store->db, e);
        if (code)
            (void)till_error_context(e,
                                     "all rows were removed, but traces may be left in the file");
    }
    return code;
}

enum till_code store_source_begin(struct store *store, const char *name, int64_t now_us,
                                  struct till_error *e)
{
    static const char sql[] = "UPDATE traffic_sources SET last_started_at = ?2 WHERE name = ?1";
    char now[STORE_TIME_BYTES];
    struct value values[] = {store_c_text(name), store_time(now_us, now)};
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

enum till_code store_source_end(struct store *store, const char *name,
                                const struct store_source_run *run, struct till_error *e)
{
    static const char sql[] =
        "UPDATE traffic_sources SET last_finished_at = ?2, last_code = ?3, last_error = ?4,"
        " last_requests = ?5, last_rows = ?6,"
        " fresh_at = CASE WHEN ?3 = 'ok' THEN ?7 ELSE fresh_at END,"
        " failure_count = CASE ?3 WHEN 'ok' THEN 0 WHEN 'canceled' THEN failure_count"
        " ELSE failure_count + 1 END WHERE name = ?1";
    char finished[STORE_TIME_BYTES], started[STORE_TIME_BYTES];
    struct value values[] = {
        store_c_text(name),
        store_time(run->finished_us, finished),
        store_c_text(till_code_name(run->code)),
        store_c_text(run->code ? run->error : NULL),
        store_integer(run->requests),
        store_integer(run->rows),
        store_time(run->started_us, started),
    };
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

enum till_code store_source_rezone(struct store *store, const char *name, const char *timezone,
                                   struct till_error *e)
{
    static const char sql[] = "UPDATE traffic_sources SET timezone = ?2, first_date = NULL,"
                              " through_date = NULL WHERE name = ?1";
    struct value values[] = {store_c_text(name), store_c_text(timezone)};
    enum till_code code = store_begin(store, e);
    if (code)
        return code;
    code = forget_rows(store, name, e);
    if (code == TILL_OK)
        code = store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
    return store_finish(store, code, e);
}
