// SPDX-License-Identifier: Apache-2.0
// world_calendar.c - civil dates in UTC (proleptic Gregorian), and the billing rule for periods: the same day of the
// month, or the last one when the month is too short, without ever forgetting the day the subscription began on.
#include "world_parts.h"

struct calendar_date calendar_from_days(int64_t days_since_1970)
{
    int64_t z = days_since_1970 + 719468; // years begin in March, so the leap day comes last
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    return (struct calendar_date){(int32_t)year, (int32_t)month, (int32_t)day};
}

int64_t calendar_to_days(struct calendar_date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int32_t days_in_month(int32_t year, int32_t month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

int64_t calendar_add(int64_t at_us, enum interval interval, int count, int anchor_day)
{
    if (interval == BY_DAY)
        return at_us + count * DAY_US;
    if (interval == BY_WEEK)
        return at_us + 7 * count * DAY_US;
    int64_t days = at_us / DAY_US;
    struct calendar_date date = calendar_from_days(days);
    int32_t months = date.month - 1 + (interval == BY_YEAR ? 12 * count : count);
    date.year += months / 12;
    date.month = months % 12 + 1;
    int32_t longest = days_in_month(date.year, date.month);
    date.day = anchor_day < longest ? anchor_day : longest;
    return calendar_to_days(date) * DAY_US + at_us % DAY_US;
}

int calendar_day_of_month(int64_t at_us)
{
    return calendar_from_days(at_us / DAY_US).day;
}
