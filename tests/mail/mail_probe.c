// SPDX-License-Identifier: Apache-2.0
// mail_probe.c - the kind "email" as a program for tests: mail_probe check|compose|send|refuse
//
// Standard input has "name: value" lines: a field of kinds.def, password, title, id, at (seconds since 1970); then an empty line, and the text up to a
// line "--", behind which is the HTML. What it came to goes out as one JSON object. compose prints the mail itself. refuse sends, and says no at the last
// moment. SIGINT stops it as it stops till.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "channels/channels.h"

enum { PROBE_BYTES = 2 * 1024 * 1024 };
static volatile sig_atomic_t stop;
static char input[PROBE_BYTES + 1];

struct probe {
    struct channel_options options;
    struct channel_message message;
    struct secret password;
    const char *action;
    int commits;
};

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static enum till_code on_commit(void *context, struct till_error *e)
{
    struct probe *probe = context;
    probe->commits++;
    (void)printf("{\"committed\":true}\n");
    (void)fflush(stdout);
    if (strcmp(probe->action, "refuse") == 0)
        return TILL_FAIL(e, TILL_STORE, 0, "the log could not be written");
    return TILL_OK;
}

static void take_line(struct probe *probe, char *line)
{
    struct till_error e = {0};
    char *value = strchr(line, ':');
    if (!value)
        return;
    *value = '\0';
    value += value[1] == ' ' ? 2 : 1;
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++)
        if (channel_fields[i].kind == CHANNEL_email && strcmp(channel_fields[i].word, line) == 0)
            probe->options.values.list[i] = value;
    if (strcmp(line, "title") == 0)
        probe->message.title = sv_of(value);
    if (strcmp(line, "id") == 0)
        probe->message.id = sv_of(value);
    if (strcmp(line, "at") == 0)
        probe->message.at_us = strtoll(value, NULL, 10) * 1000000;
    if (strcmp(line, "password") != 0)
        return;
    if (secret_set(&probe->password, sv_of(value), &e))
        abort();
    probe->options.values.list[CHANNEL_FIELD_password] = NULL;
    probe->options.secret = &probe->password;
}

static void take_input(struct probe *probe)
{
    size_t len = fread(input, 1, PROBE_BYTES, stdin);
    char *rest = input;
    input[len] = '\0';
    while (*rest && *rest != '\n') {
        char *end = strchr(rest, '\n');
        if (!end)
            return;
        *end = '\0';
        take_line(probe, rest);
        rest = end + 1;
    }
    if (!*rest)
        return;
    char *html = strstr(rest, "\n--\n");
    probe->message.text = (struct sv){rest + 1, html ? (size_t)(html - rest) : strlen(rest + 1)};
    if (html)
        probe->message.html = sv_of(html + 4);
}

static void print_result(const struct probe *probe, const char *outcome, enum till_code code,
                         const struct till_error *e)
{
    struct buf out;
    buf_init(&out, PROBE_BYTES);
    buf_format(&out, "{\"outcome\":\"%s\",\"code\":\"%s\",\"commits\":%d,\"error\":", outcome,
               till_code_name(code), probe->commits);
    buf_json_string(&out, sv_of(code ? e->text : ""));
    buf_text(&out, ",\"hint\":");
    buf_json_string(&out, sv_of(code ? e->hint : ""));
    (void)printf("%s}\n", out.data ? out.data : "");
    buf_release(&out);
}

static void send_it(struct probe *probe, struct channel *channel)
{
    static const char *const outcomes[] = {"sent", "not_sent", "refused", "uncertain"};
    const struct channel_commit commit = {.call = on_commit, .context = probe};
    struct channel_result result = {.outcome = CHANNEL_NOT_SENT};
    struct channel_parts parts = {0};
    struct till_error e = {0};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = channel_compose(channel, &probe->message, &arena, &parts, &e);
    if (code == TILL_OK && strcmp(probe->action, "compose") == 0) {
        (void)fwrite(parts.list[0].body.ptr, 1, parts.list[0].body.len, stdout);
        return;
    }
    if (code == TILL_OK)
        code = channel_send(channel, &probe->message, &parts, 0, &commit, &result, &e);
    print_result(probe, outcomes[result.outcome], code, &e);
}

int main(int count, char **arguments)
{
    static struct probe probe;
    struct channel *channel = NULL;
    struct till_error e = {0};
    bool was_asked = false;
    if (count != 2)
        return 2;
    (void)signal(SIGINT, on_signal);
    probe.action = arguments[1];
    probe.options = (struct channel_options){
        .kind = CHANNEL_email, .name = "email", .stop = &stop, .user_agent = "till/probe"};
    take_input(&probe);
    enum till_code code = channel_open(&probe.options, &channel, &e);
    if (code == TILL_OK && strcmp(probe.action, "check") == 0)
        code = channel_check(channel, &was_asked, &e);
    if (code || strcmp(probe.action, "check") == 0)
        print_result(&probe, channel ? "checked" : "closed", code, &e);
    else
        send_it(&probe, channel);
    channel_close(channel);
    secret_release(&probe.password);
    return (int)code;
}
