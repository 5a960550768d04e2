// SPDX-License-Identifier: Apache-2.0
// notes.c - annotations, goals and saved queries: three small tables that people fill, each with a ceiling of rows.
//
// Everything is checked here and not by who asks, since the page, the command line and scripts all end here: a text is one line of UTF-8 without control
// characters. Each put is one transaction that inserts first and counts then, so that a full table can still be told what it holds already.
#include "store/notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "store/driver.h"

enum { DATE_BYTES = 16, BLOCK_ROWS = 64 };

// ---- checks ----

static bool is_one_line(struct sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    return sv_is_utf8(text);
}

static enum till_code check_text(struct sv text, const char *what, struct till_error *e)
{
    if (sv_trim(text).len == 0)
        return TILL_FAIL(e, TILL_USAGE, 0, "%s is empty", what);
    if (text.len > TILL_LIMIT_NOTE_BYTES) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "%s has more than %d bytes", what, TILL_LIMIT_NOTE_BYTES);
        return till_error_hint(e, "say it in fewer words");
    }
    if (!is_one_line(text)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "%s has characters that are no text", what);
        return till_error_hint(e, "write one line of plain text in UTF-8");
    }
    return TILL_OK;
}

static enum till_code date_value(struct civil_date date, char place[static DATE_BYTES],
                                 struct value *ret_value, struct till_error *e)
{
    struct civil_date again;
    (void)snprintf(place, DATE_BYTES, "%04d-%02d-%02d", date.year % 10000, date.month % 100,
                   date.day % 100);
    if (date.year < 1 || date.year > 9999 || !civil_date_parse(place, &again) ||
        again.day != date.day || again.month != date.month || again.year != date.year)
        return TILL_FAIL(e, TILL_USAGE, 0, "there is no such day");
    *ret_value = store_c_text(place);
    return TILL_OK;
}

static enum till_code time_value(int64_t unix_us, char place[static STORE_TIME_BYTES],
                                 struct value *ret_value, struct till_error *e)
{
    *ret_value = store_time(unix_us, place);
    if (ret_value->type != VALUE_TEXT)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    return TILL_OK;
}

// count: a statement of ours that counts a table.
static enum till_code check_room(struct store *store, const char *count_sql, const char *what,
                                 struct till_error *e)
{
    int64_t count = 0;
    struct store_result result = {.row = store_take_integer, .context = &count};
    enum till_code code = store_execute(store, count_sql, NULL, 0, &result, e);
    if (code || count <= TILL_LIMIT_NOTES)
        return code;
    (void)TILL_FAIL(e, TILL_LIMIT, TILL_LIMIT_NOTES, "there are %d %s already", TILL_LIMIT_NOTES,
                    what);
    return till_error_hint(e, "remove some of them first");
}

// ---- rows into the arena ----

struct gathering {
    struct arena *arena;
    void *rows;
    size_t row_bytes, count, capacity;
};

// A place for one more row, zeroed; NULL without memory.
static void *next_row(struct gathering *gathering)
{
    if (gathering->count == gathering->capacity) {
        size_t capacity = gathering->capacity * 2 + BLOCK_ROWS;
        void *rows = arena_calloc(gathering->arena, capacity, gathering->row_bytes);
        if (!rows)
            return NULL;
        if (gathering->count > 0)
            memcpy(rows, gathering->rows, gathering->count * gathering->row_bytes);
        gathering->rows = rows;
        gathering->capacity = capacity;
    }
    return (char *)gathering->rows + gathering->count++ * gathering->row_bytes;
}

static bool keep_text(struct arena *arena, const struct value *value, struct sv *ret_text)
{
    *ret_text = arena_sv(arena, value->type == VALUE_TEXT ? value->text : SV(""));
    return ret_text->ptr != NULL;
}

// False for NULL and for what is no date: somebody else has written it.
static bool date_of(const struct value *value, struct civil_date *ret_date)
{
    char text[DATE_BYTES];
    store_copy(text, sizeof text, value);
    return civil_date_parse(text, ret_date);
}

