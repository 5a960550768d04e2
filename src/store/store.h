// SPDX-License-Identifier: Apache-2.0
// store.h - the only SQL. One interface; SQLite behind it now, PostgreSQL next: every back end passes tests/unit/store/contract_test.c.
//
// Invariants: (1) rows, their changes, the quarantine and the walk's cursor of one page land in one transaction (store_page); (2) a row that left the
// service is marked (till_deleted_at), never removed; (3) mirrored rows and row_changes are enduring, everything else can be rebuilt.
// The file is WAL, one writer at a time, and works in any SQLite tool. Every row is STRICT-typed and named as the API's field.
#ifndef TILL_STORE_STORE_H
#define TILL_STORE_STORE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "model/model.h"

struct store; // opaque

enum store_mode {
    STORE_READ_WRITE, // creates and migrates (backup copy first)
    STORE_READ_ONLY,  // CONFIG with a hint when there is no database yet
};
// A newer schema, a file that is not a database, a corrupt or read-only file, a full disk: STORE, each with its own words and hint.
enum till_code store_open(const char *path, enum store_mode mode, struct store **ret_store,
                          struct till_error *e) TILL_MUSTUSE;
void store_close(struct store *store); // accepts NULL
int store_schema_version(const struct store *store);

// ---- connections: one for each connected service; no secrets here ----
enum { STORE_NAME_BYTES = 64, STORE_TEXT_BYTES = 512 };
struct store_connection {
    char name[STORE_NAME_BYTES];        // "polar"
    char service[STORE_NAME_BYTES];     // "polar"
    char environment[STORE_NAME_BYTES]; // "production", "sandbox"
    char api_url[STORE_TEXT_BYTES];
    char organization_id[STORE_NAME_BYTES];
    char organization_name[STORE_TEXT_BYTES];
    char secret_place[STORE_NAME_BYTES]; // "secret-service", "file", "environment"
    char scopes[STORE_TEXT_BYTES];       // scopes seen to be held, space-separated
    char missing_scopes[STORE_TEXT_BYTES];
    int64_t connected_at_us;
    int64_t
        disconnected_at_us; // 0 = connected; a disconnected one keeps its mirror but reports leave it out
};
enum till_code store_connection_put(struct store *store, const struct store_connection *connection,
                                    struct till_error *e) TILL_MUSTUSE;
enum till_code store_connection_get(struct store *store, const char *name,
                                    struct store_connection *ret_connection, bool *ret_found,
                                    struct till_error *e) TILL_MUSTUSE;
enum till_code store_connection_list(struct store *store, struct store_connection *ret_connections,
                                     size_t capacity, size_t *ret_count,
                                     struct till_error *e) TILL_MUSTUSE;
// Removes the connection and, with purge, every row of its organization (all tables, changes, walks, quarantine), then gives the space back.
enum till_code store_connection_remove(struct store *store, const char *name, bool purge,
                                       struct till_error *e) TILL_MUSTUSE;

// ---- the state of one table of one organization ----
struct store_table_state {
    bool is_enabled;       // `till tables set T --off`
    int64_t row_count;     // live rows
    int64_t deleted_count; // tombstones
    int64_t quarantined_count;
    int64_t last_started_us, last_finished_us, last_success_us; // 0 = never
    enum till_code last_code;
    char last_error[STORE_TEXT_BYTES];
    int64_t last_added, last_changed, last_removed, last_requests;
    int64_t server_total;   // total_count of the last walk's last page, -1 unknown
    bool is_proven;         // last finished walk: distinct ids = total_count
    int64_t walk_next_page; // 0 = no walk under way
};
enum till_code store_table_state(struct store *store, struct sv organization_id,
                                 const struct table *table, struct store_table_state *ret_state,
                                 struct till_error *e) TILL_MUSTUSE;
enum till_code store_table_enable(struct store *store, struct sv organization_id,
                                  const struct table *table, bool is_enabled,
                                  struct till_error *e) TILL_MUSTUSE;

// ---- walks ----
struct store_walk {
    const struct table *table;
    char organization_id[STORE_NAME_BYTES];
    int64_t walk_id;
    int64_t next_page; // the first page that has not landed
    int64_t started_at_us;
    int64_t seen_count; // distinct ids that have landed, quarantined ones that had an id included
    int64_t
        total_count; // of the newest page, -1 before the first; of a walk just resumed: the highest that its pages told
    int attempt; // from 1
    bool is_resumed;
};
struct store_page_counts {
    int64_t added, changed, unchanged, duplicates, returned,
        quarantined; // returned: a tombstoned row that came back
};
// Resumes the unfinished walk of this table, or begins one. restart drops an unfinished one first.
enum till_code store_walk_begin(struct store *store, struct sv organization_id,
                                const struct table *table, bool restart, int64_t now_us,
                                struct store_walk *ret_walk, struct till_error *e) TILL_MUSTUSE;
