// SPDX-License-Identifier: Apache-2.0
// api_test.c - parameters, routes and errors by themselves, and questions over a small store: without time, without memory, interrupted.
#include "api/api.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "store/notes.h"
#include "store/traffic.h"
#include "support.h"

enum { ROWS = 12 };

// ---- a small shop ----

static int64_t ticking_ms; // of the monotonic clock at each look
static int64_t now_ms;

static int64_t fake_now_us(const struct clock *clock TILL_UNUSED)
{
    return NOON_US;
}
static int64_t fake_monotonic_ms(const struct clock *clock TILL_UNUSED)
{
    return now_ms += ticking_ms;
}
static const struct clock noon = {.now_us = fake_now_us, .monotonic_ms = fake_monotonic_ms};

static void put(struct row *row, const char *column, const char *text)
{
    struct value *value = value_of(row, column);
    assert_non_null(value);
    *value = text ? text_value(text) : (struct value){.type = VALUE_NULL};
}

static char *id_of(struct fixture *fixture, char first, int number)
{
    char *text = arena_alloc(&fixture->arena, 64);
    assert_non_null(text);
    (void)snprintf(text, 64, "%c0000000-0000-4000-8000-%012d", first, number);
    return text;
}

// Names that rows of several tables share, and values that mean something.
static void shape(struct fixture *fixture, enum table_id id, struct row *row, int number)
{
    char *customer = id_of(fixture, 'c', number % 4);
    char *product = id_of(fixture, 'd', number % 2);
    for (size_t i = 0; i < row->table->column_count; i++)
        if (row->table->columns[i].kind == COLUMN_JSON)
            row->values[i] = text_value("{}");
    if (id == TABLE_customers || id == TABLE_products)
        put(row, "id", id == TABLE_customers ? customer : product);
    if (id == TABLE_orders || id == TABLE_subscriptions) {
        put(row, "customer_id", customer);
        put(row, "product_id", product);
        put(row, "currency", number % 3 ? "usd" : "eur");
        put(row, "created_at", "2025-12-20T10:00:00.000000Z");
        put(row, "customer", "{\"name\":\"A\",\"billing_address\":{\"country\":\"DE\"}}");
        put(row, "product", "{\"name\":\"P\"}");
    }
    if (id == TABLE_orders) {
        put(row, "status", "paid");
        *value_of(row, "paid") = (struct value){.type = VALUE_INTEGER, .integer = 1};
        put(row, "metadata", "{\"utm_source\":\"news\"}");
    }
    if (id == TABLE_subscriptions) {
        put(row, "started_at", "2025-12-01T10:00:00.000000Z");
        put(row, "status", "active");
        put(row, "recurring_interval", "month");
        *value_of(row, "recurring_interval_count") =
            (struct value){.type = VALUE_INTEGER, .integer = 1};
        put(row, "ends_at", NULL);
        put(row, "ended_at", NULL);
        put(row, "trial_end", NULL);
        put(row, "canceled_at", NULL);
    }
    if (id == TABLE_products)
        put(row, "prices",
            "[{\"amount_type\":\"fixed\",\"price_currency\":\"usd\",\"price_amount\":900}]");
    if (id == TABLE_customers)
        put(row, "billing_address", "{\"country\":\"DE\"}");
}

static void land(struct fixture *fixture, enum table_id id)
{
    struct store_walk walk = {0};
    struct store_page_counts counts = {0};
    int64_t removed = 0;
    size_t count = id == TABLE_customers ? 4 : id == TABLE_products ? 2 : ROWS;
    struct row *rows = make_rows(&fixture->arena, model_table(id), 1, count);
    for (size_t i = 0; i < count; i++) {
        rows[i].organization_id = SV(ORGANIZATION);
        shape(fixture, id, &rows[i], (int)i);
    }
    assert_ok(fixture, store_walk_begin(fixture->store, SV(ORGANIZATION), model_table(id), false,
                                        NOON_US, &walk, &fixture->e));
    assert_ok(fixture,
              store_page(fixture->store, &walk,
                         &(struct store_incoming){
                             .rows = rows, .row_count = count, .total_count = (int64_t)count},
                         NOON_US, &counts, &fixture->e));
    assert_int_equal(counts.added, count);
    assert_ok(fixture, store_walk_end(fixture->store, &walk, true, NOON_US, &removed, &fixture->e));
    struct store_run run = {.table = model_table(id),
                            .organization_id = SV(ORGANIZATION),
                            .started_us = NOON_US - 1000000,
                            .finished_us = NOON_US,
                            .server_total = (int64_t)count,
                            .requests = 3,
                            .is_proven = true};
    assert_ok(fixture, store_run_put(fixture->store, &run, &fixture->e));
}

