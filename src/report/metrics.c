// SPDX-License-Identifier: Apache-2.0
// metrics.c - reads what the asked metrics need, and no table twice: subscriptions first, then orders, events, checkouts.
//
// Whether orders come from system events is decided here: when the token may read them and they were read whole once. Else the mirrored orders are used,
// and the engine says what that costs in exactness.
#include "report/metrics.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "report/report.h"
#include "report/values.h"
#include "store/metrics_rows.h"

struct reading {
    struct metrics *engine;
    struct arena *arena;
    struct moment_day order_day;
    bool has_owners;  // orders carry product and customer
    bool has_taxes;   // some checkout's price holds its tax: orders with tax matter, however old
    int64_t until_us; // nothing after it is taken
};

// ---- rows ----

// A moment that has come; METRICS_NULL otherwise.
static int64_t past_of(const struct reading *reading, int64_t at_us)
{
    return at_us <= reading->until_us ? at_us : METRICS_NULL;
}

static struct metrics_id id_of(const struct value *value)
{
    return metrics_id(text_of(value));
}

static metrics_currency currency_of(const struct value *value)
{
    return metrics_currency_of(text_of(value));
}

// One question, or two that share the reading of subscriptions.
struct readers {
    struct reading *list[2];
    size_t count;
};

static enum till_code take_subscription(void *context, const struct value *v, size_t count,
                                        struct till_error *e)
{
    const struct readers *readers = context;
    enum till_code code = TILL_OK;
    if (count < STORE_SUBSCRIPTION__COUNT)
        return TILL_OK;
    struct metrics_subscription row = {
        .id = id_of(&v[STORE_SUBSCRIPTION_ID]),
        .customer = id_of(&v[STORE_SUBSCRIPTION_CUSTOMER]),
        .product = id_of(&v[STORE_SUBSCRIPTION_PRODUCT]),
        .created_us = moment_of(&v[STORE_SUBSCRIPTION_CREATED]),
        .started_us = moment_of(&v[STORE_SUBSCRIPTION_STARTED]),
        .ends_us = moment_of(&v[STORE_SUBSCRIPTION_ENDS]),
        .trial_end_us = moment_of(&v[STORE_SUBSCRIPTION_TRIAL_END]),
        .amount_minor = integer_of(&v[STORE_SUBSCRIPTION_AMOUNT], 0),
        .net_amount_minor = METRICS_NULL,
        .currency = currency_of(&v[STORE_SUBSCRIPTION_CURRENCY]),
        .interval = METRICS_MONTH,
        .interval_count = integer_of(&v[STORE_SUBSCRIPTION_INTERVAL_COUNT], 1),
        .cancellation_reason = text_of(&v[STORE_SUBSCRIPTION_REASON]),
    };
    (void)metrics_interval_parse(text_of(&v[STORE_SUBSCRIPTION_INTERVAL]), &row.interval);
    int64_t ended_us = moment_of(&v[STORE_SUBSCRIPTION_ENDED]);
    int64_t canceled_us = moment_of(&v[STORE_SUBSCRIPTION_CANCELED]);
    for (size_t i = 0; i < readers->count && code == TILL_OK; i++) {
        const struct reading *reading = readers->list[i];
        if (row.created_us > reading->until_us || row.started_us > reading->until_us)
            continue;
        row.ended_us = past_of(reading, ended_us);
        row.canceled_us = past_of(reading, canceled_us);
        code = metrics_subscription(reading->engine, &row, e);
    }
    return code;
}

