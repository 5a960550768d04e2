// SPDX-License-Identifier: Apache-2.0
// traffic_metrics.c - look-ups in the one list of what is computed from traffic and revenue.
#include "model/traffic_metrics.h"

#include <stddef.h>
#include <string.h>

enum { NEAREST_DISTANCE = 6 };
static const char namespace_word[] = "traffic.";

static const struct traffic_metric metrics[TRAFFIC_METRIC__COUNT] = {
#define TRAFFIC_METRIC(metric_slug, metric_name, metric_type, metric_sentence, metric_formula)     \
    [TRAFFIC_METRIC_##metric_slug] = {                                                             \
        .id = TRAFFIC_METRIC_##metric_slug,                                                        \
        .slug = #metric_slug,                                                                      \
        .full_slug = "traffic." #metric_slug,                                                      \
        .name = metric_name,                                                                       \
        .type = TRAFFIC_TYPE_##metric_type,                                                        \
        .sentence = metric_sentence,                                                               \
        .formula = metric_formula,                                                                 \
    },
#include "model/traffic_metrics.def"
#undef TRAFFIC_METRIC
};

const struct traffic_metric *model_traffic_metric(enum traffic_metric_id id)
{
    return &metrics[id];
}

bool model_is_traffic_slug(struct sv slug)
{
    size_t len = sizeof namespace_word - 1;
    return slug.len >= len && memcmp(slug.ptr, namespace_word, len) == 0;
}

const struct traffic_metric *model_traffic_metric_by_slug(struct sv slug)
{
    for (size_t i = 0; i < TRAFFIC_METRIC__COUNT; i++)
        if (sv_equal(slug, sv_of(metrics[i].full_slug)))
            return &metrics[i];
    return NULL;
}

const char *model_traffic_metric_nearest(struct sv slug)
{
    const char *nearest = NULL;
    size_t least = NEAREST_DISTANCE;
    for (size_t i = 0; i < TRAFFIC_METRIC__COUNT; i++) {
        size_t away = sv_edit_distance(slug, sv_of(metrics[i].full_slug));
        if (away >= least)
            continue;
        least = away;
        nearest = metrics[i].full_slug;
    }
    return nearest;
}

const char *traffic_metric_type_word(enum traffic_metric_type type)
{
    static const char *const words[] = {[TRAFFIC_TYPE_COUNT] = "count",
                                        [TRAFFIC_TYPE_SHARE] = "rate",
                                        [TRAFFIC_TYPE_MONEY] = "money",
                                        [TRAFFIC_TYPE_MEAN] = "number"};
    return words[type];
}
