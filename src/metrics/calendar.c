// SPDX-License-Identifier: Apache-2.0
// calendar.c - cuts a window into buckets: hours, days, weeks from Monday, months, years, in one time zone.
//
// The first bucket is the one that holds the window's first day; further ones follow by calendar steps while they begin inside of the window. Days are
// local days (23 or 25 hours where the clock is changed); hours are absolute ones, counted from local midnight. A moment is found by a look at the bucket
// that the last one was in and its neighbour, which nearly always holds for rows in order of time, else by binary search.
#include "metrics/calendar.h"

#include "base/fault.h"
#include "base/limits.h"

enum { BACK_DAYS = 30 };
static const int64_t hour_us = INT64_C(3600) * 1000000;

static const char *const interval_words[] = {"hour", "day", "week", "month", "year"};

bool metrics_interval_parse(struct sv word, enum metrics_interval *ret_interval)
{
    for (size_t i = 0; i < TILL_COUNT(interval_words); i++) {
        if (!sv_equal(word, sv_of(interval_words[i])))
            continue;
        *ret_interval = (enum metrics_interval)i;
        return true;
    }
    return false;
}

const char *metrics_interval_word(enum metrics_interval interval)
{
    return interval_words[interval];
}

enum metrics_interval metrics_interval_usual(int64_t days)
{
    static const int64_t up_to_days[] = {
        [METRICS_HOUR] = 2, [METRICS_DAY] = 92, [METRICS_WEEK] = 200, [METRICS_MONTH] = 2200};
    enum metrics_interval interval = METRICS_HOUR;
    while (interval < METRICS_YEAR && days > up_to_days[interval])
        interval++;
    return interval;
}

static struct civil_date first_date(const struct metrics_query *query)
{
    struct civil_date date = query->from;
    int64_t days = civil_date_to_days(date);
    switch (query->interval) {
    case METRICS_WEEK: // 1970-01-01 was a Thursday
        return civil_date_from_days(days - ((days % 7 + 7) % 7 + 3) % 7);
    case METRICS_MONTH:
        date.day = 1;
        return date;
    case METRICS_YEAR:
        return (struct civil_date){date.year, 1, 1};
    case METRICS_HOUR:
    case METRICS_DAY:
        break;
    }
    return date;
}

static struct civil_date next_date(struct civil_date date, enum metrics_interval interval)
{
    switch (interval) {
    case METRICS_WEEK:
        return civil_date_add_days(date, 7);
    case METRICS_MONTH:
        date.month += 1;
        if (date.month > 12)
            return (struct civil_date){date.year + 1, 1, 1};
        return date;
    case METRICS_YEAR:
        date.year += 1;
        return date;
    case METRICS_HOUR:
    case METRICS_DAY:
        break;
    }
    return civil_date_add_days(date, 1);
}

// The moment at which a wall clock that showed `at` shows the same hour, `days` days earlier.
static int64_t days_before(const struct zone *zone, int64_t at_us, int32_t days)
{
    struct civil_date date = zone_date(zone, at_us);
    int64_t since_midnight_us =
        at_us + zone_offset_us(zone, at_us) - civil_date_to_days(date) * 24 * hour_us;
    struct civil_date back = civil_date_add_days(date, -days);
    if (at_us == zone_day_start_us(zone, date)) // where midnight is skipped, days begin later
        return zone_day_start_us(zone, back);
    int64_t local_us = civil_date_to_days(back) * 24 * hour_us + since_midnight_us;
    int64_t guess_us = local_us - zone_offset_us(zone, local_us);
    return local_us - zone_offset_us(zone, guess_us);
}

