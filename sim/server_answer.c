// SPDX-License-Identifier: Apache-2.0
// server_answer.c - Polar's behaviour for one request, in Polar's order.
//
// edge (injected faults) -> version -> body size -> rate limit -> token -> route or redirect -> method -> subject -> scopes -> parameters.
// How far a request got decides which headers its answer carries: the layers of Polar's middlewares are the enum below, and finish() is
// the one place that adds their headers.
#include "server_core.h"

#include "server_json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum layer {
    LAYER_EDGE,  // before Polar, or a crash inside it: no header of Polar's
    LAYER_OUTER, // version known: Polar-Version
    LAYER_INNER, // the application answered: also Cache-Control and X-Polar-Sandbox
};

enum route_kind {
    ROUTE_NONE,
    ROUTE_LIST,
    ROUTE_GET_ONE,
    ROUTE_EXTERNAL,
    ROUTE_LIMITS,
    ROUTE_METRICS,
    ROUTE_USER_ONLY,
    ROUTE_EMPTY_LIST, // files, members, custom fields: no rows here
    ROUTE_HEALTH
};

struct route {
    enum route_kind kind;
    enum sim_table table;
    const char *id;
};

static const char default_version[] = "2026-04";
static const char *const versions[] = {"2026-04", "2026-10", "2027-01"};

static const char *const one_routes[SIM_TABLE__COUNT] = {
    [SIM_ORGANIZATIONS] = "organizations/{id}",
    [SIM_CUSTOMERS] = "customers/{id}",
    [SIM_PRODUCTS] = "products/{id}",
    [SIM_ORDERS] = "orders/{id}",
    [SIM_SUBSCRIPTIONS] = "subscriptions/{id}",
    [SIM_REFUNDS] = "refunds/{id}",
    [SIM_CHECKOUTS] = "checkouts/{id}",
    [SIM_BENEFITS] = "benefits/{id}",
    [SIM_EVENTS] = "events/{id}",
};

static const char unauthorized[] = "{\"error\":\"Unauthorized\",\"detail\":\"Unauthorized\"}";
static const char not_found[] = "{\"detail\":\"Not Found\"}";
static const char invalid_token[] =
    "The access token provided is expired, revoked, malformed, or invalid for other reasons.";
static const char insufficient_scope[] =
    "The request requires higher privileges than provided by the access token.";

static const char limits_body[] =
    "{\"min_date\":\"2023-01-01\",\"intervals\":{\"hour\":{\"min_days\":0,\"max_days\":7},\"day\":{"
    "\"min_days\":0,\"max_days\":366},"
    "\"week\":{\"min_days\":14,\"max_days\":371},\"month\":{\"min_days\":60,\"max_days\":1460},"
    "\"year\":{\"min_days\":366,\"max_days\":3650}}}";

// Lists that exist on Polar and are empty in this shop; what matters is which scopes open them.
static const struct empty_list {
    const char *path;
    const char *scopes[3];
} empty_lists[] = {
    {"files/", {"files:read", "files:write", NULL}},
    {"members/", {"members:read", "members:write", NULL}},
    {"custom-fields/", {"custom_fields:read", "custom_fields:write", NULL}},
};

static const struct empty_list *find_empty_list(const char *path)
{
    for (size_t i = 0; i < sizeof(empty_lists) / sizeof(*empty_lists); i++) {
        if (strncmp(path, "/v1/", 4) == 0 && strcmp(path + 4, empty_lists[i].path) == 0) {
            return &empty_lists[i];
        }
    }
    return NULL;
}

static const char *known_version(const char *version)
{
    for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
        if (strcmp(version, versions[i]) == 0) {
            return versions[i];
        }
    }
    return NULL;
}

static bool is_user_only(const char *rest)
{
    static const char *const paths[] = {"payouts/", "transactions/search", "transactions/summary",
                                        "users/me", "organization-access-tokens/"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        if (strcmp(rest, paths[i]) == 0) {
            return true;
        }
    }
    return strncmp(rest, "accounts/", 9) == 0 && rest[9] != '\0' && strchr(rest + 9, '/') == NULL;
}

