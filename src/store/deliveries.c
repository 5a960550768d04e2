// SPDX-License-Identifier: Apache-2.0
// deliveries.c - the log of digests: what became of each on each channel.
//
// The one table whose every commit waits for the disk: a row that is lost in a power cut would let a digest go twice. Whoever writes to it has a
// connection of its own to the database, or accepts that its other commits wait from then on as well.
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "store/channels.h"
#include "store/driver.h"

#define DELIVERY_COLUMNS                                                                           \
    "channel, organization_id, period, date, state, parts_sent, part_count, tries, first_at,"      \
    " last_at, next_try_at, error"
enum { DELIVERY_COLUMN_COUNT = 12, DATE_BYTES = 16, KEY_COUNT = 4, BLOCK_ROWS = 32 };

static const char *const state_words[] = {
    [STORE_DELIVERY_WAITING] = "waiting", [STORE_DELIVERY_COMMITTED] = "committed",
    [STORE_DELIVERY_SENT] = "sent",       [STORE_DELIVERY_UNCERTAIN] = "uncertain",
    [STORE_DELIVERY_FAILED] = "failed",
};

const char *store_digest_period_word(enum store_digest_period period)
{
    return period == STORE_DIGEST_WEEK ? "week" : "day";
}

const char *store_delivery_word(enum store_delivery_state state)
{
    return state_words[state];
}

struct gathering {
    struct arena *arena;
    struct store_delivery *list;
    size_t count, capacity;
};

static struct store_delivery *next_row(struct gathering *gathering)
{
    if (gathering->count == gathering->capacity) {
        size_t capacity = gathering->capacity * 2 + BLOCK_ROWS;
        struct store_delivery *list =
            arena_calloc(gathering->arena, capacity, sizeof *gathering->list);
        if (!list)
            return NULL;
        if (gathering->count > 0)
            memcpy(list, gathering->list, gathering->count * sizeof *list);
        gathering->list = list;
        gathering->capacity = capacity;
    }
    return &gathering->list[gathering->count++];
}

// A word that nobody here writes means that nobody knows what became of it.
static enum store_delivery_state state_of(const struct value *word)
{
    for (size_t i = 0; i < TILL_COUNT(state_words); i++)
        if (word->type == VALUE_TEXT && sv_equal(word->text, sv_of(state_words[i])))
            return (enum store_delivery_state)i;
    return STORE_DELIVERY_UNCERTAIN;
}

static int count_of(const struct value *value)
{
    int64_t count = store_integer_of(value);
    return count < 0 ? 0 : count > INT32_MAX ? INT32_MAX : (int)count;
}

static void copy_delivery(struct store_delivery *to, const struct value *values)
{
    char date[DATE_BYTES];
    memset(to, 0, sizeof *to);
    store_copy(to->key.channel, sizeof to->key.channel, &values[0]);
    store_copy(to->key.organization_id, sizeof to->key.organization_id, &values[1]);
    to->key.period = values[2].type == VALUE_TEXT && sv_equal(values[2].text, SV("week"))
                         ? STORE_DIGEST_WEEK
                         : STORE_DIGEST_DAY;
    store_copy(date, sizeof date, &values[3]);
    (void)civil_date_parse(date, &to->key.date);
    to->state = state_of(&values[4]);
    to->parts_sent = count_of(&values[5]);
    to->part_count = count_of(&values[6]);
    to->tries = count_of(&values[7]);
    to->first_us = store_time_of(&values[8]);
    to->last_us = store_time_of(&values[9]);
    to->next_try_us = store_time_of(&values[10]);
    store_copy(to->error, sizeof to->error, &values[11]);
}

static enum till_code take_delivery(void *context, const struct value *values, size_t count,
                                    struct till_error *e)
{
    struct gathering *gathering = context;
    if (count != DELIVERY_COLUMN_COUNT)
        return TILL_FAIL(e, TILL_STORE, 0, "a delivery has %zu columns", count);
    struct store_delivery *to = next_row(gathering);
    if (!to)
        return arena_fail(gathering->arena, "the log of digests", e);
    copy_delivery(to, values);
    return TILL_OK;
}

