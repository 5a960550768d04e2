// SPDX-License-Identifier: Apache-2.0
// today.c - today so far beside yesterday in whole, one block for each currency; never a sum over two.
#include <stdio.h>
#include <string.h>

#include "base/money.h"
#include "base/text.h"
#include "views/exchange.h"
#include "views/movements.h"
#include "views/traffic.h"
#include "views/views.h"

enum { LABEL_COLUMNS = 20, NUMBER_COLUMNS = 18 };
static const struct store_day_line nothing = {0};

static void append_right(struct buf *out, const struct buf *text)
{
    size_t width = text_width((struct sv){text->data, text->len});
    if (width < NUMBER_COLUMNS)
        buf_repeat(out, ' ', NUMBER_COLUMNS - width);
    buf_append(out, text->data, text->len);
}

static void money_line(struct buf *out, const struct view_style *style, const char *label,
                       int64_t today_minor, int64_t yesterday_minor, const char *currency)
{
    AUTO_BUF cell;
    buf_init(&cell, out->limit_bytes);
    buf_format(out, "  %-*s", LABEL_COLUMNS, label);
    money_format(&cell, today_minor, sv_of(currency), style->locale);
    append_right(out, &cell);
    buf_reset(&cell);
    money_format(&cell, yesterday_minor, sv_of(currency), style->locale);
    append_right(out, &cell);
    buf_char(out, '\n');
}

static void count_line(struct buf *out, const char *label, int64_t today, int64_t yesterday)
{
    AUTO_BUF cell;
    buf_init(&cell, out->limit_bytes);
    buf_format(out, "  %-*s", LABEL_COLUMNS, label);
    view_count(&cell, today);
    append_right(out, &cell);
    buf_reset(&cell);
    view_count(&cell, yesterday);
    append_right(out, &cell);
    buf_char(out, '\n');
}

static void currency_block(struct buf *out, const struct view_style *style, const char *currency,
                           const struct store_day_line *today,
                           const struct store_day_line *yesterday)
{
    char name[STORE_NAME_BYTES] = {0};
    for (size_t i = 0; currency[i] && i + 1 < sizeof(name); i++)
        name[i] = (char)(currency[i] >= 'a' && currency[i] <= 'z' ? currency[i] - 'a' + 'A'
                                                                  : currency[i]);
    view_ink(out, style, INK_BOLD, name[0] ? name : "(no currency)");
    buf_format(out, "%*s%*s\n",
               (int)(LABEL_COLUMNS + 2 - strlen(name[0] ? name : "(no currency)") + NUMBER_COLUMNS),
               "today", NUMBER_COLUMNS, "yesterday");
    money_line(out, style, "Revenue", today->revenue_minor, yesterday->revenue_minor, currency);
    count_line(out, "Orders", today->order_count, yesterday->order_count);
    if (today->refund_count + yesterday->refund_count > 0) {
        money_line(out, style, "Refunded", today->refunded_minor, yesterday->refunded_minor,
                   currency);
        count_line(out, "Refunds", today->refund_count, yesterday->refund_count);
    }
    count_line(out, "New subscriptions", today->new_subscriptions, yesterday->new_subscriptions);
    count_line(out, "Lost subscriptions", today->lost_subscriptions, yesterday->lost_subscriptions);
    buf_char(out, '\n');
}

static void days_text(struct buf *out, const struct view_style *style,
                      const struct report_day *today, const struct report_day *yesterday)
{
    for (size_t i = 0; i < today->line_count; i++) {
        const struct store_day_line *line = &today->lines[i];
        const struct store_day_line *before = report_day_line(yesterday, line->currency);
        currency_block(out, style, line->currency, line, before ? before : &nothing);
    }
    for (size_t i = 0; i < yesterday->line_count; i++) {
        const struct store_day_line *line = &yesterday->lines[i];
        if (!report_day_line(today, line->currency))
            currency_block(out, style, line->currency, &nothing, line);
    }
    if (today->line_count + yesterday->line_count == 0)
        buf_text(out, "No orders, and no subscription began or ended, on either day.\n\n");
}

