// SPDX-License-Identifier: Apache-2.0
// exchange.c - the rates behind a total, as text and as JSON: what is shown is what was used.
#include "views/exchange.h"

#include <stdio.h>

#include "views/movements.h"

static void date_text(char ret_text[static 16], struct civil_date date)
{
    (void)snprintf(ret_text, 16, "%04d-%02d-%02d", (int)(date.year % 10000), (int)date.month % 100,
                   (int)date.day % 100);
}

void view_exchange_text(struct buf *out, const struct report_exchange *exchange)
{
    char from[VIEW_CURRENCY_BYTES], into[VIEW_CURRENCY_BYTES], rate[EXCHANGE_TEXT_BYTES], day[16];
    view_currency_title(into, exchange->into);
    for (size_t i = 0; i < exchange->count; i++) {
        const struct exchange_rate *line = &exchange->rates[i];
        if (line->from == exchange->into)
            continue;
        view_currency_title(from, line->from);
        if (!line->is_known) {
            buf_format(out, "without %s: no rate known%s\n", from,
                       exchange->has_events ? "" : " (rates are in events: events:read)");
            continue;
        }
        exchange_text(line, rate);
        date_text(day, line->as_of);
        buf_format(out, "at 1 %s = %s %s (from Polar's settlements, %s)\n", from, rate, into, day);
    }
}

static void rate_json(struct buf *out, const struct exchange_rate *line)
{
    char code[VIEW_CURRENCY_BYTES], rate[EXCHANGE_TEXT_BYTES], day[16];
    view_currency(code, line->from);
    exchange_text(line, rate);
    date_text(day, line->as_of);
    buf_char(out, '{');
    view_json_text(out, "currency", code);
    view_json_key(out, "rate");
    buf_text(out, line->is_known ? rate : "null");
    view_json_text(out, "as_of", line->is_known ? day : "");
    view_json_text(out, "source", line->is_known ? "polar_settlements" : "");
    buf_char(out, '}');
}

void view_exchange_json(struct buf *out, const struct report_exchange *exchange)
{
    char code[VIEW_CURRENCY_BYTES];
    size_t count = 0;
    view_currency(code, exchange->into);
    view_json_text(out, "currency", code);
    view_json_key(out, "rates");
    buf_char(out, '[');
    for (size_t i = 0; i < exchange->count; i++) {
        if (exchange->rates[i].from == exchange->into)
            continue;
        buf_text(out, count++ > 0 ? "," : "");
        rate_json(out, &exchange->rates[i]);
    }
    buf_char(out, ']');
    view_json_key(out, "left_out");
    buf_char(out, '[');
    count = 0;
    for (size_t i = 0; i < exchange->count; i++) {
        if (exchange->rates[i].is_known)
            continue;
        view_currency(code, exchange->rates[i].from);
        buf_text(out, count++ > 0 ? "," : "");
        buf_json_string(out, sv_of(code));
    }
    buf_char(out, ']');
}
