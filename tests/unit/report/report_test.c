// SPDX-License-Identifier: Apache-2.0
// report_test.c - snapshots over a real store: freshness, staleness, what is read and what is not, and days cut in a time zone.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "support.h"

static int64_t fake_now_us(const struct clock *clock TILL_UNUSED)
{
    return NOON_US;
}
static int64_t fake_monotonic_ms(const struct clock *clock TILL_UNUSED)
{
    return 0;
}
static const struct clock noon = {.now_us = fake_now_us, .monotonic_ms = fake_monotonic_ms};

static const int64_t hour_us = 3600 * INT64_C(1000000);

static void connect_as(struct fixture *fixture, const char *name, const char *organization,
                       const char *missing)
{
    struct store_connection connection = {.connected_at_us = NOON_US - 100 * hour_us};
    (void)snprintf(connection.name, sizeof(connection.name), "%s", name);
    (void)snprintf(connection.service, sizeof(connection.service), "polar");
    (void)snprintf(connection.environment, sizeof(connection.environment), "production");
    (void)snprintf(connection.api_url, sizeof(connection.api_url), "https://api.polar.sh");
    (void)snprintf(connection.organization_id, sizeof(connection.organization_id), "%s",
                   organization);
    (void)snprintf(connection.organization_name, sizeof(connection.organization_name), "Shop %s",
                   name);
    (void)snprintf(connection.secret_place, sizeof(connection.secret_place), "file");
    (void)snprintf(connection.scopes, sizeof(connection.scopes), "orders:read");
    (void)snprintf(connection.missing_scopes, sizeof(connection.missing_scopes), "%s", missing);
    assert_ok(fixture, store_connection_put(fixture->store, &connection, &fixture->e));
}

static void disconnect(struct fixture *fixture, const char *name)
{
    struct store_connection connection = {0};
    bool is_found = false;
    assert_ok(fixture,
              store_connection_get(fixture->store, name, &connection, &is_found, &fixture->e));
    assert_true(is_found);
    connection.disconnected_at_us = NOON_US;
    assert_ok(fixture, store_connection_put(fixture->store, &connection, &fixture->e));
}

// A proven walk of one page that ended `age_us` ago.
static void land(struct fixture *fixture, const char *organization, enum table_id id,
                 struct row *rows, size_t count, int64_t age_us, enum till_code outcome)
{
    struct store_walk walk = {0};
    struct store_page_counts counts = {0};
    int64_t removed = 0;
    int64_t at_us = NOON_US - age_us;
    struct sv owner = sv_of(organization);
    for (size_t i = 0; i < count; i++)
        rows[i].organization_id = owner;
    assert_ok(fixture, store_walk_begin(fixture->store, owner, model_table(id), false, at_us, &walk,
                                        &fixture->e));
    if (count > 0)
        assert_ok(fixture,
                  store_page(fixture->store, &walk,
                             &(struct store_incoming){
                                 .rows = rows, .row_count = count, .total_count = (int64_t)count},
                             at_us, &counts, &fixture->e));
    assert_ok(fixture, store_walk_end(fixture->store, &walk, outcome == TILL_OK, at_us, &removed,
                                      &fixture->e));
    struct store_run run = {.table = model_table(id),
                            .organization_id = owner,
                            .started_us = at_us,
                            .finished_us = at_us,
                            .code = outcome,
                            .error = outcome == TILL_OK ? NULL : "it went wrong",
                            .server_total = (int64_t)count,
                            .is_proven = outcome == TILL_OK};
    assert_ok(fixture, store_run_put(fixture->store, &run, &fixture->e));
}

static void land_all(struct fixture *fixture, const char *organization, int64_t age_us)
{
    for (int i = 0; i < TABLE__COUNT; i++)
        land(fixture, organization, (enum table_id)i, NULL, 0, age_us, TILL_OK);
}

