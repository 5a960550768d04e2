// SPDX-License-Identifier: Apache-2.0
// hints.c - rows tell about other rows.
//
// Polar has no list of what changed (docs/polar.md), but much of it shows elsewhere. An order carries the customer, the product and the subscription
// as they are now: when such a copy is newer than the row that is stored, that row is read again. A refund that is new or has moved has changed its
// order. A system event names the order, subscription, customer or checkout that it is about.
//
// A hint is never data: it says which row to ask for. Hints are stored with the rows that gave them, so that a run that is killed in between forgets
// none, and each stays until its row was read after it. A wrong hint costs one row of a request.
#include "sync/hints.h"

#include <string.h>

#include "base/attr.h"
#include "base/timestamp.h"

static const struct copy copies[] = {
    {TABLE_orders, "customer", "customer_id", TABLE_customers, true},
    {TABLE_orders, "product", "product_id", TABLE_products, true},
    {TABLE_orders, "subscription", "subscription_id", TABLE_subscriptions, false},
    {TABLE_subscriptions, "customer", "customer_id", TABLE_customers, true},
    {TABLE_subscriptions, "product", "product_id", TABLE_products, true},
    {TABLE_checkouts, "product", "product_id", TABLE_products, true},
};

// Events, by the beginning of their name, and the keys of their metadata that name rows.
static const struct {
    const char *prefix, *key;
    enum table_id target;
} event_hints[] = {
    {"order.", "order_id", TABLE_orders},
    {"balance.", "order_id", TABLE_orders}, // fees appear on the order
    {"subscription.", "subscription_id", TABLE_subscriptions},
    {"customer.", "customer_id", TABLE_customers},
    {"checkout.", "checkout_id", TABLE_checkouts},
};

const struct copy *hints_copies(size_t *ret_count)
{
    *ret_count = TILL_COUNT(copies);
    return copies;
}

struct sv hints_text(const struct row *row, const char *column)
{
    size_t index = 0;
    if (!model_column(row->table, sv_of(column), &index) || row->values[index].type != VALUE_TEXT)
        return (struct sv){0};
    return row->values[index].text;
}

struct gather {
    struct store *store;
    struct arena *arena;
    struct store_hint *hints;
    size_t count;
};

static void add(struct gather *gather, enum table_id target, struct sv id, const char *source)
{
    gather->hints[gather->count++] =
        (struct store_hint){.table = model_table(target), .row_id = id, .source = source};
}

// Ids of one column, and what is stored of those rows in another column.
struct look_up {
    struct sv *ids;
    size_t *from; // index of the row that the id came from
    size_t count;
    struct value *stored;
    bool *is_missing;
};

static enum till_code look_up(struct gather *gather, const struct decode_page *page,
                              const char *id_column, const struct table *target,
                              const char *stored_column, struct look_up *ret, struct till_error *e)
{
    size_t rows = page->row_count + 1;
    struct look_up found = {
        .ids = arena_calloc(gather->arena, rows, sizeof *found.ids),
        .from = arena_calloc(gather->arena, rows, sizeof *found.from),
        .stored = arena_calloc(gather->arena, rows, sizeof *found.stored),
        .is_missing = arena_calloc(gather->arena, rows, sizeof *found.is_missing),
    };
    if (!found.ids || !found.from || !found.stored || !found.is_missing)
        return arena_fail(gather->arena, "the hints of a page", e);
    for (size_t i = 0; i < page->row_count; i++) {
        struct sv id = hints_text(&page->rows[i], id_column);
        if (!id.ptr)
            continue;
        found.from[found.count] = i;
        found.ids[found.count++] = id;
    }
    enum till_code code =
        store_rows_missing(gather->store, target, found.ids, found.count, found.is_missing, e);
    if (code == TILL_OK && stored_column)
        code = store_column_of(gather->store, target, stored_column, found.ids, found.count,
                               gather->arena, found.stored, e);
    *ret = found;
    return code;
}