static enum till_code take_order(void *context, const struct value *v, size_t count,
                                 struct till_error *e)
{
    struct reading *reading = context;
    if (count < STORE_ORDER_PRODUCT)
        return TILL_OK;
    int64_t tax_minor = integer_of(&v[STORE_ORDER_TAX], 0);
    struct metrics_order row = {
        .created_us = moment_after(&v[STORE_ORDER_CREATED], &reading->order_day),
        .net_amount_minor = integer_of(&v[STORE_ORDER_NET], 0),
        .refunded_minor = integer_of(&v[STORE_ORDER_DEDUCTIONS], 0),
        .tax_minor = tax_minor < 0 && tax_minor > INT64_MIN ? -tax_minor : tax_minor,
        .is_tax_included = tax_minor > 0,
        .currency = METRICS_USD,
        .subscription = id_of(&v[STORE_ORDER_SUBSCRIPTION]),
    };
    if (v[STORE_ORDER_CURRENCY].type != VALUE_NULL)
        row.currency = currency_of(&v[STORE_ORDER_CURRENCY]);
    if (reading->has_owners && count == STORE_ORDER__COUNT) {
        row.product = id_of(&v[STORE_ORDER_PRODUCT]);
        row.customer = id_of(&v[STORE_ORDER_CUSTOMER]);
    }
    if (row.created_us > reading->until_us)
        return TILL_OK;
    return metrics_order(reading->engine, &row, e);
}

static enum till_code take_event(void *context, const struct value *v, size_t count,
                                 struct till_error *e)
{
    const struct reading *reading = context;
    struct metrics_event row = {.kind = METRICS_ORDER_PAID};
    if (count < STORE_EVENT__COUNT ||
        !metrics_event_parse(text_of(&v[STORE_EVENT_NAME]), &row.kind))
        return TILL_OK;
    row.at_us = moment_of(&v[STORE_EVENT_AT]);
    row.customer = id_of(&v[STORE_EVENT_CUSTOMER]);
    row.customer_word = id_of(&v[STORE_EVENT_EXTERNAL_CUSTOMER]);
    row.product = id_of(&v[STORE_EVENT_PRODUCT]);
    row.order = id_of(&v[STORE_EVENT_ORDER]);
    row.subscription = id_of(&v[STORE_EVENT_SUBSCRIPTION]);
    row.amount_minor = integer_of(&v[STORE_EVENT_AMOUNT], METRICS_NULL);
    row.net_amount_minor = integer_of(&v[STORE_EVENT_NET], METRICS_NULL);
    row.presentment_minor = integer_of(&v[STORE_EVENT_PRESENTMENT], METRICS_NULL);
    row.fee_minor = integer_of(&v[STORE_EVENT_FEE], 0);
    row.applied_balance_minor = integer_of(&v[STORE_EVENT_APPLIED_BALANCE], 0);
    row.rate = real_of(&v[STORE_EVENT_RATE]);
    row.currency = currency_of(&v[STORE_EVENT_CURRENCY]);
    row.presentment_currency = currency_of(&v[STORE_EVENT_PRESENTMENT_CURRENCY]);
    row.order_created_us = moment_of(&v[STORE_EVENT_ORDER_CREATED]);
    row.started_us = moment_of(&v[STORE_EVENT_STARTED]);
    row.canceled_us = moment_of(&v[STORE_EVENT_CANCELED]);
    row.ends_us = moment_of(&v[STORE_EVENT_ENDS]);
    row.cancellation_reason = text_of(&v[STORE_EVENT_REASON]);
    if (row.at_us > reading->until_us)
        return TILL_OK;
    return metrics_event(reading->engine, &row, e);
}

static enum till_code take_checkout(void *context, const struct value *v, size_t count,
                                    struct till_error *e)
{
    const struct reading *reading = context;
    (void)e;
    if (count < STORE_CHECKOUT__COUNT)
        return TILL_OK;
    struct metrics_checkout row = {
        .created_us = moment_of(&v[STORE_CHECKOUT_CREATED]),
        .opened_us = METRICS_NULL,
        .is_succeeded = sv_equal(text_of(&v[STORE_CHECKOUT_STATUS]), SV("succeeded")),
    };
    if (row.created_us <= reading->until_us)
        metrics_checkout(reading->engine, &row);
    return TILL_OK;
}

static enum till_code take_tax(void *context, const struct value *v, size_t count,
                               struct till_error *e)
{
    struct reading *reading = context;
    reading->has_taxes = true;
    if (count != STORE_TAX__COUNT)
        return TILL_OK;
    return metrics_checkout_tax(reading->engine, id_of(&v[STORE_TAX_SUBSCRIPTION]),
                                integer_of(&v[STORE_TAX_NET], 0),
                                integer_of(&v[STORE_TAX_AMOUNT], 0), e);
}

