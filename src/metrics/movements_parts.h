// SPDX-License-Identifier: Apache-2.0
// movements_parts.h - private to movements.c, movements_sum.c and cohorts.c: the steps that a question is made of.
#ifndef TILL_METRICS_MOVEMENTS_PARTS_H
#define TILL_METRICS_MOVEMENTS_PARTS_H

#include "metrics/calendar.h"
#include "metrics/ids.h"
#include "metrics/movements.h"

struct movements_item { // a subscription
    uint32_t customer;
    metrics_currency currency;
    int64_t started_us, end_us, trial_end_us;
    struct movements_terms terms, before;
    int64_t taxed_us, net_minor, tax_minor; // of the newest order whose price holds tax
    int64_t billed_us;          // of the last bill that was as the one before it; 0 none
    bool has_before, has_start; // has_start: an event tells the price of the beginning
    bool has_told;              // points other than bills
};
struct movements_point { // what is known of one price
    int64_t at_us, amount_minor;
    uint32_t item, sequence;
    int32_t interval_count;
    unsigned char interval, source, effect;
};
struct movements_step {          // of one customer in one currency
    int64_t at_us, amount_minor; // the difference
    uint32_t customer;
    metrics_currency currency;
    unsigned char source;
};
struct movements_trial {
    int64_t end_us;
    metrics_currency currency;
    bool is_converted;
};

struct movements {
    struct movements_query query;
    struct calendar calendar;
    struct id_map subscription_ids, customer_ids;
    struct movements_item *items;
    struct movements_point *points;
    struct movements_step *steps; // by currency, customer, time after movements_finish()
    struct movements_trial *trials;
    struct movements_currency *currencies;
    size_t item_capacity, point_count, point_capacity, step_count, step_capacity, trial_count,
        trial_capacity, currency_count, currency_capacity;
    bool is_finished;
};

#endif
