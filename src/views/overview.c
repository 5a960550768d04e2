// SPDX-License-Identifier: Apache-2.0
// overview.c - the snapshot of the first page as JSON: what was not asked for, or is not there under a filter, is null.
#include "views/overview.h"

#include "views/metrics.h"
#include "views/movements.h"
#include "views/traffic.h"

static void number_json(struct buf *out, const char *key, bool is_there,
                        struct metrics_number number)
{
    view_json_key(out, key);
    if (is_there)
        view_number(out, number);
    else
        buf_text(out, "null");
}

static void currency_json(struct buf *out, const char *key, metrics_currency currency)
{
    char code[VIEW_CURRENCY_BYTES];
    view_currency(code, currency);
    view_json_text(out, key, code);
}

// ---- tiles ----

static void series_json(struct buf *out, const struct report_overview *overview,
                        const struct report_tile *tile)
{
    const struct metrics_answer *now = &overview->metrics.answer, *then = &overview->before.answer;
    char at[VIEW_LOCAL_BYTES];
    view_json_key(out, "series");
    buf_char(out, '[');
    for (size_t i = 0; tile->has_value && i < now->period_count; i++) {
        bool has_before = tile->has_previous && i < then->period_count;
        view_local_time(at, overview->question.query.zone, now->starts_us[i]);
        buf_text(out, i > 0 ? ",{" : "{");
        view_json_text(out, "at", at);
        number_json(out, "value", true, now->periods[tile->metric->id * now->period_count + i]);
        number_json(out, "previous", has_before,
                    has_before ? then->periods[tile->metric->id * then->period_count + i]
                               : (struct metrics_number){0});
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void tile_json(struct buf *out, const struct report_overview *overview,
                      const struct report_tile *tile)
{
    static const char *const kinds[] = {[METRIC_SCALAR] = "count",
                                        [METRIC_CURRENCY] = "money",
                                        [METRIC_SUB_CENT] = "money",
                                        [METRIC_PERCENTAGE] = "rate"};
    buf_char(out, '{');
    view_json_text(out, "slug", tile->metric->slug);
    view_json_text(out, "name", tile->metric->display_name);
    view_json_text(out, "kind", kinds[tile->metric->type]);
    view_json_bool(out, "balance", tile->metric->nature == METRIC_BALANCE);
    number_json(out, "value", tile->has_value, tile->value);
    number_json(out, "previous", tile->has_previous, tile->previous);
    number_json(out, "change", tile->has_change,
                (struct metrics_number){true, {.real = tile->change}});
    view_json_text(out, "approximate", tile->approximate);
    view_json_text(out, "unavailable", tile->unavailable);
    series_json(out, overview, tile);
    buf_char(out, '}');
}

static void tiles_json(struct buf *out, const struct report_overview *overview)
{
    view_json_key(out, "tiles");
    buf_text(out, overview->question.parts & REPORT_TILES ? "[" : "null");
    for (size_t i = 0; i < overview->tile_count; i++) {
        if (i > 0)
            buf_text(out, ",\n");
        tile_json(out, overview, &overview->tiles[i]);
    }
    if (overview->question.parts & REPORT_TILES)
        buf_char(out, ']');
}

// ---- visitors ----

static void traffic_tile_json(struct buf *out, const struct report_traffic *traffic,
                              enum traffic_metric_id id)
{
    const struct joined_answer *now = &traffic->answer, *then = &traffic->before;
    const struct traffic_metric *metric = model_traffic_metric(id);
    struct joined_number previous = {.has_value = false}, change = {.has_value = false};
    struct joined_number comparable =
        report_traffic_number(traffic, now, now->period_count + 1, SIZE_MAX, id);
    if (traffic->has_previous)
        previous = report_traffic_number(traffic, then, then->period_count, SIZE_MAX, id);
    double old = previous.has_value ? metrics_real(previous.number) : 0;
    change.has_value = comparable.has_value && old > 0;
    change.number.is_real = true;
    if (change.has_value)
        change.number.real = (metrics_real(comparable.number) - old) / old;
    buf_char(out, '{');
    view_json_text(out, "slug", metric->full_slug);
    view_json_text(out, "name", metric->name);
    view_json_text(out, "kind", traffic_metric_type_word(metric->type));
    view_json_bool(out, "balance", false);
    view_traffic_json_number(out, "value",
                             report_traffic_number(traffic, now, now->period_count, SIZE_MAX, id));
    // Of the days that are over, as the time before.
    view_traffic_json_number(out, "comparable", comparable);
    view_traffic_json_number(out, "previous", previous);
    view_traffic_json_number(out, "change", change);
    view_json_text(out, "approximate", "");
    view_json_text(out, "unavailable", "");
    view_json_key(out, "series");
    buf_char(out, '[');
    for (size_t i = 0; i < now->period_count; i++) {
        char at[VIEW_LOCAL_BYTES];
        view_local_time(at, traffic->question.query.zone, now->starts_us[i]);
        buf_text(out, i > 0 ? ",{" : "{");
        view_json_text(out, "at", at);
        view_traffic_json_number(out, "value",
                                 report_traffic_number(traffic, now, i, SIZE_MAX, id));
        view_traffic_json_number(out, "previous", (struct joined_number){.has_value = false});
        view_json_bool(out, "complete", now->lines[i].open == 0);
        buf_char(out, '}');
    }
    buf_text(out, "]}");
}

static void traffic_json(struct buf *out, const struct report_overview *overview)
{
    view_json_key(out, "traffic");
    if (!overview->has_traffic) {
        buf_text(out, "null");
        return;
    }
    buf_char(out, '{');
    view_traffic_sources_json(out, &overview->traffic);
    view_json_key(out, "tiles");
    buf_char(out, '[');
    traffic_tile_json(out, &overview->traffic, TRAFFIC_METRIC_visitors);
    buf_text(out, ",\n");
    traffic_tile_json(out, &overview->traffic, TRAFFIC_METRIC_conversion);
    buf_text(out, "]}");
}

// ---- movements ----

static void movements_json(struct buf *out, const struct report_overview *overview)
{
    const struct movements_answer *answer = &overview->movements.answer;
    bool is_asked = (overview->question.parts & REPORT_MOVEMENTS) != 0 &&
                    overview->question.query.customer_count == 0;
    view_json_key(out, "movements");
    buf_text(out, is_asked ? "[" : "null");
    for (size_t i = 0; overview->moved && i < answer->period_count; i++) {
        char at[VIEW_LOCAL_BYTES];
        const struct movements_line *line = &overview->moved->lines[i];
        view_local_time(at, overview->question.query.zone, answer->starts_us[i]);
        buf_text(out, i > 0 ? ",\n{" : "{");
        view_json_text(out, "timestamp", at);
        view_json_int(out, "start", line->start_minor);
        view_json_int(out, "new", line->new_minor);
        view_json_int(out, "expansion", line->expansion_minor);
        view_json_int(out, "contraction", line->contraction_minor);
        view_json_int(out, "churn", line->churn_minor);
        view_json_int(out, "reactivation", line->reactivation_minor);
        view_json_int(out, "end", line->end_minor);
        buf_char(out, '}');
    }
    if (is_asked)
        buf_char(out, ']');
}

// ---- what sells ----

static void top_json(struct buf *out, const struct report_overview *overview, const char *key,
                     const struct report_top *top, bool has_mrr)
{
    view_json_key(out, key);
    buf_text(out, overview->has_top ? "[" : "null");
    for (size_t i = 0; i < top->count; i++) {
        const struct report_group *group = &top->groups[i];
        bool has_share = top->revenue_minor > 0;
        struct metrics_number share = {
            true,
            {.real = has_share ? (double)group->revenue_minor / (double)top->revenue_minor : 0}};
        buf_text(out, i > 0 ? ",\n{" : "{");
        view_json_sv(out, "key", group->key);
        view_json_sv(out, "name", group->name);
        currency_json(out, "currency", group->currency);
        view_json_int(out, "revenue", group->revenue_minor);
        view_json_int(out, "orders", group->orders);
        number_json(out, "mrr", has_mrr, (struct metrics_number){.integer = group->mrr_minor});
        number_json(out, "share", has_share, share);
        buf_char(out, '}');
    }
    if (overview->has_top)
        buf_char(out, ']');
}

// ---- what happened last ----

static void latest_json(struct buf *out, const struct report_overview *overview)
{
    bool is_asked = (overview->question.parts & REPORT_LATEST) != 0;
    view_json_key(out, "latest");
    buf_text(out, is_asked ? "[" : "null");
    for (size_t i = 0; i < overview->latest_count; i++) {
        const struct report_latest *latest = &overview->latest[i];
        buf_text(out, i > 0 ? ",\n{" : "{");
        view_json_text(out, "kind", latest->kind);
        view_json_sv(out, "id", latest->id);
        view_json_time(out, "at", latest->at_us);
        view_json_key(out, "customer");
        if (latest->customer_id.ptr) {
            buf_char(out, '{');
            view_json_sv(out, "id", latest->customer_id);
            view_json_sv(out, "name", latest->name);
            view_json_sv(out, "email", latest->email);
            view_json_sv(out, "country", latest->country);
            buf_char(out, '}');
        } else {
            buf_text(out, "null");
        }
        view_json_sv(out, "product", latest->product);
        view_json_int(out, "amount", latest->amount_minor);
        view_json_sv(out, "currency", latest->currency);
        view_json_sv(out, "billing_reason", latest->billing_reason);
        buf_char(out, '}');
    }
    if (is_asked)
        buf_char(out, ']');
}

static void head_json(struct buf *out, const struct report_overview *overview)
{
    const struct report_metrics_query *query = &overview->question.query;
    view_json_text(out, "connection", query->connection->name);
    view_json_text(out, "organization", query->connection->organization_name);
    view_json_key(out, "range");
    buf_char(out, '{');
    view_json_date(out, "from", query->from);
    view_json_date(out, "to", query->to);
    view_json_text(out, "timezone", zone_name(query->zone));
    view_json_text(out, "interval", metrics_interval_word(query->interval));
    view_json_bool(out, "is_partial", overview->is_partial);
    buf_char(out, '}');
    view_json_key(out, "previous");
    if (overview->has_previous) {
        buf_char(out, '{');
        view_json_date(out, "from", overview->previous_from);
        view_json_date(out, "to", overview->previous_to);
        view_json_time(out, "until", overview->previous_until_us);
        buf_char(out, '}');
    } else {
        buf_text(out, "null");
    }
    view_json_time(out, "as_of", overview->question.now_us);
    view_json_time(out, "fresh_as_of", overview->fresh_as_of_us);
    view_json_key(out, "currencies");
    buf_char(out, '[');
    for (size_t i = 0; i < overview->currency_count; i++) {
        char code[VIEW_CURRENCY_BYTES];
        view_currency(code, overview->currencies[i]);
        if (i > 0)
            buf_char(out, ',');
        buf_json_string(out, sv_of(code));
    }
    buf_char(out, ']');
    currency_json(out, "currency", METRICS_USD);
    currency_json(out, "rows_currency", overview->currency);
}

void view_overview_json(struct buf *out, const struct report_overview *overview)
{
    bool has_mrr = overview->movements.engine != NULL;
    head_json(out, overview);
    tiles_json(out, overview);
    traffic_json(out, overview);
    movements_json(out, overview);
    top_json(out, overview, "products", &overview->products, has_mrr);
    top_json(out, overview, "countries", &overview->countries, false);
    top_json(out, overview, "sources", &overview->sources, false);
    latest_json(out, overview);
}
