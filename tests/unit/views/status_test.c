// SPDX-License-Identifier: Apache-2.0
// status_test.c - cards and table lines from snapshots made by hand: well, ill, never synced, disconnected, hostile names.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"
#include "views/views.h"

static struct report_status status;
static struct view_style style;
static const int64_t now_us = 1700000000000000;

static int setup(void **state TILL_UNUSED)
{
    memset(&status, 0, sizeof(status));
    style = (struct view_style){0};
    status.now_us = now_us;
    status.card_count = 1;
    struct report_card *card = &status.cards[0];
    (void)snprintf(card->connection.name, sizeof(card->connection.name), "polar");
    (void)snprintf(card->connection.service, sizeof(card->connection.service), "polar");
    (void)snprintf(card->connection.environment, sizeof(card->connection.environment), "sandbox");
    (void)snprintf(card->connection.api_url, sizeof(card->connection.api_url),
                   "https://sandbox-api.polar.sh");
    (void)snprintf(card->connection.organization_id, sizeof(card->connection.organization_id),
                   "00000000-0000-4000-8000-000000000000");
    (void)snprintf(card->connection.organization_name, sizeof(card->connection.organization_name),
                   "Globex");
    (void)snprintf(card->connection.secret_place, sizeof(card->connection.secret_place), "file");
    (void)snprintf(card->connection.scopes, sizeof(card->connection.scopes),
                   "organizations:read customers:read products:read orders:read "
                   "subscriptions:read checkouts:read benefits:read");
    (void)snprintf(card->connection.missing_scopes, sizeof(card->connection.missing_scopes),
                   "refunds:read");
    card->connection.connected_at_us = now_us - 1;
    card->last_sync_us = now_us - 7200000000;
    card->fresh_as_of_us = now_us - 7200000000;
    for (int i = 0; i < TABLE__COUNT; i++) {
        struct store_table_state *table = &card->tables[i];
        table->is_enabled = true;
        table->row_count = 1000 * i;
        table->is_proven = true;
        table->last_started_us = table->last_finished_us = table->last_success_us =
            table->fresh_us = now_us - 7200000000;
        card->schedule[i] =
            (struct report_schedule){.every_ms = 900000, .due_us = now_us + 480000000};
    }
    struct store_table_state *orders = &card->tables[TABLE_orders];
    orders->last_code = TILL_REMOTE;
    orders->failure_count = 3;
    orders->method = STORE_FULL;
    orders->last_requests = 7;
    card->schedule[TABLE_orders].failing_since_us = now_us - 3600000000;
    orders->quarantined_count = 3;
    (void)snprintf(orders->last_error, sizeof(orders->last_error),
                   "could not list orders: the service answered 503 again and again and again, "
                   "\x1b[31mand it said so");
    card->tables[TABLE_checkouts].is_enabled = false;
    card->schedule[TABLE_checkouts].due_us = 0;
    card->tables[TABLE_benefits].is_proven = false;
    card->tables[TABLE_subscriptions].last_finished_us = 0;
    card->tables[TABLE_subscriptions].fresh_us = 0;
    card->tables[TABLE_subscriptions].walk_next_page = 7;
    card->tables[TABLE_customers].last_finished_us = 0;
    card->tables[TABLE_customers].fresh_us = 0;
    card->schedule[TABLE_customers].due_us = now_us;
    return 0;
}

