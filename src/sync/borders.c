// SPDX-License-Identifier: Apache-2.0
// borders.c - ties at page borders: how a row can hide there, and where to look again.
//
// Polar sorts a list by the keys that were asked for and nothing else, so rows with equal keys come in any order, which may differ between two
// requests. Inside of a page that does no harm. Where a group of equal keys lies across the border of two pages, the same row can come on both and
// another on neither. Such a border is easy to see: the last row before it and the first row after it have equal keys. Reading a window of rows
// that has the border well inside (another page size moves all borders) returns the whole group in one answer, in whatever order.
//
// A group of more rows than a window holds (an import of hundreds of subscriptions that "started" in the same second) is not caught whole by one
// window; walk.c repeats the round while it finds something.
#include "sync/borders.h"

#include <stdio.h>
#include <string.h>

void borders_reset(struct borders *borders)
{
    borders->count = 0;
    borders->is_full = false;
    borders->next_page = 0;
    borders->is_last_known = false;
}

// The row's sort keys as one text. Keys that are cut off make more borders tied, never fewer.
static void row_key(const struct row *row, char ret_key[static BORDERS_KEY_BYTES])
{
    struct sv rest = sv_of(row->table->walk_sorting);
    struct sv name = {0};
    size_t used = 0;
    ret_key[0] = '\0';
    while (sv_split(&rest, ' ', &name)) {
        size_t index = 0;
        if (!model_column(row->table, name, &index))
            continue;
        const struct value *value = &row->values[index];
        int wrote = 0;
        if (value->type == VALUE_TEXT)
            wrote = snprintf(ret_key + used, BORDERS_KEY_BYTES - used, SV_FORMAT "\x1f",
                             SV_ARGS(value->text));
        else if (value->type == VALUE_INTEGER)
            wrote = snprintf(ret_key + used, BORDERS_KEY_BYTES - used, "%lld\x1f",
                             (long long)value->integer);
        else
            wrote = snprintf(ret_key + used, BORDERS_KEY_BYTES - used, "\x1f");
        if (wrote < 0 || (size_t)wrote >= BORDERS_KEY_BYTES - used)
            return;
        used += (size_t)wrote;
    }
}

static void add(struct borders *borders, int64_t offset)
{
    for (size_t i = 0; i < borders->count; i++) {
        if (borders->tied[i] == offset)
            return;
    }
    if (borders->count < BORDERS_MOST)
        borders->tied[borders->count++] = offset;
    else
        borders->is_full = true;
}

void borders_note(struct borders *borders, int64_t page, const struct decode_page *decoded)
{
    char first_key[BORDERS_KEY_BYTES];
    if (decoded->row_count + decoded->reject_count == 0)
        return;
    // A row that was set aside at either end hides its key.
    bool is_first_known = decoded->row_count > 0;
    bool is_last_known = decoded->row_count > 0;
    size_t items = decoded->row_count + decoded->reject_count;
    for (size_t i = 0; i < decoded->reject_count; i++) {
        is_first_known = is_first_known && decoded->rejects[i].index != 0;
        is_last_known = is_last_known && decoded->rejects[i].index + 1 != items;
    }
    if (is_first_known)
        row_key(&decoded->rows[0], first_key);
    bool continues = borders->next_page == page && borders->is_last_known && is_first_known;
    if (page > 1 && (!continues || strcmp(first_key, borders->last_key) == 0))
        add(borders, (page - 1) * BORDERS_PAGE_LIMIT);
    if (is_last_known)
        row_key(&decoded->rows[decoded->row_count - 1], borders->last_key);
    borders->is_last_known = is_last_known;
    borders->next_page = page + 1;
}

struct borders_window borders_window(int64_t offset)
{
    struct borders_window best = {.page = offset / BORDERS_PAGE_LIMIT + 1,
                                  .limit = BORDERS_PAGE_LIMIT};
    int64_t best_margin = 0;
    for (int limit = BORDERS_PAGE_LIMIT; limit > BORDERS_PAGE_LIMIT / 2; limit--) {
        int64_t inside = offset % limit;
        int64_t margin = inside < limit - inside ? inside : limit - inside;
        if (margin > best_margin) {
            best_margin = margin;
            best = (struct borders_window){.page = offset / limit + 1, .limit = limit};
        }
    }
    return best;
}
