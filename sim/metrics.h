// SPDX-License-Identifier: Apache-2.0
// metrics.h - GET /v1/metrics/: what the service's dashboard shows of the shop, by period.
//
// Every figure is computed anew at each request, straight from its definition, over the world's rows ("snapshots": subscriptions, checkouts,
// seats) and events ("flows": orders, revenue, costs, cancellations). It is the judge of other implementations, so it favours plainness
// over speed. It knows nothing of HTTP: server_metrics.c reads the parameters. The world must not change meanwhile.
#ifndef SIM_METRICS_H
#define SIM_METRICS_H

#include "metrics_zone.h"
#include "query.h"
#include "world.h"

enum metrics_interval { METRICS_HOUR, METRICS_DAY, METRICS_WEEK, METRICS_MONTH, METRICS_YEAR };

enum {
#define METRIC(slug, name, type, number, total) M_##slug,
#include "metrics_slugs.def"
#undef METRIC
    METRIC_COUNT
};
_Static_assert(METRIC_COUNT <= 64, "a set of metrics is one word");

// Index of the slug, -1 when there is none.
int metrics_find(const char *slug);

struct metrics_ids { // of no length: a filter that keeps everything
    char (*ids)[QUERY_UUID_BYTES];
    size_t count;
};

struct metrics_query {
    int64_t start_day, end_day; // local days since 1970, both inclusive, start <= end
    enum metrics_interval interval;
    const struct metrics_zone *zone;
    uint64_t wanted; // the metrics to show: bit = index
    struct metrics_ids organizations, products, customers;
    bool has_billing_type, is_one_time, is_recurring; // billing_type: which are kept
};

// Appends the body of the answer. False when memory ran out.
bool metrics_answer(const struct sim_world *world, const struct metrics_query *query,
                    struct sim_out *out);

#endif
