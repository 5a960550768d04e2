// SPDX-License-Identifier: Apache-2.0
// hints.c - rows that are known to have changed, or to be missing, and are to be read again.
//
// A hint names a row of any table and the time at which something told of it: an event, a webhook, a copy of the row inside another one that
// differs. It is fulfilled by a reading of the row that was asked for at that time or later, not by one that was under way already; a newer hint for the
// same row takes the place of the older. Losing hints loses no row: the next full walk finds what they would have found.
#include "store/driver.h"

#include "base/attr.h"
#include "base/limits.h"

enum till_code store_hints_land(struct store *store, struct sv organization_id,
                                const struct store_hint *hints, size_t count, struct sv now,
                                struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_hints(organization_id, table_name, row_id, source, seen_at) VALUES (?1, "
        "?2, ?3, ?4, ?5) ON CONFLICT(organization_id, table_name, row_id) DO UPDATE SET source = "
        "excluded.source, seen_at = excluded.seen_at";
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        struct value values[] = {store_text(organization_id), store_c_text(hints[i].table->name),
                                 store_text(hints[i].row_id), store_c_text(hints[i].source),
                                 store_text(now)};
        code = store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
    }
    return code;
}

enum till_code store_hint_fulfil(struct store *store, struct sv organization_id,
                                 const struct table *table, struct sv row_id, struct sv asked_at,
                                 struct till_error *e)
{
    static const char sql[] = "DELETE FROM till_hints WHERE organization_id = ?1 AND table_name = "
                              "?2 AND row_id = ?3 AND (?4 IS NULL OR seen_at <= ?4)";
    struct value values[] = {store_text(organization_id), store_c_text(table->name),
                             store_text(row_id), store_text(asked_at)};
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

enum till_code store_hints_exist(struct store *store, struct sv organization_id,
                                 const struct table *table, bool *ret_exist, struct till_error *e)
{
    static const char sql[] =
        "SELECT EXISTS (SELECT 1 FROM till_hints WHERE organization_id = ?1 AND table_name = ?2)";
    struct value keys[] = {store_text(organization_id), store_c_text(table->name)};
    int64_t exist = 0;
    struct store_result result = {.row = store_take_integer, .context = &exist};
    enum till_code code = store_execute(store, sql, keys, TILL_COUNT(keys), &result, e);
    if (code == TILL_OK)
        *ret_exist = exist != 0;
    return code;
}

enum till_code store_hints_put(struct store *store, struct sv organization_id,
                               const struct store_hint *hints, size_t count, int64_t now_us,
                               struct till_error *e)
{
    char text[STORE_TIME_BYTES];
    struct value now = store_time(now_us, text);
    enum till_code code = store_check_organization(organization_id, e);
    if (code)
        return code;
    if (now.type != VALUE_TEXT)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    code = store_begin(store, e);
    if (code)
        return code;
    code = store_hints_land(store, organization_id, hints, count, now.text, e);
    return store_finish(store, code, e);
}

enum till_code store_hints(struct store *store, struct sv organization_id,
                           const struct table *table, size_t capacity, struct arena *arena,
                           struct store_ids *ret_ids, struct till_error *e)
{
    AUTO_BUF from;
    buf_init(&from, STORE_SQL_BYTES);
    buf_text(&from, " FROM till_hints WHERE organization_id = ?1 AND table_name = ?2");
    struct value keys[] = {store_text(organization_id), store_c_text(table->name)};
    struct store_ids_query query = {.column = "row_id",
                                    .from = &from,
                                    .order = "seen_at, row_id",
                                    .parameters = keys,
                                    .parameter_count = TILL_COUNT(keys)};
    return store_ids_ask(store, &query, capacity, arena, ret_ids, e);
}

enum till_code store_hints_drop(struct store *store, struct sv organization_id,
                                const struct table *table, int64_t asked_us, struct till_error *e)
{
    static const char sql[] = "DELETE FROM till_hints WHERE organization_id = ?1 AND table_name = "
                              "?2 AND seen_at <= ?3";
    char text[STORE_TIME_BYTES];
    struct value values[] = {store_text(organization_id), store_c_text(table->name),
                             store_time(asked_us, text)};
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}
