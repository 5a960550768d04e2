// SPDX-License-Identifier: Apache-2.0
// customers.c - `till customers`: who pays, who came, who left, who may leave.
#include "views/customers.h"
#include "base/fault.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/growth.h"

enum { TERMINAL_PEOPLE = 50 };

static enum till_code take_list(const struct cli *cli, enum report_people *ret_which,
                                struct till_error *e)
{
    int asked = 0;
    *ret_which = REPORT_PAYING;
    if (cli->options[OPTION_new])
        *ret_which = REPORT_NEW, asked++;
    if (cli->options[OPTION_lost])
        *ret_which = REPORT_LOST, asked++;
    if (cli->options[OPTION_at_risk])
        *ret_which = REPORT_AT_RISK, asked++;
    if (asked <= 1)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--new, --lost and --at-risk are three different lists");
    return till_error_hint(e, "ask for one of them, or for none: everybody who pays");
}

static enum till_code print(struct cli *cli, const struct report_customers *report,
                            struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK && view.format == VIEW_TABLE)
        view_customers_text(&cli->out, &cli->style, report);
    else if (code == TILL_OK && view.format == VIEW_JSON)
        view_customers_json(&cli->out, report);
    else if (code == TILL_OK)
        code = view_customers_rows(&view, report, e);
    return code;
}

enum till_code cli_customers(struct cli *cli, struct till_error *e)
{
    struct report_customers report = {0};
    struct store *store = NULL;
    enum report_people which = REPORT_PAYING;
    enum view_format format = VIEW_TABLE;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = take_list(cli, &which, e);
    if (code == TILL_OK)
        code = cli_format(cli, &format, e);
    int64_t limit = format == VIEW_TABLE ? TERMINAL_PEOPLE : 0;
    if (code == TILL_OK && cli->options[OPTION_limit])
        code = cli_count(cli->options[OPTION_limit], "--limit", TILL_LIMIT_IDS, &limit, e);
    if (code)
        return code;
    struct cli_metrics_question *question = till_calloc(1, sizeof *question);
    code = question ? cli_open_store(cli, STORE_READ_ONLY, &store, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code =
            cli_growth_question(cli, store, "till customers [--new|--lost|--at-risk]", question, e);
    if (code == TILL_OK)
        code = report_customers(store, &question->query, which, (size_t)limit,
                                clock_now_us(cli->clock), &arena, &report, e);
    if (code == TILL_OK)
        code = print(cli, &report, e);
    if (question)
        cli_metrics_question_release(question);
    store_close(store);
    till_free(question);
    return code;
}
