// SPDX-License-Identifier: Apache-2.0
// server_selection.c - a query string becomes a selection (which rows, in which order, which page), and a selection judges rows.
//
// Values within one filter are joined by OR, filters by AND; names that a table does not know are ignored without a word, as Polar does.
#include "server_rules.h"

#include "server_json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LIMIT_DEFAULT = 10, LIMIT_MAX = 100 };

void selection_release(struct selection *selection)
{
    free(selection->values);
    sim_out_release(&selection->key);
    *selection = (struct selection){0};
}

// Reads one value as its rule wants it.
static bool read_value(const struct filter_rule *rule, const struct query_pair *pair,
                       struct selection_value *value, struct query_problems *problems)
{
    struct query_place place = {.place = "query", .name = rule->name};
    value->text = pair->value;
    switch (rule->kind) {
    case FILTER_UUID:
    case FILTER_UUID_EXCLUDE:
    case FILTER_MEMBER:
        place.tail = "\"list[uuid4]\",0";
        return query_read_uuid(&place, pair->value, value->id, problems);
    case FILTER_ENUM:
        place.tail = "\"list[enum]\",0";
        return query_read_enum(&place, pair->value, rule->values, false, problems);
    case FILTER_AFTER:
    case FILTER_SINCE:
    case FILTER_BEFORE:
    case FILTER_UNTIL:
        return query_read_datetime(&place, pair->value, rule->must_be_aware, &value->integer,
                                   problems);
    case FILTER_BOOL:
    case FILTER_ACTIVE: {
        bool flag = false;
        bool is_good = query_read_bool(&place, pair->value, &flag, problems);
        value->integer = flag;
        return is_good;
    }
    case FILTER_TEXT:
    case FILTER_TEXT_FOLD:
    case FILTER_CONTAINS:
    case FILTER_CUSTOMER:
        break;
    }
    return true;
}

static void key_append(struct selection *selection, const char *name, const char *value)
{
    sim_out_append(&selection->key, "\x1e", 1);
    sim_out_text(&selection->key, name);
    sim_out_append(&selection->key, "\x1f", 1);
    sim_out_text(&selection->key, value);
}

static void add_filter(struct selection *selection, const struct filter_rule *rule,
                       const struct query *query, struct query_problems *problems)
{
    struct selection_clause clause = {
        .rule = rule, .name = rule->name, .first = selection->value_count};
    for (size_t i = 0; i < query->count; i++) {
        const struct query_pair *pair = &query->pairs[i];
        if (strcmp(pair->name, rule->name) != 0 ||
            (rule->is_single && pair->value != query_last(query, rule->name))) {
            continue;
        }
        if (read_value(rule, pair, &selection->values[selection->value_count], problems)) {
            selection->value_count++;
            key_append(selection, rule->name, pair->value);
        }
    }
    clause.count = selection->value_count - clause.first;
    if (clause.count > 0 && selection->clause_count < QUERY_CLAUSES_MAX) {
        selection->clauses[selection->clause_count++] = clause;
    }
}

// metadata[name]=value: equal names are joined by OR into one clause.
static void add_metadata(struct selection *selection, const struct query *query)
{
    static const char prefix[] = "metadata[";
    for (size_t i = 0; i < query->count && selection->clause_count < QUERY_CLAUSES_MAX; i++) {
        const char *name = query->pairs[i].name;
        if (strncmp(name, prefix, sizeof(prefix) - 1) != 0 || name[strlen(name) - 1] != ']') {
            continue;
        }
        bool is_first = true;
        for (size_t j = 0; j < i && is_first; j++) {
            is_first = strcmp(query->pairs[j].name, name) != 0;
        }
        if (!is_first) {
            continue;
        }
        struct selection_clause clause = {.name = name, .first = selection->value_count};
        for (size_t j = i; j < query->count; j++) {
            if (strcmp(query->pairs[j].name, name) == 0) {
                selection->values[selection->value_count++].text = query->pairs[j].value;
                key_append(selection, name, query->pairs[j].value);
            }
        }
        clause.count = selection->value_count - clause.first;
        selection->clauses[selection->clause_count++] = clause;
    }
}

