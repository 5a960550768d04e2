// SPDX-License-Identifier: Apache-2.0
// digest.c - `till digest`: the digest of a day, or of seven, as a person or a program wants it.
#include "views/digest.h"

#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "cli/digest_parts.h"
#include "report/digest.h"

enum form { FORM_TEXT, FORM_MARKDOWN, FORM_HTML, FORM_JSON };

struct writing {
    struct cli *cli;
    struct store *store;
    struct zone *zone;
    struct cli_connections connections;
    struct civil_date date;
    enum form form;
    struct view_style style;
    struct digest digest;
};

static enum till_code take_form(struct writing *w, struct till_error *e)
{
    static const char *const words[] = {"text", "markdown", "html", "json"};
    const char *word = w->cli->options[OPTION_format];
    w->form = w->cli->is_json ? FORM_JSON : FORM_TEXT;
    for (size_t i = 0; word && i < TILL_COUNT(words); i++)
        if (strcmp(word, words[i]) == 0) {
            w->form = (enum form)i;
            return TILL_OK;
        }
    if (!word)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--format: \"%s\" is not a form of the digest", word);
    return till_error_hint(e, "forms: text, markdown, html, json");
}

enum till_code cli_digest_date(const struct cli *cli, const struct zone *zone,
                               struct civil_date *ret_date, struct till_error *e)
{
    const char *text = cli->options[OPTION_date];
    *ret_date = civil_date_add_days(zone_date(zone, clock_now_us(cli->clock)), -1);
    if (!text || civil_date_parse(text, ret_date))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--date: \"%s\" is not a date", text);
    return till_error_hint(e, "write year, month and day, such as 2026-01-31");
}

// In the days that digests are sent of.
static enum till_code take_days(struct writing *w, struct till_error *e)
{
    struct store_digest_schedule schedule;
    struct zone *zone = NULL;
    enum till_code code = store_digest_schedule(w->store, &schedule, e);
    if (code == TILL_OK)
        code = cli_digest_zone(w->cli, &schedule, &zone, e);
    if (code)
        return code;
    zone_close(w->zone);
    w->zone = zone;
    return cli_digest_date(w->cli, zone, &w->date, e);
}

static enum till_code begin(struct writing *w, struct till_error *e)
{
    struct cli *cli = w->cli;
    enum till_code code = cli_expect_arguments(
        cli, 0, 0, "till digest [--date DATE] [--weekly] [--format text|markdown|html|json]", e);
    if (code == TILL_OK)
        code = take_form(w, e);
    if (code == TILL_OK)
        code = zone_open(config_text(cli->config, "timezone"), &w->zone, e);
    if (code == TILL_OK)
        code = cli_digest_date(cli, w->zone, &w->date, e); // before anything is opened
    if (code == TILL_OK)
        code = cli_open_store(cli, STORE_READ_ONLY, &w->store, e);
    if (code == TILL_OK)
        code = take_days(w, e);
    if (code == TILL_OK)
        code = cli_connections(cli, w->store, &w->connections, e);
    if (code == TILL_OK && w->form == FORM_HTML && w->connections.count > 1) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "a document is about one organization");
        code = till_error_hint(e, "name it: --name %s", w->connections.list[0].name);
    }
    w->style = cli->style;
    w->style.has_unicode = cli->options[OPTION_ascii] == NULL;
    return code;
}

static void print(struct writing *w, size_t number)
{
    struct buf *out = &w->cli->out;
    if (number > 0)
        buf_text(out, w->form == FORM_JSON ? "," : "\n");
    switch (w->form) {
    case FORM_TEXT:
        view_digest_text(out, &w->style, &w->digest);
        break;
    case FORM_MARKDOWN:
        view_digest_markdown(out, &w->style, &w->digest);
        break;
    case FORM_HTML:
        view_digest_html(out, &w->style, &w->digest);
        break;
    case FORM_JSON:
        view_digest_json(out, &w->digest);
        break;
    }
}

static enum till_code write_one(struct writing *w, size_t number, struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    const struct report_digest_question question = {
        .connection = &w->connections.list[number],
        .zone = w->zone,
        .date = w->date,
        .is_weekly = w->cli->options[OPTION_weekly] != NULL,
        .source = w->cli->options[OPTION_traffic_source],
        .locale = w->cli->style.locale,
        .has_names = true,
        .clock = w->cli->clock};
    enum till_code code = report_digest(w->store, &question, &arena, &w->digest, e);
    if (code && w->connections.count > 1)
        return till_error_context(e, "%s", w->connections.list[number].name);
    if (code)
        return code;
    print(w, number);
    return buf_fail(&w->cli->out, "the digest", e);
}

static enum till_code show(struct cli *cli, struct till_error *e)
{
    struct writing *w = till_calloc(1, sizeof *w);
    if (!w)
        return TILL_FAIL_MEMORY(e);
    w->cli = cli;
    enum till_code code = begin(w, e);
    bool is_list = w->form == FORM_JSON && w->connections.count > 1;
    if (code == TILL_OK && is_list)
        buf_text(&cli->out, "{\"organizations\":[");
    for (size_t i = 0; i < w->connections.count && code == TILL_OK; i++)
        code = write_one(w, i, e);
    if (code == TILL_OK && is_list)
        buf_text(&cli->out, "]}\n");
    store_close(w->store);
    zone_close(w->zone);
    till_free(w);
    return code;
}

// Options that only make sense with --send or --preview, or with `till digest set`.
static enum till_code check_options(const struct cli *cli, bool is_delivery, bool is_set,
                                    struct till_error *e)
{
    static const struct {
        enum cli_option option;
        bool is_of_set;
    } owned[] = {{OPTION_channel, false}, {OPTION_again, false},    {OPTION_at, true},
                 {OPTION_weekdays, true}, {OPTION_weekly_on, true}, {OPTION_on, true},
                 {OPTION_off, true}};
    if (cli->options[OPTION_send] && cli->options[OPTION_preview])
        return TILL_FAIL(e, TILL_USAGE, 0, "--send and --preview exclude each other");
    for (size_t i = 0; i < TILL_COUNT(owned); i++) {
        if (!cli->options[owned[i].option] || (owned[i].is_of_set ? is_set : is_delivery))
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--%s is for %s", cli_options[owned[i].option].name,
                        owned[i].is_of_set ? "`till digest set`" : "--send and --preview");
        return till_error_hint(e, "see `till help digest`");
    }
    return TILL_OK;
}

enum till_code cli_digest(struct cli *cli, struct till_error *e)
{
    const char *word = cli->argument_count > 0 ? cli->arguments[0] : "";
    bool is_set = strcmp(word, "set") == 0, is_schedule = strcmp(word, "schedule") == 0;
    bool is_delivery = cli->options[OPTION_send] || cli->options[OPTION_preview];
    enum till_code code = check_options(cli, is_delivery, is_set || is_schedule, e);
    if (code == TILL_OK && (is_set || is_schedule))
        code = cli_expect_arguments(cli, 1, 1, "till digest schedule|set ...", e);
    if (code)
        return code;
    if (is_set || is_schedule)
        return is_set ? cli_digest_set(cli, e) : cli_digest_schedule(cli, e);
    if (cli->options[OPTION_send])
        return cli_digest_send(cli, e);
    return is_delivery ? cli_digest_preview(cli, e) : show(cli, e);
}
