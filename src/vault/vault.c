// SPDX-License-Identifier: Apache-2.0
// vault.c - chooses the place once, and stays there.
//
// "auto" looks at one fact only: is there a session bus? If so, the keyring is the place, and whatever is wrong with it is an error; the sealed
// file is never a fallback for a keyring that is locked, empty or broken, because a secret that quietly lands in a weaker place is the failure
// that people do not forgive. What each place protects is said in vault_describe(), including what it does not.
#include "vault/vault.h"

#include "base/fault.h"
#include "base/limits.h"
#include "crypto/crypto.h"
#include "vault/keyring.h"
#include "vault/sealed.h"

struct vault {
    struct keyring *keyring; // exactly one of the two
    struct sealed *sealed;
    bool is_for_want_of_bus; // "auto" came to the sealed file
};

static const struct vault_word {
    enum vault_choice choice;
    const char *word;
} vault_words[] = {
    {VAULT_AUTO, "auto"},
    {VAULT_SECRET_SERVICE, "secret-service"},
    {VAULT_FILE, "file"},
};

enum till_code vault_choice_parse(const char *word, enum vault_choice *ret_choice,
                                  struct till_error *e)
{
    for (size_t i = 0; i < TILL_COUNT(vault_words); i++) {
        if (word && strcmp(word, vault_words[i].word) == 0) {
            *ret_choice = vault_words[i].choice;
            return TILL_OK;
        }
    }
    (void)TILL_FAIL(e, TILL_USAGE, 0, "\"%.40s\" is not a place for secrets", word ? word : "");
    return till_error_hint(e, "choose auto, secret-service or file");
}

const char *vault_place_word(enum vault_choice place)
{
    for (size_t i = 0; i < TILL_COUNT(vault_words); i++) {
        if (vault_words[i].choice == place)
            return vault_words[i].word;
    }
    return "auto";
}

enum till_code vault_open(const struct vault_options *options, struct vault **ret_vault,
                          struct till_error *e)
{
    enum till_code code = crypto_start(e);
    if (code)
        return code;
    struct vault *vault = till_calloc(1, sizeof(*vault));
    if (!vault)
        return TILL_FAIL_MEMORY(e);
    enum vault_choice place = options->choice;
    if (place == VAULT_AUTO) {
        place = keyring_has_bus() ? VAULT_SECRET_SERVICE : VAULT_FILE;
        vault->is_for_want_of_bus = place == VAULT_FILE;
    }
    code = place == VAULT_SECRET_SERVICE ? keyring_open(options->profile, &vault->keyring, e)
                                         : sealed_open(options, &vault->sealed, e);
    if (code) {
        till_free(vault);
        return code;
    }
    *ret_vault = vault;
    return TILL_OK;
}

void vault_close(struct vault *vault)
{
    if (!vault)
        return;
    keyring_close(vault->keyring);
    sealed_close(vault->sealed);
    till_free(vault);
}

// Names are the program's own, so a bad one is a bug elsewhere; the check keeps it out of files and of the keyring's list.
static enum till_code vault_check_name(const char *name, struct till_error *e)
{
    size_t len = strlen(name);
    bool is_plain = len > 0 && len <= TILL_LIMIT_SECRET_NAME_BYTES;
    for (size_t i = 0; is_plain && i < len; i++)
        is_plain = name[i] > ' ' && name[i] < 0x7f;
    if (!is_plain)
        return TILL_FAIL(e, TILL_USAGE, 0,
                         "the name of a secret is 1 to %d visible ASCII characters",
                         TILL_LIMIT_SECRET_NAME_BYTES);
    return TILL_OK;
}

enum till_code vault_put(struct vault *vault, const char *name, const struct secret *secret,
                         struct till_error *e)
{
    enum till_code code = vault_check_name(name, e);
    if (code)
        return code;
    struct sv bytes = secret_bytes(secret);
    if (bytes.len == 0)
        return TILL_FAIL(e, TILL_USAGE, 0, "the secret \"%s\" is empty", name);
    return vault->keyring ? keyring_put(vault->keyring, name, bytes, e)
                          : sealed_put(vault->sealed, sv_of(name), bytes, e);
}

enum till_code vault_get(struct vault *vault, const char *name, struct secret *ret_secret,
                         bool *ret_found, struct till_error *e)
{
    enum till_code code = vault_check_name(name, e);
    if (code)
        return code;
    return vault->keyring ? keyring_get(vault->keyring, name, ret_secret, ret_found, e)
                          : sealed_get(vault->sealed, sv_of(name), ret_secret, ret_found, e);
}

enum till_code vault_remove(struct vault *vault, const char *name, bool *ret_found,
                            struct till_error *e)
{
    enum till_code code = vault_check_name(name, e);
    if (code)
        return code;
    return vault->keyring ? keyring_remove(vault->keyring, name, ret_found, e)
                          : sealed_remove(vault->sealed, sv_of(name), ret_found, e);
}

enum vault_choice vault_place(const struct vault *vault)
{
    return vault->keyring ? VAULT_SECRET_SERVICE : VAULT_FILE;
}

enum vault_key_source vault_key_source(const struct vault *vault)
{
    return vault->sealed ? sealed_key_source(vault->sealed) : VAULT_KEY_NONE;
}

static const char *vault_protection(enum vault_key_source source)
{
    switch (source) {
    case VAULT_KEY_PASSPHRASE:
        return "sealed with your passphrase: a copy of the file is as safe as the passphrase is "
               "strong; no protection from programs that run as you while till does, or that can "
               "read the passphrase where you keep it";
    case VAULT_KEY_CREDENTIAL:
        return "sealed with the systemd credential \"till-key\": protects copies and backups of "
               "the "
               "file; no protection from root or from this service's own account while it runs";
    case VAULT_KEY_FILE:
        return "sealed with a key file beside it (secrets.key): protects from casual reading and "
               "backups that leave the key file behind; no protection from anyone who can read "
               "your files";
    case VAULT_KEY_NONE:
        break;
    }
    return "encrypted on disk under the keyring's password; no protection from programs that run "
           "as you while the keyring is unlocked";
}

void vault_describe(const struct vault *vault, struct buf *out)
{
    if (vault->keyring)
        buf_format(out, "in the desktop keyring (Secret Service, collection \"%s\"): ",
                   keyring_label(vault->keyring));
    else
        buf_format(out, "in the file %s%s: ", sealed_path(vault->sealed),
                   vault->is_for_want_of_bus ? " (there is no session bus, so no desktop keyring)"
                                             : "");
    buf_text(out, vault_protection(vault_key_source(vault)));
}
