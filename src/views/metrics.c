// SPDX-License-Identifier: Apache-2.0
// metrics.c - metrics for people, and for programs that know Polar's own answer.
//
// A metric without a value (unavailable) is left out of periods and totals, as Polar leaves out what was not asked for, and is named with its reason.
#include "views/metrics.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/money.h"
#include "base/text.h"
#include "views/movements.h"

enum { NAME_COLUMNS = 43, VALUE_COLUMNS = 16, SPARK_COLUMNS = 30 };

void view_number(struct buf *out, struct metrics_number number)
{
    char text[40];
    if (!number.is_real) {
        buf_int(out, number.integer);
        return;
    }
    if (!isfinite(number.real)) {
        buf_text(out, "0.0");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, number.real);
        if (fabs(strtod(text, NULL) - number.real) <= 0)
            break;
    }
    buf_text(out, text);
    if (!strpbrk(text, ".e"))
        buf_text(out, ".0");
}

void view_local_time(char ret_text[static VIEW_LOCAL_BYTES], const struct zone *zone, int64_t at_us)
{
    char utc[TIMESTAMP_BYTES + 1];
    int64_t offset_us = zone_offset_us(zone, at_us);
    int64_t minutes = offset_us / 60000000;
    if (offset_us % 60000000 != 0) // local mean time: there is no word for its offset
        offset_us = minutes * 60000000;
    ret_text[0] = '\0';
    if (!timestamp_format(at_us + offset_us, utc))
        return;
    if (offset_us == 0)
        (void)snprintf(ret_text, VIEW_LOCAL_BYTES, "%.19sZ", utc);
    else
        (void)snprintf(ret_text, VIEW_LOCAL_BYTES, "%.19s%c%02d:%02d", utc, minutes < 0 ? '-' : '+',
                       (int)(llabs(minutes) / 60), (int)(llabs(minutes) % 60));
}

static bool has_value(const struct metrics_answer *answer, size_t metric)
{
    return answer->is_asked[metric] && answer->unavailable[metric][0] == '\0';
}

static struct metrics_number number_at(const struct metrics_answer *answer, size_t metric,
                                       size_t period)
{
    return answer->periods[metric * answer->period_count + period];
}

// ---- JSON ----

