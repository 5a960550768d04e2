// SPDX-License-Identifier: Apache-2.0
// history.c - the life of one row: for people a list of moments with what changed, then how the row is now; for programs every value as it is stored.
#include <stdio.h>
#include <string.h>

#include "base/money.h"
#include "base/text.h"
#include "views/views.h"

enum { INDENT = 4, NAME_COLUMNS = 30, VALUE_COLUMNS = 42, LINE_COLUMNS = 79 };

const char *const view_history_columns[VIEW_HISTORY_COLUMNS] = {"seen_at", "event", "column",
                                                                "old_value", "new_value"};
static const char *const kind_words[] = {
    [REPORT_CHANGED] = "changed", [REPORT_LEFT] = "deleted", [REPORT_RETURNED] = "returned"};

// 2026-06-15 14:03:12, in the zone.
static void local_time(struct buf *out, const struct zone *zone, int64_t unix_us)
{
    char text[TIMESTAMP_BYTES + 1];
    int64_t local_us = 0;
    if (__builtin_add_overflow(unix_us, zone_offset_us(zone, unix_us), &local_us) ||
        !timestamp_format(local_us, text)) {
        buf_text(out, "unknown time       ");
        return;
    }
    buf_format(out, "%.10s %.8s", text, text + 11);
}

// The currency of a column's money: platform_fee_amount has one of its own.
static struct sv currency_of(const struct report_history *history, const struct column *column)
{
    size_t index = 0;
    if (strcmp(column->name, "platform_fee_amount") == 0 &&
        model_column(history->table, SV("platform_fee_currency"), &index) &&
        history->now.values[index].type == VALUE_TEXT)
        return history->now.values[index].text;
    return history->currency;
}

static void show_value(struct buf *out, const struct view_style *style, const struct zone *zone,
                       const struct report_history *history, const struct column *column,
                       const struct value *value)
{
    AUTO_BUF text;
    int64_t unix_us = 0;
    buf_init(&text, out->limit_bytes);
    if (value->type == VALUE_NULL) {
        buf_text(out, "nothing");
        return;
    }
    if (column && column->kind == COLUMN_MONEY && value->type == VALUE_INTEGER &&
        currency_of(history, column).ptr)
        money_format(&text, value->integer, currency_of(history, column), style->locale);
    else if (column && column->kind == COLUMN_BOOLEAN && value->type == VALUE_INTEGER)
        buf_text(&text, value->integer ? "true" : "false");
    else if (column && column->kind == COLUMN_TIMESTAMP && value->type == VALUE_TEXT &&
             timestamp_parse(value->text, &unix_us))
        local_time(&text, zone, unix_us);
    else if (value->type == VALUE_TEXT)
        buf_sv(&text, value->text);
    else
        view_json_value(&text, value);
    (void)text_show(out, (struct sv){text.data ? text.data : "", text.len}, VALUE_COLUMNS);
}

static void change_line(struct buf *out, const struct view_style *style, const struct zone *zone,
                        const struct report_history *history, const struct report_change *change)
{
    const char *arrow = style->has_unicode ? "\xE2\x86\x92" : "->";
    AUTO_BUF old_text;
    AUTO_BUF new_text;
    buf_init(&old_text, out->limit_bytes);
    buf_init(&new_text, out->limit_bytes);
    show_value(&old_text, style, zone, history, change->column, &change->old_value);
    show_value(&new_text, style, zone, history, change->column, &change->new_value);
    struct sv before = {old_text.data ? old_text.data : "", old_text.len};
    struct sv after = {new_text.data ? new_text.data : "", new_text.len};
    buf_format(out, "%*s%-*.*s", INDENT, "", NAME_COLUMNS, (int)change->column_name.len,
               change->column_name.ptr);
    buf_sv(out, before);
    if (INDENT + NAME_COLUMNS + text_width(before) + 4 + text_width(after) > LINE_COLUMNS) {
        buf_char(out, '\n');
        buf_repeat(out, ' ', INDENT + NAME_COLUMNS);
        buf_format(out, "%s ", arrow);
    } else {
        buf_format(out, " %s ", arrow);
    }
    buf_sv(out, after);
    buf_char(out, '\n');
}

static void moment_text(struct buf *out, const struct view_style *style, const struct zone *zone,
                        const struct report_history *history, const struct report_moment *moment)
{
    local_time(out, zone, moment->seen_us);
    buf_text(out, "  ");
    switch (moment->kind) {
    case REPORT_CHANGED:
        buf_text(out, "changed");
        break;
    case REPORT_LEFT:
        view_ink(out, style, INK_YELLOW, "gone from Polar");
        break;
    case REPORT_RETURNED:
        view_ink(out, style, INK_GREEN, "back at Polar");
        break;
    }
    buf_char(out, '\n');
    for (const struct report_change *change = moment->changes; change; change = change->next)
        change_line(out, style, zone, history, change);
}

