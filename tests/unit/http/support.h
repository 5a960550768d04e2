// SPDX-License-Identifier: Apache-2.0
// support.h - what the tests of the http client share: a client with short waits, one request and its answer.
#ifndef TILL_TESTS_HTTP_SUPPORT_H
#define TILL_TESTS_HTTP_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/http.h"
#include "loopback.h"

static inline struct http *client(const struct http_options *options)
{
    struct http_options with = options ? *options : (struct http_options){0};
    struct till_error e = {0};
    struct http *http = NULL;
    if (with.retry_base_ms == 0)
        with.retry_base_ms = 1;
    if (http_new(&with, &http, &e))
        fail_msg("%s", e.text);
    return http;
}

static inline void submit(struct http *http, const struct loopback *server, const char *path,
                          uint64_t tag)
{
    char url[512];
    struct till_error e = {0};
    snprintf(url, sizeof url, "%s%s", server->url, path);
    struct http_request request = {.url = url, .tag = tag};
    if (http_submit(http, &request, &e))
        fail_msg("%s", e.text);
}

static inline struct http_response next(struct http *http)
{
    struct http_response response = {0};
    struct till_error e = {0};
    if (http_next(http, &response, &e))
        fail_msg("%s", e.text);
    return response;
}

// One request to a server of its own, in whole.
static inline struct http_response ask(loopback_answer *answer, const struct http_options *options,
                                       const struct http_request *request,
                                       struct loopback_seen *ret_seen)
{
    struct loopback server;
    char url[512];
    struct till_error e = {0};
    loopback_start(&server, answer, NULL);
    struct http *http = client(options);
    struct http_request with = request ? *request : (struct http_request){0};
    snprintf(url, sizeof url, "%s%s", server.url, with.url ? with.url : "/");
    with.url = url;
    if (http_submit(http, &with, &e))
        fail_msg("%s", e.text);
    struct http_response response = next(http);
    if (ret_seen)
        memcpy(ret_seen, server.seen, sizeof *ret_seen);
    http_free(http);
    loopback_stop(&server);
    return response;
}

#endif
