// SPDX-License-Identifier: Apache-2.0
// traffic_posthog.c - PostHog's query endpoint: keys of two regions, HogQL by traffic_hogql.c, rows cut at the limit, answers that must be polled.
//
// Order of evaluation: key, throttle, project, scope, project of the key, body, how many are running, query. Polling is not throttled. A query runs
// until its answer has left; one too many is refused at once, where PostHog first lets it wait for half a minute.
#include "traffic_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void error(struct reply *reply, unsigned status, const char *type, const char *code,
                  const char *detail)
{
    reply_json(reply, status, "");
    sim_out_format(&reply->body, "{\"type\":\"%s\",\"code\":\"%s\",\"detail\":", type, code);
    json_append_string(&reply->body, detail);
    json_append_literal(&reply->body, ",\"attr\":null}");
}

static void error_throttled(struct reply *reply, int64_t seconds)
{
    char detail[96];
    snprintf(detail, sizeof detail, "Request was throttled. Expected available in %lld second%s.",
             (long long)seconds, seconds == 1 ? "" : "s");
    error(reply, 429, "throttled_error", "throttled", detail);
    traffic_retry_after(reply, seconds);
}

void posthog_error(struct traffic *traffic, struct reply *reply, unsigned status, const char *name)
{
    char detail[160];
    if (status == 401 && strcmp(name, "missing") == 0) {
        error(reply, 401, "authentication_error", "not_authenticated",
              "Authentication credentials were not provided.");
    } else if (status == 401) {
        error(reply, 401, "authentication_error", "authentication_failed",
              "Personal API key found in request Authorization header is invalid.");
    } else if (status == 403 && strcmp(name, "project") == 0) {
        snprintf(detail, sizeof detail,
                 "API key does not have access to the requested project: ID %lld.",
                 (long long)traffic->posthog.project_id);
        error(reply, 403, "authentication_error", "permission_denied", detail);
    } else if (status == 403) {
        error(reply, 403, "authentication_error", "permission_denied",
              "API key missing required scope 'query:read'");
    } else if (status == 404) {
        error(reply, 404, "invalid_request", "not_found", "Project not found.");
    } else if (status == 429) {
        int64_t seconds = reply->fault.retry_after_s;
        snprintf(detail, sizeof detail,
                 "Request was throttled. Expected available in %lld seconds.",
                 seconds >= 0 ? (long long)seconds : 12LL);
        error(reply, 429, "throttled_error", "throttled", detail);
    } else if (status == 400) {
        error(reply, 400, "validation_error", "invalid_input", "Unable to resolve field: nope");
    } else {
        error(reply, status, "server_error", "error", "ClickHouse error while executing query.");
    }
}

// The key may go on. `ret_project` is false for one that is bound to another project.
static bool check_key(struct traffic_call *call, bool *ret_scope, bool *ret_project)
{
    const struct posthog *posthog = &call->traffic->posthog;
    const char *key = auth_bearer(call->request->authorization);
    if (key == NULL) {
        posthog_error(call->traffic, call->reply, 401, "missing");
        return false;
    }
    bool is_eu = call->service == TRAFFIC_POSTHOG_EU;
    bool is_full =
        is_eu ? strcmp(key, posthog->eu) == 0
              : strcmp(key, posthog->good) == 0 || strcmp(key, posthog->project_secret) == 0;
    bool lacks_scope = !is_eu && strcmp(key, posthog->no_scope) == 0;
    bool is_elsewhere = !is_eu && strcmp(key, posthog->other_project) == 0;
    if (!is_full && !lacks_scope && !is_elsewhere) {
        posthog_error(call->traffic, call->reply, 401, "");
        return false;
    }
    *ret_scope = !lacks_scope;
    *ret_project = !is_elsewhere;
    return true;
}

