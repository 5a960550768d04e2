// SPDX-License-Identifier: Apache-2.0
// traffic_plausible.c - Plausible's Stats API v2: metrics by position, buckets without visits absent, days in the site's zone.
//
// As soon as a session's metric or a visit's dimension is asked for, sessions are counted, by when they began; page views and visitors alone are
// counted by when they happened. A page is the landing page.
#include "traffic_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METRICS_MAX = 8, DIMENSIONS_MAX = 8, ROWS_DEFAULT = 10000, LABELS_MAX = 20000 };

static const char site_id[] = "shop.example";

enum metric {
    VISITORS,
    VISITS,
    PAGEVIEWS,
    BOUNCE_RATE,
    VIEWS_PER_VISIT,
    VISIT_DURATION,
    METRIC__COUNT
};
static const char *const metric_names[METRIC__COUNT] = {
    "visitors", "visits", "pageviews", "bounce_rate", "views_per_visit", "visit_duration"};

enum { TIME_DAY = TRAFFIC_DIMENSION__COUNT, TIME_HOUR };
static const struct {
    const char *name;
    int dimension;
} dimension_names[] = {
    {"time", TIME_DAY},
    {"time:day", TIME_DAY},
    {"time:hour", TIME_HOUR},
    {"visit:source", TRAFFIC_SOURCE},
    {"visit:channel", TRAFFIC_CHANNEL},
    {"visit:referrer", TRAFFIC_REFERRER},
    {"visit:entry_page", TRAFFIC_LANDING_PAGE},
    {"event:page", TRAFFIC_LANDING_PAGE},
    {"visit:country", TRAFFIC_COUNTRY},
    {"visit:device", TRAFFIC_DEVICE},
    {"visit:utm_source", TRAFFIC_UTM_SOURCE},
    {"visit:utm_medium", TRAFFIC_UTM_MEDIUM},
    {"visit:utm_campaign", TRAFFIC_UTM_CAMPAIGN},
};

struct report {
    enum metric metrics[METRICS_MAX];
    int dimensions[DIMENSIONS_MAX];
    size_t metric_count, dimension_count;
    int64_t first_day, last_day, limit, offset;
    bool has_session_metric, has_event_dimension;
};

static void error(struct reply *reply, unsigned status, const char *message)
{
    reply_json(reply, status, "{\"error\":");
    json_append_string(&reply->body, message);
    json_append_literal(&reply->body, "}");
}

void plausible_error(struct traffic *traffic, struct reply *reply, unsigned status,
                     const char *name)
{
    (void)traffic;
    if (status == 401 && strcmp(name, "missing") == 0) {
        error(reply, 401,
              "Missing API key. Please use a valid Plausible API key as a Bearer Token.");
    } else if (status == 401) {
        error(
            reply, 401,
            "Invalid API key or site ID. Please make sure you're using a valid API key with access "
            "to the site you've requested.");
    } else if (status == 402 && strcmp(name, "locked") == 0) {
        error(
            reply, 402,
            "This Plausible site is locked due to missing active subscription. In order to access "
            "it, the site owner should subscribe to a suitable plan");
    } else if (status == 402) {
        error(reply, 402,
              "The account that owns this API key does not have access to Stats API. Please make "
              "sure "
              "you're using the API key of a subscriber account and that the subscription plan has "
              "Stats API access");
    } else if (status == 429) {
        error(reply, 429,
              "Too many API requests. Your API key is limited to 600 requests per hour. Please "
              "contact "
              "us to request more capacity.");
    } else if (status == 400) {
        error(reply, 400,
              "Missing site ID. Please provide the required site_id parameter with your request.");
    } else {
        error(reply, status, status == 404 ? "Not found" : "Server error");
    }
}

static bool read_metrics(struct traffic_call *call, struct report *report)
{
    yyjson_val *item;
    size_t index, count;
    yyjson_arr_foreach(yyjson_obj_get(call->body, "metrics"), index, count, item)
    {
        unsigned metric = 0;
        while (metric < METRIC__COUNT && !yyjson_equals_str(item, metric_names[metric])) {
            metric++;
        }
        if (metric == METRIC__COUNT || report->metric_count == METRICS_MAX) {
            error(call->reply, 400, "#/metrics: Invalid metric");
            return false;
        }
        report->has_session_metric |= metric != VISITORS && metric != PAGEVIEWS;
        report->metrics[report->metric_count++] = (enum metric)metric;
    }
    if (report->metric_count == 0) {
        error(call->reply, 400, "#/metrics: Expected a minimum of 1 items but got 0.");
    }
    return report->metric_count > 0;
}

