// SPDX-License-Identifier: Apache-2.0
// channels.c - where digests go, and when: two small tables that people fill.
//
// A channel's settings are a JSON object that this room does not look into: room channels knows the fields of each kind. What cannot be kept whole is
// refused and never cut, because half an address is another address.
#include "store/channels.h"

#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "store/driver.h"

#define CHANNEL_COLUMNS                                                                            \
    "name, kind, settings, secret_place, connection, sections, gets_days, gets_weeks, has_names,"  \
    " is_ascii, is_enabled, created_at"
enum { CHANNEL_COLUMN_COUNT = 12, DAY_MINUTES = 24 * 60, ALL_WEEKDAYS = 0x7f };

struct gathering {
    struct store_channel *list;
    size_t count, capacity;
};

static enum till_code take_channel(void *context, const struct value *values, size_t count,
                                   struct till_error *e)
{
    struct gathering *gathering = context;
    if (count != CHANNEL_COLUMN_COUNT)
        return TILL_FAIL(e, TILL_STORE, 0, "a channel has %zu columns", count);
    if (gathering->count == gathering->capacity)
        return TILL_FAIL(e, TILL_LIMIT, (long)gathering->capacity,
                         "more than %zu channels are there", gathering->capacity);
    struct store_channel *to = &gathering->list[gathering->count++];
    memset(to, 0, sizeof *to);
    store_copy(to->name, sizeof to->name, &values[0]);
    store_copy(to->kind, sizeof to->kind, &values[1]);
    store_copy(to->settings, sizeof to->settings, &values[2]);
    store_copy(to->secret_place, sizeof to->secret_place, &values[3]);
    store_copy(to->connection, sizeof to->connection, &values[4]);
    to->sections = (uint32_t)store_integer_of(&values[5]);
    to->gets_days = store_integer_of(&values[6]) != 0;
    to->gets_weeks = store_integer_of(&values[7]) != 0;
    to->has_names = store_integer_of(&values[8]) != 0;
    to->is_ascii = store_integer_of(&values[9]) != 0;
    to->is_enabled = store_integer_of(&values[10]) != 0;
    to->created_us = store_time_of(&values[11]);
    return TILL_OK;
}

enum till_code store_channels(struct store *store, struct arena *arena,
                              struct store_channels *ret_channels, struct till_error *e)
{
    static const char sql[] = "SELECT " CHANNEL_COLUMNS " FROM digest_channels ORDER BY name";
    struct gathering gathering = {.capacity = TILL_LIMIT_CHANNELS};
    gathering.list = arena_calloc(arena, gathering.capacity, sizeof *gathering.list);
    if (!gathering.list)
        return arena_fail(arena, "the channels", e);
    struct store_result result = {.row = take_channel, .context = &gathering};
    enum till_code code = store_execute(store, sql, NULL, 0, &result, e);
    if (code == TILL_OK)
        *ret_channels = (struct store_channels){gathering.list, gathering.count};
    return code;
}

enum till_code store_channel_get(struct store *store, const char *name,
                                 struct store_channel *ret_channel, bool *ret_found,
                                 struct till_error *e)
{
    static const char sql[] = "SELECT " CHANNEL_COLUMNS " FROM digest_channels WHERE name = ?1";
    struct value key = store_c_text(name);
    arena_reset(&store->arena);
    struct gathering gathering = {.capacity = 1};
    gathering.list = arena_calloc(&store->arena, 1, sizeof *gathering.list);
    if (!gathering.list)
        return arena_fail(&store->arena, "a channel", e);
    struct store_result result = {.row = take_channel, .context = &gathering};
    enum till_code code = store_execute(store, sql, &key, 1, &result, e);
    if (code)
        return code;
    *ret_found = gathering.count > 0;
    if (*ret_found)
        *ret_channel = gathering.list[0];
    return TILL_OK;
}

