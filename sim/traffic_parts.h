// SPDX-License-Identifier: Apache-2.0
// traffic_parts.h - what the files of the traffic services share.
#ifndef SIM_TRAFFIC_PARTS_H
#define SIM_TRAFFIC_PARTS_H

#include "query.h"
#include "server_core.h"
#include "server_json.h"
#include "traffic.h"
#include "traffic_world.h"

#include <yyjson.h>

enum {
    TRAFFIC_SECRET_BYTES = 64,
    TRAFFIC_ZONE_BYTES = 64,
    TRAFFIC_PENDING_MAX = 32,
    TRAFFIC_TOKENS_MAX = 256,
    TRAFFIC_CODES_MAX = 32,
    TRAFFIC_VALUE_BYTES = 128,
    TRAFFIC_ID_BYTES = 40,
};

// Calls in an hour and in a minute; 0 = no limit. Windows begin with their first call.
struct traffic_limit {
    int64_t an_hour, a_minute;
    int64_t hour_began_ms, minute_began_ms, in_hour, in_minute;
};

struct posthog_pending { // an answer that waits to be polled
    char id[TRAFFIC_ID_BYTES];
    struct sim_out answer;
    unsigned status; // of the last poll
    int64_t polls;   // before that
};

struct posthog {
    char good[TRAFFIC_SECRET_BYTES], project_secret[TRAFFIC_SECRET_BYTES],
        no_scope[TRAFFIC_SECRET_BYTES], other_project[TRAFFIC_SECRET_BYTES],
        phc[TRAFFIC_SECRET_BYTES], eu[TRAFFIC_SECRET_BYTES];
    int64_t project_id;
    char zone[TRAFFIC_ZONE_BYTES];
    struct traffic_limit limit;
    char organization[TRAFFIC_ID_BYTES];
    int64_t most_running, running; // queries at a time; 0 = any number
    int64_t async_polls; // > 0: blocking queries too are answered 202, and done after so many polls
    struct posthog_pending pending[TRAFFIC_PENDING_MAX];
    uint64_t query_count;
};

enum google_token_kind { GOOGLE_ACCESS, GOOGLE_REFRESH };

struct google_token {
    enum google_token_kind kind;
    char token[TRAFFIC_SECRET_BYTES];
    int64_t expires_s; // by the service's clock
    bool is_revoked;
};

struct google_code { // of a consent, until it is exchanged
    char code[TRAFFIC_SECRET_BYTES], challenge[TRAFFIC_SECRET_BYTES];
    char redirect[256];
};

struct google {
    struct google_key *key; // the service account's; NULL until it is asked for
    char key_id[TRAFFIC_ID_BYTES], client_email[TRAFFIC_VALUE_BYTES],
        client_id[TRAFFIC_VALUE_BYTES], client_secret[TRAFFIC_SECRET_BYTES];
    struct google_token tokens[TRAFFIC_TOKENS_MAX];
    struct google_code codes[TRAFFIC_CODES_MAX];
    uint64_t token_count, code_count;
    bool is_denied, has_no_sites;
    struct traffic_limit limit;
    uint16_t port;
};

struct plausible {
    char key[TRAFFIC_SECRET_BYTES], no_plan[TRAFFIC_SECRET_BYTES];
    char zone[TRAFFIC_ZONE_BYTES];
    struct traffic_limit limit;
};

struct umami {
    char website[TRAFFIC_ID_BYTES], user[TRAFFIC_ID_BYTES], password[TRAFFIC_SECRET_BYTES],
        api_key[TRAFFIC_SECRET_BYTES], token[TRAFFIC_SECRET_BYTES];
    int64_t version;
};

struct traffic {
    pthread_mutex_t lock;
    struct posthog posthog;
    struct google google;
    struct plausible plausible;
    struct umami umami;
    int64_t clock_shift_s; // the services' clocks are so far off
};

