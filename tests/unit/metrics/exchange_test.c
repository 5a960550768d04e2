// SPDX-License-Identifier: Apache-2.0
// exchange_test.c - rates from payments: the newest day, turned around, by way of a third currency, rounded once; and amounts at them.
#include "support.h"

#include "metrics/exchange.h"

enum { EUR = 0x657572, GBP = 0x676270, JPY = 0x6a7079, VND = 0x766e64 };

static struct exchange exchange;

static int setup(void **state)
{
    (void)state;
    exchange = (struct exchange){0};
    return 0;
}

static void paid(metrics_currency currency, int64_t day, int64_t paid_minor, int64_t settled_minor,
                 double rate)
{
    struct exchange_payment payment = {currency, METRICS_USD, day, paid_minor, settled_minor, rate};
    exchange_observe(&exchange, &payment);
}

static void reads(metrics_currency from, metrics_currency into, const char *expected)
{
    char text[EXCHANGE_TEXT_BYTES] = "none";
    struct exchange_rate rate = exchange_find(&exchange, from, into);
    if (rate.is_known)
        exchange_text(&rate, text);
    assert_string_equal(text, expected);
}

static void gives(metrics_currency from, metrics_currency into, int64_t minor, int64_t expected)
{
    struct exchange_rate rate = exchange_find(&exchange, from, into);
    assert_int_equal(exchange_apply(&rate, minor), expected);
}

static void nothing_is_known_of_nothing(void **state)
{
    (void)state;
    reads(EUR, METRICS_USD, "none");
    gives(EUR, METRICS_USD, 100, 0);
    reads(EUR, EUR, "1.0000");
    gives(EUR, EUR, -12345, -12345);
    reads(0, 0, "none");
}

static void the_newest_day_counts_in_any_order(void **state)
{
    (void)state;
    paid(EUR, 20000, 10000, 12000, 0);
    paid(EUR, 20001, 10000, 10843, 0);
    paid(EUR, 19999, 10000, 50000, 0);
    reads(EUR, METRICS_USD, "1.0843");
    paid(EUR, 20001, 30000, 33000, 0); // 43843 for 40000
    reads(EUR, METRICS_USD, "1.09608");
    struct exchange_rate rate = exchange_find(&exchange, EUR, METRICS_USD);
    assert_int_equal(civil_date_to_days(rate.as_of), 20001);
}

static void what_is_shown_is_what_is_used(void **state)
{
    (void)state;
    paid(EUR, 1, 7, 8, 0); // 1.142857...
    reads(EUR, METRICS_USD, "1.14286");
    gives(EUR, METRICS_USD, 100000000, 114286000);
    gives(EUR, METRICS_USD, -1, -1);
    gives(EUR, METRICS_USD, INT64_MAX, INT64_MAX);
    gives(EUR, METRICS_USD, -INT64_MAX, -INT64_MAX);
}

static void a_told_rate_that_agrees_is_finer_than_cents(void **state)
{
    (void)state;
    paid(EUR, 1, 500, 542, 1.08437);
    reads(EUR, METRICS_USD, "1.08437");
    paid(EUR, 2, 500, 542, 108.437); // of other units: the amounts count
    reads(EUR, METRICS_USD, "1.0840");
}

static void rates_turn_around(void **state)
{
    (void)state;
    paid(EUR, 1, 100000, 108430, 0);
    reads(METRICS_USD, EUR, "0.922254");
    gives(METRICS_USD, EUR, 10000, 9223);
}

static void currencies_without_cents(void **state)
{
    (void)state;
    paid(JPY, 1, 1000, 667, 0); // 1000 yen, 6.67 dollars
    reads(JPY, METRICS_USD, "0.00667");
    gives(JPY, METRICS_USD, 3000, 2001);
    reads(METRICS_USD, JPY, "149.925");
    gives(METRICS_USD, JPY, 100, 150);
    paid(VND, 1, 2540000, 10000, 0);
    reads(METRICS_USD, VND, "25400.0");
    gives(METRICS_USD, VND, 100, 25400);
}

static void two_rates_make_a_third(void **state)
{
    (void)state;
    paid(EUR, 10, 100000, 110000, 0);
    paid(GBP, 8, 100000, 121000, 0);
    reads(GBP, EUR, "1.1000");
    reads(EUR, GBP, "0.909091");
    struct exchange_rate rate = exchange_find(&exchange, GBP, EUR);
    assert_int_equal(civil_date_to_days(rate.as_of), 8);
    reads(GBP, JPY, "none");
}

static void what_tells_no_rate_is_passed_over(void **state)
{
    (void)state;
    paid(METRICS_USD, 1, 100, 100, 1);
    paid(EUR, 1, 0, 100, 0);
    paid(EUR, 1, -100, -100, 0);
    paid(EUR, 1, 100, 0, 0);
    paid(0, 1, 100, 100, 0);
    paid(EUR, 1, INT64_MAX, INT64_MAX, 0);
    paid(EUR, 1, 100, INT64_MAX, 0);
    assert_int_equal(exchange.count, 0);
}

static void pairs_have_an_end(void **state)
{
    (void)state;
    for (metrics_currency i = 1; i < 1000; i++)
        paid(i, 1, 100, 200, 0);
    assert_int_equal(exchange.count, EXCHANGE_PAIRS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_known_of_nothing, setup),
        cmocka_unit_test_setup(the_newest_day_counts_in_any_order, setup),
        cmocka_unit_test_setup(what_is_shown_is_what_is_used, setup),
        cmocka_unit_test_setup(a_told_rate_that_agrees_is_finer_than_cents, setup),
        cmocka_unit_test_setup(rates_turn_around, setup),
        cmocka_unit_test_setup(currencies_without_cents, setup),
        cmocka_unit_test_setup(two_rates_make_a_third, setup),
        cmocka_unit_test_setup(what_tells_no_rate_is_passed_over, setup),
        cmocka_unit_test_setup(pairs_have_an_end, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
