// SPDX-License-Identifier: Apache-2.0
// exchange.c - payments out of the store into rates.
#include "report/exchange.h"

#include <string.h>

#include "base/fault.h"
#include "report/values.h"
#include "store/metrics_rows.h"

struct reading {
    struct exchange exchange;
    const struct zone *zone;
};

static enum till_code take_payment(void *context, const struct value *v, size_t count,
                                   struct till_error *e)
{
    struct reading *reading = context;
    (void)e;
    int64_t at_us = count == STORE_PAYMENT__COUNT ? moment_of(&v[STORE_PAYMENT_AT]) : METRICS_NULL;
    if (at_us == METRICS_NULL)
        return TILL_OK;
    struct exchange_payment payment = {
        .paid = metrics_currency_of(text_of(&v[STORE_PAYMENT_PAID_CURRENCY])),
        .settled = metrics_currency_of(text_of(&v[STORE_PAYMENT_SETTLED_CURRENCY])),
        .day = civil_date_to_days(zone_date(reading->zone, at_us)),
        .paid_minor = integer_of(&v[STORE_PAYMENT_PAID], 0),
        .settled_minor = integer_of(&v[STORE_PAYMENT_SETTLED], 0),
        .rate = real_of(&v[STORE_PAYMENT_RATE]),
    };
    exchange_observe(&reading->exchange, &payment);
    return TILL_OK;
}

static enum till_code read_connection(struct store *store,
                                      const struct store_connection *connection, int64_t to_us,
                                      struct reading *reading, bool *has_events,
                                      struct till_error *e)
{
    struct report_card card = {.connection = *connection};
    struct store_table_state *state = &card.tables[TABLE_events];
    struct sv organization_id = sv_of(connection->organization_id);
    const struct store_metric_sink payments = {take_payment, reading};
    enum till_code code =
        store_table_state(store, organization_id, model_table(TABLE_events), state, e);
    if (code || !report_card_reads(&card, TABLE_events) || state->last_success_us == 0)
        return code;
    *has_events = true;
    return store_metric_payments(store, organization_id, to_us, &payments, e);
}

enum till_code report_exchange(struct store *store, const struct report_exchange_query *query,
                               struct report_exchange *ret_exchange, struct till_error *e)
{
    int64_t to_us = zone_day_start_us(query->zone, civil_date_add_days(query->until, 1)) - 1;
    enum till_code code = TILL_OK;
    memset(ret_exchange, 0, sizeof *ret_exchange);
    if (query->currency_count > REPORT_CURRENCIES)
        return TILL_FAIL(e, TILL_LIMIT, 0, "there are more than %d currencies", REPORT_CURRENCIES);
    struct reading *reading = till_calloc(1, sizeof *reading);
    if (!reading)
        return TILL_FAIL_MEMORY(e);
    reading->zone = query->zone;
    for (size_t i = 0; i < query->connection_count && code == TILL_OK; i++)
        code = read_connection(store, &query->connections[i], to_us, reading,
                               &ret_exchange->has_events, e);
    ret_exchange->into = query->into;
    for (size_t i = 0; i < query->currency_count; i++)
        ret_exchange->rates[ret_exchange->count++] =
            exchange_find(&reading->exchange, query->currencies[i], query->into);
    till_free(reading);
    return code ? till_error_context(e, "could not find exchange rates") : TILL_OK;
}

static void note_currencies(const struct report_day *day, metrics_currency *currencies,
                            size_t *count)
{
    for (size_t i = 0; i < day->line_count; i++) {
        metrics_currency currency = metrics_currency_of(sv_of(day->lines[i].currency));
        size_t k = 0;
        while (k < *count && currencies[k] != currency)
            k++;
        if (k == *count)
            currencies[(*count)++] = currency;
    }
}

enum till_code report_today_exchange(struct store *store, const struct report_today *today,
                                     const struct store_connection *connections,
                                     size_t connection_count, const struct zone *zone,
                                     metrics_currency into, struct report_exchange *ret_exchange,
                                     struct till_error *e)
{
    metrics_currency currencies[2 * REPORT_CURRENCIES];
    struct report_exchange_query question = {.connections = connections,
                                             .connection_count = connection_count,
                                             .zone = zone,
                                             .until = today->today.date,
                                             .into = into,
                                             .currencies = currencies};
    note_currencies(&today->today, currencies, &question.currency_count);
    note_currencies(&today->yesterday, currencies, &question.currency_count);
    return report_exchange(store, &question, ret_exchange, e);
}

struct exchange_rate report_exchange_rate(const struct report_exchange *exchange,
                                          metrics_currency from)
{
    for (size_t i = 0; i < exchange->count; i++)
        if (exchange->rates[i].from == from)
            return exchange->rates[i];
    return (struct exchange_rate){.from = from, .into = exchange->into};
}

void report_exchange_add(const struct report_exchange *exchange, metrics_currency from,
                         int64_t amount_minor, int64_t *total_minor)
{
    struct exchange_rate rate = report_exchange_rate(exchange, from);
    int64_t minor = exchange_apply(&rate, amount_minor);
    if (__builtin_add_overflow(*total_minor, minor, total_minor))
        *total_minor = minor < 0 ? INT64_MIN : INT64_MAX;
}
