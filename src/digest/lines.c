// SPDX-License-Identifier: Apache-2.0
// lines.c - the list of lines as a table.
#include "digest/digest.h"

const struct digest_line_info digest_lines[DIGEST_LINE__COUNT] = {
#define LINE(slug, label, kind, unit, section, shown, meaning)                                     \
    {#slug, label, meaning, DIGEST_##kind, DIGEST_##unit, DIGEST_SECTION_##section, DIGEST_##shown},
#include "digest/lines.def"
#undef LINE
};

const char *digest_kind_word(enum digest_kind kind)
{
    return kind == DIGEST_BALANCE ? "balance" : "activity";
}

const char *digest_unit_word(enum digest_unit unit)
{
    return unit == DIGEST_COUNT ? "count" : unit == DIGEST_MONEY ? "money" : "percent";
}

size_t digest_windows(const struct digest *digest,
                      enum digest_window ret_windows[static DIGEST_WINDOW__COUNT])
{
    size_t count = 0;
    if (!digest->is_weekly)
        ret_windows[count++] = DIGEST_DAY;
    ret_windows[count++] = DIGEST_WEEK;
    ret_windows[count++] = DIGEST_MONTH;
    return count;
}
