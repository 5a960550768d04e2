// SPDX-License-Identifier: Apache-2.0
// breakdown.c - `till breakdown`: sales and recurring revenue by product, country, source, ...
#include "views/breakdown.h"
#include "base/fault.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/growth.h"

static enum till_code take_dimension(const struct cli *cli, enum store_dimension *ret_by,
                                     struct till_error *e)
{
    const char *word = cli->options[OPTION_by];
    *ret_by = STORE_BY_PRODUCT;
    if (!word || report_dimension_parse(sv_of(word), ret_by))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--by: \"%s\" is not something to break down by", word);
    return till_error_hint(e,
                           "choose product, country, currency, billing_reason, discount, source, "
                           "medium or campaign");
}

static enum till_code print(struct cli *cli, const struct report_breakdown *report,
                            struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK && view.format == VIEW_TABLE)
        view_breakdown_text(&cli->out, &cli->style, report);
    else if (code == TILL_OK && view.format == VIEW_JSON)
        view_breakdown_json(&cli->out, report);
    else if (code == TILL_OK)
        code = view_breakdown_rows(&view, report, e);
    return code;
}

enum till_code cli_breakdown(struct cli *cli, struct till_error *e)
{
    struct report_breakdown report = {0};
    struct store *store = NULL;
    enum store_dimension by = STORE_BY_PRODUCT;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = take_dimension(cli, &by, e);
    if (code)
        return code;
    struct cli_metrics_question *question = till_calloc(1, sizeof *question);
    code = question ? cli_open_store(cli, STORE_READ_ONLY, &store, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = cli_growth_question(cli, store, "till breakdown --by WHAT [--from DATE] [--to DATE]",
                                   question, e);
    if (code == TILL_OK)
        code = report_breakdown(store, &question->query, by, clock_now_us(cli->clock), &arena,
                                &report, e);
    if (code == TILL_OK)
        code = print(cli, &report, e);
    if (question)
        cli_metrics_question_release(question);
    store_close(store);
    till_free(question);
    return code;
}
