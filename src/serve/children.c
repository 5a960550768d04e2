// SPDX-License-Identifier: Apache-2.0
// children.c - keepers and jobs: when to start what, and what to tell of it. process.c starts and reads them.
//
// A keeper that ends is started again after 1 s, 2 s, 4 s and so on up to a minute; one that lived for a minute begins anew. Jobs that write to the mirror go
// one at a time: a second one is refused, with words, rather than queued behind a sync that may take an hour.
#include "serve/children.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "serve/process.h"

enum { KEEPERS = 2, FIRST_WAIT_MS = 1000, MOST_WAIT_MS = 60000, LIVED_MS = 60000 };

struct keeper {
    bool is_wanted;
    struct process process;
    char *arguments[PROCESS_ARGUMENTS];
    int64_t due_ms, started_ms, wait_ms;
};
struct job {
    uint64_t number; // 0 = this place is free
    struct process process;
    const char *command; // one of arguments
    char *arguments[PROCESS_ARGUMENTS];
    bool is_writing, is_running;
    int exit_status;
    int64_t due_ms; // by then it must have ended
    char line[256]; // the last one it said
};
struct children {
    struct children_options options;
    struct keeper keepers[KEEPERS]; // by child_kind
    struct job jobs[TILL_LIMIT_SERVE_JOBS_KEPT];
    uint64_t last_number;
};

static int64_t now_ms(void)
{
    return clock_monotonic_ms(&clock_system);
}

// ---- arguments ----

static void free_arguments(char *arguments[static PROCESS_ARGUMENTS])
{
    for (size_t i = 0; i < PROCESS_ARGUMENTS; i++) {
        till_free(arguments[i]);
        arguments[i] = NULL;
    }
}

static bool copy_arguments(const struct children *children, const struct child_arguments *given,
                           char *ret_arguments[static PROCESS_ARGUMENTS])
{
    size_t count = 0;
    const char *const first[] = {"till", "--json", "--quiet"};
    memset(ret_arguments, 0, PROCESS_ARGUMENTS * sizeof(ret_arguments[0]));
    for (size_t i = 0; i < TILL_COUNT(first); i++)
        ret_arguments[count++] = till_strdup(first[i]);
    if (children->options.home) {
        ret_arguments[count++] = till_strdup("--home");
        ret_arguments[count++] = till_strdup(children->options.home);
    }
    for (size_t i = 0; i < given->count; i++)
        ret_arguments[count++] = till_strdup(given->list[i]);
    for (size_t i = 0; i < count; i++) {
        if (!ret_arguments[i]) {
            free_arguments(ret_arguments);
            return false;
        }
    }
    return true;
}

// ---- keepers ----

void children_keep(struct children *children, enum child_kind kind,
                   const struct child_arguments *arguments)
{
    struct keeper *keeper = &children->keepers[kind];
    keeper->is_wanted = copy_arguments(children, arguments, keeper->arguments);
    keeper->wait_ms = FIRST_WAIT_MS;
}

void children_hurry(struct children *children)
{
    for (size_t i = 0; i < KEEPERS; i++) {
        children->keepers[i].due_ms = 0;
        children->keepers[i].wait_ms = FIRST_WAIT_MS;
    }
}

bool children_is_alive(const struct children *children, enum child_kind keeper)
{
    return keeper < CHILD_JOB && process_is_alive(&children->keepers[keeper].process);
}

static void put_off(struct keeper *keeper)
{
    int64_t at_ms = now_ms();
    if (at_ms - keeper->started_ms > LIVED_MS)
        keeper->wait_ms = FIRST_WAIT_MS;
    keeper->due_ms = at_ms + keeper->wait_ms;
    keeper->wait_ms = keeper->wait_ms * 2 < MOST_WAIT_MS ? keeper->wait_ms * 2 : MOST_WAIT_MS;
}

static void start_keeper(struct keeper *keeper)
{
    struct till_error e = {0};
    keeper->started_ms = now_ms();
    if (process_start(&keeper->process, keeper->arguments, SV(""), &e)) {
        log_event(LOG_LEVEL_ERROR, "event=keeper_not_started error=\"%s\"", e.text);
        put_off(keeper);
    }
}

