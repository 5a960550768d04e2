// SPDX-License-Identifier: Apache-2.0
// readers.c - two queues in, one out, a condition for each lane, and an eventfd that wakes the loop.
//
// A thread that has done nothing opens nothing: an idle server holds one store, the watcher's. A store that failed is closed, so that the next task starts
// with a fresh one. SQLite's ceiling on memory while a person's query runs counts for all threads: a report that fails for want of memory
// then is made again once the query has ended, and no other query begins meanwhile. Signals go to the main thread alone. Wrong passwords take at least
// SLOW_MS, whatever Argon2id costs on this machine.
#include "serve/readers.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/secret.h"
#include "report/meters.h"
#include "report/report.h"
#include "store/store.h"
#include "views/openmetrics.h"
#include "views/views.h"

enum { SLOW_MS = 250, LONG_MS = 100, THREADS = TILL_LIMIT_SERVE_READERS + 1 };

struct queue {
    struct reader_task *first, *last;
};
struct reader { // one thread
    struct readers *readers;
    enum reader_lane lane;
    pthread_t thread;
    bool is_started;
    struct store *store;
    unsigned generation; // of its store
    struct zone *zone;
};
struct readers {
    struct readers_options options;
    int fd;
    pthread_mutex_t mutex;                    // of everything that follows
    pthread_cond_t wakes[READER_LANES], calm; // calm: no query is running
    bool is_query_running;
    unsigned queries, retrying; // begun so far; reports that are made again
    struct queue waiting[READER_LANES], done;
    bool is_closing;
    volatile sig_atomic_t stop; // looked at between SQLite's instructions
    atomic_uint generation;
    struct reader list[THREADS];
};

// ---- tasks ----

struct reader_task *reader_task_new(enum reader_work work)
{
    struct reader_task *task = till_calloc(1, sizeof(*task));
    if (!task)
        return NULL;
    task->work = work;
    arena_init(&task->arena, 2 * TILL_LIMIT_SQL_BYTES);
    buf_init(&task->out, TILL_LIMIT_SERVE_ANSWER_BYTES);
    buf_init(&task->given, TILL_LIMIT_TOKEN_BYTES);
    return task;
}

void reader_task_free(struct reader_task *task)
{
    if (!task)
        return;
    buf_wipe(&task->given);
    buf_release(&task->out);
    arena_release(&task->arena);
    till_free(task);
}

static void push(struct queue *queue, struct reader_task *task)
{
    task->next = NULL;
    *(queue->first ? &queue->last->next : &queue->first) = task;
    queue->last = task;
}

static struct reader_task *pop(struct queue *queue)
{
    struct reader_task *task = queue->first;
    if (task)
        queue->first = task->next;
    return task;
}

// ---- work ----

static enum till_code settle_store(struct reader *reader, struct till_error *e)
{
    struct readers *readers = reader->readers;
    unsigned generation = atomic_load(&readers->generation);
    if (reader->store && reader->generation == generation)
        return TILL_OK;
    store_close(reader->store);
    reader->store = NULL;
    reader->generation = generation;
    if (!fs_exists(readers->options.database)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "nothing is connected yet");
        return till_error_hint(e, "connect first: on the page Integrations, or `till connect "
                                  "polar`");
    }
    return store_open(readers->options.database, STORE_READ_ONLY, &reader->store, e);
}

static enum till_code settle_zone(struct reader *reader, struct till_error *e)
{
    return reader->zone ? TILL_OK : zone_open(reader->readers->options.timezone, &reader->zone, e);
}

static enum till_code answer(struct reader *reader, struct reader_task *task)
{
    struct readers *readers = reader->readers;
    struct till_error *e = &task->error;
    enum till_code code = settle_zone(reader, e);
    if (code == TILL_OK)
        code = settle_store(reader, e);
    if (code)
        return code;
    task->question.clock = readers->options.clock;
    task->question.zone = reader->zone;
    task->question.default_every_ms = readers->options.default_every_ms;
    task->question.stop = &readers->stop;
    return api_answer(reader->store, &task->question, &task->out, e);
}

// Without a database there is nothing to tell but what this program is.
static enum till_code metrics(struct reader *reader, struct reader_task *task)
{
    const struct report_status_options options = {.default_every_ms =
                                                      reader->readers->options.default_every_ms};
    struct till_error *e = &task->error;
    struct report_meters *meters = till_calloc(1, sizeof(*meters));
    enum till_code code = meters ? settle_zone(reader, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK && fs_exists(reader->readers->options.database)) {
        code = settle_store(reader, e);
        if (code == TILL_OK)
            code = report_meters(reader->store, reader->readers->options.clock, reader->zone,
                                 &options, meters, e);
    }
    if (code == TILL_OK)
        view_openmetrics(&task->out, meters, TILL_VERSION);
    till_free(meters);
    return code;
}

