// SPDX-License-Identifier: Apache-2.0
// token_test.c - tokens are made here, at run time, so that nothing in the tree looks like a real one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "polar/polar.h"

enum { TOKEN_CHARACTERS = 53 };
static const char prefix[] = "polar_oat_";

// Written apart from the program's own: bit by bit, from the polynomial.
static uint32_t crc(const char *text, size_t len)
{
    uint32_t value = 0xffffffff;
    for (size_t i = 0; i < len; i++) {
        value ^= (unsigned char)text[i];
        for (int bit = 0; bit < 8; bit++)
            value = value & 1 ? (value >> 1) ^ 0xedb88320u : value >> 1;
    }
    return ~value;
}

static void make_token(unsigned seed, char ret_token[static TOKEN_CHARACTERS + 1])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char *random = ret_token + sizeof prefix - 1;
    memcpy(ret_token, prefix, sizeof prefix);
    for (int i = 0; i < 37; i++) {
        seed = seed * 1103515245u + 12345u;
        random[i] = digits[(seed >> 16) % 62];
    }
    uint32_t rest = crc(random, 37);
    for (int i = 5; i >= 0; i--, rest /= 62)
        random[37 + i] = digits[rest % 62];
    ret_token[TOKEN_CHARACTERS] = '\0';
}

static void good_tokens(void **state)
{
    (void)state;
    char token[TOKEN_CHARACTERS + 1], why[256];
    assert_int_equal(crc("123456789", 9),
                     0xcbf43926); // the check value that every description of this CRC gives
    for (unsigned seed = 0; seed < 500; seed++) {
        make_token(seed, token);
        assert_int_equal(polar_token_check(sv_of(token), why), POLAR_TOKEN_GOOD);
        assert_string_equal(why, "");
    }
}

static void one_wrong_character_shows(void **state)
{
    (void)state;
    char token[TOKEN_CHARACTERS + 1], why[256];
    for (size_t i = sizeof prefix - 1; i < TOKEN_CHARACTERS; i++) {
        make_token((unsigned)i, token);
        token[i] = token[i] == 'x' ? 'y' : 'x';
        assert_int_equal(polar_token_check(sv_of(token), why), POLAR_TOKEN_BAD_CHECKSUM);
        assert_non_null(strstr(why, "do not match"));
    }
}

static void check_bad(const char *text, const char *words)
{
    char why[256];
    assert_int_equal(polar_token_check(sv_of(text), why), POLAR_TOKEN_BAD_SHAPE);
    if (!strstr(why, words))
        fail_msg("\"%s\" does not say \"%s\"", why, words);
    if (strlen(text) > 20)
        assert_null(strstr(why, text));
}

static void bad_shapes(void **state)
{
    (void)state;
    char token[TOKEN_CHARACTERS + 8];
    check_bad("", "empty");
    check_bad("hello", "starts with");
    check_bad("POLAR_OAT_", "starts with");
    check_bad("polar_pat_abc", "personal access token");
    check_bad("polar_at_u_abc", "OAuth access token");
    check_bad("polar_cst_abc", "customer session");
    check_bad("whsec_abc", "webhook secret");
    check_bad("polar_oat_", "10 characters");
    make_token(1, token);
    token[TOKEN_CHARACTERS - 1] = '\0';
    check_bad(token, "it has 52 characters, an organization access token has 53");
    make_token(1, token);
    memcpy(token + TOKEN_CHARACTERS, "a", 2);
    check_bad(token, "it has 54 characters");
    make_token(1, token);
    token[20] = '-';
    check_bad(token, "character 21");
    make_token(1, token);
    memcpy(token + TOKEN_CHARACTERS, "\n", 2);
    check_bad(token, "character 54");
    memmove(token + 1, token, TOKEN_CHARACTERS);
    token[0] = ' ';
    check_bad(token, "starts with");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_tokens),
        cmocka_unit_test(one_wrong_character_shows),
        cmocka_unit_test(bad_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