static struct zone *utc;

static void open_shop(struct fixture *fixture)
{
    struct store_connection connection = {.connected_at_us = NOON_US};
    int64_t id = 0;
    fixture_open(fixture);
    (void)snprintf(connection.name, sizeof connection.name, "polar");
    (void)snprintf(connection.service, sizeof connection.service, "polar");
    (void)snprintf(connection.organization_id, sizeof connection.organization_id, ORGANIZATION);
    (void)snprintf(connection.organization_name, sizeof connection.organization_name, "Shop");
    assert_ok(fixture, store_connection_put(fixture->store, &connection, &fixture->e));
    for (int i = 0; i < TABLE__COUNT; i++)
        land(fixture, (enum table_id)i);
    assert_ok(fixture, store_annotation_put(fixture->store, (struct civil_date){2025, 12, 24},
                                            SV("launched"), NOON_US, &id, &fixture->e));
    struct store_source source = {.service = TRAFFIC_SEARCH_CONSOLE, .connected_at_us = NOON_US};
    (void)snprintf(source.name, sizeof source.name, "google");
    assert_ok(fixture, store_source_put(fixture->store, &source, &fixture->e));
    store_close(fixture->store);
    fixture->store = NULL;
    assert_ok(fixture, store_open(fixture->path, STORE_READ_ONLY, &fixture->store, &fixture->e));
    assert_ok(fixture, zone_open("UTC", &utc, &fixture->e));
    ticking_ms = 0;
}

static void close_shop(struct fixture *fixture)
{
    zone_close(utc);
    fixture_close(fixture);
}

static enum till_code ask(struct fixture *fixture, enum api_route route, const char *query,
                          struct buf *out)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct api_question question = {.route = route,
                                    .clock = &noon,
                                    .zone = utc,
                                    .default_every_ms = 900000,
                                    .body = SV("SELECT id, 'x' AS y FROM orders")};
    till_error_clear(&fixture->e);
    enum till_code code = api_parameters(sv_of(query), &arena, &question.parameters,
                                         &question.parameter_count, &fixture->e);
    return code ? code : api_answer(fixture->store, &question, out, &fixture->e);
}

// ---- parameters ----

static void parameters_are_decoded(void **state TILL_UNUSED)
{
    AUTO_ARENA arena;
    struct till_error e = {0};
    const struct api_parameter *list = NULL;
    size_t count = 0;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    assert_int_equal(TILL_OK, api_parameters(SV("a=1+2%2B3&&b&=x&c=%C3%A9%3D=%26&d=%"
                                                "7e"),
                                             &arena, &list, &count, &e));
    static const char *const names[] = {"a", "b", "", "c", "d"};
    static const char *const values[] = {"1 2+3", "", "x", "\xc3\xa9==&", "~"};
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_true(sv_equal(list[i].name, sv_of(names[i])));
        assert_true(sv_equal(list[i].value, sv_of(values[i])));
    }
    assert_int_equal(TILL_OK, api_parameters(SV(""), &arena, &list, &count, &e));
    assert_int_equal(count, 0);
}

