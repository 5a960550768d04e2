// SPDX-License-Identifier: Apache-2.0
// store.c - opening, and the small helpers that this room's files share.
//
// Which back end is used is decided here and nowhere else: the rest of the room talks to store->driver. Errors of a driver arrive with
// words and hints already; nothing here adds to them but the place.
#include "store/driver.h"

#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "base/timestamp.h"

_Static_assert((int)STORE_TIME_BYTES == (int)TIMESTAMP_BYTES + 1, "a stored time and its NUL");

enum till_code store_open(const char *path, enum store_mode mode, struct store **ret_store,
                          struct till_error *e)
{
    struct store *store = till_calloc(1, sizeof *store);
    if (!store)
        return TILL_FAIL_MEMORY(e);
    store->driver = &store_driver_sqlite;
    store->mode = mode;
    arena_init(&store->arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = store->driver->open(path, mode, &store->db, e);
    if (code) {
        store_close(store);
        return code;
    }
    *ret_store = store;
    return TILL_OK;
}

enum till_code store_open_beside(const struct store *store, struct store **ret_store,
                                 struct till_error *e)
{
    return store_open(store->driver->path(store->db), STORE_READ_ONLY, ret_store, e);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->db)
        store->driver->close(store->db);
    arena_release(&store->arena);
    till_free(store);
}

int store_schema_version(const struct store *store)
{
    return store->driver->schema_version(store->db);
}

enum till_code store_make_durable(struct store *store, struct till_error *e)
{
    return store->driver->make_durable(store->db, e);
}

enum till_code store_query(struct store *store, const struct store_query *query,
                           const struct store_sink *sink, struct store_query_result *ret_result,
                           struct till_error *e)
{
    if (!query->is_trusted && store->mode != STORE_READ_ONLY)
        return TILL_FAIL(e, TILL_USAGE, 0,
                         "people's queries need a database that was opened for reading only");
    return store->driver->query(store->db, query, sink, ret_result, e);
}

enum till_code store_data_version(struct store *store, int64_t *ret_version, struct till_error *e)
{
    return store->driver->data_version(store->db, ret_version, e);
}

enum till_code store_health(struct store *store, struct store_health *ret_health,
                            struct till_error *e)
{
    return store->driver->health(store->db, ret_health, e);
}

// ---- helpers ----

struct value store_text(struct sv text)
{
    return text.ptr ? (struct value){.type = VALUE_TEXT, .text = text}
                    : (struct value){.type = VALUE_NULL};
}

struct value store_c_text(const char *text)
{
    return store_text(sv_of(text));
}

struct value store_integer(int64_t integer)
{
    return (struct value){.type = VALUE_INTEGER, .integer = integer};
}

struct value store_time(int64_t unix_us, char place[static STORE_TIME_BYTES])
{
    if (unix_us == 0 || !timestamp_format(unix_us, place))
        return (struct value){.type = VALUE_NULL};
    return store_text((struct sv){place, TIMESTAMP_BYTES});
}

struct value store_time_from(int64_t unix_us, char place[static STORE_TIME_BYTES])
{
    struct value value = store_time(unix_us, place);
    return value.type == VALUE_NULL ? store_c_text("") : value;
}

struct value store_time_to(int64_t unix_us, char place[static STORE_TIME_BYTES])
{
    struct value value = store_time(unix_us, place);
    return value.type == VALUE_NULL ? store_c_text("~") : value; // behind every digit
}

int64_t store_time_of(const struct value *value)
{
    int64_t unix_us = 0;
    if (value->type != VALUE_TEXT || !timestamp_parse(value->text, &unix_us))
        return 0;
    return unix_us;
}

int64_t store_integer_of(const struct value *value)
{
    return value->type == VALUE_INTEGER ? value->integer : 0;
}

struct sv store_cut(struct sv text, size_t bytes)
{
    if (text.len <= bytes)
        return text;
    while (bytes > 0 && ((unsigned char)text.ptr[bytes] & 0xc0) == 0x80)
        bytes--;
    return (struct sv){text.ptr, bytes};
}

void store_copy(char *place, size_t bytes, const struct value *value)
{
    struct sv text = value->type == VALUE_TEXT ? store_cut(value->text, bytes - 1) : SV("");
    memcpy(place, text.ptr, text.len);
    place[text.len] = '\0';
}

enum till_code store_execute(struct store *store, const char *sql, const struct value *parameters,
                             size_t count, struct store_result *result, struct till_error *e)
{
    return store->driver->execute(store->db, sql, true, parameters, count, result, e);
}

enum till_code store_stream(struct store *store, const char *sql, const struct value *parameters,
                            size_t count, struct store_result *result, struct till_error *e)
{
    return store->driver->stream(store->db, sql, parameters, count, result, e);
}

enum till_code store_execute_made(struct store *store, const struct buf *sql,
                                  const struct value *parameters, size_t count,
                                  struct store_result *result, struct till_error *e)
{
    enum till_code code = buf_fail(sql, "the statement", e);
    if (code)
        return code;
    return store->driver->execute(store->db, sql->data, false, parameters, count, result, e);
}

enum till_code store_begin(struct store *store, struct till_error *e)
{
    return store->is_in_batch ? TILL_OK : store->driver->begin(store->db, e);
}

enum till_code store_finish(struct store *store, enum till_code code, struct till_error *e)
{
    if (code == TILL_OK && store->is_in_batch)
        return TILL_OK;
    store->is_in_batch = false;
    if (code == TILL_OK)
        code = store->driver->commit(store->db, e);
    if (code)
        store->driver->rollback(store->db);
    return code;
}

enum till_code store_batch_begin(struct store *store, struct till_error *e)
{
    enum till_code code = store_begin(store, e);
    store->is_in_batch = code == TILL_OK;
    return code;
}

enum till_code store_batch_end(struct store *store, struct till_error *e)
{
    if (!store->is_in_batch)
        return TILL_OK;
    store->is_in_batch = false;
    return store_finish(store, TILL_OK, e);
}

void store_batch_drop(struct store *store)
{
    if (!store->is_in_batch)
        return;
    store->is_in_batch = false;
    store->driver->rollback(store->db);
}

bool store_table_has_organization(const struct table *table, size_t *ret_column)
{
    size_t index = 0;
    bool is_there = model_column(table, SV("organization_id"), &index) != NULL;
    if (is_there && ret_column)
        *ret_column = index;
    return is_there;
}

enum till_code store_check_organization(struct sv organization_id, struct till_error *e)
{
    if (organization_id.len > 0 && organization_id.len < STORE_NAME_BYTES)
        return TILL_OK;
    return TILL_FAIL(e, TILL_USAGE, 0, "\"" SV_FORMAT "\" is not an organization's id",
                     SV_ARGS(store_cut(organization_id, STORE_NAME_BYTES)));
}

const char *store_id_name(const struct table *table)
{
    return table->columns[table->id_column].name;
}

enum till_code store_take_integer(void *context, const struct value *values, size_t count,
                                  struct till_error *e)
{
    (void)e;
    if (count > 0)
        *(int64_t *)context = store_integer_of(&values[0]);
    return TILL_OK;
}
