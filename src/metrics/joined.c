// SPDX-License-Identifier: Apache-2.0
// joined.c - days of visitors and searches are kept until the first order comes; then it is known which days are covered and which of them are over,
// and everything falls into its period, into the range in whole, and into the part of it that may be compared.
//
// What is covered is one stretch of days, and what may be compared a stretch from the range's first day: two moments say whether an order belongs.
#include "metrics/joined.h"

#include <stdlib.h>

#include "base/fault.h"
#include "base/limits.h"
#include "metrics/calendar.h"

struct day {
    struct joined_visits visits;
    int64_t clicks, impressions;
    double position;
    bool is_search_open;
};
struct span { // of days of the range; empty when until <= from
    int64_t from, until;
};
struct joined {
    struct joined_query query;
    struct calendar calendar;
    int64_t first_day; // since 1970
    size_t day_count;
    struct day *days;
    struct joined_visits *hours;                  // METRICS_HOUR: for each period
    struct span covered, searched, hours_covered; // the last one of periods
    bool is_sealed;
    int64_t covered_from_us, covered_until_us; // moments of the covered days
    int64_t compared_until_us, cut_us;
    size_t visit_days, search_days; // that may be compared
    struct joined_line *lines;      // periods, the whole, what may be compared
    struct joined_money *money;
    size_t money_count, money_capacity;
};

static void add(int64_t *sum, int64_t amount) // stays at the end of the range
{
    if (__builtin_add_overflow(*sum, amount, sum))
        *sum = amount < 0 ? INT64_MIN : INT64_MAX;
}

// ---- life ----

enum till_code joined_open(const struct joined_query *query, struct joined **ret_joined,
                           struct till_error *e)
{
    const struct metrics_query cut = {
        .from = query->from, .to = query->to, .interval = query->interval, .zone = query->zone};
    struct joined *joined = till_calloc(1, sizeof *joined);
    if (!joined)
        return TILL_FAIL_MEMORY(e);
    enum till_code code = calendar_open(&cut, &joined->calendar, e);
    if (code) {
        till_free(joined);
        return code;
    }
    joined->query = *query;
    joined->first_day = joined->calendar.first_day;
    joined->day_count = joined->calendar.day_count;
    joined->days = till_calloc(joined->day_count, sizeof *joined->days);
    joined->hours = till_calloc(joined->calendar.count + 1, sizeof *joined->hours);
    joined->lines = till_calloc(joined->calendar.count + 2, sizeof *joined->lines);
    if (!joined->days || !joined->hours || !joined->lines) {
        joined_close(joined);
        return TILL_FAIL_MEMORY(e);
    }
    joined->hours_covered = (struct span){INT64_MAX, INT64_MIN};
    *ret_joined = joined;
    return TILL_OK;
}

void joined_close(struct joined *joined)
{
    if (!joined)
        return;
    for (size_t i = 0; i < joined->money_count; i++)
        till_free(joined->money[i].sums);
    till_free(joined->money);
    till_free(joined->lines);
    till_free(joined->hours);
    till_free(joined->days);
    calendar_close(&joined->calendar);
    till_free(joined);
}

// ---- traffic ----

// Which day of the range; may lie outside of it.
static int64_t index_of(const struct joined *joined, struct civil_date date)
{
    return civil_date_to_days(date) - joined->first_day;
}

static struct day *day_of(struct joined *joined, struct civil_date date)
{
    int64_t index = index_of(joined, date);
    return index < 0 || (uint64_t)index >= joined->day_count ? NULL : &joined->days[index];
}

static struct span span_of(const struct joined *joined, struct civil_date first,
                           struct civil_date last, size_t most)
{
    int64_t from = index_of(joined, first), until = index_of(joined, last) + 1;
    int64_t end = (int64_t)(most < joined->day_count ? most : joined->day_count);
    return (struct span){from > 0 ? from : 0, until < end ? until : end};
}

void joined_cover(struct joined *joined, struct civil_date first, struct civil_date last)
{
    joined->covered =
        span_of(joined, first, last, joined->query.is_cut ? joined->query.visit_days : SIZE_MAX);
}

void joined_search_cover(struct joined *joined, struct civil_date first, struct civil_date last)
{
    joined->searched =
        span_of(joined, first, last, joined->query.is_cut ? joined->query.search_days : SIZE_MAX);
}