static enum till_code key_values(const struct store_delivery_key *key,
                                 char place[static DATE_BYTES], struct value *ret_values,
                                 struct till_error *e)
{
    struct civil_date again;
    (void)snprintf(place, DATE_BYTES, "%04d-%02d-%02d", key->date.year % 10000,
                   key->date.month % 100, key->date.day % 100);
    if (key->date.year < 1 || key->date.year > 9999 || !civil_date_parse(place, &again))
        return TILL_FAIL(e, TILL_USAGE, 0, "there is no such day");
    ret_values[0] = store_c_text(key->channel);
    ret_values[1] = store_c_text(key->organization_id);
    ret_values[2] = store_c_text(store_digest_period_word(key->period));
    ret_values[3] = store_c_text(place);
    return TILL_OK;
}

struct one {
    struct store_delivery delivery;
    bool is_found;
};

static enum till_code take_one(void *context, const struct value *values, size_t count,
                               struct till_error *e)
{
    struct one *one = context;
    if (count != DELIVERY_COLUMN_COUNT)
        return TILL_FAIL(e, TILL_STORE, 0, "a delivery has %zu columns", count);
    one->is_found = true;
    copy_delivery(&one->delivery, values);
    return TILL_OK;
}

enum till_code store_delivery_get(struct store *store, const struct store_delivery_key *key,
                                  struct store_delivery *ret_delivery, bool *ret_found,
                                  struct till_error *e)
{
    static const char sql[] =
        "SELECT " DELIVERY_COLUMNS " FROM digest_log WHERE channel = ?1 AND organization_id = ?2"
        " AND period = ?3 AND date = ?4";
    char date[DATE_BYTES];
    struct value values[KEY_COUNT];
    struct one one = {0};
    struct store_result result = {.row = take_one, .context = &one};
    enum till_code code = key_values(key, date, values, e);
    if (code == TILL_OK)
        code = store_execute(store, sql, values, TILL_COUNT(values), &result, e);
    if (code)
        return code;
    *ret_found = one.is_found;
    if (one.is_found)
        *ret_delivery = one.delivery;
    return TILL_OK;
}

enum till_code store_delivery_put(struct store *store, const struct store_delivery *delivery,
                                  struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO digest_log(" DELIVERY_COLUMNS
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        " ON CONFLICT(channel, organization_id, period, date) DO UPDATE SET"
        " state = excluded.state, parts_sent = excluded.parts_sent,"
        " part_count = excluded.part_count, tries = excluded.tries, first_at = excluded.first_at,"
        " last_at = excluded.last_at, next_try_at = excluded.next_try_at, error = excluded.error";
    char date[DATE_BYTES], first_at[STORE_TIME_BYTES], last_at[STORE_TIME_BYTES];
    char next_try_at[STORE_TIME_BYTES];
    struct value values[DELIVERY_COLUMN_COUNT] = {
        [4] = store_c_text(state_words[delivery->state]),
        [5] = store_integer(delivery->parts_sent),
        [6] = store_integer(delivery->part_count),
        [7] = store_integer(delivery->tries),
        [8] = store_time(delivery->first_us, first_at),
        [9] = store_time(delivery->last_us, last_at),
        [10] = store_time(delivery->next_try_us, next_try_at),
        [11] = store_c_text(delivery->error[0] ? delivery->error : NULL),
    };
    enum till_code code = key_values(&delivery->key, date, values, e);
    if (code == TILL_OK)
        code = store_make_durable(store, e);
    return code ? code : store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

enum till_code store_deliveries(struct store *store, const char *channel, size_t limit,
                                struct arena *arena, struct store_deliveries *ret_deliveries,
                                struct till_error *e)
{
    static const char sql[] = "SELECT " DELIVERY_COLUMNS " FROM digest_log"
                              " WHERE ?1 = '' OR channel = ?1"
                              " ORDER BY last_at DESC, date DESC, channel, period, organization_id"
                              " LIMIT ?2";
    struct gathering gathering = {.arena = arena};
    struct value values[] = {store_c_text(channel), store_integer((int64_t)limit)};
    struct store_result result = {.row = take_delivery, .context = &gathering};
    enum till_code code = store_execute(store, sql, values, TILL_COUNT(values), &result, e);
    if (code == TILL_OK)
        *ret_deliveries = (struct store_deliveries){gathering.list, gathering.count};
    return code;
}
