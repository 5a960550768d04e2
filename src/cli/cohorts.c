// SPDX-License-Identifier: Apache-2.0
// cohorts.c - `till cohorts`: what became of those who began together.
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/growth.h"
#include "views/cohorts.h"

static enum till_code take_of(const struct cli *cli, bool *ret_money, struct till_error *e)
{
    const char *word = cli->options[OPTION_of];
    *ret_money = word && strcmp(word, "money") == 0;
    if (!word || *ret_money || strcmp(word, "customers") == 0)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--of: there are no cohorts of \"%s\"", word);
    return till_error_hint(e, "choose customers or money");
}

static enum till_code print(struct cli *cli, const struct report_movements *report,
                            const struct cohorts *cohorts, bool of_money, struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK && view.format == VIEW_TABLE)
        view_cohorts_text(&cli->out, &cli->style, report, cohorts, of_money);
    else if (code == TILL_OK && view.format == VIEW_JSON)
        view_cohorts_json(&cli->out, report, cohorts);
    else if (code == TILL_OK)
        code = view_cohorts_rows(&view, report, cohorts, e);
    return code;
}

enum till_code cli_cohorts(struct cli *cli, struct till_error *e)
{
    struct report_movements report = {0};
    struct cohorts cohorts = {0};
    struct store *store = NULL;
    bool of_money = false;
    enum till_code code = take_of(cli, &of_money, e);
    if (code)
        return code;
    struct cli_metrics_question *question = till_calloc(1, sizeof *question);
    code = question ? cli_open_store(cli, STORE_READ_ONLY, &store, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = cli_growth_question(cli, store, "till cohorts [--of customers|money]", question, e);
    if (code == TILL_OK)
        code = report_movements(store, &question->query, clock_now_us(cli->clock), &report, e);
    if (code == TILL_OK)
        code = cohorts_make(report.engine, &cohorts, e);
    if (code == TILL_OK)
        code = print(cli, &report, &cohorts, of_money, e);
    cohorts_release(&cohorts);
    report_movements_release(&report);
    if (question)
        cli_metrics_question_release(question);
    store_close(store);
    till_free(question);
    return code;
}
