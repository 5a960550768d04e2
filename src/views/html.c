// SPDX-License-Identifier: Apache-2.0
// html.c - the overview as a file to send to somebody: the page's order and look, standing still.
//
// Everything that came from outside goes through view_html_text(). The file forbids itself scripts and loading (a content security policy in its head), so
// that even a mistake here stays text. The look is in html_style.c, the charts in html_chart.c. The number comes first, the chart explains it, the table
// proves it: each chart has its table, folded.
#include "views/html.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/money.h"
#include "base/text.h"
#include "views/html_chart.h"
#include "views/html_style.h"
#include "views/metrics.h"
#include "views/movements.h"

struct page {
    struct buf *out;
    const struct report_overview *overview;
    const struct view_html_options *options;
    const struct report_metrics_query *query;
};

// ---- text from outside ----

void view_html_text(struct buf *out, struct sv text)
{
    AUTO_BUF shown;
    buf_init(&shown, out->limit_bytes);
    (void)text_show(&shown, text, 0);
    for (size_t i = 0; i < shown.len; i++) {
        char c = shown.data[i];
        if (c == '&')
            buf_text(out, "&amp;");
        else if (c == '<')
            buf_text(out, "&lt;");
        else if (c == '>')
            buf_text(out, "&gt;");
        else if (c == '"')
            buf_text(out, "&quot;");
        else if (c == '\'')
            buf_text(out, "&#39;");
        else
            buf_char(out, c);
    }
    if (shown.failure && !out->failure)
        out->failure = shown.failure;
}

static struct sv first_character(struct sv text)
{
    bool is_valid = true;
    text = sv_trim(text);
    return text.len > 0 ? (struct sv){text.ptr, sv_utf8_step(text, &is_valid)} : text;
}

void view_html_masked_name(struct buf *out, struct sv name)
{
    struct sv first = first_character(name);
    if (first.len == 0)
        return;
    view_html_text(out, first);
    buf_text(out, ". \u00b7\u00b7\u00b7");
}

void view_html_masked_email(struct buf *out, struct sv email)
{
    struct sv rest = sv_trim(email), local = {0};
    if (rest.len == 0)
        return;
    (void)sv_split(&rest, '@', &local);
    view_html_text(out, first_character(local));
    buf_text(out, "\u00b7\u00b7\u00b7@");
    view_html_text(out, rest.ptr ? first_character(rest) : SV(""));
    buf_text(out, "\u00b7\u00b7\u00b7");
}

// ---- small pieces ----

static void put(const struct page *page, const char *text)
{
    buf_text(page->out, text);
}

static void put_money(const struct page *page, int64_t amount_minor, metrics_currency currency)
{
    char code[VIEW_CURRENCY_BYTES];
    AUTO_BUF text;
    buf_init(&text, 256);
    view_currency(code, currency);
    view_money(&text, page->options->style, amount_minor, sv_of(code));
    view_html_text(page->out, (struct sv){text.data ? text.data : "", text.len});
    if (text.failure && !page->out->failure)
        page->out->failure = text.failure;
}

static void put_percent(const struct page *page, double share)
{
    double thousandths = fmin(fabs(share) * 1000, 1e15);
    int64_t value = llround(thousandths);
    if (value >= 10000)
        view_count(page->out, value / 10);
    else
        buf_format(page->out, "%" PRId64 ".%" PRId64, value / 10, value % 10);
    put(page, "%");
}

// A value of a metric as people read it.
static void put_number(const struct page *page, const struct metric *metric,
                       struct metrics_number number)
{
    double real = fmax(fmin(metrics_real(number), 9e18), -9e18);
    switch (metric->type) {
    case METRIC_CURRENCY:
    case METRIC_SUB_CENT:
        put_money(page, llround(real), METRICS_USD);
        break;
    case METRIC_PERCENTAGE:
        put(page, real < 0 ? "\u2212" : "");
        put_percent(page, real);
        break;
    case METRIC_SCALAR:
        view_count(page->out, llround(real));
        break;
    }
}

