// SPDX-License-Identifier: Apache-2.0
// searches.h - searches as tables, as JSON, as rows.
#ifndef TILL_VIEWS_SEARCHES_H
#define TILL_VIEWS_SEARCHES_H

#include "report/searches.h"
#include "views/views.h"

void view_searches_text(struct buf *out, const struct view_style *style,
                        const struct report_searches *report);
void view_searches_json(struct buf *out, const struct report_searches *report);
// One row for each query and page.
enum till_code view_searches_rows(struct row_view *view, const struct report_searches *report,
                                  struct till_error *e) TILL_MUSTUSE;

#endif