// Each organization under its name, with what is missing of it; the sums come after them.
static void parts_text(struct buf *out, const struct view_style *style,
                       const struct report_today *today)
{
    enum { NAME_COLUMNS = 48 };
    for (size_t i = 0; i < today->part_count; i++) {
        const struct report_today_part *part = &today->parts[i];
        AUTO_BUF name;
        buf_init(&name, out->limit_bytes);
        (void)text_show(&name,
                        sv_of(part->organization_name[0] ? part->organization_name : part->name),
                        NAME_COLUMNS);
        view_ink(out, style, INK_BOLD, name.data ? name.data : "");
        buf_text(out, " (");
        (void)text_show(out, sv_of(part->name), 0);
        buf_char(out, ')');
        if (part->fresh_as_of_us == 0) {
            buf_text(out, ", not every table has landed yet\n");
        } else {
            buf_text(out, ", data from ");
            view_ago(out, part->fresh_as_of_us, today->now_us);
            buf_char(out, '\n');
        }
        days_text(out, style, &part->today, &part->yesterday);
    }
    view_ink(out, style, INK_BOLD, "Together");
    buf_char(out, '\n');
}

static void source_text(struct buf *out, const struct view_style *style,
                        const struct report_today *today)
{
    bool is_first = true;
    for (int i = 0; i < TABLE__COUNT; i++) {
        if (!today->is_missing[i])
            continue;
        view_ink(out, style, INK_YELLOW, is_first ? "Not counted: " : ", ");
        buf_text(out, model_table((enum table_id)i)->name);
        is_first = false;
    }
    if (!is_first)
        buf_text(out, " (not readable, or switched off: see `till status`).\n");
    buf_text(out, "Revenue is after discounts, without tax, on the day of the order.\n");
    if (today->fresh_as_of_us == 0) {
        buf_text(out, "Not every table has landed yet: run `till sync`.\n");
        return;
    }
    buf_text(out, "Data from ");
    view_ago(out, today->fresh_as_of_us, today->now_us);
    buf_text(out, ".\n");
}

static struct store_day_line together(const struct report_day *day,
                                      const struct report_exchange *exchange)
{
    struct store_day_line sum = {.currency = ""};
    for (size_t i = 0; i < day->line_count; i++) {
        const struct store_day_line *line = &day->lines[i];
        metrics_currency currency = metrics_currency_of(sv_of(line->currency));
        report_exchange_add(exchange, currency, line->revenue_minor, &sum.revenue_minor);
        report_exchange_add(exchange, currency, line->refunded_minor, &sum.refunded_minor);
    }
    return sum;
}

static void together_text(struct buf *out, const struct view_style *style,
                          const struct report_today *today, const struct report_exchange *exchange)
{
    struct store_day_line sum = together(&today->today, exchange);
    struct store_day_line before = together(&today->yesterday, exchange);
    char code[VIEW_CURRENCY_BYTES];
    if (exchange->into == 0)
        return;
    view_currency_title(code, exchange->into);
    view_ink(out, style, INK_BOLD, "All currencies in ");
    view_ink(out, style, INK_BOLD, code);
    buf_char(out, '\n');
    money_line(out, style, "Revenue", sum.revenue_minor, before.revenue_minor, code);
    if (sum.refunded_minor != 0 || before.refunded_minor != 0)
        money_line(out, style, "Refunded", sum.refunded_minor, before.refunded_minor, code);
    view_exchange_text(out, exchange);
    buf_char(out, '\n');
}

static void visitors_cell(struct buf *out, const struct report_visitors *visitors)
{
    AUTO_BUF cell;
    buf_init(&cell, out->limit_bytes);
    if (visitors->has_visitors)
        view_count(&cell, visitors->visitors);
    else
        buf_char(&cell, '-');
    if (visitors->is_open)
        buf_char(&cell, '*');
    append_right(out, &cell);
}