static void periods_json(struct buf *out, const struct report_metrics *report)
{
    const struct metrics_answer *answer = &report->answer;
    char at[VIEW_LOCAL_BYTES];
    view_json_key(out, "periods");
    buf_char(out, '[');
    for (size_t i = 0; i < answer->period_count; i++) {
        view_local_time(at, report->query.zone, answer->starts_us[i]);
        buf_text(out, i > 0 ? ",\n{\"timestamp\":\"" : "{\"timestamp\":\"");
        buf_text(out, at);
        buf_char(out, '"');
        for (size_t k = 0; k < METRIC__COUNT; k++) {
            if (!has_value(answer, k))
                continue;
            buf_text(out, ",\"");
            buf_text(out, model_metric((enum metric_id)k)->slug);
            buf_text(out, "\":");
            view_number(out, number_at(answer, k, i));
        }
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void reasons_json(struct buf *out, const char *key, const struct metrics_answer *answer,
                         const char (*reasons)[METRICS_REASON_BYTES])
{
    view_json_key(out, key);
    buf_char(out, '{');
    for (size_t k = 0; k < METRIC__COUNT; k++)
        if (answer->is_asked[k] && reasons[k][0])
            view_json_text(out, model_metric((enum metric_id)k)->slug, reasons[k]);
    buf_char(out, '}');
}

static void till_json(struct buf *out, const struct report_metrics *report)
{
    view_json_key(out, "till");
    buf_char(out, '{');
    reasons_json(out, "approximate", &report->answer, report->answer.approximate);
    reasons_json(out, "unavailable", &report->answer, report->answer.unavailable);
    view_json_text(out, "orders_from", report->has_events ? "events" : "rows");
    view_json_date(out, "start_date", report->query.from);
    view_json_date(out, "end_date", report->query.to);
    view_json_text(out, "interval", metrics_interval_word(report->query.interval));
    view_json_text(out, "timezone", zone_name(report->query.zone));
    view_json_time(out, "fresh_as_of", report->fresh_as_of_us);
    buf_char(out, '}');
}

void view_metrics_open_json(struct buf *out, const struct report_metrics *report)
{
    const struct metrics_answer *answer = &report->answer;
    buf_char(out, '{');
    periods_json(out, report);
    view_json_key(out, "totals");
    buf_char(out, '{');
    for (size_t k = 0; k < METRIC__COUNT; k++) {
        if (!has_value(answer, k))
            continue;
        view_json_key(out, model_metric((enum metric_id)k)->slug);
        view_number(out, answer->totals[k]);
    }
    buf_char(out, '}');
    view_json_key(out, "metrics");
    buf_char(out, '{');
    for (size_t k = 0; k < METRIC__COUNT; k++) {
        const struct metric *metric = model_metric((enum metric_id)k);
        if (!answer->is_asked[k])
            continue;
        view_json_key(out, metric->slug);
        buf_char(out, '{');
        view_json_text(out, "slug", metric->slug);
        view_json_text(out, "display_name", metric->display_name);
        view_json_text(out, "type", metric_type_word(metric->type));
        buf_char(out, '}');
    }
    buf_char(out, '}');
    till_json(out, report);
}

void view_metrics_json(struct buf *out, const struct report_metrics *report)
{
    view_metrics_open_json(out, report);
    buf_text(out, "}\n");
}

// ---- rows ----

static struct value value_of(struct metrics_number number)
{
    if (number.is_real)
        return (struct value){.type = VALUE_REAL, .real = number.real};
    return (struct value){.type = VALUE_INTEGER, .integer = number.integer};
}

// Rows of several connections have the same columns, also where one of them has no value.
static bool has_column(const struct row_view *view, const struct metrics_answer *answer, size_t k)
{
    return view->lead ? answer->is_asked[k] : has_value(answer, k);
}

// The columns of one table: Polar's metrics, then those of traffic, money of which has one for each currency.
struct table_columns {
    const char **names;
    struct value *values;
    size_t count, capacity;
    struct arena *arena;
};

static void column(struct table_columns *columns, const char *name, struct value value)
{
    if (columns->count == columns->capacity)
        return;
    columns->names[columns->count] = name;
    columns->values[columns->count++] = value;
}

static void polar_columns(struct table_columns *columns, const struct row_view *view,
                          const struct metrics_answer *answer, size_t period)
{
    for (size_t k = 0; k < METRIC__COUNT; k++)
        if (has_column(view, answer, k))
            column(columns, model_metric((enum metric_id)k)->slug,
                   has_value(answer, k) ? value_of(number_at(answer, k, period))
                                        : (struct value){.type = VALUE_NULL});
}

static const char *currency_name(struct arena *arena, const struct traffic_metric *metric,
                                 metrics_currency currency)
{
    char name[64], code[VIEW_CURRENCY_BYTES];
    view_currency(code, currency);
    int len = snprintf(name, sizeof name, "%s.%s", metric->full_slug, code);
    return arena_copy(arena, name, (size_t)len);
}

static void traffic_columns(struct table_columns *columns, const struct report_traffic *traffic,
                            const bool asked[TRAFFIC_METRIC__COUNT], size_t period)
{
    const struct joined_answer *answer = &traffic->answer;
    for (size_t i = 0; i < TRAFFIC_METRIC__COUNT; i++) {
        const struct traffic_metric *metric = model_traffic_metric((enum traffic_metric_id)i);
        bool is_money = metric->type == TRAFFIC_TYPE_MONEY;
        for (size_t k = 0; asked[i] && k < (is_money ? answer->currency_count : 1); k++) {
            const char *name =
                is_money ? currency_name(columns->arena, metric, answer->currencies[k].currency)
                         : metric->full_slug;
            struct joined_number number =
                report_traffic_number(traffic, answer, period, is_money ? k : SIZE_MAX, metric->id);
            column(columns, name ? name : metric->full_slug,
                   number.has_value ? value_of(number.number) : (struct value){.type = VALUE_NULL});
        }
    }
}

static enum till_code one_at_a_time(const struct row_view *view,
                                    const struct report_metrics *report, struct till_error *e)
{
    bool asks_money = false;
    for (size_t i = 0; i < TRAFFIC_METRIC__COUNT; i++)
        asks_money = asks_money ||
                     (report->query.is_traffic_asked[i] &&
                      model_traffic_metric((enum traffic_metric_id)i)->type == TRAFFIC_TYPE_MONEY);
    if (!view->lead || !asks_money)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0,
                    "organizations with different currencies have different columns");
    return till_error_hint(e, "ask for one with --name, or for --json");
}

enum till_code view_metrics_rows(struct row_view *view, const struct report_metrics *report,
                                 const struct report_traffic *traffic, struct till_error *e)
{
    const struct metrics_answer *answer = &report->answer;
    size_t money = traffic ? traffic->answer.currency_count : 0;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct table_columns columns = {.capacity = 1 + METRIC__COUNT +
                                                (size_t)TRAFFIC_METRIC__COUNT * (money + 1),
                                    .arena = &arena};
    char at[VIEW_LOCAL_BYTES] = "";
    columns.names = arena_calloc(&arena, columns.capacity, sizeof *columns.names);
    columns.values = arena_calloc(&arena, columns.capacity, sizeof *columns.values);
    if (!columns.names || !columns.values)
        return arena_fail(&arena, "the columns", e);
    enum till_code code = traffic ? one_at_a_time(view, report, e) : TILL_OK;
    for (size_t i = 0; i <= answer->period_count && code == TILL_OK; i++) { // 0: names alone
        size_t period = i > 0 ? i - 1 : 0;
        columns.count = 0;
        if (i > 0)
            view_local_time(at, report->query.zone, answer->starts_us[period]);
        column(&columns, "timestamp", (struct value){.type = VALUE_TEXT, .text = sv_of(at)});
        polar_columns(&columns, view, answer, period);
        if (traffic)
            traffic_columns(&columns, traffic, report->query.is_traffic_asked, period);
        code = i > 0 ? row_view_row(view, columns.values, e)
                     : row_view_begin(view, columns.names, NULL, columns.count, e);
    }
    return code ? code : row_view_end(view, e);
}

// ---- for people ----

static void append_value(struct buf *out, const struct view_style *style, enum metric_type type,
                         struct metrics_number number)
{
    double real = metrics_real(number);
    int64_t minor = number.is_real ? llround(real) : number.integer;
    switch (type) {
    case METRIC_CURRENCY:
    case METRIC_SUB_CENT:
        money_format(out, minor, SV("usd"), style->locale);
        return;
    case METRIC_PERCENTAGE:
        buf_format(out, "%.2f%%", real * 100);
        return;
    case METRIC_SCALAR:
        break;
    }
    if (number.is_real)
        buf_format(out, "%.2f", real);
    else
        view_count(out, number.integer);
}

// The periods as bars from the smallest to the largest value; more periods than columns share one, at their mean.
static void append_spark(struct buf *out, const struct view_style *style,
                         const struct metrics_answer *answer, size_t metric)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {"_", ".", ",", "-", "~", "=", "*", "#"};
    size_t count = answer->period_count;
    size_t columns = count < SPARK_COLUMNS ? count : SPARK_COLUMNS;
    double means[SPARK_COLUMNS], low = DBL_MAX, high = -DBL_MAX;
    for (size_t i = 0; i < columns; i++) {
        size_t from = i * count / columns, to = (i + 1) * count / columns;
        double sum = 0;
        for (size_t k = from; k < to; k++)
            sum += metrics_real(number_at(answer, metric, k));
        means[i] = sum / (double)(to - from);
        low = fmin(low, means[i]);
        high = fmax(high, means[i]);
    }
    low = low > 0 && low > high * 0.9
              ? low
              : fmin(low, 0); // bars begin at nothing, unless that hides all change
    for (size_t i = 0; i < columns; i++) {
        double share = high > low ? (means[i] - low) / (high - low) : 0;
        buf_text(out, (style->has_unicode ? bars : plain)[(size_t)(share * 7.0 + 0.5)]);
    }
}

