// SPDX-License-Identifier: Apache-2.0
// drift.c - the service counts more rows than are here: where?
//
// A row can appear behind everything that incremental runs look at: an imported subscription that started years ago, an order that became visible hours late, a
// back-dated event. A walk finds it at the price of the whole table. But orders, subscriptions and events can be cut by time, and every answer
// tells how many rows its cut has. So the time is halved, each half counted there (one request of one row) and here (an index), and only halves that differ are
// halved again, down to a cut of a few pages, which is read.
//
// Both bounds of a cut are exclusive, so the halves of (a, b) at m are (a, m) and (m - 1 us, b). A half that counts more than its whole shows that the
// service ignored the filter: then, and when rows are missing there instead of here, only a walk helps.
#include "sync/drift.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/timestamp.h"

enum { DEPTH = 64, READ_ROWS = 200, MOST_REQUESTS = 400, QUERY_BYTES = 512 };
// Cuts without a bound would be endless; no list reaches back before this or beyond the year 2200.
#define EARLIEST_US INT64_C(946684800000000)
#define LATEST_US   INT64_C(7258118400000000)

struct cut {
    int64_t after_us, before_us;
    int64_t there; // rows as the service counts them
};

struct search {
    struct step *step;
    struct cut cuts[DEPTH];
    size_t count;
    int requests;
    bool is_hopeless; // only a walk helps
};

static enum till_code cut_filter(const struct search *search, const struct cut *cut,
                                 struct buf *filter, struct till_error *e)
{
    const struct in_step *in_step = &search->step->result->table->in_step;
    char after[TIMESTAMP_BYTES + 1], before[TIMESTAMP_BYTES + 1];
    if (!timestamp_format(cut->after_us, after) || !timestamp_format(cut->before_us, before))
        return TILL_FAIL(e, TILL_USAGE, 0, "a time out of range");
    buf_format(filter, "%s=%s&%s=%s", in_step->after_filter, after, in_step->before_filter, before);
    return buf_fail(filter, "a filter", e);
}

static enum till_code count_there(struct search *search, struct cut *cut, struct till_error *e)
{
    struct step *step = search->step;
    struct fetch_answer answer;
    AUTO_BUF filter;
    buf_init(&filter, QUERY_BYTES);
    enum till_code code = cut_filter(search, cut, &filter, e);
    struct polar_list list = {
        .table = step->result->table, .page = 1, .limit = 1, .filter = filter.data};
    if (code == TILL_OK)
        code = fetch_page(step->options, &list, &step->arena, &answer, e);
    if (code)
        return code;
    search->requests += 1;
    cut->there = answer.page.total_count;
    return TILL_OK;
}

static enum till_code read_cut(struct search *search, const struct cut *cut, struct till_error *e)
{
    struct step *step = search->step;
    bool is_end = false;
    AUTO_BUF filter;
    buf_init(&filter, QUERY_BYTES);
    enum till_code code = cut_filter(search, cut, &filter, e);
    for (int64_t page = 1; code == TILL_OK && !is_end; page++) {
        struct polar_list list = {.table = step->result->table,
                                  .page = page,
                                  .limit = FETCH_PAGE_ROWS,
                                  .filter = filter.data};
        struct fetch_answer answer;
        struct store_page_counts counts = {0};
        code = step_page(step, &list, &answer, &counts, e);
        search->requests += 1;
        is_end =
            code == TILL_OK && answer.page.row_count + answer.page.reject_count < FETCH_PAGE_ROWS;
        if (page * FETCH_PAGE_ROWS > 2 * READ_ROWS && !is_end) {
            search->is_hopeless = true; // it was counted as less than that
            break;
        }
    }
    return code;
}

// Looks at one cut: done with it, read it, or two smaller ones in its place.
static enum till_code look(struct search *search, struct cut cut, struct till_error *e)
{
    const struct sync_options *options = search->step->options;
    int64_t here = 0;
    enum till_code code =
        store_count_between(options->store, options->organization_id, search->step->result->table,
                            cut.after_us, cut.before_us, &here, e);
    if (code || here == cut.there)
        return code;
    if (cut.there < 0 || here > cut.there || search->count + 2 > DEPTH) {
        search->is_hopeless = true;
        return TILL_OK;
    }
    if (cut.there <= READ_ROWS)
        return read_cut(search, &cut, e);
    int64_t middle_us = cut.after_us + (cut.before_us - cut.after_us) / 2;
    struct cut older = {.after_us = cut.after_us, .before_us = middle_us};
    struct cut newer = {.after_us = middle_us - 1, .before_us = cut.before_us};
    if (middle_us - cut.after_us < 2) { // more than a page of rows in one microsecond
        search->is_hopeless = true;
        return TILL_OK;
    }
    code = count_there(search, &older, e);
    if (code)
        return code;
    newer.there = cut.there - older.there;
    search->is_hopeless = newer.there < 0;
    search->cuts[search->count++] = older;
    search->cuts[search->count++] = newer;
    return TILL_OK;
}

enum till_code drift_mend(struct step *step, bool *ret_is_mended, struct till_error *e)
{
    struct search search = {.step = step, .count = 1};
    int64_t count = 0;
    int64_t walk_requests = step->total / FETCH_PAGE_ROWS + 2;
    *ret_is_mended = false;
    if (!step->result->table->in_step.after_filter[0])
        return TILL_OK;
    search.cuts[0] = (struct cut){.after_us = EARLIEST_US, .before_us = LATEST_US};
    enum till_code code = count_there(&search, &search.cuts[0], e);
    if (code == TILL_OK)
        step->total = step->result->server_total = search.cuts[0].there;
    while (code == TILL_OK && search.count > 0 && !search.is_hopeless) {
        search.is_hopeless = search.requests > MOST_REQUESTS ||
                             (search.requests > 40 && search.requests > walk_requests / 2);
        if (!search.is_hopeless)
            code = look(&search, search.cuts[--search.count], e);
    }
    if (code == TILL_OK)
        code = step_count(step, &count, e);
    *ret_is_mended = code == TILL_OK && !search.is_hopeless && count == step->total;
    return code;
}
