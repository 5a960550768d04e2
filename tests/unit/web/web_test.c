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
    int refused, answered, done;
    uint64_t ticket; // of the last one that is answered later
    char query[64], target[64];
    char body[BODY_BYTES + 1], header[64];
};

static bool on_head(void *context, const struct web_request *request, struct web_answer *answer)
{
    struct fixture *fixture = context;
    assert_int_equal(request->body.len, 0);
    if (sv_equal(request->path, SV("/yes")) || sv_starts_with(request->path, SV("/x/")))
        return false;
    fixture->refused++;
    answer->status = 404;
    buf_text(&answer->body, "{}");
    return true;
}

static void count_done(void *context)
{
    ((struct fixture *)context)->done++;
}

// What the dashboard's server needs beyond the plain answer.
static bool answer_otherwise(struct fixture *fixture, const struct web_request *request,
                             struct web_answer *answer)
{
    static const char page[] = "<p>page</p>";
    if (sv_equal(request->path, SV("/x/later"))) {
        fixture->ticket = web_later(request);
        return true;
    }
    if (sv_equal(request->path, SV("/x/stream"))) {
        answer->status = web_stream(request) ? 200 : 503;
        answer->type = "text/event-stream";
        buf_text(&answer->body, "begin;");
        return true;
    }
    if (!sv_equal(request->path, SV("/x/page")))
        return false;
    answer->status = 200;
    answer->type = "text/html";
    answer->cache = "no-cache";
    answer->lasting = (struct sv){page, sizeof(page) - 1};
    answer->done = count_done;
    answer->done_context = fixture;
    for (int i = 0; i < WEB_FIELDS + 1; i++)
        web_answer_field(answer, "X-Field", i < WEB_FIELDS ? "in" : "out");
    return true;
}

