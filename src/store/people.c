// SPDX-License-Identifier: Apache-2.0
// people.c - the SQL of people.h: look-ups by id, and the partial indexes of rows in motion.
#include "store/people.h"

#include "base/attr.h"
#include "store/driver.h"

static enum till_code ask(struct store *store, const char *sql, const struct value *values,
                          size_t count, const struct store_metric_sink *sink, struct till_error *e)
{
    struct store_result result = {.row = sink->row, .context = sink->context};
    return store_execute(store, sql, values, count, &result, e);
}

enum till_code store_person(struct store *store, struct sv customer_id,
                            const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT coalesce(name, billing_name), email FROM customers WHERE id = ?1";
    struct value value = store_text(customer_id);
    return ask(store, sql, &value, 1, sink, e);
}

enum till_code store_person_reason(struct store *store, struct sv customer_id, struct sv currency,
                                   const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT CASE WHEN past_due_at IS NOT NULL AND customer_cancellation_reason IS NULL "
        "THEN 'payment_failed' ELSE customer_cancellation_reason END FROM subscriptions "
        "INDEXED BY subscriptions_by_customer_id WHERE customer_id = ?1 AND currency = ?2 "
        "AND till_deleted_at IS NULL ORDER BY coalesce(ended_at, ends_at) DESC LIMIT 1";
    struct value values[] = {store_text(customer_id), store_text(currency)};
    return ask(store, sql, values, TILL_COUNT(values), sink, e);
}

enum till_code store_risks(struct store *store, struct sv organization_id, int64_t now_us,
                           const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT id, customer_id, status, past_due_at, customer_cancellation_reason "
        "FROM subscriptions INDEXED BY subscriptions_moving WHERE organization_id = ?1 "
        "AND till_deleted_at IS NULL "
        "AND status IN ('incomplete', 'past_due', 'unpaid', 'paused') "
        "AND status IN ('past_due', 'unpaid') AND (ended_at IS NULL OR ended_at > ?2) "
        "UNION ALL SELECT id, customer_id, 'ends', ends_at, customer_cancellation_reason "
        "FROM subscriptions INDEXED BY subscriptions_by_started_at WHERE organization_id = ?1 "
        "AND till_deleted_at IS NULL AND ends_at > ?2 AND (ended_at IS NULL OR ended_at > ?2) "
        "UNION ALL SELECT subscription_id, customer_id, 'payment_failed', "
        "next_payment_attempt_at, NULL FROM orders INDEXED BY orders_moving "
        "WHERE organization_id = ?1 AND till_deleted_at IS NULL "
        "AND status IN ('draft', 'pending') AND status = 'pending' "
        "AND subscription_id IS NOT NULL AND next_payment_attempt_at IS NOT NULL";
    char now[STORE_TIME_BYTES];
    struct value values[] = {store_text(organization_id), store_time(now_us, now)};
    return ask(store, sql, values, TILL_COUNT(values), sink, e);
}
