// SPDX-License-Identifier: Apache-2.0
// api.h - the dashboard's API without a server: a question in (route and parameters), one JSON document out, over a read-only store.
//
// No sockets, no threads, no writing, no clock but the one that is given. Several threads may ask at once when each has its own store and its own zone.
// Routes are routes.def, parameters parameters.def; docs/api.md and docs/openapi.json are made of them. Times are RFC 3339 in UTC, but for the beginnings
// of periods, which are said in the question's zone; money is minor units beside a currency.
#ifndef TILL_API_API_H
#define TILL_API_API_H

#include <signal.h>

#include "base/clock.h"
#include "base/zone.h"
#include "store/store.h"

enum api_route {
#define ROUTE(id, ...) API_##id,
#include "api/routes.def"
#undef ROUTE
    API__COUNT
};
enum api_method { API_GET, API_POST, API_DELETE };
enum api_kind {
    API_READ, // api_answer() answers
    API_WORK, // another till process does it
    API_OWN,  // the server answers by itself
};
struct api_route_info {
    enum api_route id;
    const char *name; // "list_orders"
    enum api_method method;
    const char *path; // "/api/list/orders"
    enum api_kind kind;
    int cache_s;            // how long an answer of the same database may be given again; 0 = never
    const char *parameters; // names, separated by spaces
    const char *sentence;
};
const struct api_route_info *api_route_info(enum api_route route);
// False when there is none. *ret_path_is_known: the path exists, with other methods at least (405, not 404). HEAD asks as GET.
bool api_route_find(struct sv method, struct sv path, enum api_route *ret_route,
                    bool *ret_path_is_known);

struct api_parameter {
    struct sv name, value; // decoded UTF-8 without NUL
};
// Parses a query string (without '?') or an urlencoded form into the arena. USAGE for what is malformed, or beyond TILL_LIMIT_API_PARAMETERS or
// TILL_LIMIT_API_PARAMETER_BYTES.
enum till_code api_parameters(struct sv text, struct arena *arena,
                              const struct api_parameter **ret_parameters, size_t *ret_count,
                              struct till_error *e) TILL_MUSTUSE;

struct api_question {
    enum api_route route;
    const struct api_parameter *parameters;
    size_t parameter_count;
    struct sv body; // of API_query: the statement
    const struct clock *clock;
    const struct zone *zone; // the configured one; ?timezone= replaces it
    int64_t default_every_ms;
    const volatile sig_atomic_t *stop; // ends long work; may be NULL
};
// Are these parameters of the route, each in its form? For every kind of route. USAGE names the one that is not.
enum till_code api_check(const struct api_question *question, struct till_error *e) TILL_MUSTUSE;
// The first value of that name; .ptr NULL when there is none, or it is empty.
struct sv api_value(const struct api_question *question, const char *name);

// Appends one JSON document and a line end; on failure out holds what it held. USAGE: a parameter (named), or the statement of API_query. CONFIG: nothing
// is connected, or not mirrored yet. LIMIT: too slow or too large. CANCELED: stop. Routes of other kinds are USAGE.
enum till_code api_answer(struct store *store, const struct api_question *question, struct buf *out,
                          struct till_error *e) TILL_MUSTUSE;
// {"error":{"class":"usage","text":"...","hint":"..."}}
void api_error_json(struct buf *out, const struct till_error *e);
// The status of HTTP that belongs to a class; 500 for those that an API question does not end with.
int api_http_status(enum till_code code);

#endif
