// SPDX-License-Identifier: Apache-2.0
// questions.h - what the answers of this room share: the question's connection, zone, range and filters; private to it.
#ifndef TILL_API_QUESTIONS_H
#define TILL_API_QUESTIONS_H

#include "api/api.h"
#include "base/arena.h"
#include "report/metrics.h"

enum { API_ID_BYTES = 36, API_DEFAULT_ROWS = 1000 };

// One answer in the making.
struct api_work {
    struct store *store;
    const struct api_question *question;
    struct buf *out;
    struct arena *arena;     // for the length of the answer
    const struct zone *zone; // that holds
    struct zone *own_zone;   // of ?timezone=
    int64_t now_us;          // asked once
    struct store_connection connection;
};
typedef enum till_code api_answerer(struct api_work *work, struct till_error *e);

// ---- parameters.c ----
bool api_has_word(const char *words, char separator, struct sv word);
// "name: "value" is why"
enum till_code api_refuse(const char *name, struct sv value, const char *why, struct till_error *e);

// ---- questions.c ----
// The connection of ?connection=, or the only one, into work->connection.
enum till_code api_connection(struct api_work *work, struct till_error *e) TILL_MUSTUSE;
// The default range: the last 30 days, or the last twelve months by month.
enum api_range { API_DAYS, API_MONTHS };
// Connection, range, interval and filters. What it borrows is of the work. Large: not for the stack.
enum till_code api_report_query(struct api_work *work, enum api_range range,
                                struct report_metrics_query *ret_query,
                                struct till_error *e) TILL_MUSTUSE;
bool api_date(const struct api_work *work, const char *name, struct civil_date *ret_date);
// All values of a name; ids in lower case.
enum till_code api_values(const struct api_work *work, const char *name,
                          const struct sv **ret_values, size_t *ret_count,
                          struct till_error *e) TILL_MUSTUSE;
// ?name= as a text that ends with NUL, NULL without one.
enum till_code api_text(const struct api_work *work, const char *name, const char **ret_text,
                        struct till_error *e) TILL_MUSTUSE;
// ?name= as a number; `otherwise` without one. USAGE beyond most.
enum till_code api_count(const struct api_work *work, const char *name, int64_t most,
                         int64_t otherwise, int64_t *ret_count, struct till_error *e) TILL_MUSTUSE;
// ?currency= in lower case; 0 = none is asked for.
metrics_currency api_currency(const struct api_work *work);

// Beside enum report_part: annotations and goals.
enum { API_NOTES = 1 << 8 };

// ---- notes.c: a JSON array ----
enum till_code api_annotations_json(struct api_work *work, const struct civil_date *from,
                                    const struct civil_date *to, struct till_error *e) TILL_MUSTUSE;
enum till_code api_goals_json(struct api_work *work, struct till_error *e) TILL_MUSTUSE;

// ---- answers ----
api_answerer api_metrics, api_movements, api_cohorts, api_breakdown, api_people; // reports.c
api_answerer api_traffic, api_search;                                            // traffic.c
api_answerer api_digest;                                                         // digest.c
api_answerer api_channels;                                                       // delivery.c
api_answerer api_overview;                                                       // overview.c
api_answerer api_list, api_customer;                                             // lists.c
api_answerer api_history, api_tables, api_runs, api_schema, api_definitions;     // mirror.c
api_answerer api_query;                                                          // query.c
api_answerer api_annotations, api_goals, api_saved;                              // notes.c

#endif
