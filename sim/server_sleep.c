// SPDX-License-Identifier: Apache-2.0
// server_sleep.c - connections that sleep without holding a thread: a bounded list, one timer thread, and the library's suspend and resume.
#include "server_http.h"

#include <stdlib.h>
#include <time.h>

enum { SLEEPERS_MAX = SERVER_CONNECTIONS_MAX * ENVIRONMENT_COUNT };

struct sleeper {
    struct MHD_Connection *connection;
    int64_t due_ms;
};

struct sleepers {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    struct sleeper list[SLEEPERS_MAX];
    size_t count;
    bool is_stopping;
};

// The lock must be held. Wakes whoever is due; returns when the next one is, or INT64_MAX.
static int64_t wake_due(struct sleepers *sleepers, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    size_t kept = 0;
    for (size_t i = 0; i < sleepers->count; i++) {
        struct sleeper sleeper = sleepers->list[i];
        if (sleeper.due_ms <= now_ms || sleepers->is_stopping) {
            MHD_resume_connection(sleeper.connection);
            continue;
        }
        next_ms = sleeper.due_ms < next_ms ? sleeper.due_ms : next_ms;
        sleepers->list[kept++] = sleeper;
    }
    sleepers->count = kept;
    return next_ms;
}

static void *run(void *argument)
{
    struct sleepers *sleepers = argument;
    pthread_mutex_lock(&sleepers->lock);
    for (;;) {
        int64_t next_ms = wake_due(sleepers, server_now_ms());
        if (sleepers->is_stopping) {
            break;
        }
        if (next_ms == INT64_MAX) {
            pthread_cond_wait(&sleepers->changed, &sleepers->lock);
        } else {
            struct timespec until = {.tv_sec = next_ms / 1000,
                                     .tv_nsec = (next_ms % 1000) * 1000000};
            pthread_cond_timedwait(&sleepers->changed, &sleepers->lock, &until);
        }
    }
    pthread_mutex_unlock(&sleepers->lock);
    return NULL;
}

struct sleepers *sleepers_new(void)
{
    struct sleepers *sleepers = calloc(1, sizeof(*sleepers));
    if (sleepers == NULL) {
        return NULL;
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sleepers->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&sleepers->lock, NULL);
    if (pthread_create(&sleepers->thread, NULL, run, sleepers) != 0) {
        pthread_mutex_destroy(&sleepers->lock);
        pthread_cond_destroy(&sleepers->changed);
        free(sleepers);
        return NULL;
    }
    return sleepers;
}

void sleepers_stop(struct sleepers *sleepers)
{
    if (sleepers == NULL) {
        return;
    }
    pthread_mutex_lock(&sleepers->lock);
    sleepers->is_stopping = true;
    pthread_cond_signal(&sleepers->changed);
    pthread_mutex_unlock(&sleepers->lock);
    pthread_join(sleepers->thread, NULL);
}

void sleepers_free(struct sleepers *sleepers)
{
    if (sleepers != NULL) {
        pthread_mutex_destroy(&sleepers->lock);
        pthread_cond_destroy(&sleepers->changed);
        free(sleepers);
    }
}

bool sleepers_add(struct sleepers *sleepers, struct MHD_Connection *connection, int64_t ms)
{
    pthread_mutex_lock(&sleepers->lock);
    bool is_added = !sleepers->is_stopping && sleepers->count < SLEEPERS_MAX;
    if (is_added) {
        MHD_suspend_connection(connection);
        sleepers->list[sleepers->count++] = (struct sleeper){connection, server_now_ms() + ms};
        pthread_cond_signal(&sleepers->changed);
    }
    pthread_mutex_unlock(&sleepers->lock);
    return is_added;
}
