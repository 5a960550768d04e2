// SPDX-License-Identifier: Apache-2.0
// mail.c - hands one mail to a mail server, by libcurl's SMTP.
//
// libcurl holds the conversation: STARTTLS, the best sign-in that both sides know, one RCPT at a time, doubled dots. This file sees to what it may do, and
// watches: the commands as they go (their first word alone: a sign-in holds the password) and the replies as they come, so that the end can be told by what
// the server said instead of by libcurl's one number for it. The content goes through a callback, whose first call is the moment before the mail may
// arrive, and whose last one that from which on it may have. To give up is always an error of a callback: libcurl, told to drop a transfer, would end the
// content in good form, and half a mail would arrive. libcurl keeps a copy of the password as long as its handle lives, which is one call.
#include "http/mail.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/stop.h"
#include "http/smtp.h"

enum {
    CONNECT_MS = 30000, // to greet, encrypt and sign in: some let strangers wait for a while
    QUIT_MS = 2000,     // to say goodbye, when all is done
    UPLOAD_BUFFER_BYTES =
        16 * 1024, // the least that libcurl takes: what it has not been given surely did not arrive
    URL_BYTES = MAIL_HOST_BYTES + 64,
};
// What this machine calls itself in EHLO: an address literal, since its name is nobody's business and often none that servers take.
#define URL_HELLO "/%5B127.0.0.1%5D"

// ---- addresses ----

static bool is_host(struct sv host)
{
    struct in6_addr six;
    char text[MAIL_HOST_BYTES + 1];
    if (host.len == 0 || host.len > MAIL_HOST_BYTES)
        return false;
    if (host.ptr[0] == '[') {
        (void)snprintf(text, sizeof text, SV_FORMAT, (int)host.len - 2, host.ptr + 1);
        return host.len > 2 && host.ptr[host.len - 1] == ']' &&
               inet_pton(AF_INET6, text, &six) == 1;
    }
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.ptr[i];
        bool is_edge = i == 0 || i + 1 == host.len || host.ptr[i - 1] == '.';
        if (!isascii(c) || !(isalnum(c) || (!is_edge && (c == '-' || c == '.' || c == '_'))))
            return false;
    }
    return true;
}

static bool is_loopback(struct sv host)
{
    char text[MAIL_HOST_BYTES + 1];
    struct in_addr four;
    (void)snprintf(text, sizeof text, SV_FORMAT, SV_ARGS(host));
    if (sv_equal_ignoring_case(host, SV("localhost")) || sv_equal(host, SV("[::1]")))
        return true;
    return inet_pton(AF_INET, text, &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

enum till_code mail_server_parse(const char *text, struct mail_server *ret_server,
                                 struct till_error *e)
{
    static const char tls[] = "smtps://";
    bool is_tls = sv_starts_with(sv_of(text), sv_of(tls));
    const char *begin = is_tls ? text + sizeof tls - 1 : text;
    struct sv host = sv_of(begin);
    int64_t port = 0;
    const char *colon = strrchr(begin, ':');
    const char *bracket = strrchr(begin, ']');
    bool is_good = true;
    if (colon && (!bracket || colon > bracket)) {
        host.len = (size_t)(colon - begin);
        is_good = sv_to_int64(sv_of(colon + 1), &port) && port > 0 && port <= UINT16_MAX;
    }
    if (!is_good || !is_host(host)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "\"%.200s\" is not the name of a mail server", text);
        return till_error_hint(
            e, "write its name alone, such as smtp.example.com, or smtp.example.com:465");
    }
    (void)snprintf(ret_server->host, sizeof ret_server->host, SV_FORMAT, SV_ARGS(host));
    ret_server->is_loopback = is_loopback(host);
    ret_server->is_tls = is_tls || port == MAIL_PORT_TLS;
    ret_server->port = port > 0                  ? (int)port
                       : is_tls                  ? MAIL_PORT_TLS
                       : ret_server->is_loopback ? MAIL_PORT_LOOPBACK
                                                 : MAIL_PORT;
    return TILL_OK;
}

// The part before the "@" as RFC 5322 has it without quotes (dot-atom).
static bool is_mailbox(struct sv name)
{
    enum { MAILBOX_BYTES = 64 };
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool is_dot = c == '.' && i > 0 && i + 1 < name.len && name.ptr[i - 1] != '.';
        if (!is_dot && !(isascii(c) && isalnum(c)) && !memchr("!#$%&'*+-/=?^_`{|}~", c, 19))
            return false;
    }
    return name.len > 0 && name.len <= MAILBOX_BYTES;
}

