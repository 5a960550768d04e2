// SPDX-License-Identifier: Apache-2.0
// metrics_parts.h - what the files of the metrics share: the window, its buckets with their figures, and the filters.
//
// Names follow the definitions: S and E are the first and the last microsecond of the window, E' the second that E lies in; a bucket is
// [from, until), and `trunc(x) = t` of the definitions reads from <= x < until here.
#ifndef SIM_METRICS_PARTS_H
#define SIM_METRICS_PARTS_H

#include "metrics.h"
#include "world_parts.h"

struct metrics_bucket {
    int64_t from_us, until_us;
    int64_t churn_from_us, churn_until_us; // the window of its churn rate
    int64_t whole[METRIC_COUNT];
    double real[METRIC_COUNT];
};

struct metrics {
    const struct sim_world *w;
    const struct metrics_query *query;
    int64_t start_us, end_us, end_second_us; // S, E, E'
    struct metrics_bucket *buckets;
    size_t count;
    // Filters. Products are those of both filters, by id and by billing type.
    bool keeps_nothing, has_product_filter, has_customer_filter;
    bool products[PRODUCT_LIMIT];
    bool *customers, *people; // by customer; people: also those who share an external id with one
    bool has_failed;          // memory ran out
};

// metrics_window.c
bool metrics_open(struct metrics *m, const struct sim_world *world,
                  const struct metrics_query *query);
void metrics_close(struct metrics *m);
// The bucket of that moment, NULL when it lies in none. The window is not looked at.
struct metrics_bucket *metrics_bucket_of(const struct metrics *m, int64_t at_us);
// SIM_NO_BYTE and SIM_NO_ROW, a product or customer that there is not, pass where nothing is filtered.
bool metrics_has_product(const struct metrics *m, uint8_t product);
bool metrics_has_customer(const struct metrics *m, uint32_t customer);
bool metrics_has_person(const struct metrics *m, uint32_t customer);
// Whether people see this event already, and who it is of is not filtered away.
bool metrics_has_event(const struct metrics *m, uint32_t event);

// A set of (bucket, id) pairs: to count how many different ids each bucket has.
struct metrics_set {
    uint64_t *pairs;
    size_t count, capacity;
};
void metrics_set_add(struct metrics *m, struct metrics_set *set,
                     const struct metrics_bucket *bucket, uint32_t id);
// Adds the counts to the buckets' figures of that metric, and empties the set.
void metrics_set_count(struct metrics *m, struct metrics_set *set, int metric);

// Each fills some of the figures of all buckets.
void metrics_of_subscriptions(struct metrics *m);       // metrics_subscriptions.c
void metrics_of_checkouts(struct metrics *m);           // metrics_rows.c
void metrics_of_seats(struct metrics *m);               // metrics_rows.c
void metrics_of_revenue(struct metrics *m);             // metrics_orders.c
void metrics_of_orders(struct metrics *m);              // metrics_orders.c
void metrics_of_subscription_events(struct metrics *m); // metrics_events.c
void metrics_of_costs(struct metrics *m);               // metrics_events.c
void metrics_of_metrics(struct metrics *m);             // metrics_totals.c, last: from the others
// The total of each metric, as Polar has it when only `present` ones were computed.
struct metrics_bucket metrics_totals(const struct metrics *m, uint64_t present);
// The wanted metrics and those that they are computed from.
uint64_t metrics_present(uint64_t wanted);

#endif
