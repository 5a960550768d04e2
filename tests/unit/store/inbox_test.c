// SPDX-License-Identifier: Apache-2.0
// inbox_test.c - what every back end of the store owes to row_changes and to webhooks: order, once only, bounds, and that a purge leaves nothing.
#include "contract.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"

// ---- row_changes ----

static void put_status(struct fixture *f, enum table_id id, const char *status, int64_t now_us)
{
    struct row *row = make_rows(&f->arena, model_table(id), 1, 1);
    struct store_page_counts counts;
    *value_of(row, "status") = text_value(status);
    assert_ok(f, store_rows(f->store, SV(ORGANIZATION), model_table(id),
                            &(struct store_incoming){.rows = row, .row_count = 1}, now_us, &counts,
                            &f->e));
}

struct history {
    char words[400];
    int64_t last_id, last_us;
    int left; // fails when it has come to 0
};

static enum till_code remember(void *context, const struct store_change_row *change,
                               struct till_error *e)
{
    struct history *history = context;
    size_t used = strlen(history->words);
    if (history->left-- == 0)
        return TILL_FAIL(e, TILL_CANCELED, 0, "enough");
    assert_true(change->id > history->last_id);
    assert_true(sv_equal(SV(ORGANIZATION), change->organization_id));
    assert_int_equal(VALUE_TEXT, change->old_value.type);
    (void)snprintf(history->words + used, sizeof history->words - used,
                   SV_FORMAT "." SV_FORMAT ":" SV_FORMAT ">" SV_FORMAT " ",
                   SV_ARGS(change->table_name), SV_ARGS(change->column_name),
                   SV_ARGS(change->old_value.text), SV_ARGS(change->new_value.text));
    history->last_id = change->id;
    history->last_us = change->seen_us;
    return TILL_OK;
}

static struct history history_of(struct fixture *f, const struct table *table, struct sv row_id,
                                 int64_t after_id)
{
    struct history history = {.left = -1};
    assert_ok(f, store_changes(f->store, SV(ORGANIZATION), table, row_id, after_id, remember,
                               &history, &f->e));
    return history;
}

static int64_t newest_change(struct fixture *f)
{
    int64_t newest = 77;
    assert_ok(f, store_change_newest(f->store, &newest, &f->e));
    return newest;
}

static void test_changes_come_in_order(struct fixture *f)
{
    struct sv id = row_id(make_rows(&f->arena, model_table(TABLE_orders), 1, 1));
    assert_int_equal(0, newest_change(f));
    put_status(f, TABLE_orders, "a", NOON_US);
    put_status(f, TABLE_orders, "b", NOON_US + 1);
    put_status(f, TABLE_refunds, "a", NOON_US);
    put_status(f, TABLE_refunds, "z", NOON_US + 2);
    int64_t middle = newest_change(f);
    put_status(f, TABLE_orders, "c", NOON_US + 3);
    struct history history = history_of(f, model_table(TABLE_orders), id, 0);
    assert_string_equal("orders.status:a>b orders.status:b>c ", history.words);
    assert_int_equal(NOON_US + 3, history.last_us);
    assert_int_equal(newest_change(f), history.last_id);
    history = history_of(f, NULL, (struct sv){0}, 0);
    assert_string_equal("orders.status:a>b refunds.status:a>z orders.status:b>c ", history.words);
    assert_string_equal("orders.status:b>c ", history_of(f, NULL, (struct sv){0}, middle).words);
    assert_string_equal("refunds.status:a>z ",
                        history_of(f, model_table(TABLE_refunds), (struct sv){0}, 0).words);
    assert_string_equal("", history_of(f, model_table(TABLE_orders), SV("x"), 0).words);
    history = (struct history){.left = 1};
    assert_int_equal(TILL_CANCELED, store_changes(f->store, SV(ORGANIZATION), NULL, (struct sv){0},
                                                  0, remember, &history, &f->e));
    assert_string_equal("orders.status:a>b ", history.words);
    history = (struct history){.left = -1};
    assert_ok(f, store_changes(f->store, SV(OTHER_ORGANIZATION), NULL, (struct sv){0}, 0, remember,
                               &history, &f->e));
    assert_string_equal("", history.words);
}

