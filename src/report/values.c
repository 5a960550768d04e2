// SPDX-License-Identifier: Apache-2.0
// values.c - numbers and moments out of streamed rows: called for every column of a million rows, so that a moment is read by the place of its digits.
#include "report/values.h"

#include <string.h>

#include "base/timestamp.h"

int64_t integer_of(const struct value *value, int64_t absent)
{
    if (value->type == VALUE_INTEGER)
        return value->integer;
    bool is_whole = value->type == VALUE_REAL && value->real > -9e15 && value->real < 9e15;
    return is_whole ? (int64_t)value->real : absent;
}

double real_of(const struct value *value)
{
    if (value->type == VALUE_REAL)
        return value->real;
    return value->type == VALUE_INTEGER ? (double)value->integer : 0;
}

static int32_t two_digits(const char *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

int64_t moment_of(const struct value *value)
{
    struct moment_day day = {.is_known = false};
    return moment_after(value, &day);
}

int64_t moment_after(const struct value *value, struct moment_day *last)
{
    static const int64_t second_us = 1000000;
    int64_t at_us = METRICS_NULL;
    if (value->type != VALUE_TEXT)
        return METRICS_NULL;
    const char *text = value->text.ptr;
    if (value->text.len != TIMESTAMP_BYTES || text[10] != 'T' || text[19] != '.')
        return timestamp_parse(value->text, &at_us) ? at_us : METRICS_NULL;
    if (!last->is_known || memcmp(last->date, text, sizeof last->date) != 0) {
        struct civil_date date = {two_digits(text) * 100 + two_digits(text + 2),
                                  two_digits(text + 5), two_digits(text + 8)};
        last->start_s = civil_date_to_days(date) * 86400;
        memcpy(last->date, text, sizeof last->date);
        last->is_known = true;
    }
    int64_t seconds = last->start_s + two_digits(text + 11) * 3600 + two_digits(text + 14) * 60 +
                      two_digits(text + 17);
    return seconds * second_us + two_digits(text + 20) * 10000 + two_digits(text + 22) * 100 +
           two_digits(text + 24);
}