// ---- filters ----

struct id_list {
    struct arena *arena;
    struct metrics_ids ids;
    struct metrics_id *items;
    size_t capacity;
    struct buf *json; // the same ids as a JSON array, for SQL; NULL = not wanted
    const struct report_metrics_query *query;
};

static enum till_code list_put(struct id_list *list, struct sv id, struct till_error *e)
{
    if (list->ids.count == list->capacity) {
        size_t wider = list->capacity > 0 ? list->capacity * 2 : 16;
        struct metrics_id *items = arena_calloc(list->arena, wider, sizeof *items);
        if (!items)
            return arena_fail(list->arena, "a filter", e);
        if (list->ids.count > 0)
            memcpy(items, list->items, list->ids.count * sizeof *items);
        list->items = items;
        list->capacity = wider;
        list->ids.ids = items;
    }
    list->items[list->ids.count++] = metrics_id(id);
    if (list->json) {
        buf_char(list->json, list->json->len > 0 ? ',' : '[');
        buf_json_string(list->json, id);
    }
    return TILL_OK;
}

static bool is_listed(const struct sv *ids, size_t count, struct sv id)
{
    for (size_t i = 0; i < count; i++)
        if (sv_equal_ignoring_case(ids[i], id))
            return true;
    return count == 0;
}

static enum till_code take_id(void *context, const struct value *v, size_t count,
                              struct till_error *e)
{
    struct id_list *list = context;
    if (count != 1 || v[0].type != VALUE_TEXT)
        return TILL_OK;
    if (list->query && !is_listed(list->query->product_ids, list->query->product_count, v[0].text))
        return TILL_OK;
    return list_put(list, v[0].text, e);
}

struct filters {
    struct id_list products, customers, words;
    struct buf product_json, customer_json;
};

static void close_json(struct buf *json)
{
    buf_text(json, json->len > 0 ? "]" : "[]");
}

static enum till_code fill_filters(struct store *store, const struct report_metrics_query *query,
                                   struct filters *filters, struct till_error *e)
{
    struct sv organization_id = sv_of(query->connection->organization_id);
    struct store_metric_sink products = {.row = take_id, .context = &filters->products};
    struct store_metric_sink words = {.row = take_id, .context = &filters->words};
    enum till_code code = TILL_OK;
    bool is_typed = query->has_recurring || query->has_one_time;
    filters->products.query = query;
    filters->products.ids.is_all = query->product_count == 0 && !is_typed;
    filters->customers.ids.is_all = query->customer_count == 0;
    filters->words.ids.is_all = false;
    for (size_t i = 0; !is_typed && i < query->product_count && code == TILL_OK; i++)
        code = list_put(&filters->products, query->product_ids[i], e);
    if (query->has_recurring)
        code = store_metric_products(store, organization_id, true, &products, e);
    if (code == TILL_OK && query->has_one_time)
        code = store_metric_products(store, organization_id, false, &products, e);
    for (size_t i = 0; i < query->customer_count && code == TILL_OK; i++)
        code = list_put(&filters->customers, query->customer_ids[i], e);
    close_json(&filters->product_json);
    close_json(&filters->customer_json);
    struct sv customers = {filters->customer_json.data, filters->customer_json.len};
    if (code == TILL_OK && query->customer_count > 0)
        code = store_metric_customer_words(store, organization_id, customers, &words, e);
    if (code == TILL_OK)
        code = buf_fail(&filters->product_json, "a filter", e);
    return code ? code : buf_fail(&filters->customer_json, "a filter", e);
}

// ---- one question ----