static enum till_code check_window(const struct metrics_query *query, struct till_error *e)
{
    int64_t days = civil_date_to_days(query->to) - civil_date_to_days(query->from);
    if (days < 0) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "the range ends before it begins");
        return till_error_hint(e, "--from is the first day, --to the last one; both are included");
    }
    if (days >= TILL_LIMIT_METRIC_DAYS) {
        (void)TILL_FAIL(e, TILL_LIMIT, 0, "the range has %lld days, more than %d",
                        (long long)days + 1, TILL_LIMIT_METRIC_DAYS);
        return till_error_hint(e, "choose a shorter range");
    }
    return TILL_OK;
}

static enum till_code too_many(const struct metrics_query *query, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_LIMIT, 0, "the range has more than %d periods of one %s",
                    TILL_LIMIT_METRIC_PERIODS, metrics_interval_word(query->interval));
    return till_error_hint(e, "choose a longer --interval, or a shorter range");
}

static enum till_code cut(const struct metrics_query *query, struct calendar *calendar,
                          struct till_error *e)
{
    struct civil_date date = first_date(query);
    int64_t at_us = zone_day_start_us(query->zone, date);
    size_t count = 0;
    while (at_us <= calendar->until_us) {
        if (count >= TILL_LIMIT_METRIC_PERIODS)
            return too_many(query, e);
        calendar->starts_us[count] = at_us;
        count++;
        date = next_date(date, query->interval);
        int64_t next_us = query->interval == METRICS_HOUR ? at_us + hour_us
                                                          : zone_day_start_us(query->zone, date);
        // A day that an island skipped has no moment of its own.
        while (next_us <= at_us && query->interval != METRICS_HOUR) {
            date = next_date(date, query->interval);
            next_us = zone_day_start_us(query->zone, date);
        }
        at_us = next_us;
    }
    calendar->starts_us[count] = at_us;
    calendar->count = count;
    for (size_t i = 0; i < count; i++)
        calendar->back_us[i] = days_before(query->zone, calendar->starts_us[i], BACK_DAYS);
    return TILL_OK;
}

enum till_code calendar_open(const struct metrics_query *query, struct calendar *ret_calendar,
                             struct till_error *e)
{
    struct calendar calendar = {.first_day = civil_date_to_days(query->from)};
    enum till_code code = check_window(query, e);
    if (code)
        return code;
    calendar.day_count = (size_t)(civil_date_to_days(query->to) - calendar.first_day) + 1;
    calendar.from_us = zone_day_start_us(query->zone, query->from);
    calendar.until_us = zone_day_start_us(query->zone, civil_date_add_days(query->to, 1)) - 1;
    calendar.last_second_us = calendar.until_us - 999999;
    calendar.starts_us = till_calloc(TILL_LIMIT_METRIC_PERIODS + 1, sizeof *calendar.starts_us);
    calendar.back_us = till_calloc(TILL_LIMIT_METRIC_PERIODS, sizeof *calendar.back_us);
    code = calendar.starts_us && calendar.back_us ? cut(query, &calendar, e) : TILL_FAIL_MEMORY(e);
    if (code)
        calendar_close(&calendar);
    else
        *ret_calendar = calendar;
    return code;
}

void calendar_close(struct calendar *calendar)
{
    till_free(calendar->starts_us);
    till_free(calendar->back_us);
    calendar->starts_us = NULL;
    calendar->back_us = NULL;
}

size_t calendar_first_from(const int64_t *times, size_t count, int64_t at_us)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (times[middle] < at_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t calendar_first_after(const int64_t *times, size_t count, int64_t at_us)
{
    return at_us == INT64_MAX ? count : calendar_first_from(times, count, at_us + 1);
}

int64_t calendar_bucket(struct calendar *calendar, int64_t at_us)
{
    const int64_t *starts_us = calendar->starts_us;
    int64_t hint = calendar->hint;
    if (at_us < starts_us[0])
        return -1;
    if (at_us >= starts_us[calendar->count])
        return (int64_t)calendar->count;
    if (at_us >= starts_us[hint] && at_us < starts_us[hint + 1])
        return hint;
    calendar->hint = (int64_t)calendar_first_after(starts_us, calendar->count, at_us) - 1;
    return calendar->hint;
}
