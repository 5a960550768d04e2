// SPDX-License-Identifier: Apache-2.0
// support.h - what the tests of the polar room share: a client for a loopback server, and Polar's own error bodies.
#ifndef TILL_TESTS_POLAR_SUPPORT_H
#define TILL_TESTS_POLAR_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "loopback.h"
#include "polar/polar.h"

#define JSON "Content-Type: application/json\r\nPolar-Version: 2026-10\r\n"
#define INVALID_TOKEN                                                                              \
    "{\"error\": \"invalid_token\", \"error_description\": \"The access token provided is "        \
    "expired, revoked, malformed, or "                                                             \
    "invalid for other reasons.\"}"
#define INSUFFICIENT_SCOPE                                                                         \
    "{\"error\": \"insufficient_scope\", \"error_description\": \"The request requires higher "    \
    "privileges than provided by "                                                                 \
    "the access token.\"}"
#define ORGANIZATION_ID "11111111-2222-4333-8444-555555555555"
#define EMPTY_PAGE      "{\"items\":[],\"pagination\":{\"total_count\":0,\"max_page\":0}}"

static inline struct polar *open_polar(const char *url, const char *version)
{
    struct till_error e = {0};
    struct secret token = {0};
    struct polar *polar = NULL;
    assert_int_equal(secret_set(&token, SV("not-a-token"), &e), TILL_OK);
    struct polar_options options = {.url = url,
                                    .token = &token,
                                    .api_version = version,
                                    .http = {.retry_base_ms = 1, .attempts = 2}};
    if (polar_open(&options, &polar, &e))
        fail_msg("%s", e.text);
    secret_release(&token);
    return polar;
}

static inline bool reply_missing_scope(const struct loopback_request *r, const char *scopes)
{
    char headers[512];
    snprintf(
        headers, sizeof headers,
        JSON
        "WWW-Authenticate: Bearer realm=\"polar\", scope=\"%s\", error=\"insufficient_scope\", "
        "error_description=\"The request requires higher privileges than provided by the access "
        "token.\"\r\n",
        scopes);
    return loopback_reply(r, 403, headers, INSUFFICIENT_SCOPE);
}

static inline bool path_is(const struct loopback_request *r, const char *prefix)
{
    return strncmp(r->path, prefix, strlen(prefix)) == 0;
}

#endif