static bool read_dimension(const char *name, int *ret)
{
    for (size_t i = 0; name != NULL && i < sizeof dimension_names / sizeof *dimension_names; i++) {
        if (strcmp(dimension_names[i].name, name) == 0) {
            *ret = dimension_names[i].dimension;
            return true;
        }
    }
    return false;
}

static bool read_dimensions(struct traffic_call *call, struct report *report)
{
    yyjson_val *item;
    size_t index, count;
    yyjson_arr_foreach(yyjson_obj_get(call->body, "dimensions"), index, count, item)
    {
        const char *name = yyjson_get_str(item);
        if (report->dimension_count == DIMENSIONS_MAX ||
            !read_dimension(name, &report->dimensions[report->dimension_count])) {
            error(call->reply, 400, "#/dimensions: Invalid dimension");
            return false;
        }
        report->dimension_count++;
        report->has_event_dimension |= strncmp(name, "event:", 6) == 0;
        report->has_session_metric |= strncmp(name, "visit:", 6) == 0;
    }
    if (report->has_event_dimension && report->has_session_metric) {
        error(call->reply, 400,
              "Session metric(s) `visits` cannot be queried along with event dimensions.");
        return false;
    }
    return true;
}

static bool read_range(struct traffic_call *call, int64_t today, struct report *report)
{
    static const struct {
        const char *name;
        int64_t days;
    } spans[] = {{"7d", 7},    {"28d", 28},   {"30d", 30},  {"91d", 91},
                 {"6mo", 182}, {"12mo", 365}, {"all", 5000}};
    yyjson_val *range = yyjson_obj_get(call->body, "date_range");
    const char *first = yyjson_get_str(yyjson_arr_get(range, 0));
    const char *last = yyjson_get_str(yyjson_arr_get(range, 1));
    report->last_day = today;
    if (first != NULL && last != NULL && traffic_read_day(first, &report->first_day) &&
        traffic_read_day(last, &report->last_day) && report->first_day <= report->last_day) {
        return true;
    }
    if (yyjson_equals_str(range, "day")) {
        report->first_day = today;
        return true;
    }
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        if (yyjson_equals_str(range, spans[i].name)) {
            report->first_day = today - spans[i].days;
            report->last_day = today - (spans[i].days < 5000);
            return true;
        }
    }
    error(call->reply, 400, "#/date_range: Invalid date range");
    return false;
}

// [["is","visit:source",["Google"]]]: one value of each.
static bool read_filters(struct traffic_call *call, struct traffic_question *question)
{
    yyjson_val *item;
    size_t index, count;
    yyjson_arr_foreach(yyjson_obj_get(call->body, "filters"), index, count, item)
    {
        int dimension = 0;
        const char *operation = yyjson_get_str(yyjson_arr_get(item, 0));
        const char *value = yyjson_get_str(yyjson_arr_get(yyjson_arr_get(item, 2), 0));
        bool is_known = read_dimension(yyjson_get_str(yyjson_arr_get(item, 1)), &dimension);
        if (!is_known || dimension >= TIME_DAY || value == NULL || operation == NULL ||
            (strcmp(operation, "is") != 0 && strcmp(operation, "contains") != 0)) {
            error(call->reply, 400, "#/filters: Invalid filter");
            return false;
        }
        (*operation == 'i' ? question->wanted : question->contained)[dimension] = value;
    }
    return true;
}

static void print_bucket(struct sim_out *out, const struct metrics_zone *zone, int dimension,
                         int64_t bucket)
{
    char day[16];
    if (dimension == TIME_DAY) {
        traffic_print_day(bucket, day);
        sim_out_format(out, "\"%s\"", day);
        return;
    }
    int64_t local_us = bucket + metrics_zone_offset_us(zone, bucket);
    traffic_print_day(traffic_day(zone, bucket), day);
    sim_out_format(out, "\"%s %02d:00:00\"", day, (int)(local_us / 1000000 % 86400 / 3600));
}

