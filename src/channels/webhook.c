// SPDX-License-Identifier: Apache-2.0
// webhook.c - JSON to an address of yours, signed by Standard Webhooks.
//
// webhook-id is the message's id, the same at each try, so that the receiver can tell a repetition; Idempotency-Key says the same to those who look there. The
// time is that of the try, as the specification wants it. A status above 2xx is the receiver's word that it did not take it; the id makes a
// second try harmless in any case.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "channels/channel.h"
#include "crypto/crypto.h"

enum { KEY_MIN_BYTES = 16, KEY_MAX_BYTES = 64, NEW_KEY_BYTES = 32, ID_BYTES = 128 };
static const struct sv prefix = {"whsec_", 6};

// Bytes of the key; 0 when the secret is none.
static size_t read_key(struct sv secret, unsigned char ret_key[static KEY_MAX_BYTES])
{
    size_t len = 0;
    if (!sv_starts_with(secret, prefix) ||
        !crypto_base64_decode((struct sv){secret.ptr + prefix.len, secret.len - prefix.len},
                              ret_key, KEY_MAX_BYTES, &len) ||
        len < KEY_MIN_BYTES)
        return 0;
    return len;
}

static enum till_code webhook_open(struct channel *channel, struct till_error *e)
{
    const struct secret *secret = channel_get_secret(channel, CHANNEL_FIELD_signing_secret);
    unsigned char key[KEY_MAX_BYTES];
    enum till_code code = crypto_start(e);
    if (code == TILL_OK)
        code = http_check_url(channel_get(channel, CHANNEL_FIELD_url), e);
    if (code)
        return code;
    size_t len = secret ? read_key(secret_bytes(secret), key) : KEY_MIN_BYTES;
    memory_wipe(key, sizeof key);
    if (len > 0)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "this is not a signing secret");
    return till_error_hint(e, "it is whsec_ and 24 to 64 bytes in Base64; without one a new one is "
                              "made");
}

// What stands behind "?" may be a password.
static void webhook_describe(const struct channel *channel, struct buf *out)
{
    const char *url = channel_get(channel, CHANNEL_FIELD_url);
    size_t len = strcspn(url, "?#");
    buf_append(out, url, len);
    if (url[len])
        buf_text(out, "?...");
}

static enum till_code webhook_make_secret(struct secret *ret_secret, struct till_error *e)
{
    unsigned char key[NEW_KEY_BYTES];
    char text[6 + 2 * NEW_KEY_BYTES];
    enum till_code code = crypto_start(e);
    if (code)
        return code;
    crypto_random(key, sizeof key);
    memcpy(text, prefix.ptr, prefix.len);
    crypto_base64_encode(key, sizeof key, text + prefix.len, sizeof text - prefix.len);
    code = secret_set(ret_secret, sv_of(text), e);
    memory_wipe(key, sizeof key);
    memory_wipe(text, sizeof text);
    return code;
}

// The signed text is ID.TIME.BODY: an id without a dot leaves one way only to take it apart.
static void make_id(struct sv id, char ret_id[static ID_BYTES])
{
    size_t len = id.len < ID_BYTES - 1 ? id.len : ID_BYTES - 1;
    for (size_t i = 0; i < len; i++)
        ret_id[i] = id.ptr[i] == '.' ? '_' : id.ptr[i];
    ret_id[len] = '\0';
}

static enum till_code webhook_compose(const struct channel *channel,
                                      const struct channel_message *message, struct arena *arena,
                                      struct channel_parts *ret_parts, struct till_error *e)
{
    AUTO_BUF address;
    AUTO_BUF headers;
    char id[ID_BYTES];
    buf_init(&address, TILL_LIMIT_BUFFER_BYTES);
    buf_init(&headers, TILL_LIMIT_BUFFER_BYTES);
    webhook_describe(channel, &address);
    make_id(message->id, id);
    buf_format(&headers, "Content-Type: application/json\nwebhook-id: %s\nIdempotency-Key: %s", id,
               id);
    return channel_one_part(&address, &headers, message->json, arena, ret_parts, e);
}

// ---- sending ----

struct signed_headers {
    char id[16 + ID_BYTES], key[24 + ID_BYTES], at[64], signature[96];
};

