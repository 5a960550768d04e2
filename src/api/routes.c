// SPDX-License-Identifier: Apache-2.0
// routes.c - routes.def as a table, and what stands in it under a method and a path.
#include <string.h>

#include "api/api.h"

static const struct api_route_info routes[API__COUNT] = {
#define ROUTE(id, method, path, kind, cache_s, parameters, sentence)                               \
    {API_##id, #id, API_##method, path, API_##kind, cache_s, parameters, sentence},
#include "api/routes.def"
#undef ROUTE
};

const struct api_route_info *api_route_info(enum api_route route)
{
    return &routes[route];
}

bool api_route_find(struct sv method, struct sv path, enum api_route *ret_route,
                    bool *ret_path_is_known)
{
    static const char *const words[] = {
        [API_GET] = "GET", [API_POST] = "POST", [API_DELETE] = "DELETE"};
    struct sv asked = sv_equal(method, SV("HEAD")) ? SV("GET") : method;
    *ret_path_is_known = false;
    for (size_t i = 0; i < API__COUNT; i++) {
        if (!sv_equal(path, sv_of(routes[i].path)))
            continue;
        *ret_path_is_known = true;
        if (!sv_equal(asked, sv_of(words[routes[i].method])))
            continue;
        *ret_route = routes[i].id;
        return true;
    }
    return false;
}

int api_http_status(enum till_code code)
{
    switch (code) {
    case TILL_OK:
        return 200;
    case TILL_USAGE:
        return 400;
    case TILL_AUTH:
        return 401;
    case TILL_CONFIG:
        return 409;
    case TILL_LIMIT:
    case TILL_CANCELED:
        return 503;
    case TILL_NETWORK:
    case TILL_REMOTE:
    case TILL_FORMAT:
    case TILL_STORE:
    case TILL_MEMORY:
    case TILL_PARTIAL:
    case TILL_STALE:
    case TILL_CODE__COUNT:
        break;
    }
    return 500;
}
