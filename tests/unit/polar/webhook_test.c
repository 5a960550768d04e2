// SPDX-License-Identifier: Apache-2.0
// webhook_test.c - signatures: the vector that the Standard Webhooks libraries share, Polar's own key, and everything that must be refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "polar/webhook.h"

#define SECRET    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STANDARD  "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define POLAR     "v1,TcxlhK9b6UD6iVI1ZU2tTqp8PEVfYRseNNfa6b+LcUg="
#define SIGNED_S  INT64_C(1614265330)
#define SIGNED_US (SIGNED_S * 1000000)

static const struct sv body = {"{\"test\": 2432232314}", 20};

static enum polar_webhook_verdict verify(const char *secret_text, const char *id,
                                         const char *timestamp, const char *signature,
                                         struct sv text, int64_t now_us)
{
    struct till_error e = {0};
    struct secret secret = {0};
    assert_int_equal(secret_set(&secret, sv_of(secret_text), &e), TILL_OK);
    const struct polar_webhook_headers headers = {sv_of(id), sv_of(timestamp), sv_of(signature)};
    enum polar_webhook_verdict verdict = polar_webhook_verify(&secret, &headers, text, now_us);
    secret_release(&secret);
    return verdict;
}

#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define AT "1614265330"

static void both_keys(void **state)
{
    (void)state;
    assert_int_equal(verify(SECRET, ID, AT, STANDARD, body, SIGNED_US), POLAR_WEBHOOK_GENUINE);
    assert_int_equal(verify(SECRET, ID, AT, POLAR, body, SIGNED_US), POLAR_WEBHOOK_GENUINE);
    // The standard's form without the prefix means the same key.
    assert_int_equal(verify(&SECRET[6], ID, AT, STANDARD, body, SIGNED_US), POLAR_WEBHOOK_GENUINE);
    assert_int_equal(verify(&SECRET[6], ID, AT, POLAR, body, SIGNED_US), POLAR_WEBHOOK_FORGED);
}

static void several_signatures(void **state)
{
    (void)state;
    AUTO_BUF many;
    buf_init(&many, 2048);
    assert_int_equal(verify(SECRET, ID, AT, "v1,AAAA v1a,xyz " POLAR " v1,", body, SIGNED_US),
                     POLAR_WEBHOOK_GENUINE);
    for (int i = 0; i < TILL_LIMIT_WEBHOOK_SIGNATURES; i++)
        buf_text(&many, "v1,AAAA ");
    buf_text(&many, POLAR);
    assert_int_equal(verify(SECRET, ID, AT, many.data, body, SIGNED_US), POLAR_WEBHOOK_FORGED);
}

static void time_both_ways(void **state)
{
    (void)state;
    const int64_t tolerance_us = INT64_C(1000000) * TILL_LIMIT_WEBHOOK_TOLERANCE_S;
    static const int64_t second_us = 1000000;
    assert_int_equal(verify(SECRET, ID, AT, POLAR, body, SIGNED_US + tolerance_us),
                     POLAR_WEBHOOK_GENUINE);
    assert_int_equal(verify(SECRET, ID, AT, POLAR, body, SIGNED_US - tolerance_us),
                     POLAR_WEBHOOK_GENUINE);
    assert_int_equal(verify(SECRET, ID, AT, POLAR, body, SIGNED_US + tolerance_us + second_us),
                     POLAR_WEBHOOK_STALE);
    assert_int_equal(verify(SECRET, ID, AT, POLAR, body, SIGNED_US - tolerance_us - second_us),
                     POLAR_WEBHOOK_STALE);
}

