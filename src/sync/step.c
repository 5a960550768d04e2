// SPDX-License-Identifier: Apache-2.0
// step.c - keeps one table in step at the price of a request or two, whatever its size.
//
// Polar cannot be asked what changed. But most changes show in few places, and each place here is asked with one request:
//
//   head    the newest rows, newest first, as long as pages bring something new. Their total tells how many rows there are.
//   window  where the head brought news and the list can be cut by time: everything since an hour before the newest known row, oldest first, so that rows
//           which became visible late are met (created_at is set before the commit). A row from before the window shows that the filter was ignored.
//   moving  rows whose status changes by itself (pending orders, open checkouts): the service's list of them against ours. Those that left it are read again.
//   due     subscriptions whose period has ended since the last run: they were renewed, or were not.
//   hints   rows that other rows or the event feed pointed at (hints.c).
//   proof   as many rows as the service counts. If not, drift.c looks for the difference, and in the end a walk finds it.
//
// What this cannot see (a silent edit of an old row that no event, order or status tells of) the slow full walk finds. docs/sync.md lists both.
//
// When so much has changed that the requests come to more than half of a walk's, the step says needs_walk instead.
#include "sync/step.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/timestamp.h"
#include "sync/borders.h"

// How far before the newest known row a window begins: rows become visible late, events are delivered late.
#define WINDOW_OVERLAP_US (INT64_C(3600) * 1000000)
// A period that ended shortly before the last run may not have been acted upon by the service then.
#define DUE_OVERLAP_US (INT64_C(900) * 1000000)
enum {
    CHEAP_PAGES = 10,     // never give up for a walk before so many requests
    BATCH_IDS = 40,       // ids in one request: 40 x 41 bytes of address
    MOST_REREADS = 20000, // hints taken in one run; the others wait
    FEW_ROWS = 3,         // not worth a batch
    MOST_MOVING = 20000,  // rows in motion that are compared; a walk when there are more
    BORDER_ROUNDS = 8,    // over the tied borders of a window
    QUERY_BYTES = 3000
};

void step_init(struct step *step, const struct sync_options *options,
               struct sync_progress *progress, struct sync_table_result *result)
{
    *step = (struct step){.options = options, .progress = progress, .result = result, .total = -1};
    step->started_ms = clock_monotonic_ms(options->clock);
    step->now_us = clock_now_us(options->clock);
    arena_init(&step->arena, TILL_LIMIT_ARENA_BYTES);
    arrival_init(&step->arrival, options->store, NULL, options->organization_id, result->table);
    step->arrival.derives_hints = true;
}

void step_release(struct step *step)
{
    arena_release(&step->arena);
}

static void report_progress(struct step *step)
{
    struct sync_progress *progress = step->progress;
    const struct sync_table_result *result = step->result;
    if (!step->options->progress)
        return;
    progress->rows_done = result->added + result->changed + result->unchanged + result->returned;
    progress->rows_total = -1;
    progress->rows_before = 0;
    progress->elapsed_ms = clock_monotonic_ms(step->options->clock) - step->started_ms;
    progress->is_done = false;
    step->options->progress(step->options->progress_context, progress);
}

static enum till_code land(struct step *step, const struct fetch_answer *answer,
                           struct store_page_counts *ret_counts, struct till_error *e)
{
    struct sync_table_result *result = step->result;
    struct store_page_counts counts = {0};
    struct arrival_page incoming = {
        .page = &answer->page, .arena = &step->arena, .asked_us = answer->asked_us};
    enum till_code code =
        arrival_land(&step->arrival, &incoming, clock_now_us(step->options->clock), &counts, e);
    if (code)
        return code;
    result->pages += 1;
    result->added += counts.added;
    result->changed += counts.changed;
    result->unchanged += counts.unchanged;
    result->returned += counts.returned;
    result->quarantined += counts.quarantined;
    *ret_counts = counts;
    report_progress(step);
    return TILL_OK;
}

