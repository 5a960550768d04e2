// SPDX-License-Identifier: Apache-2.0
// breakdown.c - groups of orders, subscriptions and checkouts that share a key and a currency.
//
// Orders are summed here or by the database; then the three are put side by side. MRR comes from the same rules as everywhere (movements_now()), so that
// its groups sum to the whole.
#include "report/breakdown.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "metrics/ids.h"
#include "report/movements.h"
#include "report/places.h"
#include "report/report.h"
#include "report/values.h"

static const char *const words[STORE_BY__COUNT] = {
    "product", "country", "currency", "billing_reason", "discount", "source", "medium", "campaign"};

struct gathering {
    struct report_breakdown *report;
    struct store *store;
    struct arena *arena;
    struct id_map map;
    struct places places; // by country
    struct movements *engine;
    struct buf products; // the ids that are asked for, as JSON; empty = all
    size_t capacity;
    struct sv found; // a name
};

bool report_dimension_parse(struct sv word, enum store_dimension *ret_by)
{
    for (size_t i = 0; i < TILL_COUNT(words); i++) {
        if (!sv_equal(word, sv_of(words[i])))
            continue;
        *ret_by = (enum store_dimension)i;
        return true;
    }
    return false;
}

const char *report_dimension_word(enum store_dimension by)
{
    return words[by];
}

// Text of a key; numbers of metadata are their digits.
static struct sv key_text(const struct value *value, char place[static 32])
{
    struct buf text = {0};
    if (value->type == VALUE_TEXT)
        return value->text.len > 0 ? value->text : (struct sv){NULL, 0};
    if (value->type != VALUE_INTEGER)
        return (struct sv){NULL, 0};
    buf_init(&text, 32);
    buf_int(&text, value->integer);
    size_t len = text.data && text.len < 32 ? text.len : 0;
    if (len > 0)
        memcpy(place, text.data, len);
    buf_release(&text);
    return (struct sv){place, len};
}

static enum till_code group_of(struct gathering *g, const struct value *value,
                               metrics_currency currency, struct report_group **ret_group,
                               struct till_error *e)
{
    struct report_breakdown *report = g->report;
    char place[32];
    struct sv key = key_text(value, place);
    struct metrics_id id = metrics_id(key);
    size_t number = 0;
    id.high ^= (uint64_t)currency << 20;
    id.low += currency;
    enum till_code code = id_map_put(&g->map, id, &number, e);
    if (code)
        return code;
    if (number == report->group_count) {
        if (number >= TILL_LIMIT_IDS) {
            (void)TILL_FAIL(e, TILL_LIMIT, 0, "there are more than %d groups", TILL_LIMIT_IDS);
            return till_error_hint(e, "choose another --by, or a shorter range");
        }
        if (number == g->capacity) {
            size_t wider = g->capacity > 0 ? g->capacity * 2 : 64;
            struct report_group *groups = arena_calloc(g->arena, wider, sizeof *groups);
            if (!groups)
                return arena_fail(g->arena, "a breakdown", e);
            if (number > 0)
                memcpy(groups, report->groups, number * sizeof *groups);
            report->groups = groups;
            g->capacity = wider;
        }
        struct report_group *group = &report->groups[report->group_count++];
        group->currency = currency;
        group->key = key.ptr ? arena_sv(g->arena, key) : key;
        if (key.ptr && !group->key.ptr)
            return arena_fail(g->arena, "a breakdown", e);
        group->name = group->key;
    }
    *ret_group = &report->groups[number];
    return TILL_OK;
}

static void add(int64_t *sum, int64_t amount) // stays at the end of the range
{
    if (__builtin_add_overflow(*sum, amount, sum))
        *sum = amount < 0 ? INT64_MIN : INT64_MAX;
}

// Orders and subscriptions are of the country of their customer.
static struct value key_of(const struct gathering *g, const struct value *key)
{
    return g->report->by == STORE_BY_COUNTRY ? places_country(&g->places, key) : *key;
}

