// SPDX-License-Identifier: Apache-2.0
// entries.h - the plain side of the sealed file: names and secrets in one run of bytes.
#ifndef TILL_VAULT_ENTRIES_H
#define TILL_VAULT_ENTRIES_H

#include <stdbool.h>

#include "crypto/guarded.h"

// True when the bytes are whole entries and nothing else.
bool entries_are_sound(struct sv entries);
bool entries_find(struct sv entries, struct sv name, struct sv *ret_secret); // borrows from entries
// The same entries without `name` and, when secret.ptr is not NULL, with `name` = secret at the end. LIMIT beyond TILL_LIMIT_SECRETS entries.
enum till_code entries_replace(struct sv entries, struct sv name, struct sv secret,
                               struct guarded *ret, struct till_error *e) TILL_MUSTUSE;

#endif
