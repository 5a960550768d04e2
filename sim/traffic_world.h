// SPDX-License-Identifier: Apache-2.0
// traffic_world.h - who visited the shop's site: one world of visits that all traffic services count, each in its own way.
//
// Visits are not stored. They are hashed from the shop's seed hour by hour, and from its checkouts: a checkout is a visit by its own campaign in the
// same second, and brings others after it. Equal worlds have equal visits; a visit never changes, it only appears when its time has come.
#ifndef SIM_TRAFFIC_WORLD_H
#define SIM_TRAFFIC_WORLD_H

#include "metrics_zone.h"
#include "world.h"

enum traffic_dimension {
    TRAFFIC_CHANNEL,
    TRAFFIC_REFERRER, // a domain, "$direct" for none
    TRAFFIC_SOURCE,   // a name, as "Google"
    TRAFFIC_LANDING_PAGE,
    TRAFFIC_COUNTRY, // two letters
    TRAFFIC_DEVICE,
    TRAFFIC_UTM_SOURCE,
    TRAFFIC_UTM_MEDIUM,
    TRAFFIC_UTM_CAMPAIGN,
    TRAFFIC_QUERY, // of a search; none when few asked it
    TRAFFIC_DIMENSION__COUNT
};

enum traffic_basis {
    TRAFFIC_EVENTS,   // a page view counts when it happened
    TRAFFIC_SESSIONS, // a session counts whole when it began
    TRAFFIC_SEARCHES, // clicks and impressions in a search engine
};

enum traffic_bucket {
    TRAFFIC_WHOLE,
    TRAFFIC_HOURS,
    TRAFFIC_DAYS,
    TRAFFIC_WEEKS, // from Monday
    TRAFFIC_MONTHS,
    TRAFFIC_YEARS
};

struct traffic_question {
    enum traffic_basis basis;
    enum traffic_bucket bucket;
    const struct metrics_zone *zone;             // of days and hours
    int64_t from_us, to_us;                      // to_us is excluded
    int64_t first_day;                           // weeks begin there at the earliest
    unsigned dimensions;                         // bits
    uint64_t excluded[TRAFFIC_DIMENSION__COUNT]; // bits of values, see traffic_exclude()
};

struct traffic_row {
    int64_t
        bucket; // hours: the moment in microseconds; days and longer: the first day since 1970, local
    uint64_t key; // values, for traffic_value()
    int64_t visitors, sessions, pageviews, bounces, seconds;
    int64_t clicks, impressions, position_tenths; // the last is weighted by impressions
};

struct traffic_rows {
    struct traffic_row *rows; // by bucket, then most sessions (searches: clicks) first
    size_t count;
};

// False when memory ran out. The world must not change meanwhile.
bool traffic_ask(const struct sim_world *world, const struct traffic_question *question,
                 struct traffic_rows *ret);
void traffic_rows_release(struct traffic_rows *rows);
// Leaves out the visits whose value does not pass; `text` is NULL for those without one.
void traffic_exclude(struct traffic_question *question, enum traffic_dimension dimension,
                     bool (*passes)(const char *text, const void *what), const void *what);
// NULL when there is no value.
const char *traffic_value(uint64_t key, enum traffic_dimension dimension);
// The key of a visit from the shop's country of that number.
uint64_t traffic_country_key(uint8_t country);
// The country's three letters.
const char *traffic_country_alpha3(const char *alpha2);

// What was sold at checkouts, in one currency; no rows for an unknown one. The question's basis and its other dimensions than the country are
// ignored, and hours are days.
struct traffic_sale {
    int64_t bucket, orders, customers, amount_minor;
    uint64_t key;
};
struct traffic_sales {
    struct traffic_sale *rows; // by bucket, then country
    size_t count;
    int64_t minor_units; // in one unit
};
bool traffic_ask_sales(const struct sim_world *world, const char *currency,
                       const struct traffic_question *question, struct traffic_sales *ret);
void traffic_sales_release(struct traffic_sales *sales);

// The day in that zone, since 1970.
int64_t traffic_day(const struct metrics_zone *zone, int64_t at_us);
// The first day of its week, month or year; a week's is not before `first_day`. Other buckets leave the day as it is.
int64_t traffic_bucket_day(enum traffic_bucket bucket, int64_t day, int64_t first_day);
// "2026-08-01"; and its moment, false when it is no date.
void traffic_print_day(int64_t day, char ret_text[static 16]);
bool traffic_read_day(const char *text, int64_t *ret_day);
// "YYYY-MM-DD HH:MM:SS" as local time there (a date alone is its midnight).
bool traffic_read_time(const struct metrics_zone *zone, const char *text, int64_t *ret_us);
// The first day whose searches are not all counted yet.
int64_t traffic_first_incomplete_day(const struct sim_world *world,
                                     const struct metrics_zone *zone);

#endif
