// SPDX-License-Identifier: Apache-2.0
// credential_test.c - credentials are found wherever they ride, and nothing else is taken for one.
//
// The secrets here are made of one repeated letter, so that nothing in this file looks like a live one.
#include "fixture.h"

#include "decode/credential.h"

#define RUN16 "xxxxxxxxxxxxxxxx"
#define ITEM                                                                                       \
    "\"id\":\"3a9b7a26-4c0d-4f25-8a2c-2a6f6f0b7d10\",\"created_at\":\"2026-08-21T08:15:29Z\""
#define GOOD ITEM ",\"amount\":1,\"total_amount\":1,\"currency\":\"eur\""

static void test_found(void **state)
{
    static const char *const texts[] = {
        "polar_c_" RUN16,
        "https://polar.example/checkout/polar_c_" RUN16 "?theme=dark",
        "polar_oat_" RUN16 RUN16,
        "token=polar_at_u_" RUN16,
        "polar_at_o_" RUN16 ".",
        "polar_cst_" RUN16,
        "polar_" RUN16,
        "pi_123_secret_" RUN16,
        "_secret_" RUN16,
        "polar_polar_c_" RUN16,
        "polar_c_short polar_c_" RUN16,
    };
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(texts); i++) {
        struct sv secret;
        assert_true(credential_may_be_in(sv_of(texts[i])));
        if (!credential_find(sv_of(texts[i]), &secret))
            fail_msg("%s", texts[i]);
        assert_true(secret.len >= 16);
        assert_true(strspn(secret.ptr, "x") == secret.len);
        assert_true(secret.ptr == texts[i] || secret.ptr[-1] == '_');
    }
}

static void test_not_found(void **state)
{
    static const char *const texts[] = {
        "",
        "polar_",
        "polar_c_",
        "polar_c_xxxxxxxxxxxxxxx",
        "polar_c_xxxxxxxx-xxxxxxxxxxxxxxx",
        "Polar_c_" RUN16,
        "polar.c." RUN16,
        "_secret_xxxxxxxxxxxxxxx",
        "a_secret_santa_for_everybody_here",
        "3a9b7a26-4c0d-4f25-8a2c-2a6f6f0b7d10",
    };
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(texts); i++) {
        struct sv secret;
        if (credential_find(sv_of(texts[i]), &secret))
            fail_msg("%s", texts[i]);
    }
}

// Each of these carries the run in another way; none may come out, the row may.
static void test_none_leaves(void **state)
{
    static const char *const members[] = {
        "\"client_secret\":\"" RUN16 "\"",
        "\"url\":\"https://polar.example/" RUN16 "\"",
        "\"payment_processor_metadata\":{\"a\":{\"b\":\"" RUN16 "\"}}",
        "\"payment_processor_metadata\":\"" RUN16 "\"",
        "\"success_url\":\"https://shop.example/?s=polar_c_" RUN16 "\"",
        "\"success_url\":\"https://shop.example/?s=polar\\u005fc_" RUN16 "\"",
        "\"return_url\":\"polar_c_" RUN16 " polar_c_" RUN16 " pi_1_secret_" RUN16 "\"",
        "\"metadata\":{\"polar_c_" RUN16 "\":1,\"a\":[\"polar_c_" RUN16 "\"]}",
        "\"metadata\":{\"client_secret\":\"" RUN16 "\"}",
        "\"metadata\":{\"client\\u005fsecret\":\"" RUN16 "\"}",
        "\"products\":[{\"benefits\":[{\"properties\":{\"guild_token\":\"" RUN16 "\"}}]}]",
        "\"new_field\":\"polar_mst_" RUN16 "\"",
        "\"new_field\":{\"client_secret\":[\"" RUN16 "\"]}",
        "\"customer_session_token\":\"" RUN16 "\"",
        "\"polar_c_" RUN16 "\":true",
        "\"client_secret\":\"" RUN16 "\",\"client_secret\":\"" RUN16 "\"",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < TILL_COUNT(members); i++) {
        char items[2048];
        (void)snprintf(items, sizeof items,
                       "{" GOOD ",%s},{" ITEM ",\"amount\":\"?\",%s},\"polar_c_" RUN16 "\"",
                       members[i], members[i]);
        fixture_items(fixture, TABLE_checkouts, items);
        assert_int_equal(fixture->page.row_count, 1);
        assert_int_equal(fixture->page.reject_count, 2);
        if (page_contains(&fixture->page, RUN16))
            fail_msg("%s", members[i]);
    }
}

static void test_reasons_quote_none(void **state)
{
    struct fixture *fixture = *state;
    fixture_items(fixture, TABLE_checkouts,
                  "{" GOOD ",\"expires_at\":\"polar_c_" RUN16 "\"},{" GOOD
                  ",\"allow_trial\":\"at polar\\u005fc_" RUN16 "\"}");
    assert_int_equal(fixture->page.reject_count, 2);
    assert_string_equal(fixture->page.rejects[0].reason,
                        "expires_at: a text with a credential is not a timestamp");
    assert_false(page_contains(&fixture->page, RUN16));
}

static void test_the_rest_is_kept(void **state)
{
    struct fixture *fixture = *state;
    fixture_items(fixture, TABLE_checkouts,
                  "{" GOOD ",\"success_url\":\"https://shop.example/?s=polar_c_" RUN16
                  "&x=1\",\"metadata\":{\"a\\\"b\":\"\\\"polar_c_" RUN16 "\\\"\"}}");
    assert_int_equal(fixture->page.row_count, 1);
    assert_value_text(fixture->page.rows, "success_url",
                      "https://shop.example/?s=polar_c_[removed]&x=1");
    assert_value_text(fixture->page.rows, "metadata", "{\"a\\\"b\":\"\\\"polar_c_[removed]\\\"\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),        cmocka_unit_test(test_not_found),
        FIXTURE_TEST(test_none_leaves),      FIXTURE_TEST(test_reasons_quote_none),
        FIXTURE_TEST(test_the_rest_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
