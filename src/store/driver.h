// SPDX-License-Identifier: Apache-2.0
// driver.h - what a database must be able to do for this room; private to it.
//
// The seam lies at pages, not at rows: a server database pays for each round trip, so it is handed all rows of a page at once, while
// SQLite loops over them. Everything that is not a dialect stays above the seam: which row is new, changed or back (page.c), what a walk
// has seen (walk.c), connections, states and runs (connections.c, tables.c). The last three use execute() with SQL that SQLite and
// PostgreSQL both understand; its parameters are written ?1, ?2, ... A driver may rewrite them.
#ifndef TILL_STORE_DRIVER_H
#define TILL_STORE_DRIVER_H

#include <stdint.h>

#include "base/arena.h"
#include "model/model.h"
#include "store/store.h"

struct store_db; // of the driver

// A row as the database holds it. Text is borrowed until the visitor returns.
struct store_stored {
    int64_t key; // the database's own number of the row; stable as long as store_driver.epoch() is
    struct sv organization_id;
    struct value synced_at, deleted_at, extra;
    const struct value *values; // in column order
};

// A row to write. The driver sets key and is_present; the planner in page.c the rest.
struct store_item {
    const struct row *row;
    struct sv organization_id;
    int64_t key;
    bool is_present; // rows_insert: it was there already. rows_read: it was found
    bool is_seen;    // marks_insert: this walk had seen it before
    unsigned char plan;
};

struct store_change {
    struct sv row_id;
    const char *column_name;
    struct value old_value, new_value;
};

typedef enum till_code store_visit(void *context, size_t index, const struct store_stored *stored,
                                   struct till_error *e);
typedef enum till_code store_row_callback(void *context, const struct value *values, size_t count,
                                          struct till_error *e);

struct store_result {
    store_row_callback *row; // may be NULL
    void *context;
    int64_t changed_count; // rows inserted, updated or deleted
};

enum { STORE_TIME_BYTES = 28 }; // YYYY-MM-DDTHH:MM:SS.ffffffZ and a NUL

struct store_driver {
    const char *name;
    enum till_code (*open)(const char *path, enum store_mode mode, struct store_db **ret_db,
                           struct till_error *e);
    void (*close)(struct store_db *db);
    const char *(*path)(const struct store_db *db);
    int (*schema_version)(const struct store_db *db);

    // One write transaction at a time, never nested. rollback never fails and may be called without one.
    enum till_code (*begin)(struct store_db *db, struct till_error *e);
    enum till_code (*commit)(struct store_db *db, struct till_error *e);
    void (*rollback)(struct store_db *db);

    // One statement. result may be NULL. Statements whose text lives for ever (is_static) are kept prepared.
    enum till_code (*execute)(struct store_db *db, const char *sql, bool is_static,
                              const struct value *parameters, size_t count,
                              struct store_result *result, struct till_error *e);
    // The same for many narrow rows, at half the cost of each: a statement that lives for ever, "SELECT till_row(a, b) FROM ...", whose every call of
    // till_row() is one row for result->row, in the order of the scan. May run within itself.
    enum till_code (*stream)(struct store_db *db, const char *sql, const struct value *parameters,
                             size_t count, struct store_result *result, struct till_error *e);

    // Inserts those items[i] for which pick(plan) is true and that are not there; sets key or is_present.
    enum till_code (*rows_insert)(struct store_db *db, const struct table *table,
                                  struct store_item *items, size_t count, unsigned char plan,
                                  struct sv now, struct till_error *e);
    // Calls visit for each item with this plan that the database holds, after setting its key and is_present.
    enum till_code (*rows_read)(struct store_db *db, const struct table *table,
                                struct store_item *items, size_t count, unsigned char plan,
                                store_visit *visit, void *context, struct till_error *e);
    // Writes all columns of one row by key and clears till_deleted_at.
    enum till_code (*row_update)(struct store_db *db, const struct table *table,
                                 const struct store_item *item, struct sv now,
                                 struct till_error *e);
    // Marks keys as seen by the walk; sets is_seen of those that were marked already. Items with key 0 are left out.
    enum till_code (*marks_insert)(struct store_db *db, int64_t walk_id, struct store_item *items,
                                   size_t count, struct till_error *e);
    enum till_code (*marks_delete)(struct store_db *db, int64_t walk_id, struct till_error *e);
    // Live rows of the organization that the walk has not marked: counts them; result gets id of at most `limit` of them.
    enum till_code (*unseen_count)(struct store_db *db, const struct table *table,
                                   struct sv organization_id, int64_t walk_id, int64_t *ret_count,
                                   struct till_error *e);
    enum till_code (*unseen_list)(struct store_db *db, const struct table *table,
                                  struct sv organization_id, int64_t walk_id, int64_t limit,
                                  struct store_result *result, struct till_error *e);
    // Marks them as deleted and records that in row_changes.
    enum till_code (*unseen_bury)(struct store_db *db, const struct table *table,
                                  struct sv organization_id, int64_t walk_id, struct sv now,
                                  int64_t *ret_count, struct till_error *e);
    // One row at a place, from 0 (the first) to below 1 (the last), of the whole table: result gets id, organization_id, till_deleted_at; nothing
    // when the table is empty. A few look-ups, whatever the table's size.
    enum till_code (*row_at)(struct store_db *db, const struct table *table, double place,
                             struct store_result *result, struct till_error *e);
    // Changes when the database may have renumbered rows or their tables were altered: marks of older epochs are void.
    enum till_code (*epoch)(struct store_db *db, int64_t *ret_epoch, struct till_error *e);
    // Gives the space of removed rows back and leaves no trace of them in the file. Outside of a transaction.
    enum till_code (*reclaim)(struct store_db *db, struct till_error *e);

