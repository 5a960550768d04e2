// SPDX-License-Identifier: Apache-2.0
// html_chart.c - bars, a line, stacks and sparklines.
//
// A shape's box is 1000 by 1000 and is stretched to the place it gets, lines keep their width; what is read stands beside it in HTML, placed by percent, so
// that one file is right on a phone, a wide screen and paper. Coordinates are whole numbers: no decimal sign of any language gets in.
#include "views/html_chart.h"

#include <inttypes.h>
#include <math.h>

#include "views/html.h"

enum { BOX = 1000, GRID_LINES = 4, LABELS = 6, MARK_BOX = 45 };

struct axis {
    double low, high, step;
};

// ---- numbers and dates ----

void html_short_number(struct buf *out, double value, int digits)
{
    static const struct {
        double least;
        const char *suffix;
    } scales[] = {{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}, {0, ""}};
    double major = value / pow(10, digits);
    double size = fabs(major);
    size_t i = 0;
    while (i + 1 < TILL_COUNT(scales) && size < scales[i].least)
        i++;
    double scaled = scales[i].least > 0 ? size / scales[i].least : size;
    int64_t cents = scaled < 1e15 ? llround(scaled * 100) : INT64_MAX;
    if (major < 0 && cents > 0)
        buf_text(out, "\u2212");
    buf_int(out, cents / 100);
    if (cents % 10 != 0)
        buf_format(out, ".%02" PRId64, cents % 100);
    else if (cents % 100 != 0)
        buf_format(out, ".%" PRId64, cents % 100 / 10);
    buf_text(out, scales[i].suffix);
}

