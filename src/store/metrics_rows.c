// SPDX-License-Identifier: Apache-2.0
// metrics_rows.c - the SQL of metrics_rows.h.
//
// Each statement asks for columns of one covering index (tables.def) and for nothing else, since rows are wide: reading a million orders is reading 200
// bytes each instead of 3 KB. What events tell is read from till_event_facts, which holds it in columns.
#include "store/metrics_rows.h"

#include "base/attr.h"
#include "store/driver.h"

#define LIVE " WHERE organization_id = ?1 AND till_deleted_at IS NULL"

static enum till_code stream(struct store *store, const char *sql, const struct value *parameters,
                             size_t count, const struct store_metric_sink *sink,
                             struct till_error *e)
{
    struct store_result result = {.row = sink->row, .context = sink->context};
    return store_execute(store, sql, parameters, count, &result, e);
}

// The same for till_row().
static enum till_code flow(struct store *store, const char *sql, const struct value *parameters,
                           size_t count, const struct store_metric_sink *sink, struct till_error *e)
{
    struct store_result result = {.row = sink->row, .context = sink->context};
    return store_stream(store, sql, parameters, count, &result, e);
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

// A moment as SQL compares it: "" before all of them.
static struct value moment(int64_t at_us, char place[static STORE_TIME_BYTES])
{
    struct value value = store_time(at_us, place);
    return value.type == VALUE_NULL ? store_c_text("") : value;
}

enum till_code store_metric_subscriptions(struct store *store, struct sv organization_id,
                                          int64_t from_us, const struct store_metric_sink *sink,
                                          struct till_error *e)
{
#define ROWS                                                                                       \
    "SELECT till_row(id, customer_id, product_id, created_at, started_at, ends_at, ended_at, "     \
    "canceled_at, trial_end, amount, currency, recurring_interval, recurring_interval_count, "     \
    "customer_cancellation_reason) FROM subscriptions "                                            \
    "INDEXED BY subscriptions_by_started_at" LIVE
    static const char all[] = ROWS;
    static const char lasting[] = ROWS " AND coalesce(ended_at, ends_at, '~') >= ?2";
#undef ROWS
    char from[STORE_TIME_BYTES];
    struct value values[] = {store_text(organization_id), moment(from_us, from)};
    bool is_all = values[1].text.len == 0;
    return flow(store, is_all ? all : lasting, values, is_all ? 1 : 2, sink, e);
}

enum till_code store_metric_first_tax_inside(struct store *store, struct sv organization_id,
                                             int64_t *ret_at_us, struct till_error *e)
{
    static const char sql[] =
        "SELECT min(created_at) FROM orders" LIVE " AND paid = 1 AND subscription_id IS NOT NULL "
        "AND tax_amount > 0 AND subtotal_amount - discount_amount = net_amount + tax_amount";
    struct value organization = store_text(organization_id);
    int64_t at_us = 0;
    struct store_result result = {.row = take_time, .context = &at_us};
    enum till_code code = store_execute(store, sql, &organization, 1, &result, e);
    if (code == TILL_OK)
        *ret_at_us = at_us;
    return code;
}

enum till_code store_metric_orders(struct store *store, struct sv organization_id,
                                   const struct store_metric_orders_query *query,
                                   const struct store_metric_sink *sink, struct till_error *e)
{
#define COLUMNS                                                                                    \
    "SELECT till_row(created_at, CASE WHEN currency <> 'usd' THEN currency "                       \
    "WHEN platform_fee_amount <> 0 "                                                               \
    "AND platform_fee_currency <> 'usd' THEN platform_fee_currency END, net_amount, "              \
    "refunded_amount + coalesce(platform_fee_amount, 0), CASE WHEN tax_amount = 0 THEN 0 "         \
    "WHEN created_at < ?2 THEN 0 WHEN subtotal_amount - discount_amount = net_amount + "           \
    "tax_amount THEN tax_amount "                                                                  \
    "ELSE -tax_amount END, subscription_id"
#define OWNERS ", product_id, customer_id"
#define PAID   ") FROM orders INDEXED BY orders_by_created_at" LIVE " AND paid = 1"
#define TAXED  " AND tax_amount > 0 AND subscription_id IS NOT NULL"
#define SINCE  " AND created_at >= ?3"
    static const char *const statements[][2] = {
        [STORE_ORDERS_PLAIN] = {COLUMNS PAID SINCE, COLUMNS PAID},
        [STORE_ORDERS_OWNED] = {COLUMNS OWNERS PAID SINCE, COLUMNS OWNERS PAID},
        [STORE_ORDERS_TAXED] = {COLUMNS PAID TAXED SINCE, COLUMNS PAID TAXED},
    };
#undef COLUMNS
#undef OWNERS
#undef PAID
#undef TAXED
#undef SINCE
    char from[STORE_TIME_BYTES], taxed[STORE_TIME_BYTES];
    struct value values[] = {store_text(organization_id), moment(query->taxed_from_us, taxed),
                             moment(query->from_us, from)};
    bool is_all = values[2].text.len == 0;
    if (query->taxed_from_us == INT64_MAX)
        values[1] = store_c_text("~"); // behind every digit
    return flow(store, statements[query->which][is_all], values, is_all ? 2 : 3, sink, e);
}

enum till_code store_metric_events(struct store *store, struct sv organization_id, int64_t from_us,
                                   const struct store_metric_sink *sink, struct till_error *e)
{
#define FACTS                                                                                      \
    "SELECT till_row(name, timestamp, customer_id, external_customer_id, product_id, order_id, "   \
    "subscription_id, amount, net_amount, presentment_amount, fee, applied_balance_amount, "       \
    "exchange_rate, currency, presentment_currency, order_created_at, started_at, canceled_at, "   \
    "ends_at, customer_cancellation_reason) FROM till_event_facts WHERE organization_id = ?1 AND "
    static const char *const statements[] = {
        FACTS "topic = 'exchange' AND timestamp < ?2 AND presentment_currency <> 'usd'",
        FACTS "topic IN ('exchange', 'order') AND timestamp >= ?2",
        FACTS "topic = 'subscription' AND name IN "
              "('subscription.created', 'subscription.cycled', 'subscription.product_updated', "
              "'subscription.uncanceled', 'subscription.reinstated', 'subscription.canceled', "
              "'subscription.revoked')",
    };
#undef FACTS
    char from[STORE_TIME_BYTES];
    struct value values[] = {store_text(organization_id), moment(from_us, from)};
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < TILL_COUNT(statements) && code == TILL_OK; i++)
        code = flow(store, statements[i], values, i < 2 ? 2 : 1, sink, e);
    return code;
}

