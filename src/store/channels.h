// SPDX-License-Identifier: Apache-2.0
// channels.h - where digests go, when, and what became of each: channels, the schedule, and the log that keeps each digest from going twice.
//
// Secrets are in the vault. The log is written before something may have arrived and again when it is known: a row that was found CHANNEL_LOG_COMMITTED
// by another process is one whose end nobody knows.
#ifndef TILL_STORE_CHANNELS_H
#define TILL_STORE_CHANNELS_H

#include "base/civil.h"
#include "store/store.h"

enum { STORE_CHANNEL_SETTINGS_BYTES = 4096, STORE_CHANNEL_TEXT_BYTES = 512 };
enum store_digest_period { STORE_DIGEST_DAY, STORE_DIGEST_WEEK };
enum store_digest_part { // what a digest has; bits of a mask, 0 = all
    STORE_DIGEST_MONEY = 1,
    STORE_DIGEST_SUBSCRIPTIONS = 2,
    STORE_DIGEST_TRAFFIC = 4,
    STORE_DIGEST_STANDOUTS = 8,
    STORE_DIGEST_TOPS = 16,
    STORE_DIGEST_SOURCES = 32,
};

struct store_channel {
    char name[STORE_NAME_BYTES];
    char kind[STORE_NAME_BYTES];                 // a word of channels/kinds.def
    char settings[STORE_CHANNEL_SETTINGS_BYTES]; // JSON object: field, text
    char secret_place[STORE_NAME_BYTES];         // "" = it has none
    char connection[STORE_NAME_BYTES];           // digests of this organization alone; "" = of all
    uint32_t sections;                           // enum store_digest_part
    bool gets_days, gets_weeks;
    bool has_names; // of customers; else "a customer"
    bool is_ascii;
    bool is_enabled;
    int64_t created_us; // digests that were due before it are not for it
};
struct store_channels {
    struct store_channel *list; // by name
    size_t count;
};
enum till_code store_channels(struct store *store, struct arena *arena,
                              struct store_channels *ret_channels,
                              struct till_error *e) TILL_MUSTUSE;
enum till_code store_channel_get(struct store *store, const char *name,
                                 struct store_channel *ret_channel, bool *ret_found,
                                 struct till_error *e) TILL_MUSTUSE;
// Replaces the one of that name. LIMIT above TILL_LIMIT_CHANNELS. Its connection need not be there: it may come back, and until then the channel gets nothing.
enum till_code store_channel_put(struct store *store, const struct store_channel *channel,
                                 struct till_error *e) TILL_MUSTUSE;
// Its log stays: what went out went out. (It goes with the organization's rows.)
enum till_code store_channel_remove(struct store *store, const char *name, bool *ret_was_there,
                                    struct till_error *e) TILL_MUSTUSE;

// When digests are due: one row, there from the first setting on; before that the defaults.
struct store_digest_schedule {
    bool is_on;        // default: true, which matters only once there is a channel
    int minute;        // of the day, in the zone; default 8:00
    char timezone[64]; // "" = the setting timezone
    uint32_t weekdays; // bit 0 Monday ... bit 6 Sunday, of the day on which it is sent; default all
    int weekly_weekday; // 0 Monday ... 6 Sunday: when digests of a week are due; -1 = never; default 0
};
enum till_code store_digest_schedule(struct store *store,
                                     struct store_digest_schedule *ret_schedule,
                                     struct till_error *e) TILL_MUSTUSE;
enum till_code store_digest_schedule_put(struct store *store,
                                         const struct store_digest_schedule *schedule,
                                         struct till_error *e) TILL_MUSTUSE;

// ---- the log: one row for each channel, organization, period and date ----
enum store_delivery_state {
    STORE_DELIVERY_WAITING,   // tried and surely not there: again at next_try_us
    STORE_DELIVERY_COMMITTED, // a part has been handed over, or is about to be
    STORE_DELIVERY_SENT,
    STORE_DELIVERY_UNCERTAIN, // handed over, and no answer: not sent again by itself
    STORE_DELIVERY_FAILED,    // refused, or tried too often
};
// "day", "week"; "waiting", "committed", "sent", "uncertain", "failed".
const char *store_digest_period_word(enum store_digest_period period);
const char *store_delivery_word(enum store_delivery_state state);

struct store_delivery_key {
    char channel[STORE_NAME_BYTES];
    char organization_id[STORE_NAME_BYTES];
    enum store_digest_period period;
    struct civil_date date; // its last day
};
struct store_delivery {
    struct store_delivery_key key;
    enum store_delivery_state state;
    int parts_sent, part_count; // of a digest that is split
    int tries;
    int64_t first_us, last_us;            // of tries
    int64_t next_try_us;                  // 0 = none
    char error[STORE_CHANNEL_TEXT_BYTES]; // of the last try; "" = none
};
struct store_deliveries {
    struct store_delivery *list; // newest first
    size_t count;
};
enum till_code store_delivery_get(struct store *store, const struct store_delivery_key *key,
                                  struct store_delivery *ret_delivery, bool *ret_found,
                                  struct till_error *e) TILL_MUSTUSE;
// Durable when it returns: the row is on the disk.
enum till_code store_delivery_put(struct store *store, const struct store_delivery *delivery,
                                  struct till_error *e) TILL_MUSTUSE;
// channel: "" = of all.
enum till_code store_deliveries(struct store *store, const char *channel, size_t limit,
                                struct arena *arena, struct store_deliveries *ret_deliveries,
                                struct till_error *e) TILL_MUSTUSE;

#endif
