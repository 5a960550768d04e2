// SPDX-License-Identifier: Apache-2.0
// json.h - reads JSON that is no table of tables.def: a tree to walk, for services with answers of their own.
//
// Everything lives in the arena of json_parse(). Every accessor takes NULL and values of another kind, and then says "not there": callers write the path
// that they expect and check its end.
#ifndef TILL_DECODE_JSON_H
#define TILL_DECODE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/sv.h"

struct json; // opaque

// Hidden: libjwt brings another library with functions of these names, which must go on finding its own.
#pragma GCC visibility push(hidden)

// FORMAT when it is not JSON or nested too deep; MEMORY and LIMIT from the arena, which takes about four times the body.
enum till_code json_parse(struct sv body, struct arena *arena, const struct json **ret_root,
                          struct till_error *e) TILL_MUSTUSE;
const struct json *json_get(const struct json *object, const char *key);
// Items of an array, one after the other: json_first(), then json_next() of each, NULL at the end.
const struct json *json_first(const struct json *array);
const struct json *json_next(const struct json *array, const struct json *item);
const struct json *json_at(const struct json *array, size_t index); // slow in long arrays
size_t json_count(const struct json *array);                        // 0 for anything else
bool json_is_array(const struct json *value);
bool json_is_object(const struct json *value);
bool json_is_true(const struct json *value);
// Strings as they were sent, which may be any bytes.
bool json_text(const struct json *value, struct sv *ret_text);
// A whole number, also one written as 12.0 or "12".
bool json_integer(const struct json *value, int64_t *ret_integer);
bool json_real(const struct json *value, double *ret_real); // finite
#pragma GCC visibility pop

#endif