static void malformed_parameters_are_refused(void **state TILL_UNUSED)
{
    static const char *const wrong[] = {"a=%", "a=%1", "a=%g0", "a=%0g", "%00=1", "a=%ff", "a=%c3"};
    AUTO_ARENA arena;
    AUTO_BUF long_one;
    struct till_error e = {0};
    const struct api_parameter *list = NULL;
    size_t count = 7;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    buf_init(&long_one, TILL_LIMIT_BUFFER_BYTES);
    for (size_t i = 0; i < TILL_COUNT(wrong); i++)
        assert_int_equal(TILL_USAGE, api_parameters(sv_of(wrong[i]), &arena, &list, &count, &e));
    for (int i = 0; i < TILL_LIMIT_API_PARAMETERS; i++)
        buf_text(&long_one, "a=1&");
    struct sv text = {long_one.data, long_one.len};
    assert_int_equal(TILL_OK, api_parameters(text, &arena, &list, &count, &e));
    assert_int_equal(count, TILL_LIMIT_API_PARAMETERS);
    buf_text(&long_one, "a=1");
    text = (struct sv){long_one.data, long_one.len};
    assert_int_equal(TILL_USAGE, api_parameters(text, &arena, &list, &count, &e));
    buf_repeat(&long_one, 'x', TILL_LIMIT_API_PARAMETER_BYTES);
    text = (struct sv){long_one.data, long_one.len};
    assert_int_equal(TILL_USAGE, api_parameters(text, &arena, &list, &count, &e));
    assert_int_equal(count, TILL_LIMIT_API_PARAMETERS); // untouched
}

static void other_kinds_of_routes_are_checked_too(void **state TILL_UNUSED)
{
    const struct api_parameter every = {SV("every"), SV("2h")}, well = {SV("every"), SV("1h")};
    struct till_error e = {0};
    struct api_question question = {
        .route = API_tables_set, .parameters = &every, .parameter_count = 1};
    assert_int_equal(TILL_USAGE, api_check(&question, &e));
    assert_string_equal(e.text, "every: \"2h\" is not one of its values");
    question.parameters = &well;
    assert_int_equal(TILL_OK, api_check(&question, &e));
    assert_true(sv_equal(api_value(&question, "every"), SV("1h")));
    assert_null(api_value(&question, "method").ptr);
}

// ---- routes and errors ----

static void routes_are_found_by_method_and_path(void **state TILL_UNUSED)
{
    enum api_route route = API__COUNT;
    bool is_known = false;
    assert_true(api_route_find(SV("GET"), SV("/api/list/orders"), &route, &is_known));
    assert_int_equal(route, API_list_orders);
    assert_true(api_route_find(SV("HEAD"), SV("/api/tables"), &route, &is_known));
    assert_int_equal(route, API_tables);
    assert_true(api_route_find(SV("POST"), SV("/api/tables"), &route, &is_known));
    assert_int_equal(route, API_tables_set);
    assert_false(api_route_find(SV("PUT"), SV("/api/tables"), &route, &is_known));
    assert_true(is_known);
    assert_false(api_route_find(SV("get"), SV("/api/tables/"), &route, &is_known));
    assert_false(is_known);
    for (int i = 0; i < API__COUNT; i++) {
        assert_int_equal(api_route_info((enum api_route)i)->id, i);
        assert_true(api_route_info((enum api_route)i)->cache_s == 0 ||
                    api_route_info((enum api_route)i)->kind == API_READ);
    }
}

static void errors_are_json(void **state TILL_UNUSED)
{
    struct till_error e = {0};
    AUTO_BUF out;
    buf_init(&out, 4096);
    (void)TILL_FAIL(&e, TILL_USAGE, 0, "from: \"<x>\\\" is not a date");
    (void)till_error_hint(&e, "such as %s", "2026-01-31");
    api_error_json(&out, &e);
    assert_string_equal(out.data,
                        "{\"error\":{\"class\":\"usage\",\"text\":\"from: \\\"<x>\\\\\\\" is not a "
                        "date\",\"hint\":\"such as 2026-01-31\"}}\n");
    assert_int_equal(400, api_http_status(TILL_USAGE));
    assert_int_equal(409, api_http_status(TILL_CONFIG));
    assert_int_equal(503, api_http_status(TILL_LIMIT));
    assert_int_equal(500, api_http_status(TILL_MEMORY));
    assert_int_equal(500, api_http_status(TILL_STORE));
}

