// SPDX-License-Identifier: Apache-2.0
// walk.c - a full walk: every page of a table, oldest first, each landed with the cursor in one transaction.
//
// Polar's lists are offset pages over live data without a tie-break (docs/polar.md). Three things make a copy of them whole all the same:
//
//   1. Oldest first: rows that are born during the walk are appended behind it, so they are seen, not pushed over a page border.
//   2. Rows are known by id, so a row met twice (ties, an interrupted walk) is one row.
//   3. Proof: at the end the number of distinct ids seen must equal the total that the last page told. Rows born between the reading of the last
//      page and of the empty one behind it are fetched by reading the tail again. Rows that hid in ties are fetched by reading the page borders
//      again that run through a tie (borders.c). If seen and total still disagree, the walk begins again.
//
// Equal numbers alone do not prove enough: a row that leaves the list after it was seen (a deleted customer) pulls an unseen row over a page border, and
// both counts fall by one. So a total that falls during the walk also begins it again (at most TILL_LIMIT_WALK_ATTEMPTS times), an interrupted walk
// over a table whose rows can vanish is only taken up while it is young (the highest total is kept with it, so that a fall before the interruption
// is not forgotten), and before rows are marked as deleted they are asked for by id, VERIFIED_ROWS of them at random when there are more: one that still
// exists shows that the walk skipped rows. What remains undetected: a deletion and an insertion within the same moment between two page reads, of a row
// that was never mirrored before; the next walk finds it.
//
// A walk that lay idle for long and was taken up again ends proven, but what it read before the pause is as old as that. So the run that ended it walks
// once more: after `till sync` every row is as fresh as the run, or as YOUNG_WALK_MINUTES.
//
// Only a proven walk may mark rows as deleted, and only up to a share of the table: a filter, a scope or a fault of the service that makes a list
// look empty must not take a mirror with it.
//
// Pages are asked for ahead (up to in_flight) once the first answer has told how many there are, and land strictly in order: the ring below holds
// answers that came early. Landing happens on a thread of its own (landing.c); the cursor moves with the pages, so a kill at any moment costs only
// the pages in flight and those of one short batch.
//
// An answer that cannot be understood (HTML, truncated JSON that passed as complete) is asked for again a few times, like a failure of transport.
#include "sync/walk.h"

#include <string.h>

#include "base/limits.h"
#include "decode/decode.h"
#include "sync/borders.h"
#include "sync/landing.h"

enum { RING = 16, FORMAT_ATTEMPTS = 3 };
// Below this many rows a removal is never "too many", whatever the share; but a list that turned empty always is.
enum { SMALL_REMOVAL = 5 };
// Tail reads after an end that does not add up; unseen rows asked for by id; age up to which a walk over vanishing rows is taken up again.
// Rounds over tied borders, at most.
enum { TAIL_ATTEMPTS = 3, VERIFIED_ROWS = 100, YOUNG_WALK_MINUTES = 10, BORDER_ROUNDS = 8 };
// Pages in a row that bring nothing new, after which the list is taken for ended: it ignores the page number.
enum { IDLE_PAGES = 16 };

_Static_assert((int)TILL_LIMIT_IN_FLIGHT <= (int)RING, "the ring holds all pages in flight");

struct walker {
    const struct sync_options *options;
    struct sync_progress *progress;
    struct sync_table_result *result;
    struct store_walk walk;
    struct landing landing;       // owns store and walk between landing_put() and landing_drain()
    int64_t due;                  // the page that is waited for
    int64_t furthest;             // page that this walk has landed
    struct polar_page ring[RING]; // answers that wait for their turn, at page % RING
    bool is_waiting[RING];        // this slot holds an answer
    int64_t next_submit;          // next page to ask for
    int64_t max_page;             // as the newest answer told; 0 before the first
    size_t page_bytes;   // size of the newest answer: large pages are asked for less far ahead
    int format_failures; // of the page that is due
    bool is_at_end;      // an empty page landed
    bool is_disturbed;   // the total fell during this walk: rows left the list
    bool is_stale;       // taken up after a long pause: its first pages are old
    int64_t idle_seen;   // rows seen when the last page came
    int idle_pages;      // pages since then
    int64_t highest_total;
    struct borders borders; // page borders that may run through a tie
    int64_t started_ms;
    int64_t rows_before;
};

