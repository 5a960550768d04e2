// SPDX-License-Identifier: Apache-2.0
// exchange_test.c - retries, Retry-After, redirects, against a server that misbehaves.
#include "support.h"

#include "base/limits.h"

static bool answer_503_twice(const struct loopback_request *r)
{
    return loopback_reply(r, r->number <= 2 ? 503 : 200, "", "{}");
}
static void retries_until_it_works(void **state)
{
    (void)state;
    struct loopback_seen seen;
    struct http_response response = ask(answer_503_twice, NULL, NULL, &seen);
    assert_int_equal(response.code, TILL_OK);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.attempts, 3);
    assert_int_equal(seen.requests, 3);
    http_response_release(&response);
}

static bool answer_by_path(const struct loopback_request *r)
{
    return loopback_reply(r, (int)strtol(r->path + 1, NULL, 10), "", "{}");
}
static void retries_only_what_may_pass(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int attempts;
    } rows[] = {{"/200", 1}, {"/303", 1}, {"/400", 1}, {"/401", 1}, {"/403", 1}, {"/404", 1},
                {"/408", 1}, {"/422", 1}, {"/501", 1}, {"/429", 3}, {"/500", 3}, {"/502", 3},
                {"/503", 3}, {"/504", 3}, {"/520", 3}, {"/530", 3}};
    struct loopback server;
    loopback_start(&server, answer_by_path, NULL);
    struct http_options options = {.attempts = 3};
    struct http *http = client(&options);
    for (size_t i = 0; i < TILL_COUNT(rows); i++) {
        submit(http, &server, rows[i].path, i);
        struct http_response response = next(http);
        assert_int_equal(response.code, TILL_OK);
        assert_int_equal(response.status, strtol(rows[i].path + 1, NULL, 10));
        assert_int_equal(response.attempts, rows[i].attempts);
        assert_int_equal(response.tag, i);
        http_response_release(&response);
    }
    struct http_statistics statistics = http_statistics(http);
    assert_int_equal(statistics.requests, 9 + 7 * 3);
    assert_int_equal(statistics.retries, 7 * 2);
    assert_int_equal(statistics.too_many_requests, 3);
    http_free(http);
    loopback_stop(&server);
}

static void single_attempts(void **state)
{
    (void)state;
    struct http_request request = {.url = "/500", .is_single_attempt = true};
    struct http_response response = ask(answer_by_path, NULL, &request, NULL);
    assert_int_equal(response.attempts, 1);
    http_response_release(&response);
}

// Retry-After of one second, in the given form, then 200; the wait is between 1 and 2 seconds.
static void check_waits_a_second(loopback_answer *answer)
{
    int64_t begin_us = loopback_now_us();
    struct http_response response = ask(answer, NULL, NULL, NULL);
    int64_t took_ms = (loopback_now_us() - begin_us) / 1000;
    assert_int_equal(response.status, 200);
    assert_int_equal(response.attempts, 2);
    assert_int_equal(response.too_many_requests, 1);
    assert_in_range(took_ms, 1000, 2000);
    http_response_release(&response);
}
static bool answer_retry_seconds(const struct loopback_request *r)
{
    return r->number == 1 ? loopback_reply(r, 429, "Retry-After: 1\r\n", "")
                          : loopback_reply(r, 200, "", "{}");
}
static bool answer_retry_date(const struct loopback_request *r) // the server's clock is decades off
{
    return r->number == 1 ? loopback_reply(r, 429,
                                           "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: "
                                           "Sun, 06 Nov 1994 08:49:38 GMT\r\n",
                                           "")
                          : loopback_reply(r, 200, "", "{}");
}
static void waits_as_asked(void **state)
{
    (void)state;
    check_waits_a_second(answer_retry_seconds);
    check_waits_a_second(answer_retry_date);
}

