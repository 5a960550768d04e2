// SPDX-License-Identifier: Apache-2.0
// metrics.c - `till metrics`: Polar's metrics out of the mirror; and the reading of its options, which `till verify` shares.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/growth.h"
#include "views/metrics.h"
#include "views/traffic.h"

enum { DEFAULT_DAYS = 30, ID_BYTES = 36 };

// ---- the question ----

static enum till_code no_metric(const char *word, const char *nearest, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_USAGE, 0, "there is no metric \"%s\"", word);
    if (nearest)
        return till_error_hint(e, "did you mean %s? `till metrics --json` has them all", nearest);
    return till_error_hint(e, "`till metrics --json` has them all by their names");
}

static enum till_code take_slugs(const struct cli *cli, struct report_metrics_query *query,
                                 struct till_error *e)
{
    for (int i = 0; i < cli->argument_count; i++) {
        struct sv slug = sv_of(cli->arguments[i]);
        const struct metric *metric = model_metric_by_slug(slug);
        const struct traffic_metric *traffic = model_traffic_metric_by_slug(slug);
        bool is_traffic = model_is_traffic_slug(slug);
        if (traffic)
            query->is_traffic_asked[traffic->id] = true;
        else if (metric)
            query->is_asked[metric->id] = true;
        else
            return no_metric(
                cli->arguments[i],
                is_traffic ? model_traffic_metric_nearest(slug) : model_metric_nearest(slug), e);
    }
    for (int i = 0; cli->argument_count == 0 && i < METRIC__COUNT; i++)
        query->is_asked[i] = true;
    return TILL_OK;
}

static enum till_code take_date(const struct cli *cli, enum cli_option option,
                                struct civil_date *ret_date, struct till_error *e)
{
    const char *text = cli->options[option];
    if (!text || civil_date_parse(text, ret_date))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--%s: \"%s\" is not a date", cli_options[option].name, text);
    return till_error_hint(e, "write year, month and day, such as 2026-01-31");
}

static enum till_code take_range(const struct cli *cli, struct report_metrics_query *query,
                                 struct till_error *e)
{
    const char *interval = cli->options[OPTION_interval];
    query->interval = METRICS_DAY;
    query->to = zone_date(query->zone, clock_now_us(cli->clock));
    enum till_code code = take_date(cli, OPTION_to, &query->to, e);
    query->from = civil_date_add_days(query->to, 1 - DEFAULT_DAYS);
    if (code == TILL_OK)
        code = take_date(cli, OPTION_from, &query->from, e);
    if (code == TILL_OK && interval && !metrics_interval_parse(sv_of(interval), &query->interval)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--interval: \"%s\" is not an interval", interval);
        code = till_error_hint(e, "intervals: hour, day, week, month, year");
    }
    return code;
}

static bool is_id(const char *text)
{
    return strlen(text) == ID_BYTES && strspn(text, "0123456789abcdefABCDEF-") == ID_BYTES;
}

// Ids in lower case, as the mirror has them.
static enum till_code take_ids(const struct cli *cli, enum cli_option option, struct arena *arena,
                               const struct sv **ret_ids, size_t *ret_count, struct till_error *e)
{
    struct sv *ids = arena_calloc(arena, cli->list_value_count + 1, sizeof *ids);
    size_t count = 0;
    if (!ids)
        return arena_fail(arena, "a filter", e);
    for (size_t i = 0; i < cli->list_value_count; i++) {
        const char *text = cli->list_values[i].value;
        if (cli->list_values[i].option != option)
            continue;
        if (!is_id(text)) {
            (void)TILL_FAIL(e, TILL_USAGE, 0, "--%s: \"%s\" is not an id", cli_options[option].name,
                            text);
            return till_error_hint(e, "find it: till query \"SELECT id, %s FROM %s\"",
                                   option == OPTION_product_id ? "name" : "email",
                                   option == OPTION_product_id ? "products" : "customers");
        }
        char *copy = arena_alloc(arena, ID_BYTES);
        if (!copy)
            return arena_fail(arena, "a filter", e);
        sv_to_lower((struct sv){text, ID_BYTES}, copy);
        ids[count++] = (struct sv){copy, ID_BYTES};
    }
    *ret_ids = ids;
    *ret_count = count;
    return TILL_OK;
}

static enum till_code take_billing_type(const struct cli *cli, struct report_metrics_query *query,
                                        struct till_error *e)
{
    for (size_t i = 0; i < cli->list_value_count; i++) {
        const char *word = cli->list_values[i].value;
        if (cli->list_values[i].option != OPTION_billing_type)
            continue;
        bool is_recurring = strcmp(word, "recurring") == 0;
        bool is_one_time = strcmp(word, "one_time") == 0;
        query->has_recurring = query->has_recurring || is_recurring;
        query->has_one_time = query->has_one_time || is_one_time;
        if (is_recurring || is_one_time)
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--billing-type: \"%s\" is not a billing type", word);
        return till_error_hint(e, "billing types: one_time, recurring");
    }
    return TILL_OK;
}

