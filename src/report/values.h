// SPDX-License-Identifier: Apache-2.0
// values.h - private to report: what a value of a streamed row is, or that it is absent.
#ifndef TILL_REPORT_VALUES_H
#define TILL_REPORT_VALUES_H

#include "metrics/metrics.h"
#include "store/store.h"

static inline struct sv text_of(const struct value *value) // .ptr NULL = none
{
    return value->type == VALUE_TEXT ? value->text : (struct sv){NULL, 0};
}

int64_t integer_of(const struct value *value, int64_t absent); // of a whole real as well
double real_of(const struct value *value);                     // 0 for what is no number
// A stored moment (YYYY-MM-DDTHH:MM:SS.ffffffZ), without the checks that it passed when it was stored; METRICS_NULL = none.
int64_t moment_of(const struct value *value);
// The same for rows in order of time, most of which are of the day of the one before.
struct moment_day { // starts as {0}
    char date[10];
    bool is_known;
    int64_t start_s;
};
int64_t moment_after(const struct value *value, struct moment_day *last);

#endif
