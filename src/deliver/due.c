// SPDX-License-Identifier: Apache-2.0
// due.c - which digest is due, and when one that failed is tried again. Pure.
//
// A schedule is a minute of the day on some weekdays, in a zone; the digest that is due then is about the day before, or the seven days up to it. The days
// around now are looked at one by one: the newest moment that has come says which digest is due, the first that has not come says when the next will be.
// Nothing is remembered, so that it does not matter how long nobody asked.
#include "deliver/deliver.h"

#include "base/limits.h"

enum { LOOK_DAYS = 8, EPOCH_WEEKDAY = 3 }; // 1970-01-01 was a Thursday
static const int64_t minute_us = INT64_C(60) * 1000000;
static const int64_t soon_us = INT64_C(2) * 60 * 60 * 1000000;

static int weekday_of(struct civil_date date)
{
    int64_t weekday = (civil_date_to_days(date) + EPOCH_WEEKDAY) % 7;
    return (int)(weekday < 0 ? weekday + 7 : weekday);
}

static bool is_sent_on(const struct store_digest_schedule *schedule,
                       enum store_digest_period period, struct civil_date date)
{
    int weekday = weekday_of(date);
    if (period == STORE_DIGEST_WEEK)
        return weekday == schedule->weekly_weekday;
    return ((schedule->weekdays >> weekday) & 1) != 0;
}

void deliver_due(const struct store_digest_schedule *schedule, const struct zone *zone,
                 enum store_digest_period period, int64_t now_us, struct deliver_due *ret_due)
{
    struct deliver_due due = {.period = period, .next_us = INT64_MAX};
    struct civil_date today = zone_date(zone, now_us);
    for (int32_t i = -LOOK_DAYS; schedule->is_on && i <= LOOK_DAYS; i++) {
        struct civil_date day = civil_date_add_days(today, i);
        if (!is_sent_on(schedule, period, day))
            continue;
        int64_t moment_us = zone_minute_us(zone, day, schedule->minute);
        if (moment_us > now_us) {
            due.next_us = moment_us;
            break;
        }
        due.is_due = true;
        due.due_us = moment_us;
        due.date = civil_date_add_days(day, -1);
    }
    if (due.is_due && due.next_us - now_us < soon_us)
        due.is_due = false;
    *ret_due = due;
}

int64_t deliver_retry_us(int tries, int64_t asked_ms, uint64_t seed, int64_t now_us)
{
    enum { LONGEST_MINUTES = 60, DOUBLINGS = 6 };
    if (tries >= TILL_LIMIT_CHANNEL_TRIES)
        return 0;
    int doublings = tries < 1 ? 0 : tries - 1 < DOUBLINGS ? tries - 1 : DOUBLINGS;
    int64_t wait_us = ((int64_t)1 << doublings) * minute_us;
    if (wait_us > LONGEST_MINUTES * minute_us)
        wait_us = LONGEST_MINUTES * minute_us;
    wait_us += (int64_t)(seed % (uint64_t)(wait_us / 4 + 1));
    int64_t asked_us = asked_ms > INT64_MAX / 1000 ? INT64_MAX : asked_ms * 1000;
    if (asked_us > wait_us)
        wait_us = asked_us;
    return wait_us > INT64_MAX - now_us ? INT64_MAX : now_us + wait_us;
}
