// SPDX-License-Identifier: Apache-2.0
// sync.c - `till sync`: takes the lock, runs the sync room, and tells what happened: a progress bar on a terminal, a summary at the end.
#include "sync/sync.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"

enum { BAR_COLUMNS = 24, LEAST_BAR_COLUMNS = 6, REDRAW_MS = 100, NOTE_COLUMNS = 14 };

struct progress_bar {
    const struct cli *cli;
    int64_t drawn_ms;
    bool is_drawn; // a line stands unfinished on the terminal
};

// "1,200 of 3,400  800/s  3 s left"
static void describe(struct buf *out, const struct sync_progress *progress)
{
    int64_t fresh = progress->rows_done - progress->rows_before;
    int64_t rate = progress->elapsed_ms > 0 ? fresh * 1000 / progress->elapsed_ms : 0;
    int64_t left = progress->rows_total - progress->rows_done;
    view_count(out, progress->rows_done);
    if (progress->rows_total >= 0) {
        buf_text(out, " of ");
        view_count(out, progress->rows_total);
    }
    if (rate <= 0)
        return;
    buf_text(out, "  ");
    view_count(out, rate);
    buf_text(out, "/s");
    if (left > 0 && !progress->is_done) {
        buf_text(out, "  ");
        view_duration(out, (left + rate - 1) / rate * 1000);
        buf_text(out, " left");
    }
}

// One line that never reaches the last column: a line that wraps could not be drawn over.
static void draw(struct progress_bar *bar, const struct sync_progress *progress)
{
    const struct view_style *style = &bar->cli->talk_style;
    struct buf line;
    struct buf words;
    buf_init(&line, 4096);
    buf_init(&words, 4096);
    size_t columns = style->width > 0 ? style->width - 1 : 79;
    describe(&words, progress);
    buf_format(&line, "%d/%d %-14s", progress->index, progress->count, progress->table->name);
    size_t taken = line.len + words.len + 1;
    int64_t bar_columns = columns > taken ? (int64_t)(columns - taken) : 0;
    bar_columns = bar_columns > BAR_COLUMNS ? BAR_COLUMNS : bar_columns;
    if (progress->rows_total > 0 && bar_columns >= LEAST_BAR_COLUMNS) {
        int64_t filled = progress->rows_done >= progress->rows_total
                             ? bar_columns
                             : progress->rows_done * bar_columns / progress->rows_total;
        const char *full = style->has_unicode ? "\xE2\x96\x88" : "#";
        const char *empty = style->has_unicode ? "\xE2\x96\x91" : ".";
        for (int64_t i = 0; i < bar_columns; i++)
            buf_text(&line, i < filled ? full : empty);
        buf_char(&line, ' ');
    }
    buf_sv(&line, (struct sv){words.data ? words.data : "", words.len});
    buf_reset(&words);
    buf_text(&words, "\r\x1b[K");
    (void)text_show(&words, (struct sv){line.data ? line.data : "", line.len}, columns);
    if (words.failure == TILL_OK && line.failure == TILL_OK)
        (void)!write(STDERR_FILENO, words.data, words.len);
    bar->is_drawn = true;
    buf_release(&line);
    buf_release(&words);
}

static void on_progress(void *context, const struct sync_progress *progress)
{
    struct progress_bar *bar = context;
    int64_t now_ms = clock_monotonic_ms(bar->cli->clock);
    if (!progress->is_done && bar->drawn_ms != 0 && now_ms - bar->drawn_ms < REDRAW_MS)
        return;
    bar->drawn_ms = now_ms;
    draw(bar, progress);
}

static void number_cell(struct buf *out, int64_t number, int columns)
{
    AUTO_BUF cell;
    buf_init(&cell, 64);
    view_count(&cell, number);
    buf_format(out, "%*s", columns, cell.data ? cell.data : "");
}

static void result_head(struct buf *out, const struct view_style *style)
{
    AUTO_BUF head;
    buf_init(&head, 256);
    buf_format(&head, "%-14s%11s%10s%10s%12s%10s%10s", "", "new", "changed", "gone", "unchanged",
               "requests", "time");
    view_ink(out, style, INK_DIM, head.data ? head.data : "");
    buf_char(out, '\n');
}

// What went wrong or is worth knowing, under the table's line.
static void note(struct buf *out, const struct view_style *style, enum view_ink ink,
                 const char *word, const char *text)
{
    buf_repeat(out, ' ', NOTE_COLUMNS);
    view_ink(out, style, ink, word);
    buf_char(out, ' ');
    view_wrap(out, sv_of(text), NOTE_COLUMNS + strlen(word) + 1, NOTE_COLUMNS);
}

