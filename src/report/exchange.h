// SPDX-License-Identifier: Apache-2.0
// exchange.h - the rates behind a converted total: one for each currency, or none, and from which day it is.
#ifndef TILL_REPORT_EXCHANGE_H
#define TILL_REPORT_EXCHANGE_H

#include "metrics/exchange.h"
#include "report/report.h"

struct report_exchange {
    metrics_currency into; // 0: no total was asked for
    bool has_events;       // mirrored: rates are in events alone
    struct exchange_rate rates[REPORT_CURRENCIES];
    size_t count;
};

// Rates of payments up to the end of a local day, of these organizations. currencies: those of the amounts, each once; LIMIT beyond REPORT_CURRENCIES.
struct report_exchange_query {
    const struct store_connection *connections;
    size_t connection_count;
    const struct zone *zone;
    struct civil_date until;
    metrics_currency into;
    const metrics_currency *currencies;
    size_t currency_count;
};
enum till_code report_exchange(struct store *store, const struct report_exchange_query *query,
                               struct report_exchange *ret_exchange,
                               struct till_error *e) TILL_MUSTUSE;
// The rates for all that a snapshot of today shows, of its own connections, up to now.
enum till_code report_today_exchange(struct store *store, const struct report_today *today,
                                     const struct store_connection *connections,
                                     size_t connection_count, const struct zone *zone,
                                     metrics_currency into, struct report_exchange *ret_exchange,
                                     struct till_error *e) TILL_MUSTUSE;
// The rate of a currency; one that is not known when the currency was not asked for.
struct exchange_rate report_exchange_rate(const struct report_exchange *exchange,
                                          metrics_currency from);
// Adds an amount in that currency to a total; nothing when its rate is not known.
void report_exchange_add(const struct report_exchange *exchange, metrics_currency from,
                         int64_t amount_minor, int64_t *total_minor);

#endif
