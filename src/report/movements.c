// SPDX-License-Identifier: Apache-2.0
// movements.c - reads what is known of the prices of subscriptions: rows, taxes, events, changes that syncs saw, and bills where nothing better is there.
#include "report/movements.h"

#include <string.h>

#include "base/fault.h"
#include "report/bills.h"
#include "report/report.h"
#include "report/values.h"
#include "store/lists.h"
#include "store/movement_rows.h"

struct reading {
    struct movements *engine;
    struct store *store;
    // The row whose changes are being read, newest first.
    struct metrics_id seen_id;
    struct movements_terms seen_terms;
    int64_t seen_us;
    bool has_seen, is_known;
    bool has_taxes; // some checkout's price holds its tax: orders with tax matter, however old
};

static struct movements_terms terms_of(const struct value *amount, const struct value *interval,
                                       const struct value *count)
{
    struct movements_terms terms = {integer_of(amount, METRICS_NULL), METRICS_MONTH,
                                    integer_of(count, 1)};
    (void)metrics_interval_parse(text_of(interval), &terms.interval);
    return terms;
}

// ---- rows ----

static enum till_code take_subscription(void *context, const struct value *v, size_t count,
                                        struct till_error *e)
{
    const struct reading *reading = context;
    if (count < STORE_SUBSCRIPTION__COUNT)
        return TILL_OK;
    int64_t ended_us = moment_of(&v[STORE_SUBSCRIPTION_ENDED]);
    struct movements_subscription row = {
        .id = metrics_id(text_of(&v[STORE_SUBSCRIPTION_ID])),
        .customer = metrics_id(text_of(&v[STORE_SUBSCRIPTION_CUSTOMER])),
        .product = metrics_id(text_of(&v[STORE_SUBSCRIPTION_PRODUCT])),
        .started_us = moment_of(&v[STORE_SUBSCRIPTION_STARTED]),
        .end_us = ended_us != METRICS_NULL ? ended_us : moment_of(&v[STORE_SUBSCRIPTION_ENDS]),
        .trial_end_us = moment_of(&v[STORE_SUBSCRIPTION_TRIAL_END]),
        .terms = terms_of(&v[STORE_SUBSCRIPTION_AMOUNT], &v[STORE_SUBSCRIPTION_INTERVAL],
                          &v[STORE_SUBSCRIPTION_INTERVAL_COUNT]),
        .currency = metrics_currency_of(text_of(&v[STORE_SUBSCRIPTION_CURRENCY])),
    };
    return movements_subscription(reading->engine, &row, e);
}

static enum till_code take_taxed_order(void *context, const struct value *v, size_t count,
                                       struct till_error *e)
{
    const struct reading *reading = context;
    int64_t tax_minor = count > STORE_ORDER_SUBSCRIPTION ? integer_of(&v[STORE_ORDER_TAX], 0) : 0;
    (void)e;
    if (tax_minor == 0)
        return TILL_OK;
    // A newer order whose price does not hold its tax ends the share as well.
    movements_tax(reading->engine, metrics_id(text_of(&v[STORE_ORDER_SUBSCRIPTION])),
                  moment_of(&v[STORE_ORDER_CREATED]), integer_of(&v[STORE_ORDER_NET], 0),
                  tax_minor > 0 ? tax_minor : 0);
    return TILL_OK;
}

static enum till_code take_checkout_tax(void *context, const struct value *v, size_t count,
                                        struct till_error *e)
{
    struct reading *reading = context;
    (void)e;
    reading->has_taxes = true;
    if (count == STORE_TAX__COUNT)
        movements_tax(reading->engine, metrics_id(text_of(&v[STORE_TAX_SUBSCRIPTION])),
                      METRICS_NULL + 1, integer_of(&v[STORE_TAX_NET], 0),
                      integer_of(&v[STORE_TAX_AMOUNT], 0));
    return TILL_OK;
}