    // From now on commit returns only when the disk has it.
    enum till_code (*make_durable)(struct store_db *db, struct till_error *e);

    enum till_code (*query)(struct store_db *db, const struct store_query *query,
                            const struct store_sink *sink, struct store_query_result *ret_result,
                            struct till_error *e);
    enum till_code (*data_version)(struct store_db *db, int64_t *ret_version, struct till_error *e);
    enum till_code (*health)(struct store_db *db, struct store_health *ret_health,
                             struct till_error *e);
};
extern const struct store_driver store_driver_sqlite;

struct store {
    const struct store_driver *driver;
    struct store_db *db;
    enum store_mode mode;
    bool is_in_batch;                 // store_batch_begin(): pages share a transaction
    bool expects_known[TABLE__COUNT]; // most rows of this table's last page were there already
    struct arena arena;               // of the page that is landing
};

// ---- helpers that the files of this room share (store.c) ----
struct value store_text(struct sv text); // VALUE_NULL when .ptr is NULL
struct value store_c_text(const char *text);
struct value store_integer(int64_t integer);
struct value store_time(int64_t unix_us,
                        char place[static STORE_TIME_BYTES]); // 0 is NULL; place holds the text
// As the bounds of a range of times: what is no time is before, or behind, all of them.
struct value store_time_from(int64_t unix_us, char place[static STORE_TIME_BYTES]);
struct value store_time_to(int64_t unix_us, char place[static STORE_TIME_BYTES]);
int64_t store_time_of(const struct value *value);                      // 0 for NULL
int64_t store_integer_of(const struct value *value);                   // 0 for NULL
void store_copy(char *place, size_t bytes, const struct value *value); // cuts; "" for NULL

struct sv store_cut(struct sv text, size_t bytes); // at a character boundary
enum till_code store_take_integer(void *context, const struct value *values, size_t count,
                                  struct till_error *e); // a store_row_callback; context: int64_t

enum till_code store_execute(struct store *store, const char *sql, const struct value *parameters,
                             size_t count, struct store_result *result, struct till_error *e);
// See store_driver.stream.
enum till_code store_stream(struct store *store, const char *sql, const struct value *parameters,
                            size_t count, struct store_result *result, struct till_error *e);
// store_execute() with a statement that was written for the occasion.
enum { STORE_SQL_BYTES = 64 * 1024 };
enum till_code store_execute_made(struct store *store, const struct buf *sql,
                                  const struct value *parameters, size_t count,
                                  struct store_result *result, struct till_error *e);
enum till_code store_begin(struct store *store, struct till_error *e);
// Commits when code is OK, else rolls back; returns the first failure.
enum till_code store_finish(struct store *store, enum till_code code, struct till_error *e);
// The row of till_tables exists afterwards.
enum till_code store_table_touch(struct store *store, struct sv organization_id,
                                 const struct table *table, struct till_error *e);
bool store_table_has_organization(const struct table *table, size_t *ret_column);
const char *store_id_name(const struct table *table); // the column with the row's id
// live and deleted: how many more there are; either may be negative.
enum till_code store_table_count(struct store *store, struct sv organization_id,
                                 const struct table *table, int64_t live, int64_t deleted,
                                 struct till_error *e);

// Words by which orders_by_customer_id finds orders AS t of the customers in the JSON array ?1; their whole ids are to be compared as well.
#define STORE_OF_CUSTOMERS                                                                         \
    "substr(t.customer_id, 1, 8) IN (SELECT substr(value, 1, 8) FROM json_each(?1)) AND "
enum { STORE_CUSTOMER_BYTES = 8 };

// USAGE when it cannot be one.
enum till_code store_check_organization(struct sv organization_id, struct till_error *e);

// ---- step.c ----
// SELECT column, with an order and a ceiling, and count(*), of the same rows.
struct store_ids_query {
    const char *column;
    const struct buf *from; // " FROM ... WHERE ..."
    const char *order;
    const struct value *parameters;
    size_t parameter_count;
};
enum till_code store_ids_ask(struct store *store, const struct store_ids_query *query,
                             size_t capacity, struct arena *arena, struct store_ids *ret_ids,
                             struct till_error *e);

// ---- hints.c, inside of a transaction ----
enum till_code store_hints_land(struct store *store, struct sv organization_id,
                                const struct store_hint *hints, size_t count, struct sv now,
                                struct till_error *e);
// The hint of one row is fulfilled when it is not newer than asked_at (.ptr NULL: whatever its age).
enum till_code store_hint_fulfil(struct store *store, struct sv organization_id,
                                 const struct table *table, struct sv row_id, struct sv asked_at,
                                 struct till_error *e);
enum till_code store_hints_exist(struct store *store, struct sv organization_id,
                                 const struct table *table, bool *ret_exist, struct till_error *e);

#endif
