// SPDX-License-Identifier: Apache-2.0
// failure.h - private to http: why an exchange failed, in words, and whether another try may help.
#ifndef TILL_HTTP_FAILURE_H
#define TILL_HTTP_FAILURE_H

#include <curl/curl.h>
#include <stdint.h>

#include "base/error.h"
#include "http/transfer.h"

struct failure_context {
    const char *url;
    int64_t stall_timeout_ms, request_timeout_ms;
};
// Describes the failure in e; returns how many attempts it is worth in all (1 = none after the first).
int failure_describe(CURLcode result, struct transfer *transfer,
                     const struct failure_context *context, struct till_error *e);

#endif