static void report_progress(struct walker *walker, bool is_done)
{
    struct sync_progress *progress = walker->progress;
    if (!walker->options->progress)
        return;
    landing_progress(&walker->landing, &progress->rows_done, &progress->rows_total);
    progress->rows_before = walker->rows_before;
    progress->elapsed_ms = clock_monotonic_ms(walker->options->clock) - walker->started_ms;
    progress->is_done = is_done;
    walker->options->progress(walker->options->progress_context, progress);
}

static enum till_code submit_page(struct walker *walker, int64_t page, struct till_error *e)
{
    struct polar_list list = {.table = walker->walk.table,
                              .page = page,
                              .limit = BORDERS_PAGE_LIMIT,
                              .tag = (uint64_t)page};
    return polar_list_submit(walker->options->polar, &list, e);
}

// Asks for as many pages ahead as may be in flight. Before the first answer that is one: nothing is known yet, and Polar counts a cold token's
// requests in a small bucket of its own.
static enum till_code submit_ahead(struct walker *walker, struct till_error *e)
{
    int64_t ahead = walker->max_page == 0 ? 1 : walker->options->in_flight;
    while (ahead > 2 && (size_t)ahead * walker->page_bytes > TILL_LIMIT_IN_FLIGHT_BYTES)
        ahead -= 1;
    int64_t last = walker->due + ahead - 1;
    if (walker->max_page > 0 && last > walker->max_page + 1)
        last = walker->max_page + 1;
    if (last < walker->due)
        last = walker->due;
    while (walker->next_submit <= last) {
        if (walker->next_submit > TILL_LIMIT_PAGES)
            return TILL_FAIL(e, TILL_LIMIT, 0, "%s did not end after %d pages",
                             walker->walk.table->name, (int)TILL_LIMIT_PAGES);
        enum till_code code = submit_page(walker, walker->next_submit, e);
        if (code)
            return code;
        walker->next_submit += 1;
    }
    return TILL_OK;
}

// Waits until the page that is due has come; others that come meanwhile are kept for their turn.
static enum till_code wait_for_page(struct walker *walker, struct polar_page *ret_page,
                                    struct till_error *e)
{
    for (;;) {
        size_t slot = (size_t)(walker->due % RING);
        if (walker->is_waiting[slot]) {
            *ret_page = walker->ring[slot];
            walker->is_waiting[slot] = false;
            return TILL_OK;
        }
        struct polar_page page = {0};
        enum till_code code = polar_list_next(walker->options->polar, &page, e);
        if (code)
            return code;
        slot = (size_t)(page.tag % RING);
        walker->ring[slot] = page;
        walker->is_waiting[slot] = true;
    }
}

// What the walk learns from a page before it lands.
static void learn(struct walker *walker, const struct decode_page *page)
{
    if (page->max_page >= 0)
        walker->max_page = page->max_page > 0 ? page->max_page : 1;
    int64_t seen = 0, total = 0;
    landing_progress(&walker->landing, &seen, &total);
    walker->idle_pages = seen == walker->idle_seen ? walker->idle_pages + 1 : 0;
    walker->idle_seen = seen;
    walker->is_at_end =
        page->row_count + page->reject_count == 0 || walker->idle_pages >= IDLE_PAGES;
    walker->result->server_total = page->total_count;
    if (page->total_count < walker->highest_total)
        walker->is_disturbed = true;
    else
        walker->highest_total = page->total_count;
}

// Decodes the page that is due and hands it over to land. An answer that makes no sense is asked for again.
static enum till_code take_page(struct walker *walker, struct polar_page *answer,
                                struct till_error *e)
{
    struct landing_slot *slot = NULL;
    enum till_code code = landing_slot(&walker->landing, &slot, e);
    if (code)
        return code;
    walker->page_bytes = answer->body.len;
    code = answer->code;
    if (code)
        *e = answer->error;
    else
        code = decode_page(walker->walk.table, &answer->body, &slot->arena, &slot->page, e);
    if (code == TILL_FORMAT && ++walker->format_failures < FORMAT_ATTEMPTS) {
        till_error_clear(e);
        return submit_page(walker, walker->due, e);
    }
    if (code)
        return till_error_context(e, "page %lld", (long long)walker->due);
    walker->format_failures = 0;
    slot->number = walker->due;
    slot->is_again = walker->due <= walker->furthest;
    walker->furthest = slot->is_again ? walker->furthest : walker->due;
    borders_note(&walker->borders, walker->due, &slot->page);
    learn(walker, &slot->page);
    walker->due += 1;
    landing_put(&walker->landing);
    return TILL_OK;
}

