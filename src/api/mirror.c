// SPDX-License-Identifier: Apache-2.0
// mirror.c - what is mirrored and how it went: tables, runs, the life of a row; and what metrics mean.
#include "api/questions.h"
#include "base/fault.h"
#include "base/limits.h"
#include "model/intervals.h"
#include "report/report.h"
#include "store/runs.h"
#include "views/views.h"

enum { DEFAULT_RUNS = 50 };
static const int64_t day_us = INT64_C(86400000000);

static enum till_code table_of(const struct api_work *work, const struct table **ret_table,
                               struct till_error *e)
{
    struct sv name = api_value(work->question, "table");
    *ret_table = name.ptr ? model_table_by_name(name) : NULL;
    if (*ret_table || !name.ptr)
        return TILL_OK;
    (void)api_refuse("table", name, "not a table", e);
    return till_error_hint(e, "/api/tables lists them");
}

// ---- tables ----

static enum till_code requests_json(struct api_work *work, const struct report_status *status,
                                    struct till_error *e)
{
    view_json_key(work->out, "requests_day");
    buf_char(work->out, '[');
    for (size_t i = 0; i < status->card_count; i++) {
        const struct store_connection *connection = &status->cards[i].connection;
        for (int table = 0; table < TABLE__COUNT; table++) {
            int64_t count = 0;
            enum till_code code = store_requests_since(
                work->store, sv_of(connection->organization_id), model_table((enum table_id)table),
                work->now_us - day_us, &count, e);
            if (code)
                return code;
            buf_text(work->out, i + (size_t)table > 0 ? ",{" : "{");
            view_json_text(work->out, "connection", connection->name);
            view_json_text(work->out, "table", model_table((enum table_id)table)->name);
            view_json_int(work->out, "requests", count);
            buf_char(work->out, '}');
        }
    }
    buf_char(work->out, ']');
    return TILL_OK;
}

static enum till_code tables_json(struct api_work *work, const struct report_status *status,
                                  struct till_error *e)
{
    struct row_view view = {.format = VIEW_JSON, .out = work->out, .arena = work->arena};
    buf_char(work->out, '{');
    view_json_time(work->out, "now", status->now_us);
    view_json_key(work->out, "tables");
    enum till_code code = row_view_begin(&view, view_table_columns, NULL, VIEW_TABLE_COLUMNS, e);
    for (size_t i = 0; i < status->card_count && code == TILL_OK; i++) {
        for (int table = 0; table < TABLE__COUNT && code == TILL_OK; table++) {
            struct value values[VIEW_TABLE_COLUMNS];
            struct view_table_text text;
            view_table_values(&status->cards[i], (enum table_id)table, &text, values);
            code = row_view_row(&view, values, e);
        }
    }
    return code ? code : row_view_end(&view, e);
}

static void words_json(struct buf *out, const char *key, const char *words)
{
    struct sv rest = sv_of(words), part;
    const char *separator = "";
    view_json_key(out, key);
    buf_char(out, '[');
    while (sv_split(&rest, '|', &part)) {
        buf_text(out, separator);
        buf_json_string(out, part);
        separator = ",";
    }
    buf_char(out, ']');
}

enum till_code api_tables(struct api_work *work, struct till_error *e)
{
    struct report_status_options options = {.default_every_ms = work->question->default_every_ms};
    struct report_status *status = till_calloc(1, sizeof *status);
    enum till_code code = status ? TILL_OK : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK && api_value(work->question, "connection").ptr) {
        code = api_connection(work, e);
        options.name = work->connection.name;
    }
    if (code == TILL_OK)
        code = report_status(work->store, work->question->clock, &options, status, e);
    if (code == TILL_OK)
        code = tables_json(work, status, e);
    if (code == TILL_OK) {
        words_json(work->out, "intervals", MODEL_INTERVAL_WORDS);
        words_json(work->out, "methods", "incremental|full");
        code = requests_json(work, status, e);
        buf_text(work->out, "}\n");
    }
    till_free(status);
    return code;
}

// ---- runs ----

static struct sv text_of(const struct value *value)
{
    return value->type == VALUE_TEXT ? value->text : (struct sv){NULL, 0};
}

