// SPDX-License-Identifier: Apache-2.0
// answer.c - one question to one JSON document: checked, given its zone, and handed to who answers it.
#include <string.h>

#include "api/questions.h"
#include "base/limits.h"
#include "views/views.h"

static api_answerer *const answerers[API__COUNT] = {
    [API_overview] = api_overview,
    [API_metrics] = api_metrics,
    [API_movements] = api_movements,
    [API_cohorts] = api_cohorts,
    [API_breakdown] = api_breakdown,
    [API_traffic] = api_traffic,
    [API_search] = api_search,
    [API_digest] = api_digest,
    [API_channels] = api_channels,
    [API_people] = api_people,
    [API_list_orders] = api_list,
    [API_list_subscriptions] = api_list,
    [API_list_customers] = api_list,
    [API_list_products] = api_list,
    [API_list_refunds] = api_list,
    [API_list_checkouts] = api_list,
    [API_customer] = api_customer,
    [API_history] = api_history,
    [API_tables] = api_tables,
    [API_runs] = api_runs,
    [API_schema] = api_schema,
    [API_query] = api_query,
    [API_definitions] = api_definitions,
    [API_annotations] = api_annotations,
    [API_goals] = api_goals,
    [API_saved] = api_saved,
};

static enum till_code open_zone(struct api_work *work, struct till_error *e)
{
    char name[STORE_NAME_BYTES];
    struct sv asked = api_value(work->question, "timezone");
    work->zone = work->question->zone;
    if (!asked.ptr)
        return TILL_OK;
    memcpy(name, asked.ptr, asked.len); // its length was checked
    name[asked.len] = '\0';
    enum till_code code = zone_open(name, &work->own_zone, e);
    if (code == TILL_CONFIG) {
        code = api_refuse("timezone", asked, "not a time zone", e);
        (void)till_error_hint(e, "names are those of the IANA, such as Europe/Berlin");
    }
    work->zone = work->own_zone;
    return code;
}

enum till_code api_answer(struct store *store, const struct api_question *question, struct buf *out,
                          struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    AUTO_BUF answer;
    buf_init(&answer, TILL_LIMIT_API_ANSWER_BYTES);
    api_answerer *answerer = answerers[question->route];
    struct api_work work = {.store = store,
                            .question = question,
                            .out = &answer,
                            .arena = &arena,
                            .now_us = clock_now_us(question->clock)};
    if (!answerer)
        return TILL_FAIL(e, TILL_USAGE, 0, "%s is not answered from the mirror",
                         api_route_info(question->route)->path);
    enum till_code code = api_check(question, e);
    if (code == TILL_OK)
        code = open_zone(&work, e);
    if (code == TILL_OK)
        code = answerer(&work, e);
    zone_close(work.own_zone);
    if (code == TILL_OK)
        code = buf_fail(&answer, "the answer", e);
    if (code == TILL_OK)
        code = buf_reserve(out, answer.len) == TILL_OK ? TILL_OK : buf_fail(out, "the answer", e);
    if (code == TILL_OK)
        buf_append(out, answer.data, answer.len);
    return code;
}

void api_error_json(struct buf *out, const struct till_error *e)
{
    buf_char(out, '{');
    view_json_key(out, "error");
    buf_char(out, '{');
    view_json_text(out, "class", till_code_name(e->code));
    view_json_text(out, "text", e->text);
    view_json_text(out, "hint", e->hint);
    buf_text(out, "}}\n");
}
