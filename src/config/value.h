// SPDX-License-Identifier: Apache-2.0
// value.h - one setting's text to its value, by the rules of settings.def. Private to this room.
#ifndef TILL_CONFIG_VALUE_H
#define TILL_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/sv.h"
#include "config/config.h"

// NULL when there is none. '.' and '_' are the same, so that sections may group keys.
const struct setting *setting_find(struct sv name);
// The closest name for "did you mean"; NULL when nothing is close.
const struct setting *setting_suggest(struct sv name);
// Checks; *ret_number is the integer, the milliseconds, or 0 and 1 of a boolean. A refusal leaves the reason in `reason`, as in
// "must be ...", and is false.
bool setting_parse(const struct setting *setting, struct sv text, int64_t *ret_number,
                   struct buf *reason);

#endif
