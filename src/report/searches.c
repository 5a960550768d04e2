// SPDX-License-Identifier: Apache-2.0
// searches.c - lists of searches, and a second look at sales by week: of the whole weeks of the range those whose new revenue differs most from the week
// before, and of each of them the queries whose clicks differ most.
#include "report/searches.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "report/values.h"

enum { WEEK_DAYS = 7 };

struct gathering {
    struct report_searches *report;
    struct arena *arena;
    struct report_search_line *lines;
    size_t *count;
    struct report_search_week *week;
};

static enum till_code copy(struct arena *arena, const struct value *value, struct sv *ret_text,
                           struct till_error *e)
{
    *ret_text = arena_sv(arena, value->type == VALUE_TEXT ? value->text : SV(""));
    return ret_text->ptr ? TILL_OK : arena_fail(arena, "searches", e);
}

static enum till_code take_line(void *context, const struct value *v, size_t count,
                                struct till_error *e)
{
    struct gathering *g = context;
    if (count != STORE_SEARCH_PART_COLUMNS || *g->count == REPORT_SEARCH_LINES)
        return TILL_OK;
    struct report_search_line *line = &g->lines[(*g->count)++];
    line->clicks = integer_of(&v[1], 0);
    line->impressions = integer_of(&v[2], 0);
    line->has_position = v[3].type != VALUE_NULL;
    line->position = real_of(&v[3]);
    return copy(g->arena, &v[0], &line->value, e);
}

static enum till_code take_move(void *context, const struct value *v, size_t count,
                                struct till_error *e)
{
    struct gathering *g = context;
    if (count != STORE_SEARCH_MOVE_COLUMNS || g->week->move_count == REPORT_SEARCH_MOVES)
        return TILL_OK;
    struct report_search_move *move = &g->week->moves[g->week->move_count++];
    move->clicks = integer_of(&v[1], 0);
    move->clicks_before = integer_of(&v[2], 0);
    return copy(g->arena, &v[0], &move->value, e);
}

// ---- weeks ----

