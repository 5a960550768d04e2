// SPDX-License-Identifier: Apache-2.0
// traffic_metrics.h - traffic beside revenue as data: traffic_metrics.def expanded into descriptors.
#ifndef TILL_MODEL_TRAFFIC_METRICS_H
#define TILL_MODEL_TRAFFIC_METRICS_H

#include <stdbool.h>

#include "base/sv.h"

enum traffic_metric_id {
#define TRAFFIC_METRIC(slug, ...) TRAFFIC_METRIC_##slug,
#include "model/traffic_metrics.def"
#undef TRAFFIC_METRIC
    TRAFFIC_METRIC__COUNT
};
enum traffic_metric_type {
    TRAFFIC_TYPE_COUNT,
    TRAFFIC_TYPE_SHARE,
    TRAFFIC_TYPE_MONEY,
    TRAFFIC_TYPE_MEAN
};

struct traffic_metric {
    enum traffic_metric_id id;
    const char *slug;      // "visitors"
    const char *full_slug; // "traffic.visitors"
    const char *name;
    enum traffic_metric_type type;
    const char *sentence, *formula;
};
const struct traffic_metric *model_traffic_metric(enum traffic_metric_id id);
// Does the slug begin with "traffic."?
bool model_is_traffic_slug(struct sv slug);
// By its full slug; NULL when unknown.
const struct traffic_metric *model_traffic_metric_by_slug(struct sv slug);
// The full slug nearest to a mistyped one, or NULL.
const char *model_traffic_metric_nearest(struct sv slug);
// "count", "rate", "money", "number": as the API says it.
const char *traffic_metric_type_word(enum traffic_metric_type type);

#endif
