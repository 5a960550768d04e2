// SPDX-License-Identifier: Apache-2.0
// notes.c - what people wrote beside the numbers: annotations, goals, saved queries.
#include "store/notes.h"

#include "api/questions.h"
#include "views/views.h"

static void text_json(struct buf *out, const char *key, struct sv text)
{
    view_json_key(out, key);
    if (text.len > 0)
        buf_json_string(out, text);
    else
        buf_text(out, "null");
}

static void date_json(struct buf *out, const char *key, bool is_there, struct civil_date date)
{
    if (is_there)
        view_json_date(out, key, date);
    else
        view_json_text(out, key, NULL);
}

enum till_code api_annotations_json(struct api_work *work, const struct civil_date *from,
                                    const struct civil_date *to, struct till_error *e)
{
    struct store_annotations annotations = {0};
    enum till_code code = store_annotations(work->store, from, to, work->arena, &annotations, e);
    buf_char(work->out, '[');
    for (size_t i = 0; i < annotations.count && code == TILL_OK; i++) {
        const struct store_annotation *annotation = &annotations.list[i];
        buf_text(work->out, i > 0 ? ",{" : "{");
        view_json_int(work->out, "id", annotation->id);
        date_json(work->out, "date", true, annotation->date);
        text_json(work->out, "text", annotation->text);
        buf_char(work->out, '}');
    }
    buf_char(work->out, ']');
    return code;
}

enum till_code api_goals_json(struct api_work *work, struct till_error *e)
{
    struct store_goals goals = {0};
    enum till_code code = store_goals(work->store, work->arena, &goals, e);
    buf_char(work->out, '[');
    for (size_t i = 0; i < goals.count && code == TILL_OK; i++) {
        const struct store_goal *goal = &goals.list[i];
        buf_text(work->out, i > 0 ? ",{" : "{");
        text_json(work->out, "metric", goal->metric);
        text_json(work->out, "currency", goal->currency);
        view_json_int(work->out, "amount", goal->amount_minor);
        date_json(work->out, "date", goal->has_until, goal->until);
        buf_char(work->out, '}');
    }
    buf_char(work->out, ']');
    return code;
}

enum till_code api_annotations(struct api_work *work, struct till_error *e)
{
    enum till_code code = api_annotations_json(work, NULL, NULL, e);
    buf_char(work->out, '\n');
    return code;
}

enum till_code api_goals(struct api_work *work, struct till_error *e)
{
    enum till_code code = api_goals_json(work, e);
    buf_char(work->out, '\n');
    return code;
}

enum till_code api_saved(struct api_work *work, struct till_error *e)
{
    struct store_saved_queries queries = {0};
    enum till_code code = store_saved_queries(work->store, work->arena, &queries, e);
    buf_char(work->out, '[');
    for (size_t i = 0; i < queries.count && code == TILL_OK; i++) {
        buf_text(work->out, i > 0 ? ",\n{" : "{");
        text_json(work->out, "name", queries.list[i].name);
        text_json(work->out, "sql", queries.list[i].sql);
        buf_char(work->out, '}');
    }
    buf_text(work->out, "]\n");
    return code;
}
