// SPDX-License-Identifier: Apache-2.0
// webhook.h - whether a webhook really comes from Polar, and is from now.
//
// Polar signs "<webhook-id>.<webhook-timestamp>.<body>" with HMAC-SHA256 (Standard Webhooks). Its key is not what that standard says: the bytes of the whole
// secret as shown, "whsec_" included. The standard's own key (what follows "whsec_", base64-decoded) is accepted as well, so that a proxy that
// signs anew by the standard, or a Polar that one day follows it, works with the same secret.
#ifndef TILL_POLAR_WEBHOOK_H
#define TILL_POLAR_WEBHOOK_H

#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"

enum { POLAR_WEBHOOK_ID_BYTES = 63, POLAR_WEBHOOK_SECRET_MIN_BYTES = 16 };

enum polar_webhook_verdict {
    POLAR_WEBHOOK_GENUINE,
    POLAR_WEBHOOK_UNSIGNED, // a header is missing or malformed
    POLAR_WEBHOOK_STALE, // more than TILL_LIMIT_WEBHOOK_TOLERANCE_S before or after now: a replay, or a clock that is off
    POLAR_WEBHOOK_FORGED, // no signature is right: another secret, or another body
};

struct polar_webhook_headers { // .ptr NULL = missing
    struct sv id;              // letters, digits, '-' and '_'
    struct sv timestamp;       // seconds since 1970, digits
    struct sv signature;       // "v1,<base64>", several separated by spaces
};

// USAGE when the secret is too short to be one.
enum till_code polar_webhook_secret_check(const struct secret *secret,
                                          struct till_error *e) TILL_MUSTUSE;
// Signatures are compared in constant time. crypto_start() (polar_webhook_secret_check() does it) comes before.
enum polar_webhook_verdict polar_webhook_verify(const struct secret *secret,
                                                const struct polar_webhook_headers *headers,
                                                struct sv body, int64_t now_us);
// One sentence for the sender's log.
const char *polar_webhook_words(enum polar_webhook_verdict verdict);

#endif