static void print_metric(struct sim_out *out, const struct traffic_row *row, enum metric metric)
{
    double sessions = row->sessions > 0 ? (double)row->sessions : 1;
    switch (metric) {
    case VISITORS:
        sim_out_format(out, "%lld", (long long)row->visitors);
        break;
    case VISITS:
        sim_out_format(out, "%lld", (long long)row->sessions);
        break;
    case PAGEVIEWS:
        sim_out_format(out, "%lld", (long long)row->pageviews);
        break;
    case BOUNCE_RATE:
        sim_out_format(out, "%.0f", (double)row->bounces * 100 / sessions);
        break;
    case VIEWS_PER_VISIT:
        sim_out_format(out, "%.2f", (double)row->pageviews / sessions);
        break;
    case VISIT_DURATION:
        sim_out_format(out, "%.0f", (double)row->seconds / sessions);
        break;
    case METRIC__COUNT:
        break;
    }
}

static void print_row(struct sim_out *out, const struct report *report,
                      const struct traffic_row *row, const struct metrics_zone *zone)
{
    json_append_literal(out, "{\"metrics\":[");
    for (size_t i = 0; i < report->metric_count; i++) {
        sim_out_text(out, i > 0 ? "," : "");
        print_metric(out, row, report->metrics[i]);
    }
    json_append_literal(out, "],\"dimensions\":[");
    for (size_t i = 0; i < report->dimension_count; i++) {
        int dimension = report->dimensions[i];
        sim_out_text(out, i > 0 ? "," : "");
        if (dimension >= TIME_DAY) {
            print_bucket(out, zone, dimension, row->bucket);
        } else {
            const char *text = traffic_value(row->key, (enum traffic_dimension)dimension);
            json_append_string(out, text != NULL ? text : "(none)");
        }
    }
    json_append_literal(out, "]}");
}

static void print_labels(struct sim_out *out, const struct report *report,
                         const struct traffic_question *question)
{
    int64_t step_us = INT64_C(3600) * 1000000;
    json_append_literal(out, "\"time_labels\":[");
    if (question->bucket == TRAFFIC_DAYS) {
        for (int64_t day = report->first_day;
             day <= report->last_day && day < report->first_day + LABELS_MAX; day++) {
            sim_out_text(out, day > report->first_day ? "," : "");
            print_bucket(out, question->zone, TIME_DAY, day);
        }
    } else if (question->bucket == TRAFFIC_HOURS) {
        int64_t end_us = question->from_us + LABELS_MAX * step_us;
        end_us = end_us < question->to_us ? end_us : question->to_us;
        for (int64_t at_us = question->from_us; at_us < end_us; at_us += step_us) {
            sim_out_text(out, at_us > question->from_us ? "," : "");
            print_bucket(out, question->zone, TIME_HOUR, at_us);
        }
    }
    json_append_literal(out, "]");
}

static void print_query(struct traffic_call *call, const struct report *report,
                        const struct traffic_question *question)
{
    struct sim_out *out = call->out;
    char *metrics = yyjson_val_write(yyjson_obj_get(call->body, "metrics"), 0, NULL);
    char *dimensions = yyjson_val_write(yyjson_obj_get(call->body, "dimensions"), 0, NULL);
    sim_out_format(out, "\"query\":{\"site_id\":\"%s\",\"metrics\":%s,\"date_range\":[\"", site_id,
                   metrics != NULL ? metrics : "[]");
    traffic_print_time(out, question->zone, question->from_us);
    json_append_literal(out, "\",\"");
    traffic_print_time(out, question->zone, question->to_us - 1000000);
    sim_out_format(out,
                   "\"],\"filters\":[],\"dimensions\":%s,\"include\":{},"
                   "\"pagination\":{\"offset\":%lld,\"limit\":%lld}}}",
                   dimensions != NULL ? dimensions : "[]", (long long)report->offset,
                   (long long)report->limit);
    free(metrics);
    free(dimensions);
}

