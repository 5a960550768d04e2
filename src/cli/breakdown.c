// SPDX-License-Identifier: Apache-2.0
// breakdown.c - `till breakdown`: sales and recurring revenue by product, country, source, ...
#include "views/breakdown.h"
#include "cli/growth.h"

struct wish {
    enum store_dimension by;
    const char *traffic_source;
};

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
                           "medium, campaign or landing-page");
}

static enum till_code make(const struct cli_report_source *source, void *ret_report,
                           struct till_error *e)
{
    const struct wish *wish = source->wish;
    return report_breakdown(source->store, source->query, wish->by, wish->traffic_source,
                            source->now_us, source->arena, ret_report, e);
}

static void text(struct buf *out, const struct view_style *style, const void *report)
{
    view_breakdown_text(out, style, report);
}

static void json(struct buf *out, const void *report)
{
    view_breakdown_json(out, report);
}

static enum till_code rows(struct row_view *view, const void *report, struct till_error *e)
{
    return view_breakdown_rows(view, report, e);
}

enum till_code cli_breakdown(struct cli *cli, struct till_error *e)
{
    static const struct cli_report report = {
        .usage = "till breakdown --by WHAT [--from DATE] [--to DATE]",
        .bytes = sizeof(struct report_breakdown),
        .make = make,
        .text = text,
        .json = json,
        .rows = rows};
    struct wish wish = {STORE_BY_PRODUCT, cli->options[OPTION_traffic_source]};
    enum till_code code = take_dimension(cli, &wish.by, e);
    return code ? code : cli_report(cli, &report, &wish, e);
}
