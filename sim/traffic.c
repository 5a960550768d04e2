// SPDX-License-Identifier: Apache-2.0
// traffic.c - what the traffic services have in common: their state, the way of a request to its service, limits, and what faults say.
//
// One lock holds all services: a fake need not be fast, and its state is small. A fault of kind `status` is answered with the service's own
// body for that status; its text, unless it is a body itself, names which of several.
#include "traffic_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };

const char *const traffic_service_names[TRAFFIC_SERVICE__COUNT] = {
    [TRAFFIC_POSTHOG] = "posthog", [TRAFFIC_POSTHOG_EU] = "posthog_eu",
    [TRAFFIC_GOOGLE] = "google",   [TRAFFIC_PLAUSIBLE] = "plausible",
    [TRAFFIC_UMAMI] = "umami",
};

static void (*const answers[TRAFFIC_SERVICE__COUNT])(struct traffic_call *call) = {
    [TRAFFIC_POSTHOG] = posthog_answer, [TRAFFIC_POSTHOG_EU] = posthog_answer,
    [TRAFFIC_GOOGLE] = google_answer,   [TRAFFIC_PLAUSIBLE] = plausible_answer,
    [TRAFFIC_UMAMI] = umami_answer,
};

static void (*const errors[TRAFFIC_SERVICE__COUNT])(struct traffic *traffic, struct reply *reply,
                                                    unsigned status, const char *name) = {
    [TRAFFIC_POSTHOG] = posthog_error, [TRAFFIC_POSTHOG_EU] = posthog_error,
    [TRAFFIC_GOOGLE] = google_error,   [TRAFFIC_PLAUSIBLE] = plausible_error,
    [TRAFFIC_UMAMI] = umami_error,
};

bool traffic_secret(char ret[static TRAFFIC_SECRET_BYTES], const char *prefix, size_t count)
{
    size_t length = strlen(prefix);
    memcpy(ret, prefix, length);
    return auth_random_text(ret + length, count);
}

bool traffic_uuid(char ret[static TRAFFIC_ID_BYTES])
{
    char text[33];
    if (!auth_random_text(text, 32)) {
        return false;
    }
    for (size_t i = 0; i < 32; i++) {
        text[i] = "0123456789abcdef"[(unsigned char)text[i] % 16];
    }
    snprintf(ret, TRAFFIC_ID_BYTES, "%.8s-%.4s-4%.3s-a%.3s-%.12s", text, text + 8, text + 12,
             text + 15, text + 18);
    return true;
}

static bool make_keys(struct traffic *traffic)
{
    struct posthog *posthog = &traffic->posthog;
    struct google *google = &traffic->google;
    struct umami *umami = &traffic->umami;
    char id[TRAFFIC_SECRET_BYTES];
    bool is_made =
        traffic_secret(posthog->good, "phx_", 43) &&
        traffic_secret(posthog->project_secret, "phs_", 43) &&
        traffic_secret(posthog->no_scope, "phx_", 43) &&
        traffic_secret(posthog->other_project, "phx_", 43) &&
        traffic_secret(posthog->phc, "phc_", 43) && traffic_secret(posthog->eu, "phx_", 43) &&
        traffic_uuid(posthog->organization) && traffic_uuid(google->key_id) &&
        traffic_secret(google->client_secret, "GOCSPX-", 28) && traffic_secret(id, "", 32) &&
        traffic_secret(traffic->plausible.key, "", 43) &&
        traffic_secret(traffic->plausible.no_plan, "", 43) && traffic_uuid(umami->website) &&
        traffic_secret(umami->password, "", 20) && traffic_secret(umami->api_key, "api_", 40) &&
        traffic_secret(umami->token, "", 60);
    snprintf(google->client_id, sizeof google->client_id,
             "1234567890-%.32s.apps.googleusercontent.com", id);
    snprintf(google->client_email, sizeof google->client_email,
             "reader@shop-project.iam.gserviceaccount.com");
    snprintf(umami->user, sizeof umami->user, "admin");
    return is_made;
}

struct traffic *traffic_new(const struct traffic_options *options)
{
    struct traffic *traffic = calloc(1, sizeof *traffic);
    if (traffic == NULL) {
        return NULL;
    }
    pthread_mutex_init(&traffic->lock, NULL);
    traffic->posthog.project_id = 4242;
    memcpy(traffic->posthog.zone, "UTC", 4);
    memcpy(traffic->plausible.zone, "UTC", 4);
    traffic->umami.version =
        options->umami_version != NULL ? strtoll(options->umami_version, NULL, 10) : 3;
    if (options->is_limited) {
        traffic->posthog.limit = (struct traffic_limit){.an_hour = 2400, .a_minute = 240};
        traffic->posthog.most_running = 3;
        traffic->plausible.limit = (struct traffic_limit){.an_hour = 600};
        traffic->google.limit = (struct traffic_limit){.a_minute = 1200};
    }
    if (!make_keys(traffic)) {
        traffic_free(traffic);
        return NULL;
    }
    return traffic;
}

void traffic_free(struct traffic *traffic)
{
    if (traffic == NULL) {
        return;
    }
    for (size_t i = 0; i < TRAFFIC_PENDING_MAX; i++) {
        sim_out_release(&traffic->posthog.pending[i].answer);
    }
    google_key_free(traffic->google.key);
    pthread_mutex_destroy(&traffic->lock);
    free(traffic);
}

