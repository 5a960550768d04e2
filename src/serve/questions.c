// SPDX-License-Identifier: Apache-2.0
// questions.c - from a request to a reader and back: the cache, and one computation for all who ask the same at the same time.
//
// The key of an answer is its route and its parameters, sorted; the state of the database is the watcher's stamp, taken before the computation begins, so
// that an answer is never taken for newer than it is. Ten pages that hear "changed" at once ask ten times and cost one report.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "serve/server.h"
#include "views/openmetrics.h"

enum { STATE_CACHE_S = 5, METRICS_CACHE_S = 15 };

// ---- parameters ----

bool question_parse(const struct web_request *request, enum api_route route,
                    struct question *ret_question, struct web_answer *answer)
{
    struct till_error e = {0};
    struct question *question = ret_question;
    const struct api_route_info *info = api_route_info(route);
    bool is_form = info->method == API_POST && route != API_query;
    struct sv text = is_form ? request->body : request->query;
    *question = (struct question){.ask = {.route = route}};
    arena_init(&question->arena, 2 * TILL_LIMIT_SQL_BYTES);
    enum till_code code =
        api_parameters(text.ptr ? text : SV(""), &question->arena, &question->ask.parameters,
                       &question->ask.parameter_count, &e);
    if (code == TILL_OK)
        code = api_check(&question->ask, &e);
    if (code == TILL_OK)
        return true;
    question_release(question);
    answer_error(answer, api_http_status(code), &e);
    return false;
}

void question_release(struct question *question)
{
    arena_wipe(&question->arena); // of a token or a password, in a form that was refused too
}