static enum till_code put_channel(struct store *store, const struct store_channel *channel,
                                  struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO digest_channels(" CHANNEL_COLUMNS
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        " ON CONFLICT(name) DO UPDATE SET kind = excluded.kind, settings = excluded.settings,"
        " secret_place = excluded.secret_place, connection = excluded.connection,"
        " sections = excluded.sections, gets_days = excluded.gets_days,"
        " gets_weeks = excluded.gets_weeks, has_names = excluded.has_names,"
        " is_ascii = excluded.is_ascii, is_enabled = excluded.is_enabled,"
        " created_at = excluded.created_at";
    static const char count_sql[] = "SELECT count(*) FROM digest_channels";
    char created_at[STORE_TIME_BYTES];
    int64_t channel_count = 0;
    struct store_result counted = {.row = store_take_integer, .context = &channel_count};
    struct value values[CHANNEL_COLUMN_COUNT] = {
        store_c_text(channel->name),        store_c_text(channel->kind),
        store_c_text(channel->settings),    store_c_text(channel->secret_place),
        store_c_text(channel->connection),  store_integer(channel->sections),
        store_integer(channel->gets_days),  store_integer(channel->gets_weeks),
        store_integer(channel->has_names),  store_integer(channel->is_ascii),
        store_integer(channel->is_enabled), store_time(channel->created_us, created_at),
    };
    enum till_code code = store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
    if (code == TILL_OK)
        code = store_execute(store, count_sql, NULL, 0, &counted, e);
    if (code || channel_count <= TILL_LIMIT_CHANNELS)
        return code;
    (void)TILL_FAIL(e, TILL_LIMIT, TILL_LIMIT_CHANNELS, "there are %d channels already",
                    TILL_LIMIT_CHANNELS);
    return till_error_hint(e, "remove one of them first: till channels remove NAME");
}

enum till_code store_channel_put(struct store *store, const struct store_channel *channel,
                                 struct till_error *e)
{
    if (!channel->name[0])
        return TILL_FAIL(e, TILL_USAGE, 0, "a channel needs a name");
    enum till_code code = store_begin(store, e);
    return code ? code : store_finish(store, put_channel(store, channel, e), e);
}

enum till_code store_channel_remove(struct store *store, const char *name, bool *ret_was_there,
                                    struct till_error *e)
{
    static const char sql[] = "DELETE FROM digest_channels WHERE name = ?1";
    struct value key = store_c_text(name);
    struct store_result result = {0};
    enum till_code code = store_execute(store, sql, &key, 1, &result, e);
    if (code == TILL_OK)
        *ret_was_there = result.changed_count > 0;
    return code;
}

// ---- when ----

// Of a row that somebody else has written: what cannot be is the default.
static enum till_code take_schedule(void *context, const struct value *values, size_t count,
                                    struct till_error *e)
{
    struct store_digest_schedule *schedule = context;
    if (count != 5)
        return TILL_FAIL(e, TILL_STORE, 0, "the digest's schedule has %zu columns", count);
    int64_t minute = store_integer_of(&values[1]), weekday = store_integer_of(&values[4]);
    schedule->is_on = store_integer_of(&values[0]) != 0;
    if (minute >= 0 && minute < DAY_MINUTES)
        schedule->minute = (int)minute;
    store_copy(schedule->timezone, sizeof schedule->timezone, &values[2]);
    schedule->weekdays = (uint32_t)store_integer_of(&values[3]) & ALL_WEEKDAYS;
    if (weekday >= -1 && weekday < 7)
        schedule->weekly_weekday = (int)weekday;
    return TILL_OK;
}

enum till_code store_digest_schedule(struct store *store,
                                     struct store_digest_schedule *ret_schedule,
                                     struct till_error *e)
{
    static const char sql[] = "SELECT is_on, minute, timezone, weekdays, weekly_weekday FROM "
                              "digest_schedule WHERE id = 1";
    struct store_digest_schedule schedule = {
        .is_on = true, .minute = 8 * 60, .weekdays = ALL_WEEKDAYS};
    struct store_result result = {.row = take_schedule, .context = &schedule};
    enum till_code code = store_execute(store, sql, NULL, 0, &result, e);
    if (code == TILL_OK)
        *ret_schedule = schedule;
    return code;
}

enum till_code store_digest_schedule_put(struct store *store,
                                         const struct store_digest_schedule *schedule,
                                         struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO digest_schedule(id, is_on, minute, timezone, weekdays, weekly_weekday)"
        " VALUES (1, ?1, ?2, ?3, ?4, ?5) ON CONFLICT(id) DO UPDATE SET is_on = excluded.is_on,"
        " minute = excluded.minute, timezone = excluded.timezone, weekdays = excluded.weekdays,"
        " weekly_weekday = excluded.weekly_weekday";
    struct value values[] = {store_integer(schedule->is_on), store_integer(schedule->minute),
                             store_c_text(schedule->timezone), store_integer(schedule->weekdays),
                             store_integer(schedule->weekly_weekday)};
    if (schedule->minute < 0 || schedule->minute >= DAY_MINUTES)
        return TILL_FAIL(e, TILL_USAGE, 0, "a day has no minute %d", schedule->minute);
    if ((schedule->weekdays & ~(uint32_t)ALL_WEEKDAYS) || schedule->weekly_weekday < -1 ||
        schedule->weekly_weekday > 6)
        return TILL_FAIL(e, TILL_USAGE, 0, "a week has seven days");
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}
