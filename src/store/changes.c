// SPDX-License-Identifier: Apache-2.0
// changes.c - row_changes read in order, and forgotten when the user says so.
//
// Rows are handed on one by one as the database finds them, so that a history of millions takes no memory. Forgetting is done in pieces, each
// in a transaction of its own: the write-ahead log stays short, and readers and a sync in between are not kept waiting.
#include "store/driver.h"

#include "base/attr.h"

#define CHANGE_COLUMNS                                                                             \
    "id, organization_id, table_name, row_id, column_name, old_value, new_value, seen_at"
enum { CHANGE_COLUMN_COUNT = 8 };

struct reading {
    store_change_callback *callback;
    void *context;
};

static struct sv text_of(const struct value *value)
{
    return value->type == VALUE_TEXT ? value->text : (struct sv){0};
}

static enum till_code take_change(void *context, const struct value *values, size_t count,
                                  struct till_error *e)
{
    struct reading *reading = context;
    if (count != CHANGE_COLUMN_COUNT)
        return TILL_FAIL(e, TILL_STORE, 0, "a change has %zu columns", count);
    struct store_change_row change = {.id = store_integer_of(&values[0]),
                                      .organization_id = text_of(&values[1]),
                                      .table_name = text_of(&values[2]),
                                      .row_id = text_of(&values[3]),
                                      .column_name = text_of(&values[4]),
                                      .old_value = values[5],
                                      .new_value = values[6],
                                      .seen_us = store_time_of(&values[7])};
    return reading->callback(reading->context, &change, e);
}

enum till_code store_change_newest(struct store *store, int64_t *ret_id, struct till_error *e)
{
    int64_t newest = 0;
    struct store_result result = {.row = store_take_integer, .context = &newest};
    enum till_code code =
        store_execute(store, "SELECT coalesce(max(id), 0) FROM row_changes", NULL, 0, &result, e);
    if (code == TILL_OK)
        *ret_id = newest;
    return code;
}

enum till_code store_changes(struct store *store, struct sv organization_id,
                             const struct table *table, struct sv row_id, int64_t after_id,
                             store_change_callback *callback, void *context, struct till_error *e)
{
    static const char all[] =
        "SELECT " CHANGE_COLUMNS " FROM row_changes WHERE id > ?1 AND (?2 IS NULL OR "
        "organization_id = ?2) AND (?3 IS NULL OR table_name = ?3) AND (?4 IS NULL OR row_id = ?4)"
        " ORDER BY id";
    static const char of_row[] =
        "SELECT " CHANGE_COLUMNS " FROM row_changes WHERE id > ?1 AND (?2 IS NULL OR "
        "organization_id = ?2) AND table_name = ?3 AND row_id = ?4"
        " ORDER BY id";
    struct reading reading = {callback, context};
    struct store_result result = {.row = take_change, .context = &reading};
    struct value keys[] = {store_integer(after_id), store_text(organization_id),
                           store_c_text(table ? table->name : NULL), store_text(row_id)};
    return store_execute(store, table && row_id.ptr ? of_row : all, keys, TILL_COUNT(keys), &result,
                         e);
}

enum till_code store_changes_prune(struct store *store, int64_t before_us, int64_t *ret_count,
                                   struct till_error *e)
{
    static const char sql[] = "DELETE FROM row_changes WHERE id IN (SELECT id FROM row_changes "
                              "WHERE seen_at < ?1 LIMIT 10000)";
    char text[STORE_TIME_BYTES];
    struct value before = store_time(before_us, text);
    struct store_result result = {0};
    int64_t count = 0;
    if (before.type != VALUE_TEXT)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    do {
        enum till_code code = store_execute(store, sql, &before, 1, &result, e);
        if (code)
            return code;
        count += result.changed_count;
    } while (result.changed_count > 0);
    *ret_count = count;
    return TILL_OK;
}
