// SPDX-License-Identifier: Apache-2.0
// page_test.c - the envelope: what is a page, what is refused as a whole, and that one bad row leaves the others alone.
#include "fixture.h"

#define ID "3a9b7a26-4c0d-4f25-8a2c-2a6f6f0b7d10"
#define GOOD                                                                                       \
    "{\"id\":\"" ID "\",\"created_at\":\"2026-08-21T08:15:29Z\",\"amount\":1,\"tax_amount\":0,"    \
    "\"currency\":\"eur\",\"status\":\"ok\"}"
#define PAGE "{\"items\":[" GOOD "],\"pagination\":{\"total_count\":251,\"max_page\":3}}"

// Refused; the page of the caller stays as it was.
static void expect_refused(struct fixture *fixture, struct sv answer, const char *words)
{
    fixture->page = (struct decode_page){.total_count = 77};
    if (fixture_decode(fixture, TABLE_refunds, answer) != TILL_FORMAT)
        fail_msg("%.*s (%zu bytes) was taken", (int)answer.len, answer.ptr, answer.len);
    assert_int_equal(fixture->page.total_count, 77);
    assert_int_equal(fixture->e.code, TILL_FORMAT);
    assert_true(sv_starts_with(sv_of(fixture->e.text), SV("could not read a page of refunds: ")));
    if (!strstr(fixture->e.text, words))
        fail_msg("%s", fixture->e.text);
    assert_true(strlen(fixture->e.hint) > 10);
}

static void test_not_json(void **state)
{
    static const char *const cases[][2] = {
        {"", "the answer is empty"},
        {" \r\n\t", "the answer is empty"},
        {"<!DOCTYPE html><html>", "a web page"},
        {"\n <html>", "a web page"},
        {"Internal Server Error", "not JSON"},
        {PAGE "x", "not JSON"},
        {PAGE PAGE, "not JSON"},
        {"{\"items\":[", "not JSON"},
        {"{\"items\":[1,]}", "not JSON"},
        {"{'items':[]}", "not JSON"},
        {"{\"items\":[01]}", "not JSON"},
        {"{\"items\":[NaN]}", "not JSON"},
        {"{\"items\":[\"\\x\"]}", "not JSON"},
        {"{\"items\":[\"\\u12\"]}", "not JSON"},
        {"{\"items\":[]} // no", "not JSON"},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++)
        expect_refused(*state, sv_of(cases[i][0]), cases[i][1]);
    expect_refused(*state, (struct sv){PAGE "\0", sizeof PAGE}, "not JSON"); // with its NUL
    expect_refused(*state, SV("\xFF\xFE{\0}\0"), "not JSON");                // UTF-16
}

static void test_truncated_anywhere(void **state)
{
    for (size_t len = 0; len < sizeof PAGE - 1; len++)
        expect_refused(*state, (struct sv){PAGE, len}, "");
}

static void test_no_items(void **state)
{
    static const char *const answers[] = {
        "{}",
        "[]",
        "null",
        "5",
        "\"items\"",
        "{\"items\":null}",
        "{\"items\":{}}",
        "{\"items\":5}",
        "{\"items\":\"[]\"}",
        "{\"detail\":\"Not Found\"}",
    };
    for (size_t i = 0; i < TILL_COUNT(answers); i++)
        expect_refused(*state, sv_of(answers[i]), "no array of items");
}

static void append_nested(struct buf *buf, int levels, bool objects)
{
    for (int i = 0; i < levels; i++)
        buf_text(buf, objects ? "{\"a\":" : "[");
    buf_text(buf, "1");
    for (int i = 0; i < levels; i++)
        buf_char(buf, objects ? '}' : ']');
}

// A page whose one row has `levels` of nesting below the row.
static enum till_code decode_nested(struct fixture *fixture, int levels, bool objects)
{
    AUTO_BUF answer;
    buf_init(&answer, TILL_LIMIT_RESPONSE_BYTES);
    buf_text(&answer,
             "{\"items\":[{\"id\":\"" ID "\",\"created_at\":\"2026-08-21T08:15:29Z\",\"amount\":1,"
             "\"tax_amount\":0,\"currency\":\"eur\",\"deep\":");
    append_nested(&answer, levels, objects);
    buf_text(&answer, "}]}");
    return fixture_decode(fixture, TABLE_refunds, (struct sv){answer.data, answer.len});
}

static void test_depth(void **state)
{
    struct fixture *fixture = *state;
    for (int objects = 0; objects < 2; objects++) {
        assert_int_equal(decode_nested(fixture, TILL_LIMIT_JSON_DEPTH - 3, objects), TILL_OK);
        assert_int_equal(fixture->page.row_count, 1);
        assert_true(contains(fixture->page.rows[0].extra, objects ? "{\"a\":1}" : "[[[[1]]]]"));
        assert_int_equal(decode_nested(fixture, TILL_LIMIT_JSON_DEPTH - 2, objects), TILL_FORMAT);
        assert_true(contains(sv_of(fixture->e.text), "nested deeper than 64 levels"));
        assert_int_equal(decode_nested(fixture, 100000, objects), TILL_FORMAT);
    }
}

