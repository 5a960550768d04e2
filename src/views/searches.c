// SPDX-License-Identifier: Apache-2.0
// searches.c - three plain tables: queries, pages, and the weeks in which new revenue moved with the queries whose clicks moved then.
#include "views/searches.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/text.h"
#include "views/metrics.h"
#include "views/movements.h"
#include "views/traffic.h"

enum { SHOWN_LINES = 20, NAME_COLUMNS = 48, DATE_BYTES = 32 };

static void date_print(char ret_text[static DATE_BYTES], struct civil_date date)
{
    (void)snprintf(ret_text, DATE_BYTES, "%04d-%02d-%02d", (int)date.year, (int)date.month,
                   (int)date.day);
}

// ---- for people ----

static void put_text(struct view_grid *grid, struct sv text)
{
    AUTO_BUF shown;
    buf_init(&shown, TILL_LIMIT_BUFFER_BYTES);
    (void)text_show(&shown, text.len > 0 ? text : SV("(none)"), NAME_COLUMNS);
    view_grid_piece(grid, &shown);
}

static void lines_text(struct buf *out, const struct view_style *style, const char *title,
                       const struct report_search_line *lines, size_t count, struct arena *arena)
{
    struct view_grid grid = {.arena = arena, .columns = 4};
    view_grid_put(&grid, sv_of(title));
    view_grid_put(&grid, SV("clicks"));
    view_grid_put(&grid, SV("impressions"));
    view_grid_put(&grid, SV("position"));
    for (size_t i = 0; i < count && i < SHOWN_LINES; i++) {
        AUTO_BUF position;
        buf_init(&position, 64);
        put_text(&grid, lines[i].value);
        view_grid_count(&grid, lines[i].clicks);
        view_grid_count(&grid, lines[i].impressions);
        if (lines[i].has_position)
            buf_format(&position, "%.1f", lines[i].position);
        else
            buf_char(&position, '-');
        view_grid_piece(&grid, &position);
    }
    buf_char(out, '\n');
    view_grid_show(&grid, out, style);
}

static void weeks_text(struct buf *out, const struct view_style *style,
                       const struct report_searches *report, struct arena *arena)
{
    struct view_grid grid = {.arena = arena, .columns = 6, .left = 1U << 3};
    static const char *const words[] = {"week of", "new revenue", "week before",
                                        "query",   "clicks",      "before"};
    char code[VIEW_CURRENCY_BYTES], date[DATE_BYTES];
    view_currency_title(code, report->currency);
    if (report->week_count == 0) {
        buf_char(out, '\n');
        buf_format(out, "In none of %zu whole weeks did new revenue move by a fifth.\n",
                   report->weeks_seen);
        return;
    }
    for (size_t i = 0; i < TILL_COUNT(words); i++)
        view_grid_put(&grid, sv_of(words[i]));
    for (size_t i = 0; i < report->week_count; i++) {
        const struct report_search_week *week = &report->weeks[i];
        date_print(date, week->from);
        for (size_t k = 0; k < (week->move_count > 0 ? week->move_count : 1); k++) {
            view_grid_put(&grid, k == 0 ? sv_of(date) : SV(""));
            if (k == 0) {
                view_grid_money(&grid, week->new_revenue_minor, sv_of(code));
                view_grid_money(&grid, week->new_revenue_before_minor, sv_of(code));
            } else {
                view_grid_put(&grid, SV(""));
                view_grid_put(&grid, SV(""));
            }
            if (week->move_count == 0) {
                for (int cell = 0; cell < 3; cell++)
                    view_grid_put(&grid, SV("-"));
                continue;
            }
            put_text(&grid, week->moves[k].value);
            view_grid_count(&grid, week->moves[k].clicks);
            view_grid_count(&grid, week->moves[k].clicks_before);
        }
    }
    buf_text(out, "\nWeeks in which new revenue moved, and the queries whose clicks moved most in "
                  "them:\nbeside each other, not because of each other.\n");
    view_grid_show(&grid, out, style);
}

