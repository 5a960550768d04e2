// SPDX-License-Identifier: Apache-2.0
// retry.h - private to http: what is worth another try, and when. Pure: time and chance are arguments.
#ifndef TILL_HTTP_RETRY_H
#define TILL_HTTP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sv.h"

bool retry_is_status(int status);
// Upper bound of the backoff after `failures` failed attempts (from 1): base, doubled each time, up to TILL_LIMIT_RETRY_DELAY_MS.
int64_t retry_backoff_ms(int64_t base_ms, int failures);
// Uniform in [0, bound].
int64_t retry_jitter_ms(int64_t bound_ms);
// Retry-After in ms: seconds, or an HTTP date measured from the answer's own Date (else from now_unix_seconds), so that clocks that
// disagree do not matter. -1 when absent or not understood; a date in the past is 0.
int64_t retry_after_ms(struct sv retry_after, int64_t date_unix_seconds, int64_t now_unix_seconds);

#endif
