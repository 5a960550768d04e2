// SPDX-License-Identifier: Apache-2.0
// object_test.c - one object alone, and the body of an event: what is taken, what is cut out, what is refused.
#include "fixture.h"

#define UUID  "11111111-2222-4333-8444-555555555555"
#define OTHER "aaaaaaaa-2222-4333-8444-555555555555"
#define HEAD  "{\"type\":\"order.paid\",\"timestamp\":\"2026-08-20T11:02:48.120934Z\",\"data\":"

static enum till_code event_of(struct fixture *fixture, const char *text,
                               struct decode_event *ret_event)
{
    arena_reset(&fixture->arena);
    till_error_clear(&fixture->e);
    return decode_event(sv_of(text), &fixture->arena, ret_event, &fixture->e);
}

static void assert_text(struct sv text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void an_object_is_a_page_of_one(void **state)
{
    struct fixture *fixture = *state;
    const struct table *table = model_table(TABLE_customers);
    const struct sv good =
        SV("{\"id\":\"" UUID "\",\"created_at\":\"2026-01-01T00:00:00Z\",\"email\":\"a@b.c\","
           "\"organization_id\":\"" OTHER "\",\"new_field\":1}");
    assert_int_equal(decode_object(table, good, &fixture->arena, &fixture->page, &fixture->e),
                     TILL_OK);
    assert_int_equal(fixture->page.row_count, 1);
    assert_int_equal(fixture->page.reject_count, 0);
    assert_int_equal(fixture->page.total_count, -1);
    assert_text(row_id(&fixture->page.rows[0]), UUID);
    assert_text(fixture->page.rows[0].organization_id, OTHER);
    assert_text(fixture->page.rows[0].extra, "{\"new_field\":1}");

    const struct sv bad = SV("{\"id\":\"" UUID "\",\"created_at\":\"yesterday\"}");
    assert_int_equal(decode_object(table, bad, &fixture->arena, &fixture->page, &fixture->e),
                     TILL_OK);
    assert_int_equal(fixture->page.row_count, 0);
    assert_int_equal(fixture->page.reject_count, 1);
    assert_text(fixture->page.rejects[0].id, UUID);
}

static void what_is_no_object(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = {"", "[]", "null", "1", "\"x\"", "{", "<html>"};
    for (size_t i = 0; i < TILL_COUNT(texts); i++) {
        struct decode_page page = {.total_count = 77};
        assert_int_equal(decode_object(model_table(TABLE_orders), sv_of(texts[i]), &fixture->arena,
                                       &page, &fixture->e),
                         TILL_FORMAT);
        assert_int_equal(page.total_count, 77);
    }
}

static void an_event(void **state)
{
    struct fixture *fixture = *state;
    struct decode_event event;
    assert_int_equal(event_of(fixture,
                              HEAD
                              "{\"id\":\"" UUID "\", \"n\": 1.50,\"customer\":"
                              "{\"organization_id\":\"AAAAAAAA-2222-4333-8444-555555555555\"}}}",
                              &event),
                     TILL_OK);
    assert_text(event.type, "order.paid");
    assert_true(event.occurred_us == INT64_C(1787223768120934));
    assert_text(event.id, UUID);
    assert_text(event.organization_id, OTHER);
    assert_text(event.data, "{\"id\":\"" UUID "\",\"n\":1.50,\"customer\":{\"organization_id\":"
                            "\"AAAAAAAA-2222-4333-8444-555555555555\"}}");
}

static void organizations_of_events(void **state)
{
    struct fixture *fixture = *state;
    struct decode_event event;
    assert_int_equal(
        event_of(fixture,
                 "{\"type\":\"organization.updated\",\"timestamp\":\"2026-08-20T11:02:48Z\","
                 "\"data\":{\"id\":\"" OTHER "\"}}",
                 &event),
        TILL_OK);
    assert_text(event.organization_id, OTHER);
    assert_int_equal(event_of(fixture, HEAD "{\"organization_id\":\"" OTHER "\"}}", &event),
                     TILL_OK);
    assert_text(event.organization_id, OTHER);
    assert_int_equal(
        event_of(fixture, HEAD "{\"benefit\":{\"organization_id\":\"" OTHER "\"}}}", &event),
        TILL_OK);
    assert_text(event.organization_id, OTHER);
    assert_int_equal(event_of(fixture, HEAD "{}}", &event), TILL_OK);
    assert_null(event.organization_id.ptr);
    assert_null(event.id.ptr);
    assert_text(event.data, "{}");
}

static void credentials_stay_outside(void **state)
{
    struct fixture *fixture = *state;
    struct decode_event event;
    assert_int_equal(
        event_of(fixture,
                 HEAD "{\"client_secret\":\"x\",\"url\":\"https://a/polar_c_abcdefghijklmnop0123\","
                      "\"deep\":[{\"payment_processor_metadata\":{\"k\":1},\"kept\":true}]}}",
                 &event),
        TILL_OK);
    assert_text(event.data, "{\"url\":\"https://a/polar_c_[removed]\",\"deep\":[{\"kept\":true}]}");
}

static void text_that_cannot_be_kept_leaves_the_id(void **state)
{
    struct fixture *fixture = *state;
    struct decode_event event;
    assert_int_equal(
        event_of(fixture, HEAD "{\"id\":\"" UUID "\",\"name\":\"a\\u0000b\"}}", &event), TILL_OK);
    assert_text(event.data, "{\"id\":\"" UUID "\"}");
    assert_int_equal(event_of(fixture, HEAD "{\"name\":\"\xff\"}}", &event), TILL_OK);
    assert_text(event.data, "{}");
}

static void what_is_no_event(void **state)
{
    struct fixture *fixture = *state;
    char deep[1024] = HEAD;
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "{\"type\":\"a\",\"data\":{}}",
        "{\"type\":\"a\",\"timestamp\":\"now\",\"data\":{}}",
        "{\"type\":\"a\",\"timestamp\":\"2026-08-20T11:02:48Z\"}",
        "{\"type\":\"a\",\"timestamp\":\"2026-08-20T11:02:48Z\",\"data\":[]}",
        "{\"type\":\"\",\"timestamp\":\"2026-08-20T11:02:48Z\",\"data\":{}}",
        "{\"type\":\"a b\",\"timestamp\":\"2026-08-20T11:02:48Z\",\"data\":{}}",
        "{\"type\":1,\"timestamp\":\"2026-08-20T11:02:48Z\",\"data\":{}}",
        "{\"content\":\"a chat message\",\"embeds\":[]}",
    };
    for (size_t i = 0; i < TILL_COUNT(texts); i++) {
        struct decode_event event = {.occurred_us = 77};
        assert_int_equal(event_of(fixture, texts[i], &event), TILL_FORMAT);
        assert_int_equal(event.occurred_us, 77);
    }
    struct decode_event event;
    size_t len = strlen(deep);
    memset(deep + len, '[', TILL_LIMIT_JSON_DEPTH + 1);
    memset(deep + len + TILL_LIMIT_JSON_DEPTH + 1, ']', TILL_LIMIT_JSON_DEPTH + 1);
    deep[len + 2 * (TILL_LIMIT_JSON_DEPTH + 1)] = '}';
    deep[len + 2 * (TILL_LIMIT_JSON_DEPTH + 1) + 1] = '\0';
    assert_int_equal(event_of(fixture, deep, &event), TILL_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_a_page_of_one),
        cmocka_unit_test(what_is_no_object),
        cmocka_unit_test(an_event),
        cmocka_unit_test(organizations_of_events),
        cmocka_unit_test(credentials_stay_outside),
        cmocka_unit_test(text_that_cannot_be_kept_leaves_the_id),
        cmocka_unit_test(what_is_no_event),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
