// SPDX-License-Identifier: Apache-2.0
// html_style.c - html_style.def as a style sheet.
#include "views/html_style.h"

#include "base/attr.h"

static const char *const lines[] = {
#define LINE(css) css,
#include "views/html_style.def"
#undef LINE
};

void html_style(struct buf *out)
{
    for (size_t i = 0; i < TILL_COUNT(lines); i++) {
        buf_text(out, lines[i]);
        buf_char(out, '\n');
    }
}
