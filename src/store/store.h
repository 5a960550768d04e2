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

#include "base/arena.h"
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
// The same file once more, to be read beside `store`, by another thread.
enum till_code store_open_beside(const struct store *store, struct store **ret_store,
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
enum store_method { STORE_INCREMENTAL, STORE_FULL };
const char *store_method_word(enum store_method method); // "incremental", "full"
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
    // keeping in step
    enum store_method method; // as `tables set --method` says
    int64_t every_ms;         // as `tables set --every` says; 0 = the default
    enum store_method last_method;
    int64_t
        fresh_us; // start of the last run that went well: the table is as Polar was then; 0 = never
    int64_t last_full_us; // end of the last proven full walk; 0 = never
    int64_t
        failure_count; // runs that failed since the last that went well; interrupted ones do not count
    int64_t hint_count; // rows that are known to have changed and wait to be read again
    int64_t
        unmirrored_count; // quarantined rows (with an id) that are not mirrored as live: the service counts them too
};
enum till_code store_table_state(struct store *store, struct sv organization_id,
                                 const struct table *table, struct store_table_state *ret_state,
                                 struct till_error *e) TILL_MUSTUSE;
enum till_code store_table_enable(struct store *store, struct sv organization_id,
                                  const struct table *table, bool is_enabled,
                                  struct till_error *e) TILL_MUSTUSE;

// every_ms 0 = the default. Rows of the state that is not there yet are made.
enum till_code store_table_schedule(struct store *store, struct sv organization_id,
                                    const struct table *table, enum store_method method,
                                    int64_t every_ms, struct till_error *e) TILL_MUSTUSE;

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
// A row that is known to have changed, or to be missing, and is to be read again.
struct store_hint {
    const struct table *table;
    struct sv row_id;
    const char *
        source; // "event", "webhook", "copy" (another row's copy of it differs), "state" (it was in motion)
};
enum store_landing {
    STORE_LAND_NEWEST, // the service's present state: writes whatever differs, takes a tombstone away
    STORE_LAND_IF_NEWER, // an older telling of it (webhooks): a stored row with a later modified_at stays (null = oldest), a tombstone stays
    STORE_LAND_MISSING,  // copies from inside other rows: written only where no such row is stored
    STORE_LAND_GONE, // the same, for rows that have left their own list: written with till_deleted_at
};
struct store_incoming {
    const struct row *rows;
    size_t row_count;
    const struct store_reject *rejects;
    size_t reject_count;
    int64_t total_count; // as this page says it, -1 when it does not
    bool
        is_again; // this walk has landed these rows before: rows without an id are not kept a second time
    // What these rows tell about others: kept as hints in the same transaction.
    const struct store_hint *hints;
    size_t hint_count;
    int64_t
        asked_us; // when the rows were asked for: hints of these rows that are not newer are fulfilled; 0 = leave hints alone
    enum store_landing mode; // store_rows() only
};
enum till_code store_page(struct store *store, struct store_walk *walk,
                          const struct store_incoming *incoming, int64_t now_us,
                          struct store_page_counts *ret_counts, struct till_error *e) TILL_MUSTUSE;
