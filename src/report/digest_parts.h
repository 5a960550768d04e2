// SPDX-License-Identifier: Apache-2.0
// digest_parts.h - private to the digest's report: what its two files share.
#ifndef TILL_REPORT_DIGEST_PARTS_H
#define TILL_REPORT_DIGEST_PARTS_H

#include "report/digest.h"
#include "report/movements.h"

struct digest_gathering {
    struct store *store;
    const struct report_digest_question *question;
    struct arena *arena;
    struct digest *digest;
    struct civil_date first;
    size_t days;
    int64_t now_us;
    struct report_metrics_query query; // from the first day to the last, by day
    struct report_status *status;
    const struct report_card *card; // the connection's
    struct report_metrics metrics;
    struct report_traffic traffic;
    struct report_movements movements;
    bool has_metrics, has_movements;
    int64_t first_order_us, first_subscription_us; // 0 = never
    metrics_currency currencies[DIGEST_CURRENCIES];
    size_t currency_count;
    struct digest_series series[DIGEST_LINES];
    struct digest_facts facts;
};

// Where the day of a moment stands in the series: before the first day 0, never or after the last: days.
size_t digest_day_index(const struct digest_gathering *g, int64_t at_us);
// The days that the digest is about.
struct digest_span digest_main_span(const struct digest_gathering *g);
// A query over these days.
struct report_metrics_query digest_query(const struct digest_gathering *g, struct civil_date from,
                                         struct civil_date to);

// digest_facts.c: products, sources, and what may stand out.
enum till_code digest_gather_facts(struct digest_gathering *g, struct till_error *e) TILL_MUSTUSE;

#endif
