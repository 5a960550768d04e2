// SPDX-License-Identifier: Apache-2.0
// walk.c - full walks: where they are, what they saw, how they end.
//
// A walk is one row of till_walks per organization and table; its marks (till_walk_rows) say which mirrored rows it has seen, by the database's
// own row number, which costs eight bytes a row and lands in order. Those numbers hold within one epoch of the database (driver.h): a walk
// whose epoch has passed is begun anew instead of resumed, and cannot end proven. Ids that were seen but not understood and not mirrored are
// kept in till_walk_rejects, so that they count once; ids that came beside the walk (page.c) in till_walk_spared, so that its end spares them.
#include "store/driver.h"

#include <string.h>

#include "base/attr.h"
#include "store/packed.h"

static void walk_keys(const struct store_walk *walk, struct value keys[static 2])
{
    keys[0] = store_c_text(walk->organization_id);
    keys[1] = store_c_text(walk->table->name);
}

struct found_walk {
    struct store_walk *walk;
    int64_t epoch;
    bool is_found;
};

static enum till_code take_walk(void *context, const struct value *values, size_t count,
                                struct till_error *e)
{
    struct found_walk *found = context;
    if (count != 7)
        return TILL_FAIL(e, TILL_STORE, 0, "a walk has %zu columns", count);
    found->walk->walk_id = store_integer_of(&values[0]);
    found->walk->attempt = (int)store_integer_of(&values[1]);
    found->walk->next_page = store_integer_of(&values[2]);
    found->walk->seen_count = store_integer_of(&values[3]);
    found->walk->total_count = store_integer_of(&values[4]);
    found->walk->started_at_us = store_time_of(&values[5]);
    found->epoch = store_integer_of(&values[6]);
    found->is_found = true;
    return TILL_OK;
}

static enum till_code find_walk(struct store *store, struct found_walk *found, struct till_error *e)
{
    static const char sql[] =
        "SELECT walk_id, attempt, next_page, seen_count, total_count, started_at, epoch"
        " FROM till_walks WHERE organization_id = ?1 AND table_name = ?2";
    struct value keys[2];
    struct store_result result = {.row = take_walk, .context = found};
    walk_keys(found->walk, keys);
    return store_execute(store, sql, keys, 2, &result, e);
}

static enum till_code forget_seen(struct store *store, int64_t walk_id, struct till_error *e)
{
    static const char rejects[] = "DELETE FROM till_walk_rejects WHERE walk_id = ?1";
    static const char spared[] = "DELETE FROM till_walk_spared WHERE walk_id = ?1";
    struct value key = store_integer(walk_id);
    enum till_code code = store->driver->marks_delete(store->db, walk_id, e);
    if (code == TILL_OK)
        code = store_execute(store, rejects, &key, 1, NULL, e);
    return code ? code : store_execute(store, spared, &key, 1, NULL, e);
}

static enum till_code forget_walk(struct store *store, int64_t walk_id, struct till_error *e)
{
    static const char sql[] = "DELETE FROM till_walks WHERE walk_id = ?1";
    struct value key = store_integer(walk_id);
    enum till_code code = forget_seen(store, walk_id, e);
    return code ? code : store_execute(store, sql, &key, 1, NULL, e);
}

static enum till_code insert_walk(struct store *store, struct store_walk *walk, int64_t epoch,
                                  struct till_error *e)
{
    static const char insert[] = "INSERT INTO till_walks(organization_id, table_name, attempt, "
                                 "next_page, seen_count, total_count, started_at, epoch)"
                                 " VALUES (?1, ?2, 1, 1, 0, -1, ?3, ?4)";
    char started_at[STORE_TIME_BYTES];
    struct value values[4];
    struct found_walk found = {.walk = walk};
    walk_keys(walk, values);
    values[2] = store_time(walk->started_at_us, started_at);
    if (values[2].type == VALUE_NULL)
        values[2] = store_c_text("1970-01-01T00:00:00.000000Z");
    values[3] = store_integer(epoch);
    enum till_code code = store_table_touch(store, sv_of(walk->organization_id), walk->table, e);
    if (code == TILL_OK)
        code = store_execute(store, insert, values, TILL_COUNT(values), NULL, e);
    return code ? code : find_walk(store, &found, e);
}

