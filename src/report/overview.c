// SPDX-License-Identifier: Apache-2.0
// overview.c - asks the other reports what the first page shows, each once, and puts their answers side by side.
#include "report/overview.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/timestamp.h"
#include "store/latest.h"

static const enum metric_id tile_metrics[REPORT_TILE_COUNT] = {
    METRIC_revenue,
    METRIC_orders,
    METRIC_monthly_recurring_revenue,
    METRIC_active_subscriptions,
    METRIC_new_subscriptions,
    METRIC_canceled_subscriptions,
    METRIC_average_order_value,
    METRIC_checkouts_conversion,
};

static int64_t days_of(struct civil_date date)
{
    return civil_date_to_days(date);
}

// ---- the time before ----

static struct civil_date a_year_before(struct civil_date date)
{
    date.year -= 1;
    int32_t most = civil_month_days(date.year, date.month);
    date.day = date.day < most ? date.day : most;
    return date;
}

// The same day, seen from the time before.
static struct civil_date before(const struct report_overview *overview, struct civil_date date)
{
    const struct report_metrics_query *query = &overview->question.query;
    if (overview->question.compare == REPORT_YEAR_BEFORE)
        return a_year_before(date);
    int64_t length = days_of(query->to) - days_of(query->from) + 1;
    return civil_date_from_days(days_of(date) - length);
}

static void set_times(struct report_overview *overview)
{
    const struct report_metrics_query *query = &overview->question.query;
    int64_t now_us = overview->question.now_us;
    struct civil_date today = zone_date(query->zone, now_us), last = query->to;
    overview->is_partial =
        days_of(today) >= days_of(query->from) && days_of(today) <= days_of(query->to);
    overview->has_previous =
        overview->question.compare != REPORT_ALONE && days_of(query->from) <= days_of(today);
    if (overview->is_partial)
        last = today;
    overview->previous_from = before(overview, query->from);
    overview->previous_to = before(overview, last);
    if (!overview->is_partial)
        return;
    // So long after the local midnight as it is now. A clock that was changed moves it by that hour, but not out of the day.
    int64_t since_us = now_us - zone_day_start_us(query->zone, today);
    int64_t end_us =
        zone_day_start_us(query->zone, civil_date_add_days(overview->previous_to, 1)) - 1;
    int64_t until_us = zone_day_start_us(query->zone, overview->previous_to) + since_us;
    overview->previous_until_us = until_us < end_us ? until_us : end_us;
}

// ---- tiles ----

static void fill_tile(struct report_overview *overview, struct report_tile *tile, enum metric_id id)
{
    const struct metrics_answer *now = &overview->metrics.answer, *then = &overview->before.answer;
    tile->metric = model_metric(id);
    tile->approximate = now->approximate[id];
    tile->unavailable = now->unavailable[id];
    tile->has_value = now->unavailable[id][0] == '\0';
    tile->value = now->totals[id];
    tile->has_previous =
        tile->has_value && overview->has_previous && then->unavailable[id][0] == '\0';
    if (!tile->has_previous)
        return;
    tile->previous = then->totals[id];
    double old = metrics_real(tile->previous);
    tile->has_change = fabs(old) > 0;
    if (tile->has_change)
        tile->change = (metrics_real(tile->value) - old) / fabs(old);
}

static void ask_tiles(struct report_metrics_query *query)
{
    memset(query->is_asked, 0, sizeof query->is_asked);
    for (size_t i = 0; i < REPORT_TILE_COUNT; i++)
        query->is_asked[tile_metrics[i]] = true;
}

