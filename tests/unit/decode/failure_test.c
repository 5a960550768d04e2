// SPDX-License-Identifier: Apache-2.0
// failure_test.c - out of memory and out of room at every point: the right error, the caller's page untouched, nothing leaked.
#include "fixture.h"

#include "base/fault.h"

// One good row of each of the larger tables and a bad one, so that rows, extras and rejects are all built.
static struct sv read_answer(struct buf *buf)
{
    AUTO_BUF order;
    buf_init(&order, TILL_LIMIT_BUFFER_BYTES);
    (void)read_whole_file("tests/data/polar/order.json", &order);
    buf_text(buf, "{\"items\":[");
    buf_append(buf, order.data, order.len);
    buf_text(buf, ",{\"id\":\"3A9B7A26-4c0d-4f25-8a2c-2a6f6f0b7d10\",\"x\":\"\\u0000\xFF\"},");
    buf_append(buf, order.data, order.len);
    buf_text(buf, "]}");
    assert_int_equal(buf->failure, TILL_OK);
    return (struct sv){buf->data, buf->len};
}

static void test_every_ceiling(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF answer;
    size_t refused = 0;
    buf_init(&answer, TILL_LIMIT_BUFFER_BYTES);
    struct sv text = read_answer(&answer);
    for (size_t limit = 0;; limit += 64) {
        arena_release(&fixture->arena);
        arena_init(&fixture->arena, limit);
        fixture->page = (struct decode_page){.total_count = 77};
        enum till_code code = fixture_decode(fixture, TABLE_orders, text);
        if (code == TILL_OK)
            break;
        assert_int_equal(code, TILL_LIMIT);
        assert_int_equal(fixture->page.total_count, 77);
        assert_true(strstr(fixture->e.text, "could not read a page of orders") != NULL);
        refused++;
    }
    assert_true(refused > 100);
    assert_int_equal(fixture->page.row_count, 2);
    assert_int_equal(fixture->page.reject_count, 1);
}

#ifdef TILL_FAULTS
static void test_every_allocation(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF answer;
    long refused = 0;
    buf_init(&answer, TILL_LIMIT_BUFFER_BYTES);
    struct sv text = read_answer(&answer);
    buf_sv(&fixture->body, text);
    for (long nth = 1;; nth++) {
        arena_release(&fixture->arena);
        arena_init(&fixture->arena, TILL_LIMIT_ARENA_BYTES);
        fixture->page = (struct decode_page){.total_count = 77};
        fault_arm("malloc", nth, false);
        enum till_code code = decode_page(model_table(TABLE_orders), &fixture->body,
                                          &fixture->arena, &fixture->page, &fixture->e);
        long passages = fault_passages("malloc");
        fault_disarm();
        if (code == TILL_OK && passages < nth)
            break;
        assert_int_equal(code, TILL_MEMORY);
        assert_int_equal(fixture->page.total_count, 77);
        refused++;
    }
    assert_true(refused >= 2);
    assert_int_equal(fixture->page.row_count, 2);
}

static void test_small_questions_without_memory(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF out;
    struct sv text = SV("before");
    buf_init(&out, 4096);
    fault_arm("malloc", 1, true);
    assert_false(decode_is_route_not_found(SV("{\"detail\":\"Not Found\"}")));
    assert_false(decode_string_at(SV("{\"a\":\"b\"}"), "a", &fixture->arena, &text));
    decode_error_text(SV("{\"detail\":\"Not Found\"}"), &out);
    fault_disarm();
    assert_text_is(text, "before");
    assert_int_equal(out.len, 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_every_ceiling),
#ifdef TILL_FAULTS
        FIXTURE_TEST(test_every_allocation),
        FIXTURE_TEST(test_small_questions_without_memory),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
