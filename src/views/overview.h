// SPDX-License-Identifier: Apache-2.0
// overview.h - the first page as JSON.
#ifndef TILL_VIEWS_OVERVIEW_H
#define TILL_VIEWS_OVERVIEW_H

#include "report/overview.h"
#include "views/views.h"

// Members of the object without its braces, so that the caller may add what no report knows (annotations, goals).
void view_overview_json(struct buf *out, const struct report_overview *overview);

#endif
