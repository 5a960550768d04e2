// SPDX-License-Identifier: Apache-2.0
// traffic_umami.c - Umami: sign-in or API key, totals in the shape of its version, series without their empty days, lists by dimension, revenue.
//
// What Umami calls a session is a visitor here, and its visit a session. Moments are milliseconds, and `endAt` is included. As in Umami 3, parameters
// are looked at before the caller is; a unit too small for its window is replaced by a larger one without a word; who signs in is an
// administrator, to whom a website that does not exist is an empty one, while the API key's owner may not see it.
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

// Parameters.

// What the check of parameters says: of one of them, or of all (NULL).
static void refuse(struct traffic_call *call, const char *name, const char *problem)
{
    reply_json(call->reply, 400,
               "{\"error\":{\"message\":\"Bad request\",\"code\":\"bad-request\",\"status\":400,");
    if (name != NULL) {
        sim_out_format(call->out, "\"errors\":[],\"properties\":{\"%s\":{\"errors\":[\"%s\"]}}}}",
                       name, problem);
    } else {
        sim_out_format(call->out, "\"errors\":[\"%s\"]}}", problem);
    }
}

static bool is_number(const char *text)
{
    char *end;
    (void)strtod(text, &end);
    return *end == '\0';
}

static const char *const units[] = {"minute", "hour", "day", "month", "year"};
enum { MINUTE, HOUR, DAY, MONTH, YEAR, UNIT_COUNT };

static unsigned unit_of(const char *text)
{
    unsigned i = 0;
    while (i < UNIT_COUNT && strcmp(units[i], text) != 0) {
        i++;
    }
    return i;
}

static bool check_parameters(struct traffic_call *call)
{
    static const char *const names[] = {"startAt", "endAt", "startDate", "endDate"};
    const char *values[4], *unit = query_last(&call->query, "unit"),
                           *zone_name = query_last(&call->query, "timezone");
    int64_t day;
    for (size_t i = 0; i < 4; i++) {
        values[i] = query_last(&call->query, names[i]);
        if (i < 2 && values[i] != NULL && !is_number(values[i])) {
            refuse(call, names[i], "Invalid input: expected number, received NaN");
            return false;
        }
        char date[11] = {0};
        memcpy(date, values[i] != NULL ? values[i] : "",
               strnlen(values[i] != NULL ? values[i] : "", 10));
        if (values[i] != NULL && i >= 2 && !traffic_read_day(date, &day)) {
            refuse(call, names[i], "Invalid input: expected date, received Date");
            return false;
        }
    }
    struct metrics_zone *zone = metrics_zone_open(zone_name != NULL ? zone_name : "UTC");
    bool has_zone = zone != NULL;
    metrics_zone_close(zone);
    if (!has_zone) {
        refuse(call, "timezone", "Invalid timezone");
    } else if (unit != NULL && unit_of(unit) == UNIT_COUNT) {
        refuse(call, "unit", "Invalid unit");
    } else if ((values[0] == NULL || values[1] == NULL) &&
               (values[2] == NULL || values[3] == NULL)) {
        refuse(call, NULL, "Either startAt+endAt or startDate+endDate must be provided");
    } else {
        return true;
    }
    return false;
}

// Dates are accepted, and then nobody reads them.
static bool read_window(struct traffic_call *call, struct traffic_question *question)
{
    const char *start = query_last(&call->query, "startAt"),
               *end = query_last(&call->query, "endAt");
    const double most_ms = (double)(INT64_MAX / 4000);
    double start_ms = start != NULL ? strtod(start, NULL) : most_ms * 2;
    double end_ms = end != NULL ? strtod(end, NULL) : most_ms * 2;
    if (!(start_ms > -most_ms && start_ms < most_ms && end_ms > -most_ms && end_ms < most_ms)) {
        umami_error(call->traffic, call->reply, 500, "");
        return false;
    }
    question->from_us = (int64_t)start_ms * 1000;
    question->to_us = (int64_t)end_ms * 1000 + 1;
    return true;
}

static int64_t months_between(int64_t from_us, int64_t to_us)
{
    char first[16], last[16];
    const int64_t day_us = INT64_C(86400) * 1000000;
    traffic_print_day(from_us / day_us, first);
    traffic_print_day(to_us / day_us, last);
    return (strtol(last, NULL, 10) - strtol(first, NULL, 10)) * 12 + strtol(last + 5, NULL, 10) -
           strtol(first + 5, NULL, 10);
}

