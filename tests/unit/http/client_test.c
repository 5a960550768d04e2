// SPDX-License-Identifier: Apache-2.0
// client_test.c - many requests: order, connections, how many at once, the budget, the stop flag, memory that runs out.
#include "support.h"

#include <signal.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/limits.h"

enum { QUEUE = 64 };

static bool answer_200(const struct loopback_request *r)
{
    return loopback_reply(r, 200, "Content-Type: application/json\r\n", "{}");
}
static bool answer_slow(const struct loopback_request *r)
{
    loopback_sleep_ms(30);
    return loopback_reply(r, 200, "", "{}");
}

static void take(struct http *http, int count)
{
    for (int i = 0; i < count; i++) {
        struct http_response response = next(http);
        assert_int_equal(response.code, TILL_OK);
        assert_int_equal(response.status, 200);
        http_response_release(&response);
    }
}

static void connections_are_kept(void **state)
{
    (void)state;
    struct loopback server;
    loopback_start(&server, answer_200, NULL);
    struct http *http = client(NULL);
    for (uint64_t i = 0; i < 50; i++) {
        submit(http, &server, "/", i);
        struct http_response response = next(http);
        assert_int_equal(response.tag, i);
        http_response_release(&response);
    }
    assert_int_equal(server.seen->requests, 50);
    assert_int_equal(server.seen->connections, 1);
    http_free(http);
    loopback_stop(&server);
}

static void several_at_once_after_the_first(void **state)
{
    (void)state;
    struct loopback server;
    loopback_start(&server, answer_slow, NULL);
    struct http *http = client(NULL);
    for (uint64_t i = 0; i < 40; i++)
        submit(http, &server, "/", i);
    assert_int_equal(http_pending(http), 40);
    take(http, 40);
    assert_int_equal(http_pending(http), 0);
    assert_int_equal(server.seen->most_in_flight, TILL_LIMIT_IN_FLIGHT);
    assert_in_range(server.seen->connections, 2, TILL_LIMIT_IN_FLIGHT);
    assert_true(server.seen->at_us[1] - server.seen->at_us[0] >= 30000); // the first was alone
    http_free(http);
    loopback_stop(&server);
}

static void at_once_is_an_option(void **state)
{
    (void)state;
    struct loopback server;
    loopback_start(&server, answer_slow, NULL);
    struct http_options options = {.in_flight = 2};
    struct http *http = client(&options);
    for (uint64_t i = 0; i < 20; i++)
        submit(http, &server, "/", i);
    take(http, 20);
    assert_int_equal(server.seen->most_in_flight, 2);
    http_free(http);
    loopback_stop(&server);
}

// submit() alone puts a request on the wire: the service works while the caller does.
static void submitting_sends(void **state)
{
    (void)state;
    struct loopback server;
    loopback_start(&server, answer_200, NULL);
    struct http *http = client(NULL);
    submit(http, &server, "/", 1);
    take(http, 1);
    submit(http, &server, "/", 2);
    for (int i = 0; i < 200 && server.seen->requests < 2; i++)
        loopback_sleep_ms(5);
    assert_int_equal(server.seen->requests, 2);
    take(http, 1);
    http_free(http);
    loopback_stop(&server);
}

static void queue_has_an_end(void **state)
{
    (void)state;
    struct loopback server;
    struct till_error e = {0};
    struct http_response response;
    loopback_start(&server, answer_200, NULL);
    struct http *http = client(NULL);
    assert_int_equal(http_next(http, &response, &e), TILL_USAGE);
    struct http_request request = {.url = server.url};
    for (int i = 0; i < QUEUE; i++)
        assert_int_equal(http_submit(http, &request, &e), TILL_OK);
    assert_int_equal(http_submit(http, &request, &e), TILL_LIMIT);
    take(http, 1);
    assert_int_equal(http_submit(http, &request, &e), TILL_OK);
    http_cancel_all(http);
    assert_int_equal(http_pending(http), 0);
    submit(http, &server, "/", 7); // and it still works
    response = next(http);
    assert_int_equal(response.tag, 7);
    http_response_release(&response);
    http_free(http);
    loopback_stop(&server);
}

// A clock that runs a thousand times faster: 60 s pass in 60 ms.
static int64_t fast_monotonic_ms(const struct clock *clock)
{
    (void)clock;
    return loopback_now_us();
}
static int64_t system_now_us(const struct clock *clock)
{
    (void)clock;
    return clock_now_us(&clock_system);
}
static const struct clock fast_clock = {.now_us = system_now_us, .monotonic_ms = fast_monotonic_ms};

