// SPDX-License-Identifier: Apache-2.0
// due_test.c - which digest is due: against clocks that are read quarter by quarter, over a year, in every zone; and the times of further tries.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/timestamp.h"
#include "deliver/deliver.h"

static const int64_t minute_us = INT64_C(60) * 1000000, hour_us = INT64_C(3600) * 1000000;

static struct zone *open_zone(const char *name)
{
    struct till_error e = {0};
    struct zone *zone = NULL;
    if (zone_open(name, &zone, &e))
        fail_msg("%s: %s", name, e.text);
    return zone;
}

static int64_t at(const char *text)
{
    int64_t unix_us = 0;
    assert_true(timestamp_parse(sv_of(text), &unix_us));
    return unix_us;
}

static void assert_date(struct civil_date date, const char *text)
{
    char shown[32];
    (void)snprintf(shown, sizeof shown, "%04d-%02d-%02d", date.year, date.month, date.day);
    assert_string_equal(text, shown);
}

static const struct store_digest_schedule every_day = {
    .is_on = true, .minute = 8 * 60, .weekdays = 0x7f, .weekly_weekday = 0};

static void test_days(void **state)
{
    struct zone *zone = open_zone("Europe/Berlin");
    struct deliver_due due;
    (void)state;
    deliver_due(&every_day, zone, STORE_DIGEST_DAY, at("2026-11-18T07:00:00Z"), &due);
    assert_true(due.is_due);
    assert_date(due.date, "2026-11-17");
    assert_int_equal(at("2026-11-18T07:00:00Z"), due.due_us);
    assert_int_equal(at("2026-11-19T07:00:00Z"), due.next_us);
    // A week of sleep: one, about the newest day.
    deliver_due(&every_day, zone, STORE_DIGEST_DAY, at("2026-11-25T15:00:00Z"), &due);
    assert_true(due.is_due);
    assert_date(due.date, "2026-11-24");
    // Its successor comes within two hours.
    deliver_due(&every_day, zone, STORE_DIGEST_DAY, at("2026-11-25T05:00:01Z"), &due);
    assert_false(due.is_due);
    assert_int_equal(at("2026-11-25T07:00:00Z"), due.next_us);
    deliver_due(&every_day, zone, STORE_DIGEST_DAY, at("2026-11-25T05:00:00Z"), &due);
    assert_true(due.is_due);
    assert_date(due.date, "2026-11-23");
    zone_close(zone);
}

static void test_weekdays(void **state)
{
    struct zone *zone = open_zone("UTC");
    struct store_digest_schedule schedule = every_day;
    struct deliver_due due;
    (void)state;
    schedule.weekdays = 0x1f; // Monday to Friday
    deliver_due(&schedule, zone, STORE_DIGEST_DAY, at("2026-11-22T12:00:00Z"), &due); // a Sunday
    assert_true(due.is_due);
    assert_date(due.date, "2026-11-19");
    assert_int_equal(at("2026-11-23T08:00:00Z"), due.next_us);
    deliver_due(&schedule, zone, STORE_DIGEST_DAY, at("2026-11-23T08:00:00Z"), &due);
    assert_date(due.date, "2026-11-22");
    deliver_due(&schedule, zone, STORE_DIGEST_WEEK, at("2026-11-22T12:00:00Z"), &due);
    assert_true(due.is_due);
    assert_date(due.date, "2026-11-15");
    assert_int_equal(at("2026-11-23T08:00:00Z"), due.next_us);
    schedule.weekly_weekday = 6;
    deliver_due(&schedule, zone, STORE_DIGEST_WEEK, at("2026-11-22T12:00:00Z"), &due);
    assert_date(due.date, "2026-11-21");
    schedule.weekly_weekday = -1;
    deliver_due(&schedule, zone, STORE_DIGEST_WEEK, at("2026-11-22T12:00:00Z"), &due);
    assert_false(due.is_due);
    assert_int_equal(INT64_MAX, due.next_us);
    schedule.weekdays = 0;
    deliver_due(&schedule, zone, STORE_DIGEST_DAY, at("2026-11-22T12:00:00Z"), &due);
    assert_false(due.is_due);
    assert_int_equal(INT64_MAX, due.next_us);
    schedule = every_day;
    schedule.is_on = false;
    deliver_due(&schedule, zone, STORE_DIGEST_DAY, at("2026-11-22T12:00:00Z"), &due);
    assert_false(due.is_due);
    assert_int_equal(INT64_MAX, due.next_us);
    zone_close(zone);
}