static enum till_code look_at_tables(struct store *store, const struct report_metrics_query *query,
                                     unsigned needs, struct report_metrics *report,
                                     unsigned *ret_missing, struct till_error *e)
{
    static const struct {
        enum table_id table;
        unsigned need;
    } tables[] = {{TABLE_subscriptions, NEEDS_SUBSCRIPTIONS},
                  {TABLE_orders, NEEDS_ORDERS},
                  {TABLE_checkouts, NEEDS_CHECKOUTS},
                  {TABLE_events, NEEDS_NOTHING}};
    report->fresh_as_of_us = INT64_MAX;
    for (size_t i = 0; i < TILL_COUNT(tables); i++) {
        struct report_card card = {.connection = *query->connection};
        struct store_table_state *state = &card.tables[tables[i].table];
        enum till_code code = store_table_state(store, sv_of(query->connection->organization_id),
                                                model_table(tables[i].table), state, e);
        if (code)
            return code;
        bool has_landed = report_card_reads(&card, tables[i].table) && state->last_success_us > 0;
        bool is_used = tables[i].table == TABLE_events ? has_landed && (needs & NEEDS_ORDERS) != 0
                                                       : (needs & tables[i].need) != 0;
        if (tables[i].table == TABLE_events)
            report->has_events = has_landed;
        else if (!has_landed)
            *ret_missing |= tables[i].need;
        if (is_used && has_landed && state->fresh_us < report->fresh_as_of_us)
            report->fresh_as_of_us = state->fresh_us;
    }
    if (report->fresh_as_of_us == INT64_MAX)
        report->fresh_as_of_us = 0;
    return TILL_OK;
}

// What the asked metrics look at: subscriptions, orders (or their events) and checkouts.
static unsigned needs_of(const struct report_metrics_query *query)
{
    unsigned needs = NEEDS_NOTHING;
    for (size_t i = 0; i < METRIC__COUNT; i++) {
        const struct metric *metric = model_metric((enum metric_id)i);
        if (!query->is_asked[i])
            continue;
        needs |= metric->needs;
        if (metric->source != METRIC_ROWS && metric->needs != NEEDS_NOTHING)
            needs |= NEEDS_ORDERS; // for rates and taxes, too
        if (metric->total == METRIC_RATIO && metric->needs == NEEDS_NOTHING)
            needs |= NEEDS_SUBSCRIPTIONS;
    }
    return needs & NEEDS_ORDERS ? needs | NEEDS_SUBSCRIPTIONS : needs;
}

// Does any asked metric look at what lies before the range: at all orders, at the start of every subscription?
static bool asks_for_all_orders(const struct report_metrics_query *query)
{
    bool is_some = false;
    for (size_t i = 0; i < METRIC__COUNT; i++) {
        const struct metric *metric = model_metric((enum metric_id)i);
        is_some = is_some || (query->is_asked[i] && metric->nature == METRIC_BALANCE &&
                              (metric->needs & NEEDS_ORDERS) != 0);
    }
    return is_some;
}

static unsigned asked_doubts(const struct report_metrics_query *query)
{
    unsigned doubts = 0;
    for (size_t i = 0; i < METRIC__COUNT; i++)
        doubts |= query->is_asked[i] ? model_metric((enum metric_id)i)->doubts : 0;
    return doubts;
}

// The first bucket may begin a year before the range, and churn looks back for thirty days more.
enum { LOOK_BACK_DAYS = 400 };

static bool reads_all_subscriptions(const struct report_metrics *report)
{
    return report->has_events || (asked_doubts(&report->query) & DOUBT_IMPORTS) != 0;
}

static enum till_code read_subscriptions(struct store *store, const struct report_metrics *report,
                                         struct readers *readers, struct till_error *e)
{
    const struct report_metrics_query *query = &report->query;
    const struct store_metric_sink subscriptions = {.row = take_subscription, .context = readers};
    int64_t from_us =
        zone_day_start_us(query->zone, civil_date_add_days(query->from, -LOOK_BACK_DAYS));
    return store_metric_subscriptions(store, sv_of(query->connection->organization_id),
                                      reads_all_subscriptions(report) ? 0 : from_us, &subscriptions,
                                      e);
}

