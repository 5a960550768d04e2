// SPDX-License-Identifier: Apache-2.0
// breakdown.c - a line for each group, largest revenue first, and its share of the currency's revenue as a bar.
//
// What this dimension does not have (MRR by billing reason) or the mirror does not hold is null, never 0.
#include "views/breakdown.h"

#include "base/limits.h"
#include "views/exchange.h"
#include "views/metrics.h"
#include "views/movements.h"

// The last VISIT_COLUMNS (for people 2) only where a source tells who came.
enum {
    BAR_COLUMNS = 8,
    COLUMNS = 16,
    VISIT_COLUMNS = 5,
    TEXT_COLUMNS = 8,
    VISIT_TEXT_COLUMNS = 2,
};
static const char *const names[COLUMNS] = {"key",
                                           "name",
                                           "currency",
                                           "revenue",
                                           "orders",
                                           "refunds",
                                           "average_order_value",
                                           "mrr",
                                           "checkouts",
                                           "checkouts_succeeded",
                                           "checkout_conversion",
                                           "visitors",
                                           "visits",
                                           "new_orders",
                                           "conversion",
                                           "revenue_per_visitor"};

static size_t column_count(const struct report_breakdown *report)
{
    return report->visits_source ? COLUMNS : COLUMNS - VISIT_COLUMNS;
}

static struct value per_visit(const struct report_group *group, double part)
{
    bool are_visitors = false;
    int64_t visits = report_group_visits(group, &are_visitors);
    if (visits <= 0)
        return (struct value){.type = VALUE_NULL};
    return (struct value){.type = VALUE_REAL, .real = part / (double)visits};
}

// Below 0: nobody counted.
static struct value counted(int64_t count)
{
    if (count < 0)
        return (struct value){.type = VALUE_NULL};
    return (struct value){.type = VALUE_INTEGER, .integer = count};
}

static struct value visit_value(const struct report_group *group, size_t column)
{
    switch (column) {
    case 11:
        return counted(group->visitors);
    case 12:
        return counted(group->visits);
    case 13:
        return counted(group->new_orders);
    case 14:
        return per_visit(group, (double)group->new_orders);
    default:
        return per_visit(group, (double)group->new_revenue_minor);
    }
}

static struct value row_value(const struct report_breakdown *report,
                              const struct report_group *group, const char *currency, size_t column)
{
    const struct value none = {.type = VALUE_NULL};
    switch (column) {
    case 0:
        return group->key.ptr ? (struct value){.type = VALUE_TEXT, .text = group->key} : none;
    case 1:
        return (struct value){.type = VALUE_TEXT, .text = group->name};
    case 2:
        return (struct value){.type = VALUE_TEXT, .text = sv_of(currency)};
    case 3:
        return (struct value){.type = VALUE_INTEGER, .integer = group->revenue_minor};
    case 4:
        return (struct value){.type = VALUE_INTEGER, .integer = group->orders};
    case 5:
        return (struct value){.type = VALUE_INTEGER, .integer = group->refunded_minor};
    case 6:
        return group->orders > 0
                   ? (struct value){.type = VALUE_INTEGER, .integer = group->average_minor}
                   : none;
    case 7:
        return report->has_mrr ? (struct value){.type = VALUE_INTEGER, .integer = group->mrr_minor}
                               : none;
    case 8:
    case 9:
        return report->has_checkouts
                   ? (struct value){.type = VALUE_INTEGER,
                                    .integer = column == 8 ? group->checkouts : group->succeeded}
                   : none;
    case 10:
        return report->has_checkouts && group->checkouts > 0
                   ? (struct value){.type = VALUE_REAL,
                                    .real = (double)group->succeeded / (double)group->checkouts}
                   : none;
    default:
        return visit_value(group, column);
    }
}

// ---- for people ----

// What a group's new orders are divided by: the same in all groups of a source.
static bool are_visitors(const struct report_breakdown *report)
{
    bool is_some = false;
    for (size_t i = 0; i < report->group_count; i++)
        is_some = is_some || report->groups[i].visitors >= 0;
    return is_some;
}

