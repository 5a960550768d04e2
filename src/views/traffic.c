// SPDX-License-Identifier: Apache-2.0
// traffic.c - traffic beside revenue for people and for programs.
//
// A period that is not over for the source has a * behind its name. Two currencies have two columns; further ones are named, and are in the JSON.
#include "views/traffic.h"

#include <math.h>

#include "base/limits.h"
#include "base/money.h"
#include "base/text.h"
#include "views/metrics.h"
#include "views/movements.h"

enum { SHOWN_CURRENCIES = 2, NAME_COLUMNS = 30, VALUE_COLUMNS = 16 };

// ---- pieces ----

void view_traffic_value(struct buf *out, const struct view_style *style,
                        struct joined_number number, enum traffic_metric_type type,
                        struct sv currency)
{
    double real = number.has_value ? metrics_real(number.number) : 0;
    if (!number.has_value) {
        buf_char(out, '-');
        return;
    }
    switch (type) {
    case TRAFFIC_TYPE_COUNT:
        view_count(out, number.number.integer);
        return;
    case TRAFFIC_TYPE_SHARE:
        buf_format(out, "%.2f%%", real * 100);
        return;
    case TRAFFIC_TYPE_MONEY:
        money_format(out, number.number.is_real ? llround(real) : number.number.integer, currency,
                     style->locale);
        return;
    case TRAFFIC_TYPE_MEAN:
        buf_format(out, "%.1f", real);
        return;
    }
}

void view_traffic_json_number(struct buf *out, const char *key, struct joined_number number)
{
    view_json_key(out, key);
    if (number.has_value)
        view_number(out, number.number);
    else
        buf_text(out, "null");
}

static void date_json(struct buf *out, const char *key, bool is_known, struct civil_date date)
{
    if (is_known)
        view_json_date(out, key, date);
    else
        view_json_text(out, key, NULL);
}

static bool is_complete(const struct joined_line *line)
{
    return line->covered == line->days && line->open == 0;
}

void view_traffic_numbers(struct buf *out, const struct report_traffic *report,
                          const struct joined_answer *answer, size_t line,
                          const bool asked[TRAFFIC_METRIC__COUNT])
{
    for (int i = 0; i < TRAFFIC_METRIC__COUNT; i++) {
        const struct traffic_metric *metric = model_traffic_metric((enum traffic_metric_id)i);
        if (!asked[i])
            continue;
        if (metric->type != TRAFFIC_TYPE_MONEY) {
            view_traffic_json_number(
                out, metric->slug,
                report_traffic_number(report, answer, line, SIZE_MAX, metric->id));
            continue;
        }
        view_json_key(out, metric->slug);
        buf_char(out, '{');
        for (size_t k = 0; k < answer->currency_count; k++) {
            char code[VIEW_CURRENCY_BYTES];
            view_currency(code, answer->currencies[k].currency);
            view_traffic_json_number(out, code,
                                     report_traffic_number(report, answer, line, k, metric->id));
        }
        buf_char(out, '}');
    }
}

// ---- JSON ----

static void source_json(struct buf *out, const struct report_traffic *report,
                        const struct store_traffic_source *source)
{
    buf_char(out, '{');
    view_json_text(out, "name", source->name);
    view_json_text(out, "service", source->service);
    view_json_text(out, "property", source->property);
    view_json_text(out, "property_name", source->property_name);
    view_json_text(out, "timezone", source->timezone);
    view_json_text(out, "counts", source->counts_visitors ? "visitors" : "searches");
    view_json_bool(out, "is_chosen", source == report->visits || source == report->searches);
    date_json(out, "first_date", source->has_days, source->first);
    date_json(out, "last_date", source->has_days, source->last);
    date_json(out, "complete_to", source->has_complete, source->complete);
    view_json_time(out, "fresh_as_of", source->fresh_us);
    view_json_text(out, "error", source->last_error);
    buf_char(out, '}');
}

void view_traffic_sources_json(struct buf *out, const struct report_traffic *report)
{
    view_json_text(out, "source", report->visits ? report->visits->name : "");
    view_json_text(out, "search_source", report->searches ? report->searches->name : "");
    view_json_key(out, "sources");
    buf_char(out, '[');
    for (size_t i = 0; i < report->source_count; i++) {
        buf_text(out, i > 0 ? ",\n" : "");
        source_json(out, report, &report->sources[i]);
    }
    buf_char(out, ']');
    view_json_key(out, "notes");
    buf_char(out, '[');
    for (size_t i = 0; i < report->note_count; i++) {
        buf_text(out, i > 0 ? "," : "");
        buf_json_string(out, report->notes[i]);
    }
    buf_char(out, ']');
}