static int64_t monday(int64_t days) // on that day or after it; 1970-01-01 was a Thursday
{
    int64_t weekday = ((days % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS + 3) % WEEK_DAYS;
    return weekday == 0 ? days : days + WEEK_DAYS - weekday;
}

// The whole weeks of the range, all of them known and final at the source. False when there are not two of them.
static bool find_weeks(const struct report_searches *report, int64_t *ret_first, int64_t *ret_last)
{
    const struct report_metrics_query *query = &report->traffic.question.query;
    const struct store_traffic_source *source = report->traffic.searches;
    if (!source->has_days || !source->has_complete)
        return false;
    int64_t first = civil_date_to_days(query->from), last = civil_date_to_days(query->to);
    int64_t known = civil_date_to_days(source->first), final = civil_date_to_days(source->complete);
    first = monday(first > known ? first : known);
    last = last < final ? last : final;
    *ret_first = first;
    *ret_last = first + (last + 1 - first) / WEEK_DAYS * WEEK_DAYS - 1;
    return last + 1 - first >= 2 * WEEK_DAYS;
}

static int64_t distance(const struct report_search_week *week)
{
    int64_t difference = week->new_revenue_minor - week->new_revenue_before_minor;
    return difference < 0 ? -difference : difference;
}

static int by_distance(const void *a, const void *b)
{
    int64_t x = distance(a), y = distance(b);
    return x > y ? -1 : x < y;
}

static int newest_first(const void *a, const void *b)
{
    const struct report_search_week *x = a, *y = b;
    int64_t first = civil_date_to_days(x->from), second = civil_date_to_days(y->from);
    return first > second ? -1 : first < second;
}

static enum till_code choose_weeks(struct report_searches *report, struct arena *arena,
                                   const struct joined_answer *sold, int64_t first,
                                   struct till_error *e)
{
    size_t currency = report_traffic_currency(sold), moved = 0;
    if (currency == SIZE_MAX || sold->period_count < 2)
        return TILL_OK;
    const struct joined_sum *sums = sold->currencies[currency].sums;
    struct report_search_week *weeks = arena_calloc(arena, sold->period_count, sizeof *weeks);
    if (!weeks)
        return arena_fail(arena, "searches", e);
    report->currency = sold->currencies[currency].currency;
    report->weeks_seen = sold->period_count - 1;
    for (size_t i = 1; i < sold->period_count; i++) {
        struct report_search_week week = {
            .from = civil_date_from_days(first + (int64_t)i * WEEK_DAYS),
            .new_revenue_minor = sums[i].new_revenue_minor,
            .new_revenue_before_minor = sums[i - 1].new_revenue_minor};
        double share = REPORT_SEARCH_MOVED * (double)week.new_revenue_before_minor;
        if (distance(&week) > 0 && (double)distance(&week) >= share)
            weeks[moved++] = week;
    }
    if (moved > 1)
        qsort(weeks, moved, sizeof *weeks, by_distance);
    report->week_count = moved < REPORT_SEARCH_WEEKS ? moved : REPORT_SEARCH_WEEKS;
    memcpy(report->weeks, weeks, report->week_count * sizeof *weeks);
    if (report->week_count > 1)
        qsort(report->weeks, report->week_count, sizeof *report->weeks, newest_first);
    return TILL_OK;
}

static enum till_code gather_weeks(struct store *store, struct gathering *g, struct till_error *e)
{
    struct report_searches *report = g->report;
    const struct store_metric_sink moves = {take_move, g};
    struct report_traffic_question question = report->traffic.question;
    int64_t first = 0, last = 0;
    if (!find_weeks(report, &first, &last))
        return TILL_OK;
    question.query.from = civil_date_from_days(first);
    question.query.to = civil_date_from_days(last);
    question.query.interval = METRICS_WEEK;
    question.compare = REPORT_ALONE;
    struct report_traffic *sold = till_calloc(1, sizeof *sold);
    if (!sold)
        return TILL_FAIL_MEMORY(e);
    enum till_code code = report_traffic(store, &question, g->arena, sold, e);
    if (code == TILL_OK)
        code = choose_weeks(report, g->arena, &sold->answer, first, e);
    report_traffic_release(sold);
    till_free(sold);
    for (size_t i = 0; i < report->week_count && code == TILL_OK; i++) {
        g->week = &report->weeks[i];
        const struct store_traffic_span span = {sv_of(report->traffic.searches->name),
                                                g->week->from,
                                                civil_date_add_days(g->week->from, WEEK_DAYS - 1)};
        code = store_search_moves(store, &span, "query", REPORT_SEARCH_MOVES, &moves, e);
    }
    return code;
}

// ---- all together ----

static enum till_code gather(struct store *store, struct gathering *g, struct till_error *e)
{
    struct report_searches *report = g->report;
    const struct report_metrics_query *query = &report->traffic.question.query;
    const struct store_metric_sink lines = {take_line, g};
    const struct store_traffic_span span = {sv_of(report->traffic.searches->name), query->from,
                                            query->to};
    g->lines = report->queries;
    g->count = &report->query_count;
    enum till_code code = store_search_parts(store, &span, "query", REPORT_SEARCH_LINES, &lines, e);
    g->lines = report->pages;
    g->count = &report->page_count;
    if (code == TILL_OK)
        code = store_search_parts(store, &span, "page", REPORT_SEARCH_LINES, &lines, e);
    return code ? code : gather_weeks(store, g, e);
}

enum till_code report_searches(struct store *store, const struct report_traffic_question *question,
                               struct arena *arena, struct report_searches *ret_report,
                               struct till_error *e)
{
    struct gathering g = {.report = ret_report, .arena = arena};
    memset(ret_report, 0, sizeof *ret_report);
    enum till_code code = report_traffic(store, question, arena, &ret_report->traffic, e);
    if (code)
        return code;
    if (!ret_report->traffic.searches) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "no source of searches is connected");
        return till_error_hint(e, "connect one: `till connect search-console`");
    }
    code = gather(store, &g, e);
    return code ? till_error_context(e, "could not look at searches") : TILL_OK;
}

void report_searches_release(struct report_searches *report)
{
    report_traffic_release(&report->traffic);
}