enum till_code step_page(struct step *step, const struct polar_list *list,
                         struct fetch_answer *ret_answer, struct store_page_counts *ret_counts,
                         struct till_error *e)
{
    enum till_code code = fetch_page(step->options, list, &step->arena, ret_answer, e);
    if (code && ret_answer->is_scope_missing) {
        step->result->is_skipped = true;
        memcpy(step->result->accepted_scopes, ret_answer->accepted_scopes,
               sizeof step->result->accepted_scopes);
    }
    return code ? code : land(step, ret_answer, ret_counts, e);
}

static bool is_news(const struct store_page_counts *counts)
{
    return counts->added + counts->changed + counts->returned > 0;
}

static bool is_last_page(const struct fetch_answer *answer, int64_t page)
{
    size_t rows = answer->page.row_count + answer->page.reject_count;
    return rows < FETCH_PAGE_ROWS || (answer->page.max_page >= 0 && page >= answer->page.max_page);
}

// Whether so many requests are better spent on a walk.
static bool is_walk_cheaper(const struct step *step, int64_t requests)
{
    int64_t walk = step->total / FETCH_PAGE_ROWS + 2;
    return requests > CHEAP_PAGES && requests > walk / 2;
}

static void add_time_filter(struct buf *filter, const char *name, int64_t us)
{
    char text[TIMESTAMP_BYTES + 1];
    if (timestamp_format(us, text))
        buf_format(filter, "%s%s=%s", filter->len > 0 ? "&" : "", name, text);
}

static enum till_code first_page(struct step *step, bool *ret_has_news, bool *ret_is_whole,
                                 struct till_error *e)
{
    const struct table *table = step->result->table;
    struct polar_list list = {.table = table,
                              .page = 1,
                              .limit = FETCH_PAGE_ROWS,
                              .sorting = table->in_step.head_sorting};
    struct fetch_answer answer;
    struct store_page_counts counts = {0};
    enum till_code code = step_page(step, &list, &answer, &counts, e);
    if (code)
        return code;
    step->total = step->result->server_total = answer.page.total_count;
    *ret_has_news = is_news(&counts);
    *ret_is_whole = is_last_page(&answer, 1);
    return TILL_OK;
}

// Newest first until a page brings nothing new.
static enum till_code read_down(struct step *step, struct till_error *e)
{
    const struct table *table = step->result->table;
    bool has_news = true, is_end = false;
    for (int64_t page = 2; has_news && !is_end && !step->needs_walk; page++) {
        struct polar_list list = {.table = table,
                                  .page = page,
                                  .limit = FETCH_PAGE_ROWS,
                                  .sorting = table->in_step.head_sorting};
        struct fetch_answer answer;
        struct store_page_counts counts = {0};
        enum till_code code = step_page(step, &list, &answer, &counts, e);
        if (code)
            return code;
        step->total = step->result->server_total = answer.page.total_count;
        has_news = is_news(&counts);
        is_end = is_last_page(&answer, page);
        step->needs_walk = is_walk_cheaper(step, page);
    }
    return TILL_OK;
}

// Whether a row of the page is from before the window: then the service ignored the filter.
static bool is_filter_ignored(const struct step *step, const struct decode_page *page,
                              int64_t after_us)
{
    size_t index = 0;
    const struct table *table = step->result->table;
    if (!model_column(table, sv_of(table->walk_key), &index))
        return true;
    for (size_t i = 0; i < page->row_count; i++) {
        int64_t us = 0;
        const struct value *key = &page->rows[i].values[index];
        if (key->type == VALUE_TEXT && timestamp_parse(key->text, &us) && us <= after_us)
            return true;
    }
    return false;
}

// A window of a list that can be cut by time: everything after a moment, oldest first.
struct window {
    int64_t after_us;
    const char *filter;
    int64_t total; // as its newest page told
    bool is_cut;   // the service minded the filter
    struct borders borders;
};

