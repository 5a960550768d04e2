// SPDX-License-Identifier: Apache-2.0
// json.c - a narrow way into yyjson's tree, so that its header stays in this room.
//
// Numbers are kept as text by document.c; they are read here when they are asked for. A count that some ClickHouse writes as "12" and some library as 12.0 is
// the number 12 all the same; 12.5 is not a count.
#include "decode/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decode/document.h"

enum { NUMBER_BYTES = 64 };

static yyjson_val *value_of(const struct json *json)
{
    union {
        const struct json *json;
        yyjson_val *value;
    } both = {.json = json};
    return both.value;
}

static const struct json *json_of(yyjson_val *value)
{
    return (const struct json *)(const void *)value;
}

enum till_code json_parse(struct sv body, struct arena *arena, const struct json **ret_root,
                          struct till_error *e)
{
    struct document document = {0};
    enum till_code code = document_parse(body, arena, arena, &document, e);
    if (code == TILL_OK)
        *ret_root = json_of(document.root);
    return code;
}

const struct json *json_get(const struct json *object, const char *key)
{
    return json_of(yyjson_obj_get(value_of(object), key));
}

const struct json *json_first(const struct json *array)
{
    return json_of(yyjson_arr_get_first(value_of(array)));
}

const struct json *json_next(const struct json *array, const struct json *item)
{
    yyjson_val *container = value_of(array), *next = value_of(item);
    if (!next)
        return NULL;
    next = unsafe_yyjson_get_next(next);
    return next < unsafe_yyjson_get_next(container) ? json_of(next) : NULL;
}

const struct json *json_at(const struct json *array, size_t index)
{
    return json_of(yyjson_arr_get(value_of(array), index));
}

size_t json_count(const struct json *array)
{
    return yyjson_arr_size(value_of(array));
}

bool json_is_array(const struct json *value)
{
    return yyjson_is_arr(value_of(value));
}

bool json_is_object(const struct json *value)
{
    return yyjson_is_obj(value_of(value));
}

bool json_is_true(const struct json *value)
{
    return yyjson_is_true(value_of(value));
}

bool json_text(const struct json *value, struct sv *ret_text)
{
    if (!yyjson_is_str(value_of(value)))
        return false;
    *ret_text = document_text(value_of(value));
    return true;
}

bool json_real(const struct json *value, double *ret_real)
{
    yyjson_val *number = value_of(value);
    char text[NUMBER_BYTES];
    char *end = NULL;
    if (!yyjson_is_raw(number) && !yyjson_is_str(number))
        return false;
    struct sv raw = document_text(number);
    if (raw.len == 0 || raw.len >= sizeof text || strchr("-0123456789", raw.ptr[0]) == NULL)
        return false;
    memcpy(text, raw.ptr, raw.len);
    text[raw.len] = '\0';
    errno = 0;
    double real = strtod(text, &end);
    if (*end != '\0' || !isfinite(real))
        return false;
    *ret_real = real;
    return true;
}

bool json_integer(const struct json *value, int64_t *ret_integer)
{
    yyjson_val *number = value_of(value);
    double real = 0;
    if (!yyjson_is_raw(number) && !yyjson_is_str(number))
        return false;
    if (sv_to_int64(document_text(number), ret_integer))
        return true;
    if (!json_real(value, &real) || fabs(real) > 9e15 || fabs(real - nearbyint(real)) > 0)
        return false;
    *ret_integer = (int64_t)real;
    return true;
}
