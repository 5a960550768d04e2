// SPDX-License-Identifier: Apache-2.0
// limiter.c - one small table of windows and one of identities, both keyed by a 64-bit hash and bounded.
//
// A slot is found by linear probing over a short run; when the run is full of live entries the oldest one of it is taken over. Forgetting
// a window early can only be kinder than Polar, and a test would have to send thousands of different tokens to see it.
#include "limiter.h"

#include "server_limits.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENVIRONMENTS = 2,
    PROBE_MAX = 16,
    MINUTE_MS = 60 * 1000,
    SECOND_MS = 1000,
    IDENTITY_MS = 300 * 1000,
    PENDING_COUNT = 60
};

struct rule {
    unsigned count;
    int64_t window_ms;
};

static const struct rule rules[ENVIRONMENTS][LIMITER_GROUP__COUNT] = {
    {{500, MINUTE_MS}, {60, MINUTE_MS}, {100, SECOND_MS}},
    {{100, MINUTE_MS}, {10, MINUTE_MS}, {50, SECOND_MS}},
};
static const struct rule pending_rule = {PENDING_COUNT, MINUTE_MS};

struct slot {
    uint64_t key; // 0 = free
    int64_t since_ms;
    unsigned used;
};

struct limiter {
    pthread_mutex_t lock;
    enum limiter_group groups[ENVIRONMENTS];
    int64_t blocked_until_ms[ENVIRONMENTS];
    struct slot windows[LIMITER_BUCKETS_MAX];
    struct slot identities[LIMITER_IDENTITIES_MAX];
};

struct limiter *limiter_new(void)
{
    struct limiter *limiter = calloc(1, sizeof(*limiter));
    if (limiter != NULL) {
        pthread_mutex_init(&limiter->lock, NULL);
    }
    return limiter;
}

void limiter_free(struct limiter *limiter)
{
    if (limiter != NULL) {
        pthread_mutex_destroy(&limiter->lock);
        free(limiter);
    }
}

// FNV-1a, then mixed: the kinds of key must not meet.
static uint64_t hash(char kind, unsigned environment, const char *text)
{
    uint64_t value = UINT64_C(14695981039346656037) ^ (uint64_t)(unsigned char)kind ^
                     ((uint64_t)environment << 32);
    for (const char *c = text; *c != '\0'; c++) {
        value = (value ^ (unsigned char)*c) * UINT64_C(1099511628211);
    }
    value ^= value >> 31;
    value *= UINT64_C(0x9E3779B97F4A7C15);
    value ^= value >> 29;
    return value != 0 ? value : 1;
}

// The slot of `key`, or one to take for it (its key then differs).
static struct slot *locate(struct slot *slots, size_t count, uint64_t key)
{
    struct slot *oldest = NULL;
    for (size_t i = 0; i < PROBE_MAX; i++) {
        struct slot *slot = &slots[(key + i) % count];
        if (slot->key == key || slot->key == 0) {
            return slot;
        }
        if (oldest == NULL || slot->since_ms < oldest->since_ms) {
            oldest = slot;
        }
    }
    return oldest;
}

static bool is_known(struct limiter *limiter, int64_t now_ms, const struct limiter_caller *caller)
{
    uint64_t key = hash('i', caller->environment, caller->token);
    const struct slot *slot = locate(limiter->identities, LIMITER_IDENTITIES_MAX, key);
    return slot->key == key && now_ms - slot->since_ms <= IDENTITY_MS;
}

struct limiter_verdict limiter_take(struct limiter *limiter, int64_t now_ms,
                                    const struct limiter_caller *caller)
{
    unsigned environment = caller->environment;
    struct limiter_verdict verdict = {.is_allowed = true};
    pthread_mutex_lock(&limiter->lock);
    bool is_organization = caller->token != NULL && is_known(limiter, now_ms, caller);
    int64_t blocked_ms = limiter->blocked_until_ms[environment] - now_ms;
    if (is_organization && blocked_ms > 0) {
        pthread_mutex_unlock(&limiter->lock);
        return (struct limiter_verdict){.retry_after_s =
                                            (unsigned)((blocked_ms + SECOND_MS - 1) / SECOND_MS)};
    }
    struct rule rule = rules[environment][LIMITER_DEFAULT];
    uint64_t key = hash('a', environment, "loopback");
    if (is_organization) {
        rule = rules[environment][limiter->groups[environment]];
        key = hash('o', environment, "");
    } else if (caller->token != NULL) {
        rule = pending_rule;
        key = hash('p', environment, caller->token);
    }
    struct slot *window = locate(limiter->windows, LIMITER_BUCKETS_MAX, key);
    if (window->key != key || now_ms - window->since_ms >= rule.window_ms) {
        *window = (struct slot){.key = key, .since_ms = now_ms};
    }
    if (window->used < rule.count) {
        window->used++;
    } else {
        verdict = (struct limiter_verdict){.retry_after_s = (unsigned)(rule.window_ms / SECOND_MS)};
    }
    pthread_mutex_unlock(&limiter->lock);
    return verdict;
}

void limiter_seen(struct limiter *limiter, int64_t now_ms, const struct limiter_caller *caller)
{
    uint64_t key = hash('i', caller->environment, caller->token);
    pthread_mutex_lock(&limiter->lock);
    *locate(limiter->identities, LIMITER_IDENTITIES_MAX, key) =
        (struct slot){.key = key, .since_ms = now_ms};
    pthread_mutex_unlock(&limiter->lock);
}

void limiter_set_group(struct limiter *limiter, unsigned environment, enum limiter_group group)
{
    pthread_mutex_lock(&limiter->lock);
    limiter->groups[environment] = group;
    pthread_mutex_unlock(&limiter->lock);
}

void limiter_block(struct limiter *limiter, int64_t now_ms, unsigned environment, int64_t block_s)
{
    pthread_mutex_lock(&limiter->lock);
    limiter->blocked_until_ms[environment] = now_ms + block_s * SECOND_MS;
    pthread_mutex_unlock(&limiter->lock);
}

void limiter_reset(struct limiter *limiter)
{
    pthread_mutex_lock(&limiter->lock);
    memset(limiter->windows, 0, sizeof(limiter->windows));
    memset(limiter->identities, 0, sizeof(limiter->identities));
    memset(limiter->blocked_until_ms, 0, sizeof(limiter->blocked_until_ms));
    pthread_mutex_unlock(&limiter->lock);
}
