// SPDX-License-Identifier: Apache-2.0
// civil.h - calendar days without a zone: proleptic Gregorian, counted from 1970-01-01.
//
// Days in 64 bits and years in 32: no date that fits the struct overflows. Nothing here asks for a range; callers that print or parse do.
#ifndef TILL_BASE_CIVIL_H
#define TILL_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

struct civil_date {
    int32_t year;
    int32_t month; // 1-12
    int32_t day;   // 1-31
};

int64_t
civil_date_to_days(struct civil_date date); // a day beyond the month's end counts on into the next
struct civil_date civil_date_from_days(int64_t days);
int32_t civil_month_days(int32_t year, int32_t month);
struct civil_date civil_date_add_days(struct civil_date date, int32_t days);
bool civil_date_parse(const char *text, struct civil_date *ret_date); // YYYY-MM-DD, years 0001-9999

#endif
