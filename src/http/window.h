// SPDX-License-Identifier: Apache-2.0
// window.h - private to http: what can be known of the service's own window of 60 seconds. Pure: time is an argument.
#ifndef TILL_HTTP_WINDOW_H
#define TILL_HTTP_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WINDOW_MS = 60000,
    WINDOW_EXPECTED = 500, // what most organizations have
    WINDOW_CARE = 8        // so many around the expected end go one at a time
};

struct window {
    int64_t since_ms; // the latest moment at which it can have begun; -1: unknown
    int64_t passed;   // exchanges in it that were not refused
    int64_t expected; // how many it may hold; INT64_MAX: more than anybody told us
};

void window_init(struct window *window);
// Whether the next refusal is near, so that one goes at a time.
bool window_is_near_end(const struct window *window, int under_way, int64_t now_ms);
// An exchange ended and was not refused. is_cold: the service may not have known its token, and then counted it elsewhere.
void window_passed(struct window *window, int64_t begun_ms, int64_t ended_ms, bool is_cold);
// An exchange was refused with this Retry-After (-1: none). Returns the wait from now on: the window's rest when that is what was
// refused, otherwise retry_after_ms.
int64_t window_refused(struct window *window, int64_t begun_ms, int64_t now_ms,
                       int64_t retry_after_ms);

#endif
