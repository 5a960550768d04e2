// SPDX-License-Identifier: Apache-2.0
// grid.c - what the reports on growth share: their head, their tables, their lines of bars.
#include <stdio.h>
#include <string.h>

#include "base/money.h"
#include "base/text.h"
#include "views/metrics.h"
#include "views/movements.h"

enum {
    GAP_COLUMNS = 2,
    TITLE_COLUMNS = 40,
    FIRST_COLUMNS = 24,
    FIRST_CELLS = 64,
    WIDEST_GRID = 32
};

void view_spark(struct buf *out, const struct view_style *style, const int64_t *values,
                size_t count)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {"_", ".", ",", "-", "~", "=", "*", "#"};
    size_t columns = count < VIEW_SPARK_COLUMNS ? count : VIEW_SPARK_COLUMNS;
    double means[VIEW_SPARK_COLUMNS], low = 0, high = 0;
    for (size_t i = 0; i < columns; i++) {
        size_t from = i * count / columns, to = (i + 1) * count / columns;
        double sum = 0;
        for (size_t k = from; k < to; k++)
            sum += (double)values[k];
        means[i] = sum / (double)(to - from);
        low = means[i] < low ? means[i] : low;
        high = means[i] > high ? means[i] : high;
    }
    for (size_t i = 0; i < columns; i++) {
        double share = high > low ? (means[i] - low) / (high - low) : 0;
        buf_text(out, (style->has_unicode ? bars : plain)[(size_t)(share * 7.0 + 0.5)]);
    }
}

void view_piece(struct buf *out, const struct buf *piece)
{
    if (piece->failure && !out->failure)
        out->failure = piece->failure;
    if (piece->data)
        buf_append(out, piece->data, piece->len);
}

void view_money(struct buf *out, const struct view_style *style, int64_t amount_minor,
                struct sv currency)
{
    money_format(out, amount_minor, currency, style->locale);
}

void view_currency(char ret_text[static VIEW_CURRENCY_BYTES], metrics_currency currency)
{
    size_t at = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
        char c = (char)(currency >> shift & 0x7f);
        if (c > ' ' && c != 0x7f)
            ret_text[at++] = c;
    }
    ret_text[at] = '\0';
}

