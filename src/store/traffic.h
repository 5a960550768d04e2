// SPDX-License-Identifier: Apache-2.0
// traffic.h - connected sources of web traffic, and the days they tell.
//
// A source is the connection, its schedule and its cursor in one row: through_date is the first day that may still change. A landing replaces whole days and
// moves the cursor in one transaction, so that a run that is killed leaves days as they were or as they are, never a mixture.
#ifndef TILL_STORE_TRAFFIC_H
#define TILL_STORE_TRAFFIC_H

#include "base/limits.h"
#include "model/traffic.h"
#include "store/store.h"

enum { STORE_DATE_BYTES = 16 };
struct store_source {
    char name[STORE_NAME_BYTES]; // "posthog"
    enum traffic_service service;
    char api_url[STORE_TEXT_BYTES];
    char property[STORE_TEXT_BYTES];
    char property_name[STORE_TEXT_BYTES];
    char account[STORE_TEXT_BYTES];
    char timezone[STORE_NAME_BYTES];
    char secret_place[STORE_NAME_BYTES]; // "" when there is none any more
    int64_t connected_at_us, disconnected_at_us;
    bool is_enabled;
    int64_t every_ms; // 0 = the default
    // what syncs know
    bool has_first, has_through;
    struct civil_date first_date, through_date;
    int64_t last_started_us, last_finished_us, fresh_us; // 0 = never
    enum till_code last_code;
    char last_error[STORE_TEXT_BYTES];
    int64_t last_requests, last_rows, failure_count;
    // counted when they are listed
    int64_t day_count;
};

// Connecting: makes the row, or renews what a connection is; what syncs know stays. The caller sees to it that the same name stays the same property.
enum till_code store_source_put(struct store *store, const struct store_source *source,
                                struct till_error *e) TILL_MUSTUSE;
enum till_code store_source_get(struct store *store, const char *name,
                                struct store_source *ret_source, bool *ret_found,
                                struct till_error *e) TILL_MUSTUSE;
// By name. LIMIT above TILL_LIMIT_SOURCES.
struct store_sources {
    struct store_source list[TILL_LIMIT_SOURCES];
    size_t count;
};
enum till_code store_source_list(struct store *store, struct store_sources *ret_sources,
                                 struct till_error *e) TILL_MUSTUSE;
enum till_code store_source_schedule(struct store *store, const char *name, bool is_enabled,
                                     int64_t every_ms, struct till_error *e) TILL_MUSTUSE;
// is_purge: its rows go too, and the file is rewritten without them; else it is marked as disconnected and its secret_place emptied.
enum till_code store_source_remove(struct store *store, const char *name, bool is_purge,
                                   int64_t now_us, struct till_error *e) TILL_MUSTUSE;

// ---- a run ----
enum till_code store_source_begin(struct store *store, const char *name, int64_t now_us,
                                  struct till_error *e) TILL_MUSTUSE;
struct store_source_run {
    int64_t started_us, finished_us;
    enum till_code code;
    const char *error;
    int64_t requests, rows;
};
enum till_code store_source_end(struct store *store, const char *name,
                                const struct store_source_run *run,
                                struct till_error *e) TILL_MUSTUSE;
// The service cuts its days in another zone now: all of them go, and the next run begins at the first.
enum till_code store_source_rezone(struct store *store, const char *name, const char *timezone,
                                   struct till_error *e) TILL_MUSTUSE;

struct store_traffic {
    const struct traffic_row *rows;
    size_t row_count;
    struct civil_date from, to; // days that are replaced; to is not included
    struct civil_date
        complete_before; // days before it are marked as complete, and get a row of zeroes when the service left them out
    struct civil_date through; // the new cursor
    int64_t hours_from_us, hours_to_us;
};
// source as store_source_get() gave it; its first and through dates are moved on success.
enum till_code store_traffic_land(struct store *store, struct store_source *source,
                                  const struct store_traffic *traffic, int64_t now_us,
                                  struct till_error *e) TILL_MUSTUSE;
// Are there any visits or impressions on record in these days? to is not included.
enum till_code store_traffic_any(struct store *store, const struct store_source *source,
                                 struct civil_date from, struct civil_date to, bool *ret_any,
                                 struct till_error *e) TILL_MUSTUSE;

#endif