static enum till_code take_orders(void *context, const struct value *v, size_t count,
                                  struct till_error *e)
{
    struct report_group *group = NULL;
    if (count < STORE_GROUP__COUNT)
        return TILL_OK;
    struct value key = key_of(context, &v[STORE_GROUP_KEY]);
    enum till_code code =
        group_of(context, &key, metrics_currency_of(text_of(&v[STORE_GROUP_CURRENCY])), &group, e);
    if (code || !group)
        return code;
    int64_t sample = integer_of(&v[STORE_GROUP_SAMPLE], 0);
    add(&group->orders, integer_of(&v[STORE_GROUP_ORDERS], 0));
    add(&group->revenue_minor, integer_of(&v[STORE_GROUP_REVENUE], 0));
    add(&group->refunded_minor, integer_of(&v[STORE_GROUP_REFUNDED], 0));
    if (group->sample == 0 || sample < group->sample)
        group->sample = sample;
    return TILL_OK;
}

static enum till_code take_checkouts(void *context, const struct value *v, size_t count,
                                     struct till_error *e)
{
    struct report_group *group = NULL;
    if (count < STORE_VISITS_COLUMNS)
        return TILL_OK;
    enum till_code code = group_of(context, &v[0], metrics_currency_of(text_of(&v[1])), &group, e);
    if (code || !group)
        return code;
    group->checkouts += integer_of(&v[2], 0);
    group->succeeded += integer_of(&v[3], 0);
    return TILL_OK;
}

static enum till_code take_subscription(void *context, const struct value *v, size_t count,
                                        struct till_error *e)
{
    struct gathering *g = context;
    struct report_group *group = NULL;
    metrics_currency currency = 0;
    int64_t amount_minor = 0;
    if (count < STORE_PLACED_COLUMNS ||
        !movements_now(g->engine, metrics_id(text_of(&v[0])), &amount_minor, &currency) ||
        amount_minor == 0)
        return TILL_OK;
    struct value key = key_of(g, &v[1]);
    enum till_code code = group_of(g, &key, currency, &group, e);
    if (code == TILL_OK && group)
        group->mrr_minor += amount_minor;
    return code;
}

// ---- names ----

static enum till_code take_product(void *context, const struct value *v, size_t count,
                                   struct till_error *e)
{
    struct gathering *g = context;
    if (count != 2 || v[0].type != VALUE_TEXT || v[1].type != VALUE_TEXT)
        return TILL_OK;
    struct sv name = {NULL, 0};
    for (size_t i = 0; i < g->report->group_count; i++) {
        struct report_group *group = &g->report->groups[i];
        if (!group->key.ptr || !sv_equal(group->key, v[0].text))
            continue;
        if (!name.ptr)
            name = arena_sv(g->arena, v[1].text);
        if (!name.ptr)
            return arena_fail(g->arena, "a breakdown", e);
        group->name = name;
    }
    return TILL_OK;
}

static enum till_code take_name(void *context, const struct value *v, size_t count,
                                struct till_error *e)
{
    struct gathering *g = context;
    if (count != 1 || v[0].type != VALUE_TEXT)
        return TILL_OK;
    g->found = arena_sv(g->arena, v[0].text);
    return g->found.ptr ? TILL_OK : arena_fail(g->arena, "a breakdown", e);
}

static enum till_code put_names(struct gathering *g, struct sv organization_id,
                                struct till_error *e)
{
    const struct store_metric_sink products = {take_product, g}, name = {take_name, g};
    enum till_code code = TILL_OK;
    if (g->report->by == STORE_BY_PRODUCT)
        code = store_product_names(g->store, organization_id, &products, e);
    for (size_t i = 0; g->report->by == STORE_BY_DISCOUNT && i < g->report->group_count; i++) {
        struct report_group *group = &g->report->groups[i];
        if (!group->key.ptr || group->sample == 0)
            continue;
        g->found = group->key;
        code = store_discount_name(g->store, group->sample, &name, e);
        if (code)
            break;
        group->name = g->found;
    }
    for (size_t i = 0; i < g->report->group_count; i++)
        if (!g->report->groups[i].key.ptr)
            g->report->groups[i].name =
                g->report->by == STORE_BY_DISCOUNT ? SV("without discount") : SV("unknown");
    return code;
}