int64_t traffic_now_s(const struct traffic *traffic)
{
    return (int64_t)time(NULL) + traffic->clock_shift_s;
}

const char *traffic_body_text(const struct traffic_call *call, const char *name)
{
    return yyjson_get_str(yyjson_obj_get(call->body, name));
}

static int64_t wait_of(int64_t most, int64_t length_ms, int64_t now_ms, int64_t *began_ms,
                       int64_t *count)
{
    if (most == 0) {
        return 0;
    }
    if (*count == 0 || now_ms - *began_ms >= length_ms) {
        *began_ms = now_ms;
        *count = 0;
    }
    if (*count >= most) {
        return (*began_ms + length_ms - now_ms + 999) / 1000;
    }
    ++*count;
    return 0;
}

int64_t traffic_limited(struct traffic_limit *limit)
{
    int64_t now_ms = server_now_ms();
    int64_t wait_s =
        wait_of(limit->a_minute, MINUTE_MS, now_ms, &limit->minute_began_ms, &limit->in_minute);
    return wait_s > 0
               ? wait_s
               : wait_of(limit->an_hour, HOUR_MS, now_ms, &limit->hour_began_ms, &limit->in_hour);
}

void traffic_retry_after(struct reply *reply, int64_t seconds)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)seconds);
    reply_header(reply, "Retry-After", text);
}

void traffic_print_value(struct sim_out *out, const struct traffic_row *row,
                         enum traffic_dimension dimension)
{
    const char *text = traffic_value(row->key, dimension);
    if (text != NULL) {
        json_append_string(out, text);
    } else {
        json_append_literal(out, "null");
    }
}

void traffic_print_time(struct sim_out *out, const struct metrics_zone *zone, int64_t at_us)
{
    int64_t offset_s = metrics_zone_offset_us(zone, at_us) / 1000000;
    int64_t local_s = at_us / 1000000 + offset_s, day = local_s / 86400, second = local_s % 86400;
    int64_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    char date[16];
    traffic_print_day(day, date);
    sim_out_format(out, "%sT%02d:%02d:%02d", date, (int)(second / 3600), (int)(second / 60 % 60),
                   (int)(second % 60));
    if (offset_s == 0) {
        sim_out_text(out, "Z");
    } else {
        sim_out_format(out, "%c%02d:%02d", offset_s < 0 ? '-' : '+', (int)(minutes / 60),
                       (int)(minutes % 60));
    }
}

bool traffic_call_ask(struct traffic_call *call, const struct traffic_question *question,
                      struct traffic_rows *ret)
{
    *ret = (struct traffic_rows){0};
    if (call->is_empty || traffic_ask(call->world, question, ret)) {
        return true;
    }
    errors[call->service](call->traffic, call->reply, 500, "");
    return false;
}

void traffic_answer(struct traffic *traffic, const struct sim_world *world,
                    enum traffic_service service, const struct request *request,
                    struct reply *reply)
{
    bool is_empty =
        reply->fault.kind == FAULT_GARBAGE && reply->fault.variant == GARBAGE_EMPTY_ITEMS;
    struct traffic_call call = {.traffic = traffic,
                                .world = world,
                                .service = service,
                                .request = request,
                                .reply = reply,
                                .out = &reply->body,
                                .is_empty = is_empty};
    yyjson_doc *document = NULL;
    if (request->body.len > 0 && !request->body.failed) {
        document = yyjson_read(request->body.data, request->body.len, 0);
    }
    call.body = yyjson_doc_get_root(document);
    reply->route = traffic_service_names[service];
    if (query_init(&call.query, request->query)) {
        pthread_mutex_lock(&traffic->lock);
        answers[service](&call);
        if (traffic->clock_shift_s != 0) {
            char date[32];
            reply_http_date(traffic_now_s(traffic), date);
            reply_header(reply, "Date", date);
        }
        pthread_mutex_unlock(&traffic->lock);
    } else {
        reply_json(reply, 414, "");
    }
    query_release(&call.query);
    yyjson_doc_free(document);
}

void traffic_answer_fault(struct traffic *traffic, enum traffic_service service,
                          struct reply *reply)
{
    const struct fault_action *fault = &reply->fault;
    if (fault->text[0] == '{' || fault->text[0] == '<' || fault->status == 200) {
        reply->status = fault->status;
        reply->content_type =
            fault->text[0] == '{' ? "application/json" : "text/html; charset=UTF-8";
        sim_out_text(&reply->body, fault->text);
    } else if (fault->status >= 502) {
        reply->status = fault->status;
        reply->content_type = "text/html; charset=UTF-8";
        sim_out_format(&reply->body,
                       "<!DOCTYPE html>\n<html lang=en>\n<title>Error %u</title>\n<p>The server "
                       "encountered a temporary error. Please try again in 30 seconds.\n",
                       fault->status);
    } else {
        pthread_mutex_lock(&traffic->lock);
        errors[service](traffic, reply, fault->status, fault->text);
        pthread_mutex_unlock(&traffic->lock);
    }
    if (fault->retry_after_s >= 0 && fault->is_retry_date) {
        char date[32];
        reply_http_date((int64_t)time(NULL) + fault->retry_after_s, date);
        reply_header(reply, "Retry-After", date);
    } else if (fault->retry_after_s >= 0) {
        traffic_retry_after(reply, fault->retry_after_s);
    }
}