static void drop_waiting(struct walker *walker)
{
    polar_cancel_all(walker->options->polar);
    for (size_t i = 0; i < RING; i++) {
        if (walker->is_waiting[i])
            polar_page_release(&walker->ring[i]);
        walker->is_waiting[i] = false;
    }
}

static enum till_code walk_pages(struct walker *walker, struct till_error *e)
{
    struct till_error drain_error = {0};
    enum till_code code = TILL_OK;
    walker->next_submit = walker->due = walker->walk.next_page;
    walker->is_at_end = false;
    walker->max_page = 0;
    walker->idle_pages = 0;
    while (!walker->is_at_end && code == TILL_OK) {
        struct polar_page answer = {0};
        code = submit_ahead(walker, e);
        if (code == TILL_OK)
            code = wait_for_page(walker, &answer, e);
        if (code)
            break;
        code = take_page(walker, &answer, e);
        if (code && answer.is_scope_missing) {
            walker->result->is_skipped = true;
            memcpy(walker->result->accepted_scopes, answer.accepted_scopes,
                   sizeof(answer.accepted_scopes));
        }
        polar_page_release(&answer);
        if (code == TILL_OK)
            report_progress(walker, false);
    }
    drop_waiting(walker);
    // What came before a failure lands all the same; a failure to land it is the one to tell.
    if (landing_drain(&walker->landing, &drain_error) != TILL_OK) {
        *e = drain_error;
        code = e->code;
    }
    return code;
}

// Whether a proven walk may mark `unseen` of `live` rows as deleted.
static bool may_remove(const struct sync_options *options, int64_t unseen, int64_t live,
                       int64_t seen)
{
    if (unseen == 0 || options->accept_removals)
        return true;
    if (seen == 0)
        return false;
    return unseen <= SMALL_REMOVAL ||
           unseen <= live / 100 * options->tombstone_ceiling_percent +
                         live % 100 * options->tombstone_ceiling_percent / 100;
}

static bool adds_up(const struct walker *walker)
{
    return walker->walk.seen_count == walker->walk.total_count && !walker->is_disturbed;
}

// Asks for the rows that the walk did not see, or a sample. *ret_found: one of them still exists, so the walk skipped rows.
static enum till_code verify_unseen(struct walker *walker, char (*ids)[STORE_NAME_BYTES],
                                    size_t count, bool *ret_found, struct till_error *e)
{
    bool is_found = false;
    if (!walker->walk.table->has_row_path)
        count = 0;
    for (size_t i = 0; i < count && !is_found; i++) {
        enum till_code code = polar_row_exists(walker->options->polar, walker->walk.table,
                                               sv_of(ids[i]), &is_found, e);
        if (code)
            return code;
    }
    *ret_found = is_found;
    return TILL_OK;
}

static enum till_code fail_unproven(const struct walker *walker, struct till_error *e)
{
    const char *name = walker->walk.table->name;
    (void)TILL_FAIL(e, TILL_LIMIT, 0, "%s: %lld rows seen, but Polar counts %lld, after %d walks",
                    name, (long long)walker->walk.seen_count, (long long)walker->walk.total_count,
                    walker->result->attempts);
    return till_error_hint(e,
                           "all rows seen are stored and none was marked as deleted; run `till "
                           "sync %s` again when it is quieter",
                           name);
}

// Ends the walk: decides whether it is proven and may mark what it did not see.
static enum till_code finish(struct walker *walker, bool *ret_again, struct till_error *e)
{
    const struct sync_options *options = walker->options;
    struct sync_table_result *result = walker->result;
    char ids[VERIFIED_ROWS][STORE_NAME_BYTES];
    struct store_table_state state = {0};
    int64_t unseen = 0;
    bool is_skipping = false;
    bool is_last = result->attempts >= TILL_LIMIT_WALK_ATTEMPTS;

