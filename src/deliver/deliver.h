// SPDX-License-Identifier: Apache-2.0
// deliver.h - brings the digest of a day or a week to every channel: once each, however often processes die or the machine sleeps.
//
// deliver_due() (pure) says which digest is due. deliver_run() makes it and hands it to the channels, each by itself: one that fails keeps no other waiting.
// The caller holds the delivery lock, so that only one process delivers. For each channel the log (store/channels.h) is written durably before a part may
// have arrived (channel_commit) and after its end: what was surely not there is tried again, what may be there is not, except where twice is harmless.
#ifndef TILL_DELIVER_DELIVER_H
#define TILL_DELIVER_DELIVER_H

#include <signal.h>

#include "base/secret.h"
#include "channels/channels.h"
#include "report/digest.h"
#include "store/channels.h"
#include "views/digest.h"

// ---- when ----
struct deliver_due {
    bool is_due;
    enum store_digest_period period;
    struct civil_date date; // the last day it is about
    int64_t due_us;         // when it became due: now or in the past
    int64_t next_us;        // when the next one will be; INT64_MAX = never
};
// Of all digests of that period that have become due the newest alone: after a week of sleep one, not seven. One whose successor comes within two hours is left
// out. An hour that the clock skips counts as the first moment after it, one that comes twice as the first of the two.
void deliver_due(const struct store_digest_schedule *schedule, const struct zone *zone,
                 enum store_digest_period period, int64_t now_us, struct deliver_due *ret_due);
// Times of further tries after a try that was surely not there: 1 min, doubled to 1 h, up to a quarter longer by the seed, never before what the service asked
// for; 0 = no further one (TILL_LIMIT_CHANNEL_TRIES, or the next digest is due).
int64_t deliver_retry_us(int tries, int64_t asked_ms, uint64_t seed, int64_t now_us);

// ---- what ----
// The digest as a message: the sections that the channel wants, names as it may have them. Texts in the arena.
enum till_code deliver_message(const struct digest *digest, const struct store_channel *channel,
                               const struct view_style *style, const char *id, int64_t now_us,
                               struct arena *arena, struct channel_message *ret_message,
                               struct till_error *e) TILL_MUSTUSE;

// ---- doing it ----
struct deliver_options {
    struct store *store; // read and write
    const struct clock *clock;
    const volatile sig_atomic_t *stop;
    const struct zone *zone;
    const struct view_style *style;
    const char *traffic_source; // NULL = the first
    // The channel's secret, from wherever it is; only called for channels that have one.
    void *context;
    enum till_code (*secret)(void *context, const struct store_channel *channel,
                             struct secret *ret_secret, struct till_error *e);
};
struct deliver_request {
    const struct store_connection *connection;
    enum store_digest_period period;
    struct civil_date date;
    const struct store_channel *channel;
    bool is_again; // although the log says that it went, or may have gone
};
struct deliver_result {
    struct store_delivery delivery; // as the log has it now
    bool was_there; // nothing was done: it went before, or (STORE_DELIVERY_UNCERTAIN) may have
    enum till_code code;
    struct till_error error;
};
// Returns result->code, with the same error in e. What cannot even be composed (a locked vault, a database without orders) is logged and tried again like
// what could not be handed over; USAGE (that day is not over) and CANCELED are not tries.
enum till_code deliver_run(const struct deliver_options *options,
                           const struct deliver_request *request, struct deliver_result *ret_result,
                           struct till_error *e) TILL_MUSTUSE;
// What that channel would get, as text for people: each part with where it goes, and its body. Sends nothing, writes nothing.
enum till_code deliver_preview(const struct deliver_options *options,
                               const struct deliver_request *request, struct buf *out,
                               struct till_error *e) TILL_MUSTUSE;

#endif
