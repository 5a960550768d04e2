// SPDX-License-Identifier: Apache-2.0
// latest.c - the SQL of latest.h: the newest of each kind from the end of an index, merged, and only then given names.
#include "store/latest.h"

#include "base/attr.h"
#include "store/driver.h"

// clang-format off: one line of SQL is one line here
// Who it was and what it was about, from their own lists, else from the copy inside the row.
#define COPY(column, path)                                                                         \
    "CASE WHEN l.source = 'o' THEN (SELECT json_extract(o." column ", '" path                      \
    "') FROM orders AS o WHERE o.id = l.row_id) ELSE (SELECT json_extract(s." column ", '" path    \
    "') FROM subscriptions AS s WHERE s.id = l.row_id) END"
#define NEWEST(time)                                                                               \
    " AND till_deleted_at IS NULL AND organization_id = ?1 ORDER BY " time " DESC LIMIT ?3)"
static const char
    latest_sql[] =
        "SELECT l.kind, l.id, l.at, l.customer_id,"
        " coalesce(c.name, c.billing_name, " COPY(
            "customer",
            "$.name") "),"
                      " coalesce(c.email, " COPY(
                          "customer",
                          "$.email") "),"
                                     " coalesce(json_extract(c.billing_address, "
                                     "'$.country'), " COPY(
                                         "customer",
                                         "$.billing_address.country") "),"
                                                                      " coalesce(p.name, " COPY(
                                                                          "product",
                                                                          "$.name") "), l.amount, "
                                                                                    "l.currency, "
                                                                                    "l.billing_"
                                                                                    "reason FROM "
                                                                                    "(SELECT * "
                                                                                    "FROM ("
                                                                                    "SELECT * FROM "
                                                                                    "(SELECT "
                                                                                    "'order' AS "
                                                                                    "kind, 'o' AS "
                                                                                    "source, id, "
                                                                                    "id AS row_id, "
                                                                                    "created_at AS "
                                                                                    "at, "
                                                                                    "customer_id, "
                                                                                    "product_id,"
                                                                                    " net_amount "
                                                                                    "AS amount, "
                                                                                    "currency, "
                                                                                    "billing_reason"
                                                                                    " FROM orders "
                                                                                    "INDEXED BY "
                                                                                    "orders_by_"
                                                                                    "created_at "
                                                                                    "WHERE "
                                                                                    "created_at <= "
                                                                                    "?2 AND paid = "
                                                                                    "1" NEWEST(
                                                                                        "created_"
                                                                                        "at") " UNI"
                                                                                              "ON "
                                                                                              "ALL "
                                                                                              "SELE"
                                                                                              "CT "
                                                                                              "* "
                                                                                              "FROM"
                                                                                              " ("
                                                                                              "SELE"
                                                                                              "CT "
                                                                                              "'sub"
                                                                                              "scri"
                                                                                              "ptio"
                                                                                              "n', "
                                                                                              "'s',"
                                                                                              " id,"
                                                                                              " id,"
                                                                                              " sta"
                                                                                              "rted"
                                                                                              "_at,"
                                                                                              " cus"
                                                                                              "tome"
                                                                                              "r_"
                                                                                              "id, "
                                                                                              "prod"
                                                                                              "uct_"
                                                                                              "id, "
                                                                                              "amou"
                                                                                              "nt, "
                                                                                              "curr"
                                                                                              "ency"
                                                                                              ", "
                                                                                              "NULL"
                                                                                              " FRO"
                                                                                              "M "
                                                                                              "subs"
                                                                                              "crip"
                                                                                              "tion"
                                                                                              "s "
                                                                                              "INDE"
                                                                                              "XED "
                                                                                              "BY "
                                                                                              "subs"
                                                                                              "crip"
                                                                                              "tion"
                                                                                              "s_"
                                                                                              "by_"
                                                                                              "star"
                                                                                              "ted_"
                                                                                              "at "
                                                                                              "WHER"
                                                                                              "E "
                                                                                              "star"
                                                                                              "ted_"
                                                                                              "at "
                                                                                              "<= "
                                                                                              "?"
                                                                                              "2" NEWEST(
                                                                                                  "started_at") " UNION ALL SELECT * FROM (SELECT 'canceled', 's', id, id, canceled_at, customer_id, product_id, amount, currency,"
                                                                                                                " customer_cancellation_reason"
                                                                                                                " FROM subscriptions INDEXED BY subscriptions_by_started_at WHERE canceled_at <= ?2" NEWEST(
                                                                                                                    "canceled_at") " UNION ALL SELECT * FROM (SELECT 'refund', 'o', id, order_id, created_at, customer_id,"
                                                                                                                                   " (SELECT product_id FROM orders WHERE orders.id = refunds.order_id), amount, currency, reason"
                                                                                                                                   " FROM refunds INDEXED BY refunds_by_created_at WHERE created_at <= ?2 AND status = 'succeeded'" NEWEST(
                                                                                                                                       "created_at") ") ORDER BY at DESC, kind, id LIMIT ?3) AS l"
                                                                                                                                                     " LEFT JOIN customers AS c ON c.id = l.customer_id LEFT JOIN products AS p ON p.id = l.product_id"
                                                                                                                                                     " ORDER BY l.at DESC, l.kind, l.id";
#undef NEWEST
#undef COPY
// clang-format on

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
