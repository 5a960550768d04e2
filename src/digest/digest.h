// SPDX-License-Identifier: Apache-2.0
// digest.h - the daily digest as pure functions: numbers of days in, lines with comparisons and sentences out. No store, no clock, no I/O.
//
// A caller fills one struct digest_series for each line and currency, day by day, asks digest_reckon() for the three comparisons, and digest_standouts() for
// what stands out. The struct digest is the snapshot that all views share. Rules: docs/digest.md.
#ifndef TILL_DIGEST_DIGEST_H
#define TILL_DIGEST_DIGEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/error.h"
#include "metrics/metrics.h"

enum digest_line_id {
#define LINE(slug, label, kind, unit, section, shown, meaning) DIGEST_##slug,
#include "digest/lines.def"
#undef LINE
    DIGEST_LINE__COUNT
};
enum digest_kind { DIGEST_BALANCE, DIGEST_ACTIVITY };
enum digest_unit { DIGEST_COUNT, DIGEST_MONEY, DIGEST_PERCENT };
enum digest_section { DIGEST_SECTION_MONEY, DIGEST_SECTION_SUBSCRIPTIONS, DIGEST_SECTION_TRAFFIC };
enum digest_shown { DIGEST_ON, DIGEST_QUIET };
struct digest_line_info {
    const char *slug, *label, *meaning;
    enum digest_kind kind;
    enum digest_unit unit;
    enum digest_section section;
    enum digest_shown shown;
};
extern const struct digest_line_info digest_lines[DIGEST_LINE__COUNT];
const char *digest_kind_word(enum digest_kind kind);
const char *digest_unit_word(enum digest_unit unit);

// ---- the times that are compared ----
enum digest_window {
    DIGEST_DAY,  // the day, and the same weekday a week before
    DIGEST_WEEK, // 7 whole days, and the 7 before
    DIGEST_MONTH, // the month up to that day, and the same days of the month before: to its end where it is shorter
    DIGEST_WINDOW__COUNT
};
struct digest_span {
    struct civil_date from, to, before_from, before_to; // all inclusive
};
struct digest_span digest_span(enum digest_window window, struct civil_date last);
enum { DIGEST_USUAL_WEEKS = 8 }; // of the same weekday, that tell what is usual
// The first day that the digest of a day looks at: of every comparison, and of the weeks that make the usual.
struct civil_date digest_first_day(struct civil_date last);

// ---- numbers ----
struct digest_number {
    bool has_value;
    int64_t part, whole; // whole is 1 but for ratios; a ratio without a whole has no value
};
// Rounded half away from zero: minor units, counts; of a share hundredths of a percent.
int64_t digest_round(enum digest_unit unit, const struct digest_number *number);
double digest_real(const struct digest_number *number);

enum digest_change_kind { DIGEST_UNKNOWN, DIGEST_NEW, DIGEST_FLAT, DIGEST_UP, DIGEST_DOWN };
enum digest_measure {
    DIGEST_ABSOLUTE, // amount: a count, or minor units
    DIGEST_SHARE,    // amount: tenths of a percent
    DIGEST_POINTS,   // amount: tenths of a percentage point
};
struct digest_change {
    enum digest_change_kind kind;
    enum digest_measure measure;
    int64_t amount; // without its sign
};
// A base of money below this shows the absolute change: 20 of a currency with cents, 2,000 of one without.
enum { DIGEST_SMALL_BASE_MINOR = 2000 };
struct digest_change digest_compare(enum digest_unit unit, const struct digest_number *now,
                                    const struct digest_number *before);

// ---- series and lines ----
struct digest_series {
    enum digest_line_id id;
    metrics_currency currency; // of money; 0 otherwise
    size_t count;              // days from the first on
    struct digest_number *days;
    size_t begins; // the first day of which something is known; count = none
    size_t ends;   // the last one, from 0
    bool
        needs_whole; // a sum over days that are not all known is none (visits); else it is what there was (sales)
};
struct digest_cell {
    struct digest_number now, before;
    struct digest_change change;
};
struct digest_line {
    enum digest_line_id id;
    metrics_currency currency;
    struct civil_date last; // of its numbers: the digest's day, or its own
    bool has_own_date;
    struct digest_cell cells[DIGEST_WINDOW__COUNT];
};
void digest_reckon(const struct digest_series *series, struct civil_date first,
                   struct civil_date last, struct digest_line *ret_line);
// What the days from..to (counted from the first) come to.
struct digest_number digest_over(const struct digest_series *series, int64_t from, int64_t to);

