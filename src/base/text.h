// SPDX-License-Identifier: Apache-2.0
// text.h - text for terminals: how wide it is, how to cut it, and how to keep what came from outside from steering the terminal.
#ifndef TILL_BASE_TEXT_H
#define TILL_BASE_TEXT_H

#include "base/buf.h"
#include "base/sv.h"

// Terminal columns: East Asian wide and emoji count 2, combining marks and other zero-width characters 0, control and invalid bytes 1 (as
// shown below).
size_t text_width(struct sv text);
// Appends text with control characters, bidirectional overrides and invalid bytes shown as U+FFFD (line breaks and tabs as one space), cut
// to `width` columns with an ellipsis when it is longer. Returns the columns used. width 0 = no limit.
size_t text_show(struct buf *out, struct sv text, size_t width);

#endif
