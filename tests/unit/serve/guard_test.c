// SPDX-License-Identifier: Apache-2.0
// guard_test.c - a table of heads and what becomes of them; paths.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "serve/guard.h"

static const char *const allowed[] = {"till.example", "proxy.example:8443"};
static const struct guard_policy policy = {
    .port = 8455, .address = "192.0.2.7", .allowed_hosts = allowed, .allowed_count = 2};

static int check_host(const struct guard_policy *by, const char *host)
{
    const char *why = NULL;
    const struct guard_head head = {
        .method = SV("GET"), .host_count = host ? 1 : 0, .host = sv_of(host)};
    return guard_check(by, &head, &why);
}

static void hosts(void **state)
{
    static const char *const good[] = {
        "localhost:8455",  "127.0.0.1:8455",     "[::1]:8455",   "LOCALHOST:8455",
        "localhost.:8455", "192.0.2.7:8455",     "till.example", "till.example:8455",
        "Till.Example.",   "proxy.example:8443",
    };
    static const char *const bad[] = {
        "localhost",
        "127.0.0.1",
        "localhost:8456",
        "localhost:0",
        "localhost:",
        "localhost:84555",
        "localhost:+8455",
        "localhost:8455:8455",
        "evil.example:8455",
        "127.0.0.1.evil:8455",
        "192.0.2.7",
        "[::1]",
        "[::1:8455",
        "[::1]8455",
        "::1:8455",
        "",
        ".",
        "..:8455",
        "localhost..:8455",
        "till.example:80",
        "proxy.example",
        "proxy.example:8455",
        "xtill.example",
        "till.example.evil",
        "0.0.0.0:8455",
        "localhost :8455",
        "localhost:8455 ",
        "user@localhost:8455",
    };
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(good); i++) {
        if (check_host(&policy, good[i]) != 0)
            fail_msg("\"%s\" is refused", good[i]);
    }
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        if (check_host(&policy, bad[i]) != 403)
            fail_msg("\"%s\" is not refused", bad[i]);
    }
    assert_int_equal(check_host(&policy, NULL), 400);
}

static void port_80_needs_no_number(void **state)
{
    const struct guard_policy plain = {.port = 80};
    (void)state;
    assert_int_equal(check_host(&plain, "localhost"), 0);
    assert_int_equal(check_host(&plain, "localhost:80"), 0);
    assert_int_equal(check_host(&plain, "localhost:81"), 403);
}

static void two_hosts_are_none(void **state)
{
    const char *why = NULL;
    const struct guard_head head = {
        .method = SV("GET"), .host_count = 2, .host = SV("localhost:8455")};
    (void)state;
    assert_int_equal(guard_check(&policy, &head, &why), 400);
    assert_string_not_equal(why, "");
}

static void origins(void **state)
{
    static const struct {
        const char *method, *origin, *site, *mark;
        bool is_page;
        int status;
    } table[] = {
        {"POST", NULL, NULL, "page", false, 0},
        {"POST", "http://localhost:8455", "same-origin", "page", false, 0},
        {"POST", "https://LOCALHOST:8455", NULL, "page", false, 0},
        {"DELETE", "http://localhost:8455", "none", "page", false, 0},
        {"POST", "http://localhost:8456", NULL, "page", false, 403},
        {"POST", "http://localhost", NULL, "page", false, 403},
        {"POST", "http://127.0.0.1:8455", NULL, "page", false, 403},
        {"POST", "null", NULL, "page", false, 403},
        {"POST", "", NULL, "page", false, 403},
        {"POST", "localhost:8455", NULL, "page", false, 403},
        {"POST", "http://evil.example", NULL, "page", false, 403},
        {"POST", NULL, "cross-site", "page", false, 403},
        {"POST", NULL, "same-site", "page", false, 403},
        {"POST", NULL, "", "page", false, 403},
        {"POST", NULL, "same-origin", NULL, false, 403},
        {"POST", NULL, "same-origin", "", false, 403},
        {"POST", NULL, "same-origin", "Page", false, 403},
        {"OPTIONS", "http://evil.example", "cross-site", NULL, false, 403},
        {"get", NULL, NULL, NULL, false, 403},
        {"GET", "http://evil.example", NULL, NULL, false, 0}, // it cannot read the answer
        {"GET", NULL, "cross-site", NULL, false, 403},
        {"HEAD", NULL, "same-site", NULL, false, 403},
        {"GET", NULL, "cross-site", NULL, true, 0}, // a link to a page
        {"POST", NULL, "cross-site", "page", true, 403},
    };
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(table); i++) {
        const char *why = NULL;
        const struct guard_head head = {.method = sv_of(table[i].method),
                                        .host_count = 1,
                                        .host = SV("localhost:8455"),
                                        .origin = sv_of(table[i].origin),
                                        .site = sv_of(table[i].site),
                                        .mark = sv_of(table[i].mark),
                                        .is_page = table[i].is_page};
        int status = guard_check(&policy, &head, &why);
        if (status != table[i].status)
            fail_msg("row %zu: %d", i, status);
        assert_int_equal(why[0] != '\0', status != 0);
    }
}

static void paths(void **state)
{
    static const char *const good[] = {
        "/", "/revenue", "/assets/a-1_b.~x.js", "/customers/7e1f-22", "/..a", "/a..", "/..."};
    static const char *const bad[] = {
        "",    "a",    "*",    "//",    "/a//b",  "/.",   "/..",  "/a/..",     "/../a", "/a/./b",
        "/a/", "/%61", "/a b", "/a\\b", "/a\xff", "/a;b", "/a?b", "http://x/", "/a:b"};
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(good); i++) {
        if (!guard_path_is_plain(sv_of(good[i])))
            fail_msg("\"%s\" is refused", good[i]);
    }
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        if (guard_path_is_plain(sv_of(bad[i])))
            fail_msg("\"%s\" is not refused", bad[i]);
    }
    assert_false(guard_path_is_plain((struct sv){"/a\0b", 4}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts),
        cmocka_unit_test(port_80_needs_no_number),
        cmocka_unit_test(two_hosts_are_none),
        cmocka_unit_test(origins),
        cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