static int compare_texts(struct sv a, struct sv b)
{
    size_t least = a.len < b.len ? a.len : b.len;
    int order = least > 0 ? memcmp(a.ptr, b.ptr, least) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_parameters(const void *a, const void *b)
{
    const struct api_parameter *left = a;
    const struct api_parameter *right = b;
    int order = compare_texts(left->name, right->name);
    return order != 0 ? order : compare_texts(left->value, right->value);
}

static void make_key(const struct api_question *ask, struct arena *arena, struct buf *key)
{
    struct api_parameter *sorted = arena_calloc(arena, ask->parameter_count + 1, sizeof *sorted);
    buf_init(key, TILL_LIMIT_BUFFER_BYTES);
    if (!sorted) {
        key->failure = TILL_MEMORY;
        return;
    }
    for (size_t i = 0; i < ask->parameter_count; i++)
        sorted[i] = ask->parameters[i];
    qsort(sorted, ask->parameter_count, sizeof *sorted, compare_parameters);
    buf_format(key, "%d", (int)ask->route);
    for (size_t i = 0; i < ask->parameter_count; i++) {
        if (sorted[i].value.len == 0)
            continue;
        buf_format(key, ";%zu:", sorted[i].name.len);
        buf_sv(key, sorted[i].name);
        buf_format(key, "=%zu:", sorted[i].value.len);
        buf_sv(key, sorted[i].value);
    }
}

// ---- who waits for what ----

static struct flight *flight_of(struct serve *serve, uint64_t number)
{
    for (size_t i = 0; i < TILL_COUNT(serve->flights); i++) {
        if (serve->flights[i].number == number)
            return &serve->flights[i];
    }
    return NULL;
}

// One that was begun for the same question in the same state of the database.
static struct flight *flight_find(struct serve *serve, struct sv key)
{
    for (size_t i = 0; i < TILL_COUNT(serve->flights); i++) {
        struct flight *flight = &serve->flights[i];
        if (flight->number != 0 && flight->stamp == serve->watcher.stamp && flight->key.data &&
            sv_equal((struct sv){flight->key.data, flight->key.len}, key))
            return flight;
    }
    return NULL;
}

static struct flight *flight_begin(struct serve *serve, enum api_route route)
{
    struct flight *flight = flight_of(serve, 0);
    if (!flight)
        return NULL;
    *flight = (struct flight){.number = ++serve->last_flight,
                              .stamp = serve->watcher.stamp,
                              .begun_ms = serve_now_ms(serve),
                              .route = route};
    return flight;
}

static bool wait_for(struct serve *serve, const struct web_request *request, enum api_route route,
                     uint64_t flight)
{
    struct waiter *waiter = NULL;
    struct sv known = web_header(request, "If-None-Match");
    for (size_t i = 0; i < TILL_COUNT(serve->waiters) && !waiter; i++)
        waiter = serve->waiters[i].ticket == 0 ? &serve->waiters[i] : NULL;
    if (!waiter)
        return false;
    *waiter = (struct waiter){.ticket = web_later(request),
                              .flight = flight,
                              .route = route,
                              .is_in = route_is_in(serve, request)};
    if (known.ptr && known.len < sizeof(waiter->if_none_match))
        memcpy(waiter->if_none_match, known.ptr, known.len);
    return true;
}

// ---- asking ----

static int cache_s_of(enum api_route route)
{
    return route == API_state         ? STATE_CACHE_S
           : route == API_openmetrics ? METRICS_CACHE_S
                                      : api_route_info(route)->cache_s;
}

static struct reader_task *task_of(enum api_route route, const struct web_request *request,
                                   struct question *question)
{
    struct reader_task *task = reader_task_new(route == API_state         ? READER_STATUS
                                               : route == API_openmetrics ? READER_METRICS
                                                                          : READER_ANSWER);
    if (!task)
        return NULL;
    arena_release(&task->arena);
    task->arena = question->arena; // the parameters are in it
    task->question = question->ask;
    question->arena = (struct arena){0};
    if (route == API_query) {
        task->question.body = arena_sv(&task->arena, request->body);
        if (!task->question.body.ptr) {
            reader_task_free(task);
            return NULL;
        }
    }
    return task;
}

static void submit(struct serve *serve, const struct web_request *request, struct buf *key,
                   struct question *question, struct web_answer *answer)
{
    enum api_route route = question->ask.route;
    bool is_patient = route == API_query;
    if (is_patient && serve->patient >= TILL_LIMIT_SERVE_QUERIES) {
        answer_refusal(answer, 503, TILL_LIMIT, "too many queries wait already");
        return;
    }
    struct flight *flight = flight_begin(serve, route);
    struct reader_task *task = flight ? task_of(route, request, question) : NULL;
    if (!task || !wait_for(serve, request, route, flight->number)) {
        if (flight)
            *flight = (struct flight){0};
        reader_task_free(task);
        answer_refusal(answer, 503, TILL_LIMIT, "the server is busy; try again in a moment");
        return;
    }
    if (cache_s_of(route) > 0) {
        flight->key = *key;
        *key = (struct buf){0};
    }
    serve->patient += is_patient;
    task->number = flight->number;
    readers_submit(serve->readers, is_patient ? READER_PATIENT : READER_REPORTS, task);
}

// What the reader said, as the answer to one who waits.
static void say(const struct serve *serve, struct cached *cached, enum api_route route, bool is_in,
                const char *if_none_match, struct web_answer *answer)
{
    if (route == API_state) {
        struct sv said = {cached->body.data ? cached->body.data : "", cached->body.len};
        answer->status = 200;
        route_state(serve, is_in ? said : (struct sv){NULL, 0}, &answer->body);
        return;
    }
    answer_cached(answer, cached, if_none_match);
    if (route == API_openmetrics)
        answer->type = VIEW_OPENMETRICS_TYPE;
}

void question_read(struct serve *serve, const struct web_request *request, enum api_route route,
                   struct web_answer *answer)
{
    struct question question;
    struct buf key;
    char known[TAG_LIST_BYTES] = "";
    struct sv tags = web_header(request, "If-None-Match");
    if (!question_parse(request, route, &question, answer))
        return;
    if (tags.ptr && tags.len < sizeof(known))
        memcpy(known, tags.ptr, tags.len);
    serve_look(serve);
    make_key(&question.ask, &question.arena, &key);
    struct sv name = {key.data ? key.data : "", key.len};
    int64_t oldest_ms = serve_now_ms(serve) - (int64_t)cache_s_of(route) * 1000;
    struct cached *cached = NULL;
    struct flight *flight = NULL;
    if (!key.failure && cache_s_of(route) > 0) {
        cached = cache_find(serve->cache, name, serve->watcher.stamp, oldest_ms);
        flight = flight_find(serve, name);
    }
    if (cached)
        say(serve, cached, route, route_is_in(serve, request), known, answer);
    else if (!flight)
        submit(serve, request, &key, &question, answer);
    else if (!wait_for(serve, request, route, flight->number))
        answer_refusal(answer, 503, TILL_LIMIT, "the server is busy; try again in a moment");
    buf_release(&key);
    question_release(&question);
}

void question_password(struct serve *serve, const struct web_request *request, struct sv password,
                       struct web_answer *answer)
{
    if (!session_may_try(&serve->session, serve_now_ms(serve)) ||
        serve->patient >= TILL_LIMIT_SERVE_QUERIES) {
        answer_refusal(answer, 429, TILL_LIMIT, "too many passwords; wait a minute");
        web_answer_field(answer, "Retry-After", "60");
        return;
    }
    struct flight *flight = flight_begin(serve, API_session_begin);
    struct reader_task *task = flight ? reader_task_new(READER_PASSWORD) : NULL;
    if (task)
        buf_sv(&task->given, password);
    if (!task || task->given.failure ||
        !wait_for(serve, request, API_session_begin, flight->number)) {
        if (flight)
            *flight = (struct flight){0};
        reader_task_free(task);
        answer_refusal(answer, 503, TILL_LIMIT, "the server is busy; try again in a moment");
        return;
    }
    task->password = serve->session.password;
    task->number = flight->number;
    serve->patient++;
    readers_submit(serve->readers, READER_PATIENT, task);
}

// ---- answers that have come ----

static void say_password(struct serve *serve, const struct reader_task *task,
                         struct web_answer *answer)
{
    if (!task->is_right) {
        answer_refusal(answer, 401, TILL_AUTH, "that is not the password");
        return;
    }
    session_forgive(&serve->session);
    session_cookie_line(&serve->session, false, serve->scratch);
    answer->status = 204;
    web_answer_field(answer, "Set-Cookie", serve->scratch);
}

static void tell(struct serve *serve, struct waiter *waiter, struct reader_task *task,
                 struct cached *cached)
{
    struct web_answer answer = {0};
    uint64_t ticket = waiter->ticket;
    buf_init(&answer.body, TILL_LIMIT_SERVE_ANSWER_BYTES);
    if (task->work == READER_PASSWORD)
        say_password(serve, task, &answer);
    else if (cached)
        say(serve, cached, waiter->route, waiter->is_in, waiter->if_none_match, &answer);
    else
        answer_error(&answer, api_http_status(task->code), &task->error);
    waiter->ticket = 0;
    (void)web_finish(serve->web, ticket, &answer);
}

static void land(struct serve *serve, struct reader_task *task)
{
    struct flight *flight = flight_of(serve, task->number);
    struct cached *cached = NULL;
    if (task->work != READER_PASSWORD && task->code == TILL_OK) {
        cached = cached_new(&task->out);
        if (!cached)
            task->code = TILL_FAIL_MEMORY(&task->error);
    }
    if (cached && flight && flight->key.data)
        cache_put(serve->cache, (struct sv){flight->key.data, flight->key.len}, flight->stamp,
                  flight->begun_ms, cached);
    for (size_t i = 0; i < TILL_COUNT(serve->waiters); i++) {
        if (serve->waiters[i].ticket != 0 && serve->waiters[i].flight == task->number)
            tell(serve, &serve->waiters[i], task, cached);
    }
    if (task->work == READER_PASSWORD || task->question.route == API_query)
        serve->patient--;
    cached_drop(cached);
    if (flight) {
        buf_release(&flight->key);
        *flight = (struct flight){0};
    }
    reader_task_free(task);
}

void questions_finish(struct serve *serve)
{
    for (struct reader_task *task = readers_take(serve->readers); task;
         task = readers_take(serve->readers))
        land(serve, task);
}