static void put_range(const struct page *page, struct civil_date from, struct civil_date to)
{
    AUTO_BUF first;
    bool is_same_day = from.year == to.year && from.month == to.month && from.day == to.day;
    buf_init(&first, 64);
    html_date(&first, from);
    if (!is_same_day && first.data) {
        // The year is said once.
        size_t len = from.year == to.year ? sv_of(first.data).len - 5 : first.len;
        buf_sv(page->out, (struct sv){first.data, len});
        put(page, " \u2013 ");
    }
    html_date(page->out, to);
}

// "21 Nov 14:05"
static void put_moment(const struct page *page, int64_t at_us)
{
    char local[VIEW_LOCAL_BYTES];
    view_local_time(local, page->query->zone, at_us);
    html_period(page->out, page->query->zone, METRICS_DAY, at_us, false);
    buf_format(page->out, " %.5s", local + 11);
}

static const char *currency_title(metrics_currency currency, char place[static VIEW_CURRENCY_BYTES])
{
    view_currency_title(place, currency);
    return place;
}

static bool is_not_over(const struct page *page, const int64_t *starts_us, size_t index)
{
    int64_t now_us = page->overview->question.now_us;
    return starts_us[index] <= now_us && now_us < starts_us[index + 1];
}

// ---- series of a metric ----

struct series {
    const struct report_overview *overview;
    enum metric_id id;
};

static double answer_at(const struct metrics_answer *answer, enum metric_id id, size_t index)
{
    return metrics_real(answer->periods[(size_t)id * answer->period_count + index]);
}

static double series_value(const void *context, size_t index, size_t layer)
{
    const struct series *series = context;
    (void)layer;
    return answer_at(&series->overview->metrics.answer, series->id, index);
}

static double series_before(const void *context, size_t index)
{
    const struct series *series = context;
    return answer_at(&series->overview->before.answer, series->id, index);
}

// has_before: there is a time to compare with, and the metric is known there.
static struct html_plot plot_of(const struct page *page, const struct series *series,
                                const char *label, bool has_before)
{
    const struct metrics_answer *answer = &page->overview->metrics.answer;
    const struct metric *metric = model_metric(series->id);
    size_t count = answer->period_count;
    // What has not begun is not drawn as nothing.
    while (count > 1 && answer->starts_us[count - 1] > page->overview->question.now_us)
        count--;
    struct html_plot plot = {
        .label = label,
        .count = count,
        .starts_us = answer->starts_us,
        .interval = page->query->interval,
        .zone = page->query->zone,
        .context = series,
        .value = series_value,
        .before = series_before,
        .before_count = has_before ? page->overview->before.answer.period_count : 0,
        .is_partial = count > 0 && is_not_over(page, answer->starts_us, count - 1),
        .is_level = metric->nature == METRIC_BALANCE,
        .digits = metric->type == METRIC_CURRENCY ? money_minor_digits(SV("usd")) : 0,
        .annotations = page->options->annotations,
    };
    return plot;
}

static bool is_monthly(const struct metric *metric) // is its goal for a calendar month
{
    return metric->nature == METRIC_ACTIVITY && metric->total == METRIC_SUM;
}

// The next goal of the metric from *at on that has not ended before the range; NULL = none.
static const struct store_goal *next_goal(const struct page *page, const struct metric *metric,
                                          size_t *at)
{
    const struct store_goals *goals = page->options->goals;
    while (goals && *at < goals->count) {
        const struct store_goal *goal = &goals->list[(*at)++];
        bool is_over = goal->has_until &&
                       civil_date_to_days(goal->until) < civil_date_to_days(page->query->from);
        if (!is_over && sv_equal(goal->metric, sv_of(metric->slug)))
            return goal;
    }
    return NULL;
}

// The goal in the unit of the chart, where it is for periods of this length; else 0.
static double goal_of(const struct page *page, const struct metric *metric)
{
    struct sv unit = metric->type == METRIC_CURRENCY ? SV("usd") : SV("");
    size_t at = 0;
    if (is_monthly(metric) && page->query->interval != METRICS_MONTH)
        return 0;
    for (const struct store_goal *goal; (goal = next_goal(page, metric, &at));)
        if (sv_equal(goal->currency, unit))
            return (double)goal->amount_minor;
    return 0;
}

