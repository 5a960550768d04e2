// SPDX-License-Identifier: Apache-2.0
// list_rows.c - the SQL that fills a page: its rows one by one, each by its id, and sums beside them.
//
// Names come from the lists of customers and products, else from the copy inside the row.
#include "store/lists.h"

#include "base/attr.h"
#include "store/driver.h"

#define TEXT(name)                                                                                 \
    {                                                                                              \
        name, STORE_CELL_TEXT                                                                      \
    }
#define INTEGER(name)                                                                              \
    {                                                                                              \
        name, STORE_CELL_INTEGER                                                                   \
    }
#define BOOLEAN(name)                                                                              \
    {                                                                                              \
        name, STORE_CELL_BOOLEAN                                                                   \
    }
#define JSON(name)                                                                                 \
    {                                                                                              \
        name, STORE_CELL_JSON                                                                      \
    }

static const struct store_list_column order_columns[] = {TEXT("id"),
                                                         TEXT("created_at"),
                                                         TEXT("status"),
                                                         BOOLEAN("paid"),
                                                         TEXT("customer.id"),
                                                         TEXT("customer.name"),
                                                         TEXT("customer.email"),
                                                         TEXT("customer.country"),
                                                         TEXT("product.id"),
                                                         TEXT("product.name"),
                                                         TEXT("billing_reason"),
                                                         INTEGER("total_amount"),
                                                         INTEGER("net_amount"),
                                                         INTEGER("tax_amount"),
                                                         INTEGER("refunded_amount"),
                                                         TEXT("currency"),
                                                         TEXT("invoice_number"),
                                                         TEXT("subscription_id")};
static const struct store_list_column subscription_columns[] = {
    TEXT("id"),
    TEXT("started_at"),
    TEXT("status"),
    TEXT("customer.id"),
    TEXT("customer.name"),
    TEXT("customer.email"),
    TEXT("customer.country"),
    TEXT("product.id"),
    TEXT("product.name"),
    INTEGER("amount"),
    TEXT("currency"),
    TEXT("recurring_interval"),
    INTEGER("recurring_interval_count"),
    TEXT("current_period_end"),
    BOOLEAN("cancel_at_period_end"),
    TEXT("ends_at"),
    TEXT("ended_at"),
    TEXT("trial_end"),
    TEXT("customer_cancellation_reason")};
static const struct store_list_column customer_columns[] = {TEXT("id"),      TEXT("created_at"),
                                                            TEXT("name"),    TEXT("email"),
                                                            TEXT("country"), BOOLEAN("deleted")};
static const struct store_list_column product_columns[] = {TEXT("id"),
                                                           TEXT("created_at"),
                                                           TEXT("name"),
                                                           BOOLEAN("is_archived"),
                                                           BOOLEAN("is_recurring"),
                                                           TEXT("recurring_interval"),
                                                           INTEGER("recurring_interval_count"),
                                                           JSON("prices")};
static const struct store_list_column refund_columns[] = {TEXT("id"),
                                                          TEXT("created_at"),
                                                          TEXT("status"),
                                                          TEXT("reason"),
                                                          INTEGER("amount"),
                                                          INTEGER("tax_amount"),
                                                          TEXT("currency"),
                                                          TEXT("order_id"),
                                                          TEXT("subscription_id"),
                                                          TEXT("customer.id"),
                                                          TEXT("customer.name"),
                                                          TEXT("customer.email"),
                                                          TEXT("customer.country")};
static const struct store_list_column checkout_columns[] = {TEXT("id"),
                                                            TEXT("created_at"),
                                                            TEXT("status"),
                                                            TEXT("customer.id"),
                                                            TEXT("customer.name"),
                                                            TEXT("customer.email"),
                                                            TEXT("customer.country"),
                                                            TEXT("product.id"),
                                                            TEXT("product.name"),
                                                            INTEGER("total_amount"),
                                                            INTEGER("net_amount"),
                                                            INTEGER("tax_amount"),
                                                            TEXT("currency"),
                                                            TEXT("expires_at")};

// Where a row stands beside its customer and its product.
#define BOUGHT                                                                                     \
    "t.customer_id, coalesce(c.name, c.billing_name, json_extract(t.customer, '$.name')), "        \
    "coalesce(c.email, json_extract(t.customer, '$.email')), "                                     \
    "coalesce(json_extract(c.billing_address, '$.country'), "                                      \
    "json_extract(t.customer, '$.billing_address.country')), t.product_id, "                       \
    "coalesce(p.name, json_extract(t.product, '$.name'))"
