// SPDX-License-Identifier: Apache-2.0
// query.c - `till query` and `till export`: rows out of the mirror, streamed; a table for a terminal is the only format that waits for all rows.
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/notes.h"

enum { DRAIN_BYTES = 64 * 1024 };

struct printing {
    struct cli *cli;
    struct row_view view;
};

static enum till_code on_columns(void *context, const struct store_column_info *columns,
                                 size_t count, struct till_error *e)
{
    struct printing *printing = context;
    const char **names = arena_alloc(printing->view.arena, (count + 1) * sizeof(*names));
    if (!names)
        return arena_fail(printing->view.arena, "the result", e);
    for (size_t i = 0; i < count; i++)
        names[i] = columns[i].name;
    return row_view_begin(&printing->view, names, NULL, count, e);
}

static enum till_code on_row(void *context, const struct value *values, size_t count,
                             struct till_error *e)
{
    struct printing *printing = context;
    (void)count;
    enum till_code code = row_view_row(&printing->view, values, e);
    if (code == TILL_OK && printing->cli->out.len > DRAIN_BYTES)
        code = cli_flush(printing->cli, e);
    return code;
}

// The parameter of a statement about one organization.
static enum till_code bind_organization(const struct cli *cli, struct store *store,
                                        struct store_connection *connection,
                                        struct value *parameter, struct till_error *e)
{
    enum till_code code = cli_connection(cli, store, connection, e);
    if (code == TILL_OK)
        *parameter = (struct value){.type = VALUE_TEXT, .text = sv_of(connection->organization_id)};
    return code;
}

static enum till_code print_query(struct cli *cli, const struct store_query *query,
                                  struct till_error *e)
{
    struct store_connection connection;
    struct value parameter;
    struct store *store = NULL;
    struct store_query_result result = {0};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct printing printing = {.cli = cli,
                                .view = {.style = &cli->style, .out = &cli->out, .arena = &arena}};
    struct store_sink sink = {.context = &printing, .columns = on_columns, .row = on_row};
    enum till_code code = cli_format(cli, &printing.view.format, e);
    if (code == TILL_OK)
        code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    struct store_query bound = *query;
    if (code == TILL_OK && cli->options[OPTION_name]) {
        code = bind_organization(cli, store, &connection, &parameter, e);
        bound.parameters = &parameter;
        bound.parameter_count = 1;
    }
    if (code == TILL_OK)
        code = store_query(store, &bound, &sink, &result, e);
    store_close(store);
    if (code == TILL_OK)
        code = row_view_end(&printing.view, e);
    if (code == TILL_OK && result.is_cut)
        cli_say(cli, "till: only the first %lld rows are shown; --limit 0 shows all",
                (long long)result.row_count);
    return code;
}

static enum till_code find_saved(const struct cli *cli, const char *name, struct buf *sql,
                                 struct till_error *e)
{
    struct store *store = NULL;
    struct store_saved_query query;
    bool is_found = false;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = cli_notes_open(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = store_saved_query(store, sv_of(name), &arena, &query, &is_found, e);
    store_close(store);
    if (code)
        return code;
    if (!is_found) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "there is no query called \"%s\"", name);
        return till_error_hint(e, "`till saved` lists them");
    }
    buf_sv(sql, query.sql);
    return buf_fail(sql, "the statement", e);
}

enum till_code cli_query(struct cli *cli, struct till_error *e)
{
    AUTO_BUF sql;
    buf_init(&sql, TILL_LIMIT_SQL_BYTES);
    int64_t default_rows = config_integer(cli->config, "query_rows");
    struct store_query query = {.timeout_ms = config_integer(cli->config, "query_timeout"),
                                .stop = &cli_stop};
    query.row_limit = default_rows > 0       ? default_rows
                      : cli->out_is_terminal ? TILL_LIMIT_QUERY_TERMINAL_ROWS
                                             : 0;
    const char *saved = cli->options[OPTION_saved];
    enum till_code code = cli_expect_arguments(cli, saved ? 0 : 1, saved ? 0 : 1,
                                               "till query 'SELECT ...' | --saved NAME", e);
    if (code == TILL_OK && cli->options[OPTION_timeout])
        code = cli_duration(cli->options[OPTION_timeout], "--timeout", &query.timeout_ms, e);
    if (code == TILL_OK && cli->options[OPTION_limit])
        code = cli_count(cli->options[OPTION_limit], "--limit", INT64_MAX, &query.row_limit, e);
    if (code == TILL_OK)
        code = saved ? find_saved(cli, saved, &sql, e)
                     : cli_read_text(cli->arguments[0], "the statement", &sql, e);
    if (code)
        return code;
    query.sql = sql.data ? sql.data : "";
    return print_query(cli, &query, e);
}

// A name that is safe to put between quotes: the statement is ours, the name is not.
static bool is_plain_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < STORE_NAME_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") == len;
}

static enum till_code refuse_html_options(const struct cli *cli, struct till_error *e)
{
    static const enum cli_option of_html[] = {OPTION_from, OPTION_to, OPTION_interval,
                                              OPTION_timezone, OPTION_with_names};
    for (size_t i = 0; i < TILL_COUNT(of_html); i++) {
        if (!cli->options[of_html[i]])
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--%s is for `till export html`",
                        cli_options[of_html[i]].name);
        return till_error_hint(e, "a table is exported whole; choose rows with `till query`");
    }
    return TILL_OK;
}

enum till_code cli_export(struct cli *cli, struct till_error *e)
{
    char sql[256];
    struct store_query query = {.sql = sql, .stop = &cli_stop};
    enum till_code code = cli_expect_arguments(cli, 1, 1, "till export TABLE|html", e);
    if (code)
        return code;
    const char *name = cli->arguments[0];
    if (strcmp(name, "html") == 0)
        return cli_export_html(cli, e);
    code = refuse_html_options(cli, e);
    if (code)
        return code;
    bool is_table = model_table_by_name(sv_of(name)) != NULL;
    if (!is_plain_name(name) ||
        (!is_table && strncmp(name, "v_", 2) != 0 && strcmp(name, "row_changes") != 0)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "there is no table or view \"%s\" to export", name);
        return till_error_hint(e, "`till tables` lists the tables; views begin with v_; "
                                  "row_changes is the history; html is the overview");
    }
    bool is_one = cli->options[OPTION_name] != NULL;
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"%s%s%s%s", name,
                   is_table || is_one ? " WHERE " : "", is_table ? "till_deleted_at IS NULL" : "",
                   is_table && is_one ? " AND " : "", is_one ? "organization_id = ?1" : "");
    return print_query(cli, &query, e);
}
