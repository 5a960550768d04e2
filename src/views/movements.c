// SPDX-License-Identifier: Apache-2.0
// movements.c - movements of recurring revenue for people and for programs.
//
// What a number is goes with it: a balance (at the border of a period) or an activity (during it), how it was computed, and how well it is known.
#include "views/movements.h"

#include <math.h>

#include "base/limits.h"
#include "base/money.h"
#include "base/text.h"
#include "views/exchange.h"
#include "views/metrics.h"

enum { RATE_COLUMNS = 26, VALUE_COLUMNS = 12 };

// The parts of a line, in one order for JSON, CSV and docs/growth.md.
#define PARTS(X)                                                                                   \
    X(start_minor, "start", true)                                                                  \
    X(new_minor, "new", false)                                                                     \
    X(expansion_minor, "expansion", false)                                                         \
    X(contraction_minor, "contraction", false)                                                     \
    X(churn_minor, "churn", false)                                                                 \
    X(reactivation_minor, "reactivation", false)                                                   \
    X(end_minor, "end", true)                                                                      \
    X(start_customers, "customers_start", true)                                                    \
    X(new_customers, "customers_new", false)                                                       \
    X(churned_customers, "customers_churned", false)                                               \
    X(reactivated_customers, "customers_reactivated", false)                                       \
    X(end_customers, "customers_end", true)                                                        \
    X(trials_ended, "trials_ended", false)                                                         \
    X(trials_converted, "trials_converted", false)

#define PART_COUNT_ONE(member, word, is_balance) +1
enum { PART_COUNT = 0 PARTS(PART_COUNT_ONE), COLUMN_COUNT = PART_COUNT + 3 };

// ---- for people ----

static void head_put(struct view_grid *grid)
{
    static const char *const words[] = {"",       "start", "new",      "expansion",
                                        "contr.", "churn", "reactiv.", "end"};
    for (size_t i = 0; i < TILL_COUNT(words); i++)
        view_grid_put(grid, sv_of(words[i]));
}

static void line_put(struct view_grid *grid, const struct movements_line *line, struct sv currency)
{
    view_grid_money(grid, line->start_minor, currency);
    view_grid_money(grid, line->new_minor, currency);
    view_grid_money(grid, line->expansion_minor, currency);
    view_grid_money(grid, -line->contraction_minor, currency);
    view_grid_money(grid, -line->churn_minor, currency);
    view_grid_money(grid, line->reactivation_minor, currency);
    view_grid_money(grid, line->end_minor, currency);
}

static void rate_text(struct buf *out, const struct view_style *style,
                      const struct movements_rate_info *info, struct movements_rate rate,
                      struct sv currency)
{
    AUTO_BUF value;
    buf_init(&value, 256);
    if (!rate.has_value)
        buf_text(&value, "-");
    else if (info->type == MOVEMENTS_MONEY)
        money_format(&value, llround(rate.value), currency, style->locale);
    else if (info->type == MOVEMENTS_SHARE)
        buf_format(&value, "%.1f%%", rate.value * 100);
    else
        buf_format(&value, "%.2f", rate.value);
    struct sv shown = {value.data ? value.data : "", value.len};
    buf_format(out, "%-*s", RATE_COLUMNS, info->display_name);
    buf_repeat(out, ' ', text_width(shown) < VALUE_COLUMNS ? VALUE_COLUMNS - text_width(shown) : 0);
    view_piece(out, &value);
    buf_format(out, "%s%s\n", rate.has_value ? "" : "  ", rate.has_value ? "" : rate.reason);
}

