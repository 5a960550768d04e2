// SPDX-License-Identifier: Apache-2.0
// retry.c - what is worth another try, and when.
//
// Whether an exchange may be repeated at all is its caller's affair. Waits are drawn uniformly from the whole interval [0, bound] ("full jitter"): clients that
// failed together must not come back together.
#include "http/retry.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/timestamp.h"

enum {
    LONGEST_RETRY_AFTER_S = 1000000000
}; // anything longer means the same; keeps the arithmetic in range

bool retry_is_status(int status)
{
    return status == 429 || status == 500 || (status >= 502 && status <= 504) ||
           (status >= 520 && status <= 530);
}

int64_t retry_backoff_ms(int64_t base_ms, int failures)
{
    int64_t bound = base_ms;
    for (int i = 1; i < failures && bound < TILL_LIMIT_RETRY_DELAY_MS; i++)
        bound *= 2;
    return bound < TILL_LIMIT_RETRY_DELAY_MS ? bound : TILL_LIMIT_RETRY_DELAY_MS;
}

int64_t retry_jitter_ms(int64_t bound_ms)
{
    if (bound_ms <= 0)
        return 0;
    return (int64_t)arc4random_uniform(bound_ms < INT32_MAX ? (uint32_t)bound_ms + 1 : INT32_MAX);
}

int64_t retry_after_ms(struct sv retry_after, int64_t date_unix_seconds, int64_t now_unix_seconds)
{
    struct sv text = sv_trim(retry_after);
    int64_t seconds = 0, until = 0;
    if (text.len == 0)
        return -1;
    if (sv_to_int64(text, &seconds)) {
        if (seconds < 0)
            return -1;
    } else if (timestamp_parse_http(text, &until)) {
        seconds = until - (date_unix_seconds > 0 ? date_unix_seconds : now_unix_seconds);
    } else {
        return -1;
    }
    if (seconds < 0)
        seconds = 0;
    return (seconds < LONGEST_RETRY_AFTER_S ? seconds : LONGEST_RETRY_AFTER_S) * 1000;
}
