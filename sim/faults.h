// SPDX-License-Identifier: Apache-2.0
// faults.h - the fault plan: which requests go wrong, and how. The JSON form is described in README.md.
//
// A plan is a list of rules. Each rule counts the requests that match it and fires on some of them; the first rule that fires decides.
// Chance is seeded: the same requests in the same order meet the same faults.
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include "server_limits.h"
#include "world.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_STATUS,      // another answer altogether
    FAULT_REDIRECT,    // to `text`
    FAULT_RESET,       // a TCP reset after `at_bytes` of the body
    FAULT_TRUNCATE,    // the connection ends after `at_bytes` of the body that was promised
    FAULT_CHUNK_CUT,   // the same with chunked encoding: no last chunk
    FAULT_STALL,       // `ms` of silence after `at_bytes`
    FAULT_TRICKLE,     // `rate` bytes a second
    FAULT_SLOW,        // `ms` of silence before the first byte
    FAULT_GARBAGE,     // a body that is wrong in the way of `variant`
    FAULT_DRIFT,       // a Date header that is `seconds` off
    FAULT_REPEAT_PAGE, // the page before the one that was asked for
    FAULT_KIND__COUNT
};

enum garbage_variant {
    GARBAGE_HTML,         // an HTML page with status 200
    GARBAGE_CONTENT_TYPE, // the right body labelled `text`
    GARBAGE_INVALID_UTF8, // a byte 0xFF inside a string
    GARBAGE_NUL,          // \u0000 inside a string
    GARBAGE_DEPTH_BOMB,   // `size` opening brackets
    GARBAGE_HUGE,         // a body of `size` bytes that never makes sense, made on the way
    GARBAGE_HALF,         // the first half of the body, properly ended
    GARBAGE_GZIP,         // gzip that nobody asked for
    GARBAGE_NOT_OBJECT,   // [1,2,3]
    GARBAGE_EMPTY_BODY,   // nothing
    GARBAGE_EMPTY_ITEMS,  // no items, the same pagination
    GARBAGE_WRONG_TOTAL,  // total_count and max_page moved by `seconds`
    GARBAGE_NO_PAGINATION,
    GARBAGE_DUPLICATE_ROWS, // the first row once more at the end, in place of the last
    GARBAGE_MISSING_ID,     // row `row` without its id
    GARBAGE_WRONG_TYPES,    // row `row`: every text a number, every number a text
    GARBAGE_UNKNOWN,        // row `row`: enums never heard of, a field never heard of
    GARBAGE_SET,            // row `row`: field `field` is the JSON text `text`
    GARBAGE_REMOVE,         // row `row` without field `field`
    GARBAGE_NOT_ROW,        // row `row` is a number
    GARBAGE_VARIANT__COUNT
};

struct fault_action {
    enum fault_kind kind;
    enum garbage_variant variant;
    unsigned status;
    int64_t retry_after_s; // -1 = no header
    bool is_retry_date;    // Retry-After as an HTTP date
    bool is_chunked;
    int64_t at_bytes, rate, size, ms, seconds, row; // row -1 = all
    char field[64];
    char text[FAULT_TEXT_BYTES]; // body, location, content type or JSON value; empty = the default
};

// What a rule may look at.
struct fault_request {
    unsigned environment; // 0 production, 1 sandbox, then the traffic services
    const char *path;     // decoded
    const char *table;    // NULL when the path is no list
    int64_t page;         // 0 when the path is no list
};

struct fault_plan; // opaque; may be used from several threads

struct fault_plan *fault_plan_new(void); // an empty one; NULL when memory ran out
void fault_plan_free(struct fault_plan *plan);
// Replaces all rules by those of the JSON text. On failure the plan is untouched and `ret_reason` says why.
bool fault_plan_load(struct fault_plan *plan, const char *json, size_t length,
                     const char **ret_reason);
// Decides about one request.
struct fault_action fault_plan_decide(struct fault_plan *plan, const struct fault_request *request);
// Appends {"rules":[{"matched":n,"fired":n},...]}.
void fault_plan_counts(struct fault_plan *plan, struct sim_out *out);

// Spoils a rendered body in place. Variants that need no body (html, huge, ...) are the server's business. False when memory ran out.
bool fault_spoil(const struct fault_action *action, struct sim_out *body);

#endif
