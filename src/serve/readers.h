// SPDX-License-Identifier: Apache-2.0
// readers.h - threads that read the database, so that a slow report does not hold up a quick one. Private to this room.
//
// Each thread has a store of its own, opened for reading only at its first task, and opened again when the file was replaced. There are two lanes: reports
// go to TILL_LIMIT_SERVE_READERS threads, what a person wrote (SQL) or has to wait for (a password) to one of its own, so that it cannot take them all.
// Tasks go in and come out in the loop's thread; readers_fd() is readable when one has come out.
#ifndef TILL_SERVE_READERS_H
#define TILL_SERVE_READERS_H

#include <signal.h>
#include <stdbool.h>

#include "api/api.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "serve/session.h"

enum reader_work {
    READER_ANSWER,   // api_answer()
    READER_STATUS,   // "connections":[...],"sources":[...] of `till status --json`
    READER_METRICS,  // OpenMetrics
    READER_PASSWORD, // is it right? .is_right
};
enum reader_lane { READER_REPORTS, READER_PATIENT, READER_LANES };

struct reader_task { // made by reader_task_new(); between submit and take it belongs to the readers
    struct reader_task *next;
    enum reader_work work;
    uint64_t number;              // the caller's own
    struct arena arena;           // of what follows
    struct api_question question; // clock, zone and stop are set by the reader
    struct session_password password;
    struct buf given; // the password; wiped
    // the outcome
    enum till_code code;
    struct till_error error;
    struct buf out;
    bool is_right;
};
struct reader_task *reader_task_new(enum reader_work work); // NULL without memory
void reader_task_free(struct reader_task *task);            // accepts NULL

struct readers_options { // borrowed until readers_close()
    const char *database;
    const char *timezone; // "" = the system's
    const struct clock *clock;
    int64_t default_every_ms;
};
struct readers; // opaque
enum till_code readers_open(const struct readers_options *options, struct readers **ret_readers,
                            struct till_error *e) TILL_MUSTUSE;
void readers_close(struct readers *readers); // ends what is under way; accepts NULL
int readers_fd(const struct readers *readers);
void readers_submit(struct readers *readers, enum reader_lane lane, struct reader_task *task);
struct reader_task *readers_take(struct readers *readers); // one that is done; NULL when none
// The file was replaced: stores are opened again before their next task.
void readers_reopen(struct readers *readers);

#endif
