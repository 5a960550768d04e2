// SPDX-License-Identifier: Apache-2.0
// html_traffic.c - visitors in the overview's file: a chart of the source's days below that of revenue, its table, and what must be known about them.
#include <stdio.h>

#include "metrics/joined.h"
#include "views/html.h"
#include "views/html_chart.h"
#include "views/traffic.h"

static double visitors_value(const void *context, size_t index, size_t layer)
{
    const struct report_traffic *traffic = context;
    (void)layer;
    return (double)traffic->answer.lines[index].visitors;
}

static void put_number(struct buf *out, const struct report_traffic *traffic,
                       const struct view_style *style, size_t line, enum traffic_metric_id id)
{
    view_traffic_value(out, style,
                       report_traffic_number(traffic, &traffic->answer, line, SIZE_MAX, id),
                       model_traffic_metric(id)->type, SV(""));
}

static void put_table(struct buf *out, const struct report_traffic *traffic,
                      const struct html_plot *plot, const struct view_style *style)
{
    static const enum traffic_metric_id columns[] = {
        TRAFFIC_METRIC_visitors, TRAFFIC_METRIC_checkouts, TRAFFIC_METRIC_new_orders,
        TRAFFIC_METRIC_conversion};
    buf_text(out, "<details>\n<summary>Table</summary>\n<table>\n<caption class=\"sr\">Visitors"
                  "</caption>\n<thead><tr><th scope=\"col\">Period</th>");
    for (size_t i = 0; i < TILL_COUNT(columns); i++)
        buf_format(out, "<th scope=\"col\" class=\"num\">%s</th>",
                   model_traffic_metric(columns[i])->name);
    buf_text(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < plot->count; i++) {
        buf_text(out, "<tr><th scope=\"row\">");
        html_period(out, plot->zone, plot->interval, plot->starts_us[i], true);
        buf_text(out, traffic->answer.lines[i].open > 0 ? " (not final)</th>" : "</th>");
        for (size_t k = 0; k < TILL_COUNT(columns); k++) {
            buf_text(out, "<td class=\"num\">");
            put_number(out, traffic, style, i, columns[k]);
            buf_text(out, "</td>");
        }
        buf_text(out, "</tr>\n");
    }
    buf_text(out, "</tbody>\n</table>\n</details>\n");
}

void html_traffic(struct buf *out, const struct report_overview *overview,
                  const struct view_html_options *options)
{
    const struct report_traffic *traffic = &overview->traffic;
    const struct joined_answer *answer = &traffic->answer;
    const struct report_metrics_query *query = &overview->question.query;
    size_t count = answer->period_count;
    if (!overview->has_traffic)
        return;
    while (count > 1 && answer->starts_us[count - 1] > overview->question.now_us)
        count--;
    const struct html_plot plot = {
        .label = "Visitors; the table below has the numbers",
        .count = count,
        .starts_us = answer->starts_us,
        .interval = query->interval,
        .zone = query->zone,
        .context = traffic,
        .value = visitors_value,
        .is_partial = answer->lines[count - 1].open > 0,
        .annotations = options->annotations,
    };
    buf_text(out, "<section class=\"part c12\">\n<header><h2>Visitors</h2><span class=\"total\">");
    put_number(out, traffic, options->style, answer->period_count, TRAFFIC_METRIC_visitors);
    buf_text(out, "</span><span class=\"quiet\">conversion ");
    put_number(out, traffic, options->style, answer->period_count, TRAFFIC_METRIC_conversion);
    buf_text(out, ": new orders for each of them</span></header>\n");
    html_bars(out, &plot);
    put_table(out, traffic, &plot, options->style);
    for (size_t i = 0; i < traffic->note_count; i++) {
        buf_text(out, "<p class=\"quiet\">");
        view_html_text(out, traffic->notes[i]);
        buf_text(out, ".</p>\n");
    }
    buf_text(out, "</section>\n");
}
