// SPDX-License-Identifier: Apache-2.0
// views.h - snapshots and rows as bytes: tables for a terminal, CSV, JSON, JSON lines. Bytes out, nothing else: no I/O, no SQL, no clock.
#ifndef TILL_VIEWS_VIEWS_H
#define TILL_VIEWS_VIEWS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/timestamp.h"
#include "model/model.h"
#include "report/report.h"

enum view_format { VIEW_TABLE, VIEW_JSON, VIEW_JSONL, VIEW_CSV };
// The words of --format; false when unknown.
bool view_format_parse(struct sv word, enum view_format *ret_format);

// How a terminal view may look.
struct view_style {
    bool has_color;     // ANSI colours
    bool has_unicode;   // lines and bars may be drawn with characters beyond ASCII
    size_t width;       // of the terminal, columns; 0 = unknown (nothing is cut)
    size_t cell_width;  // ceiling of one cell; 0 = none
    const char *locale; // for money; NULL = the user's
};

// Wraps text in an ANSI style when the style has colour.
enum view_ink { INK_BOLD, INK_DIM, INK_GREEN, INK_RED, INK_YELLOW };
void view_ink(struct buf *out, const struct view_style *style, enum view_ink ink, const char *text);

// ---- rows: one writer for all four formats ----
// Streams JSON, JSONL and CSV row by row into `out` (the caller drains it); a table needs all rows to know its widths, so they are kept
// in the arena until the end: give it a row limit.
struct row_view {
    enum view_format format;
    const struct view_style *style;
    const char *lead;  // of CSV and JSONL: value of a first column "connection"; NULL = none
    bool is_continued; // CSV: the line of names stands already
    struct buf *out;
    struct arena *arena;
    const char **names;
    bool *is_json; // this column's text is JSON and goes out as JSON, not as a string
    size_t column_count, row_count;
    struct row_view_line *first, *last;
};
// names are copied. Columns whose declared type says JSON text are marked by json (may be NULL).
enum till_code row_view_begin(struct row_view *view, const char *const *names, const bool *json,
                              size_t column_count, struct till_error *e) TILL_MUSTUSE;
enum till_code row_view_row(struct row_view *view, const struct value *values,
                            struct till_error *e) TILL_MUSTUSE;
enum till_code row_view_end(struct row_view *view, struct till_error *e) TILL_MUSTUSE;

// ---- small pieces that commands share ----
void view_json_value(struct buf *out, const struct value *value);
// RFC 4180. Formulas (=, +, -, @ at the start of a text) are kept as they are: data is data.
void view_csv_field(struct buf *out, struct sv text);
// "3 s", "4 min", "2 h", "5 days"; less than nothing is nothing.
void view_duration(struct buf *out, int64_t milliseconds);
// "just now", "4 min ago", "never" for 0
void view_ago(struct buf *out, int64_t then_us, int64_t now_us);
// "in 8 min", "now" for what has come
void view_in(struct buf *out, int64_t then_us, int64_t now_us);
void view_count(struct buf *out, int64_t count); // "12,345"
void view_bytes(struct buf *out, int64_t bytes); // "4.2 MiB"
// Words of text, shown as text_show() does, wrapped at VIEW_COLUMNS; further lines are indented. column: where the first word stands. Ends the line.
enum { VIEW_COLUMNS = 79 };
void view_wrap(struct buf *out, struct sv text, size_t column, size_t indent);

// ---- snapshots ----
// A card for each service, then its tables. JSON: one object, {"connections":[...],"stale":false}.
void view_status_text(struct buf *out, const struct view_style *style,
                      const struct report_status *status);
void view_status_json(struct buf *out, const struct report_status *status);
void view_connections_json(struct buf *out, const struct report_status *status); // its array alone
// ---- sources of web traffic, part of the above; the array alone ----
void view_sources_text(struct buf *out, const struct view_style *style,
                       const struct report_status *status);
void view_sources_json(struct buf *out, const struct report_status *status);
void view_source_lines(struct buf *out, const struct view_style *style,
                       const struct report_status *status); // for `till tables`, below the tables
void view_today_text(struct buf *out, const struct view_style *style,
                     const struct report_today *today);
void view_today_json(struct buf *out, const struct report_today *today);
// "failing since 2 h ago (3 runs), next try in 8 min: could not list orders: ..."
void view_failing(struct buf *out, const struct store_table_state *state,
                  const struct report_schedule *schedule, int64_t now_us);
// The state of each table as rows (till tables): names of the columns, then one call for each table.
enum { VIEW_TABLE_COLUMNS = 24 };
extern const char *const view_table_columns[VIEW_TABLE_COLUMNS];
// text keeps the words that the values point into.
struct view_table_text {
    char last_run[TIMESTAMP_BYTES + 1];
    char last_success[TIMESTAMP_BYTES + 1];
    char next_due[TIMESTAMP_BYTES + 1];
    char fresh_as_of[TIMESTAMP_BYTES + 1];
    char last_full[TIMESTAMP_BYTES + 1];
    char failing_since[TIMESTAMP_BYTES + 1];
};
void view_table_values(const struct report_card *card, enum table_id table,
                       struct view_table_text *text,
                       struct value ret_values[static VIEW_TABLE_COLUMNS]);

// The same for people: a line for each table with its schedule, one with its last run, and what is failing.
void view_tables_text(struct buf *out, const struct view_style *style,
                      const struct report_card *card, int64_t now_us);

// The life of one row (till history). Times in the zone, money in the row's currency, long values cut; JSON has everything raw.
void view_history_text(struct buf *out, const struct view_style *style, const struct zone *zone,
                       const struct report_history *history);
void view_history_json(struct buf *out, const struct report_history *history);
// One moment; with the table and the id of the row unless table is NULL.
void view_moment_json(struct buf *out, const struct report_moment *moment,
                      const struct table *table, const char *id);
// The same as rows, one for each changed column: names of the columns, then the rows into the view.
enum { VIEW_HISTORY_COLUMNS = 5 };
extern const char *const view_history_columns[VIEW_HISTORY_COLUMNS];
enum till_code view_history_rows(struct row_view *view, const struct report_history *history,
                                 struct till_error *e) TILL_MUSTUSE;

// "key":  with the comma before it unless it is the first of its object.
void view_json_key(struct buf *out, const char *key);
void view_json_text(struct buf *out, const char *key, const char *text); // "" becomes null
void view_json_sv(struct buf *out, const char *key, struct sv text);     // .ptr NULL becomes null
void view_json_date(struct buf *out, const char *key, struct civil_date date); // "2026-11-17"
void view_json_int(struct buf *out, const char *key, int64_t value);
void view_json_bool(struct buf *out, const char *key, bool value);
void view_json_time(struct buf *out, const char *key, int64_t unix_us); // 0 becomes null

#endif