// Lands one page in one transaction and moves the cursor (walk->next_page, seen_count, total_count are updated on success only).
// rejects: raw rows to quarantine. AUTH when a row says it belongs to another organization.
struct store_reject {
    struct sv id, raw; // id.ptr may be NULL
    const char *reason;
};
struct store_incoming {
    const struct row *rows;
    size_t row_count;
    const struct store_reject *rejects;
    size_t reject_count;
    int64_t total_count; // as this page says it, -1 when it does not
    bool
        is_again; // this walk has landed these rows before: rows without an id are not kept a second time
};
enum till_code store_page(struct store *store, struct store_walk *walk,
                          const struct store_incoming *incoming, int64_t now_us,
                          struct store_page_counts *ret_counts, struct till_error *e) TILL_MUSTUSE;
// Pages that are already here may share a commit: between these two, store_page() calls land in one transaction, each still with its cursor.
// A page that fails takes the whole batch back (the batch is over then, and the walk structs of its pages must be dropped). Nothing else may
// be called between.
enum till_code store_batch_begin(struct store *store, struct till_error *e) TILL_MUSTUSE;
enum till_code store_batch_end(struct store *store, struct till_error *e) TILL_MUSTUSE;
// After a failure between the two: takes the batch back, where that has not happened yet.
void store_batch_drop(struct store *store);
// Begins the same walk again from page 1 (attempt + 1, nothing seen): rows and total did not agree.
enum till_code store_walk_again(struct store *store, struct store_walk *walk, int64_t now_us,
                                struct till_error *e) TILL_MUSTUSE;
// How many live rows a proven end would mark as deleted, and the ids of up to `capacity` of them (any, ids may be NULL when capacity is 0).
enum till_code store_walk_unseen(struct store *store, const struct store_walk *walk,
                                 char (*ret_ids)[STORE_NAME_BYTES], size_t capacity,
                                 int64_t *ret_count, struct till_error *e) TILL_MUSTUSE;
// Ends the walk. is_proven: rows of the table that it did not see are tombstoned (and their change recorded); else nothing is removed.
enum till_code store_walk_end(struct store *store, struct store_walk *walk, bool is_proven,
                              int64_t now_us, int64_t *ret_removed,
                              struct till_error *e) TILL_MUSTUSE;
// Drops a walk without a result (a table lost its scope).
enum till_code store_walk_drop(struct store *store, struct store_walk *walk,
                               struct till_error *e) TILL_MUSTUSE;

// ---- what a run did, kept as history (table till_runs) and as the table's state ----
struct store_run {
    const struct table *table;
    struct sv organization_id;
    int64_t started_us, finished_us;
    enum till_code code;
    const char *error; // NULL when OK
    int64_t added, changed, removed, unchanged, quarantined, requests, pages;
    int64_t server_total; // -1 unknown
    bool is_proven;
};
enum till_code store_run_put(struct store *store, const struct store_run *run,
                             struct till_error *e) TILL_MUSTUSE;

// ---- reading: for people and reports ----
struct store_column_info {
    const char *name;
    const char *declared_type; // "" for expressions
};
struct store_sink {
    void *context;
    // Called once before the first row. Non-OK stops the query and is returned.
    enum till_code (*columns)(void *context, const struct store_column_info *columns, size_t count,
                              struct till_error *e);
    // values are borrowed until the callback returns. Blobs arrive as text of their bytes in hexadecimal, is_blob is not told.
    enum till_code (*row)(void *context, const struct value *values, size_t count,
                          struct till_error *e);
};
struct store_query {
    const char *sql;                // one statement; more is USAGE
    const struct value *parameters; // bound to ?1, ?2, ...; may be NULL
    size_t parameter_count;
    int64_t timeout_ms;                // 0 = none
    int64_t row_limit;                 // 0 = none
    const volatile sig_atomic_t *stop; // Ctrl-C; may be NULL
    bool is_trusted;                   // ours: no authorizer. People's SQL: false
};
struct store_query_result {
    int64_t row_count;
    bool is_cut; // the row limit ended it
};
// People's SQL runs on a store opened STORE_READ_ONLY behind an authorizer (SELECT, reads and functions without side effects only; no ATTACH, no
// PRAGMA but harmless ones, no load_extension). LIMIT after timeout_ms. USAGE for SQL errors, with the position's words as SQLite gives them.
enum till_code store_query(struct store *store, const struct store_query *query,
                           const struct store_sink *sink, struct store_query_result *ret_result,
                           struct till_error *e) TILL_MUSTUSE;

// ---- health ----
struct store_health {
    bool is_intact; // PRAGMA integrity_check
    char problem[STORE_TEXT_BYTES];
    int64_t file_bytes, free_disk_bytes;
};
enum till_code store_health(struct store *store, struct store_health *ret_health,
                            struct till_error *e) TILL_MUSTUSE;
// The schema as text: CREATE statements with the meanings as comments (golden test, docs).
enum till_code store_schema(struct buf *out, struct till_error *e) TILL_MUSTUSE;

#endif
