// SPDX-License-Identifier: Apache-2.0
// traffic_google_key.c - the service account's RSA key, made at each start, and the check of what was signed with it. OpenSSL's headers stay here.
#include "traffic_parts.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

enum { KEY_BITS = 2048 };

// An EVP_PKEY under a name of ours.
struct google_key *google_key_new(void)
{
    return (struct google_key *)(void *)EVP_RSA_gen(KEY_BITS);
}

void google_key_free(struct google_key *key)
{
    EVP_PKEY_free((EVP_PKEY *)(void *)key);
}

bool google_key_print(const struct google_key *key, struct sim_out *out)
{
    union {
        const struct google_key *ours;
        EVP_PKEY *theirs;
    } both = {.ours = key};
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool is_printed = memory != NULL && PEM_write_bio_PKCS8PrivateKey(memory, both.theirs, NULL,
                                                                      NULL, 0, NULL, NULL) == 1;
    long length = is_printed ? BIO_get_mem_data(memory, &text) : 0;
    if (length > 0) {
        sim_out_append(out, text, (size_t)length);
    }
    BIO_free(memory);
    return is_printed;
}

bool google_key_verify(const struct google_key *key, const char *text, size_t length,
                       const unsigned char *signature, size_t signature_length)
{
    union {
        const struct google_key *ours;
        EVP_PKEY *theirs;
    } both = {.ours = key};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context != NULL && key != NULL &&
                   EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, both.theirs) == 1 &&
                   EVP_DigestVerify(context, signature, signature_length,
                                    (const unsigned char *)text, length) == 1;
    EVP_MD_CTX_free(context);
    return is_good;
}