static void on_whole(void *context, const struct web_request *request, struct web_answer *answer)
{
    struct fixture *fixture = context;
    struct sv header = web_header(request, "x-test");
    fixture->answered++;
    (void)snprintf(fixture->query, sizeof(fixture->query), SV_FORMAT, (int)request->query.len,
                   request->query.ptr ? request->query.ptr : "");
    (void)snprintf(fixture->target, sizeof(fixture->target), SV_FORMAT, SV_ARGS(request->target));
    if (answer_otherwise(fixture, request, answer))
        return;
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

static void what_is_sent_and_how(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    say(fd, "GET /x/pa%67e?a=%41&b HTTP/1.1\r\nHost: x\r\nX-Two: 1\r\nx-two: 2\r\n\r\n");
    assert_heard(fixture, fd, "Content-Type: text/html\r\nCache-Control: no-cache\r\n");
    assert_string_equal(fixture->query, "a=%41&b");
    assert_string_equal(fixture->target, "/x/pa%67e");
    say(fd, "GET /x/page? HTTP/1.1\r\nHost: x\r\n\r\n");
    const char *text = hear(fixture, fd);
    assert_non_null(strstr(text, "X-Field: in"));
    assert_null(strstr(text, "X-Field: out"));
    assert_non_null(strstr(text, "\r\n\r\n<p>page</p>"));
    say(fd, "HEAD /x/page HTTP/1.1\r\nHost: x\r\n\r\n");
    text = hear(fixture, fd);
    assert_non_null(strstr(text, "Content-Length: 11\r\n"));
    assert_null(strstr(text, "<p>"));
    for (int i = 0; i < 5; i++)
        step(fixture);
    assert_int_equal(fixture->done, 3);
    (void)close(fd);
}

static void an_answer_that_comes_later(void **state)
{
    struct fixture *fixture = *state;
    int slow = dial(fixture);
    int quick = dial(fixture);
    say(slow, "GET /x/later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (fixture->ticket == 0)
        step(fixture);
    say(quick, "POST /yes HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    assert_heard(fixture, quick, "{\"bytes\":0}"); // others go on
    char byte;
    assert_int_equal(recv(slow, &byte, 1, MSG_DONTWAIT), -1);
    struct web_answer answer = {.status = 200};
    buf_init(&answer.body, 100);
    buf_text(&answer.body, "at last");
    assert_true(web_finish(fixture->web, fixture->ticket, &answer));
    assert_null(answer.body.data);
    assert_heard(fixture, slow, "at last");
    // Nobody waits any more: what the answer owns is released.
    answer = (struct web_answer){.status = 200, .done = count_done, .done_context = fixture};
    assert_false(web_finish(fixture->web, fixture->ticket, &answer));
    assert_int_equal(fixture->done, 1);
    say(slow, "POST /yes HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    assert_heard(fixture, slow, "{\"bytes\":0}"); // the connection is kept
    say(slow, "GET /x/later HTTP/1.1\r\nHost: x\r\n\r\n");
    uint64_t before = fixture->ticket;
    while (fixture->ticket == before)
        step(fixture);
    (void)close(quick);
    (void)close(slow); // closing the server with one waiting is teardown's
}

static int open_stream(struct fixture *fixture)
{
    int fd = dial(fixture);
    say(fd, "GET /x/stream HTTP/1.1\r\nHost: x\r\n\r\n");
    return fd;
}

static void streams(void **state)
{
    struct fixture *fixture = *state;
    int fds[TILL_LIMIT_WEB_STREAMS];
    for (size_t i = 0; i < TILL_COUNT(fds); i++) {
        fds[i] = open_stream(fixture);
        assert_heard(fixture, fds[i], "begin;");
    }
    int more = open_stream(fixture);
    assert_heard(fixture, more, " 503 ");
    (void)close(more);
    assert_int_equal(web_stream_count(fixture->web), TILL_LIMIT_WEB_STREAMS);
    for (int round = 0; round < 3; round++) {
        web_push(fixture->web, SV("news;"));
        for (size_t i = 0; i < TILL_COUNT(fds); i++)
            assert_heard(fixture, fds[i], "news;");
    }
    (void)close(fds[0]); // its place is free soon, although nothing is sent
    while (web_stream_count(fixture->web) == TILL_LIMIT_WEB_STREAMS)
        step(fixture);
    for (size_t i = 1; i < TILL_COUNT(fds); i++)
        (void)close(fds[i]);
}

static void a_slow_reader_of_a_stream_is_cut_off(void **state)
{
    struct fixture *fixture = *state;
    static const char news[8192] = "news";
    int64_t until_ms = clock_monotonic_ms(&clock_system) + PATIENCE_MS;
    int slow = open_stream(fixture);
    assert_heard(fixture, slow, "begin;");
    int good = open_stream(fixture);
    assert_heard(fixture, good, "begin;");
    while (web_stream_count(fixture->web) == 2) {
        web_push(fixture->web, (struct sv){news, sizeof(news)});
        (void)hear(fixture, good);
        char rest[32768];
        while (recv(good, rest, sizeof(rest), MSG_DONTWAIT) > 0)
            step(fixture);
        assert_true(clock_monotonic_ms(&clock_system) < until_ms);
    }
    assert_int_equal(web_stream_count(fixture->web), 1);
    (void)close(good);
    (void)close(slow);
}

static void others_are_waited_for_too(void **state)
{
    struct fixture *fixture = *state;
    int ends[2], answered = 0;
    assert_int_equal(pipe(ends), 0);
    struct pollfd other = {.fd = ends[0], .events = POLLIN};
    assert_int_equal(web_step_with(fixture->web, &other, 1, 1, &answered, &fixture->e), TILL_OK);
    assert_int_equal(other.revents, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    int64_t begun_ms = clock_monotonic_ms(&clock_system);
    assert_int_equal(web_step_with(fixture->web, &other, 1, 5000, &answered, &fixture->e), TILL_OK);
    assert_int_equal(other.revents, POLLIN);
    assert_true(clock_monotonic_ms(&clock_system) - begun_ms < 4000);
    (void)close(ends[0]);
    (void)close(ends[1]);
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
        cmocka_unit_test_setup_teardown(what_is_sent_and_how, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_that_comes_later, setup, teardown),
        cmocka_unit_test_setup_teardown(streams, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_reader_of_a_stream_is_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(others_are_waited_for_too, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