static const char *month_word(int32_t month)
{
    static const char *const words[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return words[(uint32_t)(month - 1) % TILL_COUNT(words)];
}

void html_date(struct buf *out, struct civil_date date)
{
    buf_format(out, "%d %s %d", date.day, month_word(date.month), date.year);
}

static int64_t minute_of_day(const struct zone *zone, int64_t at_us)
{
    const int64_t day_us = INT64_C(86400000000);
    int64_t local_us = (at_us + zone_offset_us(zone, at_us)) % day_us;
    return (local_us < 0 ? local_us + day_us : local_us) / 60000000;
}

void html_period(struct buf *out, const struct zone *zone, enum metrics_interval interval,
                 int64_t at_us, bool is_long)
{
    struct civil_date date = zone_date(zone, at_us);
    int64_t minute = minute_of_day(zone, at_us);
    switch (interval) {
    case METRICS_HOUR:
        if (is_long || minute == 0)
            buf_format(out, "%d %s%s", date.day, month_word(date.month), is_long ? " " : "");
        if (is_long || minute != 0)
            buf_format(out, "%02" PRId64 ":%02" PRId64, minute / 60, minute % 60);
        break;
    case METRICS_DAY:
    case METRICS_WEEK:
        buf_text(out, is_long && interval == METRICS_WEEK ? "week of " : "");
        buf_format(out, "%d %s", date.day, month_word(date.month));
        if (is_long)
            buf_format(out, " %d", date.year);
        break;
    case METRICS_MONTH:
        buf_text(out, month_word(date.month));
        if (is_long || date.month == 1)
            buf_format(out, " %d", date.year);
        break;
    case METRICS_YEAR:
        buf_int(out, date.year);
        break;
    }
}

// ---- the axis ----

// Nothing is always on it. Steps are 1, 2, 2.5 or 5 times a power of ten, of at least one whole unit where the values are counts.
static struct axis axis_of(double low, double high, int digits)
{
    static const double steps[] = {1, 2, 2.5, 5, 10};
    struct axis axis = {.low = fmin(low, 0), .high = fmax(high, 0)};
    if (!(axis.high - axis.low > 0))
        axis.high = pow(10, digits);
    double raw = (axis.high - axis.low) / GRID_LINES;
    double power = pow(10, floor(log10(raw)));
    axis.step = steps[TILL_COUNT(steps) - 1] * power;
    for (size_t i = TILL_COUNT(steps); i-- > 0;)
        if (steps[i] * power >= raw)
            axis.step = steps[i] * power;
    if (digits == 0)
        axis.step = fmax(ceil(axis.step), 1);
    axis.low = floor(axis.low / axis.step) * axis.step;
    axis.high = ceil(axis.high / axis.step) * axis.step;
    return axis;
}

static int y_of(const struct axis *axis, double value)
{
    return (int)lround((axis->high - value) / (axis->high - axis->low) * BOX);
}

static int x_of(const struct html_plot *plot, double slot)
{
    return plot->count > 0 ? (int)lround(slot * BOX / (double)plot->count) : 0;
}

static struct axis plot_axis(const struct html_plot *plot)
{
    double low = 0, high = plot->goal * 1.05; // its line is not the edge
    for (size_t i = 0; i < plot->count; i++) {
        double up = 0, down = 0;
        for (size_t layer = 0; layer < (plot->layers ? plot->layer_count : 1); layer++) {
            double value = plot->value(plot->context, i, layer);
            if (plot->layers && plot->layers[layer].is_loss)
                value = -value;
            up += value > 0 ? value : 0;
            down += value < 0 ? value : 0;
        }
        high = fmax(high, up);
        low = fmin(low, down);
    }
    for (size_t i = 0; i < plot->before_count && i < plot->count; i++) {
        high = fmax(high, plot->before(plot->context, i));
        low = fmin(low, plot->before(plot->context, i));
    }
    return axis_of(low, high, plot->digits);
}

// ---- the frame: lines of the grid, words at both sides, marks ----

static void put_percent(struct buf *out, int thousandths)
{
    buf_format(out, "%d.%d%%", thousandths / 10, thousandths % 10);
}

static void open_frame(struct buf *out, const struct html_plot *plot, const struct axis *axis)
{
    int lines = (int)lround((axis->high - axis->low) / axis->step);
    buf_text(out, "<div class=\"plot\">\n<div class=\"ys\" aria-hidden=\"true\">");
    for (int i = 0; i <= lines; i++) {
        double value = axis->low + i * axis->step;
        buf_text(out, "<span style=\"top:");
        put_percent(out, y_of(axis, value));
        buf_text(out, "\">");
        html_short_number(out, value, plot->digits);
        buf_text(out, "</span>");
    }
    buf_format(out,
               "</div>\n<div class=\"box\"><svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
               "role=\"img\" aria-label=\"",
               BOX, BOX);
    view_html_text(out, sv_of(plot->label));
    buf_text(out, "\">\n");
    for (int i = 0; i <= lines; i++) {
        double value = axis->low + i * axis->step;
        int y = y_of(axis, value);
        bool is_nothing = fabs(value) < axis->step / 2;
        buf_format(out, "<path class=\"%s\" d=\"M0 %dH%d\"/>", is_nothing ? "nothing" : "grid", y,
                   BOX);
    }
    buf_char(out, '\n');
}

// The slot in which a day begins, or -1.
static int slot_of(const struct html_plot *plot, struct civil_date date)
{
    int64_t at_us = zone_day_start_us(plot->zone, date);
    for (size_t i = 0; i < plot->count; i++)
        if (at_us >= plot->starts_us[i] && at_us < plot->starts_us[i + 1])
            return (int)i;
    // Longer periods may begin after the day's first moment only in the first slot.
    return -1;
}

// Marks that would stand on each other share a place: "1\u20133".
static void put_marks(struct buf *out, const struct html_plot *plot)
{
    size_t count = plot->annotations ? plot->annotations->count : 0;
    int number = 0;
    for (size_t i = 0; i < count;) {
        int slot = slot_of(plot, plot->annotations->list[i++].date);
        if (slot < 0)
            continue;
        int first = ++number, x = x_of(plot, slot + 0.5);
        for (; i < count; i++, number++) {
            int next = slot_of(plot, plot->annotations->list[i].date);
            if (next < 0 || x_of(plot, next + 0.5) - x > MARK_BOX)
                break;
        }
        buf_text(out, "<span class=\"mark\" style=\"left:");
        put_percent(out, x);
        buf_format(out, "\"><b>%d", first);
        if (number > first)
            buf_format(out, "\u2013%d", number);
        buf_text(out, "</b></span>");
    }
}

static void close_frame(struct buf *out, const struct html_plot *plot, const struct axis *axis)
{
    size_t stride = (plot->count + LABELS - 1) / LABELS;
    if (plot->goal > 0)
        buf_format(out, "<path class=\"goal\" d=\"M0 %dH%d\"/>", y_of(axis, plot->goal), BOX);
    buf_text(out, "</svg>");
    if (plot->goal > 0) {
        buf_text(out, "<span class=\"goal-word\" style=\"top:");
        put_percent(out, y_of(axis, plot->goal));
        buf_text(out, "\">goal</span>");
    }
    put_marks(out, plot);
    buf_text(out, "</div>\n<div class=\"xs\" aria-hidden=\"true\">");
    for (size_t i = 0; stride > 0 && i < plot->count; i += stride) {
        int x = x_of(plot, (double)i + 0.5);
        buf_format(out, "<span class=\"%s%s\" style=\"left:", i / stride % 2 == 1 ? "odd" : "",
                   x > BOX * 94 / 100 ? " last" : "");
        put_percent(out, x);
        buf_text(out, "\">");
        html_period(out, plot->zone, plot->interval, plot->starts_us[i], false);
        buf_text(out, "</span>");
    }
    buf_text(out, "</div>\n</div>\n");
}

void html_annotations(struct buf *out, const struct html_plot *plot)
{
    int number = 0;
    for (size_t i = 0; plot->annotations && i < plot->annotations->count; i++) {
        const struct store_annotation *annotation = &plot->annotations->list[i];
        if (slot_of(plot, annotation->date) < 0)
            continue;
        number++;
        buf_text(out, number == 1 ? "<ol class=\"notes\">\n" : "");
        buf_format(out, "<li><b>%d</b> <span class=\"quiet\">", number);
        html_date(out, annotation->date);
        buf_text(out, "</span> <bdi>");
        view_html_text(out, annotation->text);
        buf_text(out, "</bdi></li>\n");
    }
    buf_text(out, number > 0 ? "</ol>\n" : "");
}

// ---- shapes ----

static void put_bar(struct buf *out, const struct html_plot *plot, size_t slot, int top, int bottom,
                    const char *class_name)
{
    double margin = plot->count > 60 ? 0.08 : 0.16;
    int left = x_of(plot, (double)slot + margin), right = x_of(plot, (double)slot + 1 - margin);
    if (bottom <= top)
        return;
    buf_format(out, "<path class=\"%s\" d=\"M%d %dV%dH%dV%dZ\"/>\n", class_name, left, bottom, top,
               right > left ? right : left + 1, bottom);
}

static void put_line(struct buf *out, const struct html_plot *plot, const struct axis *axis,
                     bool is_before, const char *class_name)
{
    size_t count = is_before ? plot->before_count : plot->count;
    count = count < plot->count ? count : plot->count;
    if (count == 0)
        return;
    buf_format(out, "<path class=\"%s\" d=\"", class_name);
    for (size_t i = 0; i < count; i++) {
        double value =
            is_before ? plot->before(plot->context, i) : plot->value(plot->context, i, 0);
        buf_format(out, "%s%d %d", i == 0 ? "M" : "L", x_of(plot, (double)i + 0.5),
                   y_of(axis, value));
    }
    if (count == 1) // a stroke, so that one point is seen
        buf_format(out, "h%d", BOX / 100);
    buf_text(out, "\"/>\n");
}

static void put_area(struct buf *out, const struct html_plot *plot, const struct axis *axis)
{
    int floor_y = y_of(axis, fmax(axis->low, 0));
    buf_format(out, "<path class=\"area\" d=\"M%d %d", x_of(plot, 0.5), floor_y);
    for (size_t i = 0; i < plot->count; i++)
        buf_format(out, "L%d %d", x_of(plot, (double)i + 0.5),
                   y_of(axis, plot->value(plot->context, i, 0)));
    buf_format(out, "V%dZ\"/>\n", floor_y);
}

void html_bars(struct buf *out, const struct html_plot *plot)
{
    struct axis axis = plot_axis(plot);
    open_frame(out, plot, &axis);
    for (size_t i = 0; i < plot->count; i++) {
        double value = plot->value(plot->context, i, 0);
        bool is_partial = plot->is_partial && i + 1 == plot->count;
        put_bar(out, plot, i, y_of(&axis, fmax(value, 0)), y_of(&axis, fmin(value, 0)),
                is_partial ? "bar partial" : "bar");
    }
    put_line(out, plot, &axis, true, "before");
    close_frame(out, plot, &axis);
}

void html_line(struct buf *out, const struct html_plot *plot)
{
    struct axis axis = plot_axis(plot);
    open_frame(out, plot, &axis);
    put_area(out, plot, &axis);
    put_line(out, plot, &axis, true, "before");
    put_line(out, plot, &axis, false, "line");
    close_frame(out, plot, &axis);
}

void html_stacks(struct buf *out, const struct html_plot *plot)
{
    struct axis axis = plot_axis(plot);
    open_frame(out, plot, &axis);
    for (size_t i = 0; i < plot->count; i++) {
        double up = 0, down = 0;
        for (size_t layer = 0; layer < plot->layer_count; layer++) {
            double value = plot->value(plot->context, i, layer);
            double *edge = plot->layers[layer].is_loss ? &down : &up;
            double next = plot->layers[layer].is_loss ? *edge - value : *edge + value;
            put_bar(out, plot, i, y_of(&axis, fmax(*edge, next)), y_of(&axis, fmin(*edge, next)),
                    plot->layers[layer].class_name);
            *edge = next;
        }
    }
    close_frame(out, plot, &axis);
}

// From a little below the lowest to the highest: the shape of a level that hardly moves is what its sparkline is for.
static struct axis level_axis(const struct html_plot *plot)
{
    double low = plot->count > 0 ? plot->value(plot->context, 0, 0) : 0, high = low;
    for (size_t i = 0; i < plot->count; i++) {
        low = fmin(low, plot->value(plot->context, i, 0));
        high = fmax(high, plot->value(plot->context, i, 0));
    }
    for (size_t i = 0; i < plot->before_count && i < plot->count; i++) {
        low = fmin(low, plot->before(plot->context, i));
        high = fmax(high, plot->before(plot->context, i));
    }
    double room = fmax((high - low) / 4, 1);
    low = low < 0 ? low - room : fmax(low - room, 0);
    return (struct axis){.low = low, .high = high + room / 4, .step = room};
}

void html_spark(struct buf *out, const struct html_plot *plot)
{
    struct axis axis = plot->is_level ? level_axis(plot) : plot_axis(plot);
    buf_format(out,
               "<svg class=\"spark\" viewBox=\"0 -40 %d %d\" preserveAspectRatio=\"none\" "
               "aria-hidden=\"true\">\n",
               BOX, BOX + 80);
    put_area(out, plot, &axis);
    put_line(out, plot, &axis, true, "before");
    put_line(out, plot, &axis, false, "line");
    buf_text(out, "</svg>\n");
}