static void step_keeper(struct children *children, enum child_kind kind)
{
    struct keeper *keeper = &children->keepers[kind];
    struct child_event event = {.kind = kind,
                                .command = kind == CHILD_WATCH ? "watch" : "webhooks"};
    if (!keeper->is_wanted)
        return;
    if (!process_is_alive(&keeper->process)) {
        if (now_ms() >= keeper->due_ms)
            start_keeper(keeper);
        return;
    }
    process_read(&keeper->process);
    while (process_line(&keeper->process.out, &event.line))
        children->options.event(children->options.context, &event);
    while (process_line(&keeper->process.err, &event.line))
        log_event(LOG_LEVEL_INFO, "event=keeper_says line=\"%.*s\"", SV_ARGS(event.line));
    if (!process_has_ended(&keeper->process))
        return;
    event.is_end = true;
    event.line = process_last_words(&keeper->process);
    children->options.event(children->options.context, &event);
    process_release(&keeper->process);
    put_off(keeper);
}

// ---- jobs ----

static void release_job(struct job *job)
{
    process_release(&job->process);
    free_arguments(job->arguments);
    *job = (struct job){.number = 0};
}

// A free place, else the oldest that has ended.
static struct job *place_for(struct children *children)
{
    struct job *oldest = NULL;
    for (size_t i = 0; i < TILL_COUNT(children->jobs); i++) {
        struct job *job = &children->jobs[i];
        if (job->number == 0)
            return job;
        if (!job->is_running && (!oldest || job->number < oldest->number))
            oldest = job;
    }
    if (oldest)
        release_job(oldest);
    return oldest;
}

static enum till_code check_room(const struct children *children, bool is_writing,
                                 struct till_error *e)
{
    size_t running = 0;
    for (size_t i = 0; i < TILL_COUNT(children->jobs); i++) {
        const struct job *job = &children->jobs[i];
        running += job->is_running;
        if (job->is_running && job->is_writing && is_writing) {
            (void)TILL_FAIL(e, TILL_LIMIT, 0, "a %s is under way already", job->command);
            return till_error_hint(e, "wait until it has ended");
        }
    }
    if (running < TILL_LIMIT_SERVE_JOBS)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_LIMIT, 0, "%d jobs are under way already", TILL_LIMIT_SERVE_JOBS);
    return till_error_hint(e, "wait until one of them has ended");
}

static void tell(const struct children *children, const struct job *job, struct sv line)
{
    const struct child_event event = {.kind = CHILD_JOB,
                                      .job = job->number,
                                      .command = job->command,
                                      .is_end = !job->is_running,
                                      .is_well = job->exit_status == 0,
                                      .line = line};
    children->options.event(children->options.context, &event);
}

enum till_code children_start(struct children *children, const struct child_arguments *arguments,
                              struct sv input, uint64_t *ret_job, struct till_error *e)
{
    enum till_code code = check_room(children, arguments->is_writing, e);
    if (code)
        return code;
    struct job *job = place_for(children);
    if (!job)
        return TILL_FAIL(e, TILL_LIMIT, 0, "too many jobs are under way");
    if (!copy_arguments(children, arguments, job->arguments))
        return TILL_FAIL_MEMORY(e);
    code = process_start(&job->process, job->arguments, input, e);
    if (code) {
        release_job(job);
        return code;
    }
    job->number = ++children->last_number;
    job->command = job->arguments[children->options.home ? 5 : 3];
    job->is_writing = arguments->is_writing;
    job->is_running = true;
    job->due_ms = now_ms() + TILL_LIMIT_SERVE_JOB_MS;
    *ret_job = job->number;
    tell(children, job, (struct sv){NULL, 0});
    return TILL_OK;
}

static void step_job(struct children *children, struct job *job)
{
    struct sv line;
    process_read(&job->process);
    while (process_line(&job->process.err, &line)) {
        size_t len = sv_utf8_cut(line, sizeof(job->line) - 1);
        if (len == 0)
            continue;
        memcpy(job->line, line.ptr, len);
        job->line[len] = '\0';
        tell(children, job, (struct sv){job->line, len});
    }
    if (now_ms() > job->due_ms)
        process_stop(&job->process);
    if (!process_has_ended(&job->process))
        return;
    job->is_running = false;
    job->exit_status = job->process.exit_status;
    tell(children, job, (struct sv){job->line, strlen(job->line)});
    if (job->exit_status == 0)
        children_hurry(children);
}

// ---- the loop ----

struct children *children_new(const struct children_options *options)
{
    struct children *children = till_calloc(1, sizeof(*children));
    if (children)
        children->options = *options;
    return children;
}

static void add_fds(const struct process *process, struct pollfd *fds, size_t *count)
{
    const int ends[] = {process->out.fd, process->err.fd};
    for (size_t i = 0; i < TILL_COUNT(ends); i++) {
        if (process_is_alive(process) && ends[i] >= 0 && *count < CHILDREN_FDS)
            fds[(*count)++] = (struct pollfd){.fd = ends[i], .events = POLLIN};
    }
}

