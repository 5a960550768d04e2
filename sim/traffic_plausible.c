// SPDX-License-Identifier: Apache-2.0
// traffic_plausible.c - Plausible's Stats API v2: metrics by position, buckets without visits absent, days in the site's zone.
//
// As soon as a session's metric or a visit's dimension is asked for, sessions are counted, by when they began; page views and visitors alone are
// counted by when they happened. A page is the landing page. The one goal is a purchase in one currency (traffic_revenue.c): with it, visitors are
// those who bought.
#include "traffic_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METRICS_MAX = 8, DIMENSIONS_MAX = 8, ROWS_DEFAULT = 10000, LABELS_MAX = 20000 };

static const char site_id[] = "shop.example", goal_name[] = "Purchase", goal_currency[] = "USD";

enum metric {
    VISITORS,
    VISITS,
    PAGEVIEWS,
    BOUNCE_RATE,
    VIEWS_PER_VISIT,
    VISIT_DURATION,
    EVENTS,
    TOTAL_REVENUE,
    AVERAGE_REVENUE,
    METRIC__COUNT
};
static const char *const metric_names[METRIC__COUNT] = {
    "visitors",       "visits", "pageviews",     "bounce_rate",    "views_per_visit",
    "visit_duration", "events", "total_revenue", "average_revenue"};

enum { TIME_DAY = TRAFFIC_DIMENSION__COUNT, TIME_HOUR, TIME_WEEK, TIME_MONTH, EVENT_GOAL };
static const struct {
    const char *name;
    int dimension;
} dimension_names[] = {
    {"time", TIME_DAY},
    {"time:day", TIME_DAY},
    {"time:hour", TIME_HOUR},
    {"time:week", TIME_WEEK},
    {"time:month", TIME_MONTH},
    {"event:goal", EVENT_GOAL},
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
    enum traffic_bucket bucket;
    bool has_session_metric, has_visit_metric, has_event_dimension, has_revenue, is_goal;
    const char *event_metric; // page views and the like
    bool has_entry_page;
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
        report->has_visit_metric |= metric >= BOUNCE_RATE ? metric < EVENTS : metric == VISITS;
        report->has_session_metric |= report->has_visit_metric;
        if (metric == PAGEVIEWS || metric >= EVENTS) {
            report->event_metric = metric_names[metric];
        }
        report->has_revenue |= metric == TOTAL_REVENUE || metric == AVERAGE_REVENUE;
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

static void note_dimension(const char *name, int dimension, struct report *report)
{
    static const enum traffic_bucket buckets[] = {TRAFFIC_DAYS, TRAFFIC_HOURS, TRAFFIC_WEEKS,
                                                  TRAFFIC_MONTHS};
    if (dimension >= TIME_DAY && dimension <= TIME_MONTH) {
        report->bucket = buckets[dimension - TIME_DAY];
    }
    report->is_goal |= dimension == EVENT_GOAL;
    report->has_entry_page |= strcmp(name, "visit:entry_page") == 0;
    report->has_event_dimension |= strncmp(name, "event:", 6) == 0;
    report->has_session_metric |= strncmp(name, "visit:", 6) == 0;
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
        note_dimension(name, report->dimensions[report->dimension_count++], report);
    }
    if (report->has_entry_page && report->event_metric != NULL) {
        char message[160];
        snprintf(message, sizeof message,
                 "Event metric(s) `%s` cannot be queried along with session dimension(s) "
                 "`visit:entry_page`",
                 report->event_metric);
        error(call->reply, 400, message);
        return false;
    }
    if (report->has_event_dimension && report->has_session_metric) {
        error(call->reply, 400,
              "Session metric(s) `visits` cannot be queried along with event dimensions.");
        return false;
    }
    return true;
}

// The first day of the month that lies so many months before.
static int64_t month_before(int64_t day, int months)
{
    for (day = traffic_bucket_day(TRAFFIC_MONTHS, day, 0); months > 0; months--) {
        day = traffic_bucket_day(TRAFFIC_MONTHS, day - 1, 0);
    }
    return day;
}

