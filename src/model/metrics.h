// SPDX-License-Identifier: Apache-2.0
// metrics.h - Polar's metrics as data: metrics.def expanded into descriptors.
#ifndef TILL_MODEL_METRICS_H
#define TILL_MODEL_METRICS_H

#include "base/sv.h"

enum metric_id {
#define METRIC(slug, ...) METRIC_##slug,
#include "model/metrics.def"
#undef METRIC
    METRIC__COUNT
};

enum metric_type {
    METRIC_SCALAR,
    METRIC_CURRENCY,   // cents of US dollars
    METRIC_SUB_CENT,   // the same with fractions
    METRIC_PERCENTAGE, // a share, 0 to 1
};
enum metric_nature { METRIC_BALANCE, METRIC_ACTIVITY };
enum metric_total { METRIC_SUM, METRIC_LAST, METRIC_RATIO };
enum metric_source { METRIC_ROWS, METRIC_EVENTS, METRIC_BOTH };

// Tables without which there is no value.
enum metric_needs {
    NEEDS_NOTHING = 0,
    NEEDS_SUBSCRIPTIONS = 1 << 0,
    NEEDS_ORDERS = 1 << 1,
    NEEDS_CHECKOUTS = 1 << 2,
};

// What may make a value inexact.
enum metric_doubts {
    DOUBT_RATES = 1 << 0,      // prices in other currencies, or that hold their tax
    DOUBT_SETTLEMENT = 1 << 1, // orders in other currencies, without events
    DOUBT_DISPUTES = 1 << 2,   // known from events only
    DOUBT_OPENINGS = 1 << 3,   // which checkouts were opened is not told
    DOUBT_COSTS = 1 << 4,      // the business's own events are not mirrored
    DOUBT_USERS = 1 << 5,      // likewise
    DOUBT_SEATS = 1 << 6,      // seats are not mirrored
    DOUBT_IMPORTS = 1 << 7,    // imported subscriptions, without events
    DOUBT_PLANS = 1 << 8, // a product filter, without events: the plan at the time is not known
};

struct metric {
    enum metric_id id;
    const char *slug;
    const char *display_name; // as Polar has it
    enum metric_type type;
    enum metric_nature nature;
    enum metric_total total;
    enum metric_source source;
    unsigned needs, doubts;
    const char *sentence, *formula;
};

const struct metric *model_metric(enum metric_id id);
const struct metric *model_metric_by_slug(struct sv slug); // NULL when unknown
// The slug nearest to a mistyped one, or NULL.
const char *model_metric_nearest(struct sv slug);
// "currency_sub_cent": as the API says it.
const char *metric_type_word(enum metric_type type);

#endif
