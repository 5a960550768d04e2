// SPDX-License-Identifier: Apache-2.0
// tzfile.c - reads TZif files (RFC 8536) and the POSIX rule at their end.
//
// ICU carries zone data of the day it was built, which distributions do not refresh, while they keep /usr/share/zoneinfo current: with ICU
// alone, days in Mexico, Egypt or Kazakhstan would begin at the wrong hour on a stable system. A file is a list of moments with the
// offset that begins there, and a rule ("EST5EDT,M3.2.0,M11.1.0") for the time after the last. Files come from the system but are
// checked like anything from outside; a file that is not understood counts as missing, and ICU's data serve instead.
#include "base/tzfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"

enum {
    TZFILE_HEADER_BYTES = 44,
    TZFILE_NAME_BYTES = 64,
    TZFILE_MAX_OFFSET_S = 26 * 3600,
    TZFILE_MAX_RULE_HOURS = 167,
    TZFILE_RULE_YEARS = 3,
};

struct tzfile_counts {
    size_t isut, isstd, leap, time, type, chars;
};

// When in a year a rule's half begins.
struct tzfile_date {
    char form; // 'M' month.week.weekday, 'J' day 1-365 without leap days, 'D' day 0-365
    int32_t month, week, day;
    int64_t time_s; // local wall clock after midnight, may be negative or beyond a day
};

struct tzfile_rule {
    bool exists, has_summer;
    int64_t standard_s, summer_s;  // offsets
    struct tzfile_date start, end; // of summer time
};

struct tzfile {
    size_t count;
    int64_t first_offset_s; // before the first moment
    struct tzfile_rule rule;
    struct tzfile_change {
        int64_t at_s, offset_s;
    } changes[];
};

static int64_t big_endian(const char *bytes, size_t count)
{
    uint64_t value = (bytes[0] & 0x80) != 0 ? UINT64_MAX : 0; // sign
    for (size_t i = 0; i < count; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return (int64_t)value;
}

static bool take_bytes(struct sv *rest, size_t count, struct sv *ret_bytes)
{
    if (rest->len < count)
        return false;
    *ret_bytes = (struct sv){rest->ptr, count};
    rest->ptr += count;
    rest->len -= count;
    return true;
}

static bool take_header(struct sv *rest, struct tzfile_counts *counts)
{
    struct sv header;
    if (!take_bytes(rest, TZFILE_HEADER_BYTES, &header) || !sv_starts_with(header, SV("TZif")) ||
        header.ptr[4] < '2')
        return false;
    size_t *const fields[] = {&counts->isut, &counts->isstd, &counts->leap,
                              &counts->time, &counts->type,  &counts->chars};
    for (size_t i = 0; i < TILL_COUNT(fields); i++) {
        int64_t value = big_endian(header.ptr + 20 + 4 * i, 4);
        if (value < 0 || value > TILL_LIMIT_ZONE_FILE_BYTES)
            return false;
        *fields[i] = (size_t)value;
    }
    return true;
}

// One or more digits, at most `maximum`.
static bool take_number(struct sv *rest, int32_t maximum, int32_t *ret_number)
{
    int32_t number = 0;
    size_t digits = 0;
    while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9') {
        number = number * 10 + (rest->ptr[digits] - '0');
        if (number > maximum)
            return false;
        digits++;
    }
    rest->ptr += digits;
    rest->len -= digits;
    *ret_number = number;
    return digits > 0;
}

static bool take_char(struct sv *rest, char c)
{
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    rest->ptr++;
    rest->len--;
    return true;
}

// [+-]hh[:mm[:ss]]
static bool take_clock(struct sv *rest, int64_t *ret_seconds)
{
    int32_t hours, minutes = 0, seconds = 0;
    bool is_negative = take_char(rest, '-');
    if (!is_negative)
        (void)take_char(rest, '+');
    if (!take_number(rest, TZFILE_MAX_RULE_HOURS, &hours))
        return false;
    if (take_char(rest, ':')) {
        if (!take_number(rest, 59, &minutes))
            return false;
        if (take_char(rest, ':') && !take_number(rest, 59, &seconds))
            return false;
    }
    *ret_seconds = (hours * 3600 + minutes * 60 + seconds) * (is_negative ? -1 : 1);
    return true;
}

