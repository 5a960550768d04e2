// SPDX-License-Identifier: Apache-2.0
// children.h - the till processes that do what this one may not: write to the database, and hold a token. Private to this room.
//
// Keepers (`till watch`, `till webhook-listen`) live as long as the server and are started again when they die, later each time. Jobs are single commands
// that a page asked for; their output, their time and their number are bounded, and what they said at their end is kept for a while. Every child ends with
// this process, also when that is killed: the kernel tells it. Belongs to the loop's thread.
#ifndef TILL_SERVE_CHILDREN_H
#define TILL_SERVE_CHILDREN_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/sv.h"

enum child_kind { CHILD_WATCH, CHILD_WEBHOOKS, CHILD_JOB };
struct child_event { // texts are borrowed until the callback returns
    enum child_kind kind;
    uint64_t job;        // its number; 0 = a keeper
    const char *command; // "sync"
    bool is_end;
    bool is_well; // at the end
    struct sv
        line; // of standard output (keepers) or of standard error (jobs); .ptr NULL at the end
};
struct children_options {
    const char *home; // --home of every child; NULL = none
    void *context;
    void (*event)(void *context, const struct child_event *event);
};
struct children;                                                       // opaque
struct children *children_new(const struct children_options *options); // NULL without memory
// Ends all of them, waiting a little; accepts NULL.
void children_free(struct children *children);

enum { CHILD_ARGUMENTS = 80 };
struct child_arguments { // after `till --json --quiet`; copied
    const char *list[CHILD_ARGUMENTS];
    size_t count;
    bool is_writing; // takes the mirror's lock: one of these at a time
};
void children_keep(struct children *children, enum child_kind kind,
                   const struct child_arguments *arguments);
// Whoever waits for a next try need not wait longer.
void children_hurry(struct children *children);
// input goes to its standard input, and is not kept. LIMIT when too much is under way. *ret_job > 0.
enum till_code children_start(struct children *children, const struct child_arguments *arguments,
                              struct sv input, uint64_t *ret_job,
                              struct till_error *e) TILL_MUSTUSE;

// For the loop: what to wait for, and after the wait. *ret_wait_ms is lowered to the next thing that is due.
enum { CHILDREN_FDS = 20 };
size_t children_fds(const struct children *children, struct pollfd fds[static CHILDREN_FDS],
                    int *ret_wait_ms);
void children_step(struct children *children);

bool children_is_alive(const struct children *children, enum child_kind keeper);
// {"id":1,"command":"sync","state":"running","exit_status":null,"output":null,"error":null}; false when there is no such job.
bool children_job_json(const struct children *children, uint64_t job, struct buf *out);
// All that are remembered, without their output: a JSON array.
void children_jobs_json(const struct children *children, struct buf *out);

#endif
