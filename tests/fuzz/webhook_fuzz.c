// SPDX-License-Identifier: Apache-2.0
// webhook_fuzz.c - any bytes as a webhook: four lines of secret, id, timestamp and signature, then the body; and the body as an event and as a row.
//
// What must hold for every input: no crash; nothing is genuine unless its signature is one that this file computes too, over well-formed headers and
// within the tolerance; a right signature is taken; what an event leaves to be stored is valid JSON text without credentials, and the
// same when it is read again.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "crypto/crypto.h"
#include "decode/decode.h"
#include "polar/webhook.h"

static const int64_t now_us = INT64_C(1614265330000000);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool is_plain(struct sv text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return text.len > 0 && text.len <= POLAR_WEBHOOK_ID_BYTES;
}

// "v1," and the base64 of what Polar would send; written apart from the program's decoder.
static void sign(struct sv key, const struct polar_webhook_headers *headers, struct sv body,
                 char ret_text[static 64])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char mac[CRYPTO_HMAC_BYTES + 1] = {0};
    const struct sv text[] = {headers->id, SV("."), headers->timestamp, SV("."), body};
    crypto_hmac_sha256(key, text, TILL_COUNT(text), mac);
    char *at = ret_text + snprintf(ret_text, 64, "v1,");
    for (size_t i = 0; i < CRYPTO_HMAC_BYTES; i += 3) {
        unsigned bits = (unsigned)mac[i] << 16 | (unsigned)mac[i + 1] << 8 |
                        (i + 2 < sizeof(mac) ? (unsigned)mac[i + 2] : 0);
        for (int shift = 18; shift >= 0; shift -= 6)
            *at++ = digits[bits >> shift & 63];
    }
    at[-1] = '='; // 32 bytes leave one character of padding
    *at = '\0';
}

static void try_signature(const struct secret *secret, struct polar_webhook_headers headers,
                          struct sv body)
{
    char right[64];
    int64_t seconds = 0;
    enum polar_webhook_verdict verdict = polar_webhook_verify(secret, &headers, body, now_us);
    bool is_well_formed = is_plain(headers.id) && sv_to_int64(headers.timestamp, &seconds) &&
                          headers.timestamp.len <= 12 && headers.timestamp.ptr[0] != '-';
    int64_t off_s = now_us / 1000000 - seconds;
    bool is_timely =
        off_s <= TILL_LIMIT_WEBHOOK_TOLERANCE_S && off_s >= -TILL_LIMIT_WEBHOOK_TOLERANCE_S;
    must(verdict != POLAR_WEBHOOK_GENUINE || (is_well_formed && is_timely));
    sign(secret_bytes(secret), &headers, body, right);
    headers.signature = sv_of(right);
    verdict = polar_webhook_verify(secret, &headers, body, now_us);
    must(verdict == (!is_well_formed ? POLAR_WEBHOOK_UNSIGNED
                     : is_timely     ? POLAR_WEBHOOK_GENUINE
                                     : POLAR_WEBHOOK_STALE));
    if (verdict == POLAR_WEBHOOK_GENUINE) {
        right[3] = right[3] == 'A' ? 'B' : 'A';
        must(polar_webhook_verify(secret, &headers, body, now_us) == POLAR_WEBHOOK_FORGED);
    }
}

static void try_event(struct sv body)
{
    struct till_error e = {0};
    struct decode_event event, again;
    struct decode_page page;
    AUTO_ARENA arena;
    AUTO_BUF envelope;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    buf_init(&envelope, TILL_LIMIT_BUFFER_BYTES);
    if (decode_event(body, &arena, &event, &e) != TILL_OK) {
        must(e.text[0] != '\0');
        return;
    }
    must(event.type.len > 0 && event.type.len <= DECODE_TYPE_BYTES);
    must(!event.organization_id.ptr || event.organization_id.len == 36);
    must(!event.id.ptr || event.id.len == 36);
    must(sv_is_utf8(event.data) && event.data.len >= 2 && event.data.ptr[0] == '{');
    buf_text(&envelope, "{\"type\":\"x\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"data\":");
    buf_sv(&envelope, event.data);
    buf_char(&envelope, '}');
    must(decode_event((struct sv){envelope.data, envelope.len}, &arena, &again, &e) == TILL_OK);
    must(sv_equal(again.data, event.data));
    for (int i = 0; i < TABLE__COUNT; i++) {
        enum till_code code =
            decode_object(model_table((enum table_id)i), event.data, &arena, &page, &e);
        must(code == TILL_OK || code == TILL_LIMIT);
        must(code || page.row_count + page.reject_count == 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct till_error e = {0};
    struct secret secret = {0};
    struct sv lines[4] = {{0}};
    struct sv rest = {(const char *)data, size};
    for (size_t i = 0; i < TILL_COUNT(lines); i++) {
        const char *end = rest.len > 0 ? memchr(rest.ptr, '\n', rest.len) : NULL;
        if (!end)
            return 0;
        lines[i] = (struct sv){rest.ptr, (size_t)(end - rest.ptr)};
        rest = (struct sv){end + 1, rest.len - lines[i].len - 1};
    }
    if (secret_set(&secret, lines[0], &e) == TILL_OK &&
        polar_webhook_secret_check(&secret, &e) == TILL_OK)
        try_signature(&secret, (struct polar_webhook_headers){lines[1], lines[2], lines[3]}, rest);
    secret_release(&secret);
    try_event(rest);
    return 0;
}