enum till_code store_walk_begin(struct store *store, struct sv organization_id,
                                const struct table *table, bool is_restart, int64_t now_us,
                                struct store_walk *ret_walk, struct till_error *e)
{
    struct store_walk walk = {.table = table, .total_count = -1};
    struct value organization = store_text(organization_id);
    int64_t epoch = 0;
    enum till_code code = store_check_organization(organization_id, e);
    if (code)
        return code;
    store_copy(walk.organization_id, sizeof walk.organization_id, &organization);
    struct found_walk found = {.walk = &walk};
    code = store_begin(store, e);
    if (code)
        return code;
    code = store->driver->epoch(store->db, &epoch, e);
    if (code == TILL_OK)
        code = find_walk(store, &found, e);
    walk.is_resumed = found.is_found && !is_restart && found.epoch == epoch;
    if (code == TILL_OK && found.is_found && !walk.is_resumed)
        code = forget_walk(store, walk.walk_id, e);
    if (code == TILL_OK && !walk.is_resumed) {
        walk.started_at_us = now_us;
        code = insert_walk(store, &walk, epoch, e);
    }
    code = store_finish(store, code, e);
    if (code == TILL_OK)
        *ret_walk = walk;
    return code;
}

enum till_code store_walk_again(struct store *store, struct store_walk *walk, int64_t now_us,
                                struct till_error *e)
{
    static const char sql[] = "UPDATE till_walks SET attempt = ?2, next_page = 1, seen_count = 0, "
                              "total_count = -1, epoch = ?3"
                              " WHERE walk_id = ?1";
    static const char nameless[] =
        "DELETE FROM till_quarantine WHERE walk_id = ?1 AND row_id IS NULL"; // they come again
    int64_t epoch = 0;
    (void)now_us; // started_at stays: the walk is the same
    enum till_code code = store_begin(store, e);
    if (code)
        return code;
    code = store->driver->epoch(store->db, &epoch, e);
    if (code == TILL_OK)
        code = forget_seen(store, walk->walk_id, e);
    struct value values[] = {store_integer(walk->walk_id), store_integer(walk->attempt + 1),
                             store_integer(epoch)};
    if (code == TILL_OK)
        code = store_execute(store, nameless, values, 1, NULL, e);
    if (code == TILL_OK)
        code = store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
    code = store_finish(store, code, e);
    if (code)
        return code;
    walk->attempt++;
    walk->next_page = 1;
    walk->seen_count = 0;
    walk->total_count = -1;
    return TILL_OK;
}

struct id_list {
    char (*ids)[STORE_NAME_BYTES];
    size_t count, capacity;
};

static enum till_code take_id(void *context, const struct value *values, size_t count,
                              struct till_error *e)
{
    struct id_list *list = context;
    (void)e;
    if (count > 0 && list->count < list->capacity)
        store_copy(list->ids[list->count++], STORE_NAME_BYTES, &values[0]);
    return TILL_OK;
}

enum till_code store_walk_unseen(struct store *store, const struct store_walk *walk,
                                 char (*ret_ids)[STORE_NAME_BYTES], size_t capacity,
                                 int64_t *ret_count, struct till_error *e)
{
    int64_t count = 0;
    struct id_list list = {ret_ids, 0, capacity};
    struct store_result result = {.row = take_id, .context = &list};
    struct sv organization = sv_of(walk->organization_id);
    enum till_code code =
        store->driver->unseen_count(store->db, walk->table, organization, walk->walk_id, &count, e);
    if (code == TILL_OK && capacity > 0 && count > 0)
        code = store->driver->unseen_list(store->db, walk->table, organization, walk->walk_id,
                                          (int64_t)capacity, &result, e);
    if (code == TILL_OK)
        *ret_count = count;
    return code;
}

