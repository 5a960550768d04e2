// SPDX-License-Identifier: Apache-2.0
// post_test.c - requests with a body: what is sent, which are repeated and which only once, redirects, and that a GET follows as a GET.
#include "support.h"

#include "base/limits.h"

static bool answer_by_path(const struct loopback_request *r)
{
    int status = (int)strtol(r->path + 1, NULL, 10);
    bool is_first = r->number == 1;
    const char *headers = status == 307 || status == 302 ? "Location: /200\r\nConnection: close\r\n"
                                                         : "Connection: close\r\n";
    (void)loopback_reply(r, is_first ? status : 200, headers, "{}");
    return false;
}

static struct http_response post(const char *path, bool is_query, struct loopback_seen *ret_seen)
{
    struct loopback server;
    struct till_error e = {0};
    char url[512];
    loopback_start(&server, answer_by_path, NULL);
    struct http *http = client(NULL);
    snprintf(url, sizeof url, "%s%s", server.url, path);
    struct http_request request = {.url = url, .headers = {"X-One: 1"}};
    struct http_post body = {
        .content_type = "application/json", .body = SV("{\"a\":1}"), .is_query = is_query};
    if (http_submit_post(http, &request, &body, &e))
        fail_msg("%s", e.text);
    struct http_response response = next(http);
    http_free(http);
    if (ret_seen)
        memcpy(ret_seen->text, server.seen->text, sizeof ret_seen->text);
    loopback_stop(&server);
    return response;
}

static void sends_a_body(void **state)
{
    (void)state;
    static struct loopback_seen seen;
    struct http_response response = post("/200", true, &seen);
    if (response.code)
        fail_msg("%s", response.error.text);
    assert_int_equal(response.status, 200);
    assert_int_equal(strncmp(seen.text, "POST /200 HTTP/1.1\r\n", 20), 0);
    assert_non_null(strstr(seen.text, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(seen.text, "\r\nContent-Length: 7\r\n"));
    assert_non_null(strstr(seen.text, "\r\nX-One: 1\r\n"));
    assert_null(strstr(seen.text, "Expect"));
    http_response_release(&response);
}

static void repeats_queries_alone(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool is_query;
        int attempts;
    } rows[] = {{"/503", true, 2}, {"/503", false, 1}, {"/429", true, 2}, {"/429", false, 2}};
    for (size_t i = 0; i < TILL_COUNT(rows); i++) {
        struct http_response response = post(rows[i].path, rows[i].is_query, NULL);
        assert_int_equal(response.attempts, rows[i].attempts);
        assert_int_equal(response.status, rows[i].attempts == 2 ? 200 : 503);
        http_response_release(&response);
    }
}

static void follows_where_the_method_stays(void **state)
{
    (void)state;
    static struct loopback_seen seen;
    struct http_response response = post("/307", true, &seen);
    assert_int_equal(response.status, 200);
    assert_int_equal(strncmp(seen.text, "POST /200 ", 10), 0);
    http_response_release(&response);
    response = post("/302", true, &seen);
    assert_int_equal(response.code, TILL_REMOTE);
    assert_int_equal(strncmp(seen.text, "POST /302 ", 10), 0);
    http_response_release(&response);
}

static void a_get_follows(void **state)
{
    (void)state;
    struct loopback server;
    struct till_error e = {0};
    char url[512];
    loopback_start(&server, answer_by_path, NULL);
    struct http_options options = {.in_flight = 1};
    struct http *http = client(&options);
    snprintf(url, sizeof url, "%s/200", server.url);
    struct http_request request = {.url = url};
    struct http_post body = {.content_type = "text/plain", .body = SV("x")};
    assert_int_equal(http_submit_post(http, &request, &body, &e), TILL_OK);
    struct http_response response = next(http);
    http_response_release(&response);
    submit(http, &server, "/200", 0);
    response = next(http);
    assert_int_equal(response.status, 200);
    assert_int_equal(strncmp(server.seen->text, "GET /200 ", 9), 0);
    assert_null(strstr(server.seen->text, "Content-"));
    http_response_release(&response);
    http_free(http);
    loopback_stop(&server);
}

static void refuses_what_cannot_be_sent(void **state)
{
    (void)state;
    static char large[TILL_LIMIT_REQUEST_BODY_BYTES + 1];
    struct till_error e = {0};
    struct http *http = client(NULL);
    struct http_request request = {.url = "http://127.0.0.1:9/"};
    struct http_post body = {.content_type = "text/plain", .body = {large, sizeof large}};
    assert_int_equal(http_submit_post(http, &request, &body, &e), TILL_LIMIT);
    body = (struct http_post){.content_type = "text/plain\r\nX: 1", .body = SV("x")};
    assert_int_equal(http_submit_post(http, &request, &body, &e), TILL_USAGE);
    assert_int_equal(http_pending(http), 0);
    http_free(http);
}

// ---- the moment from which on it may have arrived ----