static void missing_and_malformed_headers(void **state)
{
    (void)state;
    static const char *const ids[] = {NULL, "", "a.b", "a b", "a\nb", "\xc3\xa9", "'--"};
    static const char *const times[] = {
        NULL,          "",           "now",         "-1614265330", "+614265330",
        "1614265330.", "0x60378832", " 1614265330", "1614265330 ", "1614265330000"};
    char long_id[POLAR_WEBHOOK_ID_BYTES + 2];
    memset(long_id, 'a', sizeof(long_id) - 1);
    long_id[sizeof(long_id) - 1] = '\0';
    for (size_t i = 0; i < TILL_COUNT(ids); i++)
        assert_int_equal(verify(SECRET, ids[i], AT, POLAR, body, SIGNED_US),
                         POLAR_WEBHOOK_UNSIGNED);
    assert_int_equal(verify(SECRET, long_id, AT, POLAR, body, SIGNED_US), POLAR_WEBHOOK_UNSIGNED);
    for (size_t i = 0; i < TILL_COUNT(times); i++)
        assert_int_equal(verify(SECRET, ID, times[i], POLAR, body, SIGNED_US),
                         POLAR_WEBHOOK_UNSIGNED);
    assert_int_equal(verify(SECRET, ID, AT, NULL, body, SIGNED_US), POLAR_WEBHOOK_UNSIGNED);
}

static void forged(void **state)
{
    (void)state;
    static const char *const signatures[] = {"",
                                             "v1,",
                                             "v1",
                                             POLAR "=",
                                             "v2,TcxlhK9b6UD6iVI1ZU2tTqp8PEVfYRseNNfa6b+LcUg=",
                                             "TcxlhK9b6UD6iVI1ZU2tTqp8PEVfYRseNNfa6b+LcUg=",
                                             "v1,TcxlhK9b6UD6iVI1ZU2tTqp8PEVfYRseNNfa6b+LcU",
                                             "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    for (size_t i = 0; i < TILL_COUNT(signatures); i++)
        assert_int_equal(verify(SECRET, ID, AT, signatures[i], body, SIGNED_US),
                         POLAR_WEBHOOK_FORGED);
    assert_int_equal(verify("whsec_another-secret-altogether", ID, AT, POLAR, body, SIGNED_US),
                     POLAR_WEBHOOK_FORGED);
    assert_int_equal(verify(SECRET, "msg_2", AT, POLAR, body, SIGNED_US), POLAR_WEBHOOK_FORGED);
    assert_int_equal(verify(SECRET, ID, "1614265331", POLAR, body, SIGNED_US),
                     POLAR_WEBHOOK_FORGED);
    assert_int_equal(verify(SECRET, ID, AT, POLAR, SV(""), SIGNED_US), POLAR_WEBHOOK_FORGED);
}

// Every single bit of the body counts.
static void every_bit_of_the_body(void **state)
{
    (void)state;
    char text[20];
    for (size_t bit = 0; bit < 8 * body.len; bit++) {
        memcpy(text, body.ptr, body.len);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        assert_int_equal(
            verify(SECRET, ID, AT, POLAR " " STANDARD, (struct sv){text, body.len}, SIGNED_US),
            POLAR_WEBHOOK_FORGED);
    }
}

// A secret of which little is left when it is decoded is no key.
static void short_decoded_keys_are_no_keys(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct secret secret = {0};
    assert_int_equal(secret_set(&secret, SV("whsec_AAAA"), &e), TILL_OK);
    assert_int_equal(polar_webhook_secret_check(&secret, &e), TILL_USAGE);
    assert_true(e.hint[0] != '\0');
    secret_release(&secret);
}

static void words(void **state)
{
    (void)state;
    for (int verdict = POLAR_WEBHOOK_GENUINE; verdict <= POLAR_WEBHOOK_FORGED; verdict++)
        assert_true(polar_webhook_words((enum polar_webhook_verdict)verdict)[0] != '\0');
}

static int start(void **state)
{
    (void)state;
    struct till_error e = {0};
    struct secret secret = {0};
    int failed = secret_set(&secret, SV("a long enough secret"), &e) ||
                 polar_webhook_secret_check(&secret, &e);
    secret_release(&secret);
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_keys),
        cmocka_unit_test(several_signatures),
        cmocka_unit_test(time_both_ways),
        cmocka_unit_test(missing_and_malformed_headers),
        cmocka_unit_test(forged),
        cmocka_unit_test(every_bit_of_the_body),
        cmocka_unit_test(short_decoded_keys_are_no_keys),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