// The route of a path in exactly this slash form.
static struct route find_route(const char *path)
{
    struct route none = {.kind = ROUTE_NONE, .table = SIM_TABLE__COUNT};
    if (strcmp(path, "/healthz") == 0) {
        none.kind = ROUTE_HEALTH;
        return none;
    }
    if (strncmp(path, "/v1/", 4) != 0) {
        return none;
    }
    const char *rest = path + 4;
    if (strcmp(rest, "metrics/limits") == 0 || is_user_only(rest)) {
        none.kind = *rest == 'm' ? ROUTE_LIMITS : ROUTE_USER_ONLY;
        return none;
    }
    if (strcmp(rest, "metrics/") == 0) {
        none.kind = ROUTE_METRICS;
        return none;
    }
    if (find_empty_list(path) != NULL) {
        none.kind = ROUTE_EMPTY_LIST;
        return none;
    }
    const char *slash = strchr(rest, '/');
    enum sim_table table =
        slash != NULL ? table_by_name(rest, (size_t)(slash - rest)) : SIM_TABLE__COUNT;
    if (table == SIM_TABLE__COUNT) {
        return none;
    }
    const char *id = slash + 1;
    if (*id == '\0') {
        return (struct route){ROUTE_LIST, table, NULL};
    }
    if (table == SIM_CUSTOMERS && strncmp(id, "external/", 9) == 0 && id[9] != '\0' &&
        strchr(id + 9, '/') == NULL) {
        return (struct route){ROUTE_EXTERNAL, table, id + 9};
    }
    if (table_rules[table].has_get_one && strchr(id, '/') == NULL) {
        return (struct route){ROUTE_GET_ONE, table, id};
    }
    return none;
}

// True when the other slash form of the path is a route.
static bool has_other_form(const char *path)
{
    size_t length = strlen(path);
    char *other = malloc(length + 2);
    if (other == NULL || length < 2) {
        free(other);
        return false;
    }
    memcpy(other, path, length);
    bool has_slash = path[length - 1] == '/';
    other[has_slash ? length - 1 : length] = '/';
    other[has_slash ? length - 1 : length + 1] = '\0';
    bool is_route = find_route(other).kind != ROUTE_NONE;
    free(other);
    return is_route;
}

static void answer_unauthorized(struct reply *reply)
{
    reply_json(reply, 401, unauthorized);
    reply_header(reply, "WWW-Authenticate", "Bearer realm=\"polar\"");
}

// Authlib's two errors: json.dumps with its default separators, and headers of their own.
static void answer_oauth_error(struct reply *reply, unsigned status, const char *error,
                               const char *description, const char *scopes)
{
    struct sim_out challenge = {0};
    sim_out_format(&challenge, "Bearer realm=\"polar\"");
    if (scopes != NULL) {
        sim_out_format(&challenge, ", scope=\"%s\"", scopes);
    }
    sim_out_format(&challenge, ", error=\"%s\", error_description=\"%s\"", error, description);
    sim_out_append(&challenge, "", 1);
    reply_json(reply, status, "");
    sim_out_format(&reply->body, "{\"error\": \"%s\", \"error_description\": \"%s\"}", error,
                   description);
    if (challenge.failed) {
        reply->body.failed = true;
    } else {
        reply_header(reply, "WWW-Authenticate", challenge.data);
    }
    reply_header(reply, "Cache-Control", "no-store");
    reply_header(reply, "Pragma", "no-cache");
    sim_out_release(&challenge);
}

// True when the caller holds one of the scopes; answers otherwise. The order of the scopes in the challenge is not stable.
static bool has_scope(const struct auth_identity *identity, const char *const *scopes,
                      const struct request *request, struct reply *reply)
{
    if (identity->kind != AUTH_TOKEN) {
        answer_unauthorized(reply);
        return false;
    }
    size_t count = 0;
    for (; scopes[count] != NULL; count++) {
        if ((identity->scopes & auth_scope_bit(scopes[count])) != 0) {
            return true;
        }
    }
    struct sim_out list = {0};
    for (size_t i = 0; i < count; i++) {
        sim_out_format(&list, "%s%s", i > 0 ? " " : "", scopes[(i + request->number) % count]);
    }
    sim_out_append(&list, "", 1);
    answer_oauth_error(reply, 403, "insufficient_scope", insufficient_scope,
                       list.failed ? "" : list.data);
    sim_out_release(&list);
    return false;
}