// In words those that are no line among dollars.
static void put_other_goals(const struct page *page, const struct metric *metric)
{
    size_t at = 0;
    for (const struct store_goal *goal; (goal = next_goal(page, metric, &at));) {
        if (goal->currency.len == 0 || sv_equal(goal->currency, SV("usd")))
            continue;
        put(page, "<p class=\"legend\"><span>goal ");
        put_money(page, goal->amount_minor, metrics_currency_of(goal->currency));
        put(page, is_monthly(metric) ? " a month" : "");
        put(page, ", not drawn: the chart is in US dollars</span></p>\n");
    }
}

// ---- head ----

static void put_head(const struct page *page)
{
    struct sv name = sv_of(page->query->connection->organization_name);
    put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
              "style-src 'unsafe-inline'\"/>\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
              "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
              "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
              "<meta name=\"robots\" content=\"noindex\"/>\n<title>");
    view_html_text(page->out, name);
    put(page, ": ");
    put_range(page, page->query->from, page->query->to);
    put(page, "</title>\n<style>\n");
    html_style(page->out);
    put(page, "</style>\n</head>\n<body>\n<main class=\"sheet\">\n<header class=\"masthead\">\n"
              "<h1><bdi>");
    view_html_text(page->out, name);
    put(page, "</bdi></h1>\n<p class=\"dateline\"><span class=\"range\">");
    put_range(page, page->query->from, page->query->to);
    buf_format(page->out, "</span> <span>by %s</span> <span>",
               metrics_interval_word(page->query->interval));
    view_html_text(page->out, sv_of(zone_name(page->query->zone)));
    put(page, "</span>");
    if (page->overview->has_previous) {
        put(page, " <span>against ");
        put_range(page, page->overview->previous_from, page->overview->previous_to);
        put(page, page->overview->previous_until_us != 0 ? ", to the same hour</span>" : "</span>");
    }
    if (page->overview->fresh_as_of_us != 0) {
        put(page, " <span>as of ");
        put_moment(page, page->overview->fresh_as_of_us);
        put(page, "</span>");
    }
    put(page, "</p>\n</header>\n");
}

// ---- tiles ----

// Where more is worse.
static bool is_loss(const struct metric *metric)
{
    return metric->id == METRIC_canceled_subscriptions ||
           metric->id == METRIC_churned_subscriptions || metric->id == METRIC_churn_rate;
}

static void put_change(const struct page *page, const struct report_tile *tile)
{
    bool is_up = tile->has_change && tile->change >= 0.0005;
    bool is_down = tile->has_change && tile->change <= -0.0005;
    bool is_good = is_loss(tile->metric) ? is_down : is_up;
    put(page, "<p class=\"change\">");
    if (is_up || is_down) {
        buf_format(page->out,
                   "<b class=\"%s\"><span aria-hidden=\"true\">%s</span>"
                   "<span class=\"sr\">%s</span> ",
                   is_good ? "good" : "bad", is_up ? "\u25b2" : "\u25bc", is_up ? "up" : "down");
        put_percent(page, tile->change);
        put(page, "</b> ");
    } else if (tile->has_change) {
        put(page, "<b>unchanged</b> ");
    }
    if (tile->has_previous) {
        put(page, "from ");
        put_number(page, tile->metric, tile->previous);
    }
    put(page, "</p>\n");
}

// A long one is set smaller, so that it stays whole.
static void put_figure(const struct page *page, const struct report_tile *tile)
{
    enum { LONG_COLUMNS = 11 };
    AUTO_BUF figure;
    buf_init(&figure, 1024);
    struct page aside = *page;
    aside.out = &figure;
    if (tile->has_value)
        put_number(&aside, tile->metric, tile->value);
    else
        put(&aside, "\u2013");
    struct sv text = {figure.data ? figure.data : "", figure.len};
    buf_format(page->out, "<p class=\"figure%s\">", text_width(text) > LONG_COLUMNS ? " long" : "");
    view_piece(page->out, &figure);
    put(page, "</p>\n");
}

