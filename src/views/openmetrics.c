// SPDX-License-Identifier: Apache-2.0
// openmetrics.c - OpenMetrics 1.0: each family once, with its type, unit and help, then its samples; names from one list.
//
// All are gauges: till remembers states, not counts since its start, and a count that may go down would break rate(). Times are exported as times
// (seconds since 1970) and as ages, which need no clock of the monitoring system.
#include "views/openmetrics.h"

#include <inttypes.h>

#include "base/money.h"

// What one sample is about: as far as its family's scope says.
struct point {
    const struct report_meters *meters;
    size_t card;
    enum table_id table;
    const struct report_meter_line *line;
    const struct store_source *source;
    const struct report_meter_channel *channel;
};

enum scope { OF_CONNECTION, OF_TABLE, OF_CURRENCY, OF_SOURCE, OF_CHANNEL };

struct family {
    const char *name, *unit, *help;
    enum scope scope;
    // Writes the value; false: there is none, and no sample.
    bool (*value)(struct buf *out, const struct point *point);
};

static const struct report_card *card_of(const struct point *point)
{
    return &point->meters->status.cards[point->card];
}

static const struct report_meter *meter_of(const struct point *point)
{
    return &point->meters->meters[point->card];
}

static const struct store_table_state *state_of(const struct point *point)
{
    return &card_of(point)->tables[point->table];
}

// Microseconds as seconds, exactly.
static bool put_seconds(struct buf *out, int64_t us)
{
    uint64_t rest = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    buf_format(out, "%s%" PRIu64 ".%06" PRIu64, us < 0 ? "-" : "", rest / 1000000, rest % 1000000);
    return true;
}

static bool put_count(struct buf *out, int64_t count)
{
    buf_int(out, count);
    return true;
}

static bool put_time(struct buf *out, int64_t unix_us)
{
    return unix_us != 0 && put_seconds(out, unix_us);
}

static bool put_age(struct buf *out, const struct point *point, int64_t unix_us)
{
    int64_t age_us = 0;
    if (unix_us == 0 || __builtin_sub_overflow(point->meters->status.now_us, unix_us, &age_us))
        return false;
    return put_seconds(out, age_us > 0 ? age_us : 0);
}

static bool put_money(struct buf *out, const struct point *point, int64_t amount_minor)
{
    money_format_plain(out, amount_minor, sv_of(point->line->currency));
    return true;
}

// ---- one function for each family ----

static bool connected(struct buf *out, const struct point *point)
{
    return put_count(out, card_of(point)->connection.disconnected_at_us == 0);
}
static bool connection_fresh(struct buf *out, const struct point *point)
{
    return put_time(out, card_of(point)->fresh_as_of_us);
}
static bool connection_age(struct buf *out, const struct point *point)
{
    return put_age(out, point, card_of(point)->fresh_as_of_us);
}
static bool connection_failing(struct buf *out, const struct point *point)
{
    return put_count(out, card_of(point)->failing_count);
}
static bool active_subscriptions(struct buf *out, const struct point *point)
{
    const struct report_meter *meter = meter_of(point);
    return meter->has_subscriptions && put_count(out, meter->active_subscriptions);
}
static bool rows(struct buf *out, const struct point *point)
{
    return put_count(out, state_of(point)->row_count);
}
static bool deleted_rows(struct buf *out, const struct point *point)
{
    return put_count(out, state_of(point)->deleted_count);
}
static bool quarantined_rows(struct buf *out, const struct point *point)
{
    return put_count(out, state_of(point)->quarantined_count);
}
static bool success_time(struct buf *out, const struct point *point)
{
    return put_time(out, state_of(point)->last_success_us);
}
static bool success_age(struct buf *out, const struct point *point)
{
    return put_age(out, point, state_of(point)->last_success_us);
}
static bool failures(struct buf *out, const struct point *point)
{
    return put_count(out, state_of(point)->failure_count);
}
static bool requests(struct buf *out, const struct point *point)
{
    return state_of(point)->last_finished_us != 0 && put_count(out, state_of(point)->last_requests);
}
static bool proven(struct buf *out, const struct point *point)
{
    return state_of(point)->last_success_us != 0 && put_count(out, state_of(point)->is_proven);
}
static bool revenue(struct buf *out, const struct point *point)
{
    return meter_of(point)->has_orders && put_money(out, point, point->line->day.revenue_minor);
}
static bool orders(struct buf *out, const struct point *point)
{
    return meter_of(point)->has_orders && put_count(out, point->line->day.order_count);
}
static bool refunded(struct buf *out, const struct point *point)
{
    return meter_of(point)->has_refunds && put_money(out, point, point->line->day.refunded_minor);
}
static bool new_subscriptions(struct buf *out, const struct point *point)
{
    return meter_of(point)->has_subscriptions && put_count(out, point->line->day.new_subscriptions);
}
static bool lost_subscriptions(struct buf *out, const struct point *point)
{
    return meter_of(point)->has_subscriptions &&
           put_count(out, point->line->day.lost_subscriptions);
}
static bool mrr(struct buf *out, const struct point *point)
{
    return meter_of(point)->has_subscriptions && put_money(out, point, point->line->mrr_minor);
}

