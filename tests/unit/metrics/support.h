// SPDX-License-Identifier: Apache-2.0
// support.h - small worlds for tests of metrics.
#ifndef TILL_TESTS_METRICS_SUPPORT_H
#define TILL_TESTS_METRICS_SUPPORT_H

#include "metrics/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/timestamp.h"

static inline int64_t at(const char *text) // "2024-01-31", or with a time
{
    char whole[40];
    int64_t us = 0;
    (void)snprintf(whole, sizeof whole, "%s%s", text, strlen(text) == 10 ? "T00:00:00Z" : "");
    if (!timestamp_parse(sv_of(whole), &us))
        fail_msg("%s is not a moment", text);
    return us;
}

static inline struct metrics_query question(const struct zone *zone, const char *from,
                                            const char *to, enum metrics_interval interval)
{
    struct metrics_query query = {.interval = interval, .zone = zone};
    assert_true(civil_date_parse(from, &query.from));
    assert_true(civil_date_parse(to, &query.to));
    query.products.is_all = query.customers.is_all = true;
    for (size_t i = 0; i < METRIC__COUNT; i++)
        query.is_asked[i] = true;
    return query;
}

static inline struct metrics *begin(const struct metrics_query *query)
{
    struct metrics *metrics = NULL;
    struct till_error e = {0};
    if (metrics_open(query, &metrics, &e) != TILL_OK)
        fail_msg("%s", e.text);
    return metrics;
}

static inline void end(struct metrics *metrics, struct metrics_answer *answer)
{
    static const struct metrics_knowledge knowledge = {0};
    struct till_error e = {0};
    if (metrics_answer(metrics, &knowledge, answer, &e) != TILL_OK)
        fail_msg("%s", e.text);
}

static inline struct metrics_number number(const struct metrics_answer *answer, enum metric_id id,
                                           size_t period)
{
    return answer->periods[(size_t)id * answer->period_count + period];
}

static inline struct metrics_subscription subscription(const char *id, const char *started)
{
    return (struct metrics_subscription){
        .id = metrics_id(sv_of(id)),
        .customer = metrics_id(sv_of("somebody")),
        .product = metrics_id(sv_of("something")),
        .created_us = at(started),
        .started_us = at(started),
        .ends_us = METRICS_NULL,
        .ended_us = METRICS_NULL,
        .canceled_us = METRICS_NULL,
        .trial_end_us = METRICS_NULL,
        .amount_minor = 1000,
        .net_amount_minor = METRICS_NULL,
        .currency = METRICS_USD,
        .interval = METRICS_MONTH,
        .interval_count = 1,
    };
}

static inline void put(struct metrics *metrics, const struct metrics_subscription *row)
{
    struct till_error e = {0};
    assert_int_equal(metrics_subscription(metrics, row, &e), TILL_OK);
}

static inline void sell(struct metrics *metrics, const struct metrics_order *row)
{
    struct till_error e = {0};
    assert_int_equal(metrics_order(metrics, row, &e), TILL_OK);
}

static inline void tell(struct metrics *metrics, const struct metrics_event *row)
{
    struct till_error e = {0};
    assert_int_equal(metrics_event(metrics, row, &e), TILL_OK);
}

#endif