static bool is_newer(struct sv copied, const struct value *stored)
{
    int64_t copied_us = 0, stored_us = 0;
    if (!copied.ptr || !timestamp_parse(copied, &copied_us))
        return false;
    return stored->type != VALUE_TEXT || !timestamp_parse(stored->text, &stored_us) ||
           copied_us > stored_us;
}

static enum till_code hints_of_copy(struct gather *gather, const struct copy *copy,
                                    const struct decode_page *page, struct till_error *e)
{
    struct look_up found = {0};
    enum till_code code =
        look_up(gather, page, copy->id_column, model_table(copy->target), "modified_at", &found, e);
    for (size_t i = 0; i < found.count && code == TILL_OK; i++) {
        struct sv json = hints_text(&page->rows[found.from[i]], copy->column), modified_at = {0};
        bool is_hint = found.is_missing[i];
        if (!is_hint && json.ptr &&
            decode_string_at(json, "modified_at", gather->arena, &modified_at))
            is_hint = is_newer(modified_at, &found.stored[i]);
        if (is_hint)
            add(gather, copy->target, found.ids[i], "copy");
    }
    return code;
}

static enum till_code hints_of_refunds(struct gather *gather, const struct decode_page *page,
                                       struct till_error *e)
{
    struct look_up found = {0};
    enum till_code code =
        look_up(gather, page, "id", model_table(TABLE_refunds), "status", &found, e);
    for (size_t i = 0; i < found.count && code == TILL_OK; i++) {
        const struct row *row = &page->rows[found.from[i]];
        struct sv order_id = hints_text(row, "order_id");
        bool has_moved = found.is_missing[i] || found.stored[i].type != VALUE_TEXT ||
                         !sv_equal(found.stored[i].text, hints_text(row, "status"));
        if (order_id.ptr && has_moved)
            add(gather, TABLE_orders, order_id, "copy");
    }
    return code;
}

static enum till_code hints_of_events(struct gather *gather, const struct decode_page *page,
                                      struct till_error *e)
{
    struct look_up found = {0};
    enum till_code code = look_up(gather, page, "id", model_table(TABLE_events), NULL, &found, e);
    for (size_t i = 0; i < found.count && code == TILL_OK; i++) {
        const struct row *row = &page->rows[found.from[i]];
        struct sv name = hints_text(row, "name"), metadata = hints_text(row, "metadata"), id = {0};
        if (!found.is_missing[i] || !name.ptr || !metadata.ptr)
            continue;
        // The money of an order that was paid late stands in an event that is dated back to the order: step.c looks there.
        if (sv_equal(name, SV("order.paid")) &&
            decode_string_at(metadata, "order_id", gather->arena, &id))
            add(gather, TABLE_events, id, "event");
        for (size_t k = 0; k < TILL_COUNT(event_hints); k++) {
            if (sv_starts_with(name, sv_of(event_hints[k].prefix)) &&
                decode_string_at(metadata, event_hints[k].key, gather->arena, &id))
                add(gather, event_hints[k].target, id, "event");
        }
    }
    return code;
}

enum till_code hints_of_page(struct store *store, const struct table *table,
                             const struct decode_page *page, struct arena *arena,
                             struct store_hint **ret_hints, size_t *ret_count, struct till_error *e)
{
    struct gather gather = {.store = store, .arena = arena};
    size_t most = page->row_count * (TILL_COUNT(copies) + TILL_COUNT(event_hints) + 2) + 1;
    gather.hints = arena_calloc(arena, most, sizeof *gather.hints);
    if (!gather.hints)
        return arena_fail(arena, "the hints of a page", e);
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < TILL_COUNT(copies) && code == TILL_OK; i++)
        if (copies[i].table == table->id)
            code = hints_of_copy(&gather, &copies[i], page, e);
    if (code == TILL_OK && table->id == TABLE_refunds)
        code = hints_of_refunds(&gather, page, e);
    if (code == TILL_OK && table->id == TABLE_events)
        code = hints_of_events(&gather, page, e);
    *ret_hints = gather.hints;
    *ret_count = gather.count;
    return code;
}
