// SPDX-License-Identifier: Apache-2.0
// auth.h - organization access tokens, their scopes, and who a request's Authorization header makes it.
//
// Tokens are made from the system's random source when they are asked for, in Polar's layout: polar_oat_, 37 characters, and 6 of checksum.
// All functions may be called from several threads.
#ifndef SIM_AUTH_H
#define SIM_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AUTH_TOKEN_BYTES = 54 }; // with the terminating NUL

// A set of scopes, one bit each, in the order of auth_scope_name().
typedef uint64_t auth_scopes; // the one typedef: a set, not a struct

enum auth_kind {
    AUTH_ANONYMOUS, // no header, another scheme, an empty or non-ASCII token
    AUTH_INVALID,   // a Bearer value that is not a live token of this environment
    AUTH_TOKEN,
};

struct auth_identity {
    enum auth_kind kind;
    auth_scopes scopes;
};

struct auth; // opaque

// NULL when memory ran out.
struct auth *auth_new(void);
void auth_free(struct auth *auth);

// Name of scope `index`, NULL after the last.
const char *auth_scope_name(size_t index);
// The bit of one scope, 0 for an unknown name.
auth_scopes auth_scope_bit(const char *name);
// Reads "a:read,b:read", "*" or the name of a set (read, events, full, write, minimal); false for an unknown scope.
bool auth_scopes_parse(const char *text, auth_scopes *ret_scopes);

// Makes a token for one environment (0 production, 1 sandbox). False when the ceiling is reached or there is no randomness.
bool auth_token_new(struct auth *auth, unsigned environment, auth_scopes scopes,
                    char ret_token[static AUTH_TOKEN_BYTES]);
// False when there is no such token.
bool auth_token_edit(struct auth *auth, const char *token, auth_scopes scopes);
bool auth_token_revoke(struct auth *auth, const char *token);

// The token in an Authorization header ("Bearer x", the scheme in any case), NULL when the request is anonymous.
const char *auth_bearer(const char *authorization);
struct auth_identity auth_identify(struct auth *auth, unsigned environment,
                                   const char *authorization);

// Six base-62 digits of the CRC-32 of the random part.
void auth_checksum(const char *text, size_t length, char ret_checksum[static 7]);

// `count` random characters of [A-Za-z0-9] and a NUL. False when there is no randomness.
bool auth_random_text(char *text, size_t count);

#endif