static void conversion_cell(struct buf *out, const struct report_visitors *visitors)
{
    AUTO_BUF cell;
    buf_init(&cell, out->limit_bytes);
    if (visitors->has_visitors && visitors->visitors > 0)
        buf_format(&cell, "%.2f%%",
                   (double)visitors->new_orders * 100 / (double)visitors->visitors);
    else
        buf_char(&cell, '-');
    append_right(out, &cell);
}

static void traffic_text(struct buf *out, const struct view_style *style,
                         const struct report_today *today,
                         const struct report_today_traffic *traffic)
{
    if (!traffic->has_source)
        return;
    view_ink(out, style, INK_BOLD, "Visitors");
    buf_format(out, "%*s%*s\n", (int)(LABEL_COLUMNS + 2 - sizeof "Visitors" + 1 + NUMBER_COLUMNS),
               "today", NUMBER_COLUMNS, "yesterday");
    buf_format(out, "  %-*s", LABEL_COLUMNS, "Visitors");
    visitors_cell(out, &traffic->today);
    visitors_cell(out, &traffic->yesterday);
    buf_format(out, "\n  %-*s", LABEL_COLUMNS, "Conversion");
    conversion_cell(out, &traffic->today);
    conversion_cell(out, &traffic->yesterday);
    buf_format(out, "\n  as %s counts", traffic->source);
    if (traffic->timezone[0] && !sv_equal(sv_of(traffic->timezone), sv_of(today->zone_name)))
        buf_format(out, ", its days cut in %s", traffic->timezone);
    buf_text(out,
             traffic->today.is_open || traffic->yesterday.is_open ? "; * not final\n\n" : "\n\n");
}

void view_today_converted_text(struct buf *out, const struct view_style *style,
                               const struct report_today *today,
                               const struct report_exchange *exchange,
                               const struct report_today_traffic *traffic)
{
    enum { ORGANIZATION_COLUMNS = 32 };
    const struct civil_date *date = &today->today.date;
    if (today->organization_name[0]) {
        (void)text_show(out, sv_of(today->organization_name), ORGANIZATION_COLUMNS);
        buf_text(out, ", ");
    }
    buf_format(out, "%04d-%02d-%02d so far and the day before, in %s\n\n", (int)date->year,
               (int)date->month, (int)date->day, today->zone_name);
    if (today->part_count > 1)
        parts_text(out, style, today);
    days_text(out, style, &today->today, &today->yesterday);
    together_text(out, style, today, exchange);
    traffic_text(out, style, today, traffic);
    source_text(out, style, today);
}

void view_today_text(struct buf *out, const struct view_style *style,
                     const struct report_today *today)
{
    static const struct report_exchange none = {0};
    static const struct report_today_traffic nobody = {0};
    view_today_converted_text(out, style, today, &none, &nobody);
}

static void day_json(struct buf *out, const char *key, const struct report_day *day)
{
    char date[32];
    view_json_key(out, key);
    buf_char(out, '{');
    (void)snprintf(date, sizeof(date), "%04d-%02d-%02d", (int)day->date.year, (int)day->date.month,
                   (int)day->date.day);
    view_json_text(out, "date", date);
    view_json_time(out, "from", day->from_us);
    view_json_time(out, "to", day->to_us);
    view_json_key(out, "currencies");
    buf_char(out, '[');
    for (size_t i = 0; i < day->line_count; i++) {
        const struct store_day_line *line = &day->lines[i];
        buf_text(out, i > 0 ? ",{" : "{");
        view_json_text(out, "currency", line->currency);
        view_json_int(out, "revenue_minor", line->revenue_minor);
        view_json_int(out, "orders", line->order_count);
        view_json_int(out, "refunded_minor", line->refunded_minor);
        view_json_int(out, "refunds", line->refund_count);
        view_json_int(out, "new_subscriptions", line->new_subscriptions);
        view_json_int(out, "lost_subscriptions", line->lost_subscriptions);
        buf_char(out, '}');
    }
    buf_text(out, "]}");
}

