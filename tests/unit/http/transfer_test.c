// SPDX-License-Identifier: Apache-2.0
// transfer_test.c - one exchange: what is sent, what is kept, and the limits on bytes.
#include "support.h"

#include <zlib.h>

#include "base/limits.h"

static bool answer_plain(const struct loopback_request *r)
{
    return loopback_reply(
        r, 200,
        "Content-Type: application/json; charset=utf-8\r\nPOLAR-VERSION:   2026-10  \r\n"
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nWWW-Authenticate: Bearer realm=\"a\"\r\n"
        "WWW-Authenticate: Basic\r\nRetry-After: 7\r\n",
        "{\"items\":[]}");
}
static void keeps_body_and_headers(void **state)
{
    (void)state;
    struct http_response response = ask(answer_plain, NULL, NULL, NULL);
    assert_int_equal(response.code, TILL_OK);
    assert_string_equal(response.body.data, "{\"items\":[]}");
    assert_true(response.body.capacity >= response.body.len + 8);
    assert_string_equal(response.content_type, "application/json; charset=utf-8");
    assert_string_equal(response.polar_version, "2026-10");
    assert_string_equal(response.www_authenticate, "Bearer realm=\"a\", Basic");
    assert_int_equal(response.date_unix_seconds, 784111777);
    assert_int_equal(response.retry_after_ms, 7000);
    http_response_release(&response);
}

static bool answer_interim(const struct loopback_request *r)
{
    loopback_text(
        r->fd, "HTTP/1.1 103 Early Hints\r\nContent-Type: text/html\r\nPolar-Version: 1\r\n\r\n");
    return loopback_reply(r, 200, "Content-Type: application/json\r\n", "{}");
}
static void forgets_interim_headers(void **state)
{
    (void)state;
    struct http_response response = ask(answer_interim, NULL, NULL, NULL);
    assert_string_equal(response.content_type, "application/json");
    assert_string_equal(response.polar_version, "");
    http_response_release(&response);
}

