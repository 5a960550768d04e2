// SPDX-License-Identifier: Apache-2.0
// crypto.h - the primitives of libsodium that this program uses, under names that say what for. What is built of them is elsewhere: the
// sealed file in vault, webhook signatures in polar.
//
// crypto_start() comes before any other call (again is harmless). Functions without a code cannot fail. Lengths are checked by the caller: the
// sizes below are fixed by the algorithms, and are in files.
#ifndef TILL_CRYPTO_CRYPTO_H
#define TILL_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sv.h"

enum {
    CRYPTO_KEY_BYTES = 32,
    CRYPTO_SALT_BYTES = 16,
    CRYPTO_NONCE_BYTES = 24,
    CRYPTO_TAG_BYTES = 16, // what sealing adds
    CRYPTO_CONTEXT_BYTES = 8,
    CRYPTO_HMAC_BYTES = 32,
    CRYPTO_SHA256_BYTES = 32,
};

// CONFIG when the library cannot work on this machine.
enum till_code crypto_start(struct till_error *e) TILL_MUSTUSE;
void crypto_random(void *ret_bytes, size_t bytes);
bool crypto_equal(const void *a, const void *b, size_t bytes); // constant time

// HMAC-SHA256 (RFC 2104) over the pieces one after the other; a key of any length.
void crypto_hmac_sha256(struct sv key, const struct sv *pieces, size_t count,
                        unsigned char ret_mac[static CRYPTO_HMAC_BYTES]);
// The standard alphabet, padded or not, nothing else in it. False when it is not that or does not fit.
bool crypto_base64_decode(struct sv text, unsigned char *ret_bytes, size_t capacity,
                          size_t *ret_len);

// For protocols that ask for it; what is ours uses crypto_digest().
void crypto_sha256(struct sv text, unsigned char ret_hash[static CRYPTO_SHA256_BYTES]);
// The standard alphabet, padded, with a NUL; "" when it does not fit.
void crypto_base64_encode(const unsigned char *bytes, size_t len, char *ret_text, size_t capacity);
// The alphabet of addresses, not padded, with a NUL; "" when it does not fit.
void crypto_base64url_encode(const unsigned char *bytes, size_t len, char *ret_text,
                             size_t capacity);

// BLAKE2b of the material, keyed with the salt: for material that is random already.
void crypto_digest(struct sv material, const unsigned char salt[static CRYPTO_SALT_BYTES],
                   unsigned char ret_key[static CRYPTO_KEY_BYTES]);
// Argon2id: for what a person thought of. False when there is not that much memory.
bool crypto_stretch(struct sv passphrase, const unsigned char salt[static CRYPTO_SALT_BYTES],
                    uint32_t passes, uint32_t memory_kib,
                    unsigned char ret_key[static CRYPTO_KEY_BYTES]);
// Subkey `number` of a master key, 16 to 64 bytes.
void crypto_subkey(const unsigned char key[static CRYPTO_KEY_BYTES],
                   const char context[static CRYPTO_CONTEXT_BYTES], uint64_t number,
                   unsigned char *ret_subkey, size_t bytes);
// XChaCha20-Poly1305-IETF: text.len + CRYPTO_TAG_BYTES bytes. `beside` is authenticated, not sealed.
void crypto_lock(struct sv text, struct sv beside,
                 const unsigned char nonce[static CRYPTO_NONCE_BYTES],
                 const unsigned char key[static CRYPTO_KEY_BYTES], unsigned char *ret_bytes);
// text.len - CRYPTO_TAG_BYTES bytes. False when a single bit differs from what was sealed.
bool crypto_unlock(struct sv sealed, struct sv beside,
                   const unsigned char nonce[static CRYPTO_NONCE_BYTES],
                   const unsigned char key[static CRYPTO_KEY_BYTES], unsigned char *ret_bytes);
// ISO/IEC 7816-4 padding to whole blocks, in place (capacity: len + block_bytes); gives the new length.
size_t crypto_pad(unsigned char *bytes, size_t len, size_t block_bytes, size_t capacity);
bool crypto_unpad(const unsigned char *bytes, size_t len, size_t block_bytes, size_t *ret_len);

#endif
