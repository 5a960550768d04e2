// SPDX-License-Identifier: Apache-2.0
// notes.h - what people write beside the numbers: annotations, goals and saved queries. They are about the business, not about one organization.
//
// Lists come whole, in the arena, in the order that people read them. What is put twice is there once. Removing tells whether there was something.
#ifndef TILL_STORE_NOTES_H
#define TILL_STORE_NOTES_H

#include "base/civil.h"
#include "store/store.h"

// "launched v2": a mark on a day of every chart.
struct store_annotation {
    int64_t id; // never given again
    struct civil_date date;
    struct sv text; // one line
    int64_t created_us;
};
struct store_annotations {
    struct store_annotation *list; // by date, then by id
    size_t count;
};
// from, to: both inclusive; NULL = without that end.
enum till_code store_annotations(struct store *store, const struct civil_date *from,
                                 const struct civil_date *to, struct arena *arena,
                                 struct store_annotations *ret_annotations,
                                 struct till_error *e) TILL_MUSTUSE;
// The same date and text again: the id of the one that is there. USAGE for a text that is empty, too long or has control characters; LIMIT when there are
// TILL_LIMIT_NOTES already.
enum till_code store_annotation_put(struct store *store, struct civil_date date, struct sv text,
                                    int64_t now_us, int64_t *ret_id,
                                    struct till_error *e) TILL_MUSTUSE;
enum till_code store_annotation_remove(struct store *store, int64_t id, bool *ret_was_there,
                                       struct till_error *e) TILL_MUSTUSE;

// What a metric is meant to reach: in a calendar month where it adds up (revenue, orders), at any time where it is a level (MRR, subscriptions).
struct store_goal {
    struct sv metric;        // slug of model/metrics.def
    struct sv currency;      // lower case; "" of counts
    int64_t amount_minor;    // of a count: the count; above 0
    bool has_until;          // the goal ends:
    struct civil_date until; // after this day
    int64_t created_us;      // when it was set to this amount
};
struct store_goals {
    struct store_goal *list; // by metric, then by currency
    size_t count;
};
enum till_code store_goals(struct store *store, struct arena *arena, struct store_goals *ret_goals,
                           struct till_error *e) TILL_MUSTUSE;
// Replaces the goal of that metric and currency. The caller knows which metrics there are.
enum till_code store_goal_put(struct store *store, const struct store_goal *goal,
                              struct till_error *e) TILL_MUSTUSE;
// currency.ptr NULL: in all currencies.
enum till_code store_goal_remove(struct store *store, struct sv metric, struct sv currency,
                                 bool *ret_was_there, struct till_error *e) TILL_MUSTUSE;

struct store_saved_query {
    struct sv name, sql;
    int64_t created_us, changed_us;
};
struct store_saved_queries {
    struct store_saved_query *list; // by name
    size_t count;
};
enum till_code store_saved_queries(struct store *store, struct arena *arena,
                                   struct store_saved_queries *ret_queries,
                                   struct till_error *e) TILL_MUSTUSE;
// *ret_found false: there is none of that name. sql in the arena.
enum till_code store_saved_query(struct store *store, struct sv name, struct arena *arena,
                                 struct store_saved_query *ret_query, bool *ret_found,
                                 struct till_error *e) TILL_MUSTUSE;
// Replaces the one of that name. The statement is not looked into: it runs behind the guards of store_query() like any other.
enum till_code store_saved_query_put(struct store *store, struct sv name, struct sv sql,
                                     int64_t now_us, struct till_error *e) TILL_MUSTUSE;
enum till_code store_saved_query_remove(struct store *store, struct sv name, bool *ret_was_there,
                                        struct till_error *e) TILL_MUSTUSE;

#endif
