// SPDX-License-Identifier: Apache-2.0
// email.c - a digest by mail, through a mail server of its owner's: one mail to all addresses.
//
// All addresses or none (http/mail.h): a mail server that refuses one of them gets no mail, and the error names it. Who wants each to stand alone makes
// a channel for each.
#include "channels/email.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "http/mail.h"

struct addresses { // of --to-address
    char text[TILL_LIMIT_MAIL_RECIPIENTS][MAIL_ADDRESS_BYTES + 1];
    const char *list[TILL_LIMIT_MAIL_RECIPIENTS];
    size_t count;
    const char *sender;
};

static enum till_code take_addresses(const struct channel *channel, struct addresses *addresses,
                                     struct till_error *e)
{
    struct sv rest = sv_of(channel_get(channel, CHANNEL_FIELD_to));
    struct sv part;
    addresses->count = 0;
    while (sv_split(&rest, ',', &part)) {
        struct sv address = sv_trim(part);
        if (address.len == 0)
            continue;
        enum till_code code = mail_check_address(address, "--to-address", e);
        if (code)
            return code;
        if (addresses->count == TILL_LIMIT_MAIL_RECIPIENTS) {
            (void)TILL_FAIL(e, TILL_CONFIG, 0, "--to-address: more than %d addresses",
                            (int)TILL_LIMIT_MAIL_RECIPIENTS);
            return till_error_hint(e, "make a second channel for the others, or a mailing list");
        }
        char *text = addresses->text[addresses->count];
        (void)snprintf(text, MAIL_ADDRESS_BYTES + 1, SV_FORMAT, SV_ARGS(address));
        addresses->list[addresses->count++] = text;
    }
    if (addresses->count == 0)
        return mail_check_address(SV(""), "--to-address", e);
    const char *sender = channel_get(channel, CHANNEL_FIELD_sender);
    addresses->sender = sender[0] ? sender : addresses->list[0];
    return TILL_OK;
}

static enum till_code take_server(const struct channel *channel, struct mail_server *server,
                                  struct till_error *e)
{
    *server = (struct mail_server){
        .username = channel_get(channel, CHANNEL_FIELD_username),
        .password = channel_get_secret(channel, CHANNEL_FIELD_password),
        .ca_file = channel_get(channel, CHANNEL_FIELD_ca_file),
        .clock = channel->clock,
        .stop = channel->stop,
        .timeout_ms = TILL_LIMIT_CHANNEL_MS,
    };
    return mail_server_parse(channel_get(channel, CHANNEL_FIELD_smtp_host), server, e);
}

static enum till_code email_open(struct channel *channel, struct till_error *e)
{
    struct mail_server server;
    struct addresses addresses;
    enum till_code code = take_server(channel, &server, e);
    if (code == TILL_OK)
        code = take_addresses(channel, &addresses, e);
    if (code == TILL_OK)
        code = mail_check_address(sv_of(addresses.sender), "--sender", e);
    if (code)
        return code;
    bool has_password = server.password && secret_bytes(server.password).len > 0;
    if (server.username[0] && !has_password) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "a password is missing for \"%.100s\"", server.username);
        return till_error_hint(e, "best one that the mail service makes for programs (an app "
                                  "password); without --username nobody signs in");
    }
    if (!server.username[0] && has_password) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "a password, and nobody whose it is");
        return till_error_hint(e, "give the user name: --username, often the mail address");
    }
    if (server.ca_file[0] && server.ca_file[0] != '/') {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "--ca-file: \"%.200s\" is not a whole path",
                        server.ca_file);
        return till_error_hint(e, "write it from the root on, such as /etc/ssl/mail.pem");
    }
    return TILL_OK;
}

static void put_address(const struct channel *channel, struct buf *out)
{
    buf_format(out, "%s by %s", channel_get(channel, CHANNEL_FIELD_to),
               channel_get(channel, CHANNEL_FIELD_smtp_host));
}

static void email_describe(const struct channel *channel, struct buf *out)
{
    buf_text(out, "mail to ");
    put_address(channel, out);
}

static enum till_code email_compose(const struct channel *channel,
                                    const struct channel_message *message, struct arena *arena,
                                    struct channel_parts *ret_parts, struct till_error *e)
{
    struct addresses addresses;
    enum till_code code = take_addresses(channel, &addresses, e);
    if (code)
        return code;
    const struct email_envelope envelope = {.sender = addresses.sender,
                                            .recipients = addresses.list,
                                            .recipient_count = addresses.count,
                                            .user_agent = channel->user_agent};
    AUTO_BUF address, body;
    buf_init(&address, TILL_LIMIT_MAIL_BYTES);
    buf_init(&body, TILL_LIMIT_MAIL_BYTES);
    put_address(channel, &address);
    email_write(&body, &envelope, message);
    code = buf_fail(&address, "the addresses", e);
    if (code == TILL_OK)
        code = buf_fail(&body, "the mail", e);
    if (code)
        return code;
    struct channel_part *part = arena_calloc(arena, 1, sizeof *part);
    if (part) {
        part->address = arena_sv(arena, (struct sv){address.data, address.len});
        part->headers = SV("");
        part->body = arena_sv(arena, (struct sv){body.data, body.len});
    }
    if (!part || !part->address.ptr || !part->body.ptr)
        return arena_fail(arena, "the mail", e);
    *ret_parts = (struct channel_parts){.list = part, .count = 1};
    return TILL_OK;
}

static enum till_code email_send(struct channel *channel, const struct channel_message *message,
                                 const struct channel_part *part,
                                 const struct channel_commit *commit,
                                 struct channel_result *ret_result, struct till_error *e)
{
    static const enum channel_outcome outcomes[] = {[MAIL_SENT] = CHANNEL_SENT,
                                                    [MAIL_NOT_SENT] = CHANNEL_NOT_SENT,
                                                    [MAIL_REFUSED] = CHANNEL_REFUSED,
                                                    [MAIL_UNCERTAIN] = CHANNEL_UNCERTAIN};
    struct mail_server server;
    struct addresses addresses;
    (void)message;
    enum till_code code = take_server(channel, &server, e);
    if (code == TILL_OK)
        code = take_addresses(channel, &addresses, e);
    if (code)
        return code;
    const struct mail mail = {
        .sender = addresses.sender,
        .recipients = addresses.list,
        .recipient_count = addresses.count,
        .message = part->body,
        .before_body = {.call = commit ? commit->call : NULL,
                        .context = commit ? commit->context : NULL},
    };
    enum mail_outcome outcome = MAIL_NOT_SENT;
    code = mail_send(&server, &mail, &outcome, e);
    ret_result->outcome = outcomes[outcome];
    return code;
}

static enum till_code email_check(struct channel *channel, bool *ret_was_asked,
                                  struct till_error *e)
{
    struct mail_server server;
    *ret_was_asked = true;
    enum till_code code = take_server(channel, &server, e);
    return code ? code : mail_check(&server, e);
}

const struct channel_service channel_email = {
    .open = email_open,
    .describe = email_describe,
    .compose = email_compose,
    .send = email_send,
    .check = email_check,
};