// A process whose streams are closed but that has not ended yet is looked at again soon.
static void look_soon(const struct process *process, int *ret_wait_ms)
{
    enum { SOON_MS = 20 };
    if (process_is_alive(process) && process->out.fd < 0 && process->err.fd < 0 &&
        *ret_wait_ms > SOON_MS)
        *ret_wait_ms = SOON_MS;
}

size_t children_fds(const struct children *children, struct pollfd fds[static CHILDREN_FDS],
                    int *ret_wait_ms)
{
    size_t count = 0;
    for (size_t i = 0; i < KEEPERS; i++) {
        const struct keeper *keeper = &children->keepers[i];
        add_fds(&keeper->process, fds, &count);
        look_soon(&keeper->process, ret_wait_ms);
        int64_t left_ms = keeper->due_ms - now_ms();
        if (keeper->is_wanted && !process_is_alive(&keeper->process) && left_ms < *ret_wait_ms)
            *ret_wait_ms = left_ms > 0 ? (int)left_ms : 0;
    }
    for (size_t i = 0; i < TILL_COUNT(children->jobs); i++) {
        if (!children->jobs[i].is_running)
            continue;
        add_fds(&children->jobs[i].process, fds, &count);
        look_soon(&children->jobs[i].process, ret_wait_ms);
    }
    return count;
}

void children_step(struct children *children)
{
    for (size_t i = 0; i < KEEPERS; i++)
        step_keeper(children, (enum child_kind)i);
    for (size_t i = 0; i < TILL_COUNT(children->jobs); i++) {
        if (children->jobs[i].is_running)
            step_job(children, &children->jobs[i]);
    }
}

void children_free(struct children *children)
{
    enum { ROUNDS = 300, ROUND_MS = 10 };
    bool is_alive = true;
    if (!children)
        return;
    for (int round = 0; round < ROUNDS && is_alive; round++) {
        is_alive = false;
        for (size_t i = 0; i < KEEPERS; i++)
            is_alive = process_end(&children->keepers[i].process) || is_alive;
        for (size_t i = 0; i < TILL_COUNT(children->jobs); i++)
            is_alive = process_end(&children->jobs[i].process) || is_alive;
        if (is_alive)
            (void)poll(NULL, 0, ROUND_MS);
    }
    for (size_t i = 0; i < KEEPERS; i++) {
        process_release(&children->keepers[i].process);
        free_arguments(children->keepers[i].arguments);
    }
    for (size_t i = 0; i < TILL_COUNT(children->jobs); i++)
        release_job(&children->jobs[i]);
    till_free(children);
}

// ---- telling ----

static void begin_json(const struct job *job, struct buf *out)
{
    const char *state = job->is_running ? "running" : job->exit_status == 0 ? "done" : "failed";
    buf_format(out, "{\"id\":%llu,\"command\":", (unsigned long long)job->number);
    buf_json_string(out, sv_of(job->command));
    buf_format(out, ",\"state\":\"%s\",\"line\":", state);
    if (job->line[0])
        buf_json_string(out, sv_of(job->line));
    else
        buf_text(out, "null");
}

bool children_job_json(const struct children *children, uint64_t number, struct buf *out)
{
    for (size_t i = 0; i < TILL_COUNT(children->jobs) && number > 0; i++) {
        const struct job *job = &children->jobs[i];
        if (job->number != number)
            continue;
        begin_json(job, out);
        if (job->is_running)
            buf_text(out, ",\"exit_status\":null");
        else
            buf_format(out, ",\"exit_status\":%d", job->exit_status);
        buf_text(out, ",\"output\":");
        struct sv said = job->is_running ? (struct sv){NULL, 0} : process_document(&job->process);
        buf_sv(out, said.ptr ? said : SV("null"));
        buf_text(out, ",\"error\":");
        if (job->is_running || job->exit_status == 0)
            buf_text(out, "null");
        else
            process_error_json(&job->process, out);
        buf_text(out, "}\n");
        return true;
    }
    return false;
}

void children_jobs_json(const struct children *children, struct buf *out)
{
    bool is_first = true;
    buf_char(out, '[');
    for (size_t i = 0; i < TILL_COUNT(children->jobs); i++) {
        if (children->jobs[i].number == 0)
            continue;
        buf_text(out, is_first ? "" : ",");
        begin_json(&children->jobs[i], out);
        buf_char(out, '}');
        is_first = false;
    }
    buf_char(out, ']');
}