enum till_code cli_currency(const struct cli *cli, metrics_currency *ret_currency,
                            struct till_error *e)
{
    const char *word = cli->options[OPTION_in];
    size_t length = word ? strlen(word) : 0;
    for (size_t i = 0; i < length; i++)
        length = (word[i] | 0x20) >= 'a' && (word[i] | 0x20) <= 'z' ? length : 0;
    *ret_currency = word ? metrics_currency_of(sv_of(word)) : 0;
    if (!word || length == 3)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--in: \"%s\" is not a currency", word);
    return till_error_hint(e, "write its three letters, such as EUR");
}

enum till_code cli_metrics_question(const struct cli *cli,
                                    struct cli_metrics_question *ret_question, struct till_error *e)
{
    struct report_metrics_query *query = &ret_question->query;
    memset(ret_question, 0, sizeof *ret_question);
    arena_init(&ret_question->arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = take_slugs(cli, query, e);
    if (code == TILL_OK)
        code = zone_open(config_text(cli->config, "timezone"), &ret_question->zone, e);
    query->zone = ret_question->zone;
    if (code == TILL_OK)
        code = take_range(cli, query, e);
    if (code == TILL_OK)
        code = take_ids(cli, OPTION_product_id, &ret_question->arena, &query->product_ids,
                        &query->product_count, e);
    if (code == TILL_OK)
        code = take_ids(cli, OPTION_customer_id, &ret_question->arena, &query->customer_ids,
                        &query->customer_count, e);
    if (code == TILL_OK)
        code = take_billing_type(cli, query, e);
    return code ? code : cli_currency(cli, &query->into, e);
}

void cli_metrics_question_release(struct cli_metrics_question *question)
{
    zone_close(question->zone);
    arena_release(&question->arena);
}

// ---- the command ----

// Polar's own metrics, and what stands beside them when it is asked for.
struct both {
    struct report_metrics metrics;
    struct report_traffic traffic;
    bool has_traffic;
};

// Rows have no place for reasons: that there are some is said beside them.
static void say(const struct cli *cli, const void *made)
{
    const struct both *both = made;
    const struct metrics_answer *answer = &both->metrics.answer;
    int approximate = 0, unavailable = 0;
    for (size_t i = 0; i < METRIC__COUNT; i++) {
        approximate += answer->is_asked[i] && answer->approximate[i][0] ? 1 : 0;
        unavailable += answer->is_asked[i] && answer->unavailable[i][0] ? 1 : 0;
    }
    if (approximate + unavailable > 0)
        cli_say(cli, "till: %d metrics are approximate, %d are left out: --json says which and why",
                approximate, unavailable);
    for (size_t i = 0; both->has_traffic && i < both->traffic.note_count; i++)
        cli_say(cli, "till: " SV_FORMAT, SV_ARGS(both->traffic.notes[i]));
}

static bool asks(const struct report_metrics_query *query, bool *ret_polar)
{
    bool asks_traffic = false;
    *ret_polar = false;
    for (size_t i = 0; i < TRAFFIC_METRIC__COUNT; i++)
        asks_traffic = asks_traffic || query->is_traffic_asked[i];
    for (size_t i = 0; i < METRIC__COUNT; i++)
        *ret_polar = *ret_polar || query->is_asked[i];
    return asks_traffic;
}

static enum till_code make(const struct cli_report_source *source, void *ret_report,
                           struct till_error *e)
{
    struct both *both = ret_report;
    bool asks_polar = false;
    const struct report_traffic_question question = {.query = *source->query,
                                                     .source = source->wish,
                                                     .compare = REPORT_ALONE,
                                                     .now_us = source->now_us};
    both->has_traffic = asks(source->query, &asks_polar);
    enum till_code code = report_metrics(source->store, source->query, &both->metrics, e);
    if (code == TILL_OK && both->has_traffic)
        code = report_traffic(source->store, &question, source->arena, &both->traffic, e);
    return code;
}

static void text(struct buf *out, const struct view_style *style, const void *report)
{
    const struct both *both = report;
    view_metrics_text(out, style, &both->metrics);
    if (both->has_traffic)
        view_traffic_metrics_text(out, style, &both->traffic, both->metrics.query.is_traffic_asked);
}

static void json(struct buf *out, const void *report)
{
    const struct both *both = report;
    view_metrics_open_json(out, &both->metrics);
    if (both->has_traffic)
        view_traffic_metrics_json(out, &both->traffic, both->metrics.query.is_traffic_asked);
    buf_text(out, "}\n");
}

static enum till_code rows(struct row_view *view, const void *report, struct till_error *e)
{
    const struct both *both = report;
    return view_metrics_rows(view, &both->metrics, both->has_traffic ? &both->traffic : NULL, e);
}

static void release(void *report)
{
    struct both *both = report;
    report_metrics_release(&both->metrics);
    report_traffic_release(&both->traffic);
}

enum till_code cli_metrics(struct cli *cli, struct till_error *e)
{
    static const struct cli_report report = {.bytes = sizeof(struct both),
                                             .make = make,
                                             .text = text,
                                             .json = json,
                                             .rows = rows,
                                             .say = say,
                                             .release = release};
    return cli_report(cli, &report, cli->options[OPTION_traffic_source], e);
}
