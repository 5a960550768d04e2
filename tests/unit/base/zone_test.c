// SPDX-License-Identifier: Apache-2.0
// zone_test.c - time zones: names, dates, and days that begin late, twice, or not at all.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/fault.h"
#include "base/timestamp.h"
#include "base/zone.h"

static struct zone *open_zone(const char *name)
{
    struct zone *zone = NULL;
    struct till_error e = {0};
    if (zone_open(name, &zone, &e) != TILL_OK)
        fail_msg("%s", e.text);
    return zone;
}

static int64_t at(const char *text)
{
    int64_t unix_us = 0;
    assert_true(timestamp_parse(sv_of(text), &unix_us));
    return unix_us;
}

static void offsets(void **state TILL_UNUSED)
{
    struct zone *zone = open_zone("Europe/Vienna");
    assert_true(zone_offset_us(zone, at("2026-01-01T00:00:00Z")) == 3600 * INT64_C(1000000));
    assert_true(zone_offset_us(zone, at("2026-07-01T00:00:00Z")) == 7200 * INT64_C(1000000));
    assert_true(zone_offset_us(zone, at("2026-03-29T00:59:59Z")) == 3600 * INT64_C(1000000));
    assert_true(zone_offset_us(zone, at("2026-03-29T01:00:00Z")) == 7200 * INT64_C(1000000));
    zone_close(zone);
}

static void names(void **state TILL_UNUSED)
{
    static const char *const good[] = {
        "UTC",        "Europe/Berlin", "America/Argentina/Buenos_Aires",
        "US/Eastern", "Asia/Calcutta", "Etc/GMT+5"};
    static const char *const bad[][2] = {{"Europe/Berln", "Europe/Berlin"},
                                         {"berlin", "Europe/Berlin"},
                                         {"new york", "America/New_York"},
                                         {"GMT+5:30", ""},
                                         {"Etc/Unknown", ""},
                                         {"nowhere at all", "IANA"},
                                         {"../../etc/passwd", "IANA"},
                                         {"\xFF\xFE", ""}};
    for (size_t i = 0; i < TILL_COUNT(good); i++) {
        struct zone *zone = open_zone(good[i]);
        assert_string_equal(zone_name(zone), good[i]);
        zone_close(zone);
    }
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        struct zone *zone = NULL;
        struct till_error e = {0};
        assert_int_equal(zone_open(bad[i][0], &zone, &e), TILL_CONFIG);
        assert_null(zone);
        assert_non_null(strstr(e.hint, bad[i][1]));
        assert_true(e.hint[0] != '\0');
    }
    char long_name[300];
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    struct zone *zone = NULL;
    struct till_error e = {0};
    assert_int_equal(zone_open(long_name, &zone, &e), TILL_CONFIG);
    zone_close(NULL);
}

static void the_systems_zone(void **state TILL_UNUSED)
{
    static const char *const cases[][2] = {{"Asia/Tokyo", "Asia/Tokyo"},
                                           {":Asia/Tokyo", "Asia/Tokyo"},
                                           {"/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"},
                                           {":/usr/share/zoneinfo/posix/Asia/Tokyo", "Asia/Tokyo"},
                                           {"", "UTC"},
                                           {"UTC0", "UTC"}};
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        setenv("TZ", cases[i][0], 1);
        struct zone *zone = open_zone(i % 2 == 0 ? NULL : "");
        assert_string_equal(zone_name(zone), cases[i][1]);
        zone_close(zone);
    }
    struct zone *zone = NULL;
    struct till_error e = {0};
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    assert_int_equal(zone_open(NULL, &zone, &e), TILL_CONFIG);
    assert_true(e.hint[0] != '\0');
    setenv("TZ", "/nowhere", 1);
    assert_int_equal(zone_open(NULL, &zone, &e), TILL_CONFIG);
    unsetenv("TZ");
    zone = open_zone(NULL);
    assert_true(zone_name(zone)[0] != '\0');
    zone_close(zone);
}

