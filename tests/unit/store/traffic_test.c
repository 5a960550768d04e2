// SPDX-License-Identifier: Apache-2.0
// traffic_test.c - sources of web traffic on every back end: connect, land, replace, cursor, emptiness, zone, removal.
#include "contract.h"

#include <stdio.h>
#include <string.h>

#include "store/traffic.h"

static const struct civil_date monday = {2026, 3, 2};

static void connect(struct fixture *f, const char *name, enum traffic_service service)
{
    struct store_source source = {.service = service, .connected_at_us = NOON_US};
    (void)snprintf(source.name, sizeof source.name, "%s", name);
    (void)snprintf(source.property, sizeof source.property, "4242");
    (void)snprintf(source.timezone, sizeof source.timezone, "UTC");
    (void)snprintf(source.secret_place, sizeof source.secret_place, "file");
    assert_ok(f, store_source_put(f->store, &source, &f->e));
}

static struct store_source get(struct fixture *f, const char *name)
{
    struct store_source source = {0};
    bool is_found = false;
    assert_ok(f, store_source_get(f->store, name, &source, &is_found, &f->e));
    assert_true(is_found);
    return source;
}

// Days from monday + first, with a part each; `visits` of each.
static void land_days(struct fixture *f, const char *name, int first, int count, int64_t visits)
{
    struct traffic_row rows[64];
    struct store_source source = get(f, name);
    size_t row_count = 0;
    for (int i = 0; i < count; i++) {
        struct traffic_row row = {.grain = TRAFFIC_DAY,
                                  .date = civil_date_add_days(monday, first + i),
                                  .value = SV(""),
                                  .visitors = TRAFFIC_UNTOLD,
                                  .visits = visits,
                                  .pageviews = 2 * visits,
                                  .bounces = 0};
        rows[row_count++] = row;
        row.grain = TRAFFIC_PART;
        row.dimension = TRAFFIC_CHANNEL;
        row.value = SV("Direct");
        rows[row_count++] = row;
    }
    struct store_traffic traffic = {.rows = rows,
                                    .row_count = row_count,
                                    .from = civil_date_add_days(monday, first),
                                    .to = civil_date_add_days(monday, first + count),
                                    .complete_before =
                                        civil_date_add_days(monday, first + count - 1),
                                    .through = civil_date_add_days(monday, first + count - 2)};
    assert_ok(f, store_traffic_land(f->store, &source, &traffic, NOON_US, &f->e));
    assert_true(source.has_first && source.has_through);
}

static void test_landing(struct fixture *f)
{
    char text[64];
    bool has_any = false;
    connect(f, "posthog", TRAFFIC_POSTHOG);
    connect(f, "plausible", TRAFFIC_PLAUSIBLE);
    land_days(f, "posthog", 0, 5, 10);
    land_days(f, "plausible", 0, 5, 7);
    assert_answer(f, 50, "SELECT sum(visits) FROM traffic_daily WHERE connection = 'posthog'");
    assert_answer(
        f, 4,
        "SELECT count(*) FROM traffic_daily WHERE connection = 'posthog' AND is_complete = 1");
    assert_answer(
        f, 5, "SELECT count(*) FROM traffic_daily WHERE source = 'plausible' AND visitors IS NULL");
    land_days(f, "posthog", 3, 4, 20); // two of the days again, two more
    assert_answer(f, 3 * 10 + 4 * 20,
                  "SELECT sum(visits) FROM traffic_daily WHERE connection = 'posthog'");
    assert_answer(f, 3 * 10 + 4 * 20,
                  "SELECT sum(visits) FROM traffic_breakdown WHERE connection = 'posthog'");
    assert_answer(f, 35, "SELECT sum(visits) FROM traffic_daily WHERE connection = 'plausible'");
    struct store_source source = get(f, "posthog");
    assert_int_equal(source.through_date.day, 7);
    assert_int_equal(source.first_date.day, 2);
    assert_int_equal(source.day_count, 7);
    assert_string_equal(
        ask_text(f->store, "SELECT max(date) FROM traffic_daily", text, sizeof text), "2026-03-08");
    assert_ok(f, store_traffic_any(f->store, &source, monday, civil_date_add_days(monday, 1),
                                   &has_any, &f->e));
    assert_true(has_any);
    assert_ok(f, store_traffic_any(f->store, &source, civil_date_add_days(monday, 30),
                                   civil_date_add_days(monday, 31), &has_any, &f->e));
    assert_false(has_any);
}

