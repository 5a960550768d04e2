// SPDX-License-Identifier: Apache-2.0
// sealed.h - secrets in `folder`/secrets.sealed: read, change, write back whole.
#ifndef TILL_VAULT_SEALED_H
#define TILL_VAULT_SEALED_H

#include <stdbool.h>

#include "base/secret.h"
#include "vault/vault.h"

struct sealed;

// Reads no secret yet, but refuses at once a file that is not ours, not private, damaged, newer, or sealed from another key source.
enum till_code sealed_open(const struct vault_options *options, struct sealed **ret,
                           struct till_error *e) TILL_MUSTUSE;
void sealed_close(struct sealed *sealed); // accepts NULL
enum till_code sealed_put(struct sealed *sealed, struct sv name, struct sv secret,
                          struct till_error *e) TILL_MUSTUSE;
enum till_code sealed_get(struct sealed *sealed, struct sv name, struct secret *ret_secret,
                          bool *ret_found, struct till_error *e) TILL_MUSTUSE;
enum till_code sealed_remove(struct sealed *sealed, struct sv name, bool *ret_found,
                             struct till_error *e) TILL_MUSTUSE;
const char *sealed_path(const struct sealed *sealed);
enum vault_key_source sealed_key_source(const struct sealed *sealed);

#endif