    enum till_code code =
        store_walk_unseen(options->store, &walker->walk, ids, VERIFIED_ROWS, &unseen, e);
    if (code == TILL_OK)
        code = store_table_state(options->store, options->organization_id, walker->walk.table,
                                 &state, e);
    bool is_allowed = may_remove(options, unseen, state.row_count, walker->walk.seen_count);
    if (code == TILL_OK && adds_up(walker) && is_allowed)
        code = verify_unseen(walker, ids, unseen < VERIFIED_ROWS ? (size_t)unseen : VERIFIED_ROWS,
                             &is_skipping, e);
    if (code)
        return code;
    bool is_proven = adds_up(walker) && !is_skipping;
    *ret_again = !is_proven && !is_last;
    if (*ret_again)
        return TILL_OK;
    code = store_walk_end(options->store, &walker->walk, is_proven && is_allowed,
                          clock_now_us(options->clock), &result->removed, e);
    if (code)
        return code;
    result->is_proven = is_proven && is_allowed;
    if (!is_proven)
        return fail_unproven(walker, e);
    if (!is_allowed) {
        (void)TILL_FAIL(
            e, TILL_LIMIT, 0,
            "%s: %lld of %lld rows are gone from Polar's list; none was marked as deleted",
            walker->walk.table->name, (long long)unseen, (long long)state.row_count);
        return till_error_hint(e, "if that is right, run `till sync %s --accept-removals`",
                               walker->walk.table->name);
    }
    return TILL_OK;
}

// Rows that were born while the end was read: reads the last pages again until seen and total agree, or nothing changes any more.
static enum till_code read_tail(struct walker *walker, struct till_error *e)
{
    for (int i = 0; i < TAIL_ATTEMPTS && walker->walk.seen_count < walker->walk.total_count; i++) {
        int64_t tail = (walker->walk.seen_count - 1) / BORDERS_PAGE_LIMIT;
        int64_t before = walker->walk.seen_count;
        walker->walk.next_page = tail > 1 ? tail : 1;
        enum till_code code = walk_pages(walker, e);
        if (code)
            return code;
        if (walker->walk.seen_count == before)
            break;
    }
    return TILL_OK;
}

// Reads one window again that has a tied border inside. The cursor stays where it is: what lands here was behind it.
static enum till_code read_border(struct walker *walker, int64_t offset, struct till_error *e)
{
    struct borders_window window = borders_window(offset);
    struct polar_list list = {
        .table = walker->walk.table, .page = window.page, .limit = window.limit};
    struct polar_page answer = {0};
    struct landing_slot *slot = NULL;
    int64_t cursor = walker->walk.next_page;
    enum till_code code = polar_list_submit(walker->options->polar, &list, e);
    if (code == TILL_OK)
        code = polar_list_next(walker->options->polar, &answer, e);
    if (code == TILL_OK)
        code = landing_slot(&walker->landing, &slot, e);
    if (code == TILL_OK && answer.code) {
        *e = answer.error;
        code = answer.code;
    }
    if (code == TILL_OK)
        code = decode_page(walker->walk.table, &answer.body, &slot->arena, &slot->page, e);
    polar_page_release(&answer);
    if (code)
        return code;
    int64_t max_page = walker->max_page; // counted in windows there
    bool is_at_end = walker->is_at_end;
    slot->number = window.page;
    slot->is_again = true;
    learn(walker, &slot->page);
    walker->max_page = max_page;
    walker->is_at_end = is_at_end;
    walker->walk.next_page = cursor > 1 ? cursor - 1 : 1;
    code = landing_now(&walker->landing, slot, e);
    if (code)
        walker->walk.next_page = cursor;
    return code;
}

// Rows that hid in ties across page borders. One round finds them all, unless a tie is longer than a window: then as long as rounds help.
static enum till_code read_borders(struct walker *walker, struct till_error *e)
{
    for (int round = 0; round < BORDER_ROUNDS && walker->walk.seen_count < walker->walk.total_count;
         round++) {
        int64_t before = walker->walk.seen_count;
        for (size_t i = 0;
             i < walker->borders.count && walker->walk.seen_count < walker->walk.total_count; i++) {
            enum till_code code = read_border(walker, walker->borders.tied[i], e);
            if (code)
                return till_error_context(e, "rows %lld", (long long)walker->borders.tied[i]);
            report_progress(walker, false);
        }
        if (walker->walk.seen_count == before && round > 0)
            break;
    }
    return TILL_OK;
}

