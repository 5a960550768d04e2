// SPDX-License-Identifier: Apache-2.0
// metrics_zone.h - IANA time zones, as the system's zone files have them. A zone may be used by several threads.
#ifndef SIM_METRICS_ZONE_H
#define SIM_METRICS_ZONE_H

#include <stdint.h>

struct metrics_zone; // opaque

// NULL when the system has no zone of that name (UTC is always there), or memory ran out.
struct metrics_zone *metrics_zone_open(const char *name);
void metrics_zone_close(struct metrics_zone *zone); // accepts NULL
// Local time minus UTC at that moment, in microseconds.
int64_t metrics_zone_offset_us(const struct metrics_zone *zone, int64_t at_us);
// The moment when clocks there first show this time; when they skip it, the moment of the jump.
int64_t metrics_zone_instant_us(const struct metrics_zone *zone, int64_t local_us);

#endif
