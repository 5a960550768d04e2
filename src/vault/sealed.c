// SPDX-License-Identifier: Apache-2.0
// sealed.c - the sealed file on disk: a change is lock, read, alter, seal, replace.
//
// Readers take no lock: a rename shows them the old or the new file. Writers hold secrets.lock from reading to renaming, so that two that
// change different names both succeed. The key is made once per process and kept (guarded) with the salt and cost that it was made from;
// before locking, a writer reads once without the lock, which makes the key, so that the slow Argon2id is not waited for in the queue.
// Removing the last secret removes the file, and with it the bond to a key source.
#include "vault/sealed.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "vault/entries.h"
#include "vault/key_source.h"
#include "vault/private_file.h"
#include "vault/seal.h"

struct sealed {
    struct key_source source;
    struct seal_header header; // that `key` was made for
    struct guarded key;        // .data NULL until it is needed
    char folder[TILL_LIMIT_PATH_BYTES];
    char path[TILL_LIMIT_PATH_BYTES];
    char lock_path[TILL_LIMIT_PATH_BYTES];
};

static enum till_code sealed_context(const struct sealed *sealed, const char *doing,
                                     struct till_error *e)
{
    if (e->hint[0] == '\0' && e->code == TILL_CONFIG)
        (void)till_error_hint(e, "restore \"%s\" from a backup, or remove it and connect again",
                              sealed->path);
    return till_error_context(e, "could not %s \"%s\"", doing, sealed->path);
}

static bool sealed_make_path(char *path, size_t size, const char *folder, const char *name)
{
    int len = snprintf(path, size, "%s%s", folder, name);
    return len >= 0 && (size_t)len < size;
}

// The header and, when ret_file is not NULL, all bytes. A missing file is fine.
static enum till_code sealed_read(const struct sealed *sealed, struct guarded *ret_file,
                                  struct seal_header *ret_header, bool *ret_found,
                                  struct till_error *e)
{
    AUTO_GUARDED file = {0};
    bool found = false;
    enum till_code code = private_file_read(sealed->path, "the sealed file", PRIVATE_OWN,
                                            TILL_LIMIT_SECRET_FILE_BYTES, &file, &found, e);
    if (code)
        return code;
    *ret_found = found;
    if (!found)
        return TILL_OK;
    code = seal_header_read(guarded_bytes(&file), ret_header, e);
    if (code)
        return sealed_context(sealed, "open the sealed file", e);
    if (ret_header->source != sealed->source.kind) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "it was sealed with %s, and now %s would open it",
                        key_source_words(ret_header->source),
                        key_source_words(sealed->source.kind));
        (void)till_error_hint(e,
                              "give it %s as before; or, to change over, remove the file and "
                              "connect again",
                              key_source_words(ret_header->source));
        return sealed_context(sealed, "open the sealed file", e);
    }
    guarded_move(ret_file, &file);
    return TILL_OK;
}

enum till_code sealed_open(const struct vault_options *options, struct sealed **ret,
                           struct till_error *e)
{
    struct sealed *sealed = till_calloc(1, sizeof(*sealed));
    if (!sealed)
        return TILL_FAIL_MEMORY(e);
    AUTO_GUARDED file = {0};
    struct seal_header header;
    bool found = false;
    enum till_code code = TILL_OK;
    if (!sealed_make_path(sealed->folder, sizeof(sealed->folder), options->folder, "") ||
        !sealed_make_path(sealed->path, sizeof(sealed->path), options->folder, "/secrets.sealed") ||
        !sealed_make_path(sealed->lock_path, sizeof(sealed->lock_path), options->folder,
                          "/secrets.lock"))
        code = TILL_FAIL(e, TILL_LIMIT, ENAMETOOLONG, "the path of the sealed file is too long");
    if (!code)
        code = key_source_choose(options, &sealed->source, e);
    if (!code)
        code = sealed_read(sealed, &file, &header, &found, e);
    if (code) {
        sealed_close(sealed);
        return code;
    }
    *ret = sealed;
    return TILL_OK;
}

void sealed_close(struct sealed *sealed)
{
    if (!sealed)
        return;
    key_source_release(&sealed->source);
    guarded_release(&sealed->key);
    till_free(sealed);
}

static enum till_code sealed_wrong_key(const struct sealed *sealed, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s does not fit it, or its header is damaged",
                    sealed->source.kind == VAULT_KEY_PASSPHRASE
                        ? "the passphrase"
                        : key_source_words(sealed->source.kind));
    if (sealed->source.kind == VAULT_KEY_PASSPHRASE)
        (void)till_error_hint(e, "check the passphrase; if it is lost, remove the file and "
                                 "connect again");
    else
        (void)till_error_hint(e,
                              "restore \"%s\" as it was; if it is lost, remove the sealed file "
                              "and connect again",
                              sealed->source.path);
    return sealed_context(sealed, "open the sealed file", e);
}

// Makes sure that sealed->key is the one for `header`; made anew when another process began the file afresh.
static enum till_code sealed_unlock(struct sealed *sealed, const struct seal_header *header,
                                    struct till_error *e)
{
    if (sealed->key.data && seal_key_fits(&sealed->key, header))
        return TILL_OK;
    AUTO_GUARDED material = {0};
    AUTO_GUARDED key = {0};
    enum till_code code = key_source_material(&sealed->source, false, &material, e);
    if (!code)
        code = seal_key(header, guarded_bytes(&material), &key, e);
    if (code)
        return code;
    if (!seal_key_fits(&key, header))
        return sealed_wrong_key(sealed, e);
    guarded_move(&sealed->key, &key);
    sealed->header = *header;
    return TILL_OK;
}