static void print_cell(struct sim_out *out, const struct hogql_column *column,
                       const struct traffic_row *row, const struct metrics_zone *zone)
{
    char day[16];
    switch (column->kind) {
    case HOGQL_DAY:
        traffic_print_day(row->bucket, day);
        sim_out_format(out, "\"%s\"", day);
        break;
    case HOGQL_HOUR:
        json_append_literal(out, "\"");
        traffic_print_time(out, zone, row->bucket);
        json_append_literal(out, "\"");
        break;
    case HOGQL_VALUE:
        traffic_print_value(out, row, column->dimension);
        break;
    case HOGQL_VISITORS:
        sim_out_format(out, "%lld", (long long)row->visitors);
        break;
    case HOGQL_SESSIONS:
        sim_out_format(out, "%lld", (long long)row->sessions);
        break;
    case HOGQL_PAGEVIEWS:
        sim_out_format(out, "%lld", (long long)row->pageviews);
        break;
    case HOGQL_BOUNCES:
        sim_out_format(out, "%lld", (long long)row->bounces);
        break;
    case HOGQL_ONE:
        json_append_literal(out, "1");
        break;
    }
}

static const char *type_of(const struct hogql_column *column, char ret_text[static 64],
                           const char *zone)
{
    switch (column->kind) {
    case HOGQL_DAY:
        return "Date";
    case HOGQL_HOUR:
        snprintf(ret_text, 64, "DateTime('%.40s')", zone);
        return ret_text;
    case HOGQL_VALUE:
        return "Nullable(String)";
    case HOGQL_ONE:
        return "UInt8";
    case HOGQL_VISITORS:
    case HOGQL_SESSIONS:
    case HOGQL_PAGEVIEWS:
    case HOGQL_BOUNCES:
        break;
    }
    return "UInt64";
}

static void print_columns(struct traffic_call *call, const struct hogql *hogql)
{
    char type[64];
    json_append_literal(call->out, "],\"columns\":[");
    for (size_t i = 0; i < hogql->column_count; i++) {
        sim_out_text(call->out, i > 0 ? "," : "");
        json_append_string(call->out, hogql->columns[i].name);
    }
    json_append_literal(call->out, "],\"types\":[");
    for (size_t i = 0; i < hogql->column_count; i++) {
        sim_out_text(call->out, i > 0 ? ",[" : "[");
        json_append_string(call->out, hogql->columns[i].name);
        json_append_literal(call->out, ",");
        json_append_string(call->out,
                           type_of(&hogql->columns[i], type, call->traffic->posthog.zone));
        json_append_literal(call->out, "]");
    }
}

static void print_answer(struct traffic_call *call, const struct hogql *hogql, const char *text,
                         const struct traffic_rows *rows, const struct metrics_zone *zone)
{
    struct sim_out *out = call->out;
    size_t offset = (size_t)hogql->offset, limit = (size_t)hogql->limit;
    size_t count = offset < rows->count ? rows->count - offset : 0;
    bool has_more = count > limit;
    count = has_more ? limit : count;
    reply_json(call->reply, 200, "{\"results\":[");
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < hogql->column_count; c++) {
            sim_out_text(out, c > 0 ? "," : i > 0 ? ",[" : "[");
            print_cell(out, &hogql->columns[c], &rows->rows[offset + i], zone);
        }
        json_append_literal(out, "]");
    }
    print_columns(call, hogql);
    sim_out_format(out, "],\"hasMore\":%s,\"limit\":%lld,\"offset\":%lld,\"hogql\":",
                   has_more ? "true" : "false", (long long)hogql->limit, (long long)hogql->offset);
    json_append_string(out, text);
    json_append_literal(out,
                        ",\"clickhouse\":null,\"timings\":[],\"error\":null,\"query_status\":null,"
                        "\"is_cached\":false,\"cache_key\":\"cache_");
    sim_out_format(out, "%llu\",\"cache_target_age\":null,\"last_refresh\":\"",
                   (unsigned long long)call->traffic->posthog.query_count);
    struct metrics_zone *utc = metrics_zone_open("UTC");
    if (utc != NULL) {
        traffic_print_time(out, utc, traffic_now_s(call->traffic) * 1000000);
    }
    metrics_zone_close(utc);
    json_append_literal(out, "\",\"next_allowed_client_refresh\":null,\"timezone\":");
    json_append_string(out, call->traffic->posthog.zone);
    json_append_literal(out, ",\"modifiers\":{}}");
}