// "CET" or "<+03>"; names are not needed.
static bool skip_name(struct sv *rest)
{
    size_t length = 0;
    if (take_char(rest, '<')) {
        while (length < rest->len && rest->ptr[length] != '>')
            length++;
        if (length == rest->len)
            return false;
        rest->ptr += length + 1;
        rest->len -= length + 1;
        return true;
    }
    while (length < rest->len && ((rest->ptr[length] >= 'A' && rest->ptr[length] <= 'Z') ||
                                  (rest->ptr[length] >= 'a' && rest->ptr[length] <= 'z')))
        length++;
    rest->ptr += length;
    rest->len -= length;
    return length > 0;
}

static bool take_date(struct sv *rest, struct tzfile_date *date)
{
    *date = (struct tzfile_date){.form = 'D', .time_s = INT64_C(2) * 3600};
    bool is_good;
    if (take_char(rest, 'M')) {
        date->form = 'M';
        is_good = take_number(rest, 12, &date->month) && date->month >= 1 && take_char(rest, '.') &&
                  take_number(rest, 5, &date->week) && date->week >= 1 && take_char(rest, '.') &&
                  take_number(rest, 6, &date->day);
    } else if (take_char(rest, 'J')) {
        date->form = 'J';
        is_good = take_number(rest, 365, &date->day) && date->day >= 1;
    } else {
        is_good = take_number(rest, 365, &date->day);
    }
    if (is_good && take_char(rest, '/'))
        is_good = take_clock(rest, &date->time_s);
    return is_good;
}

// POSIX counts offsets westward; an hour ahead is the default for summer time.
static bool take_rule(struct sv text, struct tzfile_rule *rule)
{
    int64_t west_s;
    *rule = (struct tzfile_rule){.exists = text.len > 0};
    if (text.len == 0)
        return true;
    if (!skip_name(&text) || !take_clock(&text, &west_s))
        return false;
    rule->standard_s = -west_s;
    if (text.len == 0)
        return true;
    rule->has_summer = true;
    rule->summer_s = rule->standard_s + 3600;
    if (!skip_name(&text))
        return false;
    if (text.len > 0 && text.ptr[0] != ',') {
        if (!take_clock(&text, &west_s))
            return false;
        rule->summer_s = -west_s;
    }
    return take_char(&text, ',') && take_date(&text, &rule->start) && take_char(&text, ',') &&
           take_date(&text, &rule->end) && text.len == 0;
}

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

// The local wall clock's reading, as seconds since 1970, at which this date comes in that year.
static int64_t date_in_year(const struct tzfile_date *date, int32_t year)
{
    int64_t days = civil_date_to_days((struct civil_date){year, 1, 1});
    if (date->form == 'J') {
        bool is_after_leap_day = date->day >= 60 && civil_month_days(year, 2) == 29;
        days += date->day - 1 + is_after_leap_day;
    } else if (date->form == 'D') {
        days += date->day;
    } else {
        days = civil_date_to_days((struct civil_date){year, date->month, 1});
        int64_t weekday = days + 4 - floor_divide(days + 4, 7) * 7; // 1970-01-01 was a Thursday
        int64_t day = (date->day - weekday + 7) % 7 + (date->week - 1) * 7;
        if (day >= civil_month_days(year, date->month)) // week 5 is the last
            day -= 7;
        days += day;
    }
    return days * 86400 + date->time_s;
}

// The last change at or before the moment and the first after it, among those of the years around it.
static struct tzfile_segment rule_segment(const struct tzfile_rule *rule, int64_t unix_s)
{
    struct tzfile_segment segment = {rule->standard_s, INT64_MAX};
    if (!rule->has_summer)
        return segment;
    int64_t days = floor_divide(unix_s + rule->standard_s, 86400);
    int32_t year = civil_date_from_days(days).year - 1;
    int64_t begun_s = INT64_MIN;
    for (int32_t i = 0; i < TZFILE_RULE_YEARS; i++, year++) {
        const struct tzfile_change changes[] = {
            {date_in_year(&rule->start, year) - rule->standard_s, rule->summer_s},
            {date_in_year(&rule->end, year) - rule->summer_s, rule->standard_s},
        };
        for (size_t c = 0; c < TILL_COUNT(changes); c++) {
            if (changes[c].at_s > unix_s && changes[c].at_s < segment.end_s)
                segment.end_s = changes[c].at_s;
            if (changes[c].at_s <= unix_s && changes[c].at_s >= begun_s) {
                begun_s = changes[c].at_s;
                segment.offset_s = changes[c].offset_s;
            }
        }
    }
    return segment;
}