static bool read_named_range(const char *name, int64_t today, struct report *report)
{
    const int64_t this_month = month_before(today, 0);
    const struct {
        const char *name;
        int64_t first, last;
    } ranges[] = {
        {"day", today, today},
        {"7d", today - 7, today - 1},
        {"28d", today - 28, today - 1},
        {"30d", today - 30, today - 1},
        {"91d", today - 91, today - 1},
        {"month", this_month, today},
        {"6mo", month_before(today, 6), this_month - 1},
        {"12mo", month_before(today, 12), this_month - 1},
        {"year", traffic_bucket_day(TRAFFIC_YEARS, today, 0), today},
        {"all", today - 5000, today},
    };
    for (size_t i = 0; name != NULL && i < sizeof ranges / sizeof *ranges; i++) {
        if (strcmp(ranges[i].name, name) == 0) {
            report->first_day = ranges[i].first;
            report->last_day = ranges[i].last;
            return true;
        }
    }
    return false;
}

static bool read_range(struct traffic_call *call, int64_t today, struct report *report)
{
    yyjson_val *range = yyjson_obj_get(call->body, "date_range");
    const char *first = yyjson_get_str(yyjson_arr_get(range, 0));
    const char *last = yyjson_get_str(yyjson_arr_get(range, 1));
    bool are_days = first != NULL && last != NULL && traffic_read_day(first, &report->first_day) &&
                    traffic_read_day(last, &report->last_day) &&
                    report->first_day <= report->last_day;
    if (are_days || read_named_range(yyjson_get_str(range), today, report)) {
        return true;
    }
    error(call->reply, 400, "#/date_range: Invalid date range");
    return false;
}

struct clause {
    yyjson_val *values;
    bool is_contained, is_negative;
};

// A visit passes when any of the values fits; one without a value counts as empty.
static bool passes(const char *text, const void *what)
{
    const struct clause *clause = what;
    yyjson_val *item;
    size_t index, count;
    bool fits = false;
    text = text != NULL ? text : "";
    yyjson_arr_foreach(clause->values, index, count, item)
    {
        const char *value = yyjson_get_str(item);
        if (value != NULL) {
            fits |= clause->is_contained ? strstr(text, value) != NULL : strcmp(text, value) == 0;
        }
    }
    return fits != clause->is_negative;
}

static bool read_clause(yyjson_val *item, struct clause *ret)
{
    const char *operation = yyjson_get_str(yyjson_arr_get(item, 0));
    ret->values = yyjson_arr_get(item, 2);
    if (operation == NULL || yyjson_arr_size(ret->values) == 0) {
        return false;
    }
    ret->is_contained = strncmp(operation, "contains", 8) == 0;
    const char *rest = operation + (ret->is_contained ? 8 : 2);
    ret->is_negative = strcmp(rest, "_not") == 0;
    return (ret->is_contained || strncmp(operation, "is", 2) == 0) &&
           (ret->is_negative || *rest == '\0');
}

// [["is","visit:source",["Google"]],...]: all of them, and no nesting.
static bool read_filters(struct traffic_call *call, struct report *report,
                         struct traffic_question *question)
{
    yyjson_val *item;
    size_t index, count;
    yyjson_arr_foreach(yyjson_obj_get(call->body, "filters"), index, count, item)
    {
        int dimension = 0;
        struct clause clause;
        bool is_known = read_dimension(yyjson_get_str(yyjson_arr_get(item, 1)), &dimension);
        if (!is_known || (dimension >= TIME_DAY && dimension != EVENT_GOAL) ||
            !read_clause(item, &clause)) {
            error(call->reply, 400, "#/filters: Invalid filter");
            return false;
        }
        if (dimension != EVENT_GOAL) {
            traffic_exclude(question, (enum traffic_dimension)dimension, passes, &clause);
        } else if (passes(goal_name, &clause)) {
            report->is_goal = true;
        } else {
            error(call->reply, 400, "The goal is not configured for this site.");
            return false;
        }
    }
    return true;
}

static void print_bucket(struct sim_out *out, const struct metrics_zone *zone, int dimension,
                         int64_t bucket)
{
    char day[16];
    if (dimension != TIME_HOUR) {
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
    case EVENTS:
        sim_out_format(out, "%lld", (long long)row->pageviews);
        break;
    case TOTAL_REVENUE:
    case AVERAGE_REVENUE:
    case METRIC__COUNT:
        json_append_literal(out, "null");
        break;
    }
}