// ---- answers ----

static const struct {
    enum api_route route;
    const char *query;
} questions[] = {
    {API_overview, "from=2025-12-01&interval=week"},
    {API_overview, "compare=year&product_id=d0000000-0000-4000-8000-000000000001&currency=eur"},
    {API_metrics, "slug=revenue&slug=orders&timezone=Europe/Berlin"},
    {API_movements, "currency=usd"},
    {API_cohorts, "currency=eur"},
    {API_breakdown, "by=country&currency=usd"},
    {API_traffic, "from=2025-12-01&compare=year&traffic_source=google"},
    {API_search, "interval=week"},
    {API_people, "list=at_risk"},
    {API_channels, ""},
    {API_digest, "date=2025-12-20&weekly=1&timezone=Europe/Berlin"},
    {API_list_orders, "limit=3&status=paid&country=de&currency=usd"},
    {API_list_orders, "search=a&product_id=d0000000-0000-4000-8000-000000000001"},
    {API_list_orders, "customer_id=c0000000-0000-4000-8000-000000000001&sort=created_at"},
    {API_list_subscriptions, "sort=current_period_end&search=c0000"},
    {API_list_customers, "sort=email&search=e"},
    {API_list_products, "sort=-name&from=2025-12-01&status=live"},
    {API_list_refunds, "from=2025-12-01&to=2025-12-31"},
    {API_list_checkouts, "search=e&after=-created_at~x~2025"},
    {API_customer, "id=c0000000-0000-4000-8000-000000000001"},
    {API_tables, "connection=polar"},
    {API_runs, "table=orders&limit=2"},
    {API_schema, ""},
    {API_query, "limit=2"},
    {API_definitions, ""},
    {API_annotations, ""},
    {API_goals, ""},
    {API_saved, ""},
};

static void every_question_has_its_answer(void **state TILL_UNUSED)
{
    struct fixture fixture;
    bool is_asked[API__COUNT] = {[API_history] = true}; // asks for an id of the fixture's making
    open_shop(&fixture);
    for (size_t i = 0; i < TILL_COUNT(questions); i++) {
        AUTO_BUF out;
        buf_init(&out, TILL_LIMIT_BUFFER_BYTES);
        buf_text(&out, "before");
        assert_ok(&fixture, ask(&fixture, questions[i].route, questions[i].query, &out));
        assert_memory_equal(out.data, "before", 6);
        assert_true(out.len > 8 && out.data[out.len - 1] == '\n');
        is_asked[questions[i].route] = true;
        buf_reset(&out);
        buf_text(&out, "before");
        assert_int_equal(TILL_USAGE, ask(&fixture, questions[i].route, "absent=1", &out));
        assert_string_equal(out.data, "before");
    }
    for (int i = 0; i < API__COUNT; i++)
        assert_true(is_asked[i] || api_route_info((enum api_route)i)->kind != API_READ);
    close_shop(&fixture);
}

// The value of a member that is a string without escapes; "" when there is none.
static void member(const char *json, const char *key, char *place, size_t bytes)
{
    const char *found = strstr(json, key);
    place[0] = '\0';
    if (found && found[strlen(key)] == '"')
        (void)snprintf(place, bytes, "%.*s", (int)strcspn(found + strlen(key) + 1, "\""),
                       found + strlen(key) + 1);
}