static enum till_code walk_until_proven(struct walker *walker, struct till_error *e)
{
    const struct sync_options *options = walker->options;
    for (;;) {
        bool again = false;
        walker->result->attempts += 1;
        walker->is_disturbed = false;
        walker->highest_total = walker->walk.total_count;
        walker->furthest = walker->walk.next_page - 1;
        borders_reset(&walker->borders);
        enum till_code code = walk_pages(walker, e);
        if (code == TILL_OK)
            code = read_tail(walker, e);
        if (code == TILL_OK)
            code = read_borders(walker, e);
        if (code == TILL_OK)
            code = finish(walker, &again, e);
        if (code || !again)
            return code;
        code = store_walk_again(options->store, &walker->walk, clock_now_us(options->clock), e);
        if (code)
            return code;
        walker->rows_before = 0;
    }
}

// Takes up the unfinished walk, or begins one. Where rows can vanish an old unfinished walk proves nothing (see the head of this file). One
// from the future is old: the clock was set.
static enum till_code begin(struct walker *walker, struct till_error *e)
{
    const struct sync_options *options = walker->options;
    const struct table *table = walker->result->table;
    int64_t now_us = clock_now_us(options->clock);
    enum till_code code = store_walk_begin(options->store, options->organization_id, table,
                                           options->restart, now_us, &walker->walk, e);
    int64_t age_us = now_us - walker->walk.started_at_us;
    bool is_old = age_us < 0 || age_us > YOUNG_WALK_MINUTES * INT64_C(60000000);
    walker->is_stale = walker->walk.is_resumed && is_old && !table->rows_vanish;
    if (code == TILL_OK && walker->walk.is_resumed && table->rows_vanish && is_old)
        code = store_walk_begin(options->store, options->organization_id, table, true, now_us,
                                &walker->walk, e);
    walker->rows_before = walker->walk.seen_count;
    walker->result->is_resumed = walker->walk.is_resumed;
    return code;
}

// After a stale walk, one that begins now.
static enum till_code walk_afresh(struct walker *walker, struct till_error *e)
{
    const struct sync_options *options = walker->options;
    walker->rows_before = 0;
    enum till_code code =
        store_walk_begin(options->store, options->organization_id, walker->result->table, true,
                         clock_now_us(options->clock), &walker->walk, e);
    return code ? code : walk_until_proven(walker, e);
}

// What has landed for good.
static void take_counts(struct walker *walker)
{
    const struct landing_counts *counts = &walker->landing.committed;
    struct sync_table_result *result = walker->result;
    result->pages = counts->pages;
    result->added = counts->rows.added;
    result->changed = counts->rows.changed;
    result->unchanged = counts->rows.unchanged;
    result->returned = counts->rows.returned;
    result->quarantined = counts->rows.quarantined;
}

enum till_code walk_table(const struct sync_options *options, struct sync_progress *progress,
                          struct sync_table_result *result, struct till_error *e)
{
    struct walker walker = {.options = options, .progress = progress, .result = result};
    struct till_error drop_error = {0};

    walker.started_ms = clock_monotonic_ms(options->clock);
    result->server_total = -1;
    enum till_code code = begin(&walker, e);
    if (code == TILL_OK)
        code = landing_start(&walker.landing, options->store, &walker.walk, options->clock, e);
    if (code == TILL_OK)
        code = walk_until_proven(&walker, e);
    if (code == TILL_OK && walker.is_stale)
        code = walk_afresh(&walker, e);
    drop_waiting(&walker);
    take_counts(&walker);
    landing_stop(&walker.landing);
    if (code == TILL_OK) // every row was read since: older hints are fulfilled
        code = store_hints_drop(options->store, options->organization_id, result->table,
                                walker.walk.started_at_us, e);
    if (result->is_skipped &&
        store_walk_drop(options->store, &walker.walk, &drop_error) != TILL_OK) {
        result->is_skipped = false;
        *e = drop_error;
        code = e->code;
    }
    report_progress(&walker, true);
    if (code && code != TILL_LIMIT)
        return till_error_context(e, "could not sync %s", result->table->name);
    return code;
}