enum till_code mail_check_address(struct sv address, const char *what, struct till_error *e)
{
    struct sv host = address;
    struct sv name;
    bool is_good = address.len <= MAIL_ADDRESS_BYTES && sv_split(&host, '@', &name) &&
                   name.len < address.len && is_mailbox(name) && is_host(host) &&
                   host.ptr[0] != '[';
    if (is_good)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s: \"%.*s\" is not an e-mail address", what,
                    (int)(address.len < MAIL_ADDRESS_BYTES ? address.len : MAIL_ADDRESS_BYTES),
                    address.ptr);
    return till_error_hint(e, "write the address alone, such as me@example.com; a host with other "
                              "letters in its \"xn--\" form");
}

// ---- what libcurl tells ----

static void take_command(struct smtp_talk *talk, const char *data, size_t bytes)
{
    static const struct {
        const char *word;
        enum smtp_stage stage;
    } commands[] = {{"EHLO", SMTP_HELLO},   {"HELO", SMTP_HELLO},  {"STAR", SMTP_STARTTLS},
                    {"AUTH", SMTP_SIGN_IN}, {"MAIL", SMTP_SENDER}, {"RCPT", SMTP_RECIPIENT},
                    {"DATA", SMTP_DATA},    {"NOOP", SMTP_NOOP}};
    enum { WORD_BYTES = 4, GO_ON = 334 };
    bool is_answer =
        talk->stage == SMTP_SIGN_IN && talk->reply == GO_ON; // base64, whatever it begins with
    if (bytes < WORD_BYTES || talk->answered_ms != 0)
        return;
    if (!is_answer && memcmp(data, "QUIT", WORD_BYTES) == 0) { // what came before is the answer
        talk->answered_ms = clock_monotonic_ms(talk->clock);
        return;
    }
    for (size_t i = 0; !is_answer && i < TILL_COUNT(commands); i++)
        if (memcmp(data, commands[i].word, WORD_BYTES) == 0)
            talk->stage = commands[i].stage;
    talk->was_signed_in = talk->was_signed_in || talk->stage == SMTP_SIGN_IN;
    talk->recipient_count += talk->stage == SMTP_RECIPIENT ? 1 : 0;
    talk->reply = 0;
    talk->reply_text[0] = '\0';
}

static int on_debug(CURL *easy, curl_infotype type, char *data, size_t bytes, void *context)
{
    (void)easy;
    if (type == CURLINFO_HEADER_OUT)
        take_command(context, data, bytes);
    return 0;
}

// A line of a reply: "250-SIZE" goes on, "250 OK" ends it. The first line of several says most.
static void take_reply(struct smtp_talk *talk, const char *data, size_t bytes)
{
    enum { CODE_DIGITS = 3, BASE = 10 };
    int code = 0;
    for (size_t i = 0; i < CODE_DIGITS; i++) {
        if (i >= bytes || data[i] < '0' || data[i] > '9')
            return;
        code = code * BASE + (data[i] - '0');
    }
    if (talk->answered_ms != 0) // to QUIT
        return;
    size_t len = strlen(talk->reply_text);
    for (size_t i = CODE_DIGITS + 1; len == 0 && i < bytes && i < sizeof talk->reply_text; i++)
        talk->reply_text[i - CODE_DIGITS - 1] = data[i] >= ' ' && data[i] < 0x7f ? data[i] : '\0';
    if (bytes > CODE_DIGITS && data[CODE_DIGITS] == '-')
        return;
    talk->reply = code;
    if (talk->stage == SMTP_CONTENT_END || talk->stage == SMTP_NOOP)
        talk->answered_ms = clock_monotonic_ms(talk->clock);
}

static size_t on_reply(char *data, size_t size, size_t count, void *context)
{
    take_reply(context, data, size * count);
    return size * count;
}

static size_t on_content(char *data, size_t size, size_t count, void *context)
{
    struct smtp_talk *talk = context;
    const struct mail *mail = talk->mail;
    size_t bytes = size * count;
    if (talk->stage < SMTP_CONTENT) {
        if (talk->server->username[0] && !talk->was_signed_in)
            return CURL_READFUNC_ABORT;
        if (mail->before_body.call)
            talk->hook_code = mail->before_body.call(mail->before_body.context, talk->hook_error);
        if (talk->hook_code)
            return CURL_READFUNC_ABORT;
        talk->stage = SMTP_CONTENT;
        talk->reply = 0;
        talk->reply_text[0] = '\0';
    }
    size_t left = mail->message.len - talk->sent_bytes;
    bytes = bytes < left ? bytes : left;
    memcpy(data, mail->message.ptr + talk->sent_bytes, bytes);
    talk->sent_bytes += bytes;
    if (talk->sent_bytes == mail->message.len)
        talk->stage = SMTP_CONTENT_END;
    return bytes;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct smtp_talk *talk = context;
    int64_t now_ms = clock_monotonic_ms(talk->clock);
    (void)a, (void)b, (void)c, (void)d;
    if (talk->answered_ms != 0)
        return now_ms - talk->answered_ms > QUIT_MS;
    return stop_is_set(talk->server->stop) || now_ms > talk->deadline_ms;
}