static void result_notes(struct buf *out, const struct view_style *style,
                         const struct sync_table_result *result)
{
    char text[160];
    if (result->returned > 0) {
        (void)snprintf(text, sizeof(text), "%lld rows that were gone came back",
                       (long long)result->returned);
        note(out, style, INK_DIM, "note:", text);
    }
    if (result->quarantined > 0) {
        (void)snprintf(text, sizeof(text),
                       "%lld rows could not be understood and were set aside; see table "
                       "till_quarantine",
                       (long long)result->quarantined);
        note(out, style, INK_YELLOW, "note:", text);
    }
    if (result->code == TILL_OK)
        return;
    note(out, style, INK_RED,
         result->code == TILL_CANCELED ? "stopped:" : "failed:", result->error.text);
    if (result->error.hint[0])
        note(out, style, INK_DIM, "next:", result->error.hint);
}

static void result_line(struct buf *out, const struct view_style *style,
                        const struct sync_table_result *result)
{
    buf_format(out, "%-*s", NOTE_COLUMNS, result->table->name);
    if (result->is_skipped) {
        AUTO_BUF reason;
        buf_init(&reason, TILL_LIMIT_BUFFER_BYTES);
        buf_format(&reason, "the token lacks %s (%s)",
                   result->accepted_scopes[0] ? result->accepted_scopes : result->table->scope,
                   result->table->missing_cost);
        view_ink(out, style, INK_YELLOW, "skipped:");
        buf_char(out, ' ');
        view_wrap(out, (struct sv){reason.data ? reason.data : "", reason.len},
                  NOTE_COLUMNS + strlen("skipped: "), NOTE_COLUMNS);
        return;
    }
    AUTO_BUF time;
    buf_init(&time, 64);
    view_duration(&time, result->duration_ms);
    number_cell(out, result->added, 11);
    number_cell(out, result->changed, 10);
    number_cell(out, result->removed, 10);
    number_cell(out, result->unchanged, 12);
    number_cell(out, result->requests, 10);
    buf_format(out, "%10s\n", time.data ? time.data : "");
    result_notes(out, style, result);
}

static void print_text(struct cli *cli, const struct sync_summary *summary, enum till_code code)
{
    size_t count = 0;
    bool has_head = false;
    const enum table_id *order = sync_order(&count);
    for (size_t i = 0; i < count; i++) {
        const struct sync_table_result *result = &summary->tables[order[i]];
        bool is_silent = result->is_skipped && result->table->is_optional;
        if (!result->was_wanted || result->attempts == 0 || is_silent)
            continue;
        if (!has_head)
            result_head(&cli->out, &cli->style);
        has_head = true;
        result_line(&cli->out, &cli->style, result);
    }
    if (has_head)
        buf_char(&cli->out, '\n');
    buf_text(&cli->out, code == TILL_OK || code == TILL_PARTIAL ? "Done in " : "Stopped after ");
    view_duration(&cli->out, summary->duration_ms);
    buf_text(&cli->out, " with ");
    view_count(&cli->out, summary->requests);
    buf_text(&cli->out, summary->requests == 1 ? " request.\n" : " requests.\n");
}

static void json_result(struct buf *out, const struct sync_table_result *result)
{
    const char *state = result->is_skipped      ? "skipped"
                        : result->attempts == 0 ? "not_reached"
                        : result->code          ? "failed"
                                                : "ok";
    buf_char(out, '{');
    view_json_text(out, "table", result->table->name);
    view_json_text(out, "state", state);
    view_json_int(out, "added", result->added);
    view_json_int(out, "changed", result->changed);
    view_json_int(out, "unchanged", result->unchanged);
    view_json_int(out, "removed", result->removed);
    view_json_int(out, "returned", result->returned);
    view_json_int(out, "quarantined", result->quarantined);
    view_json_int(out, "pages", result->pages);
    view_json_int(out, "requests", result->requests);
    view_json_int(out, "too_many_requests", result->too_many_requests);
    view_json_int(out, "walks", result->attempts);
    view_json_int(out, "duration_ms", result->duration_ms);
    view_json_key(out, "server_total");
    if (result->server_total >= 0)
        buf_int(out, result->server_total);
    else
        buf_text(out, "null");
    view_json_bool(out, "proven", result->is_proven);
    view_json_bool(out, "resumed", result->is_resumed);
    view_json_text(out, "error_class", result->code ? till_code_name(result->code) : NULL);
    view_json_text(out, "error", result->code ? result->error.text : NULL);
    buf_char(out, '}');
}

