// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "http/retry.h"

static void statuses(void **state)
{
    (void)state;
    for (int status = 100; status < 600; status++) {
        bool expected = status == 429 || status == 500 || status == 502 || status == 503 ||
                        status == 504 || (status >= 520 && status <= 530);
        assert_int_equal(retry_is_status(status), expected);
    }
}

static void backoff_doubles_to_its_ceiling(void **state)
{
    (void)state;
    assert_int_equal(retry_backoff_ms(500, 1), 500);
    assert_int_equal(retry_backoff_ms(500, 2), 1000);
    assert_int_equal(retry_backoff_ms(500, 5), 8000);
    assert_int_equal(retry_backoff_ms(500, 7), TILL_LIMIT_RETRY_DELAY_MS);
    assert_int_equal(retry_backoff_ms(500, 1000), TILL_LIMIT_RETRY_DELAY_MS);
    assert_int_equal(retry_backoff_ms(INT64_MAX, 3), TILL_LIMIT_RETRY_DELAY_MS);
}

// Full jitter: all of [0, bound] is used, evenly enough, and nothing beyond.
static void jitter_fills_its_interval(void **state)
{
    (void)state;
    int tenths[11] = {0};
    for (int i = 0; i < 11000; i++) {
        int64_t drawn = retry_jitter_ms(1099);
        assert_in_range(drawn, 0, 1099);
        tenths[drawn / 100]++;
    }
    for (int i = 0; i < 11; i++)
        assert_in_range(tenths[i], 800, 1200); // 1000 expected, standard deviation 30
    assert_int_equal(retry_jitter_ms(0), 0);
    assert_in_range(retry_jitter_ms(INT64_MAX), 0, INT32_MAX);
}

static void retry_after_in_both_forms(void **state)
{
    (void)state;
    const int64_t date =
        1787400000; // 2026-08-22T08:00:00Z... of the answer; our own clock is an hour off
    assert_int_equal(retry_after_ms(SV("60"), date, date + 3600), 60000);
    assert_int_equal(retry_after_ms(SV(" 0 "), date, date), 0);
    assert_int_equal(retry_after_ms(SV("Thu, 01 Jan 1970 00:02:00 GMT"), 60, 999999), 60000);
    assert_int_equal(retry_after_ms(SV("Sunday, 06-Nov-94 08:50:37 GMT"), 784111777, 9), 60000);
    assert_int_equal(retry_after_ms(SV("Thu Jan  1 00:02:00 1970"), 60, 999999), 60000);
    assert_int_equal(retry_after_ms(SV("Thu, 01 Jan 1970 00:02:00 GMT"), 0, 100), 20000);
    assert_int_equal(retry_after_ms(SV("Thu, 01 Jan 1970 00:02:00 GMT"), 500, 0), 0);
    assert_int_equal(retry_after_ms(SV("9223372036854775807"), date, date), INT64_C(1000000000000));
}

static void retry_after_of_no_use(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms(SV(""), 1, 1), -1);
    assert_int_equal(retry_after_ms(SV("soon"), 1, 1), -1);
    assert_int_equal(retry_after_ms(SV("-5"), 1, 1), -1);
    assert_int_equal(retry_after_ms(SV("1.5"), 1, 1), -1);
    assert_int_equal(retry_after_ms(SV("99999999999999999999"), 1, 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses),
        cmocka_unit_test(backoff_doubles_to_its_ceiling),
        cmocka_unit_test(jitter_fills_its_interval),
        cmocka_unit_test(retry_after_in_both_forms),
        cmocka_unit_test(retry_after_of_no_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
