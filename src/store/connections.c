// SPDX-License-Identifier: Apache-2.0
// connections.c - connected services, and the removal of one with all that was mirrored for it.
//
// A purge removes the rows of an organization only when no other connection has the same one. Its space is given back afterwards, which
// also rewrites the file: nothing of the removed rows stays in it. A failure of that last step (a full disk) fails the call, though the
// rows are gone by then: whoever asked for a purge must know that traces may be left.
#include "store/driver.h"

#include <string.h>

#include "base/attr.h"
#include "base/limits.h"

#define CONNECTION_COLUMNS                                                                         \
    "name, service, environment, api_url, organization_id, organization_name, secret_place,"       \
    " scopes, missing_scopes, connected_at, disconnected_at"
enum { CONNECTION_COLUMN_COUNT = 11 };

enum till_code store_connection_put(struct store *store, const struct store_connection *connection,
                                    struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_connections(" CONNECTION_COLUMNS ")"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT(name) DO UPDATE SET"
        " service = excluded.service, environment = excluded.environment, api_url = "
        "excluded.api_url,"
        " organization_id = excluded.organization_id, organization_name = "
        "excluded.organization_name,"
        " secret_place = excluded.secret_place, scopes = excluded.scopes,"
        " missing_scopes = excluded.missing_scopes, connected_at = excluded.connected_at,"
        " disconnected_at = excluded.disconnected_at";
    char connected_at[STORE_TIME_BYTES], disconnected_at[STORE_TIME_BYTES];
    struct value values[] = {
        store_c_text(connection->name),
        store_c_text(connection->service),
        store_c_text(connection->environment),
        store_c_text(connection->api_url),
        store_c_text(connection->organization_id),
        store_c_text(connection->organization_name),
        store_c_text(connection->secret_place),
        store_c_text(connection->scopes),
        store_c_text(connection->missing_scopes),
        store_time(connection->connected_at_us, connected_at),
        store_time(connection->disconnected_at_us, disconnected_at),
    };
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

struct listing {
    struct store_connection *connections;
    size_t count, capacity;
};

static enum till_code take_connection(void *context, const struct value *values, size_t count,
                                      struct till_error *e)
{
    struct listing *listing = context;
    if (count != CONNECTION_COLUMN_COUNT)
        return TILL_FAIL(e, TILL_STORE, 0, "a connection has %zu columns", count);
    if (listing->count < listing->capacity) {
        struct store_connection *to = &listing->connections[listing->count];
        store_copy(to->name, sizeof to->name, &values[0]);
        store_copy(to->service, sizeof to->service, &values[1]);
        store_copy(to->environment, sizeof to->environment, &values[2]);
        store_copy(to->api_url, sizeof to->api_url, &values[3]);
        store_copy(to->organization_id, sizeof to->organization_id, &values[4]);
        store_copy(to->organization_name, sizeof to->organization_name, &values[5]);
        store_copy(to->secret_place, sizeof to->secret_place, &values[6]);
        store_copy(to->scopes, sizeof to->scopes, &values[7]);
        store_copy(to->missing_scopes, sizeof to->missing_scopes, &values[8]);
        to->connected_at_us = store_time_of(&values[9]);
        to->disconnected_at_us = store_time_of(&values[10]);
    }
    listing->count++;
    return TILL_OK;
}

enum till_code store_connection_get(struct store *store, const char *name,
                                    struct store_connection *ret_connection, bool *ret_found,
                                    struct till_error *e)
{
    static const char sql[] = "SELECT " CONNECTION_COLUMNS " FROM till_connections WHERE name = ?1";
    struct store_connection connection = {0};
    struct listing listing = {&connection, 0, 1};
    struct value key = store_c_text(name);
    struct store_result result = {.row = take_connection, .context = &listing};
    enum till_code code = store_execute(store, sql, &key, 1, &result, e);
    if (code)
        return code;
    *ret_found = listing.count > 0;
    if (*ret_found)
        *ret_connection = connection;
    return TILL_OK;
}

enum till_code store_connection_list(struct store *store, struct store_connection *ret_connections,
                                     size_t capacity, size_t *ret_count, struct till_error *e)
{
    static const char sql[] = "SELECT " CONNECTION_COLUMNS " FROM till_connections ORDER BY name";
    struct listing listing = {ret_connections, 0, capacity};
    struct store_result result = {.row = take_connection, .context = &listing};
    enum till_code code = store_execute(store, sql, NULL, 0, &result, e);
    if (code)
        return code;
    if (listing.count > capacity)
        return TILL_FAIL(e, TILL_LIMIT, (long)listing.count,
                         "there are %zu connections, at most %zu are expected", listing.count,
                         capacity);
    *ret_count = listing.count;
    return TILL_OK;
}

static enum till_code purge_mirrored(struct store *store, const struct value *organization,
                                     struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < TABLE__COUNT && code == TILL_OK; i++) {
        AUTO_BUF sql;
        buf_init(&sql, 256);
        buf_format(&sql, "DELETE FROM %s WHERE organization_id = ?1",
                   model_table((enum table_id)i)->name);
        code = buf_fail(&sql, "the statement", e);
        if (code == TILL_OK)
            code = store->driver->execute(store->db, sql.data, false, organization, 1, NULL, e);
    }
    return code;
}

