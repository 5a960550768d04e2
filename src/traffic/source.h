// SPDX-License-Identifier: Apache-2.0
// source.h - private to traffic: what a service must be able to do, and what all of them share: the client's state, asking, rows that grow.
#ifndef TILL_TRAFFIC_SOURCE_H
#define TILL_TRAFFIC_SOURCE_H

#include "base/buf.h"
#include "base/clock.h"
#include "decode/json.h"
#include "traffic/traffic.h"

// One for each file; its texts and functions live for ever.
struct traffic_source {
    struct traffic_terms terms;
    enum till_code (*open)(struct traffic *traffic,
                           struct till_error *e); // may be NULL: checks the secret's shape
    enum till_code (*validate)(struct traffic *traffic, struct arena *arena,
                               struct traffic_identity *ret_identity, struct till_error *e);
    enum till_code (*properties)(struct traffic *traffic, struct arena *arena,
                                 struct traffic_properties *ret_properties,
                                 struct till_error *e); // may be NULL
    enum till_code (*fetch)(struct traffic *traffic, const struct traffic_window *window,
                            struct arena *arena, struct traffic_batch *ret_batch,
                            struct till_error *e);
};
extern const struct traffic_source traffic_posthog, traffic_search_console, traffic_plausible,
    traffic_umami;

enum { TRAFFIC_URL_BYTES = 1024 };
struct traffic {
    enum traffic_service service;
    const struct traffic_source *source;
    struct http *http;
    const struct clock *clock;
    const volatile sig_atomic_t *stop;
    char url[TRAFFIC_URL_BYTES];                                       // without a slash at its end
    char other_url[TRAFFIC_URL_BYTES], other_word[TRAFFIC_ZONE_BYTES]; // "" = nowhere
    char property[TRAFFIC_TEXT_BYTES];
    char timezone[TRAFFIC_ZONE_BYTES];
    struct secret secret; // as it is kept
    struct secret bearer; // what requests carry, where that is something else; made by the source
    int64_t bearer_until_us;
    int64_t clock_offset_seconds;
    int64_t requests;
    int64_t requests_per_minute; // of the terms, unless open() knows better
};

struct traffic_question {
    const char *path;            // behind the base address, or a whole address
    const char *what;            // "query visitors": errors begin "could not <what>"
    const struct secret *bearer; // NULL = none
    const char *headers[3];      // "Name: value"
    const char *content_type;    // NULL: a GET
    struct sv body;
    bool is_single_attempt;
    bool is_grant; // not to be repeated once it may have arrived
};
struct traffic_answer {
    int status;
    const struct json *root; // NULL when the body is not JSON
    struct sv text;          // the body's beginning, on one line: for messages
    int64_t retry_after_ms;  // -1
};
// Any HTTP answer is TILL_OK: the source judges it. Lives in the arena. An answer of 2xx that is not JSON is FORMAT.
enum till_code traffic_ask(struct traffic *traffic, const struct traffic_question *question,
                           struct arena *arena, struct traffic_answer *ret_answer,
                           struct till_error *e) TILL_MUSTUSE;
// For what no source needs words of its own for: 429, 5xx, anything. detail: the service's words, may be "".
enum till_code traffic_fail(const struct traffic *traffic, const struct traffic_question *question,
                            const struct traffic_answer *answer, struct sv detail,
                            struct till_error *e);
// The service's words in an error, on one line and cut.
struct sv traffic_words(const struct json *text, struct arena *arena);

// Appends text as one part of an address or a form.
void traffic_percent(struct buf *out, struct sv text);

// ---- rows ----
struct traffic_rows {
    struct traffic_row *list;
    size_t count, capacity;
    struct arena *arena;
};
// A new row with every number untold; NULL without memory, or above TILL_LIMIT_TRAFFIC_ROWS: arena_fail() or LIMIT by traffic_rows_fail().
struct traffic_row *traffic_rows_add(struct traffic_rows *rows, enum traffic_grain grain,
                                     struct civil_date date);
enum till_code traffic_rows_fail(const struct traffic_rows *rows, struct till_error *e);
// The batch of all rows before that day: those of days that were cut off after they came go again.
void traffic_rows_finish(const struct traffic_rows *rows, const struct traffic_window *window,
                         struct civil_date covered_to, struct traffic_batch *ret_batch);
// Hours are asked for on the newest days alone: the first of these within the days from, to (excluded); false when none of them is.
enum { TRAFFIC_HOUR_DAYS = 3 };
bool traffic_hours_first(const struct traffic_window *window, struct civil_date from,
                         struct civil_date to, struct civil_date *ret_first);
// The batch has all hours from that day until the other one.
void traffic_hours_finish(const struct traffic_window *window, struct civil_date first,
                          struct civil_date to, struct traffic_batch *ret_batch);
// Text that can be stored: valid, without control characters, at most TRAFFIC_VALUE_BYTES. "" for NULL and null.
enum { TRAFFIC_VALUE_BYTES = 500 };
struct sv traffic_value(const struct json *text, struct arena *arena);
// Adds b to *a, untold ones leave it as it is; saturates.
void traffic_add(int64_t *a, int64_t b);

// The sum of parts that arrive as a cross product: one row for each date, dimension and value. Begin it zeroed, with rows set.
struct traffic_sums {
    struct traffic_rows *rows;
    size_t *slots; // index + 1
    size_t slot_count;
};
// The row to add to, with zeroes where untold; NULL like traffic_rows_add().
struct traffic_row *traffic_sums_at(struct traffic_sums *sums, enum traffic_grain grain,
                                    struct civil_date date, enum traffic_dimension dimension,
                                    struct sv value);

// ---- dates ----
enum { TRAFFIC_DATE_BYTES = 16 };
void traffic_print_date(struct civil_date date, char ret_text[static TRAFFIC_DATE_BYTES]);
int32_t traffic_days_between(struct civil_date from, struct civil_date to);
bool traffic_date_before(struct civil_date a, struct civil_date b);
// Takes "2026-08-01", also with a time behind it.
bool traffic_read_date(const struct json *text, struct civil_date *ret_date);
// The moment of "2026-08-01 13:00:00" by the clock of that zone, with a Z behind it or not. Of two equal labels, as on the day when the clock is put back,
// the one after before_us is the later.
bool traffic_read_hour(const struct json *text, const struct zone *zone, int64_t before_us,
                       int64_t *ret_us);

#endif
