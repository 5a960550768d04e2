// SPDX-License-Identifier: Apache-2.0
// smtp.c - what the end of a conversation with a mail server means, and how to say it.
//
// The server's own reply decides where there is one: 2xx to the end of the content, and only that, is sent; 4xx is "not now", 5xx is "not so". Without a reply
// it depends on how much was given: before the last byte of the content nothing can have arrived, after it nobody knows. The words are one row for each
// thing that somebody can do something about. What a server says about a sign-in is not repeated beyond its numbers, because it may repeat the password.
#include "http/smtp.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/stop.h"

enum { CODE_LATER = 400, CODE_NEVER = 500, CODE_BEYOND = 600, HUNDRED = 100 };

#define HINT_LATER "try again in some minutes; some servers put off a new sender once"
#define HINT_PASSWORD                                                                              \
    "check both; Gmail, iCloud, Fastmail and others want an app password, made in the account's "  \
    "security settings, instead of your own"
#define HINT_SIGN_IN  "give it a user name and a password: --username"
#define HINT_SENDER   "--sender must be an address that this account may send from"
#define HINT_CONTENT  "the server's words say why; a sender of the same domain as the account helps"
#define HINT_TOO_LONG "leave some sections out: --sections"

struct reply_words {
    enum smtp_stage stage; // SMTP_CONNECT: any
    int from, to;          // codes
    enum till_code code;
    const char *
        what; // follows "the mail server HOST "; a space at its end: the sender or the recipient follows
    const char *hint;
};
static const struct reply_words reply_words[] = {
    {SMTP_CONNECT, 421, 421, TILL_REMOTE, "closes the connection for now", HINT_LATER},
    {SMTP_SIGN_IN, 400, 499, TILL_REMOTE, "cannot check the password just now", HINT_LATER},
    {SMTP_SIGN_IN, 500, 599, TILL_AUTH, "did not accept the user name or the password",
     HINT_PASSWORD},
    {SMTP_STARTTLS, 400, 599, TILL_REMOTE, "cannot encrypt just now", HINT_LATER},
    {SMTP_SENDER, 530, 530, TILL_AUTH, "wants a sign-in first", HINT_SIGN_IN},
    {SMTP_SENDER, 552, 552, TILL_REMOTE, "finds the mail too large", HINT_TOO_LONG},
    {SMTP_SENDER, 500, 599, TILL_REMOTE, "does not take mail from the sender ", HINT_SENDER},
    {SMTP_RECIPIENT, 530, 530, TILL_AUTH, "wants a sign-in first", HINT_SIGN_IN},
    {SMTP_RECIPIENT, 452, 452, TILL_REMOTE, "has no room for the recipient ", HINT_LATER},
    {SMTP_RECIPIENT, 552, 552, TILL_REMOTE, "has a full mailbox for the recipient ",
     "ask its owner to make room, or take it out of --to-address"},
    {SMTP_RECIPIENT, 500, 599, TILL_REMOTE, "refused the recipient ",
     "check the address; as long as it stands in --to-address, nobody gets the mail"},
    {SMTP_DATA, 500, 599, TILL_REMOTE, "refused the mail", HINT_CONTENT},
    {SMTP_CONTENT_END, 552, 552, TILL_REMOTE, "finds the mail too large", HINT_TOO_LONG},
    {SMTP_CONTENT_END, 500, 599, TILL_REMOTE, "refused the mail for what it says or who sends it",
     HINT_CONTENT},
    {SMTP_CONNECT, 400, 499, TILL_REMOTE, "asks to try again later", HINT_LATER},
    {SMTP_CONNECT, 500, 599, TILL_REMOTE, "refused",
     "check that the address is that of a server which takes mail from you"},
};

struct failure_words {
    CURLcode result;
    enum till_code code;
    const char *what; // follows "could not reach the mail server HOST: "; NULL = libcurl's words
    const char *hint;
};
#define HINT_CERTIFICATE                                                                           \
    "check the server's name and this machine's date; for a server of your own name its "          \
    "certificate: --ca-file"
static const struct failure_words failure_words[] = {
    {CURLE_COULDNT_RESOLVE_HOST, TILL_NETWORK, "its name could not be resolved",
     "check the network connection and the spelling of the name"},
    {CURLE_COULDNT_CONNECT, TILL_NETWORK, "could not connect",
     "check the network and the port: 587, or 465 (TLS from the start); some networks let no mail "
     "out"},
    {CURLE_OPERATION_TIMEDOUT, TILL_NETWORK, "it did not answer in time",
     "is it the right port? 465 speaks TLS from the start, others do when written as "
     "smtps://HOST:PORT"},
    {CURLE_USE_SSL_FAILED, TILL_NETWORK,
     "it offers no encryption (STARTTLS), and nothing goes to it in the clear",
     "use its port for TLS, which is 465 nearly everywhere; on a strange network, try another"},
    {CURLE_PEER_FAILED_VERIFICATION, TILL_NETWORK, NULL, HINT_CERTIFICATE},
    {CURLE_SSL_ISSUER_ERROR, TILL_NETWORK, NULL, HINT_CERTIFICATE},
    {CURLE_SSL_CACERT_BADFILE, TILL_CONFIG, "the file of --ca-file could not be used",
     "it must hold certificates in PEM form"},
    {CURLE_SSL_CONNECT_ERROR, TILL_NETWORK, NULL,
     "is it the right port? 587 begins in the clear, 465 with TLS; TLS 1.2 or later is needed"},
    {CURLE_LOGIN_DENIED, TILL_AUTH, "it offers no way to sign in that this program knows",
     "PLAIN, LOGIN, CRAM-MD5 and DIGEST-MD5 work; some services want a password for programs"},
    {CURLE_OUT_OF_MEMORY, TILL_MEMORY, NULL, NULL},
    {CURLE_OK, TILL_NETWORK, "the connection broke",
     "try again; if it lasts, the server is at fault"},
};

