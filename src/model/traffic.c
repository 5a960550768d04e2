// SPDX-License-Identifier: Apache-2.0
// traffic.c - the words for services and dimensions of web traffic, each list once.
#include "model/traffic.h"

#include "base/attr.h"

static const struct {
    const char *word, *title, *property;
} services[] = {
    [TRAFFIC_POSTHOG] = {"posthog", "PostHog", "project"},
    [TRAFFIC_SEARCH_CONSOLE] = {"search-console", "Search Console", "property"},
    [TRAFFIC_PLAUSIBLE] = {"plausible", "Plausible", "site"},
    [TRAFFIC_UMAMI] = {"umami", "Umami", "website"},
};
_Static_assert(TILL_COUNT(services) == TRAFFIC__COUNT, "a word for each service");

static const char *const dimensions[] = {
    [TRAFFIC_CHANNEL] = "channel",
    [TRAFFIC_REFERRER] = "referrer",
    [TRAFFIC_SOURCE] = "source",
    [TRAFFIC_LANDING_PAGE] = "landing_page",
    [TRAFFIC_COUNTRY] = "country",
    [TRAFFIC_DEVICE] = "device",
    [TRAFFIC_UTM_SOURCE] = "utm_source",
    [TRAFFIC_UTM_MEDIUM] = "utm_medium",
    [TRAFFIC_UTM_CAMPAIGN] = "utm_campaign",
    [TRAFFIC_QUERY] = "query",
    [TRAFFIC_PAGE] = "page",
};
_Static_assert(TILL_COUNT(dimensions) == TRAFFIC_DIMENSION__COUNT, "a word for each dimension");

const char *traffic_service_word(enum traffic_service service)
{
    return services[service].word;
}

const char *traffic_service_title(enum traffic_service service)
{
    return services[service].title;
}

const char *traffic_service_property(enum traffic_service service)
{
    return services[service].property;
}

bool traffic_service_parse(struct sv word, enum traffic_service *ret_service)
{
    for (int i = 0; i < TRAFFIC__COUNT; i++) {
        if (!sv_equal(word, sv_of(services[i].word)))
            continue;
        *ret_service = (enum traffic_service)i;
        return true;
    }
    return false;
}

const char *traffic_dimension_word(enum traffic_dimension dimension)
{
    return dimensions[dimension];
}