#define BESIDE                                                                                     \
    " AS t LEFT JOIN customers AS c ON c.id = t.customer_id "                                      \
    "LEFT JOIN products AS p ON p.id = t.product_id WHERE t.id = ?1"

static const char order_sql[] =
    "SELECT t.id, t.created_at, t.status, t.paid, " BOUGHT
    ", t.billing_reason, t.total_amount, t.net_amount, t.tax_amount, t.refunded_amount, "
    "t.currency, t.invoice_number, t.subscription_id FROM orders" BESIDE;
static const char subscription_sql[] =
    "SELECT t.id, t.started_at, t.status, " BOUGHT
    ", t.amount, t.currency, t.recurring_interval, t.recurring_interval_count, "
    "t.current_period_end, t.cancel_at_period_end, t.ends_at, t.ended_at, t.trial_end, "
    "t.customer_cancellation_reason FROM subscriptions" BESIDE;
static const char customer_sql[] =
    "SELECT t.id, t.created_at, coalesce(t.name, t.billing_name), t.email, "
    "json_extract(t.billing_address, '$.country'), t.till_deleted_at IS NOT NULL "
    "FROM customers AS t WHERE t.id = ?1";
static const char product_sql[] =
    "SELECT t.id, t.created_at, t.name, t.is_archived, t.is_recurring, t.recurring_interval, "
    "t.recurring_interval_count, (SELECT json_group_array(json_object("
    "'amount_type', json_extract(price.value, '$.amount_type'), "
    "'currency', json_extract(price.value, '$.price_currency'), "
    "'amount', coalesce(json_extract(price.value, '$.price_amount'), "
    "json_extract(price.value, '$.unit_amount'), json_extract(price.value, '$.price_per_seat'), "
    "json_extract(price.value, '$.minimum_amount')))) FROM json_each(t.prices) AS price) "
    "FROM products AS t WHERE t.id = ?1";
static const char refund_sql[] =
    "SELECT t.id, t.created_at, t.status, t.reason, t.amount, t.tax_amount, t.currency, "
    "t.order_id, t.subscription_id, t.customer_id, coalesce(c.name, c.billing_name), c.email, "
    "json_extract(c.billing_address, '$.country') FROM refunds AS t "
    "LEFT JOIN customers AS c ON c.id = t.customer_id WHERE t.id = ?1";
static const char checkout_sql[] =
    "SELECT t.id, t.created_at, t.status, t.customer_id, coalesce(t.customer_name, "
    "t.customer_billing_name, c.name, c.billing_name), coalesce(t.customer_email, c.email), "
    "coalesce(json_extract(t.customer_billing_address, '$.country'), "
    "json_extract(c.billing_address, '$.country')), t.product_id, "
    "coalesce(p.name, json_extract(t.product, '$.name')), t.total_amount, t.net_amount, "
    "t.tax_amount, t.currency, t.expires_at FROM checkouts" BESIDE;

static const struct {
    const char *sql;
    const struct store_list_column *columns;
    size_t count;
} kinds[STORE_LIST__COUNT] = {
#define KIND(name)                                                                                 \
    {                                                                                              \
        name##_sql, name##_columns, TILL_COUNT(name##_columns)                                     \
    }
    [STORE_LIST_ORDERS] = KIND(order),       [STORE_LIST_SUBSCRIPTIONS] = KIND(subscription),
    [STORE_LIST_CUSTOMERS] = KIND(customer), [STORE_LIST_PRODUCTS] = KIND(product),
    [STORE_LIST_REFUNDS] = KIND(refund),     [STORE_LIST_CHECKOUTS] = KIND(checkout),
#undef KIND
};

const struct store_list_column *store_list_columns(enum store_list list, size_t *ret_count)
{
    *ret_count = kinds[list].count;
    return kinds[list].columns;
}

static enum till_code ask(struct store *store, const char *sql, const struct value *values,
                          size_t count, const struct store_metric_sink *sink, struct till_error *e)
{
    struct store_result result = {.row = sink->row, .context = sink->context};
    return store_execute(store, sql, values, count, &result, e);
}

enum till_code store_list_row(struct store *store, enum store_list list, struct sv id,
                              const struct store_metric_sink *sink, struct till_error *e)
{
    const struct value value = store_text(id);
    return ask(store, kinds[list].sql, &value, 1, sink, e);
}

// ---- sums ----

