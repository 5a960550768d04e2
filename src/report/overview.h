// SPDX-License-Identifier: Apache-2.0
// overview.h - the first page as one snapshot: tiles with change and series, movements of MRR, what sells, what happened last.
//
// Tiles are Polar's metrics (US dollars, docs/metrics.md), equal to `till metrics` for the same range. They are compared with a time that was as long: when
// the range holds today, the time before ends at the same time of day, so that nothing complete is compared with something under way.
#ifndef TILL_REPORT_OVERVIEW_H
#define TILL_REPORT_OVERVIEW_H

#include "report/breakdown.h"
#include "report/movements.h"
#include "report/report.h"
#include "report/traffic.h"

enum report_part {
    REPORT_TILES = 1 << 0,
    REPORT_MOVEMENTS = 1 << 1, // of a filter by customers there are none
    REPORT_TOP = 1 << 2,       // products, countries and sources; with a filter there are none
    REPORT_LATEST = 1 << 3,
    REPORT_ALL_PARTS = (1 << 4) - 1,
};
enum { REPORT_TILE_COUNT = 8, REPORT_TOP_GROUPS = 8, REPORT_LATEST_ROWS = 20 };

struct report_tile {
    const struct metric *metric;
    const char *approximate, *unavailable; // "" none; an unavailable one has no numbers
    bool has_value, has_previous, has_change;
    struct metrics_number value, previous;
    double change; // (value - previous) / |previous|
};
struct report_top {
    struct report_group *groups; // largest revenue first; of the currency
    size_t count;
    int64_t revenue_minor; // of all groups of that currency, those that are not listed too
};
struct report_latest {
    const char *kind; // order, subscription, canceled, refund
    struct sv id, customer_id, name, email, country, product, billing_reason; // .ptr NULL: none
    int64_t at_us, amount_minor;
    struct sv currency;
};
struct report_overview_question {
    struct report_metrics_query query; // what is_asked says is of no effect
    enum report_compare compare;
    const char *traffic_source; // whose visitors; NULL = the first that is connected
    metrics_currency
        currency; // of movements and tops; 0 = usd where there is some, else that with most orders
    unsigned parts; // of enum report_part
    int64_t now_us;
};
struct report_overview {
    struct report_overview_question question;
    bool is_partial; // the range holds now
    bool has_previous;
    struct civil_date previous_from, previous_to;
    int64_t previous_until_us;                      // 0 = to the end of previous_to
    int64_t fresh_as_of_us;                         // of the oldest table that was read
    metrics_currency currency;                      // of movements and tops
    metrics_currency currencies[REPORT_CURRENCIES]; // in alphabetical order
    size_t currency_count;
    struct report_tile tiles[REPORT_TILE_COUNT];
    size_t tile_count;
    bool has_traffic;              // a source of visitors is connected, and nothing is filtered
    struct report_traffic traffic; // with REPORT_TILES
    struct report_metrics metrics, before;  // with REPORT_TILES; the series are in their answers
    struct report_movements movements;      // with REPORT_MOVEMENTS
    const struct movements_currency *moved; // of the currency; NULL = nothing ever was
    bool has_top;
    struct report_top products, countries, sources; // MRR of products alone
    struct report_latest latest[REPORT_LATEST_ROWS];
    size_t latest_count;
};
// Large: not for the stack. Texts are in the arena. CONFIG when neither orders nor subscriptions have been mirrored. report_overview_release() also after a
// failure.
enum till_code report_overview(struct store *store, const struct report_overview_question *question,
                               struct arena *arena, struct report_overview *ret_overview,
                               struct till_error *e) TILL_MUSTUSE;
void report_overview_release(struct report_overview *overview); // accepts a zeroed one

#endif
