// SPDX-License-Identifier: Apache-2.0
// traffic_google.c - Search Console: properties, and search analytics with its days in Pacific time, its lag and its silences.
//
// Rows that were not asked for by enough people are in the totals alone; days without data, and rows where there are none, are absent; a quota
// that is used up looks like a missing permission but for its reason.
#include "traffic_parts.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS_DEFAULT = 1000,
    ROWS_MAX = 25000,
    ROWS_OF_PROPERTY_MAX = 50000,
    HISTORY_DAYS = 487, // 16 months
    DIMENSIONS_MAX = 8,
    SITE_BYTES = 256
};

static const char site_pages[] = "https://shop.example";

static const struct {
    const char *url, *level;
} sites[] = {
    {"sc-domain:shop.example", "siteOwner"},
    {"https://shop.example/", "siteFullUser"},
    {"http://shop.example/", "siteRestrictedUser"},
    {"https://old.shop.example/", "siteUnverifiedUser"},
};
enum { VERIFIED_SITES = 3 };

enum grouping {
    BY_DATE,
    BY_QUERY,
    BY_PAGE,
    BY_COUNTRY,
    BY_DEVICE,
    BY_HOUR,
    BY_APPEARANCE,
    GROUPING__COUNT
};
static const char *const groupings[GROUPING__COUNT] = {
    "date", "query", "page", "country", "device", "hour", "searchAppearance"};
static const enum traffic_dimension grouped_dimensions[GROUPING__COUNT] = {
    [BY_QUERY] = TRAFFIC_QUERY,
    [BY_PAGE] = TRAFFIC_LANDING_PAGE,
    [BY_COUNTRY] = TRAFFIC_COUNTRY,
    [BY_DEVICE] = TRAFFIC_DEVICE};

struct analytics {
    enum grouping by[DIMENSIONS_MAX];
    size_t count;
    int64_t limit, start, first_day, last_day;
    const char *state, *type;
    bool is_by_date, is_by_hour, is_by_page, is_by_appearance;
    bool has_no_rows; // by its filters
};

static void error(struct reply *reply, unsigned status, const char *domain, const char *reason,
                  const char *message)
{
    reply_json(reply, status, "");
    sim_out_format(&reply->body, "{\"error\":{\"code\":%u,\"message\":", status);
    json_append_string(&reply->body, message);
    json_append_literal(&reply->body, ",\"errors\":[{\"message\":");
    json_append_string(&reply->body, message);
    sim_out_format(&reply->body, ",\"domain\":\"%s\",\"reason\":\"%s\"}]}}", domain, reason);
}

static void error_unknown_site(struct reply *reply, const char *site)
{
    char message[SITE_BYTES + 160];
    snprintf(message, sizeof message,
             "User does not have sufficient permission for site '%.200s'. See also: "
             "https://support.google.com/webmasters/answer/2451999.",
             site);
    error(reply, 403, "global", "forbidden", message);
}

static bool error_of_quota(struct reply *reply, unsigned status, const char *name)
{
    static const struct {
        const char *reason, *message;
    } quotas[] = {
        {"quotaExceeded", "Search Analytics load quota exceeded. Learn about usage limits: "
                          "https://developers.google.com/webmaster-tools/v3/limits."},
        {"rateLimitExceeded", "Rate Limit Exceeded"},
        {"userRateLimitExceeded", "User Rate Limit Exceeded"},
        {"dailyLimitExceeded", "Daily Limit Exceeded"},
    };
    for (size_t i = 0; i < sizeof quotas / sizeof *quotas; i++) {
        bool is_usual = status == 429 && *name == '\0' && i == 1;
        if (is_usual || strcmp(quotas[i].reason, name) == 0) {
            error(reply, status, "usageLimits", quotas[i].reason, quotas[i].message);
            return true;
        }
    }
    return false;
}

