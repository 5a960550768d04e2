// SPDX-License-Identifier: Apache-2.0
// meters.c - the snapshot for monitoring: status and today as they are, and per organization one pass over the subscriptions for MRR and one for their
// number, by the rules of the reports that people read, so that a graph in a monitoring system and the dashboard never disagree.
#include "report/meters.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "report/metrics.h"
#include "report/movements.h"
#include "store/breakdown.h"
#include "store/channels.h"

enum { DELIVERIES_LOOKED_AT = 32 };

struct summing {
    struct movements *engine;
    struct report_meter *meter;
};

// The line of that currency, made when there is none; NULL when there are too many.
static struct report_meter_line *line_of(struct report_meter *meter, const char *currency)
{
    size_t at = 0;
    while (at < meter->line_count && strcmp(meter->lines[at].currency, currency) < 0)
        at++;
    if (at < meter->line_count && strcmp(meter->lines[at].currency, currency) == 0)
        return &meter->lines[at];
    if (meter->line_count == REPORT_CURRENCIES)
        return NULL;
    memmove(&meter->lines[at + 1], &meter->lines[at],
            (meter->line_count - at) * sizeof meter->lines[0]);
    meter->line_count++;
    meter->lines[at] = (struct report_meter_line){0};
    (void)snprintf(meter->lines[at].currency, sizeof meter->lines[at].currency, "%s", currency);
    return &meter->lines[at];
}

static enum till_code fail_currencies(struct till_error *e)
{
    return TILL_FAIL(e, TILL_LIMIT, REPORT_CURRENCIES, "there are more than %d currencies",
                     REPORT_CURRENCIES);
}

static enum till_code take_subscription(void *context, const struct value *v, size_t count,
                                        struct till_error *e)
{
    struct summing *summing = context;
    metrics_currency currency = 0;
    int64_t amount_minor = 0;
    if (count < STORE_PLACED_COLUMNS || v[0].type != VALUE_TEXT ||
        !movements_now(summing->engine, metrics_id(v[0].text), &amount_minor, &currency) ||
        amount_minor == 0)
        return TILL_OK;
    const char code[] = {(char)(currency >> 16), (char)(currency >> 8), (char)currency, '\0'};
    struct report_meter_line *line = line_of(summing->meter, code);
    if (!line)
        return fail_currencies(e);
    if (__builtin_add_overflow(line->mrr_minor, amount_minor, &line->mrr_minor))
        return TILL_FAIL(e, TILL_LIMIT, 0, "monthly recurring revenue is too large to add up");
    return TILL_OK;
}

static enum till_code put_mrr(struct store *store, const struct store_connection *connection,
                              const struct zone *zone, int64_t now_us, struct report_meter *meter,
                              struct till_error *e)
{
    struct summing summing = {.meter = meter};
    const struct store_metric_sink sink = {take_subscription, &summing};
    const struct store_breakdown_query question = {.organization_id =
                                                       sv_of(connection->organization_id),
                                                   .by = STORE_BY_CURRENCY,
                                                   .now_us = now_us};
    enum till_code code =
        report_movements_now(store, question.organization_id, now_us, zone, &summing.engine, e);
    if (code == TILL_OK)
        code = store_breakdown_subscriptions(store, &question, &sink, e);
    movements_close(summing.engine);
    return code;
}

static enum till_code put_active(struct store *store, const struct store_connection *connection,
                                 const struct zone *zone, int64_t now_us,
                                 struct report_meter *meter, struct till_error *e)
{
    struct report_metrics_query query = {.connection = connection,
                                         .from = zone_date(zone, now_us),
                                         .to = zone_date(zone, now_us),
                                         .interval = METRICS_DAY,
                                         .zone = zone};
    query.is_asked[METRIC_active_subscriptions] = true;
    struct report_metrics *report = till_calloc(1, sizeof *report);
    if (!report)
        return TILL_FAIL_MEMORY(e);
    enum till_code code = report_metrics(store, &query, report, e);
    if (code == TILL_OK)
        meter->active_subscriptions = report->answer.totals[METRIC_active_subscriptions].integer;
    report_metrics_release(report);
    till_free(report);
    return code;
}

