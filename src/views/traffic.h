// SPDX-License-Identifier: Apache-2.0
// traffic.h - traffic beside revenue as a table, as JSON, as rows. What nobody counted, or has nothing to divide by, is null, and a dash for people.
#ifndef TILL_VIEWS_TRAFFIC_H
#define TILL_VIEWS_TRAFFIC_H

#include "report/traffic.h"
#include "views/views.h"

// A line for each period, the range in whole, the sources with their freshness, and what must be known.
void view_traffic_text(struct buf *out, const struct view_style *style,
                       const struct report_traffic *report);
void view_traffic_json(struct buf *out, const struct report_traffic *report);
// One row for each period and currency; what is no money is repeated in each of them.
enum till_code view_traffic_rows(struct row_view *view, const struct report_traffic *report,
                                 struct till_error *e) TILL_MUSTUSE;

// ---- pieces ----
// The members of the object without its braces.
void view_traffic_members(struct buf *out, const struct report_traffic *report);
// "source":{...}|null,"sources":[...],"notes":[...]
void view_traffic_sources_json(struct buf *out, const struct report_traffic *report);
// The sources with their freshness, and the notes.
void view_traffic_notes_text(struct buf *out, const struct view_style *style,
                             const struct report_traffic *report);
// As members: each metric that is asked for; money as an object by currency.
void view_traffic_numbers(struct buf *out, const struct report_traffic *report,
                          const struct joined_answer *answer, size_t line,
                          const bool asked[TRAFFIC_METRIC__COUNT]);
// For people: "1,234", "2.31%", "$4.10", "-".
void view_traffic_value(struct buf *out, const struct view_style *style,
                        struct joined_number number, enum traffic_metric_type type,
                        struct sv currency);
// {"value":...} in JSON: a number or null.
void view_traffic_json_number(struct buf *out, const char *key, struct joined_number number);

// ---- `till metrics traffic.…` ----
// "traffic":{"periods":...,"totals":...,"metrics":...,...}
void view_traffic_metrics_json(struct buf *out, const struct report_traffic *report,
                               const bool asked[TRAFFIC_METRIC__COUNT]);
// A line for each metric (and currency): its total.
void view_traffic_metrics_text(struct buf *out, const struct view_style *style,
                               const struct report_traffic *report,
                               const bool asked[TRAFFIC_METRIC__COUNT]);

#endif