static void host_words(const struct smtp_talk *talk, char *ret_host, size_t capacity)
{
    (void)snprintf(ret_host, capacity, "%s:%d", talk->server->host, talk->server->port);
}

// Whom the last command was about.
static const char *whom(const struct smtp_talk *talk)
{
    if (talk->mail && talk->stage == SMTP_SENDER)
        return talk->mail->sender;
    if (talk->mail && talk->stage == SMTP_RECIPIENT && talk->recipient_count > 0 &&
        talk->recipient_count <= talk->mail->recipient_count)
        return talk->mail->recipients[talk->recipient_count - 1];
    return "";
}

// The server's words; of a sign-in only an enhanced status (RFC 3463) at their beginning.
static void said(const struct smtp_talk *talk, char *ret_text, size_t capacity)
{
    size_t len = strlen(talk->reply_text);
    if (talk->stage == SMTP_SIGN_IN)
        len = strspn(talk->reply_text, "0123456789.");
    (void)snprintf(ret_text, capacity, "%.*s", (int)len, talk->reply_text);
}

static enum mail_outcome conclude_by_reply(const struct smtp_talk *talk, struct till_error *e)
{
    char host[MAIL_HOST_BYTES + 16], text[SMTP_REPLY_BYTES];
    const struct reply_words *row = reply_words;
    while ((row->stage != SMTP_CONNECT && row->stage != talk->stage) || talk->reply < row->from ||
           talk->reply > row->to)
        row++;
    host_words(talk, host, sizeof host);
    said(talk, text, sizeof text);
    const char *who = row->what[strlen(row->what) - 1] == ' ' ? whom(talk) : "";
    (void)TILL_FAIL(e, row->code, talk->reply, "the mail server %s %s%s: %d%s%s", host, row->what,
                    who, talk->reply, text[0] ? " " : "", text);
    (void)till_error_hint(e, "%s", row->hint);
    return talk->reply < CODE_NEVER ? MAIL_NOT_SENT : MAIL_REFUSED;
}

static void describe_failure(const struct smtp_talk *talk, CURLcode result, struct till_error *e)
{
    char host[MAIL_HOST_BYTES + 16];
    const struct failure_words *row = failure_words;
    bool is_late = result == CURLE_ABORTED_BY_CALLBACK;
    while (row->result != (is_late ? CURLE_OPERATION_TIMEDOUT : result) && row->result != CURLE_OK)
        row++;
    if (row->code == TILL_MEMORY) {
        (void)TILL_FAIL_MEMORY(e);
        return;
    }
    const char *what = row->what;
    if (!what)
        what = talk->curl_text[0] ? talk->curl_text : curl_easy_strerror(result);
    host_words(talk, host, sizeof host);
    (void)TILL_FAIL(e, row->code, result, "could not reach the mail server %s: %s", host, what);
    (void)till_error_hint(e, "%s", row->hint);
}

static enum mail_outcome conclude_without_reply(const struct smtp_talk *talk, CURLcode result,
                                                struct till_error *e)
{
    char host[MAIL_HOST_BYTES + 16];
    bool is_given = talk->stage == SMTP_CONTENT_END;
    if (stop_is_set(talk->server->stop)) {
        (void)TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
    } else if (is_given) {
        host_words(talk, host, sizeof host);
        (void)TILL_FAIL(e, TILL_NETWORK, result,
                        "the mail server %s was given the whole mail, and did not answer: %s", host,
                        result == CURLE_OPERATION_TIMEDOUT || result == CURLE_ABORTED_BY_CALLBACK
                            ? "time is up"
                            : "the connection broke");
    } else {
        describe_failure(talk, result, e);
    }
    if (is_given)
        (void)till_error_hint(e, "look whether it arrived before you send it again");
    return is_given ? MAIL_UNCERTAIN : MAIL_NOT_SENT;
}

enum mail_outcome smtp_conclude(const struct smtp_talk *talk, CURLcode result, struct till_error *e)
{
    char host[MAIL_HOST_BYTES + 16];
    bool is_end = talk->stage == SMTP_CONTENT_END || talk->stage == SMTP_NOOP;
    if (talk->hook_code) {
        *e = *talk->hook_error;
        return MAIL_NOT_SENT;
    }
    if (talk->stage > SMTP_SIGN_IN && talk->server->username[0] && !talk->was_signed_in) {
        host_words(talk, host, sizeof host);
        (void)TILL_FAIL(e, TILL_CONFIG, talk->reply, "the mail server %s offers no sign-in", host);
        (void)till_error_hint(e, "try its other ports (587, 465), or leave --username out");
        return MAIL_REFUSED;
    }
    if (is_end && talk->reply / HUNDRED == 2)
        return MAIL_SENT;
    if (talk->reply >= CODE_LATER && talk->reply < CODE_BEYOND)
        return conclude_by_reply(talk, e);
    return conclude_without_reply(talk, result, e);
}
