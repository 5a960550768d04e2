// SPDX-License-Identifier: Apache-2.0
// query.c - a person's SQL: columns and rows, until the rows, the bytes or the time are used up.
//
// The walls around it are the store's (sqlite_query.c). More rows or bytes than fit are cut and said to be; more time is an error.
#include "api/questions.h"
#include "base/limits.h"
#include "views/views.h"

struct gathering {
    struct buf *out;
    struct buf row;
    int64_t row_count;
    bool is_full; // a row did not fit
};

static enum till_code on_columns(void *context, const struct store_column_info *columns,
                                 size_t count, struct till_error *e)
{
    struct gathering *g = context;
    view_json_key(g->out, "columns");
    buf_char(g->out, '[');
    for (size_t i = 0; i < count; i++) {
        buf_text(g->out, i > 0 ? ",{" : "{");
        view_json_key(g->out, "name");
        buf_json_string(g->out, sv_of(columns[i].name));
        view_json_text(g->out, "type", columns[i].declared_type);
        buf_char(g->out, '}');
    }
    buf_text(g->out, "],\"rows\":[");
    return buf_fail(g->out, "the columns of the result", e);
}

static enum till_code on_row(void *context, const struct value *values, size_t count,
                             struct till_error *e)
{
    enum { CLOSING_BYTES = 256 };
    struct gathering *g = context;
    buf_reset(&g->row);
    buf_text(&g->row, g->row_count > 0 ? ",\n[" : "\n[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_char(&g->row, ',');
        view_json_value(&g->row, &values[i]);
    }
    buf_char(&g->row, ']');
    if (g->row.failure == TILL_LIMIT ||
        (g->row.failure == TILL_OK &&
         g->out->len + g->row.len + CLOSING_BYTES > g->out->limit_bytes)) {
        g->is_full = true;
        return TILL_FAIL(e, TILL_LIMIT, 0, "the answer is full");
    }
    enum till_code code = buf_fail(&g->row, "a row of the result", e);
    if (code == TILL_OK)
        buf_append(g->out, g->row.data, g->row.len);
    g->row_count += code == TILL_OK ? 1 : 0;
    return code;
}

static enum till_code read_statement(const struct api_work *work, struct buf *sql,
                                     struct till_error *e)
{
    struct sv body = work->question->body;
    if (body.len > 0 && memchr(body.ptr, '\0', body.len))
        return TILL_FAIL(e, TILL_USAGE, 0, "the statement has a NUL character in it");
    if (body.len > TILL_LIMIT_SQL_BYTES)
        return TILL_FAIL(e, TILL_USAGE, 0, "the statement has more than %d bytes",
                         TILL_LIMIT_SQL_BYTES);
    if (!sv_is_utf8(body))
        return TILL_FAIL(e, TILL_USAGE, 0, "the statement is not UTF-8");
    buf_sv(sql, body);
    buf_text(sql, ""); // an empty one is text too
    return buf_fail(sql, "the statement", e);
}

static enum till_code run(struct api_work *work, struct gathering *g, struct store_query *query,
                          struct till_error *e)
{
    struct store_query_result result = {0};
    const struct store_sink sink = {.context = g, .columns = on_columns, .row = on_row};
    const struct clock *clock = work->question->clock;
    int64_t begun_ms = clock_monotonic_ms(clock);
    buf_char(work->out, '{');
    enum till_code code = store_query(work->store, query, &sink, &result, e);
    if (code == TILL_LIMIT && g->is_full) {
        till_error_clear(e);
        code = TILL_OK;
    } else if (code == TILL_LIMIT) {
        (void)till_error_hint(e, "ask for less: fewer rows, or a smaller range");
    }
    if (code)
        return code;
    buf_text(work->out, "\n]");
    view_json_int(work->out, "row_count", g->row_count);
    view_json_bool(work->out, "is_cut", result.is_cut || g->is_full);
    view_json_int(work->out, "elapsed_ms", clock_monotonic_ms(clock) - begun_ms);
    buf_text(work->out, "}\n");
    return TILL_OK;
}

enum till_code api_query(struct api_work *work, struct till_error *e)
{
    AUTO_BUF sql;
    buf_init(&sql, TILL_LIMIT_SQL_BYTES);
    struct gathering g = {.out = work->out};
    buf_init(&g.row, TILL_LIMIT_API_ANSWER_BYTES);
    struct store_query query = {.timeout_ms = TILL_LIMIT_API_QUERY_MS,
                                .stop = work->question->stop};
    enum till_code code =
        api_count(work, "limit", TILL_LIMIT_API_QUERY_ROWS, API_DEFAULT_ROWS, &query.row_limit, e);
    if (code == TILL_OK)
        code = read_statement(work, &sql, e);
    query.sql = sql.data;
    if (code == TILL_OK)
        code = run(work, &g, &query, e);
    buf_release(&g.row);
    return code;
}
