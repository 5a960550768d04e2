// SPDX-License-Identifier: Apache-2.0
// intervals.c - look-ups in the one list of intervals.
#include "model/intervals.h"

#include "base/attr.h"

static const struct {
    const char *word;
    int64_t ms;
} intervals[] = {
#define ENTRY(word, milliseconds) {word, milliseconds},
    MODEL_INTERVALS(ENTRY, ENTRY)
#undef ENTRY
};

bool model_interval_parse(struct sv word, int64_t *ret_ms)
{
    for (size_t i = 0; i < TILL_COUNT(intervals); i++) {
        if (!sv_equal(word, sv_of(intervals[i].word)))
            continue;
        *ret_ms = intervals[i].ms;
        return true;
    }
    return false;
}

const char *model_interval_word(int64_t ms)
{
    for (size_t i = 0; i < TILL_COUNT(intervals); i++) {
        if (intervals[i].ms == ms)
            return intervals[i].word;
    }
    return "";
}
