// SPDX-License-Identifier: Apache-2.0
// runs.h - the history of runs, newest first; and what they spent.
#ifndef TILL_STORE_RUNS_H
#define TILL_STORE_RUNS_H

#include "store/metrics_rows.h"

enum store_run_column {
    STORE_RUN_TABLE,
    STORE_RUN_STARTED,
    STORE_RUN_FINISHED,
    STORE_RUN_CODE,
    STORE_RUN_ERROR,
    STORE_RUN_ADDED,
    STORE_RUN_CHANGED,
    STORE_RUN_REMOVED,
    STORE_RUN_REQUESTS,
    STORE_RUN_PROVEN,
    STORE_RUN_METHOD,
    STORE_RUN__COUNT,
};
// table NULL = of all tables. Values are borrowed until the callback returns.
enum till_code store_runs(struct store *store, struct sv organization_id, const struct table *table,
                          int64_t limit, const struct store_metric_sink *sink,
                          struct till_error *e) TILL_MUSTUSE;
// Requests of the table's runs that began at that moment or later.
enum till_code store_requests_since(struct store *store, struct sv organization_id,
                                    const struct table *table, int64_t since_us, int64_t *ret_count,
                                    struct till_error *e) TILL_MUSTUSE;

#endif
