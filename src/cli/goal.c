// SPDX-License-Identifier: Apache-2.0
// goal.c - `till goal`: what a metric is meant to reach, as a line on its chart.
//
// A goal is for a calendar month where the metric adds up over time, and for any moment where it is a level. Amounts are typed in major units and kept
// exactly in minor ones. Shares have no goals: they have no unit to type.
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/money.h"
#include "cli/cli.h"
#include "cli/notes.h"
#include "model/metrics.h"

static const char usage[] =
    "till goal [METRIC AMOUNT [--currency CODE] [--until DATE] | --remove METRIC]";
enum { CODE_BYTES = 4 };

static bool is_monthly(const struct metric *metric)
{
    return metric && metric->nature == METRIC_ACTIVITY && metric->total == METRIC_SUM;
}

// ---- the list ----

// For people: the amount with its currency.
static enum till_code goal_row(struct row_view *view, const struct store_goal *goal,
                               struct till_error *e)
{
    const struct metric *metric = model_metric_by_slug(goal->metric);
    char until[CLI_DATE_BYTES] = "", created[TIMESTAMP_BYTES + 1];
    AUTO_BUF amount;
    buf_init(&amount, 128);
    if (goal->has_until)
        cli_date_text(goal->until, until);
    struct value money = {.type = VALUE_INTEGER, .integer = goal->amount_minor};
    if (view->format == VIEW_TABLE) {
        if (goal->currency.len > 0)
            money_format(&amount, goal->amount_minor, goal->currency, view->style->locale);
        else
            view_count(&amount, goal->amount_minor);
        enum till_code code = buf_fail(&amount, "an amount", e);
        if (code)
            return code;
        money = cli_cell((struct sv){amount.data, amount.len});
    }
    struct value values[] = {cli_cell(goal->metric),
                             cli_cell(goal->currency),
                             money,
                             cli_cell(is_monthly(metric) ? SV("month") : SV("")),
                             cli_cell(sv_of(until)),
                             cli_cell_time(goal->created_us, created)};
    return row_view_row(view, values, e);
}

static enum till_code list(struct cli *cli, struct till_error *e)
{
    static const char *const names[] = {"metric", "currency", "amount_minor",
                                        "per",    "until",    "created_at"};
    static const char *const names_for_people[] = {"metric", "currency", "goal",
                                                   "per",    "until",    "created_at"};
    struct store_goals goals = {0};
    struct store *store = NULL;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK)
        code = cli_notes_open(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = store_goals(store, &arena, &goals, e);
    store_close(store);
    if (code == TILL_OK)
        code = row_view_begin(&view, view.format == VIEW_TABLE ? names_for_people : names, NULL,
                              TILL_COUNT(names), e);
    for (size_t i = 0; i < goals.count && code == TILL_OK; i++)
        code = goal_row(&view, &goals.list[i], e);
    return code ? code : row_view_end(&view, e);
}

// ---- a new one ----

static enum till_code take_metric(const char *word, const struct metric **ret_metric,
                                  struct till_error *e)
{
    const struct metric *metric = model_metric_by_slug(sv_of(word));
    if (!metric) {
        const char *nearest = model_metric_nearest(sv_of(word));
        (void)TILL_FAIL(e, TILL_USAGE, 0, "there is no metric \"%s\"", word);
        return till_error_hint(e, "did you mean %s? docs/metrics.md has them all",
                               nearest ? nearest : "revenue");
    }
    if (metric->type != METRIC_SCALAR && metric->type != METRIC_CURRENCY) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "%s has no goals: it is neither a count nor money",
                        metric->slug);
        return till_error_hint(e, "set one for revenue, orders, active_subscriptions or another "
                                  "count or amount");
    }
    *ret_metric = metric;
    return TILL_OK;
}

// Lower case; the default of money is what `till metrics` answers in.
static enum till_code take_currency(const struct cli *cli, const struct metric *metric,
                                    char ret_code[static CODE_BYTES], struct till_error *e)
{
    const char *word = cli->options[OPTION_currency];
    bool is_money = metric->type == METRIC_CURRENCY;
    memset(ret_code, 0, CODE_BYTES);
    if (word && !is_money) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "%s is a count and has no currency", metric->slug);
        return till_error_hint(e, "leave --currency out");
    }
    if (!is_money)
        return TILL_OK;
    word = word ? word : "usd";
    size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (length != CODE_BYTES - 1 || word[length] != '\0') {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--currency: \"%s\" is not the code of a currency", word);
        return till_error_hint(e, "write its three letters, such as usd");
    }
    sv_to_lower((struct sv){word, length}, ret_code);
    return TILL_OK;
}

