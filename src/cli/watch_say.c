// SPDX-License-Identifier: Apache-2.0
// watch_say.c - the words of `till watch`: plain lines, since a journal adds the time; numbers first, then who failed and why.
#include "cli/watch_say.h"

#include <string.h>

#include "base/limits.h"

struct totals {
    int64_t added, changed, removed;
    int tables;
};

static struct totals add_up(const struct sync_summary *summary)
{
    struct totals totals = {0};
    for (int i = 0; i < TABLE__COUNT; i++) {
        const struct sync_table_result *result = &summary->tables[i];
        if (!result->was_wanted)
            continue;
        totals.tables += result->is_skipped ? 0 : 1;
        totals.added += result->added;
        totals.changed += result->changed;
        totals.removed += result->removed;
    }
    return totals;
}

static void numbers(struct buf *line, const struct sync_summary *summary)
{
    struct totals totals = add_up(summary);
    buf_format(line, "%d %s in ", totals.tables, totals.tables == 1 ? "table" : "tables");
    view_duration(line, summary->duration_ms);
    buf_text(line, ", ");
    view_count(line, summary->requests);
    buf_text(line, summary->requests == 1 ? " request: " : " requests: ");
    view_count(line, totals.added);
    buf_text(line, " new, ");
    view_count(line, totals.changed);
    buf_text(line, " changed, ");
    view_count(line, totals.removed);
    buf_text(line, " gone");
}

static void failures(struct buf *line, const struct sync_summary *summary)
{
    for (int i = 0; i < TABLE__COUNT; i++) {
        const struct sync_table_result *result = &summary->tables[i];
        if (result->was_wanted && !result->is_skipped && result->code != TILL_OK)
            buf_format(line, "; %s failed: %s", result->table->name, result->error.text);
    }
}

static void json_line(struct buf *out, const struct watch_run *run)
{
    const struct sync_summary *summary = run->summary;
    struct totals totals = add_up(summary);
    bool is_first = true;
    buf_char(out, '{');
    view_json_time(out, "at", run->at_us);
    view_json_text(out, "connection", run->name);
    view_json_text(out, "result", till_code_name(run->code));
    view_json_text(out, "error", run->code ? run->error->text : NULL);
    view_json_int(out, "duration_ms", summary->duration_ms);
    view_json_int(out, "requests", summary->requests);
    view_json_int(out, "added", totals.added);
    view_json_int(out, "changed", totals.changed);
    view_json_int(out, "removed", totals.removed);
    view_json_time(out, "next_due", run->next_us);
    view_json_key(out, "tables");
    buf_char(out, '[');
    for (int i = 0; i < TABLE__COUNT; i++) {
        const struct sync_table_result *result = &summary->tables[i];
        if (!result->was_wanted)
            continue;
        buf_text(out, is_first ? "{" : ",{");
        is_first = false;
        view_json_text(out, "table", result->table->name);
        view_json_text(out, "result",
                       result->is_skipped ? "skipped" : till_code_name(result->code));
        view_json_text(out, "method", store_method_word(result->method));
        view_json_bool(out, "proven", result->is_proven);
        view_json_int(out, "added", result->added);
        view_json_int(out, "changed", result->changed);
        view_json_int(out, "removed", result->removed);
        view_json_int(out, "requests", result->requests);
        view_json_text(out, "error", result->code ? result->error.text : NULL);
        buf_char(out, '}');
    }
    buf_text(out, "]}\n");
}

enum till_code watch_say_run(struct cli *cli, const struct watch_run *run, struct till_error *e)
{
    AUTO_BUF line;
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    if (run->is_held_up) {
        buf_text(&line, run->error->text);
        if (run->error->hint[0])
            buf_format(&line, " (%s)", run->error->hint);
    } else {
        numbers(&line, run->summary);
        failures(&line, run->summary);
    }
    if (run->next_us != 0) {
        buf_text(&line, run->is_held_up ? "; next try " : "; next ");
        view_in(&line, run->next_us, run->at_us);
    }
    if (!run->is_told && run->code != TILL_CANCELED)
        cli_say(cli, "till: %s: %s", run->name, line.data ? line.data : "");
    if (!cli->is_json)
        return TILL_OK;
    json_line(&cli->out, run);
    return cli_flush(cli, e);
}

enum till_code watch_say_source(struct cli *cli, const struct watch_source_run *run,
                                struct till_error *e)
{
    const struct sync_source_result *result = &run->result;
    struct buf *out = &cli->out;
    AUTO_BUF line;
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    if (run->code) {
        buf_text(&line, run->error.text);
        if (run->error.hint[0])
            buf_format(&line, " (%s)", run->error.hint);
    } else {
        view_count(&line, result->days);
        buf_text(&line, result->days == 1 ? " day in " : " days in ");
        view_duration(&line, result->duration_ms);
        buf_text(&line, ", ");
        view_count(&line, result->requests);
        buf_text(&line, result->requests == 1 ? " request" : " requests");
    }
    if (run->next_us != 0) {
        buf_text(&line, run->code ? "; next try " : "; next ");
        view_in(&line, run->next_us, run->at_us);
    }
    if (run->code != TILL_CANCELED)
        cli_say(cli, "till: %s: %s", run->name, line.data ? line.data : "");
    if (!cli->is_json)
        return TILL_OK;
    buf_char(out, '{');
    view_json_time(out, "at", run->at_us);
    view_json_text(out, "source", run->name);
    view_json_text(out, "result", till_code_name(run->code));
    view_json_text(out, "error", run->code ? run->error.text : NULL);
    view_json_int(out, "duration_ms", result->duration_ms);
    view_json_int(out, "requests", result->requests);
    view_json_int(out, "days", result->days);
    view_json_int(out, "rows", result->rows);
    view_json_time(out, "next_due", run->next_us);
    buf_text(out, "}\n");
    return cli_flush(cli, e);
}

void watch_say_start(const struct cli *cli, const struct report_status *status)
{
    AUTO_BUF names;
    int tables = 0;
    buf_init(&names, TILL_LIMIT_BUFFER_BYTES);
    for (size_t i = 0; i < status->card_count; i++) {
        const struct report_card *card = &status->cards[i];
        if (card->connection.disconnected_at_us != 0)
            continue;
        buf_format(&names, "%s%s", names.len > 0 ? ", " : "", card->connection.name);
        for (int k = 0; k < TABLE__COUNT; k++)
            tables += report_card_reads(card, (enum table_id)k) ? 1 : 0;
    }
    for (size_t i = 0; i < status->source_count; i++) {
        if (status->sources[i].due_us != 0)
            buf_format(&names, "%s%s", names.len > 0 ? ", " : "", status->sources[i].source.name);
    }
    cli_say(cli, "till: watching %d tables of %s", tables, names.data ? names.data : "");
}

void watch_say_idle(const struct cli *cli, int64_t now_ms, int64_t due_ms)
{
    AUTO_BUF line;
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    if (due_ms != INT64_MAX) {
        buf_text(&line, "; next ");
        view_in(&line, due_ms * 1000, now_ms * 1000);
    }
    cli_say(cli, "till: nothing is due%s", line.data ? line.data : "");
}
