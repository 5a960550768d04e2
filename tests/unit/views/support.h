// SPDX-License-Identifier: Apache-2.0
// support.h - what tests of views share.
#ifndef TILL_TESTS_VIEWS_SUPPORT_H
#define TILL_TESTS_VIEWS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static inline void is_text(struct buf *out, const char *expected) // releases it
{
    assert_int_equal(out->failure, TILL_OK);
    assert_string_equal(out->data, expected);
    buf_release(out);
}

#endif
