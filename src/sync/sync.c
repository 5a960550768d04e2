// SPDX-License-Identifier: Apache-2.0
// sync.c - a run over the wanted tables: quick steps first, walks where steps are not enough; each table has its own result.
//
// Order: catalogue first, then people, then money; refunds before orders, because Polar serves refunds from the primary database and orders from a
// replica: an order read after its refund shows the refunded amount at the latest. The event feed comes before all in a step: it says what to look at.
//
//   0. webhooks that were received and wait (inbox.c)
//   1. each table's head (step.c), or its walk when it was never walked whole, is set to full, or a walk was interrupted
//   2. rows that something hinted at, in rounds: what they bring may hint at more
//   3. counts: a table that does not add up is searched (drift.c), then walked
//   4. the slow full walks that are due. What came before is recorded by then: Ctrl-C here costs nothing but the walk's pages in flight
//   5. with check_rows: a sample of rows read again (check.c)
//
// What stops the whole run: a token that is no longer accepted (the other tables would fail alike and keep the token in Polar's cold bucket),
// a database that fails, no memory, Ctrl-C, and a host that has not answered once. All else is one table's own affair.
#include "sync/sync.h"
#include "store/packed.h"

#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "sync/check.h"
#include "sync/drift.h"
#include "sync/inbox.h"
#include "sync/step.h"
#include "sync/walk.h"

static const enum table_id order[] = {
    TABLE_organizations, TABLE_products, TABLE_benefits,  TABLE_customers, TABLE_subscriptions,
    TABLE_refunds,       TABLE_orders,   TABLE_checkouts, TABLE_events,
};
_Static_assert(sizeof(order) / sizeof(order[0]) == TABLE__COUNT,
               "every table has its place in the order");

const enum table_id *sync_order(size_t *ret_count)
{
    *ret_count = TILL_COUNT(order);
    return order;
}

// What hints are read for: a table stands behind those whose rows hint at it.
static const enum table_id reread_order[] = {
    TABLE_refunds,   TABLE_orders,   TABLE_checkouts, TABLE_subscriptions,
    TABLE_customers, TABLE_products, TABLE_benefits,  TABLE_organizations,
};
enum { REREAD_ROUNDS = 3 };

enum plan {
    PLAN_NONE, // not wanted
    PLAN_STEP,
    PLAN_STEP_AND_WALK, // the slow full walk is due
    PLAN_WALK,
};

// One wanted table during a run.
struct part {
    enum plan plan;
    struct sync_table_result *result;
    struct step step;
    struct sync_progress progress;
    int64_t started_us;
    bool is_recorded;
    bool was_proven; // before the run
};

struct run {
    const struct sync_options *options;
    struct sync_summary *summary;
    struct part parts[TABLE__COUNT]; // by table id
    struct sync_table_result *last_failed;
    int answered_count; // tables that landed something
    bool is_stopped;
};

static bool stops_the_run(const struct sync_table_result *result, int answered_count)
{
    switch (result->code) {
    case TILL_AUTH:
        return !result->is_skipped;
    case TILL_NETWORK:
        return answered_count == 0 && result->pages == 0;
    case TILL_STORE:
    case TILL_MEMORY:
    case TILL_CANCELED:
        return true;
    case TILL_OK:
    case TILL_USAGE:
    case TILL_CONFIG:
    case TILL_REMOTE:
    case TILL_FORMAT:
    case TILL_LIMIT:
    case TILL_PARTIAL:
    case TILL_STALE:
    case TILL_CODE__COUNT:
        break;
    }
    return false;
}

// Keeps what the run did to this table as history. A failure to do so matters only when the table itself went well.
static void record(struct run *run, struct part *part)
{
    struct sync_table_result *result = part->result;
    struct store_run kept = {
        .table = result->table,
        .organization_id = run->options->organization_id,
        .started_us = part->started_us,
        .finished_us = clock_now_us(run->options->clock),
        .code = result->code,
        .error = result->code == TILL_OK ? NULL : result->error.text,
        .added = result->added,
        .changed = result->changed,
        .removed = result->removed,
        .unchanged = result->unchanged,
        .quarantined = result->quarantined,
        .requests = result->requests,
        .pages = result->pages,
        .server_total = result->server_total,
        .is_proven = result->is_proven,
        .method = result->method,
    };
    struct till_error e = {0};
    part->is_recorded = true;
    if (store_run_put(run->options->store, &kept, &e) != TILL_OK && result->code == TILL_OK) {
        result->code = e.code;
        result->error = e;
        run->is_stopped = true;
    }
}

