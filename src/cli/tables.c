// SPDX-License-Identifier: Apache-2.0
// tables.c - `till tables`: the state of each table; `till tables set TABLE --on|--off`.
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"

static enum till_code set_table(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct store_connection connection = {0};
    bool on = cli->options[OPTION_on] != NULL;
    bool off = cli->options[OPTION_off] != NULL;
    enum till_code code = cli_expect_arguments(cli, 2, 2, "till tables set TABLE --on|--off", e);
    if (code)
        return code;
    const struct table *table = model_table_by_name(sv_of(cli->arguments[1]));
    if (!table)
        return cli_unknown_table(cli->arguments[1], e);
    if (on == off) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "say either --on or --off");
        return till_error_hint(e, "usage: till tables set TABLE --on|--off");
    }
    if (!fs_exists(cli->places.database)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "nothing is connected yet");
        return till_error_hint(e, "connect first: `till connect polar`");
    }
    code = cli_open_store(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = cli_connection(cli, store, &connection, e);
    if (code == TILL_OK)
        code = store_table_enable(store, sv_of(connection.organization_id), table, on, e);
    store_close(store);
    if (code)
        return code;
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "table", table->name);
        view_json_bool(&cli->out, "enabled", on);
        buf_text(&cli->out, "}\n");
    } else {
        cli_say(cli, "%s is %s.", table->name, on ? "on" : "off; its rows are kept");
    }
    return TILL_OK;
}

// What a person wants to see of each table, within 80 columns; the other formats have every column of view_table_columns.
static void print_text(struct cli *cli, const struct report_status *status)
{
    for (size_t i = 0; i < status->card_count; i++) {
        const struct report_card *card = &status->cards[i];
        if (status->card_count > 1)
            buf_format(&cli->out, "%s%s\n", i > 0 ? "\n" : "", card->connection.name);
        view_tables_text(&cli->out, &cli->style, card, status->now_us);
    }
}

static enum till_code print_rows(const struct report_status *status, struct row_view *view,
                                 struct till_error *e)
{
    enum till_code code = row_view_begin(view, view_table_columns, NULL, VIEW_TABLE_COLUMNS, e);
    for (size_t i = 0; i < status->card_count && code == TILL_OK; i++) {
        for (int table = 0; table < TABLE__COUNT && code == TILL_OK; table++) {
            struct value values[VIEW_TABLE_COLUMNS];
            struct view_table_text text;
            view_table_values(&status->cards[i], (enum table_id)table, &text, values);
            code = row_view_row(view, values, e);
        }
    }
    return code ? code : row_view_end(view, e);
}

static enum till_code list_tables(struct cli *cli, struct report_status *status,
                                  struct till_error *e)
{
    struct store *store = NULL;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK)
        code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = report_status(store, cli->clock, 0, status, e);
    store_close(store);
    if (code == TILL_OK && view.format == VIEW_TABLE)
        print_text(cli, status);
    else if (code == TILL_OK)
        code = print_rows(status, &view, e);
    return code;
}

enum till_code cli_tables(struct cli *cli, struct till_error *e)
{
    if (cli->argument_count > 0 && strcmp(cli->arguments[0], "set") == 0)
        return set_table(cli, e);
    enum till_code code = cli_expect_arguments(cli, 0, 0, "till tables [set TABLE --on|--off]", e);
    if (code)
        return code;
    if (cli->options[OPTION_on] || cli->options[OPTION_off]) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--on and --off need a table");
        return till_error_hint(e, "usage: till tables set TABLE --on|--off");
    }
    struct report_status *status = till_calloc(1, sizeof(*status));
    if (!status)
        return TILL_FAIL_MEMORY(e);
    code = list_tables(cli, status, e);
    till_free(status);
    return code;
}
