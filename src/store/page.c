// SPDX-License-Identifier: Apache-2.0
// page.c - landing one page: which rows are new, changed, back or as they were, and what of them is recorded.
//
// All in one transaction: rows, their changes, the quarantine, the walk's marks and its cursor. Each row gets a plan:
//
//   PENDING ──insert──▶ ADDED                        (nobody had its id)
//      └──read, compare──▶ SAME                      nothing is written
//                          QUIET                     only copies of other objects differ: written, not recorded
//                          CHANGED                   written, one row_changes row for each compared column that differs
//                          RETURNED                  was marked as deleted: written, the mark cleared, both recorded
//   REPEAT                                           the same id stands again later in the page; the later one counts
//
// Insert comes first on a first walk and read comes first when the table's last page was mostly known, so that the common case pays
// for one look-up. A row that was seen earlier in the walk and is as it was counts as a duplicate.
//
// A row that could not be understood goes to the quarantine. If it is mirrored already its mark is set all the same: what is only
// unreadable now must not be taken for deleted. When it lands well later it leaves the quarantine.
#include "store/driver.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"

enum row_plan {
    PLAN_PENDING,
    PLAN_REPEAT,
    PLAN_ADDED,
    PLAN_SAME,
    PLAN_QUIET,
    PLAN_CHANGED,
    PLAN_RETURNED,
    PLAN_REJECT,
};

struct change_node {
    struct store_change change;
    struct change_node *next;
};

struct page {
    struct store *store;
    const struct store_walk *walk;
    struct store_item *items; // rows, then one for each reject
    size_t row_count, reject_count;
    const struct store_reject *rejects;
    struct change_node *changes;
    struct sv now;
    int64_t seen_count; // of new ids in this page
    bool is_again;      // rows without an id were kept when it first landed
    struct store_page_counts counts;
};

// ---- before the transaction ----

static enum till_code fail_foreign_row(const struct page *page, struct sv id, struct sv owner,
                                       struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_AUTH, 0,
                    "row \"" SV_FORMAT "\" of %s belongs to organization \"" SV_FORMAT
                    "\", not to \"%s\"",
                    SV_ARGS(store_cut(id, STORE_NAME_BYTES)), page->walk->table->name,
                    SV_ARGS(store_cut(owner, STORE_NAME_BYTES)), page->walk->organization_id);
    return till_error_hint(
        e, "the token is probably another organization's: run `till connect polar` again");
}

struct id_place {
    struct sv id;
    size_t index;
};