void google_error(struct traffic *traffic, struct reply *reply, unsigned status, const char *name)
{
    (void)traffic;
    if (error_of_quota(reply, status, name)) {
        return;
    }
    if (strncmp(name, "invalid_", 8) == 0) { // of the token endpoint
        reply_json(reply, status, "");
        sim_out_format(&reply->body, "{\n  \"error\": \"%s\",\n  \"error_description\": \"%s\"\n}",
                       name,
                       strcmp(name, "invalid_grant") == 0 ? "Token has been expired or revoked."
                                                          : "Unauthorized");
    } else if (status == 403 && strcmp(name, "disabled") == 0) {
        error(reply, 403, "usageLimits", "accessNotConfigured",
              "Google Search Console API has not been used in project 1234567890 before or it is "
              "disabled. Enable it by visiting "
              "https://console.developers.google.com/apis/api/searchconsole.googleapis.com/"
              "overview?project=1234567890 then retry.");
    } else if (status == 403 && strcmp(name, "scope") == 0) {
        error(reply, 403, "global", "insufficientPermissions",
              "Request had insufficient authentication scopes.");
    } else if (status == 403) {
        error_unknown_site(reply, "sc-domain:shop.example");
    } else if (status == 401) {
        error(
            reply, 401, "global", "authError",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
            "cookie or other valid authentication credential.");
    } else if (status == 400) {
        error(reply, 400, "global", "invalidParameter", "Invalid value");
    } else if (status == 404) {
        error(reply, 404, "global", "notFound", "Not Found");
    } else {
        error(reply, status, "global", "backendError", "Backend Error");
    }
}

static void answer_sites(struct traffic_call *call)
{
    if (call->traffic->google.has_no_sites || call->is_empty) {
        reply_json(call->reply, 200, "{}");
        return;
    }
    reply_json(call->reply, 200, "{\"siteEntry\":[");
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
        sim_out_format(call->out, "%s{\"siteUrl\":\"%s\",\"permissionLevel\":\"%s\"}",
                       i > 0 ? "," : "", sites[i].url, sites[i].level);
    }
    json_append_literal(call->out, "]}");
}

// Search analytics.

static void refuse(struct traffic_call *call, const char *message)
{
    error(call->reply, 400, "global", "invalidParameter", message);
}

static bool read_dimensions(struct traffic_call *call, struct analytics *a)
{
    yyjson_val *list = yyjson_obj_get(call->body, "dimensions"), *item;
    size_t index, count;
    yyjson_arr_foreach(list, index, count, item)
    {
        unsigned by = 0;
        while (by < GROUPING__COUNT && !yyjson_equals_str(item, groupings[by])) {
            by++;
        }
        if (by == GROUPING__COUNT || a->count == DIMENSIONS_MAX) {
            refuse(call, "Invalid value at 'dimensions'");
            return false;
        }
        a->by[a->count++] = (enum grouping)by;
        a->is_by_date |= by == BY_DATE;
        a->is_by_hour |= by == BY_HOUR;
        a->is_by_page |= by == BY_PAGE;
        a->is_by_appearance |= by == BY_APPEARANCE;
    }
    if (a->is_by_appearance && a->count > 1) {
        refuse(call, "The dimension 'searchAppearance' cannot be grouped with other dimensions.");
        return false;
    }
    return true;
}

static bool is_one_of(const char *text, const char *const *list)
{
    while (*list != NULL && strcmp(*list, text) != 0) {
        list++;
    }
    return *list != NULL;
}