static void dates(void **state TILL_UNUSED)
{
    static const struct {
        const char *zone, *moment;
        struct civil_date date;
    } cases[] = {
        {"UTC", "1970-01-01T00:00:00Z", {1970, 1, 1}},
        {"UTC", "1969-12-31T23:59:59.999999Z", {1969, 12, 31}},
        {"UTC", "0001-01-01T00:00:00Z", {1, 1, 1}},
        {"UTC", "9999-12-31T23:59:59.999999Z", {9999, 12, 31}},
        {"Asia/Tokyo", "2026-02-28T14:59:59.999999Z", {2026, 2, 28}},
        {"Asia/Tokyo", "2026-02-28T15:00:00Z", {2026, 3, 1}},
        {"America/New_York", "2026-03-08T04:59:59Z", {2026, 3, 7}},
        {"America/New_York", "2026-03-09T03:59:59Z", {2026, 3, 8}},
        {"America/New_York", "2026-03-09T04:00:00Z", {2026, 3, 9}},
        {"America/New_York", "2050-07-01T04:00:00Z", {2050, 7, 1}},
        {"America/New_York", "2050-07-01T03:59:59Z", {2050, 6, 30}},
        {"Europe/Berlin", "1500-01-01T12:00:00Z", {1500, 1, 1}}, // Gregorian, not Julian
        {"Pacific/Kiritimati", "9999-12-31T23:00:00Z", {10000, 1, 1}},
        {"Pacific/Apia", "2011-12-30T09:59:59Z", {2011, 12, 29}},
        {"Pacific/Apia", "2011-12-30T10:00:00Z", {2011, 12, 31}},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        struct zone *zone = open_zone(cases[i].zone);
        struct civil_date date = zone_date(zone, at(cases[i].moment));
        if (date.year != cases[i].date.year || date.month != cases[i].date.month ||
            date.day != cases[i].date.day)
            fail_msg("%s in %s: %d-%d-%d", cases[i].moment, cases[i].zone, date.year, date.month,
                     date.day);
        zone_close(zone);
    }
}

static void day_starts(void **state TILL_UNUSED)
{
    static const struct {
        const char *zone;
        struct civil_date date;
        const char *moment;
    } cases[] = {
        {"UTC", {1, 1, 1}, "0001-01-01T00:00:00.000000Z"},
        {"UTC", {2024, 2, 29}, "2024-02-29T00:00:00.000000Z"},
        {"America/New_York", {2026, 3, 8}, "2026-03-08T05:00:00.000000Z"},
        {"America/New_York", {2026, 3, 9}, "2026-03-09T04:00:00.000000Z"},
        {"America/New_York", {2050, 7, 1}, "2050-07-01T04:00:00.000000Z"},
        // begins with a gap: 00:00 does not exist
        {"America/Sao_Paulo", {2018, 11, 4}, "2018-11-04T03:00:00.000000Z"},
        {"America/Sao_Paulo", {2018, 11, 5}, "2018-11-05T02:00:00.000000Z"},
        {"Africa/Cairo", {2014, 5, 16}, "2014-05-15T22:00:00.000000Z"},
        {"Asia/Beirut", {2021, 3, 28}, "2021-03-27T22:00:00.000000Z"},
        // the day before ends with an hour that comes twice
        {"America/Sao_Paulo", {2018, 2, 18}, "2018-02-18T03:00:00.000000Z"},
        {"Africa/Cairo", {2014, 9, 26}, "2014-09-25T22:00:00.000000Z"},
        // midnight itself comes twice: the first
        {"America/Havana", {2021, 11, 7}, "2021-11-07T04:00:00.000000Z"},
        {"Atlantic/Azores", {2021, 10, 31}, "2021-10-31T00:00:00.000000Z"},
        // 00:01 went back to 23:01: the minute belongs to the day, so it begins there
        {"America/St_Johns", {2006, 10, 29}, "2006-10-29T02:30:00.000000Z"},
        // days that were skipped at the date line: the start of the next
        {"Pacific/Apia", {2011, 12, 29}, "2011-12-29T10:00:00.000000Z"},
        {"Pacific/Apia", {2011, 12, 30}, "2011-12-30T10:00:00.000000Z"},
        {"Pacific/Apia", {2011, 12, 31}, "2011-12-30T10:00:00.000000Z"},
        {"Pacific/Kwajalein", {1993, 8, 21}, "1993-08-21T12:00:00.000000Z"},
        // half and quarter hours, local mean time
        {"Asia/Kathmandu", {2026, 1, 1}, "2025-12-31T18:15:00.000000Z"},
        {"Australia/Lord_Howe", {2026, 10, 4}, "2026-10-03T13:30:00.000000Z"},
        {"Europe/Berlin", {1800, 1, 1}, "1799-12-31T23:06:32.000000Z"},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        struct zone *zone = open_zone(cases[i].zone);
        char text[TIMESTAMP_BYTES + 1] = "";
        timestamp_format(zone_day_start_us(zone, cases[i].date), text);
        if (strcmp(text, cases[i].moment) != 0)
            fail_msg("%s %d-%d-%d: %s, not %s", cases[i].zone, cases[i].date.year,
                     cases[i].date.month, cases[i].date.day, text, cases[i].moment);
        zone_close(zone);
    }
}

