// SPDX-License-Identifier: Apache-2.0
// cohorts.c - cohorts for people as shares, for programs as the counts and amounts that they are made of.
#include "views/cohorts.h"

#include "base/limits.h"
#include "views/metrics.h"
#include "views/movements.h"

enum { SHOWN_CELLS = 13, ROW_COLUMNS = 9 };

static void share_put(struct view_grid *grid, int64_t part, int64_t whole)
{
    AUTO_BUF text;
    buf_init(&text, 64);
    if (whole > 0)
        buf_format(&text, "%.0f%%", (double)part * 100 / (double)whole);
    view_grid_piece(grid, &text);
}

static void head_put(struct view_grid *grid, const char *code, bool of_money, size_t shown)
{
    view_grid_put(grid, sv_of(code));
    view_grid_put(grid, of_money ? SV("MRR") : SV("new"));
    for (size_t k = 0; k < shown; k++)
        view_grid_count(grid, (int64_t)k);
}

static void currency_text(struct buf *out, const struct view_style *style,
                          const struct report_movements *report, const struct cohorts *cohorts,
                          const struct cohorts_currency *currency, bool of_money,
                          struct arena *arena)
{
    size_t shown = cohorts->period_count < SHOWN_CELLS ? cohorts->period_count : SHOWN_CELLS;
    struct view_grid grid = {.arena = arena, .columns = shown + 2};
    int64_t *sizes = arena_calloc(arena, cohorts->period_count + 1, sizeof *sizes);
    char code[VIEW_CURRENCY_BYTES];
    view_currency_title(code, currency->currency);
    head_put(&grid, code, of_money, shown);
    for (size_t i = 0; i < cohorts->period_count; i++) {
        const struct cohort *cohort = &currency->cohorts[i];
        AUTO_BUF label;
        buf_init(&label, 64);
        if (sizes)
            sizes[i] = of_money ? cohort->initial_minor : cohort->customers;
        if (cohort->customers == 0)
            continue;
        view_period(&label, report->query.zone, cohorts->starts_us[i],
                    report->query.interval == METRICS_HOUR);
        view_grid_piece(&grid, &label);
        if (of_money)
            view_grid_money(&grid, cohort->initial_minor, sv_of(code));
        else
            view_grid_count(&grid, cohort->customers);
        for (size_t k = 0; k < shown; k++) {
            if (k >= cohort->cell_count)
                view_grid_put(&grid, SV(""));
            else if (of_money)
                share_put(&grid, cohort->minor[k], cohort->initial_minor);
            else
                share_put(&grid, cohort->kept[k], cohort->customers);
        }
    }
    if (grid.count <= grid.columns)
        return;
    buf_char(out, '\n');
    view_grid_show(&grid, out, style);
    buf_text(out, of_money ? "MRR that began: " : "Customers who began: ");
    if (!sizes)
        out->failure = arena->failure;
    else
        view_spark(out, style, sizes, cohorts->period_count);
    buf_char(out, '\n');
}

void view_cohorts_text(struct buf *out, const struct view_style *style,
                       const struct report_movements *report, const struct cohorts *cohorts,
                       bool of_money)
{
    const char *word = metrics_interval_word(report->query.interval);
    AUTO_ARENA arena;
    AUTO_BUF text;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    buf_init(&text, 1024);
    view_report_title(out, style, &report->query);
    buf_format(&text,
               of_money ? "MRR at the end of the %s in which they began and of those after it, of "
                          "what each cohort "
                          "began with."
                        : "Customers that still pay at the end of the %s in which they began and "
                          "of those after it, "
                          "of each cohort.",
               word);
    if (cohorts->whole_count < cohorts->period_count)
        buf_format(&text, " The last %s is under way.", word);
    view_wrap(out, (struct sv){text.data ? text.data : "", text.len}, 0, 0);
    for (size_t i = 0; i < cohorts->currency_count; i++)
        currency_text(out, style, report, cohorts, &cohorts->currencies[i], of_money, &arena);
    view_source(out, report->source);
}

// ---- for programs ----

