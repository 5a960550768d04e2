// SPDX-License-Identifier: Apache-2.0
// watch_say.h - what `till watch` tells: a line for each run.
#ifndef TILL_CLI_WATCH_SAY_H
#define TILL_CLI_WATCH_SAY_H

#include "cli/cli.h"
#include "sync/sources.h"

struct watch_run {
    const char *name; // of the connection
    enum till_code code;
    const struct till_error *error; // when code is not OK
    const struct sync_summary *summary;
    int64_t at_us;   // when it ended
    int64_t next_us; // when something of this connection is due next; 0 = never
    bool is_held_up; // the connection as a whole waits
    bool is_told;    // for the same reason as the last time
};
// A line on standard error (nothing when it says what was said before) and with --json one on standard output, at once.
enum till_code watch_say_run(struct cli *cli, const struct watch_run *run,
                             struct till_error *e) TILL_MUSTUSE;
// The same of a source of web traffic.
struct watch_source_run {
    const char *name;
    enum till_code code;
    struct till_error error;
    struct sync_source_result result;
    int64_t at_us, next_us; // 0 = never
};
enum till_code watch_say_source(struct cli *cli, const struct watch_source_run *run,
                                struct till_error *e) TILL_MUSTUSE;
void watch_say_start(const struct cli *cli, const struct report_status *status);
// --once found nothing to do. Both on the same clock; INT64_MAX: nothing is ever due.
void watch_say_idle(const struct cli *cli, int64_t now_ms, int64_t due_ms);

#endif
