// SPDX-License-Identifier: Apache-2.0
// fault_test.c - every allocation of a question may fail: each time the answer is MEMORY, and nothing is left behind.
#include "support.h"

#include "base/fault.h"

#ifdef TILL_FAULTS
enum { ROWS = 80, MOST_ALLOCATIONS = 400 };

static enum till_code feed(struct metrics *metrics, bool has_events, struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (uint64_t i = 1; i <= ROWS && code == TILL_OK; i++) {
        struct metrics_subscription row = subscription("one", "2024-01-01");
        struct metrics_order order = {.id = {3, i},
                                      .subscription = {1, i},
                                      .created_us = at("2024-01-05"),
                                      .net_amount_minor = 500,
                                      .currency = METRICS_USD};
        struct metrics_event event = {.kind = METRICS_BALANCE_ORDER,
                                      .at_us = at("2024-01-05"),
                                      .order = {3, i},
                                      .customer = {2, i},
                                      .amount_minor = 500,
                                      .net_amount_minor = 700,
                                      .presentment_minor = 700,
                                      .rate = 0.5,
                                      .currency = METRICS_USD,
                                      .presentment_currency = metrics_currency_of(SV("eur")),
                                      .order_created_us = METRICS_NULL};
        row.id = (struct metrics_id){1, i};
        row.customer = (struct metrics_id){2, i};
        row.currency = event.presentment_currency;
        code = metrics_subscription(metrics, &row, e);
        if (code == TILL_OK)
            code = metrics_order(metrics, &order, e);
        if (code == TILL_OK && has_events)
            code = metrics_event(metrics, &event, e);
    }
    return code;
}

static enum till_code ask(const struct zone *zone, bool has_events, struct till_error *e)
{
    static struct metrics_answer answer;
    static const struct metrics_knowledge knowledge = {0};
    struct metrics_query query = question(zone, "2024-01-01", "2024-01-31", METRICS_DAY);
    struct metrics *metrics = NULL;
    query.has_events = has_events;
    enum till_code code = metrics_open(&query, &metrics, e);
    if (code == TILL_OK)
        code = feed(metrics, has_events, e);
    if (code == TILL_OK)
        code = metrics_answer(metrics, &knowledge, &answer, e);
    metrics_close(metrics);
    return code;
}
#endif

static void every_allocation_may_fail(void **state)
{
    (void)state;
#ifdef TILL_FAULTS
    for (int has_events = 0; has_events < 2; has_events++) {
        struct till_error e = {0};
        struct zone *zone = NULL;
        long nth = 0;
        enum till_code code = TILL_MEMORY;
        assert_int_equal(zone_open("UTC", &zone, &e), TILL_OK);
        while (code == TILL_MEMORY && nth < MOST_ALLOCATIONS) {
            nth++;
            e = (struct till_error){0};
            fault_arm("malloc", nth, false);
            code = ask(zone, has_events != 0, &e);
            fault_disarm();
        }
        assert_int_equal(code, TILL_OK);
        assert_true(nth > 10);
        zone_close(zone);
    }
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