static void run_query(struct traffic_call *call, const char *text)
{
    struct metrics_zone *zone = metrics_zone_open(call->traffic->posthog.zone);
    struct hogql hogql;
    struct traffic_rows rows = {0};
    if (zone == NULL) {
        posthog_error(call->traffic, call->reply, 500, "");
        return;
    }
    if (!hogql_read(text, zone, &hogql)) {
        error(call->reply, 400, "validation_error", "invalid_input", hogql.problem);
        metrics_zone_close(zone);
        return;
    }
    struct traffic_question question = {.basis =
                                            hogql.is_sessions ? TRAFFIC_SESSIONS : TRAFFIC_EVENTS,
                                        .zone = zone,
                                        .from_us = hogql.from_us,
                                        .to_us = hogql.to_us};
    for (size_t i = 0; i < hogql.column_count; i++) {
        enum hogql_kind kind = hogql.columns[i].kind;
        if (kind == HOGQL_DAY || kind == HOGQL_HOUR) {
            question.bucket = kind == HOGQL_DAY ? TRAFFIC_DAYS : TRAFFIC_HOURS;
        } else if (kind == HOGQL_VALUE) {
            question.dimensions |= 1U << hogql.columns[i].dimension;
        }
    }
    static struct traffic_row one;
    struct traffic_rows of_one = {.rows = &one, .count = 1};
    if (hogql.is_one) {
        print_answer(call, &hogql, text, &of_one, zone);
    } else if (traffic_call_ask(call, &question, &rows)) {
        print_answer(call, &hogql, text, &rows, zone);
    }
    traffic_rows_release(&rows);
    metrics_zone_close(zone);
}

static void print_status(struct reply *reply, const char *id, bool is_complete)
{
    sim_out_format(&reply->body,
                   "{\"query_status\":{\"id\":\"%s\",\"team_id\":1,\"query_async\":true,"
                   "\"complete\":%s,\"error\":false,\"error_message\":null,\"results\":",
                   id, is_complete ? "true" : "false");
}

// Keeps the answer until it is polled. A user's mistake is told at the last poll, too.
static void set_pending(struct traffic_call *call)
{
    struct posthog *posthog = &call->traffic->posthog;
    struct posthog_pending *pending = &posthog->pending[posthog->query_count % TRAFFIC_PENDING_MAX];
    sim_out_release(&pending->answer);
    if (!traffic_uuid(pending->id)) {
        posthog_error(call->traffic, call->reply, 500, "");
        return;
    }
    pending->answer = call->reply->body;
    pending->status = call->reply->status;
    pending->polls = posthog->async_polls > 0 ? posthog->async_polls : 2;
    call->reply->body = (struct sim_out){0};
    reply_json(call->reply, 202, "");
    print_status(call->reply, pending->id, false);
    json_append_literal(call->out, "null}}");
}

// The query may run, now that it is counted.
static bool begin_query(struct traffic_call *call)
{
    struct posthog *posthog = &call->traffic->posthog;
    char task[9] = {0}, detail[200];
    if (posthog->most_running == 0 || posthog->running < posthog->most_running) {
        posthog->running++;
        call->reply->is_query_running = true;
        return true;
    }
    (void)auth_random_text(task, sizeof task - 1);
    snprintf(detail, sizeof detail,
             "Exceeded maximum concurrency limit: %lld for key: api:query:per-org:%s and task: %s",
             (long long)posthog->most_running, posthog->organization, task);
    error(call->reply, 429, "throttled_error", "throttled", detail);
    return false;
}

void traffic_query_ended(struct traffic *traffic)
{
    pthread_mutex_lock(&traffic->lock);
    traffic->posthog.running--;
    pthread_mutex_unlock(&traffic->lock);
}

static void fill_and_run(struct traffic_call *call, const char *text, yyjson_val *values)
{
    struct sim_out filled = {0};
    char problem[HOGQL_PROBLEM];
    if (!hogql_fill(text, values, &filled, problem)) {
        error(call->reply, 400, "validation_error", "invalid_input", problem);
    } else if (filled.failed) {
        posthog_error(call->traffic, call->reply, 500, "");
    } else {
        run_query(call, filled.data);
    }
    sim_out_release(&filled);
}