static enum till_code take_amount(struct sv word, struct sv currency, int64_t *ret_amount_minor,
                                  struct till_error *e)
{
    bool is_number = currency.len > 0 ? money_parse(word, currency, ret_amount_minor)
                                      : sv_to_int64(word, ret_amount_minor);
    if (is_number && *ret_amount_minor > 0)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "\"" SV_FORMAT "\" is not an amount%s" SV_FORMAT,
                    SV_ARGS(word), currency.len > 0 ? " of " : "", SV_ARGS(currency));
    if (currency.len == 0)
        return till_error_hint(e, "write a whole number above 0, such as 250");
    return till_error_hint(e, money_minor_digits(currency) > 0
                                  ? "write it without grouping, such as 5000 or 5000.50"
                                  : "write it without grouping or decimals, such as 5000");
}

static enum till_code take_until(const struct cli *cli, struct store_goal *goal,
                                 struct till_error *e)
{
    const char *word = cli->options[OPTION_until];
    goal->has_until = word != NULL;
    if (!word || civil_date_parse(word, &goal->until))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--until: \"%s\" is not a date", word);
    return till_error_hint(e, "write year, month and day, such as 2026-01-31");
}

static void tell(struct cli *cli, const struct store_goal *goal, const struct metric *metric)
{
    char until[CLI_DATE_BYTES] = "";
    AUTO_BUF amount;
    buf_init(&amount, 128);
    if (goal->has_until)
        cli_date_text(goal->until, until);
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "metric", metric->slug);
        view_json_text(&cli->out, "currency", goal->currency.ptr);
        view_json_int(&cli->out, "amount_minor", goal->amount_minor);
        view_json_text(&cli->out, "per", is_monthly(metric) ? "month" : "");
        view_json_text(&cli->out, "until", until);
        buf_text(&cli->out, "}\n");
        return;
    }
    if (goal->currency.len > 0)
        money_format(&amount, goal->amount_minor, goal->currency, cli->talk_style.locale);
    else
        view_count(&amount, goal->amount_minor);
    cli_say(cli, "%s is to reach %s%s%s%s.", metric->display_name, amount.data ? amount.data : "",
            is_monthly(metric) ? " a month" : "", until[0] ? ", until " : "", until);
}

static enum till_code put(struct cli *cli, struct till_error *e)
{
    const struct metric *metric = NULL;
    struct store *store = NULL;
    struct store_goal goal = {.created_us = clock_now_us(cli->clock)};
    char currency[CODE_BYTES] = "";
    AUTO_BUF amount;
    buf_init(&amount, TILL_LIMIT_SQL_BYTES);
    enum till_code code = take_metric(cli->arguments[0], &metric, e);
    if (code || !metric)
        return code;
    code = cli_read_text(cli->arguments[1], "the amount", &amount, e);
    if (code)
        return code;
    code = take_currency(cli, metric, currency, e);
    goal.currency = sv_of(currency);
    if (code == TILL_OK)
        code = take_amount(sv_trim((struct sv){amount.data, amount.len}), goal.currency,
                           &goal.amount_minor, e);
    if (code == TILL_OK)
        code = take_until(cli, &goal, e);
    if (code == TILL_OK)
        code = cli_notes_open(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK) {
        goal.metric = sv_of(metric->slug);
        code = store_goal_put(store, &goal, e);
    }
    store_close(store);
    if (code == TILL_OK)
        tell(cli, &goal, metric);
    return code;
}

// Metrics that this program does not know any more can be removed too.
static enum till_code remove_one(struct cli *cli, const char *word, struct till_error *e)
{
    struct store *store = NULL;
    bool was_there = false;
    char what[128], currency[CODE_BYTES] = "";
    const struct metric money = {.type = METRIC_CURRENCY};
    enum till_code code = TILL_OK;
    if (cli->options[OPTION_currency])
        code = take_currency(cli, &money, currency, e);
    (void)snprintf(what, sizeof what, "goal of %.64s%s%s", word, currency[0] ? " in " : "",
                   currency);
    if (code == TILL_OK)
        code = cli_notes_open(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code =
            store_goal_remove(store, sv_of(word),
                              currency[0] ? sv_of(currency) : (struct sv){NULL, 0}, &was_there, e);
    store_close(store);
    return code ? code : cli_notes_removed(cli, was_there, what, "till goal", e);
}

enum till_code cli_goal(struct cli *cli, struct till_error *e)
{
    static const struct cli_notes notes = {usage, list, put, remove_one};
    const char *removed = cli->options[OPTION_remove];
    bool is_list = cli->argument_count == 0 && !removed;
    bool has_idle = cli->options[OPTION_until] && (is_list || removed);
    if (has_idle || (is_list && cli->options[OPTION_currency])) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--currency and --until need a metric and an amount");
        return till_error_hint(e, "usage: %s", usage);
    }
    return cli_notes_run(cli, &notes, e);
}
