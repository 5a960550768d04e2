// SPDX-License-Identifier: Apache-2.0
// sources.c - one source of web traffic: asks for days until today, lands each answer, moves the cursor.
//
// The cursor is the first day that may still change: the first of the newest days that the service calls changeable (traffic_terms.reread_days), or the first
// that it said to be incomplete. So a run asks for a few days, and after a month without one for a month. The answer to a window may cover a
// part of it; the rest is asked for next. Nothing is remembered outside of the database: a run that was killed is simply continued.
#include "sync/sources.h"

#include <string.h>

#include "base/attr.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/zone.h"

struct run {
    const struct sync_source_options *options;
    struct store_source *source;
    struct sync_source_result *result;
    struct zone *zone;
    struct civil_date from, today;
};

static bool is_before(struct civil_date a, struct civil_date b)
{
    return civil_date_to_days(a) < civil_date_to_days(b);
}

static struct civil_date least(struct civil_date a, struct civil_date b)
{
    return is_before(b, a) ? b : a;
}

// Opens the source's zone, and finds where to begin.
static enum till_code begin(struct run *run, struct till_error *e)
{
    const struct traffic_terms *terms = traffic_terms(run->source->service);
    zone_close(run->zone);
    run->zone = NULL;
    const char *name = run->source->timezone[0] ? run->source->timezone : "UTC";
    enum till_code code = zone_open(name, &run->zone, e);
    if (code)
        return till_error_context(e, "the time zone of %s", run->source->name);
    run->today = zone_date(run->zone, clock_now_us(run->options->clock));
    run->from = civil_date_add_days(run->today, -terms->history_days);
    if (run->source->has_through && !run->options->is_whole &&
        is_before(run->from, run->source->through_date))
        run->from = least(run->source->through_date, run->today);
    return TILL_OK;
}

// An answer without a single row, of days that had some: more likely something is wrong than that everybody was forgotten.
static enum till_code check_emptiness(const struct run *run, const struct traffic_batch *batch,
                                      struct till_error *e)
{
    bool has_any = false;
    if (batch->row_count > 0 || run->options->is_whole)
        return TILL_OK;
    enum till_code code = store_traffic_any(run->options->store, run->source, run->from,
                                            batch->covered_to, &has_any, e);
    if (code || !has_any)
        return code;
    (void)TILL_FAIL(e, TILL_REMOTE, 0, "%s says nothing about days that it had visits of",
                    traffic_service_title(run->source->service));
    return till_error_hint(e,
                           "nothing was changed; if they were deleted there, `till sync --full "
                           "--name %s` believes it",
                           run->source->name);
}

static enum till_code land(struct run *run, const struct traffic_batch *batch, struct till_error *e)
{
    const struct traffic_terms *terms = traffic_terms(run->source->service);
    struct civil_date settled = civil_date_add_days(run->today, 1 - terms->reread_days);
    struct store_traffic traffic = {
        .rows = batch->rows,
        .row_count = batch->row_count,
        .from = run->from,
        .to = batch->covered_to,
        .complete_before = batch->complete_before,
        .through = least(batch->covered_to, least(settled, batch->complete_before)),
        .hours_from_us = batch->hours_from_us,
        .hours_to_us = batch->hours_to_us,
    };
    enum till_code code = check_emptiness(run, batch, e);
    if (code)
        return code;
    code = store_traffic_land(run->options->store, run->source, &traffic,
                              clock_now_us(run->options->clock), e);
    if (code)
        return code;
    run->result->days += civil_date_to_days(batch->covered_to) - civil_date_to_days(run->from);
    run->result->rows += (int64_t)batch->row_count;
    run->from = batch->covered_to;
    return TILL_OK;
}

// The service's calendar is another than the one that the rows are kept by.
static enum till_code rezone(struct run *run, const char *timezone, struct till_error *e)
{
    if (run->result->is_rezoned)
        return TILL_FAIL(e, TILL_FORMAT, 0, "the time zone of %s changes from answer to answer",
                         run->source->name);
    enum till_code code = store_source_rezone(run->options->store, run->source->name, timezone, e);
    if (code)
        return code;
    run->result->is_rezoned = true;
    run->source->has_first = run->source->has_through = false;
    memcpy(run->source->timezone, timezone, strlen(timezone) + 1);
    traffic_set_timezone(run->options->traffic, timezone);
    return begin(run, e);
}

static enum till_code one_window(struct run *run, struct arena *arena, struct till_error *e)
{
    struct traffic_batch batch;
    struct traffic_window window = {.from = run->from,
                                    .to = civil_date_add_days(run->today, 1),
                                    .today = run->today,
                                    .zone = run->zone};
    enum till_code code = traffic_fetch(run->options->traffic, &window, arena, &batch, e);
    if (code)
        return code;
    run->result->windows++;
    if (batch.timezone[0] && strcmp(batch.timezone, run->source->timezone) != 0)
        return rezone(run, batch.timezone, e);
    if (!is_before(run->from, batch.covered_to))
        return TILL_FAIL(e, TILL_FORMAT, 0, "%s gives no day at all", run->source->name);
    return land(run, &batch, e);
}

static enum till_code run_windows(struct run *run, struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_TRAFFIC_BYTES);
    enum till_code code = begin(run, e);
    while (code == TILL_OK && !is_before(run->today, run->from)) {
        if (run->options->stop && *run->options->stop)
            return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
        if (run->result->windows >= TILL_LIMIT_TRAFFIC_WINDOWS)
            return TILL_FAIL(e, TILL_LIMIT, 0, "%s needs more than %d windows", run->source->name,
                             TILL_LIMIT_TRAFFIC_WINDOWS);
        code = one_window(run, &arena, e);
        arena_reset(&arena);
    }
    return code;
}

enum till_code sync_source_run(const struct sync_source_options *options,
                               struct sync_source_result *ret_result, struct till_error *e)
{
    struct run run = {.options = options, .source = options->source, .result = ret_result};
    const int64_t began_ms = clock_monotonic_ms(options->clock);
    const int64_t requests = traffic_requests(options->traffic);
    struct store_source_run told = {.started_us = clock_now_us(options->clock)};
    memset(ret_result, 0, sizeof *ret_result);
    enum till_code code =
        store_source_begin(options->store, options->source->name, told.started_us, e);
    if (code == TILL_OK)
        code = run_windows(&run, e);
    zone_close(run.zone);
    ret_result->requests = traffic_requests(options->traffic) - requests;
    ret_result->duration_ms = clock_monotonic_ms(options->clock) - began_ms;
    told.finished_us = clock_now_us(options->clock);
    told.code = code;
    told.error = e->text;
    told.requests = ret_result->requests;
    told.rows = ret_result->rows;
    struct till_error keeping = {0};
    enum till_code kept = store_source_end(options->store, options->source->name, &told, &keeping);
    if (code == TILL_OK && kept) {
        *e = keeping;
        code = kept;
    }
    ret_result->code = code;
    if (code)
        ret_result->error = *e;
    return code;
}

void sync_source_fail(struct store *store, const struct store_source *source,
                      const struct clock *clock, const struct till_error *error)
{
    const int64_t now_us = clock_now_us(clock);
    struct store_source_run told = {
        .started_us = now_us, .finished_us = now_us, .code = error->code, .error = error->text};
    struct till_error ignored = {0};
    if (store_source_begin(store, source->name, now_us, &ignored) == TILL_OK)
        (void)!store_source_end(store, source->name, &told, &ignored);
}
