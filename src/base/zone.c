// SPDX-License-Identifier: Apache-2.0
// zone.c - local days in a time zone.
//
// A zone is a row of segments, each with one offset from UTC, from the system's own data (tzfile.h) or else from ICU's. Dates are
// computed here from the offset, because ICU's own calendar turns Julian before 1582. A minute of a day is the first moment t of any
// segment with t + offset >= that minute, the start of a day its first: right on ordinary days, where midnight falls into a gap (the first moment after it),
// where it comes twice (the earlier), and for the days that islands skipped when they moved across the date line (the start of the next).
#include "base/zone.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ucal.h>
#include <unicode/uenum.h>
#include <unicode/ustring.h>

#include "base/fault.h"
#include "base/sv.h"
#include "base/tzfile.h"

enum {
    ZONE_NAME_BYTES = 64,
    ZONE_DAY_SEGMENTS = 16, // segments that may touch two days; two is the usual maximum
    ZONE_SUGGEST_DISTANCE = 3,
};

static const int64_t hour_us = INT64_C(3600) * 1000000;

struct zone {
    char name[ZONE_NAME_BYTES];
    struct tzfile *file; // the system's data; NULL when it has none
    UCalendar *calendar; // ICU's, asked for offsets only; NULL when there is a file
};

struct zone_segment {
    int64_t offset_us, end_us; // end_us: INT64_MAX when it never ends
};

static bool zone_units(const char *name, UChar ret_units[static ZONE_NAME_BYTES])
{
    UErrorCode status = U_ZERO_ERROR;
    u_strFromUTF8(ret_units, ZONE_NAME_BYTES, NULL, name, -1, &status);
    return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING;
}

// An IANA name or one of its old aliases; not ICU's "GMT+5" kind, nor its word for not knowing.
static bool icu_knows(const char *name, char ret_canonical[static ZONE_NAME_BYTES])
{
    UErrorCode status = U_ZERO_ERROR;
    UChar units[ZONE_NAME_BYTES], canonical[ZONE_NAME_BYTES];
    UBool is_system = false;
    if (strcmp(name, "Etc/Unknown") == 0 || !zone_units(name, units))
        return false;
    int32_t length =
        ucal_getCanonicalTimeZoneID(units, -1, canonical, ZONE_NAME_BYTES, &is_system, &status);
    if (U_SUCCESS(status) && is_system)
        u_strToUTF8(ret_canonical, ZONE_NAME_BYTES, NULL, canonical, length, &status);
    return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING && is_system;
}

// Fills file or calendar of a zone whose name is set; neither when nobody knows the name. Systems without the package of old names know
// such a zone only by the canonical one.
static enum till_code zone_load(struct zone *zone, struct till_error *e)
{
    char canonical[ZONE_NAME_BYTES];
    enum till_code code = tzfile_open(zone->name, &zone->file, e);
    if (code != TILL_OK || zone->file != NULL || !icu_knows(zone->name, canonical))
        return code;
    code = tzfile_open(canonical, &zone->file, e);
    if (code != TILL_OK || zone->file != NULL)
        return code;
    UErrorCode status = U_ZERO_ERROR;
    UChar units[ZONE_NAME_BYTES];
    if (zone_units(zone->name, units))
        zone->calendar = ucal_open(units, -1, "en_US", UCAL_GREGORIAN, &status);
    if (status == U_MEMORY_ALLOCATION_ERROR)
        return TILL_FAIL_MEMORY(e);
    return TILL_OK;
}

// How far a person's word is from a zone: its whole name or its last part ("berlin") may be meant.
static size_t zone_distance(struct sv word, struct sv name)
{
    size_t whole = sv_edit_distance(word, name);
    const char *slash = memrchr(name.ptr, '/', name.len);
    if (slash == NULL)
        return whole;
    struct sv last = {slash + 1, name.len - (size_t)(slash + 1 - name.ptr)};
    size_t part = sv_edit_distance(word, last);
    return part < whole ? part : whole;
}

