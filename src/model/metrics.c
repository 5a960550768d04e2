// SPDX-License-Identifier: Apache-2.0
// metrics.c - look-ups in the one list of metrics.
#include "model/metrics.h"

#include <stddef.h>

enum { NEAREST_DISTANCE = 6 };

static const struct metric metrics[METRIC__COUNT] = {
#define METRIC(metric_slug, name, metric_kind, metric_nature, metric_total, metric_source,         \
               metric_needs, metric_doubts, metric_sentence, metric_formula)                       \
    [METRIC_##metric_slug] = {                                                                     \
        .id = METRIC_##metric_slug,                                                                \
        .slug = #metric_slug,                                                                      \
        .display_name = name,                                                                      \
        .type = METRIC_##metric_kind,                                                              \
        .nature = METRIC_##metric_nature,                                                          \
        .total = METRIC_##metric_total,                                                            \
        .source = METRIC_##metric_source,                                                          \
        .needs = (metric_needs),                                                                   \
        .doubts = (metric_doubts),                                                                 \
        .sentence = metric_sentence,                                                               \
        .formula = metric_formula,                                                                 \
    },
#include "model/metrics.def"
#undef METRIC
};

const struct metric *model_metric(enum metric_id id)
{
    return &metrics[id];
}

const struct metric *model_metric_by_slug(struct sv slug)
{
    for (size_t i = 0; i < METRIC__COUNT; i++)
        if (sv_equal(slug, sv_of(metrics[i].slug)))
            return &metrics[i];
    return NULL;
}

const char *model_metric_nearest(struct sv slug)
{
    const char *nearest = NULL;
    size_t least = NEAREST_DISTANCE;
    for (size_t i = 0; i < METRIC__COUNT; i++) {
        size_t away = sv_edit_distance(slug, sv_of(metrics[i].slug));
        if (away < least) {
            least = away;
            nearest = metrics[i].slug;
        }
    }
    return nearest;
}

const char *metric_type_word(enum metric_type type)
{
    static const char *const words[] = {
        [METRIC_SCALAR] = "scalar",
        [METRIC_CURRENCY] = "currency",
        [METRIC_SUB_CENT] = "currency_sub_cent",
        [METRIC_PERCENTAGE] = "percentage",
    };
    return words[type];
}
