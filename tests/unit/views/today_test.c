// SPDX-License-Identifier: Apache-2.0
// today_test.c - the words and the JSON of `till today`, from snapshots made by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "views/views.h"

static struct report_today today;
static struct view_style style;

static int setup(void **state TILL_UNUSED)
{
    static const struct store_day_line now = {
        .currency = "usd", .revenue_minor = 123456, .order_count = 1234, .new_subscriptions = 2};
    static const struct store_day_line before[] = {
        {.currency = "jpy", .revenue_minor = -500, .order_count = 1, .lost_subscriptions = 1},
        {.currency = "usd",
         .revenue_minor = 5,
         .order_count = 1,
         .refunded_minor = 100,
         .refund_count = 1}};
    today = (struct report_today){.zone_name = "Europe/Vienna",
                                  .now_us = 1700000000000000,
                                  .fresh_as_of_us = 1700000000000000 - 600000000,
                                  .organization_name = "Caf\xC3\xA9 \x1b[31m"};
    today.today.date = (struct civil_date){2023, 11, 14};
    today.yesterday.date = (struct civil_date){2023, 11, 13};
    today.today.from_us = 1699916400000000;
    today.today.to_us = 1700000000000001;
    today.yesterday.from_us = 1699830000000000;
    today.yesterday.to_us = 1699916400000000;
    today.today.lines[0] = now;
    today.today.line_count = 1;
    memcpy(today.yesterday.lines, before, sizeof(before));
    today.yesterday.line_count = 2;
    style = (struct view_style){.locale = "en_US"};
    return 0;
}