static void visits_put(struct view_grid *grid, const struct report_group *group)
{
    bool are = false;
    int64_t visits = report_group_visits(group, &are);
    AUTO_BUF text;
    buf_init(&text, 64);
    if (visits > 0) {
        view_grid_count(grid, visits);
        buf_format(&text, "%.2f%%", (double)group->new_orders * 100 / (double)visits);
    } else {
        view_grid_put(grid, SV("-"));
        buf_char(&text, '-');
    }
    view_grid_piece(grid, &text);
}

static void head_put(struct view_grid *grid, const struct report_breakdown *report,
                     const char *currency)
{
    static const char *const words[TEXT_COLUMNS - 1] = {
        "revenue", "orders", "refunds", "average", "MRR now", "conversion", "share"};
    view_grid_put(grid, sv_of(currency));
    for (size_t i = 0; i < TEXT_COLUMNS - 1; i++) {
        if (i + 2 == TEXT_COLUMNS && report->visits_source) {
            view_grid_put(grid, are_visitors(report) ? SV("visitors") : SV("visits"));
            view_grid_put(grid, SV("buy"));
        }
        view_grid_put(grid, sv_of(words[i]));
    }
}

static struct view_grid grid_of(const struct report_breakdown *report, struct arena *arena)
{
    size_t columns = report->visits_source ? TEXT_COLUMNS + VISIT_TEXT_COLUMNS : TEXT_COLUMNS;
    return (struct view_grid){.arena = arena, .columns = columns, .left = 1U << (columns - 1)};
}

static void bar_put(struct view_grid *grid, const struct view_style *style, int64_t part,
                    int64_t whole)
{
    AUTO_BUF bar;
    buf_init(&bar, 256);
    double share = whole > 0 && part > 0 ? (double)part / (double)whole : 0;
    share = share > 1 ? 1 : share;
    size_t full = (size_t)(share * BAR_COLUMNS + 0.5);
    for (size_t i = 0; i < BAR_COLUMNS; i++)
        buf_text(&bar, i < full ? (style->has_unicode ? "█" : "#") : " ");
    view_grid_piece(grid, &bar);
}

static void group_put(struct view_grid *grid, const struct view_style *style,
                      const struct report_breakdown *report, const struct report_group *group,
                      struct sv currency, int64_t revenue_minor)
{
    AUTO_BUF text;
    buf_init(&text, 64);
    view_grid_put(grid, group->name);
    view_grid_money(grid, group->revenue_minor, currency);
    view_grid_count(grid, group->orders);
    view_grid_money(grid, group->refunded_minor, currency);
    if (group->orders > 0)
        view_grid_money(grid, group->average_minor, currency);
    else
        view_grid_put(grid, SV("-"));
    if (report->has_mrr)
        view_grid_money(grid, group->mrr_minor, currency);
    else
        view_grid_put(grid, SV("-"));
    if (report->has_checkouts && group->checkouts > 0)
        buf_format(&text, "%.1f%%", (double)group->succeeded * 100 / (double)group->checkouts);
    else
        buf_char(&text, '-');
    view_grid_piece(grid, &text);
    if (report->visits_source)
        visits_put(grid, group);
    bar_put(grid, style, group->revenue_minor, revenue_minor);
}

static void together_text(struct buf *out, const struct view_style *style,
                          const struct report_breakdown *report, struct arena *arena)
{
    struct view_grid grid = grid_of(report, arena);
    char code[VIEW_CURRENCY_BYTES];
    if (report->exchange.into == 0)
        return;
    view_currency_title(code, report->exchange.into);
    buf_text(out, "\nTogether in ");
    view_ink(out, style, INK_BOLD, code);
    buf_char(out, '\n');
    head_put(&grid, report, "");
    group_put(&grid, style, report, &report->together, sv_of(code), report->together.revenue_minor);
    view_grid_show(&grid, out, style);
    view_exchange_text(out, &report->exchange);
}