static void currency_text(struct buf *out, const struct view_style *style,
                          const struct report_movements *report,
                          const struct movements_currency *currency, struct arena *arena)
{
    const struct movements_answer *answer = &report->answer;
    struct movements_rate rates[MOVEMENTS_RATE__COUNT];
    struct view_grid grid = {.arena = arena, .columns = 8};
    char code[VIEW_CURRENCY_BYTES];
    int64_t *ends = arena_alloc(arena, (answer->period_count + 1) * sizeof *ends);
    view_currency_title(code, currency->currency);
    buf_char(out, '\n');
    view_ink(out, style, INK_BOLD, code);
    const struct movements_line *range = &currency->lines[answer->period_count];
    buf_text(out, "  ");
    for (size_t i = 0; ends && i < answer->period_count; i++)
        ends[i] = currency->lines[i].end_minor;
    if (!ends)
        out->failure = arena->failure;
    else
        view_spark(out, style, ends, answer->period_count);
    buf_text(out, "  ");
    money_format(out, range->end_minor, sv_of(code), style->locale);
    buf_text(out, " a month, ");
    view_count(out, range->end_customers);
    buf_text(out, range->end_customers == 1 ? " customer\n" : " customers\n");
    head_put(&grid);
    for (size_t i = 0; i <= answer->period_count; i++) {
        AUTO_BUF label;
        buf_init(&label, 64);
        if (i == answer->period_count)
            buf_text(&label, "all");
        else
            view_period(&label, report->query.zone, answer->starts_us[i],
                        report->query.interval == METRICS_HOUR);
        view_grid_piece(&grid, &label);
        line_put(&grid, &currency->lines[i], sv_of(code));
    }
    view_grid_show(&grid, out, style);
    buf_char(out, '\n');
    movements_rates(answer, currency, report->query.interval, rates);
    for (size_t i = 0; i < MOVEMENTS_RATE__COUNT; i++)
        rate_text(out, style, &movements_rate_infos[i], rates[i], sv_of(code));
}

static void together_text(struct buf *out, const struct view_style *style,
                          const struct report_movements *report, struct arena *arena)
{
    struct view_grid grid = {.arena = arena, .columns = 8};
    char code[VIEW_CURRENCY_BYTES];
    if (report->exchange.into == 0)
        return;
    view_currency_title(code, report->exchange.into);
    buf_text(out, "\nTogether in ");
    view_ink(out, style, INK_BOLD, code);
    buf_char(out, '\n');
    head_put(&grid);
    view_grid_put(&grid, SV("all"));
    line_put(&grid, &report->together, sv_of(code));
    view_grid_show(&grid, out, style);
    view_exchange_text(out, &report->exchange);
}

void view_movements_text(struct buf *out, const struct view_style *style,
                         const struct report_movements *report)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    view_report_title(out, style, &report->query);
    buf_text(out, "Monthly recurring revenue: balances at start and end, what moved it between.\n");
    if (report->answer.currency_count == 0)
        buf_text(out, "\nNo subscription was ever paid.\n");
    for (size_t i = 0; i < report->answer.currency_count; i++)
        currency_text(out, style, report, &report->answer.currencies[i], &arena);
    together_text(out, style, report, &arena);
    if (report->answer.currency_count == 0)
        return;
    buf_char(out, '\n');
    for (size_t i = 0; i < MOVEMENTS_RATE__COUNT; i++) {
        const struct movements_rate_info *info = &movements_rate_infos[i];
        buf_format(out, "%-*s", RATE_COLUMNS, info->display_name);
        view_wrap(out, sv_of(info->formula), RATE_COLUMNS, RATE_COLUMNS);
    }
    view_source(out, report->source);
}

// ---- JSON ----

static void line_json(struct buf *out, const struct movements_line *line)
{
#define PART_JSON(member, word, is_balance) view_json_int(out, word, line->member);
    PARTS(PART_JSON)
#undef PART_JSON
    const char *source = movements_source_word(line->source);
    view_json_text(out, "source", source ? source : "");
}

static void rates_json(struct buf *out, const struct report_movements *report,
                       const struct movements_currency *currency)
{
    static const char *const types[] = {"percentage", "ratio", "currency"};
    struct movements_rate rates[MOVEMENTS_RATE__COUNT];
    movements_rates(&report->answer, currency, report->query.interval, rates);
    view_json_key(out, "rates");
    buf_char(out, '{');
    for (size_t i = 0; i < MOVEMENTS_RATE__COUNT; i++) {
        const struct movements_rate_info *info = &movements_rate_infos[i];
        view_json_key(out, info->slug);
        buf_char(out, '{');
        view_json_key(out, "value");
        if (!rates[i].has_value)
            buf_text(out, "null");
        else if (info->type == MOVEMENTS_MONEY)
            buf_int(out, llround(rates[i].value));
        else
            view_number(out, (struct metrics_number){true, {.real = rates[i].value}});
        view_json_text(out, "reason", rates[i].reason ? rates[i].reason : "");
        view_json_text(out, "type", types[info->type]);
        view_json_text(out, "nature", info->is_balance ? "balance" : "activity");
        view_json_text(out, "formula", info->formula);
        buf_char(out, '}');
    }
    buf_char(out, '}');
}

