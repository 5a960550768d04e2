// SPDX-License-Identifier: Apache-2.0
// webhooks.c - the inbox: webhooks are kept before they are answered, and applied in their own time.
//
// A webhook waits with its body until somebody says that it is done with; then only its id stays, for as long as the service may send it again.
// Those that wait come in the order in which things happened, not in which they arrived. Keeping one is a single small transaction, which
// store_make_durable() makes wait for the disk. Old ids are removed by the transactions that finish others, a few at a time.
#include "store/driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"

#define DAY_US (INT64_C(24) * 60 * 60 * 1000 * 1000)

static enum till_code check(const struct store_webhook *webhook, struct till_error *e)
{
    enum till_code code = store_check_organization(sv_of(webhook->organization_id), e);
    if (code)
        return code;
    if (webhook->webhook_id[0] == '\0')
        return TILL_FAIL(e, TILL_USAGE, 0, "a webhook has no id");
    if (webhook->body.len > TILL_LIMIT_WEBHOOK_BYTES)
        return TILL_FAIL(e, TILL_LIMIT, TILL_LIMIT_WEBHOOK_BYTES,
                         "a webhook has more than %d bytes", TILL_LIMIT_WEBHOOK_BYTES);
    return TILL_OK;
}

// Whether one more may wait.
static enum till_code check_room(struct store *store, const struct value *organization,
                                 struct till_error *e)
{
    static const char sql[] = "SELECT count(*) FROM (SELECT 1 FROM till_webhooks WHERE "
                              "organization_id = ?1 AND applied_at IS NULL LIMIT ?2) AS waiting";
    int64_t waiting = 0;
    struct value values[] = {*organization, store_integer((int64_t)TILL_LIMIT_WEBHOOKS + 1)};
    struct store_result result = {.row = store_take_integer, .context = &waiting};
    enum till_code code = store_execute(store, sql, values, TILL_COUNT(values), &result, e);
    if (code || waiting <= TILL_LIMIT_WEBHOOKS)
        return code;
    (void)TILL_FAIL(e, TILL_LIMIT, TILL_LIMIT_WEBHOOKS, "%d webhooks wait to be applied already",
                    TILL_LIMIT_WEBHOOKS);
    return till_error_hint(e, "run `till sync`, which applies them");
}

