// SPDX-License-Identifier: Apache-2.0
// movement_rows.c - the SQL of movement_rows.h.
//
// Bills are asked of their covering index alone; the few whose amount is not the plain price are looked at one by one.
#include "store/movement_rows.h"

#include "base/attr.h"
#include "store/driver.h"
#include "store/packed.h"

#define LIVE " WHERE organization_id = ?1 AND till_deleted_at IS NULL"

static enum till_code stream(struct store *store, const char *sql, struct sv organization_id,
                             const struct store_metric_sink *sink, struct till_error *e)
{
    struct store_result result = {.row = sink->row, .context = sink->context};
    struct value organization = store_text(organization_id);
    return store_execute(store, sql, &organization, 1, &result, e);
}

struct snapshot {
    store_movement_reader *reader;
    void *context;
    bool is_called;
};

static enum till_code call_reader(void *context, const struct value *values, size_t count,
                                  struct till_error *e)
{
    struct snapshot *snapshot = context;
    (void)values;
    (void)count;
    snapshot->is_called = true;
    return snapshot->reader(snapshot->context, e);
}

// A statement that is not finished holds its read transaction, and those within it share it.
enum till_code store_movement_snapshot(struct store *store, store_movement_reader *reader,
                                       void *context, struct till_error *e)
{
    static const char sql[] = "SELECT 1 FROM till_connections LIMIT 1";
    struct snapshot snapshot = {.reader = reader, .context = context};
    struct store_result result = {.row = call_reader, .context = &snapshot};
    enum till_code code = store_execute(store, sql, NULL, 0, &result, e);
    return code == TILL_OK && !snapshot.is_called ? reader(context, e) : code;
}

enum till_code store_movement_events(struct store *store, struct sv organization_id,
                                     const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT till_row(name, timestamp, subscription_id, amount, currency, recurring_interval, "
        "recurring_interval_count) FROM till_event_facts WHERE organization_id = ?1 AND topic = "
        "'subscription' AND name IN ('subscription.created', 'subscription.cycled', "
        "'subscription.canceled', "
        "'subscription.uncanceled', 'subscription.revoked', 'subscription.reinstated', "
        "'subscription.paused', 'subscription.resumed', 'subscription.past_due', "
        "'subscription.product_updated', 'subscription.seats_updated', "
        "'subscription.units_updated')";
    struct store_result result = {.row = sink->row, .context = sink->context};
    struct value organization = store_text(organization_id);
    return store_stream(store, sql, &organization, 1, &result, e);
}

enum till_code store_movement_changes(struct store *store, struct sv organization_id,
                                      const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT row_id, column_name, old_value, new_value, seen_at FROM row_changes "
        "WHERE table_name = 'subscriptions' AND organization_id = ?1 AND column_name IN "
        "('amount', 'recurring_interval', 'recurring_interval_count', 'ended_at') "
        "ORDER BY row_id DESC, id DESC";
    return stream(store, sql, organization_id, sink, e);
}

enum till_code store_movement_bills(struct store *store, struct sv organization_id,
                                    const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] = "SELECT till_row(rowid, created_at, subscription_id, product_id, "
                              "subtotal_amount - discount_amount, currency) "
                              "FROM orders INDEXED BY orders_by_created_at" LIVE " AND paid = 1 "
                              "AND subscription_id IS NOT NULL "
                              "AND billing_reason IN ('subscription_create', 'subscription_cycle') "
                              "AND created_at >= ?2";
    char until[STORE_UNTIL_BYTES];
    struct store_result result = {.row = sink->row, .context = sink->context};
    enum till_code code = store_bills_packed(store, organization_id, sink, until, e);
    struct value values[] = {store_text(organization_id), store_c_text(until)};
    return code ? code : store_stream(store, sql, values, TILL_COUNT(values), &result, e);
}

enum till_code store_movement_fixed(struct store *store, int64_t key, int64_t *ret_amount_minor,
                                    struct till_error *e)
{
    static const char sql[] =
        "SELECT coalesce((SELECT sum(json_extract(item.value, '$.amount')) "
        "FROM json_each(o.items) AS item "
        "WHERE NOT coalesce(json_extract(item.value, '$.proration'), 0) "
        "AND json_extract(item.value, '$.product_price_id') NOT IN ("
        "SELECT json_extract(price.value, '$.id') "
        "FROM subscriptions AS s, json_each(s.prices) AS price WHERE s.id = o.subscription_id "
        "AND json_extract(price.value, '$.amount_type') = 'metered_unit' UNION ALL "
        "SELECT json_extract(price.value, '$.id') "
        "FROM products AS p, json_each(p.prices) AS price WHERE p.id = o.product_id "
        "AND json_extract(price.value, '$.amount_type') = 'metered_unit')), 0) - "
        "o.discount_amount FROM orders AS o WHERE o.rowid = ?1";
    int64_t amount_minor = 0;
    struct store_result result = {.row = store_take_integer, .context = &amount_minor};
    struct value parameter = store_integer(key);
    enum till_code code = store_execute(store, sql, &parameter, 1, &result, e);
    if (code == TILL_OK)
        *ret_amount_minor = amount_minor > 0 ? amount_minor : 0;
    return code;
}

enum till_code store_movement_products(struct store *store, struct sv organization_id,
                                       const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] = "SELECT id, recurring_interval, recurring_interval_count FROM "
                              "products WHERE organization_id = ?1 AND is_recurring = 1";
    return stream(store, sql, organization_id, sink, e);
}

static enum till_code take_time(void *context, const struct value *values, size_t count,
                                struct till_error *e)
{
    int64_t *at_us = context;
    (void)e;
    if (count == 1)
        *at_us = store_time_of(&values[0]);
    return TILL_OK;
}

enum till_code store_movement_modified(struct store *store, struct sv subscription_id,
                                       int64_t *ret_at_us, struct till_error *e)
{
    static const char sql[] = "SELECT modified_at FROM subscriptions WHERE id = ?1";
    int64_t at_us = 0;
    struct store_result result = {.row = take_time, .context = &at_us};
    struct value parameter = store_text(subscription_id);
    enum till_code code = store_execute(store, sql, &parameter, 1, &result, e);
    if (code == TILL_OK)
        *ret_at_us = at_us;
    return code;
}
