// SPDX-License-Identifier: Apache-2.0
// digest_reads.c - the SQL of digest_reads.h. First times come from the beginning of an index, so they cost what lies before them: nothing, as a rule.
#include "store/digest_reads.h"

#include "base/attr.h"
#include "base/timestamp.h"
#include "store/driver.h"

#define PAID_ORDERS                                                                                \
    "SELECT created_at FROM orders INDEXED BY orders_by_created_at WHERE created_at > '' AND "     \
    "organization_id = ?1 AND till_deleted_at IS NULL AND status IN ('paid', 'refunded', "         \
    "'partially_refunded') "
#define FIRST "ORDER BY created_at LIMIT 1"

static enum till_code take_moment(void *context, const struct value *v, size_t count,
                                  struct till_error *e)
{
    int64_t *at_us = context;
    (void)e;
    if (count == 1 && v[0].type == VALUE_TEXT && !timestamp_parse(v[0].text, at_us))
        *at_us = 0;
    return TILL_OK;
}

enum till_code store_first(struct store *store, struct sv organization_id, enum store_first what,
                           struct sv key, int64_t *ret_us, struct till_error *e)
{
    static const char *const statements[] = {
        [STORE_FIRST_ORDER] = PAID_ORDERS FIRST,
        [STORE_FIRST_OF_CURRENCY] = PAID_ORDERS "AND currency = ?2 " FIRST,
        [STORE_FIRST_OF_PRODUCT] = PAID_ORDERS "AND product_id = ?2 " FIRST,
        [STORE_FIRST_SUBSCRIPTION] =
            "SELECT started_at FROM subscriptions INDEXED BY subscriptions_by_started_at WHERE "
            "started_at > '' AND organization_id = ?1 AND till_deleted_at IS NULL "
            "ORDER BY started_at LIMIT 1",
        [STORE_FIRST_REFUND] =
            "SELECT created_at FROM refunds INDEXED BY refunds_by_created_at WHERE created_at > '' "
            "AND organization_id = ?1 AND till_deleted_at IS NULL AND status = 'succeeded' " FIRST,
    };
    int64_t at_us = 0;
    struct store_result result = {.row = take_moment, .context = &at_us};
    bool has_key = what == STORE_FIRST_OF_CURRENCY || what == STORE_FIRST_OF_PRODUCT;
    const struct value values[] = {store_text(organization_id), store_text(key)};
    enum till_code code =
        store_execute(store, statements[what], values, has_key ? 2 : 1, &result, e);
    if (code == TILL_OK)
        *ret_us = at_us;
    return code;
}

static enum till_code take_count(void *context, const struct value *v, size_t count,
                                 struct till_error *e)
{
    int64_t *sum = context;
    (void)e;
    if (count == 1 && v[0].type == VALUE_INTEGER)
        *sum = v[0].integer;
    return TILL_OK;
}

enum till_code store_missed_payments(struct store *store, struct sv organization_id,
                                     int64_t from_us, int64_t to_us, int64_t *ret_count,
                                     struct till_error *e)
{
    static const char sql[] =
        "SELECT count(DISTINCT row_id) FROM row_changes INDEXED BY row_changes_by_seen_at WHERE "
        "seen_at >= ?2 AND seen_at < ?3 AND organization_id = ?1 AND table_name = 'subscriptions' "
        "AND column_name = 'status' AND new_value IN ('past_due', 'unpaid')";
    char from[STORE_TIME_BYTES], to[STORE_TIME_BYTES];
    int64_t sum = 0;
    struct store_result result = {.row = take_count, .context = &sum};
    const struct value values[] = {store_text(organization_id), store_time(from_us, from),
                                   store_time(to_us, to)};
    enum till_code code = store_execute(store, sql, values, TILL_COUNT(values), &result, e);
    if (code == TILL_OK)
        *ret_count = sum;
    return code;
}
