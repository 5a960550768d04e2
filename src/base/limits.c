// SPDX-License-Identifier: Apache-2.0
// limits.c - limits.def as a table that documents and tests can walk.
#include "base/limits.h"

#include "base/attr.h"

static const struct till_limit_info limits[] = {
#define LIMIT(name, value, unit, sentence) {#name, (value), unit, sentence},
#include "base/limits.def"
#undef LIMIT
};

const struct till_limit_info *till_limits(size_t *ret_count)
{
    *ret_count = TILL_COUNT(limits);
    return limits;
}
