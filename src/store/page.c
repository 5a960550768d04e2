// SPDX-License-Identifier: Apache-2.0
// page.c - landing rows, of one page of a walk or outside of any: which are new, changed, back or as they were, and what of them is recorded.
//
// All in one transaction: rows, their changes, the quarantine, hints, the walk's marks and its cursor. Each row gets a plan:
//
//   PENDING ──insert──▶ ADDED                        (nobody had its id)
//      └──read, compare──▶ SAME                      nothing is written
//                          QUIET                     only copies of other objects differ: written, not recorded
//                          CHANGED                   written, one row_changes row for each compared column that differs
//                          RETURNED                  was marked as deleted: written, the mark cleared, both recorded
//                          SKIPPED                   what is stored knows better (enum store_landing): not looked at any further
//   REPEAT                                           the same id stands again later in the page; the later one counts
//
// Insert comes first on a first walk and read comes first when the table's last page was mostly known, so that the common case pays
// for one look-up. A row that was seen earlier in the walk and is as it was counts as a duplicate.
//
// Outside of a walk (walk_id 0) there is neither cursor nor mark. But a walk of the table may be under way, in another process or until the next
// run: rows that come or come back beside it are noted (till_walk_spared), so that its end does not take them for deleted.
#include "store/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "store/packed.h"

struct change_node {
    struct store_change change;
    struct change_node *next;
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

static void note_order(struct page *page, const struct value *created_at)
{
    char text[STORE_TIME_BYTES];
    store_copy(text, sizeof text, created_at);
    if (text[0] && (!page->oldest_order[0] || strcmp(text, page->oldest_order) < 0))
        memcpy(page->oldest_order, text, sizeof text);
}

// Of an order that is there: as it was, and as it is.
static void note_change(struct page *page, const struct store_item *item,
                        const struct store_stored *stored, const char *column_name)
{
    size_t created = 0;
    const struct table *table = page->walk->table;
    if (table->id != TABLE_orders || !store_bills_hold(column_name) ||
        !model_column(table, SV("created_at"), &created))
        return;
    note_order(page, &stored->values[created]);
    note_order(page, &item->row->values[created]);
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
        note_change(page, item, stored, table->columns[i].name);
        code =
            add_change(page, row_id(item->row), table->columns[i].name, &stored->values[i], now, e);
    }
    // Fields without a column are for the most part copies of other objects (user, product_price, ...).
    is_quiet = is_quiet || !value_equal(&stored->extra, &extra);
    *ret_is_changed = is_changed;
    *ret_is_quiet = is_quiet;
    return code;
}

