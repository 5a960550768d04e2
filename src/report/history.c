// SPDX-License-Identifier: Apache-2.0
// history.c - the life of one row: its changes, gathered by the moment at which a sync saw them, and how it is now.
//
// What is not kept is not guessed: a row that never changed was first seen when it was stored; of one that did change only "before the first change" is
// known. Memory is the caller's arena, whose ceiling is the only one that a very long life meets.
#include "report/report.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_IDS = 5 };

static enum till_code refuse_id(const struct table *table, const char *id, size_t count,
                                const struct store_row_place *places, struct till_error *e)
{
    char ids[TILL_ERROR_HINT_BYTES] = "";
    size_t len = 0;
    if (count == 0) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "no row of %s has an id that begins with \"%.64s\"",
                        table->name, id);
        return till_error_hint(e, "find it first: till query \"SELECT id FROM %s WHERE ...\"",
                               table->name);
    }
    for (size_t i = 0; i < count && i < SHOWN_IDS && len < sizeof(ids); i++)
        len +=
            (size_t)snprintf(ids + len, sizeof(ids) - len, "%s%s", i > 0 ? ", " : "", places[i].id);
    (void)TILL_FAIL(e, TILL_USAGE, 0, "%s rows of %s have an id that begins with \"%.64s\"",
                    count > SHOWN_IDS ? "several" : "some", table->name, id);
    return till_error_hint(e, "say more of it: %s%s", ids, count > SHOWN_IDS ? ", ..." : "");
}

static enum till_code find_row(struct store *store, const struct table *table, const char *id,
                               struct report_history *history, struct till_error *e)
{
    struct store_row_place places[SHOWN_IDS + 1];
    char prefix[STORE_NAME_BYTES] = "";
    size_t count = 0;
    size_t len = strlen(id);
    if (len < REPORT_ID_LEAST || len >= sizeof(prefix)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "\"%.64s\" is not an id, nor %d characters of one", id,
                        REPORT_ID_LEAST);
        return till_error_hint(e, "say the whole id, or its first %d characters or more",
                               REPORT_ID_LEAST);
    }
    sv_to_lower(sv_of(id), prefix);
    enum till_code code =
        store_rows_by_prefix(store, table, sv_of(prefix), places, TILL_COUNT(places), &count, e);
    if (code)
        return code;
    // A whole id is meant, even where another begins with it.
    if (count == 0 || (count > 1 && strcmp(places[0].id, prefix) != 0))
        return refuse_id(table, id, count, places, e);
    (void)snprintf(history->id, sizeof(history->id), "%s", places[0].id);
    (void)snprintf(history->organization_id, sizeof(history->organization_id), "%s",
                   places[0].organization_id);
    return TILL_OK;
}

static enum till_code name_connection(struct store *store, struct report_history *history,
                                      struct till_error *e)
{
    struct store_connection connections[REPORT_CARDS];
    size_t count = 0;
    enum till_code code = store_connection_list(store, connections, REPORT_CARDS, &count, e);
    for (size_t i = 0; code == TILL_OK && i < count; i++) {
        if (strcmp(connections[i].organization_id, history->organization_id) == 0)
            (void)snprintf(history->connection_name, sizeof(history->connection_name), "%s",
                           connections[i].name);
    }
    return code;
}

struct gathering {
    struct report_history *history;
    struct arena *arena;
    struct report_moment *moment; // the last one
    struct report_change *change; // the last one of it
};

static bool copy_value(struct arena *arena, const struct value *value, struct value *ret_copy)
{
    *ret_copy = *value;
    if (value->type != VALUE_TEXT)
        return true;
    ret_copy->text = arena_sv(arena, value->text);
    return ret_copy->text.ptr != NULL;
}

static bool begin_moment(struct gathering *gathering, int64_t seen_us)
{
    struct report_moment *moment = arena_calloc(gathering->arena, 1, sizeof(*moment));
    if (!moment)
        return false;
    moment->seen_us = seen_us;
    if (gathering->moment)
        gathering->moment->next = moment;
    else
        gathering->history->moments = moment;
    gathering->moment = moment;
    gathering->change = NULL;
    gathering->history->moment_count += 1;
    return true;
}

static enum till_code take_change(void *context, const struct store_change_row *row,
                                  struct till_error *e)
{
    struct gathering *gathering = context;
    struct arena *arena = gathering->arena;
    if ((!gathering->moment || gathering->moment->seen_us != row->seen_us) &&
        !begin_moment(gathering, row->seen_us))
        return arena_fail(arena, "the history", e);
    if (sv_equal(row->column_name, SV("till_deleted_at"))) {
        gathering->moment->kind = row->new_value.type == VALUE_NULL ? REPORT_RETURNED : REPORT_LEFT;
        return TILL_OK;
    }
    struct report_change *change = arena_calloc(arena, 1, sizeof(*change));
    if (!change || !copy_value(arena, &row->old_value, &change->old_value) ||
        !copy_value(arena, &row->new_value, &change->new_value))
        return arena_fail(arena, "the history", e);
    change->column_name = arena_sv(arena, row->column_name);
    if (!change->column_name.ptr)
        return arena_fail(arena, "the history", e);
    change->column = model_column(gathering->history->table, change->column_name, NULL);
    if (gathering->change)
        gathering->change->next = change;
    else
        gathering->moment->changes = change;
    gathering->change = change;
    return TILL_OK;
}

static void find_currency(struct report_history *history)
{
    size_t index = 0;
    const struct column *column = model_column(history->table, SV("currency"), &index);
    if (column && history->now.values[index].type == VALUE_TEXT)
        history->currency = history->now.values[index].text;
}

enum till_code report_history(struct store *store, const struct table *table, const char *id,
                              struct arena *arena, struct report_history *ret_history,
                              struct till_error *e)
{
    struct report_history *history = ret_history;
    struct gathering gathering = {.history = history, .arena = arena};
    memset(history, 0, sizeof(*history));
    history->table = table;
    enum till_code code = find_row(store, table, id, history, e);
    if (code == TILL_OK)
        code = name_connection(store, history, e);
    if (code == TILL_OK)
        code = store_row_now(store, table, history->id, arena, &history->now, e);
    if (code == TILL_OK)
        code = store_changes(store, sv_of(history->organization_id), table, sv_of(history->id), 0,
                             take_change, &gathering, e);
    if (code)
        return code;
    find_currency(history);
    if (history->moment_count == 0)
        history->first_seen_us = history->now.synced_us;
    return TILL_OK;
}
