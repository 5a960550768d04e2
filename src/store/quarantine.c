// SPDX-License-Identifier: Apache-2.0
// quarantine.c - rows of a page that could not be understood: kept, counted as seen, and released when they land well later.
//
// A row with an id stands in the quarantine once. If it is mirrored already its mark is set all the same: what is only unreadable now must not be
// taken for deleted. If it is not, the walk notes its id (till_walk_rejects), so that it counts once among what the walk has seen. Rows without an id
// cannot be known again: a walk that lands its page a second time does not keep them a second time, and outside of a walk one with the same
// text is kept once. A copy from inside another row says nothing about the row's own list, so it releases nothing.
#include "store/page.h"

#include "base/attr.h"
#include "base/limits.h"

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
enum till_code page_heal(struct page *page, struct till_error *e)
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
    if (page_holds_copies(page))
        return TILL_OK;
    enum till_code code = has_rows(page, has_quarantined, release_keys, 2, &is_quarantine_used, e);
    if (code == TILL_OK && page_has_walk(page))
        code = has_rows(page, has_rejects, uncount_keys, 1, &is_reject_used, e);
    for (size_t i = 0; i < page->row_count && code == TILL_OK; i++) {
        struct store_result result = {0};
        if (page->items[i].plan == PLAN_SKIPPED)
            continue;
        release_keys[2] = uncount_keys[1] = store_text(row_id(page->items[i].row));
        if (is_quarantine_used)
            code = store_execute(page->store, release, release_keys, 3, NULL, e);
        if (code == TILL_OK && is_reject_used)
            code = store_execute(page->store, uncount, uncount_keys, 2, &result, e);
        page->seen_count -= result.changed_count;
    }
    return code;
}

// Outside of a walk a row without an id is kept once.
static enum till_code is_kept(struct page *page, const struct value *values, bool *ret_is_kept,
                              struct till_error *e)
{
    static const char sql[] =
        "SELECT EXISTS (SELECT 1 FROM till_quarantine WHERE organization_id = ?1 AND table_name = "
        "?2 AND row_id IS NULL AND coalesce(raw, '') = coalesce(?3, ''))";
    struct value keys[] = {values[0], values[1], values[4]};
    return has_rows(page, sql, keys, TILL_COUNT(keys), ret_is_kept, e);
}

static enum till_code count_reject(struct page *page, size_t index, struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_walk_rejects(walk_id, row_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    struct sv id = page->rejects[index].id;
    struct value keys[] = {store_integer(page->walk->walk_id), store_text(id)};
    struct store_result result = {0};
    if (!page_has_walk(page) || !id.ptr || page->items[page->row_count + index].key != 0)
        return TILL_OK;
    enum till_code code = store_execute(page->store, sql, keys, TILL_COUNT(keys), &result, e);
    page->seen_count += result.changed_count;
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
    bool is_known = !reject->id.ptr && page->is_again;
    enum till_code code = TILL_OK;
    if (!reject->id.ptr && !page_has_walk(page))
        code = is_kept(page, values, &is_known, e);
    if (code || is_known)
        return code;
    code = store_execute(page->store, keep, values, TILL_COUNT(values), NULL, e);
    return code ? code : count_reject(page, index, e);
}

enum till_code page_quarantine(struct page *page, struct till_error *e)
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