static void put_tile(const struct page *page, const struct report_tile *tile)
{
    struct series series = {page->overview, tile->metric->id};
    put(page, "<li class=\"tile\">\n<h2>");
    view_html_text(page->out, sv_of(tile->metric->display_name));
    if (tile->has_value && tile->approximate[0])
        put(page, " <span class=\"mark-note\" title=\"approximate\">\u2248</span>");
    put(page, "</h2>\n");
    put_figure(page, tile);
    put_change(page, tile);
    if (tile->has_value) {
        struct html_plot plot =
            plot_of(page, &series, tile->metric->display_name, tile->has_previous);
        html_spark(page->out, &plot);
    }
    put(page, "</li>\n");
}

static const struct report_tile *tile_of(const struct page *page, enum metric_id id)
{
    for (size_t i = 0; i < page->overview->tile_count; i++)
        if (page->overview->tiles[i].metric->id == id && page->overview->tiles[i].has_value)
            return &page->overview->tiles[i];
    return NULL;
}

static void put_tiles(const struct page *page)
{
    put(page, "<ul class=\"tiles\">\n");
    for (size_t i = 0; i < page->overview->tile_count; i++)
        put_tile(page, &page->overview->tiles[i]);
    put(page, "</ul>\n");
}

// ---- charts of metrics ----

static void put_best(const struct page *page, const struct html_plot *plot,
                     const struct metric *metric)
{
    size_t best = 0;
    for (size_t i = 1; i < plot->count; i++)
        if (plot->value(plot->context, i, 0) > plot->value(plot->context, best, 0))
            best = i;
    if (plot->count < 2 || !(plot->value(plot->context, best, 0) > 0))
        return;
    buf_format(page->out, "<span class=\"quiet\">best %s: ", metrics_interval_word(plot->interval));
    html_period(page->out, plot->zone, plot->interval, plot->starts_us[best], true);
    put(page, ", ");
    put_number(
        page, metric,
        page->overview->metrics.answer
            .periods[(size_t)metric->id * page->overview->metrics.answer.period_count + best]);
    put(page, "</span>");
}

static void put_metric_table(const struct page *page, const struct html_plot *plot,
                             const struct metric *metric)
{
    const struct metrics_answer *now = &page->overview->metrics.answer,
                                *then = &page->overview->before.answer;
    put(page, "<details>\n<summary>Table</summary>\n<table>\n<thead><tr><th scope=\"col\">");
    buf_format(page->out, "%s</th><th scope=\"col\" class=\"num\">",
               metrics_interval_word(plot->interval));
    view_html_text(page->out, sv_of(metric->display_name));
    put(page, "</th>");
    if (plot->before_count > 0)
        put(page, "<th scope=\"col\" class=\"num\">The time before</th>");
    put(page, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < plot->count; i++) {
        put(page, "<tr><th scope=\"row\">");
        html_period(page->out, plot->zone, plot->interval, plot->starts_us[i], true);
        put(page, plot->is_partial && i + 1 == plot->count ? " (not over)" : "");
        put(page, "</th><td class=\"num\">");
        put_number(page, metric, now->periods[(size_t)metric->id * now->period_count + i]);
        put(page, "</td>");
        if (i < plot->before_count) {
            put(page, "<td class=\"num\">");
            put_number(page, metric, then->periods[(size_t)metric->id * then->period_count + i]);
            put(page, "</td>");
        } else if (plot->before_count > 0) {
            put(page, "<td></td>");
        }
        put(page, "</tr>\n");
    }
    put(page, "</tbody>\n</table>\n</details>\n");
}