static bool is_write_method(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0 || strcmp(method, "DELETE") == 0;
}

// A method other than GET on a known route. The shop cannot be written to; who tries is told what Polar would say before trying.
static void answer_other_method(const struct route *route, const struct auth_identity *identity,
                                const struct request *request, struct reply *reply)
{
    if (route->table == SIM_TABLE__COUNT || !is_write_method(request->method)) {
        reply_json(reply, 405, "{\"detail\":\"Method Not Allowed\"}");
        reply_header(reply, "Allow", "GET");
        return;
    }
    struct sim_out scope = {0};
    sim_out_format(&scope, "%s:write", table_rules[route->table].name);
    sim_out_append(&scope, "", 1);
    if (scope.failed) {
        reply->body.failed = true;
    } else if (has_scope(identity, (const char *const[]){scope.data, NULL}, request, reply)) {
        reply_json(reply, 403,
                   "{\"error\":\"NotPermitted\",\"detail\":\"This shop is read-only.\"}");
    }
    sim_out_release(&scope);
}

static void answer_table(struct server *server, struct environment *environment,
                         const struct route *route, const struct auth_identity *identity,
                         const struct request *request, struct reply *reply)
{
    if (!has_scope(identity, table_rules[route->table].scopes, request, reply)) {
        return;
    }
    if (route->kind == ROUTE_LIST) {
        answer_list(server, environment, route->table, request, reply);
    } else if (route->kind == ROUTE_EXTERNAL) {
        answer_external_customer(environment, route->id, reply);
    } else {
        answer_get_one(environment, route->table, route->id, reply);
    }
}

static void answer_metrics_route(struct environment *environment, enum route_kind kind,
                                 const struct auth_identity *identity,
                                 const struct request *request, struct reply *reply)
{
    if (!has_scope(identity, (const char *const[]){"metrics:read", NULL}, request, reply)) {
        return;
    }
    if (kind == ROUTE_LIMITS) {
        reply_json(reply, 200, limits_body);
    } else {
        answer_metrics(environment, request, reply);
    }
}

static const char *route_name(const struct route *route)
{
    static const char *const names[] = {
        [ROUTE_NONE] = "none",
        [ROUTE_LIST] = "",
        [ROUTE_GET_ONE] = "",
        [ROUTE_EXTERNAL] = "customers/external/{external_id}",
        [ROUTE_LIMITS] = "metrics/limits",
        [ROUTE_METRICS] = "metrics",
        [ROUTE_USER_ONLY] = "user_only",
        [ROUTE_EMPTY_LIST] = "empty_list",
        [ROUTE_HEALTH] = "healthz",
    };
    if (route->kind == ROUTE_LIST) {
        return table_rules[route->table].name;
    }
    return route->kind == ROUTE_GET_ONE ? one_routes[route->table] : names[route->kind];
}

static void answer_route(struct server *server, struct environment *environment,
                         const struct auth_identity *identity, const struct request *request,
                         struct reply *reply)
{
    struct route route = find_route(request->path);
    reply->route = route_name(&route);
    if (route.kind == ROUTE_NONE) {
        if (has_other_form(request->path)) {
            reply->route = "redirect";
            reply_redirect(reply, request, environment);
        } else {
            reply_json(reply, 404, not_found);
        }
    } else if (strcmp(request->method, "GET") != 0) {
        answer_other_method(&route, identity, request, reply);
    } else if (route.kind == ROUTE_HEALTH) {
        reply_json(reply, 200, "{\"status\":\"ok\"}");
    } else if (route.kind == ROUTE_USER_ONLY) {
        answer_unauthorized(reply);
    } else if (route.kind == ROUTE_LIMITS || route.kind == ROUTE_METRICS) {
        answer_metrics_route(environment, route.kind, identity, request, reply);
    } else if (route.kind == ROUTE_EMPTY_LIST) {
        if (has_scope(identity, find_empty_list(request->path)->scopes, request, reply)) {
            reply_json(reply, 200,
                       "{\"items\":[],\"pagination\":{\"total_count\":0,\"max_page\":0}}");
        }
    } else {
        answer_table(server, environment, &route, identity, request, reply);
    }
}

