// SPDX-License-Identifier: Apache-2.0
// digest.h - the daily digest as text, Markdown, JSON and a mail in HTML. The same content in each; docs/digest.md has the grammar.
#ifndef TILL_VIEWS_DIGEST_H
#define TILL_VIEWS_DIGEST_H

#include "digest/digest.h"
#include "views/views.h"

// "MRR $4,210 ▲ 6% WoW". Without has_unicode of the style plain ASCII: "+6%", and what has no ASCII form is "?".
void view_digest_text(struct buf *out, const struct view_style *style, const struct digest *digest);
// CommonMark with tables. Text from outside is escaped.
void view_digest_markdown(struct buf *out, const struct view_style *style,
                          const struct digest *digest);
// One object, {"type":"digest","schema":1,...}; amounts in minor units. Nothing of the style.
void view_digest_json(struct buf *out, const struct digest *digest);
// A whole document for mail programs: tables, styles at each element, bars made of cells, nothing from elsewhere, light and dark. Well-formed as XML.
void view_digest_html(struct buf *out, const struct view_style *style, const struct digest *digest);

// ---- the text in sections, for places that set them in their own way ----
struct view_digest_section {
    struct sv title;        // "" of the first: the numbers, what they are about, and a remark
    const struct sv *lines; // none is empty
    size_t line_count;
};
struct view_digest_sections {
    struct view_digest_section *list; // in the arena, like all texts
    size_t count;
};
// The lines of view_digest_text(), without its title, colours and empty lines.
enum till_code view_digest_sections(const struct view_style *style, const struct digest *digest,
                                    struct arena *arena, struct view_digest_sections *ret_sections,
                                    struct till_error *e) TILL_MUSTUSE;
// Text as it stands in plain ASCII: what has no such form is "?".
void view_digest_ascii(struct buf *out, struct sv text);

// ---- pieces ----
// The members of the JSON object without its braces.
void view_digest_members(struct buf *out, const struct digest *digest);
enum { VIEW_DIGEST_BYTES = 65536 }; // of one text, or document
// "▲ 6%", "flat", "new", "" when there is nothing to compare with.
void view_digest_change(struct buf *out, const struct view_style *style,
                        const struct digest_line *line, enum digest_window window);
// "WoW", "MoM"; "" where the change has nothing beside it.
const char *view_digest_beside(const struct digest_line *line, enum digest_window window);
void view_digest_value(struct buf *out, const struct view_style *style,
                       const struct digest_line *line, const struct digest_number *number);
// "Daily digest of Example, Tuesday 2026-11-17"; text from outside as it is.
void view_digest_title(struct buf *out, const struct digest *digest);
// "Tuesday 2026-11-17 beside Tuesday 2026-11-10", "2026-11-01 to ... beside ..."
void view_digest_span(struct buf *out, const struct digest *digest, enum digest_window window);
const char *view_digest_window_title(enum digest_window window);
// A sentence about the whole, or "": that nothing happened, or that the day is not known to its end.
const char *view_digest_remark(const struct digest *digest);
const char *view_digest_nothing(const struct digest *digest); // instead of what stands out
// "as of 2026-11-18 06:00"; "failed: ...", "stale: ..."; of a source, without its name.
void view_digest_source(struct buf *out, const struct digest_source *source);

#endif
