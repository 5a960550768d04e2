// SPDX-License-Identifier: Apache-2.0
// tables.c - the state of each table: as rows with every column for programs, and for people as two blocks within 80 columns, the schedule and what
// the last run did, with a sentence below for each table that fails.
#include <stdio.h>
#include <string.h>

#include "model/intervals.h"
#include "views/views.h"

// A contract: columns are added at the end.
const char *const view_table_columns[VIEW_TABLE_COLUMNS] = {
    "connection",  "table",       "enabled",  "method",        "readable",     "rows",
    "deleted",     "quarantined", "proven",   "last_run",      "last_success", "added",
    "changed",     "removed",     "requests", "every",         "next_due",     "fresh_as_of",
    "last_method", "last_full",   "failures", "failing_since", "last_error",   "waiting"};

static struct value integer_value(int64_t integer)
{
    return (struct value){.type = VALUE_INTEGER, .integer = integer};
}

static struct value text_value(const char *text)
{
    return (struct value){.type = text[0] ? VALUE_TEXT : VALUE_NULL, .text = sv_of(text)};
}

static struct value time_value(int64_t unix_us, char text[static TIMESTAMP_BYTES + 1])
{
    if (unix_us == 0 || !timestamp_format(unix_us, text))
        return (struct value){.type = VALUE_NULL};
    return text_value(text);
}

void view_table_values(const struct report_card *card, enum table_id table,
                       struct view_table_text *text,
                       struct value ret_values[static VIEW_TABLE_COLUMNS])
{
    const struct store_table_state *state = &card->tables[table];
    const struct report_schedule *schedule = &card->schedule[table];
    size_t i = 0;
    ret_values[i++] = text_value(card->connection.name);
    ret_values[i++] = text_value(model_table(table)->name);
    ret_values[i++] = integer_value(state->is_enabled);
    ret_values[i++] = text_value(store_method_word(state->method));
    ret_values[i++] = integer_value(report_card_reads(card, table));
    ret_values[i++] = integer_value(state->row_count);
    ret_values[i++] = integer_value(state->deleted_count);
    ret_values[i++] = integer_value(state->quarantined_count);
    ret_values[i++] = integer_value(state->is_proven);
    ret_values[i++] = time_value(state->last_finished_us, text->last_run);
    ret_values[i++] = time_value(state->last_success_us, text->last_success);
    ret_values[i++] = integer_value(state->last_added);
    ret_values[i++] = integer_value(state->last_changed);
    ret_values[i++] = integer_value(state->last_removed);
    ret_values[i++] = integer_value(state->last_requests);
    ret_values[i++] = text_value(model_interval_word(schedule->every_ms));
    ret_values[i++] = time_value(schedule->due_us, text->next_due);
    ret_values[i++] = time_value(state->fresh_us, text->fresh_as_of);
    ret_values[i++] =
        text_value(state->last_finished_us == 0 ? "" : store_method_word(state->last_method));
    ret_values[i++] = time_value(state->last_full_us, text->last_full);
    ret_values[i++] = integer_value(state->failure_count);
    ret_values[i++] = time_value(schedule->failing_since_us, text->failing_since);
    ret_values[i++] = text_value(state->last_code == TILL_OK ? "" : state->last_error);
    ret_values[i++] = integer_value(state->hint_count);
}

void view_failing(struct buf *out, const struct store_table_state *state,
                  const struct report_schedule *schedule, int64_t now_us)
{
    if (schedule->failing_since_us != 0) {
        buf_text(out, "failing since ");
        view_ago(out, schedule->failing_since_us, now_us);
        if (state->failure_count > 1) {
            buf_text(out, " (");
            view_count(out, state->failure_count);
            buf_text(out, " runs)");
        }
        if (schedule->due_us != 0) {
            buf_text(out, ", next try ");
            view_in(out, schedule->due_us, now_us);
        }
        buf_text(out, state->last_error[0] ? ": " : "");
    }
    buf_text(out, state->last_error);
}

static void right(struct buf *out, int64_t number, int columns)
{
    AUTO_BUF cell;
    buf_init(&cell, 64);
    view_count(&cell, number);
    buf_format(out, "%*s", columns, cell.data ? cell.data : "");
}