// ---- annotations ----

static enum till_code take_annotation(void *context, const struct value *values, size_t count,
                                      struct till_error *e)
{
    struct gathering *gathering = context;
    struct civil_date date;
    (void)count;
    if (!date_of(&values[1], &date))
        return TILL_OK;
    struct store_annotation *annotation = next_row(gathering);
    if (!annotation || !keep_text(gathering->arena, &values[2], &annotation->text))
        return arena_fail(gathering->arena, "the annotations", e);
    annotation->id = store_integer_of(&values[0]);
    annotation->date = date;
    annotation->created_us = store_time_of(&values[3]);
    return TILL_OK;
}

enum till_code store_annotations(struct store *store, const struct civil_date *from,
                                 const struct civil_date *to, struct arena *arena,
                                 struct store_annotations *ret_annotations, struct till_error *e)
{
    static const char sql[] = "SELECT id, date, text, created_at FROM till_annotations WHERE date "
                              ">= ?1 AND date <= ?2 ORDER BY date, id";
    static const struct civil_date least = {1, 1, 1}, most = {9999, 12, 31};
    char first[DATE_BYTES], last[DATE_BYTES];
    struct value values[2];
    struct gathering gathering = {.arena = arena, .row_bytes = sizeof(struct store_annotation)};
    struct store_result result = {.row = take_annotation, .context = &gathering};
    enum till_code code = date_value(from ? *from : least, first, &values[0], e);
    if (code == TILL_OK)
        code = date_value(to ? *to : most, last, &values[1], e);
    if (code == TILL_OK)
        code = store_execute(store, sql, values, TILL_COUNT(values), &result, e);
    if (code == TILL_OK)
        *ret_annotations = (struct store_annotations){gathering.rows, gathering.count};
    return code;
}

static enum till_code put_annotation(struct store *store, const struct value *values,
                                     int64_t *ret_id, struct till_error *e)
{
    static const char sql[] = "INSERT INTO till_annotations(date, text, created_at) VALUES (?1, "
                              "?2, ?3) ON CONFLICT(date, text) DO NOTHING";
    static const char find[] = "SELECT id FROM till_annotations WHERE date = ?1 AND text = ?2";
    struct store_result result = {0};
    enum till_code code = store_execute(store, sql, values, 3, &result, e);
    if (code == TILL_OK && result.changed_count > 0)
        code = check_room(store, "SELECT count(*) FROM till_annotations", "annotations", e);
    int64_t id = 0;
    struct store_result found = {.row = store_take_integer, .context = &id};
    if (code == TILL_OK)
        code = store_execute(store, find, values, 2, &found, e);
    if (code == TILL_OK)
        *ret_id = id;
    return code;
}

enum till_code store_annotation_put(struct store *store, struct civil_date date, struct sv text,
                                    int64_t now_us, int64_t *ret_id, struct till_error *e)
{
    char day[DATE_BYTES], now[STORE_TIME_BYTES];
    struct value values[3] = {[1] = store_text(sv_trim(text))};
    int64_t id = 0;
    enum till_code code = check_text(text, "the annotation", e);
    if (code == TILL_OK)
        code = date_value(date, day, &values[0], e);
    if (code == TILL_OK)
        code = time_value(now_us, now, &values[2], e);
    if (code == TILL_OK)
        code = store_begin(store, e);
    if (code)
        return code;
    code = store_finish(store, put_annotation(store, values, &id, e), e);
    if (code == TILL_OK)
        *ret_id = id;
    return code;
}

static enum till_code remove_rows(struct store *store, const char *sql, const struct value *keys,
                                  size_t count, bool *ret_was_there, struct till_error *e)
{
    struct store_result result = {0};
    enum till_code code = store_execute(store, sql, keys, count, &result, e);
    if (code == TILL_OK)
        *ret_was_there = result.changed_count > 0;
    return code;
}

