// SPDX-License-Identifier: Apache-2.0
// private_file.h - reads a small file that must be private, straight into guarded memory.
#ifndef TILL_VAULT_PRIVATE_FILE_H
#define TILL_VAULT_PRIVATE_FILE_H

#include <stdbool.h>

#include "crypto/guarded.h"

enum private_rule {
    PRIVATE_OWN, // a regular file of ours that neither group nor others may touch
    PRIVATE_CREDENTIAL, // systemd guards the folder and may grant us by ACL: only "others may read it" is refused
};

// `what` names the file's role in errors ("the key file"). A missing file is TILL_OK with *ret_found false and *ret untouched.
// CONFIG: not private, not ours, not a regular file, unreadable. LIMIT: longer than limit_bytes.
enum till_code private_file_read(const char *path, const char *what, enum private_rule rule,
                                 size_t limit_bytes, struct guarded *ret, bool *ret_found,
                                 struct till_error *e) TILL_MUSTUSE;

#endif
