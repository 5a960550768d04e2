// SPDX-License-Identifier: Apache-2.0
// channels.c - one channel in JSON: what it is, what it gets, and what became of its last digests.
#include "api/channels.h"

#include <stdio.h>

#include "base/limits.h"
#include "channels/kinds.h"
#include "views/views.h"

void api_delivery_json(const struct store_delivery *delivery, struct buf *out)
{
    char date[32];
    (void)snprintf(date, sizeof date, "%04d-%02d-%02d", delivery->key.date.year,
                   delivery->key.date.month, delivery->key.date.day);
    buf_char(out, '{');
    view_json_text(out, "channel", delivery->key.channel);
    view_json_text(out, "organization_id", delivery->key.organization_id);
    view_json_text(out, "period", store_digest_period_word(delivery->key.period));
    view_json_text(out, "date", date);
    view_json_text(out, "state", store_delivery_word(delivery->state));
    view_json_int(out, "parts_sent", delivery->parts_sent);
    view_json_int(out, "parts", delivery->part_count);
    view_json_int(out, "tries", delivery->tries);
    view_json_time(out, "first_try", delivery->first_us);
    view_json_time(out, "last_try", delivery->last_us);
    view_json_time(out, "next_try", delivery->next_try_us);
    view_json_text(out, "error", delivery->error);
    buf_char(out, '}');
}

static void sections_json(uint32_t sections, struct buf *out)
{
    bool has_any = false;
    view_json_key(out, "sections");
    buf_char(out, '[');
    for (int i = 0; i < CHANNEL_SECTIONS; i++) {
        if (sections != 0 && (sections >> i & 1) == 0)
            continue;
        buf_format(out, "%s\"%s\"", has_any ? "," : "", channel_sections[i]);
        has_any = true;
    }
    buf_char(out, ']');
}

static void fields_json(enum channel_kind kind, const struct channel_values *values,
                        struct buf *out)
{
    view_json_text(out, "where", values->where);
    view_json_key(out, "fields");
    buf_char(out, '{');
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++)
        if (channel_fields[i].kind == kind && !channel_fields[i].is_secret)
            view_json_text(out, channel_fields[i].word,
                           channel_value(values, (enum channel_field)i));
    buf_char(out, '}');
}

static void deliveries_json(const struct store_deliveries *deliveries, struct buf *out)
{
    view_json_key(out, "deliveries");
    buf_char(out, '[');
    for (size_t i = 0; i < deliveries->count; i++) {
        if (i > 0)
            buf_char(out, ',');
        api_delivery_json(&deliveries->list[i], out);
    }
    buf_char(out, ']');
}

enum till_code api_channel_json(struct store *store, const struct store_channel *channel,
                                size_t delivery_limit, struct buf *out, struct till_error *e)
{
    struct store_deliveries deliveries = {.count = 0};
    struct channel_values values = {.where = NULL};
    enum channel_kind kind = CHANNEL_email;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = TILL_OK;
    if (!channel_kind_parse(sv_of(channel->kind), &kind))
        code = TILL_FAIL(e, TILL_FORMAT, 0, "%s is of a kind that this version does not know: %s",
                         channel->name, channel->kind);
    if (code == TILL_OK)
        code = channel_values_parse(kind, sv_of(channel->settings), &arena, &values, e);
    if (code == TILL_OK)
        code = store_deliveries(store, channel->name, delivery_limit, &arena, &deliveries, e);
    if (code)
        return code;
    buf_char(out, '{');
    view_json_text(out, "name", channel->name);
    view_json_text(out, "kind", channel->kind);
    fields_json(kind, &values, out);
    view_json_bool(out, "enabled", channel->is_enabled);
    view_json_text(out, "digests",
                   channel->gets_days && channel->gets_weeks ? "both"
                   : channel->gets_weeks                     ? "weeks"
                                                             : "days");
    sections_json(channel->sections, out);
    view_json_text(out, "connection", channel->connection);
    view_json_bool(out, "with_names", channel->has_names);
    view_json_bool(out, "ascii", channel->is_ascii);
    view_json_text(out, "secret_place", channel->secret_place);
    view_json_time(out, "created_at", channel->created_us);
    deliveries_json(&deliveries, out);
    buf_char(out, '}');
    return buf_fail(out, "a channel", e);
}