// The room is looked at after the insertion: what was kept before is known even when there is none.
static enum till_code put(struct store *store, const struct store_webhook *webhook,
                          bool *ret_is_new, struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_webhooks(organization_id, webhook_id, type, occurred_at, received_at, "
        "body) VALUES (?1, ?2, ?3, coalesce(?4, ?5), ?5, ?6)"
        " ON CONFLICT(organization_id, webhook_id) DO NOTHING";
    char occurred_at[STORE_TIME_BYTES], received_at[STORE_TIME_BYTES];
    struct value values[] = {store_c_text(webhook->organization_id),
                             store_c_text(webhook->webhook_id),
                             store_c_text(webhook->type),
                             store_time(webhook->occurred_us, occurred_at),
                             store_time(webhook->received_us, received_at),
                             store_text(webhook->body)};
    struct store_result result = {0};
    if (values[4].type != VALUE_TEXT)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    enum till_code code = store_execute(store, sql, values, TILL_COUNT(values), &result, e);
    *ret_is_new = result.changed_count > 0;
    return code == TILL_OK && *ret_is_new ? check_room(store, &values[0], e) : code;
}

enum till_code store_webhook_put(struct store *store, const struct store_webhook *webhook,
                                 bool *ret_is_new, struct till_error *e)
{
    bool is_new = false;
    enum till_code code = check(webhook, e);
    if (code == TILL_OK)
        code = store_begin(store, e);
    if (code)
        return code;
    code = store_finish(store, put(store, webhook, &is_new, e), e);
    if (code == TILL_OK)
        *ret_is_new = is_new;
    return code;
}

struct found_webhook {
    struct store_webhook webhook;
    struct arena *arena;
    bool is_found;
};

static enum till_code take_webhook(void *context, const struct value *values, size_t count,
                                   struct till_error *e)
{
    struct found_webhook *found = context;
    struct store_webhook *webhook = &found->webhook;
    if (count != 6)
        return TILL_FAIL(e, TILL_STORE, 0, "a webhook has %zu columns", count);
    store_copy(webhook->organization_id, sizeof webhook->organization_id, &values[0]);
    store_copy(webhook->webhook_id, sizeof webhook->webhook_id, &values[1]);
    store_copy(webhook->type, sizeof webhook->type, &values[2]);
    webhook->occurred_us = store_time_of(&values[3]);
    webhook->received_us = store_time_of(&values[4]);
    webhook->body = arena_sv(found->arena, values[5].type == VALUE_TEXT ? values[5].text : SV(""));
    if (!webhook->body.ptr)
        return arena_fail(found->arena, "a webhook", e);
    found->is_found = true;
    return TILL_OK;
}

enum till_code store_webhook_next(struct store *store, struct sv organization_id,
                                  struct arena *arena, struct store_webhook *ret_webhook,
                                  bool *ret_found, struct till_error *e)
{
    static const char sql[] =
        "SELECT organization_id, webhook_id, type, occurred_at, received_at, body FROM "
        "till_webhooks WHERE organization_id = ?1 AND applied_at IS NULL ORDER BY occurred_at, id"
        " LIMIT 1";
    struct value organization = store_text(organization_id);
    struct found_webhook found = {.arena = arena};
    struct store_result result = {.row = take_webhook, .context = &found};
    enum till_code code = store_execute(store, sql, &organization, 1, &result, e);
    if (code)
        return code;
    if (found.is_found)
        *ret_webhook = found.webhook;
    *ret_found = found.is_found;
    return TILL_OK;
}

static enum till_code forget_old(struct store *store, int64_t now_us, struct till_error *e)
{
    static const char sql[] = "DELETE FROM till_webhooks WHERE id IN (SELECT id FROM till_webhooks "
                              "WHERE applied_at IS NOT NULL AND applied_at < ?1 LIMIT 100)";
    char text[STORE_TIME_BYTES];
    struct value before = store_time(now_us - TILL_LIMIT_WEBHOOK_DAYS * DAY_US, text);
    return store_execute(store, sql, &before, 1, NULL, e);
}

enum till_code store_webhook_done(struct store *store, const struct store_webhook *webhook,
                                  const char *problem, int64_t now_us, struct till_error *e)
{
    static const char sql[] =
        "UPDATE till_webhooks SET applied_at = ?3, problem = ?4, body = NULL WHERE "
        "organization_id = ?1 AND webhook_id = ?2 AND applied_at IS NULL";
    char text[STORE_TIME_BYTES];
    struct value values[] = {store_c_text(webhook->organization_id),
                             store_c_text(webhook->webhook_id), store_time(now_us, text),
                             store_c_text(problem)};
    if (values[2].type != VALUE_TEXT)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    enum till_code code = store_begin(store, e);
    if (code)
        return code;
    code = store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
    if (code == TILL_OK)
        code = forget_old(store, now_us, e);
    return store_finish(store, code, e);
}

static enum till_code take_received(void *context, const struct value *values, size_t count,
                                    struct till_error *e)
{
    int64_t *received_us = context;
    if (count != 1)
        return TILL_FAIL(e, TILL_STORE, 0, "a moment has %zu columns", count);
    *received_us = store_time_of(&values[0]);
    return TILL_OK;
}

// Asked twice a second by who waits for one: a look at the end of the table, however long it is.
enum till_code store_webhook_newest(struct store *store, struct sv organization_id,
                                    int64_t *ret_received_us, struct till_error *e)
{
    static const char sql[] =
        "SELECT received_at FROM (SELECT id, organization_id, type, received_at FROM till_webhooks "
        "ORDER BY id DESC LIMIT 256) AS newest WHERE organization_id = ?1 AND (type LIKE 'order.%' "
        "OR type LIKE 'refund.%' OR type LIKE 'subscription.%' OR type LIKE 'checkout.%')"
        " ORDER BY id DESC LIMIT 1";
    struct value organization = store_text(organization_id);
    int64_t received_us = 0;
    struct store_result result = {.row = take_received, .context = &received_us};
    enum till_code code = store_execute(store, sql, &organization, 1, &result, e);
    if (code == TILL_OK)
        *ret_received_us = received_us;
    return code;
}