// "4 min ago", "in 8 min", "never", padded.
static void moment(struct buf *out, int64_t then_us, int64_t now_us, bool is_coming, int columns)
{
    AUTO_BUF cell;
    buf_init(&cell, 64);
    if (is_coming && then_us == 0)
        buf_char(&cell, '-');
    else if (is_coming)
        view_in(&cell, then_us, now_us);
    else
        view_ago(&cell, then_us, now_us);
    buf_format(out, "  %-*s", columns, cell.data ? cell.data : "");
}

static void state_word(struct buf *out, const struct view_style *style,
                       const struct report_card *card, enum table_id table)
{
    const struct store_table_state *state = &card->tables[table];
    if (!state->is_enabled)
        view_ink(out, style, INK_DIM, "off");
    else if (!report_card_reads(card, table))
        view_ink(out, style, INK_DIM, "no scope");
    else if (state->last_finished_us == 0)
        buf_text(out, state->walk_next_page > 1 ? "interrupted" : "never synced");
    else if (state->last_code != TILL_OK)
        view_ink(out, style, INK_RED, "failing");
    else if (!state->is_proven)
        view_ink(out, style, INK_YELLOW, "unproven");
    else
        view_ink(out, style, INK_GREEN, "proven");
}

static void schedule_line(struct buf *out, const struct view_style *style,
                          const struct report_card *card, enum table_id table, int64_t now_us)
{
    const struct store_table_state *state = &card->tables[table];
    const struct report_schedule *schedule = &card->schedule[table];
    buf_format(out, "%-13s", model_table(table)->name);
    right(out, state->row_count, 11);
    buf_format(out, "  %-11s %5s", store_method_word(state->method),
               model_interval_word(schedule->every_ms));
    moment(out, state->last_finished_us, now_us, false, 11);
    moment(out, schedule->due_us, now_us, true, 10);
    buf_char(out, ' ');
    state_word(out, style, card, table);
    buf_char(out, '\n');
}

static void run_line(struct buf *out, const struct report_card *card, enum table_id table,
                     int64_t now_us)
{
    const struct store_table_state *state = &card->tables[table];
    buf_format(out, "%-13s", model_table(table)->name);
    right(out, state->last_requests, 9);
    right(out, state->last_added, 8);
    right(out, state->last_changed, 9);
    right(out, state->last_removed, 8);
    right(out, state->deleted_count, 9);
    right(out, state->quarantined_count, 10);
    moment(out, state->fresh_us, now_us, false, 0);
    buf_char(out, '\n');
}

static void failing_line(struct buf *out, const struct view_style *style,
                         const struct report_card *card, enum table_id table, int64_t now_us)
{
    const struct store_table_state *state = &card->tables[table];
    enum { INDENT = 2 };
    AUTO_BUF words;
    buf_init(&words, out->limit_bytes);
    if (!report_card_reads(card, table) || state->last_finished_us == 0 ||
        state->last_code == TILL_OK)
        return;
    view_failing(&words, state, &card->schedule[table], now_us);
    const char *name = model_table(table)->name;
    view_ink(out, style, INK_RED, name);
    buf_char(out, ' ');
    view_wrap(out, (struct sv){words.data ? words.data : "", words.len}, strlen(name) + 1, INDENT);
}

void view_tables_text(struct buf *out, const struct view_style *style,
                      const struct report_card *card, int64_t now_us)
{
    buf_format(out, "%-13s%11s  %-11s %5s  %-11s  %-10s %s\n", "table", "rows", "method", "every",
               "last run", "next run", "state");
    for (int i = 0; i < TABLE__COUNT; i++)
        schedule_line(out, style, card, (enum table_id)i, now_us);
    buf_format(out, "\n%-13s%9s%8s%9s%8s%9s%10s  %s\n", "the last run", "requests", "new",
               "changed", "gone", "all gone", "set aside", "fresh as of");
    for (int i = 0; i < TABLE__COUNT; i++)
        run_line(out, card, (enum table_id)i, now_us);
    for (int i = 0; i < TABLE__COUNT; i++)
        failing_line(out, style, card, (enum table_id)i, now_us);
}
