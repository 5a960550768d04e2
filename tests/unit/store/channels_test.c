// SPDX-License-Identifier: Apache-2.0
// channels_test.c - channels, the schedule and the log of digests on every back end: replacing, order, ceilings, what is refused.
#include "contract.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "store/channels.h"

static void put(struct fixture *f, const char *name, const char *settings)
{
    struct store_channel channel = {.kind = "slack",
                                    .secret_place = "file",
                                    .sections = STORE_DIGEST_MONEY | STORE_DIGEST_TOPS,
                                    .gets_weeks = true,
                                    .has_names = true,
                                    .is_enabled = true,
                                    .created_us = NOON_US};
    (void)snprintf(channel.name, sizeof channel.name, "%s", name);
    (void)snprintf(channel.settings, sizeof channel.settings, "%s", settings);
    assert_ok(f, store_channel_put(f->store, &channel, &f->e));
}

static void test_channels(struct fixture *f)
{
    struct store_channels found;
    struct store_channel channel;
    bool is_found = true, was_there = false;
    assert_ok(f, store_channels(f->store, &f->arena, &found, &f->e));
    assert_int_equal(0, found.count);
    assert_ok(f, store_channel_get(f->store, "mail", &channel, &is_found, &f->e));
    assert_false(is_found);
    put(f, "mail", "{\"to\":\"a\"}");
    put(f, "chat", "{}");
    put(f, "mail", "{\"to\":\"b\"}");
    assert_ok(f, store_channels(f->store, &f->arena, &found, &f->e));
    assert_int_equal(2, found.count);
    assert_string_equal("chat", found.list[0].name);
    assert_ok(f, store_channel_get(f->store, "mail", &channel, &is_found, &f->e));
    assert_true(is_found);
    assert_memory_equal(&channel, &found.list[1], sizeof channel);
    assert_string_equal("{\"to\":\"b\"}", channel.settings);
    assert_string_equal("slack", channel.kind);
    assert_string_equal("file", channel.secret_place);
    assert_string_equal("", channel.connection);
    assert_int_equal(STORE_DIGEST_MONEY | STORE_DIGEST_TOPS, channel.sections);
    assert_false(channel.gets_days);
    assert_true(channel.gets_weeks);
    assert_true(channel.has_names);
    assert_false(channel.is_ascii);
    assert_true(channel.is_enabled);
    assert_int_equal(NOON_US, channel.created_us);
    assert_ok(f, store_channel_remove(f->store, "mail", &was_there, &f->e));
    assert_true(was_there);
    assert_ok(f, store_channel_remove(f->store, "mail", &was_there, &f->e));
    assert_false(was_there);
    channel.name[0] = '\0';
    assert_int_equal(TILL_USAGE, store_channel_put(f->store, &channel, &f->e));
}

static void test_channels_are_bounded(struct fixture *f)
{
    struct store_channel channel = {.kind = "file", .settings = "{}"};
    for (int i = 0; i < TILL_LIMIT_CHANNELS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c%d", i);
        put(f, name, "{}");
    }
    (void)snprintf(channel.name, sizeof channel.name, "more");
    assert_int_equal(TILL_LIMIT, store_channel_put(f->store, &channel, &f->e));
    assert_answer(f, TILL_LIMIT_CHANNELS, "SELECT count(*) FROM digest_channels");
    put(f, "c7", "{\"again\":\"\"}"); // one that is there can still be changed
}

static void test_schedule(struct fixture *f)
{
    struct store_digest_schedule schedule;
    assert_ok(f, store_digest_schedule(f->store, &schedule, &f->e));
    assert_true(schedule.is_on);
    assert_int_equal(8 * 60, schedule.minute);
    assert_string_equal("", schedule.timezone);
    assert_int_equal(0x7f, schedule.weekdays);
    assert_int_equal(0, schedule.weekly_weekday);
    static const struct store_digest_schedule other = {.is_on = false,
                                                       .minute = 23 * 60 + 59,
                                                       .timezone = "Europe/Berlin",
                                                       .weekdays = 0x1f,
                                                       .weekly_weekday = -1};
    for (int i = 0; i < 2; i++)
        assert_ok(f, store_digest_schedule_put(f->store, &other, &f->e));
    assert_ok(f, store_digest_schedule(f->store, &schedule, &f->e));
    assert_false(schedule.is_on);
    assert_int_equal(other.minute, schedule.minute);
    assert_string_equal(other.timezone, schedule.timezone);
    assert_int_equal(other.weekdays, schedule.weekdays);
    assert_int_equal(-1, schedule.weekly_weekday);
    schedule.minute = 24 * 60;
    assert_int_equal(TILL_USAGE, store_digest_schedule_put(f->store, &schedule, &f->e));
    schedule = other;
    schedule.weekly_weekday = 7;
    assert_int_equal(TILL_USAGE, store_digest_schedule_put(f->store, &schedule, &f->e));
    schedule = other;
    schedule.weekdays = 0x80;
    assert_int_equal(TILL_USAGE, store_digest_schedule_put(f->store, &schedule, &f->e));
    assert_answer(f, 1, "SELECT count(*) FROM digest_schedule WHERE minute = 1439");
}

