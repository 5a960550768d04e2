// SPDX-License-Identifier: Apache-2.0
// serve.c - the loop: waits for requests, readers and children, looks at the database, and tells the open pages.
//
// While pages listen, the database is looked at every LOOK_MS, so that a change is on its way to them within a tenth of a second; without listeners it is
// looked at when somebody asks. A line of comment every COMMENT_MS keeps proxies from closing a quiet stream.
#include "serve/serve.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/zone.h"
#include "crypto/crypto.h"
#include "serve/server.h"

enum { LOOK_MS = 50, COMMENT_MS = 15000, IDLE_MS = 500, EVENT_BYTES = 8 * 1024 };

int64_t serve_now_ms(const struct serve *serve)
{
    return clock_monotonic_ms(serve->options->clock);
}

void serve_look(struct serve *serve)
{
    bool is_replaced = false;
    char event[96];
    if (!watcher_look(&serve->watcher, &is_replaced))
        return;
    if (is_replaced) {
        readers_reopen(serve->readers);
        children_hurry(serve->children);
    }
    int len = snprintf(event, sizeof(event), "event: changed\ndata: {\"stamp\":%llu}\n\n",
                       (unsigned long long)serve->watcher.stamp);
    web_push(serve->web, (struct sv){event, (size_t)len});
}

// ---- what children say ----

static void push_job(struct serve *serve, const struct child_event *event)
{
    const char *state = !event->is_end ? "running" : event->is_well ? "done" : "failed";
    AUTO_BUF text;
    buf_init(&text, EVENT_BYTES);
    buf_format(&text,
               "event: job\ndata: {\"id\":%llu,\"command\":", (unsigned long long)event->job);
    buf_json_string(&text, sv_of(event->command));
    buf_format(&text, ",\"state\":\"%s\",\"line\":", state);
    if (event->line.ptr && event->line.len > 0)
        buf_json_string(&text, event->line);
    else
        buf_text(&text, "null");
    buf_text(&text, "}\n\n");
    if (!text.failure)
        web_push(serve->web, (struct sv){text.data, text.len});
}

// A line of `till watch --json`: one JSON object, handed on as it is.
static void push_run(struct serve *serve, struct sv line)
{
    AUTO_BUF text;
    buf_init(&text, TILL_LIMIT_WEB_STREAM_BYTES / 4);
    buf_text(&text, "event: run\ndata: ");
    buf_sv(&text, line);
    buf_text(&text, "\n\n");
    if (line.len > 0 && line.ptr[0] == '{' && !text.failure)
        web_push(serve->web, (struct sv){text.data, text.len});
}

static void on_child(void *context, const struct child_event *event)
{
    struct serve *serve = context;
    const struct serve_options *options = serve->options;
    char text[TILL_ERROR_TEXT_BYTES];
    if (event->kind == CHILD_JOB) {
        push_job(serve, event);
    } else if (!event->is_end) {
        if (event->kind == CHILD_WATCH)
            push_run(serve, event->line);
    } else if (fs_exists(options->database)) {
        (void)snprintf(text, sizeof(text), "`till %s` ended, and is started again soon: %.*s",
                       event->kind == CHILD_WATCH ? "watch" : "webhook-listen",
                       (int)(event->line.len < 400 ? event->line.len : 400),
                       event->line.ptr ? event->line.ptr : "");
        log_event(LOG_LEVEL_WARNING, "event=keeper_ended text=\"%s\"", text);
        if (strcmp(text, serve->said[event->kind]) != 0) // once, not each minute
            options->say(options->context, text);
        (void)snprintf(serve->said[event->kind], sizeof(serve->said[0]), "%s", text);
    }
}

static void start_keepers(struct serve *serve)
{
    const struct serve_options *options = serve->options;
    const struct child_arguments watch = {.list = {"watch"}, .count = 1};
    char port[16];
    if (options->is_watching)
        children_keep(serve->children, CHILD_WATCH, &watch);
    if (options->webhook_port >= 0) {
        (void)snprintf(port, sizeof(port), "%d", options->webhook_port);
        const struct child_arguments webhooks = {.list = {"webhook-listen", "--port", port},
                                                 .count = 3};
        children_keep(serve->children, CHILD_WEBHOOKS, &webhooks);
    }
}

// ---- the loop ----

static void look_and_comment(struct serve *serve)
{
    int64_t at_ms = serve_now_ms(serve);
    if (web_stream_count(serve->web) == 0)
        return;
    if (at_ms - serve->looked_ms >= LOOK_MS) {
        serve->looked_ms = at_ms;
        serve_look(serve);
    }
    if (at_ms - serve->commented_ms >= COMMENT_MS) {
        serve->commented_ms = at_ms;
        web_push(serve->web, SV(": still here\n\n"));
    }
}

