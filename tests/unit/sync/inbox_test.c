// SPDX-License-Identifier: Apache-2.0
// inbox_test.c - webhooks applied to a real store: twice, in any order, in portions, and with a failure at every point on the way.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/fs.h"
#include "sync/inbox.h"

#define ORGANIZATION "0a0a0a0a-0000-4000-8000-000000000001"
#define CUSTOMER     "11111111-2222-4333-8444-555555555555"
#define OTHER        "11111111-2222-4333-8444-666666666666"

struct fixture {
    char folder[64], path[96];
    struct store *store;
    struct till_error e;
    struct sync_inbox_counts counts;
    int sent;
};

static void assert_code(struct fixture *fixture, enum till_code code)
{
    if (code)
        fail_msg("%s", fixture->e.text);
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.folder = "/tmp/till-inbox-XXXXXX"};
    *state = &fixture;
    if (!mkdtemp(fixture.folder))
        return 1;
    (void)snprintf(fixture.path, sizeof(fixture.path), "%s/till.db", fixture.folder);
    return (int)store_open(fixture.path, STORE_READ_WRITE, &fixture.store, &fixture.e);
}

static int teardown(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    struct fixture *fixture = *state;
    char path[128];
    store_close(fixture->store);
    for (size_t i = 0; i < TILL_COUNT(suffixes); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", fixture->path, suffixes[i]);
        (void)unlink(path);
    }
    return rmdir(fixture->folder);
}

static void send(struct fixture *fixture, const char *type, const char *body)
{
    bool is_new = false;
    struct store_webhook webhook = {.organization_id = ORGANIZATION,
                                    .body = sv_of(body),
                                    .occurred_us = 1000 + fixture->sent,
                                    .received_us = 1000};
    (void)snprintf(webhook.webhook_id, sizeof(webhook.webhook_id), "msg_%d", fixture->sent++);
    (void)snprintf(webhook.type, sizeof(webhook.type), "%s", type);
    assert_code(fixture, store_webhook_put(fixture->store, &webhook, &is_new, &fixture->e));
    assert_true(is_new);
}

static enum till_code apply(struct fixture *fixture, int64_t most)
{
    return sync_inbox(fixture->store, SV(ORGANIZATION), &clock_system, most, &fixture->counts,
                      &fixture->e);
}

static enum till_code take(void *context, const struct value *values, size_t count,
                           struct till_error *e)
{
    (void)count;
    (void)e;
    if (values[0].type == VALUE_TEXT)
        (void)snprintf(context, 128, SV_FORMAT, SV_ARGS(values[0].text));
    else if (values[0].type == VALUE_INTEGER)
        (void)snprintf(context, 128, "%lld", (long long)values[0].integer);
    return TILL_OK;
}

static void assert_answer(struct fixture *fixture, const char *sql, const char *expected)
{
    char answer[128] = "(none)";
    struct store_query query = {.sql = sql, .is_trusted = true};
    struct store_sink sink = {.context = answer, .row = take};
    struct store_query_result result;
    assert_code(fixture, store_query(fixture->store, &query, &sink, &result, &fixture->e));
    assert_string_equal(answer, expected);
}

#define ROW(id, modified, name)                                                                    \
    "{\"id\":\"" id "\",\"created_at\":\"2026-01-01T00:00:00Z\",\"modified_at\":" modified         \
    ",\"email\":\"a@b.c\",\"name\":\"" name "\",\"deleted_at\":null,\"organization_id\":"          \
    "\"" ORGANIZATION "\"}"

static void send_some(struct fixture *fixture)
{
    send(fixture, "customer.updated", ROW(CUSTOMER, "\"2026-01-03T00:00:00Z\"", "third"));
    send(fixture, "customer.created", ROW(CUSTOMER, "null", "first"));
    send(fixture, "customer.updated", ROW(CUSTOMER, "\"2026-01-02T00:00:00Z\"", "second"));
    send(fixture, "customer.deleted", ROW(OTHER, "null", "gone"));
    send(fixture, "customer.state_changed", ROW(OTHER, "null", "state"));
    send(fixture, "a.new.type", "{}");
    send(fixture, "order.paid", "{\"id\":\"" OTHER "\"}");
    send(fixture, "order.paid", "{}");
}

static void assert_applied(struct fixture *fixture)
{
    assert_answer(fixture, "SELECT group_concat(name) FROM customers", "third");
    assert_answer(fixture,
                  "SELECT group_concat(what) FROM (SELECT table_name || ' ' || source AS what "
                  "FROM till_hints ORDER BY table_name, row_id)",
                  "customers webhook,customers webhook,orders webhook");
    assert_answer(fixture, "SELECT count(*) FROM till_webhooks WHERE applied_at IS NULL", "0");
    assert_answer(fixture, "SELECT count(*) FROM till_webhooks WHERE problem IS NOT NULL", "2");
    assert_answer(fixture,
                  "SELECT count(*) FROM till_webhooks WHERE body IS NOT NULL AND body <> ''", "0");
}

static void all_kinds(void **state)
{
    struct fixture *fixture = *state;
    send_some(fixture);
    assert_code(fixture, apply(fixture, 0));
    assert_int_equal(fixture->counts.applied, 4);
    assert_int_equal(fixture->counts.effectless, 2);
    assert_int_equal(fixture->counts.set_aside, 2);
    assert_int_equal(fixture->counts.added, 1);
    assert_int_equal(fixture->counts.changed, 0);
    assert_true(fixture->counts.is_empty);
    assert_applied(fixture);
}

static void in_portions(void **state)
{
    struct fixture *fixture = *state;
    send_some(fixture);
    for (int left = 8; left > 0; left -= 3) {
        assert_code(fixture, apply(fixture, 3));
        assert_int_equal(fixture->counts.is_empty, left < 3);
    }
    assert_applied(fixture);
}

static void of_another_organization(void **state)
{
    struct fixture *fixture = *state;
    send(fixture, "customer.created",
         "{\"id\":\"" CUSTOMER "\",\"created_at\":\"2026-01-01T00:00:00Z\",\"organization_id\":"
         "\"0b0b0b0b-0000-4000-8000-000000000002\"}");
    assert_code(fixture, apply(fixture, 0));
    assert_int_equal(fixture->counts.set_aside, 1);
    assert_answer(fixture, "SELECT count(*) FROM customers", "0");
    assert_answer(fixture, "SELECT count(*) FROM till_hints", "0");
}

// A failure anywhere leaves every event either waiting or applied; the next run ends as if nothing had happened.
static void failures_at_every_point(void **state)
{
#ifdef TILL_FAULTS
    static const char *const points[] = {"malloc", "store.commit"};
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(points); i++) {
        bool is_over = false;
        for (long nth = 1; !is_over && nth < 2000; nth += nth < 40 ? 1 : 7) {
            void *own = NULL;
            assert_int_equal(setup(&own), 0);
            struct fixture *fixture = own;
            send_some(fixture);
            fault_disarm();
            fault_arm(points[i], nth, false);
            enum till_code code = apply(fixture, 0);
            is_over = fault_passages(points[i]) < nth;
            fault_disarm();
            if (code)
                assert_true(fixture->e.text[0] != '\0');
            assert_code(fixture, apply(fixture, 0));
            assert_applied(fixture);
            assert_int_equal(teardown(&own), 0);
        }
        assert_true(is_over);
    }
#else
    (void)state;
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(in_portions, setup, teardown),
        cmocka_unit_test_setup_teardown(of_another_organization, setup, teardown),
        cmocka_unit_test(failures_at_every_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