static void answer_query(struct traffic_call *call)
{
    yyjson_val *query = yyjson_obj_get(call->body, "query");
    const char *kind = yyjson_get_str(yyjson_obj_get(query, "kind"));
    const char *text = yyjson_get_str(yyjson_obj_get(query, "query"));
    const char *refresh = traffic_body_text(call, "refresh");
    if (call->body == NULL) {
        error(call->reply, 400, "invalid_request", "malformed_request",
              "JSON parse error - Expecting value: line 1 column 1 (char 0)");
        return;
    }
    if (kind == NULL || strcmp(kind, "HogQLQuery") != 0 || text == NULL) {
        error(call->reply, 400, "validation_error", "invalid_input",
              text == NULL ? "query: Field required" : "Only HogQLQuery is understood here.");
        return;
    }
    if (!begin_query(call)) {
        return;
    }
    call->traffic->posthog.query_count++;
    fill_and_run(call, text, yyjson_obj_get(query, "values"));
    bool is_async = refresh != NULL && strstr(refresh, "async") != NULL;
    if (call->reply->status != 500 && (is_async || call->traffic->posthog.async_polls > 0)) {
        set_pending(call);
    }
}

static void answer_poll(struct traffic_call *call, const char *id, size_t length)
{
    struct posthog *posthog = &call->traffic->posthog;
    struct posthog_pending *pending = NULL;
    for (size_t i = 0; i < TRAFFIC_PENDING_MAX; i++) {
        const char *known = posthog->pending[i].id;
        if (*known != '\0' && strlen(known) == length && strncmp(known, id, length) == 0) {
            pending = &posthog->pending[i];
        }
    }
    if (pending == NULL) {
        error(call->reply, 404, "invalid_request", "not_found", "Query not found.");
    } else if (strcmp(call->request->method, "DELETE") == 0) {
        pending->id[0] = '\0';
        reply_json(call->reply, 204, "");
    } else if (--pending->polls > 0) {
        reply_json(call->reply, 202, "");
        print_status(call->reply, pending->id, false);
        json_append_literal(call->out, "null}}");
    } else if (pending->status != 200) {
        reply_json(call->reply, pending->status, "");
        sim_out_append(call->out, pending->answer.data, pending->answer.len);
    } else {
        reply_json(call->reply, 200, "");
        print_status(call->reply, pending->id, true);
        sim_out_append(call->out, pending->answer.data, pending->answer.len);
        json_append_literal(call->out, "}}");
    }
}

void posthog_answer(struct traffic_call *call)
{
    const char *path = call->request->path, *rest = NULL;
    bool has_scope = false, has_project = false;
    char *end = NULL;
    if (strncmp(path, "/api/projects/", 14) == 0) {
        rest = path + 14;
    } else if (strncmp(path, "/api/environments/", 18) == 0) {
        rest = path + 18;
    }
    int64_t project = rest != NULL ? strtoll(rest, &end, 10) : 0;
    if (rest == NULL || end == rest || strncmp(end, "/query", 6) != 0 ||
        (end[6] != '\0' && end[6] != '/')) {
        error(call->reply, 404, "invalid_request", "not_found", "Endpoint not found.");
        return;
    }
    const char *id = end[6] == '/' ? end + 7 : end + 6;
    if (!check_key(call, &has_scope, &has_project)) {
        return;
    }
    int64_t wait_s = *id == '\0' ? traffic_limited(&call->traffic->posthog.limit) : 0;
    if (wait_s > 0) {
        error_throttled(call->reply, wait_s);
    } else if (project != call->traffic->posthog.project_id) {
        posthog_error(call->traffic, call->reply, 404, "");
    } else if (!has_scope || !has_project) {
        posthog_error(call->traffic, call->reply, 403, has_scope ? "project" : "");
    } else if (*id != '\0') {
        answer_poll(call, id, strcspn(id, "/"));
    } else if (strcmp(call->request->method, "POST") != 0) {
        char detail[64];
        snprintf(detail, sizeof detail, "Method \"%s\" not allowed.", call->request->method);
        error(call->reply, 405, "invalid_request", "method_not_allowed", detail);
    } else {
        answer_query(call);
    }
}
