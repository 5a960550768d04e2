// SPDX-License-Identifier: Apache-2.0
// identify_test.c - who a token is and what it may read, against a server that plays Polar with a few scopes.
#include "support.h"

static const char organization_page[] =
    "{\"items\":[{\"id\":\"" ORGANIZATION_ID
    "\",\"created_at\":\"2026-01-01T00:00:00Z\",\"modified_at\":null,"
    "\"name\":\"Caf\\u00e9 "
    "Nord\",\"slug\":\"cafe-nord\"}],\"pagination\":{\"total_count\":1,\"max_page\":1}}";

static bool answer_never_read(const struct loopback_request *r, bool is_wide)
{
    if (is_wide && path_is(r, "/v1/members/"))
        return loopback_reply(r, 200, JSON, EMPTY_PAGE);
    return reply_missing_scope(r, "x:read x:write");
}
static bool is_never_read(const struct loopback_request *r)
{
    return path_is(r, "/v1/files/") || path_is(r, "/v1/members/") ||
           path_is(r, "/v1/custom-fields/");
}

static bool answer_full(const struct loopback_request *r)
{
    if (is_never_read(r))
        return answer_never_read(r, false);
    return loopback_reply(r, 200, JSON,
                          path_is(r, "/v1/organizations/") ? organization_page : EMPTY_PAGE);
}
static void all_is_held(void **state)
{
    (void)state;
    struct loopback server;
    struct till_error e = {0};
    static struct polar_identity identity;
    loopback_start(&server, answer_full, NULL);
    struct polar *polar = open_polar(server.url, "2026-10");
    if (polar_identify(polar, &identity, &e))
        fail_msg("%s", e.text);
    assert_string_equal(identity.organization_id, ORGANIZATION_ID);
    assert_string_equal(identity.organization_name, "Caf\xc3\xa9 Nord");
    assert_string_equal(identity.organization_slug, "cafe-nord");
    for (int i = 0; i < TABLE__COUNT; i++) {
        assert_int_equal(identity.probes[i].table->id, i);
        assert_int_equal(identity.probes[i].access, POLAR_HELD);
        assert_int_equal(identity.probes[i].row_count, i == TABLE_organizations);
    }
    assert_false(identity.has_more_than_needed);
    assert_int_equal(identity.requests, TABLE__COUNT + 3);
    assert_int_equal(server.seen->requests, TABLE__COUNT + 3);
    polar_close(polar);
    loopback_stop(&server);
}

// No organizations:read, no products:read, one failing table, a token that opens more than it should; the organization is in an order's customer.
static bool answer_partly(const struct loopback_request *r)
{
    if (is_never_read(r))
        return answer_never_read(r, true);
    if (path_is(r, "/v1/organizations/"))
        return reply_missing_scope(r, "organizations:write organizations:read");
    if (path_is(r, "/v1/products/"))
        return reply_missing_scope(r, "products:write products:read");
    if (path_is(r, "/v1/refunds/"))
        return loopback_reply(r, 500, "Content-Type: text/plain\r\n", "Internal Server Error");
    if (path_is(r, "/v1/benefits/"))
        return loopback_reply(r, 200, JSON, "{\"items\":");
    if (path_is(r, "/v1/orders/"))
        return loopback_reply(r, 200, JSON,
                              "{\"items\":[{\"id\":\"99999999-8888-4777-8666-555555555555\","
                              "\"customer\":{\"organization_id\":\"" ORGANIZATION_ID
                              "\"}}],\"pagination\":{\"total_count\":1234,\"max_page\":1234}}");
    return loopback_reply(r, 200, JSON, EMPTY_PAGE);
}
static void some_is_missing(void **state)
{
    (void)state;
    struct loopback server;
    struct till_error e = {0};
    static struct polar_identity identity;
    loopback_start(&server, answer_partly, NULL);
    struct polar *polar = open_polar(server.url, "2026-10");
    if (polar_identify(polar, &identity, &e))
        fail_msg("%s", e.text);
    assert_string_equal(identity.organization_id, ORGANIZATION_ID);
    assert_string_equal(identity.organization_name, "");
    assert_int_equal(identity.probes[TABLE_organizations].access, POLAR_MISSING);
    assert_int_equal(identity.probes[TABLE_products].access, POLAR_MISSING);
    assert_string_equal(identity.probes[TABLE_products].accepted_scopes,
                        "products:read products:write");
    assert_int_equal(identity.probes[TABLE_orders].access, POLAR_HELD);
    assert_int_equal(identity.probes[TABLE_orders].row_count, 1234);
    assert_int_equal(identity.probes[TABLE_refunds].access, POLAR_UNKNOWN);
    assert_int_equal(identity.probes[TABLE_refunds].row_count, -1);
    assert_non_null(strstr(identity.probes[TABLE_refunds].error.text, "500"));
    assert_int_equal(identity.probes[TABLE_benefits].access, POLAR_UNKNOWN);
    assert_int_equal(identity.probes[TABLE_benefits].error.code, TILL_FORMAT);
    assert_true(identity.has_more_than_needed);
    assert_string_equal(identity.more_than_needed, "members");
    assert_int_equal(identity.requests, TABLE__COUNT + 3 + 1); // the 500 was tried twice
    polar_close(polar);
    loopback_stop(&server);
}

