// SPDX-License-Identifier: Apache-2.0
// limits.h - limits.def as constants: TILL_LIMIT_PAGE_ROWS and so on.
#ifndef TILL_BASE_LIMITS_H
#define TILL_BASE_LIMITS_H

#include <stddef.h>

enum till_limit {
#define LIMIT(name, value, unit, sentence) TILL_LIMIT_##name = (value),
#include "base/limits.def"
#undef LIMIT
};

struct till_limit_info {
    const char *name;
    long value;
    const char *unit;
    const char *sentence;
};
// The whole table, for docs and tests; *ret_count rows.
const struct till_limit_info *till_limits(size_t *ret_count);

#endif