static void put_legend(const struct page *page, const struct html_plot *plot, const char *now)
{
    put(page, "<p class=\"legend\">");
    buf_format(page->out, "<span><i class=\"key %s\"></i>%s</span>", now,
               plot->is_level ? "now" : "this time");
    if (plot->is_partial && !plot->is_level)
        buf_format(page->out, "<span><i class=\"key partial\"></i>%s not over yet</span>",
                   metrics_interval_word(plot->interval));
    if (plot->before_count > 0)
        put(page, "<span><i class=\"key before\"></i>the time before</span>");
    if (plot->goal > 0) {
        put(page, "<span><i class=\"key goal\"></i>goal ");
        put_money(page, llround(plot->goal), METRICS_USD);
        put(page, "</span>");
    }
    put(page, "</p>\n");
}

static void put_metric(const struct page *page, enum metric_id id, const char *class_name)
{
    const struct report_tile *tile = tile_of(page, id);
    const struct metric *metric = model_metric(id);
    struct series series = {page->overview, id};
    char label[96];
    if (!tile)
        return;
    (void)snprintf(label, sizeof label, "%s by %s; the table below has the numbers",
                   metric->display_name, metrics_interval_word(page->query->interval));
    struct html_plot plot = plot_of(page, &series, label, tile->has_previous);
    plot.goal = goal_of(page, metric);
    buf_format(page->out, "<section class=\"part %s\">\n<header><h2>", class_name);
    view_html_text(page->out, sv_of(metric->display_name));
    put(page, "</h2><span class=\"total\">");
    put_number(page, metric, tile->value);
    put(page, "</span>");
    if (!plot.is_level)
        put_best(page, &plot, metric);
    put(page, "</header>\n");
    put_legend(page, &plot, plot.is_level ? "line" : "bar");
    put_other_goals(page, metric);
    if (plot.is_level)
        html_line(page->out, &plot);
    else
        html_bars(page->out, &plot);
    if (!plot.is_level)
        html_annotations(page->out, &plot);
    put_metric_table(page, &plot, metric);
    put(page, "</section>\n");
}

// ---- movements ----

static const struct html_layer movement_layers[HTML_LAYERS] = {
    {"New", "new", false},           {"Expansion", "expansion", false},
    {"Reactivation", "back", false}, {"Contraction", "contraction", true},
    {"Churn", "churn", true},
};

static int64_t movement_of(const struct movements_line *line, size_t layer)
{
    const int64_t values[HTML_LAYERS] = {line->new_minor, line->expansion_minor,
                                         line->reactivation_minor, line->contraction_minor,
                                         line->churn_minor};
    return values[layer];
}

static double movement_value(const void *context, size_t index, size_t layer)
{
    const struct movements_currency *moved = context;
    return (double)movement_of(&moved->lines[index], layer);
}

// Start, what moved it, end: they add up, and look as if they did.
static void put_ledger(const struct page *page, const struct movements_line *whole)
{
    metrics_currency currency = page->overview->currency;
    put(page, "<table class=\"ledger\">\n<caption class=\"sr\">Movements of the whole range"
              "</caption>\n<tbody>\n<tr><th scope=\"row\">At the start</th><td class=\"num\">");
    put_money(page, whole->start_minor, currency);
    put(page, "</td></tr>\n");
    for (size_t i = 0; i < HTML_LAYERS; i++) {
        buf_format(page->out,
                   "<tr><th scope=\"row\"><i class=\"key %s\"></i>%s</th>"
                   "<td class=\"num\">%s",
                   movement_layers[i].class_name, movement_layers[i].name,
                   movement_layers[i].is_loss ? "\u2212" : "+");
        put_money(page, movement_of(whole, i), currency);
        put(page, "</td></tr>\n");
    }
    put(page, "<tr class=\"sum\"><th scope=\"row\">At the end</th><td class=\"num\">");
    put_money(page, whole->end_minor, currency);
    put(page, "</td></tr>\n</tbody>\n</table>\n");
}