struct asked {
    struct loopback *server;
    int calls, requests_before;
    enum till_code answer;
};

static enum till_code on_connected(void *context, struct till_error *e)
{
    struct asked *asked = context;
    asked->calls++;
    asked->requests_before = atomic_load(&asked->server->seen->requests);
    if (asked->answer)
        return TILL_FAIL(e, asked->answer, 0, "the log is full");
    return TILL_OK;
}

static bool drop_or_answer(const struct loopback_request *r)
{
    if (strncmp(r->path, "/drop", 5) == 0)
        return false;
    return loopback_reply(r, (int)strtol(r->path + 1, NULL, 10),
                          "Location: /elsewhere\r\nRetry-After: 1\r\n", "{}");
}

static struct http_response hooked(struct http *http, const char *base, const char *path,
                                   struct asked *asked)
{
    char url[512];
    struct till_error e = {0};
    snprintf(url, sizeof url, "%s%s", base, path);
    struct http_request request = {.url = url, .is_single_attempt = true, .is_url_secret = true};
    struct http_post body = {
        .content_type = "text/plain", .body = SV("x"), .before_body = {on_connected, asked}};
    if (http_submit_post(http, &request, &body, &e))
        fail_msg("%s", e.text);
    return next(http);
}

static void tells_what_may_have_arrived(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum till_code asked, code;
        int status, calls;
        bool is_handed_over;
    } rows[] = {
        {"/200", TILL_OK, TILL_OK, 200, 1, true},
        {"/429", TILL_OK, TILL_OK, 429, 1, true},
        {"/503", TILL_OK, TILL_OK, 503, 1, true},
        {"/307", TILL_OK, TILL_OK, 307, 1, true}, // not followed
        {"/drop/secret", TILL_OK, TILL_NETWORK, 0, 1, true},
        {"/200", TILL_STORE, TILL_STORE, 0, 1, false},
        {"/200", TILL_OK, TILL_OK, 200, 1, true}, // after one that was not wanted
    };
    struct loopback server;
    loopback_start(&server, drop_or_answer, NULL);
    struct http *http = client(NULL);
    int requests = 0;
    for (size_t i = 0; i < TILL_COUNT(rows); i++) {
        struct asked asked = {.server = &server, .answer = rows[i].asked};
        struct http_response response = hooked(http, server.url, rows[i].path, &asked);
        assert_int_equal(response.code, rows[i].code);
        assert_int_equal(response.status, rows[i].status);
        assert_int_equal(response.is_handed_over, rows[i].is_handed_over);
        assert_int_equal(asked.calls, rows[i].calls);
        assert_int_equal(asked.requests_before, requests);
        assert_null(strstr(response.error.text, "secret"));
        requests += rows[i].asked ? 0 : 1;
        assert_int_equal(atomic_load(&server.seen->requests), requests);
        http_response_release(&response);
    }
    http_free(http);
    loopback_stop(&server);
}

static void asks_nobody_without_a_connection(void **state)
{
    (void)state;
    struct loopback server;
    loopback_start(&server, drop_or_answer, NULL);
    struct asked asked = {.server = &server};
    struct http *http = client(NULL);
    struct http_response response = hooked(http, "http://127.0.0.1:9", "/secret", &asked);
    assert_int_equal(response.code, TILL_NETWORK);
    assert_false(response.is_handed_over);
    assert_int_equal(asked.calls, 0);
    assert_null(strstr(response.error.text, "secret"));
    http_response_release(&response);
    response =
        hooked(http, "https://127.0.0.1", strchr(server.url + 7, ':'), &asked); // no TLS there
    assert_int_equal(response.code, TILL_NETWORK);
    assert_int_equal(asked.calls, 0);
    http_response_release(&response);
    http_free(http);
    loopback_stop(&server);
}

static void shows_nothing_of_a_secret_address(void **state)
{
    (void)state;
    static const char *const addresses[] = {"ftp://example.com/secret", "http://example.com/secret",
                                            "https://secret", "secret", "https://a b/secret"};
    struct http *http = client(NULL);
    for (size_t i = 0; i < TILL_COUNT(addresses); i++) {
        struct till_error e = {0};
        struct http_request request = {.url = addresses[i], .is_url_secret = true};
        if (i == 2) {
            assert_int_equal(http_check_secret_url(addresses[i], &e), TILL_OK);
            continue;
        }
        assert_int_equal(http_submit(http, &request, &e), TILL_CONFIG);
        assert_null(strstr(e.text, "secret"));
    }
    http_free(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_a_body),
        cmocka_unit_test(repeats_queries_alone),
        cmocka_unit_test(follows_where_the_method_stays),
        cmocka_unit_test(a_get_follows),
        cmocka_unit_test(refuses_what_cannot_be_sent),
        cmocka_unit_test(tells_what_may_have_arrived),
        cmocka_unit_test(asks_nobody_without_a_connection),
        cmocka_unit_test(shows_nothing_of_a_secret_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