// ---- one piece of work on one table, with its costs ----

typedef enum till_code piece_of_work(struct run *run, struct part *part, struct till_error *e);

static void work(struct run *run, struct part *part, piece_of_work *piece)
{
    const struct sync_options *options = run->options;
    struct sync_table_result *result = part->result;
    struct http_statistics before = polar_statistics(options->polar);
    int64_t started_ms = clock_monotonic_ms(options->clock);
    if (run->is_stopped || result->code != TILL_OK)
        return;
    result->is_reached = true;
    enum till_code code = piece(run, part, &result->error);
    struct http_statistics after = polar_statistics(options->polar);
    result->duration_ms += clock_monotonic_ms(options->clock) - started_ms;
    result->requests += after.requests - before.requests;
    result->too_many_requests += after.too_many_requests - before.too_many_requests;
    result->code = code;
    if (result->pages > 0)
        run->answered_count += 1;
    if (code != TILL_OK && !result->is_skipped) {
        run->last_failed = result;
        run->is_stopped = stops_the_run(result, run->answered_count);
    }
}

static enum till_code in_words(const struct part *part, enum till_code code, struct till_error *e)
{
    if (code == TILL_OK || code == TILL_LIMIT)
        return code;
    return till_error_context(e, "could not sync %s", part->result->table->name);
}

// A walk, added to what the table's steps did.
static enum till_code walk(struct run *run, struct part *part, struct till_error *e)
{
    struct sync_table_result *result = part->result;
    struct sync_table_result walked = {.table = result->table, .was_wanted = true};
    enum till_code code = walk_table(run->options, &part->progress, &walked, e);
    result->method = STORE_FULL;
    result->is_skipped = walked.is_skipped;
    memcpy(result->accepted_scopes, walked.accepted_scopes, sizeof result->accepted_scopes);
    result->added += walked.added;
    result->changed += walked.changed;
    result->unchanged += walked.unchanged;
    result->removed += walked.removed;
    result->returned += walked.returned;
    result->quarantined += walked.quarantined;
    result->pages += walked.pages;
    result->server_total = walked.server_total;
    result->attempts += walked.attempts;
    result->is_proven = walked.is_proven;
    result->is_resumed = walked.is_resumed;
    part->step.needs_walk = false;
    return code;
}

static enum till_code head(struct run *run, struct part *part, struct till_error *e)
{
    const struct part *events = &run->parts[TABLE_events];
    part->step.has_feed =
        events->plan != PLAN_NONE && events->result->is_reached && events->result->code == TILL_OK;
    part->result->server_total = -1;
    enum till_code code = step_head(&part->step, e);
    if (part->result->is_skipped) { // hints of a table that cannot be read would wait for ever
        struct till_error drop_error = {0};
        if (store_hints_drop(run->options->store, run->options->organization_id,
                             part->result->table, clock_now_us(run->options->clock), &drop_error))
            log_event(LOG_LEVEL_INFO, "sync.hints_drop error=%s", drop_error.text);
    }
    return in_words(part, code, e);
}

static enum till_code rereads(struct run *run, struct part *part, struct till_error *e)
{
    (void)run;
    return in_words(part, step_rereads(&part->step, e), e);
}

static enum till_code prove(struct run *run, struct part *part, struct till_error *e)
{
    struct sync_table_result *result = part->result;
    bool agrees = true;
    bool is_counted = result->table->id == TABLE_events && part->plan == PLAN_STEP_AND_WALK;
    enum till_code code = step_prove(&part->step, &agrees, e);
    (void)run;
    result->is_drifted = !agrees;
    if (code == TILL_OK && (!agrees || is_counted))
        code = drift_mend(&part->step, &agrees, e);
    if (code)
        return in_words(part, code, e);
    part->step.needs_walk = !agrees;
    result->is_proven =
        agrees && (result->table->id != TABLE_events || is_counted || part->was_proven);
    // Events never change: when their number is right they are as if walked.
    if (is_counted && agrees) {
        result->method = STORE_FULL;
        part->plan = PLAN_STEP;
    }
    return TILL_OK;
}

static enum till_code check(struct run *run, struct part *part, struct till_error *e)
{
    (void)run;
    return in_words(part, check_table(&part->step, e), e);
}

