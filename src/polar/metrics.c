// SPDX-License-Identifier: Apache-2.0
// metrics.c - Polar's own metrics: GET /v1/metrics/.
#include "polar/metrics.h"

#include <stdio.h>

#include "polar/client.h"

enum till_code polar_metrics(struct polar *polar, const char *query, struct buf *ret_body,
                             struct till_error *e)
{
    struct request_options options = {.path = "/v1/metrics/",
                                      .query = query,
                                      .what = "read Polar's own metrics",
                                      .is_internal = true};
    struct request *request = NULL;
    enum till_code code = polar_submit(polar, &options, &request, e);
    if (code == TILL_OK)
        code = polar_await(polar, request, e);
    if (code)
        return code;
    if (request->page.code) {
        *e = request->page.error;
        code = e->code;
        if (request->page.is_scope_missing)
            code = till_error_hint(e, "give the token the scope metrics:read too: make a new one "
                                      "at Polar, and connect again");
    } else {
        buf_append(ret_body, request->page.body.data, request->page.body.len);
        code = buf_fail(ret_body, "Polar's answer", e);
    }
    polar_request_release(request);
    return code;
}
