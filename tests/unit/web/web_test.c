// SPDX-License-Identifier: Apache-2.0
// web_test.c - the server in its loop, met by plain sockets: heads, bodies, ceilings, kept connections, and what is no address.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "web/web.h"

enum { BODY_BYTES = 1000, PATIENCE_MS = 15000 };

struct fixture {
    struct web *web;
    struct till_error e;
    int refused, answered;
    char body[BODY_BYTES + 1], header[64];
};

static bool on_head(void *context, const struct web_request *request, struct web_answer *answer)
{
    struct fixture *fixture = context;
    assert_int_equal(request->body.len, 0);
    if (sv_equal(request->path, SV("/yes")))
        return false;
    fixture->refused++;
    answer->status = 404;
    buf_text(&answer->body, "{}");
    return true;
}

static void on_whole(void *context, const struct web_request *request, struct web_answer *answer)
{
    struct fixture *fixture = context;
    struct sv header = web_header(request, "x-test");
    fixture->answered++;
    (void)snprintf(fixture->body, sizeof(fixture->body), SV_FORMAT, SV_ARGS(request->body));
    (void)snprintf(fixture->header, sizeof(fixture->header), SV_FORMAT, (int)header.len,
                   header.ptr ? header.ptr : "");
    answer->status = 202;
    buf_format(&answer->body, "{\"bytes\":%zu}", request->body.len);
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    const struct web_options options = {.address = "127.0.0.1",
                                        .body_bytes = BODY_BYTES,
                                        .context = &fixture,
                                        .refuse = on_head,
                                        .answer = on_whole};
    *state = &fixture;
    return (int)web_open(&options, &fixture.web, &fixture.e);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    web_close(fixture->web);
    return 0;
}

static int dial(const struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(web_port(fixture->web)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void step(struct fixture *fixture)
{
    int answered = 0;
    assert_int_equal(web_step(fixture->web, 5, &answered, &fixture->e), TILL_OK);
}

// Turns the server until the other side has something, and gives it; "" when the connection was closed.
static const char *hear(struct fixture *fixture, int fd)
{
    static char text[4096];
    int64_t until_ms = clock_monotonic_ms(&clock_system) + PATIENCE_MS;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (poll(&ready, 1, 0) == 0 && clock_monotonic_ms(&clock_system) < until_ms)
        step(fixture);
    ssize_t got = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static void assert_heard(struct fixture *fixture, int fd, const char *words)
{
    const char *text = hear(fixture, fd);
    if (!strstr(text, words))
        fail_msg("\"%s\" is not in \"%s\"", words, text);
}

static void a_request_and_the_next_on_the_same_connection(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    for (int i = 1; i <= 3; i++) {
        say(fd,
            "POST /yes?a=b HTTP/1.1\r\nHost: x\r\nX-Test: here\r\nContent-Length: 5\r\n\r\nhel");
        step(fixture);
        say(fd, "lo");
        assert_heard(fixture, fd, "{\"bytes\":5}");
        assert_int_equal(fixture->answered, i);
        assert_string_equal(fixture->body, "hello");
        assert_string_equal(fixture->header, "here");
    }
    (void)close(fd);
}

static void refused_by_its_head(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    say(fd, "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
    assert_heard(fixture, fd, " 404 ");
    assert_int_equal(fixture->refused, 1);
    assert_int_equal(fixture->answered, 0);
    (void)close(fd);
}

static void too_large(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    say(fd, "POST /yes HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
    assert_heard(fixture, fd, " 413 ");
    (void)close(fd);
    fd = dial(fixture); // exactly full is not too large
    char full[BODY_BYTES + 1];
    memset(full, 'x', BODY_BYTES);
    full[BODY_BYTES] = '\0';
    say(fd, "POST /yes HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    say(fd, full);
    assert_heard(fixture, fd, "{\"bytes\":1000}");
    (void)close(fd);
    fd = dial(fixture); // not announced
    say(fd, "POST /yes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n");
    say(fd, full);
    say(fd, "\r\n1\r\nx\r\n0\r\n\r\n");
    assert_heard(fixture, fd, " 413 ");
    (void)close(fd);
    assert_int_equal(fixture->answered, 1);
}

static void no_http(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                                        "GARBAGE\r\n\r\n", "\r\n\r\n\r\n"};
    for (size_t i = 0; i < TILL_COUNT(texts); i++) {
        int fd = dial(fixture);
        say(fd, texts[i]);
        (void)shutdown(fd, SHUT_WR);
        (void)hear(fixture, fd);
        (void)close(fd);
    }
    assert_int_equal(fixture->answered, 0);
}

// A head that trickles is cut when its time is over, although it is never silent for long.
static void trickle(void **state)
{
    struct fixture *fixture = *state;
    int64_t started_ms = clock_monotonic_ms(&clock_system);
    int64_t took_ms = 0;
    int fd = dial(fixture);
    say(fd, "POST /yes HTTP/1.1\r\nX-A: ");
    while (took_ms < 2 * TILL_LIMIT_WEB_REQUEST_MS && send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
        for (int i = 0; i < 20; i++)
            step(fixture);
        took_ms = clock_monotonic_ms(&clock_system) - started_ms;
    }
    assert_in_range(took_ms, TILL_LIMIT_WEB_REQUEST_MS - 500, TILL_LIMIT_WEB_REQUEST_MS + 5000);
    (void)close(fd);
}

static void more_connections_than_places(void **state)
{
    struct fixture *fixture = *state;
    int fds[TILL_LIMIT_WEB_CONNECTIONS + 4];
    for (size_t i = 0; i < TILL_COUNT(fds); i++) {
        fds[i] = dial(fixture);
        step(fixture);
    }
    int last = fds[TILL_COUNT(fds) - 1];
    say(last, "POST /yes HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    for (int i = 0; i < 20; i++)
        step(fixture);
    assert_int_equal(fixture->answered, 0);
    for (size_t i = 0; i < TILL_COUNT(fds) - 1; i++)
        (void)close(fds[i]);
    assert_heard(fixture, last, "{\"bytes\":0}");
    (void)close(last);
}

static void addresses(void **state)
{
    struct fixture *fixture = *state;
    struct web *web = NULL;
    struct web_options options = {.address = "localhost", .refuse = on_head, .answer = on_whole};
    assert_int_equal(web_open(&options, &web, &fixture->e), TILL_USAGE);
    options.address = "127.0.0.1";
    options.port = web_port(fixture->web);
    assert_int_equal(web_open(&options, &web, &fixture->e), TILL_CONFIG);
    assert_non_null(strstr(fixture->e.hint, "--port"));
    assert_null(web);
    assert_true(web_is_loopback("127.0.0.1"));
    assert_true(web_is_loopback("127.9.9.9"));
    assert_true(web_is_loopback("::1"));
    assert_false(web_is_loopback("0.0.0.0"));
    assert_false(web_is_loopback("::"));
    assert_false(web_is_loopback("192.168.1.1"));
    assert_false(web_is_loopback("nowhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_and_the_next_on_the_same_connection, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(refused_by_its_head, setup, teardown),
        cmocka_unit_test_setup_teardown(too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(no_http, setup, teardown),
        cmocka_unit_test_setup_teardown(trickle, setup, teardown),
        cmocka_unit_test_setup_teardown(more_connections_than_places, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
