// SPDX-License-Identifier: Apache-2.0
// traffic_reads.c - the SQL of traffic_reads.h.
//
// The tables of traffic are small beside those of the shop and have their connection and date for a key. Orders come from their covering index, one by one:
// days are cut by the caller, in its zone.
#include "store/traffic_reads.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "store/driver.h"

enum { DATE_BYTES = 32 };

// ---- sources ----

struct sources {
    struct store_traffic_source *list;
    size_t capacity, count;
};

static bool take_date(const struct value *value, struct civil_date *ret_date)
{
    char text[DATE_BYTES];
    store_copy(text, sizeof text, value);
    return civil_date_parse(text, ret_date);
}

static enum till_code take_source(void *context, const struct value *v, size_t count,
                                  struct till_error *e)
{
    struct sources *sources = context;
    if (count != 13)
        return TILL_OK;
    if (sources->count == sources->capacity)
        return TILL_FAIL(e, TILL_LIMIT, 0, "more than %zu sources of traffic are connected",
                         sources->capacity);
    struct store_traffic_source *source = &sources->list[sources->count++];
    *source = (struct store_traffic_source){.counts_visitors = v[5].integer != 0,
                                            .connected_us = store_time_of(&v[9]),
                                            .fresh_us = store_time_of(&v[10])};
    store_copy(source->name, sizeof source->name, &v[0]);
    store_copy(source->service, sizeof source->service, &v[1]);
    store_copy(source->property, sizeof source->property, &v[2]);
    store_copy(source->property_name, sizeof source->property_name, &v[3]);
    store_copy(source->timezone, sizeof source->timezone, &v[4]);
    source->has_days = take_date(&v[6], &source->first) && take_date(&v[7], &source->last);
    source->has_complete = take_date(&v[8], &source->complete);
    if (!v[11].text.ptr || !sv_equal(v[11].text, SV("ok")))
        store_copy(source->last_error, sizeof source->last_error, &v[12]);
    return TILL_OK;
}

enum till_code store_traffic_sources(struct store *store, struct store_traffic_source *ret_sources,
                                     size_t capacity, size_t *ret_count, struct till_error *e)
{
// From the first day on which there was anything, to the last that landed or that the service called final.
#define DATES(table, is_some)                                                                      \
    "(SELECT min(date) FROM " table " WHERE connection = s.name AND " is_some                      \
    "), nullif(max(coalesce((SELECT max(date) FROM " table                                         \
    " WHERE connection = s.name), ''), coalesce(date(s.through_date, '-1 day'), '')), ''), "       \
    "nullif(max(coalesce((SELECT max(date) FROM " table                                            \
    " WHERE connection = s.name AND is_complete = 1), ''), coalesce(date(s.through_date, "         \
    "'-1 day'), '')), '')"
#define SOURCES(table, is_some, counts_visitors, condition)                                        \
    "SELECT s.name, s.service, s.property, s.property_name, s.timezone, " counts_visitors          \
    ", " DATES(table, is_some) ", s.connected_at, s.fresh_at, s.last_code, s.last_error FROM "     \
                               "traffic_sources AS s WHERE s.disconnected_at IS NULL AND "         \
                               "s.service " condition
    static const char sql[] = SOURCES(
        "traffic_daily", "(visitors > 0 OR visits > 0 OR pageviews > 0)", "1",
        "<> 'search-console'") " UNION ALL " SOURCES("search_daily", "impressions > 0", "0",
                                                     "= 'search-console'") " ORDER BY 10, 1";
#undef SOURCES
#undef DATES
    struct sources sources = {.list = ret_sources, .capacity = capacity};
    struct store_result result = {.row = take_source, .context = &sources};
    enum till_code code = store_execute(store, sql, NULL, 0, &result, e);
    if (code == TILL_OK)
        *ret_count = sources.count;
    return code;
}

// ---- days and their parts ----

static struct value date_value(struct civil_date date, char place[static DATE_BYTES])
{
    (void)snprintf(place, DATE_BYTES, "%04d-%02d-%02d", (int)date.year, (int)date.month,
                   (int)date.day);
    return store_c_text(place);
}

// ?1 connection, ?2 and ?3 the first and the last day, then what else there is.
static enum till_code ask(struct store *store, const char *sql,
                          const struct store_traffic_span *span, const struct value *more,
                          size_t more_count, const struct store_metric_sink *sink,
                          struct till_error *e)
{
    char from[DATE_BYTES], to[DATE_BYTES];
    struct store_result result = {.row = sink->row, .context = sink->context};
    struct value values[6] = {store_text(span->connection), date_value(span->from, from),
                              date_value(span->to, to)};
    for (size_t i = 0; i < more_count && i < 3; i++)
        values[3 + i] = more[i];
    return store_execute(store, sql, values, 3 + more_count, &result, e);
}