// Body limits hold for the methods that carry one. True when the request may go on.
static bool check_body(const struct request *request, struct reply *reply)
{
    bool has_body = strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0 ||
                    strcmp(request->method, "PATCH") == 0;
    if (!has_body) {
        return true;
    }
    if (request->content_length == NULL) {
        reply_json(
            reply, 411,
            "{\"error\":\"LengthRequired\",\"detail\":\"A Content-Length header is required.\"}");
        return false;
    }
    if (strtoull(request->content_length, NULL, 10) > SERVER_REQUEST_BODY_BYTES_MAX) {
        reply_json(
            reply, 413,
            "{\"error\":\"RequestBodyTooLarge\",\"detail\":\"The request body is too large.\"}");
        return false;
    }
    return true;
}

static bool check_rate(struct server *server, const struct environment *environment,
                       const struct request *request, struct reply *reply)
{
    if (!atomic_load(&server->is_limited) || strncmp(request->path, "/v1", 3) != 0) {
        return true;
    }
    struct limiter_caller caller = {environment->index, auth_bearer(request->authorization)};
    struct limiter_verdict verdict = limiter_take(server->limiter, server_now_ms(), &caller);
    if (verdict.is_allowed) {
        return true;
    }
    struct sim_out seconds = {0};
    sim_out_format(&seconds, "%u", verdict.retry_after_s);
    sim_out_append(&seconds, "", 1);
    reply->status = 429;
    reply->content_type = NULL;
    reply_header(reply, "Retry-After", seconds.failed ? "60" : seconds.data);
    sim_out_release(&seconds);
    return false;
}

// From the version to the answer; returns how far the request got.
static enum layer answer_polar(struct server *server, struct environment *environment,
                               const struct request *request, struct reply *reply)
{
    reply->route = "outer";
    if (request->version != NULL && known_version(request->version) == NULL) {
        reply_json(reply, 404, not_found);
        return LAYER_EDGE;
    }
    if (!check_body(request, reply) || !check_rate(server, environment, request, reply)) {
        return LAYER_OUTER;
    }
    struct auth_identity identity =
        auth_identify(server->auth, environment->index, request->authorization);
    if (identity.kind == AUTH_INVALID) {
        answer_oauth_error(reply, 401, "invalid_token", invalid_token, NULL);
        return LAYER_OUTER;
    }
    reply->is_authenticated = identity.kind == AUTH_TOKEN;
    answer_route(server, environment, &identity, request, reply);
    return reply->status == 500 ? LAYER_EDGE : LAYER_INNER;
}

static void finish(const struct environment *environment, const struct request *request,
                   enum layer layer, struct reply *reply)
{
    if (layer >= LAYER_OUTER) {
        reply_header(reply, "Polar-Version",
                     request->version != NULL ? request->version : default_version);
        if (request->is_old_root) {
            reply_header(
                reply, "X-Polar-Deprecation-Notice",
                "The API root has moved from /api/v1 to /v1. Please update your integration.");
        }
    }
    if (layer >= LAYER_INNER) {
        if (reply_header_value(reply, "Cache-Control") == NULL) {
            reply_header(reply, "Cache-Control", "private, no-store");
        }
        if (environment->index == SANDBOX) {
            reply_header(reply, "X-Polar-Sandbox", "1");
        }
    }
}

// The page number in a query that is still encoded, 1 when there is none.
static int64_t raw_page(const char *query)
{
    const char *place = query;
    while (place != NULL && strncmp(place, "page=", 5) != 0) {
        place = strchr(place, '&');
        place = place != NULL ? place + 1 : NULL;
    }
    return place != NULL ? strtoll(place + 5, NULL, 10) : 1;
}