static void test_old_changes_are_forgotten(struct fixture *f)
{
    int64_t count = 77;
    for (int i = 0; i < 5; i++)
        put_status(f, TABLE_orders, i % 2 ? "a" : "b", NOON_US + i);
    assert_ok(f, store_changes_prune(f->store, NOON_US + 3, &count, &f->e));
    assert_int_equal(2, count);
    assert_answer(f, 2, "SELECT count(*) FROM row_changes");
    assert_answer(f, 0,
                  "SELECT count(*) FROM row_changes WHERE seen_at < '2026-01-01T12:00:00.000003Z'");
    assert_ok(f, store_changes_prune(f->store, NOON_US + 3, &count, &f->e));
    assert_int_equal(0, count);
    count = 77;
    assert_int_equal(TILL_USAGE, store_changes_prune(f->store, INT64_MAX, &count, &f->e));
    assert_int_equal(77, count);
}

// More than one piece.
static void test_many_changes_are_forgotten(struct fixture *f)
{
    enum { COUNT = 700, ROUNDS = 36 };
    struct row *rows = make_rows(&f->arena, model_table(TABLE_orders), 1, COUNT);
    struct store_page_counts counts;
    int64_t count = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < COUNT; i++)
            *value_of(&rows[i], "status") = text_value(round % 2 ? "a" : "b");
        assert_ok(f, store_rows(f->store, SV(ORGANIZATION), model_table(TABLE_orders),
                                &(struct store_incoming){.rows = rows, .row_count = COUNT}, NOON_US,
                                &counts, &f->e));
    }
    assert_ok(f, store_changes_prune(f->store, NOON_US + 1, &count, &f->e));
    assert_int_equal((ROUNDS - 1) * COUNT, count);
    assert_answer(f, 0, "SELECT count(*) FROM row_changes");
}

// ---- webhooks ----

static struct store_webhook webhook_of(const char *id, const char *body, int64_t occurred_us)
{
    struct store_webhook webhook = {.body = sv_of(body),
                                    .occurred_us = occurred_us,
                                    .received_us = NOON_US + MINUTE_US,
                                    .organization_id = ORGANIZATION,
                                    .type = "order.paid"};
    (void)snprintf(webhook.webhook_id, sizeof webhook.webhook_id, "%s", id);
    return webhook;
}

static bool put(struct fixture *f, const char *id, const char *body, int64_t occurred_us)
{
    struct store_webhook webhook = webhook_of(id, body, occurred_us);
    bool is_new = false;
    assert_ok(f, store_webhook_put(f->store, &webhook, &is_new, &f->e));
    return is_new;
}

static bool next(struct fixture *f, struct store_webhook *ret_webhook)
{
    bool is_found = false;
    assert_ok(f, store_webhook_next(f->store, SV(ORGANIZATION), &f->arena, ret_webhook, &is_found,
                                    &f->e));
    return is_found;
}

static void test_webhooks_are_kept_once(struct fixture *f)
{
    struct store_webhook webhook;
    assert_false(next(f, &webhook));
    assert_true(put(f, "w2", "{\"n\":2}", NOON_US + 2));
    assert_true(put(f, "w1", "{\"n\":1}", NOON_US + 1)); // arrived later, happened earlier
    assert_true(put(f, "w3", "{\"n\":3}", NOON_US + 2));
    assert_false(put(f, "w2", "{\"n\":99}", NOON_US));
    assert_true(next(f, &webhook));
    assert_string_equal("w1", webhook.webhook_id);
    assert_string_equal("order.paid", webhook.type);
    assert_string_equal(ORGANIZATION, webhook.organization_id);
    assert_true(sv_equal(SV("{\"n\":1}"), webhook.body));
    assert_int_equal(NOON_US + 1, webhook.occurred_us);
    assert_int_equal(NOON_US + MINUTE_US, webhook.received_us);
    assert_ok(f, store_webhook_done(f->store, &webhook, NULL, NOON_US, &f->e));
    assert_true(next(f, &webhook));
    assert_string_equal("w2", webhook.webhook_id);
    assert_true(sv_equal(SV("{\"n\":2}"), webhook.body));
    assert_ok(f, store_webhook_done(f->store, &webhook, "no such order", NOON_US, &f->e));
    assert_ok(f, store_webhook_done(f->store, &webhook, NULL, NOON_US, &f->e)); // twice
    assert_true(next(f, &webhook));
    assert_string_equal("w3", webhook.webhook_id);
    assert_ok(f, store_webhook_done(f->store, &webhook, NULL, NOON_US, &f->e));
    assert_false(next(f, &webhook));
    assert_answer(f, 3, "SELECT count(*) FROM till_webhooks WHERE body IS NULL");
    assert_answer(f, 1,
                  "SELECT count(*) FROM till_webhooks WHERE problem = 'no such order' AND "
                  "webhook_id = 'w2'");
    assert_false(put(f, "w1", "{}", NOON_US)); // a late retry
    assert_false(next(f, &webhook));
}

