// SPDX-License-Identifier: Apache-2.0
// inbox.c - webhooks become rows, and hints.
//
// Polar renders a body once and sends it again and again, late and out of order, so an event tells an old state as often as a new one. It is landed
// only where it is not older than the stored row, and the row is put down as one to be read again: the next sync asks Polar itself, and what Polar
// says then stays. Deletions (customer.deleted, a benefit that says is_deleted) land nothing and only lead to that question. What cannot be read is
// set aside with the reason, and still leaves the hint when its id can be read. Types that tell nothing about a mirrored table, and types that this
// list does not know, are kept as seen.
#include "sync/inbox.h"

#include "base/limits.h"
#include "decode/decode.h"

enum effect { EFFECT_ROW, EFFECT_HINT };

static const struct event_type {
    const char *name;
    enum table_id table;
    enum effect effect;
} event_types[] = {
    {"checkout.created", TABLE_checkouts, EFFECT_ROW},
    {"checkout.updated", TABLE_checkouts, EFFECT_ROW},
    {"checkout.expired", TABLE_checkouts, EFFECT_ROW},
    {"customer.created", TABLE_customers, EFFECT_ROW},
    {"customer.updated", TABLE_customers, EFFECT_ROW},
    {"customer.deleted", TABLE_customers, EFFECT_HINT},
    {"order.created", TABLE_orders, EFFECT_ROW},
    {"order.updated", TABLE_orders, EFFECT_ROW},
    {"order.paid", TABLE_orders, EFFECT_ROW},
    {"order.refunded", TABLE_orders, EFFECT_ROW},
    {"subscription.created", TABLE_subscriptions, EFFECT_ROW},
    {"subscription.updated", TABLE_subscriptions, EFFECT_ROW},
    {"subscription.active", TABLE_subscriptions, EFFECT_ROW},
    {"subscription.canceled", TABLE_subscriptions, EFFECT_ROW},
    {"subscription.uncanceled", TABLE_subscriptions, EFFECT_ROW},
    {"subscription.cycled", TABLE_subscriptions, EFFECT_ROW},
    {"subscription.revoked", TABLE_subscriptions, EFFECT_ROW},
    {"subscription.past_due", TABLE_subscriptions, EFFECT_ROW},
    {"subscription.paused", TABLE_subscriptions, EFFECT_ROW},
    {"subscription.resumed", TABLE_subscriptions, EFFECT_ROW},
    {"refund.created", TABLE_refunds, EFFECT_ROW},
    {"refund.updated", TABLE_refunds, EFFECT_ROW},
    {"product.created", TABLE_products, EFFECT_ROW},
    {"product.updated", TABLE_products, EFFECT_ROW},
    {"benefit.created", TABLE_benefits, EFFECT_ROW},
    {"benefit.updated", TABLE_benefits, EFFECT_ROW},
    {"organization.updated", TABLE_organizations, EFFECT_ROW},
};

struct inbox {
    struct store *store;
    struct sv organization_id;
    const struct clock *clock;
    struct arena arena; // of the event under way
    struct sync_inbox_counts *counts;
};

static const struct event_type *find_type(const char *name)
{
    for (size_t i = 0; i < TILL_COUNT(event_types); i++) {
        if (strcmp(event_types[i].name, name) == 0)
            return &event_types[i];
    }
    return NULL;
}

static struct sv text_of(const struct row *row, const char *column)
{
    size_t index;
    if (!model_column(row->table, sv_of(column), &index) || row->values[index].type != VALUE_TEXT)
        return (struct sv){NULL, 0};
    return row->values[index].text;
}

// Polar's lists leave such a row out; whether it is really gone, the next sync asks.
static bool says_gone(const struct row *row)
{
    size_t index;
    return text_of(row, "deleted_at").ptr ||
           (model_column(row->table, SV("is_deleted"), &index) &&
            row->values[index].type == VALUE_INTEGER && row->values[index].integer != 0);
}

// The row itself, and the order that a refund has changed.
static size_t hints_of(const struct row *row, struct store_hint hints[2])
{
    size_t count = 0;
    hints[count++] =
        (struct store_hint){.table = row->table, .row_id = row_id(row), .source = "webhook"};
    if (row->table->id == TABLE_refunds && text_of(row, "order_id").ptr)
        hints[count++] = (struct store_hint){.table = model_table(TABLE_orders),
                                             .row_id = text_of(row, "order_id"),
                                             .source = "webhook"};
    return count;
}

