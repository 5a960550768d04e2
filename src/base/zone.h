// SPDX-License-Identifier: Apache-2.0
// zone.h - IANA time zones: where a local day begins, and what a moment is called there.
//
// Data: the system's /usr/share/zoneinfo ($TZDIR), which distributions keep current; where there is none, ICU's own. One zone is not for two
// threads at once.
#ifndef TILL_BASE_ZONE_H
#define TILL_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/civil.h"
#include "base/error.h"

struct zone; // opaque, owned by the caller

// CONFIG error with a hint for an unknown name. NULL or "" = the system's zone ($TZ, then /etc/localtime, else UTC). Legacy aliases work.
enum till_code zone_open(const char *name, struct zone **ret_zone,
                         struct till_error *e) TILL_MUSTUSE;
void zone_close(struct zone *zone); // accepts NULL
const char *zone_name(const struct zone *zone);
struct civil_date zone_date(const struct zone *zone, int64_t unix_us);
// Local time minus UTC at that moment.
int64_t zone_offset_us(const struct zone *zone, int64_t unix_us);
// The first moment of that local day (on days that begin with a gap, the first moment that exists).
int64_t zone_day_start_us(const struct zone *zone, struct civil_date date);
// The first moment at which clocks show that minute of that day, or later: where the clock skips it the first moment after the gap, where it comes twice the
// first of the two.
int64_t zone_minute_us(const struct zone *zone, struct civil_date date, int minute);

#endif
