// SPDX-License-Identifier: Apache-2.0
// server_query_test.c - values of query strings, and the exact words about bad ones.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "query.h"
#include "server_rules.h"

static const struct query_place place = {"query", "x", NULL};

// The problems as one text; the caller's copy lives until the next call.
static const char *text_of(struct query_problems *problems)
{
    static char text[4096];
    size_t length = problems->json.len < sizeof(text) ? problems->json.len : sizeof(text) - 1;
    if (length > 0) {
        memcpy(text, problems->json.data, length);
    }
    text[length] = '\0';
    query_problems_release(problems);
    return text;
}

static void test_pairs_are_decoded_in_order(void **state)
{
    (void)state;
    struct query query;
    assert_true(query_init(&query, "a=1&b=x%20y+z&a=%C3%A9&&flag&metadata%5Bk%5D=v&bad=%zz"));
    assert_int_equal(query.count, 6);
    assert_string_equal(query.pairs[0].value, "1");
    assert_string_equal(query.pairs[1].value, "x y z");
    assert_string_equal(query_last(&query, "a"), "\xC3\xA9");
    assert_string_equal(query_last(&query, "flag"), "");
    assert_string_equal(query_last(&query, "metadata[k]"), "v");
    assert_string_equal(query_last(&query, "bad"), "%zz");
    assert_null(query_last(&query, "none"));
    query_release(&query);
    assert_true(query_init(&query, NULL));
    query_release(&query);
}

static void test_positive_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t number;
    } good[] = {
        {"1", 1}, {" 7 ", 7}, {"+3", 3}, {"2.0", 2}, {"99999999999999999999999", INT64_MAX}};
    struct query_problems problems = {0};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        int64_t number = 0;
        assert_true(query_read_positive(&place, good[i].text, &number, &problems));
        assert_int_equal(number, good[i].number);
    }
    static const char *const low[] = {"0", "-1", "-0", "0.0"};
    for (size_t i = 0; i < sizeof(low) / sizeof(*low); i++) {
        int64_t number = 42;
        assert_false(query_read_positive(&place, low[i], &number, &problems));
        assert_int_equal(number, 42);
        assert_non_null(strstr(text_of(&problems), "\"type\":\"greater_than\""));
    }
    static const char *const bad[] = {"abc", "", "1.5", "1x", "-", "."};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int64_t number;
        assert_false(query_read_positive(&place, bad[i], &number, &problems));
        assert_non_null(strstr(text_of(&problems), "\"type\":\"int_parsing\""));
    }
}

static void test_problem_text_is_exact(void **state)
{
    (void)state;
    struct query_problems problems = {0};
    int64_t number;
    query_read_positive(&(struct query_place){"query", "limit", NULL}, "0", &number, &problems);
    struct sim_out body = {0};
    query_problems_body(&problems, &body);
    sim_out_append(&body, "", 1);
    assert_string_equal(
        body.data,
        "{\"error\":\"RequestValidationError\",\"detail\":[{\"type\":\"greater_than\",\"loc\":["
        "\"query\",\"limit\"],"
        "\"msg\":\"Input should be greater than 0\",\"input\":\"0\",\"ctx\":{\"gt\":0}}]}");
    sim_out_release(&body);
    query_problems_release(&problems);
}

static void test_uuids(void **state)
{
    (void)state;
    struct query_problems problems = {0};
    char uuid[QUERY_UUID_BYTES];
    assert_true(query_read_uuid(&place, "0B9E4A3C-1111-4222-8333-444455556666", uuid, &problems));
    assert_string_equal(uuid, "0b9e4a3c-1111-4222-8333-444455556666");
    assert_true(query_read_uuid(&place, "0b9e4a3c111142228333444455556666", uuid, &problems));
    assert_string_equal(uuid, "0b9e4a3c-1111-4222-8333-444455556666");
    assert_false(query_read_uuid(&place, "0b9e4a3c-1111-1222-8333-444455556666", uuid, &problems));
    assert_non_null(strstr(text_of(&problems), "\"type\":\"uuid_version\""));
    static const char *const bad[] = {"x", "", "0b9e4a3c-1111-4222-8333-44445555666",
                                      "0b9e4a3c-1111-4222-8333-4444555566667",
                                      "0b9e4a3c1111-4222-8333-4444555566-66"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(query_read_uuid(&place, bad[i], uuid, &problems));
        assert_non_null(strstr(text_of(&problems), "\"type\":\"uuid_parsing\""));
    }
}