static bool source_fresh(struct buf *out, const struct point *point)
{
    return put_time(out, point->source->fresh_us);
}
static bool source_age(struct buf *out, const struct point *point)
{
    return put_age(out, point, point->source->fresh_us);
}
static bool source_failures(struct buf *out, const struct point *point)
{
    return put_count(out, point->source->failure_count);
}
static bool channel_enabled(struct buf *out, const struct point *point)
{
    return put_count(out, point->channel->is_enabled);
}
static bool channel_sent(struct buf *out, const struct point *point)
{
    return put_time(out, point->channel->last_sent_us);
}
static bool channel_troubled(struct buf *out, const struct point *point)
{
    return put_count(out, point->channel->is_troubled);
}

static const struct family families[] = {
    {"till_connection_connected", "", "1 while the service is connected, 0 after a disconnect.",
     OF_CONNECTION, connected},
    {"till_connection_fresh_timestamp_seconds", "seconds",
     "The mirror is as the service was then: of its oldest table.", OF_CONNECTION,
     connection_fresh},
    {"till_connection_age_seconds", "seconds", "How long ago that was.", OF_CONNECTION,
     connection_age},
    {"till_connection_failing_tables", "", "Tables whose last run failed.", OF_CONNECTION,
     connection_failing},
    {"till_active_subscriptions", "",
     "Subscriptions that have begun and not ended, as till metrics counts them.", OF_CONNECTION,
     active_subscriptions},
    {"till_table_rows", "", "Mirrored rows that the service still has.", OF_TABLE, rows},
    {"till_table_deleted_rows", "", "Mirrored rows that have left the service.", OF_TABLE,
     deleted_rows},
    {"till_table_quarantined_rows", "", "Rows that could not be understood.", OF_TABLE,
     quarantined_rows},
    {"till_table_last_success_timestamp_seconds", "seconds", "End of the last run that went well.",
     OF_TABLE, success_time},
    {"till_table_success_age_seconds", "seconds", "Time since the last run that went well.",
     OF_TABLE, success_age},
    {"till_table_failures", "", "Runs that failed since the last one that went well.", OF_TABLE,
     failures},
    {"till_table_last_run_requests", "", "Requests that the last run spent.", OF_TABLE, requests},
    {"till_table_proven", "",
     "1 when the last finished walk saw every row that the service counts.", OF_TABLE, proven},
    {"till_today_revenue", "",
     "Revenue of the local day so far: paid orders after discounts, without tax.", OF_CURRENCY,
     revenue},
    {"till_today_orders", "", "Paid orders of the local day so far.", OF_CURRENCY, orders},
    {"till_today_refunded", "", "Refunds of the local day so far, without tax.", OF_CURRENCY,
     refunded},
    {"till_today_new_subscriptions", "", "Subscriptions that started on the local day so far.",
     OF_CURRENCY, new_subscriptions},
    {"till_today_lost_subscriptions", "", "Subscriptions that ended on the local day so far.",
     OF_CURRENCY, lost_subscriptions},
    {"till_mrr", "", "Monthly recurring revenue as of now.", OF_CURRENCY, mrr},
    {"till_source_fresh_timestamp_seconds", "seconds",
     "Web traffic is as the source had it then: start of the last run that went well.", OF_SOURCE,
     source_fresh},
    {"till_source_age_seconds", "seconds", "How long ago that was.", OF_SOURCE, source_age},
    {"till_source_failures", "", "Runs that failed since then.", OF_SOURCE, source_failures},
    {"till_channel_enabled", "", "1 while digests go to the channel, 0 when it is switched off.",
     OF_CHANNEL, channel_enabled},
    {"till_channel_last_sent_timestamp_seconds", "seconds", "When a digest arrived there last.",
     OF_CHANNEL, channel_sent},
    {"till_channel_troubled", "",
     "1 when its newest digest failed, waits for another try, or may not have arrived.", OF_CHANNEL,
     channel_troubled},
};

// ---- the text ----

