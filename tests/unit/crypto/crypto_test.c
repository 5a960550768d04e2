// SPDX-License-Identifier: Apache-2.0
// crypto_test.c - published vectors where there are some, and the promises of crypto.h. The sealed file's golden bytes are in tests/unit/vault.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"

static void assert_mac(struct sv key, const struct sv *pieces, size_t count, const char *expected)
{
    unsigned char mac[CRYPTO_HMAC_BYTES];
    char text[2 * CRYPTO_HMAC_BYTES + 1];
    crypto_hmac_sha256(key, pieces, count, mac);
    for (size_t i = 0; i < sizeof(mac); i++)
        (void)snprintf(text + 2 * i, 3, "%02x", mac[i]);
    assert_string_equal(text, expected);
}

// RFC 4231, cases 1, 2, 6 (a key longer than a block) and 7.
static void hmac_vectors(void **state)
{
    (void)state;
    char key[131];
    memset(key, 0x0b, 20);
    const struct sv hi = SV("Hi There");
    assert_mac((struct sv){key, 20}, &hi, 1,
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    const struct sv split[] = {SV("what do ya "), SV(""), SV("want for nothing?")};
    assert_mac(SV("Jefe"), split, 3,
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    const struct sv larger = SV("Test Using Larger Than Block-Size Key - Hash Key First");
    assert_mac((struct sv){key, sizeof(key)}, &larger, 1,
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    const struct sv both = SV("This is a test using a larger than block-size key and a larger than "
                              "block-size data. The key needs to be hashed before being used by "
                              "the HMAC algorithm.");
    assert_mac((struct sv){key, sizeof(key)}, &both, 1,
               "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static void base64(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes;
    } good[] = {{"", ""},      {"aA==", "h"},   {"aA", "h"},          {"aGk=", "hi"},
                {"aGk", "hi"}, {"aGlz", "his"}, {"aGlzcw==", "hiss"}, {"+/8=", "\xfb\xff"}};
    static const char *const bad[] = {"a",      "aA=",  "aA===", "aGlz=", "aG lz",
                                      "aGlz\n", "-_8=", "aB==",  "a=A=",  "aGlzc2luZ2x5"};
    unsigned char bytes[8];
    size_t len = 99;
    for (size_t i = 0; i < TILL_COUNT(good); i++) {
        assert_true(crypto_base64_decode(sv_of(good[i].text), bytes, sizeof(bytes), &len));
        assert_int_equal(len, strlen(good[i].bytes));
        assert_memory_equal(bytes, good[i].bytes, len);
    }
    for (size_t i = 0; i < TILL_COUNT(bad); i++) {
        len = 99;
        if (crypto_base64_decode(sv_of(bad[i]), bytes, sizeof(bytes), &len))
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(len, 99);
    }
}

static void equal_is_equal(void **state)
{
    (void)state;
    assert_true(crypto_equal("abcd", "abcd", 4));
    assert_false(crypto_equal("abcd", "abce", 4));
    assert_true(crypto_equal("x", "y", 0));
}

static void locked_text(void **state)
{
    (void)state;
    unsigned char nonce[CRYPTO_NONCE_BYTES], key[CRYPTO_KEY_BYTES], sealed[5 + CRYPTO_TAG_BYTES],
        back[5];
    crypto_random(nonce, sizeof(nonce));
    crypto_random(key, sizeof(key));
    crypto_lock(SV("hello"), SV("beside"), nonce, key, sealed);
    const struct sv text = {(const char *)sealed, sizeof(sealed)};
    assert_true(crypto_unlock(text, SV("beside"), nonce, key, back));
    assert_memory_equal(back, "hello", 5);
    assert_false(crypto_unlock(text, SV("besides"), nonce, key, back));
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        assert_false(crypto_unlock(text, SV("beside"), nonce, key, back));
        sealed[i] ^= 1;
    }
}

static void padding(void **state)
{
    (void)state;
    unsigned char bytes[64] = "0123456789";
    for (size_t len = 0; len < 40; len++) {
        size_t back = 99;
        size_t padded = crypto_pad(bytes, len, 16, sizeof(bytes));
        assert_true(padded > len && padded % 16 == 0 && padded <= len + 16);
        assert_true(crypto_unpad(bytes, padded, 16, &back));
        assert_int_equal(back, len);
    }
}

int main(void)
{
    struct till_error e = {0};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_vectors), cmocka_unit_test(base64),  cmocka_unit_test(equal_is_equal),
        cmocka_unit_test(locked_text),  cmocka_unit_test(padding),
    };
    return crypto_start(&e) ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
