// SPDX-License-Identifier: Apache-2.0
// traffic_umami.c - Umami: sign-in or API key, totals in the shape of its version, series without their empty days, lists by dimension.
//
// What Umami calls a session is a visitor here, and its visit a session. Moments are milliseconds, and `endAt` is included.
#include "traffic_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 500 };

static void error(struct reply *reply, unsigned status, const char *code, const char *message)
{
    reply_json(reply, status, "{\"error\":{\"message\":");
    json_append_string(&reply->body, message);
    sim_out_format(&reply->body, ",\"code\":\"%s\",\"status\":%u}}", code, status);
}

void umami_error(struct traffic *traffic, struct reply *reply, unsigned status, const char *name)
{
    (void)traffic;
    if (status == 401) {
        error(reply, 401,
              strcmp(name, "login") == 0 ? "incorrect-username-password" : "unauthorized",
              "Unauthorized");
    } else if (status == 400) {
        error(reply, 400, "bad-request", "Bad request");
    } else if (status == 403) {
        error(reply, 403, "forbidden", "Forbidden");
    } else if (status == 404) {
        error(reply, 404, "not-found", "Not found");
    } else if (status == 429) {
        error(reply, 429, "too-many-requests", "Too many requests");
    } else {
        error(reply, status, "server-error", "Server error");
    }
}

static void answer_login(struct traffic_call *call)
{
    const struct umami *umami = &call->traffic->umami;
    const char *user = traffic_body_text(call, "username"),
               *password = traffic_body_text(call, "password");
    if (user == NULL || password == NULL) {
        umami_error(call->traffic, call->reply, 400, "");
    } else if (strcmp(user, umami->user) != 0 || strcmp(password, umami->password) != 0) {
        umami_error(call->traffic, call->reply, 401, "login");
    } else {
        reply_json(call->reply, 200, "");
        sim_out_format(
            call->out,
            "{\"token\":\"%s\",\"user\":{\"id\":\"41e2b680-648e-4b09-bcd7-3e2b10c06264\","
            "\"username\":\"%s\",\"role\":\"admin\",\"createdAt\":\"2024-01-01T00:00:00.000Z\","
            "\"isAdmin\":true}}",
            umami->token, umami->user);
    }
}

static void print_website(struct traffic_call *call)
{
    sim_out_format(call->out,
                   "{\"id\":\"%s\",\"name\":\"Shop\",\"domain\":\"shop.example\",\"shareId\":null,"
                   "\"createdAt\":\"2024-01-01T00:00:00.000Z\"}",
                   call->traffic->umami.website);
}

static bool read_window(struct traffic_call *call, struct traffic_question *question)
{
    const char *start = query_last(&call->query, "startAt"),
               *end = query_last(&call->query, "endAt");
    int64_t start_ms = start != NULL ? strtoll(start, NULL, 10) : 0;
    int64_t end_ms = end != NULL ? strtoll(end, NULL, 10) : 0;
    const int64_t most_ms = INT64_MAX / 2000;
    if (start == NULL || end == NULL) {
        error(call->reply, 400, "bad-request",
              "Either startAt+endAt or startDate+endDate must be provided");
        return false;
    }
    if (start_ms < 0 || end_ms < start_ms || end_ms > most_ms) {
        umami_error(call->traffic, call->reply, 400, "");
        return false;
    }
    question->from_us = start_ms * 1000;
    question->to_us = end_ms * 1000 + 1;
    return true;
}

