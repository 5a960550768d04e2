// SPDX-License-Identifier: Apache-2.0
// row_test.c - each kind of column takes what it should, normalises it, and turns away everything else with a reason that names the field.
#include "fixture.h"

#define ID   "3a9b7a26-4c0d-4f25-8a2c-2a6f6f0b7d10"
#define TIME "2026-08-21T08:15:29.903377Z"
#define GOOD                                                                                       \
    "\"id\":\"" ID "\",\"created_at\":\"" TIME                                                     \
    "\",\"amount\":1000,\"tax_amount\":200,\"currency\":\"eur\""

// A refund with further members.
static void decode_refund(struct fixture *fixture, const char *members)
{
    char item[4096];
    (void)snprintf(item, sizeof item, "{" GOOD "%s%s}", *members ? "," : "", members);
    fixture_items(fixture, TABLE_refunds, item);
}

static const struct row *good_row(struct fixture *fixture)
{
    if (fixture->page.reject_count > 0)
        fail_msg("rejected: %s", fixture->page.rejects[0].reason);
    assert_int_equal(fixture->page.row_count, 1);
    return fixture->page.rows;
}

static void expect_reject(struct fixture *fixture, const char *members, const char *reason)
{
    decode_refund(fixture, members);
    assert_int_equal(fixture->page.row_count, 0);
    assert_int_equal(fixture->page.reject_count, 1);
    assert_string_equal(fixture->page.rejects[0].reason, reason);
    assert_text_is(fixture->page.rejects[0].id, ID);
}

static void test_absent_and_null_are_null(void **state)
{
    struct fixture *fixture = *state;
    decode_refund(fixture,
                  "\"reason\":null,\"dispute\":null,\"order_id\":null,\"revoke_benefits\":null");
    const struct row *row = good_row(fixture);
    assert_value_null(row, "reason");
    assert_value_null(row, "dispute");
    assert_value_null(row, "order_id");
    assert_value_null(row, "revoke_benefits");
    assert_value_null(row, "status");
    assert_null(row->extra.ptr);
    assert_null(row->organization_id.ptr);
}

static void test_what_must_not_be_missing(void **state)
{
    struct fixture *fixture = *state;
    fixture_items(
        fixture, TABLE_refunds,
        "{\"created_at\":\"" TIME "\",\"amount\":1,\"tax_amount\":0,\"currency\":\"eur\"},"
        "{\"id\":null,\"created_at\":\"" TIME
        "\",\"amount\":1,\"tax_amount\":0,\"currency\":\"eur\"},"
        "{\"id\":\"" ID "\",\"amount\":1,\"tax_amount\":0,\"currency\":\"eur\"},"
        "{\"id\":\"" ID "\",\"created_at\":\"" TIME "\",\"tax_amount\":0,\"currency\":\"eur\"},"
        "{\"id\":\"" ID "\",\"created_at\":\"" TIME
        "\",\"amount\":1,\"tax_amount\":0,\"currency\":null},"
        "{}");
    const struct decode_reject *rejects = fixture->page.rejects;
    assert_int_equal(fixture->page.reject_count, 6);
    assert_string_equal(rejects[0].reason, "id: is missing");
    assert_string_equal(rejects[1].reason, "id: is null");
    assert_string_equal(rejects[2].reason, "created_at: is missing");
    assert_string_equal(rejects[3].reason, "amount: is missing");
    assert_string_equal(rejects[4].reason, "currency: is null");
    assert_string_equal(rejects[5].reason, "created_at: is missing");
    assert_null(rejects[0].id.ptr);
    assert_null(rejects[1].id.ptr);
    assert_text_is(rejects[2].id, ID);
    assert_text_is(rejects[5].raw, "{}");
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(rejects[i].index, i);
}

static void test_good_values(void **state)
{
    struct fixture *fixture = *state;
    decode_refund(fixture, "\"order_id\":\"57107B74-8400-4D80-A2FC-54C2B4239CB3\",\"status\":\"new_"
                           "word\",\"reason\":\"\","
                           "\"revoke_benefits\":true,\"metadata\" : { \"a\" : [ 1 , 2.50 , -0 , "
                           "1e5 , \"x\\/\\u00e9\\n\" , { } , [ ] , true , null ] }");
    const struct row *row = good_row(fixture);
    assert_value_text(row, "order_id", "57107b74-8400-4d80-a2fc-54c2b4239cb3");
    assert_value_text(row, "status", "new_word");
    assert_value_text(row, "reason", "");
    assert_value_integer(row, "revoke_benefits", 1);
    assert_value_text(row, "metadata", "{\"a\":[1,2.50,-0,1e5,\"x/é\\n\",{},[],true,null]}");
}

