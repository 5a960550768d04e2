// SPDX-License-Identifier: Apache-2.0
// routes.c - every request's way: guards by its head, then to a file, a reader, another process, or an answer of our own.
//
// The order of the guards matters: first whether we are meant at all (Host), then whether the sender may speak (Origin, mark), then whether there is
// such an address, and last who asks. Only then is a body read.
#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "serve/server.h"
#include "serve/work.h"

bool route_is_in(const struct serve *serve, const struct web_request *request)
{
    return session_is_in(&serve->session, web_header(request, "Cookie"),
                         web_header(request, "Authorization"));
}

// ---- by the head ----

static bool is_api(struct sv target)
{
    return sv_starts_with(target, SV("/api/")) || sv_equal(target, SV("/api")) ||
           sv_equal(target, SV("/metrics"));
}

// A guard reads one value; whoever sends two hopes that somebody reads the other.
static bool has_twice(const struct web_request *request)
{
    static const char *const names[] = {"Origin", "Sec-Fetch-Site", "X-Till", "Authorization"};
    for (size_t i = 0; i < TILL_COUNT(names); i++) {
        if (web_header_count(request, names[i]) > 1)
            return true;
    }
    return false;
}

static int guard(const struct serve *serve, const struct web_request *request, const char **ret_why)
{
    const struct guard_head head = {
        .method = request->method,
        .host_count = web_header_count(request, "Host"),
        .host = web_header(request, "Host"),
        .origin = web_header(request, "Origin"),
        .site = web_header(request, "Sec-Fetch-Site"),
        .mark = web_header(request, "X-Till"),
        .is_page = !is_api(request->target),
    };
    int status = guard_check(&serve->guard, &head, ret_why);
    if (status == 0 && has_twice(request)) {
        *ret_why = "a header that may be sent once was sent twice";
        status = 400;
    }
    if (status == 0 && !guard_path_is_plain(request->target)) {
        *ret_why = "there is nothing here";
        status = 404;
    }
    return status;
}

static void refuse_method(struct web_answer *answer, bool is_page, struct sv target)
{
    static const char *const words[] = {
        [API_GET] = "GET, HEAD", [API_POST] = "POST", [API_DELETE] = "DELETE"};
    static char allowed[64]; // of the one loop
    allowed[0] = '\0';
    for (int i = 0; i < API__COUNT && !is_page; i++) {
        const struct api_route_info *info = api_route_info((enum api_route)i);
        size_t len = strlen(allowed);
        if (sv_equal(target, sv_of(info->path)) && len < sizeof(allowed) / 2)
            (void)snprintf(allowed + len, sizeof(allowed) - len, "%s%s", len > 0 ? ", " : "",
                           words[info->method]);
    }
    answer_refusal(answer, 405, TILL_USAGE, "not by this method");
    answer->allow = is_page ? "GET, HEAD" : allowed;
}

static void refuse_stranger(const struct serve *serve, struct web_answer *answer)
{
    struct till_error e = {0};
    (void)!TILL_FAIL(&e, TILL_AUTH, 401, "there is no session");
    (void)!till_error_hint(&e, "%s",
                           serve->session.password.is_set
                               ? "sign in with the password"
                               : "open the address that `till serve` has printed");
    answer_error(answer, 401, &e);
}

static size_t most_bytes(enum api_route route)
{
    return route == API_query ? TILL_LIMIT_SQL_BYTES : TILL_LIMIT_API_PARAMETER_BYTES;
}

bool route_refuse(void *context, const struct web_request *request, struct web_answer *answer)
{
    const struct serve *serve = context;
    const char *why = "";
    enum api_route route = API_state;
    bool is_known = false;
    int status = guard(serve, request, &why);
    if (status) {
        answer_refusal(answer, status, status == 403 ? TILL_AUTH : TILL_USAGE, why);
        return true;
    }
    if (!is_api(request->target)) {
        if (guard_is_reading(request->method))
            return false;
        refuse_method(answer, true, request->target);
        return true;
    }
    bool is_found = api_route_find(request->method, request->target, &route, &is_known);
    if (!is_known) {
        answer_refusal(answer, 404, TILL_USAGE, "there is nothing here");
    } else if (!is_found || (route == API_events && !sv_equal(request->method, SV("GET")))) {
        refuse_method(answer, false, request->target);
    } else if (route != API_session_begin && route != API_state && !route_is_in(serve, request)) {
        refuse_stranger(serve, answer);
    } else if (web_header(request, "Transfer-Encoding").ptr) { // pages and scripts know the length
        answer_refusal(answer, 411, TILL_USAGE, "say how long the body is: Content-Length");
    } else if (request->body_bytes > 0 && (size_t)request->body_bytes > most_bytes(route)) {
        answer_refusal(answer, 413, TILL_LIMIT, "the body is too long");
    } else {
        return false;
    }
    return true;
}

// ---- answers of our own ----

static void json_text(struct buf *out, const char *name, const char *text)
{
    buf_format(out, "\"%s\":", name);
    if (text[0])
        buf_json_string(out, sv_of(text));
    else
        buf_text(out, "null");
}

