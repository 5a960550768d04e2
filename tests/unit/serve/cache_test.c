// SPDX-License-Identifier: Apache-2.0
// cache_test.c - what is true stays, what is not goes, what is being sent is not freed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "serve/cache.h"

static struct cached *make(const char *text, size_t times)
{
    struct buf body;
    buf_init(&body, TILL_LIMIT_BUFFER_BYTES);
    for (size_t i = 0; i < times; i++)
        buf_text(&body, text);
    struct cached *cached = cached_new(&body);
    assert_non_null(cached);
    assert_null(body.data);
    return cached;
}

static void put(struct cache *cache, const char *key, uint64_t stamp, int64_t made_ms,
                struct cached *cached)
{
    cache_put(cache, sv_of(key), stamp, made_ms, cached);
    cached_drop(cached); // the cache has its own share
}

static void a_tag_is_of_the_content(void **state)
{
    struct cached *a = make("hello", 1), *b = make("hello", 1), *c = make("hello!", 1),
                  *none = make("", 0);
    (void)state;
    assert_string_equal(a->tag, b->tag);
    assert_string_not_equal(a->tag, c->tag);
    assert_string_not_equal(a->tag, none->tag);
    assert_int_equal(strlen(a->tag), 34);
    assert_int_equal(a->tag[0], '"');
    assert_int_equal(a->tag[33], '"');
    cached_drop(a);
    cached_drop(b);
    cached_drop(c);
    cached_drop(none);
    cached_drop(NULL);
}

static void true_for_a_state_and_a_time(void **state)
{
    struct cache *cache = cache_new(1024 * 1024);
    (void)state;
    put(cache, "question", 7, 1000, make("answer", 1));
    assert_non_null(cache_find(cache, SV("question"), 7, 1000));
    assert_null(cache_find(cache, SV("question"), 7, 1001)); // too old
    assert_null(cache_find(cache, SV("question"), 8, 1000)); // the database has changed
    assert_null(cache_find(cache, SV("questio"), 7, 1000));
    struct cached *sent = cached_keep(cache_find(cache, SV("question"), 7, 0));
    put(cache, "question", 8, 2000, make("another", 1)); // takes its place
    assert_int_equal(cache_count(cache), 1);
    assert_null(cache_find(cache, SV("question"), 7, 0));
    assert_string_equal(cache_find(cache, SV("question"), 8, 0)->body.data, "another");
    assert_string_equal(sent->body.data, "answer"); // still being sent
    cached_drop(sent);
    cache_free(cache);
    cache_free(NULL);
}

static void the_least_recently_used_make_room(void **state)
{
    enum { BYTES = 10000, LIMIT = 200000 };
    struct cache *cache = cache_new(LIMIT);
    char key[32];
    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(key, sizeof(key), "question %d", i);
        put(cache, key, 1, 1, make("x", BYTES));
        assert_true(cache_bytes(cache) <= LIMIT);
        assert_non_null(cache_find(cache, SV("question 0"), 1, 0)); // used again and again
    }
    assert_null(cache_find(cache, SV("question 1"), 1, 0));
    assert_non_null(cache_find(cache, SV("question 99"), 1, 0));
    assert_true(cache_count(cache) > 5 && cache_count(cache) < 30);
    cache_free(cache);
}

static void too_large_is_not_kept(void **state)
{
    struct cache *cache = cache_new(TILL_LIMIT_SERVE_CACHE_BYTES);
    (void)state;
    put(cache, "question", 1, 1, make("answer", 1));
    put(cache, "question", 2, 1, make("0123456789abcdef", TILL_LIMIT_SERVE_CACHED_BYTES / 16 + 1));
    assert_int_equal(cache_count(cache), 0);
    assert_int_equal(cache_bytes(cache), 0);
    cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tag_is_of_the_content),
        cmocka_unit_test(true_for_a_state_and_a_time),
        cmocka_unit_test(the_least_recently_used_make_room),
        cmocka_unit_test(too_large_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
