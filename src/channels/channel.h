// SPDX-License-Identifier: Apache-2.0
// channel.h - private to channels: what a kind must be able to do, and what all of them share: the channel's state, its secrets, one HTTP exchange.
#ifndef TILL_CHANNELS_CHANNEL_H
#define TILL_CHANNELS_CHANNEL_H

#include "base/buf.h"
#include "channels/channels.h"
#include "decode/json.h"

// One for each kind, in a file of its own; it lives for ever. channel.c has the table.
struct channel_service {
    bool is_repeatable; // the same part twice does no harm
    // Shapes of fields and secrets; CONFIG. Needed fields are there already, and no field or secret has a control character.
    enum till_code (*open)(struct channel *channel, struct till_error *e);
    void (*describe)(const struct channel *channel, struct buf *out);
    enum till_code (*compose)(const struct channel *channel, const struct channel_message *message,
                              struct arena *arena, struct channel_parts *ret_parts,
                              struct till_error *e);
    // One part, of the message that it was composed of. *ret_result is CHANNEL_NOT_SENT without a wait when it is called, and TILL_OK makes it CHANNEL_SENT.
    enum till_code (*send)(struct channel *channel, const struct channel_message *message,
                           const struct channel_part *part, const struct channel_commit *commit,
                           struct channel_result *ret_result, struct till_error *e);
    // *ret_was_asked is true when it is called. NULL: nobody can be asked.
    enum till_code (*check)(struct channel *channel, bool *ret_was_asked, struct till_error *e);
    enum till_code (*make_secret)(struct secret *ret_secret, struct till_error *e); // may be NULL
};
extern const struct channel_service channel_slack, channel_discord, channel_telegram, channel_ntfy,
    channel_webhook, channel_file, channel_command;

enum {
    CHANNEL_SECRETS = 2,        // of one kind, at most
    CHANNEL_CONNECT_MS = 10000, // TLS included
    CHANNEL_HOST_BYTES = 280,
    CHANNEL_URL_BYTES = 2048,
};
struct channel {
    enum channel_kind kind;
    const struct channel_service *service;
    const char *name, *user_agent;
    struct channel_values values;
    struct secret secrets[CHANNEL_SECRETS]; // in the order of the table
    struct http *http;                      // made by the first exchange
    const struct clock *clock;
    const volatile sig_atomic_t *stop;
};

// The value of a field, its default, or "".
const char *channel_get(const struct channel *channel, enum channel_field field);
// NULL when there is none.
const struct secret *channel_get_secret(const struct channel *channel, enum channel_field field);

#endif
