// SPDX-License-Identifier: Apache-2.0
// channel_probe.c - the channels room as a program for tests: opens the channel that standard input describes, and does with it what stands in "do".
//
// {"kind": "slack", "values": {"chat": "42"}, "secret": "one\ntwo", "message": {"id", "title", "date", "at_us", "sections": [{"title", "lines": []}], "text",
// "markdown", "html", "json"}, "do": ["describe", "compose", "check", "send", "secret"], "commit": "ok" | "fail" | "die"}. One JSON line for each thing done,
// and {"commit": N} when a part is about to go. Fields that are not said are empty. SIGTERM stops it as it stops till.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "channels/channels.h"
#include "decode/json.h"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

struct probe {
    const struct json *root;
    struct arena arena;
    struct channel_message message;
    struct channel *channel;
    const char *commit;
    int commits;
};

static void print_line(struct buf *line)
{
    (void)printf("%s\n", line->data ? line->data : "");
    (void)fflush(stdout);
    buf_reset(line);
}

static void put_text(struct buf *line, const char *name, struct sv text)
{
    buf_format(line, ",\"%s\":", name);
    buf_json_string(line, text);
}

static void put_error(struct buf *line, enum till_code code, const struct till_error *e)
{
    put_text(line, "code", sv_of(till_code_name(code)));
    put_text(line, "error", sv_of(code ? e->text : ""));
    put_text(line, "hint", sv_of(code ? e->hint : ""));
    buf_char(line, '}');
    print_line(line);
}

static struct sv text_of(const struct json *object, const char *key)
{
    struct sv text = SV("");
    (void)json_text(json_get(object, key), &text);
    return text;
}

static const char *copy_of(struct probe *probe, const struct json *object, const char *key)
{
    struct sv text = SV("");
    if (!json_text(json_get(object, key), &text))
        return NULL;
    return arena_copy(&probe->arena, text.ptr, text.len);
}

static bool read_message(struct probe *probe)
{
    const struct json *from = json_get(probe->root, "message");
    const struct json *sections = json_get(from, "sections"), *item = NULL, *line = NULL;
    struct channel_section *list =
        arena_calloc(&probe->arena, json_count(sections) + 1, sizeof *list);
    size_t count = 0;
    if (!list)
        return false;
    for (item = json_first(sections); item; item = json_next(sections, item), count++) {
        const struct json *lines = json_get(item, "lines");
        struct sv *texts = arena_calloc(&probe->arena, json_count(lines) + 1, sizeof *texts);
        if (!texts)
            return false;
        list[count] = (struct channel_section){text_of(item, "title"), texts, 0};
        for (line = json_first(lines); line; line = json_next(lines, line))
            (void)json_text(line, &texts[list[count].line_count++]);
    }
    probe->message = (struct channel_message){.id = text_of(from, "id"),
                                              .title = text_of(from, "title"),
                                              .sections = list,
                                              .section_count = count,
                                              .text = text_of(from, "text"),
                                              .markdown = text_of(from, "markdown"),
                                              .html = text_of(from, "html"),
                                              .json = text_of(from, "json"),
                                              .date = text_of(from, "date")};
    (void)json_integer(json_get(from, "at_us"), &probe->message.at_us);
    return true;
}

static enum till_code open_channel(struct probe *probe, struct till_error *e)
{
    const struct json *values = json_get(probe->root, "values");
    struct channel_options options = {.stop = &stop, .name = "probe", .user_agent = "till/probe"};
    AUTO_SECRET secret = {0};
    struct sv kind = text_of(probe->root, "kind"), text = text_of(probe->root, "secret");
    if (!channel_kind_parse(kind, &options.kind))
        return TILL_FAIL(e, TILL_USAGE, 0, "no such kind");
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++)
        options.values.list[i] = copy_of(probe, values, channel_fields[i].word);
    enum till_code code = text.len > 0 ? secret_set(&secret, text, e) : TILL_OK;
    options.secret = text.len > 0 ? &secret : NULL;
    return code ? code : channel_open(&options, &probe->channel, e);
}

static enum till_code on_commit(void *context, struct till_error *e)
{
    struct probe *probe = context;
    AUTO_BUF line = {0};
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    buf_format(&line, "{\"commit\":%d}", ++probe->commits);
    print_line(&line);
    if (strcmp(probe->commit, "die") == 0)
        (void)kill(getpid(), SIGKILL);
    if (strcmp(probe->commit, "fail") == 0)
        return TILL_FAIL(e, TILL_STORE, 0, "the log is full");
    return TILL_OK;
}

