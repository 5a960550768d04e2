// SPDX-License-Identifier: Apache-2.0
// row_life.c - the SQL of row_life.h, in the dialect that every back end shares. Names come from the model, values are bound.
#include "store/row_life.h"

#include "store/driver.h"

struct finding {
    struct store_row_place *places;
    size_t count;
};

static enum till_code take_place(void *context, const struct value *values, size_t count,
                                 struct till_error *e)
{
    struct finding *finding = context;
    struct store_row_place *place = &finding->places[finding->count++];
    (void)count;
    (void)e;
    store_copy(place->id, sizeof(place->id), &values[0]);
    store_copy(place->organization_id, sizeof(place->organization_id), &values[1]);
    return TILL_OK;
}

enum till_code store_rows_by_prefix(struct store *store, const struct table *table,
                                    struct sv prefix, struct store_row_place *ret_places,
                                    size_t capacity, size_t *ret_count, struct till_error *e)
{
    const char *id = table->columns[table->id_column].name;
    struct finding finding = {.places = ret_places};
    struct store_result result = {.row = take_place, .context = &finding};
    AUTO_BUF sql;
    buf_init(&sql, STORE_SQL_BYTES);
    // Ids are ASCII: all that begin so lie below the prefix with the last ASCII character behind it.
    buf_format(&sql,
               "SELECT %s, organization_id FROM %s WHERE %s >= ?1 AND %s < ?1 || '\x7f' "
               "ORDER BY %s LIMIT ?2",
               id, table->name, id, id, id);
    enum till_code code = buf_fail(&sql, "a statement", e);
    struct value parameters[] = {store_text(prefix), store_integer((int64_t)capacity)};
    if (code == TILL_OK)
        code = store->driver->execute(store->db, sql.data, false, parameters,
                                      TILL_COUNT(parameters), &result, e);
    if (code)
        return till_error_context(e, "could not look for the row");
    *ret_count = finding.count;
    return TILL_OK;
}

struct reading {
    const struct table *table;
    struct arena *arena;
    struct store_row_now *now;
    bool is_found;
};

static enum till_code take_row(void *context, const struct value *values, size_t count,
                               struct till_error *e)
{
    struct reading *reading = context;
    size_t columns = reading->table->column_count;
    if (count != columns + 2)
        return TILL_FAIL(e, TILL_STORE, 0, "a row of %s has %zu columns", reading->table->name,
                         count);
    struct value *copy = arena_calloc(reading->arena, columns + 1, sizeof(*copy));
    for (size_t i = 0; copy && i < columns; i++) {
        copy[i] = values[i];
        if (values[i].type != VALUE_TEXT)
            continue;
        copy[i].text = arena_sv(reading->arena, values[i].text);
        if (!copy[i].text.ptr)
            copy = NULL;
    }
    if (!copy)
        return arena_fail(reading->arena, "the row", e);
    reading->now->values = copy;
    reading->now->synced_us = store_time_of(&values[columns]);
    reading->now->deleted_us = store_time_of(&values[columns + 1]);
    reading->is_found = true;
    return TILL_OK;
}

enum till_code store_row_now(struct store *store, const struct table *table, const char *id,
                             struct arena *arena, struct store_row_now *ret_now,
                             struct till_error *e)
{
    struct store_row_now now = {0};
    struct reading reading = {.table = table, .arena = arena, .now = &now};
    struct store_sink sink = {.context = &reading, .row = take_row};
    struct store_query_result result = {0};
    AUTO_BUF sql;
    buf_init(&sql, STORE_SQL_BYTES);
    buf_text(&sql, "SELECT ");
    for (size_t i = 0; i < table->column_count; i++)
        buf_format(&sql, "\"%s\", ", table->columns[i].name);
    buf_format(&sql, "till_synced_at, till_deleted_at FROM %s WHERE %s = ?1", table->name,
               table->columns[table->id_column].name);
    enum till_code code = buf_fail(&sql, "a statement", e);
    struct value parameter = store_c_text(id);
    struct store_query query = {
        .sql = sql.data, .parameters = &parameter, .parameter_count = 1, .is_trusted = true};
    if (code == TILL_OK) // wider than what execute() is for
        code = store_query(store, &query, &sink, &result, e);
    if (code == TILL_OK && !reading.is_found)
        code = TILL_FAIL(e, TILL_STORE, 0, "there is no row %s in %s", id, table->name);
    if (code)
        return till_error_context(e, "could not read the row");
    *ret_now = now;
    return TILL_OK;
}