static void print_totals(struct sim_out *out, const struct traffic_row *now,
                         const struct traffic_row *before, bool is_old)
{
    const struct {
        const char *name;
        int64_t now, before;
    } totals[] = {
        {"pageviews", now->pageviews, before->pageviews},
        {"visitors", now->visitors, before->visitors},
        {"visits", now->sessions, before->sessions},
        {"bounces", now->bounces, before->bounces},
        {"totaltime", now->seconds, before->seconds},
    };
    const size_t count = sizeof totals / sizeof *totals;
    for (size_t i = 0; i < count; i++) {
        sim_out_format(out, "%s\"%s\":", i == 0 ? "{" : ",", totals[i].name);
        if (is_old) {
            sim_out_format(out, "{\"value\":%lld,\"prev\":%lld}", (long long)totals[i].now,
                           (long long)totals[i].before);
        } else {
            sim_out_format(out, "%lld", (long long)totals[i].now);
        }
    }
    for (size_t i = 0; i < count && !is_old; i++) {
        sim_out_format(out, "%s\"%s\":%lld", i == 0 ? ",\"comparison\":{" : ",", totals[i].name,
                       (long long)totals[i].before);
    }
    sim_out_text(out, is_old ? "}" : "}}");
}

static void answer_stats(struct traffic_call *call, struct traffic_question *question)
{
    static const struct traffic_row nothing;
    struct traffic_rows now = {0}, before = {0};
    if (!traffic_call_ask(call, question, &now)) {
        return;
    }
    int64_t length_us = question->to_us - question->from_us;
    question->to_us = question->from_us;
    question->from_us -= length_us;
    if (traffic_call_ask(call, question, &before)) {
        reply_json(call->reply, 200, "");
        print_totals(call->out, now.count > 0 ? now.rows : &nothing,
                     before.count > 0 ? before.rows : &nothing, call->traffic->umami.version < 3);
    }
    traffic_rows_release(&now);
    traffic_rows_release(&before);
}

static void print_series(struct sim_out *out, const struct traffic_rows *rows,
                         const struct traffic_question *question, bool is_utc, bool is_of_pages)
{
    char day[16];
    for (size_t i = 0; i < rows->count; i++) {
        const struct traffic_row *row = &rows->rows[i];
        int hour = 0;
        if (question->bucket == TRAFFIC_HOURS) {
            int64_t local_us = row->bucket + metrics_zone_offset_us(question->zone, row->bucket);
            hour = (int)(local_us / 1000000 % 86400 / 3600);
        }
        traffic_print_day(question->bucket == TRAFFIC_HOURS
                              ? traffic_day(question->zone, row->bucket)
                              : row->bucket,
                          day);
        sim_out_format(out, "%s{\"x\":\"%s%c%02d:00:00%s\",\"y\":%lld}", i > 0 ? "," : "", day,
                       is_utc ? 'T' : ' ', hour, is_utc ? "Z" : "",
                       (long long)(is_of_pages ? row->pageviews : row->visitors));
    }
}

static void answer_series(struct traffic_call *call, struct traffic_question *question)
{
    const char *unit = query_last(&call->query, "unit"),
               *zone = query_last(&call->query, "timezone");
    bool is_utc = zone == NULL || strcmp(zone, "UTC") == 0;
    struct traffic_rows rows = {0};
    if (unit != NULL && strcmp(unit, "day") != 0 && strcmp(unit, "hour") != 0) {
        umami_error(call->traffic, call->reply, 400, "");
        return;
    }
    question->bucket = unit != NULL && *unit == 'h' ? TRAFFIC_HOURS : TRAFFIC_DAYS;
    if (!traffic_call_ask(call, question, &rows)) {
        return;
    }
    reply_json(call->reply, 200, "{\"pageviews\":[");
    print_series(call->out, &rows, question, is_utc, true);
    json_append_literal(call->out, "],\"sessions\":[");
    print_series(call->out, &rows, question, is_utc, false);
    json_append_literal(call->out, "]}");
    traffic_rows_release(&rows);
}

