// SPDX-License-Identifier: Apache-2.0
// summary.c - the SQL of summary.h, in the dialect that every back end shares.
//
// One statement gathers the four activities as rows of (currency, revenue, orders, refunded, refunds, new, lost) and adds them up by currency. "Paid" follows
// Polar: paid, refunded and partially_refunded orders count on the day they were created (docs/metrics.md says why).
#include "store/summary.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"

static const char day_sql[] =
    "WITH live(organization_id) AS (SELECT organization_id FROM till_connections"
    "   WHERE disconnected_at IS NULL AND (?3 IS NULL OR organization_id = ?3)),"
    " activity(currency, revenue, orders, refunded, refunds, born, lost) AS ("
    " SELECT currency, net_amount, 1, 0, 0, 0, 0 FROM orders"
    "  WHERE created_at >= ?1 AND created_at < ?2 AND till_deleted_at IS NULL"
    "   AND status IN ('paid', 'refunded', 'partially_refunded')"
    "   AND organization_id IN (SELECT organization_id FROM live)"
    " UNION ALL SELECT currency, 0, 0, amount, 1, 0, 0 FROM refunds"
    "  WHERE created_at >= ?1 AND created_at < ?2 AND till_deleted_at IS NULL AND status = "
    "'succeeded'"
    "   AND organization_id IN (SELECT organization_id FROM live)"
    " UNION ALL SELECT currency, 0, 0, 0, 0, 1, 0 FROM subscriptions"
    "  WHERE started_at >= ?1 AND started_at < ?2 AND till_deleted_at IS NULL"
    "   AND organization_id IN (SELECT organization_id FROM live)"
    " UNION ALL SELECT currency, 0, 0, 0, 0, 0, 1 FROM subscriptions"
    "  WHERE ended_at >= ?1 AND ended_at < ?2 AND till_deleted_at IS NULL"
    "   AND organization_id IN (SELECT organization_id FROM live))"
    " SELECT currency, SUM(revenue), SUM(orders), SUM(refunded), SUM(refunds), SUM(born), SUM(lost)"
    " FROM activity GROUP BY currency ORDER BY currency";

struct day_gather {
    struct store_day_line *lines;
    size_t capacity, count;
};

static enum till_code day_row(void *context, const struct value *values, size_t count,
                              struct till_error *e)
{
    struct day_gather *gather = context;
    (void)count;
    if (gather->count >= gather->capacity)
        return TILL_FAIL(e, TILL_LIMIT, 0, "more than %zu currencies in one day", gather->capacity);
    struct store_day_line *line = &gather->lines[gather->count++];
    memset(line, 0, sizeof(*line));
    if (values[0].type == VALUE_TEXT)
        (void)snprintf(line->currency, sizeof(line->currency), SV_FORMAT, SV_ARGS(values[0].text));
    line->revenue_minor = values[1].integer;
    line->order_count = values[2].integer;
    line->refunded_minor = values[3].integer;
    line->refund_count = values[4].integer;
    line->new_subscriptions = values[5].integer;
    line->lost_subscriptions = values[6].integer;
    return TILL_OK;
}

enum till_code store_day(struct store *store, struct sv organization_id, int64_t from_us,
                         int64_t to_us, struct store_day_line *ret_lines, size_t capacity,
                         size_t *ret_count, struct till_error *e)
{
    char from[TIMESTAMP_BYTES + 1];
    char to[TIMESTAMP_BYTES + 1];
    if (!timestamp_format(from_us, from) || !timestamp_format(to_us, to))
        return TILL_FAIL(e, TILL_USAGE, 0, "the day lies outside of the years 1 to 9999");
    struct value parameters[3] = {
        {.type = VALUE_TEXT, .text = sv_of(from)},
        {.type = VALUE_TEXT, .text = sv_of(to)},
        {.type = organization_id.ptr ? VALUE_TEXT : VALUE_NULL, .text = organization_id},
    };
    struct day_gather gather = {.lines = ret_lines, .capacity = capacity};
    struct store_query query = {
        .sql = day_sql, .parameters = parameters, .parameter_count = 3, .is_trusted = true};
    struct store_sink sink = {.context = &gather, .row = day_row};
    struct store_query_result result = {0};
    enum till_code code = store_query(store, &query, &sink, &result, e);
    if (code)
        return till_error_context(e, "could not add up the day");
    *ret_count = gather.count;
    return TILL_OK;
}

static enum till_code failing_row(void *context, const struct value *values, size_t count,
                                  struct till_error *e)
{
    int64_t *since_us = context;
    (void)count;
    if (values[0].type == VALUE_TEXT && !timestamp_parse(values[0].text, since_us))
        return TILL_FAIL(e, TILL_STORE, 0, "a run began at \"" SV_FORMAT "\"",
                         SV_ARGS(values[0].text));
    return TILL_OK;
}

enum till_code store_failing_since(struct store *store, struct sv organization_id,
                                   const struct table *table, int64_t *ret_us, struct till_error *e)
{
    static const char sql[] =
        "SELECT min(started_at) FROM till_runs WHERE organization_id = ?1 AND table_name = ?2"
        " AND id > coalesce((SELECT max(id) FROM till_runs WHERE organization_id = ?1"
        "   AND table_name = ?2 AND code = 'ok'), 0)";
    const struct value parameters[] = {{.type = VALUE_TEXT, .text = organization_id},
                                       {.type = VALUE_TEXT, .text = sv_of(table->name)}};
    struct store_query query = {.sql = sql,
                                .parameters = parameters,
                                .parameter_count = TILL_COUNT(parameters),
                                .is_trusted = true};
    int64_t since_us = 0;
    struct store_sink sink = {.context = &since_us, .row = failing_row};
    struct store_query_result result = {0};
    enum till_code code = store_query(store, &query, &sink, &result, e);
    if (code)
        return till_error_context(e, "could not read the history of runs");
    *ret_us = since_us;
    return TILL_OK;
}
