// SPDX-License-Identifier: Apache-2.0
// tzfile.h - the system's compiled time zones (TZif, RFC 8536). Private to this room: callers use zone.h.
#ifndef TILL_BASE_TZFILE_H
#define TILL_BASE_TZFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct tzfile; // opaque
struct tzfile_segment {
    int64_t offset_s; // local time minus UTC
    int64_t end_s;    // when the next segment begins; INT64_MAX when none does
};

// Looks in $TZDIR, then /usr/share/zoneinfo. *ret_file is NULL (and TILL_OK) when the system has no such zone, or one that cannot be
// used: older than version 2, counted with leap seconds, or damaged. MEMORY is the only error.
enum till_code tzfile_open(const char *name, struct tzfile **ret_file,
                           struct till_error *e) TILL_MUSTUSE;
void tzfile_close(struct tzfile *file); // accepts NULL
struct tzfile_segment tzfile_segment(const struct tzfile *file, int64_t unix_s);

#endif