static enum till_code run_json(void *context, const struct value *v, size_t count,
                               struct till_error *e)
{
    static const struct {
        const char *key;
        enum store_run_column column;
    } plain[] = {{"table", STORE_RUN_TABLE},       {"started", STORE_RUN_STARTED},
                 {"finished", STORE_RUN_FINISHED}, {"method", STORE_RUN_METHOD},
                 {"added", STORE_RUN_ADDED},       {"changed", STORE_RUN_CHANGED},
                 {"removed", STORE_RUN_REMOVED},   {"requests", STORE_RUN_REQUESTS},
                 {"class", STORE_RUN_CODE},        {"error", STORE_RUN_ERROR}};
    struct buf *out = context;
    int64_t from_us = 0, to_us = 0;
    (void)e;
    if (count < STORE_RUN__COUNT)
        return TILL_OK;
    buf_text(out, out->data[out->len - 1] == '[' ? "{" : ",\n{");
    for (size_t i = 0; i < TILL_COUNT(plain); i++) {
        view_json_key(out, plain[i].key);
        view_json_value(out, &v[plain[i].column]);
    }
    struct value seconds = {.type = VALUE_NULL};
    if (timestamp_parse(text_of(&v[STORE_RUN_STARTED]), &from_us) &&
        timestamp_parse(text_of(&v[STORE_RUN_FINISHED]), &to_us))
        seconds = (struct value){.type = VALUE_REAL, .real = (double)(to_us - from_us) / 1e6};
    view_json_key(out, "seconds");
    view_json_value(out, &seconds);
    view_json_bool(out, "proven",
                   v[STORE_RUN_PROVEN].type == VALUE_INTEGER && v[STORE_RUN_PROVEN].integer != 0);
    buf_char(out, '}');
    return TILL_OK;
}

enum till_code api_runs(struct api_work *work, struct till_error *e)
{
    const struct table *table = NULL;
    const struct store_metric_sink sink = {.row = run_json, .context = work->out};
    int64_t limit = 0;
    enum till_code code = table_of(work, &table, e);
    if (code == TILL_OK)
        code = api_count(work, "limit", TILL_LIMIT_API_RUNS, DEFAULT_RUNS, &limit, e);
    if (code == TILL_OK)
        code = api_connection(work, e);
    buf_char(work->out, '[');
    if (code == TILL_OK)
        code = buf_fail(work->out, "the runs", e);
    if (code == TILL_OK)
        code = store_runs(work->store, sv_of(work->connection.organization_id), table, limit, &sink,
                          e);
    buf_text(work->out, "]\n");
    return code;
}

// ---- history ----

enum till_code api_history(struct api_work *work, struct till_error *e)
{
    char id[STORE_NAME_BYTES];
    struct report_history history = {0};
    const struct table *table = NULL;
    struct sv asked = api_value(work->question, "id");
    enum till_code code = table_of(work, &table, e);
    if (code)
        return code;
    if (!table || !asked.ptr)
        return TILL_FAIL(e, TILL_USAGE, 0, "%s is missing", table ? "id" : "table");
    if (asked.len >= sizeof id)
        return api_refuse("id", asked, "too long for an id", e);
    memcpy(id, asked.ptr, asked.len);
    id[asked.len] = '\0';
    code = report_history(work->store, table, id, work->arena, &history, e);
    if (code == TILL_OK)
        view_history_json(work->out, &history);
    return code;
}

// ---- definitions ----

static void metric_json(struct buf *out, const struct metric *metric)
{
    static const char *const kinds[] = {[METRIC_SCALAR] = "count",
                                        [METRIC_CURRENCY] = "money",
                                        [METRIC_SUB_CENT] = "money",
                                        [METRIC_PERCENTAGE] = "rate"};
    buf_text(out, metric->id > 0 ? ",\n{" : "{");
    view_json_text(out, "slug", metric->slug);
    view_json_text(out, "name", metric->display_name);
    view_json_text(out, "kind", kinds[metric->type]);
    view_json_text(out, "nature", metric->nature == METRIC_BALANCE ? "balance" : "activity");
    view_json_text(out, "definition", metric->sentence);
    view_json_text(out, "formula", metric->formula);
    buf_char(out, '}');
}

static void traffic_json(struct buf *out, const struct traffic_metric *metric)
{
    buf_text(out, ",\n{");
    view_json_text(out, "slug", metric->full_slug);
    view_json_text(out, "name", metric->name);
    view_json_text(out, "kind", traffic_metric_type_word(metric->type));
    view_json_text(out, "nature", "activity");
    view_json_text(out, "definition", metric->sentence);
    view_json_text(out, "formula", metric->formula);
    buf_char(out, '}');
}

enum till_code api_definitions(struct api_work *work, struct till_error *e)
{
    (void)e;
    buf_char(work->out, '[');
    for (int i = 0; i < METRIC__COUNT; i++)
        metric_json(work->out, model_metric((enum metric_id)i));
    for (int i = 0; i < TRAFFIC_METRIC__COUNT; i++)
        traffic_json(work->out, model_traffic_metric((enum traffic_metric_id)i));
    buf_text(work->out, "]\n");
    return TILL_OK;
}
