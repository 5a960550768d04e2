// SPDX-License-Identifier: Apache-2.0
// metrics_test.c - Polar's answer about metrics, number by number; and what is not such an answer.
#include "fixture.h"

#include "decode/metrics.h"

static char told[4096];
static size_t told_length;

static void take(void *context, struct sv slug, int64_t at_us, double number)
{
    assert_ptr_equal(context, told);
    int length =
        snprintf(told + told_length, sizeof told - told_length, "%.*s@%lld=%.17g;", (int)slug.len,
                 slug.ptr, at_us == INT64_MIN ? -1LL : (long long)(at_us / 1000000), number);
    assert_true(length > 0 && (size_t)length < sizeof told - told_length);
    told_length += (size_t)length;
}

static enum till_code decode(const char *body, struct till_error *e)
{
    told_length = 0;
    told[0] = '\0';
    *e = (struct till_error){0};
    return decode_metrics(sv_of(body), take, told, e);
}

static void tells(const char *body, const char *expected)
{
    struct till_error e;
    assert_int_equal(decode(body, &e), TILL_OK);
    assert_string_equal(told, expected);
}

static void test_every_number(void **state)
{
    (void)state;
    tells("{\"periods\":[{\"timestamp\":\"1970-01-02T00:00:00Z\",\"orders\":3,\"churn_rate\":0.25},"
          "{\"timestamp\":\"1970-01-03T02:00:00+02:00\",\"orders\":-4e2}],"
          "\"totals\":{\"orders\":-397},\"metrics\":{\"orders\":{\"slug\":\"orders\"}}}",
          "orders@86400=3;churn_rate@86400=0.25;orders@172800=-400;orders@-1=-397;");
    tells("{\"periods\":[],\"totals\":{}}", "");
}

static void test_large_and_small_numbers(void **state)
{
    (void)state;
    tells("{\"totals\":{\"revenue\":9007199254740993,\"costs\":0.1,\"far\":1e999},\"periods\":[]}",
          "revenue@-1=9007199254740992;costs@-1=0.10000000000000001;far@-1=inf;");
}

static void test_other_values_are_passed_over(void **state)
{
    (void)state;
    tells("{\"periods\":[{\"timestamp\":\"1970-01-01T00:00:00Z\",\"a\":null,\"b\":\"5\",\"c\":[1],"
          "\"d\":{\"e\":1},\"f\":true,\"g\":7}],\"totals\":{\"a\":null,"
          "\"long\":1000000000000000000000000000000000000000000000000000000000000000000000}}",
          "g@0=7;");
}

static void test_what_is_no_answer(void **state)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "null",
        "{}",
        "{\"periods\":[]}",
        "{\"totals\":{}}",
        "{\"periods\":{},\"totals\":{}}",
        "{\"periods\":[],\"totals\":[]}",
        "{\"periods\":[],\"totals\":{}",
        "{\"periods\":[{}],\"totals\":{}}",
        "{\"periods\":[5],\"totals\":{}}",
        "{\"periods\":[{\"timestamp\":\"yesterday\"}],\"totals\":{}}",
        "{\"periods\":[{\"timestamp\":5}],\"totals\":{}}",
    };
    struct till_error e;
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(bodies); i++) {
        if (decode(bodies[i], &e) != TILL_FORMAT)
            fail_msg("%s was taken", bodies[i]);
        assert_true(e.text[0] != '\0');
    }
    assert_int_equal(decode("{\"periods\":[{\"timestamp\":\"1970-01-01T00:00:00Z\"},{}],"
                            "\"totals\":{}}",
                            &e),
                     TILL_FORMAT);
    assert_non_null(strstr(e.text, "period 1 "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number),
        cmocka_unit_test(test_large_and_small_numbers),
        cmocka_unit_test(test_other_values_are_passed_over),
        cmocka_unit_test(test_what_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
