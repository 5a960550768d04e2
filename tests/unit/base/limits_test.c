// SPDX-License-Identifier: Apache-2.0
// limits_test.c - the table of ceilings: complete, positive, each with a unit and a sentence.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"

static void every_limit_is_documented(void **state TILL_UNUSED)
{
    size_t count;
    const struct till_limit_info *limits = till_limits(&count);
    assert_true(count > 20);
    bool has_page_rows = false;
    for (size_t i = 0; i < count; i++) {
        assert_true(limits[i].value > 0);
        assert_true(limits[i].unit[0] != '\0' && limits[i].sentence[0] != '\0');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(limits[i].name, limits[j].name);
        if (strcmp(limits[i].name, "PAGE_ROWS") == 0)
            has_page_rows = limits[i].value == TILL_LIMIT_PAGE_ROWS;
    }
    assert_true(has_page_rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_limit_is_documented)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