static struct report_status *status_of(struct fixture *fixture, int64_t max_age_us)
{
    static struct report_status status;
    const struct report_status_options options = {.max_age_us = max_age_us,
                                                  .default_every_ms = 900000};
    assert_ok(fixture, report_status(fixture->store, &noon, &options, &status, &fixture->e));
    return &status;
}

static void freshness_is_that_of_the_oldest_table(void **state TILL_UNUSED)
{
    struct fixture fixture;
    fixture_open(&fixture);
    assert_true(status_of(&fixture, hour_us)->is_stale); // nothing is connected
    assert_false(status_of(&fixture, 0)->is_stale);
    connect_as(&fixture, "polar", ORGANIZATION, "");
    assert_true(status_of(&fixture, hour_us)->is_stale); // nothing has landed
    assert_true(status_of(&fixture, 0)->cards[0].fresh_as_of_us == 0);
    land_all(&fixture, ORGANIZATION, 2 * hour_us);
    land(&fixture, ORGANIZATION, TABLE_orders, NULL, 0, hour_us, TILL_OK);
    struct report_status *status = status_of(&fixture, 3 * hour_us);
    assert_int_equal(status->card_count, 1);
    assert_false(status->is_stale);
    assert_true(status->cards[0].fresh_as_of_us == NOON_US - 2 * hour_us);
    assert_true(status->cards[0].last_sync_us == NOON_US - hour_us);
    assert_true(status_of(&fixture, hour_us)->is_stale);
    fixture_close(&fixture);
}

static void a_failed_run_does_not_make_fresh(void **state TILL_UNUSED)
{
    struct fixture fixture;
    fixture_open(&fixture);
    connect_as(&fixture, "polar", ORGANIZATION, "");
    land_all(&fixture, ORGANIZATION, 5 * hour_us);
    land(&fixture, ORGANIZATION, TABLE_orders, NULL, 0, hour_us, TILL_REMOTE);
    struct report_card *card = &status_of(&fixture, 0)->cards[0];
    assert_int_equal(card->failing_count, 1);
    assert_true(card->fresh_as_of_us == NOON_US - 5 * hour_us);
    assert_string_equal(card->tables[TABLE_orders].last_error, "it went wrong");
    const struct report_schedule *orders = &card->schedule[TABLE_orders];
    assert_true(orders->failing_since_us == NOON_US - hour_us);
    assert_true(orders->due_us <= NOON_US); // its backoff of a minute is over
    land(&fixture, ORGANIZATION, TABLE_orders, NULL, 0, 30000000, TILL_REMOTE);
    card = &status_of(&fixture, 0)->cards[0];
    orders = &card->schedule[TABLE_orders];
    assert_int_equal(card->tables[TABLE_orders].failure_count, 2);
    assert_true(orders->failing_since_us == NOON_US - hour_us);
    assert_true(orders->due_us >= NOON_US + 90000000 && orders->due_us < NOON_US + 120000000);
    assert_true(card->schedule[TABLE_refunds].failing_since_us == 0);
    land(&fixture, ORGANIZATION, TABLE_orders, NULL, 0, 0, TILL_OK);
    orders = &status_of(&fixture, 0)->cards[0].schedule[TABLE_orders];
    assert_true(orders->failing_since_us == 0);
    assert_true(orders->due_us == NOON_US + 900000000 && orders->every_ms == 900000);
    fixture_close(&fixture);
}

static void what_is_not_read_does_not_count(void **state TILL_UNUSED)
{
    struct fixture fixture;
    fixture_open(&fixture);
    connect_as(&fixture, "polar", ORGANIZATION, "refunds:read");
    for (int i = 0; i < TABLE__COUNT; i++) {
        if (i != TABLE_refunds && i != TABLE_checkouts && i != TABLE_events)
            land(&fixture, ORGANIZATION, (enum table_id)i, NULL, 0, hour_us, TILL_OK);
    }
    struct report_card *card = &status_of(&fixture, 0)->cards[0];
    assert_true(card->fresh_as_of_us == 0); // checkouts never landed
    assert_ok(&fixture, store_table_enable(fixture.store, sv_of(ORGANIZATION),
                                           model_table(TABLE_checkouts), false, &fixture.e));
    card = &status_of(&fixture, 0)->cards[0];
    assert_true(card->fresh_as_of_us == NOON_US - hour_us);
    assert_false(report_card_reads(card, TABLE_refunds));
    assert_false(report_card_reads(card, TABLE_checkouts));
    assert_false(report_card_reads(card, TABLE_events));
    assert_true(report_card_reads(card, TABLE_orders));
    fixture_close(&fixture);
}