void view_currency_title(char ret_text[static VIEW_CURRENCY_BYTES], metrics_currency currency)
{
    view_currency(ret_text, currency);
    for (char *c = ret_text; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
}

void view_period(struct buf *out, const struct zone *zone, int64_t at_us, bool is_hour)
{
    char text[VIEW_LOCAL_BYTES];
    view_local_time(text, zone, at_us);
    if (is_hour)
        buf_format(out, "%.10s %.5s", text, text + 11);
    else
        buf_format(out, "%.10s", text);
}

static void date_text(char ret_text[static 32], struct civil_date date)
{
    (void)snprintf(ret_text, 32, "%04d-%02d-%02d", (int)date.year, (int)date.month, (int)date.day);
}

static void title(struct buf *out, const struct view_style *style,
                  const struct report_metrics_query *query, bool has_interval)
{
    char from[32], to[32];
    AUTO_BUF name;
    buf_init(&name, out->limit_bytes);
    (void)text_show(&name, sv_of(query->connection->organization_name), TITLE_COLUMNS);
    view_ink(out, style, INK_BOLD, name.data && name.data[0] ? name.data : "Report");
    date_text(from, query->from);
    date_text(to, query->to);
    buf_format(out, ", %s to %s%s%s, %s\n", from, to, has_interval ? " by " : "",
               has_interval ? metrics_interval_word(query->interval) : "", zone_name(query->zone));
}

void view_report_title(struct buf *out, const struct view_style *style,
                       const struct report_metrics_query *query)
{
    title(out, style, query, true);
}

void view_range_title(struct buf *out, const struct view_style *style,
                      const struct report_metrics_query *query)
{
    title(out, style, query, false);
}

void view_range_json(struct buf *out, const struct report_metrics_query *query)
{
    char text[32];
    date_text(text, query->from);
    view_json_text(out, "start_date", text);
    date_text(text, query->to);
    view_json_text(out, "end_date", text);
    view_json_text(out, "timezone", zone_name(query->zone));
}

void view_report_json(struct buf *out, const struct report_metrics_query *query)
{
    view_range_json(out, query);
    view_json_text(out, "interval", metrics_interval_word(query->interval));
}

void view_source(struct buf *out, enum movements_source source)
{
    AUTO_BUF text;
    buf_init(&text, 1024);
    if (source == MOVEMENTS_NOTHING)
        return;
    buf_format(&text, "Source: %s: %s", movements_source_word(source),
               movements_source_sentence(source));
    buf_char(out, '\n');
    view_wrap(out, (struct sv){text.data ? text.data : "", text.len}, 0, 2);
}

void view_grid_put(struct view_grid *grid, struct sv text)
{
    if (grid->count == grid->capacity) {
        size_t wider = grid->capacity > 0 ? grid->capacity * 2 : FIRST_CELLS;
        struct sv *cells = arena_alloc(grid->arena, wider * sizeof *cells);
        if (!cells) {
            grid->failure = grid->arena->failure;
            return;
        }
        if (grid->count > 0)
            memcpy(cells, grid->cells, grid->count * sizeof *cells);
        grid->cells = cells;
        grid->capacity = wider;
    }
    struct sv copy = arena_sv(grid->arena, text);
    grid->cells[grid->count++] = copy.ptr ? copy : SV("");
    if (!copy.ptr)
        grid->failure = grid->arena->failure;
}

void view_grid_piece(struct view_grid *grid, const struct buf *piece)
{
    if (piece->failure)
        grid->failure = piece->failure;
    view_grid_put(grid, (struct sv){piece->data ? piece->data : "", piece->len});
}

void view_grid_money(struct view_grid *grid, int64_t amount_minor, struct sv currency)
{
    AUTO_BUF text;
    buf_init(&text, 256);
    money_format_plain(&text, amount_minor, currency);
    view_grid_piece(grid, &text);
}

void view_grid_count(struct view_grid *grid, int64_t count)
{
    AUTO_BUF text;
    buf_init(&text, 256);
    view_count(&text, count);
    view_grid_piece(grid, &text);
}

static size_t column_width(const struct view_grid *grid, size_t column)
{
    size_t widest = 0;
    for (size_t i = column; i < grid->count; i += grid->columns) {
        size_t width = text_width(grid->cells[i]);
        widest = width > widest ? width : widest;
    }
    return column == 0 && widest > FIRST_COLUMNS ? FIRST_COLUMNS : widest;
}

static void show_cell(const struct view_grid *grid, size_t place, size_t width, struct buf *out,
                      const struct view_style *style)
{
    size_t column = place % grid->columns;
    bool is_left = column == 0 || (grid->left >> column & 1) != 0;
    AUTO_BUF cell;
    buf_init(&cell, out->limit_bytes);
    size_t used = text_show(&cell, grid->cells[place], column == 0 ? width : 0);
    size_t room = width > used ? width - used : 0;
    buf_repeat(out, ' ', (column > 0 ? GAP_COLUMNS : 0) + (is_left ? 0 : room));
    if (place < grid->columns)
        view_ink(out, style, INK_DIM, cell.data ? cell.data : "");
    else
        view_piece(out, &cell);
    if (is_left && column + 1 < grid->columns)
        buf_repeat(out, ' ', room);
}

void view_grid_show(const struct view_grid *grid, struct buf *out, const struct view_style *style)
{
    size_t widths[WIDEST_GRID];
    if (grid->failure) {
        out->failure = grid->failure;
        return;
    }
    for (size_t k = 0; k < grid->columns && k < WIDEST_GRID; k++)
        widths[k] = column_width(grid, k);
    for (size_t i = 0; i + grid->columns <= grid->count; i += grid->columns) {
        for (size_t k = 0; k < grid->columns && k < WIDEST_GRID; k++)
            show_cell(grid, i + k, widths[k], out, style);
        buf_char(out, '\n');
    }
}