static enum till_code read_window_pages(struct step *step, struct window *window,
                                        struct till_error *e)
{
    const struct table *table = step->result->table;
    bool is_end = false;
    enum till_code code = TILL_OK;
    for (int64_t page = 1; !is_end && !step->needs_walk && window->is_cut; page++) {
        struct polar_list list = {
            .table = table, .page = page, .limit = FETCH_PAGE_ROWS, .filter = window->filter};
        struct fetch_answer answer;
        struct store_page_counts counts = {0};
        code = step_page(step, &list, &answer, &counts, e);
        if (code)
            break;
        borders_note(&window->borders, page, &answer.page);
        window->total = answer.page.total_count;
        window->is_cut = !is_filter_ignored(step, &answer.page, window->after_us);
        is_end = is_last_page(&answer, page);
        step->needs_walk = table->id != TABLE_events && is_walk_cheaper(step, page);
    }
    return code;
}

// Rows with equal times come in any order, so one can hide where two pages meet. While the window counts more rows than are here, such borders are
// read again, in the middle of a page.
static enum till_code read_window_borders(struct step *step, struct window *window,
                                          struct till_error *e)
{
    const struct sync_options *options = step->options;
    int64_t count = 0;
    enum till_code code = TILL_OK;
    for (int round = 0; round < BORDER_ROUNDS && code == TILL_OK; round++) {
        for (size_t i = 0; i < window->borders.count && code == TILL_OK; i++) {
            struct borders_window at = borders_window(window->borders.tied[i]);
            struct polar_list list = {.table = step->result->table,
                                      .page = at.page,
                                      .limit = at.limit,
                                      .filter = window->filter};
            struct fetch_answer answer;
            struct store_page_counts counts = {0};
            code = store_count_between(options->store, options->organization_id,
                                       step->result->table, window->after_us, INT64_MAX, &count, e);
            if (code || count >= window->total)
                return code;
            code = step_page(step, &list, &answer, &counts, e);
        }
    }
    return code;
}

// *ret_is_cut false: the list could not be cut.
static enum till_code read_window(struct step *step, int64_t after_us, bool *ret_is_cut,
                                  struct till_error *e)
{
    struct window window = {.after_us = after_us, .is_cut = true};
    AUTO_BUF filter;
    buf_init(&filter, QUERY_BYTES);
    add_time_filter(&filter, step->result->table->in_step.after_filter, after_us);
    enum till_code code = buf_fail(&filter, "a filter", e);
    window.filter = filter.data;
    borders_reset(&window.borders);
    if (code == TILL_OK)
        code = read_window_pages(step, &window, e);
    if (code == TILL_OK && window.is_cut && !step->needs_walk)
        code = read_window_borders(step, &window, e);
    *ret_is_cut = window.is_cut;
    return code;
}

// The events of one moment.
static enum till_code read_moment(struct step *step, int64_t at_us, struct till_error *e)
{
    const struct table *table = step->result->table;
    struct fetch_answer answer;
    struct store_page_counts counts = {0};
    AUTO_BUF filter;
    buf_init(&filter, QUERY_BYTES);
    add_time_filter(&filter, table->in_step.after_filter, at_us - 1);
    add_time_filter(&filter, table->in_step.before_filter, at_us + 1);
    enum till_code code = buf_fail(&filter, "a filter", e);
    struct polar_list list = {
        .table = table, .page = 1, .limit = FETCH_PAGE_ROWS, .filter = filter.data};
    return code ? code : step_page(step, &list, &answer, &counts, e);
}

// Orders that were paid long after they were made: the event with their money is dated back to the order, before the window. Orders that are
// not known yet are younger than the window.
static enum till_code read_late_payments(struct step *step, int64_t after_us, struct till_error *e)
{
    const struct sync_options *options = step->options;
    const struct table *table = step->result->table;
    int64_t asked_us = clock_now_us(options->clock);
    struct store_ids ids = {0};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code =
        store_hints(options->store, options->organization_id, table, MOST_REREADS, &arena, &ids, e);
    if (code || ids.count == 0)
        return code;
    struct value *made = arena_calloc(&arena, ids.count, sizeof *made);
    if (!made)
        return arena_fail(&arena, "late payments", e);
    code = store_column_of(options->store, model_table(TABLE_orders), "created_at", ids.ids,
                           ids.count, &arena, made, e);
    for (size_t i = 0; i < ids.count && code == TILL_OK; i++) {
        int64_t made_us = 0;
        bool is_known = made[i].type == VALUE_TEXT && timestamp_parse(made[i].text, &made_us);
        if (is_known && made_us <= after_us)
            code = read_moment(step, made_us, e);
    }
    return code ? code
                : store_hints_drop(options->store, options->organization_id, table, asked_us, e);
}