static enum till_code put_hint(struct inbox *inbox, const struct table *table, struct sv id,
                               struct till_error *e)
{
    const struct store_hint hint = {.table = table, .row_id = id, .source = "webhook"};
    return store_hints_put(inbox->store, inbox->organization_id, &hint, 1,
                           clock_now_us(inbox->clock), e);
}

static enum till_code land(struct inbox *inbox, const struct row *row, struct till_error *e)
{
    struct store_hint hints[2];
    struct store_page_counts counts = {0};
    struct store_incoming incoming = {.rows = row,
                                      .row_count = 1,
                                      .total_count = -1,
                                      .hints = hints,
                                      .hint_count = hints_of(row, hints),
                                      .mode = STORE_LAND_IF_NEWER};
    if (row->organization_id.ptr && !sv_equal(row->organization_id, inbox->organization_id))
        return TILL_FAIL(e, TILL_FORMAT, 0, "it belongs to another organization");
    if (says_gone(row))
        return store_hints_put(inbox->store, inbox->organization_id, hints, incoming.hint_count,
                               clock_now_us(inbox->clock), e);
    enum till_code code = store_rows(inbox->store, inbox->organization_id, row->table, &incoming,
                                     clock_now_us(inbox->clock), &counts, e);
    if (code)
        return code;
    inbox->counts->added += counts.added;
    inbox->counts->changed += counts.changed;
    return TILL_OK;
}

static enum till_code apply(struct inbox *inbox, const struct event_type *type, struct sv body,
                            struct till_error *e)
{
    struct decode_page page = {0};
    const struct table *table = model_table(type->table);
    enum till_code code = decode_object(table, body, &inbox->arena, &page, e);
    if (code)
        return code;
    bool is_row = page.row_count == 1;
    if (is_row && type->effect == EFFECT_ROW)
        return land(inbox, &page.rows[0], e);
    struct sv id = is_row ? row_id(&page.rows[0]) : page.rejects[0].id;
    code = id.ptr ? put_hint(inbox, table, id, e) : TILL_OK;
    if (code || is_row)
        return code;
    return TILL_FAIL(e, TILL_FORMAT, 0, "%s", page.rejects[0].reason);
}

// What is wrong with this machine, not with the event: it stays where it is.
static bool is_ours(enum till_code code)
{
    return code == TILL_STORE || code == TILL_MEMORY || code == TILL_CANCELED;
}

static enum till_code apply_one(struct inbox *inbox, const struct store_webhook *webhook,
                                struct till_error *e)
{
    struct till_error problem = {0};
    struct sync_inbox_counts *counts = inbox->counts;
    const struct event_type *type = find_type(webhook->type);
    enum till_code code = type ? apply(inbox, type, webhook->body, &problem) : TILL_OK;
    if (is_ours(code)) {
        *e = problem;
        return till_error_context(e, "could not apply a webhook of type %s", webhook->type);
    }
    enum till_code kept = store_webhook_done(inbox->store, webhook, code ? problem.text : NULL,
                                             clock_now_us(inbox->clock), e);
    if (kept)
        return kept;
    if (code)
        counts->set_aside++;
    else if (type)
        counts->applied++;
    else
        counts->effectless++;
    return TILL_OK;
}

enum till_code sync_inbox(struct store *store, struct sv organization_id, const struct clock *clock,
                          int64_t most, struct sync_inbox_counts *ret_counts, struct till_error *e)
{
    struct sync_inbox_counts counts = {0};
    struct inbox inbox = {
        .store = store, .organization_id = organization_id, .clock = clock, .counts = &counts};
    enum till_code code = TILL_OK;
    arena_init(&inbox.arena, TILL_LIMIT_ARENA_BYTES);
    for (int64_t done = 0; !code && !counts.is_empty && (most == 0 || done < most); done++) {
        struct store_webhook webhook;
        bool is_found = false;
        arena_reset(&inbox.arena);
        code = store_webhook_next(store, organization_id, &inbox.arena, &webhook, &is_found, e);
        if (!code && is_found)
            code = apply_one(&inbox, &webhook, e);
        counts.is_empty = !code && !is_found;
    }
    arena_release(&inbox.arena);
    if (!code)
        *ret_counts = counts;
    return code;
}
