// SPDX-License-Identifier: Apache-2.0
// timestamp.c - reads RFC 3339 and HTTP dates, writes the stored form.
//
// Both readers walk a small cursor over borrowed text; nothing is skipped, nothing is guessed, so that a date in an unknown form is
// refused instead of misread. The C library's strptime() would follow the locale and accept loose white space.
#include "base/timestamp.h"

#include <stddef.h>

#include "base/civil.h"
#include "base/clock.h"

static const int64_t second_us = 1000000;

struct moment {
    int32_t year, month, day, hour, minute, second;
};

static bool moment_is_valid(const struct moment *moment)
{
    return moment->year >= 1 && moment->year <= 9999 && moment->month >= 1 && moment->month <= 12 &&
           moment->day >= 1 && moment->day <= civil_month_days(moment->year, moment->month) &&
           moment->hour <= 23 && moment->minute <= 59 && moment->second <= 59;
}

static int64_t moment_to_seconds(const struct moment *moment)
{
    int64_t days =
        civil_date_to_days((struct civil_date){moment->year, moment->month, moment->day});
    return days * 86400 + moment->hour * 3600 + moment->minute * 60 + moment->second;
}

// Exactly `count` digits off the front.
static bool take_digits(struct sv *rest, size_t count, int32_t *ret_value)
{
    int32_t value = 0;
    if (rest->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (rest->ptr[i] < '0' || rest->ptr[i] > '9')
            return false;
        value = value * 10 + (rest->ptr[i] - '0');
    }
    rest->ptr += count;
    rest->len -= count;
    *ret_value = value;
    return true;
}

static bool take_char(struct sv *rest, const char *allowed, char *ret_char)
{
    if (rest->len == 0 || rest->ptr[0] == '\0' || strchr(allowed, rest->ptr[0]) == NULL)
        return false;
    *ret_char = rest->ptr[0];
    rest->ptr++;
    rest->len--;
    return true;
}

static bool take_text(struct sv *rest, struct sv text)
{
    if (!sv_starts_with(*rest, text))
        return false;
    rest->ptr += text.len;
    rest->len -= text.len;
    return true;
}

static bool take_time(struct sv *rest, struct moment *moment)
{
    return take_digits(rest, 2, &moment->hour) && take_text(rest, SV(":")) &&
           take_digits(rest, 2, &moment->minute) && take_text(rest, SV(":")) &&
           take_digits(rest, 2, &moment->second);
}

static bool take_fraction(struct sv *rest, int64_t *ret_us)
{
    int64_t value = 0, unit = 100000;
    if (!take_text(rest, SV(".")))
        return true;
    int32_t digit;
    size_t count = 0;
    for (; count < 9 && take_digits(rest, 1, &digit); count++, unit /= 10)
        value += digit * unit; // from the seventh digit on the unit is 0
    *ret_us = value;
    return count > 0;
}

