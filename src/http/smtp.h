// SPDX-License-Identifier: Apache-2.0
// smtp.h - private to http: how far a conversation with a mail server came, and what its end means.
#ifndef TILL_HTTP_SMTP_H
#define TILL_HTTP_SMTP_H

#include <curl/curl.h>

#include "http/mail.h"

enum smtp_stage { // what the last command asked for
    SMTP_CONNECT, // no command yet
    SMTP_HELLO,
    SMTP_STARTTLS,
    SMTP_SIGN_IN,
    SMTP_SENDER,
    SMTP_RECIPIENT,
    SMTP_DATA,
    SMTP_CONTENT,     // being given
    SMTP_CONTENT_END, // all of it is given: it may have arrived
    SMTP_NOOP,
};
enum { SMTP_REPLY_BYTES = 200 };
struct smtp_talk {
    const struct mail_server *server;
    const struct mail *mail; // NULL: a check
    enum smtp_stage stage;
    int reply; // of the last command; 0 = none came
    char reply_text[SMTP_REPLY_BYTES];
    size_t recipient_count; // recipients asked for
    bool was_signed_in;
    const struct clock *clock;
    int64_t deadline_ms, answered_ms; // answered: the last command was, 0 = not yet
    size_t sent_bytes;
    enum till_code hook_code;
    struct till_error *hook_error;
    char curl_text[CURL_ERROR_SIZE];
};
// What the conversation came to; the error, unless it is MAIL_SENT. For a check MAIL_SENT means that all went well.
enum mail_outcome smtp_conclude(const struct smtp_talk *talk, CURLcode result,
                                struct till_error *e);

#endif