static void a_page_ends_in_time_and_the_next_goes_on(void **state TILL_UNUSED)
{
    struct fixture fixture;
    char query[512], next[256] = "", seen[ROWS][64];
    size_t count = 0, pages = 0;
    open_shop(&fixture);
    ticking_ms = 10 * TILL_LIMIT_API_LIST_MS; // every look at the clock is too late
    do {
        AUTO_BUF out;
        buf_init(&out, TILL_LIMIT_BUFFER_BYTES);
        (void)snprintf(query, sizeof query, "limit=5&after=%s", next);
        assert_ok(&fixture, ask(&fixture, API_list_orders, query, &out));
        if (strncmp(out.data, "{\"rows\":[]", 10) != 0) {
            assert_true(count < ROWS);
            member(out.data, "\"id\":", seen[count], sizeof seen[count]);
            count++;
        }
        member(out.data, "\"next\":", next, sizeof next);
        assert_true((strstr(out.data, "\"is_capped\":true") != NULL) == (next[0] != '\0'));
        assert_true(++pages < 3 * ROWS);
    } while (next[0]);
    assert_int_equal(count, ROWS);
    for (size_t i = 1; i < count; i++) // all of the same moment: in order of their ids
        assert_true(strcmp(seen[i - 1], seen[i]) > 0);
    close_shop(&fixture);
}

static void a_statement_ends_when_it_is_asked_to(void **state TILL_UNUSED)
{
    static const volatile sig_atomic_t stop = 1;
    struct fixture fixture;
    AUTO_BUF out;
    buf_init(&out, TILL_LIMIT_BUFFER_BYTES);
    open_shop(&fixture);
    struct api_question question = {.route = API_query,
                                    .clock = &noon,
                                    .zone = utc,
                                    .stop = &stop,
                                    .body = SV("SELECT id FROM orders")};
    enum till_code code = api_answer(fixture.store, &question, &out, &fixture.e);
    if (code != TILL_CANCELED)
        fail_msg("%s", fixture.e.text);
    assert_int_equal(out.len, 0);
    close_shop(&fixture);
}

#ifdef TILL_FAULTS
// Fails each allocation once, then from then on, until the question meets none. The overview has another way when there is no memory for a second
// thread: whatever is answered is the whole answer.
static void starve(struct fixture *fixture, size_t i, bool for_ever)
{
    enum { MOST_ALLOCATIONS = 4000 };
    AUTO_BUF whole;
    buf_init(&whole, TILL_LIMIT_BUFFER_BYTES);
    assert_ok(fixture, ask(fixture, questions[i].route, questions[i].query, &whole));
    for (long nth = 1; nth < MOST_ALLOCATIONS; nth += nth < 60 ? 1 : 1 + nth / 12) {
        AUTO_BUF out;
        buf_init(&out, TILL_LIMIT_BUFFER_BYTES);
        fault_arm("malloc", nth, for_ever);
        enum till_code code = ask(fixture, questions[i].route, questions[i].query, &out);
        bool has_failed = fault_passages("malloc") >= nth;
        fault_disarm();
        if (!has_failed)
            assert_int_equal(TILL_OK, code);
        if (code == TILL_OK) {
            assert_int_equal(out.len, whole.len);
            assert_memory_equal(out.data, whole.data, whole.len);
            if (!has_failed)
                return;
            continue;
        }
        if (code != TILL_MEMORY)
            fail_msg("%s?%s, allocation %ld: %d %s", api_route_info(questions[i].route)->path,
                     questions[i].query, nth, (int)code, fixture->e.text);
        assert_int_equal(out.len, 0);
    }
    fail_msg("%s has no end of allocations", api_route_info(questions[i].route)->path);
}
#endif

static void every_allocation_may_fail(void **state TILL_UNUSED)
{
#ifdef TILL_FAULTS
    struct fixture fixture;
    open_shop(&fixture);
    for (size_t i = 0; i < TILL_COUNT(questions); i++) {
        starve(&fixture, i, false);
        starve(&fixture, i, true);
    }
    close_shop(&fixture);
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_decoded),
        cmocka_unit_test(malformed_parameters_are_refused),
        cmocka_unit_test(other_kinds_of_routes_are_checked_too),
        cmocka_unit_test(routes_are_found_by_method_and_path),
        cmocka_unit_test(errors_are_json),
        cmocka_unit_test(every_question_has_its_answer),
        cmocka_unit_test(a_page_ends_in_time_and_the_next_goes_on),
        cmocka_unit_test(a_statement_ends_when_it_is_asked_to),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