struct tzfile_segment tzfile_segment(const struct tzfile *file, int64_t unix_s)
{
    size_t low = 0, high = file->count; // the first change after the moment is in [low, high]
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (file->changes[middle].at_s <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == file->count && file->rule.exists)
        return rule_segment(&file->rule, unix_s);
    return (struct tzfile_segment){
        low > 0 ? file->changes[low - 1].offset_s : file->first_offset_s,
        low < file->count ? file->changes[low].at_s : INT64_MAX,
    };
}

// The pieces of the version 2 part, still as bytes.
struct tzfile_parts {
    struct tzfile_counts counts;
    struct sv times, indexes, types, footer;
};

static bool tzfile_split(struct sv rest, struct tzfile_parts *parts)
{
    struct tzfile_counts *n = &parts->counts;
    struct sv skipped;
    if (!take_header(&rest, n) ||
        !take_bytes(&rest, n->time * 5 + n->type * 6 + n->chars + n->leap * 8 + n->isstd + n->isut,
                    &skipped) ||
        !take_header(&rest, n) || n->leap != 0 || n->type == 0 ||
        !take_bytes(&rest, n->time * 8, &parts->times) ||
        !take_bytes(&rest, n->time, &parts->indexes) ||
        !take_bytes(&rest, n->type * 6, &parts->types) ||
        !take_bytes(&rest, n->chars + n->isstd + n->isut, &skipped))
        return false;
    return take_char(&rest, '\n') && sv_split(&rest, '\n', &parts->footer) && rest.ptr != NULL;
}

// False for an index that is not in the file, or an offset that no place has.
static bool tzfile_offset(const struct tzfile_parts *parts, size_t index, int64_t *ret_offset_s)
{
    if (index >= parts->counts.type)
        return false;
    *ret_offset_s = big_endian(parts->types.ptr + 6 * index, 4);
    return *ret_offset_s > -TZFILE_MAX_OFFSET_S && *ret_offset_s < TZFILE_MAX_OFFSET_S;
}

static bool tzfile_fill(struct tzfile *file, const struct tzfile_parts *parts)
{
    file->count = parts->counts.time;
    if (!take_rule(parts->footer, &file->rule) || !tzfile_offset(parts, 0, &file->first_offset_s))
        return false;
    for (size_t i = 0; i < file->count; i++) {
        struct tzfile_change *change = &file->changes[i];
        change->at_s = big_endian(parts->times.ptr + 8 * i, 8);
        if ((i > 0 && change->at_s <= change[-1].at_s) ||
            !tzfile_offset(parts, (unsigned char)parts->indexes.ptr[i], &change->offset_s))
            return false;
    }
    return true;
}

static enum till_code tzfile_parse(struct sv bytes, struct tzfile **ret_file, struct till_error *e)
{
    struct tzfile_parts parts;
    struct tzfile *file = NULL;
    if (tzfile_split(bytes, &parts)) {
        file = till_calloc(1, sizeof *file + parts.counts.time * sizeof file->changes[0]);
        if (file == NULL)
            return TILL_FAIL_MEMORY(e);
        if (!tzfile_fill(file, &parts)) {
            till_free(file);
            file = NULL;
        }
    }
    *ret_file = file;
    return TILL_OK;
}

// Only what zone names are made of, so that no name leads out of the folder.
static bool name_is_safe(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    size_t length = strlen(name);
    return length > 0 && length < TZFILE_NAME_BYTES && name[0] != '/' &&
           strspn(name, letters) == length;
}

enum till_code tzfile_open(const char *name, struct tzfile **ret_file, struct till_error *e)
{
    const char *folder = getenv("TZDIR");
    AUTO_BUF path, bytes;
    buf_init(&path, TILL_LIMIT_PATH_BYTES);
    buf_init(&bytes, TILL_LIMIT_ZONE_FILE_BYTES);
    if (!name_is_safe(name)) {
        *ret_file = NULL;
        return TILL_OK;
    }
    buf_format(&path, "%s/%s", folder != NULL && folder[0] != '\0' ? folder : "/usr/share/zoneinfo",
               name);
    if (buf_fail(&path, "a time zone", e) == TILL_MEMORY)
        return e->code;
    struct till_error why = {0};
    enum till_code code = path.failure != TILL_OK ? TILL_LIMIT : fs_read(path.data, &bytes, &why);
    if (code == TILL_MEMORY)
        return TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        return tzfile_parse((struct sv){bytes.data, bytes.len}, ret_file, e);
    *ret_file = NULL;
    return TILL_OK;
}

void tzfile_close(struct tzfile *file)
{
    till_free(file);
}