// ---- the plan ----

static enum plan plan_table(const struct sync_options *options,
                            const struct store_table_state *state)
{
    int64_t age_us = clock_now_us(options->clock) - state->last_full_us;
    bool is_set_full = options->method == SYNC_AS_SET && state->method == STORE_FULL;
    if (options->method == SYNC_FULL || options->restart || is_set_full)
        return PLAN_WALK;
    if (state->last_full_us == 0 || state->walk_next_page > 0)
        return PLAN_WALK;
    // An age below zero: the clock was set.
    bool is_due = options->full_walk_every_ms > 0 &&
                  (age_us < 0 || age_us / 1000 >= options->full_walk_every_ms);
    return options->method == SYNC_AS_SET && is_due ? PLAN_STEP_AND_WALK : PLAN_STEP;
}

static enum till_code make_plan(struct run *run, struct till_error *e)
{
    const struct sync_options *options = run->options;
    for (size_t i = 0; i < TILL_COUNT(order); i++) {
        struct part *part = &run->parts[order[i]];
        struct store_table_state state = {0};
        part->result = &run->summary->tables[order[i]];
        part->result->table = model_table(order[i]);
        part->result->was_wanted = options->wanted[order[i]];
        part->result->server_total = -1;
        if (!part->result->was_wanted)
            continue;
        run->summary->wanted_count += 1;
        enum till_code code = store_table_state(options->store, options->organization_id,
                                                part->result->table, &state, e);
        if (code)
            return code;
        part->plan = plan_table(options, &state);
        part->was_proven = state.is_proven;
        part->started_us = clock_now_us(options->clock);
        part->progress = (struct sync_progress){
            .table = part->result->table, .index = run->summary->wanted_count, .rows_total = -1};
        step_init(&part->step, options, &part->progress, part->result);
    }
    for (size_t i = 0; i < TILL_COUNT(order); i++)
        run->parts[order[i]].progress.count = run->summary->wanted_count;
    return TILL_OK;
}

static bool steps(const struct part *part)
{
    return part->plan == PLAN_STEP || part->plan == PLAN_STEP_AND_WALK;
}

// ---- the phases ----

static void read_heads(struct run *run)
{
    struct part *events = &run->parts[TABLE_events];
    if (steps(events))
        work(run, events, head);
    for (size_t i = 0; i < TILL_COUNT(order); i++) {
        struct part *part = &run->parts[order[i]];
        if (part->plan == PLAN_WALK) {
            part->started_us = clock_now_us(run->options->clock);
            work(run, part, walk);
            if (part->result->is_reached)
                record(run, part);
        } else if (steps(part) && part != events) {
            work(run, part, head);
        }
    }
}

static enum till_code count_hints(struct run *run, int64_t *ret_count, struct till_error *e)
{
    *ret_count = 0;
    for (size_t i = 0; i < TILL_COUNT(reread_order); i++) {
        struct part *part = &run->parts[reread_order[i]];
        struct store_table_state state = {0};
        if (part->plan == PLAN_NONE || part->result->code || part->step.needs_walk)
            continue;
        enum till_code code = store_table_state(run->options->store, run->options->organization_id,
                                                part->result->table, &state, e);
        if (code)
            return code;
        part->result->hints_left = state.hint_count;
        *ret_count += state.hint_count;
    }
    return TILL_OK;
}

static enum till_code read_hinted(struct run *run, struct till_error *e)
{
    int64_t left = 0;
    enum till_code code = count_hints(run, &left, e);
    for (int round = 0; round < REREAD_ROUNDS && left > 0 && code == TILL_OK && !run->is_stopped;
         round++) {
        for (size_t i = 0; i < TILL_COUNT(reread_order); i++) {
            struct part *part = &run->parts[reread_order[i]];
            if (part->plan != PLAN_NONE && !part->step.needs_walk)
                work(run, part, rereads);
        }
        code = count_hints(run, &left, e);
    }
    return code;
}

static void prove_all(struct run *run)
{
    for (size_t i = 0; i < TILL_COUNT(order); i++) {
        struct part *part = &run->parts[order[i]];
        if (!steps(part))
            continue;
        if (!part->step.needs_walk)
            work(run, part, prove);
        if (part->step.needs_walk)
            work(run, part, walk);
        // A run that was stopped before its counts were compared leaves the table's state as it was.
        if (part->result->is_reached && (part->result->code || !run->is_stopped))
            record(run, part);
    }
}

