// SPDX-License-Identifier: Apache-2.0
// reports.c - the reports of the command line over the API: the same snapshots, the same JSON; one currency alone when it is asked for.
#include <string.h>

#include "api/questions.h"
#include "base/fault.h"
#include "base/limits.h"
#include "report/customers.h"
#include "views/breakdown.h"
#include "views/cohorts.h"
#include "views/customers.h"
#include "views/metrics.h"
#include "views/movements.h"

// Narrows a list that is in order of currency to one of them; nothing is moved, since others own it.
#define KEEP_CURRENCY(list, count, wanted)                                                         \
    do {                                                                                           \
        size_t first = 0, behind = 0;                                                              \
        while (first < (count) && (list)[first].currency != (wanted))                              \
            first++;                                                                               \
        for (behind = first; behind < (count) && (list)[behind].currency == (wanted);)             \
            behind++;                                                                              \
        if ((wanted) != 0 && (count) > 0) {                                                        \
            (list) = (list) + first;                                                               \
            (count) = behind - first;                                                              \
        }                                                                                          \
    } while (0)

// ---- metrics ----

enum till_code api_metrics(struct api_work *work, struct till_error *e)
{
    struct report_metrics_query *query = till_calloc(1, sizeof *query);
    struct report_metrics *report = till_calloc(1, sizeof *report);
    enum till_code code =
        query && report ? api_report_query(work, API_DAYS, query, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = report_metrics(work->store, query, report, e);
    if (code == TILL_OK)
        view_metrics_json(work->out, report);
    if (report)
        report_metrics_release(report);
    till_free(report);
    till_free(query);
    return code;
}

// ---- movements and cohorts ----

static enum till_code ask_movements(struct api_work *work, struct report_movements *ret_report,
                                    struct till_error *e)
{
    struct report_metrics_query *query = till_calloc(1, sizeof *query);
    enum till_code code =
        query ? api_report_query(work, API_MONTHS, query, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = report_movements(work->store, query, work->now_us, ret_report, e);
    till_free(query);
    return code;
}

enum till_code api_movements(struct api_work *work, struct till_error *e)
{
    struct report_movements report = {0};
    metrics_currency currency = api_currency(work);
    enum till_code code = ask_movements(work, &report, e);
    if (code == TILL_OK) {
        struct report_movements shown = report;
        KEEP_CURRENCY(shown.answer.currencies, shown.answer.currency_count, currency);
        view_movements_json(work->out, &shown);
    }
    report_movements_release(&report);
    return code;
}

enum till_code api_cohorts(struct api_work *work, struct till_error *e)
{
    struct report_movements report = {0};
    struct cohorts cohorts = {0};
    metrics_currency currency = api_currency(work);
    enum till_code code = ask_movements(work, &report, e);
    if (code == TILL_OK)
        code = cohorts_make(report.engine, &cohorts, e);
    if (code == TILL_OK) {
        struct cohorts shown = cohorts;
        KEEP_CURRENCY(shown.currencies, shown.currency_count, currency);
        view_cohorts_json(work->out, &report, &shown);
    }
    cohorts_release(&cohorts);
    report_movements_release(&report);
    return code;
}

// ---- breakdown ----

enum till_code api_breakdown(struct api_work *work, struct till_error *e)
{
    struct report_breakdown report = {0};
    enum store_dimension by = STORE_BY_PRODUCT;
    metrics_currency currency = api_currency(work);
    struct sv word = api_value(work->question, "by");
    const char *source = NULL;
    struct report_metrics_query *query = till_calloc(1, sizeof *query);
    enum till_code code = query ? api_report_query(work, API_DAYS, query, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = api_text(work, "traffic_source", &source, e);
    if (code == TILL_OK && word.ptr && !report_dimension_parse(word, &by))
        code = api_refuse("by", word, "nothing to break down by", e);
    if (code == TILL_OK)
        code =
            report_breakdown(work->store, query, by, source, work->now_us, work->arena, &report, e);
    if (code == TILL_OK) {
        KEEP_CURRENCY(report.groups, report.group_count, currency);
        view_breakdown_json(work->out, &report);
    }
    till_free(query);
    return code;
}

// ---- people ----

static enum report_people list_of(struct sv word)
{
    static const char *const words[] = {[REPORT_PAYING] = "paying",
                                        [REPORT_NEW] = "new",
                                        [REPORT_LOST] = "lost",
                                        [REPORT_AT_RISK] = "at_risk"};
    for (size_t i = 0; word.ptr && i < TILL_COUNT(words); i++)
        if (sv_equal(word, sv_of(words[i])))
            return (enum report_people)i;
    return REPORT_PAYING;
}

enum till_code api_people(struct api_work *work, struct till_error *e)
{
    struct report_customers report = {0};
    metrics_currency currency = api_currency(work);
    int64_t limit = 0;
    struct report_metrics_query *query = till_calloc(1, sizeof *query);
    enum till_code code = query ? api_report_query(work, API_DAYS, query, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = api_count(work, "limit", TILL_LIMIT_API_QUERY_ROWS, TILL_LIMIT_API_LIST_ROWS, &limit,
                         e);
    if (code == TILL_OK)
        code = report_customers(work->store, query, list_of(api_value(work->question, "list")),
                                (size_t)limit, work->now_us, work->arena, &report, e);
    if (code == TILL_OK) {
        KEEP_CURRENCY(report.people, report.count, currency);
        view_customers_json(work->out, &report);
    }
    till_free(query);
    return code;
}