static bool read_analytics(struct traffic_call *call, struct analytics *a)
{
    static const char *const states[] = {"final", "all", "hourly_all", NULL};
    static const char *const types[] = {"web",      "image",      "video", "news",
                                        "discover", "googleNews", NULL};
    const char *first = traffic_body_text(call, "startDate"),
               *last = traffic_body_text(call, "endDate");
    yyjson_val *limit = yyjson_obj_get(call->body, "rowLimit");
    yyjson_val *start = yyjson_obj_get(call->body, "startRow");
    const char *type = traffic_body_text(call, "type"),
               *state = traffic_body_text(call, "dataState");
    a->limit = limit != NULL ? yyjson_get_sint(limit) : ROWS_DEFAULT;
    a->start = start != NULL ? yyjson_get_sint(start) : 0;
    a->type = type != NULL ? type : "web";
    a->state = state != NULL ? state : "final";
    if (call->body == NULL) {
        refuse(call, "Invalid JSON payload received.");
    } else if (first == NULL || last == NULL || !traffic_read_day(first, &a->first_day) ||
               !traffic_read_day(last, &a->last_day)) {
        refuse(call, "Invalid or missing 'startDate' or 'endDate': want YYYY-MM-DD.");
    } else if (a->last_day < a->first_day) {
        refuse(call, "'startDate' must not be after 'endDate'.");
    } else if (a->limit < 1 || a->limit > ROWS_MAX || a->start < 0) {
        refuse(call, "'rowLimit' must be between 1 and 25000.");
    } else if (!is_one_of(a->type, types) || !is_one_of(a->state, states)) {
        refuse(call, "Invalid value at 'type' or 'dataState'");
    } else if (read_dimensions(call, a)) {
        if (a->is_by_hour && strcmp(a->state, "hourly_all") != 0) {
            refuse(call, "The dimension 'hour' needs the data state 'hourly_all'.");
            return false;
        }
        return true;
    }
    return false;
}

static void print_text(char ret[static TRAFFIC_VALUE_BYTES], enum traffic_dimension dimension,
                       const char *text)
{
    snprintf(ret, TRAFFIC_VALUE_BYTES, "%s%s", dimension == TRAFFIC_LANDING_PAGE ? site_pages : "",
             dimension == TRAFFIC_COUNTRY ? traffic_country_alpha3(text) : text);
    for (char *c = ret; dimension == TRAFFIC_DEVICE && *c != '\0'; c++) {
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    }
}

// Filters.

enum operation { EQUALS, CONTAINS, INCLUDES_REGEX };

struct filter {
    enum traffic_dimension dimension;
    enum operation operation;
    bool is_negative;
    const char *text;
    regex_t regex;
};

// Values without a text are too rare to be told: any filter leaves them out.
static bool passes(const char *text, const void *what)
{
    const struct filter *filter = what;
    char value[TRAFFIC_VALUE_BYTES];
    if (text == NULL) {
        return false;
    }
    print_text(value, filter->dimension, text);
    bool is_exact = filter->dimension == TRAFFIC_LANDING_PAGE || filter->dimension == TRAFFIC_QUERY;
    bool is_found = filter->operation == INCLUDES_REGEX
                        ? regexec(&filter->regex, value, 0, NULL, 0) == 0
                    : filter->operation == CONTAINS ? strcasestr(value, filter->text) != NULL
                    : is_exact                      ? strcmp(value, filter->text) == 0
                                                    : strcasecmp(value, filter->text) == 0;
    return is_found != filter->is_negative;
}

static bool read_operation(const char *text, struct filter *filter)
{
    static const char *const names[] = {"equals",      "notEquals",      "contains",
                                        "notContains", "includingRegex", "excludingRegex"};
    unsigned i = 0;
    while (text != NULL && i < 6 && strcmp(names[i], text) != 0) {
        i++;
    }
    filter->operation = (enum operation)(i / 2);
    filter->is_negative = i % 2 == 1;
    return i < 6;
}

// False with the refusal in the reply. No page has a search appearance, so a filter by one leaves nothing.
static bool read_filter(struct traffic_call *call, yyjson_val *value, struct analytics *a,
                        struct traffic_question *question)
{
    static const struct {
        const char *name;
        enum traffic_dimension dimension;
    } dimensions[] = {{"page", TRAFFIC_LANDING_PAGE},
                      {"query", TRAFFIC_QUERY},
                      {"country", TRAFFIC_COUNTRY},
                      {"device", TRAFFIC_DEVICE},
                      {"searchAppearance", TRAFFIC_DIMENSION__COUNT}};
    struct filter filter = {.text = yyjson_get_str(yyjson_obj_get(value, "expression"))};
    unsigned i = 0;
    while (i < 5 && !yyjson_equals_str(yyjson_obj_get(value, "dimension"), dimensions[i].name)) {
        i++;
    }
    if (i == 5 || filter.text == NULL ||
        !read_operation(yyjson_get_str(yyjson_obj_get(value, "operator")), &filter)) {
        refuse(call, "Invalid value at 'dimension_filter_groups'");
        return false;
    }
    filter.dimension = dimensions[i].dimension;
    if (filter.dimension == TRAFFIC_DIMENSION__COUNT) {
        a->has_no_rows = true;
        return true;
    }
    if (filter.operation == INCLUDES_REGEX &&
        regcomp(&filter.regex, filter.text, REG_EXTENDED | REG_NOSUB) != 0) {
        refuse(call, "Invalid regular expression in 'dimension_filter_groups'");
        return false;
    }
    traffic_exclude(question, filter.dimension, passes, &filter);
    if (filter.operation == INCLUDES_REGEX) {
        regfree(&filter.regex);
    }
    return true;
}

