// SPDX-License-Identifier: Apache-2.0
// money_test.c - money: decimals as Polar counts them, exact text at the extremes, symbols in locales.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/fault.h"
#include "base/money.h"

#define NBSP "\xC2\xA0"

static void decimals(void **state TILL_UNUSED)
{
    static const char *const none[] = {"jpy", "KRW", "clp", "vnd", "bif", "djf", "gnf", "kmf",
                                       "mga", "pyg", "rwf", "vuv", "xaf", "xof", "xpf"};
    static const char *const two[] = {"usd", "eur", "UGX", "isk", "huf", "twd",
                                      "kwd", "xyz", "",    "us",  "jpyx"};
    for (size_t i = 0; i < TILL_COUNT(none); i++)
        assert_int_equal(money_minor_digits(sv_of(none[i])), 0);
    for (size_t i = 0; i < TILL_COUNT(two); i++)
        assert_int_equal(money_minor_digits(sv_of(two[i])), 2);
    assert_int_equal(money_minor_digits(SV("fcl")), 2); // lies across two codes of the list
}

static void plain(void **state TILL_UNUSED)
{
    static const struct {
        int64_t amount_minor;
        const char *currency, *text;
    } cases[] = {{421000, "usd", "4210.00"},
                 {-1250, "eur", "-12.50"},
                 {1200, "jpy", "1200"},
                 {0, "usd", "0.00"},
                 {0, "jpy", "0"},
                 {5, "usd", "0.05"},
                 {-5, "usd", "-0.05"},
                 {-5, "jpy", "-5"},
                 {100, "ugx", "1.00"},
                 {INT64_MAX, "usd", "92233720368547758.07"},
                 {INT64_MIN, "usd", "-92233720368547758.08"},
                 {INT64_MAX, "jpy", "9223372036854775807"},
                 {INT64_MIN, "krw", "-9223372036854775808"}};
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        AUTO_BUF buf;
        buf_init(&buf, 100);
        money_format_plain(&buf, cases[i].amount_minor, sv_of(cases[i].currency));
        assert_string_equal(buf.data, cases[i].text);
    }
}

static void for_people(void **state TILL_UNUSED)
{
    static const struct {
        int64_t amount_minor;
        const char *currency, *locale, *text;
    } cases[] = {
        {421000, "usd", "en_US", "$4,210.00"},
        {-1250, "USD", "en_US", "-$12.50"},
        {1200, "jpy", "en_US",
         "\xC2\xA5"
         "1,200"},
        {1250, "eur", "en_US",
         "\xE2\x82\xAC"
         "12.50"},
        {421000, "eur", "de_DE", "4.210,00" NBSP "\xE2\x82\xAC"},
        {1200, "krw", "en_US",
         "\xE2\x82\xA9"
         "1,200"},
        {100, "isk", "en_US", "ISK" NBSP "1.00"}, // ICU alone would say 100
        {100, "ugx", "en_US", "UGX" NBSP "1.00"},
        {1234567, "inr", "en_IN",
         "\xE2\x82\xB9"
         "12,345.67"},
        {1250, "xyz", "en_US", "XYZ" NBSP "12.50"},
        {421000, "usd", "en_US_POSIX", "$4,210.00"},
        {1250, "", "en_US", "12.50"},
        {1250, "points", "en_US", "12.50 points"},
        {1250, "u$d", "en_US", "12.50 u$d"},
        {INT64_MAX, "usd", "en_US", "$92,233,720,368,547,758.07"},
        {INT64_MIN, "usd", "en_US", "-$92,233,720,368,547,758.08"},
        {INT64_MIN, "jpy", "en_US",
         "-\xC2\xA5"
         "9,223,372,036,854,775,808"},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        AUTO_BUF buf;
        buf_init(&buf, 200);
        money_format(&buf, cases[i].amount_minor, sv_of(cases[i].currency), cases[i].locale);
        assert_string_equal(buf.data, cases[i].text);
    }
}

static void whole_units_have_no_decimals(void **state)
{
    (void)state;
    AUTO_BUF buf;
    buf_init(&buf, 256);
    money_format_whole(&buf, 4210, SV("usd"), "en_US");
    buf_char(&buf, ' ');
    money_format(&buf, 421000, SV("usd"), "en_US"); // the formatter of one is not that of the other
    buf_char(&buf, ' ');
    money_format_whole(&buf, -1200, SV("jpy"), "en_US");
    buf_char(&buf, ' ');
    money_format_whole(&buf, 7, SV("doubloons"), "en_US");
    assert_string_equal(buf.data, "$4,210 $4,210.00 -\u00a51,200 7 doubloons");
}

static void the_users_locale(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    buf_init(&buf, 200);
    money_format(&buf, 1250, SV("usd"), NULL);
    assert_true(buf.len >= 5 && buf.failure == TILL_OK);
}