// Without a database there is nothing connected: that is no failure.
static enum till_code status(struct reader *reader, struct reader_task *task)
{
    const struct report_status_options options = {.default_every_ms =
                                                      reader->readers->options.default_every_ms};
    struct till_error *e = &task->error;
    struct report_status *status = till_calloc(1, sizeof(*status));
    if (!status)
        return TILL_FAIL_MEMORY(e);
    enum till_code code = TILL_OK;
    if (fs_exists(reader->readers->options.database)) {
        code = settle_store(reader, e);
        if (code == TILL_OK)
            code =
                report_status(reader->store, reader->readers->options.clock, &options, status, e);
    }
    if (code == TILL_OK) {
        buf_text(&task->out, "\"connections\":");
        view_connections_json(&task->out, status);
        buf_text(&task->out, ",\"sources\":");
        view_sources_json(&task->out, status);
    }
    till_free(status);
    return code;
}

static void check_password(struct reader_task *task)
{
    int64_t begun_ms = clock_monotonic_ms(&clock_system);
    task->is_right =
        session_is_password(&task->password, (struct sv){task->given.data, task->given.len});
    buf_wipe(&task->given);
    int64_t left_ms = begun_ms + SLOW_MS - clock_monotonic_ms(&clock_system);
    struct timespec rest = {.tv_nsec = (long)left_ms * 1000000};
    if (!task->is_right && left_ms > 0)
        (void)nanosleep(&rest, NULL);
}

static void perform(struct reader *reader, struct reader_task *task)
{
    switch (task->work) {
    case READER_ANSWER:
        task->code = answer(reader, task);
        break;
    case READER_STATUS:
        task->code = status(reader, task);
        break;
    case READER_METRICS:
        task->code = metrics(reader, task);
        break;
    case READER_PASSWORD:
        check_password(task);
        return;
    }
    if (task->code == TILL_OK)
        task->code = buf_fail(&task->out, "the answer", &task->error);
    if (task->code == TILL_STORE || task->code == TILL_MEMORY) {
        store_close(reader->store);
        reader->store = NULL;
    }
}

// A report over a million rows leaves hundreds of megabytes to the heap, which would keep them for the next one.
static void perform_and_tidy(struct reader *reader, struct reader_task *task)
{
    int64_t begun_ms = clock_monotonic_ms(&clock_system);
    perform(reader, task);
    int64_t took_ms = clock_monotonic_ms(&clock_system) - begun_ms;
    if (task->work != READER_PASSWORD)
        log_event(LOG_LEVEL_DEBUG, "event=answered route=%s result=%s ms=%lld",
                  api_route_info(task->question.route)->name, till_code_name(task->code),
                  (long long)took_ms);
    if (took_ms >= LONG_MS)
        (void)malloc_trim(0);
}

// The mutex is held where these begin and end.
static struct reader_task *next_task(struct reader *reader)
{
    struct readers *readers = reader->readers;
    struct reader_task *task = NULL;
    bool is_patient = reader->lane == READER_PATIENT;
    while (!readers->is_closing && ((is_patient && readers->retrying > 0) ||
                                    !(task = pop(&readers->waiting[reader->lane]))))
        (void)pthread_cond_wait(&readers->wakes[reader->lane], &readers->mutex);
    if (task && is_patient) {
        readers->is_query_running = true;
        readers->queries++;
    }
    return task;
}

static void perform_again(struct reader *reader, struct reader_task *task)
{
    struct readers *readers = reader->readers;
    readers->retrying++;
    while (readers->is_query_running)
        (void)pthread_cond_wait(&readers->calm, &readers->mutex);
    (void)pthread_mutex_unlock(&readers->mutex);
    till_error_clear(&task->error);
    buf_reset(&task->out);
    perform_and_tidy(reader, task);
    (void)pthread_mutex_lock(&readers->mutex);
    readers->retrying--;
    (void)pthread_cond_signal(&readers->wakes[READER_PATIENT]);
}