static void put_movements_table(const struct page *page, const struct html_plot *plot,
                                const struct movements_currency *moved)
{
    put(page, "<details>\n<summary>Table</summary>\n<div class=\"scroll\"><table>\n<thead><tr>");
    buf_format(page->out, "<th scope=\"col\">%s</th><th scope=\"col\" class=\"num\">Start</th>",
               metrics_interval_word(plot->interval));
    for (size_t i = 0; i < HTML_LAYERS; i++)
        buf_format(page->out, "<th scope=\"col\" class=\"num\">%s</th>", movement_layers[i].name);
    put(page, "<th scope=\"col\" class=\"num\">End</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < plot->count; i++) {
        const struct movements_line *line = &moved->lines[i];
        put(page, "<tr><th scope=\"row\">");
        html_period(page->out, plot->zone, plot->interval, plot->starts_us[i], true);
        put(page, "</th><td class=\"num\">");
        put_money(page, line->start_minor, page->overview->currency);
        for (size_t layer = 0; layer < HTML_LAYERS; layer++) {
            put(page, "</td><td class=\"num\">");
            if (movement_of(line, layer) != 0)
                put_money(page, movement_of(line, layer), page->overview->currency);
        }
        put(page, "</td><td class=\"num\">");
        put_money(page, line->end_minor, page->overview->currency);
        put(page, "</td></tr>\n");
    }
    put(page, "</tbody>\n</table></div>\n</details>\n");
}

static void put_movements(const struct page *page)
{
    const struct report_overview *overview = page->overview;
    const struct movements_currency *moved = overview->moved;
    char code[VIEW_CURRENCY_BYTES];
    if (!moved)
        return;
    const struct movements_answer *answer = &overview->movements.answer;
    size_t count = answer->period_count;
    while (count > 1 && answer->starts_us[count - 1] > overview->question.now_us)
        count--;
    view_currency(code, overview->currency);
    struct html_plot plot = {
        .label = "What moved monthly recurring revenue; the table below has the numbers",
        .count = count,
        .starts_us = answer->starts_us,
        .interval = page->query->interval,
        .zone = page->query->zone,
        .context = moved,
        .value = movement_value,
        .layers = movement_layers,
        .layer_count = HTML_LAYERS,
        .digits = money_minor_digits(sv_of(code)),
        .annotations = page->options->annotations,
    };
    put(page, "<section class=\"part c7\">\n<header><h2>What moved MRR</h2>"
              "<span class=\"quiet\">");
    buf_format(page->out, "in %s", currency_title(overview->currency, code));
    put(page, overview->currency_count > 1 ? ", other currencies not counted" : "");
    put(page, "</span></header>\n<div class=\"beside\">\n<div>\n");
    html_stacks(page->out, &plot);
    put(page, "</div>\n");
    put_ledger(page, &moved->lines[answer->period_count]);
    put(page, "</div>\n");
    put_movements_table(page, &plot, moved);
    put(page, "</section>\n");
}

// ---- what sells ----

static void put_group(const struct page *page, const struct report_top *top,
                      const struct report_group *group, bool has_mrr)
{
    double most = top->count > 0 ? (double)top->groups[0].revenue_minor : 0;
    int width = most > 0 && group->revenue_minor > 0
                    ? (int)lround((double)group->revenue_minor / most * 100)
                    : 0;
    put(page, "<tr><th scope=\"row\"><bdi>");
    view_html_text(page->out, group->name);
    buf_format(page->out, "</bdi><i class=\"share\" style=\"width:%d%%\"></i></th>", width);
    put(page, "<td class=\"num\">");
    put_money(page, group->revenue_minor, group->currency);
    put(page, "</td><td class=\"num\">");
    view_count(page->out, group->orders);
    if (has_mrr) {
        put(page, "</td><td class=\"num\">");
        if (group->mrr_minor != 0)
            put_money(page, group->mrr_minor, group->currency);
    }
    put(page, "</td><td class=\"num quiet\">");
    if (top->revenue_minor > 0)
        put_percent(page, (double)group->revenue_minor / (double)top->revenue_minor);
    put(page, "</td></tr>\n");
}

