// SPDX-License-Identifier: Apache-2.0
// growth.c - what the commands about numbers share: store, question, one report for each connection, output in the format asked for.
#include "cli/growth.h"

#include "base/fault.h"
#include "base/limits.h"
#include "base/text.h"

enum { DEFAULT_MONTHS = 12 };

struct reporting {
    struct cli *cli;
    const struct cli_report *report;
    const void *wish;
    struct store *store;
    struct cli_metrics_question question;
    struct cli_connections connections;
    enum view_format format;
    size_t number; // of the connection
};

// Months, unless an interval is asked for; then the last twelve of them, unless a first day is.
static enum till_code ask(struct reporting *r, struct till_error *e)
{
    struct cli *cli = r->cli;
    struct report_metrics_query *query = &r->question.query;
    bool is_monthly = r->report->usage != NULL;
    enum till_code code =
        is_monthly ? cli_expect_arguments(cli, 0, 0, r->report->usage, e) : TILL_OK;
    if (is_monthly && !cli->options[OPTION_interval])
        cli->options[OPTION_interval] = "month";
    if (code == TILL_OK)
        code = cli_metrics_question(cli, &r->question, e);
    if (code == TILL_OK && is_monthly && !cli->options[OPTION_from]) {
        int32_t months = query->to.year * 12 + query->to.month - 1 - (DEFAULT_MONTHS - 1);
        query->from = (struct civil_date){months / 12, months % 12 + 1, 1};
    }
    if (code == TILL_OK)
        code = cli_format(cli, &r->format, e);
    return code ? code : cli_connections(cli, r->store, &r->connections, e);
}

// ---- one of several ----

static void heading(const struct reporting *r, const struct store_connection *connection)
{
    struct buf *out = &r->cli->out;
    AUTO_BUF name;
    buf_init(&name, out->limit_bytes);
    (void)text_show(&name, sv_of(connection->name), 0);
    if (r->number > 0)
        buf_char(out, '\n');
    view_ink(out, &r->cli->style, INK_BOLD, name.data ? name.data : "");
    buf_text(out, "\n\n");
}

// The report's own object, with the names of its organization before its first key.
static void member_json(const struct reporting *r, const struct store_connection *connection,
                        const void *report)
{
    struct buf *out = &r->cli->out;
    AUTO_BUF object;
    buf_init(&object, out->limit_bytes);
    r->report->json(&object, report);
    buf_text(out, r->number > 0 ? ",\n{" : "{");
    view_json_text(out, "name", connection->name);
    view_json_text(out, "organization_id", connection->organization_id);
    view_json_text(out, "organization_name", connection->organization_name);
    if (object.failure)
        out->failure = object.failure;
    else if (object.len > 3) { // "{", its members, "}\n"
        buf_char(out, ',');
        buf_append(out, object.data + 1, object.len - 2);
    }
}

static enum till_code print(const struct reporting *r, const struct store_connection *connection,
                            const void *report, struct row_view *view, struct till_error *e)
{
    struct cli *cli = r->cli;
    bool is_one = r->connections.count == 1;
    enum till_code code = TILL_OK;
    if (r->format == VIEW_TABLE) {
        if (!is_one)
            heading(r, connection);
        r->report->text(&cli->out, &cli->style, report);
    } else if (r->format == VIEW_JSON && is_one) {
        r->report->json(&cli->out, report);
    } else if (r->format == VIEW_JSON) {
        member_json(r, connection, report);
    } else {
        view->lead = is_one ? NULL : connection->name;
        view->is_continued = r->number > 0;
        code = r->report->rows(view, report, e);
        if (code == TILL_OK && r->report->say)
            r->report->say(cli, report);
        if (code == TILL_OK && r->question.query.into != 0 && r->number == 0)
            cli_say(cli, "till: rows are amounts in their own currencies: --json has the total");
    }
    return code ? code : buf_fail(&cli->out, "the report", e);
}

static enum till_code make(struct reporting *r, struct row_view *view, struct till_error *e)
{
    const struct store_connection *connection = &r->connections.list[r->number];
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    r->question.query.connection = connection;
    const struct cli_report_source source = {.store = r->store,
                                             .query = &r->question.query,
                                             .now_us = clock_now_us(r->cli->clock),
                                             .arena = &arena,
                                             .wish = r->wish};
    void *report = till_calloc(1, r->report->bytes);
    if (!report)
        return TILL_FAIL_MEMORY(e);
    enum till_code code = r->report->make(&source, report, e);
    if (code && r->connections.count > 1)
        (void)till_error_context(e, "%s", connection->name);
    if (code == TILL_OK)
        code = print(r, connection, report, view, e);
    if (r->report->release)
        r->report->release(report);
    till_free(report);
    return code;
}

static enum till_code run(struct reporting *r, struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &r->cli->style, .out = &r->cli->out, .arena = &arena};
    enum till_code code = cli_open_store(r->cli, STORE_READ_ONLY, &r->store, e);
    if (code == TILL_OK)
        code = ask(r, e);
    if (code)
        return code;
    bool is_list = r->format == VIEW_JSON && r->connections.count > 1;
    view.format = r->format;
    if (is_list)
        buf_text(&r->cli->out, "{\"organizations\":[");
    for (r->number = 0; r->number < r->connections.count && code == TILL_OK; r->number++)
        code = make(r, &view, e);
    if (is_list)
        buf_text(&r->cli->out, "]}\n");
    return code;
}

enum till_code cli_report(struct cli *cli, const struct cli_report *report, const void *wish,
                          struct till_error *e)
{
    struct reporting *r = till_calloc(1, sizeof *r);
    if (!r)
        return TILL_FAIL_MEMORY(e);
    r->cli = cli;
    r->report = report;
    r->wish = wish;
    enum till_code code = run(r, e);
    cli_metrics_question_release(&r->question);
    store_close(r->store);
    till_free(r);
    return code;
}
