// SPDX-License-Identifier: Apache-2.0
// query.h - query strings and the values in them, with FastAPI's complaints.
//
// A query is parsed once into name/value pairs (decoded, in order). Reading a value out of it either succeeds or appends one object to a
// list of problems, which becomes the body of a 422. Nothing here knows the tables; server_rules.c does.
#ifndef SIM_QUERY_H
#define SIM_QUERY_H

#include "world.h"

struct query_pair {
    const char *name;
    const char *value;
};

struct query {
    struct query_pair *pairs;
    size_t count;
    char *text; // owns what the pairs point to
};

// Decodes `raw` (what follows the '?', NULL for none). False when memory ran out or a ceiling was passed.
bool query_init(struct query *query, const char *raw);
void query_release(struct query *query);
// The last value with this name (as Starlette takes it), NULL when there is none.
const char *query_last(const struct query *query, const char *name);

// Decodes %XX of a path or a query component in place; '+' becomes a space when `plus_is_space`.
void query_decode(char *text, bool plus_is_space);

struct query_problems {
    struct sim_out json; // the array's elements, comma-separated
    size_t count;
};
void query_problems_release(struct query_problems *problems);
// Adds one problem. `tail` and `context` are JSON text to put after the location and into "ctx", NULL for none. `input` NULL prints null.
struct query_problem {
    const char *type;
    const char *place; // "query" or "path"
    const char *name;
    const char *tail;
    const char *message;
    const char *input;
    const char *context;
};
void query_problems_add(struct query_problems *problems, const struct query_problem *problem);
// Appends the whole 422 body.
void query_problems_body(const struct query_problems *problems, struct sim_out *out);

// Where a value stands, for the location of a problem.
struct query_place {
    const char *place;
    const char *name;
    const char *tail;
};

// Each returns false and adds a problem when the value is not acceptable.
// An integer above zero; values beyond int64 saturate at INT64_MAX, as Python has no ceiling.
bool query_read_positive(const struct query_place *place, const char *value, int64_t *ret_number,
                         struct query_problems *problems);
bool query_read_bool(const struct query_place *place, const char *value, bool *ret_flag,
                     struct query_problems *problems);
// Microseconds since 1970 UTC. A datetime without a zone is UTC, or a problem when `must_be_aware`.
bool query_read_datetime(const struct query_place *place, const char *value, bool must_be_aware,
                         int64_t *ret_us, struct query_problems *problems);
// Days since 1970 of a date, or of a datetime without a time of day.
bool query_read_date(const struct query_place *place, const char *value, int64_t *ret_day,
                     struct query_problems *problems);
enum { QUERY_UUID_BYTES = 37 };
// A version 4 UUID, written back in lower case with hyphens.
bool query_read_uuid(const struct query_place *place, const char *value,
                     char ret_uuid[static QUERY_UUID_BYTES], struct query_problems *problems);
// One of `names` (NULL-terminated); each may also stand with a leading '-' when `is_sorting`.
bool query_read_enum(const struct query_place *place, const char *value, const char *const *names,
                     bool is_sorting, struct query_problems *problems);

#endif