// ---- what libcurl may do ----

#define SET(option, value)                                                                         \
    if (!rc)                                                                                       \
    rc = curl_easy_setopt(easy, option, value)

static CURLcode set_server(CURL *easy, const struct mail_server *server)
{
    char url[URL_BYTES];
    CURLcode rc = CURLE_OK;
    bool is_open = server->is_loopback && !server->username[0] && !server->ca_file[0];
    (void)snprintf(url, sizeof url, "%s://%s:%d%s", server->is_tls ? "smtps" : "smtp", server->host,
                   server->port, URL_HELLO);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, server->is_tls ? "smtps" : "smtp");
    SET(CURLOPT_USE_SSL, (long)(is_open ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (server->ca_file[0]) {
        SET(CURLOPT_CAINFO, server->ca_file);
        SET(CURLOPT_CAPATH, NULL);
    }
    if (server->is_loopback)
        SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    if (server->username[0]) {
        SET(CURLOPT_USERNAME, server->username);
        SET(CURLOPT_PASSWORD, server->password ? secret_bytes(server->password).ptr : "");
    }
    return rc;
}

static CURLcode set_watch(CURL *easy, struct smtp_talk *talk)
{
    CURLcode rc = CURLE_OK;
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L); // so that its QUIT is under on_progress() as well
    SET(CURLOPT_TIMEOUT_MS, (long)talk->server->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER_BYTES);
    SET(CURLOPT_ERRORBUFFER, talk->curl_text);
    SET(CURLOPT_VERBOSE, 1L);
    SET(CURLOPT_DEBUGFUNCTION, on_debug);
    SET(CURLOPT_DEBUGDATA, talk);
    SET(CURLOPT_HEADERFUNCTION, on_reply);
    SET(CURLOPT_HEADERDATA, talk);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, talk);
    return rc;
}

static CURLcode set_mail(CURL *easy, struct smtp_talk *talk, struct curl_slist *recipients)
{
    CURLcode rc = CURLE_OK;
    if (!talk->mail) {
        SET(CURLOPT_CUSTOMREQUEST, "NOOP");
        SET(CURLOPT_NOBODY, 1L);
        return rc;
    }
    SET(CURLOPT_MAIL_FROM, talk->mail->sender);
    SET(CURLOPT_MAIL_RCPT, recipients);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)talk->mail->message.len);
    SET(CURLOPT_READFUNCTION, on_content);
    SET(CURLOPT_READDATA, talk);
    return rc;
}
#undef SET

static struct curl_slist *list_recipients(const struct mail *mail)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; mail && i < mail->recipient_count; i++) {
        struct curl_slist *longer =
            fault_point("http.mail") ? NULL : curl_slist_append(list, mail->recipients[i]);
        if (!longer) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

static enum mail_outcome hold_talk(const struct mail_server *server, const struct mail *mail,
                                   struct till_error *e)
{
    struct till_error hook_error = {0};
    struct smtp_talk talk = {.server = server,
                             .mail = mail,
                             .hook_error = &hook_error,
                             .clock = server->clock ? server->clock : &clock_system};
    talk.deadline_ms = clock_monotonic_ms(talk.clock) + server->timeout_ms;
    struct curl_slist *recipients = list_recipients(mail);
    CURL *easy = fault_point("http.easy") ? NULL : curl_easy_init();
    CURLcode rc = !easy || (mail && !recipients) ? CURLE_OUT_OF_MEMORY : CURLE_OK;
    if (!rc)
        rc = set_server(easy, server);
    if (!rc)
        rc = set_watch(easy, &talk);
    if (!rc)
        rc = set_mail(easy, &talk, recipients);
    if (!rc)
        rc = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    curl_slist_free_all(recipients);
    return smtp_conclude(&talk, rc, e);
}

static enum mail_outcome talk_to(const struct mail_server *server, const struct mail *mail,
                                 struct till_error *e)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)TILL_FAIL_MEMORY(e);
        return MAIL_NOT_SENT;
    }
    enum mail_outcome outcome = hold_talk(server, mail, e);
    curl_global_cleanup();
    return outcome;
}

enum till_code mail_send(const struct mail_server *server, const struct mail *mail,
                         enum mail_outcome *ret_outcome, struct till_error *e)
{
    *ret_outcome = talk_to(server, mail, e);
    return *ret_outcome == MAIL_SENT ? TILL_OK : e->code;
}

enum till_code mail_check(const struct mail_server *server, struct till_error *e)
{
    return talk_to(server, NULL, e) == MAIL_SENT ? TILL_OK : e->code;
}
