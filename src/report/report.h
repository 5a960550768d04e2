// SPDX-License-Identifier: Apache-2.0
// report.h - snapshots that all views share: what the store says, put together once, with the moment it holds for.
#ifndef TILL_REPORT_REPORT_H
#define TILL_REPORT_REPORT_H

#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "model/model.h"
#include "store/store.h"
#include "store/summary.h"

enum { REPORT_CARDS = 32, REPORT_CURRENCIES = 64 };

// ---- status: a card for each connected service ----
struct report_card {
    struct store_connection connection;
    struct store_table_state tables[TABLE__COUNT]; // by table id
    int64_t fresh_as_of_us; // oldest last success of the tables it reads; 0 = some never landed
    int64_t last_sync_us;   // newest end of any table's run
    int64_t row_count, quarantined_count;
    int failing_count;  // tables whose last run failed
    int unproven_count; // tables that landed without proof
};
struct report_status {
    int64_t now_us;
    struct report_card cards[REPORT_CARDS];
    size_t card_count;
    bool
        is_stale; // some connected card is older than max_age_us, or none is connected (always false when that is 0)
};
enum till_code report_status(struct store *store, const struct clock *clock, int64_t max_age_us,
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
struct report_today {
    const char *zone_name; // borrowed from the zone
    int64_t now_us, fresh_as_of_us;
    char organization_name[STORE_TEXT_BYTES]; // "" when several
    // Of the tables behind the numbers, by table id: what some connection's token may not read, or what is switched off. Its numbers are missing, not zero.
    bool is_missing[TABLE__COUNT];
    struct report_day today, yesterday;
};
enum till_code report_today(struct store *store, const struct clock *clock, const struct zone *zone,
                            struct report_today *ret_today, struct till_error *e) TILL_MUSTUSE;
// The line of that currency, or NULL.
const struct store_day_line *report_day_line(const struct report_day *day, const char *currency);

#endif
