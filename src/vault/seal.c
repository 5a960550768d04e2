// SPDX-License-Identifier: Apache-2.0
// seal.c - the sealed file, byte by byte (numbers are little-endian):
//
//      0   8  "tillseal"
//      8   1  version: 1
//      9   1  key source: 1 passphrase, 2 systemd credential, 3 key file
//     10   2  zero
//     12   4  Argon2id passes      (passphrase only, else zero)
//     16   4  Argon2id memory, KiB (passphrase only, else zero)
//     20  16  salt
//     36  16  key check
//     52  24  nonce, fresh for each writing
//     76   n  XChaCha20-Poly1305-IETF of the padded entries, with its 16-byte tag at the end
//
// master key = Argon2id(passphrase, salt) or BLAKE2b(key = salt, credential or key file bytes); the sealing key and the key check are its
// subkeys 1 and 2 (crypto_kdf). All 76 header bytes are the seal's associated data, so that version, key source and cost cannot be changed
// unnoticed. The check is compared first: it separates "wrong key" (ask again) from "damaged" (restore), and binds the file to one key, which
// Poly1305 alone does not. Padding to blocks of 512 hides how many secrets there are, and how long. The costs are read before they can be
// authenticated, hence the ceilings; the floors keep a swapped header from talking us into a weaker key.
#include "vault/seal.h"

#include "base/limits.h"
#include "crypto/crypto.h"

enum {
    SEAL_PAD_BYTES = 512,
    SEAL_AT_VERSION = 8,
    SEAL_AT_SOURCE = 9,
    SEAL_AT_ZERO = 10,
    SEAL_AT_PASSES = 12,
    SEAL_AT_MEMORY = 16,
    SEAL_AT_SALT = 20,
    SEAL_AT_CHECK = 36,
    SEAL_AT_NONCE = 52,
    SEAL_SUBKEY_SEALING = 1,
    SEAL_SUBKEY_CHECK = 2,
};
static const char seal_magic[8] = {'t', 'i', 'l', 'l', 's', 'e', 'a', 'l'};
static const char seal_context[CRYPTO_CONTEXT_BYTES] = {'t', 'i', 'l', 'l', 's', 'e', 'a', 'l'};

_Static_assert(VAULT_KEY_PASSPHRASE == 1 && VAULT_KEY_CREDENTIAL == 2 && VAULT_KEY_FILE == 3,
               "these numbers are in files");
_Static_assert(SEAL_AT_NONCE + SEAL_NONCE_BYTES == SEAL_HEADER_BYTES, "header layout");
_Static_assert((int)SEAL_SALT_BYTES == (int)CRYPTO_SALT_BYTES, "salt");
_Static_assert((int)SEAL_NONCE_BYTES == (int)CRYPTO_NONCE_BYTES, "nonce");

static uint32_t seal_number_get(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void seal_number_put(unsigned char *bytes, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(number >> (8 * i) & 0xff);
}

static void seal_header_write(const struct seal_header *header,
                              unsigned char bytes[static SEAL_HEADER_BYTES])
{
    memset(bytes, 0, SEAL_HEADER_BYTES);
    memcpy(bytes, seal_magic, sizeof(seal_magic));
    bytes[SEAL_AT_VERSION] = SEAL_VERSION;
    bytes[SEAL_AT_SOURCE] = (unsigned char)header->source;
    seal_number_put(bytes + SEAL_AT_PASSES, header->passes);
    seal_number_put(bytes + SEAL_AT_MEMORY, header->memory_kib);
    memcpy(bytes + SEAL_AT_SALT, header->salt, SEAL_SALT_BYTES);
    memcpy(bytes + SEAL_AT_CHECK, header->check, SEAL_CHECK_BYTES);
    memcpy(bytes + SEAL_AT_NONCE, header->nonce, SEAL_NONCE_BYTES);
}

void seal_header_new(enum vault_key_source source, struct seal_header *ret)
{
    *ret = (struct seal_header){.source = source};
    if (source == VAULT_KEY_PASSPHRASE) {
        ret->passes = SEAL_KEY_PASSES;
        ret->memory_kib = SEAL_KEY_MEMORY_KIB;
    }
    crypto_random(ret->salt, sizeof(ret->salt));
}

static bool seal_cost_is_sane(const struct seal_header *header)
{
    if (header->source != VAULT_KEY_PASSPHRASE)
        return header->passes == 0 && header->memory_kib == 0;
    return header->passes >= SEAL_KEY_PASSES && header->passes <= TILL_LIMIT_KEY_PASSES &&
           header->memory_kib >= SEAL_KEY_MEMORY_KIB &&
           header->memory_kib <= TILL_LIMIT_KEY_MEMORY_KIB;
}

enum till_code seal_header_read(struct sv file, struct seal_header *ret, struct till_error *e)
{
    const unsigned char *bytes = (const unsigned char *)file.ptr;
    if (file.len < sizeof(seal_magic) + 1 || memcmp(bytes, seal_magic, sizeof(seal_magic)) != 0)
        return TILL_FAIL(e, TILL_CONFIG, 0, "it is not a file of sealed secrets, or it is damaged");
    if (bytes[SEAL_AT_VERSION] > SEAL_VERSION) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "it has version %d, and this till reads version %d",
                        bytes[SEAL_AT_VERSION], SEAL_VERSION);
        return till_error_hint(e, "a newer till wrote it: use that one");
    }
    if (file.len < SEAL_HEADER_BYTES + CRYPTO_TAG_BYTES)
        return TILL_FAIL(e, TILL_CONFIG, 0, "it is damaged: cut short");
    struct seal_header header = {
        .passes = seal_number_get(bytes + SEAL_AT_PASSES),
        .memory_kib = seal_number_get(bytes + SEAL_AT_MEMORY),
    };
    unsigned source = bytes[SEAL_AT_SOURCE];
    bool is_known = source >= VAULT_KEY_PASSPHRASE && source <= VAULT_KEY_FILE;
    header.source = is_known ? (enum vault_key_source)source : VAULT_KEY_NONE;
    bool is_zero = bytes[SEAL_AT_ZERO] == 0 && bytes[SEAL_AT_ZERO + 1] == 0;
    if (bytes[SEAL_AT_VERSION] != SEAL_VERSION || !is_known || !is_zero ||
        !seal_cost_is_sane(&header))
        return TILL_FAIL(e, TILL_CONFIG, 0, "it is damaged: its header makes no sense");
    memcpy(header.salt, bytes + SEAL_AT_SALT, SEAL_SALT_BYTES);
    memcpy(header.check, bytes + SEAL_AT_CHECK, SEAL_CHECK_BYTES);
    memcpy(header.nonce, bytes + SEAL_AT_NONCE, SEAL_NONCE_BYTES);
    *ret = header;
    return TILL_OK;
}