static void print_dimensions(struct sim_out *out, const struct report *report,
                             const struct traffic_row *row, const struct metrics_zone *zone)
{
    json_append_literal(out, "\"dimensions\":[");
    for (size_t i = 0; i < report->dimension_count; i++) {
        int dimension = report->dimensions[i];
        sim_out_text(out, i > 0 ? "," : "");
        if (dimension == EVENT_GOAL) {
            json_append_string(out, goal_name);
        } else if (dimension >= TIME_DAY) {
            print_bucket(out, zone, dimension, row->bucket);
        } else {
            const char *text = traffic_value(row->key, (enum traffic_dimension)dimension);
            json_append_string(out, text == NULL                   ? "(none)"
                                    : strcmp(text, "$direct") == 0 ? "Direct / None"
                                                                   : text);
        }
    }
    json_append_literal(out, "]}");
}

static void print_row(struct sim_out *out, const struct report *report,
                      const struct traffic_row *row, const struct metrics_zone *zone)
{
    json_append_literal(out, "{\"metrics\":[");
    for (size_t i = 0; i < report->metric_count; i++) {
        sim_out_text(out, i > 0 ? "," : "");
        print_metric(out, row, report->metrics[i]);
    }
    json_append_literal(out, "],");
    print_dimensions(out, report, row, zone);
}