// Those of the range, and back to the first that tells of tax inside of a price; with events they tell such taxes alone.
static enum till_code read_orders(struct store *store, const struct report_metrics *report,
                                  struct reading *reading, struct till_error *e)
{
    const struct report_metrics_query *query = &report->query;
    struct sv organization_id = sv_of(query->connection->organization_id);
    const struct store_metric_sink orders = {.row = take_order, .context = reading};
    bool has_prices = (asked_doubts(query) & DOUBT_RATES) != 0;
    int64_t from_us = zone_day_start_us(query->zone, civil_date_add_days(query->from, -2));
    int64_t taxed_us = 0;
    enum till_code code = TILL_OK;
    if (has_prices && !reading->has_taxes)
        code = store_metric_first_tax_inside(store, organization_id, &taxed_us, e);
    bool is_taxed = has_prices && (reading->has_taxes || taxed_us != 0);
    if (is_taxed && taxed_us < from_us)
        from_us = taxed_us;
    if (asks_for_all_orders(query))
        from_us = 0;
    struct store_metric_orders_query question = {.which = reading->has_owners ? STORE_ORDERS_OWNED
                                                                              : STORE_ORDERS_PLAIN,
                                                 .from_us = from_us,
                                                 .taxed_from_us = is_taxed ? taxed_us : INT64_MAX};
    if (report->has_events) {
        question.which = STORE_ORDERS_TAXED;
        question.from_us = taxed_us;
    }
    if (code || (report->has_events && !is_taxed))
        return code;
    return store_metric_orders(store, organization_id, &question, &orders, e);
}

// An order counts at the earlier of its payment and its balance event. They come together, or days apart where the bank is slow: an order that is
// paid in the range must not look as if nothing came before.
enum { SLOWEST_PAYMENT_DAYS = 60 };

static int64_t events_from(const struct report_metrics_query *query)
{
    return zone_day_start_us(query->zone, civil_date_add_days(query->from, -SLOWEST_PAYMENT_DAYS));
}

struct question { // one, on its way to its answer
    struct report_metrics *report;
    struct filters filters;
    struct arena arena;
    struct reading reading;
    struct metrics_knowledge knowledge;
    unsigned needs;
};

static enum till_code prepare(struct store *store, struct question *q, struct till_error *e)
{
    struct report_metrics *report = q->report;
    const struct report_metrics_query *query = &report->query;
    struct store_metric_facts facts = {0};
    q->needs = needs_of(query);
    struct metrics_query question = {.from = query->from,
                                     .to = query->to,
                                     .interval = query->interval,
                                     .zone = query->zone,
                                     .orders_ascend = true};
    enum till_code code = look_at_tables(store, query, q->needs, report, &q->knowledge.missing, e);
    if (code == TILL_OK)
        code = fill_filters(store, query, &q->filters, e);
    if (code == TILL_OK)
        code = store_metric_facts(store, sv_of(query->connection->organization_id), &facts, e);
    if (code)
        return code;
    q->knowledge.has_seats = facts.has_seats;
    q->knowledge.has_user_events = facts.has_user_events;
    question.has_events = report->has_events;
    question.products = q->filters.products.ids;
    question.customers = q->filters.customers.ids;
    question.customer_words = q->filters.words.ids;
    memcpy(question.is_asked, query->is_asked, sizeof question.is_asked);
    code = metrics_open(&question, &report->engine, e);
    q->reading = (struct reading){.engine = report->engine,
                                  .has_owners = !q->filters.products.ids.is_all ||
                                                !q->filters.customers.ids.is_all,
                                  .until_us = query->until_us != 0 ? query->until_us : INT64_MAX};
    return code;
}

