// SPDX-License-Identifier: Apache-2.0
// customers.c - `till customers`: who pays, who came, who left, who may leave.
#include "views/customers.h"
#include "base/limits.h"
#include "cli/growth.h"

enum { TERMINAL_PEOPLE = 50 };

struct wish {
    enum report_people which;
    size_t limit;
};

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

static enum till_code take_limit(const struct cli *cli, size_t *ret_limit, struct till_error *e)
{
    enum view_format format = VIEW_TABLE;
    enum till_code code = cli_format(cli, &format, e);
    int64_t limit = format == VIEW_TABLE ? TERMINAL_PEOPLE : 0;
    if (code == TILL_OK && cli->options[OPTION_limit])
        code = cli_count(cli->options[OPTION_limit], "--limit", TILL_LIMIT_IDS, &limit, e);
    *ret_limit = (size_t)limit;
    return code;
}

static enum till_code make(const struct cli_report_source *source, void *ret_report,
                           struct till_error *e)
{
    const struct wish *wish = source->wish;
    return report_customers(source->store, source->query, wish->which, wish->limit, source->now_us,
                            source->arena, ret_report, e);
}

static void text(struct buf *out, const struct view_style *style, const void *report)
{
    view_customers_text(out, style, report);
}

static void json(struct buf *out, const void *report)
{
    view_customers_json(out, report);
}

static enum till_code rows(struct row_view *view, const void *report, struct till_error *e)
{
    return view_customers_rows(view, report, e);
}

enum till_code cli_customers(struct cli *cli, struct till_error *e)
{
    static const struct cli_report report = {.usage = "till customers [--new|--lost|--at-risk]",
                                             .bytes = sizeof(struct report_customers),
                                             .make = make,
                                             .text = text,
                                             .json = json,
                                             .rows = rows};
    struct wish wish = {.which = REPORT_PAYING};
    enum till_code code = take_list(cli, &wish.which, e);
    if (code == TILL_OK)
        code = take_limit(cli, &wish.limit, e);
    return code ? code : cli_report(cli, &report, &wish, e);
}