static bool read_filters(struct traffic_call *call, struct analytics *a,
                         struct traffic_question *question)
{
    yyjson_val *group, *filter;
    size_t index, count, group_index, group_count;
    yyjson_arr_foreach(yyjson_obj_get(call->body, "dimensionFilterGroups"), group_index,
                       group_count, group)
    {
        yyjson_val *type = yyjson_obj_get(group, "groupType");
        if (type != NULL && !yyjson_equals_str(type, "and")) {
            refuse(call, "Invalid value at 'dimension_filter_groups[0].group_type'");
            return false;
        }
        yyjson_arr_foreach(yyjson_obj_get(group, "filters"), index, count, filter)
        {
            if (!read_filter(call, filter, a, question)) {
                return false;
            }
        }
    }
    return true;
}

static void print_key(struct sim_out *out, const struct traffic_row *row, enum grouping by,
                      const struct metrics_zone *zone)
{
    char text[TRAFFIC_VALUE_BYTES] = {0};
    if (by == BY_DATE) {
        traffic_print_day(row->bucket, text);
    } else if (by == BY_HOUR) {
        json_append_literal(out, "\"");
        traffic_print_time(out, zone, row->bucket);
        json_append_literal(out, "\"");
        return;
    } else {
        enum traffic_dimension dimension = grouped_dimensions[by];
        print_text(text, dimension, traffic_value(row->key, dimension));
    }
    json_append_string(out, text);
}

static void print_rows(struct traffic_call *call, const struct analytics *a,
                       const struct traffic_rows *rows, const struct metrics_zone *zone)
{
    size_t start = (size_t)a->start;
    size_t most = rows->count < ROWS_OF_PROPERTY_MAX ? rows->count : ROWS_OF_PROPERTY_MAX;
    size_t end = start + (size_t)a->limit < most ? start + (size_t)a->limit : most;
    if (start >= end) {
        return; // no key "rows" at all
    }
    json_append_literal(call->out, "\"rows\":[");
    for (size_t i = start; i < end; i++) {
        const struct traffic_row *row = &rows->rows[i];
        double impressions = row->impressions > 0 ? (double)row->impressions : 1;
        sim_out_text(call->out, i > start ? ",{" : "{");
        for (size_t k = 0; k < a->count; k++) {
            sim_out_text(call->out, k > 0 ? "," : "\"keys\":[");
            print_key(call->out, row, a->by[k], zone);
        }
        // %g writes an exact zero as the integer that Google writes, too.
        sim_out_format(
            call->out, "%s\"clicks\":%lld,\"impressions\":%lld,\"ctr\":%.15g,\"position\":%.15g}",
            a->count > 0 ? "]," : "", (long long)row->clicks, (long long)row->impressions,
            (double)row->clicks / impressions, (double)row->position_tenths / 10.0 / impressions);
    }
    json_append_literal(call->out, "],");
}