static void put_top(const struct page *page, const char *title, const struct report_top *top,
                    bool has_mrr, const char *class_name)
{
    char code[VIEW_CURRENCY_BYTES];
    buf_format(page->out,
               "<section class=\"part %s\">\n<header><h2>%s</h2><span class=\"quiet\">"
               "revenue in %s</span></header>\n",
               class_name, title, currency_title(page->overview->currency, code));
    if (top->count == 0) {
        put(page, "<p class=\"quiet\">Nothing was sold in this time.</p>\n</section>\n");
        return;
    }
    buf_format(
        page->out,
        "<table class=\"tops\">\n<thead><tr><th scope=\"col\"><span class=\"sr\">%s</span></th><th "
        "scope=\"col\" class=\"num\">Revenue</th><th scope=\"col\" "
        "class=\"num\">Orders</th>%s<th scope=\"col\" class=\"num\">Share</th>"
        "</tr></thead>\n<tbody>\n",
        title, has_mrr ? "<th scope=\"col\" class=\"num\">MRR</th>" : "");
    for (size_t i = 0; i < top->count; i++)
        put_group(page, top, &top->groups[i], has_mrr);
    put(page, "</tbody>\n</table>\n</section>\n");
}

// ---- what happened last ----

static const char *latest_word(const struct report_latest *row)
{
    static const struct {
        const char *kind, *reason, *word;
    } words[] = {{"order", "subscription_cycle", "Renewal"},
                 {"order", "subscription_update", "Plan change"},
                 {"order", "subscription_create", "First payment"},
                 {"order", "purchase", "Purchase"},
                 {"order", "", "Order"},
                 {"subscription", "", "Subscribed"},
                 {"canceled", "", "Canceled"},
                 {"refund", "", "Refund"}};
    for (size_t i = 0; i < TILL_COUNT(words); i++)
        if (sv_equal(sv_of(row->kind), sv_of(words[i].kind)) &&
            (words[i].reason[0] == '\0' ||
             (row->billing_reason.ptr && sv_equal(row->billing_reason, sv_of(words[i].reason)))))
            return words[i].word;
    return row->kind;
}

static void put_customer(const struct page *page, const struct report_latest *row)
{
    bool has_name = row->name.ptr && sv_trim(row->name).len > 0;
    put(page, "<bdi>");
    if (page->options->has_names)
        view_html_text(page->out, has_name ? row->name : SV(""));
    else
        view_html_masked_name(page->out, has_name ? row->name : SV(""));
    put(page, has_name ? "</bdi> <bdi class=\"quiet\">" : "</bdi><bdi class=\"quiet\">");
    if (row->email.ptr && page->options->has_names)
        view_html_text(page->out, row->email);
    else if (row->email.ptr)
        view_html_masked_email(page->out, row->email);
    put(page, "</bdi>");
}

static void put_latest_row(const struct page *page, const struct report_latest *row)
{
    bool is_out = sv_equal(sv_of(row->kind), SV("refund"));
    bool is_end = sv_equal(sv_of(row->kind), SV("canceled"));
    put(page, "<tr><td class=\"nowrap quiet\">");
    put_moment(page, row->at_us);
    buf_format(page->out, "</td><td class=\"nowrap%s\">%s</td><td>", is_out || is_end ? " bad" : "",
               latest_word(row));
    put_customer(page, row);
    put(page, "</td><td class=\"wide\">");
    view_html_text(page->out, row->country.ptr ? row->country : SV(""));
    put(page, "</td><td class=\"wide\"><bdi>");
    view_html_text(page->out, row->product.ptr ? row->product : SV(""));
    buf_format(page->out, "</bdi></td><td class=\"num%s\">%s", is_end ? " quiet" : "",
               is_out ? "\u2212" : "");
    if (row->currency.ptr) {
        AUTO_BUF amount;
        buf_init(&amount, 256);
        view_money(&amount, page->options->style, row->amount_minor, row->currency);
        view_html_text(page->out, (struct sv){amount.data ? amount.data : "", amount.len});
    }
    put(page, "</td></tr>\n");
}