static void answer_fault_status(const struct fault_action *fault, struct reply *reply)
{
    reply->route = "fault";
    reply->status = fault->status;
    if (fault->kind == FAULT_REDIRECT) {
        reply_header(reply, "Location", fault->text);
        return;
    }
    if (fault->status == 500) {
        reply->content_type = "text/plain; charset=utf-8";
        sim_out_text(&reply->body, "Internal Server Error");
    } else if (fault->status >= 501) {
        reply->content_type = "text/html; charset=UTF-8";
        sim_out_format(
            &reply->body,
            "<html>\r\n<head><title>%u</title></head>\r\n<body><h1>%u</h1></body>\r\n</html>\r\n",
            fault->status, fault->status);
    } else if (fault->status != 429) {
        reply_json(reply, fault->status, "{\"detail\":\"Fault\"}");
    }
    if (fault->text[0] != '\0') {
        reply->body.len = 0;
        reply->content_type =
            fault->text[0] == '{' ? "application/json" : "text/html; charset=UTF-8";
        sim_out_text(&reply->body, fault->text);
    }
    if (fault->retry_after_s >= 0 && fault->is_retry_date) {
        char date[32];
        reply_http_date((int64_t)time(NULL) + fault->retry_after_s, date);
        reply_header(reply, "Retry-After", date);
    } else if (fault->retry_after_s >= 0) {
        struct sim_out seconds = {0};
        sim_out_format(&seconds, "%lld", (long long)fault->retry_after_s);
        sim_out_append(&seconds, "", 1);
        reply_header(reply, "Retry-After", seconds.failed ? "1" : seconds.data);
        sim_out_release(&seconds);
    }
}

static void apply_garbage(struct reply *reply)
{
    const struct fault_action *fault = &reply->fault;
    if (!fault_spoil(fault, &reply->body)) {
        reply->body.failed = true;
    }
    if (fault->variant == GARBAGE_HTML) {
        reply->content_type = "text/html; charset=UTF-8";
    } else if (fault->variant == GARBAGE_CONTENT_TYPE) {
        reply->content_type = fault->text[0] != '\0' ? fault->text : "text/plain";
    } else if (fault->variant == GARBAGE_GZIP) {
        reply_header(reply, "Content-Encoding", "gzip");
    } else if (fault->variant == GARBAGE_HUGE) {
        reply->delivery = DELIVER_HUGE;
    }
}

static void finish_fault(struct reply *reply)
{
    if (reply->fault.kind == FAULT_GARBAGE && reply->status == 200) {
        apply_garbage(reply);
    }
    if (reply->fault.kind == FAULT_DRIFT) {
        char date[32];
        reply_http_date((int64_t)time(NULL) + reply->fault.seconds, date);
        reply_header(reply, "Date", date);
    }
}

// A traffic service: any path may be faulty, and the visits are the production shop's.
static void answer_service(struct server *server, struct environment *environment,
                           const struct request *request, struct reply *reply)
{
    enum traffic_service service = (enum traffic_service)(environment->index - ENVIRONMENT_COUNT);
    struct environment *shop = &server->environments[PRODUCTION];
    struct fault_request about = {.environment = environment->index, .path = request->path};
    reply->fault = fault_plan_decide(server->faults, &about);
    reply->route = traffic_service_names[service];
    if (reply->fault.kind == FAULT_REDIRECT) {
        answer_fault_status(&reply->fault, reply);
        return;
    }
    if (reply->fault.kind == FAULT_STATUS) {
        traffic_answer_fault(server->traffic, service, reply);
        return;
    }
    pthread_rwlock_rdlock(&shop->lock);
    traffic_answer(server->traffic, shop->world, service, request, reply);
    pthread_rwlock_unlock(&shop->lock);
    finish_fault(reply);
}

void server_answer(struct server *server, struct environment *environment,
                   const struct request *request, struct reply *reply)
{
    if (strncmp(request->path, "/_sim/", 6) == 0) {
        reply->route = "_sim";
        control_answer(server, environment, request, reply);
        return;
    }
    if (environment->index >= ENVIRONMENT_COUNT) {
        answer_service(server, environment, request, reply);
        return;
    }
    struct route route = find_route(request->path);
    if (strncmp(request->path, "/v1/", 4) == 0) {
        struct fault_request about = {.environment = environment->index, .path = request->path};
        if (route.kind == ROUTE_LIST) {
            about.table = table_rules[route.table].name;
            about.page = raw_page(request->query);
        }
        reply->fault = fault_plan_decide(server->faults, &about);
    }
    if (reply->fault.kind == FAULT_STATUS || reply->fault.kind == FAULT_REDIRECT) {
        answer_fault_status(&reply->fault, reply);
        return;
    }
    enum layer layer = answer_polar(server, environment, request, reply);
    finish(environment, request, layer, reply);
    finish_fault(reply);
}