static void add_sort(struct selection *selection, const char *value, size_t position,
                     struct query_problems *problems)
{
    const struct sort_rule *rules = table_rules[selection->table].sorts;
    const char *names[32] = {0};
    for (size_t i = 0; rules[i].name != NULL && i + 1 < sizeof(names) / sizeof(*names); i++) {
        names[i] = rules[i].name;
    }
    char tail[24] = {0};
    struct sim_out number = {0};
    sim_out_format(&number, "%zu", position);
    if (!number.failed && number.len < sizeof(tail)) {
        memcpy(tail, number.data, number.len);
    }
    sim_out_release(&number);
    struct query_place place = {.place = "query", .name = "sorting", .tail = tail};
    if (!query_read_enum(&place, value, names, true, problems)) {
        return;
    }
    bool is_descending = *value == '-';
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], value + is_descending) == 0 &&
            selection->sort_count < QUERY_SORTS_MAX) {
            selection->sorts[selection->sort_count++] =
                (struct selection_sort){.field = rules[i].field, .is_descending = is_descending};
            key_append(selection, "sorting", value);
        }
    }
}

static void read_page(struct selection *selection, const struct query *query,
                      struct query_problems *problems)
{
    const char *page = query_last(query, "page");
    const char *limit = query_last(query, "limit");
    selection->page = 1;
    selection->limit = LIMIT_DEFAULT;
    if (page != NULL) {
        (void)query_read_positive(&(struct query_place){"query", "page", NULL}, page,
                                  &selection->page, problems);
    }
    if (limit != NULL) {
        (void)query_read_positive(&(struct query_place){"query", "limit", NULL}, limit,
                                  &selection->limit, problems);
    }
    if (selection->limit > LIMIT_MAX) {
        selection->limit = LIMIT_MAX;
    }
    const char *cursor =
        selection->table == SIM_EVENTS ? query_last(query, "cursor_pagination") : NULL;
    if (cursor != NULL) {
        (void)query_read_bool(&(struct query_place){"query", "cursor_pagination", NULL}, cursor,
                              &selection->has_cursor_pagination, problems);
    }
}

bool selection_init(struct selection *selection, enum sim_table table, const struct query *query,
                    struct query_problems *problems)
{
    const struct table_rules *rules = &table_rules[table];
    *selection = (struct selection){.table = table};
    selection->values = calloc(query->count + 1, sizeof(*selection->values));
    if (selection->values == NULL) {
        return false;
    }
    sim_out_text(&selection->key, rules->name);
    read_page(selection, query, problems);
    for (const struct filter_rule *rule = rules->filters; rule->name != NULL; rule++) {
        add_filter(selection, rule, query, problems);
    }
    if (rules->has_metadata_filter) {
        add_metadata(selection, query);
    }
    size_t position = 0;
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->pairs[i].name, "sorting") == 0) {
            add_sort(selection, query->pairs[i].value, position++, problems);
        }
    }
    if (position == 0) {
        add_sort(selection, rules->default_sort, 0, problems);
    }
    sim_out_append(&selection->key, "", 1);
    return !selection->key.failed;
}

static bool text_is(struct sim_value value, const char *text, bool is_folded)
{
    return value.kind == SIM_TEXT && value.len == strlen(text) &&
           (is_folded ? strncasecmp(value.text, text, value.len) == 0
                      : memcmp(value.text, text, value.len) == 0);
}