void view_breakdown_text(struct buf *out, const struct view_style *style,
                         const struct report_breakdown *report)
{
    char code[VIEW_CURRENCY_BYTES];
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    view_range_title(out, style, &report->query);
    buf_format(out, "By %s. MRR as of now; all else during the range, by the day of the order.\n",
               report_dimension_word(report->by));
    if (report->visits_source)
        buf_format(out,
                   "%s are those of %s; buy: new orders for each of them. Days before "
                   "%04d-%02d-%02d: none known.\n",
                   are_visitors(report) ? "Visitors" : "Visits", report->visits_source->name,
                   (int)report->visits_source->first.year, (int)report->visits_source->first.month,
                   (int)report->visits_source->first.day);
    if (report->group_count == 0)
        buf_text(out, "\nNothing was sold.\n");
    for (size_t i = 0; i < report->group_count;) {
        metrics_currency currency = report->groups[i].currency;
        struct view_grid grid = grid_of(report, &arena);
        int64_t revenue_minor = 0;
        view_currency_title(code, currency);
        for (size_t k = i; k < report->group_count && report->groups[k].currency == currency; k++)
            revenue_minor += report->groups[k].revenue_minor;
        head_put(&grid, report, code);
        for (; i < report->group_count && report->groups[i].currency == currency; i++)
            group_put(&grid, style, report, &report->groups[i], sv_of(code), revenue_minor);
        buf_char(out, '\n');
        view_grid_show(&grid, out, style);
    }
    together_text(out, style, report, &arena);
}

// ---- for programs ----

static void group_json(struct buf *out, const struct report_breakdown *report,
                       const struct report_group *group, size_t first)
{
    char code[VIEW_CURRENCY_BYTES];
    view_currency(code, group->currency);
    for (size_t k = first; k < column_count(report); k++) {
        struct value value = row_value(report, group, code, k);
        view_json_key(out, names[k]);
        view_json_value(out, &value);
    }
}

static void together_json(struct buf *out, const struct report_breakdown *report)
{
    enum { REVENUE = 3 };
    if (report->exchange.into == 0)
        return;
    view_json_key(out, "converted");
    buf_char(out, '{');
    view_exchange_json(out, &report->exchange);
    view_json_key(out, "total");
    buf_char(out, '{');
    group_json(out, report, &report->together, REVENUE);
    buf_text(out, "}}");
}

void view_breakdown_json(struct buf *out, const struct report_breakdown *report)
{
    buf_char(out, '{');
    view_json_text(out, "by", report_dimension_word(report->by));
    view_range_json(out, &report->query);
    view_json_time(out, "mrr_as_of", report->now_us);
    view_json_text(out, "traffic_source", report->visits_source ? report->visits_source->name : "");
    view_json_text(out, "traffic_counts",
                   !report->visits_source ? ""
                   : are_visitors(report) ? "visitors"
                                          : "visits");
    view_json_key(out, "groups");
    buf_char(out, '[');
    for (size_t i = 0; i < report->group_count; i++) {
        buf_text(out, i > 0 ? ",\n{" : "{");
        group_json(out, report, &report->groups[i], 0);
        buf_char(out, '}');
    }
    buf_char(out, ']');
    together_json(out, report);
    buf_text(out, "}\n");
}

enum till_code view_breakdown_rows(struct row_view *view, const struct report_breakdown *report,
                                   struct till_error *e)
{
    char code[VIEW_CURRENCY_BYTES];
    struct value values[COLUMNS];
    enum till_code result = row_view_begin(view, names, NULL, column_count(report), e);
    for (size_t i = 0; i < report->group_count && result == TILL_OK; i++) {
        view_currency(code, report->groups[i].currency);
        for (size_t k = 0; k < column_count(report); k++)
            values[k] = row_value(report, &report->groups[i], code, k);
        result = row_view_row(view, values, e);
    }
    return result ? result : row_view_end(view, e);
}