static void test_timestamps(void **state)
{
    static const char *const pairs[][2] = {
        {"2026-09-01T00:00:00Z", "2026-09-01T00:00:00.000000Z"},
        {"2026-09-01T00:00:00.5Z", "2026-09-01T00:00:00.500000Z"},
        {"2026-09-01T00:00:00.123456789Z", "2026-09-01T00:00:00.123456Z"},
        {"2026-09-01T02:00:00+02:00", "2026-09-01T00:00:00.000000Z"},
        {"2024-02-29 23:59:59.999999Z", "2024-02-29T23:59:59.999999Z"},
        {"2024-02-29T23:59:59.999999z", "2024-02-29T23:59:59.999999Z"},
        {"2024-02-29T23:59:59.99-00:30", "2024-03-01T00:29:59.990000Z"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < TILL_COUNT(pairs); i++) {
        char members[128];
        (void)snprintf(members, sizeof members, "\"modified_at\":\"%s\"", pairs[i][0]);
        decode_refund(fixture, members);
        assert_value_text(good_row(fixture), "modified_at", pairs[i][1]);
    }
}

static void test_integers(void **state)
{
    struct fixture *fixture = *state;
    fixture_items(fixture, TABLE_refunds,
                  "{\"id\":\"" ID "\",\"created_at\":\"" TIME "\",\"amount\":9223372036854775807,"
                  "\"tax_amount\":-9223372036854775808,\"currency\":\"jpy\"}");
    assert_value_integer(good_row(fixture), "amount", INT64_MAX);
    assert_value_integer(good_row(fixture), "tax_amount", INT64_MIN);
}

static void test_wrong_types(void **state)
{
    static const char *const cases[][2] = {
        {"\"order_id\":5", "order_id: 5 is not an id"},
        {"\"order_id\":\"5\"", "order_id: \"5\" is not an id"},
        {"\"order_id\":\"\"", "order_id: \"\" is not an id"},
        {"\"order_id\":\"57107b74-8400-4d80-a2fc-54c2b4239cb\"",
         "order_id: \"57107b74-8400-4d80-a2fc-54c2b4239cb\" is not an id"},
        {"\"order_id\":\"57107b74-8400-4d80-a2fc-54c2b4239cbg\"",
         "order_id: \"57107b74-8400-4d80-a2fc-54c2b4239cbg\" is not an id"},
        {"\"order_id\":\"57107b7448400-4d80-a2fc-54c2b4239cb3\"",
         "order_id: \"57107b7448400-4d80-a2fc-54c2b4239cb3\" is not an id"},
        {"\"order_id\":[]", "order_id: an array is not an id"},
        {"\"status\":1", "status: 1 is not a text"},
        {"\"status\":true", "status: true is not a text"},
        {"\"status\":{\"a\":1}", "status: an object is not a text"},
        {"\"revoke_benefits\":1", "revoke_benefits: 1 is not true or false"},
        {"\"revoke_benefits\":\"true\"", "revoke_benefits: \"true\" is not true or false"},
        {"\"modified_at\":\"yesterday\"", "modified_at: \"yesterday\" is not a timestamp"},
        {"\"modified_at\":\"2026-02-30T00:00:00Z\"",
         "modified_at: \"2026-02-30T00:00:00Z\" is not a timestamp"},
        {"\"modified_at\":\"2026-02-20T00:00:00\"",
         "modified_at: \"2026-02-20T00:00:00\" is not a timestamp"},
        {"\"modified_at\":\"2026-08-21T08:15:60.903377Z\"",
         "modified_at: \"2026-08-21T08:15:60.903377Z\" is not a timestamp"},
        {"\"modified_at\":1755764129", "modified_at: 1755764129 is not a timestamp"},
        {"\"modified_at\":false", "modified_at: false is not a timestamp"},
        {"\"dispute\":\"x\"", "dispute: \"x\" is not an object or array"},
        {"\"dispute\":7", "dispute: 7 is not an object or array"},
        {"\"dispute\":false", "dispute: false is not an object or array"},
        {"\"metadata\":\"private words\"", "metadata: the value is not an object or array"},
        {"\"status\":12345678901234567890123456789",
         "status: 123456789012345678901234... is not a text"},
        {"\"dispute\":\"a\\u0001\\n\\\"b\"",
         "dispute: \"a\\u0001\\n\\\"b\" is not an object or array"},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++)
        expect_reject(*state, cases[i][0], cases[i][1]);
}

static void test_wrong_integers(void **state)
{
    static const char *const numbers[] = {
        "1.5",   "1.0",  "1e3", "1e999", "9223372036854775808", "-9223372036854775809",
        "\"5\"", "true", "[]",  "{}"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < TILL_COUNT(numbers); i++) {
        char item[256];
        (void)snprintf(item, sizeof item,
                       "{\"id\":\"" ID "\",\"created_at\":\"" TIME
                       "\",\"amount\":%s,\"tax_amount\":0,\"currency\":\"eur\"}",
                       numbers[i]);
        fixture_items(fixture, TABLE_refunds, item);
        assert_int_equal(fixture->page.reject_count, 1);
        assert_true(contains(sv_of(fixture->page.rejects[0].reason), "amount: "));
        assert_true(
            contains(sv_of(fixture->page.rejects[0].reason), " is not an integer of 64 bits"));
    }
}

static void test_long_value_is_cut(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF members;
    buf_init(&members, TILL_LIMIT_BUFFER_BYTES);
    buf_text(&members, "\"modified_at\":\"");
    for (int i = 0; i < 100; i++)
        buf_text(&members, "é");
    buf_char(&members, '"');
    decode_refund(fixture, members.data);
    assert_int_equal(fixture->page.reject_count, 1);
    const char *reason = fixture->page.rejects[0].reason;
    assert_true(strlen(reason) < 128);
    assert_true(sv_is_utf8(sv_of(reason)));
    assert_true(contains(sv_of(reason), "é\"... is not a timestamp"));
}

static void test_duplicate_keys(void **state)
{
    expect_reject(*state, "\"amount\":2000", "amount: appears twice");
    expect_reject(*state, "\"status\":null,\"status\":\"failed\"", "status: appears twice");
}

static void test_extra(void **state)
{
    struct fixture *fixture = *state;
    decode_refund(fixture, "\"new_field\":{\"deep\":[1,{\"client_secret\":\"s3\",\"kept\":2},{"
                           "\"guild_token\":{\"x\":[1]}}]},"
                           "\"quote\\\"d\":\"\\u0007\",\"last\":null,\"access_token\":\"s3\"");
    const struct row *row = good_row(fixture);
    assert_text_is(
        row->extra,
        "{\"new_field\":{\"deep\":[1,{\"kept\":2},{}]},\"quote\\\"d\":\"\\u0007\",\"last\":null}");
}

static void test_rows_of_different_shape(void **state)
{
    struct fixture *fixture = *state;
    fixture_items(fixture, TABLE_refunds,
                  "{" GOOD ",\"status\":\"a\",\"x\":1},"
                  "{\"x\":2,\"status\":\"b\"," GOOD "},"
                  "{" GOOD "},"
                  "{\"status\":\"c\",\"y\":3," GOOD ",\"reason\":\"d\"}");
    assert_int_equal(fixture->page.row_count, 4);
    assert_value_text(&fixture->page.rows[0], "status", "a");
    assert_value_text(&fixture->page.rows[1], "status", "b");
    assert_value_null(&fixture->page.rows[2], "status");
    assert_value_text(&fixture->page.rows[3], "status", "c");
    assert_value_text(&fixture->page.rows[3], "reason", "d");
    assert_text_is(fixture->page.rows[0].extra, "{\"x\":1}");
    assert_text_is(fixture->page.rows[1].extra, "{\"x\":2}");
    assert_null(fixture->page.rows[2].extra.ptr);
    assert_text_is(fixture->page.rows[3].extra, "{\"y\":3}");
    for (size_t i = 0; i < 4; i++)
        assert_value_integer(&fixture->page.rows[i], "amount", 1000);
}

static void test_more_keys_than_are_remembered(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF item;
    buf_init(&item, TILL_LIMIT_BUFFER_BYTES);
    buf_text(&item, "{");
    for (int i = 0; i < 1000; i++)
        buf_format(&item, "\"extra_%d\":%d,", i, i);
    buf_text(&item, GOOD "}");
    fixture_items(fixture, TABLE_refunds, item.data);
    assert_value_integer(good_row(fixture), "tax_amount", 200);
    assert_true(contains(good_row(fixture)->extra, "\"extra_999\":999}"));
}

static void test_organization(void **state)
{
    struct fixture *fixture = *state;
    decode_refund(fixture, "\"organization_id\":\"1DBFC517-0bbf-4301-9ba8-555ca42b9737\"");
    assert_text_is(good_row(fixture)->organization_id, "1dbfc517-0bbf-4301-9ba8-555ca42b9737");
    static const char subscription[] = "{\"id\":\"" ID "\",\"created_at\":\"" TIME
                                       "\",\"amount\":1,\"currency\":\"eur\",\"customer\":%s}";
    char item[512];
    (void)snprintf(item, sizeof item, subscription,
                   "{\"organization_id\":\"1dbfc517-0bbf-4301-9ba8-555CA42B9737\"}");
    fixture_items(fixture, TABLE_subscriptions, item);
    assert_text_is(good_row(fixture)->organization_id, "1dbfc517-0bbf-4301-9ba8-555ca42b9737");
    static const char *const without[] = {"null", "{}", "{\"organization_id\":\"nonsense\"}",
                                          "{\"organization_id\":5}", "[]"};
    for (size_t i = 0; i < TILL_COUNT(without); i++) {
        (void)snprintf(item, sizeof item, subscription, without[i]);
        fixture_items(fixture, TABLE_subscriptions, item);
        assert_null(good_row(fixture)->organization_id.ptr);
    }
}

static void test_reject_raw(void **state)
{
    struct fixture *fixture = *state;
    fixture_items(fixture, TABLE_refunds,
                  "5, \"text\" ,[1, 2],null,{\"id\":\"3A9B7A26-4c0d-4f25-8a2c-2a6f6f0b7d10\", "
                  "\"amount\" : \"x\"}");
    const struct decode_reject *rejects = fixture->page.rejects;
    assert_int_equal(fixture->page.reject_count, 5);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(rejects[i].reason, "the item is not an object");
    assert_text_is(rejects[0].raw, "5");
    assert_text_is(rejects[1].raw, "\"text\"");
    assert_text_is(rejects[2].raw, "[1,2]");
    assert_text_is(rejects[3].raw, "null");
    assert_text_is(rejects[4].raw,
                   "{\"id\":\"3A9B7A26-4c0d-4f25-8a2c-2a6f6f0b7d10\",\"amount\":\"x\"}");
    assert_text_is(rejects[4].id, ID);
}

static void test_huge_reject_is_cut(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF item;
    buf_init(&item, TILL_LIMIT_BUFFER_BYTES);
    buf_text(&item, "{\"id\":\"" ID "\",\"x\":\"");
    for (int i = 0; i < TILL_LIMIT_QUARANTINE_BYTES; i++)
        buf_text(&item, "é");
    buf_text(&item, "\"}");
    fixture_items(fixture, TABLE_refunds, item.data);
    assert_int_equal(fixture->page.reject_count, 1);
    assert_true(fixture->page.rejects[0].raw.len <= TILL_LIMIT_QUARANTINE_BYTES);
    assert_true(fixture->page.rejects[0].raw.len > TILL_LIMIT_QUARANTINE_BYTES - 4);
    assert_true(sv_is_utf8(fixture->page.rejects[0].raw));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_absent_and_null_are_null),
        FIXTURE_TEST(test_what_must_not_be_missing),
        FIXTURE_TEST(test_good_values),
        FIXTURE_TEST(test_timestamps),
        FIXTURE_TEST(test_integers),
        FIXTURE_TEST(test_wrong_types),
        FIXTURE_TEST(test_wrong_integers),
        FIXTURE_TEST(test_long_value_is_cut),
        FIXTURE_TEST(test_duplicate_keys),
        FIXTURE_TEST(test_extra),
        FIXTURE_TEST(test_rows_of_different_shape),
        FIXTURE_TEST(test_more_keys_than_are_remembered),
        FIXTURE_TEST(test_organization),
        FIXTURE_TEST(test_reject_raw),
        FIXTURE_TEST(test_huge_reject_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
