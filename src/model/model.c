// SPDX-License-Identifier: Apache-2.0
// model.c - tables.def expanded three times (columns, dropped fields, tables), and look-ups in the result.
//
// Everything is constant data: no state, no allocation, nothing that can fail. Look-ups are linear: names come from a command line or once
// for each page, never for each value (the decoder remembers where a key led to).
#include "model/model.h"

#include "base/attr.h"

#define TABLE(table_name, ...) static const struct column columns_##table_name[] = {
#define COLUMN(column_name, column_kind, column_flags, column_sentence)                            \
    {#column_name, COLUMN_##column_kind, column_flags, column_sentence},
#define DROPPED(...)
#define TABLE_END                                                                                  \
    }                                                                                              \
    ;
#include "model/tables.def"
#undef TABLE
#undef COLUMN
#undef DROPPED
#undef TABLE_END

#define TABLE(table_name, ...) static const char *const dropped_##table_name[] = {
#define COLUMN(...)
#define DROPPED(field_name, why) #field_name,
#define TABLE_END                                                                                  \
    NULL                                                                                           \
    }                                                                                              \
    ;
#include "model/tables.def"
#undef TABLE
#undef COLUMN
#undef DROPPED
#undef TABLE_END

// One byte for each column, so that offsetof() tells at compile time where the id stands (and that there is one).
#define TABLE(table_name, ...)   struct layout_##table_name {
#define COLUMN(column_name, ...) char column_name;
#define DROPPED(...)
#define TABLE_END                                                                                  \
    }                                                                                              \
    ;
#include "model/tables.def"
#undef TABLE
#undef COLUMN
#undef DROPPED
#undef TABLE_END

#define IN_STEP(sorting, statuses, column, after, before, filter)                                  \
    {                                                                                              \
        sorting, statuses, column, after, before, filter                                           \
    }
static const struct table tables[TABLE__COUNT] = {
#define TABLE(table_name, table_path, table_scope, sorting, key, table_query, flags, steps, cost,  \
              table_sentence)                                                                      \
    [TABLE_##table_name] = {                                                                       \
        .id = TABLE_##table_name,                                                                  \
        .name = #table_name,                                                                       \
        .path = table_path,                                                                        \
        .scope = table_scope,                                                                      \
        .walk_sorting = sorting,                                                                   \
        .walk_key = key,                                                                           \
        .query = table_query,                                                                      \
        .is_optional = ((flags)&TABLE_OPTIONAL) != 0,                                              \
        .has_row_path = ((flags)&TABLE_ROW_PATH) != 0,                                             \
        .rows_vanish = ((flags)&TABLE_ROWS_VANISH) != 0,                                           \
        .in_step = steps,                                                                          \
        .missing_cost = cost,                                                                      \
        .sentence = table_sentence,                                                                \
        .columns = columns_##table_name,                                                           \
        .column_count = TILL_COUNT(columns_##table_name),                                          \
        .id_column = offsetof(struct layout_##table_name, id),                                     \
        .dropped = dropped_##table_name,                                                           \
    },
#define COLUMN(...)
#define DROPPED(...)
#define TABLE_END
#include "model/tables.def"
#undef TABLE
#undef COLUMN
#undef DROPPED
#undef TABLE_END
};
#undef IN_STEP

const struct table *model_table(enum table_id id)
{
    return &tables[id];
}

const struct table *model_table_by_name(struct sv name)
{
    for (size_t i = 0; i < TABLE__COUNT; i++) {
        if (sv_equal(name, sv_of(tables[i].name)))
            return &tables[i];
    }
    return NULL;
}

const struct column *model_column(const struct table *table, struct sv name, size_t *ret_index)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (sv_equal(name, sv_of(table->columns[i].name))) {
            if (ret_index)
                *ret_index = i;
            return &table->columns[i];
        }
    }
    return NULL;
}

size_t model_max_columns(void)
{
    size_t most = 0;
    for (size_t i = 0; i < TABLE__COUNT; i++) {
        if (tables[i].column_count > most)
            most = tables[i].column_count;
    }
    return most;
}

// Only names that the service itself gives to credentials: a merchant's metadata may well hold a harmless key called "token".
#define CREDENTIAL_KEYS(X)                                                                         \
    X("guild_token")                                                                               \
    X("access_token")                                                                              \
    X("client_secret")                                                                             \
    X("refresh_token")                                                                             \
    X("webhook_secret")                                                                            \
    X("intent_client_secret")                                                                      \
    X("member_session_token")                                                                      \
    X("customer_portal_token")                                                                     \
    X("customer_session_token")                                                                    \
    X("payment_processor_metadata")                                                                \
    X("customer_session_client_secret")

bool model_is_credential_key(struct sv key)
{
#define KEY(text) {text, sizeof(text) - 1},
    static const struct sv keys[] = {CREDENTIAL_KEYS(KEY)};
#undef KEY
#define LENGTH(text) | (UINT32_C(1) << (sizeof(text) - 1))
    static const uint32_t lengths = 0 CREDENTIAL_KEYS(LENGTH);
#undef LENGTH
    // Asked for every key of every nested object: most are sorted out by their length alone.
    if (key.len >= 32 || (lengths >> key.len & 1) == 0)
        return false;
    for (size_t i = 0; i < TILL_COUNT(keys); i++) {
        if (sv_equal(key, keys[i]))
            return true;
    }
    return false;
}

const char *column_kind_sql(enum column_kind kind)
{
    switch (kind) {
    case COLUMN_INTEGER:
    case COLUMN_MONEY:
    case COLUMN_BOOLEAN:
        return "INTEGER";
    case COLUMN_ID:
    case COLUMN_TEXT:
    case COLUMN_ENUM:
    case COLUMN_TIMESTAMP:
    case COLUMN_JSON:
        return "TEXT";
    }
    return "TEXT";
}

const char *column_kind_word(enum column_kind kind)
{
    static const char *const words[] = {
        [COLUMN_ID] = "id",
        [COLUMN_TEXT] = "text",
        [COLUMN_ENUM] = "word",
        [COLUMN_INTEGER] = "integer",
        [COLUMN_MONEY] = "money",
        [COLUMN_BOOLEAN] = "boolean",
        [COLUMN_TIMESTAMP] = "timestamp",
        [COLUMN_JSON] = "json",
    };
    return words[kind];
}

static uint64_t real_bits(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_NULL:
        return true;
    case VALUE_INTEGER:
        return a->integer == b->integer;
    case VALUE_REAL: // bit for bit: a stored NaN equals itself, and -0.0 is a change
        return real_bits(a->real) == real_bits(b->real);
    case VALUE_TEXT:
        return sv_equal(a->text, b->text);
    }
    return false;
}

struct sv row_id(const struct row *row)
{
    return row->values[row->table->id_column].text;
}