static void test_webhooks_of_two_organizations(struct fixture *f)
{
    struct store_webhook webhook = webhook_of("w1", "{}", NOON_US);
    bool is_new = false, is_found = true;
    assert_true(put(f, "w1", "{}", NOON_US));
    (void)snprintf(webhook.organization_id, sizeof webhook.organization_id, "%s",
                   OTHER_ORGANIZATION);
    assert_ok(f, store_webhook_put(f->store, &webhook, &is_new, &f->e));
    assert_true(is_new);
    assert_ok(f, store_webhook_done(f->store, &webhook, NULL, NOON_US, &f->e));
    assert_ok(f, store_webhook_next(f->store, SV(OTHER_ORGANIZATION), &f->arena, &webhook,
                                    &is_found, &f->e));
    assert_false(is_found);
    assert_true(next(f, &webhook));
}

static void put_of_type(struct fixture *f, const char *id, const char *type, int64_t received_us)
{
    struct store_webhook webhook = webhook_of(id, "{}", NOON_US);
    bool is_new = false;
    (void)snprintf(webhook.type, sizeof webhook.type, "%s", type);
    webhook.received_us = received_us;
    assert_ok(f, store_webhook_put(f->store, &webhook, &is_new, &f->e));
    assert_true(is_new);
}

static void assert_newest(struct fixture *f, const char *organization_id, int64_t received_us)
{
    int64_t found_us = -1;
    assert_ok(f, store_webhook_newest(f->store, sv_of(organization_id), &found_us, &f->e));
    assert_int_equal(received_us, found_us);
}

static void test_the_newest_webhook_about_money(struct fixture *f)
{
    char id[16];
    struct store_webhook webhook = webhook_of("w1", "{}", NOON_US);
    assert_newest(f, ORGANIZATION, 0);
    put_of_type(f, "w1", "refund.created", NOON_US + 5);
    put_of_type(f, "w2", "customer.updated", NOON_US + 6);
    assert_newest(f, ORGANIZATION, NOON_US + 5);
    assert_newest(f, OTHER_ORGANIZATION, 0);
    assert_ok(f, store_webhook_done(f->store, &webhook, NULL, NOON_US, &f->e));
    assert_newest(f, ORGANIZATION, NOON_US + 5); // applied or not
    put_of_type(f, "w3", "subscription.active", NOON_US + 7);
    assert_newest(f, ORGANIZATION, NOON_US + 7);
    for (int i = 0; i < 300; i++) { // it does not look for ever
        (void)snprintf(id, sizeof id, "other%d", i);
        put_of_type(f, id, "product.updated", NOON_US + 8);
    }
    assert_newest(f, ORGANIZATION, 0);
}

static void test_old_webhooks_are_forgotten(struct fixture *f)
{
    const int64_t day_us = INT64_C(86400000000);
    struct store_webhook webhook = webhook_of("w1", "{}", NOON_US);
    assert_true(put(f, "w1", "{}", NOON_US));
    assert_true(put(f, "w2", "{}", NOON_US));
    assert_true(put(f, "w3", "{}", NOON_US));
    assert_true(put(f, "waiting", "{}", NOON_US));
    assert_ok(f, store_webhook_done(f->store, &webhook, NULL, NOON_US, &f->e));
    webhook = webhook_of("w2", "{}", NOON_US);
    assert_ok(f, store_webhook_done(f->store, &webhook, NULL,
                                    NOON_US + TILL_LIMIT_WEBHOOK_DAYS * day_us, &f->e));
    assert_answer(f, 4, "SELECT count(*) FROM till_webhooks");
    webhook = webhook_of("w3", "{}", NOON_US);
    assert_ok(f, store_webhook_done(f->store, &webhook, NULL,
                                    NOON_US + TILL_LIMIT_WEBHOOK_DAYS * day_us + 1, &f->e));
    assert_answer(f, 3, "SELECT count(*) FROM till_webhooks");
    assert_answer(f, 0, "SELECT count(*) FROM till_webhooks WHERE webhook_id = 'w1'");
}

