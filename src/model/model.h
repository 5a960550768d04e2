// SPDX-License-Identifier: Apache-2.0
// model.h - the tables that till mirrors, as data: tables.def expanded into descriptors.
//
// One list (model/tables.def) feeds the schema (store), the decoder (decode), the endpoints and probes (polar), help, docs/schema.md and tests.
// A row from the service is a struct row: one struct value per column, in column order. Text in values is borrowed from the
// arena of the page it came from.
#ifndef TILL_MODEL_MODEL_H
#define TILL_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sv.h"

// What a column holds, how it is checked when decoded, and how it is stored.
enum column_kind {
    COLUMN_ID, // uuid text; lower-cased
    COLUMN_TEXT,
    COLUMN_ENUM, // text; unknown members are stored as they come
    COLUMN_INTEGER,
    COLUMN_MONEY, // INTEGER, minor units of the row's currency (platform_fee_amount: of platform_fee_currency)
    COLUMN_BOOLEAN,   // INTEGER 0/1
    COLUMN_TIMESTAMP, // TEXT, base/timestamp.h's stored form
    COLUMN_JSON, // TEXT, compact JSON of an object or array, credentials removed (model_is_credential_key)
};

enum column_flags {
    COLUMN_NOT_NULL =
        1 << 0, // a row without it is quarantined; others store NULL when the key is absent or null
    COLUMN_PERSONAL = 1 << 1, // personal data
    COLUMN_EMBEDDED =
        1
        << 2, // a copy of another object's current state: stored, but a change of it alone is not a change of the row
    COLUMN_VOLATILE = 1 << 3, // differs at each read: stored with the row, never compared
};

struct column {
    const char *name; // of the column and of the API's field
    enum column_kind kind;
    unsigned flags;       // enum column_flags
    const char *sentence; // for docs and help
};

enum table_id {
#define TABLE(name, ...) TABLE_##name,
#define COLUMN(...)
#define DROPPED(...)
#define TABLE_END
#include "model/tables.def"
#undef TABLE
#undef COLUMN
#undef DROPPED
#undef TABLE_END
    TABLE__COUNT
};

enum table_flags {
    TABLE_OPTIONAL = 1 << 0,    // not one of the eight
    TABLE_ROW_PATH = 1 << 1,    // one row can be asked for by id
    TABLE_ROWS_VANISH = 1 << 2, // deleted rows leave the list
};

// How a table is kept in step without reading all of it (sync/step.c).
struct in_step {
    const char *head_sorting; // sorting values that bring the newest rows first
    const char *moving; // values of status that change by themselves, space-separated; "" = none
    const char *due_column; // timestamp that announces a change of an active row; "" = none
    const char *after_filter,
        *before_filter; // query parameters that cut walk_key, both exclusive; "" = none
    const char *
        batch_filter; // query parameter (and column) by which many rows are read in one request: "id", "customer_id"; "" = none
};

struct table {
    enum table_id id;
    const char *name;  // SQL name, and the word on the command line
    const char *path;  // "/v1/orders/"
    const char *scope; // "orders:read": the read-only scope that is asked for
    const char *
        walk_sorting; // sorting values of a full walk, space-separated: "created_at invoice_number"
    const char *walk_key; // column that the walk is ordered by
    const char *query;    // fixed further query text ("source=system"), "" when none
    bool
        is_optional; // not one of the eight: synced when the token holds its scope, and nobody is told when it does not
    bool has_row_path; // GET <path without the slash>/{id} exists (not for refunds)
    bool
        rows_vanish; // Polar deletes such rows from the list (customers, benefits); others only come and change
    struct in_step in_step;
    const char *missing_cost; // what is lost without the scope: "no revenue and no orders"
    const char *sentence;     // what a row is
    const struct column *columns;
    size_t column_count;
    size_t id_column;
    const char *const *dropped; // fields that are never stored (live credentials), NULL-terminated
};

const struct table *model_table(enum table_id id);
const struct table *model_table_by_name(struct sv name); // NULL when unknown
const struct column *model_column(const struct table *table, struct sv name, size_t *ret_index);
// Largest column_count of all tables.
size_t model_max_columns(void);
// JSON keys that are cut out at any depth before anything is stored ("client_secret", "guild_token", ...).
bool model_is_credential_key(struct sv key);
// Column kind as SQL type ("TEXT", "INTEGER") and as a word for docs ("timestamp").
const char *column_kind_sql(enum column_kind kind);
const char *column_kind_word(enum column_kind kind);

enum value_type { VALUE_NULL, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT };

struct value {
    enum value_type type;
    union {
        int64_t integer;
        double real;
        struct sv text;
    };
};

struct row {
    const struct table *table;
    struct value *values; // column_count of them
    struct sv
        extra; // till_extra: compact JSON object of the fields without a column; .ptr NULL when there were none
    struct sv
        organization_id; // of the row itself or of its customer; .ptr NULL when it does not say
};

bool value_equal(const struct value *a, const struct value *b);
struct sv row_id(const struct row *row);

#endif
