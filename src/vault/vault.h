// SPDX-License-Identifier: Apache-2.0
// vault.h - where secrets rest: the desktop keyring, or a sealed file. One place is chosen, said aloud, and never weakened silently.
//
// Secrets are named ("polar", "polar:shop2", "posthog"). vault_open() settles the place; every later error names it and the way out.
#ifndef TILL_VAULT_VAULT_H
#define TILL_VAULT_VAULT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"

enum vault_choice {
    VAULT_AUTO, // Secret Service when a session bus is there; the sealed file only where there is no session bus at all
    VAULT_SECRET_SERVICE, // libsecret, default collection
    VAULT_FILE,           // XChaCha20-Poly1305 sealed file in `folder`
};

enum vault_key_source {
    VAULT_KEY_NONE,       // not a sealed file
    VAULT_KEY_PASSPHRASE, // Argon2id
    VAULT_KEY_CREDENTIAL, // systemd credential: $CREDENTIALS_DIRECTORY/till-key
    VAULT_KEY_FILE,       // 0600 file in `folder`, made when missing
};

struct vault_options {
    enum vault_choice choice;
    const char *folder; // of the sealed file and the key file
    const struct secret
        *passphrase; // NULL = none given; then $CREDENTIALS_DIRECTORY/till-key, then the key file
    const char
        *profile; // tells several TILL_HOMEs apart in one keyring: the absolute path of the home
};

struct vault; // opaque

// The words of TILL_KEYRING: auto, secret-service, file. USAGE otherwise.
enum till_code vault_choice_parse(const char *word, enum vault_choice *ret_choice,
                                  struct till_error *e) TILL_MUSTUSE;
enum till_code vault_open(const struct vault_options *options, struct vault **ret_vault,
                          struct till_error *e) TILL_MUSTUSE;
void vault_close(struct vault *vault); // accepts NULL
// Replaces atomically: afterwards the old or the new secret is there, never neither.
enum till_code vault_put(struct vault *vault, const char *name, const struct secret *secret,
                         struct till_error *e) TILL_MUSTUSE;
// *ret_found false (and TILL_OK) when there is none.
enum till_code vault_get(struct vault *vault, const char *name, struct secret *ret_secret,
                         bool *ret_found, struct till_error *e) TILL_MUSTUSE;
enum till_code vault_remove(struct vault *vault, const char *name, bool *ret_found,
                            struct till_error *e) TILL_MUSTUSE;

enum vault_choice vault_place(const struct vault *vault); // never VAULT_AUTO
enum vault_key_source vault_key_source(const struct vault *vault);
const char *vault_place_word(
    enum vault_choice place); // "secret-service", "file": stable, stored in the database
// One line for people: where the secret is and what that protects against and what not.
void vault_describe(const struct vault *vault, struct buf *out);

#endif
