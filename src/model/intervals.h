// SPDX-License-Identifier: Apache-2.0
// intervals.h - how often a table may be brought in step: one list that feeds `tables set --every`, the setting sync_every, help, completion and views.
//
// A closed list instead of any duration: schedules that people can compare at a glance, none so short that it eats the shop's own request budget,
// and tables with the same interval share their runs.
#ifndef TILL_MODEL_INTERVALS_H
#define TILL_MODEL_INTERVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sv.h"

// FIRST and NEXT: word, milliseconds; in rising order.
#define MODEL_INTERVALS(FIRST, NEXT)                                                               \
    FIRST("5m", 300000)                                                                            \
    NEXT("15m", 900000)                                                                            \
    NEXT("1h", 3600000)                                                                            \
    NEXT("6h", 21600000)                                                                           \
    NEXT("24h", 86400000)                                                                          \
    NEXT("7d", 604800000)

// "5m|15m|1h|6h|24h|7d", as a literal.
#define MODEL_INTERVAL_FIRST_WORD(word, milliseconds) word
#define MODEL_INTERVAL_NEXT_WORD(word, milliseconds)  "|" word
#define MODEL_INTERVAL_WORDS                          MODEL_INTERVALS(MODEL_INTERVAL_FIRST_WORD, MODEL_INTERVAL_NEXT_WORD)

// False, and nothing is set, for a word that is not on the list.
bool model_interval_parse(struct sv word, int64_t *ret_ms);
// The word of an interval on the list, else "".
const char *model_interval_word(int64_t ms);

#endif
