// SPDX-License-Identifier: Apache-2.0
// traffic_truth.c - what tests ask and set: the world's own counts by day, and the moods of the services.
#include "traffic_parts.h"

#include <stdlib.h>
#include <string.h>

static const char *const dimension_names[TRAFFIC_DIMENSION__COUNT] = {
    "channel", "referrer",   "source",     "landing_page", "country",
    "device",  "utm_source", "utm_medium", "utm_campaign", "query"};

static void print_row(struct sim_out *out, const struct traffic_question *question,
                      const struct traffic_row *row, int64_t incomplete_day)
{
    char day[16];
    json_append_literal(out, "{");
    if (question->bucket != TRAFFIC_HOURS) {
        traffic_print_day(row->bucket, day);
        sim_out_format(out, "\"date\":\"%s\",", day);
    } else {
        json_append_literal(out, "\"hour\":\"");
        traffic_print_time(out, question->zone, row->bucket);
        json_append_literal(out, "\",");
    }
    for (unsigned i = 0; i < TRAFFIC_DIMENSION__COUNT; i++) {
        if ((question->dimensions >> i & 1U) != 0) {
            sim_out_format(out, "\"%s\":", dimension_names[i]);
            traffic_print_value(out, row, (enum traffic_dimension)i);
            json_append_literal(out, ",");
        }
    }
    if (question->basis == TRAFFIC_SEARCHES) {
        sim_out_format(
            out, "\"clicks\":%lld,\"impressions\":%lld,\"position_sum\":%.1f,\"is_complete\":%s}\n",
            (long long)row->clicks, (long long)row->impressions,
            (double)row->position_tenths / 10.0, row->bucket < incomplete_day ? "true" : "false");
        return;
    }
    sim_out_format(out,
                   "\"visitors\":%lld,\"sessions\":%lld,\"pageviews\":%lld,\"bounces\":%lld,"
                   "\"seconds\":%lld}\n",
                   (long long)row->visitors, (long long)row->sessions, (long long)row->pageviews,
                   (long long)row->bounces, (long long)row->seconds);
}

// The bit of a name in `dimensions`; 0 for an unknown one.
static unsigned dimension_bit(const char *name, size_t length)
{
    for (unsigned i = 0; i < TRAFFIC_DIMENSION__COUNT; i++) {
        if (strlen(dimension_names[i]) == length &&
            strncmp(dimension_names[i], name, length) == 0) {
            return 1U << i;
        }
    }
    return 0;
}

static bool read_dimensions(const char *text, unsigned *ret)
{
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, ",");
        unsigned bit = dimension_bit(text, length);
        if (bit == 0) {
            return false;
        }
        *ret |= bit;
        text += length + (text[length] == ',');
    }
    return true;
}

static const char *read_window(const struct query *query, struct traffic_question *question)
{
    const char *from = query_last(query, "from"), *to = query_last(query, "to");
    const char *bucket = query_last(query, "bucket"), *basis = query_last(query, "basis");
    int64_t first = 0, last = 0;
    if (from == NULL || to == NULL || !traffic_read_day(from, &first) ||
        !traffic_read_day(to, &last)) {
        return "from and to are days, both included";
    }
    const int64_t day_us = INT64_C(86400) * 1000000;
    question->from_us = metrics_zone_instant_us(question->zone, first * day_us);
    question->to_us = metrics_zone_instant_us(question->zone, (last + 1) * day_us);
    question->first_day = first;
    question->bucket = bucket == NULL                 ? TRAFFIC_DAYS
                       : strcmp(bucket, "hour") == 0  ? TRAFFIC_HOURS
                       : strcmp(bucket, "whole") == 0 ? TRAFFIC_WHOLE
                       : strcmp(bucket, "week") == 0  ? TRAFFIC_WEEKS
                       : strcmp(bucket, "month") == 0 ? TRAFFIC_MONTHS
                                                      : TRAFFIC_DAYS;
    if (basis != NULL && question->basis == TRAFFIC_EVENTS && strcmp(basis, "sessions") == 0) {
        question->basis = TRAFFIC_SESSIONS;
    }
    return read_dimensions(query_last(query, "dimensions"), &question->dimensions)
               ? NULL
               : "a dimension is not known";
}

const char *traffic_truth(struct traffic *traffic, const struct sim_world *world,
                          const struct query *query, struct sim_out *out)
{
    const char *service = query_last(query, "service"), *name = query_last(query, "timezone");
    bool is_search = service != NULL && strcmp(service, "google") == 0;
    struct traffic_rows rows = {0};
    struct metrics_zone *zone = metrics_zone_open(name != NULL ? name
                                                  : is_search  ? "America/Los_Angeles"
                                                               : "UTC");
    if (zone == NULL) {
        return "there is no such time zone";
    }
    struct traffic_question question = {.basis = is_search ? TRAFFIC_SEARCHES : TRAFFIC_EVENTS,
                                        .zone = zone};
    const char *reason = read_window(query, &question);
    pthread_mutex_lock(&traffic->lock);
    if (reason == NULL && !traffic_ask(world, &question, &rows)) {
        reason = "out of memory";
    }
    pthread_mutex_unlock(&traffic->lock);
    for (size_t i = 0; reason == NULL && i < rows.count; i++) {
        print_row(out, &question, &rows.rows[i], traffic_first_incomplete_day(world, zone));
    }
    traffic_rows_release(&rows);
    metrics_zone_close(zone);
    return reason;
}

static void revoke_tokens(struct google *google, enum google_token_kind kind)
{
    for (size_t i = 0; i < TRAFFIC_TOKENS_MAX; i++) {
        if (google->tokens[i].kind == kind) {
            google->tokens[i].is_revoked = true;
        }
    }
}