static void currency_json(struct buf *out, const struct report_movements *report,
                          const struct movements_currency *currency)
{
    const struct movements_answer *answer = &report->answer;
    char code[VIEW_CURRENCY_BYTES], at[VIEW_LOCAL_BYTES];
    view_currency(code, currency->currency);
    buf_char(out, '{');
    view_json_text(out, "currency", code);
    view_json_key(out, "periods");
    buf_char(out, '[');
    for (size_t i = 0; i < answer->period_count; i++) {
        view_local_time(at, report->query.zone, answer->starts_us[i]);
        buf_text(out, i > 0 ? ",\n{" : "{");
        view_json_text(out, "timestamp", at);
        line_json(out, &currency->lines[i]);
        buf_char(out, '}');
    }
    buf_char(out, ']');
    view_json_key(out, "total");
    buf_char(out, '{');
    line_json(out, &currency->lines[answer->period_count]);
    buf_char(out, '}');
    rates_json(out, report, currency);
    buf_char(out, '}');
}

static void together_json(struct buf *out, const struct report_movements *report)
{
    const struct movements_line *line = &report->together;
    if (report->exchange.into == 0)
        return;
    view_json_key(out, "converted");
    buf_char(out, '{');
    view_exchange_json(out, &report->exchange);
    view_json_key(out, "total");
    buf_char(out, '{');
    view_json_int(out, "start", line->start_minor);
    view_json_int(out, "new", line->new_minor);
    view_json_int(out, "expansion", line->expansion_minor);
    view_json_int(out, "contraction", line->contraction_minor);
    view_json_int(out, "churn", line->churn_minor);
    view_json_int(out, "reactivation", line->reactivation_minor);
    view_json_int(out, "end", line->end_minor);
    buf_text(out, "}}");
}

void view_movements_json(struct buf *out, const struct report_movements *report)
{
    const char *source = movements_source_word(report->source);
    buf_char(out, '{');
    view_report_json(out, &report->query);
    view_json_time(out, "as_of", report->now_us);
    view_json_time(out, "fresh_as_of", report->fresh_as_of_us);
    view_json_text(out, "source", source ? source : "");
    view_json_text(out, "source_sentence", movements_source_sentence(report->source));
    view_json_key(out, "currencies");
    buf_char(out, '[');
    for (size_t i = 0; i < report->answer.currency_count; i++) {
        if (i > 0)
            buf_text(out, ",\n");
        currency_json(out, report, &report->answer.currencies[i]);
    }
    buf_char(out, ']');
    together_json(out, report);
    view_json_key(out, "natures");
    buf_char(out, '{');
#define PART_NATURE(member, word, is_balance)                                                      \
    view_json_text(out, word, is_balance ? "balance" : "activity");
    PARTS(PART_NATURE)
#undef PART_NATURE
    buf_text(out, "}}\n");
}

// ---- rows ----

static enum till_code period_row(struct row_view *view, const char *at, const char *code,
                                 const struct movements_line *line, struct till_error *e)
{
    const char *source = movements_source_word(line->source);
    struct value values[COLUMN_COUNT] = {{.type = VALUE_TEXT, .text = sv_of(at)},
                                         {.type = VALUE_TEXT, .text = sv_of(code)},
#define PART_VALUE(member, word, is_balance) {.type = VALUE_INTEGER, .integer = line->member},
                                         PARTS(PART_VALUE)
#undef PART_VALUE
    };
    if (source)
        values[COLUMN_COUNT - 1] = (struct value){.type = VALUE_TEXT, .text = sv_of(source)};
    else
        values[COLUMN_COUNT - 1] = (struct value){.type = VALUE_NULL};
    return row_view_row(view, values, e);
}

enum till_code view_movements_rows(struct row_view *view, const struct report_movements *report,
                                   struct till_error *e)
{
#define PART_NAME(member, word, is_balance) word,
    static const char *const names[COLUMN_COUNT] = {"timestamp", "currency",
                                                    PARTS(PART_NAME) "source"};
#undef PART_NAME
    const struct movements_answer *answer = &report->answer;
    char code[VIEW_CURRENCY_BYTES], at[VIEW_LOCAL_BYTES];
    enum till_code result = row_view_begin(view, names, NULL, COLUMN_COUNT, e);
    for (size_t k = 0; k < answer->currency_count; k++) {
        view_currency(code, answer->currencies[k].currency);
        for (size_t i = 0; i < answer->period_count && result == TILL_OK; i++) {
            view_local_time(at, report->query.zone, answer->starts_us[i]);
            result = period_row(view, at, code, &answer->currencies[k].lines[i], e);
        }
    }
    return result ? result : row_view_end(view, e);
}