static void zone_suggest(const char *word, struct till_error *e)
{
    UErrorCode status = U_ZERO_ERROR;
    char best[ZONE_NAME_BYTES] = "";
    size_t best_distance = ZONE_SUGGEST_DISTANCE;
    UEnumeration *names =
        ucal_openTimeZoneIDEnumeration(UCAL_ZONE_TYPE_CANONICAL, NULL, NULL, &status);
    int32_t length;
    const char *name;
    while (U_SUCCESS(status) && (name = uenum_next(names, &length, &status)) != NULL) {
        struct sv candidate = {name, (size_t)length};
        size_t distance = zone_distance(sv_of(word), candidate);
        if (distance < best_distance && candidate.len < sizeof best) {
            best_distance = distance;
            memcpy(best, candidate.ptr, candidate.len);
            best[candidate.len] = '\0';
        }
    }
    uenum_close(names);
    if (best[0] != '\0')
        till_error_hint(e, "did you mean \"%s\"?", best);
    else
        till_error_hint(e, "use an IANA name such as \"Europe/Berlin\" or \"UTC\"");
}

// The zone's name in a path such as /usr/share/zoneinfo/Europe/Berlin; NULL when it holds none.
static const char *zone_name_in_path(const char *path)
{
    static const char folder[] = "zoneinfo/";
    const char *found = strstr(path, folder);
    if (found == NULL)
        return NULL;
    const char *name = found + sizeof folder - 1;
    if (strncmp(name, "posix/", 6) == 0 || strncmp(name, "right/", 6) == 0)
        name += 6;
    return name;
}

// What $TZ names: "Europe/Berlin", ":Europe/Berlin", or a path; POSIX: an empty one is UTC.
static const char *zone_name_of_environment(const char *value)
{
    const char *name = value[0] == ':' ? value + 1 : value;
    if (name[0] == '\0' || strcmp(name, "UTC0") == 0)
        return "UTC";
    if (name[0] == '/')
        name = zone_name_in_path(name);
    return name != NULL ? name : value;
}

// The name of /etc/localtime, a link to the zone; for a copy ICU compares contents.
static const char *zone_name_of_system(char scratch[static PATH_MAX])
{
    if (realpath("/etc/localtime", scratch) != NULL && zone_name_in_path(scratch) != NULL)
        return zone_name_in_path(scratch);
    UErrorCode status = U_ZERO_ERROR;
    UChar units[ZONE_NAME_BYTES];
    int32_t length = ucal_getHostTimeZone(units, ZONE_NAME_BYTES, &status);
    if (U_FAILURE(status) || length >= ZONE_NAME_BYTES)
        return "UTC";
    u_strToUTF8(scratch, PATH_MAX, NULL, units, length, &status);
    return U_FAILURE(status) || strcmp(scratch, "Etc/Unknown") == 0 ? "UTC" : scratch;
}

// *ret_zone is NULL when nobody knows the name.
static enum till_code zone_open_exactly(const char *name, struct zone **ret_zone,
                                        struct till_error *e)
{
    *ret_zone = NULL;
    size_t length = strlen(name);
    if (length == 0 || length >= ZONE_NAME_BYTES)
        return TILL_OK;
    struct zone *zone = till_calloc(1, sizeof *zone);
    if (zone == NULL)
        return TILL_FAIL_MEMORY(e);
    memcpy(zone->name, name, length);
    enum till_code code = zone_load(zone, e);
    if (code != TILL_OK || (zone->file == NULL && zone->calendar == NULL)) {
        zone_close(zone);
        return code;
    }
    *ret_zone = zone;
    return TILL_OK;
}

