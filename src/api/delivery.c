// SPDX-License-Identifier: Apache-2.0
// delivery.c - where digests go and when, for the page: the kinds of channel with what each wants to know, the channels, and the schedule.
//
// No secret is in the database, so none can be here: what a channel has of them is its place alone.
#include <string.h>

#include "api/channels.h"
#include "api/questions.h"
#include "channels/kinds.h"
#include "deliver/deliver.h"
#include "views/views.h"

enum { SHOWN_DELIVERIES = 5, WEEKDAYS = 7, HOUR_MINUTES = 60 };

// A field's parameter of POST /api/channels: its option with "_", the word of what is secret.
static void parameter_json(struct buf *out, const struct channel_field_info *field)
{
    const char *name = field->is_secret ? field->word : field->option;
    buf_text(out, "\"parameter\":\"");
    for (; *name; name++)
        buf_char(out, *name == '-' ? '_' : *name);
    buf_char(out, '"');
}

static void kind_json(struct buf *out, enum channel_kind kind)
{
    const struct channel_kind_info *info = &channel_kinds[kind];
    const char *separator = "{";
    buf_char(out, '{');
    view_json_text(out, "kind", info->word);
    view_json_text(out, "label", info->label);
    view_json_text(out, "sentence", info->sentence);
    view_json_bool(out, "local", channel_kind_is_local(kind));
    view_json_key(out, "fields");
    buf_char(out, '[');
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++) {
        const struct channel_field_info *field = &channel_fields[i];
        if (field->kind != kind)
            continue;
        buf_text(out, separator);
        parameter_json(out, field);
        view_json_bool(out, "secret", field->is_secret);
        view_json_bool(out, "needed", field->is_needed);
        view_json_text(out, "default", field->fallback);
        view_json_text(out, "sentence", field->sentence);
        buf_char(out, '}');
        separator = ",{";
    }
    buf_text(out, "]}");
}

// When the next one of that period goes out; null: never.
static void next_json(struct api_work *work, const char *key, const struct zone *zone,
                      const struct store_digest_schedule *schedule, enum store_digest_period period)
{
    struct deliver_due due;
    deliver_due(schedule, zone, period, work->now_us, &due);
    view_json_time(work->out, key, due.next_us == INT64_MAX ? 0 : due.next_us);
}

static void schedule_json(struct api_work *work, const struct zone *zone,
                          const struct store_digest_schedule *schedule)
{
    static const char *const names[WEEKDAYS] = {"monday", "tuesday",  "wednesday", "thursday",
                                                "friday", "saturday", "sunday"};
    const bool is_weekly = schedule->weekly_weekday >= 0 && schedule->weekly_weekday < WEEKDAYS;
    const char *separator = "";
    struct buf *out = work->out;
    view_json_key(out, "schedule");
    buf_char(out, '{');
    view_json_bool(out, "enabled", schedule->is_on);
    view_json_key(out, "at");
    buf_format(out, "\"%02d:%02d\"", schedule->minute / HOUR_MINUTES,
               schedule->minute % HOUR_MINUTES);
    view_json_text(out, "timezone", zone_name(zone));
    view_json_key(out, "weekdays");
    buf_char(out, '[');
    for (int i = 0; i < WEEKDAYS; i++)
        if (schedule->weekdays >> i & 1) {
            buf_format(out, "%s\"%s\"", separator, names[i]);
            separator = ",";
        }
    buf_char(out, ']');
    view_json_text(out, "weekly_on", is_weekly ? names[schedule->weekly_weekday] : "");
    next_json(work, "next_day", zone, schedule, STORE_DIGEST_DAY);
    next_json(work, "next_week", zone, schedule, STORE_DIGEST_WEEK);
    buf_char(out, '}');
}

// One that cannot be read is told with the reason, and keeps no other from being told.
static enum till_code channel_json(struct api_work *work, const struct store_channel *channel,
                                   struct till_error *e)
{
    enum till_code code = api_channel_json(work->store, channel, SHOWN_DELIVERIES, work->out, e);
    if (code != TILL_FORMAT)
        return code;
    buf_char(work->out, '{');
    view_json_text(work->out, "name", channel->name);
    view_json_text(work->out, "kind", channel->kind);
    view_json_text(work->out, "error", e->text);
    buf_char(work->out, '}');
    till_error_clear(e);
    return TILL_OK;
}

enum till_code api_channels(struct api_work *work, struct till_error *e)
{
    struct store_channels channels = {0};
    struct store_digest_schedule schedule = {0};
    struct zone *own_zone = NULL;
    enum till_code code = store_channels(work->store, work->arena, &channels, e);
    if (code == TILL_OK)
        code = store_digest_schedule(work->store, &schedule, e);
    if (code == TILL_OK && schedule.timezone[0])
        code = zone_open(schedule.timezone, &own_zone, e);
    buf_text(work->out, "{\"kinds\":[");
    for (int i = 0; i < CHANNEL_KIND__COUNT; i++) {
        buf_text(work->out, i > 0 ? ",\n" : "");
        kind_json(work->out, (enum channel_kind)i);
    }
    buf_text(work->out, "],\"channels\":[");
    for (size_t i = 0; i < channels.count && code == TILL_OK; i++) {
        buf_text(work->out, i > 0 ? ",\n" : "");
        code = channel_json(work, &channels.list[i], e);
    }
    buf_char(work->out, ']');
    if (code == TILL_OK)
        schedule_json(work, own_zone ? own_zone : work->question->zone, &schedule);
    buf_text(work->out, "}\n");
    zone_close(own_zone);
    return code;
}
