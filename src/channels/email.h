// SPDX-License-Identifier: Apache-2.0
// email.h - private to channels: the kind that sends mail, and how a message is written as one.
#ifndef TILL_CHANNELS_EMAIL_H
#define TILL_CHANNELS_EMAIL_H

#include "base/buf.h"
#include "channels/channel.h"

extern const struct channel_service channel_email;

struct email_envelope {
    const char *sender; // both checked: ASCII, one address each
    const char *const *recipients;
    size_t recipient_count;
    const char *user_agent; // NULL = not said
};
// The whole mail, headers and all, as RFC 5322 and MIME want it: ASCII, lines that end with CRLF and have at most 76 characters but for addresses. The
// same bytes for the same message.
void email_write(struct buf *out, const struct email_envelope *envelope,
                 const struct channel_message *message);

#endif
