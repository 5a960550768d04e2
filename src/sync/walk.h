// SPDX-License-Identifier: Apache-2.0
// walk.h - one full walk of one table (private to the sync room).
#ifndef TILL_SYNC_WALK_H
#define TILL_SYNC_WALK_H

#include "sync/sync.h"

// Fills result (but for duration_ms) and reports progress. TILL_OK: every page landed and the walk is proven. AUTH with result->is_skipped: the
// token lacks the scope. LIMIT: it landed, but stayed unproven, or would have removed too much.
enum till_code walk_table(const struct sync_options *options, struct sync_progress *progress,
                          struct sync_table_result *result, struct till_error *e) TILL_MUSTUSE;

#endif
