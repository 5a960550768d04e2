// SPDX-License-Identifier: Apache-2.0
// webhook.c - the signature of a webhook.
//
// Headers are checked by their shape first: an id without '.' and a timestamp of digits alone leave one way only to cut the signed text into its
// three parts, so that no signature of one event fits another. Time comes before the signature: a replay costs no HMAC over its body. Every signature
// is compared with both keys' results, whatever the first ones gave, and nothing tells which was right.
#include "polar/webhook.h"

#include "base/limits.h"
#include "crypto/crypto.h"

enum { SECONDS_DIGITS = 12, KEYS = 2 };

static const struct sv prefix = {"whsec_", 6};

struct keys {
    struct sv keys[KEYS];
    unsigned char macs[KEYS][CRYPTO_HMAC_BYTES];
    size_t count;
    unsigned char decoded[TILL_LIMIT_TOKEN_BYTES];
};

static void keys_make(const struct secret *secret, struct keys *keys)
{
    struct sv text = secret_bytes(secret);
    size_t len = 0;
    *keys = (struct keys){.keys = {text}, .count = 1};
    if (sv_starts_with(text, prefix))
        text = (struct sv){text.ptr + prefix.len, text.len - prefix.len};
    if (crypto_base64_decode(text, keys->decoded, sizeof(keys->decoded), &len) &&
        len >= POLAR_WEBHOOK_SECRET_MIN_BYTES)
        keys->keys[keys->count++] = (struct sv){(const char *)keys->decoded, len};
}

enum till_code polar_webhook_secret_check(const struct secret *secret, struct till_error *e)
{
    enum till_code code = crypto_start(e);
    if (code || secret_bytes(secret).len >= POLAR_WEBHOOK_SECRET_MIN_BYTES)
        return code;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "the webhook secret is too short to be one");
    return till_error_hint(e, "copy the whole of it from the endpoint's page in Polar: it begins "
                              "with whsec_");
}

static bool is_id(struct sv id)
{
    if (!id.ptr || id.len == 0 || id.len > POLAR_WEBHOOK_ID_BYTES)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_word && c != '-' && c != '_')
            return false;
    }
    return true;
}

static bool seconds_read(struct sv text, int64_t *ret_seconds)
{
    if (!text.ptr || text.len == 0 || text.len > SECONDS_DIGITS)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    }
    return sv_to_int64(text, ret_seconds);
}

static bool is_signed_by(struct sv signatures, const struct keys *keys)
{
    struct sv one;
    bool is_right = false;
    for (int i = 0; i < TILL_LIMIT_WEBHOOK_SIGNATURES && sv_split(&signatures, ' ', &one); i++) {
        unsigned char given[CRYPTO_HMAC_BYTES];
        size_t len = 0;
        if (!sv_starts_with(one, SV("v1,")) ||
            !crypto_base64_decode((struct sv){one.ptr + 3, one.len - 3}, given, sizeof(given),
                                  &len) ||
            len != sizeof(given))
            continue;
        for (size_t k = 0; k < keys->count; k++)
            is_right |= crypto_equal(given, keys->macs[k], sizeof(given));
    }
    return is_right;
}

enum polar_webhook_verdict polar_webhook_verify(const struct secret *secret,
                                                const struct polar_webhook_headers *headers,
                                                struct sv body, int64_t now_us)
{
    int64_t seconds = 0;
    struct keys keys;
    if (!is_id(headers->id) || !headers->signature.ptr ||
        !seconds_read(headers->timestamp, &seconds))
        return POLAR_WEBHOOK_UNSIGNED;
    int64_t off_s = now_us / 1000000 - seconds;
    if (off_s > TILL_LIMIT_WEBHOOK_TOLERANCE_S || off_s < -TILL_LIMIT_WEBHOOK_TOLERANCE_S)
        return POLAR_WEBHOOK_STALE;
    const struct sv text[] = {headers->id, SV("."), headers->timestamp, SV("."), body};
    keys_make(secret, &keys);
    for (size_t i = 0; i < keys.count; i++)
        crypto_hmac_sha256(keys.keys[i], text, TILL_COUNT(text), keys.macs[i]);
    bool is_right = is_signed_by(headers->signature, &keys);
    memory_wipe(&keys, sizeof(keys));
    return is_right ? POLAR_WEBHOOK_GENUINE : POLAR_WEBHOOK_FORGED;
}

const char *polar_webhook_words(enum polar_webhook_verdict verdict)
{
    switch (verdict) {
    case POLAR_WEBHOOK_GENUINE:
        return "the signature is right";
    case POLAR_WEBHOOK_UNSIGNED:
        return "webhook-id, webhook-timestamp or webhook-signature is missing or malformed";
    case POLAR_WEBHOOK_STALE:
        return "the timestamp is more than 5 minutes off: a replay, or a clock that is wrong";
    case POLAR_WEBHOOK_FORGED:
        return "the signature is wrong: is this the secret of that endpoint?";
    }
    return "";
}