void joined_day(struct joined *joined, struct civil_date date, const struct joined_visits *visits)
{
    struct day *day = day_of(joined, date);
    if (day)
        day->visits = *visits;
}

void joined_hour(struct joined *joined, int64_t at_us, const struct joined_visits *visits)
{
    int64_t period = calendar_bucket(&joined->calendar, at_us);
    struct span *covered = &joined->hours_covered;
    if (period < 0 || (uint64_t)period >= joined->calendar.count)
        return;
    joined->hours[period] = *visits;
    covered->from = period < covered->from ? period : covered->from;
    covered->until = period >= covered->until ? period + 1 : covered->until;
}

void joined_search(struct joined *joined, struct civil_date date, int64_t clicks,
                   int64_t impressions, double position, bool is_open)
{
    struct day *day = day_of(joined, date);
    if (!day)
        return;
    day->clicks = clicks;
    day->impressions = impressions;
    day->position = position;
    day->is_search_open = is_open;
}

// ---- from days to periods ----

static void put(int64_t *sum, bool *has, int64_t amount)
{
    if (amount == JOINED_NULL)
        return;
    add(sum, amount);
    *has = true;
}

static void add_visits(struct joined_line *line, const struct joined_visits *visits)
{
    bool tells_bounces = visits->bounces != JOINED_NULL && visits->visits != JOINED_NULL;
    line->covered++;
    line->open += visits->is_open;
    put(&line->visitors, &line->has_visitors, visits->visitors);
    put(&line->visits, &line->has_visits, visits->visits);
    put(&line->pageviews, &line->has_pageviews, visits->pageviews);
    if (!tells_bounces)
        return;
    put(&line->bounces, &line->has_bounces, visits->bounces);
    add(&line->bounced_visits, visits->visits);
}

static void add_search(struct joined_line *line, const struct day *day)
{
    line->search_covered++;
    line->search_open += day->is_search_open;
    add(&line->clicks, day->clicks);
    add(&line->impressions, day->impressions);
    line->position_sum += day->position * (double)day->impressions;
}

// The days up to the last that is covered and over.
static size_t days_over(const struct joined *joined, struct span span, bool is_search)
{
    int64_t until = span.until;
    while (until > span.from && (is_search ? joined->days[until - 1].is_search_open
                                           : joined->days[until - 1].visits.is_open))
        until--;
    return until > span.from ? (size_t)until : 0;
}

static int64_t day_start_us(const struct joined *joined, int64_t index)
{
    return zone_day_start_us(joined->query.zone,
                             civil_date_add_days(joined->query.from, (int32_t)index));
}

static void fold_day(struct joined *joined, size_t index)
{
    const struct day *day = &joined->days[index];
    const struct joined_query *query = &joined->query;
    size_t count = joined->calendar.count;
    int64_t at = (int64_t)index;
    int64_t period = calendar_bucket(&joined->calendar, day_start_us(joined, at));
    bool has_period = query->interval != METRICS_HOUR && period >= 0 && (uint64_t)period < count;
    struct joined_line *lines[] = {has_period ? &joined->lines[period] : NULL,
                                   &joined->lines[count], &joined->lines[count + 1]};
    for (size_t i = 0; i < TILL_COUNT(lines); i++) {
        bool is_compared = i == 2;
        if (!lines[i])
            continue;
        if (!is_compared || index < joined->visit_days)
            lines[i]->days++;
        if (at >= joined->covered.from && at < joined->covered.until &&
            (!is_compared || index < joined->visit_days))
            add_visits(lines[i], &day->visits);
        // A search counts by the day, hours have none.
        if (at >= joined->searched.from && at < joined->searched.until &&
            (!is_compared || index < joined->search_days))
            add_search(lines[i], day);
    }
}

