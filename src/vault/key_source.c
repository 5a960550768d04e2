// SPDX-License-Identifier: Apache-2.0
// key_source.c - three ways to a key, strongest first, and never a silent step down.
//
// The order only chooses for a new file: an existing file names its source in its header, and sealed.c refuses a different one. A credential
// that is there but cannot be used is an error, not a reason to make a key file. The key file is written once, whole, before the
// first sealed file, so that no crash leaves a sealed file whose key was never kept.
#include "vault/key_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "crypto/crypto.h"
#include "vault/private_file.h"

enum { KEY_FILE_BYTES = 32, KEY_CREDENTIAL_MIN_BYTES = 32 };
static const char key_credential_name[] = "till-key";

static enum till_code key_source_path(const char *folder, const char *name, struct key_source *ret,
                                      struct till_error *e)
{
    int len = snprintf(ret->path, sizeof(ret->path), "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof(ret->path))
        return TILL_FAIL(e, TILL_LIMIT, ENAMETOOLONG, "the path of \"%s\" is too long", name);
    return TILL_OK;
}

enum till_code key_source_choose(const struct vault_options *options, struct key_source *ret,
                                 struct till_error *e)
{
    if (options->passphrase) {
        struct sv passphrase = secret_bytes(options->passphrase);
        if (passphrase.len == 0) {
            (void)TILL_FAIL(e, TILL_CONFIG, 0, "the passphrase is empty");
            return till_error_hint(e, "give one, or none at all to use a key file");
        }
        ret->kind = VAULT_KEY_PASSPHRASE;
        return secret_set(&ret->passphrase, passphrase, e);
    }
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (credentials && credentials[0] == '/') {
        enum till_code code = key_source_path(credentials, key_credential_name, ret, e);
        if (code)
            return code;
        // Anything but "not there" counts as there: what is wrong with it is said when it is read.
        if (access(ret->path, F_OK) == 0 || errno != ENOENT) {
            ret->kind = VAULT_KEY_CREDENTIAL;
            return TILL_OK;
        }
    }
    ret->kind = VAULT_KEY_FILE;
    return key_source_path(options->folder, "secrets.key", ret, e);
}

void key_source_release(struct key_source *source)
{
    secret_release(&source->passphrase);
}

static enum till_code key_source_copy(struct sv bytes, struct guarded *ret, struct till_error *e)
{
    enum till_code code = guarded_new(bytes.len, ret, e);
    if (code)
        return code;
    memcpy(ret->data, bytes.ptr, bytes.len);
    ret->len = bytes.len;
    return TILL_OK;
}

static enum till_code key_source_credential(const char *path, struct guarded *ret,
                                            struct till_error *e)
{
    bool found = false;
    enum till_code code = private_file_read(path, "the systemd credential", PRIVATE_CREDENTIAL,
                                            TILL_LIMIT_KEY_CREDENTIAL_BYTES, ret, &found, e);
    if (code)
        return code;
    if (found && ret->len >= KEY_CREDENTIAL_MIN_BYTES)
        return TILL_OK;
    if (found)
        (void)TILL_FAIL(e, TILL_CONFIG, 0,
                        "the systemd credential \"%s\" has %zu bytes, and a key takes at least %d",
                        path, ret->len, KEY_CREDENTIAL_MIN_BYTES);
    else
        (void)TILL_FAIL(e, TILL_CONFIG, ENOENT, "the systemd credential \"%s\" is gone", path);
    return till_error_hint(e,
                           "make one: head -c 32 /dev/urandom | systemd-creds encrypt --name=%s - "
                           "%s.cred; and name it in the unit: LoadCredentialEncrypted=",
                           key_credential_name, key_credential_name);
}

static enum till_code key_source_file_make(const char *path, struct guarded *ret,
                                           struct till_error *e)
{
    AUTO_GUARDED key = {0};
    enum till_code code = guarded_new(KEY_FILE_BYTES, &key, e);
    if (code)
        return code;
    crypto_random(key.data, KEY_FILE_BYTES);
    key.len = KEY_FILE_BYTES;
    if (fault_point("vault.key"))
        return TILL_FAIL(e, TILL_CONFIG, EIO, "could not write the key file \"%s\"", path);
    code = fs_write(path, guarded_bytes(&key), e);
    if (code)
        return code;
    guarded_move(ret, &key);
    return TILL_OK;
}

static enum till_code key_source_file(const char *path, bool may_create, struct guarded *ret,
                                      struct till_error *e)
{
    bool found = false;
    enum till_code code =
        private_file_read(path, "the key file", PRIVATE_OWN, KEY_FILE_BYTES, ret, &found, e);
    if (code)
        return code;
    if (!found && may_create)
        return key_source_file_make(path, ret, e);
    if (found && ret->len == KEY_FILE_BYTES)
        return TILL_OK;
    if (found)
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "the key file \"%s\" is damaged: %zu bytes, not %d",
                        path, ret->len, KEY_FILE_BYTES);
    else
        (void)TILL_FAIL(e, TILL_CONFIG, ENOENT, "the key file \"%s\" is missing", path);
    return till_error_hint(e, "restore it from a backup; without it the sealed secrets cannot be "
                              "opened: remove the sealed file and connect again");
}

enum till_code key_source_material(const struct key_source *source, bool may_create,
                                   struct guarded *ret, struct till_error *e)
{
    switch (source->kind) {
    case VAULT_KEY_PASSPHRASE:
        return key_source_copy(secret_bytes(&source->passphrase), ret, e);
    case VAULT_KEY_CREDENTIAL:
        return key_source_credential(source->path, ret, e);
    case VAULT_KEY_FILE:
        return key_source_file(source->path, may_create, ret, e);
    case VAULT_KEY_NONE:
        break;
    }
    return TILL_FAIL(e, TILL_CONFIG, 0, "no key source was chosen");
}

const char *key_source_words(enum vault_key_source kind)
{
    switch (kind) {
    case VAULT_KEY_PASSPHRASE:
        return "a passphrase";
    case VAULT_KEY_CREDENTIAL:
        return "the systemd credential \"till-key\"";
    case VAULT_KEY_FILE:
        return "the key file \"secrets.key\"";
    case VAULT_KEY_NONE:
        break;
    }
    return "nothing";
}
