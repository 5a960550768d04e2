// SPDX-License-Identifier: Apache-2.0
// traffic.c - traffic beside revenue, and searches: as `till traffic --json` with and without --searches, and the largest parts of the range by each
// dimension that the source tells.
#include "views/traffic.h"
#include "api/questions.h"
#include "base/fault.h"
#include "base/limits.h"
#include "views/searches.h"

enum { SHOWN_PARTS = 50 };

static enum till_code ask(struct api_work *work, struct report_metrics_query *query,
                          struct report_traffic_question *ret_question, struct till_error *e)
{
    struct sv compare = api_value(work->question, "compare");
    *ret_question = (struct report_traffic_question){.now_us = work->now_us};
    enum till_code code = api_report_query(work, API_DAYS, query, e);
    if (code == TILL_OK)
        code = api_text(work, "traffic_source", &ret_question->source, e);
    ret_question->query = *query;
    ret_question->compare = REPORT_PREVIOUS;
    if (compare.ptr && sv_equal(compare, SV("year")))
        ret_question->compare = REPORT_YEAR_BEFORE;
    if (compare.ptr && sv_equal(compare, SV("none")))
        ret_question->compare = REPORT_ALONE;
    return code;
}

// ---- parts ----

static void count_json(struct buf *out, const char *key, const struct value *value)
{
    view_json_key(out, key);
    view_json_value(out, value);
}

static enum till_code take_part(void *context, const struct value *v, size_t count,
                                struct till_error *e)
{
    struct buf *out = context;
    (void)e;
    if (count != STORE_TRAFFIC_PART_COLUMNS)
        return TILL_OK;
    buf_text(out, out->data[out->len - 1] == '[' ? "{" : ",\n{");
    count_json(out, "value", &v[0]);
    count_json(out, "visitors", &v[1]);
    count_json(out, "visits", &v[2]);
    count_json(out, "pageviews", &v[3]);
    count_json(out, "bounces", &v[4]);
    buf_char(out, '}');
    return TILL_OK;
}

static enum till_code parts_json(struct api_work *work, const struct report_traffic *report,
                                 struct till_error *e)
{
    static const char *const dimensions[] = {"channel",      "referrer",   "source",
                                             "landing_page", "country",    "device",
                                             "utm_source",   "utm_medium", "utm_campaign"};
    const struct report_metrics_query *query = &report->question.query;
    const struct store_metric_sink sink = {take_part, work->out};
    enum till_code code = TILL_OK;
    view_json_key(work->out, "parts");
    buf_char(work->out, '{');
    for (size_t i = 0; i < TILL_COUNT(dimensions) && report->visits && code == TILL_OK; i++) {
        const struct store_traffic_span span = {sv_of(report->visits->name), query->from,
                                                query->to};
        view_json_key(work->out, dimensions[i]);
        buf_char(work->out, '[');
        if (work->out->failure)
            return buf_fail(work->out, "the answer", e);
        code = store_traffic_parts(work->store, &span, dimensions[i], SHOWN_PARTS, &sink, e);
        buf_char(work->out, ']');
    }
    buf_char(work->out, '}');
    return code;
}

enum till_code api_traffic(struct api_work *work, struct till_error *e)
{
    struct report_traffic_question question;
    struct report_metrics_query *query = till_calloc(1, sizeof *query);
    struct report_traffic *report = till_calloc(1, sizeof *report);
    enum till_code code = query && report ? ask(work, query, &question, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = report_traffic(work->store, &question, work->arena, report, e);
    if (code == TILL_OK) {
        buf_char(work->out, '{');
        view_traffic_members(work->out, report);
        code = parts_json(work, report, e);
        buf_text(work->out, "}\n");
    }
    if (report)
        report_traffic_release(report);
    till_free(report);
    till_free(query);
    return code;
}

enum till_code api_search(struct api_work *work, struct till_error *e)
{
    struct report_traffic_question question;
    struct report_metrics_query *query = till_calloc(1, sizeof *query);
    struct report_searches *report = till_calloc(1, sizeof *report);
    enum till_code code = query && report ? ask(work, query, &question, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = report_searches(work->store, &question, work->arena, report, e);
    if (code == TILL_OK)
        view_searches_json(work->out, report);
    if (report)
        report_searches_release(report);
    till_free(report);
    till_free(query);
    return code;
}
