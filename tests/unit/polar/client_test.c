// SPDX-License-Identifier: Apache-2.0
// client_test.c - pages: what is asked for, what each answer means, the version header and its fallback, single rows.
#include "support.h"

static struct polar_page list(struct polar *polar, enum table_id table)
{
    struct till_error e = {0};
    struct polar_page page = {0};
    struct polar_list with = {.table = model_table(table), .page = 3, .limit = 100, .tag = 77};
    assert_int_equal(polar_list_submit(polar, &with, &e), TILL_OK);
    if (polar_list_next(polar, &page, &e))
        fail_msg("%s", e.text);
    assert_int_equal(page.tag, 77);
    return page;
}

static struct polar_page list_from(loopback_answer *answer)
{
    struct loopback server;
    loopback_start(&server, answer, NULL);
    struct polar *polar = open_polar(server.url, "2026-10");
    struct polar_page page = list(polar, TABLE_orders);
    polar_close(polar);
    loopback_stop(&server);
    return page;
}

static bool answer_page(const struct loopback_request *r)
{
    return loopback_reply(r, 200, JSON, EMPTY_PAGE);
}
static void asks_for_pages(void **state)
{
    (void)state;
    struct loopback server;
    struct till_error e = {0};
    loopback_start(&server, answer_page, NULL);
    struct polar *polar = open_polar(server.url, "2026-10");
    struct polar_page page = list(polar, TABLE_orders);
    assert_int_equal(page.code, TILL_OK);
    assert_int_equal(page.status, 200);
    assert_int_equal(page.requests, 1);
    assert_string_equal(page.body.data, EMPTY_PAGE);
    assert_true(page.body.capacity >= page.body.len + 8);
    polar_page_release(&page);
    assert_non_null(
        strstr(server.seen->text,
               "GET /v1/orders/?page=3&limit=100&sorting=created_at&sorting=invoice_number HTTP"));
    assert_non_null(strstr(server.seen->text, "\r\nAuthorization: Bearer not-a-token\r\n"));
    assert_non_null(strstr(server.seen->text, "\r\nPolar-Version: 2026-10\r\n"));
    assert_non_null(strstr(server.seen->text, "\r\nAccept: application/json\r\n"));
    struct polar_list with = {.table = model_table(TABLE_events),
                              .page = 1,
                              .limit = 50,
                              .sorting = "-timestamp",
                              .filter = "start_timestamp=2026-01-01T00:00:00Z"};
    assert_int_equal(polar_list_submit(polar, &with, &e), TILL_OK);
    assert_int_equal(polar_list_next(polar, &page, &e), TILL_OK);
    polar_page_release(&page);
    assert_non_null(strstr(server.seen->text, "/v1/events/"
                                              "?page=1&limit=50&sorting=-timestamp&source=system&"
                                              "start_timestamp=2026-01-01T00:00:00Z HTTP"));
    with.limit = 101;
    assert_int_equal(polar_list_submit(polar, &with, &e), TILL_USAGE);
    with = (struct polar_list){.table = model_table(TABLE_orders), .page = 0, .limit = 1};
    assert_int_equal(polar_list_submit(polar, &with, &e), TILL_USAGE);
    assert_int_equal(polar_pending(polar), 0);
    assert_int_equal(polar_list_next(polar, &page, &e), TILL_USAGE);
    polar_close(polar);
    loopback_stop(&server);
}

static void check_refused(loopback_answer *answer, enum till_code code, const char *words,
                          const char *hint)
{
    struct polar_page page = list_from(answer);
    assert_int_equal(page.code, code);
    assert_int_equal(page.error.code, code);
    assert_int_equal(strncmp(page.error.text, "could not list orders (page 3): ", 32), 0);
    if (!strstr(page.error.text, words) || !strstr(page.error.hint, hint))
        fail_msg("\"%s\" (%s) does not say \"%s\" (%s)", page.error.text, page.error.hint, words,
                 hint);
    assert_null(page.body.data);
    assert_null(strstr(page.error.text, "not-a-token"));
    polar_page_release(&page);
}

