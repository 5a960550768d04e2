// SPDX-License-Identifier: Apache-2.0
// mail_test.c - names of mail servers and addresses, a server that says nothing, and no memory. What servers do is in tests/mail.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "http/mail.h"

static const char *const recipients[] = {"a@example.com", "b@example.com"};

static void servers_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int port;
        bool is_tls, is_loopback;
    } cases[] = {
        {"smtp.example.com", "smtp.example.com", 587, false, false},
        {"smtp.example.com:465", "smtp.example.com", 465, true, false},
        {"smtp.example.com:2525", "smtp.example.com", 2525, false, false},
        {"smtps://smtp.example.com", "smtp.example.com", 465, true, false},
        {"smtps://smtp.example.com:2465", "smtp.example.com", 2465, true, false},
        {"localhost", "localhost", 25, false, true},
        {"LOCALHOST:26", "LOCALHOST", 26, false, true},
        {"127.1.2.3", "127.1.2.3", 25, false, true},
        {"[::1]", "[::1]", 25, false, true},
        {"[::1]:1025", "[::1]", 1025, false, true},
        {"[2001:db8::1]", "[2001:db8::1]", 587, false, false},
        {"10.0.0.1", "10.0.0.1", 587, false, false},
        {"localhost.example.com", "localhost.example.com", 587, false, false},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        struct mail_server server = {0};
        struct till_error e = {0};
        assert_int_equal(mail_server_parse(cases[i].text, &server, &e), TILL_OK);
        assert_string_equal(server.host, cases[i].host);
        assert_int_equal(server.port, cases[i].port);
        assert_int_equal(server.is_tls, cases[i].is_tls);
        assert_int_equal(server.is_loopback, cases[i].is_loopback);
    }
}

static void what_is_no_server_or_address(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "",   ":25", "a:",   "a:0", "a:65536", "a b",    "a/b",  "a@b",  "a..b",  ".a",      "a.",
        "-a", "a-",  "[::1", "[]",  "[1.2.3]", "a\r\nb", "a%0d", "a:+1", "a:1:2", "http://a"};
    static const char *const addresses[] = {
        "",        "a",          "@b",         "a@",   "a@b c",   "a@b\r\nc",    "<a@b.c>",
        "a b@c",   "a@b@c",      ".a@b",       "a.@b", "a..b@c",  "a@[1.2.3.4]", "\"a\"@b",
        "a@b,c@d", "\xc3\xbc@b", "a@\xc3\xbc", "a@b>", "a\x01@b", "a@b."};
    struct mail_server server = {0};
    struct till_error e = {0};
    for (size_t i = 0; i < TILL_COUNT(hosts); i++)
        if (mail_server_parse(hosts[i], &server, &e) != TILL_CONFIG || !e.hint[0])
            fail_msg("\"%s\" was taken", hosts[i]);
    for (size_t i = 0; i < TILL_COUNT(addresses); i++)
        if (mail_check_address(sv_of(addresses[i]), "--sender", &e) != TILL_CONFIG || !e.hint[0])
            fail_msg("\"%s\" was taken", addresses[i]);
    assert_int_equal(mail_check_address((struct sv){"a@b\0c", 5}, "--sender", &e), TILL_CONFIG);
    assert_int_equal(mail_check_address(SV("o'neil+x=y.z@sub-1.example.com"), "--sender", &e),
                     TILL_OK);
}

static enum till_code commit(void *context, struct till_error *e)
{
    (void)e;
    ++*(int *)context;
    return TILL_OK;
}

// A port that takes connections and says nothing; the time is short.
static int silent(struct mail_server *ret_server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &bytes), 0);
    *ret_server = (struct mail_server){.host = "127.0.0.1",
                                       .port = ntohs(address.sin_port),
                                       .is_loopback = true,
                                       .username = "",
                                       .ca_file = "",
                                       .timeout_ms = 200};
    return listener;
}

static void a_silent_server_has_its_time(void **state)
{
    struct mail_server server;
    struct till_error e = {0};
    enum mail_outcome outcome = MAIL_SENT;
    int commits = 0;
    int listener = silent(&server);
    (void)state;
    const struct mail mail = {.sender = recipients[0],
                              .recipients = recipients,
                              .recipient_count = 2,
                              .message = SV("Subject: x\r\n\r\ny\r\n"),
                              .before_body = {commit, &commits}};
    assert_int_equal(mail_send(&server, &mail, &outcome, &e), TILL_NETWORK);
    assert_int_equal(outcome, MAIL_NOT_SENT);
    assert_int_equal(commits, 0);
    assert_non_null(strstr(e.text, "did not answer in time"));
    assert_int_equal(mail_check(&server, &e), TILL_NETWORK);
    (void)close(listener);
}

#ifdef TILL_FAULTS
static void no_memory_is_said(void **state)
{
    struct mail_server server;
    int listener = silent(&server);
    (void)state;
    const struct mail mail = {.sender = recipients[0],
                              .recipients = recipients,
                              .recipient_count = 2,
                              .message = SV("Subject: x\r\n\r\ny\r\n")};
    static const struct {
        const char *point;
        long nth;
    } faults[] = {{"http.easy", 1}, {"http.mail", 1}, {"http.mail", 2}};
    for (size_t i = 0; i < TILL_COUNT(faults); i++) {
        struct till_error e = {0};
        enum mail_outcome outcome = MAIL_SENT;
        fault_arm(faults[i].point, faults[i].nth, false);
        assert_int_equal(mail_send(&server, &mail, &outcome, &e), TILL_MEMORY);
        assert_int_equal(outcome, MAIL_NOT_SENT);
        fault_disarm();
    }
    (void)close(listener);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_by_name),
        cmocka_unit_test(what_is_no_server_or_address),
        cmocka_unit_test(a_silent_server_has_its_time),
#ifdef TILL_FAULTS
        cmocka_unit_test(no_memory_is_said),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
