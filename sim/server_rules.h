// SPDX-License-Identifier: Apache-2.0
// server_rules.h - what each list endpoint accepts (polar-api 4.1 and 4.3) and how a query becomes a compiled selection.
#ifndef SIM_SERVER_RULES_H
#define SIM_SERVER_RULES_H

#include "query.h"
#include "server_limits.h"
#include "world.h"

enum filter_kind {
    FILTER_UUID,         // field equals one of the ids
    FILTER_UUID_EXCLUDE, // field equals none of them
    FILTER_MEMBER,       // world_has_member() of one of the ids
    FILTER_TEXT,         // field equals, exactly
    FILTER_TEXT_FOLD,    // field equals, whatever the case
    FILTER_ENUM,         // as FILTER_TEXT, from a closed list
    FILTER_BOOL,         // integer field is 0 or 1
    FILTER_AFTER,        // field > time
    FILTER_SINCE,        // field >= time
    FILTER_BEFORE,       // field < time
    FILTER_UNTIL,        // field <= time
    FILTER_CONTAINS,     // substring of the field, whatever the case
    FILTER_CUSTOMER, // the customers' `query`: substring of three fields or prefix of the fourth
    FILTER_ACTIVE,   // the subscriptions' `active`: a set of statuses
};

struct filter_rule {
    const char *name;
    enum filter_kind kind;
    enum sim_field field;
    bool is_single;            // the last value counts; otherwise all do, joined by OR
    bool must_be_aware;        // datetimes need a zone
    const char *const *values; // FILTER_ENUM: NULL-terminated
};

enum { USER_ORDER = SIM_F__COUNT }; // sort key of benefits: the order of the `id` filter

struct sort_rule {
    const char *name;
    unsigned field; // enum sim_field or USER_ORDER
};

struct table_rules {
    const char *name;                  // as in the path: /v1/NAME/
    const char *scopes[3];             // any one suffices; NULL-terminated
    const struct filter_rule *filters; // ends with a NULL name
    const struct sort_rule *sorts;     // ends with a NULL name
    const char *default_sort;
    bool has_metadata_filter;
    bool has_get_one;
    enum sim_field needs; // rows where this field is NULL are left out; SIM_F__COUNT = none
};

extern const struct table_rules table_rules[SIM_TABLE__COUNT];

// SIM_TABLE__COUNT for an unknown name.
enum sim_table table_by_name(const char *name, size_t length);

struct selection_clause {
    const struct filter_rule *rule; // NULL: metadata[name]
    const char *name;
    size_t first, count; // values, in selection.values
};

struct selection_value {
    const char *text; // borrowed from the query, or from `id`
    int64_t integer;
    char id[QUERY_UUID_BYTES];
};

struct selection_sort {
    unsigned field; // enum sim_field or USER_ORDER
    bool is_descending;
};

// A list request, understood. `key` names the rows and their order: equal keys give equal listings of equal worlds.
struct selection {
    enum sim_table table;
    int64_t page, limit;
    bool has_cursor_pagination;
    struct selection_clause clauses[QUERY_CLAUSES_MAX];
    size_t clause_count;
    struct selection_value *values;
    size_t value_count;
    struct selection_sort sorts[QUERY_SORTS_MAX];
    size_t sort_count;
    struct sim_out key; // NUL-terminated text
};

// Understands the query; problems are collected, not returned. False when memory ran out. The query must outlive the selection.
bool selection_init(struct selection *selection, enum sim_table table, const struct query *query,
                    struct query_problems *problems);
void selection_release(struct selection *selection);
bool selection_matches(const struct selection *selection, const struct sim_world *world,
                       uint32_t row);
// The place of the row among the values of the `id` filter.
size_t selection_user_order(const struct selection *selection, const struct sim_world *world,
                            uint32_t row);

#endif
