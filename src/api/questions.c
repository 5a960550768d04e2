// SPDX-License-Identifier: Apache-2.0
// questions.c - parameters that have passed the check as the questions that reports understand.
#include <stdio.h>
#include <string.h>

#include "api/questions.h"
#include "base/limits.h"
#include "report/report.h"

enum { DEFAULT_DAYS = 30, DEFAULT_MONTHS = 12 };

// ---- connection ----

static enum till_code fail_connection(struct sv name, const struct store_connection *list,
                                      size_t count, struct till_error *e)
{
    char names[TILL_ERROR_HINT_BYTES / 2] = "";
    size_t len = 0;
    for (size_t i = 0; i < count && len < sizeof names; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i > 0 ? ", " : "",
                                list[i].name);
    if (count == 0) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "nothing is connected");
        return till_error_hint(e, "connect first: `till connect polar`");
    }
    if (name.ptr)
        (void)api_refuse("connection", name, "not connected", e);
    else
        (void)TILL_FAIL(e, TILL_USAGE, 0, "connection: %zu organizations are connected", count);
    return till_error_hint(e, "say which: %s", names);
}

enum till_code api_connection(struct api_work *work, struct till_error *e)
{
    struct store_connection list[REPORT_CARDS];
    struct sv name = api_value(work->question, "connection");
    size_t count = 0, live = 0;
    enum till_code code = store_connection_list(work->store, list, REPORT_CARDS, &count, e);
    if (code)
        return code;
    for (size_t i = 0; i < count; i++)
        if (list[i].disconnected_at_us == 0)
            list[live++] = list[i];
    for (size_t i = 0; i < live; i++) {
        if (name.ptr ? !sv_equal(name, sv_of(list[i].name)) : live > 1)
            continue;
        work->connection = list[i];
        return TILL_OK;
    }
    return fail_connection(name, list, live, e);
}

// ---- values ----

bool api_date(const struct api_work *work, const char *name, struct civil_date *ret_date)
{
    char text[16];
    struct sv value = api_value(work->question, name);
    (void)snprintf(text, sizeof text, SV_FORMAT, SV_ARGS(value));
    return value.ptr && civil_date_parse(text, ret_date);
}

enum till_code api_values(const struct api_work *work, const char *name,
                          const struct sv **ret_values, size_t *ret_count, struct till_error *e)
{
    const struct api_question *question = work->question;
    struct sv *values = arena_calloc(work->arena, question->parameter_count + 1, sizeof *values);
    size_t count = 0;
    if (!values)
        return arena_fail(work->arena, "a filter", e);
    for (size_t i = 0; i < question->parameter_count; i++) {
        struct sv value = question->parameters[i].value;
        if (value.len == 0 || !sv_equal(question->parameters[i].name, sv_of(name)))
            continue;
        char *copy = arena_alloc(work->arena, value.len);
        if (!copy)
            return arena_fail(work->arena, "a filter", e);
        sv_to_lower(value, copy);
        values[count++] = (struct sv){copy, value.len};
    }
    *ret_values = values;
    *ret_count = count;
    return TILL_OK;
}

enum till_code api_text(const struct api_work *work, const char *name, const char **ret_text,
                        struct till_error *e)
{
    struct sv value = api_value(work->question, name);
    *ret_text = value.ptr ? arena_copy(work->arena, value.ptr, value.len) : NULL;
    return value.ptr && !*ret_text ? arena_fail(work->arena, "a parameter", e) : TILL_OK;
}

enum till_code api_count(const struct api_work *work, const char *name, int64_t most,
                         int64_t otherwise, int64_t *ret_count, struct till_error *e)
{
    struct sv value = api_value(work->question, name);
    int64_t count = otherwise;
    if (value.ptr && (!sv_to_int64(value, &count) || count > most)) {
        (void)api_refuse(name, value, "too much", e);
        return till_error_hint(e, "at most %lld", (long long)most);
    }
    *ret_count = count;
    return TILL_OK;
}

