// SPDX-License-Identifier: Apache-2.0
// saved.c - `till saved`: queries under a name, for `till query --saved` and the dashboard.
#include <stdio.h>

#include "base/arena.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/notes.h"

static const char usage[] = "till saved [NAME SQL | --remove NAME]";

static enum till_code list(struct cli *cli, struct till_error *e)
{
    static const char *const names[] = {"name", "sql", "created_at", "changed_at"};
    struct store_saved_queries queries = {0};
    struct store *store = NULL;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_BUFFER_BYTES * 2);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK)
        code = cli_notes_open(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = store_saved_queries(store, &arena, &queries, e);
    store_close(store);
    if (code == TILL_OK)
        code = row_view_begin(&view, names, NULL, TILL_COUNT(names), e);
    for (size_t i = 0; i < queries.count && code == TILL_OK; i++) {
        const struct store_saved_query *query = &queries.list[i];
        char created[TIMESTAMP_BYTES + 1], changed[TIMESTAMP_BYTES + 1];
        struct value values[] = {cli_cell(query->name), cli_cell(query->sql),
                                 cli_cell_time(query->created_us, created),
                                 cli_cell_time(query->changed_us, changed)};
        code = row_view_row(&view, values, e);
    }
    return code ? code : row_view_end(&view, e);
}

static enum till_code put(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct sv name = sv_trim(sv_of(cli->arguments[0]));
    AUTO_BUF sql;
    buf_init(&sql, TILL_LIMIT_SQL_BYTES);
    enum till_code code = cli_read_text(cli->arguments[1], "the statement", &sql, e);
    if (code == TILL_OK)
        code = cli_notes_open(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = store_saved_query_put(store, name, (struct sv){sql.data, sql.len},
                                     clock_now_us(cli->clock), e);
    store_close(store);
    if (code)
        return code;
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_key(&cli->out, "name");
        buf_json_string(&cli->out, name);
        view_json_text(&cli->out, "sql", sql.data);
        buf_text(&cli->out, "}\n");
    } else {
        cli_say(cli, "Saved; run it: till query --saved '" SV_FORMAT "'", SV_ARGS(name));
    }
    return TILL_OK;
}

static enum till_code remove_one(struct cli *cli, const char *name, struct till_error *e)
{
    struct store *store = NULL;
    bool was_there = false;
    char what[TILL_LIMIT_NOTE_BYTES + 32];
    (void)snprintf(what, sizeof what, "query \"%.*s\"", TILL_LIMIT_NOTE_BYTES, name);
    enum till_code code = cli_notes_open(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = store_saved_query_remove(store, sv_of(name), &was_there, e);
    store_close(store);
    return code ? code : cli_notes_removed(cli, was_there, what, "till saved", e);
}

enum till_code cli_saved(struct cli *cli, struct till_error *e)
{
    static const struct cli_notes notes = {usage, list, put, remove_one};
    return cli_notes_run(cli, &notes, e);
}