void view_searches_text(struct buf *out, const struct view_style *style,
                        const struct report_searches *report)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    const struct report_traffic *traffic = &report->traffic;
    view_range_title(out, style, &traffic->question.query);
    buf_format(out,
               "Searches of %s. Queries of few people are not told: they add up to less than "
               "the whole.\n",
               traffic->searches->name);
    lines_text(out, style, "query", report->queries, report->query_count, &arena);
    lines_text(out, style, "page", report->pages, report->page_count, &arena);
    weeks_text(out, style, report, &arena);
    buf_char(out, '\n');
    view_traffic_notes_text(out, style, traffic);
}

// ---- for programs ----

static void lines_json(struct buf *out, const char *key, const char *word,
                       const struct report_search_line *lines, size_t count)
{
    view_json_key(out, key);
    buf_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        const struct report_search_line *line = &lines[i];
        buf_text(out, i > 0 ? ",\n{" : "{");
        view_json_key(out, word);
        buf_json_string(out, line->value);
        view_json_int(out, "clicks", line->clicks);
        view_json_int(out, "impressions", line->impressions);
        view_traffic_json_number(
            out, "click_rate",
            (struct joined_number){
                line->impressions > 0,
                {true,
                 {.real = line->impressions > 0 ? (double)line->clicks / (double)line->impressions
                                                : 0}}});
        view_traffic_json_number(
            out, "position",
            (struct joined_number){line->has_position, {true, {.real = line->position}}});
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void weeks_json(struct buf *out, const struct report_searches *report)
{
    char code[VIEW_CURRENCY_BYTES] = "", date[DATE_BYTES];
    if (report->currency != 0)
        view_currency(code, report->currency);
    view_json_text(out, "weeks_currency", code);
    view_json_int(out, "weeks_seen", (int64_t)report->weeks_seen);
    view_json_key(out, "weeks");
    buf_char(out, '[');
    for (size_t i = 0; i < report->week_count; i++) {
        const struct report_search_week *week = &report->weeks[i];
        date_print(date, week->from);
        buf_text(out, i > 0 ? ",\n{" : "{");
        view_json_text(out, "from", date);
        view_json_int(out, "new_revenue", week->new_revenue_minor);
        view_json_int(out, "new_revenue_before", week->new_revenue_before_minor);
        view_json_key(out, "queries");
        buf_char(out, '[');
        for (size_t k = 0; k < week->move_count; k++) {
            buf_text(out, k > 0 ? ",{" : "{");
            view_json_key(out, "query");
            buf_json_string(out, week->moves[k].value);
            view_json_int(out, "clicks", week->moves[k].clicks);
            view_json_int(out, "clicks_before", week->moves[k].clicks_before);
            buf_char(out, '}');
        }
        buf_text(out, "]}");
    }
    buf_char(out, ']');
}

void view_searches_json(struct buf *out, const struct report_searches *report)
{
    buf_char(out, '{');
    view_traffic_members(out, &report->traffic);
    lines_json(out, "queries", "query", report->queries, report->query_count);
    lines_json(out, "pages", "page", report->pages, report->page_count);
    weeks_json(out, report);
    buf_text(out, "}\n");
}

enum till_code view_searches_rows(struct row_view *view, const struct report_searches *report,
                                  struct till_error *e)
{
    enum { COLUMNS = 5 };
    static const char *const names[COLUMNS] = {"kind", "value", "clicks", "impressions",
                                               "position"};
    enum till_code code = row_view_begin(view, names, NULL, COLUMNS, e);
    for (size_t i = 0; i < report->query_count + report->page_count && code == TILL_OK; i++) {
        bool is_query = i < report->query_count;
        const struct report_search_line *line =
            is_query ? &report->queries[i] : &report->pages[i - report->query_count];
        const struct value values[COLUMNS] = {
            {.type = VALUE_TEXT, .text = is_query ? SV("query") : SV("page")},
            {.type = VALUE_TEXT, .text = line->value},
            {.type = VALUE_INTEGER, .integer = line->clicks},
            {.type = VALUE_INTEGER, .integer = line->impressions},
            line->has_position ? (struct value){.type = VALUE_REAL, .real = line->position}
                               : (struct value){.type = VALUE_NULL}};
        code = row_view_row(view, values, e);
    }
    return code ? code : row_view_end(view, e);
}
