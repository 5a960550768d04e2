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

static void set_spans(struct report_day *today, struct report_day *yesterday,
                      const struct zone *zone, int64_t now_us)
{
    today->date = zone_date(zone, now_us);
    yesterday->date = civil_date_add_days(today->date, -1);
    today->from_us = zone_day_start_us(zone, today->date);
    today->to_us = now_us + 1;
    yesterday->from_us = zone_day_start_us(zone, yesterday->date);
    yesterday->to_us = today->from_us;
}

static enum till_code fill_day(struct store *store, struct sv organization_id,
                               struct report_day *day, struct till_error *e)
{
    return store_day(store, organization_id, day->from_us, day->to_us, day->lines,
                     REPORT_CURRENCIES, &day->line_count, e);
}

// What the numbers of one organization are made of, and how old the oldest of it is.
static void fill_source(const struct report_card *card, struct report_today_part *part)
{
    static const enum table_id sources[] = {TABLE_orders, TABLE_subscriptions, TABLE_refunds};
    int64_t fresh_as_of_us = INT64_MAX;
    const struct store_connection *connection = &card->connection;
    (void)snprintf(part->name, sizeof(part->name), "%s", connection->name);
    (void)snprintf(part->organization_id, sizeof(part->organization_id), "%s",
                   connection->organization_id);
    (void)snprintf(part->organization_name, sizeof(part->organization_name), "%s",
                   connection->organization_name);
    for (size_t i = 0; i < TILL_COUNT(sources); i++) {
        const struct store_table_state *state = &card->tables[sources[i]];
        if (!report_card_reads(card, sources[i]))
            part->is_missing[sources[i]] = true;
        else if (state->fresh_us < fresh_as_of_us)
            fresh_as_of_us = state->fresh_us;
    }
    part->fresh_as_of_us = fresh_as_of_us == INT64_MAX ? 0 : fresh_as_of_us;
}

static enum till_code add_part(struct store *store, const struct report_card *card,
                               const struct zone *zone, struct report_today *today,
                               struct till_error *e)
{
    struct report_today_part *part = &today->parts[today->part_count++];
    struct sv organization_id = sv_of(card->connection.organization_id);
    fill_source(card, part);
    for (int i = 0; i < TABLE__COUNT; i++)
        today->is_missing[i] = today->is_missing[i] || part->is_missing[i];
    if (today->part_count == 1 || part->fresh_as_of_us < today->fresh_as_of_us)
        today->fresh_as_of_us = part->fresh_as_of_us;
    set_spans(&part->today, &part->yesterday, zone, today->now_us);
    enum till_code code = fill_day(store, organization_id, &part->today, e);
    return code ? code : fill_day(store, organization_id, &part->yesterday, e);
}

// All of them together: each currency by itself.
static enum till_code fill_together(struct store *store, struct report_today *today,
                                    struct till_error *e)
{
    const struct sv all = {NULL, 0};
    if (today->part_count == 1) {
        const struct report_today_part *part = &today->parts[0];
        (void)snprintf(today->organization_name, sizeof(today->organization_name), "%s",
                       part->organization_name);
        today->today = part->today;
        today->yesterday = part->yesterday;
        return TILL_OK;
    }
    enum till_code code = fill_day(store, all, &today->today, e);
    return code ? code : fill_day(store, all, &today->yesterday, e);
}

enum till_code report_today(struct store *store, const struct clock *clock, const struct zone *zone,
                            const char *name, struct report_today *ret_today, struct till_error *e)
{
    struct report_today *today = ret_today;
    struct report_status *status = till_malloc(sizeof(*status));
    if (!status)
        return TILL_FAIL_MEMORY(e);
    memset(today, 0, sizeof(*today));
    today->zone_name = zone_name(zone);
    today->now_us = clock_now_us(clock);
    set_spans(&today->today, &today->yesterday, zone, today->now_us);
    enum till_code code =
        report_status(store, clock, &(struct report_status_options){.name = name}, status, e);
    for (size_t i = 0; code == TILL_OK && i < status->card_count; i++) {
        if (status->cards[i].connection.disconnected_at_us == 0)
            code = add_part(store, &status->cards[i], zone, today, e);
    }
    till_free(status);
    if (code == TILL_OK && today->part_count == 0) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "no service is connected");
        return till_error_hint(e, "connect one: `till connect polar`");
    }
    return code ? code : fill_together(store, today, e);
}