// Rules that changed after many systems' ICU was built must come from the system's own, fresher data.
static void recent_rules(void **state TILL_UNUSED)
{
    static const struct {
        const char *zone;
        struct civil_date date;
        const char *moment;
    } cases[] = {
        {"America/Mexico_City",
         {2023, 7, 1},
         "2023-07-01T06:00:00.000000Z"}, // no summer time since 2022f
        {"Africa/Cairo",
         {2023, 4, 28},
         "2023-04-27T22:00:00.000000Z"}, // begins at 01:00, since 2023c
        {"Africa/Cairo", {2023, 7, 1}, "2023-06-30T21:00:00.000000Z"},
        {"Asia/Almaty", {2024, 7, 1}, "2024-06-30T19:00:00.000000Z"}, // UTC+5 since 2024a
        {"America/Asuncion",
         {2025, 7, 1},
         "2025-07-01T03:00:00.000000Z"}, // -3 for good since 2024b
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        struct zone *zone = open_zone(cases[i].zone);
        char text[TIMESTAMP_BYTES + 1] = "";
        timestamp_format(zone_day_start_us(zone, cases[i].date), text);
        if (strcmp(text, cases[i].moment) != 0)
            fail_msg("%s: %s, not %s", cases[i].zone, text, cases[i].moment);
        zone_close(zone);
    }
}

// For every day of a century: the start has that date (or, for skipped days, the next), the microsecond before has an earlier one.
static void check_starts(int64_t stride_days)
{
    static const char *const zones[] = {
        "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia",       "UTC",
        "America/Santiago",  "Asia/Tehran",  "Australia/Lord_Howe"};
    for (size_t z = 0; z < TILL_COUNT(zones); z++) {
        struct zone *zone = open_zone(zones[z]);
        int64_t previous_us = INT64_MIN;
        for (int64_t day = -20000; day < 30000; day += stride_days) {
            int64_t start_us = zone_day_start_us(zone, civil_date_from_days(day));
            int64_t found = civil_date_to_days(zone_date(zone, start_us));
            int64_t before = civil_date_to_days(zone_date(zone, start_us - 1));
            if (start_us < previous_us || found < day || found > day + 1 || before >= day)
                fail_msg("%s day %lld", zones[z], (long long)day);
            previous_us = start_us;
        }
        zone_close(zone);
    }
}

static void starts_and_dates_agree(void **state TILL_UNUSED)
{
    check_starts(1);
}

// Where the system has no zone data, ICU's serve, and old names work too.
static void without_the_systems_data(void **state)
{
    setenv("TZDIR", "/nonexistent", 1);
    names(state);
    dates(state);
    day_starts(state);
    check_starts(7);
    struct zone *zone = open_zone("America/New_York");
    (void)zone_date(zone, INT64_MAX);
    (void)zone_date(zone, INT64_MIN);
    (void)zone_day_start_us(zone, (struct civil_date){294247, 1, 10});
    zone_close(zone);
    unsetenv("TZDIR");
}

static void extremes_do_not_overflow(void **state TILL_UNUSED)
{
    struct zone *zone = open_zone("America/New_York");
    (void)zone_date(zone, INT64_MAX);
    (void)zone_date(zone, INT64_MIN);
    (void)zone_day_start_us(zone, (struct civil_date){INT32_MAX, 12, 31});
    (void)zone_day_start_us(zone, (struct civil_date){INT32_MIN, 1, 1});
    (void)zone_day_start_us(zone, (struct civil_date){294247, 1, 10});
    (void)zone_day_start_us(zone, (struct civil_date){-290308, 12, 21});
    zone_close(zone);
}

#ifdef TILL_FAULTS
static void out_of_memory_at_every_point(void **state TILL_UNUSED)
{
    for (long nth = 1;; nth++) {
        struct zone *zone = NULL;
        struct till_error e = {0};
        fault_arm("malloc", nth, false);
        enum till_code code = zone_open("Europe/Berlin", &zone, &e);
        bool was_reached = fault_passages("malloc") >= nth;
        fault_disarm();
        if (!was_reached) {
            assert_int_equal(code, TILL_OK);
            zone_close(zone);
            assert_true(nth > 1);
            return;
        }
        assert_int_equal(code, TILL_MEMORY);
        assert_null(zone);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(offsets),
        cmocka_unit_test(the_systems_zone),
        cmocka_unit_test(dates),
        cmocka_unit_test(day_starts),
        cmocka_unit_test(recent_rules),
        cmocka_unit_test(starts_and_dates_agree),
        cmocka_unit_test(without_the_systems_data),
        cmocka_unit_test(extremes_do_not_overflow),
#ifdef TILL_FAULTS
        cmocka_unit_test(out_of_memory_at_every_point),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
