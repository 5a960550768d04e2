// SPDX-License-Identifier: Apache-2.0
// html.h - the overview as one file for a browser: no script, nothing from elsewhere, charts as inline SVG.
#ifndef TILL_VIEWS_HTML_H
#define TILL_VIEWS_HTML_H

#include "report/overview.h"
#include "store/notes.h"
#include "views/views.h"

struct view_html_options {
    bool has_names;                 // false: names and e-mail addresses of customers are masked
    const struct view_style *style; // its locale alone
    const char *version;            // of this program
    const struct store_annotations *annotations;
    const struct store_goals *goals;
};
// Well-formed as XML too, so that any parser can check it.
void view_overview_html(struct buf *out, const struct report_overview *overview,
                        const struct view_html_options *options);

// Text from outside for the inside of an element or of a quoted attribute: markup loses its meaning; control characters, bidirectional overrides and invalid
// bytes become U+FFFD.
void view_html_text(struct buf *out, struct sv text);
// "E. ···" of "Emma Example", "e···@e···" of "emma@example.com"; escaped. Nothing of an empty text.
void view_html_masked_name(struct buf *out, struct sv name);
void view_html_masked_email(struct buf *out, struct sv email);

#endif
