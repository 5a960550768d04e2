// SPDX-License-Identifier: Apache-2.0
// today.c - today so far and yesterday in whole, in one named time zone, straight from the rows.
#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"

const struct store_day_line *report_day_line(const struct report_day *day, const char *currency)
{
    for (size_t i = 0; i < day->line_count; i++) {
        if (strcmp(day->lines[i].currency, currency) == 0)
            return &day->lines[i];
    }
    return NULL;
}

static enum till_code fill_day(struct store *store, struct report_day *day, struct till_error *e)
{
    struct sv all = {NULL, 0};
    return store_day(store, all, day->from_us, day->to_us, day->lines, REPORT_CURRENCIES,
                     &day->line_count, e);
}

static void add_card(struct report_today *today, const struct report_card *card)
{
    static const enum table_id sources[] = {TABLE_orders, TABLE_subscriptions, TABLE_refunds};
    for (size_t i = 0; i < TILL_COUNT(sources); i++) {
        const struct store_table_state *state = &card->tables[sources[i]];
        if (!report_card_reads(card, sources[i]))
            today->is_missing[sources[i]] = true;
        else if (state->last_success_us < today->fresh_as_of_us)
            today->fresh_as_of_us = state->last_success_us;
    }
}

// Name of the organization when there is one, and the age of the oldest table that the numbers come from.
static enum till_code fill_source(const struct report_status *status, struct report_today *today,
                                  struct till_error *e)
{
    size_t live = 0;
    today->fresh_as_of_us = INT64_MAX;
    for (size_t i = 0; i < status->card_count; i++) {
        const struct report_card *card = &status->cards[i];
        if (card->connection.disconnected_at_us != 0)
            continue;
        live += 1;
        (void)snprintf(today->organization_name, sizeof(today->organization_name), "%s",
                       live == 1 ? card->connection.organization_name : "");
        add_card(today, card);
    }
    if (today->fresh_as_of_us == INT64_MAX)
        today->fresh_as_of_us = 0;
    if (live > 0)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "no service is connected");
    return till_error_hint(e, "connect one: `till connect polar`");
}

enum till_code report_today(struct store *store, const struct clock *clock, const struct zone *zone,
                            struct report_today *ret_today, struct till_error *e)
{
    struct report_today *today = ret_today;
    struct report_status *status = till_malloc(sizeof(*status));
    if (!status)
        return TILL_FAIL_MEMORY(e);
    memset(today, 0, sizeof(*today));
    today->zone_name = zone_name(zone);
    today->now_us = clock_now_us(clock);
    today->today.date = zone_date(zone, today->now_us);
    today->yesterday.date = civil_date_add_days(today->today.date, -1);
    today->today.from_us = zone_day_start_us(zone, today->today.date);
    today->today.to_us = today->now_us + 1;
    today->yesterday.from_us = zone_day_start_us(zone, today->yesterday.date);
    today->yesterday.to_us = today->today.from_us;
    enum till_code code = report_status(store, clock, 0, status, e);
    if (code == TILL_OK)
        code = fill_source(status, today, e);
    till_free(status);
    if (code == TILL_OK)
        code = fill_day(store, &today->today, e);
    if (code == TILL_OK)
        code = fill_day(store, &today->yesterday, e);
    return code;
}