static void answer_values(struct traffic_call *call, struct traffic_question *question)
{
    static const struct {
        const char *type;
        enum traffic_dimension dimension;
    } types[] = {{"referrer", TRAFFIC_REFERRER},    {"path", TRAFFIC_LANDING_PAGE},
                 {"url", TRAFFIC_LANDING_PAGE},     {"entry", TRAFFIC_LANDING_PAGE},
                 {"country", TRAFFIC_COUNTRY},      {"device", TRAFFIC_DEVICE},
                 {"channel", TRAFFIC_CHANNEL},      {"utmSource", TRAFFIC_UTM_SOURCE},
                 {"utmMedium", TRAFFIC_UTM_MEDIUM}, {"utmCampaign", TRAFFIC_UTM_CAMPAIGN}};
    const size_t count = sizeof types / sizeof *types;
    const char *type = query_last(&call->query, "type");
    struct traffic_rows rows = {0};
    size_t i = 0;
    while (i < count && (type == NULL || strcmp(types[i].type, type) != 0)) {
        i++;
    }
    if (i == count) {
        umami_error(call->traffic, call->reply, 400, "");
        return;
    }
    question->dimensions = 1U << types[i].dimension;
    if (!traffic_call_ask(call, question, &rows)) {
        return;
    }
    reply_json(call->reply, 200, "[");
    for (size_t row = 0; row < rows.count && row < LIST_MAX; row++) {
        const char *text = traffic_value(rows.rows[row].key, types[i].dimension);
        sim_out_text(call->out, row > 0 ? ",{\"x\":" : "{\"x\":");
        json_append_string(call->out, text == NULL || strcmp(text, "$direct") == 0 ? "" : text);
        sim_out_format(call->out, ",\"y\":%lld}", (long long)rows.rows[row].visitors);
    }
    json_append_literal(call->out, "]");
    traffic_rows_release(&rows);
}

static void answer_website(struct traffic_call *call, const char *what)
{
    const char *name = query_last(&call->query, "timezone");
    struct metrics_zone *zone = metrics_zone_open(name != NULL ? name : "UTC");
    struct traffic_question question = {.basis = TRAFFIC_EVENTS, .zone = zone};
    if (*what == '\0') {
        reply_json(call->reply, 200, "");
        print_website(call);
    } else if (strcmp(what, "/stats") != 0 && strcmp(what, "/pageviews") != 0 &&
               strcmp(what, "/metrics") != 0) {
        umami_error(call->traffic, call->reply, 404, "");
    } else if (zone == NULL) {
        umami_error(call->traffic, call->reply, 400, "");
    } else if (read_window(call, &question)) {
        (what[1] == 's'   ? answer_stats
         : what[1] == 'p' ? answer_series
                          : answer_values)(call, &question);
    }
    metrics_zone_close(zone);
}

// The token of a sign-in, or an API key: the cloud's paths take only a key.
static bool is_known(const struct traffic_call *call, bool is_cloud)
{
    const struct umami *umami = &call->traffic->umami;
    const char *token = auth_bearer(call->request->authorization),
               *key = call->request->umami_api_key;
    return (key != NULL && strcmp(key, umami->api_key) == 0) ||
           (!is_cloud && token != NULL && strcmp(token, umami->token) == 0);
}

void umami_answer(struct traffic_call *call)
{
    const char *path = call->request->path, *website = call->traffic->umami.website;
    bool is_cloud = strncmp(path, "/v1/", 4) == 0;
    if (strcmp(path, "/api/auth/login") == 0 && strcmp(call->request->method, "POST") == 0) {
        answer_login(call);
        return;
    }
    const char *rest = is_cloud ? path + 3 : strncmp(path, "/api/", 5) == 0 ? path + 4 : "";
    bool is_route = strncmp(rest, "/websites", 9) == 0 && (rest[9] == '\0' || rest[9] == '/');
    bool has_website = is_route && rest[9] == '/';
    if (is_route && !is_known(call, is_cloud)) {
        umami_error(call->traffic, call->reply, 401, "");
    } else if (!is_route || (has_website && strncmp(rest + 10, website, strlen(website)) != 0)) {
        umami_error(call->traffic, call->reply, 404, "");
    } else if (!has_website) {
        reply_json(call->reply, 200, "{\"data\":[");
        print_website(call);
        json_append_literal(call->out, "],\"count\":1,\"page\":1,\"pageSize\":20}");
    } else {
        answer_website(call, rest + 10 + strlen(website));
    }
}