static const char *set_zone(const struct query *query, const char *name,
                            char ret[TRAFFIC_ZONE_BYTES])
{
    const char *text = query_last(query, name);
    if (text == NULL) {
        return NULL;
    }
    struct metrics_zone *zone = strlen(text) < TRAFFIC_ZONE_BYTES ? metrics_zone_open(text) : NULL;
    if (zone == NULL) {
        return "there is no such time zone";
    }
    metrics_zone_close(zone);
    memcpy(ret, text, strlen(text) + 1);
    return NULL;
}

const char *traffic_control(struct traffic *traffic, const struct query *query, struct sim_out *out)
{
    const struct {
        const char *name;
        int64_t *value;
    } numbers[] = {
        {"posthog_hourly", &traffic->posthog.limit.an_hour},
        {"posthog_minutely", &traffic->posthog.limit.a_minute},
        {"posthog_concurrent", &traffic->posthog.most_running},
        {"posthog_running", &traffic->posthog.running},
        {"posthog_async_polls", &traffic->posthog.async_polls},
        {"google_minutely", &traffic->google.limit.a_minute},
        {"plausible_hourly", &traffic->plausible.limit.an_hour},
        {"umami_version", &traffic->umami.version},
        {"clock_shift_seconds", &traffic->clock_shift_s},
    };
    const char *denied = query_last(query, "google_denied");
    const char *no_sites = query_last(query, "google_no_sites");
    pthread_mutex_lock(&traffic->lock);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *text = query_last(query, numbers[i].name);
        if (text != NULL) {
            *numbers[i].value = strtoll(text, NULL, 10);
        }
    }
    if (query_last(query, "revoke_refresh") != NULL) {
        revoke_tokens(&traffic->google, GOOGLE_REFRESH);
    }
    if (query_last(query, "expire_access") != NULL) {
        revoke_tokens(&traffic->google, GOOGLE_ACCESS);
    }
    if (denied != NULL) {
        traffic->google.is_denied = strcmp(denied, "1") == 0;
    }
    if (no_sites != NULL) {
        traffic->google.has_no_sites = strcmp(no_sites, "1") == 0;
    }
    const char *reason = set_zone(query, "posthog_timezone", traffic->posthog.zone);
    if (reason == NULL) {
        reason = set_zone(query, "plausible_timezone", traffic->plausible.zone);
    }
    pthread_mutex_unlock(&traffic->lock);
    sim_out_text(out, "{}");
    return reason;
}

bool traffic_google_key(struct traffic *traffic, struct sim_out *out)
{
    struct google *google = &traffic->google;
    pthread_mutex_lock(&traffic->lock);
    if (google->key == NULL) {
        google->key = google_key_new();
    }
    bool is_printed = google->key != NULL && google_key_print(google->key, out);
    pthread_mutex_unlock(&traffic->lock);
    return is_printed;
}

static void print_key(struct traffic *traffic, struct sim_out *out)
{
    struct sim_out pem = {0};
    if (!traffic_google_key(traffic, &pem)) {
        pem.failed = true;
    }
    sim_out_append(&pem, "", 1);
    json_append_literal(out, ",\"private_key_pem\":");
    json_append_string(out, pem.failed ? "" : pem.data);
    out->failed |= pem.failed;
    sim_out_release(&pem);
}

void traffic_describe(struct traffic *traffic, const uint16_t ports[TRAFFIC_SERVICE__COUNT],
                      bool has_google_key, struct sim_out *out)
{
    const struct posthog *posthog = &traffic->posthog;
    const struct google *google = &traffic->google;
    const struct umami *umami = &traffic->umami;
    static const char loopback[] = "http://127.0.0.1";
    pthread_mutex_lock(&traffic->lock);
    traffic->google.port = ports[TRAFFIC_GOOGLE];
    pthread_mutex_unlock(&traffic->lock);
    sim_out_format(out,
                   "\"posthog\":{\"url\":\"%s:%u\",\"url_eu\":\"%s:%u\",\"project_id\":%lld,"
                   "\"keys\":{\"good\":\"%s\",\"project_secret\":\"%s\",\"no_scope\":\"%s\","
                   "\"other_project\":\"%s\",\"phc\":\"%s\",\"eu\":\"%s\"}},",
                   loopback, ports[TRAFFIC_POSTHOG], loopback, ports[TRAFFIC_POSTHOG_EU],
                   (long long)posthog->project_id, posthog->good, posthog->project_secret,
                   posthog->no_scope, posthog->other_project, posthog->phc, posthog->eu);
    sim_out_format(
        out,
        "\"google\":{\"url\":\"%s:%u\",\"client_email\":\"%s\",\"private_key_id\":\"%s\","
        "\"client_id\":\"%s\",\"client_secret\":\"%s\",\"sites\":[\"sc-domain:shop.example\","
        "\"https://shop.example/\",\"http://shop.example/\"]",
        loopback, ports[TRAFFIC_GOOGLE], google->client_email, google->key_id, google->client_id,
        google->client_secret);
    if (has_google_key) {
        print_key(traffic, out);
    }
    sim_out_format(out,
                   "},\"plausible\":{\"url\":\"%s:%u\",\"site_id\":\"shop.example\",\"key\":\"%s\","
                   "\"key_without_plan\":\"%s\"},",
                   loopback, ports[TRAFFIC_PLAUSIBLE], traffic->plausible.key,
                   traffic->plausible.no_plan);
    sim_out_format(out,
                   "\"umami\":{\"url\":\"%s:%u\",\"website_id\":\"%s\",\"username\":\"%s\","
                   "\"password\":\"%s\",\"api_key\":\"%s\"},",
                   loopback, ports[TRAFFIC_UMAMI], umami->website, umami->user, umami->password,
                   umami->api_key);
}