enum till_code zone_open(const char *name, struct zone **ret_zone, struct till_error *e)
{
    char scratch[PATH_MAX];
    struct zone *zone;
    bool is_wanted = name != NULL && name[0] != '\0';
    const char *environment = is_wanted ? NULL : getenv("TZ");
    if (environment != NULL)
        name = zone_name_of_environment(environment);
    else if (!is_wanted)
        name = zone_name_of_system(scratch);
    enum till_code code = zone_open_exactly(name, &zone, e);
    if (code == TILL_OK && zone == NULL && !is_wanted && environment == NULL)
        code = zone_open_exactly("UTC", &zone, e);
    if (code != TILL_OK)
        return code;
    if (zone == NULL) {
        TILL_FAIL(e, TILL_CONFIG, 0, "unknown time zone \"%s\"%s", name,
                  environment != NULL ? " in the environment variable TZ" : "");
        zone_suggest(name, e);
        return e->code;
    }
    *ret_zone = zone;
    return TILL_OK;
}

void zone_close(struct zone *zone)
{
    if (zone == NULL)
        return;
    tzfile_close(zone->file);
    if (zone->calendar != NULL)
        ucal_close(zone->calendar);
    till_free(zone);
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static int64_t saturated_us(int64_t seconds)
{
    int64_t us;
    return __builtin_mul_overflow(seconds, 1000000, &us) ? (seconds < 0 ? INT64_MIN : INT64_MAX)
                                                         : us;
}

// ICU counts in milliseconds.
static struct zone_segment zone_segment_of_icu(const struct zone *zone, int64_t unix_us)
{
    UErrorCode status = U_ZERO_ERROR;
    UDate next_ms;
    ucal_setMillis(zone->calendar, (double)floor_divide(unix_us, 1000), &status);
    int32_t offset_ms = ucal_get(zone->calendar, UCAL_ZONE_OFFSET, &status) +
                        ucal_get(zone->calendar, UCAL_DST_OFFSET, &status);
    struct zone_segment segment = {(int64_t)offset_ms * 1000, INT64_MAX};
    if (ucal_getTimeZoneTransitionDate(zone->calendar, UCAL_TZ_TRANSITION_NEXT, &next_ms,
                                       &status) &&
        U_SUCCESS(status) && next_ms < (double)(INT64_MAX / 1000))
        segment.end_us = (int64_t)next_ms * 1000;
    return segment;
}

// The segment that holds this moment.
static struct zone_segment zone_segment(const struct zone *zone, int64_t unix_us)
{
    if (zone->file == NULL)
        return zone_segment_of_icu(zone, unix_us);
    struct tzfile_segment segment = tzfile_segment(zone->file, floor_divide(unix_us, 1000000));
    return (struct zone_segment){segment.offset_s * 1000000, saturated_us(segment.end_s)};
}

int64_t zone_offset_us(const struct zone *zone, int64_t unix_us)
{
    return zone_segment(zone, unix_us).offset_us;
}

struct civil_date zone_date(const struct zone *zone, int64_t unix_us)
{
    int64_t local_us;
    if (__builtin_add_overflow(unix_us, zone_offset_us(zone, unix_us), &local_us))
        local_us = unix_us;
    return civil_date_from_days(floor_divide(local_us, 24 * hour_us));
}

int64_t zone_day_start_us(const struct zone *zone, struct civil_date date)
{
    return zone_minute_us(zone, date, 0);
}

int64_t zone_minute_us(const struct zone *zone, struct civil_date date, int minute)
{
    int64_t local_us;
    if (__builtin_mul_overflow(civil_date_to_days(date), 24 * hour_us, &local_us) ||
        __builtin_add_overflow(local_us, minute * (hour_us / 60), &local_us))
        return date.year < 0 ? INT64_MIN : INT64_MAX;
    // No offset was ever beyond 16 hours; the date line makes it 24 once more.
    int64_t start_us;
    if (__builtin_sub_overflow(local_us, 40 * hour_us, &start_us))
        return local_us;
    for (int i = 0; i < ZONE_DAY_SEGMENTS; i++) {
        struct zone_segment segment = zone_segment(zone, start_us);
        int64_t first_us;
        if (__builtin_sub_overflow(local_us, segment.offset_us, &first_us))
            return local_us;
        if (first_us < start_us)
            first_us = start_us;
        if (first_us < segment.end_us)
            return first_us;
        start_us = segment.end_us;
    }
    return start_us;
}
