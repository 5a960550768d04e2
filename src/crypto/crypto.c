// SPDX-License-Identifier: Apache-2.0
// crypto.c - one thin function for each primitive, so that libsodium's header stays in this room.
//
// Nothing here is an algorithm of our own. HMAC goes through libsodium's multi-part form, because its one-shot form takes keys of 32 bytes only.
#include "crypto/crypto.h"

#include <sodium.h>

_Static_assert(CRYPTO_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "sealing key");
_Static_assert(CRYPTO_KEY_BYTES == crypto_kdf_KEYBYTES, "master key");
_Static_assert(CRYPTO_SALT_BYTES == crypto_pwhash_SALTBYTES, "salt");
_Static_assert(CRYPTO_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(CRYPTO_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(CRYPTO_CONTEXT_BYTES == crypto_kdf_CONTEXTBYTES, "context");
_Static_assert(CRYPTO_SHA256_BYTES == crypto_hash_sha256_BYTES, "hash");
_Static_assert(CRYPTO_HMAC_BYTES == crypto_auth_hmacsha256_BYTES, "mac");

enum till_code crypto_start(struct till_error *e)
{
    if (sodium_init() < 0)
        return TILL_FAIL(e, TILL_CONFIG, 0, "the cryptographic library could not start");
    return TILL_OK;
}

void crypto_random(void *ret_bytes, size_t bytes)
{
    randombytes_buf(ret_bytes, bytes);
}

bool crypto_equal(const void *a, const void *b, size_t bytes)
{
    return sodium_memcmp(a, b, bytes) == 0;
}

static const unsigned char *bytes_of(struct sv text)
{
    return (const unsigned char *)text.ptr;
}

void crypto_hmac_sha256(struct sv key, const struct sv *pieces, size_t count,
                        unsigned char ret_mac[static CRYPTO_HMAC_BYTES])
{
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, bytes_of(key), key.len);
    for (size_t i = 0; i < count; i++)
        (void)crypto_auth_hmacsha256_update(&state, bytes_of(pieces[i]), pieces[i].len);
    (void)crypto_auth_hmacsha256_final(&state, ret_mac);
    sodium_memzero(&state, sizeof(state));
}

bool crypto_base64_decode(struct sv text, unsigned char *ret_bytes, size_t capacity,
                          size_t *ret_len)
{
    bool is_padded = text.len > 0 && text.ptr[text.len - 1] == '=';
    const char *end = NULL;
    size_t len = 0;
    if (sodium_base642bin(ret_bytes, capacity, text.ptr, text.len, NULL, &len, &end,
                          is_padded ? sodium_base64_VARIANT_ORIGINAL
                                    : sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0 ||
        end != text.ptr + text.len)
        return false;
    *ret_len = len;
    return true;
}

void crypto_sha256(struct sv text, unsigned char ret_hash[static CRYPTO_SHA256_BYTES])
{
    (void)crypto_hash_sha256(ret_hash, bytes_of(text), text.len);
}

static void base64_encode(const unsigned char *bytes, size_t len, int variant, char *ret_text,
                          size_t capacity)
{
    if (capacity >= sodium_base64_encoded_len(len, variant))
        (void)sodium_bin2base64(ret_text, capacity, bytes, len, variant);
    else if (capacity > 0)
        ret_text[0] = '\0';
}

void crypto_base64_encode(const unsigned char *bytes, size_t len, char *ret_text, size_t capacity)
{
    base64_encode(bytes, len, sodium_base64_VARIANT_ORIGINAL, ret_text, capacity);
}

void crypto_base64url_encode(const unsigned char *bytes, size_t len, char *ret_text,
                             size_t capacity)
{
    base64_encode(bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING, ret_text, capacity);
}

void crypto_digest(struct sv material, const unsigned char salt[static CRYPTO_SALT_BYTES],
                   unsigned char ret_key[static CRYPTO_KEY_BYTES])
{
    (void)crypto_generichash(ret_key, CRYPTO_KEY_BYTES, bytes_of(material), material.len, salt,
                             CRYPTO_SALT_BYTES);
}

bool crypto_stretch(struct sv passphrase, const unsigned char salt[static CRYPTO_SALT_BYTES],
                    uint32_t passes, uint32_t memory_kib,
                    unsigned char ret_key[static CRYPTO_KEY_BYTES])
{
    return crypto_pwhash(ret_key, CRYPTO_KEY_BYTES, passphrase.ptr, passphrase.len, salt, passes,
                         (size_t)memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

void crypto_subkey(const unsigned char key[static CRYPTO_KEY_BYTES],
                   const char context[static CRYPTO_CONTEXT_BYTES], uint64_t number,
                   unsigned char *ret_subkey, size_t bytes)
{
    (void)crypto_kdf_derive_from_key(ret_subkey, bytes, number, context, key);
}

void crypto_lock(struct sv text, struct sv beside,
                 const unsigned char nonce[static CRYPTO_NONCE_BYTES],
                 const unsigned char key[static CRYPTO_KEY_BYTES], unsigned char *ret_bytes)
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        ret_bytes, NULL, bytes_of(text), text.len, bytes_of(beside), beside.len, NULL, nonce, key);
}

bool crypto_unlock(struct sv sealed, struct sv beside,
                   const unsigned char nonce[static CRYPTO_NONCE_BYTES],
                   const unsigned char key[static CRYPTO_KEY_BYTES], unsigned char *ret_bytes)
{
    return crypto_aead_xchacha20poly1305_ietf_decrypt(ret_bytes, NULL, NULL, bytes_of(sealed),
                                                      sealed.len, bytes_of(beside), beside.len,
                                                      nonce, key) == 0;
}

size_t crypto_pad(unsigned char *bytes, size_t len, size_t block_bytes, size_t capacity)
{
    size_t padded = len;
    (void)sodium_pad(&padded, bytes, len, block_bytes, capacity);
    return padded;
}

bool crypto_unpad(const unsigned char *bytes, size_t len, size_t block_bytes, size_t *ret_len)
{
    return sodium_unpad(ret_len, bytes, len, block_bytes) == 0;
}