// Whether the row is an older telling than what is stored. Without a time both ways it is not.
static bool is_outdated(const struct page *page, const struct store_item *item,
                        const struct store_stored *stored)
{
    size_t index = 0;
    if (page->mode != STORE_LAND_IF_NEWER)
        return false;
    if (stored->deleted_at.type != VALUE_NULL)
        return true;
    if (!model_column(page->walk->table, SV("modified_at"), &index))
        return false;
    const struct value *here = &stored->values[index], *told = &item->row->values[index];
    if (here->type != VALUE_TEXT || told->type != VALUE_TEXT)
        return here->type == VALUE_TEXT;
    size_t shorter = here->text.len < told->text.len ? here->text.len : told->text.len;
    return memcmp(here->text.ptr, told->text.ptr, shorter) > 0;
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
    if (is_outdated(page, item, stored)) {
        item->plan = PLAN_SKIPPED;
        return TILL_OK;
    }
    enum till_code code = compare_columns(page, item, stored, &is_changed, &is_quiet, e);
    if (code)
        return code;
    if (stored->deleted_at.type != VALUE_NULL) {
        item->plan = PLAN_RETURNED;
        note_change(page, item, stored, "till_deleted_at");
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

// Marks rows that have just been added as deleted.
static enum till_code land_gone(struct page *page, struct till_error *e)
{
    AUTO_BUF sql;
    buf_init(&sql, STORE_SQL_BYTES);
    buf_format(&sql, "UPDATE %s SET till_deleted_at = ?1 WHERE %s = ?2", page->walk->table->name,
               store_id_name(page->walk->table));
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < page->row_count && code == TILL_OK; i++) {
        struct value values[] = {store_text(page->now), store_text(row_id(page->items[i].row))};
        if (page->items[i].plan == PLAN_ADDED)
            code = store_execute_made(page->store, &sql, values, TILL_COUNT(values), NULL, e);
    }
    return code;
}

// Copies from inside other rows: what is stored stays.
static enum till_code land_copies(struct page *page, struct till_error *e)
{
    enum till_code code = insert_rows(page, e);
    for (size_t i = 0; i < page->row_count && code == TILL_OK; i++)
        if (page->items[i].plan == PLAN_PENDING)
            page->items[i].plan = PLAN_SKIPPED;
    return code == TILL_OK && page->mode == STORE_LAND_GONE ? land_gone(page, e) : code;
}

static enum till_code land_rows(struct page *page, struct till_error *e)
{
    if (page_holds_copies(page))
        return land_copies(page, e);
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

// The copy of old bills hears of the oldest order that came, came back, or changed in what it holds.
static enum till_code land_bills(struct page *page, struct till_error *e)
{
    size_t created = 0;
    if (page->walk->table->id != TABLE_orders)
        return TILL_OK;
    bool has_time = model_column(page->walk->table, SV("created_at"), &created);
    for (size_t i = 0; has_time && i < page->row_count; i++)
        if (page->items[i].plan == PLAN_ADDED)
            note_order(page, &page->items[i].row->values[created]);
    if (!page->oldest_order[0])
        return TILL_OK;
    return store_bills_touch(page->store, sv_of(page->walk->organization_id),
                             sv_of(page->oldest_order), e);
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

static enum till_code spare(struct page *page, struct till_error *e)
{
    static const char sql[] = "INSERT INTO till_walk_spared(walk_id, row_id) SELECT walk_id, ?3 "
                              "FROM till_walks WHERE organization_id = ?1 AND table_name = ?2"
                              " ON CONFLICT DO NOTHING";
    struct value values[3] = {store_c_text(page->walk->organization_id),
                              store_c_text(page->walk->table->name)};
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < page->row_count && code == TILL_OK; i++) {
        unsigned char plan = page->items[i].plan;
        values[2] = store_text(row_id(page->items[i].row));
        if (plan == PLAN_ADDED || plan == PLAN_RETURNED)
            code = store_execute(page->store, sql, values, TILL_COUNT(values), NULL, e);
    }
    return code;
}

static enum till_code land_marks(struct page *page, struct till_error *e)
{
    const struct store_driver *driver = page->store->driver;
    size_t count = page->row_count + page->reject_count;
    if (!page_has_walk(page))
        return page_holds_copies(page) ? TILL_OK : spare(page, e);
    enum till_code code = driver->rows_read(page->store->db, page->walk->table, page->items, count,
                                            PLAN_REJECT, visit_reject, page, e);
    if (code == TILL_OK)
        code = driver->marks_insert(page->store->db, page->walk->walk_id, page->items, count, e);
    for (size_t i = 0; i < count && code == TILL_OK; i++)
        page->seen_count += page->items[i].key != 0 && !page->items[i].is_seen;
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
        bool is_as_it_was =
            item->plan == PLAN_SAME || item->plan == PLAN_QUIET || item->plan == PLAN_SKIPPED;
        counts->unchanged += is_as_it_was && !item->is_seen;
        counts->duplicates += item->plan == PLAN_REPEAT || (is_as_it_was && item->is_seen);
    }
    counts->quarantined = (int64_t)page->reject_count;
}

static enum till_code land_counts(struct page *page, struct till_error *e)
{
    const struct store_walk *walk = page->walk;
    struct sv organization = sv_of(walk->organization_id);
    int64_t live = page->counts.added + page->counts.returned, deleted = -page->counts.returned;
    if (page->mode == STORE_LAND_GONE) {
        deleted = live;
        live = 0;
    }
    enum till_code code = TILL_OK;
    if (!page_has_walk(page) && (live || deleted))
        code = store_table_touch(page->store, organization, walk->table, e);
    return code ? code
                : store_table_count(page->store, organization, walk->table, live, deleted, e);
}

static enum till_code land_cursor(struct page *page, int64_t total_count, struct till_error *e)
{
    static const char cursor[] =
        "UPDATE till_walks SET next_page = ?3, seen_count = ?4,"
        " total_count = CASE WHEN total_count < ?5 THEN ?5 ELSE total_count END"
        " WHERE walk_id = ?1 AND attempt = ?2";
    const struct store_walk *walk = page->walk;
    struct store_result result = {0};
    struct value values[] = {store_integer(walk->walk_id), store_integer(walk->attempt),
                             store_integer(walk->next_page + 1),
                             store_integer(walk->seen_count + page->seen_count),
                             store_integer(total_count)};
    enum till_code code =
        store_execute(page->store, cursor, values, TILL_COUNT(values), &result, e);
    if (code == TILL_OK && result.changed_count != 1) {
        (void)TILL_FAIL(e, TILL_STORE, 0, "the walk of %s was ended by another process",
                        walk->table->name);
        code = till_error_hint(e, "run one `till sync` at a time");
    }
    return code;
}

// Hints of rows that were read, understood or not. A row that was skipped has not told its present state.
static enum till_code fulfil(struct page *page, struct till_error *e)
{
    struct sv organization = sv_of(page->walk->organization_id);
    bool has_hints = false;
    if (!page->asked_at.ptr)
        return TILL_OK;
    enum till_code code =
        store_hints_exist(page->store, organization, page->walk->table, &has_hints, e);
    for (size_t i = 0; has_hints && i < page->row_count && code == TILL_OK; i++)
        if (page->items[i].plan != PLAN_SKIPPED)
            code = store_hint_fulfil(page->store, organization, page->walk->table,
                                     row_id(page->items[i].row), page->asked_at, e);
    for (size_t i = 0; has_hints && i < page->reject_count && code == TILL_OK; i++)
        if (page->rejects[i].id.ptr)
            code = store_hint_fulfil(page->store, organization, page->walk->table,
                                     page->rejects[i].id, page->asked_at, e);
    return code;
}

static enum till_code land(struct page *page, const struct store_incoming *incoming,
                           int64_t total_count, struct till_error *e)
{
    enum till_code code = land_rows(page, e);
    if (code == TILL_OK)
        code = land_changes(page, e);
    if (code == TILL_OK)
        code = land_bills(page, e);
    if (code == TILL_OK)
        code = page_heal(page, e);
    if (code == TILL_OK)
        code = land_marks(page, e);
    if (code == TILL_OK)
        code = page_quarantine(page, e);
    if (code == TILL_OK)
        code = fulfil(page, e);
    if (code == TILL_OK)
        code = store_hints_land(page->store, sv_of(page->walk->organization_id), incoming->hints,
                                incoming->hint_count, page->now, e);
    if (code)
        return code;
    count_rows(page);
    code = land_counts(page, e);
    return code == TILL_OK && page_has_walk(page) ? land_cursor(page, total_count, e) : code;
}

static enum till_code check_sizes(const struct page *page, const struct store_incoming *incoming,
                                  struct till_error *e)
{
    const char *name = page->walk->table->name;
    if (page->row_count > TILL_LIMIT_PAGE_ROWS || page->reject_count > TILL_LIMIT_PAGE_ROWS)
        return TILL_FAIL(e, TILL_LIMIT, TILL_LIMIT_PAGE_ROWS, "a page of %s has more than %d rows",
                         name, TILL_LIMIT_PAGE_ROWS);
    if (incoming->hint_count > TILL_LIMIT_PAGE_HINTS)
        return TILL_FAIL(e, TILL_LIMIT, TILL_LIMIT_PAGE_HINTS,
                         "a page of %s gives more than %d hints", name, TILL_LIMIT_PAGE_HINTS);
    return TILL_OK;
}

static enum till_code land_incoming(struct page *page, const struct store_incoming *incoming,
                                    int64_t total_count, int64_t now_us, struct till_error *e)
{
    char text[STORE_TIME_BYTES], asked_text[STORE_TIME_BYTES];
    struct value now = store_time(now_us, text);
    struct value asked = store_time(incoming->asked_us, asked_text);
    page->row_count = incoming->row_count;
    page->reject_count = incoming->reject_count;
    page->rejects = incoming->rejects;
    enum till_code code = check_sizes(page, incoming, e);
    if (code)
        return code;
    if (now.type != VALUE_TEXT)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    page->now = now.text;
    page->asked_at = asked.type == VALUE_TEXT ? asked.text : (struct sv){0};
    arena_reset(&page->store->arena);
    code = take_rows(page, incoming->rows, e);
    if (code == TILL_OK)
        code = store_begin(page->store, e);
    return code ? code : store_finish(page->store, land(page, incoming, total_count, e), e);
}

enum till_code store_page(struct store *store, struct store_walk *walk,
                          const struct store_incoming *incoming, int64_t now_us,
                          struct store_page_counts *ret_counts, struct till_error *e)
{
    struct page page = {
        .store = store, .walk = walk, .mode = STORE_LAND_NEWEST, .is_again = incoming->is_again};
    int64_t total_count = incoming->total_count < 0 ? walk->total_count : incoming->total_count;
    enum till_code code = land_incoming(&page, incoming, total_count, now_us, e);
    if (code)
        return code;
    walk->next_page++;
    walk->seen_count += page.seen_count;
    walk->total_count = total_count;
    *ret_counts = page.counts;
    return TILL_OK;
}

enum till_code store_rows(struct store *store, struct sv organization_id, const struct table *table,
                          const struct store_incoming *incoming, int64_t now_us,
                          struct store_page_counts *ret_counts, struct till_error *e)
{
    struct store_walk none = {.table = table};
    struct page page = {.store = store, .walk = &none, .mode = incoming->mode};
    struct value organization = store_text(organization_id);
    enum till_code code = store_check_organization(organization_id, e);
    if (code)
        return code;
    store_copy(none.organization_id, sizeof none.organization_id, &organization);
    code = land_incoming(&page, incoming, -1, now_us, e);
    if (code == TILL_OK)
        *ret_counts = page.counts;
    return code;
}