static void test_datetimes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
        bool is_aware;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0, true},
        {"2026-08-20T11:02:47.000500Z", INT64_C(1787223767000500), true},
        {"2026-08-20T13:02:47.0005+02:00", INT64_C(1787223767000500), true},
        {"2026-08-20 11:02:47.000500999Z", INT64_C(1787223767000500), true},
        {"2026-08-20T06:32:47.000500-0430", INT64_C(1787223767000500), true},
        {"2026-08-20T11:02:47.000500", INT64_C(1787223767000500), false},
        {"2024-02-29", INT64_C(1709164800000000), false},
        {"1709164800", INT64_C(1709164800000000), true},
    };
    struct query_problems problems = {0};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        int64_t us = -1;
        assert_true(query_read_datetime(&place, good[i].text, false, &us, &problems));
        assert_int_equal(us, good[i].us);
        assert_int_equal(query_read_datetime(&place, good[i].text, true, &us, &problems),
                         good[i].is_aware);
        query_problems_release(&problems);
    }
    static const char *const bad[] = {"x",
                                      "",
                                      "2023-02-29",
                                      "2026-13-01",
                                      "2026-08-20T25:00:00Z",
                                      "2026-08-20T11:02:47 02:00",
                                      "2026-08-20T11:02:47Zjunk",
                                      "2026-08-20X11:02:47Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int64_t us;
        assert_false(query_read_datetime(&place, bad[i], false, &us, &problems));
        assert_non_null(strstr(text_of(&problems), "\"type\":\"datetime_from_date_parsing\""));
    }
}

static void test_sorting_names_every_key(void **state)
{
    (void)state;
    struct query_problems problems = {0};
    const char *const names[] = {"created_at", "amount", NULL};
    assert_true(query_read_enum(&place, "-amount", names, true, &problems));
    assert_false(query_read_enum(&place, "foo", names, true, &problems));
    const char *text = text_of(&problems);
    assert_non_null(strstr(
        text, "\"msg\":\"Input should be 'created_at', '-created_at', 'amount' or '-amount'\""));
    assert_non_null(strstr(
        text, "\"ctx\":{\"expected\":\"'created_at', '-created_at', 'amount' or '-amount'\"}"));
    assert_false(query_read_enum(&place, "-amount", names, false, &problems));
    assert_non_null(strstr(text_of(&problems), "Input should be 'created_at' or 'amount'"));
}

static void test_input_is_echoed_as_valid_json(void **state)
{
    (void)state;
    struct query_problems problems = {0};
    bool flag;
    assert_false(query_read_bool(&place, "\"\\\x01\xFF\n", &flag, &problems));
    assert_non_null(strstr(text_of(&problems), "\"input\":\"\\\"\\\\\\u0001\xEF\xBF\xBD\\n\""));
}

static void test_selection_key_and_clauses(void **state)
{
    (void)state;
    struct query query;
    struct selection selection;
    struct query_problems problems = {0};
    assert_true(query_init(
        &query,
        "status=paid&limit=1000&status=void&unknown=1&metadata[a]=1&metadata[b]=2&metadata[a]=3"
        "&sorting=-amount&sorting=created_at"));
    assert_true(selection_init(&selection, SIM_ORDERS, &query, &problems));
    assert_int_equal(problems.count, 0);
    assert_int_equal(selection.limit, 100);
    assert_int_equal(selection.page, 1);
    assert_int_equal(selection.clause_count, 3); // status, metadata[a], metadata[b]
    assert_int_equal(selection.clauses[0].count, 2);
    assert_int_equal(selection.clauses[1].count, 2);
    assert_int_equal(selection.clauses[2].count, 1);
    assert_int_equal(selection.sort_count, 2);
    assert_true(selection.sorts[0].is_descending);
    assert_false(selection.sorts[1].is_descending);
    selection_release(&selection);
    query_release(&query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_are_decoded_in_order),
        cmocka_unit_test(test_positive_numbers),
        cmocka_unit_test(test_problem_text_is_exact),
        cmocka_unit_test(test_uuids),
        cmocka_unit_test(test_datetimes),
        cmocka_unit_test(test_sorting_names_every_key),
        cmocka_unit_test(test_input_is_echoed_as_valid_json),
        cmocka_unit_test(test_selection_key_and_clauses),
    };
    return cmocka_run_group_tests_name("sim server query", tests, NULL, NULL);
}
