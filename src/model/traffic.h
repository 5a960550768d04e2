// SPDX-License-Identifier: Apache-2.0
// traffic.h - what services that count visits say, as rows that every service shares: days, hours, parts of a day by a dimension, and searches.
//
// A number that the service did not tell is TRAFFIC_UNTOLD, never 0. Days are those of the service's own calendar: the project's zone at PostHog, the
// site's at Plausible, Pacific days at Search Console. Texts are borrowed from the arena of the answer.
#ifndef TILL_MODEL_TRAFFIC_H
#define TILL_MODEL_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/civil.h"
#include "base/sv.h"

enum traffic_service {
    TRAFFIC_POSTHOG,
    TRAFFIC_SEARCH_CONSOLE,
    TRAFFIC_PLAUSIBLE,
    TRAFFIC_UMAMI,
    TRAFFIC__COUNT
};
// "posthog", "search-console", ...: on the command line, in the database, in JSON.
const char *traffic_service_word(enum traffic_service service);
const char *traffic_service_title(enum traffic_service service); // "Search Console"
const char *traffic_service_property(
    enum traffic_service service); // what it counts visits of: "project", "site"
bool traffic_service_parse(struct sv word, enum traffic_service *ret_service);

enum traffic_dimension {
    TRAFFIC_CHANNEL,
    TRAFFIC_REFERRER, // domain
    TRAFFIC_SOURCE,   // the service's own word for where a visit came from
    TRAFFIC_LANDING_PAGE,
    TRAFFIC_COUNTRY, // ISO 3166 alpha-2, upper case
    TRAFFIC_DEVICE,
    TRAFFIC_UTM_SOURCE,
    TRAFFIC_UTM_MEDIUM,
    TRAFFIC_UTM_CAMPAIGN,
    TRAFFIC_QUERY, // searches only
    TRAFFIC_PAGE,  // searches only
    TRAFFIC_DIMENSION__COUNT
};
const char *traffic_dimension_word(enum traffic_dimension dimension); // "landing_page"

enum { TRAFFIC_UNTOLD = -1 };

enum traffic_grain {
    TRAFFIC_DAY,         // date; visits
    TRAFFIC_HOUR,        // hour_us; visits
    TRAFFIC_PART,        // date, dimension, value; visits
    TRAFFIC_SEARCH_DAY,  // date; searches
    TRAFFIC_SEARCH_PART, // date, dimension, value; searches
};

struct traffic_row {
    enum traffic_grain grain;
    enum traffic_dimension dimension;
    struct civil_date date;
    int64_t hour_us; // start of the hour, UTC
    struct sv value; // "" is a value: none was told
    int64_t visitors, visits, pageviews, bounces;
    int64_t clicks, impressions;
    double position; // weighted by impressions, from 1
};

#endif