static void shows(const char *expected)
{
    struct buf out;
    buf_init(&out, 65536);
    view_status_text(&out, &style, &status);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void a_card(void **state TILL_UNUSED)
{
    shows("polar\n"
          "  organization  Globex  00000000-0000-4000-8000-000000000000\n"
          "  environment   sandbox  https://sandbox-api.polar.sh\n"
          "  token         in the sealed file\n"
          "  scopes        organizations:read customers:read products:read orders:read\n"
          "                subscriptions:read checkouts:read benefits:read\n"
          "  missing       refunds:read\n"
          "  last sync     2 h ago\n"
          "  fresh as of   2 h ago\n"
          "    organizations            0 rows  2 h ago\n"
          "    customers            1,000 rows  never synced\n"
          "    products             2,000 rows  2 h ago\n"
          "    orders               3,000 rows  2 h ago  failed  full  3 quarantined\n"
          "                failing since 60 min ago (3 runs), next try in 8 min: could not\n"
          "                list orders: the service answered 503 again and again and\n"
          "                again, \xEF\xBF\xBD[31mand it said so\n"
          "    subscriptions        4,000 rows  interrupted: `till sync` goes on\n"
          "    refunds       not readable: the token lacks refunds:read\n"
          "    checkouts     off\n"
          "    benefits             7,000 rows  2 h ago  unproven\n");
}

static void nothing_connected(void **state TILL_UNUSED)
{
    status.card_count = 0;
    shows("Nothing is connected. Connect Polar: till connect polar\n");
    struct buf out;
    buf_init(&out, 65536);
    view_status_json(&out, &status);
    assert_string_equal(out.data, "{\"now\":\"2023-11-14T22:13:20.000000Z\",\"stale\":false,"
                                  "\"connections\":[],\"sources\":[]}\n");
    buf_release(&out);
}

static void disconnected_and_stale(void **state TILL_UNUSED)
{
    status.cards[0].connection.disconnected_at_us = now_us - 60000000;
    status.is_stale = true;
    shows("polar  disconnected 60 s ago; its rows are kept (`--purge` removes them)\n"
          "\nstale: older than --max-age allows; run `till sync`\n");
}

static void long_and_hostile_names_stay_in_their_line(void **state TILL_UNUSED)
{
    char *name = status.cards[0].connection.organization_name;
    memset(name, 'x', STORE_TEXT_BYTES - 1);
    memcpy(name, "\x1b]0;title\x07\n", 11);
    struct buf out;
    buf_init(&out, 65536);
    view_status_text(&out, &style, &status);
    struct sv rest = {out.data, out.len};
    struct sv line = {0};
    while (sv_split(&rest, '\n', &line))
        assert_true(text_width(line) < 100);
    for (size_t i = 0; i < out.len; i++)
        assert_true((unsigned char)out.data[i] >= 0x20 || out.data[i] == '\n');
    buf_release(&out);
}

static void json(void **state TILL_UNUSED)
{
    struct buf out;
    buf_init(&out, 65536);
    (void)snprintf(status.cards[0].connection.organization_name, STORE_TEXT_BYTES,
                   "a\"b\n\xF0\x9F\x98\x80");
    view_status_json(&out, &status);
    assert_non_null(strstr(out.data, "\"organization_name\":\"a\\\"b\\n\xF0\x9F\x98\x80\""));
    assert_non_null(strstr(out.data,
                           "{\"table\":\"orders\",\"enabled\":true,\"readable\":true,"
                           "\"rows\":3000,\"deleted\":0,\"quarantined\":3,\"proven\":true,"
                           "\"last_run\":\"2023-11-14T20:13:20.000000Z\""));
    assert_non_null(strstr(out.data, "\"last_error_class\":\"remote\""));
    assert_non_null(strstr(out.data,
                           "\"table\":\"customers\",\"enabled\":true,\"readable\":true,"
                           "\"rows\":1000,\"deleted\":0,\"quarantined\":0,\"proven\":true,"
                           "\"last_run\":null"));
    buf_release(&out);
}

static void table_lines(void **state TILL_UNUSED)
{
    struct buf out;
    buf_init(&out, 65536);
    view_tables_text(&out, &style, &status.cards[0], now_us);
    assert_string_equal(
        out.data,
        "table               rows  method      every  last run     next run   state\n"
        "organizations          0  incremental   15m  2 h ago      in 8 min   proven\n"
        "customers          1,000  incremental   15m  never        now        never synced\n"
        "products           2,000  incremental   15m  2 h ago      in 8 min   proven\n"
        "orders             3,000  full          15m  2 h ago      in 8 min   failing\n"
        "subscriptions      4,000  incremental   15m  never        in 8 min   interrupted\n"
        "refunds            5,000  incremental   15m  2 h ago      in 8 min   no scope\n"
        "checkouts          6,000  incremental   15m  2 h ago      -          off\n"
        "benefits           7,000  incremental   15m  2 h ago      in 8 min   unproven\n"
        "events             8,000  incremental   15m  2 h ago      in 8 min   no scope\n"
        "\n"
        "the last run  requests     new  changed    gone all gone set aside  fresh as of\n"
        "organizations        0       0        0       0        0         0  2 h ago\n"
        "customers            0       0        0       0        0         0  never\n"
        "products             0       0        0       0        0         0  2 h ago\n"
        "orders               7       0        0       0        0         3  2 h ago\n"
        "subscriptions        0       0        0       0        0         0  never\n"
        "refunds              0       0        0       0        0         0  2 h ago\n"
        "checkouts            0       0        0       0        0         0  2 h ago\n"
        "benefits             0       0        0       0        0         0  2 h ago\n"
        "events               0       0        0       0        0         0  2 h ago\n"
        "orders failing since 60 min ago (3 runs), next try in 8 min: could not list\n"
        "  orders: the service answered 503 again and again and again, \xEF\xBF\xBD[31mand it "
        "said\n"
        "  so\n");
    buf_release(&out);
}

// The columns of `till tables --json` are a contract.
static void table_rows(void **state TILL_UNUSED)
{
    static const char *const names[VIEW_TABLE_COLUMNS] = {
        "connection",  "table",       "enabled",  "method",        "readable",     "rows",
        "deleted",     "quarantined", "proven",   "last_run",      "last_success", "added",
        "changed",     "removed",     "requests", "every",         "next_due",     "fresh_as_of",
        "last_method", "last_full",   "failures", "failing_since", "last_error",   "waiting"};
    struct value values[VIEW_TABLE_COLUMNS];
    struct view_table_text words;
    for (size_t i = 0; i < VIEW_TABLE_COLUMNS; i++)
        assert_string_equal(view_table_columns[i], names[i]);
    view_table_values(&status.cards[0], TABLE_orders, &words, values);
    assert_true(sv_equal(values[1].text, SV("orders")));
    assert_int_equal(values[5].integer, 3000);
    assert_int_equal(values[7].integer, 3);
    assert_true(sv_equal(values[3].text, SV("full")));
    assert_true(sv_equal(values[9].text, SV("2023-11-14T20:13:20.000000Z")));
    assert_true(sv_equal(values[15].text, SV("15m")));
    assert_true(sv_equal(values[16].text, SV("2023-11-14T22:21:20.000000Z")));
    assert_int_equal(values[20].integer, 3);
    assert_true(sv_equal(values[21].text, SV("2023-11-14T21:13:20.000000Z")));
    view_table_values(&status.cards[0], TABLE_customers, &words, values);
    assert_int_equal(values[9].type, VALUE_NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_card, setup),
        cmocka_unit_test_setup(nothing_connected, setup),
        cmocka_unit_test_setup(disconnected_and_stale, setup),
        cmocka_unit_test_setup(long_and_hostile_names_stay_in_their_line, setup),
        cmocka_unit_test_setup(json, setup),
        cmocka_unit_test_setup(table_lines, setup),
        cmocka_unit_test_setup(table_rows, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
