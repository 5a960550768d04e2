// SPDX-License-Identifier: Apache-2.0
// auth.c - tokens are kept in one bounded array; a revoked one stays and never matches.
//
// Polar never checks the checksum and hashes what it is given, so neither the shape nor the prefix matters here: a Bearer value is a live
// token of this environment, or it is invalid. The other environment's tokens are thereby invalid in the same words.
#include "auth.h"

#include "server_limits.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <zlib.h>

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static const char *const scope_names[] = {
    "organizations:read", "customers:read",      "products:read",      "orders:read",
    "subscriptions:read", "refunds:read",        "checkouts:read",     "benefits:read",
    "events:read",        "metrics:read",        "discounts:read",     "checkout_links:read",
    "payments:read",      "disputes:read",       "meters:read",        "customer_meters:read",
    "license_keys:read",  "custom_fields:read",  "members:read",       "customer_seats:read",
    "files:read",         "webhooks:read",       "wallets:read",       "transactions:read",
    "payouts:read",       "organizations:write", "customers:write",    "products:write",
    "orders:write",       "subscriptions:write", "refunds:write",      "checkouts:write",
    "benefits:write",     "events:write",        "discounts:write",    "checkout_links:write",
    "disputes:write",     "meters:write",        "license_keys:write", "custom_fields:write",
    "members:write",      "files:write",         "webhooks:write",     "transactions:write",
    "payouts:write",
};
enum { SCOPE_COUNT = sizeof(scope_names) / sizeof(*scope_names) };
static_assert(SCOPE_COUNT <= 64, "a set of scopes is one 64-bit word");

enum { TABLE_SCOPES = 8, EVENT_SCOPES = 9, RANDOM_CHARACTERS = 37, PREFIX_CHARACTERS = 10 };

struct token {
    char text[AUTH_TOKEN_BYTES];
    unsigned environment;
    auth_scopes scopes;
    bool is_revoked;
};

struct auth {
    pthread_mutex_t lock;
    struct token *tokens;
    size_t count;
};

struct auth *auth_new(void)
{
    struct auth *auth = calloc(1, sizeof(*auth));
    if (auth == NULL) {
        return NULL;
    }
    auth->tokens = calloc(AUTH_TOKENS_MAX, sizeof(*auth->tokens));
    if (auth->tokens == NULL) {
        free(auth);
        return NULL;
    }
    pthread_mutex_init(&auth->lock, NULL);
    return auth;
}

void auth_free(struct auth *auth)
{
    if (auth != NULL) {
        pthread_mutex_destroy(&auth->lock);
        free(auth->tokens);
        free(auth);
    }
}

const char *auth_scope_name(size_t index)
{
    return index < SCOPE_COUNT ? scope_names[index] : NULL;
}

auth_scopes auth_scope_bit(const char *name)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        if (strcmp(scope_names[i], name) == 0) {
            return UINT64_C(1) << i;
        }
    }
    return 0;
}

// The scopes whose names end so.
static auth_scopes scopes_ending(const char *ending)
{
    auth_scopes scopes = 0;
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        if (strcmp(strchr(scope_names[i], ':'), ending) == 0) {
            scopes |= UINT64_C(1) << i;
        }
    }
    return scopes;
}

// A named set, 0 for another name.
static auth_scopes named_set(const char *name)
{
    const struct {
        const char *name;
        auth_scopes scopes;
    } sets[] = {
        {"read", (UINT64_C(1) << TABLE_SCOPES) - 1},
        {"events", (UINT64_C(1) << EVENT_SCOPES) - 1},
        {"full", scopes_ending(":read")},
        {"write", scopes_ending(":read") | scopes_ending(":write")},
        {"minimal", auth_scope_bit("orders:read")},
        {"*", scopes_ending(":read") | scopes_ending(":write")},
    };
    for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
        if (strcmp(sets[i].name, name) == 0) {
            return sets[i].scopes;
        }
    }
    return 0;
}