enum till_code store_annotation_remove(struct store *store, int64_t id, bool *ret_was_there,
                                       struct till_error *e)
{
    struct value key = store_integer(id);
    return remove_rows(store, "DELETE FROM till_annotations WHERE id = ?1", &key, 1, ret_was_there,
                       e);
}

// ---- goals ----

static enum till_code take_goal(void *context, const struct value *values, size_t count,
                                struct till_error *e)
{
    struct gathering *gathering = context;
    struct store_goal *goal = next_row(gathering);
    (void)count;
    if (!goal || !keep_text(gathering->arena, &values[0], &goal->metric) ||
        !keep_text(gathering->arena, &values[1], &goal->currency))
        return arena_fail(gathering->arena, "the goals", e);
    goal->amount_minor = store_integer_of(&values[2]);
    goal->has_until = date_of(&values[3], &goal->until);
    goal->created_us = store_time_of(&values[4]);
    return TILL_OK;
}

enum till_code store_goals(struct store *store, struct arena *arena, struct store_goals *ret_goals,
                           struct till_error *e)
{
    static const char sql[] = "SELECT metric, currency, amount_minor, until, created_at FROM "
                              "till_goals ORDER BY metric, currency";
    struct gathering gathering = {.arena = arena, .row_bytes = sizeof(struct store_goal)};
    struct store_result result = {.row = take_goal, .context = &gathering};
    enum till_code code = store_execute(store, sql, NULL, 0, &result, e);
    if (code == TILL_OK)
        *ret_goals = (struct store_goals){gathering.rows, gathering.count};
    return code;
}

static bool is_currency(struct sv currency)
{
    for (size_t i = 0; i < currency.len; i++)
        if (currency.ptr[i] < 'a' || currency.ptr[i] > 'z')
            return false;
    return currency.len == 0 || currency.len == 3;
}