enum till_code seal_key(const struct seal_header *header, struct sv material,
                        struct guarded *ret_key, struct till_error *e)
{
    AUTO_GUARDED key = {0};
    enum till_code code = guarded_new(CRYPTO_KEY_BYTES, &key, e);
    if (code)
        return code;
    key.len = CRYPTO_KEY_BYTES;
    if (header->source != VAULT_KEY_PASSPHRASE) {
        crypto_digest(material, header->salt, key.data);
    } else if (!crypto_stretch(material, header->salt, header->passes, header->memory_kib,
                               key.data)) {
        (void)TILL_FAIL(e, TILL_MEMORY, 0,
                        "out of memory: making the key from the passphrase takes %u MiB",
                        (unsigned)(header->memory_kib / 1024));
        return till_error_hint(e, "free some memory and try again");
    }
    guarded_move(ret_key, &key);
    return TILL_OK;
}

void seal_key_mark(const struct guarded *key, struct seal_header *header)
{
    crypto_subkey(key->data, seal_context, SEAL_SUBKEY_CHECK, header->check, SEAL_CHECK_BYTES);
}

bool seal_key_fits(const struct guarded *key, const struct seal_header *header)
{
    struct seal_header expected;
    seal_key_mark(key, &expected);
    return crypto_equal(expected.check, header->check, SEAL_CHECK_BYTES);
}

static enum till_code seal_subkey(const struct guarded *key, struct guarded *ret_subkey,
                                  struct till_error *e)
{
    enum till_code code = guarded_new(CRYPTO_KEY_BYTES, ret_subkey, e);
    if (!code)
        crypto_subkey(key->data, seal_context, SEAL_SUBKEY_SEALING, ret_subkey->data,
                      CRYPTO_KEY_BYTES);
    return code;
}

enum till_code seal_close(const struct seal_header *header, const struct guarded *key,
                          struct sv plain, struct buf *file, struct till_error *e)
{
    AUTO_GUARDED subkey = {0};
    AUTO_GUARDED padded = {0};
    enum till_code code = seal_subkey(key, &subkey, e);
    if (!code)
        code = guarded_new(plain.len + SEAL_PAD_BYTES, &padded, e);
    if (code)
        return code;
    if (plain.len > 0)
        memcpy(padded.data, plain.ptr, plain.len);
    padded.len = crypto_pad(padded.data, plain.len, SEAL_PAD_BYTES, padded.capacity);

    // Sealed in place of the buffer's own bytes: zeros first, so that its length and ceiling are the buffer's business.
    struct seal_header fresh = *header;
    crypto_random(fresh.nonce, sizeof(fresh.nonce));
    size_t sealed_bytes = padded.len + CRYPTO_TAG_BYTES;
    buf_reset(file);
    buf_repeat(file, '\0', SEAL_HEADER_BYTES + sealed_bytes);
    code = buf_fail(file, "sealed secrets", e);
    if (code)
        return code;
    unsigned char *bytes = (unsigned char *)file->data;
    seal_header_write(&fresh, bytes);
    crypto_lock(guarded_bytes(&padded), (struct sv){file->data, SEAL_HEADER_BYTES}, fresh.nonce,
                subkey.data, bytes + SEAL_HEADER_BYTES);
    return TILL_OK;
}

enum till_code seal_open(struct sv file, const struct guarded *key, struct guarded *ret_plain,
                         struct till_error *e)
{
    AUTO_GUARDED subkey = {0};
    AUTO_GUARDED plain = {0};
    const unsigned char *bytes = (const unsigned char *)file.ptr;
    size_t sealed_bytes = file.len - SEAL_HEADER_BYTES;
    enum till_code code = seal_subkey(key, &subkey, e);
    if (!code)
        code = guarded_new(sealed_bytes, &plain, e);
    if (code)
        return code;
    if (!crypto_unlock((struct sv){file.ptr + SEAL_HEADER_BYTES, sealed_bytes},
                       (struct sv){file.ptr, SEAL_HEADER_BYTES}, bytes + SEAL_AT_NONCE, subkey.data,
                       plain.data) ||
        !crypto_unpad(plain.data, sealed_bytes - CRYPTO_TAG_BYTES, SEAL_PAD_BYTES, &plain.len))
        return TILL_FAIL(e, TILL_CONFIG, 0,
                         "it is damaged: its bytes are not the ones that were sealed");
    guarded_move(ret_plain, &plain);
    return TILL_OK;
}