#define SPAN " WHERE connection = ?1 AND date BETWEEN ?2 AND ?3"

enum till_code store_traffic_days(struct store *store, const struct store_traffic_span *span,
                                  const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] = "SELECT date, visitors, visits, pageviews, bounces, is_complete FROM "
                              "traffic_daily" SPAN " ORDER BY date";
    return ask(store, sql, span, NULL, 0, sink, e);
}

enum till_code store_traffic_hours(struct store *store, struct sv connection, int64_t from_us,
                                   int64_t to_us, const struct store_metric_sink *sink,
                                   struct till_error *e)
{
    static const char sql[] = "SELECT hour, visitors, visits, pageviews FROM traffic_hourly WHERE "
                              "connection = ?1 AND hour BETWEEN ?2 AND ?3 ORDER BY hour";
    char from[STORE_TIME_BYTES], to[STORE_TIME_BYTES];
    struct store_result result = {.row = sink->row, .context = sink->context};
    const struct value values[] = {store_text(connection), store_time(from_us, from),
                                   store_time(to_us, to)};
    return store_execute(store, sql, values, TILL_COUNT(values), &result, e);
}

enum till_code store_search_days(struct store *store, const struct store_traffic_span *span,
                                 const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] = "SELECT date, clicks, impressions, position, is_complete FROM "
                              "search_daily" SPAN " ORDER BY date";
    return ask(store, sql, span, NULL, 0, sink, e);
}

enum till_code store_traffic_parts(struct store *store, const struct store_traffic_span *span,
                                   const char *dimension, int64_t limit,
                                   const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT value, sum(visitors), sum(visits), sum(pageviews), sum(bounces) FROM "
        "traffic_breakdown" SPAN " AND dimension = ?4 GROUP BY value "
        "ORDER BY coalesce(sum(visitors), sum(visits)) DESC, value LIMIT ?5";
    const struct value more[] = {store_c_text(dimension), store_integer(limit)};
    return ask(store, sql, span, more, TILL_COUNT(more), sink, e);
}

enum till_code store_search_parts(struct store *store, const struct store_traffic_span *span,
                                  const char *dimension, int64_t limit,
                                  const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT value, sum(clicks), sum(impressions), sum(position * impressions) / "
        "nullif(sum(CASE WHEN position IS NOT NULL THEN impressions END), 0) FROM "
        "search_queries" SPAN
        " AND dimension = ?4 GROUP BY value ORDER BY sum(clicks) DESC, sum(impressions) DESC, "
        "value LIMIT ?5";
    const struct value more[] = {store_c_text(dimension), store_integer(limit)};
    return ask(store, sql, span, more, TILL_COUNT(more), sink, e);
}

enum till_code store_search_moves(struct store *store, const struct store_traffic_span *span,
                                  const char *dimension, int64_t limit,
                                  const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT value, now, before FROM (SELECT value, sum(CASE WHEN date >= ?6 THEN clicks ELSE "
        "0 END) AS now, sum(CASE WHEN date < ?6 THEN clicks ELSE 0 END) AS before FROM "
        "search_queries" SPAN " AND dimension = ?4 GROUP BY value) WHERE now <> before "
        "ORDER BY abs(now - before) DESC, value LIMIT ?5";
    char middle[DATE_BYTES];
    int64_t days = civil_date_to_days(span->to) - civil_date_to_days(span->from) + 1;
    const struct store_traffic_span both = {
        span->connection, civil_date_add_days(span->from, (int32_t)-days), span->to};
    const struct value more[] = {store_c_text(dimension), store_integer(limit),
                                 date_value(span->from, middle)};
    return ask(store, sql, &both, more, TILL_COUNT(more), sink, e);
}

// ---- what was sold ----

enum till_code store_traffic_orders(struct store *store, struct sv organization_id, int64_t from_us,
                                    int64_t to_us, const struct store_metric_sink *sink,
                                    struct till_error *e)
{
    static const char sql[] =
        "SELECT till_row(created_at, currency, net_amount, billing_reason IN ('purchase', "
        "'subscription_create')) FROM orders INDEXED BY orders_by_created_at WHERE created_at "
        "BETWEEN ?2 AND ?3 AND organization_id = ?1 AND till_deleted_at IS NULL AND paid = 1";
    char from[STORE_TIME_BYTES], to[STORE_TIME_BYTES];
    struct store_result result = {.row = sink->row, .context = sink->context};
    struct value values[] = {store_text(organization_id), store_time_from(from_us, from),
                             store_time_to(to_us, to)};
    return store_stream(store, sql, values, TILL_COUNT(values), &result, e);
}
