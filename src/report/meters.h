// SPDX-License-Identifier: Apache-2.0
// meters.h - what a monitoring system asks every few seconds: how well the mirror is, and the few numbers of the business that are cheap.
//
// Each currency is by itself. What the token may not read, or what never landed, is missing, not zero.
#ifndef TILL_REPORT_METERS_H
#define TILL_REPORT_METERS_H

#include "base/limits.h"
#include "report/report.h"

struct report_meter_line {
    char currency[STORE_NAME_BYTES]; // lower case
    struct store_day_line day;       // of the local day so far
    int64_t mrr_minor;               // as `till movements` has it now
};
struct report_meter {                                // of one organization
    bool has_orders, has_refunds, has_subscriptions; // the numbers made of them are there
    struct report_meter_line
        lines[REPORT_CURRENCIES]; // every currency of today, of yesterday and of MRR, by name
    size_t line_count;
    int64_t active_subscriptions; // as `till metrics` has it today
};
struct report_meter_channel { // where digests go
    char name[STORE_NAME_BYTES], kind[STORE_NAME_BYTES];
    bool is_enabled;
    bool is_troubled;     // its newest digest failed, waits for another try, or nobody knows
    int64_t last_sent_us; // 0 = none, or none of the newest
};
struct report_meters {
    struct report_status status;
    struct report_meter_channel channels[TILL_LIMIT_CHANNELS];
    size_t channel_count;
    struct report_meter meters[REPORT_CARDS]; // of status.cards, by the same index; connected ones
};
// Nothing connected: no cards, and no error. Large: not for the stack.
enum till_code report_meters(struct store *store, const struct clock *clock,
                             const struct zone *zone, const struct report_status_options *options,
                             struct report_meters *ret_meters, struct till_error *e) TILL_MUSTUSE;

#endif