static struct store_delivery delivery_of(const char *channel, int32_t day, int64_t last_us)
{
    struct store_delivery delivery = {
        .key = {"", ORGANIZATION, STORE_DIGEST_DAY, {2026, 1, day}},
        .state = STORE_DELIVERY_WAITING,
        .parts_sent = 1,
        .part_count = 3,
        .tries = 2,
        .first_us = NOON_US,
        .last_us = last_us,
        .next_try_us = last_us + MINUTE_US,
        .error = "no answer",
    };
    (void)snprintf(delivery.key.channel, sizeof delivery.key.channel, "%s", channel);
    return delivery;
}

static void test_log(struct fixture *f)
{
    struct store_delivery first = delivery_of("mail", 1, NOON_US);
    struct store_delivery second = delivery_of("mail", 2, NOON_US + MINUTE_US);
    struct store_delivery other = delivery_of("chat", 2, NOON_US + 2 * MINUTE_US), found;
    struct store_deliveries list;
    bool is_found = true;
    assert_ok(f, store_delivery_get(f->store, &first.key, &found, &is_found, &f->e));
    assert_false(is_found);
    second.key.period = STORE_DIGEST_WEEK;
    assert_ok(f, store_delivery_put(f->store, &first, &f->e));
    assert_ok(f, store_delivery_put(f->store, &second, &f->e));
    assert_ok(f, store_delivery_put(f->store, &other, &f->e));
    assert_answer(f, 2, "PRAGMA synchronous"); // FULL: it is on the disk
    first.state = STORE_DELIVERY_SENT;
    first.parts_sent = 3;
    first.next_try_us = 0;
    memset(first.error, 0, sizeof first.error);
    assert_ok(f, store_delivery_put(f->store, &first, &f->e));
    assert_ok(f, store_delivery_get(f->store, &first.key, &found, &is_found, &f->e));
    assert_true(is_found);
    assert_memory_equal(&first, &found, sizeof found);
    assert_ok(f, store_delivery_get(f->store, &second.key, &found, &is_found, &f->e));
    assert_memory_equal(&second, &found, sizeof found);
    assert_ok(f, store_deliveries(f->store, "", 10, &f->arena, &list, &f->e));
    assert_int_equal(3, list.count);
    assert_string_equal("chat", list.list[0].key.channel);
    assert_int_equal(1, list.list[2].key.date.day);
    assert_ok(f, store_deliveries(f->store, "mail", 10, &f->arena, &list, &f->e));
    assert_int_equal(2, list.count);
    assert_ok(f, store_deliveries(f->store, "", 1, &f->arena, &list, &f->e));
    assert_int_equal(1, list.count);
    first.key.date.year = 0;
    assert_int_equal(TILL_USAGE, store_delivery_put(f->store, &first, &f->e));
    // What nobody here writes is not taken for something that may go again.
    fixture_reopen(f);
    change_file(f, "UPDATE digest_log SET state = 'lost'");
    fixture_reopen(f);
    assert_ok(f, store_delivery_get(f->store, &second.key, &found, &is_found, &f->e));
    assert_int_equal(STORE_DELIVERY_UNCERTAIN, found.state);
}

// Of an organization that is removed nothing is left but the channel, which other organizations may use.
static void test_a_purge_takes_the_log(struct fixture *f)
{
    struct store_delivery delivery = delivery_of("mail", 1, NOON_US);
    connect_organization(f, "polar", ORGANIZATION);
    put(f, "mail", "{}");
    assert_ok(f, store_delivery_put(f->store, &delivery, &f->e));
    (void)snprintf(delivery.key.organization_id, sizeof delivery.key.organization_id, "%s",
                   OTHER_ORGANIZATION);
    assert_ok(f, store_delivery_put(f->store, &delivery, &f->e));
    assert_ok(f, store_connection_remove(f->store, "polar", true, &f->e));
    assert_answer(f, 1, "SELECT count(*) FROM digest_channels");
    assert_answer(f, 1, "SELECT count(*) FROM digest_log");
}

static const struct contract contracts[] = {
    {"channels", test_channels},
    {"channels are bounded", test_channels_are_bounded},
    {"schedule", test_schedule},
    {"log", test_log},
    {"a purge takes the log", test_a_purge_takes_the_log},
};

int main(void)
{
    return contracts_run("store channels", contracts, TILL_COUNT(contracts));
}