static void cells_json(struct buf *out, const char *key, const int64_t *cells, size_t count)
{
    view_json_key(out, key);
    buf_char(out, '[');
    for (size_t k = 0; k < count; k++) {
        if (k > 0)
            buf_char(out, ',');
        buf_int(out, cells[k]);
    }
    buf_char(out, ']');
}

static void currency_json(struct buf *out, const struct report_movements *report,
                          const struct cohorts *cohorts, const struct cohorts_currency *currency)
{
    char code[VIEW_CURRENCY_BYTES], at[VIEW_LOCAL_BYTES];
    view_currency(code, currency->currency);
    buf_char(out, '{');
    view_json_text(out, "currency", code);
    view_json_key(out, "cohorts");
    buf_char(out, '[');
    for (size_t i = 0; i < cohorts->period_count; i++) {
        const struct cohort *cohort = &currency->cohorts[i];
        view_local_time(at, report->query.zone, cohorts->starts_us[i]);
        buf_text(out, i > 0 ? ",\n{" : "{");
        view_json_text(out, "timestamp", at);
        view_json_int(out, "customers", cohort->customers);
        view_json_int(out, "initial", cohort->initial_minor);
        cells_json(out, "customers_kept", cohort->kept, cohort->cell_count);
        cells_json(out, "mrr", cohort->minor, cohort->cell_count);
        buf_char(out, '}');
    }
    buf_text(out, "]}");
}

void view_cohorts_json(struct buf *out, const struct report_movements *report,
                       const struct cohorts *cohorts)
{
    const char *source = movements_source_word(report->source);
    buf_char(out, '{');
    view_report_json(out, &report->query);
    view_json_time(out, "as_of", report->now_us);
    view_json_int(out, "whole_periods", (int64_t)cohorts->whole_count);
    view_json_text(out, "source", source ? source : "");
    view_json_text(out, "source_sentence", movements_source_sentence(report->source));
    view_json_key(out, "currencies");
    buf_char(out, '[');
    for (size_t i = 0; i < cohorts->currency_count; i++) {
        if (i > 0)
            buf_text(out, ",\n");
        currency_json(out, report, cohorts, &cohorts->currencies[i]);
    }
    buf_text(out, "]}\n");
}

static struct value integer(int64_t number)
{
    return (struct value){.type = VALUE_INTEGER, .integer = number};
}

static struct value share(int64_t part, int64_t whole)
{
    if (whole <= 0)
        return (struct value){.type = VALUE_NULL};
    return (struct value){.type = VALUE_REAL, .real = (double)part / (double)whole};
}

enum till_code view_cohorts_rows(struct row_view *view, const struct report_movements *report,
                                 const struct cohorts *cohorts, struct till_error *e)
{
    static const char *const names[ROW_COLUMNS] = {
        "cohort",   "currency",       "customers", "initial",
        "period",   "customers_kept", "mrr",       "customers_kept_share",
        "mrr_share"};
    char code[VIEW_CURRENCY_BYTES], at[VIEW_LOCAL_BYTES];
    enum till_code result = row_view_begin(view, names, NULL, ROW_COLUMNS, e);
    for (size_t i = 0; i < cohorts->currency_count * cohorts->period_count; i++) {
        const struct cohort *cohort = &cohorts->rows[i];
        view_currency(code, cohorts->currencies[i / cohorts->period_count].currency);
        view_local_time(at, report->query.zone, cohorts->starts_us[i % cohorts->period_count]);
        for (size_t k = 0; k < cohort->cell_count && cohort->customers > 0 && result == TILL_OK;
             k++) {
            struct value values[ROW_COLUMNS] = {{.type = VALUE_TEXT, .text = sv_of(at)},
                                                {.type = VALUE_TEXT, .text = sv_of(code)},
                                                integer(cohort->customers),
                                                integer(cohort->initial_minor),
                                                integer((int64_t)k),
                                                integer(cohort->kept[k]),
                                                integer(cohort->minor[k]),
                                                share(cohort->kept[k], cohort->customers),
                                                share(cohort->minor[k], cohort->initial_minor)};
            result = row_view_row(view, values, e);
        }
    }
    return result ? result : row_view_end(view, e);
}
