// SPDX-License-Identifier: Apache-2.0
// status.c - how each connection is doing: freshness is that of its oldest table, because a number is as old as the oldest row it was made of.
#include "report/report.h"

#include <string.h>

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
    if (state->last_success_us < card->fresh_as_of_us)
        card->fresh_as_of_us = state->last_success_us;
}

static enum till_code fill_card(struct store *store, struct report_card *card, struct till_error *e)
{
    card->fresh_as_of_us = INT64_MAX;
    for (int i = 0; i < TABLE__COUNT; i++) {
        enum till_code code = store_table_state(store, sv_of(card->connection.organization_id),
                                                model_table((enum table_id)i), &card->tables[i], e);
        if (code)
            return code;
        add_table(card, (enum table_id)i);
    }
    if (card->fresh_as_of_us == INT64_MAX)
        card->fresh_as_of_us = 0;
    return TILL_OK;
}

enum till_code report_status(struct store *store, const struct clock *clock, int64_t max_age_us,
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
    ret_status->card_count = count;
    for (size_t i = 0; i < count; i++) {
        struct report_card *card = &ret_status->cards[i];
        card->connection = connections[i];
        code = fill_card(store, card, e);
        if (code)
            return code;
        if (card->connection.disconnected_at_us != 0)
            continue;
        live += 1;
        if (max_age_us > 0 && ret_status->now_us - card->fresh_as_of_us > max_age_us)
            ret_status->is_stale = true;
    }
    if (max_age_us > 0 && live == 0)
        ret_status->is_stale = true;
    return TILL_OK;
}
