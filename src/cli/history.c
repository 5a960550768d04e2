// SPDX-License-Identifier: Apache-2.0
// history.c - `till history TABLE ID`: the life of one row.
#include "base/arena.h"
#include "base/limits.h"
#include "base/zone.h"
#include "cli/cli.h"

static enum till_code print(struct cli *cli, const struct report_history *history,
                            struct arena *arena, struct till_error *e)
{
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = arena};
    struct zone *zone = NULL;
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK && view.format == VIEW_TABLE) {
        code = zone_open(config_text(cli->config, "timezone"), &zone, e);
        if (code == TILL_OK)
            view_history_text(&cli->out, &cli->style, zone, history);
        zone_close(zone);
    } else if (code == TILL_OK && view.format == VIEW_JSON) {
        view_history_json(&cli->out, history);
    } else if (code == TILL_OK) {
        code = view_history_rows(&view, history, e);
    }
    return code;
}

enum till_code cli_history(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct report_history history = {0};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = cli_expect_arguments(cli, 2, 2, "till history TABLE ID", e);
    if (code)
        return code;
    const struct table *table = model_table_by_name(sv_of(cli->arguments[0]));
    if (!table)
        return cli_unknown_table(cli->arguments[0], e);
    code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = report_history(store, table, cli->arguments[1], &arena, &history, e);
    store_close(store);
    return code ? code : print(cli, &history, &arena, e);
}
