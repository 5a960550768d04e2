// SPDX-License-Identifier: Apache-2.0
// process.h - one till process that we started: its start, what it says, its end. Private to this room.
#ifndef TILL_SERVE_PROCESS_H
#define TILL_SERVE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/sv.h"

enum { PROCESS_ARGUMENTS = 96 };

struct process_stream { // a pipe that it writes to
    int fd;             // -1 = it has closed it
    bool is_cut;        // it said more than we keep
    bool
        keeps_objects; // a line that begins with { is its last: an error as JSON, which process_line() leaves
    struct buf text;
    size_t read_bytes; // of text: lines that process_line() has given
};
struct process { // zeroed = not started
    pid_t id;    // 0 = not started, or ended
    struct process_stream out, err;
    bool has_ended;
    int exit_status;  // 128 + signal when one ended it
    int64_t asked_ms; // when it was asked to end; 0 = it was not
};

// This very program with these arguments (the last is followed by NULL; [0] is its name). input is all of its standard input; no copy stays here. It gets
// SIGTERM when this process dies, in whatever way. LIMIT: input is longer than a pipe.
enum till_code process_start(struct process *process, char *const *arguments, struct sv input,
                             struct till_error *e) TILL_MUSTUSE;
bool process_is_alive(const struct process *process); // started, and not released
// Takes what it has said.
void process_read(struct process *process);
// The next whole line, without its end; borrowed until the next process_read(). What was given is forgotten at the next process_read().
bool process_line(struct process_stream *stream, struct sv *ret_line);
// True once: it has closed its streams and is gone. exit_status is set.
bool process_has_ended(struct process *process);
// Asks it to end, and makes it a little later. Call again and again.
void process_stop(struct process *process);
// The same without hearing what it says: true while it lives.
bool process_end(struct process *process);
void process_release(struct process *process); // kills it when it lives; accepts a zeroed one

// What it said on standard output, when that is one whole JSON document; else .ptr NULL.
struct sv process_document(const struct process *process);
// The last line on standard error.
struct sv process_last_words(const struct process *process);
// {"class":...,"text":...,"hint":...} of its error.
void process_error_json(const struct process *process, struct buf *out);

#endif
