// SPDX-License-Identifier: Apache-2.0
// guard.h - may this request be answered at all? Asked before anything else, of its head alone. Private to this room.
//
// "It only listens on this machine" keeps nobody out: any page in the owner's browser can send requests to 127.0.0.1, and a name that its owner points
// there (DNS rebinding) makes them same-origin. So the Host must be a name that we know, and what changes something must come from a page of ours.
#ifndef TILL_SERVE_GUARD_H
#define TILL_SERVE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sv.h"

struct guard_policy {
    uint16_t port;       // the one we listen on
    const char *address; // the address we listen on: a name too, unless it is "any"
    const char *const
        *allowed_hosts; // "till.example" (with our port or none) or "till.example:8443"
    size_t allowed_count;
};
struct guard_head {
    struct sv method;
    size_t host_count; // how many Host headers
    struct sv host, origin, site,
        mark;     // Host, Origin, Sec-Fetch-Site, X-Till; .ptr NULL = not sent
    bool is_page; // a page or a part of one: may be navigated to from elsewhere
};
// 0 when it may; else the status of the refusal, and why.
int guard_check(const struct guard_policy *policy, const struct guard_head *head,
                const char **ret_why);
// A path as it was sent: begins with one slash, no empty, "." or ".." segments, and nothing that would need decoding.
bool guard_path_is_plain(struct sv target);
bool guard_is_reading(struct sv method); // GET or HEAD

#endif