// Days that the service left out are zeroes once they are over; before the first day that ever had a row nothing is known.
static void test_days_without_visitors(struct fixture *f)
{
    connect(f, "posthog", TRAFFIC_POSTHOG);
    struct store_source source = get(f, "posthog");
    struct traffic_row row = {
        .grain = TRAFFIC_DAY, .date = civil_date_add_days(monday, 4), .value = SV(""), .visits = 3};
    struct store_traffic traffic = {.rows = &row,
                                    .row_count = 1,
                                    .from = monday,
                                    .to = civil_date_add_days(monday, 9),
                                    .complete_before = civil_date_add_days(monday, 8),
                                    .through = civil_date_add_days(monday, 7)};
    assert_ok(f, store_traffic_land(f->store, &source, &traffic, NOON_US, &f->e));
    assert_answer(f, 4, "SELECT count(*) FROM traffic_daily");
    assert_answer(f, 3, "SELECT count(*) FROM traffic_daily WHERE visits = 0 AND is_complete = 1");
    assert_answer(f, 3, "SELECT sum(visits) FROM traffic_daily");
}

static void test_hours_and_searches(struct fixture *f)
{
    const int64_t hour_us = INT64_C(3600000000);
    connect(f, "search", TRAFFIC_SEARCH_CONSOLE);
    connect(f, "posthog", TRAFFIC_POSTHOG);
    struct traffic_row rows[] = {
        {.grain = TRAFFIC_SEARCH_DAY,
         .date = monday,
         .value = SV(""),
         .clicks = 3,
         .impressions = 40,
         .position = 4.5},
        {.grain = TRAFFIC_SEARCH_DAY, .date = civil_date_add_days(monday, 1), .value = SV("")},
        {.grain = TRAFFIC_SEARCH_PART,
         .date = monday,
         .dimension = TRAFFIC_QUERY,
         .value = SV("till"),
         .clicks = 2,
         .impressions = 9,
         .position = 1},
    };
    struct store_traffic traffic = {.rows = rows,
                                    .row_count = TILL_COUNT(rows),
                                    .from = monday,
                                    .to = civil_date_add_days(monday, 2),
                                    .complete_before = civil_date_add_days(monday, 1),
                                    .through = civil_date_add_days(monday, 1)};
    struct store_source source = get(f, "search");
    assert_ok(f, store_traffic_land(f->store, &source, &traffic, NOON_US, &f->e));
    assert_answer(f, 1,
                  "SELECT count(*) FROM search_daily WHERE position = 4.5 AND is_complete = 1");
    assert_answer(f, 1,
                  "SELECT count(*) FROM search_daily WHERE position IS NULL AND is_complete = 0");
    assert_answer(f, 2,
                  "SELECT clicks FROM search_queries WHERE dimension = 'query' AND value = 'till'");
    struct traffic_row hours[] = {
        {.grain = TRAFFIC_HOUR, .date = monday, .hour_us = NOON_US, .value = SV(""), .visits = 5},
        {.grain = TRAFFIC_HOUR,
         .date = monday,
         .hour_us = NOON_US + 5 * hour_us,
         .value = SV(""),
         .visits = 6},
    };
    traffic.rows = hours;
    traffic.row_count = TILL_COUNT(hours);
    traffic.hours_from_us = NOON_US;
    traffic.hours_to_us = NOON_US + 2 * hour_us;
    source = get(f, "posthog");
    assert_ok(f, store_traffic_land(f->store, &source, &traffic, NOON_US, &f->e));
    assert_answer(f, 5,
                  "SELECT sum(visits) FROM traffic_hourly"); // the other lies outside of the span
}