static void metric_line(struct buf *out, const struct view_style *style,
                        const struct metrics_answer *answer, size_t k)
{
    const struct metric *metric = model_metric((enum metric_id)k);
    AUTO_BUF cell;
    buf_init(&cell, out->limit_bytes);
    append_value(&cell, style, metric->type, answer->totals[k]);
    size_t width = text_width((struct sv){cell.data, cell.len});
    buf_format(out, "%-*s", NAME_COLUMNS, metric->display_name);
    if (width < VALUE_COLUMNS)
        buf_repeat(out, ' ', VALUE_COLUMNS - width);
    buf_append(out, cell.data, cell.len);
    buf_text(out, answer->approximate[k][0] ? " ~ " : "   ");
    append_spark(out, style, answer, k);
    buf_char(out, '\n');
}

// Each reason once, with the metrics that it is about.
static void reasons_text(struct buf *out, const struct view_style *style, const char *title,
                         const struct metrics_answer *answer,
                         const char (*reasons)[METRICS_REASON_BYTES])
{
    for (size_t k = 0; k < METRIC__COUNT; k++) {
        bool is_said = !answer->is_asked[k] || reasons[k][0] == '\0';
        for (size_t before = 0; before < k && !is_said; before++)
            is_said = answer->is_asked[before] && strcmp(reasons[before], reasons[k]) == 0;
        if (is_said)
            continue;
        AUTO_BUF text;
        buf_init(&text, out->limit_bytes);
        buf_format(&text, "%s (", reasons[k]);
        for (size_t other = k; other < METRIC__COUNT; other++)
            if (answer->is_asked[other] && strcmp(reasons[other], reasons[k]) == 0)
                buf_format(&text, "%s%s", other > k ? ", " : "",
                           model_metric((enum metric_id)other)->slug);
        buf_char(&text, ')');
        buf_char(out, '\n');
        view_ink(out, style, INK_YELLOW, title);
        buf_text(out, ": ");
        view_wrap(out, (struct sv){text.data, text.len}, strlen(title) + 2, 2);
    }
}

static void title_text(struct buf *out, const struct view_style *style,
                       const struct report_metrics *report)
{
    const struct report_metrics_query *query = &report->query;
    AUTO_BUF title;
    buf_init(&title, out->limit_bytes);
    (void)text_show(&title, sv_of(query->connection->organization_name), NAME_COLUMNS);
    view_ink(out, style, INK_BOLD, title.data && title.data[0] ? title.data : "Metrics");
    buf_format(out, ", %04d-%02d-%02d to %04d-%02d-%02d by %s, %s\n\n", (int)query->from.year,
               (int)query->from.month, (int)query->from.day, (int)query->to.year,
               (int)query->to.month, (int)query->to.day, metrics_interval_word(query->interval),
               zone_name(query->zone));
}

void view_metrics_text(struct buf *out, const struct view_style *style,
                       const struct report_metrics *report)
{
    const struct metrics_answer *answer = &report->answer;
    title_text(out, style, report);
    for (size_t k = 0; k < METRIC__COUNT; k++)
        if (has_value(answer, k))
            metric_line(out, style, answer, k);
    reasons_text(out, style, "Approximate ~", answer, answer->approximate);
    reasons_text(out, style, "Not available", answer, answer->unavailable);
}