static void test_clock_changes(void **state)
{
    struct zone *zone = open_zone("Europe/Berlin");
    struct store_digest_schedule schedule = every_day;
    struct deliver_due due;
    (void)state;
    schedule.minute = 2 * 60 + 30; // skipped on 2026-03-29, twice on 2026-10-25
    deliver_due(&schedule, zone, STORE_DIGEST_DAY, at("2026-03-29T01:00:00Z"), &due);
    assert_true(due.is_due);
    assert_int_equal(at("2026-03-29T01:00:00Z"), due.due_us);
    assert_date(due.date, "2026-03-28");
    deliver_due(&schedule, zone, STORE_DIGEST_DAY, at("2026-03-29T00:59:59Z"), &due);
    assert_false(due.is_due);
    deliver_due(&schedule, zone, STORE_DIGEST_DAY, at("2026-10-25T00:30:00Z"), &due);
    assert_int_equal(at("2026-10-25T00:30:00Z"), due.due_us);
    deliver_due(&schedule, zone, STORE_DIGEST_DAY, at("2026-10-25T01:30:00Z"), &due);
    assert_int_equal(at("2026-10-25T00:30:00Z"), due.due_us);
    assert_date(due.date, "2026-10-24");
    zone_close(zone);
}

// ---- a year against clocks that are read quarter by quarter ----

enum { QUARTER_MINUTES = 15, DAYS = 372, DAY_MINUTES = 24 * 60 };

// When each day's minute comes, seen from the first day of the year minus three on; 0 = not in sight.
static void read_clocks(const struct zone *zone, int64_t first_day, int minute,
                        int64_t ret_moments[static DAYS])
{
    int64_t day = first_day;
    memset(ret_moments, 0, DAYS * sizeof *ret_moments);
    int64_t now_us = (first_day * 24 - 20) * hour_us;
    for (; day < first_day + DAYS; now_us += QUARTER_MINUTES * minute_us) {
        int64_t local_us = now_us + zone_offset_us(zone, now_us);
        while (day < first_day + DAYS && local_us >= (day * DAY_MINUTES + minute) * minute_us)
            ret_moments[day++ - first_day] = now_us;
    }
}

static void check_moment(const struct zone *zone, int minute, const int64_t *moments, int64_t first,
                         int day)
{
    struct store_digest_schedule schedule = every_day;
    struct deliver_due due;
    schedule.minute = minute;
    deliver_due(&schedule, zone, STORE_DIGEST_DAY, moments[day], &due);
    if (moments[day + 1] == moments[day]) // a day that does not exist
        return;
    bool is_alone = moments[day + 1] - moments[day] >= 2 * hour_us;
    if (due.is_due != is_alone || due.next_us != moments[day + 1] ||
        (is_alone &&
         (due.due_us != moments[day] || civil_date_to_days(due.date) != first + day - 1)))
        fail_msg("%s, minute %d, day %d", zone_name(zone), minute, day);
    deliver_due(&schedule, zone, STORE_DIGEST_DAY, moments[day] - 1, &due);
    if (due.is_due || due.next_us != moments[day])
        fail_msg("%s, minute %d, before day %d", zone_name(zone), minute, day);
}

static void check_zone(const char *name)
{
    static const int minutes[] = {0, 105, 150, 480, 1425};
    int64_t moments[DAYS];
    struct zone *zone = open_zone(name);
    int64_t first = civil_date_to_days((struct civil_date){2025, 12, 29});
    for (size_t i = 0; i < TILL_COUNT(minutes); i++) {
        read_clocks(zone, first, minutes[i], moments);
        for (int day = 1; day + 1 < DAYS; day++)
            check_moment(zone, minutes[i], moments, first, day);
    }
    zone_close(zone);
}