static void do_send(struct probe *probe, const struct channel_parts *parts)
{
    static const char *const outcomes[] = {"sent", "not_sent", "refused", "uncertain"};
    const struct channel_commit commit = {on_commit, probe};
    AUTO_BUF line = {0};
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    for (size_t i = 0; i < parts->count; i++) {
        struct till_error e = {0};
        struct channel_result result;
        probe->commits = 0;
        enum till_code code =
            channel_send(probe->channel, &probe->message, parts, i, &commit, &result, &e);
        buf_format(&line, "{\"send\":%zu,\"outcome\":\"%s\",\"retry_after_ms\":%lld,\"commits\":%d",
                   i + 1, outcomes[result.outcome], (long long)result.retry_after_ms,
                   probe->commits);
        put_error(&line, code, &e);
        if (code)
            return;
    }
}

static void print_parts(const struct channel_parts *parts)
{
    AUTO_BUF line = {0};
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    buf_format(&line, "{\"count\":%zu,\"parts\":[", parts->count);
    for (size_t i = 0; i < parts->count; i++) {
        buf_text(&line, i > 0 ? ",{\"address\":" : "{\"address\":");
        buf_json_string(&line, parts->list[i].address);
        put_text(&line, "headers", parts->list[i].headers);
        put_text(&line, "body", parts->list[i].body);
        buf_char(&line, '}');
    }
    buf_text(&line, "]}");
    print_line(&line);
}

static void do_compose(struct probe *probe, bool is_sent)
{
    struct channel_parts parts = {0};
    struct till_error e = {0};
    AUTO_BUF line = {0};
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    enum till_code code =
        channel_compose(probe->channel, &probe->message, &probe->arena, &parts, &e);
    if (code) {
        buf_text(&line, "{\"compose\":false");
        put_error(&line, code, &e);
    } else if (is_sent) {
        do_send(probe, &parts);
    } else {
        print_parts(&parts);
    }
}

static void do_check(struct probe *probe)
{
    bool was_asked = false;
    struct till_error e = {0};
    AUTO_BUF line = {0};
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    enum till_code code = channel_check(probe->channel, &was_asked, &e);
    buf_format(&line, "{\"check\":true,\"was_asked\":%s", was_asked ? "true" : "false");
    put_error(&line, code, &e);
}

static void do_secret(struct probe *probe)
{
    AUTO_SECRET secret = {0};
    enum channel_kind kind = CHANNEL_email;
    struct till_error e = {0};
    AUTO_BUF line = {0};
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    (void)channel_kind_parse(text_of(probe->root, "kind"), &kind);
    enum till_code code = channel_make_secret(kind, &secret, &e);
    buf_text(&line, "{\"made\":");
    buf_json_string(&line, secret_bytes(&secret));
    put_error(&line, code, &e);
}

static void do_describe(const struct probe *probe)
{
    AUTO_BUF text = {0};
    AUTO_BUF line = {0};
    buf_init(&text, TILL_LIMIT_BUFFER_BYTES);
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    channel_describe(probe->channel, &text);
    buf_text(&line, "{\"describe\":");
    buf_json_string(&line, (struct sv){text.data ? text.data : "", text.len});
    buf_char(&line, '}');
    print_line(&line);
}

static void do_all(struct probe *probe)
{
    const struct json *list = json_get(probe->root, "do"), *item = NULL;
    for (item = json_first(list); item; item = json_next(list, item)) {
        struct sv word = SV("");
        (void)json_text(item, &word);
        if (sv_equal(word, SV("describe")))
            do_describe(probe);
        else if (sv_equal(word, SV("compose")))
            do_compose(probe, false);
        else if (sv_equal(word, SV("send")))
            do_compose(probe, true);
        else if (sv_equal(word, SV("check")))
            do_check(probe);
        else if (sv_equal(word, SV("secret")))
            do_secret(probe);
    }
}

int main(void)
{
    struct probe probe = {.commit = ""};
    struct till_error e = {0};
    AUTO_BUF input = {0};
    AUTO_BUF line = {0};
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    log_set_level_from_environment();
    buf_init(&input, TILL_LIMIT_BUFFER_BYTES);
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    arena_init(&probe.arena, TILL_LIMIT_BUFFER_BYTES);
    char piece[4096];
    for (size_t got = 0; (got = fread(piece, 1, sizeof piece, stdin)) > 0;)
        buf_append(&input, piece, got);
    enum till_code code = json_parse((struct sv){input.data ? input.data : "", input.len},
                                     &probe.arena, &probe.root, &e);
    const char *commit = code ? NULL : copy_of(&probe, probe.root, "commit");
    if (commit)
        probe.commit = commit;
    if (code == TILL_OK && !read_message(&probe))
        code = TILL_FAIL_MEMORY(&e);
    if (code == TILL_OK)
        code = open_channel(&probe, &e);
    if (code) {
        buf_text(&line, "{\"open\":false");
        put_error(&line, code, &e);
    } else {
        do_all(&probe);
    }
    channel_close(probe.channel);
    arena_release(&probe.arena);
    return till_code_exit_status(code);
}