static enum till_code take_event(void *context, const struct value *v, size_t count,
                                 struct till_error *e)
{
    const struct reading *reading = context;
    if (count < STORE_TOLD__COUNT)
        return TILL_OK;
    struct sv name = text_of(&v[STORE_TOLD_NAME]);
    bool is_change =
        name.len > 8 && sv_equal((struct sv){name.ptr + name.len - 8, 8}, SV("_updated"));
    bool is_end = sv_equal(name, SV("subscription.revoked"));
    bool is_back = sv_equal(name, SV("subscription.reinstated"));
    struct movements_price price = {
        .subscription = metrics_id(text_of(&v[STORE_TOLD_SUBSCRIPTION])),
        .at_us = moment_of(&v[STORE_TOLD_AT]),
        .terms =
            terms_of(&v[STORE_TOLD_AMOUNT], &v[STORE_TOLD_INTERVAL], &v[STORE_TOLD_INTERVAL_COUNT]),
        .currency = metrics_currency_of(text_of(&v[STORE_TOLD_CURRENCY])),
        .source = MOVEMENTS_EVENTS,
        .effect = is_end    ? MOVEMENTS_CLOSES
                  : is_back ? MOVEMENTS_OPENS
                            : MOVEMENTS_STAYS,
    };
    if (!is_change && price.terms.amount_minor == METRICS_NULL && price.effect == MOVEMENTS_STAYS)
        return TILL_OK; // tells nothing
    if (is_change)
        price.terms.amount_minor = METRICS_NULL;
    return movements_price(reading->engine, &price, e);
}

// ---- what syncs saw: from today's terms back, change by change ----

static enum till_code put_seen(const struct reading *reading, enum movements_effect effect,
                               int64_t at_us, struct till_error *e)
{
    struct movements_price price = {.subscription = reading->seen_id,
                                    .at_us = at_us,
                                    .terms = reading->seen_terms,
                                    .source = MOVEMENTS_OBSERVED,
                                    .effect = effect};
    return movements_price(reading->engine, &price, e);
}

// All changes of one row have been read: what is left are the terms before the first of them.
static void close_seen(struct reading *reading)
{
    if (reading->has_seen && reading->is_known)
        movements_before(reading->engine, reading->seen_id, &reading->seen_terms);
    reading->has_seen = false;
}

static enum till_code take_change(void *context, const struct value *v, size_t count,
                                  struct till_error *e)
{
    struct reading *reading = context;
    enum till_code code = TILL_OK;
    if (count < STORE_SEEN__COUNT)
        return TILL_OK;
    struct metrics_id id = metrics_id(text_of(&v[STORE_SEEN_SUBSCRIPTION]));
    struct sv column = text_of(&v[STORE_SEEN_COLUMN]);
    int64_t at_us = moment_of(&v[STORE_SEEN_AT]);
    if (!reading->has_seen || id.high != reading->seen_id.high || id.low != reading->seen_id.low) {
        close_seen(reading);
        reading->seen_id = id;
        reading->has_seen = true;
        reading->seen_us = METRICS_NULL;
        reading->is_known = movements_terms(reading->engine, id, &reading->seen_terms);
    }
    if (!reading->is_known)
        return TILL_OK;
    if (sv_equal(column, SV("ended_at"))) {
        bool is_back = v[STORE_SEEN_OLD].type == VALUE_TEXT && v[STORE_SEEN_NEW].type == VALUE_NULL;
        if (is_back)
            code = put_seen(reading, MOVEMENTS_CLOSES, moment_of(&v[STORE_SEEN_OLD]), e);
        return is_back && code == TILL_OK ? put_seen(reading, MOVEMENTS_OPENS, at_us, e) : code;
    }
    if (at_us != reading->seen_us) // several columns of one sync are one change
        code = put_seen(reading, MOVEMENTS_STAYS, at_us, e);
    reading->seen_us = at_us;
    if (sv_equal(column, SV("amount")))
        reading->seen_terms.amount_minor =
            integer_of(&v[STORE_SEEN_OLD], reading->seen_terms.amount_minor);
    else if (sv_equal(column, SV("recurring_interval")))
        (void)metrics_interval_parse(text_of(&v[STORE_SEEN_OLD]), &reading->seen_terms.interval);
    else
        reading->seen_terms.interval_count =
            integer_of(&v[STORE_SEEN_OLD], reading->seen_terms.interval_count);
    return code;
}

void report_id_text(struct metrics_id id, char ret_text[static REPORT_ID_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < 32; i++) {
        uint64_t half = i < 16 ? id.high : id.low;
        if (i == 8 || i == 12 || i == 16 || i == 20)
            ret_text[at++] = '-';
        ret_text[at++] = digits[half >> (60 - i % 16 * 4) & 15];
    }
    ret_text[at] = '\0';
}

static enum till_code ask_modified(void *context, struct metrics_id subscription,
                                   int64_t *ret_at_us, struct till_error *e)
{
    const struct reading *reading = context;
    char text[REPORT_ID_BYTES];
    report_id_text(subscription, text);
    return store_movement_modified(reading->store, sv_of(text), ret_at_us, e);
}

// ---- one question ----