static struct report_today *today_in(struct fixture *fixture, const char *zone_name,
                                     enum till_code expected)
{
    static struct report_today today;
    static struct zone *zone;
    zone_close(zone);
    zone = NULL;
    assert_ok(fixture, zone_open(zone_name, &zone, &fixture->e));
    enum till_code code = report_today(fixture->store, &noon, zone, NULL, &today, &fixture->e);
    if (code != expected)
        fail_msg("status %d: %s", (int)code, fixture->e.text);
    return &today;
}

static struct row *order(struct fixture *fixture, struct row *row, const char *currency,
                         int64_t net_minor, const char *created_at, const char *status)
{
    (void)fixture;
    *value_of(row, "currency") = text_value(currency);
    *value_of(row, "net_amount") = (struct value){.type = VALUE_INTEGER, .integer = net_minor};
    *value_of(row, "created_at") = text_value(created_at);
    *value_of(row, "status") = text_value(status);
    return row;
}

static void days_are_cut_in_the_zone(void **state TILL_UNUSED)
{
    struct fixture fixture;
    fixture_open(&fixture);
    connect_as(&fixture, "polar", ORGANIZATION, "refunds:read");
    struct row *rows = make_rows(&fixture.arena, model_table(TABLE_orders), 1, 6);
    (void)order(&fixture, &rows[0], "usd", 100, "2026-01-01T11:00:00.000000Z", "paid");
    (void)order(&fixture, &rows[1], "usd", 20, "2026-01-01T04:30:00.000000Z", "refunded");
    (void)order(&fixture, &rows[2], "usd", 3000, "2026-01-01T10:00:00.000000Z", "pending");
    (void)order(&fixture, &rows[3], "eur", 7, "2025-12-31T23:59:59.999999Z", "paid");
    (void)order(&fixture, &rows[4], "usd", 50000, "2025-12-29T12:00:00.000000Z", "paid");
    (void)order(&fixture, &rows[5], "usd", 600000, "2026-01-01T13:00:00.000000Z", "paid");
    land(&fixture, ORGANIZATION, TABLE_orders, rows, 6, hour_us, TILL_OK);
    land(&fixture, ORGANIZATION, TABLE_subscriptions, NULL, 0, 2 * hour_us, TILL_OK);

    struct report_today *today = today_in(&fixture, "Etc/UTC", TILL_OK);
    assert_string_equal(today->organization_name, "Shop polar");
    assert_true(today->fresh_as_of_us == NOON_US - 2 * hour_us);
    assert_true(today->is_missing[TABLE_refunds]);
    assert_false(today->is_missing[TABLE_orders]);
    const struct store_day_line *line = report_day_line(&today->today, "usd");
    assert_non_null(line);
    assert_true(line->revenue_minor == 120 && line->order_count == 2);
    assert_null(report_day_line(&today->today, "eur"));
    assert_true(report_day_line(&today->yesterday, "eur")->revenue_minor == 7);
    assert_null(report_day_line(&today->yesterday, "usd"));

    // Five hours west the first order of the day still belongs to yesterday, and so does the one before midnight.
    today = today_in(&fixture, "America/New_York", TILL_OK);
    assert_true(report_day_line(&today->today, "usd")->revenue_minor == 100);
    assert_true(report_day_line(&today->yesterday, "usd")->revenue_minor == 20);
    assert_true(report_day_line(&today->yesterday, "eur")->revenue_minor == 7);
    assert_true(today->today.from_us == NOON_US - 7 * hour_us);
    assert_true(today->yesterday.to_us == today->today.from_us);
    fixture_close(&fixture);
}