static bool text_contains(struct sim_value value, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; value.kind == SIM_TEXT && i + length <= value.len; i++) {
        if (strncasecmp(value.text + i, text, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool customer_matches(const struct sim_world *world, uint32_t row, const char *text)
{
    static const enum sim_field fields[] = {SIM_F_EMAIL, SIM_F_NAME, SIM_F_BILLING_NAME};
    char scratch[SIM_SCRATCH_BYTES];
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        if (text_contains(world_value(world, SIM_CUSTOMERS, row, fields[i], scratch), text)) {
            return true;
        }
    }
    struct sim_value external = world_value(world, SIM_CUSTOMERS, row, SIM_F_EXTERNAL_ID, scratch);
    size_t length = strlen(text);
    return external.kind == SIM_TEXT && external.len >= length &&
           memcmp(external.text, text, length) == 0;
}

// True for one status of the deprecated `active` filter: past_due, paused and the incomplete ones are neither.
static bool status_is_active(struct sim_value status, bool is_active)
{
    return is_active ? text_is(status, "trialing", false) || text_is(status, "active", false)
                     : text_is(status, "canceled", false) || text_is(status, "unpaid", false);
}

static bool value_matches(const struct filter_rule *rule, const struct sim_world *world,
                          enum sim_table table, uint32_t row, const struct selection_value *wanted)
{
    char scratch[SIM_SCRATCH_BYTES];
    if (rule->kind == FILTER_MEMBER) {
        return world_has_member(world, table, row, wanted->id);
    }
    if (rule->kind == FILTER_CUSTOMER) {
        return customer_matches(world, row, wanted->text);
    }
    struct sim_value value = world_value(world, table, row, rule->field, scratch);
    bool is_number = value.kind == SIM_INT;
    switch (rule->kind) {
    case FILTER_UUID:
    case FILTER_UUID_EXCLUDE:
        return text_is(value, wanted->id, false);
    case FILTER_TEXT:
    case FILTER_ENUM:
        return text_is(value, wanted->text, false);
    case FILTER_TEXT_FOLD:
        return text_is(value, wanted->text, true);
    case FILTER_BOOL:
        return is_number && value.integer == wanted->integer;
    case FILTER_AFTER:
        return is_number && value.integer > wanted->integer;
    case FILTER_SINCE:
        return is_number && value.integer >= wanted->integer;
    case FILTER_BEFORE:
        return is_number && value.integer < wanted->integer;
    case FILTER_UNTIL:
        return is_number && value.integer <= wanted->integer;
    case FILTER_CONTAINS:
        return text_contains(value, wanted->text);
    case FILTER_ACTIVE:
        return status_is_active(value, wanted->integer != 0);
    case FILTER_MEMBER:
    case FILTER_CUSTOMER:
        break;
    }
    return false;
}

static bool metadata_matches(const struct sim_world *world, enum sim_table table, uint32_t row,
                             const char *name, const char *text)
{
    char key[64] = {0};
    const char *start = strchr(name, '[');
    const char *end = strrchr(name, ']');
    if (start == NULL || end == NULL || end <= start || (size_t)(end - start) > sizeof(key)) {
        return false; // keys have at most 40 characters
    }
    memcpy(key, start + 1, (size_t)(end - start) - 1);
    return world_metadata_is(world, table, row, key, text);
}

bool selection_matches(const struct selection *selection, const struct sim_world *world,
                       uint32_t row)
{
    enum sim_field needed = table_rules[selection->table].needs;
    char scratch[SIM_SCRATCH_BYTES];
    if (needed != SIM_F__COUNT &&
        world_value(world, selection->table, row, needed, scratch).kind == SIM_NULL) {
        return false;
    }
    for (size_t i = 0; i < selection->clause_count; i++) {
        const struct selection_clause *clause = &selection->clauses[i];
        bool is_match = false;
        for (size_t j = 0; j < clause->count && !is_match; j++) {
            const struct selection_value *wanted = &selection->values[clause->first + j];
            is_match =
                clause->rule != NULL
                    ? value_matches(clause->rule, world, selection->table, row, wanted)
                    : metadata_matches(world, selection->table, row, clause->name, wanted->text);
        }
        bool is_excluding = clause->rule != NULL && clause->rule->kind == FILTER_UUID_EXCLUDE;
        if (is_match == is_excluding) {
            return false;
        }
    }
    return true;
}

size_t selection_user_order(const struct selection *selection, const struct sim_world *world,
                            uint32_t row)
{
    char scratch[SIM_SCRATCH_BYTES];
    struct sim_value id = world_value(world, selection->table, row, SIM_F_ID, scratch);
    for (size_t i = 0; i < selection->clause_count; i++) {
        const struct selection_clause *clause = &selection->clauses[i];
        if (clause->rule == NULL || clause->rule->kind != FILTER_UUID ||
            clause->rule->field != SIM_F_ID) {
            continue;
        }
        for (size_t j = 0; j < clause->count; j++) {
            if (text_is(id, selection->values[clause->first + j].id, false)) {
                return j;
            }
        }
    }
    return 0;
}