static enum till_code purge(struct store *store, const struct value *organization,
                            struct till_error *e)
{
    static const char *const statements[] = {
        "DELETE FROM row_changes WHERE organization_id = ?1",
        "DELETE FROM till_quarantine WHERE organization_id = ?1",
        "DELETE FROM till_walk_rows WHERE walk_id IN (SELECT walk_id FROM till_walks WHERE "
        "organization_id = ?1)",
        "DELETE FROM till_walk_rejects WHERE walk_id IN (SELECT walk_id FROM till_walks WHERE "
        "organization_id = ?1)",
        "DELETE FROM till_walk_spared WHERE walk_id IN (SELECT walk_id FROM till_walks WHERE "
        "organization_id = ?1)",
        "DELETE FROM till_walks WHERE organization_id = ?1",
        "DELETE FROM till_runs WHERE organization_id = ?1",
        "DELETE FROM till_hints WHERE organization_id = ?1",
        "DELETE FROM till_webhooks WHERE organization_id = ?1",
        "DELETE FROM till_packed WHERE organization_id = ?1",
        "DELETE FROM till_packed_bills WHERE organization_id = ?1",
        "DELETE FROM digest_log WHERE organization_id = ?1",
        "DELETE FROM till_tables WHERE organization_id = ?1",
    };
    enum till_code code = purge_mirrored(store, organization, e);
    for (size_t i = 0; i < TILL_COUNT(statements) && code == TILL_OK; i++)
        code = store_execute(store, statements[i], organization, 1, NULL, e);
    return code;
}

enum till_code store_connection_remove(struct store *store, const char *name, bool is_purge,
                                       struct till_error *e)
{
    static const char remove[] = "DELETE FROM till_connections WHERE name = ?1";
    static const char others[] = "SELECT count(*) FROM till_connections WHERE organization_id = ?1";
    struct store_connection connection = {0};
    bool is_found = false;
    int64_t other_count = 0;
    struct store_result counted = {.row = store_take_integer, .context = &other_count};
    enum till_code code = store_begin(store, e);
    if (code)
        return code;
    code = store_connection_get(store, name, &connection, &is_found, e);
    struct value key = store_c_text(name), organization = store_c_text(connection.organization_id);
    if (code == TILL_OK)
        code = store_execute(store, remove, &key, 1, NULL, e);
    if (code == TILL_OK)
        code = store_execute(store, others, &organization, 1, &counted, e);
    bool is_purged = is_purge && is_found && other_count == 0;
    if (code == TILL_OK && is_purged)
        code = purge(store, &organization, e);
    code = store_finish(store, code, e);
    if (code == TILL_OK && is_purged) {
        code = store->driver->reclaim(store->db, e);
        if (code)
            (void)till_error_context(e,
                                     "all rows were removed, but traces may be left in the file");
    }
    return code;
}
