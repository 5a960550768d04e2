// SPDX-License-Identifier: Apache-2.0
// exchange.h - the rates of a converted total, beside it: no total is shown without them.
#ifndef TILL_VIEWS_EXCHANGE_H
#define TILL_VIEWS_EXCHANGE_H

#include "report/exchange.h"
#include "views/views.h"

// Lines: "at 1 EUR = 1.0843 USD (from Polar's settlements, 2026-11-20)", "without JPY: no rate known".
void view_exchange_text(struct buf *out, const struct report_exchange *exchange);
// "currency", "rates": [{"currency", "rate", "as_of", "source"}], null where none is known, "left_out": [currencies]
void view_exchange_json(struct buf *out, const struct report_exchange *exchange);

// Today and yesterday with a total in one currency; without it when exchange->into is 0.
void view_today_converted_text(struct buf *out, const struct view_style *style,
                               const struct report_today *today,
                               const struct report_exchange *exchange,
                               const struct report_today_traffic *traffic);
void view_today_converted_json(struct buf *out, const struct report_today *today,
                               const struct report_exchange *exchange,
                               const struct report_today_traffic *traffic);

#endif
