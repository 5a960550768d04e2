// SPDX-License-Identifier: Apache-2.0
// borders.h - page borders that may run through a tie (private to the sync room).
#ifndef TILL_SYNC_BORDERS_H
#define TILL_SYNC_BORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/decode.h"

enum { BORDERS_PAGE_LIMIT = 100, BORDERS_MOST = 4096, BORDERS_KEY_BYTES = 512 };

struct borders {
    int64_t tied[BORDERS_MOST]; // row offsets: rows before and after one have equal sort keys
    size_t count;
    bool is_full;      // there were more: a further walk is needed to be sure
    int64_t next_page; // the page that would continue the last one noted; 0 = none noted
    char last_key[BORDERS_KEY_BYTES];
    bool is_last_known;
};

void borders_reset(struct borders *borders);
// Notes one landed page of BORDERS_PAGE_LIMIT rows. Pages may come twice; a page that does not continue the last one has an unknown border before it, which
// counts as tied.
void borders_note(struct borders *borders, int64_t page, const struct decode_page *decoded);
// A page (number and limit) that has the border well inside.
struct borders_window {
    int64_t page;
    int limit;
};
struct borders_window borders_window(int64_t offset);

#endif