static void print_json(struct cli *cli, const struct sync_summary *summary)
{
    struct buf *out = &cli->out;
    size_t count = 0;
    const enum table_id *order = sync_order(&count);
    buf_char(out, '{');
    view_json_int(out, "duration_ms", summary->duration_ms);
    view_json_int(out, "requests", summary->requests);
    view_json_int(out, "ok", summary->ok_count);
    view_json_int(out, "skipped", summary->skipped_count);
    view_json_int(out, "failed", summary->failed_count);
    view_json_key(out, "tables");
    buf_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (!summary->tables[order[i]].was_wanted)
            continue;
        if (out->len > 0 && out->data[out->len - 1] != '[')
            buf_char(out, ',');
        json_result(out, &summary->tables[order[i]]);
    }
    buf_text(out, "]}\n");
}

// The tables named on the command line, else all that are switched on.
static enum till_code choose_tables(const struct cli *cli, struct store *store,
                                    const struct store_connection *connection,
                                    struct sync_options *options, struct till_error *e)
{
    for (int i = 0; i < cli->argument_count; i++) {
        const struct table *table = model_table_by_name(sv_of(cli->arguments[i]));
        if (!table)
            return cli_unknown_table(cli->arguments[i], e);
        options->wanted[table->id] = true;
    }
    for (int i = 0; i < TABLE__COUNT && cli->argument_count == 0; i++) {
        struct store_table_state state = {0};
        enum till_code code = store_table_state(store, sv_of(connection->organization_id),
                                                model_table((enum table_id)i), &state, e);
        if (code)
            return code;
        options->wanted[i] = state.is_enabled;
    }
    return TILL_OK;
}

static enum till_code take_lock(const struct cli *cli, struct fs_lock *ret_lock,
                                struct till_error *e)
{
    char mine[128];
    char holder[128] = "";
    long wait_ms =
        cli->options[OPTION_no_wait] ? 0 : (long)config_integer(cli->config, "lock_wait");
    (void)snprintf(mine, sizeof(mine), "till sync, process %ld", (long)getpid());
    enum till_code code = fs_lock_take(cli->places.lock_file, mine, wait_ms, ret_lock, holder, e);
    if (code != TILL_LIMIT)
        return code;
    (void)TILL_FAIL(e, TILL_LIMIT, 0, "another process is writing to this mirror: %s",
                    holder[0] ? holder : "unknown");
    return till_error_hint(e, "wait until it is done, or stop it; nothing was changed");
}

static enum till_code sync_connection(struct cli *cli, struct store *store, struct till_error *e)
{
    struct store_connection connection = {0};
    AUTO_SECRET token = {0};
    struct polar *polar = NULL;
    struct progress_bar bar = {.cli = cli};
    struct sync_options options = {
        .store = store,
        .restart = cli->options[OPTION_restart] != NULL,
        .accept_removals = cli->options[OPTION_accept_removals] != NULL,
        .tombstone_ceiling_percent = (int)config_integer(cli->config, "tombstone_ceiling_percent"),
        .in_flight = (int)config_integer(cli->config, "in_flight"),
        .clock = cli->clock,
        .stop = &cli_stop,
        .progress_context = &bar,
        .progress = cli->talk_can_redraw && !cli->is_quiet ? on_progress : NULL,
    };
    enum till_code code = cli_connection(cli, store, &connection, e);
    if (code == TILL_OK)
        code = choose_tables(cli, store, &connection, &options, e);
    if (code == TILL_OK)
        code = cli_stored_token(cli, &connection, &token, e);
    if (code == TILL_OK)
        code = cli_open_polar(cli, connection.api_url, &token, &polar, e);
    if (code)
        return code;
    struct sync_summary *summary = till_calloc(1, sizeof(*summary));
    if (!summary) {
        polar_close(polar);
        return TILL_FAIL_MEMORY(e);
    }
    options.polar = polar;
    options.organization_id = sv_of(connection.organization_id);
    code = sync_run(&options, summary, e);
    polar_close(polar);
    if (bar.is_drawn)
        (void)!write(STDERR_FILENO, "\r\x1b[K", 4);
    if (cli->is_json)
        print_json(cli, summary);
    else
        print_text(cli, summary, code);
    till_free(summary);
    return code;
}

enum till_code cli_sync(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct fs_lock lock = {.fd = -1};
    struct till_error flush_error = {0};
    if (!fs_exists(cli->places.database)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "nothing is connected yet");
        return till_error_hint(e, "connect first: `till connect polar`");
    }
    enum till_code code = take_lock(cli, &lock, e);
    if (code == TILL_OK)
        code = cli_open_store(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = sync_connection(cli, store, e);
    store_close(store);
    fs_lock_release(&lock);
    enum till_code flushed = cli_flush(cli, &flush_error);
    if (code == TILL_OK && flushed != TILL_OK) {
        *e = flush_error;
        code = flushed;
    }
    return code;
}
