// SPDX-License-Identifier: Apache-2.0
// traffic.c - `till traffic`: visitors, checkouts, orders and searches by day.
#include "views/traffic.h"
#include "cli/growth.h"
#include "views/searches.h"

static enum till_code make(const struct cli_report_source *source, void *ret_report,
                           struct till_error *e)
{
    const struct report_traffic_question question = {.query = *source->query,
                                                     .source = source->wish,
                                                     .compare = REPORT_PREVIOUS,
                                                     .now_us = source->now_us};
    return report_traffic(source->store, &question, source->arena, ret_report, e);
}

static void text(struct buf *out, const struct view_style *style, const void *report)
{
    view_traffic_text(out, style, report);
}

static void json(struct buf *out, const void *report)
{
    view_traffic_json(out, report);
}

static enum till_code rows(struct row_view *view, const void *report, struct till_error *e)
{
    return view_traffic_rows(view, report, e);
}

// Rows have no place for notes.
static void say(const struct cli *cli, const void *made)
{
    const struct report_traffic *report = made;
    for (size_t i = 0; i < report->note_count; i++)
        cli_say(cli, "till: " SV_FORMAT, SV_ARGS(report->notes[i]));
}

static void release(void *report)
{
    report_traffic_release(report);
}

// ---- searches ----

static enum till_code make_searches(const struct cli_report_source *source, void *ret_report,
                                    struct till_error *e)
{
    const struct report_traffic_question question = {.query = *source->query,
                                                     .source = source->wish,
                                                     .compare = REPORT_PREVIOUS,
                                                     .now_us = source->now_us};
    return report_searches(source->store, &question, source->arena, ret_report, e);
}

static void searches_text(struct buf *out, const struct view_style *style, const void *report)
{
    view_searches_text(out, style, report);
}

static void searches_json(struct buf *out, const void *report)
{
    view_searches_json(out, report);
}

static enum till_code searches_rows(struct row_view *view, const void *report, struct till_error *e)
{
    return view_searches_rows(view, report, e);
}

static void searches_say(const struct cli *cli, const void *made)
{
    const struct report_searches *report = made;
    say(cli, &report->traffic);
}

static void searches_release(void *report)
{
    report_searches_release(report);
}

enum till_code cli_traffic(struct cli *cli, struct till_error *e)
{
    static const struct cli_report report = {.bytes = sizeof(struct report_traffic),
                                             .make = make,
                                             .text = text,
                                             .json = json,
                                             .rows = rows,
                                             .say = say,
                                             .release = release};
    static const struct cli_report searches = {.bytes = sizeof(struct report_searches),
                                               .make = make_searches,
                                               .text = searches_text,
                                               .json = searches_json,
                                               .rows = searches_rows,
                                               .say = searches_say,
                                               .release = searches_release};
    const struct cli_report *asked = cli->options[OPTION_searches] ? &searches : &report;
    enum till_code code =
        cli_expect_arguments(cli, 0, 0, "till traffic [--from DATE] [--to DATE]", e);
    return code ? code : cli_report(cli, asked, cli->options[OPTION_traffic_source], e);
}
