// SPDX-License-Identifier: Apache-2.0
// mail.h - hands one mail to a mail server (SMTP submission, RFC 6409), and says what became of it.
//
// One connection for each mail: port 465, or another one written with "smtps://", is encrypted from the start; on others the server must offer STARTTLS.
// Its certificate must be good for its name. Only a server on this machine (loopback) that wants no user name and has no ca_file is spoken to in the
// clear. A user name and a password go through TLS or nowhere. All recipients or none: a server that refuses one of them gets no mail at all, so that a
// try again never brings it twice.
#ifndef TILL_HTTP_MAIL_H
#define TILL_HTTP_MAIL_H

#include "http/http.h"

enum {
    MAIL_PORT = 587,         // when none is said
    MAIL_PORT_TLS = 465,     // TLS from the start
    MAIL_PORT_LOOPBACK = 25, // when none is said: a mail server on this machine
    MAIL_HOST_BYTES = 253,
    MAIL_ADDRESS_BYTES = 254, // RFC 5321, 4.5.3.1.3
};

struct mail_server {
    char host[MAIL_HOST_BYTES + 3]; // a name, an IPv4 address, or an IPv6 one in brackets
    int port;
    bool is_tls; // from the start; else STARTTLS
    bool is_loopback;
    const char *username;          // "" = no sign-in
    const struct secret *password; // with a username
    const char *ca_file;           // PEM; "" = the system's
    const struct clock *clock;
    const volatile sig_atomic_t
        *stop;          // ends a call with CANCELED, within about a second; may be NULL
    int64_t timeout_ms; // of a whole call
};
// Takes "smtp.example.com", "smtp.example.com:2525", "[::1]:25", "smtps://smtp.example.com:2465" apart: host, port, is_tls and is_loopback. CONFIG.
enum till_code mail_server_parse(const char *text, struct mail_server *ret_server,
                                 struct till_error *e) TILL_MUSTUSE;
// Is it one address in ASCII, "name@host", without anything that could end or add a line or a second address? CONFIG. what: "--sender", for the message.
enum till_code mail_check_address(struct sv address, const char *what,
                                  struct till_error *e) TILL_MUSTUSE;

struct mail {
    const char *sender;            // both as mail_check_address() takes them
    const char *const *recipients; // borrowed, like all of it
    size_t recipient_count;
    struct sv
        message; // headers and body, lines that end with CRLF and have at most 998 bytes; dots are doubled on the way
    // Called once, when the server has taken the sender and all recipients and waits for the content: the moment before the mail may arrive. Its error
    // ends the call with MAIL_NOT_SENT and not a byte of content sent.
    struct http_hook before_body;
};
enum mail_outcome {
    MAIL_SENT,      // the server has taken it
    MAIL_NOT_SENT,  // surely not: a later try may work
    MAIL_REFUSED,   // surely not: a later try cannot work before somebody changes something
    MAIL_UNCERTAIN, // all of it was handed over, and no answer came
};
// TILL_OK with MAIL_SENT alone. *ret_outcome is set always.
enum till_code mail_send(const struct mail_server *server, const struct mail *mail,
                         enum mail_outcome *ret_outcome, struct till_error *e) TILL_MUSTUSE;
// Connects, encrypts, signs in, and leaves.
enum till_code mail_check(const struct mail_server *server, struct till_error *e) TILL_MUSTUSE;

#endif