static void shows(const char *expected)
{
    struct buf out;
    buf_init(&out, 65536);
    view_today_text(&out, &style, &today);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void a_day(void **state TILL_UNUSED)
{
    shows("Caf\xC3\xA9 \xEF\xBF\xBD[31m, 2023-11-14 so far and the day before, in Europe/Vienna\n"
          "\n"
          "USD                                today         yesterday\n"
          "  Revenue                      $1,234.56             $0.05\n"
          "  Orders                           1,234                 1\n"
          "  Refunded                         $0.00             $1.00\n"
          "  Refunds                              0                 1\n"
          "  New subscriptions                    2                 0\n"
          "  Lost subscriptions                   0                 0\n"
          "\n"
          "JPY                                today         yesterday\n"
          "  Revenue                             \xC2\xA5"
          "0             -\xC2\xA5"
          "500\n"
          "  Orders                               0                 1\n"
          "  New subscriptions                    0                 0\n"
          "  Lost subscriptions                   0                 1\n"
          "\n"
          "Revenue is after discounts, without tax, on the day of the order.\n"
          "Data from 10 min ago.\n");
}

static void a_quiet_day(void **state TILL_UNUSED)
{
    today.today.line_count = today.yesterday.line_count = 0;
    today.organization_name[0] = '\0';
    today.fresh_as_of_us = 0;
    shows("2023-11-14 so far and the day before, in Europe/Vienna\n"
          "\n"
          "No orders, and no subscription began or ended, on either day.\n"
          "\n"
          "Revenue is after discounts, without tax, on the day of the order.\n"
          "Not every table has landed yet: run `till sync`.\n");
}

static void what_is_not_counted_is_named(void **state TILL_UNUSED)
{
    struct buf out;
    buf_init(&out, 65536);
    today.is_missing[TABLE_refunds] = today.is_missing[TABLE_orders] = true;
    view_today_text(&out, &style, &today);
    assert_non_null(strstr(out.data, "Not counted: orders, refunds (not readable"));
    buf_reset(&out);
    view_today_json(&out, &today);
    assert_non_null(strstr(out.data, "\"not_counted\":[\"orders\",\"refunds\"]"));
    buf_release(&out);
}

static void json(void **state TILL_UNUSED)
{
    struct buf out;
    buf_init(&out, 65536);
    today.yesterday.line_count = 0;
    view_today_json(&out, &today);
    assert_string_equal(
        out.data,
        "{\"organization_name\":\"Caf\xC3\xA9 \\u001b[31m\",\"timezone\":\"Europe/Vienna\","
        "\"now\":\"2023-11-14T22:13:20.000000Z\",\"fresh_as_of\":\"2023-11-14T22:03:20.000000Z\","
        "\"not_counted\":[],"
        "\"today\":{\"date\":\"2023-11-14\",\"from\":\"2023-11-13T23:00:00.000000Z\","
        "\"to\":\"2023-11-14T22:13:20.000001Z\",\"currencies\":[{\"currency\":\"usd\","
        "\"revenue_minor\":123456,\"orders\":1234,\"refunded_minor\":0,\"refunds\":0,"
        "\"new_subscriptions\":2,\"lost_subscriptions\":0}]},"
        "\"yesterday\":{\"date\":\"2023-11-13\",\"from\":\"2023-11-12T23:00:00.000000Z\","
        "\"to\":\"2023-11-13T23:00:00.000000Z\",\"currencies\":[]},\"traffic\":null,"
        "\"organizations\":[]}\n");
    buf_release(&out);
}

// Each organization under its name, then each currency of all; the currencies of two organizations never meet in one sum.
static void several_organizations(void **state TILL_UNUSED)
{
    today.organization_name[0] = '\0';
    today.part_count = 2;
    (void)snprintf(today.parts[0].name, sizeof(today.parts[0].name), "polar");
    (void)snprintf(today.parts[0].organization_name, sizeof(today.parts[0].organization_name),
                   "Globex");
    today.parts[0].fresh_as_of_us = today.now_us - 600000000;
    today.parts[0].today = today.today;
    today.parts[0].is_missing[TABLE_refunds] = true;
    (void)snprintf(today.parts[1].name, sizeof(today.parts[1].name), "shop2");
    today.yesterday.line_count = 0;
    shows("2023-11-14 so far and the day before, in Europe/Vienna\n"
          "\n"
          "Globex (polar), data from 10 min ago\n"
          "USD                                today         yesterday\n"
          "  Revenue                      $1,234.56             $0.00\n"
          "  Orders                           1,234                 0\n"
          "  New subscriptions                    2                 0\n"
          "  Lost subscriptions                   0                 0\n"
          "\n"
          "shop2 (shop2), not every table has landed yet\n"
          "No orders, and no subscription began or ended, on either day.\n"
          "\n"
          "Together\n"
          "USD                                today         yesterday\n"
          "  Revenue                      $1,234.56             $0.00\n"
          "  Orders                           1,234                 0\n"
          "  New subscriptions                    2                 0\n"
          "  Lost subscriptions                   0                 0\n"
          "\n"
          "Revenue is after discounts, without tax, on the day of the order.\n"
          "Data from 10 min ago.\n");
    struct buf out;
    buf_init(&out, 65536);
    view_today_json(&out, &today);
    assert_non_null(strstr(out.data, "\"organizations\":[{\"name\":\"polar\","));
    assert_non_null(strstr(out.data, "\"not_counted\":[\"refunds\"]"));
    assert_non_null(strstr(out.data, "},{\"name\":\"shop2\","));
    buf_release(&out);
}

// Every cell ends in the same column, whatever the currency's sign is made of.
static void money_of_every_kind(void **state TILL_UNUSED)
{
    static const char *const currencies[] = {"eur", "krw", "kwd", "inr", "xxx", "", "zzzz"};
    for (size_t i = 0; i < TILL_COUNT(currencies); i++) {
        struct buf out;
        buf_init(&out, 65536);
        today.yesterday.line_count = 0;
        (void)snprintf(today.today.lines[0].currency, sizeof(today.today.lines[0].currency), "%s",
                       currencies[i]);
        view_today_text(&out, &style, &today);
        assert_int_equal(out.failure, TILL_OK);
        assert_non_null(strstr(out.data, "Revenue"));
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_day, setup),
        cmocka_unit_test_setup(a_quiet_day, setup),
        cmocka_unit_test_setup(what_is_not_counted_is_named, setup),
        cmocka_unit_test_setup(json, setup),
        cmocka_unit_test_setup(several_organizations, setup),
        cmocka_unit_test_setup(money_of_every_kind, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
