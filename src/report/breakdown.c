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
#include "report/traffic.h"
#include "report/values.h"

static const char *const words[STORE_BY__COUNT] = {"product",        "country",  "currency",
                                                   "billing_reason", "discount", "source",
                                                   "medium",         "campaign", "landing_page"};

struct gathering {
    struct report_breakdown *report;
    struct store *store;
    struct arena *arena;
    struct id_map map;
    struct places places; // by country
    struct movements *engine;
    struct buf products; // the ids that are asked for, as JSON; empty = all
    size_t capacity;
    struct sv found;    // a name
    bool is_sold_alone; // of what the store holds: no checkouts, no MRR
};

bool report_dimension_parse(struct sv word, enum store_dimension *ret_by)
{
    for (size_t i = 0; i < TILL_COUNT(words); i++) {
        bool is_it = word.len == strlen(words[i]);
        for (size_t k = 0; is_it && k < word.len; k++)
            is_it = (word.ptr[k] == '-' ? '_' : word.ptr[k]) == words[i][k];
        if (!is_it)
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

static struct metrics_id group_id(struct sv key, metrics_currency currency)
{
    struct metrics_id id = metrics_id(key);
    id.high ^= (uint64_t)currency << 20;
    id.low += currency;
    return id;
}

static enum till_code group_of(struct gathering *g, const struct value *value,
                               metrics_currency currency, struct report_group **ret_group,
                               struct till_error *e)
{
    struct report_breakdown *report = g->report;
    char place[32];
    struct sv key = key_text(value, place);
    struct metrics_id id = group_id(key, currency);
    size_t number = 0;
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
        group->visitors = group->visits = -1;
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

// Of an address its path: sources of visitors tell no more.
static struct value path_of(const struct value *key)
{
    struct value path = *key;
    if (key->type != VALUE_TEXT)
        return path;
    struct sv text = key->text;
    for (size_t i = 0; i + 2 < text.len; i++) {
        if (memcmp(text.ptr + i, "://", 3) != 0)
            continue;
        size_t at = i + 3;
        while (at < text.len && text.ptr[at] != '/' && text.ptr[at] != '?' && text.ptr[at] != '#')
            at++;
        text = (struct sv){text.ptr + at, text.len - at};
        break;
    }
    size_t len = 0;
    while (len < text.len && text.ptr[len] != '?' && text.ptr[len] != '#')
        len++;
    path.text = len > 0 || key->text.len == 0 ? (struct sv){text.ptr, len} : SV("/");
    return path;
}

// Orders and subscriptions are of the country of their customer.
static struct value key_of(const struct gathering *g, const struct value *key)
{
    if (g->report->by == STORE_BY_LANDING_PAGE)
        return path_of(key);
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
    if (integer_of(&v[STORE_GROUP_IS_NEW], 0) != 0) {
        add(&group->new_orders, integer_of(&v[STORE_GROUP_ORDERS], 0));
        add(&group->new_revenue_minor, integer_of(&v[STORE_GROUP_REVENUE], 0));
    }
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
    struct gathering *g = context;
    struct value key = g->report->by == STORE_BY_LANDING_PAGE ? path_of(&v[0]) : v[0];
    enum till_code code = group_of(g, &key, metrics_currency_of(text_of(&v[1])), &group, e);
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
    if (x->visitors != y->visitors || x->visits != y->visits)
        return x->visitors != y->visitors ? (x->visitors > y->visitors ? -1 : 1)
                                          : (x->visits > y->visits ? -1 : 1);
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

// ---- visitors beside ----

enum { ADDED_GROUPS = 500 }; // that brought visitors and sold nothing

// How the sources of traffic call a dimension, most telling first.
static const char *const parts_of[STORE_BY__COUNT][2] = {
    [STORE_BY_COUNTRY] = {"country", NULL},           [STORE_BY_SOURCE] = {"utm_source", "source"},
    [STORE_BY_MEDIUM] = {"utm_medium", NULL},         [STORE_BY_CAMPAIGN] = {"utm_campaign", NULL},
    [STORE_BY_LANDING_PAGE] = {"landing_page", NULL},
};

struct beside {
    struct gathering *g;
    metrics_currency currencies[REPORT_CURRENCIES];
    size_t currency_count;
    metrics_currency usual; // of groups without sales
    size_t sold_count, added_count, part_count;
};

static void look_at_currencies(struct beside *beside)
{
    const struct report_breakdown *report = beside->g->report;
    int64_t orders[REPORT_CURRENCIES] = {0}, most = -1;
    beside->usual = METRICS_USD;
    for (size_t i = 0; i < report->group_count; i++) {
        const struct report_group *group = &report->groups[i];
        size_t k = 0;
        while (k < beside->currency_count && beside->currencies[k] != group->currency)
            k++;
        if (k == REPORT_CURRENCIES)
            continue;
        beside->currency_count += k == beside->currency_count;
        beside->currencies[k] = group->currency;
        orders[k] += group->orders;
    }
    for (size_t k = 0; k < beside->currency_count; k++) {
        if (orders[k] > most)
            beside->usual = beside->currencies[k];
        most = orders[k] > most ? orders[k] : most;
    }
    for (size_t k = 0; k < beside->currency_count; k++)
        if (beside->currencies[k] == METRICS_USD)
            beside->usual = METRICS_USD;
}

static void put_visits(struct report_group *group, const struct value *v)
{
    group->visitors = integer_of(&v[1], -1);
    group->visits = integer_of(&v[2], -1);
}

// Every group of this key, in whichever currency.
static enum till_code take_part(void *context, const struct value *v, size_t count,
                                struct till_error *e)
{
    struct beside *beside = context;
    struct gathering *g = beside->g;
    struct report_group *group = NULL;
    bool is_sold = false;
    if (count != STORE_TRAFFIC_PART_COLUMNS)
        return TILL_OK;
    beside->part_count++;
    struct value key = g->report->by == STORE_BY_LANDING_PAGE ? path_of(&v[0]) : v[0];
    char place[32];
    for (size_t i = 0; i < beside->currency_count; i++) {
        struct metrics_id id = group_id(key_text(&key, place), beside->currencies[i]);
        int64_t number = id_map_find(&g->map, id);
        if (number < 0 || (size_t)number >= beside->sold_count)
            continue;
        put_visits(&g->report->groups[number], v);
        is_sold = true;
    }
    if (is_sold || beside->added_count == ADDED_GROUPS)
        return TILL_OK;
    beside->added_count++;
    enum till_code code = group_of(g, &key, beside->usual, &group, e);
    if (code == TILL_OK && group)
        put_visits(group, v);
    return code;
}

static enum till_code gather_visits(struct gathering *g, struct till_error *e)
{
    const struct report_metrics_query *query = &g->report->query;
    const struct store_traffic_source *source = g->report->visits_source;
    const char *const *names = parts_of[g->report->by];
    struct beside beside = {.g = g, .sold_count = g->report->group_count};
    const struct store_metric_sink sink = {take_part, &beside};
    enum till_code code = TILL_OK;
    if (!source)
        return TILL_OK;
    const struct store_traffic_span span = {sv_of(source->name), query->from, query->to};
    look_at_currencies(&beside);
    for (size_t i = 0; i < 2 && names[i] && beside.part_count == 0 && code == TILL_OK; i++)
        code = store_traffic_parts(g->store, &span, names[i], TILL_LIMIT_IDS, &sink, e);
    if (beside.part_count == 0)
        g->report->visits_source = NULL;
    return code;
}

// The source, where it can tell the dimension.
static enum till_code choose_source(struct gathering *g, const char *name, struct till_error *e)
{
    struct report_traffic *traffic = arena_calloc(g->arena, 1, sizeof *traffic);
    if (!traffic)
        return arena_fail(g->arena, "a breakdown", e);
    enum till_code code = report_traffic_sources(g->store, name, traffic, e);
    if (code == TILL_OK && traffic->visits && traffic->visits->has_days &&
        parts_of[g->report->by][0])
        g->report->visits_source = traffic->visits;
    return code;
}

int64_t report_group_visits(const struct report_group *group, bool *ret_are_visitors)
{
    *ret_are_visitors = group->visitors >= 0;
    if (group->visitors >= 0)
        return group->visitors;
    return group->visits > 0 ? group->visits : 0;
}

static enum till_code question_of(struct gathering *g, struct store_breakdown_query *ret_question,
                                  struct till_error *e)
{
    const struct report_breakdown *report = g->report;
    const struct report_metrics_query *query = &report->query;
    const struct store_traffic_source *source = report->visits_source;
    int64_t new_from_us = 0, new_to_us = -1; // none
    if (source) {
        new_from_us = zone_day_start_us(query->zone, source->first);
        new_to_us = zone_day_start_us(query->zone, civil_date_add_days(source->last, 1)) - 1;
    }
    buf_init(&g->products, TILL_LIMIT_SQL_BYTES);
    for (size_t i = 0; i < query->product_count; i++) {
        buf_char(&g->products, i > 0 ? ',' : '[');
        buf_json_string(&g->products, query->product_ids[i]);
    }
    if (query->product_count > 0)
        buf_char(&g->products, ']');
    *ret_question = (struct store_breakdown_query){
        .new_from_us = new_from_us,
        .new_to_us = new_to_us,
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
    report->has_checkouts = report->has_checkouts && !g->is_sold_alone;
    report->has_mrr = report->has_mrr && !g->is_sold_alone;
    if (code == TILL_OK && report->has_checkouts)
        code = store_breakdown_checkouts(g->store, &question, &checkouts, e);
    if (code == TILL_OK && report->has_mrr)
        code = report_movements_now(g->store, question.organization_id, report->now_us, query->zone,
                                    &g->engine, e);
    if (code == TILL_OK && report->has_mrr)
        code = store_breakdown_subscriptions(g->store, &question, &subscriptions, e);
    if (code == TILL_OK)
        code = gather_visits(g, e);
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

static enum till_code ask(struct gathering *g, const char *source, struct till_error *e)
{
    enum till_code code = choose_source(g, source, e);
    if (code == TILL_OK)
        code = gather(g, e);
    movements_close(g->engine);
    release(g);
    if (code)
        return code == TILL_USAGE ? code : till_error_context(e, "could not compute the breakdown");
    put_averages(g->report);
    return TILL_OK;
}

enum till_code report_breakdown(struct store *store, const struct report_metrics_query *query,
                                enum store_dimension by, const char *source, int64_t now_us,
                                struct arena *arena, struct report_breakdown *ret_report,
                                struct till_error *e)
{
    struct gathering g = {.report = ret_report, .store = store, .arena = arena};
    *ret_report = (struct report_breakdown){.query = *query, .by = by, .now_us = now_us};
    enum till_code code = ask(&g, source, e);
    return code || query->into == 0 ? code : convert(store, ret_report, e);
}

enum till_code report_breakdown_visited(struct store *store,
                                        const struct report_metrics_query *query,
                                        enum store_dimension by, const char *source, int64_t now_us,
                                        struct arena *arena, struct report_breakdown *ret_report,
                                        struct till_error *e)
{
    struct gathering g = {
        .report = ret_report, .store = store, .arena = arena, .is_sold_alone = true};
    *ret_report = (struct report_breakdown){.query = *query, .by = by, .now_us = now_us};
    return ask(&g, source, e);
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