static void test_a_year_everywhere(void **state)
{
    static const char *const names[] = {"UTC",
                                        "Europe/Berlin",
                                        "America/New_York",
                                        "America/St_Johns",
                                        "Asia/Kolkata",
                                        "Asia/Kathmandu",
                                        "Australia/Lord_Howe",
                                        "Pacific/Chatham",
                                        "Africa/Casablanca",
                                        "Pacific/Kiritimati",
                                        "America/Nuuk",
                                        "America/Havana"};
    char line[512];
    int count = 0;
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(names); i++)
        check_zone(names[i]);
    FILE *file = fopen("/usr/share/zoneinfo/zone1970.tab", "r");
    while (file && fgets(line, sizeof line, file)) {
        char *name = line[0] == '#' ? NULL : strchr(line, '\t');
        name = name ? strchr(name + 1, '\t') : NULL;
        if (!name)
            continue;
        name++;
        name[strcspn(name, "\t\n")] = '\0';
        check_zone(name);
        count++;
    }
    if (file)
        assert_int_equal(0, fclose(file));
    print_message("%d zones\n", count);
}

// Each day once, whatever the machine does: asked every 97 minutes over a year of which it sleeps half.
static void test_each_once(void **state)
{
    struct zone *zone = open_zone("America/New_York");
    int64_t now_us = at("2026-01-05T00:00:00Z"), end_us = at("2027-01-05T00:00:00Z"), last = 0;
    int sent = 0;
    (void)state;
    for (int i = 0; now_us < end_us; i++) {
        struct deliver_due due;
        deliver_due(&every_day, zone, STORE_DIGEST_DAY, now_us, &due);
        if (due.is_due && civil_date_to_days(due.date) != last) {
            assert_true(civil_date_to_days(due.date) > last);
            assert_int_equal(civil_date_to_days(zone_date(zone, due.due_us)) - 1,
                             civil_date_to_days(due.date));
            last = civil_date_to_days(due.date);
            sent++;
        }
        now_us += 97 * minute_us + (i % 50 == 49 ? 4 * 24 * hour_us : 0);
    }
    assert_in_range(sent, 120, 250);
    zone_close(zone);
}

static void test_retries(void **state)
{
    int64_t now_us = at("2026-11-18T07:00:00Z"), all_us = 0;
    (void)state;
    for (int tries = 1; tries < TILL_LIMIT_CHANNEL_TRIES; tries++) {
        int64_t least_us = (tries < 7 ? INT64_C(1) << (tries - 1) : 60) * minute_us;
        for (uint64_t seed = 0; seed < 100; seed++) {
            int64_t wait_us =
                deliver_retry_us(tries, -1, seed * UINT64_C(0x9e3779b97f4a7c15), now_us) - now_us;
            assert_in_range(wait_us, least_us, least_us + least_us / 4);
        }
        all_us += least_us;
    }
    assert_in_range(all_us, 6 * hour_us, 8 * hour_us);
    assert_int_equal(0, deliver_retry_us(TILL_LIMIT_CHANNEL_TRIES, -1, 0, now_us));
    // What the service asked for counts when it is later.
    assert_int_equal(now_us + 2 * hour_us, deliver_retry_us(1, 2 * 3600 * 1000, 7, now_us));
    assert_true(deliver_retry_us(1, 1000, 7, now_us) >= now_us + minute_us);
    assert_int_equal(INT64_MAX, deliver_retry_us(1, INT64_MAX, 7, now_us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),          cmocka_unit_test(test_weekdays),
        cmocka_unit_test(test_clock_changes), cmocka_unit_test(test_a_year_everywhere),
        cmocka_unit_test(test_each_once),     cmocka_unit_test(test_retries),
    };
    return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