enum till_code store_metric_payments(struct store *store, struct sv organization_id, int64_t to_us,
                                     const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT till_row(timestamp, presentment_currency, presentment_amount, currency, amount, "
        "exchange_rate) FROM till_event_facts WHERE organization_id = ?1 AND topic = 'exchange' "
        "AND timestamp <= ?2 AND presentment_currency <> currency";
    char to[STORE_TIME_BYTES];
    struct value values[] = {store_text(organization_id), store_time(to_us, to)};
    return flow(store, sql, values, TILL_COUNT(values), sink, e);
}

enum till_code store_metric_checkouts(struct store *store, struct sv organization_id,
                                      int64_t from_us, int64_t to_us, struct sv products,
                                      struct sv customers, const struct store_metric_sink *sink,
                                      struct till_error *e)
{
#define SPAN "SELECT created_at, status FROM checkouts" LIVE " AND created_at BETWEEN ?2 AND ?3"
    static const char plain[] = SPAN;
    static const char filtered[] =
        SPAN " AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(products) AS offered WHERE "
             "json_extract(offered.value, '$.id') IN (SELECT value FROM json_each(?4)))) "
             "AND (?5 IS NULL OR customer_id IN (SELECT value FROM json_each(?5)))";
#undef SPAN
    char from[STORE_TIME_BYTES], to[STORE_TIME_BYTES];
    struct value values[] = {store_text(organization_id), store_time_from(from_us, from),
                             store_time_to(to_us, to), store_text(products), store_text(customers)};
    bool is_filtered = products.ptr != NULL || customers.ptr != NULL;
    return stream(store, is_filtered ? filtered : plain, values, is_filtered ? 5 : 3, sink, e);
}

enum till_code store_metric_taxes(struct store *store, struct sv organization_id,
                                  const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT s.id, c.net_amount, c.tax_amount FROM subscriptions AS s "
        "JOIN checkouts AS c ON c.id = s.checkout_id "
        "WHERE s.organization_id = ?1 AND s.till_deleted_at IS NULL AND s.status = 'trialing' "
        "AND s.status IN ('active', 'trialing') AND c.tax_behavior = 'inclusive' "
        "AND c.tax_amount > 0";
    struct value organization = store_text(organization_id);
    return stream(store, sql, &organization, 1, sink, e);
}

enum till_code store_metric_products(struct store *store, struct sv organization_id,
                                     bool is_recurring, const struct store_metric_sink *sink,
                                     struct till_error *e)
{
    static const char sql[] = "SELECT id FROM products" LIVE " AND is_recurring = ?2";
    struct value values[] = {store_text(organization_id), store_integer(is_recurring)};
    return stream(store, sql, values, TILL_COUNT(values), sink, e);
}

enum till_code store_metric_customer_words(struct store *store, struct sv organization_id,
                                           struct sv customers,
                                           const struct store_metric_sink *sink,
                                           struct till_error *e)
{
    static const char sql[] = "SELECT external_id FROM customers "
                              "WHERE id IN (SELECT value FROM json_each(?2)) "
                              "AND organization_id = ?1 AND external_id IS NOT NULL";
    struct value values[] = {store_text(organization_id), store_text(customers)};
    return stream(store, sql, values, TILL_COUNT(values), sink, e);
}

static enum till_code take_facts(void *context, const struct value *values, size_t count,
                                 struct till_error *e)
{
    struct store_metric_facts *facts = context;
    (void)e;
    if (count == 2) {
        facts->has_seats = store_integer_of(&values[0]) != 0;
        facts->has_user_events = store_integer_of(&values[1]) != 0;
    }
    return TILL_OK;
}

enum till_code store_metric_facts(struct store *store, struct sv organization_id,
                                  struct store_metric_facts *ret_facts, struct till_error *e)
{
    static const char sql[] = "SELECT EXISTS (SELECT 1 FROM orders" LIVE " AND seats > 0)"
                              " OR EXISTS (SELECT 1 FROM subscriptions" LIVE " AND seats > 0),"
                              " EXISTS (SELECT 1 FROM customers WHERE organization_id = ?1"
                              " AND first_user_event_at IS NOT NULL)";
    struct store_metric_facts facts = {0};
    const struct store_metric_sink sink = {.row = take_facts, .context = &facts};
    struct value organization = store_text(organization_id);
    enum till_code code = stream(store, sql, &organization, 1, &sink, e);
    if (code == TILL_OK)
        *ret_facts = facts;
    return code;
}
