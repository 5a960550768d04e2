// SPDX-License-Identifier: Apache-2.0
// attr.h - compiler attributes under names that say what they are for.
#ifndef TILL_BASE_ATTR_H
#define TILL_BASE_ATTR_H

#define TILL_MUSTUSE __attribute__((warn_unused_result))
#define TILL_PRINTF(format_index, first_index)                                                     \
    __attribute__((format(printf, format_index, first_index)))
#define TILL_CLEANUP(function) __attribute__((cleanup(function)))
#define TILL_UNUSED            __attribute__((unused))
#define TILL_COUNT(array)      (sizeof(array) / sizeof((array)[0]))

#endif