static void test_depth_bomb_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF bomb;
    buf_init(&bomb, TILL_LIMIT_RESPONSE_BYTES);
    buf_repeat(&bomb, '[', TILL_LIMIT_RESPONSE_BYTES - 1);
    enum till_code code = fixture_decode(fixture, TABLE_refunds, (struct sv){bomb.data, bomb.len});
    assert_true(code == TILL_FORMAT || code == TILL_LIMIT);
    assert_true(fixture->arena.used_bytes <= TILL_LIMIT_ARENA_BYTES);
}

static void append_items(struct buf *buf, int count)
{
    buf_text(buf, "{\"items\":[");
    for (int i = 0; i < count; i++)
        buf_text(buf, i > 0 ? "," GOOD : GOOD);
    buf_text(buf, "]}");
}

static void test_too_many_rows(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF most, more;
    buf_init(&most, TILL_LIMIT_RESPONSE_BYTES);
    buf_init(&more, TILL_LIMIT_RESPONSE_BYTES);
    append_items(&most, TILL_LIMIT_PAGE_ROWS);
    append_items(&more, TILL_LIMIT_PAGE_ROWS + 1);
    assert_int_equal(fixture_decode(fixture, TABLE_refunds, (struct sv){most.data, most.len}),
                     TILL_OK);
    assert_int_equal(fixture->page.row_count, TILL_LIMIT_PAGE_ROWS);
    expect_refused(fixture, (struct sv){more.data, more.len}, "1001 rows in one page");
}

static void test_pagination(void **state)
{
    static const struct {
        const char *pagination;
        int64_t total_count, max_page;
        bool has_next_page;
    } cases[] = {
        {"{\"total_count\":251,\"max_page\":3}", 251, 3, false},
        {"{\"total_count\":0,\"max_page\":0}", 0, 0, false},
        {"{\"has_next_page\":true}", -1, -1, true},
        {"{\"has_next_page\":false}", -1, -1, false},
        {"{\"has_next_page\":\"true\"}", -1, -1, false},
        {"{\"total_count\":-5,\"max_page\":1.5}", -1, -1, false},
        {"{\"total_count\":\"5\",\"max_page\":99999999999999999999}", -1, -1, false},
        {"{}", -1, -1, false},
        {"null", -1, -1, false},
        {"[]", -1, -1, false},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        char answer[256];
        (void)snprintf(answer, sizeof answer, " {\"pagination\":%s,\"new\":1,\"items\":[]}\n",
                       cases[i].pagination);
        assert_int_equal(fixture_decode(fixture, TABLE_refunds, sv_of(answer)), TILL_OK);
        assert_int_equal(fixture->page.row_count, 0);
        assert_true(fixture->page.total_count == cases[i].total_count);
        assert_true(fixture->page.max_page == cases[i].max_page);
        assert_int_equal(fixture->page.has_next_page, cases[i].has_next_page);
    }
    assert_int_equal(fixture_decode(fixture, TABLE_refunds, SV("{\"items\":[]}")), TILL_OK);
    assert_true(fixture->page.total_count == -1 && fixture->page.max_page == -1);
}

static void test_byte_order_mark(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_decode(fixture, TABLE_refunds, SV("\xEF\xBB\xBF" PAGE)), TILL_OK);
    assert_int_equal(fixture->page.row_count, 1);
    assert_true(fixture->page.total_count == 251);
}

static void test_body_is_not_changed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_decode(fixture, TABLE_refunds, SV(PAGE)), TILL_OK);
    assert_text_is((struct sv){fixture->body.data, fixture->body.len}, PAGE);
}