static void sign(const struct channel *channel, const char *id, struct sv body,
                 struct channel_question *question, struct signed_headers *headers)
{
    const struct secret *secret = channel_get_secret(channel, CHANNEL_FIELD_signing_secret);
    unsigned char key[KEY_MAX_BYTES], mac[CRYPTO_HMAC_BYTES];
    char at[32], text[64] = "";
    (void)snprintf(at, sizeof at, "%lld", (long long)(clock_now_us(channel->clock) / 1000000));
    (void)snprintf(headers->id, sizeof headers->id, "webhook-id: %s", id);
    (void)snprintf(headers->key, sizeof headers->key, "Idempotency-Key: %s", id);
    (void)snprintf(headers->at, sizeof headers->at, "webhook-timestamp: %s", at);
    question->headers[0] = headers->id;
    question->headers[1] = headers->key;
    question->headers[2] = headers->at;
    if (!secret)
        return;
    const struct sv pieces[] = {sv_of(id), SV("."), sv_of(at), SV("."), body};
    size_t len = read_key(secret_bytes(secret), key);
    crypto_hmac_sha256((struct sv){(const char *)key, len}, pieces, TILL_COUNT(pieces), mac);
    crypto_base64_encode(mac, sizeof mac, text, sizeof text);
    memory_wipe(key, sizeof key);
    (void)snprintf(headers->signature, sizeof headers->signature, "webhook-signature: v1,%s", text);
    question->headers[3] = headers->signature;
}

static enum till_code fail(const struct channel_question *question,
                           const struct channel_answer *answer, struct channel_result *ret_result,
                           struct till_error *e)
{
    static const struct {
        int status;
        const char *hint;
    } known[] = {
        {400, "look at what the receiver wants: it did not take the message as it is"},
        {401, "the receiver does not know the signature: does it have this channel's secret?"},
        {403, "the receiver does not know the signature: does it have this channel's secret?"},
        {404, "check the address: nobody takes messages there"},
        {405, "check the address: it does not take POST"},
        {410, "the receiver wants no more messages: remove the channel, or give its new address"},
        {413, "let the channel have fewer sections: the receiver finds the message too large"},
    };
    const char *hint = "";
    for (size_t i = 0; i < TILL_COUNT(known); i++)
        if (known[i].status == answer->status)
            hint = known[i].hint;
    if (answer->status >= 500)
        hint = "the receiver failed; it is tried again later";
    enum till_code code = channel_fail(question, answer, SV(""), hint, ret_result, e);
    if (answer->status >= 500) { // its word that it did not take it
        ret_result->outcome = CHANNEL_NOT_SENT;
        ret_result->retry_after_ms = answer->retry_after_ms;
    }
    return code;
}

static enum till_code post(struct channel *channel, const struct channel_question *asked,
                           const char *id, struct channel_result *ret_result, struct till_error *e)
{
    AUTO_ARENA arena;
    struct channel_answer answer;
    struct signed_headers headers = {.id = ""};
    struct channel_question question = *asked;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    question.url = channel_get(channel, CHANNEL_FIELD_url);
    question.is_url_secret = true; // as far as it is not known that it is none
    sign(channel, id, question.body, &question, &headers);
    enum till_code code = channel_ask(channel, &question, &arena, &answer, ret_result, e);
    if (code == TILL_OK && answer.status / 100 != 2)
        code = fail(&question, &answer, ret_result, e);
    return code;
}

static enum till_code webhook_send(struct channel *channel, const struct channel_message *message,
                                   const struct channel_part *part,
                                   const struct channel_commit *commit,
                                   struct channel_result *ret_result, struct till_error *e)
{
    char id[ID_BYTES];
    struct channel_question question = {
        .what = "send to the webhook", .body = part->body, .commit = commit};
    make_id(message->id, id);
    return post(channel, &question, id, ret_result, e);
}

static enum till_code webhook_check(struct channel *channel, bool *ret_was_asked,
                                    struct till_error *e)
{
    unsigned char number[12];
    char id[ID_BYTES] = "verification-";
    struct channel_result result;
    struct channel_question question = {.what = "ask the webhook",
                                        .body = SV("{\"type\":\"verification\"}")};
    *ret_was_asked = true;
    crypto_random(number, sizeof number);
    crypto_base64url_encode(number, sizeof number, id + strlen(id), sizeof id - strlen(id));
    return post(channel, &question, id, &result, e);
}

const struct channel_service channel_webhook = {
    .is_repeatable = true,
    .open = webhook_open,
    .describe = webhook_describe,
    .compose = webhook_compose,
    .send = webhook_send,
    .check = webhook_check,
    .make_secret = webhook_make_secret,
};