static int by_currency_and_revenue(const void *a, const void *b)
{
    const struct report_group *x = a, *y = b;
    if (x->currency != y->currency)
        return x->currency < y->currency ? -1 : 1;
    if (x->revenue_minor != y->revenue_minor)
        return x->revenue_minor > y->revenue_minor ? -1 : 1;
    if (x->mrr_minor != y->mrr_minor)
        return x->mrr_minor > y->mrr_minor ? -1 : 1;
    size_t shared = x->key.len < y->key.len ? x->key.len : y->key.len;
    int order = shared > 0 ? memcmp(x->key.ptr, y->key.ptr, shared) : 0;
    return order != 0 ? order : x->key.len < y->key.len ? -1 : x->key.len > y->key.len;
}

static void put_average(struct report_group *group)
{
    int64_t half = group->revenue_minor < 0 ? -group->orders / 2 : group->orders / 2;
    if (group->orders > 0)
        group->average_minor = (group->revenue_minor + half) / group->orders;
}

static void put_averages(struct report_breakdown *report)
{
    for (size_t i = 0; i < report->group_count; i++)
        put_average(&report->groups[i]);
    if (report->group_count > 1)
        qsort(report->groups, report->group_count, sizeof *report->groups, by_currency_and_revenue);
}

static enum till_code look_at_tables(struct store *store, struct report_breakdown *report,
                                     struct till_error *e)
{
    static const enum table_id tables[] = {TABLE_orders, TABLE_subscriptions, TABLE_checkouts};
    bool has_landed[TILL_COUNT(tables)] = {false};
    for (size_t i = 0; i < TILL_COUNT(tables); i++) {
        struct report_card card = {.connection = *report->query.connection};
        struct store_table_state *state = &card.tables[tables[i]];
        enum till_code code =
            store_table_state(store, sv_of(report->query.connection->organization_id),
                              model_table(tables[i]), state, e);
        if (code)
            return code;
        has_landed[i] = report_card_reads(&card, tables[i]) && state->last_success_us > 0;
    }
    report->has_mrr = has_landed[1] && report->by != STORE_BY_BILLING_REASON;
    report->has_checkouts = has_landed[2] && report->by != STORE_BY_BILLING_REASON;
    if (has_landed[0])
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "the orders have not been mirrored yet");
    return till_error_hint(e, "`till sync` reads them; `till tables` says what is missing");
}

static enum till_code question_of(struct gathering *g, struct store_breakdown_query *ret_question,
                                  struct till_error *e)
{
    const struct report_breakdown *report = g->report;
    const struct report_metrics_query *query = &report->query;
    buf_init(&g->products, TILL_LIMIT_SQL_BYTES);
    for (size_t i = 0; i < query->product_count; i++) {
        buf_char(&g->products, i > 0 ? ',' : '[');
        buf_json_string(&g->products, query->product_ids[i]);
    }
    if (query->product_count > 0)
        buf_char(&g->products, ']');
    *ret_question = (struct store_breakdown_query){
        .organization_id = sv_of(query->connection->organization_id),
        .by = report->by,
        .from_us = zone_day_start_us(query->zone, query->from),
        .to_us = zone_day_start_us(query->zone, civil_date_add_days(query->to, 1)) - 1,
        .now_us = report->now_us,
        .products = {query->product_count > 0 ? g->products.data : NULL, g->products.len},
    };
    return buf_fail(&g->products, "a filter", e);
}

static void release(struct gathering *g)
{
    id_map_release(&g->map);
    places_release(&g->places);
    buf_release(&g->products);
}

static enum till_code gather(struct gathering *g, struct till_error *e)
{
    struct report_breakdown *report = g->report;
    const struct report_metrics_query *query = &report->query;
    const struct store_metric_sink orders = {take_orders, g}, checkouts = {take_checkouts, g};
    const struct store_metric_sink subscriptions = {take_subscription, g};
    struct store_breakdown_query question;
    enum till_code code = question_of(g, &question, e);
    if (code)
        return code;
    if (question.to_us < question.from_us) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "the range ends before it begins");
        return till_error_hint(e, "--from is the first day, --to the last one; both are included");
    }
    code = look_at_tables(g->store, report, e);
    if (code == TILL_OK && report->by == STORE_BY_COUNTRY)
        code = places_read(&g->places, g->store, question.organization_id, g->arena, e);
    if (code == TILL_OK)
        code = store_breakdown_orders(g->store, &question, &orders, e);
    if (code == TILL_OK && report->has_checkouts)
        code = store_breakdown_checkouts(g->store, &question, &checkouts, e);
    if (code == TILL_OK && report->has_mrr)
        code = report_movements_now(g->store, question.organization_id, report->now_us, query->zone,
                                    &g->engine, e);
    if (code == TILL_OK && report->has_mrr)
        code = store_breakdown_subscriptions(g->store, &question, &subscriptions, e);
    return code ? code : put_names(g, question.organization_id, e);
}

