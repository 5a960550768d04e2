// SPDX-License-Identifier: Apache-2.0
// client.h - private to polar: requests on their way, and how an answer becomes a page or an error.
#ifndef TILL_POLAR_CLIENT_H
#define TILL_POLAR_CLIENT_H

#include "base/limits.h"
#include "polar/polar.h"

enum {
    POLAR_PENDING = TILL_LIMIT_HTTP_QUEUE,
    POLAR_URL_BYTES = TILL_LIMIT_HTTP_URL_BYTES / 2,
    POLAR_VERSION_BYTES = 32,
    POLAR_PAGE_ROWS = 100
};

enum request_state { REQUEST_FREE, REQUEST_SENT, REQUEST_DONE };

struct request {
    enum request_state state;
    bool is_internal; // awaited inside this room: polar_list_next() does not hand it out
    bool has_version; // went out with a Polar-Version header
    bool is_single_attempt;
    bool is_route_not_found;   // the answer was 404 {"detail":"Not Found"}
    uint64_t order;            // of finishing
    char what[96];             // "list orders": the end of "could not ..."
    const struct table *table; // NULL: none of ours
    char *url;
    int64_t retry_after_ms;
    struct polar_page page;
};

enum version_state {
    VERSION_PINNED,
    VERSION_DOUBTED, // one answer looked like "no such version"; asking without, not yet proven
    VERSION_DROPPED, // proven: without the header the service answers
};

struct polar {
    struct http *http;
    const struct clock *clock;
    char *url;
    struct secret token;
    char api_version[POLAR_VERSION_BYTES];
    char seen_version[POLAR_VERSION_BYTES]; // of the newest answer that named one
    enum version_state version;
    int64_t clock_offset_seconds;
    uint64_t next_order;
    struct request requests[POLAR_PENDING];
};

struct request_options {
    const char *path;  // with the slash that the route needs
    const char *query; // "" or "limit=1&..."
    const char *what;
    const struct table *table;
    uint64_t tag;
    bool is_internal, is_single_attempt;
};

enum till_code polar_submit(struct polar *polar, const struct request_options *options,
                            struct request **ret_request, struct till_error *e) TILL_MUSTUSE;
// Blocks until this request is done; others that finish meanwhile wait for polar_list_next().
enum till_code polar_await(struct polar *polar, struct request *request,
                           struct till_error *e) TILL_MUSTUSE;
void polar_request_release(struct request *request);

// Fills the request's page from the answer (takes its body).
void answer_judge(struct request *request, struct http_response *response);

#endif