static void now_text(struct buf *out, const struct view_style *style, const struct zone *zone,
                     const struct report_history *history)
{
    const struct table *table = history->table;
    buf_char(out, '\n');
    view_ink(out, style, INK_BOLD, history->now.deleted_us ? "When it was last there" : "Now");
    buf_char(out, '\n');
    for (size_t i = 0; i < table->column_count; i++) {
        const struct value *value = &history->now.values[i];
        if (value->type == VALUE_NULL)
            continue;
        buf_format(out, "%*s%-*s", INDENT, "", NAME_COLUMNS, table->columns[i].name);
        show_value(out, style, zone, history, &table->columns[i], value);
        buf_char(out, '\n');
    }
}

void view_history_text(struct buf *out, const struct view_style *style, const struct zone *zone,
                       const struct report_history *history)
{
    view_ink(out, style, INK_BOLD, history->table->name);
    buf_format(out, " %s", history->id);
    if (history->connection_name[0])
        buf_format(out, " (%s)", history->connection_name);
    buf_format(out, "\nAs till saw it, in %s.\n\n", zone_name(zone));
    if (history->first_seen_us != 0) {
        local_time(out, zone, history->first_seen_us);
        buf_text(out, "  first seen, and unchanged since\n");
    } else if (history->moments) {
        local_time(out, zone, history->moments->seen_us);
        buf_text(out, "  was known before then\n");
    }
    for (const struct report_moment *moment = history->moments; moment; moment = moment->next)
        moment_text(out, style, zone, history, moment);
    now_text(out, style, zone, history);
}

static void change_json(struct buf *out, const struct report_change *change)
{
    view_json_key(out, "column");
    buf_json_string(out, change->column_name);
    view_json_key(out, "old_value");
    view_json_value(out, &change->old_value);
    view_json_key(out, "new_value");
    view_json_value(out, &change->new_value);
}

void view_moment_json(struct buf *out, const struct report_moment *moment,
                      const struct table *table, const char *id)
{
    buf_char(out, '{');
    if (table) {
        view_json_text(out, "table", table->name);
        view_json_text(out, "id", id);
    }
    view_json_time(out, "seen_at", moment->seen_us);
    view_json_text(out, "event", kind_words[moment->kind]);
    view_json_key(out, "changes");
    buf_char(out, '[');
    for (const struct report_change *change = moment->changes; change; change = change->next) {
        buf_text(out, change == moment->changes ? "{" : ",{");
        change_json(out, change);
        buf_char(out, '}');
    }
    buf_text(out, "]}");
}

void view_history_json(struct buf *out, const struct report_history *history)
{
    const struct table *table = history->table;
    buf_char(out, '{');
    view_json_text(out, "table", table->name);
    view_json_text(out, "id", history->id);
    view_json_text(out, "organization_id", history->organization_id);
    view_json_text(out, "connection", history->connection_name);
    view_json_time(out, "first_seen", history->first_seen_us);
    view_json_time(out, "deleted", history->now.deleted_us);
    view_json_key(out, "moments");
    buf_char(out, '[');
    for (const struct report_moment *moment = history->moments; moment; moment = moment->next) {
        if (moment != history->moments)
            buf_char(out, ',');
        view_moment_json(out, moment, NULL, NULL);
    }
    buf_char(out, ']');
    view_json_key(out, "now");
    buf_char(out, '{');
    for (size_t i = 0; i < table->column_count; i++) {
        view_json_key(out, table->columns[i].name);
        view_json_value(out, &history->now.values[i]);
    }
    view_json_time(out, "till_synced_at", history->now.synced_us);
    view_json_time(out, "till_deleted_at", history->now.deleted_us);
    buf_text(out, "}}\n");
}

static enum till_code moment_rows(struct row_view *view, const struct report_moment *moment,
                                  struct till_error *e)
{
    char seen_at[TIMESTAMP_BYTES + 1] = "";
    (void)timestamp_format(moment->seen_us, seen_at);
    struct value values[VIEW_HISTORY_COLUMNS] = {
        {.type = VALUE_TEXT, .text = sv_of(seen_at)},
        {.type = VALUE_TEXT, .text = sv_of(kind_words[moment->kind])},
        {.type = VALUE_NULL},
        {.type = VALUE_NULL},
        {.type = VALUE_NULL}};
    enum till_code code = TILL_OK;
    if (!moment->changes || moment->kind != REPORT_CHANGED)
        code = row_view_row(view, values, e);
    values[1].text = sv_of(kind_words[REPORT_CHANGED]);
    for (const struct report_change *change = moment->changes; change && code == TILL_OK;
         change = change->next) {
        values[2] = (struct value){.type = VALUE_TEXT, .text = change->column_name};
        values[3] = change->old_value;
        values[4] = change->new_value;
        code = row_view_row(view, values, e);
    }
    return code;
}

enum till_code view_history_rows(struct row_view *view, const struct report_history *history,
                                 struct till_error *e)
{
    enum till_code code = row_view_begin(view, view_history_columns, NULL, VIEW_HISTORY_COLUMNS, e);
    for (const struct report_moment *moment = history->moments; moment && code == TILL_OK;
         moment = moment->next)
        code = moment_rows(view, moment, e);
    return code ? code : row_view_end(view, e);
}
