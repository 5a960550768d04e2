// SPDX-License-Identifier: Apache-2.0
// traffic.h - PostHog, Search Console, Plausible, Umami: one client for whatever counts visits; rows of model/traffic.h come out.
//
// A client talks to one service about one property (a project, a site, a website) with one secret. It asks for days: traffic_fetch() takes a window of them
// and answers with the rows of its first days, as many as the service gives at once; the caller lands them, and asks again from covered_to on. Nothing here
// keeps state between runs, knows a database, or prints. All requests are queries; the only thing ever sent are credentials to their own host.
// Errors have the service's reason in plain words and the next thing to do: AUTH (key, scope, consent), CONFIG (wrong address, project, site), REMOTE with a
// `detail` of the HTTP status (throttled: 429), NETWORK, FORMAT.
#ifndef TILL_TRAFFIC_TRAFFIC_H
#define TILL_TRAFFIC_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/zone.h"
#include "http/http.h"
#include "model/traffic.h"

struct traffic; // opaque

enum { TRAFFIC_TEXT_BYTES = 512, TRAFFIC_ZONE_BYTES = 64 };

// What is fixed about a service.
struct traffic_terms {
    const char *default_url;
    const char *timezone;        // of its days where it is always the same, else NULL
    int64_t requests_per_minute; // we stay below; 0 = no limit of ours
    int32_t history_days;        // asked for at the first sync
    int32_t reread_days; // so many newest days may still change, and are asked for each time
};
const struct traffic_terms *traffic_terms(enum traffic_service service);

struct traffic_options {
    enum traffic_service service;
    const char *url; // base address; NULL = the default
    const char *
        property; // as the service names it; "" while it is not known (search-console, before one was picked)
    const struct secret *secret; // copied
    const char *
        timezone; // of the property's days, as known so far; "" = unknown. Plausible and Umami are asked in it
    // Where the same kind of secret may belong instead (PostHog's other region): asked once when the secret is refused, for a better message. NULL = nowhere.
    const char *other_url, *other_word; // "eu"
    struct http_options http;
};
// CONFIG for an address or a secret that cannot be one. No request is made.
enum till_code traffic_open(const struct traffic_options *options, struct traffic **ret_traffic,
                            struct till_error *e) TILL_MUSTUSE;
void traffic_close(struct traffic *traffic); // accepts NULL
// The property's days begin in this zone from now on.
void traffic_set_timezone(struct traffic *traffic, const char *timezone);
int64_t traffic_requests(const struct traffic *traffic);
// How far the service's clock is ahead of ours; 0 before the first answer.
int64_t traffic_clock_offset_seconds(const struct traffic *traffic);

// Who the secret is, and what it may read: at most two requests, none of which changes anything.
struct traffic_identity {
    char property[TRAFFIC_TEXT_BYTES];      // as the service spells it
    char property_name[TRAFFIC_TEXT_BYTES]; // for people; may be the same
    char account[TRAFFIC_TEXT_BYTES];  // whose secret it is, where the service says so; else ""
    char timezone[TRAFFIC_ZONE_BYTES]; // "" when the service does not say
    char remark[TRAFFIC_TEXT_BYTES];   // worth knowing once, else ""
};
enum till_code traffic_validate(struct traffic *traffic, struct traffic_identity *ret_identity,
                                struct till_error *e) TILL_MUSTUSE;

// What the secret may read, for services with a list (search-console). Texts in the arena.
struct traffic_property {
    struct sv property, permission;
    bool is_readable;
};
struct traffic_properties {
    struct traffic_property *list;
    size_t count;
};
enum till_code traffic_properties(struct traffic *traffic, struct arena *arena,
                                  struct traffic_properties *ret_properties,
                                  struct till_error *e) TILL_MUSTUSE;

struct traffic_window {
    struct civil_date from, to; // to is not included
    struct civil_date today;    // in `zone`
    const struct zone *zone;    // of the property's days
};
struct traffic_batch {
    struct traffic_row *rows; // in the arena, in no order; all within [from, covered_to)
    size_t row_count;
    struct civil_date covered_to;      // from < covered_to <= to: these days are known now
    struct civil_date complete_before; // days before it are final as far as the service says
    int64_t hours_from_us,
        hours_to_us; // TRAFFIC_HOUR rows are all there are in this span; both 0 without any
    char timezone
        [TRAFFIC_ZONE_BYTES]; // of the property as the answer says; "" when it does not. Another one than the window's zone: no rows, nothing covered
};
enum till_code traffic_fetch(struct traffic *traffic, const struct traffic_window *window,
                             struct arena *arena, struct traffic_batch *ret_batch,
                             struct till_error *e) TILL_MUSTUSE;

#endif