static void work(struct reader *reader, struct reader_task *task)
{
    struct readers *readers = reader->readers;
    bool is_patient = reader->lane == READER_PATIENT;
    bool was_running = readers->is_query_running;
    unsigned queries = readers->queries;
    (void)pthread_mutex_unlock(&readers->mutex);
    perform_and_tidy(reader, task);
    (void)pthread_mutex_lock(&readers->mutex);
    if (is_patient) {
        readers->is_query_running = false;
        (void)pthread_cond_broadcast(&readers->calm);
    } else if (task->code == TILL_MEMORY && (was_running || queries != readers->queries)) {
        perform_again(reader, task);
    }
}

static void *run(void *context)
{
    struct reader *reader = context;
    struct readers *readers = reader->readers;
    const uint64_t one = 1;
    (void)pthread_mutex_lock(&readers->mutex);
    for (;;) {
        struct reader_task *task = next_task(reader);
        if (!task)
            break;
        work(reader, task);
        push(&readers->done, task);
        (void)!write(readers->fd, &one, sizeof(one));
    }
    (void)pthread_mutex_unlock(&readers->mutex);
    store_close(reader->store);
    zone_close(reader->zone);
    return NULL;
}

// ---- opening and closing ----

// New threads take over the mask of signals: with all blocked, the main thread alone gets them.
static bool start_threads(struct readers *readers)
{
    sigset_t all, before;
    bool is_started = true;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    for (size_t i = 0; i < THREADS && is_started; i++) {
        struct reader *reader = &readers->list[i];
        reader->readers = readers;
        reader->lane = i < TILL_LIMIT_SERVE_READERS ? READER_REPORTS : READER_PATIENT;
        is_started = pthread_create(&reader->thread, NULL, run, reader) == 0;
        reader->is_started = is_started;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_started;
}

enum till_code readers_open(const struct readers_options *options, struct readers **ret_readers,
                            struct till_error *e)
{
    struct readers *readers = till_calloc(1, sizeof(*readers));
    if (!readers)
        return TILL_FAIL_MEMORY(e);
    readers->options = *options;
    (void)pthread_mutex_init(&readers->mutex, NULL);
    for (size_t i = 0; i < READER_LANES; i++)
        (void)pthread_cond_init(&readers->wakes[i], NULL);
    (void)pthread_cond_init(&readers->calm, NULL);
    readers->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (readers->fd < 0 || !start_threads(readers)) {
        readers_close(readers);
        return TILL_FAIL(e, TILL_MEMORY, 0, "the threads that read the database could not start");
    }
    *ret_readers = readers;
    return TILL_OK;
}

void readers_close(struct readers *readers)
{
    if (!readers)
        return;
    (void)pthread_mutex_lock(&readers->mutex);
    readers->is_closing = true;
    __atomic_store_n(&readers->stop, 1, __ATOMIC_RELAXED);
    for (size_t i = 0; i < READER_LANES; i++)
        (void)pthread_cond_broadcast(&readers->wakes[i]);
    (void)pthread_mutex_unlock(&readers->mutex);
    for (size_t i = 0; i < THREADS; i++) {
        if (readers->list[i].is_started)
            (void)pthread_join(readers->list[i].thread, NULL);
    }
    for (size_t i = 0; i < READER_LANES; i++) {
        for (struct reader_task *task = pop(&readers->waiting[i]); task;
             task = pop(&readers->waiting[i]))
            reader_task_free(task);
        (void)pthread_cond_destroy(&readers->wakes[i]);
    }
    for (struct reader_task *task = pop(&readers->done); task; task = pop(&readers->done))
        reader_task_free(task);
    (void)pthread_cond_destroy(&readers->calm);
    (void)pthread_mutex_destroy(&readers->mutex);
    if (readers->fd >= 0)
        (void)close(readers->fd);
    till_free(readers);
}

int readers_fd(const struct readers *readers)
{
    return readers->fd;
}

void readers_submit(struct readers *readers, enum reader_lane lane, struct reader_task *task)
{
    (void)pthread_mutex_lock(&readers->mutex);
    push(&readers->waiting[lane], task);
    (void)pthread_cond_signal(&readers->wakes[lane]);
    (void)pthread_mutex_unlock(&readers->mutex);
}

struct reader_task *readers_take(struct readers *readers)
{
    uint64_t count = 0;
    (void)!read(readers->fd, &count, sizeof(count));
    (void)pthread_mutex_lock(&readers->mutex);
    struct reader_task *task = pop(&readers->done);
    (void)pthread_mutex_unlock(&readers->mutex);
    return task;
}

void readers_reopen(struct readers *readers)
{
    atomic_fetch_add(&readers->generation, 1U);
}