static void cover_json(struct buf *out, const struct joined_line *line)
{
    view_json_bool(out, "complete", is_complete(line));
    view_json_int(out, "days", line->days);
    view_json_int(out, "days_covered", line->covered);
    view_json_int(out, "days_open", line->open);
    view_json_int(out, "search_days", line->search_covered);
    view_json_int(out, "search_days_open", line->search_open);
}

static void periods_json(struct buf *out, const struct report_traffic *report,
                         const bool asked[TRAFFIC_METRIC__COUNT], bool has_cover)
{
    const struct joined_answer *answer = &report->answer;
    view_json_key(out, "periods");
    buf_char(out, '[');
    for (size_t i = 0; i < answer->period_count; i++) {
        char at[VIEW_LOCAL_BYTES];
        view_local_time(at, report->question.query.zone, answer->starts_us[i]);
        buf_text(out, i > 0 ? ",\n{" : "{");
        view_json_text(out, "timestamp", at);
        if (has_cover)
            cover_json(out, &answer->lines[i]);
        view_traffic_numbers(out, report, answer, i, asked);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void line_json(struct buf *out, const char *key, const struct report_traffic *report,
                      const struct joined_answer *answer, size_t line,
                      const bool asked[TRAFFIC_METRIC__COUNT])
{
    view_json_key(out, key);
    buf_char(out, '{');
    cover_json(out, &answer->lines[line]);
    view_traffic_numbers(out, report, answer, line, asked);
    buf_char(out, '}');
}

static void all_of(bool ret_asked[TRAFFIC_METRIC__COUNT])
{
    for (int i = 0; i < TRAFFIC_METRIC__COUNT; i++)
        ret_asked[i] = true;
}

void view_traffic_members(struct buf *out, const struct report_traffic *report)
{
    const struct joined_answer *answer = &report->answer;
    bool asked[TRAFFIC_METRIC__COUNT];
    all_of(asked);
    view_report_json(out, &report->question.query);
    view_json_time(out, "as_of", report->question.now_us);
    view_json_time(out, "fresh_as_of", report->fresh_as_of_us);
    view_traffic_sources_json(out, report);
    periods_json(out, report, asked, true);
    line_json(out, "totals", report, answer, answer->period_count, asked);
    // The part of the range that is over, and the time before it, which is as long.
    view_json_key(out, "comparison");
    if (!report->has_previous) {
        buf_text(out, "null");
        return;
    }
    buf_char(out, '{');
    date_json(out, "previous_from", true, report->previous_from);
    date_json(out, "previous_to", true, report->previous_to);
    line_json(out, "totals", report, answer, answer->period_count + 1, asked);
    line_json(out, "previous", report, &report->before, report->before.period_count, asked);
    buf_char(out, '}');
}

void view_traffic_json(struct buf *out, const struct report_traffic *report)
{
    buf_char(out, '{');
    view_traffic_members(out, report);
    buf_text(out, "}\n");
}

void view_traffic_metrics_json(struct buf *out, const struct report_traffic *report,
                               const bool asked[TRAFFIC_METRIC__COUNT])
{
    const struct joined_answer *answer = &report->answer;
    view_json_key(out, "traffic");
    buf_char(out, '{');
    periods_json(out, report, asked, false);
    view_json_key(out, "totals");
    buf_char(out, '{');
    view_traffic_numbers(out, report, answer, answer->period_count, asked);
    buf_char(out, '}');
    view_json_key(out, "metrics");
    buf_char(out, '{');
    for (int i = 0; i < TRAFFIC_METRIC__COUNT; i++) {
        const struct traffic_metric *metric = model_traffic_metric((enum traffic_metric_id)i);
        if (!asked[i])
            continue;
        view_json_key(out, metric->slug);
        buf_char(out, '{');
        view_json_text(out, "slug", metric->full_slug);
        view_json_text(out, "display_name", metric->name);
        view_json_text(out, "type", traffic_metric_type_word(metric->type));
        buf_char(out, '}');
    }
    buf_char(out, '}');
    view_traffic_sources_json(out, report);
    buf_char(out, '}');
}

// ---- rows ----

enum till_code view_traffic_rows(struct row_view *view, const struct report_traffic *report,
                                 struct till_error *e)
{
    enum { LEAD = 5, COLUMNS = LEAD + TRAFFIC_METRIC__COUNT };
    static const struct value none = {.type = VALUE_NULL};
    const struct joined_answer *answer = &report->answer;
    const char *names[COLUMNS] = {"timestamp", "source", "complete", "days_covered", "currency"};
    struct value values[COLUMNS];
    char at[VIEW_LOCAL_BYTES], code[VIEW_CURRENCY_BYTES] = "";
    for (int k = 0; k < TRAFFIC_METRIC__COUNT; k++)
        names[LEAD + k] = model_traffic_metric((enum traffic_metric_id)k)->slug;
    enum till_code result = row_view_begin(view, names, NULL, COLUMNS, e);
    size_t rows = answer->currency_count > 0 ? answer->currency_count : 1;
    for (size_t i = 0; i < answer->period_count * rows && result == TILL_OK; i++) {
        size_t line = i / rows, currency = i % rows;
        bool has_currency = currency < answer->currency_count;
        if (has_currency)
            view_currency(code, answer->currencies[currency].currency);
        view_local_time(at, report->question.query.zone, answer->starts_us[line]);
        values[0] = (struct value){.type = VALUE_TEXT, .text = sv_of(at)};
        values[1] = none;
        if (report->visits)
            values[1] = (struct value){.type = VALUE_TEXT, .text = sv_of(report->visits->name)};
        values[2] = (struct value){.type = VALUE_INTEGER,
                                   .integer = is_complete(&answer->lines[line]) ? 1 : 0};
        values[3] = (struct value){.type = VALUE_INTEGER, .integer = answer->lines[line].covered};
        values[4] = has_currency ? (struct value){.type = VALUE_TEXT, .text = sv_of(code)} : none;
        for (int k = 0; k < TRAFFIC_METRIC__COUNT; k++) {
            struct joined_number number =
                report_traffic_number(report, answer, line, currency, (enum traffic_metric_id)k);
            values[LEAD + k] = none;
            if (number.has_value && number.number.is_real)
                values[LEAD + k] = (struct value){.type = VALUE_REAL, .real = number.number.real};
            else if (number.has_value)
                values[LEAD + k] =
                    (struct value){.type = VALUE_INTEGER, .integer = number.number.integer};
        }
        result = row_view_row(view, values, e);
    }
    return result ? result : row_view_end(view, e);
}

// ---- for people ----

// The columns of the table: a metric, and for money which currency.
struct shown_column {
    const char *head;
    enum traffic_metric_id metric;
    size_t currency;
};
struct shown_columns {
    struct shown_column list[12];
    size_t count;
    char heads[SHOWN_CURRENCIES][VIEW_CURRENCY_BYTES];
};

static void column_add(struct shown_columns *columns, const char *head,
                       enum traffic_metric_id metric, size_t currency)
{
    columns->list[columns->count++] = (struct shown_column){head, metric, currency};
}

static void choose_columns(const struct report_traffic *report, struct shown_columns *columns)
{
    const struct joined_answer *answer = &report->answer;
    size_t first = report_traffic_currency(answer);
    *columns = (struct shown_columns){.count = 0};
    if (report->visits)
        column_add(columns, "visitors", TRAFFIC_METRIC_visitors, SIZE_MAX);
    column_add(columns, "checkouts", TRAFFIC_METRIC_checkouts, SIZE_MAX);
    column_add(columns, "orders", TRAFFIC_METRIC_orders, SIZE_MAX);
    column_add(columns, "new", TRAFFIC_METRIC_new_orders, SIZE_MAX);
    if (report->visits)
        column_add(columns, "conv.", TRAFFIC_METRIC_conversion, SIZE_MAX);
    for (size_t i = 0, shown = 0; i < answer->currency_count && shown < SHOWN_CURRENCIES; i++) {
        size_t at = i == 0 ? first : i <= first ? i - 1 : i;
        view_currency_title(columns->heads[shown], answer->currencies[at].currency);
        column_add(columns, columns->heads[shown], TRAFFIC_METRIC_revenue, at);
        if (report->visits && shown == 0)
            column_add(columns, "/visitor", TRAFFIC_METRIC_revenue_per_visitor, at);
        shown++;
    }
    if (report->searches)
        column_add(columns, "clicks", TRAFFIC_METRIC_search_clicks, SIZE_MAX);
}

static void line_put(struct view_grid *grid, const struct view_style *style,
                     const struct report_traffic *report, const struct shown_columns *columns,
                     size_t line)
{
    const struct joined_answer *answer = &report->answer;
    for (size_t i = 0; i < columns->count; i++) {
        const struct shown_column *column = &columns->list[i];
        char code[VIEW_CURRENCY_BYTES] = "";
        AUTO_BUF cell;
        buf_init(&cell, 128);
        if (column->currency < answer->currency_count)
            view_currency_title(code, answer->currencies[column->currency].currency);
        view_traffic_value(
            &cell, style,
            report_traffic_number(report, answer, line, column->currency, column->metric),
            model_traffic_metric(column->metric)->type, sv_of(code));
        view_grid_piece(grid, &cell);
    }
}

static void table_text(struct buf *out, const struct view_style *style,
                       const struct report_traffic *report, struct arena *arena)
{
    const struct joined_answer *answer = &report->answer;
    const struct report_metrics_query *query = &report->question.query;
    struct shown_columns columns;
    choose_columns(report, &columns);
    struct view_grid grid = {.arena = arena, .columns = columns.count + 1};
    view_grid_put(&grid, SV(""));
    for (size_t i = 0; i < columns.count; i++)
        view_grid_put(&grid, sv_of(columns.list[i].head));
    for (size_t i = 0; i <= answer->period_count; i++) {
        AUTO_BUF label;
        buf_init(&label, 64);
        if (i == answer->period_count)
            buf_text(&label, "all");
        else
            view_period(&label, query->zone, answer->starts_us[i], query->interval == METRICS_HOUR);
        if (answer->lines[i].open > 0)
            buf_char(&label, '*');
        view_grid_piece(&grid, &label);
        line_put(&grid, style, report, &columns, i);
    }
    view_grid_show(&grid, out, style);
    if (answer->lines[answer->period_count].open > 0)
        buf_text(out, "* holds days that are not final\n");
    if (answer->currency_count > SHOWN_CURRENCIES)
        buf_format(out, "%zu more currencies: --json has them\n",
                   answer->currency_count - SHOWN_CURRENCIES);
}

void view_traffic_notes_text(struct buf *out, const struct view_style *style,
                             const struct report_traffic *report)
{
    for (size_t i = 0; i < report->source_count; i++) {
        const struct store_traffic_source *source = &report->sources[i];
        AUTO_BUF line;
        buf_init(&line, 2048);
        buf_format(&line, "%s: %s, %s", source->name,
                   source->property_name[0] ? source->property_name : source->property,
                   source->counts_visitors ? "visitors" : "searches");
        if (source->has_complete)
            buf_format(&line, ", final to %04d-%02d-%02d", (int)source->complete.year,
                       (int)source->complete.month, (int)source->complete.day);
        if (source->timezone[0])
            buf_format(&line, ", days in %s", source->timezone);
        buf_text(&line, ", data from ");
        view_ago(&line, source->fresh_us, report->question.now_us);
        view_wrap(out, (struct sv){line.data ? line.data : "", line.len}, 0, 2);
    }
    for (size_t i = 0; i < report->note_count; i++) {
        view_ink(out, style, INK_YELLOW, "Note");
        buf_text(out, ": ");
        view_wrap(out, report->notes[i], 6, 2);
    }
}

void view_traffic_text(struct buf *out, const struct view_style *style,
                       const struct report_traffic *report)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    view_report_title(out, style, &report->question.query);
    buf_text(out, "New orders are those that a checkout made; conversion is new orders for each "
                  "visitor,\nrevenue is without tax, per visitor that of new orders.\n\n");
    table_text(out, style, report, &arena);
    buf_char(out, '\n');
    view_traffic_notes_text(out, style, report);
}

static void metric_text(struct buf *out, const struct view_style *style,
                        const struct report_traffic *report, const struct traffic_metric *metric,
                        size_t currency)
{
    const struct joined_answer *answer = &report->answer;
    char code[VIEW_CURRENCY_BYTES] = "";
    AUTO_BUF name;
    AUTO_BUF value;
    buf_init(&name, 128);
    buf_init(&value, 128);
    buf_text(&name, metric->name);
    if (currency < answer->currency_count) {
        view_currency_title(code, answer->currencies[currency].currency);
        buf_format(&name, ", %s", code);
    }
    view_traffic_value(
        &value, style,
        report_traffic_number(report, answer, answer->period_count, currency, metric->id),
        metric->type, sv_of(code));
    struct sv shown = {value.data ? value.data : "", value.len};
    buf_format(out, "%-*s", NAME_COLUMNS, name.data ? name.data : "");
    buf_repeat(out, ' ', text_width(shown) < VALUE_COLUMNS ? VALUE_COLUMNS - text_width(shown) : 0);
    view_piece(out, &value);
    buf_char(out, '\n');
}

void view_traffic_metrics_text(struct buf *out, const struct view_style *style,
                               const struct report_traffic *report,
                               const bool asked[TRAFFIC_METRIC__COUNT])
{
    const struct joined_answer *answer = &report->answer;
    buf_char(out, '\n');
    for (int i = 0; i < TRAFFIC_METRIC__COUNT; i++) {
        const struct traffic_metric *metric = model_traffic_metric((enum traffic_metric_id)i);
        if (!asked[i])
            continue;
        if (metric->type != TRAFFIC_TYPE_MONEY)
            metric_text(out, style, report, metric, SIZE_MAX);
        for (size_t k = 0; metric->type == TRAFFIC_TYPE_MONEY && k < answer->currency_count; k++)
            metric_text(out, style, report, metric, k);
    }
    buf_char(out, '\n');
    view_traffic_notes_text(out, style, report);
}
