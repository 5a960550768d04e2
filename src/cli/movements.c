// SPDX-License-Identifier: Apache-2.0
// movements.c - `till movements`: how recurring revenue moved.
#include "views/movements.h"
#include "cli/growth.h"

static enum till_code make(const struct cli_report_source *source, void *ret_report,
                           struct till_error *e)
{
    return report_movements(source->store, source->query, source->now_us, ret_report, e);
}

static void text(struct buf *out, const struct view_style *style, const void *report)
{
    view_movements_text(out, style, report);
}

static void json(struct buf *out, const void *report)
{
    view_movements_json(out, report);
}

static enum till_code rows(struct row_view *view, const void *report, struct till_error *e)
{
    return view_movements_rows(view, report, e);
}

static void release(void *report)
{
    report_movements_release(report);
}

enum till_code cli_movements(struct cli *cli, struct till_error *e)
{
    static const struct cli_report report = {.usage = "till movements [--from DATE] [--to DATE]",
                                             .bytes = sizeof(struct report_movements),
                                             .make = make,
                                             .text = text,
                                             .json = json,
                                             .rows = rows,
                                             .release = release};
    return cli_report(cli, &report, NULL, e);
}
