// SPDX-License-Identifier: Apache-2.0
// cohorts.h - cohorts as triangles for each currency, as JSON, as rows.
#ifndef TILL_VIEWS_COHORTS_H
#define TILL_VIEWS_COHORTS_H

#include "metrics/cohorts.h"
#include "report/movements.h"
#include "views/views.h"

// of_money: shares of the MRR they began with; else of the customers.
void view_cohorts_text(struct buf *out, const struct view_style *style,
                       const struct report_movements *report, const struct cohorts *cohorts,
                       bool of_money);
void view_cohorts_json(struct buf *out, const struct report_movements *report,
                       const struct cohorts *cohorts);
// One row for each cell.
enum till_code view_cohorts_rows(struct row_view *view, const struct report_movements *report,
                                 const struct cohorts *cohorts, struct till_error *e) TILL_MUSTUSE;

#endif