static bool answer_200(const struct loopback_request *r)
{
    return loopback_reply(r, 200, "Set-Cookie: a=b; Path=/\r\n", "{}");
}
static void sends_what_it_should(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct secret token = {0};
    struct loopback_seen seen;
    assert_int_equal(secret_set(&token, SV("not-a-token"), &e), TILL_OK);
    struct http_options options = {.user_agent = "till/0 (test)"};
    struct http_request request = {
        .url = "/a?b=c",
        .bearer = &token,
        .headers = {"Accept: application/json", "Polar-Version: 2026-10"}};
    struct http_response response = ask(answer_200, &options, &request, &seen);
    assert_non_null(strstr(seen.text, "GET /a?b=c HTTP/1.1\r\n"));
    assert_non_null(strstr(seen.text, "\r\nAuthorization: Bearer not-a-token\r\n"));
    assert_non_null(strstr(seen.text, "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(seen.text, "\r\nPolar-Version: 2026-10\r\n"));
    assert_non_null(strstr(seen.text, "\r\nUser-Agent: till/0 (test)\r\n"));
    assert_non_null(strstr(seen.text, "\r\nAccept-Encoding: gzip\r\n"));
    http_response_release(&response);
    secret_release(&token);
}

// Neither cookies nor .netrc nor a proxy of the environment have a say on loopback; and a request without a token has none left over from the last.
static void environment_has_no_say(void **state)
{
    (void)state;
    struct loopback server;
    struct till_error e = {0};
    struct secret token = {0};
    char home[] = "/tmp/till-test-XXXXXX", netrc[64], url[128];
    assert_non_null(mkdtemp(home));
    snprintf(netrc, sizeof netrc, "%s/.netrc", home);
    FILE *file = fopen(netrc, "w");
    assert_non_null(file);
    fputs("default login someone password something\n", file);
    assert_int_equal(fclose(file), 0);
    setenv("HOME", home, 1);
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    setenv("all_proxy", "http://127.0.0.1:9", 1);
    assert_int_equal(secret_set(&token, SV("not-a-token"), &e), TILL_OK);
    loopback_start(&server, answer_200, NULL);
    struct http *http = client(NULL);
    snprintf(url, sizeof url, "%s/", server.url);
    struct http_request request = {.url = url, .bearer = &token};
    assert_int_equal(http_submit(http, &request, &e), TILL_OK);
    struct http_response response = next(http);
    http_response_release(&response);
    assert_int_equal(server.seen->with_authorization, 1);
    submit(http, &server, "/", 0);
    response = next(http);
    assert_int_equal(response.status, 200);
    assert_int_equal(server.seen->with_authorization, 1);
    assert_null(strstr(server.seen->text, "Cookie"));
    http_response_release(&response);
    http_free(http);
    loopback_stop(&server);
    secret_release(&token);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    remove(netrc);
    remove(home);
}

static void refuses_forged_lines(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct secret token = {0};
    struct http *http = client(NULL);
    struct http_request request = {.url = "http://127.0.0.1:1/", .headers = {"A: b\r\nC: d"}};
    assert_int_equal(http_submit(http, &request, &e), TILL_USAGE);
    assert_int_equal(secret_set(&token, SV("abc\r\nX: y"), &e), TILL_OK);
    request = (struct http_request){.url = "http://127.0.0.1:1/", .bearer = &token};
    assert_int_equal(http_submit(http, &request, &e), TILL_CONFIG);
    assert_null(strstr(e.text, "abc"));
    request = (struct http_request){.url = "http://example.com/"};
    assert_int_equal(http_submit(http, &request, &e), TILL_CONFIG);
    assert_int_equal(http_pending(http), 0);
    http_free(http);
    secret_release(&token);
}

static bool answer_200_mb(const struct loopback_request *r)
{
    static char piece[1 << 20];
    bool is_announced = r->path[1] == 'a';
    memset(piece, ' ', sizeof piece);
    loopback_text(r->fd, is_announced ? "HTTP/1.1 200 OK\r\nContent-Length: 209715200\r\n\r\n"
                                      : "HTTP/1.0 200 OK\r\n\r\n");
    for (int i = 0; i < 200; i++)
        if (!loopback_write(r->fd, piece, sizeof piece))
            break;
    return false;
}
static void body_limit(void **state)
{
    (void)state;
    static const char *const paths[] = {"/announced", "/endless"};
    for (size_t i = 0; i < TILL_COUNT(paths); i++) {
        struct http_request request = {.url = paths[i]};
        struct http_response response = ask(answer_200_mb, NULL, &request, NULL);
        assert_int_equal(response.code, TILL_LIMIT);
        assert_int_equal(response.attempts, 1);
        assert_non_null(strstr(response.error.text, "33554432 bytes"));
        assert_int_equal(response.body.len, 0);
        http_response_release(&response);
    }
}

static bool answer_sized(const struct loopback_request *r)
{
    static char body[1001];
    memset(body, 'x', sizeof body);
    return loopback_reply_bytes(r, 200, "", body, (size_t)strtol(r->path + 1, NULL, 10));
}
static void body_limit_is_exact(void **state)
{
    (void)state;
    struct http_request request = {.url = "/1000", .body_limit_bytes = 1000};
    struct http_response response = ask(answer_sized, NULL, &request, NULL);
    assert_int_equal(response.code, TILL_OK);
    assert_int_equal(response.body.len, 1000);
    http_response_release(&response);
    request.url = "/1001";
    response = ask(answer_sized, NULL, &request, NULL);
    assert_int_equal(response.code, TILL_LIMIT);
    http_response_release(&response);
    request.url = "/0";
    response = ask(answer_sized, NULL, &request, NULL);
    assert_int_equal(response.code, TILL_OK);
    assert_int_equal(response.body.len, 0);
    assert_non_null(response.body.data);
    http_response_release(&response);
}

static size_t gzip(const char *text, size_t bytes, size_t repeats, unsigned char *out,
                   size_t capacity)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_out = out;
    stream.avail_out = (unsigned)capacity;
    for (size_t i = 0; i < repeats; i++) {
        stream.next_in = (z_const Bytef *)(uintptr_t)text;
        stream.avail_in = (unsigned)bytes;
        deflate(&stream, i + 1 == repeats ? Z_FINISH : Z_NO_FLUSH);
    }
    size_t len = capacity - stream.avail_out;
    deflateEnd(&stream);
    return len;
}
static bool answer_gzip(const struct loopback_request *r)
{
    static unsigned char packed[1 << 20];
    static char zeros[1 << 20];
    size_t len = r->path[1] == 'b' ? gzip(zeros, sizeof zeros, 100, packed, sizeof packed)
                                   : gzip("{\"items\":[]}", 12, 1, packed, sizeof packed);
    if (r->path[1] == 'g')
        packed[len / 2] ^= 0xff, packed[12] ^= 0xff;
    return loopback_reply_bytes(r, 200, "Content-Encoding: gzip\r\n", packed, len);
}
static void gzip_is_unpacked_and_bounded(void **state)
{
    (void)state;
    struct http_request request = {.url = "/plain"};
    struct http_response response = ask(answer_gzip, NULL, &request, NULL);
    assert_int_equal(response.code, TILL_OK);
    assert_string_equal(response.body.data, "{\"items\":[]}");
    http_response_release(&response);
    request.url = "/bomb"; // 100 KB that unpack into 100 MB
    response = ask(answer_gzip, NULL, &request, NULL);
    assert_int_equal(response.code, TILL_LIMIT);
    assert_int_equal(response.attempts, 1);
    http_response_release(&response);
    struct http_options options = {.attempts = 2};
    request.url = "/garbage";
    response = ask(answer_gzip, &options, &request, NULL);
    assert_int_equal(response.code, TILL_NETWORK);
    assert_int_equal(response.attempts, 2);
    http_response_release(&response);
}

static bool answer_header_flood(const struct loopback_request *r)
{
    char line[1024];
    memset(line, 'a', sizeof line);
    memcpy(line, "X-Flood: ", 9);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    loopback_text(r->fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100000; i++)
        if (!loopback_write(r->fd, line, sizeof line))
            break;
    return false;
}
static bool answer_header_line(const struct loopback_request *r) // one line that never ends
{
    char piece[4096];
    memset(piece, 'a', sizeof piece);
    loopback_text(r->fd, "HTTP/1.1 200 OK\r\nX: ");
    for (int i = 0; i < 10000; i++)
        if (!loopback_write(r->fd, piece, sizeof piece))
            break;
    return false;
}
static void header_limit(void **state)
{
    (void)state;
    struct http_options options = {.attempts = 2};
    struct http_response response = ask(answer_header_flood, &options, NULL, NULL);
    assert_int_equal(response.code, TILL_LIMIT);
    assert_int_equal(response.attempts, 1);
    assert_non_null(strstr(response.error.text, "header lines"));
    http_response_release(&response);
    response = ask(answer_header_line, &options, NULL, NULL);
    assert_int_not_equal(response.code, TILL_OK);
    assert_true(response.error.hint[0]);
    http_response_release(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_body_and_headers), cmocka_unit_test(forgets_interim_headers),
        cmocka_unit_test(sends_what_it_should),   cmocka_unit_test(environment_has_no_say),
        cmocka_unit_test(refuses_forged_lines),   cmocka_unit_test(body_limit),
        cmocka_unit_test(body_limit_is_exact),    cmocka_unit_test(gzip_is_unpacked_and_bounded),
        cmocka_unit_test(header_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
