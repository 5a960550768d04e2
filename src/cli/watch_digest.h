// SPDX-License-Identifier: Apache-2.0
// watch_digest.h - private to cli: `till watch` sends the digests that are due.
#ifndef TILL_CLI_WATCH_DIGEST_H
#define TILL_CLI_WATCH_DIGEST_H

#include "cli/cli.h"

struct watch_digest_step {
    int64_t wait_ms; // until something can be done; INT64_MAX = never
    bool has_run;    // a digest went, or failed to:
    bool is_stuck;   // and nothing could be written down about it: the next step would try the same
    enum till_code code;
    struct till_error error; // why it is not known to have arrived
};
// Hands over at most one digest to one channel; with no lock held. Failures of a channel are the step's, not the caller's: what fails here is the database.
enum till_code watch_digest(struct cli *cli, const struct report_status *status,
                            struct watch_digest_step *ret_step, struct till_error *e) TILL_MUSTUSE;

#endif
