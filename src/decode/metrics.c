// SPDX-License-Identifier: Apache-2.0
// metrics.c - walks through periods and totals of Polar's metrics.
#include "decode/metrics.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/timestamp.h"
#include "decode/document.h"

enum { NUMBER_BYTES = 64 };

// Numbers stand as they were sent.
static bool number_of(yyjson_val *value, double *ret_number)
{
    char text[NUMBER_BYTES];
    if (!yyjson_is_raw(value))
        return false;
    struct sv sent = document_text(value);
    if (sent.len >= sizeof text)
        return false;
    memcpy(text, sent.ptr, sent.len);
    text[sent.len] = '\0';
    *ret_number = strtod(text, NULL); // JSON's numbers, in the C locale
    return true;
}

static void take_numbers(yyjson_val *object, int64_t at_us, decode_metric *take, void *context)
{
    size_t index, count;
    yyjson_val *key, *value;
    yyjson_obj_foreach(object, index, count, key, value)
    {
        double number;
        if (number_of(value, &number))
            take(context, document_text(key), at_us, number);
    }
}

static enum till_code take_periods(yyjson_val *periods, decode_metric *take, void *context,
                                   struct till_error *e)
{
    size_t index, count;
    yyjson_val *period;
    yyjson_arr_foreach(periods, index, count, period)
    {
        int64_t at_us;
        yyjson_val *timestamp = yyjson_obj_get(period, "timestamp");
        if (!yyjson_is_str(timestamp) || !timestamp_parse(document_text(timestamp), &at_us))
            return TILL_FAIL(e, TILL_FORMAT, 0, "period %zu of the metrics has no timestamp",
                             index);
        take_numbers(period, at_us, take, context);
    }
    return TILL_OK;
}

enum till_code decode_metrics(struct sv body, decode_metric *take, void *context,
                              struct till_error *e)
{
    struct document document;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_BUFFER_BYTES * 4L);
    enum till_code code = document_parse(body, &arena, &arena, &document, e);
    if (code)
        return till_error_context(e, "could not read Polar's metrics");
    yyjson_val *periods = yyjson_obj_get(document.root, "periods");
    yyjson_val *totals = yyjson_obj_get(document.root, "totals");
    if (!yyjson_is_arr(periods) || !yyjson_is_obj(totals))
        return TILL_FAIL(e, TILL_FORMAT, 0, "Polar's metrics have no periods or no totals");
    code = take_periods(periods, take, context, e);
    if (code == TILL_OK)
        take_numbers(totals, INT64_MIN, take, context);
    return code;
}