static enum till_code look_at_tables(struct store *store, struct report_movements *report,
                                     bool *ret_has_orders, struct till_error *e)
{
    static const enum table_id tables[] = {TABLE_subscriptions, TABLE_orders, TABLE_events};
    bool has_landed[TILL_COUNT(tables)] = {false};
    report->fresh_as_of_us = INT64_MAX;
    for (size_t i = 0; i < TILL_COUNT(tables); i++) {
        struct report_card card = {.connection = *report->query.connection};
        struct store_table_state *state = &card.tables[tables[i]];
        enum till_code code =
            store_table_state(store, sv_of(report->query.connection->organization_id),
                              model_table(tables[i]), state, e);
        if (code)
            return code;
        has_landed[i] = report_card_reads(&card, tables[i]) && state->last_success_us > 0;
        if (has_landed[i] && state->fresh_us < report->fresh_as_of_us)
            report->fresh_as_of_us = state->fresh_us;
    }
    *ret_has_orders = has_landed[1];
    report->has_events = has_landed[2];
    if (has_landed[0])
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "the subscriptions have not been mirrored yet");
    return till_error_hint(e, "`till sync` reads them; `till tables` says what is missing");
}

static enum till_code read_rows_now(struct reading *reading, struct sv organization_id,
                                    bool has_orders, struct till_error *e)
{
    const struct store_metric_sink subscriptions = {take_subscription, reading};
    const struct store_metric_sink taxed = {take_taxed_order, reading};
    const struct store_metric_sink taxes = {take_checkout_tax, reading};
    enum till_code code =
        store_metric_subscriptions(reading->store, organization_id, 0, &subscriptions, e);
    if (code == TILL_OK)
        code = store_metric_taxes(reading->store, organization_id, &taxes, e);
    struct store_metric_orders_query orders = {.which = STORE_ORDERS_TAXED};
    if (code == TILL_OK && has_orders && !reading->has_taxes)
        code = store_metric_first_tax_inside(reading->store, organization_id, &orders.from_us, e);
    if (code == TILL_OK && has_orders && (reading->has_taxes || orders.from_us != 0))
        code = store_metric_orders(reading->store, organization_id, &orders, &taxed, e);
    return code;
}

static enum till_code read_rows(struct reading *reading, const struct report_movements *report,
                                bool has_orders, struct till_error *e)
{
    struct sv organization_id = sv_of(report->query.connection->organization_id);
    const struct store_metric_sink events = {take_event, reading};
    const struct store_metric_sink changes = {take_change, reading};
    enum till_code code = read_rows_now(reading, organization_id, has_orders, e);
    if (code == TILL_OK && report->has_events)
        code = store_movement_events(reading->store, organization_id, &events, e);
    if (code == TILL_OK)
        code = store_movement_changes(reading->store, organization_id, &changes, e);
    close_seen(reading);
    if (code == TILL_OK && has_orders)
        code = bills_read(reading->store, organization_id, reading->engine, e);
    return code ? code : movements_finish(reading->engine, ask_modified, reading, e);
}

// Each part of each currency is rounded by itself; the end is their sum, so that the line adds up like all others.
static void put_together(struct report_movements *report)
{
    const struct movements_answer *answer = &report->answer;
    struct movements_line *sum = &report->together;
    for (size_t i = 0; i < answer->currency_count; i++) {
        const struct movements_currency *currency = &answer->currencies[i];
        const struct movements_line *range = &currency->lines[answer->period_count];
        const int64_t parts[] = {range->start_minor,     range->new_minor,
                                 range->expansion_minor, range->contraction_minor,
                                 range->churn_minor,     range->reactivation_minor};
        int64_t *const sums[] = {&sum->start_minor,     &sum->new_minor,
                                 &sum->expansion_minor, &sum->contraction_minor,
                                 &sum->churn_minor,     &sum->reactivation_minor};
        for (size_t k = 0; k < TILL_COUNT(parts); k++)
            report_exchange_add(&report->exchange, currency->currency, parts[k], sums[k]);
    }
    const int64_t steps[] = {sum->start_minor,        sum->new_minor,    sum->expansion_minor,
                             -sum->contraction_minor, -sum->churn_minor, sum->reactivation_minor};
    for (size_t k = 0; k < TILL_COUNT(steps); k++)
        if (__builtin_add_overflow(sum->end_minor, steps[k], &sum->end_minor))
            sum->end_minor = steps[k] < 0 ? INT64_MIN : INT64_MAX;
}

