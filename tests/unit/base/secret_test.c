// SPDX-License-Identifier: Apache-2.0
// secret_test.c - secrets: copies, comparison, wiping, the ceiling.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "base/secret.h"

static void set_copies_and_terminates(void **state TILL_UNUSED)
{
    AUTO_SECRET secret = {0};
    struct till_error e = {0};
    char source[] = "made at run time";
    assert_int_equal(secret_set(&secret, sv_of(source), &e), TILL_OK);
    memory_wipe(source, sizeof source);
    assert_int_equal(source[0], 0);
    struct sv bytes = secret_bytes(&secret);
    assert_int_equal(bytes.len, 16);
    assert_string_equal(bytes.ptr, "made at run time");
}

static void set_again_replaces(void **state TILL_UNUSED)
{
    AUTO_SECRET secret = {0};
    struct till_error e = {0};
    assert_int_equal(secret_set(&secret, SV("first"), &e), TILL_OK);
    assert_int_equal(secret_set(&secret, secret_bytes(&secret), &e), TILL_OK); // from itself
    assert_string_equal(secret_bytes(&secret).ptr, "first");
    assert_int_equal(secret_set(&secret, SV(""), &e), TILL_OK);
    assert_int_equal(secret_bytes(&secret).len, 0);
    assert_string_equal(secret_bytes(&secret).ptr, "");
}

static void equality(void **state TILL_UNUSED)
{
    AUTO_SECRET a = {0};
    AUTO_SECRET b = {0};
    struct till_error e = {0};
    assert_true(secret_equal(&a, &b));
    assert_int_equal(secret_set(&a, SV("abc"), &e), TILL_OK);
    assert_false(secret_equal(&a, &b));
    assert_int_equal(secret_set(&b, SV("abc"), &e), TILL_OK);
    assert_true(secret_equal(&a, &b));
    assert_int_equal(secret_set(&b, SV("abd"), &e), TILL_OK);
    assert_false(secret_equal(&a, &b));
    assert_int_equal(secret_set(&b, SV("abcd"), &e), TILL_OK);
    assert_false(secret_equal(&a, &b));
}

static void ceiling(void **state TILL_UNUSED)
{
    AUTO_SECRET secret = {0};
    struct till_error e = {0};
    char text[TILL_LIMIT_TOKEN_BYTES + 1];
    memset(text, 'x', sizeof text);
    assert_int_equal(secret_set(&secret, (struct sv){text, sizeof text - 1}, &e), TILL_OK);
    assert_int_equal(secret_set(&secret, (struct sv){text, sizeof text}, &e), TILL_LIMIT);
    assert_null(strstr(e.text, "xx"));
    assert_int_equal(secret.len, sizeof text - 1); // the old one is still there
}

static void release_forgets(void **state TILL_UNUSED)
{
    struct secret secret = {0};
    struct till_error e = {0};
    secret_release(&secret);
    assert_int_equal(secret_set(&secret, SV("abc"), &e), TILL_OK);
    secret_release(&secret);
    assert_null(secret.pages);
    assert_int_equal(secret_bytes(&secret).len, 0);
    secret_release(&secret);
}

#ifdef TILL_FAULTS
static void no_memory_keeps_the_old_one(void **state TILL_UNUSED)
{
    AUTO_SECRET secret = {0};
    struct till_error e = {0};
    assert_int_equal(secret_set(&secret, SV("old"), &e), TILL_OK);
    fault_arm("secret.map", 1, false);
    assert_int_equal(secret_set(&secret, SV("new"), &e), TILL_MEMORY);
    fault_disarm();
    assert_string_equal(secret_bytes(&secret).ptr, "old");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_copies_and_terminates),
        cmocka_unit_test(set_again_replaces),
        cmocka_unit_test(equality),
        cmocka_unit_test(ceiling),
        cmocka_unit_test(release_forgets),
#ifdef TILL_FAULTS
        cmocka_unit_test(no_memory_keeps_the_old_one),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
