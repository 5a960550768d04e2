// SPDX-License-Identifier: Apache-2.0
// movements.h - how recurring revenue moved, over the mirror: rows out of the store into the engine, once for each question.
#ifndef TILL_REPORT_MOVEMENTS_H
#define TILL_REPORT_MOVEMENTS_H

#include "metrics/movements.h"
#include "report/exchange.h"
#include "report/metrics.h"

struct report_movements {
    struct movements *engine; // owns what answer points to
    struct movements_answer answer;
    struct report_metrics_query query; // as asked; of its filters the products alone
    int64_t now_us, fresh_as_of_us;    // fresh_as_of_us: of the oldest table that was read
    bool has_events;
    enum movements_source source;    // the worst that any movement in the range relies on
    struct report_exchange exchange; // when the query has into: rates as of the end of the range
    struct movements_line
        together; // then: money of the whole range in that currency; each part converted by itself, the end their sum
};
// CONFIG when the subscriptions have never landed. report_movements_release() also after a failure.
enum till_code report_movements(struct store *store, const struct report_metrics_query *query,
                                int64_t now_us, struct report_movements *ret_report,
                                struct till_error *e) TILL_MUSTUSE;
// Subscriptions and the tax in their prices alone, for movements_now(). The caller closes it, also after a failure (then it may be NULL).
enum till_code report_movements_now(struct store *store, struct sv organization_id, int64_t now_us,
                                    const struct zone *zone, struct movements **ret_engine,
                                    struct till_error *e) TILL_MUSTUSE;
// The same of a few: ids is a JSON array of ids of subscriptions, or of their customers.
enum till_code report_movements_few(struct store *store, struct sv ids, bool of_customers,
                                    int64_t now_us, const struct zone *zone,
                                    struct movements **ret_engine,
                                    struct till_error *e) TILL_MUSTUSE;
// A uuid as the service writes it.
enum { REPORT_ID_BYTES = 37 };
void report_id_text(struct metrics_id id, char ret_text[static REPORT_ID_BYTES]);
void report_movements_release(struct report_movements *report); // accepts a zeroed one

#endif
