// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/http.h"
#include "http/url.h"

static void accepts(void **state)
{
    (void)state;
    static const char *const good[] = {
        "https://api.polar.sh",    "https://api.polar.sh/v1/orders/?limit=1",
        "https://10.0.0.1:8443/x", "http://127.0.0.1:8080",
        "http://127.9.9.9",        "http://localhost:1/x",
        "http://LOCALHOST",        "http://[::1]:99/",
    };
    struct till_error e = {0};
    for (size_t i = 0; i < TILL_COUNT(good); i++)
        assert_int_equal(http_check_url(good[i], &e), TILL_OK);
}

static void refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "api.polar.sh",
        "http://api.polar.sh",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://128.0.0.1",
        "ftp://api.polar.sh",
        "file:///etc/passwd",
        "https://user:password@api.polar.sh",
        "http://127.0.0.1@example.com/",
        "https://",
        "https:// x",
        "https://a/\r\nX: y",
        "https://a/b c",
        "javascript://x",
        "https://\xc3\xa9.example",
        NULL,
    };
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        struct till_error e = {0};
        assert_int_equal(http_check_url(bad[i], &e), TILL_CONFIG);
        assert_true(e.text[0] && e.hint[0]);
        assert_null(strstr(e.text, "password@"));
    }
}

static void compares_origins(void **state)
{
    (void)state;
    const char *base = "https://api.polar.sh/v1/orders";
    assert_true(url_is_same_origin(base, "https://api.polar.sh/v1/orders/"));
    assert_true(url_is_same_origin(base, "https://API.polar.sh:443/x"));
    assert_false(url_is_same_origin(base, "http://api.polar.sh/v1/orders/"));
    assert_false(url_is_same_origin(base, "https://api.polar.sh:444/v1/orders/"));
    assert_false(url_is_same_origin(base, "https://api.polar.sh.evil.example/"));
    assert_false(url_is_same_origin(base, "https://api.polar.sh@evil.example/"));
    assert_false(url_is_same_origin(base, "https://someone@api.polar.sh/"));
    assert_false(url_is_same_origin(base, "//evil.example"));
}

static void names_hosts(void **state)
{
    (void)state;
    char host[HTTP_HOST_BYTES];
    http_url_host("https://api.polar.sh/v1", host);
    assert_string_equal(host, "api.polar.sh");
    http_url_host("http://127.0.0.1:80/", host);
    assert_string_equal(host, "127.0.0.1");
    http_url_host("https://a.example:80/", host);
    assert_string_equal(host, "a.example:80");
    http_url_host("nonsense://", host);
    assert_string_equal(host, "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(compares_origins),
        cmocka_unit_test(names_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
