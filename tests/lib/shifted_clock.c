// SPDX-License-Identifier: Apache-2.0
// shifted_clock.c - a clock that a test moves: loaded before a program, it adds $SHIFTED_CLOCK_US to the time of day.
//
// The simulator lives in simulated time, days of it in one test. A program that asks the real clock when a subscription is due would look at
// the wrong day, so it is run with a clock that agrees with the shop's. Time still passes, and clocks that never jump are left alone. Only for
// builds without sanitizers, which want to be loaded first.
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void shift(struct timespec *at)
{
    const char *text = getenv("SHIFTED_CLOCK_US");
    long long us = text != NULL ? strtoll(text, NULL, 10) : 0;
    long long nanoseconds = at->tv_nsec + us % 1000000 * 1000;
    at->tv_sec += (time_t)(us / 1000000 + nanoseconds / 1000000000);
    at->tv_nsec = (long)(nanoseconds % 1000000000);
    if (at->tv_nsec < 0) {
        at->tv_nsec += 1000000000;
        at->tv_sec--;
    }
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    long status = syscall(SYS_clock_gettime, clock, at);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        shift(at);
    return (int)status;
}

time_t time(time_t *ret)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL)
        *ret = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}
