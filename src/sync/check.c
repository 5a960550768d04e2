// SPDX-License-Identifier: Apache-2.0
// check.c - does the mirror hold what the service holds? A sample answers within a few requests what a walk answers in thousands.
//
// Rows are drawn at random (the clock is the seed, so that each check draws others) and asked for by id, or by the table's batch filter where it is the id. A
// row that is not as mirrored lands like any other, so its difference stands in row_changes afterwards. Rows that changed since the run read them
// differ rightly; a check right after a sync finds few of those.
#include "sync/check.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

enum { QUERY_BYTES = 8000, BATCH_IDS = 40 };

static int64_t differences(const struct sync_table_result *result)
{
    return result->changed + result->returned + result->removed + result->added;
}

static enum till_code read_by_list(struct step *step, const struct store_ids *ids,
                                   struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t first = 0; first < ids->count && code == TILL_OK; first += BATCH_IDS) {
        struct fetch_answer answer;
        struct store_page_counts counts = {0};
        AUTO_BUF filter;
        buf_init(&filter, QUERY_BYTES);
        for (size_t i = first; i < ids->count && i < first + BATCH_IDS; i++) {
            buf_text(&filter, i > first ? "&id=" : "id=");
            buf_sv(&filter, ids->ids[i]);
        }
        struct polar_list list = {.table = step->result->table,
                                  .page = 1,
                                  .limit = FETCH_PAGE_ROWS,
                                  .filter = filter.data};
        code = buf_fail(&filter, "a filter", e);
        if (code == TILL_OK)
            code = step_page(step, &list, &answer, &counts, e);
        size_t asked = ids->count - first < BATCH_IDS ? ids->count - first : BATCH_IDS;
        if (code == TILL_OK && answer.page.row_count + answer.page.reject_count < asked)
            step->result->differing +=
                (int64_t)(asked - answer.page.row_count - answer.page.reject_count);
    }
    return code;
}

enum till_code check_table(struct step *step, struct till_error *e)
{
    const struct sync_options *options = step->options;
    const struct table *table = step->result->table;
    bool is_list = strcmp(table->in_step.batch_filter, "id") == 0;
    struct store_ids ids = {0};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    if (!is_list && !table->has_row_path)
        return TILL_OK; // events: never changed, and without an address of their own
    enum till_code code =
        store_sample(options->store, options->organization_id, table, (size_t)options->check_rows,
                     (uint64_t)clock_now_us(options->clock), &arena, &ids, e);
    int64_t before = differences(step->result);
    if (code == TILL_OK)
        code = is_list ? read_by_list(step, &ids, e) : step_read_ids(step, ids.ids, ids.count, e);
    if (code)
        return code;
    step->result->checked += (int64_t)ids.count;
    step->result->differing += differences(step->result) - before;
    return TILL_OK;
}
