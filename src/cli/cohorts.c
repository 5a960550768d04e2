// SPDX-License-Identifier: Apache-2.0
// cohorts.c - `till cohorts`: what became of those who began together.
#include <string.h>

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

// The cohorts look at what the movements hold.
struct cohorts_report {
    struct report_movements movements;
    struct cohorts cohorts;
    bool of_money;
};

static enum till_code make(const struct cli_report_source *source, void *ret_report,
                           struct till_error *e)
{
    struct cohorts_report *report = ret_report;
    const bool *of_money = source->wish;
    report->of_money = *of_money;
    enum till_code code =
        report_movements(source->store, source->query, source->now_us, &report->movements, e);
    return code ? code : cohorts_make(report->movements.engine, &report->cohorts, e);
}

static void text(struct buf *out, const struct view_style *style, const void *made)
{
    const struct cohorts_report *report = made;
    view_cohorts_text(out, style, &report->movements, &report->cohorts, report->of_money);
}

static void json(struct buf *out, const void *made)
{
    const struct cohorts_report *report = made;
    view_cohorts_json(out, &report->movements, &report->cohorts);
}

static enum till_code rows(struct row_view *view, const void *made, struct till_error *e)
{
    const struct cohorts_report *report = made;
    return view_cohorts_rows(view, &report->movements, &report->cohorts, e);
}

static void release(void *made)
{
    struct cohorts_report *report = made;
    cohorts_release(&report->cohorts);
    report_movements_release(&report->movements);
}

enum till_code cli_cohorts(struct cli *cli, struct till_error *e)
{
    static const struct cli_report report = {.usage = "till cohorts [--of customers|money]",
                                             .bytes = sizeof(struct cohorts_report),
                                             .make = make,
                                             .text = text,
                                             .json = json,
                                             .rows = rows,
                                             .release = release};
    bool of_money = false;
    enum till_code code = take_of(cli, &of_money, e);
    return code ? code : cli_report(cli, &report, &of_money, e);
}
