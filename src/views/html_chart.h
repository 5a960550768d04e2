// SPDX-License-Identifier: Apache-2.0
// html_chart.h - charts of the overview's file (private to this room): shapes in SVG that stretch with the page, words in HTML that do not.
#ifndef TILL_VIEWS_HTML_CHART_H
#define TILL_VIEWS_HTML_CHART_H

#include "report/overview.h"
#include "store/notes.h"

enum { HTML_LAYERS = 5 };
struct html_layer { // of a stack
    const char *name, *class_name;
    bool is_loss; // stands below the line of nothing
};
struct html_plot {
    const char *label; // what is to be seen, for who cannot see it
    size_t count;
    const int64_t *starts_us; // count + 1
    enum metrics_interval interval;
    const struct zone *zone;
    const void *context;
    double (*value)(const void *context, size_t index, size_t layer); // minor units, or counts
    size_t before_count;                                              // 0: nothing to compare with
    double (*before)(const void *context, size_t index);
    const struct html_layer *layers; // stacks alone
    size_t layer_count;
    bool is_partial; // the last period is not over
    bool is_level;   // its sparkline need not begin at nothing
    int digits;      // decimals of the values' unit
    double goal;     // 0 = none
    const struct store_annotations *annotations;
};
void html_bars(struct buf *out, const struct html_plot *plot);
void html_line(struct buf *out, const struct html_plot *plot);
void html_stacks(struct buf *out, const struct html_plot *plot);
// A line alone.
void html_spark(struct buf *out, const struct html_plot *plot);
// The annotations in the plot's range, numbered as their marks are. Nothing without any.
void html_annotations(struct buf *out, const struct html_plot *plot);

// "3 Nov", "Nov", "14:00"; is_long: "3 Nov 2026", "week of 3 Nov 2026", "Nov 2026".
void html_period(struct buf *out, const struct zone *zone, enum metrics_interval interval,
                 int64_t at_us, bool is_long);
// "3 Nov 2026"
void html_date(struct buf *out, struct civil_date date);
// "12.5k"; decimals: of the unit.
void html_short_number(struct buf *out, double value, int digits);

// ---- html_traffic.c: the section about visitors; nothing without a source of them ----
struct view_html_options;
void html_traffic(struct buf *out, const struct report_overview *overview,
                  const struct view_html_options *options);

#endif
