// SPDX-License-Identifier: Apache-2.0
// server_metrics.c - GET /v1/metrics/ for a caller that may read it: its parameters, their complaints, and the ceiling of the window.
//
// Parameters are judged one by one first, all complaints together, as the framework does; then the window, then the slugs, each of which
// the application refuses in words of its own.
#include "server_core.h"

#include "metrics.h"
#include "server_json.h"

#include <stdlib.h>
#include <string.h>

static const char *const interval_words[] = {"year", "month", "week", "day", "hour", NULL};
static const struct interval_rule {
    enum metrics_interval interval;
    int64_t days_max;
} interval_rules[] = {{METRICS_YEAR, 3650},
                      {METRICS_MONTH, 1460},
                      {METRICS_WEEK, 371},
                      {METRICS_DAY, 366},
                      {METRICS_HOUR, 7}};
static const char *const billing_words[] = {"one_time", "recurring", NULL};

struct metrics_request {
    const struct query *query;
    struct query_problems problems;
    struct metrics_query wanted;
    struct metrics_zone *zone;
    int64_t days_max;
    bool has_failed; // memory ran out
};

static const char *read_required(struct metrics_request *request, const char *name)
{
    const char *value = query_last(request->query, name);
    if (value == NULL)
        query_problems_add(
            &request->problems,
            &(struct query_problem){
                .type = "missing", .place = "query", .name = name, .message = "Field required"});
    return value;
}

static void read_day(struct metrics_request *request, const char *name, int64_t *ret_day)
{
    const char *value = read_required(request, name);
    if (value != NULL)
        (void)query_read_date(&(struct query_place){"query", name, NULL}, value, ret_day,
                              &request->problems);
}

static void read_interval(struct metrics_request *request)
{
    const char *value = read_required(request, "interval");
    struct query_place place = {"query", "interval", NULL};
    if (value == NULL || !query_read_enum(&place, value, interval_words, false, &request->problems))
        return;
    for (size_t i = 0; interval_words[i] != NULL; i++) {
        if (strcmp(value, interval_words[i]) == 0) {
            request->wanted.interval = interval_rules[i].interval;
            request->days_max = interval_rules[i].days_max;
        }
    }
}

static void read_zone(struct metrics_request *request)
{
    const char *value = query_last(request->query, "timezone");
    request->zone = metrics_zone_open(value != NULL ? value : "UTC");
    request->wanted.zone = request->zone;
    if (request->zone == NULL)
        query_problems_add(&request->problems,
                           &(struct query_problem){.type = "TimeZoneName",
                                                   .place = "query",
                                                   .name = "timezone",
                                                   .message = "Invalid timezone name.",
                                                   .input = value});
}

static void read_ids(struct metrics_request *request, const char *name, struct metrics_ids *ret)
{
    struct query_place place = {"query", name, "\"list[uuid4]\",0"};
    ret->ids = calloc(request->query->count + 1, sizeof *ret->ids);
    if (ret->ids == NULL) {
        request->has_failed = true;
        return;
    }
    for (size_t i = 0; i < request->query->count; i++)
        if (strcmp(request->query->pairs[i].name, name) == 0)
            ret->count += query_read_uuid(&place, request->query->pairs[i].value,
                                          ret->ids[ret->count], &request->problems);
}

static void read_billing_types(struct metrics_request *request)
{
    struct query_place place = {"query", "billing_type", "\"list[enum]\",0"};
    struct metrics_query *wanted = &request->wanted;
    for (size_t i = 0; i < request->query->count; i++) {
        const struct query_pair *pair = &request->query->pairs[i];
        if (strcmp(pair->name, "billing_type") != 0 ||
            !query_read_enum(&place, pair->value, billing_words, false, &request->problems))
            continue;
        wanted->has_billing_type = true;
        wanted->is_one_time |= strcmp(pair->value, "one_time") == 0;
        wanted->is_recurring |= strcmp(pair->value, "recurring") == 0;
    }
}

