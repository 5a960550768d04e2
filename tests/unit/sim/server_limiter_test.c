// SPDX-License-Identifier: Apache-2.0
// server_limiter_test.c - the rate limiter of polar-api 7 with a clock that the test holds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limiter.h"

static const struct limiter_caller first = {0, "token-one"};
static const struct limiter_caller second = {0, "token-two"};
static const struct limiter_caller other_environment = {1, "token-three"};
static const struct limiter_caller nobody = {0, NULL};

static unsigned allowed(struct limiter *limiter, int64_t now_ms,
                        const struct limiter_caller *caller, unsigned tries)
{
    unsigned count = 0;
    for (unsigned i = 0; i < tries; i++) {
        count += limiter_take(limiter, now_ms, caller).is_allowed;
    }
    return count;
}

static int setup(void **state)
{
    *state = limiter_new();
    return *state == NULL;
}

static int teardown(void **state)
{
    limiter_free(*state);
    return 0;
}

static void test_a_cold_token_has_its_own_bucket(void **state)
{
    struct limiter *limiter = *state;
    assert_int_equal(allowed(limiter, 1000, &first, 100), 60);
    assert_int_equal(allowed(limiter, 1000, &second, 100), 60); // counted apart
    struct limiter_verdict verdict = limiter_take(limiter, 30000, &first);
    assert_false(verdict.is_allowed);
    assert_int_equal(verdict.retry_after_s, 60); // the window's length, not what is left of it
    limiter_seen(limiter, 30000, &first);
    assert_int_equal(allowed(limiter, 30000, &first, 1000), 500);
}

static void test_the_window_begins_with_the_first_request(void **state)
{
    struct limiter *limiter = *state;
    limiter_seen(limiter, 5000, &first);
    assert_int_equal(allowed(limiter, 59000, &first, 600), 500);
    assert_int_equal(allowed(limiter, 60000, &first, 10), 0); // not aligned with the clock
    assert_int_equal(allowed(limiter, 118999, &first, 10), 0);
    assert_int_equal(allowed(limiter, 119000, &first, 600), 500); // refused ones were not counted
}

static void test_tokens_of_one_organization_share(void **state)
{
    struct limiter *limiter = *state;
    limiter_seen(limiter, 0, &first);
    limiter_seen(limiter, 0, &second);
    limiter_seen(limiter, 0, &other_environment);
    assert_int_equal(allowed(limiter, 0, &first, 300), 300);
    assert_int_equal(allowed(limiter, 0, &second, 300), 200);
    assert_int_equal(allowed(limiter, 0, &other_environment, 300), 100); // the sandbox has its own
    assert_int_equal(allowed(limiter, 0, &nobody, 600), 500);            // and so has an address
}

static void test_an_identity_is_forgotten_after_300_s_of_silence(void **state)
{
    struct limiter *limiter = *state;
    limiter_seen(limiter, 0, &first);
    assert_int_equal(allowed(limiter, 300000, &first, 100), 100);
    assert_int_equal(allowed(limiter, 300001, &first, 100), 60);
}

static void test_groups_and_blocks(void **state)
{
    struct limiter *limiter = *state;
    limiter_seen(limiter, 0, &first);
    limiter_set_group(limiter, 0, LIMITER_RESTRICTED);
    assert_int_equal(allowed(limiter, 0, &first, 100), 60);
    limiter_set_group(limiter, 0, LIMITER_ELEVATED);
    limiter_reset(limiter);
    limiter_seen(limiter, 0, &first);
    assert_int_equal(allowed(limiter, 0, &first, 200), 100);
    assert_int_equal(limiter_take(limiter, 500, &first).retry_after_s, 1);
    assert_int_equal(allowed(limiter, 1000, &first, 200), 100);
    limiter_block(limiter, 2000, 0, 1800);
    struct limiter_verdict verdict = limiter_take(limiter, 3000, &first);
    assert_false(verdict.is_allowed);
    assert_int_equal(verdict.retry_after_s, 1799); // what is left of the block
    assert_true(limiter_take(limiter, 3000, &nobody).is_allowed);
    limiter_seen(limiter, 1802000, &first);
    assert_true(limiter_take(limiter, 1802000, &first).is_allowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_cold_token_has_its_own_bucket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_window_begins_with_the_first_request, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_tokens_of_one_organization_share, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_identity_is_forgotten_after_300_s_of_silence, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_groups_and_blocks, setup, teardown),
    };
    return cmocka_run_group_tests_name("sim server limiter", tests, NULL, NULL);
}