// Lands rows outside of a walk, in one transaction: no cursor, no marks, else as store_page(). total_count is not looked at. Rows that come or come back
// (modes NEWEST and IF_NEWER) while a walk of the table is under way are not taken for deleted by its end. Rows that the mode skips count as unchanged.
enum till_code store_rows(struct store *store, struct sv organization_id, const struct table *table,
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

// ---- keeping in step without a walk ----
// Which of these ids have no row (live or marked) in the table: ret_is_missing[i]. Cheap: one look-up each.
enum till_code store_rows_missing(struct store *store, const struct table *table,
                                  const struct sv *ids, size_t count, bool *ret_is_missing,
                                  struct till_error *e) TILL_MUSTUSE;
// Marks one live row as deleted (it was asked for by id and is gone): with its change, the counts, its hint and its quarantine.
// *ret_was_live false: there was nothing to mark.
enum till_code store_row_bury(struct store *store, struct sv organization_id,
                              const struct table *table, struct sv id, int64_t now_us,
                              bool *ret_was_live, struct till_error *e) TILL_MUSTUSE;
// Ids in the arena, oldest hint first, at most capacity; *ret_total counts all.
struct store_ids {
    struct sv *ids;
    size_t count;
    int64_t total;
};
enum till_code store_hints(struct store *store, struct sv organization_id,
                           const struct table *table, size_t capacity, struct arena *arena,
                           struct store_ids *ret_ids, struct till_error *e) TILL_MUSTUSE;
enum till_code store_hints_put(struct store *store, struct sv organization_id,
                               const struct store_hint *hints, size_t count, int64_t now_us,
                               struct till_error *e) TILL_MUSTUSE;
// All hints of a table that are not newer than this are fulfilled (a proven walk has read every row).
enum till_code store_hints_drop(struct store *store, struct sv organization_id,
                                const struct table *table, int64_t asked_us,
                                struct till_error *e) TILL_MUSTUSE;
// Live rows whose status is one of table->in_step.moving: they change by themselves. Newest first. Read through a partial index, whatever the table's size.
enum till_code store_moving(struct store *store, struct sv organization_id,
                            const struct table *table, size_t capacity, struct arena *arena,
                            struct store_ids *ret_ids, struct till_error *e) TILL_MUSTUSE;
// Live rows (status active or trialing) whose table->in_step.due_column lies in (from, to]: the service is about to change them, or has.
struct store_span {
    int64_t from_us, to_us;
};
enum till_code store_due(struct store *store, struct sv organization_id, const struct table *table,
                         struct store_span span, size_t capacity, struct arena *arena,
                         struct store_ids *ret_ids, struct till_error *e) TILL_MUSTUSE;
// Live rows at random (the seed decides), without repetition, by look-ups, never by a scan of a large table; at most 1,000. Fewer than asked for when the
// organization has only few among many rows of others.
enum till_code store_sample(struct store *store, struct sv organization_id,
                            const struct table *table, size_t capacity, uint64_t seed,
                            struct arena *arena, struct store_ids *ret_ids,
                            struct till_error *e) TILL_MUSTUSE;
// One column of stored rows by id, in the arena; VALUE_NULL where there is no row. For table->in_step.batch_filter.
enum till_code store_column_of(struct store *store, const struct table *table, const char *column,
                               const struct sv *ids, size_t count, struct arena *arena,
                               struct value *ret_values, struct till_error *e) TILL_MUSTUSE;
// The largest value of table->walk_key among the organization's rows; 0 = none.
enum till_code store_newest(struct store *store, struct sv organization_id,
                            const struct table *table, int64_t *ret_us,
                            struct till_error *e) TILL_MUSTUSE;

// Rows (live) whose table->walk_key lies between two moments, both exclusive; INT64_MIN and INT64_MAX = no bound.
enum till_code store_count_between(struct store *store, struct sv organization_id,
                                   const struct table *table, int64_t after_us, int64_t before_us,
                                   int64_t *ret_count, struct till_error *e) TILL_MUSTUSE;

// ---- row_changes: what changed and when it was seen ----
struct store_change_row { // text borrowed until the callback returns
    int64_t id;
    struct sv organization_id, table_name, row_id, column_name;
    struct value old_value, new_value;
    int64_t seen_us;
};
typedef enum till_code store_change_callback(void *context, const struct store_change_row *change,
                                             struct till_error *e);
enum till_code store_change_newest(struct store *store, int64_t *ret_id,
                                   struct till_error *e) TILL_MUSTUSE;
// Changes with id > after_id, in order; table and row_id may be NULL / .ptr NULL for all.
enum till_code store_changes(struct store *store, struct sv organization_id,
                             const struct table *table, struct sv row_id, int64_t after_id,
                             store_change_callback *callback, void *context,
                             struct till_error *e) TILL_MUSTUSE;
// Forgets changes seen before this moment. Only by the user's setting (history_days). When nothing is left, ids begin at 1 again.
enum till_code store_changes_prune(struct store *store, int64_t before_us, int64_t *ret_count,
                                   struct till_error *e) TILL_MUSTUSE;

// ---- webhooks: the inbox ----
struct store_webhook {
    char organization_id[STORE_NAME_BYTES];
    char webhook_id[STORE_NAME_BYTES]; // of the header: the same on every retry
    char type[STORE_NAME_BYTES];       // "order.paid"
    struct sv body;                    // without credentials
    int64_t occurred_us, received_us;
};
// From now on a commit of this store returns only when the disk has it (else a power cut may lose the newest ones).
enum till_code store_make_durable(struct store *store, struct till_error *e) TILL_MUSTUSE;
// Keeps it. *ret_is_new false: this webhook_id was kept before, nothing is written. At most TILL_LIMIT_WEBHOOKS wait: beyond it LIMIT.
enum till_code store_webhook_put(struct store *store, const struct store_webhook *webhook,
                                 bool *ret_is_new, struct till_error *e) TILL_MUSTUSE;
// The oldest that has not been applied; *ret_found false when none. body in the arena.
enum till_code store_webhook_next(struct store *store, struct sv organization_id,
                                  struct arena *arena, struct store_webhook *ret_webhook,
                                  bool *ret_found, struct till_error *e) TILL_MUSTUSE;
// Applied (problem NULL), or set aside with its problem. The body is dropped either way, the id is kept for TILL_LIMIT_WEBHOOK_DAYS.
enum till_code store_webhook_done(struct store *store, const struct store_webhook *webhook,
                                  const char *problem, int64_t now_us,
                                  struct till_error *e) TILL_MUSTUSE;

// When the newest came that is about money (orders, refunds, subscriptions, checkouts), applied or not, among the last ones of all; 0 = none.
enum till_code store_webhook_newest(struct store *store, struct sv organization_id,
                                    int64_t *ret_received_us, struct till_error *e) TILL_MUSTUSE;

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
    enum store_method method;
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

// ---- changes by others ----
// A number that is another one after each commit of another connection (of any process); it means something only beside earlier ones of this store.
enum till_code store_data_version(struct store *store, int64_t *ret_version,
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