// More currencies and locales than formatters are kept, twice around: each is still its own.
static void many_currencies_take_turns(void **state TILL_UNUSED)
{
    static const char *const currencies[] = {"usd", "eur", "gbp", "jpy", "krw", "inr"};
    static const char *const locales[] = {"en_US", "de_DE", "ja_JP"};
    AUTO_BUF first, again;
    buf_init(&first, 4000);
    buf_init(&again, 4000);
    for (size_t round = 0; round < 2; round++)
        for (size_t c = 0; c < TILL_COUNT(currencies); c++)
            for (size_t l = 0; l < TILL_COUNT(locales); l++)
                money_format(round == 0 ? &first : &again, 421000, sv_of(currencies[c]),
                             locales[l]);
    assert_string_equal(first.data, again.data);
    assert_non_null(strstr(first.data, "$4,210.00"));
    assert_non_null(strstr(first.data, "4.210,00" NBSP "\xE2\x82\xAC"));
}

static void *format_in_thread(void *text)
{
    money_format(text, 1250, SV("usd"), "en_US");
    return NULL;
}

// The thread's formatters go with it (the leak checkers watch).
static void threads(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    pthread_t thread;
    buf_init(&buf, 100);
    assert_int_equal(pthread_create(&thread, NULL, format_in_thread, &buf), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(buf.data, "$12.50");
}

#ifdef TILL_FAULTS
// Runs first, before this thread has its formatters: without memory the amount is still there and exact.
static void without_memory_it_is_plain(void **state TILL_UNUSED)
{
    AUTO_BUF buf;
    buf_init(&buf, 100);
    assert_int_equal(buf_reserve(&buf, 100), TILL_OK);
    fault_arm("malloc", 1, false);
    money_format(&buf, 1250, SV("usd"), "en_US");
    fault_disarm();
    assert_string_equal(buf.data, "12.50 usd");
}
#endif

static void typed(void **state TILL_UNUSED)
{
    static const struct {
        const char *text, *currency;
        int64_t amount;
    } sound[] = {{"5000", "usd", 500000},
                 {"5000.50", "usd", 500050},
                 {"5000.5", "EUR", 500050},
                 {"0.01", "usd", 1},
                 {"-12.50", "usd", -1250},
                 {"5000", "jpy", 5000},
                 {"007", "usd", 700},
                 {"92233720368547758.07", "usd", INT64_MAX},
                 {"-92233720368547758.08", "usd", INT64_MIN},
                 {"9223372036854775807", "krw", INT64_MAX}};
    static const struct {
        const char *text, *currency;
    } broken[] = {{"", "usd"},
                  {"-", "usd"},
                  {".", "usd"},
                  {".50", "usd"},
                  {"5.", "usd"},
                  {"5.005", "usd"},
                  {"5.000", "usd"},
                  {"5,000", "usd"},
                  {"1.2.3", "usd"},
                  {"5e3", "usd"},
                  {" 5", "usd"},
                  {"+5", "usd"},
                  {"$5", "usd"},
                  {"5.0", "jpy"},
                  {"--5", "usd"},
                  {"-.5", "usd"},
                  {"0x10", "usd"},
                  {"92233720368547758.08", "usd"},
                  {"92233720368547759", "usd"},
                  {"9223372036854775808", "krw"}};
    for (size_t i = 0; i < sizeof sound / sizeof sound[0]; i++) {
        int64_t amount = 42;
        assert_true(money_parse(sv_of(sound[i].text), sv_of(sound[i].currency), &amount));
        assert_int_equal(sound[i].amount, amount);
    }
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        int64_t amount = 42;
        if (money_parse(sv_of(broken[i].text), sv_of(broken[i].currency), &amount))
            fail_msg("\"%s\" was taken as %lld", broken[i].text, (long long)amount);
        assert_int_equal(42, amount);
    }
}

static void adding(void **state TILL_UNUSED)
{
    int64_t sum = 7;
    assert_true(money_add(40, 2, &sum));
    assert_int_equal(sum, 42);
    assert_true(money_add(INT64_MAX, INT64_MIN, &sum));
    assert_int_equal(sum, -1);
    sum = 7;
    assert_false(money_add(INT64_MAX, 1, &sum));
    assert_false(money_add(INT64_MIN, -1, &sum));
    assert_int_equal(sum, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef TILL_FAULTS
        cmocka_unit_test(without_memory_it_is_plain),
#endif
        cmocka_unit_test(many_currencies_take_turns),
        cmocka_unit_test(threads),
        cmocka_unit_test(decimals),
        cmocka_unit_test(whole_units_have_no_decimals),
        cmocka_unit_test(plain),
        cmocka_unit_test(for_people),
        cmocka_unit_test(the_users_locale),
        cmocka_unit_test(typed),
        cmocka_unit_test(adding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
