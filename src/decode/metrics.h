// SPDX-License-Identifier: Apache-2.0
// metrics.h - Polar's answer about metrics, number by number.
#ifndef TILL_DECODE_METRICS_H
#define TILL_DECODE_METRICS_H

#include "base/error.h"
#include "base/sv.h"

// slug is borrowed until the callback returns. at_us INT64_MIN: one of the totals.
typedef void decode_metric(void *context, struct sv slug, int64_t at_us, double number);

// FORMAT when it is not {"periods":[{"timestamp":...,...}],"totals":{...}}. Values that are no numbers are passed over.
enum till_code decode_metrics(struct sv body, decode_metric *take, void *context,
                              struct till_error *e) TILL_MUSTUSE;

#endif
