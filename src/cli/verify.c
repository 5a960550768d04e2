// SPDX-License-Identifier: Apache-2.0
// verify.c - `till verify`: our metrics beside Polar's own, over the same range.
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "decode/metrics.h"
#include "polar/metrics.h"
#include "views/metrics.h"

struct verifying {
    struct cli_metrics_question question;
    struct store_connection connection;
    struct report_metrics ours;
    struct report_verify verify;
    struct buf query, theirs;
};

// Polar's own limits on a range; till's are wider.
static enum till_code check_range(const struct report_metrics_query *query, struct till_error *e)
{
    static const int64_t most_days[] = {7, 366, 371, 1460, 3650};
    int64_t days = civil_date_to_days(query->to) - civil_date_to_days(query->from);
    int64_t most = most_days[query->interval];
    if (days <= most)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_LIMIT, 0, "Polar answers at most %lld days by %s, this range has %lld",
                    (long long)most + 1, metrics_interval_word(query->interval),
                    (long long)days + 1);
    return till_error_hint(e, "choose a shorter range, or a longer --interval");
}

// Names of zones and ids need few escapes: all but letters, digits and -._~/ are written in hexadecimal.
static void query_value(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                        (*c >= '0' && *c <= '9') || strchr("-._~/", *c) != NULL;
        if (is_plain)
            buf_char(out, *c);
        else
            buf_format(out, "%%%02X", (unsigned)(unsigned char)*c);
    }
}

static void query_date(struct buf *out, const char *key, struct civil_date date)
{
    buf_format(out, "%s=%04d-%02d-%02d&", key, (int)date.year, (int)date.month, (int)date.day);
}

static enum till_code write_query(const struct report_metrics_query *query, bool is_some,
                                  struct buf *out, struct till_error *e)
{
    query_date(out, "start_date", query->from);
    query_date(out, "end_date", query->to);
    buf_format(out, "interval=%s&timezone=", metrics_interval_word(query->interval));
    query_value(out, zone_name(query->zone));
    for (size_t i = 0; i < query->product_count; i++)
        buf_format(out, "&product_id=" SV_FORMAT, SV_ARGS(query->product_ids[i]));
    for (size_t i = 0; i < query->customer_count; i++)
        buf_format(out, "&customer_id=" SV_FORMAT, SV_ARGS(query->customer_ids[i]));
    if (query->has_recurring)
        buf_text(out, "&billing_type=recurring");
    if (query->has_one_time)
        buf_text(out, "&billing_type=one_time");
    for (size_t i = 0; is_some && i < METRIC__COUNT; i++)
        if (query->is_asked[i])
            buf_format(out, "&metrics=%s", model_metric((enum metric_id)i)->slug);
    return buf_fail(out, "the question to Polar", e);
}

static enum till_code ask(struct cli *cli, struct verifying *v, struct till_error *e)
{
    AUTO_SECRET token = {0};
    struct polar *polar = NULL;
    const struct store_connection *connection = &v->connection;
    enum till_code code = cli_stored_token(cli, connection, &token, e);
    if (code == TILL_OK)
        code = cli_open_polar(cli, connection->api_url, &token, &polar, e);
    if (code == TILL_OK)
        code = cli_share_budget(cli, polar, connection->organization_id, e);
    if (code == TILL_OK)
        code = polar_metrics(polar, v->query.data, &v->theirs, e);
    polar_close(polar);
    return code;
}

static void take(void *context, struct sv slug, int64_t at_us, double number)
{
    struct verifying *v = context;
    report_verify_take(&v->verify, &v->ours, slug, at_us, number);
}

static enum till_code compare(struct verifying *v, struct till_error *e)
{
    struct sv theirs = {v->theirs.data, v->theirs.len};
    report_verify_begin(&v->verify, &v->ours);
    enum till_code code = decode_metrics(theirs, take, v, e);
    report_verify_end(&v->verify, &v->ours);
    return code;
}

static enum till_code print(struct cli *cli, const struct verifying *v, struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK && view.format == VIEW_TABLE)
        view_verify_text(&cli->out, &cli->style, &v->ours, &v->verify);
    else if (code == TILL_OK && view.format == VIEW_JSON)
        view_verify_json(&cli->out, &v->verify);
    else if (code == TILL_OK)
        code = view_verify_rows(&view, &v->verify, e);
    if (code == TILL_OK)
        code = cli_flush(cli, e);
    if (code || v->verify.drift_count == 0)
        return code;
    (void)TILL_FAIL(e, TILL_PARTIAL, 0, "%zu metrics differ from Polar's", v->verify.drift_count);
    return till_error_hint(e, "`till sync` and verify again; if they still differ, say so with the "
                              "output of `till verify --json`");
}

static enum till_code run(struct cli *cli, struct verifying *v, struct till_error *e)
{
    struct store *store = NULL;
    enum till_code code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = cli_metrics_question(cli, &v->question, e);
    if (code == TILL_OK)
        code = cli_connection(cli, store, &v->connection, e);
    v->question.query.connection = &v->connection;
    if (code == TILL_OK)
        code = check_range(&v->question.query, e);
    if (code == TILL_OK)
        code = write_query(&v->question.query, cli->argument_count > 0, &v->query, e);
    if (code == TILL_OK)
        code = report_metrics(store, &v->question.query, &v->ours, e);
    store_close(store);
    if (code == TILL_OK)
        code = ask(cli, v, e);
    if (code == TILL_OK)
        code = compare(v, e);
    return code ? code : print(cli, v, e);
}

static enum till_code refuse_traffic(const struct cli *cli, struct till_error *e)
{
    for (int i = 0; i < cli->argument_count; i++) {
        if (!model_is_traffic_slug(sv_of(cli->arguments[i])))
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "%s is not one of Polar's metrics", cli->arguments[i]);
        return till_error_hint(e, "there is nothing to compare it with: `till metrics %.64s`",
                               cli->arguments[i]);
    }
    return TILL_OK;
}

enum till_code cli_verify(struct cli *cli, struct till_error *e)
{
    enum till_code refused = refuse_traffic(cli, e);
    if (refused)
        return refused;
    struct verifying *v = till_calloc(1, sizeof *v);
    if (!v)
        return TILL_FAIL_MEMORY(e);
    buf_init(&v->query, TILL_LIMIT_HTTP_URL_BYTES);
    buf_init(&v->theirs, TILL_LIMIT_RESPONSE_BYTES);
    enum till_code code = run(cli, v, e);
    buf_release(&v->query);
    buf_release(&v->theirs);
    report_metrics_release(&v->ours);
    cli_metrics_question_release(&v->question);
    till_free(v);
    return code;
}