static bool take_offset(struct sv *rest, int64_t *ret_seconds)
{
    char sign;
    int32_t hours, minutes;
    *ret_seconds = 0;
    if (take_char(rest, "Zz", &sign))
        return true;
    if (!take_char(rest, "+-", &sign) || !take_digits(rest, 2, &hours) ||
        !take_text(rest, SV(":")) || !take_digits(rest, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_seconds = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return true;
}

// Years 1-9999 in UTC, as microseconds.
static bool timestamp_is_storable(int64_t unix_us)
{
    return unix_us >= INT64_C(-62135596800) * second_us &&
           unix_us < INT64_C(253402300800) * second_us;
}

bool timestamp_parse(struct sv text, int64_t *ret_unix_us)
{
    struct moment moment;
    char separator;
    int64_t fraction_us = 0, offset_seconds;
    if (!take_digits(&text, 4, &moment.year) || !take_text(&text, SV("-")) ||
        !take_digits(&text, 2, &moment.month) || !take_text(&text, SV("-")) ||
        !take_digits(&text, 2, &moment.day) || !take_char(&text, "Tt ", &separator) ||
        !take_time(&text, &moment) || !take_fraction(&text, &fraction_us) ||
        !take_offset(&text, &offset_seconds) || text.len > 0 || !moment_is_valid(&moment))
        return false;
    int64_t unix_us = (moment_to_seconds(&moment) - offset_seconds) * second_us + fraction_us;
    if (!timestamp_is_storable(unix_us))
        return false;
    *ret_unix_us = unix_us;
    return true;
}

static void put_digits(char *at, size_t count, int64_t value)
{
    for (size_t i = count; i > 0; i--, value /= 10)
        at[i - 1] = (char)('0' + value % 10);
}

bool timestamp_format(int64_t unix_us, char ret_text[static TIMESTAMP_BYTES + 1])
{
    const int64_t day_us = 86400 * second_us;
    if (!timestamp_is_storable(unix_us))
        return false;
    int64_t days = unix_us / day_us;
    int64_t rest_us = unix_us % day_us;
    if (rest_us < 0) {
        days--;
        rest_us += day_us;
    }
    struct civil_date date = civil_date_from_days(days);
    int64_t seconds = rest_us / second_us;
    memcpy(ret_text, "0000-00-00T00:00:00.000000Z", TIMESTAMP_BYTES + 1);
    put_digits(ret_text, 4, date.year);
    put_digits(ret_text + 5, 2, date.month);
    put_digits(ret_text + 8, 2, date.day);
    put_digits(ret_text + 11, 2, seconds / 3600);
    put_digits(ret_text + 14, 2, seconds / 60 % 60);
    put_digits(ret_text + 17, 2, seconds % 60);
    put_digits(ret_text + 20, 6, rest_us % second_us);
    return true;
}

// Puts *ret_number at the 1-based place of the name at the front; HTTP's names are case-sensitive English.
static bool take_name(struct sv *rest, const char *const *names, size_t count, int32_t *ret_number)
{
    for (size_t i = 0; i < count; i++)
        if (take_text(rest, sv_of(names[i]))) {
            *ret_number = (int32_t)i + 1;
            return true;
        }
    return false;
}

static bool take_weekday(struct sv *rest)
{
    // Long names first: the short ones are their beginnings.
    static const char *const names[] = {"Monday",   "Tuesday", "Wednesday", "Thursday", "Friday",
                                        "Saturday", "Sunday",  "Mon",       "Tue",      "Wed",
                                        "Thu",      "Fri",     "Sat",       "Sun"};
    int32_t ignored;
    return take_name(rest, names, sizeof names / sizeof names[0], &ignored);
}

static bool take_month(struct sv *rest, int32_t *ret_month)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return take_name(rest, names, sizeof names / sizeof names[0], ret_month);
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
static bool http_imf_fixdate(struct sv text, struct moment *moment)
{
    return take_weekday(&text) && take_text(&text, SV(", ")) &&
           take_digits(&text, 2, &moment->day) && take_text(&text, SV(" ")) &&
           take_month(&text, &moment->month) && take_text(&text, SV(" ")) &&
           take_digits(&text, 4, &moment->year) && take_text(&text, SV(" ")) &&
           take_time(&text, moment) && take_text(&text, SV(" GMT")) && text.len == 0;
}

// "Sunday, 06-Nov-94 08:49:37 GMT"; RFC 9110: a year that looks more than 50 years ahead is the latest past one with these digits.
static bool http_rfc850(struct sv text, struct moment *moment)
{
    bool matches = take_weekday(&text) && take_text(&text, SV(", ")) &&
                   take_digits(&text, 2, &moment->day) && take_text(&text, SV("-")) &&
                   take_month(&text, &moment->month) && take_text(&text, SV("-")) &&
                   take_digits(&text, 2, &moment->year) && take_text(&text, SV(" ")) &&
                   take_time(&text, moment) && take_text(&text, SV(" GMT")) && text.len == 0;
    if (!matches)
        return false;
    int32_t this_year =
        civil_date_from_days(clock_now_us(&clock_system) / (86400 * second_us)).year;
    moment->year += this_year / 100 * 100;
    if (moment->year > this_year + 50)
        moment->year -= 100;
    return true;
}

// "Sun Nov  6 08:49:37 1994": the day is padded with a space.
static bool http_asctime(struct sv text, struct moment *moment)
{
    if (!take_weekday(&text) || !take_text(&text, SV(" ")) || !take_month(&text, &moment->month) ||
        !take_text(&text, SV(" ")))
        return false;
    bool is_padded = take_text(&text, SV(" "));
    return take_digits(&text, is_padded ? 1 : 2, &moment->day) && take_text(&text, SV(" ")) &&
           take_time(&text, moment) && take_text(&text, SV(" ")) &&
           take_digits(&text, 4, &moment->year) && text.len == 0;
}

bool timestamp_parse_http(struct sv text, int64_t *ret_unix_seconds)
{
    struct moment moment;
    if (!http_imf_fixdate(text, &moment) && !http_rfc850(text, &moment) &&
        !http_asctime(text, &moment))
        return false;
    if (!moment_is_valid(&moment))
        return false;
    *ret_unix_seconds = moment_to_seconds(&moment);
    return true;
}
