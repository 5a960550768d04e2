// SPDX-License-Identifier: Apache-2.0
// civil.c - calendar arithmetic by eras of 400 years.
//
// A year is counted from March, so that the leap day is its last day and the months' lengths follow one formula; an era of 400 such years
// has always 146097 days. (Howard Hinnant, "chrono-compatible low-level date algorithms".)
#include "base/civil.h"

#include <stddef.h>

#include "base/sv.h"

enum { ERA_DAYS = 146097, ERA_YEARS = 400, DAYS_TO_1970 = 719468 /* from 0000-03-01 */ };

int64_t civil_date_to_days(struct civil_date date)
{
    int64_t year = (int64_t)date.year - (date.month <= 2);
    int64_t era = (year >= 0 ? year : year - (ERA_YEARS - 1)) / ERA_YEARS;
    int64_t year_of_era = year - era * ERA_YEARS;
    int64_t month_from_march = (date.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - DAYS_TO_1970;
}

struct civil_date civil_date_from_days(int64_t days)
{
    days += DAYS_TO_1970;
    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t day_of_era = days - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct civil_date){
        .year = (int32_t)(year_of_era + era * ERA_YEARS + (month <= 2)),
        .month = (int32_t)month,
        .day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

int32_t civil_month_days(int32_t year, int32_t month)
{
    if (month == 2)
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

struct civil_date civil_date_add_days(struct civil_date date, int32_t days)
{
    return civil_date_from_days(civil_date_to_days(date) + days);
}

bool civil_date_parse(const char *text, struct civil_date *ret_date)
{
    struct sv whole = sv_of(text);
    int64_t year, month, day;
    if (whole.len != 10 || text[4] != '-' || text[7] != '-' || text[0] == '-' || text[5] == '-' ||
        text[8] == '-')
        return false;
    if (!sv_to_int64((struct sv){text, 4}, &year) ||
        !sv_to_int64((struct sv){text + 5, 2}, &month) ||
        !sv_to_int64((struct sv){text + 8, 2}, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 ||
        day > civil_month_days((int32_t)year, (int32_t)month))
        return false;
    *ret_date = (struct civil_date){(int32_t)year, (int32_t)month, (int32_t)day};
    return true;
}