// A label's value. The format has three escapes; other control characters are no text for anybody.
static void put_label(struct buf *out, const char *name, const char *text)
{
    struct sv rest = sv_of(text);
    buf_format(out, "%s=\"", name);
    while (rest.len > 0) {
        bool is_valid = true;
        size_t step = sv_utf8_step(rest, &is_valid);
        unsigned char c = (unsigned char)rest.ptr[0];
        if (c == '\\' || c == '"')
            buf_format(out, "\\%c", c);
        else if (c == '\n')
            buf_text(out, "\\n");
        else if (!is_valid || c < 0x20 || c == 0x7f)
            buf_text(out, "\xef\xbf\xbd");
        else
            buf_append(out, rest.ptr, step);
        rest.ptr += step;
        rest.len -= step;
    }
    buf_char(out, '"');
}

static void put_labels(struct buf *out, enum scope scope, const struct point *point)
{
    if (scope == OF_SOURCE) {
        put_label(out, "source", point->source->name);
        buf_char(out, ',');
        put_label(out, "service", traffic_service_word(point->source->service));
        return;
    }
    if (scope == OF_CHANNEL) {
        put_label(out, "channel", point->channel->name);
        buf_char(out, ',');
        put_label(out, "kind", point->channel->kind);
        return;
    }
    const struct store_connection *connection = &card_of(point)->connection;
    put_label(out, "connection", connection->name);
    buf_char(out, ',');
    put_label(out, "organization", connection->organization_name);
    if (scope == OF_TABLE) {
        buf_char(out, ',');
        put_label(out, "table", model_table(point->table)->name);
    } else if (scope == OF_CURRENCY) {
        buf_char(out, ',');
        put_label(out, "currency", point->line->currency);
    }
}

static void put_sample(struct buf *out, const struct family *family, const struct point *point)
{
    AUTO_BUF value;
    buf_init(&value, out->limit_bytes);
    if (!family->value(&value, point))
        return;
    buf_text(out, family->name);
    buf_char(out, '{');
    put_labels(out, family->scope, point);
    buf_text(out, "} ");
    if (value.failure == TILL_OK)
        buf_sv(out, (struct sv){value.data, value.len});
    else
        out->failure = value.failure;
    buf_char(out, '\n');
}

// All samples of one card. Tables that are switched off or not readable have none: their age would alarm for ever.
static void put_samples(struct buf *out, const struct family *family, struct point point)
{
    const struct report_card *card = card_of(&point);
    bool is_live = card->connection.disconnected_at_us == 0;
    if (family->scope == OF_CONNECTION) {
        if (is_live || family->value == connected)
            put_sample(out, family, &point);
        return;
    }
    if (!is_live)
        return;
    for (int i = 0; family->scope == OF_TABLE && i < TABLE__COUNT; i++) {
        point.table = (enum table_id)i;
        if (report_card_reads(card, point.table))
            put_sample(out, family, &point);
    }
    const struct report_meter *meter = meter_of(&point);
    for (size_t i = 0; family->scope == OF_CURRENCY && i < meter->line_count; i++) {
        point.line = &meter->lines[i];
        put_sample(out, family, &point);
    }
}

// What is of no connection: one sample each. A source that is switched off has none, since its age would alarm for ever.
static void put_others(struct buf *out, const struct family *family, struct point point)
{
    const struct report_meters *meters = point.meters;
    for (size_t i = 0; family->scope == OF_SOURCE && i < meters->status.source_count; i++) {
        point.source = &meters->status.sources[i].source;
        if (point.source->disconnected_at_us == 0 && meters->status.sources[i].due_us != 0)
            put_sample(out, family, &point);
    }
    for (size_t i = 0; family->scope == OF_CHANNEL && i < meters->channel_count; i++) {
        point.channel = &meters->channels[i];
        put_sample(out, family, &point);
    }
}

void view_openmetrics(struct buf *out, const struct report_meters *meters, const char *version)
{
    buf_text(out, "# TYPE till_build info\n# HELP till_build The program that answers.\n"
                  "till_build_info{");
    put_label(out, "version", version);
    buf_text(out, "} 1\n");
    for (size_t i = 0; i < TILL_COUNT(families); i++) {
        const struct family *family = &families[i];
        buf_format(out, "# TYPE %s gauge\n", family->name);
        if (family->unit[0])
            buf_format(out, "# UNIT %s %s\n", family->name, family->unit);
        buf_format(out, "# HELP %s %s\n", family->name, family->help);
        for (size_t card = 0; card < meters->status.card_count; card++)
            put_samples(out, family, (struct point){.meters = meters, .card = card});
        put_others(out, family, (struct point){.meters = meters});
    }
    buf_text(out, "# EOF\n");
}