static void seal(struct joined *joined)
{
    const struct joined_query *query = &joined->query;
    size_t most = query->is_cut && query->visit_days > query->search_days ? query->visit_days
                  : query->is_cut                                         ? query->search_days
                                                                          : joined->day_count;
    if (joined->is_sealed)
        return;
    joined->is_sealed = true;
    joined->visit_days = days_over(joined, joined->covered, false);
    joined->search_days = days_over(joined, joined->searched, true);
    for (size_t i = 0; i < joined->day_count && i < most; i++)
        fold_day(joined, i);
    for (size_t i = 0; query->interval == METRICS_HOUR && i < joined->calendar.count; i++) {
        joined->lines[i].days = 1;
        if ((int64_t)i >= joined->hours_covered.from && (int64_t)i < joined->hours_covered.until)
            add_visits(&joined->lines[i], &joined->hours[i]);
    }
    joined->covered_from_us = day_start_us(joined, joined->covered.from);
    joined->covered_until_us = joined->covered.until > joined->covered.from
                                   ? day_start_us(joined, joined->covered.until)
                                   : joined->covered_from_us;
    joined->compared_until_us = day_start_us(joined, (int64_t)joined->visit_days);
    joined->cut_us = query->is_cut ? day_start_us(joined, (int64_t)query->visit_days) : INT64_MAX;
}

// ---- what was sold ----

// Where a moment belongs: its period (also counted when it is covered), the whole, what may be compared.
struct place {
    size_t lines[3], count;
    bool is_covered[3];
};

static bool place_of(struct joined *joined, int64_t at_us, struct place *ret_place)
{
    const struct calendar *calendar = &joined->calendar;
    seal(joined);
    if (at_us < calendar->from_us || at_us > calendar->until_us || at_us >= joined->cut_us)
        return false;
    int64_t period = calendar_bucket(&joined->calendar, at_us);
    if (period < 0 || (uint64_t)period >= calendar->count)
        return false;
    bool is_covered = at_us >= joined->covered_from_us && at_us < joined->covered_until_us;
    bool is_hour_covered =
        period >= joined->hours_covered.from && period < joined->hours_covered.until;
    *ret_place = (struct place){
        .lines = {(size_t)period, calendar->count, calendar->count + 1},
        .count = at_us < joined->compared_until_us ? 3 : 2,
        .is_covered = {joined->query.interval == METRICS_HOUR ? is_hour_covered : is_covered,
                       is_covered, is_covered},
    };
    return true;
}

void joined_checkout(struct joined *joined, int64_t at_us, bool is_succeeded)
{
    struct place place = {.count = 0};
    if (!place_of(joined, at_us, &place))
        return;
    for (size_t i = 0; i < place.count; i++) {
        struct joined_line *line = &joined->lines[place.lines[i]];
        line->checkouts++;
        line->succeeded += is_succeeded;
        line->covered_checkouts += place.is_covered[i];
    }
}

static enum till_code sums_of(struct joined *joined, metrics_currency currency,
                              struct joined_sum **ret_sums, struct till_error *e)
{
    for (size_t i = 0; i < joined->money_count; i++) {
        if (joined->money[i].currency != currency)
            continue;
        *ret_sums = joined->money[i].sums;
        return TILL_OK;
    }
    if (joined->money_count >= TILL_LIMIT_METRIC_CURRENCIES)
        return TILL_FAIL(e, TILL_LIMIT, 0, "there are orders in more than %d currencies",
                         TILL_LIMIT_METRIC_CURRENCIES);
    if (joined->money_count == joined->money_capacity) {
        size_t wider = joined->money_capacity > 0 ? joined->money_capacity * 2 : 8;
        struct joined_money *money = till_realloc(joined->money, wider * sizeof *money);
        if (!money)
            return TILL_FAIL_MEMORY(e);
        joined->money = money;
        joined->money_capacity = wider;
    }
    struct joined_sum *sums = till_calloc(joined->calendar.count + 2, sizeof *sums);
    if (!sums)
        return TILL_FAIL_MEMORY(e);
    joined->money[joined->money_count++] = (struct joined_money){currency, sums};
    *ret_sums = sums;
    return TILL_OK;
}

enum till_code joined_order(struct joined *joined, int64_t at_us, metrics_currency currency,
                            int64_t net_minor, bool is_new, struct till_error *e)
{
    struct place place = {.count = 0};
    struct joined_sum *sums = NULL;
    if (!place_of(joined, at_us, &place))
        return TILL_OK;
    enum till_code code = sums_of(joined, currency, &sums, e);
    if (code)
        return code;
    for (size_t i = 0; i < place.count; i++) {
        struct joined_line *line = &joined->lines[place.lines[i]];
        struct joined_sum *sum = &sums[place.lines[i]];
        line->orders++;
        line->new_orders += is_new;
        line->covered_new_orders += is_new && place.is_covered[i];
        sum->orders++;
        add(&sum->revenue_minor, net_minor);
        if (is_new)
            add(&sum->new_revenue_minor, net_minor);
        if (is_new && place.is_covered[i])
            add(&sum->covered_new_revenue_minor, net_minor);
    }
    return TILL_OK;
}