// The entries of the file; none when there is no file.
static enum till_code sealed_load(struct sealed *sealed, struct guarded *ret_entries,
                                  bool *ret_exists, struct till_error *e)
{
    AUTO_GUARDED file = {0};
    AUTO_GUARDED entries = {0};
    struct seal_header header = {0};
    bool found = false;
    enum till_code code = sealed_read(sealed, &file, &header, &found, e);
    if (code)
        return code;
    *ret_exists = found;
    if (!found)
        return guarded_new(0, ret_entries, e);
    code = sealed_unlock(sealed, &header, e);
    if (code)
        return code;
    code = seal_open(guarded_bytes(&file), &sealed->key, &entries, e);
    if (!code && !entries_are_sound(guarded_bytes(&entries)))
        code = TILL_FAIL(e, TILL_CONFIG, 0, "it is damaged: its entries make no sense");
    if (code)
        return sealed_context(sealed, "open the sealed file", e);
    guarded_move(ret_entries, &entries);
    return TILL_OK;
}

// A key for a file that does not exist yet.
static enum till_code sealed_begin(struct sealed *sealed, struct till_error *e)
{
    AUTO_GUARDED material = {0};
    AUTO_GUARDED key = {0};
    struct seal_header header;
    seal_header_new(sealed->source.kind, &header);
    enum till_code code = key_source_material(&sealed->source, true, &material, e);
    if (!code)
        code = seal_key(&header, guarded_bytes(&material), &key, e);
    if (code)
        return code;
    seal_key_mark(&key, &header);
    guarded_move(&sealed->key, &key);
    sealed->header = header;
    return TILL_OK;
}

static enum till_code sealed_store(const struct sealed *sealed, const struct guarded *entries,
                                   struct till_error *e)
{
    AUTO_BUF file;
    buf_init(&file, TILL_LIMIT_SECRET_FILE_BYTES);
    enum till_code code =
        seal_close(&sealed->header, &sealed->key, guarded_bytes(entries), &file, e);
    if (!code && fault_point("vault.write"))
        code = TILL_FAIL(e, TILL_CONFIG, EIO, "injected failure");
    if (!code)
        code = fs_write(sealed->path, (struct sv){file.data, file.len}, e);
    if (code)
        return till_error_context(e, "could not save the sealed file");
    return TILL_OK;
}

// The part of a change that runs under the lock. A NULL secret removes.
static enum till_code sealed_change_locked(struct sealed *sealed, struct sv name, struct sv secret,
                                           bool *ret_found, struct till_error *e)
{
    AUTO_GUARDED entries = {0};
    AUTO_GUARDED changed = {0};
    bool exists = false;
    enum till_code code = sealed_load(sealed, &entries, &exists, e);
    if (code)
        return code;
    struct sv old;
    bool found = entries_find(guarded_bytes(&entries), name, &old);
    if (!secret.ptr && !found) {
        *ret_found = false;
        return TILL_OK;
    }
    code = entries_replace(guarded_bytes(&entries), name, secret, &changed, e);
    if (!code && !exists)
        code = sealed_begin(sealed, e);
    if (code)
        return code;
    code = changed.len > 0 ? sealed_store(sealed, &changed, e) : fs_remove(sealed->path, e);
    if (!code)
        *ret_found = found;
    return code;
}

static enum till_code sealed_change(struct sealed *sealed, struct sv name, struct sv secret,
                                    bool *ret_found, struct till_error *e)
{
    AUTO_GUARDED entries = {0};
    bool exists = false;
    enum till_code code = sealed_load(sealed, &entries, &exists, e);
    if (code)
        return code;
    if (!exists && !secret.ptr) {
        *ret_found = false;
        return TILL_OK;
    }
    code = fs_make_folder(sealed->folder, e);
    if (code)
        return code;
    struct fs_lock lock = {.fd = -1};
    char self[64];
    char holder[TILL_LIMIT_LOCK_HOLDER_BYTES];
    (void)snprintf(self, sizeof(self), "till, process %ld", (long)getpid());
    if (fault_point("vault.lock"))
        code = TILL_FAIL(e, TILL_LIMIT, 0, "injected failure");
    else
        code = fs_lock_take(sealed->lock_path, self, TILL_LIMIT_LOCK_WAIT_MS, &lock, holder, e);
    if (code)
        return till_error_context(e, "could not change the sealed file");
    code = sealed_change_locked(sealed, name, secret, ret_found, e);
    fs_lock_release(&lock);
    return code;
}

enum till_code sealed_put(struct sealed *sealed, struct sv name, struct sv secret,
                          struct till_error *e)
{
    bool found = false;
    return sealed_change(sealed, name, secret, &found, e);
}

enum till_code sealed_remove(struct sealed *sealed, struct sv name, bool *ret_found,
                             struct till_error *e)
{
    return sealed_change(sealed, name, (struct sv){NULL, 0}, ret_found, e);
}

enum till_code sealed_get(struct sealed *sealed, struct sv name, struct secret *ret_secret,
                          bool *ret_found, struct till_error *e)
{
    AUTO_GUARDED entries = {0};
    bool exists = false;
    struct sv secret;
    enum till_code code = sealed_load(sealed, &entries, &exists, e);
    if (code)
        return code;
    bool found = entries_find(guarded_bytes(&entries), name, &secret);
    if (found)
        code = secret_set(ret_secret, secret, e);
    if (!code)
        *ret_found = found;
    return code;
}

const char *sealed_path(const struct sealed *sealed)
{
    return sealed->path;
}

enum vault_key_source sealed_key_source(const struct sealed *sealed)
{
    return sealed->source.kind;
}