// ---- the snapshot ----
enum {
    DIGEST_LINES = 288, // all, of all currencies
    DIGEST_CURRENCIES = 64,
    DIGEST_TOPS = 5,
    DIGEST_BARS = 14,
    DIGEST_STANDOUTS = 24,
    DIGEST_SOURCES = 24,
    DIGEST_LOST = 8,
    DIGEST_FIRSTS = 24,
    DIGEST_DRIED = 64,
};
struct digest_top { // products, or sources of sales
    struct sv name;
    metrics_currency currency;
    int64_t revenue_minor, orders;
    int64_t visitors; // -1: not told
};
struct digest_source {            // of data
    struct sv name;               // of the connection
    struct sv shown;              // what it is about; "" = nothing else
    int64_t fresh_us;             // 0 = never
    struct civil_date fresh_date; // the same, on the clock of the digest's zone
    int fresh_minute;             // of that day
    bool is_stale;                // does not reach to the end of the day
    bool counts_days;             // a source of traffic
    bool has_complete;            // then:
    struct civil_date complete;   // the last day that is over for it
    struct sv error;              // of what failed last; .ptr NULL = nothing
    struct sv missing; // what is not read of it: "refunds, checkouts"; .ptr NULL = nothing
};
struct digest_standout {
    const char *rule; // unusual, first, lost, payments, dried
    struct sv text;   // a whole sentence
    struct sv look;   // what to look at: a command; .ptr NULL = nothing
};
struct digest {
    struct sv connection, organization; // "" when it has no name
    struct sv zone;
    bool is_weekly;
    struct civil_date date;
    int64_t from_us, to_us; // of the day, or of the week
    metrics_currency main;  // the currency that comes first; 0 = no money was seen
    struct digest_span spans[DIGEST_WINDOW__COUNT];
    struct digest_line lines[DIGEST_LINES];
    size_t line_count;
    struct digest_top products[DIGEST_TOPS], sources[DIGEST_TOPS];
    size_t product_count, source_count;
    struct digest_standout standouts[DIGEST_STANDOUTS];
    size_t standout_count;
    bool hides_standouts; // not asked for: views say nothing about them
    struct digest_source data[DIGEST_SOURCES];
    size_t data_count;
    int64_t bars
        [DIGEST_BARS]; // revenue in the main currency of so many days up to the last; none when all are 0
    bool
        is_partial; // sales are not known to the end of the day: what is less than usual may yet come
    bool is_quiet; // no order, no subscription began or ended: said, not left out
};
// Has the line anything to say in this window?
bool digest_is_shown(const struct digest *digest, const struct digest_line *line,
                     enum digest_window window);
// The windows of this digest, in order: all three, or without the day for a week.
size_t digest_windows(const struct digest *digest,
                      enum digest_window ret_windows[static DIGEST_WINDOW__COUNT]);

// ---- what stands out ----
enum digest_first_kind {
    DIGEST_FIRST_ORDER,
    DIGEST_FIRST_CURRENCY,
    DIGEST_FIRST_PRODUCT,
    DIGEST_FIRST_SUBSCRIPTION,
    DIGEST_FIRST_REFUND
};
struct digest_first { // within the time the digest is about
    enum digest_first_kind kind;
    struct sv name;
};
struct digest_lost { // a customer who stopped to pay within that time
    struct sv name;  // .ptr NULL: must not be said
    metrics_currency currency;
    int64_t mrr_minor;
    int64_t all_minor;     // MRR of all when the time began
    int64_t largest_minor; // of those who stayed
};
struct digest_dried { // where sales come from, over 7 days and the 7 before
    struct sv name;
    int64_t orders, orders_before;
    int64_t visitors, visitors_before; // -1: not told
};
struct digest_facts {
    const struct digest_series *series;
    size_t series_count;
    struct civil_date first;
    struct digest_first firsts[DIGEST_FIRSTS];
    size_t first_count;
    struct digest_lost lost[DIGEST_LOST];
    size_t lost_count;
    bool knows_failures;               // changes have been watched for as long
    int64_t failures, failures_before; // payments that were missed, over 7 days and the 7 before
    struct digest_dried dried[DIGEST_DRIED];
    size_t dried_count;
    const char *locale; // for money
};
// Fills digest->standouts. Sentences are in the arena.
enum till_code digest_standouts(const struct digest_facts *facts, struct arena *arena,
                                struct digest *digest, struct till_error *e) TILL_MUSTUSE;

// ---- words that sentences and views share ----
void digest_date_words(struct buf *out, struct civil_date date); // 2026-11-17
const char *digest_weekday(struct civil_date date);              // "Tuesday"
// For people: from a hundred on without decimals, and where there are none. "$4,210", "$9.50"
void digest_money_words(struct buf *out, int64_t amount_minor, metrics_currency currency,
                        const char *locale);
void digest_count_words(struct buf *out, int64_t count); // 12,345
void digest_percent_words(struct buf *out, int64_t hundredths);
void digest_number_words(struct buf *out, enum digest_unit unit, metrics_currency currency,
                         const struct digest_number *number, const char *locale);

#endif