static enum till_code put_days(const struct report_today_part *part, struct report_meter *meter,
                               struct till_error *e)
{
    const struct report_day *days[] = {&part->yesterday, &part->today};
    for (size_t i = 0; i < TILL_COUNT(days); i++) {
        for (size_t k = 0; k < days[i]->line_count; k++) {
            struct report_meter_line *line = line_of(meter, days[i]->lines[k].currency);
            if (!line)
                return fail_currencies(e);
            if (days[i] == &part->today)
                line->day = days[i]->lines[k];
        }
    }
    return TILL_OK;
}

static bool has_landed(const struct report_card *card, enum table_id table)
{
    return report_card_reads(card, table) && card->tables[table].last_success_us > 0;
}

static enum till_code fill(struct store *store, const struct report_card *card,
                           const struct report_today_part *part, const struct zone *zone,
                           int64_t now_us, struct report_meter *meter, struct till_error *e)
{
    meter->has_orders = has_landed(card, TABLE_orders);
    meter->has_refunds = has_landed(card, TABLE_refunds);
    meter->has_subscriptions = has_landed(card, TABLE_subscriptions);
    enum till_code code = put_days(part, meter, e);
    if (code == TILL_OK && meter->has_subscriptions)
        code = put_mrr(store, &card->connection, zone, now_us, meter, e);
    if (code == TILL_OK && meter->has_subscriptions)
        code = put_active(store, &card->connection, zone, now_us, meter, e);
    return code;
}

static enum till_code put_channels(struct store *store, struct arena *arena,
                                   struct report_meters *meters, struct till_error *e)
{
    struct store_channels channels = {0};
    enum till_code code = store_channels(store, arena, &channels, e);
    for (size_t i = 0; code == TILL_OK && i < channels.count && i < TILL_LIMIT_CHANNELS; i++) {
        const struct store_channel *channel = &channels.list[i];
        struct report_meter_channel *meter = &meters->channels[meters->channel_count++];
        struct store_deliveries newest = {0};
        (void)snprintf(meter->name, sizeof meter->name, "%s", channel->name);
        (void)snprintf(meter->kind, sizeof meter->kind, "%s", channel->kind);
        meter->is_enabled = channel->is_enabled;
        code = store_deliveries(store, channel->name, DELIVERIES_LOOKED_AT, arena, &newest, e);
        meter->is_troubled = newest.count > 0 && newest.list[0].state != STORE_DELIVERY_SENT;
        for (size_t k = 0; k < newest.count && meter->last_sent_us == 0; k++)
            if (newest.list[k].state == STORE_DELIVERY_SENT)
                meter->last_sent_us = newest.list[k].last_us;
    }
    return code;
}

enum till_code report_meters(struct store *store, const struct clock *clock,
                             const struct zone *zone, const struct report_status_options *options,
                             struct report_meters *ret_meters, struct till_error *e)
{
    bool is_connected = false;
    struct report_today *today = till_malloc(sizeof *today);
    if (!today)
        return TILL_FAIL_MEMORY(e);
    memset(ret_meters, 0, sizeof *ret_meters);
    enum till_code code = report_status(store, clock, options, &ret_meters->status, e);
    const struct report_status *status = &ret_meters->status;
    for (size_t i = 0; code == TILL_OK && i < status->card_count; i++)
        is_connected = is_connected || status->cards[i].connection.disconnected_at_us == 0;
    if (code == TILL_OK && is_connected)
        code = report_today(store, clock, zone, options->name, today, e);
    for (size_t i = 0, part = 0; code == TILL_OK && i < status->card_count; i++) {
        if (status->cards[i].connection.disconnected_at_us != 0)
            continue;
        if (part == today->part_count) // disconnected in between
            break;
        code = fill(store, &status->cards[i], &today->parts[part++], zone, status->now_us,
                    &ret_meters->meters[i], e);
    }
    till_free(today);
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    return code ? code : put_channels(store, &arena, ret_meters, e);
}
