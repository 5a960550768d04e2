// SPDX-License-Identifier: Apache-2.0
// by_id.c - stored rows that are named by their ids: which are missing, one column of them, and marking one as deleted.
//
// Ids are asked for a hundred at a time: a statement for each would cost a server database a round trip each, and SQLite as many preparations.
#include "store/driver.h"

#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "store/packed.h"

enum { IDS_AT_ONCE = 100 };

struct lookup {
    const struct sv *ids; // of one statement
    size_t count;
    struct value *values; // of all of `ids`; may be NULL
    bool *is_missing;     // the same
    struct arena *arena;  // for the text of values
};

static enum till_code take_found(void *context, const struct value *values, size_t count,
                                 struct till_error *e)
{
    struct lookup *lookup = context;
    if (count != 2 || values[0].type != VALUE_TEXT)
        return TILL_OK;
    struct value value = values[1];
    if (lookup->values && value.type == VALUE_TEXT) {
        value.text = arena_sv(lookup->arena, value.text);
        if (!value.text.ptr)
            return arena_fail(lookup->arena, "stored rows", e);
    }
    for (size_t i = 0; i < lookup->count; i++) {
        if (!sv_equal(lookup->ids[i], values[0].text))
            continue;
        if (lookup->values)
            lookup->values[i] = value;
        if (lookup->is_missing)
            lookup->is_missing[i] = false;
    }
    return TILL_OK;
}

static enum till_code look_up(struct store *store, const struct table *table, const char *column,
                              struct lookup *lookup, struct till_error *e)
{
    struct value parameters[IDS_AT_ONCE];
    struct store_result result = {.row = take_found, .context = lookup};
    AUTO_BUF sql;
    buf_init(&sql, STORE_SQL_BYTES);
    buf_format(&sql, "SELECT %s, \"%s\" FROM %s WHERE %s IN (", store_id_name(table), column,
               table->name, store_id_name(table));
    for (size_t i = 0; i < lookup->count; i++) {
        buf_format(&sql, "%s?%zu", i ? ", " : "", i + 1);
        parameters[i] = store_text(lookup->ids[i]);
    }
    buf_char(&sql, ')');
    return store_execute_made(store, &sql, parameters, lookup->count, &result, e);
}

// lookup holds the whole list.
static enum till_code look_up_all(struct store *store, const struct table *table,
                                  const char *column, const struct lookup *lookup,
                                  struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t at = 0; at < lookup->count && code == TILL_OK; at += IDS_AT_ONCE) {
        size_t left = lookup->count - at;
        struct lookup part = {.ids = lookup->ids + at,
                              .count = left < IDS_AT_ONCE ? left : IDS_AT_ONCE,
                              .values = lookup->values ? lookup->values + at : NULL,
                              .is_missing = lookup->is_missing ? lookup->is_missing + at : NULL,
                              .arena = lookup->arena};
        code = look_up(store, table, column, &part, e);
    }
    return code;
}

static enum till_code check_count(size_t count, struct till_error *e)
{
    if (count <= TILL_LIMIT_IDS)
        return TILL_OK;
    return TILL_FAIL(e, TILL_LIMIT, TILL_LIMIT_IDS, "more than %d rows are asked for at once",
                     TILL_LIMIT_IDS);
}

enum till_code store_rows_missing(struct store *store, const struct table *table,
                                  const struct sv *ids, size_t count, bool *ret_is_missing,
                                  struct till_error *e)
{
    struct lookup lookup = {.ids = ids, .count = count};
    enum till_code code = check_count(count, e);
    if (code)
        return code;
    arena_reset(&store->arena);
    lookup.is_missing = arena_alloc(&store->arena, (count + 1) * sizeof *lookup.is_missing);
    if (!lookup.is_missing)
        return arena_fail(&store->arena, "a list of rows", e);
    for (size_t i = 0; i < count; i++)
        lookup.is_missing[i] = true;
    code = look_up_all(store, table, store_id_name(table), &lookup, e);
    if (code == TILL_OK && count > 0)
        memcpy(ret_is_missing, lookup.is_missing, count * sizeof *ret_is_missing);
    return code;
}

