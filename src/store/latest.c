// SPDX-License-Identifier: Apache-2.0
// latest.c - the SQL of latest.h: the newest of each kind from the end of an index, merged, and only then given names.
//
// Who it was and what it was about comes from the lists of customers and products, else from the copy inside the row.
#include "store/latest.h"

#include "base/attr.h"
#include "store/driver.h"

static const char latest_sql[] =
    "SELECT l.kind, l.id, l.at, l.customer_id, coalesce(c.name, c.billing_name, "
    "json_extract(coalesce(o.customer, s.customer), '$.name')), coalesce(c.email, "
    "json_extract(coalesce(o.customer, s.customer), '$.email')), "
    "coalesce(json_extract(c.billing_address, '$.country'), json_extract(coalesce(o.customer, "
    "s.customer), '$.billing_address.country')), coalesce(p.name, "
    "json_extract(coalesce(o.product, s.product), '$.name')), l.amount, l.currency, "
    "l.billing_reason FROM (SELECT * FROM ("
    "SELECT * FROM (SELECT 'order' AS kind, 'o' AS source, id, id AS row_id, created_at AS at, "
    "customer_id, product_id, net_amount AS amount, currency, billing_reason FROM orders "
    "INDEXED BY orders_by_created_at WHERE created_at <= ?2 AND paid = 1 AND till_deleted_at "
    "IS NULL AND organization_id = ?1 ORDER BY created_at DESC LIMIT ?3)"
    " UNION ALL SELECT * FROM (SELECT 'subscription', 's', id, id, started_at, customer_id, "
    "product_id, amount, currency, NULL FROM subscriptions INDEXED BY "
    "subscriptions_by_started_at WHERE started_at <= ?2 AND till_deleted_at IS NULL AND "
    "organization_id = ?1 ORDER BY started_at DESC LIMIT ?3)"
    " UNION ALL SELECT * FROM (SELECT 'canceled', 's', id, id, canceled_at, customer_id, "
    "product_id, amount, currency, customer_cancellation_reason FROM subscriptions INDEXED BY "
    "subscriptions_by_started_at WHERE canceled_at <= ?2 AND till_deleted_at IS NULL AND "
    "organization_id = ?1 ORDER BY canceled_at DESC LIMIT ?3)"
    " UNION ALL SELECT * FROM (SELECT 'refund', 'o', id, order_id, created_at, customer_id, "
    "(SELECT product_id FROM orders WHERE orders.id = refunds.order_id), amount, currency, "
    "reason FROM refunds INDEXED BY refunds_by_created_at WHERE created_at <= ?2 AND status = "
    "'succeeded' AND till_deleted_at IS NULL AND organization_id = ?1 ORDER BY created_at DESC "
    "LIMIT ?3)"
    ") ORDER BY at DESC, kind, id LIMIT ?3) AS l LEFT JOIN customers AS c ON c.id = "
    "l.customer_id LEFT JOIN products AS p ON p.id = l.product_id LEFT JOIN orders AS o ON "
    "l.source = 'o' AND o.id = l.row_id LEFT JOIN subscriptions AS s ON l.source = 's' AND "
    "s.id = l.row_id ORDER BY l.at DESC, l.kind, l.id";

enum till_code store_latest(struct store *store, struct sv organization_id, int64_t now_us,
                            int64_t limit, const struct store_metric_sink *sink,
                            struct till_error *e)
{
    char now[STORE_TIME_BYTES];
    struct store_result result = {.row = sink->row, .context = sink->context};
    const struct value values[] = {store_text(organization_id), store_time(now_us, now),
                                   store_integer(limit)};
    return store_execute(store, latest_sql, values, TILL_COUNT(values), &result, e);
}