bool auth_scopes_parse(const char *text, auth_scopes *ret_scopes)
{
    auth_scopes scopes = 0;
    char *copy = strdup(text);
    if (copy == NULL) {
        return false;
    }
    bool is_known = true;
    char *rest = copy;
    while (rest != NULL && is_known) {
        char *name = strsep(&rest, ",");
        auth_scopes bit = auth_scope_bit(name) | named_set(name);
        is_known = bit != 0 || *name == '\0';
        scopes |= bit;
    }
    free(copy);
    if (is_known) {
        *ret_scopes = scopes;
    }
    return is_known;
}

void auth_checksum(const char *text, size_t length, char ret_checksum[static 7])
{
    unsigned long value = crc32(0, (const unsigned char *)text, (unsigned)length);
    for (int i = 5; i >= 0; i--) {
        ret_checksum[i] = alphabet[value % 62];
        value /= 62;
    }
    ret_checksum[6] = '\0';
}

bool auth_random_text(char *text, size_t count)
{
    size_t made = 0;
    while (made < count) {
        unsigned char bytes[64];
        ssize_t got = getrandom(bytes, sizeof(bytes), 0);
        if (got < 0) {
            return false;
        }
        for (ssize_t i = 0; i < got && made < count; i++) {
            if (bytes[i] < 248) { // 4 x 62: no character is likelier than another
                text[made++] = alphabet[bytes[i] % 62];
            }
        }
    }
    text[count] = '\0';
    return true;
}

bool auth_token_new(struct auth *auth, unsigned environment, auth_scopes scopes,
                    char ret_token[static AUTH_TOKEN_BYTES])
{
    struct token token = {.text = "polar_oat_", .environment = environment, .scopes = scopes};
    char *random = token.text + PREFIX_CHARACTERS;
    if (!auth_random_text(random, RANDOM_CHARACTERS)) {
        return false;
    }
    auth_checksum(random, RANDOM_CHARACTERS, random + RANDOM_CHARACTERS);
    pthread_mutex_lock(&auth->lock);
    bool has_room = auth->count < AUTH_TOKENS_MAX;
    if (has_room) {
        auth->tokens[auth->count++] = token;
        memcpy(ret_token, token.text, AUTH_TOKEN_BYTES);
    }
    pthread_mutex_unlock(&auth->lock);
    return has_room;
}

// The lock must be held.
static struct token *find(struct auth *auth, const char *text)
{
    for (size_t i = 0; i < auth->count; i++) {
        if (strcmp(auth->tokens[i].text, text) == 0) {
            return &auth->tokens[i];
        }
    }
    return NULL;
}

bool auth_token_edit(struct auth *auth, const char *text, auth_scopes scopes)
{
    pthread_mutex_lock(&auth->lock);
    struct token *token = find(auth, text);
    if (token != NULL) {
        token->scopes = scopes;
    }
    pthread_mutex_unlock(&auth->lock);
    return token != NULL;
}

bool auth_token_revoke(struct auth *auth, const char *text)
{
    pthread_mutex_lock(&auth->lock);
    struct token *token = find(auth, text);
    if (token != NULL) {
        token->is_revoked = true;
    }
    pthread_mutex_unlock(&auth->lock);
    return token != NULL;
}

const char *auth_bearer(const char *authorization)
{
    if (authorization == NULL || strncasecmp(authorization, "bearer ", 7) != 0) {
        return NULL;
    }
    const char *token = authorization + 7;
    for (const char *c = token; *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x80) {
            return NULL;
        }
    }
    return token[strspn(token, " ")] != '\0' ? token : NULL;
}

struct auth_identity auth_identify(struct auth *auth, unsigned environment,
                                   const char *authorization)
{
    const char *bearer = auth_bearer(authorization);
    if (bearer == NULL) {
        return (struct auth_identity){.kind = AUTH_ANONYMOUS};
    }
    struct auth_identity identity = {.kind = AUTH_INVALID};
    pthread_mutex_lock(&auth->lock);
    const struct token *token = find(auth, bearer);
    if (token != NULL && !token->is_revoked && token->environment == environment) {
        identity = (struct auth_identity){.kind = AUTH_TOKEN, .scopes = token->scopes};
    }
    pthread_mutex_unlock(&auth->lock);
    return identity;
}