static enum till_code convert(struct store *store, struct report_breakdown *report,
                              struct till_error *e)
{
    metrics_currency currencies[REPORT_CURRENCIES + 1];
    struct report_exchange_query question = {.connections = report->query.connection,
                                             .connection_count = 1,
                                             .zone = report->query.zone,
                                             .until = report->query.to,
                                             .into = report->query.into,
                                             .currencies = currencies};
    struct report_group *sum = &report->together;
    for (size_t i = 0; i < report->group_count; i++) // they are sorted by currency
        if ((i == 0 || report->groups[i].currency != report->groups[i - 1].currency) &&
            question.currency_count <= REPORT_CURRENCIES)
            currencies[question.currency_count++] = report->groups[i].currency;
    enum till_code code = report_exchange(store, &question, &report->exchange, e);
    for (size_t i = 0; i < report->group_count && code == TILL_OK; i++) {
        const struct report_group *group = &report->groups[i];
        if (!report_exchange_rate(&report->exchange, group->currency).is_known)
            continue;
        report_exchange_add(&report->exchange, group->currency, group->revenue_minor,
                            &sum->revenue_minor);
        report_exchange_add(&report->exchange, group->currency, group->refunded_minor,
                            &sum->refunded_minor);
        report_exchange_add(&report->exchange, group->currency, group->mrr_minor, &sum->mrr_minor);
        add(&sum->orders, group->orders);
        add(&sum->checkouts, group->checkouts);
        add(&sum->succeeded, group->succeeded);
    }
    sum->currency = report->query.into;
    sum->name = SV("all");
    put_average(sum);
    return code;
}

enum till_code report_breakdown(struct store *store, const struct report_metrics_query *query,
                                enum store_dimension by, int64_t now_us, struct arena *arena,
                                struct report_breakdown *ret_report, struct till_error *e)
{
    struct gathering g = {.report = ret_report, .store = store, .arena = arena};
    *ret_report = (struct report_breakdown){.query = *query, .by = by, .now_us = now_us};
    enum till_code code = gather(&g, e);
    movements_close(g.engine);
    release(&g);
    if (code)
        return till_error_context(e, "could not compute the breakdown");
    put_averages(ret_report);
    return query->into == 0 ? TILL_OK : convert(store, ret_report, e);
}

enum till_code report_breakdown_sold(struct store *store, const struct report_metrics_query *query,
                                     enum store_dimension by, int64_t now_us,
                                     struct movements *engine, struct arena *arena,
                                     struct report_breakdown *ret_report, struct till_error *e)
{
    struct gathering g = {.report = ret_report, .store = store, .arena = arena, .engine = engine};
    const struct store_metric_sink orders = {take_orders, &g},
                                   subscriptions = {take_subscription, &g};
    *ret_report = (struct report_breakdown){
        .query = *query, .by = by, .now_us = now_us, .has_mrr = engine != NULL};
    struct store_breakdown_query question;
    enum till_code code = question_of(&g, &question, e);
    if (code == TILL_OK && by == STORE_BY_COUNTRY)
        code = places_read(&g.places, store, question.organization_id, arena, e);
    if (code == TILL_OK)
        code = store_breakdown_orders(store, &question, &orders, e);
    if (code == TILL_OK && engine)
        code = store_breakdown_subscriptions(store, &question, &subscriptions, e);
    if (code == TILL_OK)
        code = put_names(&g, question.organization_id, e);
    release(&g);
    if (code)
        return till_error_context(e, "could not compute the breakdown");
    put_averages(ret_report);
    return TILL_OK;
}