// ---- the answer ----

static int by_currency(const void *a, const void *b)
{
    const struct joined_money *x = a, *y = b;
    return x->currency < y->currency ? -1 : x->currency > y->currency;
}

void joined_answer(struct joined *joined, struct joined_answer *ret_answer)
{
    seal(joined);
    if (joined->money_count > 1)
        qsort(joined->money, joined->money_count, sizeof *joined->money, by_currency);
    *ret_answer = (struct joined_answer){
        .period_count = joined->calendar.count,
        .starts_us = joined->calendar.starts_us,
        .lines = joined->lines,
        .currencies = joined->money,
        .currency_count = joined->money_count,
        .visit_days = joined->visit_days,
        .search_days = joined->search_days,
    };
}

static struct joined_number count_if(bool has_value, int64_t count)
{
    return (struct joined_number){has_value, {.integer = count}};
}

static struct joined_number ratio(bool has_value, double part, int64_t whole)
{
    if (!has_value || whole <= 0)
        return (struct joined_number){.has_value = false};
    return (struct joined_number){true, {.is_real = true, .real = part / (double)whole}};
}

static struct joined_number money_number(const struct joined_line *line,
                                         const struct joined_sum *sum,
                                         enum traffic_metric_id metric)
{
    if (metric == TRAFFIC_METRIC_revenue)
        return count_if(true, sum->revenue_minor);
    if (metric == TRAFFIC_METRIC_new_revenue)
        return count_if(true, sum->new_revenue_minor);
    return ratio(line->has_visitors, (double)sum->covered_new_revenue_minor, line->visitors);
}

static struct joined_number search_number(const struct joined_line *line,
                                          enum traffic_metric_id metric)
{
    bool is_covered = line->search_covered > 0;
    if (metric == TRAFFIC_METRIC_search_clicks)
        return count_if(is_covered, line->clicks);
    if (metric == TRAFFIC_METRIC_search_impressions)
        return count_if(is_covered, line->impressions);
    if (metric == TRAFFIC_METRIC_search_click_rate)
        return ratio(is_covered, (double)line->clicks, line->impressions);
    return ratio(is_covered, line->position_sum, line->impressions);
}

struct joined_number joined_number(const struct joined_line *line, const struct joined_sum *sum,
                                   enum traffic_metric_id metric)
{
    static const struct joined_sum none = {0};
    switch (metric) {
    case TRAFFIC_METRIC_visitors:
        return count_if(line->has_visitors, line->visitors);
    case TRAFFIC_METRIC_visits:
        return count_if(line->has_visits, line->visits);
    case TRAFFIC_METRIC_pageviews:
        return count_if(line->has_pageviews, line->pageviews);
    case TRAFFIC_METRIC_bounce_rate:
        return ratio(line->has_bounces, (double)line->bounces, line->bounced_visits);
    case TRAFFIC_METRIC_checkouts:
        return count_if(true, line->checkouts);
    case TRAFFIC_METRIC_orders:
        return count_if(true, line->orders);
    case TRAFFIC_METRIC_new_orders:
        return count_if(true, line->new_orders);
    case TRAFFIC_METRIC_conversion:
        return ratio(line->has_visitors, (double)line->covered_new_orders, line->visitors);
    case TRAFFIC_METRIC_checkout_rate:
        return ratio(line->has_visitors, (double)line->covered_checkouts, line->visitors);
    case TRAFFIC_METRIC_checkout_conversion:
        return ratio(true, (double)line->succeeded, line->checkouts);
    case TRAFFIC_METRIC_revenue:
    case TRAFFIC_METRIC_new_revenue:
    case TRAFFIC_METRIC_revenue_per_visitor:
        return money_number(line, sum ? sum : &none, metric);
    case TRAFFIC_METRIC_search_clicks:
    case TRAFFIC_METRIC_search_impressions:
    case TRAFFIC_METRIC_search_click_rate:
    case TRAFFIC_METRIC_search_position:
        return search_number(line, metric);
    case TRAFFIC_METRIC__COUNT:
        break;
    }
    return (struct joined_number){.has_value = false};
}