enum till_code store_column_of(struct store *store, const struct table *table, const char *column,
                               const struct sv *ids, size_t count, struct arena *arena,
                               struct value *ret_values, struct till_error *e)
{
    struct lookup lookup = {.ids = ids, .count = count, .arena = arena};
    enum till_code code = check_count(count, e);
    if (code)
        return code;
    if (!model_column(table, sv_of(column), NULL))
        return TILL_FAIL(e, TILL_USAGE, 0, "%s has no column \"%s\"", table->name, column);
    arena_reset(&store->arena);
    lookup.values = arena_calloc(&store->arena, count + 1, sizeof *lookup.values);
    if (!lookup.values)
        return arena_fail(&store->arena, "a list of rows", e);
    for (size_t i = 0; i < count; i++)
        lookup.values[i] = (struct value){.type = VALUE_NULL};
    code = look_up_all(store, table, column, &lookup, e);
    if (code == TILL_OK && count > 0)
        memcpy(ret_values, lookup.values, count * sizeof *ret_values);
    return code;
}

// ---- one that is gone ----

static enum till_code record_burial(struct store *store, struct sv organization_id,
                                    const struct table *table, struct sv id,
                                    const struct value *now, struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO row_changes(organization_id, table_name, row_id, column_name, old_value, "
        "new_value, seen_at) VALUES (?1, ?2, ?3, 'till_deleted_at', NULL, ?4, ?4)";
    struct value values[] = {store_text(organization_id), store_c_text(table->name), store_text(id),
                             *now};
    enum till_code code = store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
    if (code == TILL_OK)
        code = store_table_touch(store, organization_id, table, e);
    return code ? code : store_table_count(store, organization_id, table, -1, 1, e);
}

static enum till_code bury(struct store *store, struct sv organization_id,
                           const struct table *table, struct sv id, const struct value *now,
                           bool *ret_was_live, struct till_error *e)
{
    static const char forget[] = "DELETE FROM till_quarantine WHERE organization_id = ?1 AND "
                                 "table_name = ?2 AND row_id = ?3";
    struct value mark_values[] = {store_text(organization_id), store_text(id), *now};
    struct value keys[] = {store_text(organization_id), store_c_text(table->name), store_text(id)};
    struct store_result marked = {0};
    AUTO_BUF mark;
    buf_init(&mark, STORE_SQL_BYTES);
    buf_format(&mark,
               "UPDATE %s SET till_deleted_at = ?3 WHERE %s = ?2 AND organization_id = ?1 AND "
               "till_deleted_at IS NULL",
               table->name, store_id_name(table));
    enum till_code code =
        store_execute_made(store, &mark, mark_values, TILL_COUNT(mark_values), &marked, e);
    if (code == TILL_OK && marked.changed_count > 0)
        code = record_burial(store, organization_id, table, id, now, e);
    if (code == TILL_OK && marked.changed_count > 0 && table->id == TABLE_orders)
        code = store_bills_touch(store, organization_id, (struct sv){NULL, 0}, e);
    if (code == TILL_OK)
        code = store_hint_fulfil(store, organization_id, table, id, (struct sv){0}, e);
    if (code == TILL_OK)
        code = store_execute(store, forget, keys, TILL_COUNT(keys), NULL, e);
    *ret_was_live = marked.changed_count > 0;
    return code;
}

enum till_code store_row_bury(struct store *store, struct sv organization_id,
                              const struct table *table, struct sv id, int64_t now_us,
                              bool *ret_was_live, struct till_error *e)
{
    char text[STORE_TIME_BYTES];
    struct value now = store_time(now_us, text);
    bool was_live = false;
    if (now.type != VALUE_TEXT)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    enum till_code code = store_begin(store, e);
    if (code)
        return code;
    code = bury(store, organization_id, table, id, &now, &was_live, e);
    code = store_finish(store, code, e);
    if (code == TILL_OK)
        *ret_was_live = was_live;
    return code;
}
