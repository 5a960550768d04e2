// SPDX-License-Identifier: Apache-2.0
// server_faults_test.c - fault plans: what is refused, what fires when, and that chance can be repeated.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "faults.h"

static const struct fault_request orders = {
    .environment = 0, .path = "/v1/orders/", .table = "orders", .page = 2};

static struct fault_plan *load(const char *json)
{
    struct fault_plan *plan = fault_plan_new();
    const char *reason = NULL;
    if (!fault_plan_load(plan, json, strlen(json), &reason)) {
        fail_msg("%s", reason);
    }
    return plan;
}

static void test_bad_plans_are_refused_and_change_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{\"rules\":1}",
        "{\"rules\":[{\"action\":{\"kind\":\"nonsense\"}}]}",
        "{\"rules\":[{\"action\":{\"kind\":\"garbage\",\"variant\":\"nonsense\"}}]}",
        "{\"rules\":[{\"action\":{\"kind\":\"status\",\"status\":99}}]}",
        "{\"rules\":[{\"match\":{\"environment\":\"moon\"},\"action\":{\"kind\":\"reset\"}}]}",
        "{\"rules\":[{\"action\":{\"kind\":\"garbage\",\"variant\":\"set\",\"field\":\"id\"}}]}",
    };
    struct fault_plan *plan = load("{\"rules\":[{\"action\":{\"kind\":\"reset\"}}]}");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const char *reason = NULL;
        assert_false(fault_plan_load(plan, bad[i], strlen(bad[i]), &reason));
        assert_non_null(reason);
    }
    assert_int_equal(fault_plan_decide(plan, &orders).kind, FAULT_RESET);
    fault_plan_free(plan);
}

// Which of the first ten requests meet the fault, as a bit set.
static unsigned pattern(const char *match)
{
    struct sim_out json = {0};
    sim_out_format(
        &json,
        "{\"seed\":4,\"rules\":[{\"match\":{%s},\"action\":{\"kind\":\"status\",\"status\":502}}]}",
        match);
    sim_out_append(&json, "", 1);
    struct fault_plan *plan = load(json.data);
    unsigned bits = 0;
    for (unsigned i = 0; i < 10; i++) {
        bits |= (unsigned)(fault_plan_decide(plan, &orders).kind == FAULT_STATUS) << i;
    }
    fault_plan_free(plan);
    sim_out_release(&json);
    return bits;
}

static void test_when_rules_fire(void **state)
{
    (void)state;
    assert_int_equal(pattern(""), 0x3FF);
    assert_int_equal(pattern("\"nth\":3"), 1 << 2);
    assert_int_equal(pattern("\"every\":4"), 1 << 3 | 1 << 7);
    assert_int_equal(pattern("\"after\":8"), 1 << 8 | 1 << 9);
    assert_int_equal(pattern("\"times\":2"), 3);
    assert_int_equal(
        pattern(
            "\"table\":\"orders\",\"page\":2,\"path\":\"/v1/or\",\"environment\":\"production\""),
        0x3FF);
    assert_int_equal(pattern("\"table\":\"customers\""), 0);
    assert_int_equal(pattern("\"page\":1"), 0);
    assert_int_equal(pattern("\"environment\":\"sandbox\""), 0);
    unsigned chance = pattern("\"probability\":0.5");
    assert_true(chance != 0 && chance != 0x3FF);
    assert_int_equal(pattern("\"probability\":0.5"), chance);
}

static void test_the_first_rule_that_fires_decides(void **state)
{
    (void)state;
    struct fault_plan *plan =
        load("{\"rules\":[{\"match\":{\"nth\":2},\"action\":{\"kind\":\"stall\",\"ms\":999999999}},"
             "{\"action\":{\"kind\":\"truncate\",\"at_bytes\":7}}]}");
    assert_int_equal(fault_plan_decide(plan, &orders).kind, FAULT_TRUNCATE);
    struct fault_action action = fault_plan_decide(plan, &orders);
    assert_int_equal(action.kind, FAULT_STALL);
    assert_int_equal(action.ms, SERVER_STALL_MS_MAX);
    struct sim_out out = {0};
    fault_plan_counts(plan, &out);
    sim_out_append(&out, "", 1);
    assert_string_equal(out.data,
                        "{\"rules\":[{\"matched\":2,\"fired\":1},{\"matched\":2,\"fired\":1}]}");
    sim_out_release(&out);
    fault_plan_free(plan);
}

// The page after one variant, as text that lives until the next call.
static const char *spoiled(enum garbage_variant variant, const char *field, const char *value)
{
    static char text[1024];
    static const char page[] = "{\"items\":[{\"id\":\"a\",\"amount\":12345678901234567890123,"
                               "\"status\":\"paid\"},{\"id\":\"b\",\"amount\":2}],"
                               "\"pagination\":{\"total_count\":2,\"max_page\":1}}";
    struct sim_out body = {0};
    sim_out_text(&body, page);
    struct fault_action action = {
        .kind = FAULT_GARBAGE, .variant = variant, .seconds = 5, .size = 4};
    memcpy(action.field, field, strlen(field));
    memcpy(action.text, value, strlen(value));
    assert_true(fault_spoil(&action, &body));
    assert_true(body.len < sizeof(text));
    if (body.len > 0) {
        memcpy(text, body.data, body.len);
    }
    text[body.len] = '\0';
    sim_out_release(&body);
    return text;
}

static void test_spoiled_pages(void **state)
{
    (void)state;
    assert_string_equal(spoiled(GARBAGE_DEPTH_BOMB, "", ""), "[[[[");
    assert_string_equal(spoiled(GARBAGE_EMPTY_BODY, "", ""), "");
    assert_string_equal(spoiled(GARBAGE_EMPTY_ITEMS, "", ""),
                        "{\"items\":[],\"pagination\":{\"total_count\":2,\"max_page\":1}}");
    assert_non_null(strstr(spoiled(GARBAGE_WRONG_TOTAL, "", ""), "\"total_count\":7"));
    assert_null(strstr(spoiled(GARBAGE_NO_PAGINATION, "", ""), "pagination"));
    assert_null(strstr(spoiled(GARBAGE_MISSING_ID, "", ""), "\"id\":\"a\""));
    assert_null(strstr(spoiled(GARBAGE_DUPLICATE_ROWS, "", ""), "\"id\":\"b\""));
    assert_non_null(
        strstr(spoiled(GARBAGE_SET, "amount", "1e999"), "\"amount\":1e999,\"status\":\"paid\""));
    assert_non_null(strstr(spoiled(GARBAGE_SET, "new", "{\"a\":[1]}"), "\"new\":{\"a\":[1]}"));
    assert_non_null(strstr(spoiled(GARBAGE_INVALID_UTF8, "", ""), "\"id\":\"\xFF"
                                                                  "a\""));
    assert_non_null(strstr(spoiled(GARBAGE_NUL, "", ""), "\"id\":\"\\u0000a\""));
    // what is not spoiled stays as it was written, even a number that no machine word holds
    assert_non_null(strstr(spoiled(GARBAGE_REMOVE, "status", ""),
                           "{\"id\":\"a\",\"amount\":12345678901234567890123},"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_plans_are_refused_and_change_nothing),
        cmocka_unit_test(test_when_rules_fire),
        cmocka_unit_test(test_the_first_rule_that_fires_decides),
        cmocka_unit_test(test_spoiled_pages),
    };
    return cmocka_run_group_tests_name("sim server faults", tests, NULL, NULL);
}