static bool answer_401(const struct loopback_request *r)
{
    return loopback_reply(
        r, 401, JSON "WWW-Authenticate: Bearer realm=\"polar\", error=\"invalid_token\"\r\n",
        INVALID_TOKEN);
}
static bool answer_401_bare(const struct loopback_request *r)
{
    return loopback_reply(r, 401, JSON, "{\"error\":\"Unauthorized\",\"detail\":\"Unauthorized\"}");
}
static bool answer_403_role(const struct loopback_request *r)
{
    return loopback_reply(
        r, 403, JSON,
        "{\"error\":\"NotPermitted\",\"detail\":\"You don't have permission to do it\"}");
}
static bool answer_403_edge(const struct loopback_request *r)
{
    return loopback_reply(r, 403, "Content-Type: text/html\r\n", "<html>blocked</html>");
}
static bool answer_404(const struct loopback_request *r)
{
    return loopback_reply(r, 404, JSON,
                          "{\"error\":\"ResourceNotFound\",\"detail\":\"Not found\"}");
}
static bool answer_422(const struct loopback_request *r)
{
    return loopback_reply(
        r, 422, JSON,
        "{\"error\":\"RequestValidationError\",\"detail\":[{\"type\":\"greater_than\",\"loc\":["
        "\"query\",\"limit\"],"
        "\"msg\":\"Input should be greater than 0\",\"input\":\"0\",\"ctx\":{\"gt\":0}}]}");
}
static bool answer_429(const struct loopback_request *r)
{
    return loopback_reply(r, 429, "Retry-After: 3600\r\n", "");
}
static bool answer_500(const struct loopback_request *r)
{
    return loopback_reply(r, 500, "Content-Type: text/plain\r\n", "Internal Server Error");
}
static bool answer_502(const struct loopback_request *r)
{
    return loopback_reply(r, 502, "Content-Type: text/html\r\n",
                          "<html>\x1b[31mBad gateway</html>");
}
static bool answer_html(const struct loopback_request *r)
{
    return loopback_reply(r, 200, "Content-Type: text/html; charset=utf-8\r\n",
                          "<html>log in to the hotel</html>");
}
static bool answer_untyped(const struct loopback_request *r)
{
    return loopback_reply(r, 200, "", "{}");
}
static bool answer_reset(const struct loopback_request *r)
{
    loopback_reset(r->fd);
    return false;
}
static bool answer_304(const struct loopback_request *r)
{
    loopback_text(r->fd, "HTTP/1.1 303 See Other\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
    return true;
}
static void refusals_are_told_apart(void **state)
{
    (void)state;
    check_refused(answer_401, TILL_AUTH, "the token was not accepted (401)",
                  "sandbox or production");
    check_refused(answer_401_bare, TILL_AUTH, "the token was not accepted (401)",
                  "till connect polar");
    check_refused(answer_403_role, TILL_AUTH, "You don't have permission", "dashboard");
    check_refused(answer_403_edge, TILL_REMOTE, "refused before it reached Polar", "not the token");
    check_refused(answer_404, TILL_REMOTE, "404", "--api-url");
    check_refused(answer_422, TILL_REMOTE, "Input should be greater than 0", "newer till");
    check_refused(answer_429, TILL_REMOTE, "asks to wait 3600 s", "--rate");
    check_refused(answer_500, TILL_REMOTE, "500: Internal Server Error", "later");
    check_refused(answer_502, TILL_REMOTE, "502", "later");
    check_refused(answer_html, TILL_FORMAT, "text/html", "log-in page");
    check_refused(answer_untyped, TILL_FORMAT, "not JSON", "address");
    check_refused(answer_reset, TILL_NETWORK, "127.0.0.1", "network");
    check_refused(answer_304, TILL_REMOTE, "303", "address");
}

static bool answer_scope(const struct loopback_request *r)
{
    return reply_missing_scope(r, "orders:write orders:read");
}
static bool answer_scope_unnamed(const struct loopback_request *r)
{
    return loopback_reply(r, 403, JSON "WWW-Authenticate: Bearer error=\"insufficient_scope\"\r\n",
                          INSUFFICIENT_SCOPE);
}
static bool answer_scope_forged(const struct loopback_request *r)
{
    return reply_missing_scope(r, "\x1b[2J <b> orders:read");
}
static void missing_scopes_are_named(void **state)
{
    (void)state;
    struct polar_page page = list_from(answer_scope);
    assert_int_equal(page.code, TILL_AUTH);
    assert_true(page.is_scope_missing);
    assert_string_equal(page.accepted_scopes, "orders:read orders:write");
    assert_non_null(strstr(page.error.text, "\"orders:read\""));
    assert_non_null(strstr(page.error.hint, "\"orders:read\""));
    polar_page_release(&page);
    page = list_from(answer_scope_unnamed);
    assert_true(page.is_scope_missing);
    assert_string_equal(page.accepted_scopes, "orders:read");
    polar_page_release(&page);
    page = list_from(answer_scope_forged);
    assert_string_equal(page.accepted_scopes, "orders:read");
    polar_page_release(&page);
}

// ---- version ----

static bool answer_retired(const struct loopback_request *r)
{
    if (strstr(r->text, "Polar-Version: "))
        return loopback_reply(r, 404, "Content-Type: application/json\r\n",
                              "{\"detail\":\"Not Found\"}");
    return loopback_reply(r, 200, "Content-Type: application/json\r\nPolar-Version: 2027-01\r\n",
                          EMPTY_PAGE);
}
static void a_retired_version_is_dropped_once(void **state)
{
    (void)state;
    struct loopback server;
    char version[32];
    loopback_start(&server, answer_retired, NULL);
    struct polar *polar = open_polar(server.url, "2026-10");
    assert_false(polar_version_fell_back(polar, version));
    struct polar_page page = list(polar, TABLE_orders);
    assert_int_equal(page.code, TILL_OK);
    assert_int_equal(page.requests, 2);
    polar_page_release(&page);
    assert_true(polar_version_fell_back(polar, version));
    assert_string_equal(version, "2027-01");
    page = list(polar, TABLE_orders);
    assert_int_equal(page.requests, 1); // remembered
    assert_int_equal(server.seen->requests, 3);
    polar_page_release(&page);
    polar_close(polar);
    loopback_stop(&server);
}

static void several_at_once_fall_back(void **state)
{
    (void)state;
    struct loopback server;
    struct till_error e = {0};
    loopback_start(&server, answer_retired, NULL);
    struct polar *polar = open_polar(server.url, "2026-10");
    for (int i = 1; i <= 20; i++) {
        struct polar_list with = {
            .table = model_table(TABLE_orders), .page = i, .limit = 100, .tag = (uint64_t)i};
        assert_int_equal(polar_list_submit(polar, &with, &e), TILL_OK);
    }
    uint64_t tags = 0;
    for (int i = 1; i <= 20; i++) {
        struct polar_page page;
        assert_int_equal(polar_list_next(polar, &page, &e), TILL_OK);
        assert_int_equal(page.code, TILL_OK);
        tags += page.tag;
        polar_page_release(&page);
    }
    assert_int_equal(tags, 210);
    polar_close(polar);
    loopback_stop(&server);
}

static bool answer_no_route(const struct loopback_request *r)
{
    return loopback_reply(r, 404, "Content-Type: application/json\r\n",
                          "{\"detail\":\"Not Found\"}");
}
static bool answer_no_route_versioned(const struct loopback_request *r)
{
    return loopback_reply(r, 404, JSON, "{\"detail\":\"Not Found\"}");
}
static void a_missing_route_is_no_retired_version(void **state)
{
    (void)state;
    struct loopback server;
    char version[32];
    loopback_start(&server, answer_no_route, NULL);
    struct polar *polar = open_polar(server.url, "2026-10");
    struct polar_page page = list(polar, TABLE_orders);
    assert_int_equal(page.code, TILL_REMOTE);
    assert_int_equal(page.requests, 2);
    assert_false(polar_version_fell_back(polar, version));
    polar_page_release(&page);
    polar_close(polar);
    loopback_stop(&server);
    page = list_from(answer_no_route_versioned);
    assert_int_equal(page.requests, 1);
    assert_int_equal(page.status, 404);
    polar_page_release(&page);
}

// ---- single rows ----

#define ROW_ID "99999999-8888-4777-8666-555555555555"
static bool answer_row(const struct loopback_request *r)
{
    if (path_is(r, "/v1/orders/" ROW_ID))
        return loopback_reply(r, 200, JSON, "{\"id\":\"" ROW_ID "\"}");
    if (path_is(r, "/v1/customers/"))
        return answer_404(r);
    if (path_is(r, "/v1/products/"))
        return answer_no_route(r);
    if (path_is(r, "/v1/checkouts/"))
        return loopback_reply(r, 200, JSON, "{\"id\":\"" ORGANIZATION_ID "\"}");
    if (path_is(r, "/v1/refunds/?"))
        return strstr(r->path, "id=" ROW_ID) ? loopback_reply(r, 200, JSON, EMPTY_PAGE)
                                             : answer_500(r);
    return answer_500(r);
}
static void rows_are_looked_up(void **state)
{
    (void)state;
    struct loopback server;
    struct till_error e = {0};
    struct polar_page page;
    bool exists = false;
    loopback_start(&server, answer_row, NULL);
    struct polar *polar = open_polar(server.url, "2026-10");
    struct polar_list with = {.table = model_table(TABLE_orders), .page = 1, .limit = 1, .tag = 5};
    assert_int_equal(polar_list_submit(polar, &with, &e), TILL_OK); // stays apart from what follows
    assert_int_equal(polar_row_exists(polar, model_table(TABLE_orders), SV(ROW_ID), &exists, &e),
                     TILL_OK);
    assert_true(exists);
    assert_int_equal(polar_row_exists(polar, model_table(TABLE_customers), SV(ROW_ID), &exists, &e),
                     TILL_OK);
    assert_false(exists);
    assert_int_equal(polar_row_exists(polar, model_table(TABLE_refunds), SV(ROW_ID), &exists, &e),
                     TILL_OK);
    assert_false(exists);
    // nothing of this proves that a row is gone
    assert_int_equal(polar_row_exists(polar, model_table(TABLE_products), SV(ROW_ID), &exists, &e),
                     TILL_REMOTE);
    assert_int_equal(polar_row_exists(polar, model_table(TABLE_checkouts), SV(ROW_ID), &exists, &e),
                     TILL_FORMAT);
    assert_int_equal(polar_row_exists(polar, model_table(TABLE_benefits), SV(ROW_ID), &exists, &e),
                     TILL_REMOTE);
    assert_int_equal(
        polar_row_exists(polar, model_table(TABLE_orders), SV("../customers/"), &exists, &e),
        TILL_USAGE);
    assert_int_equal(polar_list_next(polar, &page, &e), TILL_OK);
    assert_int_equal(page.tag, 5);
    polar_page_release(&page);
    assert_int_equal(polar_pending(polar), 0);
    polar_close(polar);
    loopback_stop(&server);
}

static void addresses_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://api.polar.sh", "https://api.polar.sh/v1",
                                      "api.polar.sh", "https://a.example/?x",
                                      "https://a.example/#x"};
    struct secret token = {0};
    struct till_error e = {0};
    assert_int_equal(secret_set(&token, SV("not-a-token"), &e), TILL_OK);
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        struct polar *polar = NULL;
        struct polar_options options = {.url = bad[i], .token = &token, .api_version = "2026-10"};
        e = (struct till_error){0};
        assert_int_equal(polar_open(&options, &polar, &e), TILL_CONFIG);
        assert_true(e.hint[0]);
        assert_null(polar);
    }
    secret_release(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_pages),
        cmocka_unit_test(refusals_are_told_apart),
        cmocka_unit_test(missing_scopes_are_named),
        cmocka_unit_test(a_retired_version_is_dropped_once),
        cmocka_unit_test(several_at_once_fall_back),
        cmocka_unit_test(a_missing_route_is_no_retired_version),
        cmocka_unit_test(rows_are_looked_up),
        cmocka_unit_test(addresses_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