// A bad row between two good ones, in each way that text can be bad.
static void test_bad_text_rejects_its_row_alone(void **state)
{
    static const struct {
        const char *members;
        const char *reason;
    } cases[] = {
        {"\"status\":\"a\\u0000b\"", "status: the text holds U+0000"},
        {"\"metadata\":{\"a\":[\"\\u0000\"]}", "metadata: the text holds U+0000"},
        {"\"metadata\":{\"\\u0000\":1}", "metadata: the text holds U+0000"},
        {"\"new\":\"\\u0000\"", "a field without a column: the text holds U+0000"},
        {"\"\\u0000\":1", "a field without a column: the text holds U+0000"},
        {"\"status\":\"\xC3\x28\"",
         "status: the text is not valid Unicode, or holds a bare control character"},
        {"\"status\":\"\xED\xA0\x80\"",
         "status: the text is not valid Unicode, or holds a bare control character"},
        {"\"status\":\"\xC0\xAF\"",
         "status: the text is not valid Unicode, or holds a bare control character"},
        {"\"status\":\"\xF4\x90\x80\x80\"",
         "status: the text is not valid Unicode, or holds a bare control character"},
        {"\"status\":\"caf\xE9\"",
         "status: the text is not valid Unicode, or holds a bare control character"},
        {"\"metadata\":{\"k\":{\"\xFF\":1}}",
         "metadata: the text is not valid Unicode, or holds a bare control character"},
        {"\"new\":[\"\xFF\"]", "a field without a column: the text is not valid Unicode, or holds "
                               "a bare control character"},
        {"\"status\":\"a\tb\"",
         "status: the text is not valid Unicode, or holds a bare control character"},
        {"\"metadata\":{\"a\":\"\n\"}",
         "metadata: the text is not valid Unicode, or holds a bare control character"},
        {"\"status\":\"\\ud800\"",
         "status: the text is not valid Unicode, or holds a bare control character"},
        {"\"status\":\"\\udc00\\ud800\"",
         "status: the text is not valid Unicode, or holds a bare control character"},
        {"\"status\":\"\\uD83Dx\"",
         "status: the text is not valid Unicode, or holds a bare control character"},
        {"\"metadata\":{\"\\ud83d\\u0041\":1}",
         "metadata: the text is not valid Unicode, or holds a bare control character"},
        {"\"new\":\"\\\\\\ud800\"", "a field without a column: the text is not valid Unicode, or "
                                    "holds a bare control character"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        AUTO_BUF answer;
        buf_init(&answer, TILL_LIMIT_RESPONSE_BYTES);
        buf_text(&answer, "{\"items\":[" GOOD ",{\"id\":\"" ID
                          "\",\"created_at\":\"2026-08-21T08:15:29Z\",\"amount\":1,\"tax_amount\":"
                          "0,\"currency\":\"eur\",");
        buf_text(&answer, cases[i].members);
        buf_text(&answer, "}," GOOD "]}");
        assert_int_equal(
            fixture_decode(fixture, TABLE_refunds, (struct sv){answer.data, answer.len}), TILL_OK);
        assert_int_equal(fixture->page.row_count, 2);
        assert_int_equal(fixture->page.reject_count, 1);
        assert_int_equal(fixture->page.rejects[0].index, 1);
        assert_string_equal(fixture->page.rejects[0].reason, cases[i].reason);
        assert_true(sv_is_utf8(fixture->page.rejects[0].raw));
        assert_true(memchr(fixture->page.rejects[0].raw.ptr, 0, fixture->page.rejects[0].raw.len) ==
                    NULL);
        assert_value_text(&fixture->page.rows[1], "status", "ok");
    }
}

static void test_bare_nul(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_decode(fixture, TABLE_refunds, SV("{\"items\":[\"a\0b\"," GOOD "]}")),
                     TILL_OK);
    assert_int_equal(fixture->page.row_count, 1);
    assert_int_equal(fixture->page.reject_count, 1);
    assert_text_is(fixture->page.rejects[0].raw, "\"a\xEF\xBF\xBD"
                                                 "b\"");
}

// Each bad byte becomes three in the reason, which must not be cut within one of them.
static void test_reason_of_bad_bytes(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF answer;
    buf_init(&answer, TILL_LIMIT_BUFFER_BYTES);
    buf_text(&answer, "{\"items\":[{\"id\":\"");
    buf_repeat(&answer, '\xC7', 500);
    buf_text(&answer, "\"}]}");
    assert_int_equal(fixture_decode(fixture, TABLE_refunds, (struct sv){answer.data, answer.len}),
                     TILL_OK);
    assert_int_equal(fixture->page.reject_count, 1);
    assert_true(sv_is_utf8(sv_of(fixture->page.rejects[0].reason)));
    assert_non_null(strstr(fixture->page.rejects[0].reason, "... is not an id"));
}

static void test_good_unicode(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        fixture_decode(
            fixture, TABLE_refunds,
            SV("{\"items\":[{\"id\":\"" ID "\",\"created_at\":\"2026-08-21T08:15:29Z\",\"amount\":"
               "1,\"tax_amount\":0,\"currency\":\"eur\","
               "\"status\":\"\\ud83d\\ude00 \\\\ud800 é "
               "日本\",\"metadata\":{\"a\":\"\\ud83d\\ude00 \\\\ud800\"}},"
               "{\"id\":\"" ID "\",\"created_at\":\"2026-08-21T08:15:29Z\",\"amount\":1,\"tax_"
               "amount\":0,\"currency\":\"eur\",\"status\":\"\xFF\"}]}")),
        TILL_OK);
    assert_int_equal(fixture->page.row_count,
                     1); // the second one makes the whole page go through the careful path
    assert_value_text(fixture->page.rows, "status", "😀 \\ud800 é 日本");
    assert_value_text(fixture->page.rows, "metadata", "{\"a\":\"😀 \\\\ud800\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_not_json),
        FIXTURE_TEST(test_truncated_anywhere),
        FIXTURE_TEST(test_no_items),
        FIXTURE_TEST(test_depth),
        FIXTURE_TEST(test_depth_bomb_is_bounded),
        FIXTURE_TEST(test_too_many_rows),
        FIXTURE_TEST(test_pagination),
        FIXTURE_TEST(test_byte_order_mark),
        FIXTURE_TEST(test_body_is_not_changed),
        FIXTURE_TEST(test_bad_text_rejects_its_row_alone),
        FIXTURE_TEST(test_bare_nul),
        FIXTURE_TEST(test_reason_of_bad_bytes),
        FIXTURE_TEST(test_good_unicode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
