// SPDX-License-Identifier: Apache-2.0
// movements.c - `till movements`: how recurring revenue moved.
#include "views/movements.h"
#include "base/fault.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/growth.h"

enum { DEFAULT_MONTHS = 12 };

// Months, unless an interval is asked for; then the last twelve of them, unless a first day is.
enum till_code cli_growth_question(struct cli *cli, struct store *store, const char *usage,
                                   struct cli_metrics_question *ret_question, struct till_error *e)
{
    enum till_code code = cli_expect_arguments(cli, 0, 0, usage, e);
    if (code)
        return code;
    if (!cli->options[OPTION_interval])
        cli->options[OPTION_interval] = "month";
    code = cli_metrics_question(cli, store, ret_question, e);
    struct report_metrics_query *query = &ret_question->query;
    if (code == TILL_OK && !cli->options[OPTION_from]) {
        int32_t months = query->to.year * 12 + query->to.month - 1 - (DEFAULT_MONTHS - 1);
        query->from = (struct civil_date){months / 12, months % 12 + 1, 1};
    }
    return code;
}

static enum till_code print(struct cli *cli, const struct report_movements *report,
                            struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK && view.format == VIEW_TABLE)
        view_movements_text(&cli->out, &cli->style, report);
    else if (code == TILL_OK && view.format == VIEW_JSON)
        view_movements_json(&cli->out, report);
    else if (code == TILL_OK)
        code = view_movements_rows(&view, report, e);
    return code;
}

enum till_code cli_movements(struct cli *cli, struct till_error *e)
{
    struct cli_metrics_question *question = till_calloc(1, sizeof *question);
    struct report_movements report = {0};
    struct store *store = NULL;
    enum till_code code =
        question ? cli_open_store(cli, STORE_READ_ONLY, &store, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = cli_growth_question(cli, store, "till movements [--from DATE] [--to DATE]", question,
                                   e);
    if (code == TILL_OK)
        code = report_movements(store, &question->query, clock_now_us(cli->clock), &report, e);
    if (code == TILL_OK)
        code = print(cli, &report, e);
    report_movements_release(&report);
    if (question)
        cli_metrics_question_release(question);
    store_close(store);
    till_free(question);
    return code;
}
