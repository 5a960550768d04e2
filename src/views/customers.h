// SPDX-License-Identifier: Apache-2.0
// customers.h - lists of customers for people, as JSON, as rows.
#ifndef TILL_VIEWS_CUSTOMERS_H
#define TILL_VIEWS_CUSTOMERS_H

#include "report/customers.h"
#include "views/views.h"

void view_customers_text(struct buf *out, const struct view_style *style,
                         const struct report_customers *report);
void view_customers_json(struct buf *out, const struct report_customers *report);
enum till_code view_customers_rows(struct row_view *view, const struct report_customers *report,
                                   struct till_error *e) TILL_MUSTUSE;

#endif
