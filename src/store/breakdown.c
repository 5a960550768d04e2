// SPDX-License-Identifier: Apache-2.0
// breakdown.c - the SQL of breakdown.h: one statement for each dimension.
//
// Orders are read from their covering index; only the discount of a discounted order and the metadata, which no index holds, are fetched from the wide
// rows. The database would sort a million of them to group them, so that single orders are handed over and the caller, who knows few keys, sums. By country
// orders and subscriptions have their customer for a key, and the countries of customers are told apart.
#include "store/breakdown.h"

#include "base/attr.h"
#include "store/driver.h"

static const char *const paths[STORE_BY__COUNT] = {
    [STORE_BY_SOURCE] = "$.utm_source",
    [STORE_BY_MEDIUM] = "$.utm_medium",
    [STORE_BY_CAMPAIGN] = "$.utm_campaign",
    [STORE_BY_LANDING_PAGE] = "$.landing_page",
};

enum ask_for { NOW, SPAN, ORDERS_SPAN };

static enum till_code ask(struct store *store, const char *sql,
                          const struct store_breakdown_query *query, enum ask_for what,
                          const struct store_metric_sink *sink, struct till_error *e)
{
    char from[STORE_TIME_BYTES], to[STORE_TIME_BYTES], now[STORE_TIME_BYTES];
    struct store_result result = {.row = sink->row, .context = sink->context};
    char new_from[STORE_TIME_BYTES], new_to[STORE_TIME_BYTES];
    struct value values[7] = {store_text(query->organization_id), {.type = VALUE_NULL}};
    size_t count = 1;
    if (what != NOW) {
        values[count++] = store_time_from(query->from_us, from);
        values[count++] = store_time_to(query->to_us, to);
    } else {
        values[count++] = store_time(query->now_us, now);
    }
    values[count++] = store_text(query->products);
    if (paths[query->by])
        values[count++] = store_c_text(paths[query->by]);
    if (what == ORDERS_SPAN) {
        values[5] = store_time(query->new_from_us, new_from);
        values[6] = store_time(query->new_to_us, new_to);
        return store_stream(store, sql, values, TILL_COUNT(values), &result, e);
    }
    return store_execute(store, sql, values, count, &result, e);
}

#define OF(column, products)                                                                       \
    " AND (" products " IS NULL OR " column " IN (SELECT value FROM json_each(" products ")))"
#define ORDERS                                                                                     \
    " FROM orders AS o INDEXED BY orders_by_created_at WHERE o.created_at BETWEEN ?2 AND ?3 "      \
    "AND o.organization_id = ?1 AND o.till_deleted_at IS NULL AND o.paid = 1" OF("o.product_id",   \
                                                                                 "?4")
#define BY(key)                                                                                    \
    "SELECT till_row(" key ", o.currency, 1, o.net_amount, o.refunded_amount, o.rowid, "           \
    "o.created_at BETWEEN ?6 AND ?7 AND o.billing_reason IN ('purchase', "                         \
    "'subscription_create'))" ORDERS

enum till_code store_breakdown_orders(struct store *store,
                                      const struct store_breakdown_query *query,
                                      const struct store_metric_sink *sink, struct till_error *e)
{
    static const char source[] = BY("json_extract(o.metadata, ?5)");
    static const char *const statements[STORE_BY__COUNT] = {
        [STORE_BY_PRODUCT] = BY("o.product_id"),
        [STORE_BY_COUNTRY] = BY("o.customer_id"),
        [STORE_BY_CURRENCY] = BY("o.currency"),
        [STORE_BY_BILLING_REASON] = BY("o.billing_reason"),
        [STORE_BY_DISCOUNT] = BY("CASE WHEN o.discount_amount <> 0 THEN o.discount_id END"),
        [STORE_BY_SOURCE] = source,
        [STORE_BY_MEDIUM] = source,
        [STORE_BY_CAMPAIGN] = source,
        [STORE_BY_LANDING_PAGE] = source,
    };
    return ask(store, statements[query->by], query, ORDERS_SPAN, sink, e);
}

