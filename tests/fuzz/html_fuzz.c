// SPDX-License-Identifier: Apache-2.0
// html_fuzz.c - any bytes as text in a page, and as a name and an address that are masked.
//
// What must hold for every input: the page's text is UTF-8 without a character that could begin or end markup, every & begins one of the five entities, and
// undoing these gives what a terminal would be shown. A masked text has at most one character of each part.
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "views/html.h"

static const struct {
    struct sv entity;
    char character;
} entities[] = {{{"&amp;", 5}, '&'},
                {{"&lt;", 4}, '<'},
                {{"&gt;", 4}, '>'},
                {{"&quot;", 6}, '"'},
                {{"&#39;", 5}, '\''}};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void undo(struct buf *out, struct sv text)
{
    for (size_t i = 0; i < text.len;) {
        char c = text.ptr[i];
        must(c != '<' && c != '>' && c != '"' && c != '\'');
        must((unsigned char)c >= 0x20 && (unsigned char)c != 0x7f);
        size_t step = 1;
        for (size_t k = 0; c == '&' && k < TILL_COUNT(entities); k++) {
            struct sv rest = {text.ptr + i, text.len - i};
            if (!sv_starts_with(rest, entities[k].entity))
                continue;
            buf_char(out, entities[k].character);
            step = entities[k].entity.len;
        }
        must(c != '&' || step > 1);
        if (c != '&')
            buf_char(out, c);
        i += step;
    }
}

static size_t characters(struct sv text)
{
    size_t count = 0;
    for (bool is_valid = true; text.len > 0; count++) {
        size_t step = sv_utf8_step(text, &is_valid);
        must(is_valid);
        text.ptr += step;
        text.len -= step;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sv text = {(const char *)data, size};
    AUTO_BUF html, plain, shown;
    buf_init(&html, TILL_LIMIT_BUFFER_BYTES);
    buf_init(&plain, TILL_LIMIT_BUFFER_BYTES);
    buf_init(&shown, TILL_LIMIT_BUFFER_BYTES);
    view_html_text(&html, text);
    undo(&plain, (struct sv){html.data, html.len});
    (void)text_show(&shown, text, 0);
    must(sv_equal((struct sv){plain.data, plain.len}, (struct sv){shown.data, shown.len}));

    buf_reset(&html);
    buf_reset(&plain);
    view_html_masked_name(&html, text);
    undo(&plain, (struct sv){html.data, html.len});
    must(characters((struct sv){plain.data, plain.len}) <= sizeof "E. ..." - 1);
    buf_reset(&html);
    buf_reset(&plain);
    view_html_masked_email(&html, text);
    undo(&plain, (struct sv){html.data, html.len});
    must(characters((struct sv){plain.data, plain.len}) <= sizeof "e...@e..." - 1);
    return 0;
}
