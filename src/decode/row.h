// SPDX-License-Identifier: Apache-2.0
// row.h - one JSON object into one row of a table, or the reason why not.
#ifndef TILL_DECODE_ROW_H
#define TILL_DECODE_ROW_H

#include "decode/decode.h"
#include "decode/writer.h"

enum { ROW_MEMO_KEYS = 128 };

// What a key of the answer is: a column (its index), or one of these.
enum { KEY_EXTRA = -1, KEY_DROPPED = -2 };

// Kept over all rows of a page.
struct row_decoder {
    const struct table *table;
    struct writer *writer;
    bool *is_seen; // by column, of the row under way
    struct {
        struct sv key;
        int meaning;
    } memo
        [ROW_MEMO_KEYS]; // by position: rows of a page mostly have the same keys in the same order
};

// False when out of memory.
bool row_decoder_init(struct row_decoder *decoder, const struct table *table,
                      struct writer *writer);

// A UUID in lower case, its text borrowed when it already is; false for anything else.
bool id_normalise(struct writer *writer, struct sv text, struct sv *ret_id);

enum row_result { ROW_GOOD, ROW_REJECTED, ROW_NO_MEMORY };
// ROW_GOOD fills *ret_row, ROW_REJECTED *ret_reject (all but its index).
enum row_result row_decode(struct row_decoder *decoder, yyjson_val *item, struct row *ret_row,
                           struct decode_reject *ret_reject);

#endif