static enum till_code fill_tiles(struct store *store, struct report_overview *overview,
                                 struct till_error *e)
{
    const struct report_metrics_query *query = &overview->question.query;
    struct report_metrics_query past = *query;
    past.from = overview->previous_from;
    past.to = overview->previous_to;
    past.until_us = overview->previous_until_us;
    const struct report_metrics_query *const queries[] = {query, &past};
    struct report_metrics *const reports[] = {&overview->metrics, &overview->before};
    enum till_code code = overview->has_previous
                              ? report_metrics_two(store, queries, reports, e)
                              : report_metrics(store, query, &overview->metrics, e);
    if (code)
        return code;
    overview->fresh_as_of_us = overview->metrics.fresh_as_of_us;
    overview->tile_count = REPORT_TILE_COUNT;
    for (size_t i = 0; i < REPORT_TILE_COUNT; i++)
        fill_tile(overview, &overview->tiles[i], tile_metrics[i]);
    return TILL_OK;
}

// ---- visitors ----

static enum till_code fill_traffic(struct store *store, struct report_overview *overview,
                                   struct arena *arena, struct till_error *e)
{
    const struct report_overview_question *question = &overview->question;
    const struct report_traffic_question asked = {.query = question->query,
                                                  .source = question->traffic_source,
                                                  .compare = question->compare,
                                                  .now_us = question->now_us};
    enum till_code code =
        report_traffic_sources(store, question->traffic_source, &overview->traffic, e);
    overview->has_traffic = code == TILL_OK && overview->traffic.visits != NULL;
    if (!overview->has_traffic)
        return code;
    return report_traffic(store, &asked, arena, &overview->traffic, e);
}

// ---- currencies ----

