// SPDX-License-Identifier: Apache-2.0
// key_source.h - where the sealed file's key comes from: a passphrase, a systemd credential, or a key file beside it.
#ifndef TILL_VAULT_KEY_SOURCE_H
#define TILL_VAULT_KEY_SOURCE_H

#include "base/limits.h"
#include "crypto/guarded.h"
#include "vault/vault.h"

struct key_source {
    enum vault_key_source kind;
    struct secret passphrase;         // own copy
    char path[TILL_LIMIT_PATH_BYTES]; // of the credential or the key file
};

// The first that is there: the passphrase given, the credential, the key file (which may not exist yet). *ret is zeroed before.
// CONFIG for an empty passphrase.
enum till_code key_source_choose(const struct vault_options *options, struct key_source *ret,
                                 struct till_error *e) TILL_MUSTUSE;
void key_source_release(struct key_source *source); // accepts a zeroed one
// The bytes that the key is made of. With may_create a missing key file is made; without, it is an error.
enum till_code key_source_material(const struct key_source *source, bool may_create,
                                   struct guarded *ret, struct till_error *e) TILL_MUSTUSE;
const char *key_source_words(enum vault_key_source kind); // "a passphrase"

#endif
