// SPDX-License-Identifier: Apache-2.0
// overview.c - the first page: its question out of the parameters, and beside the report what people wrote.
#include "views/overview.h"
#include "api/questions.h"
#include "base/fault.h"

static const struct {
    const char *word;
    unsigned part;
} parts[] = {
    {"tiles", REPORT_TILES}, {"movements", REPORT_MOVEMENTS},
    {"top", REPORT_TOP},     {"latest", REPORT_LATEST},
    {"notes", API_NOTES},
};

static enum till_code take_question(struct api_work *work,
                                    struct report_overview_question *question, struct till_error *e)
{
    const struct sv *words = NULL;
    size_t count = 0;
    struct sv compare = api_value(work->question, "compare");
    enum till_code code = api_report_query(work, API_DAYS, &question->query, e);
    if (code == TILL_OK)
        code = api_values(work, "part", &words, &count, e);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < TILL_COUNT(parts); k++)
            if (sv_equal(words[i], sv_of(parts[k].word)))
                question->parts |= parts[k].part;
    if (count == 0)
        question->parts = REPORT_ALL_PARTS | API_NOTES;
    question->compare = REPORT_PREVIOUS;
    if (compare.ptr && sv_equal(compare, SV("year")))
        question->compare = REPORT_YEAR_BEFORE;
    if (compare.ptr && sv_equal(compare, SV("none")))
        question->compare = REPORT_ALONE;
    if (code == TILL_OK)
        code = api_text(work, "traffic_source", &question->traffic_source, e);
    question->currency = api_currency(work);
    question->now_us = work->now_us;
    return code;
}

// null where they were not asked for.
static enum till_code put_notes(struct api_work *work,
                                const struct report_overview_question *question,
                                struct till_error *e)
{
    bool is_asked = (question->parts & API_NOTES) != 0;
    enum till_code code = TILL_OK;
    view_json_key(work->out, "annotations");
    if (is_asked)
        code = api_annotations_json(work, &question->query.from, &question->query.to, e);
    else
        buf_text(work->out, "null");
    view_json_key(work->out, "goals");
    if (code == TILL_OK && is_asked)
        return api_goals_json(work, e);
    buf_text(work->out, "null");
    return code;
}

enum till_code api_overview(struct api_work *work, struct till_error *e)
{
    struct report_overview_question *question = till_calloc(1, sizeof *question);
    struct report_overview *overview = till_calloc(1, sizeof *overview);
    enum till_code code =
        question && overview ? take_question(work, question, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = report_overview(work->store, question, work->arena, overview, e);
    if (code == TILL_OK) {
        buf_char(work->out, '{');
        view_overview_json(work->out, overview);
        code = put_notes(work, question, e);
        buf_text(work->out, "}\n");
    }
    if (overview)
        report_overview_release(overview);
    till_free(overview);
    till_free(question);
    return code;
}