static bool answer_401(const struct loopback_request *r)
{
    return loopback_reply(r, 401, JSON, INVALID_TOKEN);
}
static bool answer_revoked_soon(const struct loopback_request *r)
{
    return r->number == 1 ? loopback_reply(r, 200, JSON, organization_page) : answer_401(r);
}
static bool answer_html(const struct loopback_request *r)
{
    return loopback_reply(r, 200, "Content-Type: text/html\r\n", "<html></html>");
}
static bool answer_reset(const struct loopback_request *r)
{
    loopback_reset(r->fd);
    return false;
}

static void check_hopeless(loopback_answer *answer, enum till_code code, int most_requests)
{
    struct loopback server;
    struct till_error e = {0};
    static struct polar_identity identity;
    memset(&identity, 0x5a, sizeof identity);
    loopback_start(&server, answer, NULL);
    struct polar *polar = open_polar(server.url, "2026-10");
    assert_int_equal(polar_identify(polar, &identity, &e), code);
    assert_true(e.text[0] && e.hint[0]);
    assert_int_equal(identity.organization_id[0], 0x5a); // untouched
    assert_in_range(server.seen->requests, 1, most_requests);
    assert_int_equal(polar_pending(polar), 0);
    polar_close(polar);
    loopback_stop(&server);
}
static void the_first_answer_may_end_it(void **state)
{
    (void)state;
    check_hopeless(answer_401, TILL_AUTH, 1);
    check_hopeless(answer_html, TILL_FORMAT, 1);
    check_hopeless(answer_reset, TILL_NETWORK, 2);
    check_hopeless(answer_revoked_soon, TILL_AUTH, TABLE__COUNT);
}

static bool answer_no_scope(const struct loopback_request *r)
{
    return reply_missing_scope(r, "organizations:read");
}
static void knocking(void **state)
{
    (void)state;
    static const struct {
        loopback_answer *answer;
        enum till_code code;
    } rows[] = {{answer_full, TILL_OK},
                {answer_no_scope, TILL_OK},
                {answer_401, TILL_AUTH},
                {answer_html, TILL_FORMAT},
                {answer_reset, TILL_NETWORK}};
    for (size_t i = 0; i < TILL_COUNT(rows); i++) {
        struct loopback server;
        struct till_error e = {0};
        loopback_start(&server, rows[i].answer, NULL);
        struct polar *polar = open_polar(server.url, "2026-10");
        assert_int_equal(polar_knock(polar, &e), rows[i].code);
        assert_int_equal(server.seen->requests, 1);
        polar_close(polar);
        loopback_stop(&server);
    }
}

static bool answer_dated(const struct loopback_request *r)
{
    return loopback_reply(r, 200, JSON "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", EMPTY_PAGE);
}
static int64_t fixed_now_us(const struct clock *clock)
{
    (void)clock;
    return INT64_C(784111700) * 1000000;
}
static int64_t system_monotonic_ms(const struct clock *clock)
{
    (void)clock;
    return clock_monotonic_ms(&clock_system);
}
static void clock_offset(void **state)
{
    (void)state;
    static const struct clock clock = {.now_us = fixed_now_us, .monotonic_ms = system_monotonic_ms};
    struct loopback server;
    struct till_error e = {0};
    struct secret token = {0};
    struct polar *polar = NULL;
    loopback_start(&server, answer_dated, NULL);
    assert_int_equal(secret_set(&token, SV("not-a-token"), &e), TILL_OK);
    struct polar_options options = {.url = server.url, .token = &token, .http = {.clock = &clock}};
    assert_int_equal(polar_open(&options, &polar, &e), TILL_OK);
    assert_int_equal(polar_knock(polar, &e), TILL_OK);
    assert_int_equal(polar_clock_offset_seconds(polar), 77);
    assert_null(strstr(server.seen->text, "Polar-Version"));
    assert_int_equal(polar_statistics(polar).requests, 1);
    polar_close(polar);
    loopback_stop(&server);
    secret_release(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_held),
        cmocka_unit_test(some_is_missing),
        cmocka_unit_test(the_first_answer_may_end_it),
        cmocka_unit_test(knocking),
        cmocka_unit_test(clock_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