static void run_analytics(struct traffic_call *call, struct analytics *a,
                          struct traffic_question *question)
{
    const int64_t day_us = INT64_C(86400) * 1000000;
    int64_t today = traffic_day(question->zone, world_now_us(call->world));
    int64_t incomplete_day = traffic_first_incomplete_day(call->world, question->zone);
    int64_t first = a->first_day > today - HISTORY_DAYS ? a->first_day : today - HISTORY_DAYS;
    int64_t end = a->last_day + 1;
    if (strcmp(a->state, "final") == 0 && end > incomplete_day) {
        end = incomplete_day;
    }
    question->bucket = a->is_by_hour ? TRAFFIC_HOURS : a->is_by_date ? TRAFFIC_DAYS : TRAFFIC_WHOLE;
    question->from_us = metrics_zone_instant_us(question->zone, first * day_us);
    question->to_us = metrics_zone_instant_us(question->zone, end * day_us);
    for (size_t i = 0; i < a->count; i++) {
        if (a->by[i] != BY_DATE && a->by[i] != BY_HOUR && a->by[i] != BY_APPEARANCE) {
            question->dimensions |= 1U << grouped_dimensions[a->by[i]];
        }
    }
    struct traffic_rows rows = {0};
    bool has_rows =
        strcmp(a->type, "web") == 0 && !a->is_by_appearance && !a->has_no_rows && first < end;
    if (has_rows && !traffic_call_ask(call, question, &rows)) {
        return;
    }
    reply_json(call->reply, 200, "{");
    print_rows(call, a, &rows, question->zone);
    sim_out_format(call->out, "\"responseAggregationType\":\"%s\"",
                   a->is_by_page ? "byPage" : "byProperty");
    if (strcmp(a->state, "all") == 0 && a->is_by_date && a->last_day >= incomplete_day) {
        char day[16];
        traffic_print_day(incomplete_day, day);
        sim_out_format(call->out, ",\"metadata\":{\"first_incomplete_date\":\"%s\"}", day);
    }
    json_append_literal(call->out, "}");
    traffic_rows_release(&rows);
}

static void answer_analytics(struct traffic_call *call, const char *site)
{
    struct analytics analytics = {0};
    unsigned i = 0;
    while (i < VERIFIED_SITES && strcmp(sites[i].url, site) != 0) {
        i++;
    }
    if (i == VERIFIED_SITES || call->traffic->google.has_no_sites) {
        error_unknown_site(call->reply, site);
        return;
    }
    struct traffic_question question = {.basis = TRAFFIC_SEARCHES,
                                        .zone = metrics_zone_open("America/Los_Angeles")};
    if (question.zone == NULL) {
        google_error(call->traffic, call->reply, 500, "");
        return;
    }
    if (read_analytics(call, &analytics) && read_filters(call, &analytics, &question)) {
        run_analytics(call, &analytics, &question);
    }
    metrics_zone_close((struct metrics_zone *)(uintptr_t)question.zone);
}

// The site of …/sites/SITE/searchAnalytics/query: decoded after it is cut out, because a property may have slashes.
static bool read_site(const char *target, char ret_site[static SITE_BYTES])
{
    static const char end[] = "/searchAnalytics/query";
    const char *begin = strstr(target, "/sites/");
    size_t length = begin != NULL ? strcspn(begin + 7, "/?") : 0;
    if (length == 0 || length >= SITE_BYTES || strncmp(begin + 7 + length, end, strlen(end)) != 0) {
        return false;
    }
    memcpy(ret_site, begin + 7, length);
    ret_site[length] = '\0';
    query_decode(ret_site, false);
    return true;
}

void google_answer(struct traffic_call *call)
{
    const char *path = call->request->path;
    char site[SITE_BYTES];
    if (strcmp(path, "/o/oauth2/v2/auth") == 0) {
        google_answer_consent(call);
        return;
    }
    if (strcmp(path, "/token") == 0) {
        google_answer_token(call);
        return;
    }
    if (strncmp(path, "/webmasters/v3/sites", 20) != 0) {
        google_error(call->traffic, call->reply, 404, "");
        return;
    }
    if (!google_is_known(call)) {
        google_error(call->traffic, call->reply, 401, "");
    } else if (traffic_limited(&call->traffic->google.limit) > 0) {
        google_error(call->traffic, call->reply, 403, "quotaExceeded");
    } else if (strcmp(path, "/webmasters/v3/sites") == 0) {
        answer_sites(call);
    } else if (strcmp(call->request->method, "POST") == 0 &&
               read_site(call->request->target, site)) {
        answer_analytics(call, site);
    } else {
        google_error(call->traffic, call->reply, 404, "");
    }
}