// The feed is a window and little else: events never change.
static enum till_code read_feed(struct step *step, struct till_error *e)
{
    const struct sync_options *options = step->options;
    const struct table *table = step->result->table;
    int64_t newest_us = 0;
    bool is_cut = true;
    enum till_code code =
        store_newest(options->store, options->organization_id, table, &newest_us, e);
    if (code)
        return code;
    if (newest_us > step->now_us)
        newest_us = step->now_us;
    code = read_window(step, newest_us - WINDOW_OVERLAP_US, &is_cut, e);
    if (code == TILL_OK && !is_cut)
        code = read_down(step, e);
    return code ? code : read_late_payments(step, newest_us - WINDOW_OVERLAP_US, e);
}

static enum till_code read_head(struct step *step, struct till_error *e)
{
    const struct sync_options *options = step->options;
    const struct table *table = step->result->table;
    bool has_news = false, is_whole = false, is_cut = false;
    int64_t newest_us = 0;
    enum till_code code =
        store_newest(options->store, options->organization_id, table, &newest_us, e);
    if (code == TILL_OK)
        code = first_page(step, &has_news, &is_whole, e);
    if (code || !has_news || is_whole)
        return code;
    if (table->in_step.after_filter[0] && newest_us > 0) {
        code = read_window(step, newest_us - WINDOW_OVERLAP_US, &is_cut, e);
        if (code || is_cut)
            return code;
    }
    return read_down(step, e);
}

// ---- rows in motion ----

static void add_words(struct buf *filter, const char *name, const char *words)
{
    struct sv rest = sv_of(words), word = {0};
    while (sv_split(&rest, ' ', &word)) {
        buf_format(filter, "%s%s=", filter->len > 0 ? "&" : "", name);
        buf_sv(filter, word);
    }
}

// Says that these rows of the table are to be read again; is_met[i] (may be NULL) leaves one out.
static enum till_code hint_at(struct step *step, const struct store_ids *ids, const bool *is_met,
                              struct till_error *e)
{
    const struct sync_options *options = step->options;
    size_t count = 0;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct store_hint *hints = arena_calloc(&arena, ids->count + 1, sizeof *hints);
    if (!hints)
        return arena_fail(&arena, "hints", e);
    for (size_t i = 0; i < ids->count; i++) {
        if (is_met && is_met[i])
            continue;
        hints[count++] = (struct store_hint){
            .table = step->result->table, .row_id = ids->ids[i], .source = "state"};
    }
    return count == 0 ? TILL_OK
                      : store_hints_put(options->store, options->organization_id, hints, count,
                                        clock_now_us(options->clock), e);
}