metrics_currency api_currency(const struct api_work *work)
{
    char code[4] = "";
    struct sv value = api_value(work->question, "currency");
    sv_to_lower((struct sv){value.ptr, value.len < 3 ? value.len : 3}, code);
    return value.ptr ? metrics_currency_of(sv_of(code)) : 0;
}

// ---- range ----

static enum till_code take_range(const struct api_work *work, enum api_range range,
                                 struct report_metrics_query *query, struct till_error *e)
{
    static const int64_t hours_of_periods = TILL_LIMIT_METRIC_PERIODS;
    struct sv interval = api_value(work->question, "interval");
    query->to = zone_date(query->zone, work->now_us);
    (void)api_date(work, "to", &query->to);
    int32_t months = query->to.year * 12 + query->to.month - 1 - (DEFAULT_MONTHS - 1);
    query->from = range == API_MONTHS ? (struct civil_date){months / 12, months % 12 + 1, 1}
                                      : civil_date_add_days(query->to, 1 - DEFAULT_DAYS);
    (void)api_date(work, "from", &query->from);
    int64_t days = civil_date_to_days(query->to) - civil_date_to_days(query->from) + 1;
    if (days < 1) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "from: the range begins after it ends");
        return till_error_hint(e, "from is the first day, to the last one; both are included");
    }
    if (days > TILL_LIMIT_METRIC_DAYS) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "from: the range has more than %d days",
                        TILL_LIMIT_METRIC_DAYS);
        return till_error_hint(e, "ask for less at once");
    }
    query->interval = range == API_MONTHS ? METRICS_MONTH : metrics_interval_usual(days);
    if (interval.ptr)
        (void)metrics_interval_parse(interval, &query->interval);
    int64_t in_a_day = query->interval == METRICS_HOUR ? 25 : 1;
    if (query->interval <= METRICS_DAY && days * in_a_day > hours_of_periods) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "interval: too many periods for %lld days",
                        (long long)days);
        return till_error_hint(e, "choose a longer interval, or fewer days");
    }
    return TILL_OK;
}

static enum till_code take_slugs(const struct api_work *work, struct report_metrics_query *query,
                                 struct till_error *e)
{
    const struct sv *slugs = NULL;
    size_t count = 0;
    enum till_code code = api_values(work, "slug", &slugs, &count, e);
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        const struct metric *metric = model_metric_by_slug(slugs[i]);
        const char *nearest = metric ? NULL : model_metric_nearest(slugs[i]);
        if (metric) {
            query->is_asked[metric->id] = true;
            continue;
        }
        code = api_refuse("slug", slugs[i], "no metric", e);
        if (nearest)
            (void)till_error_hint(e, "did you mean %s? /api/definitions has them all", nearest);
        else
            (void)till_error_hint(e, "/api/definitions has them all");
    }
    for (size_t i = 0; i < METRIC__COUNT && count == 0; i++)
        query->is_asked[i] = true;
    return code;
}

enum till_code api_report_query(struct api_work *work, enum api_range range,
                                struct report_metrics_query *ret_query, struct till_error *e)
{
    const struct sv *kinds = NULL;
    size_t kind_count = 0;
    memset(ret_query, 0, sizeof *ret_query);
    ret_query->zone = work->zone;
    ret_query->connection = &work->connection;
    enum till_code code = take_range(work, range, ret_query, e);
    if (code == TILL_OK)
        code = take_slugs(work, ret_query, e);
    if (code == TILL_OK)
        code = api_values(work, "billing_type", &kinds, &kind_count, e);
    for (size_t i = 0; i < kind_count; i++) {
        ret_query->has_recurring = ret_query->has_recurring || sv_equal(kinds[i], SV("recurring"));
        ret_query->has_one_time = ret_query->has_one_time || sv_equal(kinds[i], SV("one_time"));
    }
    if (code == TILL_OK)
        code =
            api_values(work, "product_id", &ret_query->product_ids, &ret_query->product_count, e);
    if (code == TILL_OK)
        code = api_values(work, "customer_id", &ret_query->customer_ids, &ret_query->customer_count,
                          e);
    return code ? code : api_connection(work, e);
}