static void several_connections(void **state TILL_UNUSED)
{
    struct fixture fixture;
    fixture_open(&fixture);
    (void)today_in(&fixture, "Etc/UTC", TILL_CONFIG);
    connect_as(&fixture, "polar", ORGANIZATION, "");
    connect_as(&fixture, "other", OTHER_ORGANIZATION, "");
    land_all(&fixture, ORGANIZATION, hour_us);
    land_all(&fixture, OTHER_ORGANIZATION, hour_us);
    struct row *rows = make_rows(&fixture.arena, model_table(TABLE_orders), 1, 2);
    (void)order(&fixture, &rows[0], "usd", 1, "2026-01-01T11:00:00.000000Z", "paid");
    (void)order(&fixture, &rows[1], "usd", 10, "2026-01-01T11:00:00.000000Z", "paid");
    land(&fixture, ORGANIZATION, TABLE_orders, &rows[0], 1, 0, TILL_OK);
    land(&fixture, OTHER_ORGANIZATION, TABLE_orders, &rows[1], 1, 0, TILL_OK);
    struct report_today *today = today_in(&fixture, "Etc/UTC", TILL_OK);
    assert_string_equal(today->organization_name, "");
    assert_true(report_day_line(&today->today, "usd")->revenue_minor == 11);
    assert_int_equal(today->part_count, 2); // in order of name
    assert_string_equal(today->parts[0].name, "other");
    assert_true(report_day_line(&today->parts[0].today, "usd")->revenue_minor == 10);
    assert_string_equal(today->parts[1].organization_name, "Shop polar");
    assert_true(report_day_line(&today->parts[1].today, "usd")->revenue_minor == 1);
    disconnect(&fixture, "other");
    today = today_in(&fixture, "Etc/UTC", TILL_OK);
    assert_string_equal(today->organization_name, "Shop polar");
    assert_int_equal(today->part_count, 1);
    assert_true(report_day_line(&today->today, "usd")->revenue_minor == 1);
    disconnect(&fixture, "polar");
    (void)today_in(&fixture, "Etc/UTC", TILL_CONFIG);
    assert_true(status_of(&fixture, hour_us)->is_stale);
    fixture_close(&fixture);
}

// ---- the life of one row ----

static enum till_code history_of(struct fixture *fixture, const char *id,
                                 struct report_history *history)
{
    memset(&fixture->e, 0, sizeof(fixture->e));
    return report_history(fixture->store, model_table(TABLE_orders), id, &fixture->arena, history,
                          &fixture->e);
}

