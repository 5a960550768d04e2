// SPDX-License-Identifier: Apache-2.0
// sync.c - `till sync`: takes the lock, runs the sync room for each connection, and tells what happened: a progress bar on a terminal, a summary at the end.
//
// One connection after the other: each has a token, a request budget and a result of its own, and one that fails does not stop the next. The JSON is
// one object whatever their number; each table says whose it is.
#include "sync/sync.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/sources.h"

enum { BAR_COLUMNS = 24, LEAST_BAR_COLUMNS = 6, REDRAW_MS = 100, LINE_MS = 500, NOTE_COLUMNS = 14 };

struct progress_bar {
    const struct cli *cli;
    int64_t drawn_ms;
    bool is_drawn; // a line stands unfinished on the terminal
    bool is_plain; // lines for a program instead
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

// "orders 1,200 of 3,400"
static void say_line(const struct sync_progress *progress)
{
    AUTO_BUF line;
    buf_init(&line, 256);
    buf_format(&line, "%s ", progress->table->name);
    view_count(&line, progress->rows_done);
    if (progress->rows_total >= 0) {
        buf_text(&line, " of ");
        view_count(&line, progress->rows_total);
    }
    buf_char(&line, '\n');
    if (line.failure == TILL_OK)
        (void)!write(STDERR_FILENO, line.data, line.len);
}

static void on_progress(void *context, const struct sync_progress *progress)
{
    struct progress_bar *bar = context;
    int64_t now_ms = clock_monotonic_ms(bar->cli->clock);
    int64_t gap_ms = bar->is_plain ? LINE_MS : REDRAW_MS;
    if (!progress->is_done && bar->drawn_ms != 0 && now_ms - bar->drawn_ms < gap_ms)
        return;
    bar->drawn_ms = now_ms;
    if (bar->is_plain)
        say_line(progress);
    else
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
    if (result->is_drifted && result->is_proven) {
        (void)snprintf(text, sizeof(text), "rows and Polar's total disagreed%s",
                       result->method == STORE_FULL ? ": the table was walked whole"
                                                    : "; the missing rows were found");
        note(out, style, INK_DIM, "note:", text);
    }
    if (result->checked > 0) {
        (void)snprintf(text, sizeof(text), "%lld rows at random were read again: %s",
                       (long long)result->checked, result->differing == 0 ? "all as mirrored" : "");
        if (result->differing > 0)
            (void)snprintf(text, sizeof(text), "%lld of %lld rows at random were not as mirrored",
                           (long long)result->differing, (long long)result->checked);
        note(out, style, result->differing > 0 ? INK_RED : INK_DIM, "check:", text);
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
        if (!result->is_reached || is_silent)
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

static void json_result(struct buf *out, const char *connection,
                        const struct sync_table_result *result)
{
    const char *state = result->is_skipped    ? "skipped"
                        : !result->is_reached ? "not_reached"
                        : result->code        ? "failed"
                                              : "ok";
    buf_char(out, '{');
    view_json_text(out, "connection", connection);
    view_json_text(out, "table", result->table->name);
    view_json_text(out, "state", state);
    view_json_text(out, "method", store_method_word(result->method));
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
    view_json_int(out, "reread", result->reread);
    view_json_int(out, "hints_left", result->hints_left);
    view_json_int(out, "checked", result->checked);
    view_json_int(out, "differing", result->differing);
    view_json_bool(out, "drifted", result->is_drifted);
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

// One connection or source of web traffic, and what came of it.
struct outcome {
    const char *name;
    const struct store_connection *connection; // NULL: a source
    struct store_source *source;
    struct sync_source_result source_result;
    enum till_code code;
    struct till_error error;
    bool has_run; // the summary says something
    struct sync_summary summary;
};

static void print_json(struct cli *cli, const struct outcome *outcomes, size_t outcome_count)
{
    struct buf *out = &cli->out;
    struct sync_summary all = {0};
    size_t count = 0;
    const enum table_id *order = sync_order(&count);
    for (size_t i = 0; i < outcome_count; i++) {
        const struct sync_source_result *source = &outcomes[i].source_result;
        all.duration_ms += outcomes[i].summary.duration_ms + source->duration_ms;
        all.requests += outcomes[i].summary.requests + source->requests;
        all.ok_count += outcomes[i].summary.ok_count;
        all.skipped_count += outcomes[i].summary.skipped_count;
        all.failed_count += outcomes[i].summary.failed_count;
    }
    buf_char(out, '{');
    view_json_int(out, "duration_ms", all.duration_ms);
    view_json_int(out, "requests", all.requests);
    view_json_int(out, "ok", all.ok_count);
    view_json_int(out, "skipped", all.skipped_count);
    view_json_int(out, "failed", all.failed_count);
    view_json_key(out, "tables");
    buf_char(out, '[');
    for (size_t i = 0; i < outcome_count; i++) {
        for (size_t k = 0; k < count; k++) {
            const struct sync_table_result *result = &outcomes[i].summary.tables[order[k]];
            if (!outcomes[i].has_run || !outcomes[i].connection || !result->was_wanted)
                continue;
            if (out->len > 0 && out->data[out->len - 1] != '[')
                buf_char(out, ',');
            json_result(out, outcomes[i].connection->name, result);
        }
    }
    buf_char(out, ']');
    view_json_key(out, "sources");
    buf_char(out, '[');
    for (size_t i = 0; i < outcome_count; i++) {
        if (!outcomes[i].source || !outcomes[i].has_run)
            continue;
        if (out->data && out->data[out->len - 1] != '[')
            buf_char(out, ',');
        cli_source_result_json(out, outcomes[i].source, &outcomes[i].source_result);
    }
    buf_text(out, "]}\n");
}

// A table that the token could not open is tried again after a day, or once something was connected anew.
static bool was_closed(const struct cli *cli, const struct store_connection *connection,
                       const struct table *table, const struct store_table_state *state)
{
    int64_t age_us = clock_now_us(cli->clock) - state->last_finished_us;
    return table->is_optional && state->last_code == TILL_AUTH &&
           state->last_finished_us > connection->connected_at_us && age_us >= 0 &&
           age_us < INT64_C(86400000000);
}

// The tables that are switched on.
static enum till_code enabled_tables(const struct cli *cli, struct store *store,
                                     const struct store_connection *connection,
                                     bool wanted[TABLE__COUNT], struct till_error *e)
{
    for (int i = 0; i < TABLE__COUNT; i++) {
        struct store_table_state state = {0};
        enum till_code code = store_table_state(store, sv_of(connection->organization_id),
                                                model_table((enum table_id)i), &state, e);
        if (code)
            return code;
        wanted[i] =
            state.is_enabled && !was_closed(cli, connection, model_table((enum table_id)i), &state);
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

static enum till_code open_service(struct cli *cli, const struct store_connection *connection,
                                   struct polar **ret_polar, struct till_error *e)
{
    AUTO_SECRET token = {0};
    enum till_code code = cli_stored_token(cli, connection, &token, e);
    if (code == TILL_OK)
        code = cli_open_polar(cli, connection->api_url, &token, ret_polar, e);
    return code == TILL_OK ? cli_share_budget(cli, *ret_polar, connection->organization_id, e)
                           : code;
}

// Wanted NULL: all tables that are switched on. bar NULL: no progress.
static enum till_code run_connection(struct cli *cli, struct store *store,
                                     const struct store_connection *connection, const bool *wanted,
                                     enum sync_method method, struct progress_bar *bar,
                                     struct sync_summary *ret_summary, struct till_error *e)
{
    int64_t history_days = config_integer(cli->config, "history_days");
    struct polar *polar = NULL;
    struct sync_options options = {
        .store = store,
        .organization_id = sv_of(connection->organization_id),
        .method = method,
        .full_walk_every_ms = config_integer(cli->config, "full_walk_every"),
        .history_before_us =
            history_days > 0 ? clock_now_us(cli->clock) - history_days * INT64_C(86400000000) : 0,
        .check_rows =
            cli->options[OPTION_check] ? (int)config_integer(cli->config, "check_rows") : 0,
        .restart = cli->options[OPTION_restart] != NULL,
        .accept_removals = cli->options[OPTION_accept_removals] != NULL,
        .tombstone_ceiling_percent = (int)config_integer(cli->config, "tombstone_ceiling_percent"),
        .in_flight = (int)config_integer(cli->config, "in_flight"),
        .clock = cli->clock,
        .stop = &cli_stop,
        .progress_context = bar,
        .progress = bar ? on_progress : NULL,
    };
    enum till_code code = TILL_OK;
    if (wanted)
        memcpy(options.wanted, wanted, sizeof options.wanted);
    else
        code = enabled_tables(cli, store, connection, options.wanted, e);
    if (code == TILL_OK)
        code = open_service(cli, connection, &polar, e);
    options.polar = polar;
    if (code == TILL_OK)
        code = sync_run(&options, ret_summary, e);
    polar_close(polar);
    return code;
}

enum till_code cli_sync_connection(struct cli *cli, struct store *store,
                                   const struct store_connection *connection,
                                   const bool wanted[TABLE__COUNT], enum sync_method method,
                                   struct sync_summary *ret_summary, struct till_error *e)
{
    return run_connection(cli, store, connection, wanted, method, NULL, ret_summary, e);
}

static enum till_code chosen_method(const struct cli *cli, enum sync_method *ret_method,
                                    struct till_error *e)
{
    const char *word = cli->options[OPTION_method];
    bool is_full = cli->options[OPTION_full] != NULL;
    if (word && strcmp(word, "full") != 0 && strcmp(word, "incremental") != 0) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--method is \"%.40s\"", word);
        return till_error_hint(e, "say incremental or full");
    }
    if (is_full && word && strcmp(word, "full") != 0)
        return TILL_FAIL(e, TILL_USAGE, 0, "--full and --method incremental contradict each other");
    is_full = is_full || (word && strcmp(word, "full") == 0);
    *ret_method = is_full ? SYNC_FULL : word ? SYNC_INCREMENTAL : SYNC_AS_SET;
    return TILL_OK;
}

// One code for several connections: OK when all are, PARTIAL when some are.
static enum till_code conclude(const struct outcome *outcomes, size_t count, struct till_error *e)
{
    size_t bad = 0;
    const struct outcome *worst = NULL;
    for (size_t i = 0; i < count; i++) {
        bad += outcomes[i].code != TILL_OK;
        if (outcomes[i].code != TILL_OK && (!worst || worst->code == TILL_PARTIAL))
            worst = &outcomes[i];
    }
    if (!worst)
        return TILL_OK;
    *e = worst->error;
    if (count == 1)
        return worst->code;
    (void)till_error_context(e, "%s", worst->name);
    if (bad < count && worst->code != TILL_CANCELED)
        e->code = TILL_PARTIAL;
    return e->code;
}

static enum till_code fail_differing(const struct outcome *outcomes, size_t count,
                                     struct till_error *e)
{
    int64_t checked = 0, differing = 0;
    for (size_t i = 0; i < count; i++) {
        for (int k = 0; k < TABLE__COUNT; k++) {
            checked += outcomes[i].summary.tables[k].checked;
            differing += outcomes[i].summary.tables[k].differing;
        }
    }
    if (differing == 0)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_PARTIAL, 0, "%lld of %lld rows at random were not as mirrored",
                    (long long)differing, (long long)checked);
    return till_error_hint(e, "they are now (`till history TABLE ID` shows the old values); `till "
                              "sync --full` reads all others again");
}

static void run_sources(struct cli *cli, struct store *store, struct store_sources *sources,
                        bool is_whole, struct outcome *outcomes)
{
    for (size_t i = 0; i < sources->count; i++) {
        struct outcome *outcome = &outcomes[i];
        outcome->source = &sources->list[i];
        outcome->name = outcome->source->name;
        if (cli_stop) {
            outcome->code = TILL_FAIL(&outcome->error, TILL_CANCELED, 0, "interrupted");
            continue;
        }
        outcome->has_run = true;
        outcome->code = cli_sync_source(cli, store, outcome->source, is_whole,
                                        &outcome->source_result, &outcome->error);
        if (!cli->is_json)
            cli_source_result_text(&cli->out, &cli->style, outcome->source,
                                   &outcome->source_result);
    }
}

static void run_all(struct cli *cli, struct store *store, const struct cli_connections *connections,
                    const bool *wanted, enum sync_method method, struct outcome *outcomes)
{
    for (size_t i = 0; i < connections->count; i++) {
        struct outcome *outcome = &outcomes[i];
        outcome->name = connections->list[i].name;
        struct progress_bar bar = {.cli = cli, .is_plain = cli->options[OPTION_progress] != NULL};
        bool has_bar = bar.is_plain || (cli->talk_can_redraw && !cli->is_quiet);
        outcome->connection = &connections->list[i];
        if (cli_stop) {
            outcome->code = TILL_FAIL(&outcome->error, TILL_CANCELED, 0, "interrupted");
            continue;
        }
        outcome->has_run = true;
        outcome->code = run_connection(cli, store, outcome->connection, wanted, method,
                                       has_bar ? &bar : NULL, &outcome->summary, &outcome->error);
        if (bar.is_drawn)
            (void)!write(STDERR_FILENO, "\r\x1b[K", 4);
        if (cli->is_json)
            continue;
        if (connections->count > 1) {
            view_ink(&cli->out, &cli->style, INK_BOLD, outcome->connection->organization_name);
            buf_char(&cli->out, '\n');
        }
        print_text(cli, &outcome->summary, outcome->code);
        if (connections->count > 1 && outcome->code != TILL_OK)
            note(&cli->out, &cli->style, INK_RED, "failed:", outcome->error.text);
    }
}

// What the command is about: tables are Polar's alone; a name is an organization's or a source's; without either all of both, but for sources that are off.
static enum till_code choose(const struct cli *cli, struct store *store,
                             struct cli_connections *connections, struct store_sources *sources,
                             struct till_error *e)
{
    bool is_named = cli->options[OPTION_name] != NULL;
    size_t kept = 0;
    enum till_code code = TILL_OK;
    if (cli->argument_count == 0)
        code = cli_sources(cli, store, false, sources, e);
    for (size_t i = 0; i < sources->count; i++) {
        if (!is_named && !sources->list[i].is_enabled)
            continue;
        if (kept != i)
            sources->list[kept] = sources->list[i];
        kept++;
    }
    sources->count = kept;
    if (code == TILL_OK && (!is_named || sources->count == 0))
        code = cli_connections(cli, store, connections, e);
    if (code == TILL_CONFIG && sources->count > 0) { // traffic alone is connected
        till_error_clear(e);
        code = TILL_OK;
    }
    return code;
}

static enum till_code sync_chosen(struct cli *cli, struct store *store,
                                  struct store_sources *sources, struct till_error *e)
{
    struct cli_connections connections = {.count = 0};
    bool wanted[TABLE__COUNT] = {false};
    enum sync_method method = SYNC_AS_SET;
    for (int i = 0; i < cli->argument_count; i++) {
        const struct table *table = model_table_by_name(sv_of(cli->arguments[i]));
        if (!table)
            return cli_unknown_table(cli->arguments[i], e);
        wanted[table->id] = true;
    }
    enum till_code code = chosen_method(cli, &method, e);
    if (code == TILL_OK)
        code = choose(cli, store, &connections, sources, e);
    if (code)
        return code;
    size_t count = connections.count + sources->count;
    struct outcome *outcomes = till_calloc(count + 1, sizeof *outcomes);
    if (!outcomes)
        return TILL_FAIL_MEMORY(e);
    run_all(cli, store, &connections, cli->argument_count > 0 ? wanted : NULL, method, outcomes);
    run_sources(cli, store, sources, method == SYNC_FULL, outcomes + connections.count);
    bool has_run = false;
    for (size_t i = 0; i < count; i++)
        has_run = has_run || outcomes[i].summary.wanted_count > 0 || outcomes[i].source;
    if (cli->is_json && has_run)
        print_json(cli, outcomes, count);
    code = conclude(outcomes, count, e);
    if (code == TILL_OK)
        code = fail_differing(outcomes, count, e);
    till_free(outcomes);
    return code;
}

static enum till_code sync_connections(struct cli *cli, struct store *store, struct till_error *e)
{
    struct store_sources *sources = till_calloc(1, sizeof *sources);
    enum till_code code = sources ? sync_chosen(cli, store, sources, e) : TILL_FAIL_MEMORY(e);
    till_free(sources);
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
        code = sync_connections(cli, store, e);
    store_close(store);
    fs_lock_release(&lock);
    enum till_code flushed = cli_flush(cli, &flush_error);
    if (code == TILL_OK && flushed != TILL_OK) {
        *e = flush_error;
        code = flushed;
    }
    return code;
}
