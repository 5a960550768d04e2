// SPDX-License-Identifier: Apache-2.0
// escape.h - private to channels: texts from outside, made harmless in what each chat makes of a text.
#ifndef TILL_CHANNELS_ESCAPE_H
#define TILL_CHANNELS_ESCAPE_H

#include "base/arena.h"
#include "base/buf.h"

enum escape_dialect { ESCAPE_PLAIN, ESCAPE_SLACK, ESCAPE_DISCORD, ESCAPE_TELEGRAM };

// Appends the line so that it reads as it is: no format, no link, no ping, no control character. One line stays one line.
void escape_line(struct buf *out, struct sv line, enum escape_dialect dialect);
// How long the service says that an escaped text is: bytes for ESCAPE_PLAIN, else UTF-16 code units; Telegram counts behind the entities.
size_t escape_units(struct sv escaped, enum escape_dialect dialect);
// Escaped, and shortened with an ellipsis at a character's border to at most that many units. *ret_line is in the arena. MEMORY, LIMIT.
enum till_code escape_fit(struct sv line, enum escape_dialect dialect, size_t max_units,
                          struct arena *arena, struct sv *ret_line, struct till_error *e);

#endif