static void test_webhooks_are_bounded(struct fixture *f)
{
    static const char fill[] = // in one statement: the ceiling is high
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?1) INSERT INTO "
        "till_webhooks(organization_id, webhook_id, type, occurred_at, received_at, body) SELECT "
        "'" ORGANIZATION "', 'n' || i, 'order.paid', '2026', '2026', '{}' FROM n";
    struct value count = {.type = VALUE_INTEGER, .integer = TILL_LIMIT_WEBHOOKS - 1};
    struct store_query query = {
        .sql = fill, .parameters = &count, .parameter_count = 1, .is_trusted = true};
    struct store_sink sink = {0};
    struct store_query_result result;
    struct store_webhook webhook = webhook_of("one too many", "{}", NOON_US);
    bool is_new = true;
    assert_ok(f, store_query(f->store, &query, &sink, &result, &f->e));
    assert_true(put(f, "last", "{}", NOON_US));
    is_new = true;
    assert_int_equal(TILL_LIMIT, store_webhook_put(f->store, &webhook, &is_new, &f->e));
    assert_true(is_new);
    assert_true(f->e.hint[0] != '\0');
    assert_false(put(f, "last", "{}", NOON_US)); // known all the same
    assert_answer(f, TILL_LIMIT_WEBHOOKS, "SELECT count(*) FROM till_webhooks");
    char *big = arena_calloc(&f->arena, 1, TILL_LIMIT_WEBHOOK_BYTES + 1);
    assert_non_null(big);
    webhook.body = (struct sv){big, TILL_LIMIT_WEBHOOK_BYTES + 1};
    assert_int_equal(TILL_LIMIT, store_webhook_put(f->store, &webhook, &is_new, &f->e));
    webhook = webhook_of("", "{}", NOON_US);
    assert_int_equal(TILL_USAGE, store_webhook_put(f->store, &webhook, &is_new, &f->e));
}

static void test_durable(struct fixture *f)
{
    assert_ok(f, store_make_durable(f->store, &f->e));
    assert_true(put(f, "w1", "{}", NOON_US));
    fixture_reopen(f);
    assert_false(put(f, "w1", "{}", NOON_US));
}

static void test_purge_leaves_nothing(struct fixture *f)
{
    struct store_hint hint = {
        .table = model_table(TABLE_orders), .row_id = SV("x"), .source = "webhook"};
    connect_organization(f, "polar", ORGANIZATION);
    connect_organization(f, "second", OTHER_ORGANIZATION);
    assert_ok(f, store_hints_put(f->store, SV(ORGANIZATION), &hint, 1, NOON_US, &f->e));
    assert_ok(f, store_hints_put(f->store, SV(OTHER_ORGANIZATION), &hint, 1, NOON_US, &f->e));
    assert_true(put(f, "w1", "{}", NOON_US));
    struct store_walk walk = walk_begin(f, TABLE_orders, ORGANIZATION);
    put_status(f, TABLE_orders, "a", NOON_US);
    assert_answer(f, 1, "SELECT count(*) FROM till_walk_spared");
    assert_true(walk.walk_id > 0);
    assert_ok(f, store_connection_remove(f->store, "polar", true, &f->e));
    assert_answer(f, 0, "SELECT count(*) FROM till_webhooks");
    assert_answer(f, 0, "SELECT count(*) FROM till_walk_spared");
    assert_answer(f, 1, "SELECT count(*) FROM till_hints");
}

static const struct contract contracts[] = {
    {"changes come in order", test_changes_come_in_order},
    {"old changes are forgotten", test_old_changes_are_forgotten},
    {"many changes are forgotten", test_many_changes_are_forgotten},
    {"webhooks are kept once", test_webhooks_are_kept_once},
    {"webhooks of two organizations", test_webhooks_of_two_organizations},
    {"the newest webhook about money", test_the_newest_webhook_about_money},
    {"old webhooks are forgotten", test_old_webhooks_are_forgotten},
    {"webhooks are bounded", test_webhooks_are_bounded},
    {"durable", test_durable},
    {"a purge leaves nothing", test_purge_leaves_nothing},
};

int main(void)
{
    return contracts_run("store changes and webhooks", contracts, TILL_COUNT(contracts));
}
