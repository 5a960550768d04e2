// SPDX-License-Identifier: Apache-2.0
// answer_test.c - error answers of every known shape become one short, clean line; strings are found by path.
#include "fixture.h"

static void expect_text(struct sv body, const char *expected)
{
    AUTO_BUF out;
    buf_init(&out, 64 * 1024);
    decode_error_text(body, &out);
    assert_text_is((struct sv){out.data ? out.data : "", out.len}, expected);
}

static void test_error_shapes(void **state)
{
    static const char *const cases[][2] = {
        {"{\"error\":\"Unauthorized\",\"detail\":\"Unauthorized\"}", "Unauthorized"},
        {"{\"error\": \"invalid_token\", \"error_description\": \"The access token provided is "
         "expired.\"}",
         "invalid_token: The access token provided is expired."},
        {"{\"error\":\"ResourceNotFound\",\"detail\":\"Not found\"}",
         "ResourceNotFound: Not found"},
        {"{\"detail\":\"Not Found\"}", "Not Found"},
        {"{\"error\":\"RequestValidationError\",\"detail\":[{\"type\":\"greater_than\",\"loc\":["
         "\"query\",\"limit\"],\"msg\":\"Input should be greater than "
         "0\",\"input\":\"0\",\"ctx\":{\"gt\":0}}]}",
         "RequestValidationError: query.limit: Input should be greater than 0"},
        {"{\"detail\":[{\"loc\":[\"query\",\"sorting\",0],\"msg\":\"Input should be "
         "'a'\"},{\"msg\":\"second\"}]}",
         "query.sorting.0: Input should be 'a'"},
        {"{\"error\":\"E\",\"detail\":[]}", "E"},
        {"{\"error\":\"E\",\"detail\":[5]}", "E:"},
        {"{\"error\":\"E\",\"detail\":{\"a\":1}}", "E"},
        {"{\"error\":\"E\",\"detail\":null,\"error_description\":\"d\"}", "E: d"},
        {"{\"error\":5}", "{\"error\":5}"},
        {"Internal Server Error", "Internal Server Error"},
        {"<html>\r\n<head>\t<title>502</title>\n", "<html> <head> <title>502</title>"},
        {"", ""},
        {"  \n ", ""},
        {"[1,2]", "[1,2]"},
        {"{\"error\":\"a\\u001b[31mb\\u0007\\u009fc\\u0000d\\u007f\"}", "a [31mb c d"},
        {"{\"detail\":\"a\\n\\n b\"}", "a b"},
    };
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(cases); i++)
        expect_text(sv_of(cases[i][0]), cases[i][1]);
    expect_text(SV("caf\xE9 \xFF"), "caf\xEF\xBF\xBD \xEF\xBF\xBD");
    expect_text((struct sv){NULL, 0}, "");
}

static void test_error_is_cut(void **state)
{
    AUTO_BUF body, out;
    (void)state;
    buf_init(&body, TILL_LIMIT_RESPONSE_BYTES);
    buf_init(&out, TILL_LIMIT_RESPONSE_BYTES);
    buf_text(&body, "x");
    for (int i = 0; i < 100000; i++)
        buf_text(&body, "é");
    decode_error_text((struct sv){body.data, body.len}, &out);
    assert_true(out.len <= TILL_LIMIT_ERROR_BODY_BYTES &&
                out.len >= TILL_LIMIT_ERROR_BODY_BYTES - 1);
    assert_true(sv_is_utf8((struct sv){out.data, out.len}));
}

static void test_error_without_credentials(void **state)
{
    (void)state;
    expect_text(SV("{\"detail\":\"no polar_oat_xxxxxxxxxxxxxxxxxxxx and polar_c_yyyyyyyyyyyyyyyyyy "
                   "here\"}"),
                "no polar_oat_[removed] and polar_c_[removed] here");
    expect_text(SV("polar_oat_xxxxxxxxxxxxxxxxxxxx"), "polar_oat_[removed]");
}

static void test_route_not_found(void **state)
{
    (void)state;
    assert_true(decode_is_route_not_found(SV("{\"detail\":\"Not Found\"}")));
    assert_true(decode_is_route_not_found(SV(" { \"detail\" : \"Not Found\" }\n")));
    assert_false(
        decode_is_route_not_found(SV("{\"error\":\"ResourceNotFound\",\"detail\":\"Not found\"}")));
    assert_false(decode_is_route_not_found(SV("{\"detail\":\"Not found\"}")));
    assert_false(decode_is_route_not_found(SV("{\"detail\":\"Not Found\",\"x\":1}")));
    assert_false(decode_is_route_not_found(SV("{\"detail\":[\"Not Found\"]}")));
    assert_false(decode_is_route_not_found(SV("\"Not Found\"")));
    assert_false(decode_is_route_not_found(SV("Not Found")));
    assert_false(decode_is_route_not_found(SV("")));
}

static void test_string_at(void **state)
{
    static const char body[] =
        "{\"items\":[{\"a\":\"first\"},{\"organization_id\":\"o\\u00e9\",\"n\":5,"
        "\"client_secret\":\"s\",\"u\":\"polar_c_xxxxxxxxxxxxxxxxxxxx\"}],\"\":\"empty\"}";
    struct fixture *fixture = *state;
    struct sv text = SV("before");
    assert_true(decode_string_at(SV(body), "items.0.a", &fixture->arena, &text));
    assert_text_is(text, "first");
    assert_true(decode_string_at(SV(body), "items.1.organization_id", &fixture->arena, &text));
    assert_text_is(text, "oé");
    static const char *const absent[] = {"items.2.a",
                                         "items.-1.a",
                                         "items.x.a",
                                         "items",
                                         "items.1.n",
                                         "items.1.n.x",
                                         "items.1.client_secret",
                                         "items.1.u",
                                         "nothing",
                                         "items.0.a.b"};
    for (size_t i = 0; i < TILL_COUNT(absent); i++) {
        text = SV("before");
        if (decode_string_at(SV(body), absent[i], &fixture->arena, &text))
            fail_msg("%s", absent[i]);
        assert_text_is(text, "before");
    }
    assert_false(decode_string_at(SV("nonsense"), "a", &fixture->arena, &text));
    assert_false(decode_string_at(SV("{\"a\":\"\xFF\"}"), "a", &fixture->arena, &text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_shapes),
        cmocka_unit_test(test_error_is_cut),
        cmocka_unit_test(test_error_without_credentials),
        cmocka_unit_test(test_route_not_found),
        FIXTURE_TEST(test_string_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
