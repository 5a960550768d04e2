// SPDX-License-Identifier: Apache-2.0
// metrics.h - Polar's own metrics, to compare with (scope metrics:read).
#ifndef TILL_POLAR_METRICS_H
#define TILL_POLAR_METRICS_H

#include "polar/polar.h"

// query: "start_date=2026-01-01&end_date=...&interval=day&timezone=...", already encoded. Appends the JSON of the answer. AUTH when the scope is missing.
enum till_code polar_metrics(struct polar *polar, const char *query, struct buf *ret_body,
                             struct till_error *e) TILL_MUSTUSE;

#endif