static bool answer_retry_tomorrow(const struct loopback_request *r)
{
    return loopback_reply(r, 429, "Retry-After: 86400\r\n", "");
}
static void refuses_to_wait_for_ever(void **state)
{
    (void)state;
    struct http_response response = ask(answer_retry_tomorrow, NULL, NULL, NULL);
    assert_int_equal(response.code, TILL_OK);
    assert_int_equal(response.status, 429);
    assert_int_equal(response.attempts, 1);
    assert_int_equal(response.retry_after_ms, 86400000);
    http_response_release(&response);
}

// After "too many", nobody begins before the time that was named, and then one goes alone.
static bool answer_429_to_fourth(const struct loopback_request *r)
{
    if (r->number == 4)
        return loopback_reply(r, 429, "Retry-After: 1\r\n", "");
    loopback_sleep_ms(20);
    return loopback_reply(r, 200, "", "{}");
}
static void too_many_holds_everybody(void **state)
{
    (void)state;
    struct loopback server;
    loopback_start(&server, answer_429_to_fourth, NULL);
    struct http *http = client(NULL);
    for (uint64_t i = 0; i < 20; i++)
        submit(http, &server, "/", i);
    for (int i = 0; i < 20; i++) {
        struct http_response response = next(http);
        assert_int_equal(response.status, 200);
        http_response_release(&response);
    }
    int64_t refused_us = server.seen->at_us[3];
    for (int i = 8; i < 21; i++) // up to 4 may have been under way at that moment
        assert_true(server.seen->at_us[i] - refused_us >= 1000000);
    assert_int_equal(server.seen->requests, 21);
    http_free(http);
    loopback_stop(&server);
}

// Three of four are refused while the other's good answer is on its way: that one does not open the door again.
static bool answer_429_around_200(const struct loopback_request *r)
{
    loopback_sleep_ms(r->number == 2 ? 200 : 60);
    return r->number >= 3 && r->number <= 5 ? loopback_reply(r, 429, "Retry-After: 1\r\n", "")
                                            : loopback_reply(r, 200, "", "{}");
}
static void one_goes_first_after_a_refusal(void **state)
{
    (void)state;
    struct loopback server;
    loopback_start(&server, answer_429_around_200, NULL);
    struct http *http = client(NULL);
    for (uint64_t i = 0; i < 9; i++)
        submit(http, &server, "/", i);
    for (int i = 0; i < 9; i++) {
        struct http_response response = next(http);
        assert_int_equal(response.status, 200);
        http_response_release(&response);
    }
    const _Atomic int64_t *at_us = server.seen->at_us;
    assert_true(at_us[5] - at_us[2] >= 1000000);
    assert_true(at_us[6] - at_us[5] >= 60000); // alone until it has its answer
    assert_true(at_us[9] - at_us[6] < 60000);  // then four again
    http_free(http);
    loopback_stop(&server);
}

static bool answer_slash(const struct loopback_request *r)
{
    char location[256];
    if (strcmp(r->path, "/v1/orders?limit=1") != 0)
        return loopback_reply(r, 200, "", r->path);
    const char *at = strstr(r->text, "Host: ");
    at = at ? at + 6 : "?\r";
    snprintf(location, sizeof location, "Location: http://%.*s/v1/orders/?limit=1\r\n",
             (int)strcspn(at, "\r"), at);
    return loopback_reply(r, 307, location, "");
}
static void follows_to_the_same_place(void **state)
{
    (void)state;
    struct loopback_seen seen;
    struct http_request request = {.url = "/v1/orders?limit=1"};
    struct http_response response = ask(answer_slash, NULL, &request, &seen);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body.data, "/v1/orders/?limit=1");
    assert_int_equal(response.attempts, 2);
    assert_int_equal(seen.requests, 2);
    http_response_release(&response);
}