static int by_currency(const void *a, const void *b)
{
    const metrics_currency *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void add_currency(struct report_overview *overview, metrics_currency currency)
{
    for (size_t i = 0; i < overview->currency_count; i++)
        if (overview->currencies[i] == currency)
            return;
    if (currency != 0 && overview->currency_count < REPORT_CURRENCIES)
        overview->currencies[overview->currency_count++] = currency;
}

// Of the orders in the range, and of all subscriptions that movements know of.
static enum till_code choose_currency(struct store *store, struct report_overview *overview,
                                      struct arena *arena, struct till_error *e)
{
    struct report_breakdown sold = {0};
    const struct report_overview_question *question = &overview->question;
    struct report_metrics_query all = question->query; // a filter changes no currency
    int64_t most = -1;
    all.product_count = 0;
    enum till_code code = report_breakdown_sold(store, &all, STORE_BY_CURRENCY, question->now_us,
                                                NULL, arena, &sold, e);
    if (code)
        return code;
    overview->currency = METRICS_USD;
    for (size_t i = 0; i < sold.group_count; i++) {
        add_currency(overview, sold.groups[i].currency);
        if (sold.groups[i].orders > most)
            overview->currency = sold.groups[i].currency;
        most = sold.groups[i].orders > most ? sold.groups[i].orders : most;
    }
    const struct movements_answer *moved = &overview->movements.answer;
    for (size_t i = 0; i < moved->currency_count; i++) {
        add_currency(overview, moved->currencies[i].currency);
        if (most < 0 && i == 0)
            overview->currency = moved->currencies[i].currency;
    }
    for (size_t i = 0; i < overview->currency_count; i++)
        if (overview->currencies[i] == METRICS_USD)
            overview->currency = METRICS_USD;
    if (question->currency != 0)
        overview->currency = question->currency;
    if (overview->currency_count > 1)
        qsort(overview->currencies, overview->currency_count, sizeof *overview->currencies,
              by_currency);
    for (size_t i = 0; i < moved->currency_count; i++)
        if (moved->currencies[i].currency == overview->currency)
            overview->moved = &moved->currencies[i];
    return TILL_OK;
}

// ---- what sells ----

static enum till_code fill_top(struct store *store, const struct report_overview *overview,
                               enum store_dimension by, struct arena *arena,
                               struct report_top *ret_top, struct till_error *e)
{
    struct report_breakdown sold = {0};
    const struct report_overview_question *question = &overview->question;
    struct movements *engine = by == STORE_BY_PRODUCT ? overview->movements.engine : NULL;
    enum till_code code = report_breakdown_sold(store, &question->query, by, question->now_us,
                                                engine, arena, &sold, e);
    if (code)
        return code;
    *ret_top = (struct report_top){0};
    size_t kept = 0;
    for (size_t i = 0; i < sold.group_count; i++) {
        if (sold.groups[i].currency != overview->currency)
            continue;
        ret_top->revenue_minor += sold.groups[i].revenue_minor;
        sold.groups[kept++] = sold.groups[i];
    }
    ret_top->groups = sold.groups;
    ret_top->count = kept < REPORT_TOP_GROUPS ? kept : REPORT_TOP_GROUPS;
    return TILL_OK;
}

static enum till_code fill_tops(struct store *store, struct report_overview *overview,
                                struct arena *arena, struct till_error *e)
{
    enum till_code code =
        fill_top(store, overview, STORE_BY_PRODUCT, arena, &overview->products, e);
    if (code == TILL_OK)
        code = fill_top(store, overview, STORE_BY_COUNTRY, arena, &overview->countries, e);
    if (code == TILL_OK)
        code = fill_top(store, overview, STORE_BY_SOURCE, arena, &overview->sources, e);
    return code;
}

// ---- what happened last ----

struct gathering {
    struct report_overview *overview;
    struct arena *arena;
};

static enum till_code copy(struct arena *arena, const struct value *value, struct sv *ret_text,
                           struct till_error *e)
{
    *ret_text = (struct sv){NULL, 0};
    if (value->type != VALUE_TEXT)
        return TILL_OK;
    *ret_text = arena_sv(arena, value->text);
    return ret_text->ptr ? TILL_OK : arena_fail(arena, "the overview", e);
}

static enum till_code take_latest(void *context, const struct value *v, size_t count,
                                  struct till_error *e)
{
    static const char *const kinds[] = {"order", "subscription", "canceled", "refund"};
    struct gathering *g = context;
    struct report_overview *overview = g->overview;
    if (count < STORE_LATEST__COUNT || overview->latest_count == REPORT_LATEST_ROWS)
        return TILL_OK;
    struct report_latest *latest = &overview->latest[overview->latest_count];
    const struct {
        enum store_latest column;
        struct sv *place;
    } texts[] = {
        {STORE_LATEST_ID, &latest->id},
        {STORE_LATEST_CUSTOMER, &latest->customer_id},
        {STORE_LATEST_NAME, &latest->name},
        {STORE_LATEST_EMAIL, &latest->email},
        {STORE_LATEST_COUNTRY, &latest->country},
        {STORE_LATEST_PRODUCT, &latest->product},
        {STORE_LATEST_CURRENCY, &latest->currency},
        {STORE_LATEST_BILLING_REASON, &latest->billing_reason},
    };
    for (size_t i = 0; i < TILL_COUNT(texts); i++) {
        enum till_code code = copy(g->arena, &v[texts[i].column], texts[i].place, e);
        if (code)
            return code;
    }
    latest->kind = kinds[0];
    for (size_t i = 0; i < TILL_COUNT(kinds); i++)
        if (v[STORE_LATEST_KIND].type == VALUE_TEXT &&
            sv_equal(v[STORE_LATEST_KIND].text, sv_of(kinds[i])))
            latest->kind = kinds[i];
    if (v[STORE_LATEST_AT].type != VALUE_TEXT ||
        !timestamp_parse(v[STORE_LATEST_AT].text, &latest->at_us))
        latest->at_us = 0;
    if (v[STORE_LATEST_AMOUNT].type == VALUE_INTEGER)
        latest->amount_minor = v[STORE_LATEST_AMOUNT].integer;
    overview->latest_count++;
    return TILL_OK;
}

// ---- all together ----

// Movements and tiles look at much, and do not need each other: where a processor is free, one is done beside the other.
struct beside {
    struct store *store; // of its own
    struct report_overview *overview;
    pthread_t thread;
    bool is_started;
    enum till_code code;
    struct till_error error;
};

static enum till_code fill_movements(struct store *store, struct report_overview *overview,
                                     struct till_error *e)
{
    const struct report_overview_question *question = &overview->question;
    enum till_code code =
        report_movements(store, &question->query, question->now_us, &overview->movements, e);
    if (code != TILL_CONFIG)
        return code;
    till_error_clear(e); // no subscriptions yet: nothing moved
    report_movements_release(&overview->movements);
    overview->movements = (struct report_movements){0};
    return TILL_OK;
}

static void *run_beside(void *context)
{
    struct beside *beside = context;
    beside->code = fill_movements(beside->store, beside->overview, &beside->error);
    return NULL;
}

// Signals are for the threads that were there before.
static void start_beside(struct beside *beside, const struct store *store)
{
    sigset_t all, before;
    struct till_error ignored = {0};
    if (store_open_beside(store, &beside->store, &ignored) != TILL_OK)
        return;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    beside->is_started = pthread_create(&beside->thread, NULL, run_beside, beside) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static enum till_code end_beside(struct beside *beside, enum till_code code, struct till_error *e)
{
    if (beside->is_started)
        (void)pthread_join(beside->thread, NULL);
    store_close(beside->store);
    if (code == TILL_OK && beside->is_started && beside->code) {
        *e = beside->error;
        code = beside->code;
    }
    return code;
}

static enum till_code fill_largest(struct store *store, struct report_overview *overview,
                                   struct till_error *e)
{
    const struct report_overview_question *question = &overview->question;
    struct beside beside = {.overview = overview};
    bool has_tiles = (question->parts & REPORT_TILES) != 0;
    bool has_movements =
        (question->parts & REPORT_MOVEMENTS) != 0 && question->query.customer_count == 0;
    enum till_code code = TILL_OK;
    if (has_tiles)
        ask_tiles(&overview->question.query); // from here on the question stays as it is
    if (has_tiles && has_movements)
        start_beside(&beside, store);
    if (has_tiles)
        code = fill_tiles(store, overview, e);
    code = end_beside(&beside, code, e);
    if (code == TILL_OK && has_movements && !beside.is_started)
        code = fill_movements(store, overview, e);
    return code;
}

static enum till_code gather(struct store *store, struct report_overview *overview,
                             struct arena *arena, struct till_error *e)
{
    const struct report_overview_question *question = &overview->question;
    struct gathering latest = {overview, arena};
    const struct store_metric_sink sink = {take_latest, &latest};
    bool is_filtered = question->query.customer_count > 0 || question->query.product_count > 0;
    enum till_code code = fill_largest(store, overview, e);
    if (code == TILL_OK && (question->parts & REPORT_TILES) && !is_filtered)
        code = fill_traffic(store, overview, arena, e);
    if (code == TILL_OK)
        code = choose_currency(store, overview, arena, e);
    overview->has_top = (question->parts & REPORT_TOP) && !is_filtered;
    if (code == TILL_OK && overview->has_top)
        code = fill_tops(store, overview, arena, e);
    if (code == TILL_OK && (question->parts & REPORT_LATEST))
        code = store_latest(store, sv_of(question->query.connection->organization_id),
                            question->now_us, REPORT_LATEST_ROWS, &sink, e);
    return code;
}

enum till_code report_overview(struct store *store, const struct report_overview_question *question,
                               struct arena *arena, struct report_overview *ret_overview,
                               struct till_error *e)
{
    memset(ret_overview, 0, sizeof *ret_overview);
    ret_overview->question = *question;
    set_times(ret_overview);
    enum till_code code = gather(store, ret_overview, arena, e);
    return code ? till_error_context(e, "could not put the overview together") : TILL_OK;
}

void report_overview_release(struct report_overview *overview)
{
    report_metrics_release(&overview->metrics);
    report_metrics_release(&overview->before);
    report_movements_release(&overview->movements);
    report_traffic_release(&overview->traffic);
}
