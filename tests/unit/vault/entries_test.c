// SPDX-License-Identifier: Apache-2.0
// entries_test.c - names and secrets in one run of bytes: replacing, finding, and bytes that are not entries.
#include "vault/entries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/limits.h"

static void replace(struct guarded *entries, struct sv name, struct sv secret)
{
    struct till_error e = {0};
    AUTO_GUARDED changed = {0};
    assert_int_equal(entries_replace(guarded_bytes(entries), name, secret, &changed, &e), TILL_OK);
    guarded_move(entries, &changed);
}

static void test_replace_find_remove(void **state)
{
    (void)state;
    AUTO_GUARDED entries = {0};
    struct sv secret = {NULL, 0};
    replace(&entries, SV("polar"), SV("one"));
    replace(&entries, SV("posthog"), SV("two"));
    replace(&entries, SV("polar"), SV("three, and longer"));
    assert_true(entries_are_sound(guarded_bytes(&entries)));
    assert_true(entries_find(guarded_bytes(&entries), SV("polar"), &secret));
    assert_true(sv_equal(secret, SV("three, and longer")));
    assert_true(entries_find(guarded_bytes(&entries), SV("posthog"), &secret));
    assert_true(sv_equal(secret, SV("two")));
    assert_false(entries_find(guarded_bytes(&entries), SV("pola"), &secret));
    assert_false(entries_find(guarded_bytes(&entries), SV("polar2"), &secret));

    replace(&entries, SV("polar"), (struct sv){NULL, 0});
    assert_false(entries_find(guarded_bytes(&entries), SV("polar"), &secret));
    assert_true(entries_find(guarded_bytes(&entries), SV("posthog"), &secret));
    replace(&entries, SV("posthog"), (struct sv){NULL, 0});
    assert_int_equal(entries.len, 0);
}

static void test_every_cut_is_noticed(void **state)
{
    (void)state;
    AUTO_GUARDED entries = {0};
    struct sv secret;
    replace(&entries, SV("polar"), SV("a secret"));
    replace(&entries, SV("posthog"), SV("another secret"));
    size_t first = 3 + strlen("polar") + strlen("a secret");
    for (size_t len = 0; len < entries.len; len++) {
        struct sv cut = {(const char *)entries.data, len};
        assert_int_equal(entries_are_sound(cut), len == 0 || len == first);
        assert_false(entries_find(cut, SV("posthog"), &secret));
    }
}

static void test_nameless_entry_is_unsound(void **state)
{
    (void)state;
    assert_false(entries_are_sound((struct sv){"\0\0\0", 3}));
    assert_false(entries_are_sound((struct sv){"\x01\xff\xff"
                                               "ab",
                                               5}));
}

static void test_ceiling(void **state)
{
    (void)state;
    struct till_error e = {0};
    AUTO_GUARDED entries = {0};
    AUTO_GUARDED untouched = {0};
    char name[16];
    for (int i = 0; i < TILL_LIMIT_SECRETS; i++) {
        (void)snprintf(name, sizeof(name), "name%d", i);
        replace(&entries, sv_of(name), SV("x"));
    }
    assert_int_equal(entries_replace(guarded_bytes(&entries), SV("more"), SV("x"), &untouched, &e),
                     TILL_LIMIT);
    assert_null(untouched.data);
    replace(&entries, SV("name3"), SV("replacing is not adding"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replace_find_remove),
        cmocka_unit_test(test_every_cut_is_noticed),
        cmocka_unit_test(test_nameless_entry_is_unsound),
        cmocka_unit_test(test_ceiling),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
