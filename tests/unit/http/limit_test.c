// SPDX-License-Identifier: Apache-2.0
// limit_test.c - the client against a service with a limit of its own, and clients that share a budget. Minutes pass in 0.6 s: the client's clock runs
// a hundred times as fast as the service's, whose window is that much shorter. A stall of the machine is a hundred times as long too: where that
// decides (check_limit), the test is made again with slower clocks.
#include "support.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

enum { MINUTE_MS = 60000, SPEED = 100, SLOWEST = 12, BUDGET = 500 };

static int speed = SPEED;

static int64_t rest_ms(void)
{
    return MINUTE_MS / speed;
}

static int64_t fast_now_us(const struct clock *clock)
{
    (void)clock;
    return clock_now_us(&clock_system);
}
static int64_t fast_monotonic_ms(const struct clock *clock)
{
    (void)clock;
    return loopback_now_us() * speed / 1000;
}
static const struct clock fast_clock = {fast_now_us, fast_monotonic_ms, NULL};
static const struct http_options fast = {
    .clock = &fast_clock, .retry_base_ms = 1, .stall_timeout_ms = 100000000};

// The service's window, which all processes of the server share.
struct service {
    atomic_flag lock;
    int64_t since_us;
    int used, windows, refused_in_window, most_refused;
};

static bool answer_with_limit(const struct loopback_request *r)
{
    struct service *service = *(struct service *const *)r->context;
    while (atomic_flag_test_and_set(&service->lock))
        continue;
    int64_t now_us = loopback_now_us();
    if (service->windows == 0 || now_us - service->since_us >= rest_ms() * 1000) {
        service->since_us = now_us;
        service->used = service->refused_in_window = 0;
        service->windows++;
    }
    bool is_passed = service->used < BUDGET;
    if (is_passed)
        service->used++;
    else if (++service->refused_in_window > service->most_refused)
        service->most_refused = service->refused_in_window;
    atomic_flag_clear(&service->lock);
    return is_passed ? loopback_reply(r, 200, "", "{}")
                     : loopback_reply(r, 429, "Retry-After: 60\r\n", "");
}

static void ask_many(struct http *http, const struct loopback *server, int count)
{
    int sent = 0;
    for (int taken = 0; taken < count; taken++) {
        while (sent < count && http_pending(http) < 16)
            submit(http, server, "/", (uint64_t)sent++);
        struct http_response response = next(http);
        assert_int_equal(response.code, TILL_OK);
        assert_int_equal(response.status, 200);
        http_response_release(&response);
    }
}

// Whether the limit was kept at this speed.
static bool keeps_limit(int64_t requests_per_minute)
{
    struct http_options options = fast;
    options.requests_per_minute = requests_per_minute;
    struct loopback server;
    struct service *service =
        mmap(NULL, sizeof *service, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(service != MAP_FAILED);
    loopback_start(&server, answer_with_limit, &service);
    struct http *http = client(&options);
    int64_t begin_us = loopback_now_us();
    ask_many(http, &server, 3 * BUDGET + BUDGET / 2);
    int64_t took_us = loopback_now_us() - begin_us;
    struct http_statistics statistics = http_statistics(http);
    // On a machine too slow to spend the budget there is nothing to wait for.
    int64_t most_us = (int64_t)service->windows * (rest_ms() + 100) * 1000;
    bool is_kept = service->most_refused <= 1 && statistics.too_many_requests <= service->windows &&
                   (requests_per_minute > 0 || took_us < most_us);
    http_free(http);
    loopback_stop(&server);
    munmap(service, sizeof *service);
    return is_kept;
}

// At a tenth of the real pace a stall would have to last for a second to look like one that the promise does not cover.
static void check_limit(int64_t requests_per_minute)
{
    bool is_kept = keeps_limit(requests_per_minute);
    while (!is_kept && speed > SLOWEST) {
        speed /= 2;
        is_kept = keeps_limit(requests_per_minute);
    }
    speed = SPEED;
    assert_true(is_kept);
}

// One refusal in a window is enough, whether we know a limit or not.
static void is_refused_once_in_a_window(void **state)
{
    (void)state;
    check_limit(0);
    check_limit(20000);
}

// The fourth is refused 0.3 s after the first.
static bool answer_late_429(const struct loopback_request *r)
{
    if (r->number == 4)
        return loopback_reply(r, 429, "Retry-After: 60\r\n", "");
    if (r->number == 3)
        loopback_sleep_ms((int)rest_ms() / 2);
    return loopback_reply(r, 200, "", "{}");
}

static int64_t waits_after_429(int64_t requests_per_minute)
{
    struct loopback server;
    struct http_options options = fast;
    options.requests_per_minute = requests_per_minute;
    options.in_flight = 1;
    loopback_start(&server, answer_late_429, NULL);
    struct http *http = client(&options);
    ask_many(http, &server, 5);
    int64_t waited_ms = (server.seen->at_us[4] - server.seen->at_us[3]) / 1000;
    http_free(http);
    loopback_stop(&server);
    return waited_ms;
}

// Without a budget the window is ours to know; with one it is others who spent it, and the whole Retry-After is waited.
static void waits_for_the_window(void **state)
{
    (void)state;
    assert_in_range(waits_after_429(0), 1, rest_ms() - 100);
    assert_in_range(waits_after_429(1000), rest_ms(), rest_ms() + 400);
}

static bool answer_ok(const struct loopback_request *r)
{
    return loopback_reply(r, 200, "", "{}");
}

static volatile sig_atomic_t stop;
static void on_alarm(int number)
{
    (void)number;
    stop = 1;
}

// Two clients on one file: the second waits for what the first has spent, and hears the stop flag meanwhile.
static void shares_a_budget(void **state)
{
    (void)state;
    char folder[] = "/tmp/till-limit-XXXXXX", path[64];
    struct loopback server;
    struct till_error e = {0};
    struct http_response response;
    struct http_options options = {.requests_per_minute = 6, .stop = &stop};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/rate", folder);
    loopback_start(&server, answer_ok, NULL);
    struct http *one = client(&options), *two = client(&options);
    ask_many(one, &server, 4); // before it is known whose
    assert_int_equal(http_share_budget(one, path, &e), TILL_OK);
    assert_int_equal(http_share_budget(two, path, &e), TILL_OK);
    ask_many(two, &server, 2);
    submit(two, &server, "/", 9);
    stop = 0;
    signal(SIGALRM, on_alarm);
    int64_t begin_us = loopback_now_us();
    ualarm(300000, 0);
    assert_int_equal(http_next(two, &response, &e), TILL_CANCELED);
    assert_in_range((loopback_now_us() - begin_us) / 1000, 300, 600);
    assert_int_equal(server.seen->requests, 6);
    http_free(one);
    http_free(two);
    loopback_stop(&server);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_refused_once_in_a_window),
        cmocka_unit_test(waits_for_the_window),
        cmocka_unit_test(shares_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
