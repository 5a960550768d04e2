// SPDX-License-Identifier: Apache-2.0
// metrics.h - metrics as a table with sparklines, as Polar's JSON, as rows; and our numbers beside Polar's.
#ifndef TILL_VIEWS_METRICS_H
#define TILL_VIEWS_METRICS_H

#include "report/metrics.h"
#include "report/traffic.h"
#include "views/views.h"

// A line for each metric: total (or last value), the periods as a line of bars. Flagged ones are marked, the reasons stand below.
void view_metrics_text(struct buf *out, const struct view_style *style,
                       const struct report_metrics *report);
// The shape of GET /v1/metrics/, and an object `till` with approximate and unavailable: slug -> reason.
void view_metrics_json(struct buf *out, const struct report_metrics *report);
void view_metrics_open_json(struct buf *out,
                            const struct report_metrics *report); // without its last brace
// One row for each period: timestamp, then a column for each metric that has a value; then those of traffic that the question asks for, unless that is NULL.
enum till_code view_metrics_rows(struct row_view *view, const struct report_metrics *report,
                                 const struct report_traffic *traffic,
                                 struct till_error *e) TILL_MUSTUSE;
void view_verify_text(struct buf *out, const struct view_style *style,
                      const struct report_metrics *report, const struct report_verify *verify);
void view_verify_json(struct buf *out, const struct report_verify *verify);
enum till_code view_verify_rows(struct row_view *view, const struct report_verify *verify,
                                struct till_error *e) TILL_MUSTUSE;

// A number of JSON that reads back as the same double; reals always have a point or an exponent.
void view_number(struct buf *out, struct metrics_number number);
// 2026-08-01T00:00:00+02:00, as the zone's clocks show it; Z at an offset of nothing.
enum { VIEW_LOCAL_BYTES = 32 };
void view_local_time(char ret_text[static VIEW_LOCAL_BYTES], const struct zone *zone,
                     int64_t at_us);

#endif