// The plus keeps SQLite from putting the id into substr() too, where no index would be found any more.
enum till_code store_sums_of_customer(struct store *store, struct sv organization_id,
                                      struct sv customer_id, const struct store_metric_sink *sink,
                                      struct till_error *e)
{
    static const char sql[] =
        "SELECT customer_id, currency, count(*), sum(net_amount), sum(refunded_amount), "
        "min(created_at), max(created_at) FROM orders INDEXED BY orders_by_customer_id "
        "WHERE substr(customer_id, 1, 8) = substr(?2, 1, 8) AND +customer_id = ?2 "
        "AND organization_id = ?1 AND till_deleted_at IS NULL AND paid = 1 GROUP BY currency";
    const struct value values[] = {store_text(organization_id), store_text(customer_id)};
    return ask(store, sql, values, TILL_COUNT(values), sink, e);
}

// One row for each order: to group them here would sort them all.
enum till_code store_sums_by_product(struct store *store, struct sv organization_id,
                                     int64_t from_us, int64_t to_us,
                                     const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] =
        "SELECT till_row(product_id, currency, 1, net_amount, refunded_amount, NULL, NULL) "
        "FROM orders INDEXED BY orders_by_created_at WHERE created_at BETWEEN ?2 AND ?3 "
        "AND organization_id = ?1 AND till_deleted_at IS NULL AND paid = 1";
    char from[STORE_TIME_BYTES], to[STORE_TIME_BYTES];
    struct store_result result = {.row = sink->row, .context = sink->context};
    struct value values[] = {store_text(organization_id), store_time_from(from_us, from),
                             store_time_to(to_us, to)};
    return store_stream(store, sql, values, TILL_COUNT(values), &result, e);
}

// ---- what MRR is made of ----

#define LISTED "(SELECT value FROM json_each(?1))"
#define ROWS                                                                                       \
    "SELECT id, customer_id, product_id, created_at, started_at, ends_at, ended_at, canceled_at, " \
    "trial_end, amount, currency, recurring_interval, recurring_interval_count, "                  \
    "customer_cancellation_reason FROM subscriptions WHERE till_deleted_at IS NULL AND "

enum till_code store_few_subscriptions(struct store *store, struct sv ids, bool of_customers,
                                       const struct store_metric_sink *sink, struct till_error *e)
{
    static const char by_id[] = ROWS "id IN " LISTED;
    static const char by_customer[] = ROWS "customer_id IN " LISTED;
    const struct value value = store_text(ids);
    return ask(store, of_customers ? by_customer : by_id, &value, 1, sink, e);
}

enum till_code store_few_taxed_orders(struct store *store, struct sv ids, bool of_customers,
                                      const struct store_metric_sink *sink, struct till_error *e)
{
#define TAXED                                                                                      \
    "SELECT t.created_at, NULL, t.net_amount, 0, CASE WHEN t.subtotal_amount - "                   \
    "t.discount_amount = t.net_amount + t.tax_amount THEN t.tax_amount ELSE -t.tax_amount END, "   \
    "t.subscription_id FROM orders AS t INDEXED BY orders_by_customer_id WHERE t.paid = 1 AND "    \
    "t.till_deleted_at IS NULL AND t.tax_amount > 0 AND t.subscription_id IS NOT NULL AND "
#define IN_ORDER " ORDER BY t.created_at"
    static const char by_id[] =
        TAXED "substr(t.customer_id, 1, 8) IN (SELECT substr(customer_id, 1, 8) FROM subscriptions "
              "WHERE id IN " LISTED ") AND t.subscription_id IN " LISTED IN_ORDER;
    static const char by_customer[] = TAXED STORE_OF_CUSTOMERS "t.customer_id IN " LISTED IN_ORDER;
#undef TAXED
#undef IN_ORDER
    const struct value value = store_text(ids);
    return ask(store, of_customers ? by_customer : by_id, &value, 1, sink, e);
}

enum till_code store_few_taxes(struct store *store, struct sv ids, bool of_customers,
                               const struct store_metric_sink *sink, struct till_error *e)
{
#define INSIDE                                                                                     \
    "SELECT s.id, c.net_amount, c.tax_amount FROM subscriptions AS s "                             \
    "JOIN checkouts AS c ON c.id = s.checkout_id WHERE s.till_deleted_at IS NULL "                 \
    "AND s.status = 'trialing' AND c.tax_behavior = 'inclusive' AND c.tax_amount > 0 AND "
    static const char by_id[] = INSIDE "s.id IN " LISTED;
    static const char by_customer[] = INSIDE "s.customer_id IN " LISTED;
#undef INSIDE
    const struct value value = store_text(ids);
    return ask(store, of_customers ? by_customer : by_id, &value, 1, sink, e);
}
