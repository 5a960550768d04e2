// SPDX-License-Identifier: Apache-2.0
// credential.c - the two shapes of credentials that ride in rows.
//
// Polar's own: "polar_", a kind of a few lower-case letters (c, cst, oat, at_u, ...), "_", then random letters and digits. Stripe's: an object's id,
// "_secret_", then random letters and digits. Only the random run is taken out: the kind stays readable. A run shorter than
// CREDENTIAL_RUN_BYTES is a word, not a secret.
#include "decode/credential.h"

enum { CREDENTIAL_RUN_BYTES = 16, CREDENTIAL_KIND_BYTES = 8 };

static const struct sv polar_mark = {"polar_", 6};
static const struct sv stripe_mark = {"_secret_", 8};

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_random(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static const char *find(struct sv text, struct sv mark)
{
    return text.len < mark.len ? NULL : memmem(text.ptr, text.len, mark.ptr, mark.len);
}

bool credential_may_be_in(struct sv text)
{
    return find(text, polar_mark) != NULL || find(text, stripe_mark) != NULL;
}

// Over one "kind_" or none.
static const char *skip_kind(const char *at, const char *end)
{
    const char *kind = at;
    while (at < end && at - kind < CREDENTIAL_KIND_BYTES && is_lower(*at))
        at++;
    return at > kind && at < end && *at == '_' ? at + 1 : kind;
}

static bool run_at(const char *at, const char *end, struct sv *ret_secret)
{
    const char *start = at;
    while (at < end && is_random(*at))
        at++;
    if (at - start < CREDENTIAL_RUN_BYTES)
        return false;
    *ret_secret = (struct sv){start, (size_t)(at - start)};
    return true;
}

// The secret behind the mark that has its underscore at `at`.
static bool secret_near(struct sv text, const char *at, struct sv *ret_secret)
{
    const char *end = text.ptr + text.len;
    size_t before = polar_mark.len - 1;
    if ((size_t)(at - text.ptr) >= before && memcmp(at - before, polar_mark.ptr, before) == 0)
        return run_at(skip_kind(skip_kind(at + 1, end), end), end, ret_secret); // "at_", "u_"
    return (size_t)(end - at) > stripe_mark.len &&
           memcmp(at, stripe_mark.ptr, stripe_mark.len) == 0 &&
           run_at(at + stripe_mark.len, end, ret_secret);
}

bool credential_find(struct sv text, struct sv *ret_secret)
{
    if (text.len < polar_mark.len + CREDENTIAL_RUN_BYTES)
        return false;
    const char *end = text.ptr + text.len;
    const char *at = memchr(text.ptr, '_', text.len);
    while (at) {
        if (secret_near(text, at, ret_secret))
            return true;
        at++;
        at = memchr(at, '_', (size_t)(end - at));
    }
    return false;
}
