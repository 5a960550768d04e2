// SPDX-License-Identifier: Apache-2.0
// channel.h - private to channels: what a kind must be able to do, and what all of them share: the channel's state, its secrets, one HTTP exchange.
#ifndef TILL_CHANNELS_CHANNEL_H
#define TILL_CHANNELS_CHANNEL_H

#include "base/buf.h"
#include "channels/channels.h"
#include "decode/json.h"
#include "http/http.h"

struct chat; // chat.h
// One for each kind, in a file of its own; it lives for ever. channel.c has the table.
struct channel_service {
    bool is_repeatable; // the same part twice does no harm
    // Shapes of fields and secrets; CONFIG. Needed fields are there already, and no field or secret has a control character.
    enum till_code (*open)(struct channel *channel, struct till_error *e);
    void (*describe)(const struct channel *channel, struct buf *out);
    enum till_code (*compose)(const struct channel *channel, const struct channel_message *message,
                              struct arena *arena, struct channel_parts *ret_parts,
                              struct till_error *e);
    const struct chat *chat; // of chats, in place of compose
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
    struct secret made;                     // of them, where a request carries something else
    struct http *http;                      // made by the first exchange
    const struct clock *clock;
    const volatile sig_atomic_t *stop;
};

// The value of a field, its default, or "".
const char *channel_get(const struct channel *channel, enum channel_field field);
// NULL when there is none.
const struct secret *channel_get_secret(const struct channel *channel, enum channel_field field);

// ---- one HTTP exchange ----
struct channel_question {
    const char *url;
    const char *what;                    // "send to Slack": errors begin "could not <what>"
    bool is_url_secret;                  // its path is
    bool is_basic;                       // see http_request
    const struct secret *bearer;         // NULL = none
    const char *headers[6];              // "Name: value"
    struct sv body;                      // JSON; .ptr NULL: a GET
    const struct channel_commit *commit; // NULL: nothing that arrives would be seen
};
struct channel_answer {
    int status;
    const struct json *root; // NULL when the body is not JSON
    struct sv text;          // the body's beginning, on one line: for messages
    int64_t retry_after_ms;  // of the header; -1
    bool is_broken;          // it ended before it was whole: the status alone is known
};
// TILL_OK for any status. Else the outcome is CHANNEL_NOT_SENT, or CHANNEL_UNCERTAIN when the body may have arrived. Lives in the arena.
enum till_code channel_ask(struct channel *channel, const struct channel_question *question,
                           struct arena *arena, struct channel_answer *ret_answer,
                           struct channel_result *ret_result, struct till_error *e);
// What a status means where no service says otherwise: 2xx sent; 429, 408, 503 and what a gateway says of a host that it did not reach not sent; other 5xx
// uncertain; the rest refused.
enum channel_outcome channel_outcome_of(int status);
// The error for a status that is not 2xx, with the outcome and the wait: `words` are the service's, "" = the answer's text; hint "" = one by the status.
enum till_code channel_fail(const struct channel_question *question,
                            const struct channel_answer *answer, struct sv words, const char *hint,
                            struct channel_result *ret_result, struct till_error *e);
// The text at root's key, on one line and cut; "" when there is none.
struct sv channel_words(const struct json *root, const char *key, struct arena *arena);
// Seconds as a service writes them ("0.5") in ms; -1 when it is none.
int64_t channel_wait_ms(const struct json *seconds);

// ---- what kinds share ----
// "https://hooks.slack.com/..."
void channel_show_url(const char *url, struct buf *out);
// Without a slash at its end into place; CONFIG for what is no base of an address.
enum till_code channel_copy_base(const char *url, char *ret_base, size_t bytes,
                                 struct till_error *e);
// message's document in that form ("text", "markdown", "html", "json"); false when there is no such form.
bool channel_document(const struct channel_message *message, const char *form, struct sv *ret_text);
// One part of that body, in the arena.
enum till_code channel_one_part(struct buf *address, struct buf *headers, struct sv body,
                                struct arena *arena, struct channel_parts *ret_parts,
                                struct till_error *e);

#endif
