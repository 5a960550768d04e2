// SPDX-License-Identifier: Apache-2.0
// sources.h - brings one source of web traffic up to date: its days from the cursor to today.
//
// Like sync_run() it prints nothing and takes no lock. Each window of days lands in one transaction with the cursor. What it did, and why it failed, is
// also kept with the source.
#ifndef TILL_SYNC_SOURCES_H
#define TILL_SYNC_SOURCES_H

#include <signal.h>

#include "base/clock.h"
#include "store/traffic.h"
#include "traffic/traffic.h"

struct sync_source_options {
    struct store *store;
    struct traffic *traffic; // opened for this source
    struct store_source *source;
    const struct clock *clock;
    const volatile sig_atomic_t *stop;
    bool is_whole; // ask for every day again, not only for those that may have changed
};
struct sync_source_result {
    enum till_code code;
    struct till_error error;
    int64_t days, rows, requests, windows, duration_ms;
    bool is_rezoned; // the service cuts its days in another zone since the last run
};
// Returns result->code, with the same error in e.
enum till_code sync_source_run(const struct sync_source_options *options,
                               struct sync_source_result *ret_result,
                               struct till_error *e) TILL_MUSTUSE;
// A run that could not even begin (no secret, no address) is kept with the source all the same.
void sync_source_fail(struct store *store, const struct store_source *source,
                      const struct clock *clock, const struct till_error *error);

#endif
