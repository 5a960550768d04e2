// SPDX-License-Identifier: Apache-2.0
// calendar.h - the buckets of a question: calendar steps in one time zone.
#ifndef TILL_METRICS_CALENDAR_H
#define TILL_METRICS_CALENDAR_H

#include <stddef.h>

#include "metrics/metrics.h"

struct calendar {
    size_t count;
    int64_t *starts_us;     // count + 1: the last one ends the last bucket
    int64_t *back_us;       // count: 30 days before each start, on the same wall clock
    int64_t from_us;        // the first moment of the window
    int64_t until_us;       // its last microsecond
    int64_t last_second_us; // the beginning of its last second: where event-side metrics end
    int64_t first_day;      // days since 1970 of query->from
    size_t day_count;
    int64_t hint; // the bucket found last
};

enum till_code calendar_open(const struct metrics_query *query, struct calendar *ret_calendar,
                             struct till_error *e) TILL_MUSTUSE;
void calendar_close(struct calendar *calendar);
// The bucket that holds a moment; -1 before the first, count after the last.
int64_t calendar_bucket(struct calendar *calendar, int64_t at_us);
// The first i in [0, count) with times[i] >= at (or > at), of rising times; count when there is none.
size_t calendar_first_from(const int64_t *times, size_t count, int64_t at_us);
size_t calendar_first_after(const int64_t *times, size_t count, int64_t at_us);

#endif
