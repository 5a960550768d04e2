// SPDX-License-Identifier: Apache-2.0
// report.h - snapshots that all views share: what the store says, put together once, with the moment it holds for.
#ifndef TILL_REPORT_REPORT_H
#define TILL_REPORT_REPORT_H

#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "model/model.h"
#include "store/row_life.h"
#include "store/store.h"
#include "store/summary.h"
#include "store/traffic.h"

enum { REPORT_CARDS = 32, REPORT_CURRENCIES = 64 };

// ---- status: a card for each connected service ----
// When `till watch` would sync a table, and how long it has been failing.
struct report_schedule {
    int64_t every_ms; // the interval that holds for it
    int64_t due_us;   // the next run, or retry; now or earlier = due; 0 = switched off
    int64_t
        failing_since_us; // start of the first of the failed runs in a row; 0 = the last one went well
};
struct report_card {
    struct store_connection connection;
    struct store_table_state tables[TABLE__COUNT]; // by table id
    struct report_schedule schedule[TABLE__COUNT];
    int64_t fresh_as_of_us; // of the oldest of the tables it reads; 0 = some never landed
    int64_t last_sync_us;   // newest end of any table's run
    int64_t row_count, quarantined_count;
    int failing_count;  // tables whose last run failed
    int unproven_count; // tables that landed without proof
    bool is_stale;      // connected, and older than max_age_us (always false when that is 0)
};
// A source of web traffic.
struct report_source {
    struct store_source source;
    int64_t every_ms, due_us; // 0 = never
    bool is_stale;
};
struct report_status {
    int64_t now_us;
    struct report_card cards[REPORT_CARDS];
    size_t card_count;
    struct report_source sources[TILL_LIMIT_SOURCES];
    size_t source_count;
    bool
        is_stale; // some card or source is, or none is connected (always false when max_age_us is 0)
};
struct report_status_options {
    const char *name; // this connection alone; NULL = all
    int64_t max_age_us;
    int64_t default_every_ms; // of tables without an interval of their own
};
enum till_code report_status(struct store *store, const struct clock *clock,
                             const struct report_status_options *options,
                             struct report_status *ret_status, struct till_error *e) TILL_MUSTUSE;
// True when the card's token may read the table and the table is switched on: what a sync would try.
bool report_card_reads(const struct report_card *card, enum table_id table);

// ---- today and yesterday, per currency ----
struct report_day {
    struct civil_date date;
    int64_t from_us, to_us; // the local day; today's ends now
    struct store_day_line lines[REPORT_CURRENCIES];
    size_t line_count;
};
// One organization.
struct report_today_part {
    char name[STORE_NAME_BYTES]; // of the connection
    char organization_id[STORE_NAME_BYTES];
    char organization_name[STORE_TEXT_BYTES];
    int64_t fresh_as_of_us;
    // Of the tables behind the numbers, by table id: what the token may not read, or what is switched off. Its numbers are missing, not zero.
    bool is_missing[TABLE__COUNT];
    struct report_day today, yesterday;
};
struct report_today {
    const char *zone_name; // borrowed from the zone
    int64_t now_us, fresh_as_of_us;
    char organization_name[STORE_TEXT_BYTES]; // "" when several
    bool is_missing[TABLE__COUNT];            // in some part
    struct report_day today, yesterday;       // all together, by currency
    struct report_today_part parts[REPORT_CARDS];
    size_t part_count;
};
// name: this connection alone; NULL = all that are connected. Large: not for the stack.
enum till_code report_today(struct store *store, const struct clock *clock, const struct zone *zone,
                            const char *name, struct report_today *ret_today,
                            struct till_error *e) TILL_MUSTUSE;
// Visitors of today and yesterday beside what these connections sold.
struct report_today_traffic {
    bool has_source;
    char source[STORE_NAME_BYTES], timezone[STORE_NAME_BYTES]; // of its days
    struct report_visitors {
        bool has_visitors, is_open;
        int64_t visitors, new_orders; // new ones: a checkout made them
    } today, yesterday;
};
enum till_code report_today_traffic(struct store *store, const struct store_connection *connections,
                                    size_t count, const struct zone *zone, int64_t now_us,
                                    struct report_today_traffic *ret_traffic,
                                    struct till_error *e) TILL_MUSTUSE;

// The line of that currency, or NULL.
const struct store_day_line *report_day_line(const struct report_day *day, const char *currency);

// ---- the life of one row ----
struct report_change {
    const struct report_change *next;
    struct sv column_name;
    const struct column *column; // NULL: till's own (till_extra), or not known any more
    struct value old_value, new_value;
};
// What one sync saw: everything of the row that has the same moment.
enum report_moment_kind { REPORT_CHANGED, REPORT_LEFT, REPORT_RETURNED };
struct report_moment {
    const struct report_moment *next;
    enum report_moment_kind kind;
    int64_t seen_us;
    const struct report_change *changes; // without till_deleted_at, which kind says
};
struct report_history {
    const struct table *table;
    char id[STORE_NAME_BYTES];
    char organization_id[STORE_NAME_BYTES];
    char connection_name[STORE_NAME_BYTES]; // "" when it is not known
    struct sv currency;                     // of the row's money; .ptr NULL when it has none
    int64_t first_seen_us;                  // 0 = before the first moment: when is not kept
    const struct report_moment *moments;    // oldest first
    size_t moment_count;
    struct store_row_now now;
};
// id: whole, or its first REPORT_ID_LEAST characters or more, in any case. USAGE when none or several rows begin so; the hint lists up to 5.
enum { REPORT_ID_LEAST = 8 };
enum till_code report_history(struct store *store, const struct table *table, const char *id,
                              struct arena *arena, struct report_history *ret_history,
                              struct till_error *e) TILL_MUSTUSE;

#endif
