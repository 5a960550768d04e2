// SPDX-License-Identifier: Apache-2.0
// status.c - how each connection is doing: freshness is that of its oldest table, because a number is as old as the oldest row it was made of.
#include "report/report.h"

#include <string.h>

#include "base/fault.h"
#include "sync/schedule.h"

static bool has_word(const char *words, const char *word)
{
    struct sv rest = sv_of(words);
    struct sv part = {0};
    while (sv_split(&rest, ' ', &part)) {
        if (sv_equal(part, sv_of(word)))
            return true;
    }
    return false;
}

bool report_card_reads(const struct report_card *card, enum table_id table)
{
    const struct table *described = model_table(table);
    if (!card->tables[table].is_enabled)
        return false;
    if (described->is_optional)
        return has_word(card->connection.scopes, described->scope);
    return !has_word(card->connection.missing_scopes, described->scope);
}

static void add_table(struct report_card *card, enum table_id table)
{
    const struct store_table_state *state = &card->tables[table];
    card->row_count += state->row_count;
    card->quarantined_count += state->quarantined_count;
    if (state->last_finished_us > card->last_sync_us)
        card->last_sync_us = state->last_finished_us;
    if (!report_card_reads(card, table))
        return;
    if (state->last_finished_us > 0 && state->last_code != TILL_OK)
        card->failing_count += 1;
    else if (state->last_finished_us > 0 && !state->is_proven)
        card->unproven_count += 1;
    if (state->fresh_us < card->fresh_as_of_us)
        card->fresh_as_of_us = state->fresh_us;
}

static enum till_code fill_schedule(struct store *store, struct report_card *card,
                                    enum table_id table, int64_t default_every_ms, int64_t now_us,
                                    struct till_error *e)
{
    const struct store_table_state *state = &card->tables[table];
    struct report_schedule *schedule = &card->schedule[table];
    struct sv organization_id = sv_of(card->connection.organization_id);
    bool is_readable = report_card_reads(card, table);
    struct schedule_terms terms =
        schedule_terms(state, model_table(table), organization_id, is_readable, default_every_ms);
    schedule->every_ms = state->every_ms > 0 ? state->every_ms : default_every_ms;
    schedule->due_us = schedule_due_us(&terms, now_us);
    if (state->failure_count == 0 || !is_readable)
        return TILL_OK;
    return store_failing_since(store, organization_id, model_table(table),
                               &schedule->failing_since_us, e);
}

static enum till_code fill_card(struct store *store, struct report_card *card,
                                const struct report_status_options *options, int64_t now_us,
                                struct till_error *e)
{
    card->fresh_as_of_us = INT64_MAX;
    for (int i = 0; i < TABLE__COUNT; i++) {
        enum till_code code = store_table_state(store, sv_of(card->connection.organization_id),
                                                model_table((enum table_id)i), &card->tables[i], e);
        if (code == TILL_OK)
            code =
                fill_schedule(store, card, (enum table_id)i, options->default_every_ms, now_us, e);
        if (code)
            return code;
        add_table(card, (enum table_id)i);
    }
    if (card->fresh_as_of_us == INT64_MAX)
        card->fresh_as_of_us = 0;
    card->is_stale = card->connection.disconnected_at_us == 0 && options->max_age_us > 0 &&
                     now_us - card->fresh_as_of_us > options->max_age_us;
    return TILL_OK;
}

static enum till_code fill_sources(struct store *store, const struct report_status_options *options,
                                   struct report_status *status, struct till_error *e)
{
    struct store_sources *sources = till_calloc(1, sizeof *sources);
    enum till_code code = sources ? store_source_list(store, sources, e) : TILL_FAIL_MEMORY(e);
    for (size_t i = 0; code == TILL_OK && i < sources->count; i++) {
        const struct store_source *source = &sources->list[i];
        struct report_source *to = &status->sources[status->source_count];
        if (options->name && strcmp(source->name, options->name) != 0)
            continue;
        to->source = *source;
        to->every_ms = source->every_ms > 0 ? source->every_ms : (int64_t)SCHEDULE_SOURCE_EVERY_MS;
        to->due_us = schedule_source_due_us(source, status->now_us);
        to->is_stale = source->disconnected_at_us == 0 && source->is_enabled &&
                       options->max_age_us > 0 &&
                       status->now_us - source->fresh_us > options->max_age_us;
        status->is_stale = status->is_stale || to->is_stale;
        status->source_count++;
    }
    till_free(sources);
    return code;
}

enum till_code report_status(struct store *store, const struct clock *clock,
                             const struct report_status_options *options,
                             struct report_status *ret_status, struct till_error *e)
{
    struct store_connection connections[REPORT_CARDS];
    size_t count = 0;
    size_t live = 0;
    enum till_code code = store_connection_list(store, connections, REPORT_CARDS, &count, e);
    if (code)
        return code;
    memset(ret_status, 0, sizeof(*ret_status));
    ret_status->now_us = clock_now_us(clock);
    for (size_t i = 0; i < count; i++) {
        if (options->name && strcmp(connections[i].name, options->name) != 0)
            continue;
        struct report_card *card = &ret_status->cards[ret_status->card_count++];
        card->connection = connections[i];
        code = fill_card(store, card, options, ret_status->now_us, e);
        if (code)
            return code;
        live += card->connection.disconnected_at_us == 0 ? 1 : 0;
        ret_status->is_stale = ret_status->is_stale || card->is_stale;
    }
    code = fill_sources(store, options, ret_status, e);
    if (options->max_age_us > 0 && live == 0 && ret_status->source_count == 0)
        ret_status->is_stale = true;
    return code;
}
