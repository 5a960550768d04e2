// SPDX-License-Identifier: Apache-2.0
// html_style.h - the look of the overview's file (private to this room).
#ifndef TILL_VIEWS_HTML_STYLE_H
#define TILL_VIEWS_HTML_STYLE_H

#include "base/buf.h"

void html_style(struct buf *out);

#endif