static int compare_ids(const void *a, const void *b)
{
    const struct id_place *x = a, *y = b;
    size_t shorter = x->id.len < y->id.len ? x->id.len : y->id.len;
    int order = shorter ? memcmp(x->id.ptr, y->id.ptr, shorter) : 0;
    if (order == 0)
        order = (x->id.len > y->id.len) - (x->id.len < y->id.len);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static enum till_code find_repeats(struct page *page, struct till_error *e)
{
    struct id_place *places =
        arena_calloc(&page->store->arena, page->row_count + 1, sizeof *places);
    if (!places)
        return arena_fail(&page->store->arena, "a page of rows", e);
    for (size_t i = 0; i < page->row_count; i++)
        places[i] = (struct id_place){row_id(page->items[i].row), i};
    qsort(places, page->row_count, sizeof *places, compare_ids);
    for (size_t i = 1; i < page->row_count; i++)
        if (sv_equal(places[i - 1].id, places[i].id))
            page->items[places[i - 1].index].plan = PLAN_REPEAT;
    return TILL_OK;
}

// A row of NULLs but for the id, so that a reject can be looked up as a row is.
static const struct row *row_of_id(struct page *page, struct sv id)
{
    const struct table *table = page->walk->table;
    struct row *row = arena_calloc(&page->store->arena, 1, sizeof *row);
    struct value *values = arena_calloc(&page->store->arena, table->column_count, sizeof *values);
    if (!row || !values)
        return NULL;
    for (size_t i = 0; i < table->column_count; i++)
        values[i] = (struct value){.type = VALUE_NULL};
    values[table->id_column] = store_text(id);
    *row = (struct row){.table = table, .values = values};
    return row;
}

static enum till_code take_rows(struct page *page, const struct row *rows, struct till_error *e)
{
    struct sv organization = sv_of(page->walk->organization_id);
    page->items = arena_calloc(&page->store->arena, page->row_count + page->reject_count + 1,
                               sizeof *page->items);
    if (!page->items)
        return arena_fail(&page->store->arena, "a page of rows", e);
    for (size_t i = 0; i < page->row_count; i++) {
        struct sv owner = rows[i].organization_id;
        if (owner.ptr && !sv_equal(owner, organization))
            return fail_foreign_row(page, row_id(&rows[i]), owner, e);
        page->items[i] = (struct store_item){
            .row = &rows[i], .organization_id = organization, .plan = PLAN_PENDING};
    }
    for (size_t i = 0; i < page->reject_count; i++) {
        struct store_item *item = &page->items[page->row_count + i];
        *item = (struct store_item){.organization_id = organization, .plan = PLAN_REPEAT};
        if (!page->rejects[i].id.ptr)
            continue;
        item->plan = PLAN_REJECT;
        item->row = row_of_id(page, page->rejects[i].id);
        if (!item->row)
            return arena_fail(&page->store->arena, "a page of rows", e);
    }
    return find_repeats(page, e);
}

// ---- comparing ----

static enum till_code add_change(struct page *page, struct sv id, const char *column_name,
                                 const struct value *old_value, const struct value *new_value,
                                 struct till_error *e)
{
    struct arena *arena = &page->store->arena;
    struct change_node *node = arena_calloc(arena, 1, sizeof *node);
    if (!node)
        return arena_fail(arena, "the changes of a page", e);
    node->change = (struct store_change){id, column_name, *old_value, *new_value};
    if (old_value->type == VALUE_TEXT) {
        node->change.old_value.text = arena_sv(arena, old_value->text);
        if (!node->change.old_value.text.ptr)
            return arena_fail(arena, "the changes of a page", e);
    }
    node->next = page->changes;
    page->changes = node;
    return TILL_OK;
}

static enum till_code compare_columns(struct page *page, const struct store_item *item,
                                      const struct store_stored *stored, bool *ret_is_changed,
                                      bool *ret_is_quiet, struct till_error *e)
{
    const struct table *table = page->walk->table;
    struct value organization = store_text(item->organization_id),
                 extra = store_text(item->row->extra);
    size_t own = table->column_count;
    enum till_code code = TILL_OK;
    bool is_changed = false, is_quiet = false;
    (void)store_table_has_organization(table, &own);
    for (size_t i = 0; i < table->column_count && code == TILL_OK; i++) {
        const struct value *now = i == own ? &organization : &item->row->values[i];
        if ((table->columns[i].flags & COLUMN_VOLATILE) || value_equal(&stored->values[i], now))
            continue;
        if (table->columns[i].flags & COLUMN_EMBEDDED) {
            is_quiet = true;
            continue;
        }
        is_changed = true;
        code =
            add_change(page, row_id(item->row), table->columns[i].name, &stored->values[i], now, e);
    }
    // Fields without a column are for the most part copies of other objects (user, product_price, ...).
    is_quiet = is_quiet || !value_equal(&stored->extra, &extra);
    *ret_is_changed = is_changed;
    *ret_is_quiet = is_quiet;
    return code;
}

static enum till_code visit_row(void *context, size_t index, const struct store_stored *stored,
                                struct till_error *e)
{
    static const struct value nothing = {.type = VALUE_NULL};
    struct page *page = context;
    struct store_item *item = &page->items[index];
    bool is_changed = false, is_quiet = false;
    if (!sv_equal(stored->organization_id, item->organization_id))
        return fail_foreign_row(page, row_id(item->row), stored->organization_id, e);
    enum till_code code = compare_columns(page, item, stored, &is_changed, &is_quiet, e);
    if (code)
        return code;
    if (stored->deleted_at.type != VALUE_NULL) {
        item->plan = PLAN_RETURNED;
        return add_change(page, row_id(item->row), "till_deleted_at", &stored->deleted_at, &nothing,
                          e);
    }
    item->plan = is_changed ? PLAN_CHANGED : is_quiet ? PLAN_QUIET : PLAN_SAME;
    return TILL_OK;
}

// A reject that is mirrored: only its key is wanted, and only when it is this organization's.
static enum till_code visit_reject(void *context, size_t index, const struct store_stored *stored,
                                   struct till_error *e)
{
    struct page *page = context;
    struct store_item *item = &page->items[index];
    (void)e;
    if (!sv_equal(stored->organization_id, item->organization_id))
        item->key = 0;
    return TILL_OK;
}

// ---- inside the transaction ----

static enum till_code insert_rows(struct page *page, struct till_error *e)
{
    const struct store_driver *driver = page->store->driver;
    enum till_code code = driver->rows_insert(page->store->db, page->walk->table, page->items,
                                              page->row_count, PLAN_PENDING, page->now, e);
    for (size_t i = 0; i < page->row_count && code == TILL_OK; i++)
        if (page->items[i].plan == PLAN_PENDING && !page->items[i].is_present)
            page->items[i].plan = PLAN_ADDED;
    return code;
}

static enum till_code read_rows(struct page *page, struct till_error *e)
{
    return page->store->driver->rows_read(page->store->db, page->walk->table, page->items,
                                          page->row_count, PLAN_PENDING, visit_row, page, e);
}

static enum till_code land_rows(struct page *page, struct till_error *e)
{
    bool *expects_known = &page->store->expects_known[page->walk->table->id];
    enum till_code code = *expects_known ? read_rows(page, e) : insert_rows(page, e);
    if (code == TILL_OK)
        code = *expects_known ? insert_rows(page, e) : read_rows(page, e);
    size_t known = 0;
    for (size_t i = 0; i < page->row_count && code == TILL_OK; i++) {
        struct store_item *item = &page->items[i];
        known += item->plan != PLAN_ADDED;
        if (item->plan == PLAN_QUIET || item->plan == PLAN_CHANGED || item->plan == PLAN_RETURNED)
            code = page->store->driver->row_update(page->store->db, page->walk->table, item,
                                                   page->now, e);
    }
    *expects_known = 2 * known > page->row_count;
    return code;
}

static enum till_code land_changes(struct page *page, struct till_error *e)
{
    static const char sql[] = "INSERT INTO row_changes(organization_id, table_name, row_id, "
                              "column_name, old_value, new_value, seen_at)"
                              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    struct change_node *ordered = NULL;
    while (page->changes) { // they were pushed in front
        struct change_node *next = page->changes->next;
        page->changes->next = ordered;
        ordered = page->changes;
        page->changes = next;
    }
    enum till_code code = TILL_OK;
    for (; ordered && code == TILL_OK; ordered = ordered->next) {
        const struct store_change *change = &ordered->change;
        struct value values[] = {
            store_c_text(page->walk->organization_id),
            store_c_text(page->walk->table->name),
            store_text(change->row_id),
            store_c_text(change->column_name),
            change->old_value,
            change->new_value,
            store_text(page->now),
        };
        code = store_execute(page->store, sql, values, TILL_COUNT(values), NULL, e);
    }
    return code;
}

static enum till_code land_marks(struct page *page, struct till_error *e)
{
    const struct store_driver *driver = page->store->driver;
    size_t count = page->row_count + page->reject_count;
    enum till_code code = driver->rows_read(page->store->db, page->walk->table, page->items, count,
                                            PLAN_REJECT, visit_reject, page, e);
    if (code == TILL_OK)
        code = driver->marks_insert(page->store->db, page->walk->walk_id, page->items, count, e);
    for (size_t i = 0; i < count && code == TILL_OK; i++)
        page->seen_count += page->items[i].key != 0 && !page->items[i].is_seen;
    return code;
}

static enum till_code has_rows(struct page *page, const char *sql, const struct value *values,
                               size_t count, bool *ret_has, struct till_error *e)
{
    int64_t has = 0;
    struct store_result result = {.row = store_take_integer, .context = &has};
    enum till_code code = store_execute(page->store, sql, values, count, &result, e);
    *ret_has = has != 0;
    return code;
}

// Rows that landed well leave the quarantine, and are no longer counted as seen rejects.
static enum till_code heal(struct page *page, struct till_error *e)
{
    static const char has_quarantined[] = "SELECT EXISTS (SELECT 1 FROM till_quarantine WHERE "
                                          "organization_id = ?1 AND table_name = ?2)";
    static const char has_rejects[] =
        "SELECT EXISTS (SELECT 1 FROM till_walk_rejects WHERE walk_id = ?1)";
    static const char release[] = "DELETE FROM till_quarantine WHERE organization_id = ?1 AND "
                                  "table_name = ?2 AND row_id = ?3";
    static const char uncount[] =
        "DELETE FROM till_walk_rejects WHERE walk_id = ?1 AND row_id = ?2";
    struct value release_keys[3] = {store_c_text(page->walk->organization_id),
                                    store_c_text(page->walk->table->name)};
    struct value uncount_keys[2] = {store_integer(page->walk->walk_id)};
    bool is_quarantine_used = false, is_reject_used = false;
    enum till_code code = has_rows(page, has_quarantined, release_keys, 2, &is_quarantine_used, e);
    if (code == TILL_OK)
        code = has_rows(page, has_rejects, uncount_keys, 1, &is_reject_used, e);
    for (size_t i = 0; i < page->row_count && code == TILL_OK; i++) {
        struct store_result result = {0};
        release_keys[2] = uncount_keys[1] = store_text(row_id(page->items[i].row));
        if (is_quarantine_used)
            code = store_execute(page->store, release, release_keys, 3, NULL, e);
        if (code == TILL_OK && is_reject_used)
            code = store_execute(page->store, uncount, uncount_keys, 2, &result, e);
        page->seen_count -= result.changed_count;
    }
    return code;
}

static enum till_code land_reject(struct page *page, size_t index, struct till_error *e)
{
    static const char keep[] = "INSERT INTO till_quarantine(organization_id, table_name, row_id, "
                               "reason, raw, seen_at, walk_id)"
                               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(organization_id, "
                               "table_name, row_id) DO UPDATE SET"
                               " reason = excluded.reason, raw = excluded.raw, seen_at = "
                               "excluded.seen_at, walk_id = excluded.walk_id";
    static const char count[] =
        "INSERT INTO till_walk_rejects(walk_id, row_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    const struct store_reject *reject = &page->rejects[index];
    struct value values[] = {
        store_c_text(page->walk->organization_id),
        store_c_text(page->walk->table->name),
        store_text(reject->id),
        store_c_text(reject->reason ? reject->reason : "it could not be understood"),
        store_text(store_cut(reject->raw, TILL_LIMIT_QUARANTINE_BYTES)),
        store_text(page->now),
        store_integer(page->walk->walk_id),
    };
    struct value count_keys[] = {store_integer(page->walk->walk_id), store_text(reject->id)};
    struct store_result result = {0};
    if (!reject->id.ptr && page->is_again)
        return TILL_OK;
    enum till_code code = store_execute(page->store, keep, values, TILL_COUNT(values), NULL, e);
    if (code == TILL_OK && reject->id.ptr && page->items[page->row_count + index].key == 0)
        code = store_execute(page->store, count, count_keys, TILL_COUNT(count_keys), &result, e);
    page->seen_count += result.changed_count;
    return code;
}

static enum till_code land_rejects(struct page *page, struct till_error *e)
{
    static const char trim[] =
        "DELETE FROM till_quarantine WHERE organization_id = ?1 AND table_name = ?2 AND id <="
        " (SELECT id FROM till_quarantine WHERE organization_id = ?1 AND table_name = ?2 ORDER BY "
        "id DESC LIMIT 1 OFFSET ?3)";
    struct value keys[] = {store_c_text(page->walk->organization_id),
                           store_c_text(page->walk->table->name),
                           store_integer(TILL_LIMIT_QUARANTINE_ROWS)};
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < page->reject_count && code == TILL_OK; i++)
        code = land_reject(page, i, e);
    if (code == TILL_OK && page->reject_count > 0)
        code = store_execute(page->store, trim, keys, TILL_COUNT(keys), NULL, e);
    return code;
}

static void count_rows(struct page *page)
{
    struct store_page_counts *counts = &page->counts;
    for (size_t i = 0; i < page->row_count; i++) {
        const struct store_item *item = &page->items[i];
        counts->added += item->plan == PLAN_ADDED;
        counts->changed += item->plan == PLAN_CHANGED;
        counts->returned += item->plan == PLAN_RETURNED;
        bool is_as_it_was = item->plan == PLAN_SAME || item->plan == PLAN_QUIET;
        counts->unchanged += is_as_it_was && !item->is_seen;
        counts->duplicates += item->plan == PLAN_REPEAT || (is_as_it_was && item->is_seen);
    }
    counts->quarantined = (int64_t)page->reject_count;
}

static enum till_code land_cursor(struct page *page, int64_t total_count, struct till_error *e)
{
    static const char cursor[] =
        "UPDATE till_walks SET next_page = ?3, seen_count = ?4,"
        " total_count = CASE WHEN total_count < ?5 THEN ?5 ELSE total_count END"
        " WHERE walk_id = ?1 AND attempt = ?2";
    static const char count[] =
        "UPDATE till_tables SET row_count = row_count + ?3, deleted_count = deleted_count - ?4"
        " WHERE organization_id = ?1 AND table_name = ?2";
    const struct store_walk *walk = page->walk;
    struct store_result result = {0};
    struct value cursor_values[] = {store_integer(walk->walk_id), store_integer(walk->attempt),
                                    store_integer(walk->next_page + 1),
                                    store_integer(walk->seen_count + page->seen_count),
                                    store_integer(total_count)};
    struct value count_values[] = {store_c_text(walk->organization_id),
                                   store_c_text(walk->table->name),
                                   store_integer(page->counts.added + page->counts.returned),
                                   store_integer(page->counts.returned)};
    enum till_code code =
        store_execute(page->store, cursor, cursor_values, TILL_COUNT(cursor_values), &result, e);
    if (code == TILL_OK && result.changed_count != 1) {
        (void)TILL_FAIL(e, TILL_STORE, 0, "the walk of %s was ended by another process",
                        walk->table->name);
        code = till_error_hint(e, "run one `till sync` at a time");
    }
    if (code == TILL_OK && page->counts.added + page->counts.returned > 0)
        code = store_execute(page->store, count, count_values, TILL_COUNT(count_values), NULL, e);
    return code;
}

static enum till_code land(struct page *page, int64_t total_count, struct till_error *e)
{
    enum till_code code = land_rows(page, e);
    if (code == TILL_OK)
        code = land_changes(page, e);
    if (code == TILL_OK)
        code = heal(page, e);
    if (code == TILL_OK)
        code = land_marks(page, e);
    if (code == TILL_OK)
        code = land_rejects(page, e);
    if (code)
        return code;
    count_rows(page);
    return land_cursor(page, total_count, e);
}

enum till_code store_page(struct store *store, struct store_walk *walk,
                          const struct store_incoming *incoming, int64_t now_us,
                          struct store_page_counts *ret_counts, struct till_error *e)
{
    char text[STORE_TIME_BYTES];
    struct value now = store_time(now_us, text);
    struct page page = {.store = store,
                        .walk = walk,
                        .row_count = incoming->row_count,
                        .reject_count = incoming->reject_count,
                        .rejects = incoming->rejects,
                        .is_again = incoming->is_again};
    if (page.row_count > TILL_LIMIT_PAGE_ROWS || page.reject_count > TILL_LIMIT_PAGE_ROWS)
        return TILL_FAIL(e, TILL_LIMIT, TILL_LIMIT_PAGE_ROWS, "a page of %s has more than %d rows",
                         walk->table->name, TILL_LIMIT_PAGE_ROWS);
    if (now.type != VALUE_TEXT)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    page.now = now.text;
    int64_t total_count = incoming->total_count < 0 ? walk->total_count : incoming->total_count;
    arena_reset(&store->arena);
    enum till_code code = take_rows(&page, incoming->rows, e);
    if (code == TILL_OK)
        code = store_begin(store, e);
    if (code)
        return code;
    code = store_finish(store, land(&page, total_count, e), e);
    if (code)
        return code;
    walk->next_page++;
    walk->seen_count += page.seen_count;
    walk->total_count = total_count;
    *ret_counts = page.counts;
    return TILL_OK;
}