static void print_answer(struct traffic_call *call, const struct report *report,
                         const struct traffic_question *question, const struct traffic_rows *rows)
{
    struct sim_out *out = call->out;
    yyjson_val *include = yyjson_obj_get(call->body, "include");
    static const struct traffic_row nothing;
    size_t start = (size_t)report->offset, end = start + (size_t)report->limit;
    end = end < rows->count ? end : rows->count;
    reply_json(call->reply, 200, "{\"results\":[");
    for (size_t i = start; i < end; i++) {
        sim_out_text(out, i > start ? "," : "");
        print_row(out, report, &rows->rows[i], question->zone);
    }
    if (rows->count == 0 && report->dimension_count == 0) {
        print_row(out, report, &nothing, question->zone);
    }
    json_append_literal(out, "],\"meta\":{");
    bool has_labels = yyjson_is_true(yyjson_obj_get(include, "time_labels"));
    if (has_labels) {
        print_labels(out, report, question);
    }
    if (yyjson_is_true(yyjson_obj_get(include, "total_rows"))) {
        sim_out_format(out, "%s\"total_rows\":%zu", has_labels ? "," : "", rows->count);
    }
    json_append_literal(out, "},");
    print_query(call, report, question);
}

static void answer_stats(struct traffic_call *call, struct metrics_zone *zone)
{
    struct report report = {.limit = ROWS_DEFAULT};
    struct traffic_question question = {.zone = zone};
    struct traffic_rows rows = {0};
    yyjson_val *pages = yyjson_obj_get(call->body, "pagination");
    yyjson_val *limit = yyjson_obj_get(pages, "limit"), *offset = yyjson_obj_get(pages, "offset");
    report.limit = yyjson_is_int(limit) ? yyjson_get_sint(limit) : ROWS_DEFAULT;
    report.offset = yyjson_is_int(offset) ? yyjson_get_sint(offset) : 0;
    if (report.limit < 1 || report.limit > ROWS_DEFAULT || report.offset < 0) {
        error(call->reply, 400, "#/pagination/limit: Expected the value to be <= 10000");
        return;
    }
    int64_t today = traffic_day(zone, world_now_us(call->world));
    if (!read_metrics(call, &report) || !read_dimensions(call, &report) ||
        !read_range(call, today, &report) || !read_filters(call, &question)) {
        return;
    }
    const int64_t day_us = INT64_C(86400) * 1000000;
    question.basis = report.has_session_metric ? TRAFFIC_SESSIONS : TRAFFIC_EVENTS;
    question.from_us = metrics_zone_instant_us(zone, report.first_day * day_us);
    question.to_us = metrics_zone_instant_us(zone, (report.last_day + 1) * day_us);
    for (size_t i = 0; i < report.dimension_count; i++) {
        if (report.dimensions[i] >= TIME_DAY) {
            question.bucket = report.dimensions[i] == TIME_DAY ? TRAFFIC_DAYS : TRAFFIC_HOURS;
        } else {
            question.dimensions |= 1U << (unsigned)report.dimensions[i];
        }
    }
    if (traffic_call_ask(call, &question, &rows)) {
        print_answer(call, &report, &question, &rows);
    }
    traffic_rows_release(&rows);
}

void plausible_answer(struct traffic_call *call)
{
    const struct plausible *plausible = &call->traffic->plausible;
    const char *key = auth_bearer(call->request->authorization);
    const char *site = traffic_body_text(call, "site_id");
    if (strcmp(call->request->path, "/api/v2/query") != 0 ||
        strcmp(call->request->method, "POST") != 0) {
        plausible_error(call->traffic, call->reply, 404, "");
        return;
    }
    if (key == NULL) {
        plausible_error(call->traffic, call->reply, 401, "missing");
        return;
    }
    bool is_known = strcmp(key, plausible->key) == 0 || strcmp(key, plausible->no_plan) == 0;
    if (is_known && traffic_limited(&call->traffic->plausible.limit) > 0) {
        plausible_error(call->traffic, call->reply, 429, "");
        return;
    }
    if (site == NULL) {
        plausible_error(call->traffic, call->reply, 400, "");
        return;
    }
    if (!is_known || strcmp(site, site_id) != 0) {
        plausible_error(call->traffic, call->reply, 401, "");
        return;
    }
    if (strcmp(key, plausible->no_plan) == 0) {
        plausible_error(call->traffic, call->reply, 402, "");
        return;
    }
    struct metrics_zone *zone = metrics_zone_open(plausible->zone);
    if (zone == NULL) {
        plausible_error(call->traffic, call->reply, 500, "");
        return;
    }
    answer_stats(call, zone);
    metrics_zone_close(zone);
}