static int compare_texts(const void *a, const void *b)
{
    const struct sv *x = a, *y = b;
    size_t shorter = x->len < y->len ? x->len : y->len;
    int order = shorter ? memcmp(x->ptr, y->ptr, shorter) : 0;
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

// ids are sorted.
static void meet(const struct decode_page *page, const struct store_ids *ids, bool *is_met)
{
    for (size_t i = 0; i < page->row_count && ids->count > 0; i++) {
        struct sv id = row_id(&page->rows[i]);
        const struct sv *found =
            bsearch(&id, ids->ids, ids->count, sizeof *ids->ids, compare_texts);
        if (found)
            is_met[found - ids->ids] = true;
    }
}

// Reads the service's list of rows in motion. It ends early when there are as many as here and the newest bring nothing new.
static enum till_code read_moving_list(struct step *step, const struct store_ids *ids, bool *is_met,
                                       bool *ret_is_as_before, struct till_error *e)
{
    const struct table *table = step->result->table;
    bool is_end = false;
    AUTO_BUF filter;
    buf_init(&filter, QUERY_BYTES);
    add_words(&filter, "status", table->in_step.moving);
    enum till_code code = buf_fail(&filter, "a filter", e);
    for (int64_t page = 1; code == TILL_OK && !is_end && !step->needs_walk; page++) {
        struct polar_list list = {.table = table,
                                  .page = page,
                                  .limit = FETCH_PAGE_ROWS,
                                  .sorting = table->in_step.head_sorting,
                                  .filter = filter.data};
        struct fetch_answer answer;
        struct store_page_counts counts = {0};
        code = step_page(step, &list, &answer, &counts, e);
        if (code)
            break;
        meet(&answer.page, ids, is_met);
        *ret_is_as_before = page == 1 && answer.page.total_count == ids->total && !is_news(&counts);
        is_end = *ret_is_as_before || is_last_page(&answer, page);
        step->needs_walk = is_walk_cheaper(step, page);
    }
    return code;
}

// Rows that are in motion there land; those that are in motion only here have moved on, and are read again.
static enum till_code read_moving(struct step *step, struct till_error *e)
{
    const struct sync_options *options = step->options;
    struct store_ids ids = {0};
    bool is_as_before = false;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = store_moving(options->store, options->organization_id,
                                       step->result->table, MOST_MOVING, &arena, &ids, e);
    if (code)
        return code;
    bool *is_met = arena_calloc(&arena, ids.count + 1, sizeof *is_met);
    if (!is_met)
        return arena_fail(&arena, "rows in motion", e);
    if (ids.count > 0)
        qsort(ids.ids, ids.count, sizeof *ids.ids, compare_texts);
    code = read_moving_list(step, &ids, is_met, &is_as_before, e);
    if (code || is_as_before || step->needs_walk)
        return code;
    step->needs_walk = ids.total > MOST_MOVING;
    return hint_at(step, &ids, is_met, e);
}

// Few rows that can be asked for by id need no list: they are hinted at before the head is read, which fulfils most.
static enum till_code hint_at_moving(struct step *step, struct till_error *e)
{
    const struct sync_options *options = step->options;
    struct store_ids ids = {0};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = store_moving(options->store, options->organization_id,
                                       step->result->table, MOST_MOVING, &arena, &ids, e);
    return code ? code : hint_at(step, &ids, NULL, e);
}

static enum till_code hint_at_due(struct step *step, int64_t since_us, struct till_error *e)
{
    const struct sync_options *options = step->options;
    struct store_ids ids = {0};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = store_due(options->store, options->organization_id, step->result->table,
                                    (struct store_span){since_us - DUE_OVERLAP_US, step->now_us},
                                    MOST_REREADS, &arena, &ids, e);
    return code ? code : hint_at(step, &ids, NULL, e);
}

// Without the event feed cancellations are asked for; with it they are events.
static enum till_code read_canceled(struct step *step, int64_t since_us, struct till_error *e)
{
    bool is_end = false;
    AUTO_BUF filter;
    buf_init(&filter, QUERY_BYTES);
    add_time_filter(&filter, "canceled_at_after", since_us - WINDOW_OVERLAP_US);
    enum till_code code = buf_fail(&filter, "a filter", e);
    for (int64_t page = 1; code == TILL_OK && !is_end && !step->needs_walk; page++) {
        struct polar_list list = {.table = step->result->table,
                                  .page = page,
                                  .limit = FETCH_PAGE_ROWS,
                                  .filter = filter.data};
        struct fetch_answer answer;
        struct store_page_counts counts = {0};
        code = step_page(step, &list, &answer, &counts, e);
        is_end = code == TILL_OK && is_last_page(&answer, page);
        step->needs_walk = is_walk_cheaper(step, page);
    }
    return code;
}

enum till_code step_head(struct step *step, struct till_error *e)
{
    const struct sync_options *options = step->options;
    const struct table *table = step->result->table;
    const struct in_step *in_step = &table->in_step;
    struct store_table_state state = {0};
    bool is_asked_by_id = strcmp(in_step->batch_filter, "id") == 0;
    step->result->method = STORE_INCREMENTAL;
    enum till_code code =
        store_table_state(options->store, options->organization_id, table, &state, e);
    if (code == TILL_OK && in_step->moving[0] && is_asked_by_id)
        code = hint_at_moving(step, e);
    if (code == TILL_OK && in_step->due_column[0])
        code = hint_at_due(step, state.fresh_us, e);
    if (code == TILL_OK)
        code = table->id == TABLE_events ? read_feed(step, e) : read_head(step, e);
    if (code == TILL_OK && !step->needs_walk && in_step->moving[0] && !is_asked_by_id)
        code = read_moving(step, e);
    if (code == TILL_OK && !step->needs_walk && table->id == TABLE_subscriptions && !step->has_feed)
        code = read_canceled(step, state.fresh_us, e);
    return code;
}

// ---- rows that were hinted at ----

static enum till_code take_row(void *context, struct sv id, const struct fetch_answer *answer,
                               struct till_error *e)
{
    struct step *step = context;
    const struct sync_options *options = step->options;
    struct store_page_counts counts = {0};
    bool was_live = false;
    if (!answer->is_gone) {
        enum till_code code = land(step, answer, &counts, e);
        step->result->pages -= code == TILL_OK; // it is none
        return code;
    }
    enum till_code code =
        store_row_bury(options->store, options->organization_id, step->result->table, id,
                       clock_now_us(options->clock), &was_live, e);
    step->result->removed += code == TILL_OK && was_live;
    return code;
}

enum till_code step_read_ids(struct step *step, const struct sv *ids, size_t count,
                             struct till_error *e)
{
    return fetch_rows(step->options, step->result->table, ids, count, take_row, step, e);
}

// One batch: all pages of the list filtered by these values.
static enum till_code read_batch(struct step *step, const char *filter, struct till_error *e)
{
    bool is_end = false;
    enum till_code code = TILL_OK;
    for (int64_t page = 1; code == TILL_OK && !is_end; page++) {
        struct polar_list list = {
            .table = step->result->table, .page = page, .limit = FETCH_PAGE_ROWS, .filter = filter};
        struct fetch_answer answer;
        struct store_page_counts counts = {0};
        code = step_page(step, &list, &answer, &counts, e);
        is_end = code == TILL_OK && is_last_page(&answer, page);
    }
    return code;
}

// The distinct values of the column that batches filter by, of these rows.
static enum till_code batch_values(struct step *step, const struct store_ids *ids,
                                   struct arena *arena, struct sv **ret_values, size_t *ret_count,
                                   struct till_error *e)
{
    const struct table *table = step->result->table;
    struct value *found = arena_calloc(arena, ids->count + 1, sizeof *found);
    struct sv *values = arena_calloc(arena, ids->count + 1, sizeof *values);
    size_t count = 0, kept = 0;
    if (!found || !values)
        return arena_fail(arena, "rows to read again", e);
    enum till_code code = store_column_of(step->options->store, table, table->in_step.batch_filter,
                                          ids->ids, ids->count, arena, found, e);
    if (code)
        return code;
    for (size_t i = 0; i < ids->count; i++)
        if (found[i].type == VALUE_TEXT)
            values[count++] = found[i].text;
    if (count > 0)
        qsort(values, count, sizeof *values, compare_texts);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !sv_equal(values[kept - 1], values[i]))
            values[kept++] = values[i];
    *ret_values = values;
    *ret_count = kept;
    return TILL_OK;
}