static void walk_due(struct run *run)
{
    for (size_t i = 0; i < TILL_COUNT(order); i++) {
        struct part *part = &run->parts[order[i]];
        if (part->plan != PLAN_STEP_AND_WALK || part->result->method == STORE_FULL ||
            run->is_stopped || part->result->code)
            continue;
        part->started_us = clock_now_us(run->options->clock);
        work(run, part, walk);
        record(run, part);
    }
}

static void check_all(struct run *run)
{
    for (size_t i = 0; i < TILL_COUNT(order) && run->options->check_rows > 0; i++)
        if (run->parts[order[i]].plan != PLAN_NONE && !run->parts[order[i]].result->is_skipped)
            work(run, &run->parts[order[i]], check);
}

static void report_done(struct run *run)
{
    for (size_t i = 0; i < TILL_COUNT(order); i++) {
        struct part *part = &run->parts[order[i]];
        if (part->plan == PLAN_NONE)
            continue;
        if (run->options->progress && part->result->is_reached) {
            part->progress.is_done = true;
            run->options->progress(run->options->progress_context, &part->progress);
        }
        step_release(&part->step);
    }
}

static void count_result(const struct sync_table_result *result, struct sync_summary *summary)
{
    summary->requests += result->requests;
    if (result->is_skipped)
        summary->skipped_count += result->table->is_optional ? 0 : 1;
    else if (result->code == TILL_OK)
        summary->ok_count += 1;
    else
        summary->failed_count += 1;
}

// One code for the whole run, with the words that fit it.
static enum till_code conclude(const struct sync_summary *summary,
                               const struct sync_table_result *last_failed, bool is_stopped,
                               struct till_error *e)
{
    if (summary->failed_count == 0 && summary->skipped_count == 0)
        return TILL_OK;
    if (last_failed && (is_stopped || (summary->ok_count == 0 && summary->skipped_count == 0))) {
        *e = last_failed->error;
        return e->code;
    }
    (void)TILL_FAIL(e, TILL_PARTIAL, 0,
                    "%d of %d tables did not land (%d without scope, %d failed)",
                    summary->skipped_count + summary->failed_count, summary->wanted_count,
                    summary->skipped_count, summary->failed_count);
    if (summary->failed_count > 0)
        return till_error_hint(
            e,
            "run `till sync` again: it goes on where it stopped; `till status` shows each table");
    return till_error_hint(
        e, "add the missing scopes to the token in Polar (Settings, Developers), or switch "
           "the tables off with `till tables set TABLE --off`");
}

static enum till_code run_phases(struct run *run, struct till_error *e)
{
    const struct sync_options *options = run->options;
    int64_t forgotten = 0;
    struct sync_inbox_counts received;
    enum till_code code = make_plan(run, e);
    if (code == TILL_OK)
        code =
            sync_inbox(options->store, options->organization_id, options->clock, 0, &received, e);
    if (code)
        return code;
    read_heads(run);
    if (!run->is_stopped)
        code = read_hinted(run, e);
    if (code)
        return code;
    prove_all(run);
    walk_due(run);
    check_all(run);
    if (!run->is_stopped && options->history_before_us > 0)
        code = store_changes_prune(options->store, options->history_before_us, &forgotten, e);
    if (code == TILL_OK && !run->is_stopped)
        code = store_bills_pack(options->store, options->organization_id,
                                clock_now_us(options->clock), STORE_PACK_LEAST, e);
    return code;
}

enum till_code sync_run(const struct sync_options *options, struct sync_summary *ret_summary,
                        struct till_error *e)
{
    int64_t started_ms = clock_monotonic_ms(options->clock);
    struct sync_summary *summary = ret_summary;
    memset(summary, 0, sizeof *summary);
    struct run *run = till_calloc(1, sizeof *run);
    if (!run)
        return TILL_FAIL_MEMORY(e);
    run->options = options;
    run->summary = summary;
    enum till_code code = run_phases(run, e);
    report_done(run);
    for (size_t i = 0; i < TILL_COUNT(order); i++)
        if (summary->tables[order[i]].is_reached)
            count_result(&summary->tables[order[i]], summary);
    summary->duration_ms = clock_monotonic_ms(options->clock) - started_ms;
    if (code == TILL_OK)
        code = conclude(summary, run->last_failed, run->is_stopped, e);
    till_free(run);
    return code;
}