static void put_latest(const struct page *page)
{
    put(page, "<section class=\"part c12\">\n<header><h2>Latest</h2><span class=\"quiet\">");
    put(page, page->options->has_names ? "as of the last sync"
                                       : "names and addresses of customers are masked");
    put(page, "</span></header>\n");
    if (page->overview->latest_count == 0) {
        put(page, "<p class=\"quiet\">Nothing has happened yet.</p>\n</section>\n");
        return;
    }
    put(page, "<table class=\"latest\">\n<thead><tr><th scope=\"col\">When</th><th scope=\"col\">"
              "What</th><th scope=\"col\">Customer</th><th scope=\"col\" class=\"wide\">Country"
              "</th><th scope=\"col\" class=\"wide\">Product</th><th scope=\"col\" class=\"num\">"
              "Amount</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < page->overview->latest_count; i++)
        put_latest_row(page, &page->overview->latest[i]);
    put(page, "</tbody>\n</table>\n</section>\n");
}

// ---- what the numbers mean ----

static void put_definitions(const struct page *page)
{
    put(page, "<section class=\"part c12 meaning\">\n<header><h2>What the numbers mean</h2>"
              "</header>\n<dl>\n");
    for (size_t i = 0; i < page->overview->tile_count; i++) {
        const struct report_tile *tile = &page->overview->tiles[i];
        put(page, "<div><dt>");
        view_html_text(page->out, sv_of(tile->metric->display_name));
        put(page, "</dt><dd>");
        view_html_text(page->out, sv_of(tile->metric->sentence));
        if (tile->approximate[0]) {
            put(page, " <span class=\"mark-note\">\u2248 Approximate: ");
            view_html_text(page->out, sv_of(tile->approximate));
            put(page, ".</span>");
        } else if (tile->unavailable[0]) {
            put(page, " <span class=\"mark-note\">Not available: ");
            view_html_text(page->out, sv_of(tile->unavailable));
            put(page, ".</span>");
        }
        put(page, "</dd></div>\n");
    }
    put(page, "</dl>\n</section>\n");
}

static void put_foot(const struct page *page)
{
    char code[VIEW_CURRENCY_BYTES];
    put(page, "<footer>\n<p>The figures above and their charts are in US dollars, by the rules of "
              "Polar's own dashboard. ");
    buf_format(page->out, "What moved MRR and what sells is in %s alone",
               currency_title(page->overview->currency, code));
    if (page->overview->currency_count > 1) {
        put(page, "; there are also ");
        for (size_t i = 0, said = 0; i < page->overview->currency_count; i++) {
            if (page->overview->currencies[i] == page->overview->currency)
                continue;
            buf_format(page->out, "%s%s", said++ > 0 ? ", " : "",
                       currency_title(page->overview->currencies[i], code));
        }
    }
    put(page, ". Currencies are never added.</p>\n<p>Made by till ");
    view_html_text(page->out, sv_of(page->options->version));
    put(page, " on ");
    html_date(page->out, zone_date(page->query->zone, page->overview->question.now_us));
    put(page, " from a mirror on its owner's machine. This file loads nothing and tells nobody "
              "that it is read.</p>\n</footer>\n</main>\n</body>\n</html>\n");
}

void view_overview_html(struct buf *out, const struct report_overview *overview,
                        const struct view_html_options *options)
{
    const struct page page = {out, overview, options, &overview->question.query};
    put_head(&page);
    put_tiles(&page);
    put(&page, "<div class=\"grid\">\n");
    put_metric(&page, METRIC_revenue, "c12");
    html_traffic(out, overview, options);
    put_metric(&page, METRIC_monthly_recurring_revenue, overview->moved ? "c5" : "c12");
    put_movements(&page);
    if (overview->has_top) {
        put_top(&page, "Products", &overview->products, true, "c5");
        put_top(&page, "Countries", &overview->countries, false, "c4");
        put_top(&page, "Sources", &overview->sources, false, "c3");
    }
    put_latest(&page);
    put_definitions(&page);
    put(&page, "</div>\n");
    put_foot(&page);
}
