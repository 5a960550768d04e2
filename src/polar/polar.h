// SPDX-License-Identifier: Apache-2.0
// polar.h - Polar's API as till uses it: who is this token, what may it read, and pages of tables. GET only: no function here could write.
//
// What is asked and what the answers mean: docs/polar.md. polar-version is pinned (api_version). When the service has retired it, which looks like
// 404 {"detail":"Not Found"} without a Polar-Version header, the request is sent once more without the header; if that works, the header
// stays off for this struct polar.
#ifndef TILL_POLAR_POLAR_H
#define TILL_POLAR_POLAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "http/http.h"
#include "model/model.h"

enum { POLAR_ID_BYTES = 37, POLAR_NAME_BYTES = 256, POLAR_SCOPES_BYTES = 256 };

// ---- the token itself, offline ----
enum polar_token_shape {
    POLAR_TOKEN_GOOD,
    POLAR_TOKEN_BAD_CHECKSUM, // right shape, wrong checksum: probably a typo; the server does not check it, so this only warns
    POLAR_TOKEN_BAD_SHAPE, // cannot be an organization access token; refused
};
// ret_why gets one sentence that never quotes the token ("it has 52 characters, an organization access token has 53").
enum polar_token_shape polar_token_check(struct sv token, char ret_why[static 256]);

// ---- the service ----
struct polar; // opaque; owns a struct http
struct polar_options {
    const char *url;            // base, without a trailing slash: "https://api.polar.sh"
    const struct secret *token; // copied
    const char *api_version;    // "2026-10"
    struct http_options http;
};
enum till_code polar_open(const struct polar_options *options, struct polar **ret_polar,
                          struct till_error *e) TILL_MUSTUSE;
void polar_close(struct polar *polar); // accepts NULL
struct http_statistics polar_statistics(const struct polar *polar);
// http_share_budget(): one file for one organization, as soon as it is known.
enum till_code polar_share_budget(struct polar *polar, const char *path,
                                  struct till_error *e) TILL_MUSTUSE;
int64_t polar_clock_offset_seconds(
    const struct polar *polar); // server's Date minus ours, from the newest answer
bool polar_version_fell_back(const struct polar *polar, char ret_version[static 32]);

enum polar_access { POLAR_HELD, POLAR_MISSING, POLAR_UNKNOWN };
struct polar_probe {
    const struct table *table;
    enum polar_access access;
    int64_t row_count;                        // total_count; -1 when unknown
    char accepted_scopes[POLAR_SCOPES_BYTES]; // from WWW-Authenticate when missing: "orders:read"
    struct till_error error;                  // when unknown: why
};
struct polar_identity {
    char organization_id[POLAR_ID_BYTES];     // "" when no row of any table told it
    char organization_name[POLAR_NAME_BYTES]; // "" without organizations:read
    char organization_slug[POLAR_NAME_BYTES];
    struct polar_probe probes[TABLE__COUNT]; // by table id, optional ones included
    bool
        has_more_than_needed; // it also opens lists that till never reads: a narrower token is enough
    char more_than_needed[POLAR_SCOPES_BYTES]; // "files, members"
    int requests;
};
// One request alone first (cold-token bucket), then one probe for each table. AUTH when the token is not accepted (401).
enum till_code polar_identify(struct polar *polar, struct polar_identity *ret_identity,
                              struct till_error *e) TILL_MUSTUSE;
// One request that only says whether this token works here: OK or AUTH or NETWORK... (used to find out a token of the other environment)
enum till_code polar_knock(struct polar *polar, struct till_error *e) TILL_MUSTUSE;

// ---- pages ----
struct polar_list {
    const struct table *table;
    int64_t page; // from 1
    int limit;    // <= 100
    const char *
        sorting; // space-separated sort keys, "-created_at" for descending; NULL = the table's walk_sorting
    const char *filter; // extra query text, already encoded, "created_after=..."; NULL = none
    uint64_t tag;
};
struct polar_page {
    uint64_t tag;
    enum till_code
        code; // OK: status 200 with a JSON content type; else error says why (AUTH for 401, and for 403 when Polar itself says so)
    struct till_error error;
    int status;
    bool is_scope_missing; // 403 insufficient_scope
    bool is_gone;          // 404, and Polar itself says that it has no such object
    char accepted_scopes[POLAR_SCOPES_BYTES];
    struct buf body;       // owned; polar_page_release()
    int requests;          // spent on it, retries and redirects included
    int too_many_requests; // 429s among them
};
enum till_code polar_list_submit(struct polar *polar, const struct polar_list *list,
                                 struct till_error *e) TILL_MUSTUSE;
enum till_code polar_list_next(struct polar *polar, struct polar_page *ret_page,
                               struct till_error *e) TILL_MUSTUSE;
size_t polar_pending(const struct polar *polar);
void polar_cancel_all(struct polar *polar);
void polar_page_release(struct polar_page *page);
// GET /v1/<table>/{id}: used to verify a vanished row. *ret_exists false on 404.
enum till_code polar_row_exists(struct polar *polar, const struct table *table, struct sv id,
                                bool *ret_exists, struct till_error *e) TILL_MUSTUSE;
// One row as it is now: GET /v1/<table>/{id}, for tables with has_row_path. The answer comes through polar_list_next(); its body is the object alone.
enum till_code polar_row_submit(struct polar *polar, const struct table *table, struct sv id,
                                uint64_t tag, struct till_error *e) TILL_MUSTUSE;

#endif