// The application's own 422. `location` and `input` are JSON; both texts are C strings.
static void refuse(struct reply *reply, const char *location, const char *message,
                   const char *input)
{
    reply_json(reply, 422, "{\"error\":\"PolarRequestValidationError\",\"detail\":[{");
    sim_out_format(&reply->body, "\"type\":\"value_error\",\"loc\":[%s],\"msg\":", location);
    json_append_string(&reply->body, message);
    json_append_literal(&reply->body, ",\"input\":[");
    sim_out_text(&reply->body, input);
    json_append_literal(&reply->body, "]}]}");
}

static bool refuse_window(const struct metrics_request *request, struct reply *reply)
{
    static const char *const names[] = {"start_date", "end_date", "interval"};
    int64_t days = request->wanted.end_day - request->wanted.start_day;
    if (days >= 0 && days <= request->days_max)
        return false;
    struct sim_out input = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        sim_out_text(&input, i > 0 ? "," : "");
        json_append_string(&input, query_last(request->query, names[i]));
    }
    sim_out_append(&input, "", 1);
    refuse(reply, "\"query\"",
           "The interval is too small for the given date range. Use a larger interval or reduce "
           "the date range.",
           input.failed ? "" : input.data);
    sim_out_release(&input);
    return true;
}

// Reads the slugs, without any: all. True after a refusal, which names every unknown one.
static bool refuse_slugs(struct metrics_request *request, struct reply *reply)
{
    struct sim_out names = {0}, list = {0};
    uint64_t wanted = 0;
    bool has_slugs = false;
    for (size_t i = 0; i < request->query->count; i++) {
        const struct query_pair *pair = &request->query->pairs[i];
        if (strcmp(pair->name, "metrics") != 0)
            continue;
        has_slugs = true;
        int found = metrics_find(pair->value);
        if (found >= 0) {
            wanted |= UINT64_C(1) << found;
            continue;
        }
        sim_out_text(&names, names.len > 0 ? ", " : "Invalid metric slugs: ");
        sim_out_text(&names, pair->value);
        sim_out_text(&list, list.len > 0 ? "," : "");
        json_append_string(&list, pair->value);
    }
    bool is_refused = names.len > 0;
    if (is_refused) {
        sim_out_append(&names, "", 1);
        sim_out_append(&list, "", 1);
        request->has_failed |= names.failed || list.failed;
    }
    if (is_refused && !request->has_failed)
        refuse(reply, "\"query\",\"metrics\"", names.data, list.data);
    request->wanted.wanted = has_slugs ? wanted : (UINT64_C(1) << METRIC_COUNT) - 1;
    sim_out_release(&names);
    sim_out_release(&list);
    return is_refused;
}

static void answer_wanted(struct environment *environment, struct metrics_request *request,
                          struct reply *reply)
{
    if (request->problems.count > 0) {
        reply->status = 422;
        reply->content_type = "application/json";
        query_problems_body(&request->problems, &reply->body);
        return;
    }
    if (refuse_window(request, reply) || refuse_slugs(request, reply))
        return;
    reply_json(reply, 200, "");
    pthread_rwlock_rdlock(&environment->lock);
    bool is_done = metrics_answer(environment->world, &request->wanted, &reply->body);
    pthread_rwlock_unlock(&environment->lock);
    reply->body.failed |= !is_done;
}

void answer_metrics(struct environment *environment, const struct request *http,
                    struct reply *reply)
{
    struct query query;
    struct metrics_request request = {.query = &query};
    if (!query_init(&query, http->query)) {
        reply->body.failed = true;
        return;
    }
    read_day(&request, "start_date", &request.wanted.start_day);
    read_day(&request, "end_date", &request.wanted.end_day);
    read_interval(&request);
    read_zone(&request);
    read_ids(&request, "organization_id", &request.wanted.organizations);
    read_ids(&request, "product_id", &request.wanted.products);
    read_billing_types(&request);
    read_ids(&request, "customer_id", &request.wanted.customers);
    if (!request.has_failed)
        answer_wanted(environment, &request, reply);
    reply->body.failed |= request.has_failed;
    free(request.wanted.organizations.ids);
    free(request.wanted.products.ids);
    free(request.wanted.customers.ids);
    metrics_zone_close(request.zone);
    query_problems_release(&request.problems);
    query_release(&query);
}