static enum till_code convert(struct store *store, struct report_movements *report,
                              struct till_error *e)
{
    const struct movements_answer *answer = &report->answer;
    struct report_exchange_query question = {.connections = report->query.connection,
                                             .connection_count = 1,
                                             .zone = report->query.zone,
                                             .until = report->query.to,
                                             .into = report->query.into,
                                             .currency_count = answer->currency_count};
    metrics_currency *currencies = till_calloc(answer->currency_count + 1, sizeof *currencies);
    if (!currencies)
        return TILL_FAIL_MEMORY(e);
    for (size_t i = 0; i < answer->currency_count; i++)
        currencies[i] = answer->currencies[i].currency;
    question.currencies = currencies;
    enum till_code code = report_exchange(store, &question, &report->exchange, e);
    till_free(currencies);
    if (code == TILL_OK)
        put_together(report);
    return code;
}

static enum till_code answer(struct store *store, struct report_movements *report,
                             struct till_error *e)
{
    const struct report_metrics_query *query = &report->query;
    struct movements_query question = {.from = query->from,
                                       .to = query->to,
                                       .interval = query->interval,
                                       .zone = query->zone,
                                       .now_us = report->now_us};
    bool has_orders = false;
    struct metrics_id *products = till_calloc(query->product_count + 1, sizeof *products);
    if (!products)
        return TILL_FAIL_MEMORY(e);
    for (size_t i = 0; i < query->product_count; i++)
        products[i] = metrics_id(query->product_ids[i]);
    question.products =
        (struct metrics_ids){query->product_count == 0, products, query->product_count};
    enum till_code code = look_at_tables(store, report, &has_orders, e);
    if (code == TILL_OK)
        code = movements_open(&question, &report->engine, e);
    struct reading reading = {.engine = report->engine, .store = store};
    if (code == TILL_OK)
        code = read_rows(&reading, report, has_orders, e);
    if (code == TILL_OK)
        code = movements_answer(report->engine, &report->answer, e);
    for (size_t i = 0; code == TILL_OK && i < report->answer.currency_count; i++) {
        const struct movements_line *range =
            &report->answer.currencies[i].lines[report->answer.period_count];
        report->source = range->source > report->source ? range->source : report->source;
    }
    till_free(products); // only movements_subscription() looks at them
    return code || query->into == 0 ? code : convert(store, report, e);
}

struct asking {
    struct store *store;
    struct report_movements *report;
};

static enum till_code answer_within(void *context, struct till_error *e)
{
    const struct asking *asking = context;
    return answer(asking->store, asking->report, e);
}

enum till_code report_movements(struct store *store, const struct report_metrics_query *query,
                                int64_t now_us, struct report_movements *ret_report,
                                struct till_error *e)
{
    memset(ret_report, 0, sizeof *ret_report);
    ret_report->query = *query;
    ret_report->now_us = now_us;
    struct asking asking = {store, ret_report};
    enum till_code code = store_movement_snapshot(store, answer_within, &asking, e);
    if (code)
        return till_error_context(e, "could not compute the movements");
    return TILL_OK;
}

static enum till_code open_now(int64_t now_us, const struct zone *zone,
                               struct movements **ret_engine, struct till_error *e)
{
    struct civil_date today = zone_date(zone, now_us);
    struct movements_query question = {.from = today,
                                       .to = today,
                                       .interval = METRICS_DAY,
                                       .zone = zone,
                                       .products = {.is_all = true},
                                       .now_us = now_us};
    return movements_open(&question, ret_engine, e);
}

enum till_code report_movements_now(struct store *store, struct sv organization_id, int64_t now_us,
                                    const struct zone *zone, struct movements **ret_engine,
                                    struct till_error *e)
{
    enum till_code code = open_now(now_us, zone, ret_engine, e);
    struct reading reading = {.engine = *ret_engine, .store = store};
    if (code == TILL_OK)
        code = read_rows_now(&reading, organization_id, true, e);
    return code;
}

enum till_code report_movements_few(struct store *store, struct sv ids, bool of_customers,
                                    int64_t now_us, const struct zone *zone,
                                    struct movements **ret_engine, struct till_error *e)
{
    enum till_code code = open_now(now_us, zone, ret_engine, e);
    struct reading reading = {.engine = *ret_engine, .store = store};
    const struct store_metric_sink subscriptions = {take_subscription, &reading};
    const struct store_metric_sink taxed = {take_taxed_order, &reading};
    const struct store_metric_sink taxes = {take_checkout_tax, &reading};
    if (code == TILL_OK)
        code = store_few_subscriptions(store, ids, of_customers, &subscriptions, e);
    if (code == TILL_OK)
        code = store_few_taxes(store, ids, of_customers, &taxes, e);
    if (code == TILL_OK)
        code = store_few_taxed_orders(store, ids, of_customers, &taxed, e);
    return code;
}

void report_movements_release(struct report_movements *report)
{
    movements_close(report->engine);
    report->engine = NULL;
}
