// SPDX-License-Identifier: Apache-2.0
// window.c - what can be known of the service's own window of 60 seconds.
//
// Polar's window begins with the first request that it counts and ends 60 s later, and Retry-After is always those 60 s. Who waits that long from
// the refusal on loses the part of the window that had passed: at full speed most of it. The first exchange that ended in a window was counted no later
// than its end; so the window is over 60 s after that, for certain. An exchange that begins after that moment belongs to a new window.
//
// How many a window holds is learned from each refusal, and begins with what Polar grants to most. Around that number one exchange goes at a time, so that
// a refusal meets one request and not all that are under way. When it does not come, the number was too low: then it is the usual
// one, and beyond that unknown. When a request is refused that began after the window's end, this is not the window that we know (a block, another
// client of the same organization), and the whole Retry-After is waited.
#include "http/window.h"

void window_init(struct window *window)
{
    *window = (struct window){.since_ms = -1, .expected = WINDOW_EXPECTED};
}

static bool window_holds(const struct window *window, int64_t at_ms)
{
    return window->since_ms >= 0 && at_ms <= window->since_ms + WINDOW_MS;
}

bool window_is_near_end(const struct window *window, int under_way, int64_t now_ms)
{
    int64_t left = window->expected - window->passed - under_way;
    return window_holds(window, now_ms) && left <= WINDOW_CARE && left >= -WINDOW_CARE;
}

void window_passed(struct window *window, int64_t begun_ms, int64_t ended_ms, bool is_cold)
{
    if (!window_holds(window, begun_ms)) {
        window->since_ms = is_cold ? -1 : ended_ms;
        window->passed = 0;
    }
    window->passed++;
    if (window->passed > window->expected && window->passed - window->expected > WINDOW_CARE)
        window->expected = window->expected < WINDOW_EXPECTED ? WINDOW_EXPECTED : INT64_MAX;
}

int64_t window_refused(struct window *window, int64_t begun_ms, int64_t now_ms,
                       int64_t retry_after_ms)
{
    if (retry_after_ms != WINDOW_MS || !window_holds(window, begun_ms))
        return retry_after_ms;
    window->expected = window->passed;
    int64_t rest_ms = window->since_ms + WINDOW_MS - now_ms;
    return rest_ms > 0 ? rest_ms : 0;
}