static void missing_json(struct buf *out, const bool is_missing[static TABLE__COUNT])
{
    view_json_key(out, "not_counted");
    buf_char(out, '[');
    for (int i = 0; i < TABLE__COUNT; i++) {
        if (!is_missing[i])
            continue;
        if (out->len > 0 && out->data[out->len - 1] != '[')
            buf_char(out, ',');
        buf_json_string(out, sv_of(model_table((enum table_id)i)->name));
    }
    buf_char(out, ']');
}

static void together_json(struct buf *out, const char *key, const struct report_day *day,
                          const struct report_exchange *exchange)
{
    struct store_day_line sum = together(day, exchange);
    view_json_key(out, key);
    buf_char(out, '{');
    view_json_int(out, "revenue_minor", sum.revenue_minor);
    view_json_int(out, "refunded_minor", sum.refunded_minor);
    buf_char(out, '}');
}

void view_today_json(struct buf *out, const struct report_today *today)
{
    static const struct report_exchange none = {0};
    static const struct report_today_traffic nobody = {0};
    view_today_converted_json(out, today, &none, &nobody);
}

static void visitors_json(struct buf *out, const char *key, const struct report_visitors *visitors)
{
    bool has_ratio = visitors->has_visitors && visitors->visitors > 0;
    double ratio = has_ratio ? (double)visitors->new_orders / (double)visitors->visitors : 0;
    view_json_key(out, key);
    buf_char(out, '{');
    view_traffic_json_number(
        out, "visitors",
        (struct joined_number){visitors->has_visitors, {.integer = visitors->visitors}});
    view_json_int(out, "new_orders", visitors->new_orders);
    view_traffic_json_number(out, "conversion",
                             (struct joined_number){has_ratio, {true, {.real = ratio}}});
    view_json_bool(out, "complete", visitors->has_visitors && !visitors->is_open);
    buf_char(out, '}');
}

static void traffic_json(struct buf *out, const struct report_today_traffic *traffic)
{
    view_json_key(out, "traffic");
    if (!traffic->has_source) {
        buf_text(out, "null");
        return;
    }
    buf_char(out, '{');
    view_json_text(out, "source", traffic->source);
    view_json_text(out, "timezone", traffic->timezone);
    visitors_json(out, "today", &traffic->today);
    visitors_json(out, "yesterday", &traffic->yesterday);
    buf_char(out, '}');
}

void view_today_converted_json(struct buf *out, const struct report_today *today,
                               const struct report_exchange *exchange,
                               const struct report_today_traffic *traffic)
{
    buf_char(out, '{');
    view_json_text(out, "organization_name", today->organization_name);
    view_json_text(out, "timezone", today->zone_name);
    view_json_time(out, "now", today->now_us);
    view_json_time(out, "fresh_as_of", today->fresh_as_of_us);
    missing_json(out, today->is_missing);
    day_json(out, "today", &today->today);
    day_json(out, "yesterday", &today->yesterday);
    traffic_json(out, traffic);
    if (exchange->into != 0) {
        view_json_key(out, "converted");
        buf_char(out, '{');
        view_exchange_json(out, exchange);
        together_json(out, "today", &today->today, exchange);
        together_json(out, "yesterday", &today->yesterday, exchange);
        buf_char(out, '}');
    }
    view_json_key(out, "organizations");
    buf_char(out, '[');
    for (size_t i = 0; i < today->part_count; i++) {
        const struct report_today_part *part = &today->parts[i];
        buf_text(out, i > 0 ? ",{" : "{");
        view_json_text(out, "name", part->name);
        view_json_text(out, "organization_id", part->organization_id);
        view_json_text(out, "organization_name", part->organization_name);
        view_json_time(out, "fresh_as_of", part->fresh_as_of_us);
        missing_json(out, part->is_missing);
        day_json(out, "today", &part->today);
        day_json(out, "yesterday", &part->yesterday);
        buf_char(out, '}');
    }
    buf_text(out, "]}\n");
}