static enum till_code read_batches(struct step *step, const struct sv *values, size_t count,
                                   struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t first = 0; first < count && code == TILL_OK; first += BATCH_IDS) {
        AUTO_BUF filter;
        buf_init(&filter, QUERY_BYTES);
        for (size_t i = first; i < count && i < first + BATCH_IDS; i++) {
            buf_format(&filter, "%s%s=", i > first ? "&" : "",
                       step->result->table->in_step.batch_filter);
            buf_sv(&filter, values[i]);
        }
        code = buf_fail(&filter, "a filter", e);
        if (code == TILL_OK)
            code = read_batch(step, filter.data, e);
    }
    return code;
}

static enum till_code waiting(struct step *step, struct arena *arena, struct store_ids *ret_ids,
                              struct till_error *e)
{
    const struct sync_options *options = step->options;
    return store_hints(options->store, options->organization_id, step->result->table, MOST_REREADS,
                       arena, ret_ids, e);
}

// The hinted rows in batches; what no batch brought is left for single reads.
static enum till_code reread_in_batches(struct step *step, const struct store_ids *ids,
                                        struct till_error *e)
{
    struct sv *values = NULL;
    size_t count = 0;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = batch_values(step, ids, &arena, &values, &count, e);
    if (code)
        return code;
    step->needs_walk = is_walk_cheaper(step, (int64_t)(count / BATCH_IDS) * 2);
    return step->needs_walk ? TILL_OK : read_batches(step, values, count, e);
}

