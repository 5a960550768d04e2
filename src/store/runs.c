// SPDX-License-Identifier: Apache-2.0
// runs.c - the SQL of runs.h. Runs are numbered in order of their end, so the newest are found from the end of an index.
#include "store/runs.h"

#include "base/attr.h"
#include "store/driver.h"

#define COLUMNS                                                                                    \
    "SELECT table_name, started_at, finished_at, code, error, added, changed, removed, requests, " \
    "is_proven, method FROM till_runs WHERE organization_id = ?1"

enum till_code store_runs(struct store *store, struct sv organization_id, const struct table *table,
                          int64_t limit, const struct store_metric_sink *sink, struct till_error *e)
{
    static const char of_all[] = COLUMNS " ORDER BY id DESC LIMIT ?2";
    static const char of_one[] = COLUMNS " AND table_name = ?3 ORDER BY id DESC LIMIT ?2";
    struct store_result result = {.row = sink->row, .context = sink->context};
    const struct value values[] = {store_text(organization_id), store_integer(limit),
                                   store_c_text(table ? table->name : NULL)};
    return store_execute(store, table ? of_one : of_all, values, table ? 3 : 2, &result, e);
}

enum till_code store_requests_since(struct store *store, struct sv organization_id,
                                    const struct table *table, int64_t since_us, int64_t *ret_count,
                                    struct till_error *e)
{
    static const char sql[] = "SELECT coalesce(sum(requests), 0) FROM till_runs WHERE "
                              "organization_id = ?1 AND table_name = ?2 AND started_at >= ?3";
    char since[STORE_TIME_BYTES];
    int64_t sum = 0;
    struct store_result result = {.row = store_take_integer, .context = &sum};
    const struct value values[] = {store_text(organization_id), store_c_text(table->name),
                                   store_time(since_us, since)};
    enum till_code code = store_execute(store, sql, values, TILL_COUNT(values), &result, e);
    if (code == TILL_OK)
        *ret_count = sum;
    return code;
}
