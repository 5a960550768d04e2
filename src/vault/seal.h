// SPDX-License-Identifier: Apache-2.0
// seal.h - the sealed file's format: a readable, authenticated header, and one sealed run of bytes. Pure: bytes in, bytes out.
#ifndef TILL_VAULT_SEAL_H
#define TILL_VAULT_SEAL_H

#include <stdint.h>

#include "base/buf.h"
#include "crypto/guarded.h"
#include "vault/vault.h"

enum {
    SEAL_VERSION = 1,
    SEAL_SALT_BYTES = 16,
    SEAL_CHECK_BYTES = 16,
    SEAL_NONCE_BYTES = 24,
    SEAL_HEADER_BYTES = 76,
    SEAL_KEY_PASSES = 3, // Argon2id, RFC 9106's second choice
    SEAL_KEY_MEMORY_KIB = 64 * 1024,
};

struct seal_header {
    enum vault_key_source source;
    uint32_t passes, memory_kib; // Argon2id; 0 and 0 for the other key sources
    unsigned char salt[SEAL_SALT_BYTES];
    unsigned char check[SEAL_CHECK_BYTES]; // tells a wrong key from a damaged file
    unsigned char nonce[SEAL_NONCE_BYTES];
};

// For a new file: fresh salt, today's cost.
void seal_header_new(enum vault_key_source source, struct seal_header *ret);
// CONFIG: not a sealed file, truncated, a newer version, or costs out of bounds. Texts begin with "it ..." and want context.
enum till_code seal_header_read(struct sv file, struct seal_header *ret,
                                struct till_error *e) TILL_MUSTUSE;
// The master key from what the key source gave (a passphrase, a credential, a key file's bytes).
enum till_code seal_key(const struct seal_header *header, struct sv material,
                        struct guarded *ret_key, struct till_error *e) TILL_MUSTUSE;
// Writes the key's check value to the header of a new file.
void seal_key_mark(const struct guarded *key, struct seal_header *header);
bool seal_key_fits(const struct guarded *key, const struct seal_header *header);
// Header and sealed bytes to `file`, under a fresh nonce.
enum till_code seal_close(const struct seal_header *header, const struct guarded *key,
                          struct sv plain, struct buf *file, struct till_error *e) TILL_MUSTUSE;
// CONFIG when a single bit of the file changed since it was sealed.
enum till_code seal_open(struct sv file, const struct guarded *key, struct guarded *ret_plain,
                         struct till_error *e) TILL_MUSTUSE;

#endif