static enum till_code check_epoch(struct store *store, struct store_walk *walk,
                                  struct till_error *e)
{
    int64_t epoch = 0;
    struct store_walk copy = *walk;
    struct found_walk found = {.walk = &copy};
    enum till_code code = store->driver->epoch(store->db, &epoch, e);
    if (code == TILL_OK)
        code = find_walk(store, &found, e);
    if (code)
        return code;
    if (found.is_found && copy.walk_id == walk->walk_id && found.epoch == epoch)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_STORE, 0,
                    "the database was altered by another program while %s were read",
                    walk->table->name);
    return till_error_hint(e, "run `till sync %s` again; no row was marked as deleted",
                           walk->table->name);
}

// Rows that nobody sees any more leave the quarantine too: a proven walk has met all that are left. What was read beside the walk since it began
// (walk_id 0) may be newer than what the walk met, and stays.
static enum till_code bury(struct store *store, struct store_walk *walk, struct sv now,
                           int64_t *ret_removed, struct till_error *e)
{
    static const char healed[] =
        "DELETE FROM till_quarantine WHERE organization_id = ?1 AND table_name = ?2 AND walk_id <> "
        "?3 AND (walk_id <> 0 OR row_id IS NULL OR seen_at < ?4)";
    char started_at[STORE_TIME_BYTES];
    struct value values[4];
    struct sv organization = sv_of(walk->organization_id);
    enum till_code code = check_epoch(store, walk, e);
    if (code == TILL_OK)
        code = store->driver->unseen_bury(store->db, walk->table, organization, walk->walk_id, now,
                                          ret_removed, e);
    if (code == TILL_OK)
        code = store_table_count(store, organization, walk->table, -*ret_removed, *ret_removed, e);
    if (code == TILL_OK && *ret_removed > 0 && walk->table->id == TABLE_orders)
        code = store_bills_touch(store, organization, (struct sv){NULL, 0}, e);
    walk_keys(walk, values);
    values[2] = store_integer(walk->walk_id);
    values[3] = store_time(walk->started_at_us, started_at);
    if (values[3].type == VALUE_NULL)
        values[3] = store_c_text("");
    if (code == TILL_OK)
        code = store_execute(store, healed, values, TILL_COUNT(values), NULL, e);
    return code;
}

// An unproven walk has met every row without an id again: what earlier walks kept of them is a repetition.
static enum till_code forget_nameless(struct store *store, const struct store_walk *walk,
                                      struct till_error *e)
{
    static const char sql[] = "DELETE FROM till_quarantine WHERE organization_id = ?1 AND "
                              "table_name = ?2 AND walk_id <> ?3 AND row_id IS NULL";
    struct value values[3];
    walk_keys(walk, values);
    values[2] = store_integer(walk->walk_id);
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

enum till_code store_walk_end(struct store *store, struct store_walk *walk, bool is_proven,
                              int64_t now_us, int64_t *ret_removed, struct till_error *e)
{
    char text[STORE_TIME_BYTES];
    struct value now = store_time(now_us, text);
    int64_t removed = 0;
    if (now.type != VALUE_TEXT)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    enum till_code code = store_begin(store, e);
    if (code)
        return code;
    if (is_proven)
        code = bury(store, walk, now.text, &removed, e);
    else
        code = forget_nameless(store, walk, e);
    if (code == TILL_OK)
        code = forget_walk(store, walk->walk_id, e);
    code = store_finish(store, code, e);
    if (code == TILL_OK)
        *ret_removed = removed;
    return code;
}

enum till_code store_walk_drop(struct store *store, struct store_walk *walk, struct till_error *e)
{
    enum till_code code = store_begin(store, e);
    if (code)
        return code;
    return store_finish(store, forget_walk(store, walk->walk_id, e), e);
}