static void print_labels(struct sim_out *out, const struct report *report,
                         const struct traffic_question *question)
{
    int64_t step_us = INT64_C(3600) * 1000000;
    json_append_literal(out, "\"time_labels\":[");
    if (question->bucket == TRAFFIC_HOURS) {
        int64_t end_us = question->from_us + LABELS_MAX * step_us;
        end_us = end_us < question->to_us ? end_us : question->to_us;
        for (int64_t at_us = question->from_us; at_us < end_us; at_us += step_us) {
            sim_out_text(out, at_us > question->from_us ? "," : "");
            print_bucket(out, question->zone, TIME_HOUR, at_us);
        }
    } else if (question->bucket != TRAFFIC_WHOLE) {
        int64_t before = INT64_MIN;
        for (int64_t day = report->first_day;
             day <= report->last_day && day < report->first_day + LABELS_MAX; day++) {
            int64_t label = traffic_bucket_day(question->bucket, day, report->first_day);
            if (label != before) {
                sim_out_text(out, before != INT64_MIN ? "," : "");
                print_bucket(out, question->zone, TIME_DAY, label);
                before = label;
            }
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

// Revenue that cannot be told is null, and why is told once for each metric.
static void print_warnings(struct sim_out *out, const struct report *report)
{
    bool is_first = true;
    json_append_literal(out, "\"metric_warnings\":{");
    for (size_t i = 0; i < report->metric_count; i++) {
        if (report->metrics[i] == TOTAL_REVENUE || report->metrics[i] == AVERAGE_REVENUE) {
            sim_out_format(out,
                           "%s\"%s\":{\"code\":\"no_revenue_goals_matching\",\"warning\":\"Revenue "
                           "metrics are null as there are no matching revenue goals.\"}",
                           is_first ? "" : ",", metric_names[report->metrics[i]]);
            is_first = false;
        }
    }
    json_append_literal(out, "}");
}

static void print_end(struct traffic_call *call, const struct report *report,
                      const struct traffic_question *question, size_t row_count)
{
    struct sim_out *out = call->out;
    yyjson_val *include = yyjson_obj_get(call->body, "include");
    const char *comma = "";
    json_append_literal(out, "],\"meta\":{");
    if (yyjson_is_true(yyjson_obj_get(include, "time_labels"))) {
        print_labels(out, report, question);
        comma = ",";
    }
    if (yyjson_is_true(yyjson_obj_get(include, "total_rows"))) {
        sim_out_format(out, "%s\"total_rows\":%zu", comma, row_count);
        comma = ",";
    }
    if (report->has_revenue && !report->is_goal) {
        sim_out_text(out, comma);
        print_warnings(out, report);
    }
    json_append_literal(out, "},");
    print_query(call, report, question);
}

static void print_answer(struct traffic_call *call, const struct report *report,
                         const struct traffic_question *question, const struct traffic_rows *rows)
{
    struct sim_out *out = call->out;
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
    print_end(call, report, question, rows->count);
}

// The goal.

static void print_money(struct sim_out *out, double value)
{
    static const char *const ends[] = {"", "K", "M", "B"};
    char digits[32];
    double small = value;
    unsigned power = 0;
    while (small >= 1000 && power < 3) {
        small /= 1000;
        power++;
    }
    sim_out_format(out, "{\"value\":%.15g,\"currency\":\"%s\",\"short\":\"$%.1f%s\",\"long\":\"$",
                   value, goal_currency, small, ends[power]);
    int length = snprintf(digits, sizeof digits, "%.2f", value);
    for (int i = 0; i < length; i++) {
        bool is_thousand = i > 0 && i < length - 3 && (length - 3 - i) % 3 == 0;
        sim_out_format(out, "%s%c", is_thousand ? "," : "", digits[i]);
    }
    json_append_literal(out, "\"}");
}

static void print_sale(struct sim_out *out, const struct report *report,
                       const struct traffic_sale *sale, double minor_units)
{
    struct traffic_row row = {.bucket = sale->bucket,
                              .key = sale->key,
                              .visitors = sale->customers,
                              .pageviews = sale->orders};
    double value = (double)sale->amount_minor / minor_units;
    json_append_literal(out, "{\"metrics\":[");
    for (size_t i = 0; i < report->metric_count; i++) {
        enum metric metric = report->metrics[i];
        sim_out_text(out, i > 0 ? "," : "");
        if (metric == TOTAL_REVENUE || metric == AVERAGE_REVENUE) {
            double orders =
                metric == AVERAGE_REVENUE && sale->orders > 0 ? (double)sale->orders : 1;
            print_money(out, value / orders);
        } else {
            print_metric(out, &row, metric);
        }
    }
    json_append_literal(out, "],");
    print_dimensions(out, report, &row, NULL);
}

static void answer_goal(struct traffic_call *call, const struct report *report,
                        const struct traffic_question *question)
{
    static const struct traffic_sale nothing;
    struct traffic_sales sales = {.minor_units = 100};
    unsigned of_country = 1U << TRAFFIC_COUNTRY;
    if (report->has_visit_metric) {
        error(call->reply, 400,
              "Session metric(s) `visits` cannot be queried along with event dimension(s) "
              "`event:goal`");
        return;
    }
    if ((question->dimensions & ~of_country) != 0 || question->bucket == TRAFFIC_HOURS) {
        error(call->reply, 400, "#/dimensions: Invalid dimension");
        return;
    }
    if (!call->is_empty && !traffic_ask_sales(call->world, goal_currency, question, &sales)) {
        plausible_error(call->traffic, call->reply, 500, "");
        return;
    }
    reply_json(call->reply, 200, "{\"results\":[");
    for (size_t i = 0; i < sales.count; i++) {
        sim_out_text(call->out, i > 0 ? "," : "");
        print_sale(call->out, report, &sales.rows[i], (double)sales.minor_units);
    }
    if (sales.count == 0 && report->dimension_count == 0) {
        print_sale(call->out, report, &nothing, 100);
    }
    print_end(call, report, question, sales.count);
    traffic_sales_release(&sales);
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
        !read_range(call, today, &report) || !read_filters(call, &report, &question)) {
        return;
    }
    const int64_t day_us = INT64_C(86400) * 1000000;
    question.bucket = report.bucket;
    question.first_day = report.first_day;
    question.basis = report.has_session_metric ? TRAFFIC_SESSIONS : TRAFFIC_EVENTS;
    question.from_us = metrics_zone_instant_us(zone, report.first_day * day_us);
    question.to_us = metrics_zone_instant_us(zone, (report.last_day + 1) * day_us);
    for (size_t i = 0; i < report.dimension_count; i++) {
        if (report.dimensions[i] < TIME_DAY) {
            question.dimensions |= 1U << (unsigned)report.dimensions[i];
        }
    }
    if (report.is_goal) {
        answer_goal(call, &report, &question);
    } else if (traffic_call_ask(call, &question, &rows)) {
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
    if (is_known && site == NULL) {
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
