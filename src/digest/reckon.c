// SPDX-License-Identifier: Apache-2.0
// reckon.c - which days are compared with which, and what a series of days comes to over them.
//
// Whole days alone. Balances are taken at the end of a time, activities added up over it; a ratio divides sums, it is no mean of ratios. A series that ends
// before the digest's day (searches are final days later) is compared up to its own last day, by the same rules.
#include "digest/digest.h"

enum { WEEK = 7, LAG_DAYS = 8 };

static int64_t days_of(struct civil_date date)
{
    return civil_date_to_days(date);
}

struct digest_span digest_span(enum digest_window window, struct civil_date last)
{
    struct civil_date week_before = civil_date_add_days(last, -WEEK);
    struct digest_span span = {last, last, week_before, week_before};
    if (window == DIGEST_WEEK) {
        span.from = civil_date_add_days(last, 1 - WEEK);
        span.before_from = civil_date_add_days(last, 1 - 2 * WEEK);
    }
    if (window == DIGEST_MONTH) {
        span.from.day = 1;
        span.before_to = civil_date_add_days(span.from, -1); // the last of the month before
        span.before_from = span.before_to;
        span.before_from.day = 1;
        if (last.day < span.before_to.day)
            span.before_to.day = last.day;
    }
    return span;
}

// A month may begin two months before; weeks go back as far as the usual is made of; and both may end some days earlier.
struct civil_date digest_first_day(struct civil_date last)
{
    struct civil_date early = civil_date_add_days(last, -LAG_DAYS);
    struct civil_date month = digest_span(DIGEST_MONTH, early).before_from;
    struct civil_date weeks = civil_date_add_days(early, -WEEK * (DIGEST_USUAL_WEEKS + 1));
    return days_of(month) < days_of(weeks) ? month : weeks;
}

static bool is_ratio(enum digest_line_id id)
{
    return digest_lines[id].unit == DIGEST_PERCENT || id == DIGEST_average_order_value;
}

struct digest_number digest_over(const struct digest_series *series, int64_t from, int64_t to)
{
    static const struct digest_number none = {false, 0, 1};
    struct digest_number sum = {true, 0, is_ratio(series->id) ? 0 : 1};
    int64_t begins = (int64_t)series->begins;
    if (series->begins >= series->count || to < begins || to > (int64_t)series->ends || to < from)
        return none;
    if (digest_lines[series->id].kind == DIGEST_BALANCE)
        return series->days[to];
    if (series->needs_whole && from < begins)
        return none;
    for (int64_t day = from < begins ? begins : from; day <= to; day++) {
        const struct digest_number *number = &series->days[day];
        if (!number->has_value)
            continue;
        if (__builtin_add_overflow(sum.part, number->part, &sum.part))
            return none;
        sum.whole += is_ratio(series->id) ? number->whole : 0;
    }
    return sum.whole > 0 ? sum : none;
}

void digest_reckon(const struct digest_series *series, struct civil_date first,
                   struct civil_date last, struct digest_line *ret_line)
{
    int64_t start = days_of(first);
    bool is_known = series->begins < series->count;
    *ret_line = (struct digest_line){.id = series->id, .currency = series->currency, .last = last};
    if (is_known && start + (int64_t)series->ends < days_of(last)) {
        ret_line->last = civil_date_add_days(first, (int32_t)series->ends);
        ret_line->has_own_date = true;
    }
    for (int window = 0; window < DIGEST_WINDOW__COUNT; window++) {
        struct digest_cell *cell = &ret_line->cells[window];
        struct digest_span span = digest_span((enum digest_window)window, ret_line->last);
        cell->now = digest_over(series, days_of(span.from) - start, days_of(span.to) - start);
        cell->before =
            digest_over(series, days_of(span.before_from) - start, days_of(span.before_to) - start);
        cell->change = digest_compare(digest_lines[series->id].unit, &cell->now, &cell->before);
        if (series->id == DIGEST_customers_at_risk)
            cell->change.kind = DIGEST_UNKNOWN; // of the past nobody knows
    }
}

bool digest_is_shown(const struct digest *digest, const struct digest_line *line,
                     enum digest_window window)
{
    const struct digest_cell *cell = &line->cells[window];
    const struct digest_line_info *info = &digest_lines[line->id];
    enum digest_window windows[DIGEST_WINDOW__COUNT];
    (void)digest_windows(digest, windows);
    if (!cell->now.has_value)
        return false;
    // The end of a week is the end of its last day: a balance would be told twice.
    if (info->kind == DIGEST_BALANCE && window == DIGEST_WEEK && windows[0] != DIGEST_WEEK)
        return false;
    if (line->id == DIGEST_customers_at_risk && window != windows[0])
        return false;
    bool is_something = cell->now.part != 0 || (cell->before.has_value && cell->before.part != 0);
    bool is_other_currency = line->currency != 0 && line->currency != digest->main;
    return is_something || (info->shown == DIGEST_ON && !is_other_currency);
}