#define VISITS(key)                                                                                \
    "SELECT " key " AS key, currency, count(*), sum(status = 'succeeded') FROM checkouts "         \
    "WHERE created_at BETWEEN ?2 AND ?3 AND organization_id = ?1 AND till_deleted_at IS NULL" OF(  \
        "product_id", "?4") " GROUP BY key, currency"

enum till_code store_breakdown_checkouts(struct store *store,
                                         const struct store_breakdown_query *query,
                                         const struct store_metric_sink *sink, struct till_error *e)
{
    static const char source[] = VISITS("json_extract(metadata, ?5)");
    static const char *const statements[STORE_BY__COUNT] = {
        [STORE_BY_PRODUCT] = VISITS("product_id"),
        [STORE_BY_COUNTRY] = VISITS("json_extract(customer_billing_address, '$.country')"),
        [STORE_BY_CURRENCY] = VISITS("currency"),
        [STORE_BY_DISCOUNT] = VISITS("discount_id"),
        [STORE_BY_SOURCE] = source,
        [STORE_BY_MEDIUM] = source,
        [STORE_BY_CAMPAIGN] = source,
        [STORE_BY_LANDING_PAGE] = source,
    };
    return statements[query->by] ? ask(store, statements[query->by], query, SPAN, sink, e)
                                 : TILL_OK;
}

#define PLACED(key, join)                                                                          \
    "SELECT s.id, " key " FROM subscriptions AS s" join                                            \
    " WHERE s.organization_id = ?1 AND s.till_deleted_at IS NULL AND (s.ended_at IS NULL OR "      \
    "s.ended_at > ?2)" OF("s.product_id", "?3")

enum till_code store_breakdown_subscriptions(struct store *store,
                                             const struct store_breakdown_query *query,
                                             const struct store_metric_sink *sink,
                                             struct till_error *e)
{
#define COVERED " INDEXED BY subscriptions_by_started_at"
    static const char source[] = PLACED("json_extract(s.metadata, ?4)", "");
    static const char *const statements[STORE_BY__COUNT] = {
        [STORE_BY_PRODUCT] = PLACED("s.product_id", COVERED),
        [STORE_BY_COUNTRY] = PLACED("s.customer_id", COVERED),
        [STORE_BY_CURRENCY] = PLACED("s.currency", COVERED),
        [STORE_BY_DISCOUNT] = PLACED("s.discount_id", ""),
        [STORE_BY_SOURCE] = source,
        [STORE_BY_MEDIUM] = source,
        [STORE_BY_CAMPAIGN] = source,
        [STORE_BY_LANDING_PAGE] = source,
    };
#undef COVERED
    return statements[query->by] ? ask(store, statements[query->by], query, NOW, sink, e) : TILL_OK;
}

enum till_code store_customer_countries(struct store *store, struct sv organization_id,
                                        const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] = "SELECT till_row(id, json_extract(billing_address, '$.country')) "
                              "FROM customers WHERE organization_id = ?1 "
                              "AND billing_address IS NOT NULL";
    struct store_result result = {.row = sink->row, .context = sink->context};
    struct value organization = store_text(organization_id);
    return store_stream(store, sql, &organization, 1, &result, e);
}

enum till_code store_product_names(struct store *store, struct sv organization_id,
                                   const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] = "SELECT id, name FROM products WHERE organization_id = ?1";
    struct store_result result = {.row = sink->row, .context = sink->context};
    struct value organization = store_text(organization_id);
    return store_execute(store, sql, &organization, 1, &result, e);
}

enum till_code store_discount_name(struct store *store, int64_t sample,
                                   const struct store_metric_sink *sink, struct till_error *e)
{
    static const char sql[] = "SELECT coalesce(json_extract(discount, '$.name'), "
                              "json_extract(discount, '$.code')) FROM orders WHERE rowid = ?1";
    struct store_result result = {.row = sink->row, .context = sink->context};
    struct value parameter = store_integer(sample);
    return store_execute(store, sql, &parameter, 1, &result, e);
}
