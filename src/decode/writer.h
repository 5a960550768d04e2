// SPDX-License-Identifier: Apache-2.0
// writer.h - writes values back as compact JSON, and plain text, into an arena; without credentials.
#ifndef TILL_DECODE_WRITER_H
#define TILL_DECODE_WRITER_H

#include <stdbool.h>
#include <yyjson.h>

#include "base/arena.h"
#include "base/sv.h"
#include "decode/document.h"

enum writer_problem {
    WRITER_OK,
    WRITER_NUL,     // text holds U+0000
    WRITER_UNICODE, // text is not UTF-8
    WRITER_MEMORY,  // arena_fail() tells which
};

// One text at a time: writer_begin(), pieces, writer_end(). The first problem stays until writer_begin().
struct writer {
    struct arena *arena;
    char *start, *at, *end;          // of the text under way; end of the chunk
    const struct document *document; // which texts must be looked into
    bool is_lossy; // repair bad text (U+FFFD) instead of reporting it, for rejects
    enum writer_problem problem;
};

// first_bytes: what all texts together are expected to need.
void writer_init(struct writer *writer, struct arena *arena, size_t first_bytes,
                 const struct document *document);
void writer_begin(struct writer *writer);
struct sv writer_end(struct writer *writer); // what was written; meaningless after a problem

void writer_char(struct writer *writer, char c);
// As it is, checked, credentials blotted out. Borrowed from `text` when nothing changed.
struct sv writer_text(struct writer *writer, struct sv text);
// Quoted and escaped.
void writer_string(struct writer *writer, yyjson_val *value);
// Any value, compact; members with a credential key are left out at every depth. Depth was checked by document_parse().
void writer_value(struct writer *writer, yyjson_val *value);

#endif
