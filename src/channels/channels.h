// SPDX-License-Identifier: Apache-2.0
// channels.h - brings one message to one place: mail, chats, webhooks, files, commands. Knows nothing of digests, of when, or of what was sent before.
//
// channel_compose() is pure: it turns a message into the parts that the service takes, each within the service's limits, cut only between lines, with every
// text from outside escaped so that no name can ping, link or break out. channel_send() hands one part over. What it came to is one of four outcomes, because
// "it failed" and "nobody knows whether it arrived" must be told apart by whoever wants each message to arrive once.
// No error, preview or log line holds a secret: addresses that are secrets are shown as far as their host ("https://hooks.slack.com/...").
#ifndef TILL_CHANNELS_CHANNELS_H
#define TILL_CHANNELS_CHANNELS_H

#include <signal.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "channels/kinds.h"

// ---- what is brought: the same for all kinds; texts are UTF-8, borrowed, and not escaped ----
struct channel_section {
    struct sv title; // "" for the first one, which is the beginning that notifications show
    const struct sv *lines;
    size_t line_count;
};
struct channel_message {
    struct sv id;    // ASCII letters, digits, '-', '.'; at most 120 bytes: the same at each try
    struct sv title; // one line
    const struct channel_section *sections;
    size_t section_count;
    struct sv text, markdown, html,
        json;       // whole, for kinds that take a document; json is one object
    struct sv date; // "2026-11-17": replaces {date} in names of files
    int64_t at_us;  // when it was made
};

// ---- a channel ----
struct channel_options {
    enum channel_kind kind;
    const char *name;             // as people call it
    struct channel_values values; // borrowed for as long as the channel lives
    const struct secret
        *secret; // one line for each secret field, in the table's order; NULL = none. Copied
    const struct clock *clock; // NULL = clock_system
    const volatile sig_atomic_t *stop;
    const char *user_agent;
};
struct channel; // opaque
// Checks shapes alone: CONFIG with what is wrong and what it should look like. No request is made.
enum till_code channel_open(const struct channel_options *options, struct channel **ret_channel,
                            struct till_error *e) TILL_MUSTUSE;
void channel_close(struct channel *channel); // accepts NULL
// Where it goes, for people, without secrets: "mail to me@example.com by smtp.example.com", "chat 42".
void channel_describe(const struct channel *channel, struct buf *out);
// A new secret of that kind (webhooks: "whsec_..."); USAGE for kinds that cannot make one.
enum till_code channel_make_secret(enum channel_kind kind, struct secret *ret_secret,
                                   struct till_error *e) TILL_MUSTUSE;

// ---- composing ----
struct channel_part {
    struct sv address; // for people, without secrets
    struct sv
        headers;    // what goes beside the body, for people, one a line, without secrets; may be ""
    struct sv body; // exactly what is sent
};
struct channel_parts { // in the arena
    struct channel_part *list;
    size_t
        count; // at least 1, at most TILL_LIMIT_CHANNEL_PARTS: what is beyond is left out, and said to be
};
enum till_code channel_compose(const struct channel *channel, const struct channel_message *message,
                               struct arena *arena, struct channel_parts *ret_parts,
                               struct till_error *e) TILL_MUSTUSE;

// ---- sending ----
enum channel_outcome {
    CHANNEL_SENT,     // the service said so
    CHANNEL_NOT_SENT, // surely not there; worth another try, not before retry_after_ms
    CHANNEL_REFUSED, // surely not there; another try is pointless before somebody changes something
    CHANNEL_UNCERTAIN, // handed over, and no answer
};
struct channel_result {
    enum channel_outcome outcome;
    int64_t retry_after_ms; // what the service asked for; -1 = nothing
};
// Called once, right before the moment from which on the part may arrive (connected, encrypted, signed in; not a byte that could make it arrive has gone).
// Anything but OK and nothing is sent: CHANNEL_NOT_SENT with that error.
struct channel_commit {
    enum till_code (*call)(void *context, struct till_error *e);
    void *context;
};
// One try, TILL_LIMIT_CHANNEL_MS at most. TILL_OK with CHANNEL_SENT and nothing else; else the error says why in plain words, and what to do. A channel that
// is_repeatable() takes the same part twice without harm.
enum till_code channel_send(struct channel *channel, const struct channel_message *message,
                            const struct channel_parts *parts, size_t number,
                            const struct channel_commit *commit, struct channel_result *ret_result,
                            struct till_error *e) TILL_MUSTUSE;
bool channel_is_repeatable(enum channel_kind kind); // webhook (webhook-id), file
// Is it there, and does it take us? Sends nothing that anybody would see, where the service allows that; *ret_was_asked false where it does not.
enum till_code channel_check(struct channel *channel, bool *ret_was_asked,
                             struct till_error *e) TILL_MUSTUSE;

#endif
