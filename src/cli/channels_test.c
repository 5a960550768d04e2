// SPDX-License-Identifier: Apache-2.0
// channels_test.c - `till channels test NAME`: a message that says it is a test, sent now, and what came of it. The log of digests does not know of it.
#include <stdio.h>

#include "base/civil.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/channels.h"

#define TITLE    "till test"
#define SENTENCE "This is a test of till: the channel works."
#define OUTLOOK  "Digests will come here."

struct trying {
    struct store_channel stored;
    enum channel_kind kind;
    struct channel_values values;
    struct secret secret;
    struct arena arena;
    struct channel_message message;
    struct channel_section section;
    struct sv lines[2];
    char id[64], date[32];
    struct channel_parts parts;
};

static void make_message(struct trying *trying, int64_t now_us)
{
    enum { DAY_S = 86400 };
    struct civil_date day = civil_date_from_days(now_us / 1000000 / DAY_S);
    (void)snprintf(trying->id, sizeof trying->id, "test-%lld", (long long)now_us);
    (void)snprintf(trying->date, sizeof trying->date, "%04d-%02d-%02d", day.year, day.month,
                   day.day);
    trying->lines[0] = SV(SENTENCE);
    trying->lines[1] = SV(OUTLOOK);
    trying->section = (struct channel_section){
        .title = SV(""), .lines = trying->lines, .line_count = TILL_COUNT(trying->lines)};
    trying->message = (struct channel_message){
        .id = sv_of(trying->id),
        .title = SV(TITLE),
        .sections = &trying->section,
        .section_count = 1,
        .text = SV(TITLE "\n\n" SENTENCE "\n" OUTLOOK "\n"),
        .markdown = SV("# " TITLE "\n\n" SENTENCE "\n" OUTLOOK "\n"),
        .html = SV("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" TITLE
                   "</title></head>\n<body><p>" SENTENCE "</p><p>" OUTLOOK "</p></body></html>\n"),
        .json = SV("{\"type\":\"test\",\"title\":\"" TITLE "\",\"text\":\"" SENTENCE " " OUTLOOK
                   "\"}\n"),
        .date = sv_of(trying->date),
        .at_us = now_us,
    };
}

// Nothing is logged: a test that went twice does no harm.
static enum till_code commit(void *context, struct till_error *e)
{
    (void)context;
    (void)e;
    return TILL_OK;
}

static enum till_code find(const struct cli *cli, struct trying *trying, struct till_error *e)
{
    struct store *store = NULL;
    enum till_code code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = cli_find_channel(store, cli->arguments[1], &trying->stored, e);
    store_close(store);
    if (code)
        return code;
    const struct store_channel *stored = &trying->stored;
    if (!channel_kind_parse(sv_of(stored->kind), &trying->kind))
        return TILL_FAIL(e, TILL_FORMAT, 0, "%s is of a kind that this version does not know: %s",
                         stored->name, stored->kind);
    code = channel_values_parse(trying->kind, sv_of(stored->settings), &trying->arena,
                                &trying->values, e);
    if (code == TILL_OK && stored->secret_place[0])
        code = cli_channel_secret(cli, stored, &trying->secret, e);
    return code;
}

static enum till_code send(const struct cli *cli, struct trying *trying, struct till_error *e)
{
    struct channel *channel = NULL;
    const struct channel_commit on_commit = {.call = commit};
    const struct channel_options options = {
        .kind = trying->kind,
        .name = trying->stored.name,
        .values = trying->values,
        .secret = trying->secret.len > 0 ? &trying->secret : NULL,
        .clock = cli->clock,
        .stop = &cli_stop,
        .user_agent = "till/" TILL_VERSION,
    };
    enum till_code code = channel_open(&options, &channel, e);
    if (code == TILL_OK)
        code = channel_compose(channel, &trying->message, &trying->arena, &trying->parts, e);
    for (size_t i = 0; i < trying->parts.count && code == TILL_OK; i++) {
        struct channel_result result = {.outcome = CHANNEL_NOT_SENT};
        code = channel_send(channel, &trying->message, &trying->parts, i, &on_commit, &result, e);
        if (code == TILL_OK || result.outcome != CHANNEL_UNCERTAIN)
            continue;
        (void)till_error_context(e, "nobody knows whether the test arrived");
        (void)till_error_hint(e, "look there; then try again");
    }
    channel_close(channel);
    return code;
}

static void tell(struct cli *cli, const struct trying *trying)
{
    const char *where = trying->values.where ? trying->values.where : "";
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "name", trying->stored.name);
        view_json_text(&cli->out, "kind", trying->stored.kind);
        view_json_text(&cli->out, "where", where);
        view_json_bool(&cli->out, "sent", true);
        buf_text(&cli->out, "}\n");
        return;
    }
    buf_format(&cli->out, "Sent \"%s\" to %s: ", TITLE, trying->stored.name);
    (void)text_show(&cli->out, sv_of(where), 0);
    buf_text(&cli->out, ".\n");
    if (!trying->stored.is_enabled)
        cli_say(cli, "till: it is switched off, so digests do not go there");
}

enum till_code cli_channels_test(struct cli *cli, struct till_error *e)
{
    struct trying *trying = &(struct trying){.kind = CHANNEL_email};
    arena_init(&trying->arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = find(cli, trying, e);
    if (code == TILL_OK) {
        make_message(trying, clock_now_us(cli->clock));
        code = send(cli, trying, e);
    }
    if (code == TILL_OK)
        tell(cli, trying);
    secret_release(&trying->secret);
    arena_release(&trying->arena);
    return code;
}
