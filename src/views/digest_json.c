// SPDX-License-Identifier: Apache-2.0
// digest_json.c - the digest as one object for programs: every number beside the one before, amounts in minor units.
#include "views/digest.h"
#include "views/movements.h"

static void currency_json(struct buf *out, metrics_currency currency)
{
    char code[VIEW_CURRENCY_BYTES];
    view_currency(code, currency);
    view_json_text(out, "currency", currency != 0 ? code : "");
}

static void number_json(struct buf *out, const char *key, enum digest_unit unit,
                        const struct digest_number *number)
{
    view_json_key(out, key);
    if (!number->has_value)
        buf_text(out, "null");
    else if (unit == DIGEST_PERCENT)
        buf_format(out, "%.17g", digest_real(number));
    else
        buf_int(out, digest_round(unit, number));
}

static void change_json(struct buf *out, const struct digest_change *change)
{
    static const char *const kinds[] = {"unknown", "new", "flat", "up", "down"};
    static const char *const measures[] = {"absolute", "percent", "points"};
    view_json_key(out, "change");
    buf_char(out, '{');
    view_json_text(out, "kind", kinds[change->kind]);
    if (change->kind == DIGEST_UP || change->kind == DIGEST_DOWN) {
        view_json_text(out, "measure", measures[change->measure]);
        view_json_key(out, "amount");
        if (change->measure == DIGEST_ABSOLUTE)
            buf_int(out, change->amount);
        else
            buf_format(out, "%.1f", (double)change->amount / 10);
    }
    buf_char(out, '}');
}

static const char *window_word(enum digest_window window)
{
    static const char *const words[] = {"day", "week", "month"};
    return words[window];
}

static void line_json(struct buf *out, const struct digest_line *line)
{
    static const char *const sections[] = {"money", "subscriptions", "traffic"};
    const struct digest_line_info *info = &digest_lines[line->id];
    buf_char(out, '{');
    view_json_text(out, "slug", info->slug);
    view_json_text(out, "label", info->label);
    view_json_text(out, "kind", digest_kind_word(info->kind));
    view_json_text(out, "unit", digest_unit_word(info->unit));
    view_json_text(out, "section", sections[info->section]);
    currency_json(out, line->currency);
    view_json_date(out, "date", line->last);
    for (int window = 0; window < DIGEST_WINDOW__COUNT; window++) {
        const struct digest_cell *cell = &line->cells[window];
        view_json_key(out, window_word((enum digest_window)window));
        buf_char(out, '{');
        number_json(out, "value", info->unit, &cell->now);
        number_json(out, "before", info->unit, &cell->before);
        change_json(out, &cell->change);
        buf_char(out, '}');
    }
    buf_char(out, '}');
}

static void windows_json(struct buf *out, const struct digest *digest)
{
    view_json_key(out, "windows");
    buf_char(out, '{');
    for (int window = 0; window < DIGEST_WINDOW__COUNT; window++) {
        const struct digest_span *span = &digest->spans[window];
        view_json_key(out, window_word((enum digest_window)window));
        buf_char(out, '{');
        view_json_date(out, "from", span->from);
        view_json_date(out, "to", span->to);
        view_json_date(out, "before_from", span->before_from);
        view_json_date(out, "before_to", span->before_to);
        buf_char(out, '}');
    }
    buf_char(out, '}');
}

static void tops_json(struct buf *out, const char *key, const struct digest_top *tops, size_t count)
{
    view_json_key(out, key);
    buf_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        buf_text(out, i > 0 ? ",{" : "{");
        view_json_sv(out, "name", tops[i].name);
        currency_json(out, tops[i].currency);
        view_json_int(out, "revenue_minor", tops[i].revenue_minor);
        view_json_int(out, "orders", tops[i].orders);
        if (tops[i].visitors >= 0)
            view_json_int(out, "visitors", tops[i].visitors);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void standouts_json(struct buf *out, const struct digest *digest)
{
    view_json_key(out, "standouts");
    buf_char(out, '[');
    for (size_t i = 0; i < digest->standout_count; i++) {
        buf_text(out, i > 0 ? ",{" : "{");
        view_json_text(out, "rule", digest->standouts[i].rule);
        view_json_sv(out, "text", digest->standouts[i].text);
        view_json_sv(out, "look", digest->standouts[i].look);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void data_json(struct buf *out, const struct digest *digest)
{
    view_json_key(out, "data");
    buf_char(out, '[');
    for (size_t i = 0; i < digest->data_count; i++) {
        const struct digest_source *source = &digest->data[i];
        buf_text(out, i > 0 ? ",{" : "{");
        view_json_sv(out, "name", source->name);
        view_json_sv(out, "about", source->shown.len > 0 ? source->shown : (struct sv){NULL, 0});
        view_json_time(out, "fresh_as_of", source->fresh_us);
        if (source->has_complete)
            view_json_date(out, "complete_to", source->complete);
        view_json_bool(out, "stale", source->is_stale);
        view_json_sv(out, "error", source->error);
        view_json_sv(out, "not_counted", source->missing);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

void view_digest_members(struct buf *out, const struct digest *digest)
{
    buf_text(out, "\"type\":\"digest\",\"schema\":1");
    view_json_sv(out, "name", digest->connection);
    view_json_sv(out, "organization_name", digest->organization);
    view_json_text(out, "period", digest->is_weekly ? "week" : "day");
    view_json_date(out, "date", digest->date);
    view_json_sv(out, "timezone", digest->zone);
    view_json_time(out, "from", digest->from_us);
    view_json_time(out, "to", digest->to_us);
    currency_json(out, digest->main);
    view_json_bool(out, "partial", digest->is_partial);
    view_json_bool(out, "quiet", digest->is_quiet);
    windows_json(out, digest);
    view_json_key(out, "lines");
    buf_char(out, '[');
    for (size_t i = 0; i < digest->line_count; i++) {
        buf_text(out, i > 0 ? "," : "");
        line_json(out, &digest->lines[i]);
    }
    buf_char(out, ']');
    standouts_json(out, digest);
    tops_json(out, "products", digest->products, digest->product_count);
    tops_json(out, "sources", digest->sources, digest->source_count);
    data_json(out, digest);
}

void view_digest_json(struct buf *out, const struct digest *digest)
{
    buf_char(out, '{');
    view_digest_members(out, digest);
    buf_text(out, "}\n");
}