void route_state(const struct serve *serve, struct sv connections, struct buf *out)
{
    const struct serve_options *options = serve->options;
    char now[TIMESTAMP_BYTES + 1] = "";
    buf_char(out, '{');
    json_text(out, "version", TILL_VERSION);
    if (!connections.ptr) {
        buf_format(out, ",\"needs\":\"%s\"}\n",
                   serve->session.password.is_set ? "password" : "token");
        return;
    }
    (void)timestamp_format(clock_now_us(options->clock), now);
    buf_text(out, ",\"needs\":null,");
    json_text(out, "now", now);
    buf_char(out, ',');
    json_text(out, "timezone", zone_name(serve->zone));
    buf_char(out, ',');
    json_text(out, "locale", options->locale);
    buf_format(out, ",\"watching\":%s,\"webhooks\":",
               children_is_alive(serve->children, CHILD_WATCH) ? "true" : "false");
    if (options->webhook_port >= 0 && children_is_alive(serve->children, CHILD_WEBHOOKS))
        buf_format(out, "%d", options->webhook_port);
    else
        buf_text(out, "null");
    buf_format(out, ",\"stamp\":%llu,", (unsigned long long)serve->watcher.stamp);
    buf_sv(out, connections);
    buf_text(out, ",\"jobs\":");
    children_jobs_json(serve->children, out);
    buf_text(out, "}\n");
}

static void begin_session(struct serve *serve, const struct web_request *request,
                          struct web_answer *answer)
{
    struct question question;
    if (!question_parse(request, API_session_begin, &question, answer))
        return;
    struct sv token = api_value(&question.ask, "token");
    struct sv password = api_value(&question.ask, "password");
    if (token.ptr && session_is_token(&serve->session, token)) {
        session_cookie_line(&serve->session, false, serve->scratch);
        answer->status = 204;
        web_answer_field(answer, "Set-Cookie", serve->scratch);
    } else if (password.ptr && serve->session.password.is_set) {
        question_password(serve, request, password, answer);
    } else {
        refuse_stranger(serve, answer);
    }
    question_release(&question);
}

static void end_session(struct serve *serve, struct web_answer *answer)
{
    session_cookie_line(&serve->session, true, serve->scratch);
    answer->status = 204;
    web_answer_field(answer, "Set-Cookie", serve->scratch);
}

static void open_stream(struct serve *serve, const struct web_request *request,
                        struct web_answer *answer)
{
    if (!web_stream(request)) {
        answer_refusal(answer, 503, TILL_LIMIT, "too many pages listen already");
        return;
    }
    serve_look(serve);
    answer->status = 200;
    answer->type = "text/event-stream";
    web_answer_field(answer, "X-Accel-Buffering", "no");
    buf_format(&answer->body, "retry: 1000\nevent: state\ndata: {\"stamp\":%llu}\n\n",
               (unsigned long long)serve->watcher.stamp);
}

static void show_job(struct serve *serve, const struct web_request *request,
                     struct web_answer *answer)
{
    struct question question;
    int64_t number = 0;
    if (!question_parse(request, API_jobs, &question, answer))
        return;
    struct sv id = api_value(&question.ask, "id");
    answer->status = 200;
    if (!id.ptr) {
        buf_text(&answer->body, "{\"jobs\":");
        children_jobs_json(serve->children, &answer->body);
        buf_text(&answer->body, "}\n");
    } else if (!sv_to_int64(id, &number) || number <= 0 ||
               !children_job_json(serve->children, (uint64_t)number, &answer->body)) {
        answer_refusal(answer, 404, TILL_USAGE, "there is no such job, or it is forgotten");
    }
    question_release(&question);
}

// ---- work for others ----

static void start_work(struct serve *serve, const struct web_request *request, enum api_route route,
                       struct web_answer *answer)
{
    struct question question;
    struct till_error e = {0};
    struct child_arguments arguments = {.count = 0};
    struct sv input = SV("");
    uint64_t job = 0;
    if (!question_parse(request, route, &question, answer))
        return;
    enum till_code code = work_arguments(&question.ask, &question.arena, &arguments, &input, &e);
    if (code == TILL_OK)
        code = children_start(serve->children, &arguments, input, &job, &e);
    web_wipe(request);
    question_release(&question);
    if (code) {
        answer_error(answer, code == TILL_LIMIT ? 409 : api_http_status(code), &e);
        return;
    }
    answer->status = 202;
    buf_format(&answer->body, "{\"job\":%llu}\n", (unsigned long long)job);
}

static void answer_own(struct serve *serve, const struct web_request *request, enum api_route route,
                       struct web_answer *answer)
{
    if (route == API_session_begin)
        begin_session(serve, request, answer);
    else if (route == API_session_end)
        end_session(serve, answer);
    else if (route == API_events)
        open_stream(serve, request, answer);
    else if (route == API_jobs)
        show_job(serve, request, answer);
    else if (route == API_state && !route_is_in(serve, request)) {
        answer->status = 200;
        route_state(serve, (struct sv){NULL, 0}, &answer->body);
    } else {
        question_read(serve, request, route, answer);
    }
}

void route_answer(void *context, const struct web_request *request, struct web_answer *answer)
{
    struct serve *serve = context;
    enum api_route route = API_state;
    bool is_known = false;
    if (!is_api(request->target)) {
        answer_page(serve, request, answer);
        return;
    }
    if (!api_route_find(request->method, request->target, &route, &is_known)) {
        answer_refusal(answer, 404, TILL_USAGE, "there is nothing here");
        return;
    }
    switch (api_route_info(route)->kind) {
    case API_READ:
        question_read(serve, request, route, answer);
        break;
    case API_WORK:
        start_work(serve, request, route, answer);
        break;
    case API_OWN:
        answer_own(serve, request, route, answer);
        break;
    }
}
