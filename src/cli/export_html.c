// SPDX-License-Identifier: Apache-2.0
// export_html.c - `till export html`: the overview as one file, made whole in memory before the first byte is printed.
#include "base/fault.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "views/html.h"

struct sheet {
    struct cli_metrics_question question;
    struct store_connection connection;
    struct report_overview overview;
    struct store_annotations annotations;
    struct store_goals goals;
};

static enum till_code gather(struct cli *cli, struct store *store, struct arena *arena,
                             struct sheet *sheet, struct till_error *e)
{
    struct report_overview_question asked = {
        .compare = REPORT_PREVIOUS, .parts = REPORT_ALL_PARTS, .now_us = clock_now_us(cli->clock)};
    cli->argument_count = 0; // no slugs
    enum till_code code = cli_metrics_question(cli, &sheet->question, e);
    if (code == TILL_OK)
        code = cli_connection(cli, store, &sheet->connection, e);
    if (code)
        return code;
    asked.query = sheet->question.query;
    asked.query.connection = &sheet->connection;
    if (!cli->options[OPTION_interval])
        asked.query.interval = metrics_interval_usual(civil_date_to_days(asked.query.to) -
                                                      civil_date_to_days(asked.query.from) + 1);
    code = report_overview(store, &asked, arena, &sheet->overview, e);
    if (code == TILL_OK)
        code = store_annotations(store, &asked.query.from, &asked.query.to, arena,
                                 &sheet->annotations, e);
    return code ? code : store_goals(store, arena, &sheet->goals, e);
}

static enum till_code refuse_terminal(const struct cli *cli, struct till_error *e)
{
    if (cli->options[OPTION_format]) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--format is for tables: this is html");
        return till_error_hint(e, "`till metrics --json` has the numbers");
    }
    if (!cli->out_is_terminal)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "a page is nothing to read on a terminal");
    return till_error_hint(e, "write it into a file: till export html > overview.html");
}

enum till_code cli_export_html(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = refuse_terminal(cli, e);
    if (code)
        return code;
    struct sheet *sheet = till_calloc(1, sizeof *sheet);
    if (!sheet)
        return TILL_FAIL_MEMORY(e);
    code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = gather(cli, store, &arena, sheet, e);
    store_close(store);
    if (code == TILL_OK) {
        const struct view_html_options options = {.has_names =
                                                      cli->options[OPTION_with_names] != NULL,
                                                  .style = &cli->style,
                                                  .version = TILL_VERSION,
                                                  .annotations = &sheet->annotations,
                                                  .goals = &sheet->goals};
        view_overview_html(&cli->out, &sheet->overview, &options);
        code = buf_fail(&cli->out, "the page", e);
    }
    report_overview_release(&sheet->overview);
    cli_metrics_question_release(&sheet->question);
    till_free(sheet);
    return code;
}