static void test_runs_and_schedule(struct fixture *f)
{
    struct store_source_run run = {.started_us = NOON_US,
                                   .finished_us = NOON_US + 1000000,
                                   .code = TILL_OK,
                                   .requests = 4,
                                   .rows = 12};
    connect(f, "posthog", TRAFFIC_POSTHOG);
    assert_ok(f, store_source_begin(f->store, "posthog", NOON_US, &f->e));
    assert_ok(f, store_source_end(f->store, "posthog", &run, &f->e));
    run.started_us += 5000000;
    run.code = TILL_REMOTE;
    run.error = "too many requests";
    assert_ok(f, store_source_end(f->store, "posthog", &run, &f->e));
    assert_ok(f, store_source_end(f->store, "posthog", &run, &f->e));
    struct store_source source = get(f, "posthog");
    assert_int_equal(source.failure_count, 2);
    assert_int_equal(source.fresh_us, NOON_US);
    assert_int_equal(source.last_code, TILL_REMOTE);
    assert_string_equal(source.last_error, "too many requests");
    run.code = TILL_CANCELED;
    assert_ok(f, store_source_end(f->store, "posthog", &run, &f->e));
    assert_int_equal(get(f, "posthog").failure_count, 2);
    assert_ok(f, store_source_schedule(f->store, "posthog", false, 3600000, &f->e));
    source = get(f, "posthog");
    assert_false(source.is_enabled);
    assert_int_equal(source.every_ms, 3600000);
    connect(f, "posthog", TRAFFIC_POSTHOG); // again: the key is renewed
    assert_int_equal(get(f, "posthog").failure_count, 0);
}

static void test_zone_and_removal(struct fixture *f)
{
    static struct store_sources sources;
    connect(f, "posthog", TRAFFIC_POSTHOG);
    connect(f, "other", TRAFFIC_POSTHOG);
    land_days(f, "posthog", 0, 5, 10);
    land_days(f, "other", 0, 5, 1);
    assert_ok(f, store_source_rezone(f->store, "posthog", "Asia/Kolkata", &f->e));
    struct store_source source = get(f, "posthog");
    assert_string_equal(source.timezone, "Asia/Kolkata");
    assert_false(source.has_first || source.has_through);
    assert_answer(f, 5, "SELECT sum(visits) FROM traffic_daily");
    land_days(f, "posthog", 0, 3, 10);
    assert_ok(f, store_source_remove(f->store, "posthog", false, NOON_US, &f->e));
    source = get(f, "posthog");
    assert_int_equal(source.disconnected_at_us, NOON_US);
    assert_string_equal(source.secret_place, "");
    assert_answer(f, 35, "SELECT sum(visits) FROM traffic_daily");
    assert_ok(f, store_source_remove(f->store, "posthog", true, NOON_US, &f->e));
    assert_answer(f, 5, "SELECT sum(visits) FROM traffic_daily");
    assert_answer(f, 5, "SELECT sum(visits) FROM traffic_breakdown");
    assert_ok(f, store_source_list(f->store, &sources, &f->e));
    assert_int_equal(sources.count, 1);
    assert_string_equal(sources.list[0].name, "other");
}

int main(void)
{
    static const struct contract contracts[] = {
        {"landing", test_landing},
        {"days without visitors", test_days_without_visitors},
        {"hours and searches", test_hours_and_searches},
        {"runs and schedule", test_runs_and_schedule},
        {"zone and removal", test_zone_and_removal},
    };
    return contracts_run("store traffic", contracts, TILL_COUNT(contracts));
}