// The wanted unit, or the smallest that the window allows.
static enum traffic_bucket bucket_of(const char *wanted, const struct traffic_question *question)
{
    static const enum traffic_bucket buckets[UNIT_COUNT] = {
        TRAFFIC_HOURS, TRAFFIC_HOURS, TRAFFIC_DAYS, TRAFFIC_MONTHS, TRAFFIC_YEARS};
    int64_t minutes = (question->to_us - question->from_us) / 1000000 / 60;
    int64_t months = months_between(question->from_us, question->to_us);
    unsigned least = minutes <= 60             ? MINUTE
                     : minutes / 60 / 24 <= 30 ? HOUR
                     : months <= 7             ? DAY
                     : months <= 24            ? MONTH
                                               : YEAR;
    unsigned unit = wanted != NULL ? unit_of(wanted) : UNIT_COUNT;
    bool is_allowed = unit < UNIT_COUNT && unit >= (least == YEAR ? MONTH : least);
    return buckets[is_allowed ? unit : least];
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
    const char *zone = query_last(&call->query, "timezone");
    bool is_utc = zone == NULL || strcmp(zone, "UTC") == 0;
    struct traffic_rows rows = {0};
    question->bucket = bucket_of(query_last(&call->query, "unit"), question);
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

// Lists.

static const struct {
    const char *type;
    enum traffic_dimension dimension; // none: known, and empty here
} types[] = {{"referrer", TRAFFIC_REFERRER},
             {"domain", TRAFFIC_REFERRER},
             {"path", TRAFFIC_LANDING_PAGE},
             {"url", TRAFFIC_LANDING_PAGE},
             {"entry", TRAFFIC_LANDING_PAGE},
             {"country", TRAFFIC_COUNTRY},
             {"device", TRAFFIC_DEVICE},
             {"channel", TRAFFIC_CHANNEL},
             {"utmSource", TRAFFIC_UTM_SOURCE},
             {"utmMedium", TRAFFIC_UTM_MEDIUM},
             {"utmCampaign", TRAFFIC_UTM_CAMPAIGN},
             {"utmContent", TRAFFIC_DIMENSION__COUNT},
             {"utmTerm", TRAFFIC_DIMENSION__COUNT},
             {"browser", TRAFFIC_DIMENSION__COUNT},
             {"os", TRAFFIC_DIMENSION__COUNT},
             {"language", TRAFFIC_DIMENSION__COUNT},
             {"city", TRAFFIC_DIMENSION__COUNT},
             {"region", TRAFFIC_DIMENSION__COUNT},
             {"title", TRAFFIC_DIMENSION__COUNT},
             {"query", TRAFFIC_DIMENSION__COUNT},
             {"event", TRAFFIC_DIMENSION__COUNT},
             {"tag", TRAFFIC_DIMENSION__COUNT},
             {"hostname", TRAFFIC_DIMENSION__COUNT},
             {"exit", TRAFFIC_DIMENSION__COUNT}};

// As Umami writes it: devices in small letters, channels as "organicSearch".
static void print_text(char ret[static TRAFFIC_VALUE_BYTES], enum traffic_dimension dimension,
                       const char *text)
{
    size_t length = 0;
    bool is_plain = dimension != TRAFFIC_DEVICE && dimension != TRAFFIC_CHANNEL;
    for (const char *c = text; *c != '\0' && length + 1 < TRAFFIC_VALUE_BYTES; c++) {
        if (is_plain) {
            ret[length++] = *c;
        } else if (*c != ' ') {
            bool is_small = c == text && *c >= 'A' && *c <= 'Z';
            ret[length++] = (char)(is_small ? *c + 32 : *c);
        }
    }
    ret[length] = '\0';
}

static void print_value(struct sim_out *out, const struct traffic_row *row, const char *text,
                        bool is_expanded)
{
    sim_out_text(out, is_expanded ? "{\"name\":" : "{\"x\":");
    json_append_string(out, text);
    if (is_expanded) {
        sim_out_format(out,
                       ",\"pageviews\":%lld,\"visitors\":%lld,\"visits\":%lld,\"bounces\":%lld,"
                       "\"totaltime\":%lld}",
                       (long long)row->pageviews, (long long)row->visitors,
                       (long long)row->sessions, (long long)row->bounces, (long long)row->seconds);
    } else {
        sim_out_format(out, ",\"y\":%lld}", (long long)row->visitors);
    }
}

static int by_visitors(const void *left, const void *right)
{
    const struct traffic_row *a = left, *b = right;
    int order = (a->visitors < b->visitors) - (a->visitors > b->visitors);
    return order != 0 ? order : (a->key > b->key) - (a->key < b->key);
}

static int64_t number_of(struct traffic_call *call, const char *name, int64_t otherwise)
{
    const char *text = query_last(&call->query, name);
    return text != NULL ? strtoll(text, NULL, 10) : otherwise;
}

// Visits without a value are left out, as is the site itself among the referrers.
static void print_values(struct traffic_call *call, struct traffic_rows *rows,
                         enum traffic_dimension dimension, bool is_expanded)
{
    int64_t limit = number_of(call, "limit", LIST_MAX), offset = number_of(call, "offset", 0);
    const char *comma = "";
    if (rows->count > 0) {
        qsort(rows->rows, rows->count, sizeof *rows->rows, by_visitors);
    }
    reply_json(call->reply, 200, "[");
    for (size_t i = 0; i < rows->count && limit > 0; i++) {
        char value[TRAFFIC_VALUE_BYTES];
        const char *text = traffic_value(rows->rows[i].key, dimension);
        if (text == NULL || strcmp(text, "$direct") == 0 || offset-- > 0) {
            continue;
        }
        sim_out_text(call->out, comma);
        print_text(value, dimension, text);
        print_value(call->out, &rows->rows[i], value, is_expanded);
        comma = ",";
        limit--;
    }
    json_append_literal(call->out, "]");
}

static void answer_values(struct traffic_call *call, struct traffic_question *question,
                          bool is_expanded)
{
    const size_t count = sizeof types / sizeof *types;
    const char *type = query_last(&call->query, "type");
    bool is_old = call->traffic->umami.version < 3;
    struct traffic_rows rows = {0};
    size_t i = 0;
    while (i < count && (type == NULL || strcmp(types[i].type, type) != 0)) {
        i++;
    }
    if (i < count && is_old && (strcmp(type, "path") == 0 || strncmp(type, "utm", 3) == 0)) {
        i = count;
    }
    if (type == NULL) {
        refuse(call, "type", "Invalid input: expected string, received undefined");
        return;
    }
    if (i == count) {
        umami_error(call->traffic, call->reply, 400, "");
        return;
    }
    if (types[i].dimension == TRAFFIC_DIMENSION__COUNT) {
        reply_json(call->reply, 200, "[]");
        return;
    }
    question->dimensions = 1U << types[i].dimension;
    if (traffic_call_ask(call, question, &rows)) {
        print_values(call, &rows, types[i].dimension, is_expanded);
    }
    traffic_rows_release(&rows);
}

// Revenue.

static void print_sales_totals(struct sim_out *out, const struct traffic_sale *sale,
                               double minor_units, int64_t sessions)
{
    double sum = (double)sale->amount_minor / minor_units;
    sim_out_format(out,
                   "\"sum\":%.15g,\"count\":%lld,\"unique_count\":%lld,\"total_sessions\":%lld,"
                   "\"average\":%.15g,\"arpu\":%.15g",
                   sum, (long long)sale->orders, (long long)sale->customers, (long long)sessions,
                   sale->orders > 0 ? sum / (double)sale->orders : 0,
                   sessions > 0 ? sum / (double)sessions : 0);
}

// The totals of a window, without their end.
static bool print_sales_of(struct traffic_call *call, const char *currency,
                           struct traffic_question question)
{
    static const struct traffic_sale nothing;
    struct traffic_sales sales;
    struct traffic_rows visits = {0};
    question.bucket = TRAFFIC_WHOLE;
    question.dimensions = 0;
    bool is_done = traffic_ask_sales(call->world, currency, &question, &sales) &&
                   traffic_call_ask(call, &question, &visits);
    if (is_done) {
        print_sales_totals(call->out, sales.count > 0 ? sales.rows : &nothing,
                           (double)sales.minor_units, visits.count > 0 ? visits.rows->visitors : 0);
    }
    traffic_sales_release(&sales);
    traffic_rows_release(&visits);
    return is_done;
}

static bool print_chart(struct traffic_call *call, const char *currency,
                        const struct traffic_question *question, bool is_utc)
{
    struct traffic_sales sales;
    bool is_done = traffic_ask_sales(call->world, currency, question, &sales);
    for (size_t i = 0; i < sales.count; i++) {
        char day[16];
        traffic_print_day(sales.rows[i].bucket, day);
        sim_out_format(call->out,
                       "%s{\"x\":\"purchase\",\"t\":\"%s%s\",\"y\":%.15g,\"count\":%lld}",
                       i > 0 ? "," : "", day, is_utc ? "T00:00:00Z" : " 00:00:00",
                       (double)sales.rows[i].amount_minor / (double)sales.minor_units,
                       (long long)sales.rows[i].orders);
    }
    traffic_sales_release(&sales);
    return is_done;
}

static bool print_countries(struct traffic_call *call, const char *currency,
                            struct traffic_question question)
{
    struct traffic_sales sales;
    question.bucket = TRAFFIC_WHOLE;
    question.dimensions = 1U << TRAFFIC_COUNTRY;
    bool is_done = traffic_ask_sales(call->world, currency, &question, &sales);
    for (size_t i = 0; i < sales.count; i++) {
        sim_out_format(call->out, "%s{\"name\":\"%s\",\"value\":%.15g}", i > 0 ? "," : "",
                       traffic_value(sales.rows[i].key, TRAFFIC_COUNTRY),
                       (double)sales.rows[i].amount_minor / (double)sales.minor_units);
    }
    traffic_sales_release(&sales);
    return is_done;
}

static void print_revenue(struct traffic_call *call, const char *currency,
                          struct traffic_question *question, bool is_utc)
{
    struct traffic_question before = *question;
    before.to_us = question->from_us;
    before.from_us = question->from_us - (question->to_us - question->from_us);
    reply_json(call->reply, 200, "{\"chart\":[");
    bool is_done = print_chart(call, currency, question, is_utc);
    json_append_literal(call->out, "],\"total\":{");
    is_done = is_done && print_sales_of(call, currency, *question);
    json_append_literal(call->out, ",\"comparison\":{");
    is_done = is_done && print_sales_of(call, currency, before);
    json_append_literal(call->out, "}},\"country\":[");
    is_done = is_done && print_countries(call, currency, *question);
    json_append_literal(call->out, "],\"region\":[],\"referrer\":[],\"channel\":[]}");
    call->out->failed |= !is_done;
}

// Moments as "2026-08-01T00:00:00Z", with or without parts of a second.
static bool read_moment(const char *text, const struct metrics_zone *utc, int64_t *ret_us)
{
    char time[20] = {0};
    memcpy(time, text != NULL ? text : "", strnlen(text != NULL ? text : "", 19));
    return traffic_read_time(utc, time, ret_us);
}

static void answer_revenue(struct traffic_call *call)
{
    yyjson_val *parameters = yyjson_obj_get(call->body, "parameters");
    const char *currency = yyjson_get_str(yyjson_obj_get(parameters, "currency"));
    const char *unit = yyjson_get_str(yyjson_obj_get(parameters, "unit"));
    const char *name = yyjson_get_str(yyjson_obj_get(parameters, "timezone"));
    struct metrics_zone *utc = metrics_zone_open("UTC");
    struct metrics_zone *zone = metrics_zone_open(name != NULL ? name : "UTC");
    struct traffic_question question = {.zone = zone};
    bool has_times =
        read_moment(yyjson_get_str(yyjson_obj_get(parameters, "startDate")), utc,
                    &question.from_us) &&
        read_moment(yyjson_get_str(yyjson_obj_get(parameters, "endDate")), utc, &question.to_us);
    bool is_revenue = yyjson_equals_str(yyjson_obj_get(call->body, "type"), "revenue") &&
                      yyjson_is_obj(yyjson_obj_get(call->body, "filters"));
    unsigned number = unit != NULL ? unit_of(unit) : DAY;
    if (!is_revenue || currency == NULL || !has_times || zone == NULL || number == UNIT_COUNT) {
        umami_error(call->traffic, call->reply, 400, "");
    } else {
        bool is_theirs = yyjson_equals_str(yyjson_obj_get(call->body, "websiteId"),
                                           call->traffic->umami.website);
        question.to_us = is_theirs ? question.to_us + 1 : question.from_us;
        question.bucket = number == MONTH  ? TRAFFIC_MONTHS
                          : number == YEAR ? TRAFFIC_YEARS
                                           : TRAFFIC_DAYS;
        print_revenue(call, currency, &question, name == NULL || strcmp(name, "UTC") == 0);
    }
    metrics_zone_close(zone);
    metrics_zone_close(utc);
}

// Ways in.

static bool is_counting(const char *what)
{
    return strcmp(what, "/stats") == 0 || strcmp(what, "/pageviews") == 0 ||
           strcmp(what, "/metrics") == 0 || strcmp(what, "/metrics/expanded") == 0;
}

static void answer_counts(struct traffic_call *call, const char *what,
                          struct traffic_question *question)
{
    if (strcmp(what, "/stats") == 0) {
        answer_stats(call, question);
    } else if (strcmp(what, "/pageviews") == 0) {
        answer_series(call, question);
    } else {
        answer_values(call, question, strcmp(what, "/metrics/expanded") == 0);
    }
}

static void answer_website(struct traffic_call *call, const char *what)
{
    const char *name = query_last(&call->query, "timezone");
    struct metrics_zone *zone = metrics_zone_open(name != NULL ? name : "UTC");
    struct traffic_question question = {.basis = TRAFFIC_EVENTS, .zone = zone};
    if (*what == '\0') {
        reply_json(call->reply, 200, call->is_empty ? "null" : "");
        if (!call->is_empty) {
            print_website(call);
        }
    } else if (zone == NULL) {
        umami_error(call->traffic, call->reply, 500, "");
    } else if (read_window(call, &question)) {
        answer_counts(call, what, &question);
    }
    metrics_zone_close(zone);
}

// The token of a sign-in, or an API key, which one's own Umami takes as a bearer, too: the cloud's paths take only a key in its own header.
static bool is_known(const struct traffic_call *call, bool is_cloud, bool *ret_admin)
{
    const struct umami *umami = &call->traffic->umami;
    const char *token = auth_bearer(call->request->authorization),
               *key = call->request->umami_api_key;
    *ret_admin = !is_cloud && token != NULL && strcmp(token, umami->token) == 0;
    bool is_bearer = !is_cloud && token != NULL && strcmp(token, umami->api_key) == 0;
    return *ret_admin || is_bearer || (key != NULL && strcmp(key, umami->api_key) == 0);
}

static void answer_known(struct traffic_call *call, const char *rest, bool is_admin)
{
    const char *website = call->traffic->umami.website;
    size_t length = strcspn(rest, "/");
    bool is_theirs = length == strlen(website) && strncmp(rest, website, length) == 0;
    const char *what = rest + length;
    if (*rest == '\0') {
        reply_json(call->reply, 200, "{\"data\":[");
        print_website(call);
        json_append_literal(call->out, "],\"count\":1,\"page\":1,\"pageSize\":20}");
    } else if ((*what != '\0' && !is_counting(what)) ||
               (call->traffic->umami.version < 3 && strcmp(what, "/metrics/expanded") == 0)) {
        umami_error(call->traffic, call->reply, 404, "");
    } else if (!is_theirs && !is_admin) {
        umami_error(call->traffic, call->reply, 401, "");
    } else {
        call->is_empty |= !is_theirs;
        answer_website(call, what);
    }
}

static void answer_report(struct traffic_call *call, bool is_admin)
{
    if (strcmp(call->request->method, "POST") != 0)
        umami_error(call->traffic, call->reply, 405, "");
    else if (!is_admin && !yyjson_equals_str(yyjson_obj_get(call->body, "websiteId"),
                                             call->traffic->umami.website))
        umami_error(call->traffic, call->reply, 401, "");
    else
        answer_revenue(call);
}

void umami_answer(struct traffic_call *call)
{
    const char *path = call->request->path;
    bool is_cloud = strncmp(path, "/v1/", 4) == 0, is_admin = false;
    if (strcmp(path, "/api/auth/login") == 0 && strcmp(call->request->method, "POST") == 0) {
        answer_login(call);
        return;
    }
    const char *rest = is_cloud ? path + 3 : strncmp(path, "/api/", 5) == 0 ? path + 4 : "";
    bool is_revenue = strcmp(rest, "/reports/revenue") == 0;
    bool is_website = strncmp(rest, "/websites", 9) == 0 && (rest[9] == '\0' || rest[9] == '/');
    const char *what = is_website && rest[9] == '/' ? rest + 10 + strcspn(rest + 10, "/") : "";
    if (!is_website && !is_revenue) {
        umami_error(call->traffic, call->reply, 404, "");
    } else if (is_counting(what) && !check_parameters(call)) {
        return;
    } else if (!is_known(call, is_cloud, &is_admin)) {
        umami_error(call->traffic, call->reply, 401, "");
    } else if (is_revenue) {
        answer_report(call, is_admin);
    } else {
        answer_known(call, rest[9] == '/' ? rest + 10 : "", is_admin);
    }
}