static enum till_code loop(struct serve *serve, struct till_error *e)
{
    enum till_code code = TILL_OK;
    while (code == TILL_OK && !*serve->options->stop) {
        struct pollfd fds[1 + CHILDREN_FDS] = {
            {.fd = readers_fd(serve->readers), .events = POLLIN}};
        int answered = 0;
        int wait_ms = web_stream_count(serve->web) > 0 ? LOOK_MS : IDLE_MS;
        size_t count = 1 + children_fds(serve->children, fds + 1, &wait_ms);
        code = web_step_with(serve->web, fds, count, wait_ms, &answered, e);
        questions_finish(serve);
        children_step(serve->children);
        look_and_comment(serve);
    }
    return code;
}

// ---- beginning and end ----

static enum till_code listen_at(struct serve *serve, struct till_error *e)
{
    const struct serve_options *options = serve->options;
    const struct web_options web = {.address = options->address,
                                    .port = options->port,
                                    .body_bytes = TILL_LIMIT_SQL_BYTES,
                                    .connections = TILL_LIMIT_SERVE_CONNECTIONS,
                                    .fields = serve_fields,
                                    .field_count = serve_field_count,
                                    .context = serve,
                                    .refuse = route_refuse,
                                    .answer = route_answer};
    enum till_code code = web_open(&web, &serve->web, e);
    if (code)
        return code;
    serve->port = web_port(serve->web);
    bool is_any = strcmp(options->address, "0.0.0.0") == 0 || strcmp(options->address, "::") == 0;
    serve->guard = (struct guard_policy){.port = serve->port,
                                         .address = is_any ? NULL : options->address,
                                         .allowed_hosts = options->allowed_hosts,
                                         .allowed_count = options->allowed_count};
    return TILL_OK;
}

static enum till_code check_password(const struct serve *serve, struct till_error *e)
{
    const struct serve_options *options = serve->options;
    if (web_is_loopback(options->address) || serve->session.password.is_set)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0,
                    "other machines can reach %s, and there is no password to keep them out",
                    options->address);
    return till_error_hint(e, "set one first: `till serve --set-password`");
}

static enum till_code announce(const struct serve *serve, struct till_error *e)
{
    const struct serve_options *options = serve->options;
    char url[128];
    // "Any address" is no name: here it is loopback.
    const char *address = strcmp(options->address, "0.0.0.0") == 0 ? "127.0.0.1"
                          : strcmp(options->address, "::") == 0    ? "::1"
                                                                   : options->address;
    (void)snprintf(url, sizeof(url), strchr(address, ':') ? "http://[%s]:%u/" : "http://%s:%u/",
                   address, (unsigned)serve->port);
    const struct serve_place place = {.url = url,
                                      .token = serve->session.token,
                                      .has_password = serve->session.password.is_set,
                                      .is_loopback = web_is_loopback(options->address)};
    return options->ready(options->context, &place, e);
}

static enum till_code open_all(struct serve *serve, struct till_error *e)
{
    const struct serve_options *options = serve->options;
    const struct readers_options readers = {.database = options->database,
                                            .timezone = options->timezone,
                                            .clock = options->clock,
                                            .default_every_ms = options->default_every_ms};
    const struct children_options children = {
        .home = options->home, .context = serve, .event = on_child};
    enum till_code code = fs_make_folder(options->data_folder, e);
    if (code)
        return till_error_context(e, "could not make the data folder");
    code = zone_open(options->timezone, &serve->zone, e);
    if (code == TILL_OK)
        code = listen_at(serve, e);
    if (code == TILL_OK)
        code = session_open(options->data_folder, serve->port, options->has_new_token,
                            &serve->session, e);
    if (code == TILL_OK)
        code = check_password(serve, e);
    if (code == TILL_OK)
        code = readers_open(&readers, &serve->readers, e);
    if (code)
        return code;
    serve->cache = cache_new(TILL_LIMIT_SERVE_CACHE_BYTES);
    serve->children = children_new(&children);
    return serve->cache && serve->children ? TILL_OK : TILL_FAIL_MEMORY(e);
}

// Children first: they need not wait while readers finish.
static void close_all(struct serve *serve)
{
    children_free(serve->children);
    readers_close(serve->readers);
    web_close(serve->web);
    cache_free(serve->cache);
    watcher_release(&serve->watcher);
    for (size_t i = 0; i < TILL_COUNT(serve->flights); i++)
        buf_release(&serve->flights[i].key);
    session_close(&serve->session);
    zone_close(serve->zone);
}

enum till_code serve_run(const struct serve_options *options, struct till_error *e)
{
    struct serve *serve = till_calloc(1, sizeof(*serve));
    if (!serve)
        return TILL_FAIL_MEMORY(e);
    serve->options = options;
    watcher_init(&serve->watcher, options->database);
    enum till_code code = open_all(serve, e);
    if (code == TILL_OK) {
        start_keepers(serve);
        code = announce(serve, e);
    }
    if (code == TILL_OK)
        code = loop(serve, e);
    close_all(serve);
    till_free(serve);
    return code;
}

enum till_code serve_set_password(const char *data_folder, struct sv password, struct till_error *e)
{
    return session_password_write(data_folder, password, e);
}