static bool answer_relative(const struct loopback_request *r)
{
    return r->number == 1 ? loopback_reply(r, 302, "Location: ../b\r\n", "")
                          : loopback_reply(r, 200, "", r->path);
}
static bool answer_loop(const struct loopback_request *r)
{
    return loopback_reply(r, 301, "Location: /again\r\n", "");
}
static bool answer_no_location(const struct loopback_request *r)
{
    return loopback_reply(r, 307, "", "");
}
static void redirects_once(void **state)
{
    (void)state;
    struct loopback_seen seen;
    struct http_request request = {.url = "/a/c"};
    struct http_response response = ask(answer_relative, NULL, &request, NULL);
    assert_string_equal(response.body.data, "/b");
    http_response_release(&response);
    response = ask(answer_loop, NULL, NULL, &seen);
    assert_int_equal(response.code, TILL_REMOTE);
    assert_non_null(strstr(response.error.text, "second time"));
    assert_int_equal(seen.requests, 2);
    http_response_release(&response);
    response = ask(answer_no_location, NULL, NULL, &seen);
    assert_int_equal(response.code, TILL_OK);
    assert_int_equal(response.status, 307);
    assert_int_equal(seen.requests, 1);
    http_response_release(&response);
}

static const char *const elsewhere[] = {
    "http://localhost:%d/",
    "http://127.0.0.2:%d/",
    "https://127.0.0.1:%d/",
    "//evil.example/%d",
    "http://127.0.0.1:1/%d",
    "ftp://127.0.0.1:%d/",
    "http://me@127.0.0.1:%d/",
    "http://127.0.0.1:%d@evil.example/",
    "http://evil.example#@127.0.0.1:%d/",
    "file:///etc/passwd?%d",
};
static bool answer_elsewhere(const struct loopback_request *r)
{
    char target[128], header[192];
    int which = (int)strtol(r->path + 1, NULL, 10);
    const char *host = strstr(r->text, "Host: 127.0.0.1:");
    int port = (int)strtol(host ? host + 16 : "", NULL, 10);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(target, sizeof target, elsewhere[which], port);
#pragma GCC diagnostic pop
    snprintf(header, sizeof header, "Location: %s\r\n", target);
    return loopback_reply(r, 307, header, "");
}
static void never_redirects_elsewhere(void **state)
{
    (void)state;
    struct loopback server;
    struct till_error e = {0};
    struct secret token = {0};
    loopback_start(&server, answer_elsewhere, NULL);
    assert_int_equal(secret_set(&token, SV("not-a-token"), &e), TILL_OK);
    struct http *http = client(NULL);
    for (size_t i = 0; i < TILL_COUNT(elsewhere); i++) {
        char url[128], host[64];
        snprintf(url, sizeof url, "%s/%zu", server.url, i);
        snprintf(host, sizeof host, "127.0.0.1:%d", server.port);
        struct http_request request = {.url = url, .bearer = &token};
        assert_int_equal(http_submit(http, &request, &e), TILL_OK);
        struct http_response response = next(http);
        assert_int_equal(response.attempts, 1);
        assert_int_equal(response.code, TILL_REMOTE);
        assert_non_null(strstr(response.error.text, host));
        assert_non_null(strstr(response.error.text, "redirected to another place"));
        assert_true(response.error.hint[0]);
        http_response_release(&response);
    }
    assert_int_equal(server.seen->requests, TILL_COUNT(elsewhere));
    http_free(http);
    loopback_stop(&server);
    secret_release(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retries_until_it_works),
        cmocka_unit_test(retries_only_what_may_pass),
        cmocka_unit_test(single_attempts),
        cmocka_unit_test(waits_as_asked),
        cmocka_unit_test(refuses_to_wait_for_ever),
        cmocka_unit_test(too_many_holds_everybody),
        cmocka_unit_test(one_goes_first_after_a_refusal),
        cmocka_unit_test(follows_to_the_same_place),
        cmocka_unit_test(redirects_once),
        cmocka_unit_test(never_redirects_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
