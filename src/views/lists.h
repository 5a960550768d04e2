// SPDX-License-Identifier: Apache-2.0
// lists.h - pages of lists, and one customer, as JSON.
#ifndef TILL_VIEWS_LISTS_H
#define TILL_VIEWS_LISTS_H

#include "report/lists.h"
#include "views/views.h"

// next: where the next page goes on; .ptr NULL = there is none. sorts: of this list, separated by spaces.
void view_list_json(struct buf *out, const struct report_list *list, struct sv next);
void view_customer_json(struct buf *out, const struct report_customer *customer);

#endif