enum till_code step_rereads(struct step *step, struct till_error *e)
{
    const struct sync_options *options = step->options;
    const struct table *table = step->result->table;
    bool has_batches = table->in_step.batch_filter[0] != '\0';
    struct store_ids ids = {0};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = waiting(step, &arena, &ids, e);
    size_t before = ids.count;
    if (code || before == 0)
        return code;
    step->result->reread += (int64_t)before;
    if (has_batches && (ids.count > FEW_ROWS || !table->has_row_path)) {
        code = reread_in_batches(step, &ids, e);
        if (code || step->needs_walk)
            return code;
        arena_reset(&arena);
        code = waiting(step, &arena, &ids, e);
    }
    if (code == TILL_OK &&
        !table->has_row_path) // refunds: the list does not show them, so they never were
        return store_hints_drop(options->store, options->organization_id, table,
                                clock_now_us(options->clock), e);
    step->needs_walk = is_walk_cheaper(step, (int64_t)ids.count);
    if (code == TILL_OK && !step->needs_walk)
        code = step_read_ids(step, ids.ids, ids.count, e);
    return code;
}

// ---- proof ----

enum till_code step_count(struct step *step, int64_t *ret_count, struct till_error *e)
{
    const struct sync_options *options = step->options;
    struct store_table_state state = {0};
    enum till_code code =
        store_table_state(options->store, options->organization_id, step->result->table, &state, e);
    *ret_count = state.row_count + state.unmirrored_count;
    return code;
}

// Newest first, known or not, until there are as many rows as the service counts: an interrupted run left a gap near the top.
static enum till_code fill_up(struct step *step, int64_t *count, struct till_error *e)
{
    const struct table *table = step->result->table;
    bool is_end = false;
    enum till_code code = TILL_OK;
    for (int64_t page = 2; code == TILL_OK && !is_end && *count < step->total; page++) {
        struct polar_list list = {.table = table,
                                  .page = page,
                                  .limit = FETCH_PAGE_ROWS,
                                  .sorting = table->in_step.head_sorting};
        struct fetch_answer answer;
        struct store_page_counts counts = {0};
        code = step_page(step, &list, &answer, &counts, e);
        if (code)
            break;
        step->total = step->result->server_total = answer.page.total_count;
        is_end = is_last_page(&answer, page) || page > CHEAP_PAGES;
        code = step_count(step, count, e);
    }
    return code;
}

enum till_code step_prove(struct step *step, bool *ret_agrees, struct till_error *e)
{
    int64_t count = 0;
    bool has_news = false, is_whole = false;
    *ret_agrees = true;
    if (step->result->table->id == TABLE_events || step->total < 0)
        return TILL_OK; // events are counted by drift.c; without a total there is nothing to compare with
    enum till_code code = step_count(step, &count, e);
    if (code || count == step->total)
        return code;
    // Rows may have come while the run went on: another look at the newest shows those, and a new total.
    code = first_page(step, &has_news, &is_whole, e);
    if (code == TILL_OK)
        code = step_count(step, &count, e);
    if (code == TILL_OK && count < step->total && !is_whole)
        code = fill_up(step, &count, e);
    *ret_agrees = count == step->total;
    return code;
}
