// SPDX-License-Identifier: Apache-2.0
// contract.h - tests that run on every back end of the store, and the walks that they share.
#ifndef TILL_TESTS_STORE_CONTRACT_H
#define TILL_TESTS_STORE_CONTRACT_H

#include "support.h"

struct contract {
    const char *name;
    void (*test)(struct fixture *f);
};
enum { CONTRACTS_MAX = 200, MINUTE_US = 60 * 1000 * 1000 };

// Runs each test once for each back end, in a folder of its own. The status of the process.
int contracts_run(const char *name, const struct contract *contracts, size_t count);

// A walk begins at NOON_US, its pages land a minute later, its end is a minute after that.
struct store_walk walk_begin(struct fixture *f, enum table_id id, const char *organization);
struct store_page_counts land(struct fixture *f, struct store_walk *walk, struct row *rows,
                              size_t count, int64_t total);
int64_t walk_end(struct fixture *f, struct store_walk *walk, bool is_proven);
// One page with these rows, proven.
struct store_page_counts walk_all(struct fixture *f, enum table_id id, struct row *rows,
                                  size_t count, int64_t *ret_removed);
struct store_table_state state_of(struct fixture *f, enum table_id id);
void connect_organization(struct fixture *f, const char *name, const char *organization);

#endif