// What comes behind the subscriptions.
static enum till_code read_rest(struct store *store, struct question *q, struct till_error *e)
{
    const struct report_metrics *report = q->report;
    const struct report_metrics_query *query = &report->query;
    const struct filters *filters = &q->filters;
    struct sv organization_id = sv_of(query->connection->organization_id);
    const struct store_metric_sink taxes = {.row = take_tax, .context = &q->reading};
    const struct store_metric_sink events = {.row = take_event, .context = &q->reading};
    const struct store_metric_sink checkouts = {.row = take_checkout, .context = &q->reading};
    struct sv products = {filters->products.ids.is_all ? NULL : filters->product_json.data,
                          filters->product_json.len};
    struct sv customers = {filters->customers.ids.is_all ? NULL : filters->customer_json.data,
                           filters->customer_json.len};
    int64_t from_us = zone_day_start_us(query->zone, civil_date_add_days(query->from, -2));
    int64_t to_us = zone_day_start_us(query->zone, civil_date_add_days(query->to, 2));
    enum till_code code = TILL_OK;
    if (q->needs & NEEDS_SUBSCRIPTIONS)
        code = store_metric_taxes(store, organization_id, &taxes, e);
    if (code == TILL_OK && (q->needs & NEEDS_ORDERS))
        code = read_orders(store, report, &q->reading, e);
    if (code == TILL_OK && (q->needs & NEEDS_ORDERS) && report->has_events)
        code = store_metric_events(store, organization_id,
                                   asks_for_all_orders(query) ? 0 : events_from(query), &events, e);
    if (code == TILL_OK && (q->needs & NEEDS_CHECKOUTS))
        code = store_metric_checkouts(store, organization_id, from_us, to_us, products, customers,
                                      &checkouts, e);
    return code ? code : metrics_answer(report->engine, &q->knowledge, &q->report->answer, e);
}

static enum till_code answer_all(struct store *store, struct question *questions, size_t count,
                                 struct till_error *e)
{
    enum till_code code = TILL_OK;
    bool is_shared = true;
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        code = prepare(store, &questions[i], e);
        is_shared = is_shared && (questions[i].needs & NEEDS_SUBSCRIPTIONS) != 0 &&
                    reads_all_subscriptions(questions[i].report);
    }
    struct readers all = {{&questions[0].reading, &questions[count - 1].reading}, count};
    if (code == TILL_OK && is_shared)
        code = read_subscriptions(store, questions[0].report, &all, e);
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        struct readers own = {{&questions[i].reading}, 1};
        if (!is_shared && (questions[i].needs & NEEDS_SUBSCRIPTIONS))
            code = read_subscriptions(store, questions[i].report, &own, e);
        if (code == TILL_OK)
            code = read_rest(store, &questions[i], e);
    }
    return code;
}

static void question_open(struct question *q, const struct report_metrics_query *query,
                          struct report_metrics *ret_report)
{
    memset(q, 0, sizeof *q);
    arena_init(&q->arena, TILL_LIMIT_ARENA_BYTES);
    memset(ret_report, 0, sizeof *ret_report);
    ret_report->query = *query;
    q->report = ret_report;
    buf_init(&q->filters.product_json, TILL_LIMIT_SQL_BYTES);
    buf_init(&q->filters.customer_json, TILL_LIMIT_SQL_BYTES);
    q->filters.products.arena = q->filters.customers.arena = q->filters.words.arena = &q->arena;
    q->filters.products.json = &q->filters.product_json;
    q->filters.customers.json = &q->filters.customer_json;
}

static void question_close(struct question *q)
{
    buf_release(&q->filters.product_json);
    buf_release(&q->filters.customer_json);
    arena_release(&q->arena);
}

enum till_code report_metrics(struct store *store, const struct report_metrics_query *query,
                              struct report_metrics *ret_report, struct till_error *e)
{
    struct question question;
    question_open(&question, query, ret_report);
    enum till_code code = answer_all(store, &question, 1, e);
    question_close(&question);
    return code ? till_error_context(e, "could not compute the metrics") : TILL_OK;
}

enum till_code report_metrics_two(struct store *store,
                                  const struct report_metrics_query *const queries[2],
                                  struct report_metrics *const ret_reports[2], struct till_error *e)
{
    struct question questions[2];
    for (size_t i = 0; i < 2; i++)
        question_open(&questions[i], queries[i], ret_reports[i]);
    enum till_code code = answer_all(store, questions, 2, e);
    for (size_t i = 0; i < 2; i++)
        question_close(&questions[i]);
    return code ? till_error_context(e, "could not compute the metrics") : TILL_OK;
}

void report_metrics_release(struct report_metrics *report)
{
    metrics_close(report->engine);
    report->engine = NULL;
}
