// SPDX-License-Identifier: Apache-2.0
// query_datetime.c - datetimes of query parameters, as Pydantic reads them.
//
// Accepted: YYYY-MM-DD, YYYY-MM-DD[T or space]HH:MM[:SS[.fraction]][Z or +HH:MM or +HHMM], and a bare number of seconds since 1970.
// Fractions beyond microseconds are cut off. A value without zone is UTC unless the parameter insists on one.
#include "query.h"

#include <stdlib.h>
#include <string.h>

// Days since 1970-01-01 of a date in the proleptic Gregorian calendar (years from 1).
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

// Exactly `width` digits; moves the cursor on.
static bool read_digits(const char **cursor, size_t width, int64_t *ret_number)
{
    int64_t number = 0;
    for (size_t i = 0; i < width; i++) {
        char c = (*cursor)[i];
        if (c < '0' || c > '9') {
            return false;
        }
        number = number * 10 + (c - '0');
    }
    *cursor += width;
    *ret_number = number;
    return true;
}

static bool skip(const char **cursor, char c)
{
    if (**cursor != c) {
        return false;
    }
    (*cursor)++;
    return true;
}

static bool read_date(const char **cursor, int64_t *ret_days)
{
    int64_t year, month, day;
    if (!read_digits(cursor, 4, &year) || !skip(cursor, '-') || !read_digits(cursor, 2, &month) ||
        !skip(cursor, '-') || !read_digits(cursor, 2, &day)) {
        return false;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    *ret_days = days_from_civil(year, month, day);
    return true;
}

static bool read_time(const char **cursor, int64_t *ret_us)
{
    int64_t hour, minute, second = 0, us = 0;
    if (!read_digits(cursor, 2, &hour) || !skip(cursor, ':') || !read_digits(cursor, 2, &minute)) {
        return false;
    }
    if (skip(cursor, ':') && !read_digits(cursor, 2, &second)) {
        return false;
    }
    if (**cursor == '.' || **cursor == ',') {
        (*cursor)++;
        int64_t scale = 100000;
        const char *first = *cursor;
        for (; **cursor >= '0' && **cursor <= '9'; (*cursor)++) {
            us += (**cursor - '0') * scale;
            scale /= 10;
        }
        if (*cursor == first || *cursor - first > 9) {
            return false;
        }
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *ret_us = ((hour * 60 + minute) * 60 + second) * INT64_C(1000000) + us;
    return true;
}

static bool read_zone(const char **cursor, int64_t *ret_offset_us)
{
    *ret_offset_us = 0;
    if (skip(cursor, 'Z') || skip(cursor, 'z')) {
        return true;
    }
    int64_t sign = skip(cursor, '+') ? 1 : skip(cursor, '-') ? -1 : 0;
    int64_t hours, minutes = 0;
    if (sign == 0 || !read_digits(cursor, 2, &hours)) {
        return false;
    }
    (void)skip(cursor, ':');
    if (!read_digits(cursor, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_offset_us = sign * (hours * 60 + minutes) * 60 * INT64_C(1000000);
    return true;
}

// A number of seconds, or of milliseconds when it is too large for that (Pydantic's own rule).
static bool read_number(const char *value, int64_t *ret_us)
{
    size_t length = strspn(value, "0123456789");
    if (length == 0 || length > 15 || value[length] != '\0') {
        return false;
    }
    int64_t number = strtoll(value, NULL, 10);
    *ret_us = number > INT64_C(20000000000) ? number * 1000 : number * INT64_C(1000000);
    return true;
}

static bool parse(const char *value, int64_t *ret_us, bool *ret_is_aware)
{
    int64_t days, time_us = 0, offset_us = 0;
    const char *cursor = value;
    *ret_is_aware = true;
    if (read_number(value, ret_us)) {
        return true;
    }
    if (!read_date(&cursor, &days)) {
        return false;
    }
    *ret_is_aware = false;
    if (*cursor != '\0') {
        bool has_separator =
            skip(&cursor, 'T') || skip(&cursor, 't') || skip(&cursor, ' ') || skip(&cursor, '_');
        if (!has_separator || !read_time(&cursor, &time_us)) {
            return false;
        }
        if (*cursor != '\0') {
            *ret_is_aware = true;
            if (!read_zone(&cursor, &offset_us) || *cursor != '\0') {
                return false;
            }
        }
    }
    *ret_us = days * 86400 * INT64_C(1000000) + time_us - offset_us;
    return true;
}

bool query_read_datetime(const struct query_place *place, const char *value, bool must_be_aware,
                         int64_t *ret_us, struct query_problems *problems)
{
    int64_t us;
    bool is_aware;
    struct query_problem problem = {
        .place = place->place, .name = place->name, .tail = place->tail, .input = value};
    if (!parse(value, &us, &is_aware)) {
        bool is_short = strlen(value) < 10;
        problem.type = "datetime_from_date_parsing";
        problem.message =
            is_short ? "Input should be a valid datetime or date, input is too short"
                     : "Input should be a valid datetime or date, invalid character in year";
        problem.context = is_short ? "{\"error\":\"input is too short\"}"
                                   : "{\"error\":\"invalid character in year\"}";
    } else if (must_be_aware && !is_aware) {
        problem.type = "timezone_aware";
        problem.message = "Input should have timezone info";
    }
    if (problem.type != NULL) {
        query_problems_add(problems, &problem);
        return false;
    }
    *ret_us = us;
    return true;
}

bool query_read_date(const struct query_place *place, const char *value, int64_t *ret_day,
                     struct query_problems *problems)
{
    static const int64_t day_us = INT64_C(86400) * 1000000;
    int64_t us = 0;
    bool is_aware, is_date = parse(value, &us, &is_aware);
    if (is_date && us % day_us == 0) {
        *ret_day = us / day_us;
        return true;
    }
    struct query_problem problem = {.type = "date_from_datetime_inexact",
                                    .place = place->place,
                                    .name = place->name,
                                    .tail = place->tail,
                                    .message = "Datetimes provided to dates should have zero time "
                                               "- e.g. be exact dates",
                                    .input = value};
    if (!is_date) {
        bool is_short = strlen(value) < 10;
        problem.type = "date_from_datetime_parsing";
        problem.message =
            is_short ? "Input should be a valid date or datetime, input is too short"
                     : "Input should be a valid date or datetime, invalid character in year";
        problem.context = is_short ? "{\"error\":\"input is too short\"}"
                                   : "{\"error\":\"invalid character in year\"}";
    }
    query_problems_add(problems, &problem);
    return false;
}
