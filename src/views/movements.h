// SPDX-License-Identifier: Apache-2.0
// movements.h - movements of recurring revenue as a table, as JSON, as rows; and the small pieces that the reports on growth share.
#ifndef TILL_VIEWS_MOVEMENTS_H
#define TILL_VIEWS_MOVEMENTS_H

#include "report/movements.h"
#include "views/views.h"

// For each currency a line for each period, the range in whole, and its rates with their formulas.
void view_movements_text(struct buf *out, const struct view_style *style,
                         const struct report_movements *report);
void view_movements_json(struct buf *out, const struct report_movements *report);
// One row for each currency and period.
enum till_code view_movements_rows(struct row_view *view, const struct report_movements *report,
                                   struct till_error *e) TILL_MUSTUSE;

// ---- pieces ----
enum { VIEW_SPARK_COLUMNS = 48, VIEW_CURRENCY_BYTES = 4 };
// Values as bars, from nothing (or the lowest below it) to the highest; more values than columns share one, at their mean.
void view_spark(struct buf *out, const struct view_style *style, const int64_t *values,
                size_t count);
// Puts a piece behind `out`, and its failure too.
void view_piece(struct buf *out, const struct buf *piece);
// money_format() in the style's language.
void view_money(struct buf *out, const struct view_style *style, int64_t amount_minor,
                struct sv currency);
// "usd"; the other writes "USD".
void view_currency(char ret_text[static VIEW_CURRENCY_BYTES], metrics_currency currency);
void view_currency_title(char ret_text[static VIEW_CURRENCY_BYTES], metrics_currency currency);
// "2026-08-01", with the hour when is_hour.
void view_period(struct buf *out, const struct zone *zone, int64_t at_us, bool is_hour);
// Organization, range, interval and zone: the head of a report.
void view_report_title(struct buf *out, const struct view_style *style,
                       const struct report_metrics_query *query);
// "start_date":...,"end_date":...,"interval":...,"timezone":...
void view_report_json(struct buf *out, const struct report_metrics_query *query);
// "Source: events: ...", wrapped; nothing when nothing moved.
void view_source(struct buf *out, enum movements_source source);
// The same two without the interval.
void view_range_title(struct buf *out, const struct view_style *style,
                      const struct report_metrics_query *query);
void view_range_json(struct buf *out, const struct report_metrics_query *query);
// A grid of short texts for people: the first column and those of `left` (a bit for each) to the left, the others to the right; its first row is the head.
// Cells are copied.
struct view_grid {
    struct arena *arena;
    struct sv *cells;
    size_t columns, count, capacity;
    unsigned left;
    enum till_code failure; // of a cell; `out` takes it when the grid is shown
};
void view_grid_put(struct view_grid *grid, struct sv text);
void view_grid_piece(struct view_grid *grid, const struct buf *piece);
void view_grid_money(struct view_grid *grid, int64_t amount_minor, struct sv currency);
void view_grid_count(struct view_grid *grid, int64_t count);
void view_grid_show(const struct view_grid *grid, struct buf *out, const struct view_style *style);

#endif