static void a_life_is_told_by_moments(void **state TILL_UNUSED)
{
    struct fixture fixture;
    struct report_history history;
    fixture_open(&fixture);
    connect_as(&fixture, "polar", ORGANIZATION, "");
    struct row *rows = make_rows(&fixture.arena, model_table(TABLE_orders), 1, 2);
    const char *id = arena_copy(&fixture.arena, row_id(&rows[0]).ptr, row_id(&rows[0]).len);
    assert_non_null(id);
    (void)order(&fixture, &rows[0], "usd", 1, "2026-01-01T11:00:00.000000Z", "pending");
    (void)order(&fixture, &rows[1], "usd", 2, "2026-01-01T11:00:00.000000Z", "paid");
    land(&fixture, ORGANIZATION, TABLE_orders, rows, 2, 4 * hour_us, TILL_OK);
    assert_int_equal(history_of(&fixture, id, &history), TILL_OK);
    assert_int_equal(history.moment_count, 0);
    assert_int_equal(history.first_seen_us, NOON_US - 4 * hour_us);
    assert_string_equal(history.connection_name, "polar");
    assert_true(sv_equal(history.currency, SV("usd")));

    (void)order(&fixture, &rows[0], "usd", 100, "2026-01-01T11:00:00.000000Z", "paid");
    land(&fixture, ORGANIZATION, TABLE_orders, rows, 2, 3 * hour_us, TILL_OK);
    land(&fixture, ORGANIZATION, TABLE_orders, &rows[1], 1, 2 * hour_us, TILL_OK); // it is gone
    assert_int_equal(history_of(&fixture, id, &history), TILL_OK);
    assert_true(history.first_seen_us == 0 && history.now.deleted_us == NOON_US - 2 * hour_us);
    land(&fixture, ORGANIZATION, TABLE_orders, rows, 2, hour_us, TILL_OK);
    assert_int_equal(history_of(&fixture, id, &history), TILL_OK);
    assert_int_equal(history.moment_count, 3);
    const struct report_moment *moment = history.moments;
    assert_true(moment->kind == REPORT_CHANGED && moment->seen_us == NOON_US - 3 * hour_us);
    int columns = 0;
    for (const struct report_change *change = moment->changes; change; change = change->next) {
        columns += 1;
        if (sv_equal(change->column_name, SV("net_amount")))
            assert_true(change->old_value.integer == 1 && change->new_value.integer == 100);
        else
            assert_true(sv_equal(change->column_name, SV("status")) &&
                        sv_equal(change->new_value.text, SV("paid")));
    }
    assert_int_equal(columns, 2);
    moment = moment->next;
    assert_true(moment->kind == REPORT_LEFT && !moment->changes);
    assert_true(moment->next->kind == REPORT_RETURNED && !moment->next->next);
    assert_true(history.now.deleted_us == 0);
    fixture_close(&fixture);
}

static void ids_may_be_cut(void **state TILL_UNUSED)
{
    struct fixture fixture;
    struct report_history history;
    char id[STORE_NAME_BYTES];
    fixture_open(&fixture);
    connect_as(&fixture, "polar", ORGANIZATION, "");
    struct row *rows = make_rows(&fixture.arena, model_table(TABLE_orders), 1, 9);
    for (int i = 0; i < 9; i++) { // ids that differ at their ends alone
        (void)snprintf(id, sizeof(id), "abcdef01-0000-4000-8000-00000000000%d", i);
        *value_of(&rows[i], "id") = text_value(arena_copy(&fixture.arena, id, strlen(id)));
    }
    land(&fixture, ORGANIZATION, TABLE_orders, rows, 9, hour_us, TILL_OK);
    (void)snprintf(id, sizeof(id), SV_FORMAT, SV_ARGS(row_id(&rows[4])));
    assert_int_equal(history_of(&fixture, id, &history), TILL_OK);
    assert_string_equal(history.id, id);
    for (size_t i = 0; id[i]; i++)
        id[i] = (char)(id[i] >= 'a' && id[i] <= 'f' ? id[i] - 'a' + 'A' : id[i]);
    assert_int_equal(history_of(&fixture, id, &history), TILL_OK);
    id[8] = '\0';
    assert_int_equal(history_of(&fixture, id, &history), TILL_USAGE);
    int listed = 0;
    for (const char *at = fixture.e.hint; (at = strchr(at, ',')) != NULL; at++)
        listed += 1;
    assert_int_equal(listed, 5); // five, then ", ..."
    id[7] = '\0';
    assert_int_equal(history_of(&fixture, id, &history), TILL_USAGE);
    assert_int_equal(history_of(&fixture, "ffffffff", &history), TILL_USAGE);
    assert_non_null(strstr(fixture.e.hint, "till query"));
    assert_int_equal(history_of(&fixture, "'; DROP TABLE orders; --", &history), TILL_USAGE);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freshness_is_that_of_the_oldest_table),
        cmocka_unit_test(a_failed_run_does_not_make_fresh),
        cmocka_unit_test(what_is_not_read_does_not_count),
        cmocka_unit_test(days_are_cut_in_the_zone),
        cmocka_unit_test(several_connections),
        cmocka_unit_test(a_life_is_told_by_moments),
        cmocka_unit_test(ids_may_be_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
