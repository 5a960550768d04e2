// SPDX-License-Identifier: Apache-2.0
// arrival.c - a decoded page on its way into the store.
//
// Orders and subscriptions carry copies of the customer and the product. Where the table of those has no such row (the customer was deleted before the first
// sync, or was born after its list was read) the copy becomes the row, so that no order points at nobody: marked as deleted when the copy says so, as a row
// like others when not. A copy never touches a row that is there.
//
// The copies land in a transaction of their own before the page: killed in between, there is a customer without an order, which is true as well.
#include "sync/arrival.h"

#include <string.h>

#include "base/log.h"
#include "sync/hints.h"

void arrival_init(struct arrival *arrival, struct store *store, struct store_walk *walk,
                  struct sv organization_id, const struct table *table)
{
    memset(arrival, 0, sizeof *arrival);
    arrival->store = store;
    arrival->walk = walk;
    arrival->organization_id = organization_id;
    arrival->table = table;
}

static char *known_place(struct arrival *arrival, struct sv id)
{
    uint32_t hash = 2166136261u; // FNV-1a
    for (size_t i = 0; i < id.len; i++)
        hash = (hash ^ (unsigned char)id.ptr[i]) * 16777619u;
    return arrival->known[hash % ARRIVAL_KNOWN];
}

static bool is_known(struct arrival *arrival, struct sv id)
{
    return sv_equal(sv_of(known_place(arrival, id)), id);
}

static void remember(struct arrival *arrival, struct sv id)
{
    char *place = known_place(arrival, id);
    if (id.len >= ARRIVAL_ID_BYTES)
        return;
    memcpy(place, id.ptr, id.len);
    place[id.len] = '\0';
}

// Stores the copy as a row, where it can be read as one.
static enum till_code land_copy(struct arrival *arrival, const struct copy *copy, struct sv json,
                                struct arena *arena, int64_t now_us, struct till_error *e)
{
    struct decode_page page = {0};
    struct store_page_counts counts;
    const struct table *target = model_table(copy->target);
    enum till_code code = decode_object(target, json, arena, &page, e);
    if (code == TILL_FORMAT || (code == TILL_OK && page.row_count != 1)) {
        till_error_clear(e);
        log_event(LOG_LEVEL_INFO, "sync.copy_unreadable table=%s column=%s", arrival->table->name,
                  copy->column);
        return TILL_OK;
    }
    if (code)
        return code;
    bool is_gone = hints_text(&page.rows[0], "deleted_at").ptr != NULL;
    struct store_incoming incoming = {.rows = page.rows,
                                      .row_count = 1,
                                      .total_count = -1,
                                      .mode = is_gone ? STORE_LAND_GONE : STORE_LAND_MISSING};
    struct sv organization_id =
        arrival->walk ? sv_of(arrival->walk->organization_id) : arrival->organization_id;
    return store_rows(arrival->store, organization_id, target, &incoming, now_us, &counts, e);
}

static enum till_code land_copies(struct arrival *arrival, const struct copy *copy,
                                  const struct arrival_page *incoming, int64_t now_us,
                                  struct till_error *e)
{
    size_t rows = incoming->page->row_count;
    struct sv *ids = arena_calloc(incoming->arena, rows + 1, sizeof *ids);
    struct sv *jsons = arena_calloc(incoming->arena, rows + 1, sizeof *jsons);
    bool *is_missing = arena_calloc(incoming->arena, rows + 1, sizeof *is_missing);
    size_t count = 0;
    if (!ids || !jsons || !is_missing)
        return arena_fail(incoming->arena, "the copies in a page", e);
    for (size_t i = 0; i < rows; i++) {
        ids[count] = hints_text(&incoming->page->rows[i], copy->id_column);
        jsons[count] = hints_text(&incoming->page->rows[i], copy->column);
        if (ids[count].ptr && jsons[count].ptr && !is_known(arrival, ids[count])) {
            remember(arrival, ids[count]);
            count += 1;
        }
    }
    enum till_code code =
        store_rows_missing(arrival->store, model_table(copy->target), ids, count, is_missing, e);
    for (size_t i = 0; i < count && code == TILL_OK; i++)
        if (is_missing[i])
            code = land_copy(arrival, copy, jsons[i], incoming->arena, now_us, e);
    return code;
}

static enum till_code land_all_copies(struct arrival *arrival, const struct arrival_page *incoming,
                                      int64_t now_us, struct till_error *e)
{
    size_t count = 0;
    const struct copy *copies = hints_copies(&count);
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < count && code == TILL_OK; i++)
        if (copies[i].table == arrival->table->id && copies[i].is_whole)
            code = land_copies(arrival, &copies[i], incoming, now_us, e);
    return code;
}

static enum till_code take_rejects(const struct arrival_page *incoming,
                                   struct store_incoming *ret_incoming, struct till_error *e)
{
    const struct decode_page *page = incoming->page;
    struct store_reject *rejects =
        arena_calloc(incoming->arena, page->reject_count + 1, sizeof *rejects);
    if (!rejects)
        return arena_fail(incoming->arena, "the page", e);
    for (size_t i = 0; i < page->reject_count; i++)
        rejects[i] = (struct store_reject){.id = page->rejects[i].id,
                                           .raw = page->rejects[i].raw,
                                           .reason = page->rejects[i].reason};
    ret_incoming->rejects = rejects;
    ret_incoming->reject_count = page->reject_count;
    return TILL_OK;
}

enum till_code arrival_land(struct arrival *arrival, const struct arrival_page *incoming,
                            int64_t now_us, struct store_page_counts *ret_counts,
                            struct till_error *e)
{
    struct store_hint *hints = NULL;
    struct store_incoming rows = {.rows = incoming->page->rows,
                                  .row_count = incoming->page->row_count,
                                  .total_count = incoming->page->total_count,
                                  .is_again = incoming->is_again,
                                  .asked_us = incoming->asked_us};
    enum till_code code = take_rejects(incoming, &rows, e);
    if (code == TILL_OK && arrival->derives_hints)
        code = hints_of_page(arrival->store, arrival->table, incoming->page, incoming->arena,
                             &hints, &rows.hint_count, e);
    rows.hints = hints;
    if (code == TILL_OK)
        code = land_all_copies(arrival, incoming, now_us, e);
    if (code)
        return code;
    if (arrival->walk)
        return store_page(arrival->store, arrival->walk, &rows, now_us, ret_counts, e);
    return store_rows(arrival->store, arrival->organization_id, arrival->table, &rows, now_us,
                      ret_counts, e);
}