// One request on its way through a service.
struct traffic_call {
    struct traffic *traffic;
    const struct sim_world *world;
    enum traffic_service service;
    const struct request *request;
    struct reply *reply;
    struct sim_out *out; // the reply's body
    struct query query;
    yyjson_val *body; // the request's, NULL when it is no JSON
    bool is_empty;    // the plan asks for no rows
};

void posthog_answer(struct traffic_call *call);
void google_answer(struct traffic_call *call);
void plausible_answer(struct traffic_call *call);
void umami_answer(struct traffic_call *call);
// The service's own body for a status; `name` tells errors of one status apart ("" = the usual one).
void posthog_error(struct traffic *traffic, struct reply *reply, unsigned status, const char *name);
void google_error(struct traffic *traffic, struct reply *reply, unsigned status, const char *name);
void plausible_error(struct traffic *traffic, struct reply *reply, unsigned status,
                     const char *name);
void umami_error(struct traffic *traffic, struct reply *reply, unsigned status, const char *name);

// traffic_google_key.c: the service account's key pair.
struct google_key;
struct google_key *google_key_new(void); // NULL on failure
void google_key_free(struct google_key *key);
// Appends the private key as PKCS #8 PEM.
bool google_key_print(const struct google_key *key, struct sim_out *out);
// RS256. False without a key.
bool google_key_verify(const struct google_key *key, const char *text, size_t length,
                       const unsigned char *signature, size_t signature_length);

// traffic_google_token.c
void google_answer_consent(struct traffic_call *call);
void google_answer_token(struct traffic_call *call);
// The live access token in the header; false otherwise.
bool google_is_known(struct traffic_call *call);

// traffic_hogql.c: the queries that the fake understands.
enum hogql_kind {
    HOGQL_DAY,
    HOGQL_HOUR,
    HOGQL_VALUE,
    HOGQL_VISITORS,
    HOGQL_SESSIONS,
    HOGQL_PAGEVIEWS,
    HOGQL_BOUNCES,
    HOGQL_ONE
};
enum { HOGQL_COLUMNS_MAX = 16, HOGQL_PROBLEM = 256 };
struct hogql_column {
    enum hogql_kind kind;
    enum traffic_dimension dimension;
    char name[48];
};
struct hogql {
    struct hogql_column columns[HOGQL_COLUMNS_MAX];
    size_t column_count;
    bool is_one, is_sessions; // SELECT 1; FROM sessions
    int64_t from_us, to_us, limit, offset;
    char problem[HOGQL_PROBLEM]; // why it is refused
};
// False with `problem` set.
bool hogql_read(const char *text, const struct metrics_zone *zone, struct hogql *ret);
// Appends the query with its {placeholders} filled in from `values`, as constants, and a NUL. False with a problem.
bool hogql_fill(const char *text, yyjson_val *values, struct sim_out *out,
                char ret_problem[static HOGQL_PROBLEM]);

// The service's time, in seconds since 1970.
int64_t traffic_now_s(const struct traffic *traffic);
// A value of the request's body, NULL when it is no text.
const char *traffic_body_text(const struct traffic_call *call, const char *name);
// Seconds to wait, 0 when the call may go on.
int64_t traffic_limited(struct traffic_limit *limit);
// Adds Retry-After.
void traffic_retry_after(struct reply *reply, int64_t seconds);
// `prefix` and random text.
bool traffic_secret(char ret[static TRAFFIC_SECRET_BYTES], const char *prefix, size_t count);
bool traffic_uuid(char ret[static TRAFFIC_ID_BYTES]);
// Appends a value of the row, null when it has none.
void traffic_print_value(struct sim_out *out, const struct traffic_row *row,
                         enum traffic_dimension dimension);
// "2026-08-20T13:00:00+02:00", with Z for UTC.
void traffic_print_time(struct sim_out *out, const struct metrics_zone *zone, int64_t at_us);
// Asks the world, unless the plan wants no rows. False with a 500 in the reply.
bool traffic_call_ask(struct traffic_call *call, const struct traffic_question *question,
                      struct traffic_rows *ret);

#endif
