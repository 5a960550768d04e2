// SPDX-License-Identifier: Apache-2.0
// keyring.h - secrets in the desktop's keyring: the default collection of the Secret Service on the session bus.
#ifndef TILL_VAULT_KEYRING_H
#define TILL_VAULT_KEYRING_H

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"

struct keyring;

// Is there a session bus to ask? (An address in the environment, or our socket in $XDG_RUNTIME_DIR.) Whether anybody answers is keyring_open()'s.
bool keyring_has_bus(void);
// Each call ends within TILL_LIMIT_KEYRING_TIMEOUT_MS and a grace of 1.5 s; longer only where a display is there for the unlock prompt.
// CONFIG with a way out: no bus, no service, no default collection, locked, timed out.
enum till_code keyring_open(const char *profile, struct keyring **ret,
                            struct till_error *e) TILL_MUSTUSE;
void keyring_close(struct keyring *keyring); // accepts NULL
enum till_code keyring_put(struct keyring *keyring, const char *name, struct sv secret,
                           struct till_error *e) TILL_MUSTUSE;
enum till_code keyring_get(struct keyring *keyring, const char *name, struct secret *ret_secret,
                           bool *ret_found, struct till_error *e) TILL_MUSTUSE;
enum till_code keyring_remove(struct keyring *keyring, const char *name, bool *ret_found,
                              struct till_error *e) TILL_MUSTUSE;
const char *
keyring_label(const struct keyring *keyring); // of the default collection, as the desktop shows it

#endif
