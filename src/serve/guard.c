// SPDX-License-Identifier: Apache-2.0
// guard.c - the rules, as plain functions over the words of a head, so that a table of attacks can test them.
//
// Allow-lists only. A Host is taken apart into name and port, its trailing dot and its case forgotten, and compared with names that we know; what does not
// parse is refused. The Origin of a request that changes something must be the very Host that it was sent to, whatever the scheme: a proxy before us may
// speak https. Sec-Fetch-Site, where a browser sends it, must say that the request comes from our own page.
#include "serve/guard.h"

#include <string.h>

bool guard_is_reading(struct sv method)
{
    return sv_equal(method, SV("GET")) || sv_equal(method, SV("HEAD"));
}

struct host {
    struct sv name; // without trailing dot; IPv6 without brackets
    int64_t port;   // 0 = none
};

static bool take_port(struct sv rest, int64_t *ret_port)
{
    if (rest.len == 0)
        return true;
    if (rest.ptr[0] != ':' || rest.len < 2 || rest.len > 6 || rest.ptr[1] < '0' ||
        rest.ptr[1] > '9')
        return false;
    return sv_to_int64((struct sv){rest.ptr + 1, rest.len - 1}, ret_port) && *ret_port > 0 &&
           *ret_port <= UINT16_MAX;
}

static bool parse_host(struct sv text, struct host *ret_host)
{
    struct host host = {.port = 0};
    struct sv rest;
    if (text.len == 0 || text.len > 255)
        return false;
    if (text.ptr[0] == '[') {
        const char *end = memchr(text.ptr, ']', text.len);
        if (!end)
            return false;
        host.name = (struct sv){text.ptr + 1, (size_t)(end - text.ptr) - 1};
        rest = (struct sv){end + 1, text.len - host.name.len - 2};
    } else {
        const char *colon = memchr(text.ptr, ':', text.len);
        size_t len = colon ? (size_t)(colon - text.ptr) : text.len;
        rest = (struct sv){text.ptr + len, text.len - len};
        host.name = (struct sv){text.ptr, len};
        if (len > 1 && text.ptr[len - 1] == '.')
            host.name.len--;
    }
    if (host.name.len == 0 || !take_port(rest, &host.port))
        return false;
    *ret_host = host;
    return true;
}

static bool has_our_port(const struct guard_policy *policy, int64_t port)
{
    return port == policy->port || (port == 0 && policy->port == 80);
}

static bool is_known_host(const struct guard_policy *policy, struct sv text)
{
    static const char *const own[] = {"localhost", "127.0.0.1", "::1"};
    struct host host, allowed;
    if (!parse_host(text, &host))
        return false;
    bool is_own = policy->address && sv_equal_ignoring_case(host.name, sv_of(policy->address));
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        is_own = is_own || sv_equal_ignoring_case(host.name, sv_of(own[i]));
    if (is_own && has_our_port(policy, host.port))
        return true;
    for (size_t i = 0; i < policy->allowed_count; i++) {
        if (!parse_host(sv_of(policy->allowed_hosts[i]), &allowed) ||
            !sv_equal_ignoring_case(host.name, allowed.name))
            continue;
        if (allowed.port != 0 ? host.port == allowed.port
                              : host.port == 0 || host.port == policy->port)
            return true;
    }
    return false;
}

static bool is_our_origin(struct sv origin, struct sv host)
{
    static const struct sv schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (sv_starts_with(origin, schemes[i]) &&
            sv_equal_ignoring_case(
                (struct sv){origin.ptr + schemes[i].len, origin.len - schemes[i].len}, host))
            return true;
    }
    return false;
}

static bool is_our_site(struct sv site)
{
    return !site.ptr || sv_equal(site, SV("same-origin")) || sv_equal(site, SV("none"));
}

int guard_check(const struct guard_policy *policy, const struct guard_head *head,
                const char **ret_why)
{
    *ret_why = "";
    if (head->host_count != 1 || !head->host.ptr) {
        *ret_why = "a request needs one Host header";
        return 400;
    }
    if (!is_known_host(policy, head->host)) {
        *ret_why = "this server is not known by that name";
        return 403;
    }
    if (guard_is_reading(head->method)) {
        if (head->is_page || is_our_site(head->site))
            return 0;
        *ret_why = "another site may not read this";
        return 403;
    }
    if ((head->origin.ptr && !is_our_origin(head->origin, head->host)) ||
        !is_our_site(head->site)) {
        *ret_why = "another site may not change anything here";
        return 403;
    }
    if (!head->mark.ptr || !sv_equal(head->mark, SV("page"))) {
        *ret_why = "a request that changes something needs the header X-Till: page";
        return 403;
    }
    return 0;
}

bool guard_path_is_plain(struct sv target)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/";
    struct sv rest, part;
    if (target.len == 0 || target.ptr[0] != '/')
        return false;
    for (size_t i = 0; i < target.len; i++) {
        if (target.ptr[i] == '\0' || !strchr(letters, target.ptr[i]))
            return false;
    }
    rest = (struct sv){target.ptr + 1, target.len - 1};
    while (rest.len > 0 && sv_split(&rest, '/', &part)) {
        if (part.len == 0 || sv_equal(part, SV(".")) || sv_equal(part, SV("..")))
            return false;
    }
    return target.len == 1 || target.ptr[target.len - 1] != '/';
}
