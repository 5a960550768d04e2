// SPDX-License-Identifier: Apache-2.0
// limiter.h - Polar's rate limiter: fixed windows that begin with the first counted request.
//
// A caller is counted in its organization's bucket once its token has authenticated within the last 300 s; before that, each token has a
// bucket of its own (60 a minute); a request without a token is counted by address. A refused request is not counted. A block refuses
// everything of one organization. Time is an argument (milliseconds of any steady clock), so tests need not wait.
#ifndef SIM_LIMITER_H
#define SIM_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

enum limiter_group { LIMITER_DEFAULT, LIMITER_RESTRICTED, LIMITER_ELEVATED, LIMITER_GROUP__COUNT };

struct limiter; // opaque; all functions may be called from several threads

struct limiter_caller {
    unsigned environment; // 0 production, 1 sandbox; each has one organization
    const char *token;    // NULL for a request without one
};

struct limiter_verdict {
    bool is_allowed;
    unsigned retry_after_s; // of a refusal: the window's length, or what is left of the block
};

// NULL when memory ran out.
struct limiter *limiter_new(void);
void limiter_free(struct limiter *limiter);

struct limiter_verdict limiter_take(struct limiter *limiter, int64_t now_ms,
                                    const struct limiter_caller *caller);
// Remembers that this token authenticated just now.
void limiter_seen(struct limiter *limiter, int64_t now_ms, const struct limiter_caller *caller);
void limiter_set_group(struct limiter *limiter, unsigned environment, enum limiter_group group);
void limiter_block(struct limiter *limiter, int64_t now_ms, unsigned environment, int64_t block_s);
// Forgets all windows, identities and blocks.
void limiter_reset(struct limiter *limiter);

#endif