static enum till_code put_goal(struct store *store, const struct value *values, size_t count,
                               struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_goals(metric, currency, amount_minor, until, created_at) VALUES (?1, ?2, "
        "?3, ?4, ?5) ON CONFLICT(metric, currency) DO UPDATE SET amount_minor = "
        "excluded.amount_minor, until = excluded.until, created_at = excluded.created_at";
    enum till_code code = store_execute(store, sql, values, count, NULL, e);
    return code ? code : check_room(store, "SELECT count(*) FROM till_goals", "goals", e);
}

enum till_code store_goal_put(struct store *store, const struct store_goal *goal,
                              struct till_error *e)
{
    char until[DATE_BYTES], created[STORE_TIME_BYTES];
    struct value values[5] = {store_text(goal->metric), store_text(goal->currency),
                              store_integer(goal->amount_minor),
                              (struct value){.type = VALUE_NULL}};
    enum till_code code = check_text(goal->metric, "the metric", e);
    if (code == TILL_OK && !is_currency(goal->currency))
        code = TILL_FAIL(e, TILL_USAGE, 0, "the goal's currency is not a code of three letters");
    if (code == TILL_OK && goal->amount_minor <= 0)
        code = TILL_FAIL(e, TILL_USAGE, 0, "a goal is above zero");
    if (code == TILL_OK && goal->has_until)
        code = date_value(goal->until, until, &values[3], e);
    if (code == TILL_OK)
        code = time_value(goal->created_us, created, &values[4], e);
    if (code == TILL_OK)
        code = store_begin(store, e);
    return code ? code : store_finish(store, put_goal(store, values, TILL_COUNT(values), e), e);
}

enum till_code store_goal_remove(struct store *store, struct sv metric, struct sv currency,
                                 bool *ret_was_there, struct till_error *e)
{
    static const char sql[] =
        "DELETE FROM till_goals WHERE metric = ?1 AND currency = coalesce(?2, currency)";
    struct value keys[] = {store_text(metric), store_text(currency)};
    return remove_rows(store, sql, keys, TILL_COUNT(keys), ret_was_there, e);
}

// ---- saved queries ----

static enum till_code take_query(void *context, const struct value *values, size_t count,
                                 struct till_error *e)
{
    struct gathering *gathering = context;
    struct store_saved_query *query = next_row(gathering);
    (void)count;
    if (!query || !keep_text(gathering->arena, &values[0], &query->name) ||
        !keep_text(gathering->arena, &values[1], &query->sql))
        return arena_fail(gathering->arena, "the saved queries", e);
    query->created_us = store_time_of(&values[2]);
    query->changed_us = store_time_of(&values[3]);
    return TILL_OK;
}

enum till_code store_saved_queries(struct store *store, struct arena *arena,
                                   struct store_saved_queries *ret_queries, struct till_error *e)
{
    static const char sql[] =
        "SELECT name, sql, created_at, changed_at FROM till_saved_queries ORDER BY name";
    struct gathering gathering = {.arena = arena, .row_bytes = sizeof(struct store_saved_query)};
    struct store_result result = {.row = take_query, .context = &gathering};
    enum till_code code = store_execute(store, sql, NULL, 0, &result, e);
    if (code == TILL_OK)
        *ret_queries = (struct store_saved_queries){gathering.rows, gathering.count};
    return code;
}

enum till_code store_saved_query(struct store *store, struct sv name, struct arena *arena,
                                 struct store_saved_query *ret_query, bool *ret_found,
                                 struct till_error *e)
{
    static const char sql[] =
        "SELECT name, sql, created_at, changed_at FROM till_saved_queries WHERE name = ?1";
    struct gathering gathering = {.arena = arena, .row_bytes = sizeof(struct store_saved_query)};
    struct store_result result = {.row = take_query, .context = &gathering};
    struct value key = store_text(sv_trim(name));
    enum till_code code = store_execute(store, sql, &key, 1, &result, e);
    if (code)
        return code;
    *ret_found = gathering.count > 0;
    if (*ret_found)
        *ret_query = *(const struct store_saved_query *)gathering.rows;
    return TILL_OK;
}

static enum till_code put_query(struct store *store, const struct value *values, size_t count,
                                struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_saved_queries(name, sql, created_at, changed_at) VALUES (?1, ?2, ?3, ?3) "
        "ON CONFLICT(name) DO UPDATE SET sql = excluded.sql, changed_at = excluded.changed_at";
    enum till_code code = store_execute(store, sql, values, count, NULL, e);
    return code ? code
                : check_room(store, "SELECT count(*) FROM till_saved_queries", "saved queries", e);
}

enum till_code store_saved_query_put(struct store *store, struct sv name, struct sv sql,
                                     int64_t now_us, struct till_error *e)
{
    char now[STORE_TIME_BYTES];
    struct value values[3] = {store_text(sv_trim(name)), store_text(sql)};
    enum till_code code = check_text(name, "the name", e);
    if (code == TILL_OK && sv_trim(sql).len == 0)
        code = TILL_FAIL(e, TILL_USAGE, 0, "the query is empty");
    else if (code == TILL_OK && (!sv_is_utf8(sql) || memchr(sql.ptr, '\0', sql.len)))
        code = TILL_FAIL(e, TILL_USAGE, 0, "the query is not text in UTF-8");
    else if (code == TILL_OK && sql.len > TILL_LIMIT_SAVED_QUERY_BYTES)
        code = TILL_FAIL(e, TILL_LIMIT, TILL_LIMIT_SAVED_QUERY_BYTES,
                         "the query has more than %d bytes", TILL_LIMIT_SAVED_QUERY_BYTES);
    if (code == TILL_OK)
        code = time_value(now_us, now, &values[2], e);
    if (code == TILL_OK)
        code = store_begin(store, e);
    return code ? code : store_finish(store, put_query(store, values, TILL_COUNT(values), e), e);
}

enum till_code store_saved_query_remove(struct store *store, struct sv name, bool *ret_was_there,
                                        struct till_error *e)
{
    struct value key = store_text(sv_trim(name));
    return remove_rows(store, "DELETE FROM till_saved_queries WHERE name = ?1", &key, 1,
                       ret_was_there, e);
}
