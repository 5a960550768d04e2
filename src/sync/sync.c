// SPDX-License-Identifier: Apache-2.0
// sync.c - a run: the wanted tables one after the other, each by a full walk (walk.c), each with its own result.
//
// Order: catalogue first, then people, then money; refunds before orders, because Polar serves refunds from the primary database and orders from a
// replica: an order read after its refund shows the refunded amount at the latest.
//
// What stops the whole run: a token that is no longer accepted (the other tables would fail alike and keep the token in Polar's cold bucket),
// a database that fails, no memory, Ctrl-C, and a host that has not answered once. All else is one table's own affair.
#include "sync/sync.h"

#include <string.h>

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

static bool stops_the_run(const struct sync_table_result *result, int ok_count)
{
    switch (result->code) {
    case TILL_AUTH:
        return !result->is_skipped;
    case TILL_NETWORK:
        return ok_count == 0 && result->pages == 0;
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
static void record(const struct sync_options *options, struct sync_table_result *result,
                   int64_t started_us)
{
    struct store_run run = {
        .table = result->table,
        .organization_id = options->organization_id,
        .started_us = started_us,
        .finished_us = clock_now_us(options->clock),
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
    };
    struct till_error e = {0};
    if (store_run_put(options->store, &run, &e) != TILL_OK && result->code == TILL_OK) {
        result->code = e.code;
        result->error = e;
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

enum till_code sync_run(const struct sync_options *options, struct sync_summary *ret_summary,
                        struct till_error *e)
{
    struct sync_summary *summary = ret_summary;
    struct sync_table_result *last_failed = NULL;
    bool is_stopped = false;
    int64_t run_started_ms = clock_monotonic_ms(options->clock);

    memset(summary, 0, sizeof(*summary));
    for (size_t i = 0; i < TILL_COUNT(order); i++) {
        summary->tables[order[i]].table = model_table(order[i]);
        summary->tables[order[i]].was_wanted = options->wanted[order[i]];
        summary->wanted_count += options->wanted[order[i]] ? 1 : 0;
    }
    int index = 0;
    for (size_t i = 0; i < TILL_COUNT(order) && !is_stopped; i++) {
        struct sync_table_result *result = &summary->tables[order[i]];
        if (!result->was_wanted)
            continue;
        index += 1;
        int64_t started_us = clock_now_us(options->clock);
        int64_t started_ms = clock_monotonic_ms(options->clock);
        struct sync_progress progress = {.table = result->table,
                                         .index = index,
                                         .count = summary->wanted_count,
                                         .rows_total = -1};
        result->code = walk_table(options, &progress, result, &result->error);
        result->duration_ms = clock_monotonic_ms(options->clock) - started_ms;
        record(options, result, started_us);
        count_result(result, summary);
        if (result->code != TILL_OK && !result->is_skipped)
            last_failed = result;
        is_stopped = stops_the_run(result, summary->ok_count);
    }
    summary->duration_ms = clock_monotonic_ms(options->clock) - run_started_ms;
    return conclude(summary, last_failed, is_stopped, e);
}
