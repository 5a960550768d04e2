// SPDX-License-Identifier: Apache-2.0
// breakdown.h - a breakdown as tables for each currency, as JSON, as rows.
#ifndef TILL_VIEWS_BREAKDOWN_H
#define TILL_VIEWS_BREAKDOWN_H

#include "report/breakdown.h"
#include "views/views.h"

void view_breakdown_text(struct buf *out, const struct view_style *style,
                         const struct report_breakdown *report);
void view_breakdown_json(struct buf *out, const struct report_breakdown *report);
enum till_code view_breakdown_rows(struct row_view *view, const struct report_breakdown *report,
                                   struct till_error *e) TILL_MUSTUSE;

#endif
