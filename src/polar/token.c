// SPDX-License-Identifier: Apache-2.0
// token.c - is this text an organization access token at all? Answered offline, before anything is sent anywhere.
//
// polar_oat_ + 37 random characters of [A-Za-z0-9] + 6 of checksum: the CRC-32 (zlib's) of the 37, in base 62 with the alphabet 0-9A-Za-z, padded on
// the left with '0'. Polar itself never looks at the checksum, so a wrong one is a warning. Sandbox and production tokens look alike.
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "polar/polar.h"

enum { RANDOM_CHARACTERS = 37, CHECKSUM_CHARACTERS = 6, WHY_BYTES = 256 };
static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static const struct {
    struct sv prefix;
    const char *kind;
} other_kinds[] = {
    {{"polar_pat_", 10}, "a personal access token"},
    {{"polar_at_", 9}, "an OAuth access token"},
    {{"polar_rt_", 9}, "an OAuth refresh token"},
    {{"polar_cst_", 10}, "a customer session token"},
    {{"polar_mst_", 10}, "a member session token"},
    {{"polar_us_", 9}, "a browser session"},
    {{"polar_cs_", 9}, "an OAuth client secret"},
    {{"polar_ci_", 9}, "an OAuth client id"},
    {{"whsec_", 6}, "a webhook secret"},
};

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static enum polar_token_shape token_refuse_prefix(struct sv token, char ret_why[static WHY_BYTES])
{
    for (size_t i = 0; i < TILL_COUNT(other_kinds); i++) {
        if (!sv_starts_with(token, other_kinds[i].prefix))
            continue;
        snprintf(
            ret_why, WHY_BYTES,
            "it is %s; an organization access token is needed, which starts with \"polar_oat_\"",
            other_kinds[i].kind);
        return POLAR_TOKEN_BAD_SHAPE;
    }
    snprintf(ret_why, WHY_BYTES, "an organization access token starts with \"polar_oat_\"");
    return POLAR_TOKEN_BAD_SHAPE;
}

static bool token_checksum_is_good(const char *random, const char *checksum)
{
    unsigned long crc = crc32(0UL, (const unsigned char *)random, RANDOM_CHARACTERS);
    char expected[CHECKSUM_CHARACTERS];
    for (int i = CHECKSUM_CHARACTERS - 1; i >= 0; i--) {
        expected[i] = alphabet[crc % 62];
        crc /= 62;
    }
    return memcmp(expected, checksum, CHECKSUM_CHARACTERS) == 0;
}

enum polar_token_shape polar_token_check(struct sv token, char ret_why[static WHY_BYTES])
{
    static const struct sv prefix = {"polar_oat_", 10};
    const size_t whole = prefix.len + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS;
    ret_why[0] = '\0';
    if (token.len == 0) {
        snprintf(ret_why, WHY_BYTES, "it is empty");
        return POLAR_TOKEN_BAD_SHAPE;
    }
    if (!sv_starts_with(token, prefix))
        return token_refuse_prefix(token, ret_why);
    for (size_t i = prefix.len; i < token.len; i++) {
        if (is_alphanumeric(token.ptr[i]))
            continue;
        snprintf(ret_why, WHY_BYTES, "character %zu is neither a letter nor a digit", i + 1);
        return POLAR_TOKEN_BAD_SHAPE;
    }
    if (token.len != whole) {
        snprintf(ret_why, WHY_BYTES, "it has %zu character%s, an organization access token has %zu",
                 token.len, token.len == 1 ? "" : "s", whole);
        return POLAR_TOKEN_BAD_SHAPE;
    }
    const char *random = token.ptr + prefix.len;
    if (token_checksum_is_good(random, random + RANDOM_CHARACTERS))
        return POLAR_TOKEN_GOOD;
    snprintf(ret_why, WHY_BYTES,
             "its last six characters do not match the rest: probably a typing or copying mistake");
    return POLAR_TOKEN_BAD_CHECKSUM;
}