static void the_budget_holds_at_the_server(void **state)
{
    (void)state;
    struct loopback server;
    loopback_start(&server, answer_200, NULL);
    struct http_options options = {
        .requests_per_minute = 10, .clock = &fast_clock, .stall_timeout_ms = INT64_C(1) << 40};
    struct http *http = client(&options);
    int64_t begin_us = loopback_now_us();
    int sent = 0;
    for (int taken = 0; taken < 60; taken++) {
        for (; sent < 60 && sent - taken < 16; sent++)
            submit(http, &server, "/", 0);
        take(http, 1);
    }
    int64_t took_us = loopback_now_us() - begin_us;
    assert_in_range(loopback_most_within(server.seen, 60000), 1, 10);
    assert_true(took_us >= 5 * 60000);
    assert_true(http_statistics(http).waited_ms > 0);
    http_free(http);
    loopback_stop(&server);
}

static bool answer_503_each_other(const struct loopback_request *r)
{
    return loopback_reply(r, r->number % 2 ? 503 : 200, "", "{}");
}
static void retries_count_in_the_budget(void **state)
{
    (void)state;
    struct loopback server;
    loopback_start(&server, answer_503_each_other, NULL);
    struct http_options options = {
        .requests_per_minute = 20, .clock = &fast_clock, .stall_timeout_ms = INT64_C(1) << 40};
    struct http *http = client(&options);
    for (int i = 0; i < 40; i++) {
        submit(http, &server, "/", 0);
        take(http, 1);
    }
    assert_int_equal(server.seen->requests, 80);
    assert_in_range(loopback_most_within(server.seen, 60000), 1, 20);
    http_free(http);
    loopback_stop(&server);
}

static volatile sig_atomic_t stop;
static void on_alarm(int number)
{
    (void)number;
    stop = 1;
}
static bool answer_never(const struct loopback_request *r)
{
    (void)r;
    loopback_sleep_ms(20000);
    return false;
}
static bool answer_wait_a_minute(const struct loopback_request *r)
{
    return loopback_reply(r, 429, "Retry-After: 60\r\n", "");
}
static void check_stops(loopback_answer *answer)
{
    struct loopback server;
    struct http_response response;
    struct till_error e = {0};
    loopback_start(&server, answer, NULL);
    struct http_options options = {.stop = &stop};
    struct http *http = client(&options);
    stop = 0;
    signal(SIGALRM, on_alarm);
    submit(http, &server, "/", 0);
    submit(http, &server, "/", 1);
    int64_t begin_us = loopback_now_us();
    ualarm(300000, 0);
    assert_int_equal(http_next(http, &response, &e), TILL_CANCELED);
    assert_in_range((loopback_now_us() - begin_us) / 1000, 300, 500);
    begin_us = loopback_now_us();
    struct http_request request = {.url = server.url};
    assert_int_equal(http_submit(http, &request, &e), TILL_CANCELED);
    http_free(http);
    assert_in_range((loopback_now_us() - begin_us) / 1000, 0, 100);
    loopback_stop(&server);
}
static void stops_within_200_ms(void **state)
{
    (void)state;
    check_stops(answer_never);         // waiting for an answer
    check_stops(answer_wait_a_minute); // waiting for another try
}

#ifdef TILL_FAULTS
// Memory runs out at each point in turn: an error of the right class, no leak, and the next round works.
static void memory_runs_out_everywhere(void **state)
{
    (void)state;
    static const char *const points[] = {"malloc",     "http.new",   "http.easy",
                                         "http.begin", "http.multi", "http.body"};
    struct loopback server;
    loopback_start(&server, answer_503_each_other, NULL);
    for (size_t p = 0; p < TILL_COUNT(points); p++) {
        int failures = 0;
        for (long nth = 1; nth < 100; nth++) {
            struct http_options options = {.requests_per_minute = 1000, .retry_base_ms = 1};
            struct http_request request = {.url = server.url, .headers = {"A: b"}};
            struct http_response response = {0};
            struct http *http = NULL;
            struct till_error e = {0};
            fault_arm(points[p], nth, false);
            enum till_code code = http_new(&options, &http, &e);
            if (!code)
                code = http_submit(http, &request, &e);
            if (!code)
                code = http_next(http, &response, &e);
            if (!code)
                code = response.code;
            bool is_passed = fault_passages(points[p]) < nth;
            fault_disarm();
            http_response_release(&response);
            http_free(http);
            assert_true(code == TILL_OK || code == TILL_MEMORY);
            failures += code == TILL_MEMORY;
            if (is_passed)
                break;
        }
        assert_true(failures > 0);
    }
    loopback_stop(&server);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(several_at_once_after_the_first),
        cmocka_unit_test(at_once_is_an_option),
        cmocka_unit_test(submitting_sends),
        cmocka_unit_test(queue_has_an_end),
        cmocka_unit_test(the_budget_holds_at_the_server),
        cmocka_unit_test(retries_count_in_the_budget),
        cmocka_unit_test(stops_within_200_ms),
#ifdef TILL_FAULTS
        cmocka_unit_test(memory_runs_out_everywhere),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
