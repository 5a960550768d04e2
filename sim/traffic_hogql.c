// SPDX-License-Identifier: Apache-2.0
// traffic_hogql.c - reads the few shapes of query that a traffic report needs: which columns, from events or sessions, between which moments.
//
// Clauses are found by their keywords outside quotes and brackets; an expression is recognised when it equals a known one but for blanks.
// What is not known is refused as PostHog refuses an unknown field.
#include "traffic_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TEXT_BYTES = 8192, LIMIT_DEFAULT = 100, LIMIT_MAX = 50000, TIME_BYTES = 24 };

enum clause { SELECT, FROM, WHERE, GROUP, ORDER, LIMIT, OFFSET, CLAUSE__COUNT };

static const char *const keywords[CLAUSE__COUNT] = {"SELECT",   "FROM",  "WHERE", "GROUP BY",
                                                    "ORDER BY", "LIMIT", "OFFSET"};

struct known {
    const char *text; // without blanks
    enum hogql_kind kind;
    enum traffic_dimension dimension;
};

static const struct known of_events[] = {
    {"toDate(timestamp)", HOGQL_DAY, 0},
    {"toStartOfDay(timestamp)", HOGQL_DAY, 0},
    {"toStartOfHour(timestamp)", HOGQL_HOUR, 0},
    {"uniq(person_id)", HOGQL_VISITORS, 0},
    {"count(DISTINCTperson_id)", HOGQL_VISITORS, 0},
    {"uniq($session_id)", HOGQL_SESSIONS, 0},
    {"uniq(properties.$session_id)", HOGQL_SESSIONS, 0},
    {"count(DISTINCT$session_id)", HOGQL_SESSIONS, 0},
    {"countIf(event='$pageview')", HOGQL_PAGEVIEWS, 0},
    {"count()", HOGQL_PAGEVIEWS, 0},
    {"properties.$geoip_country_code", HOGQL_VALUE, TRAFFIC_COUNTRY},
    {"properties.$device_type", HOGQL_VALUE, TRAFFIC_DEVICE},
};

static const struct known of_sessions[] = {
    {"toDate($start_timestamp)", HOGQL_DAY, 0},
    {"toStartOfHour($start_timestamp)", HOGQL_HOUR, 0},
    {"count()", HOGQL_SESSIONS, 0},
    {"uniq(session_id)", HOGQL_SESSIONS, 0},
    {"uniq(distinct_id)", HOGQL_VISITORS, 0},
    {"countIf($is_bounce)", HOGQL_BOUNCES, 0},
    {"sum($pageview_count)", HOGQL_PAGEVIEWS, 0},
    {"$channel_type", HOGQL_VALUE, TRAFFIC_CHANNEL},
    {"$entry_referring_domain", HOGQL_VALUE, TRAFFIC_REFERRER},
    {"$entry_pathname", HOGQL_VALUE, TRAFFIC_LANDING_PAGE},
    {"$entry_utm_source", HOGQL_VALUE, TRAFFIC_UTM_SOURCE},
    {"$entry_utm_medium", HOGQL_VALUE, TRAFFIC_UTM_MEDIUM},
    {"$entry_utm_campaign", HOGQL_VALUE, TRAFFIC_UTM_CAMPAIGN},
};

struct clauses {
    char text[CLAUSE__COUNT][TEXT_BYTES];
    bool has[CLAUSE__COUNT];
};

// Follows brackets and quotes; true while the next character is outside of both.
static bool is_outside(char c, int *depth, bool *is_quoted)
{
    bool was_outside = *depth == 0 && !*is_quoted;
    if (c == '\'') {
        *is_quoted = !*is_quoted;
    } else if (!*is_quoted) {
        *depth += (c == '(') - (c == ')');
    }
    return was_outside;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '.';
}

static enum clause keyword_at(const char *text, const char *place)
{
    unsigned i = 0;
    for (; i < CLAUSE__COUNT; i++) {
        size_t length = strlen(keywords[i]);
        bool is_start = place == text || !is_word(place[-1]);
        if (is_start && strncasecmp(place, keywords[i], length) == 0 && !is_word(place[length])) {
            break;
        }
    }
    return (enum clause)i;
}

static void split_clauses(const char *text, struct clauses *clauses)
{
    enum clause now = CLAUSE__COUNT;
    int depth = 0;
    bool is_quoted = false;
    size_t length = 0;
    for (const char *c = text; *c != '\0'; c++) {
        enum clause found =
            is_outside(*c, &depth, &is_quoted) ? keyword_at(text, c) : CLAUSE__COUNT;
        if (found != CLAUSE__COUNT) {
            now = found;
            length = 0;
            clauses->has[now] = true;
            clauses->text[now][0] = '\0';
            c += strlen(keywords[found]) - 1;
        } else if (now != CLAUSE__COUNT && length + 1 < TEXT_BYTES) {
            clauses->text[now][length++] = *c;
            clauses->text[now][length] = '\0';
        }
    }
}

// Takes the blanks out, except within quotes.
static void squeeze(char *text)
{
    bool is_quoted = false;
    char *to = text;
    for (const char *c = text; *c != '\0'; c++) {
        is_quoted = *c == '\'' ? !is_quoted : is_quoted;
        if (is_quoted || !isspace((unsigned char)*c)) {
            *to++ = *c;
        }
    }
    *to = '\0';
}

// Cuts " AS name" off; the name is the expression where there is none.
static void take_name(char *item, char *ret_name, size_t size)
{
    char *alias = NULL;
    for (char *c = item; *c != '\0'; c++) {
        if (isspace((unsigned char)c[0]) && strncasecmp(c + 1, "AS", 2) == 0 &&
            isspace((unsigned char)c[3])) {
            alias = c;
        }
    }
    if (alias != NULL) {
        *alias = '\0';
        squeeze(alias + 4);
    }
    squeeze(item);
    snprintf(ret_name, size, "%.40s", alias != NULL ? alias + 4 : item);
}

static bool read_column(char *item, struct hogql *ret)
{
    const struct known *list = ret->is_sessions ? of_sessions : of_events;
    size_t count = ret->is_sessions ? sizeof of_sessions / sizeof *of_sessions
                                    : sizeof of_events / sizeof *of_events;
    if (ret->column_count == HOGQL_COLUMNS_MAX) {
        snprintf(ret->problem, sizeof ret->problem, "Too many columns");
        return false;
    }
    struct hogql_column *column = &ret->columns[ret->column_count];
    take_name(item, column->name, sizeof column->name);
    if (ret->is_one && strcmp(item, "1") == 0) {
        column->kind = HOGQL_ONE;
        ret->column_count++;
        return true;
    }
    for (size_t i = 0; i < count && !ret->is_one; i++) {
        if (strcmp(list[i].text, item) == 0) {
            column->kind = list[i].kind;
            column->dimension = list[i].dimension;
            ret->column_count++;
            return true;
        }
    }
    snprintf(ret->problem, sizeof ret->problem, "Unable to resolve field: %.100s", item);
    return false;
}

static bool read_columns(char *text, struct hogql *ret)
{
    int depth = 0;
    bool is_quoted = false;
    char *item = text;
    for (char *c = text;; c++) {
        bool is_end = *c == '\0';
        if (is_end || (is_outside(*c, &depth, &is_quoted) && *c == ',')) {
            *c = '\0';
            if (!read_column(item, ret)) {
                return false;
            }
            item = c + 1;
        }
        if (is_end) {
            return true;
        }
    }
}

// `timestamp>=toDateTime('…')` or with its zone as a second value; untouched when there is none.
static bool read_bound(const char *where, const char *sign, const struct metrics_zone *zone,
                       struct hogql *ret, int64_t *ret_us)
{
    char pattern[48], time[TIME_BYTES] = {0};
    snprintf(pattern, sizeof pattern, "timestamp%stoDateTime('", sign);
    const char *place = strstr(where, pattern);
    if (place == NULL) {
        return true;
    }
    place += strlen(pattern);
    size_t length = strcspn(place, "'");
    if (length < sizeof time) {
        memcpy(time, place, length);
    }
    struct metrics_zone *own = NULL;
    if (strncmp(place + length, "','UTC'", 7) == 0 ||
        strncmp(place + length, "',\"UTC\"", 7) == 0) {
        own = metrics_zone_open("UTC");
    }
    bool is_read = traffic_read_time(own != NULL ? own : zone, time, ret_us);
    metrics_zone_close(own);
    if (!is_read) {
        snprintf(ret->problem, sizeof ret->problem, "Cannot parse string '%s' as DateTime", time);
    }
    return is_read;
}

static bool read_number(const struct clauses *clauses, enum clause clause, struct hogql *ret,
                        int64_t *ret_number)
{
    if (!clauses->has[clause]) {
        return true;
    }
    char *end;
    long long number = strtoll(clauses->text[clause], &end, 10);
    end += strspn(end, " \t\r\n;");
    if (*end != '\0' || number < 0) {
        snprintf(ret->problem, sizeof ret->problem, "Syntax error: %s is not a number",
                 keywords[clause]);
        return false;
    }
    *ret_number = number;
    return true;
}

static bool read_clauses(struct clauses *clauses, const struct metrics_zone *zone,
                         struct hogql *ret)
{
    if (!clauses->has[SELECT]) {
        snprintf(ret->problem, sizeof ret->problem, "mismatched input: expecting SELECT");
        return false;
    }
    squeeze(clauses->text[FROM]);
    squeeze(clauses->text[WHERE]);
    ret->is_one = !clauses->has[FROM];
    ret->is_sessions = strcmp(clauses->text[FROM], "sessions") == 0;
    if (!ret->is_one && !ret->is_sessions && strcmp(clauses->text[FROM], "events") != 0) {
        snprintf(ret->problem, sizeof ret->problem, "Unknown table `%.100s`.", clauses->text[FROM]);
        return false;
    }
    bool is_read = read_columns(clauses->text[SELECT], ret) &&
                   read_bound(clauses->text[WHERE], ">=", zone, ret, &ret->from_us) &&
                   read_bound(clauses->text[WHERE], "<", zone, ret, &ret->to_us) &&
                   read_number(clauses, LIMIT, ret, &ret->limit) &&
                   read_number(clauses, OFFSET, ret, &ret->offset);
    ret->limit = ret->limit < LIMIT_MAX ? ret->limit : LIMIT_MAX;
    return is_read;
}

// An escaped quote does not end its text: what it stands for matters to no clause.
static void hide_escapes(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if (c[0] == '\\' && c[1] != '\0') {
            c[0] = c[1] = '_';
        }
    }
}

bool hogql_read(const char *text, const struct metrics_zone *zone, struct hogql *ret)
{
    *ret = (struct hogql){.from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2, .limit = LIMIT_DEFAULT};
    struct clauses *clauses = calloc(1, sizeof *clauses);
    char *copy = strdup(text);
    bool is_read = false;
    if (clauses == NULL || copy == NULL) {
        snprintf(ret->problem, sizeof ret->problem, "out of memory");
    } else {
        hide_escapes(copy);
        split_clauses(copy, clauses);
        is_read = read_clauses(clauses, zone, ret);
    }
    free(copy);
    free(clauses);
    return is_read;
}

// Placeholders.

static void print_constant(struct sim_out *out, yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    if (text == NULL) {
        char *number = yyjson_val_write(value, 0, NULL);
        sim_out_text(out, number != NULL ? number : "null");
        free(number);
        return;
    }
    json_append_literal(out, "'");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'' || *c == '\\') {
            json_append_literal(out, "\\");
        }
        sim_out_append(out, c, 1);
    }
    json_append_literal(out, "'");
}

static void tell_missing(const char *name, yyjson_val *values,
                         char ret_problem[static HOGQL_PROBLEM])
{
    yyjson_val *key, *value;
    size_t index, count, length;
    if (yyjson_obj_size(values) == 0) {
        snprintf(ret_problem, HOGQL_PROBLEM, "Unresolved placeholder: {%s}", name);
        return;
    }
    length = (size_t)snprintf(
        ret_problem, HOGQL_PROBLEM,
        "Placeholder {%s} is not available in this context. You can use the following: ", name);
    yyjson_obj_foreach(values, index, count, key, value)
    {
        if (length < HOGQL_PROBLEM) {
            length += (size_t)snprintf(ret_problem + length, HOGQL_PROBLEM - length, "%s%s",
                                       index > 0 ? ", " : "", yyjson_get_str(key));
        }
    }
}

bool hogql_fill(const char *text, yyjson_val *values, struct sim_out *out,
                char ret_problem[static HOGQL_PROBLEM])
{
    bool is_quoted = false;
    for (const char *c = text; *c != '\0'; c++) {
        size_t length = *c == '{' && !is_quoted ? strcspn(c, "}") : 0;
        if (length == 0 || c[length] == '\0') {
            bool is_escape = *c == '\\' && c[1] != '\0';
            is_quoted = *c == '\'' ? !is_quoted : is_quoted;
            sim_out_append(out, c, is_escape ? 2 : 1);
            c += is_escape;
            continue;
        }
        char name[48];
        snprintf(name, sizeof name, "%.*s", (int)(length - 1), c + 1);
        yyjson_val *value = yyjson_obj_get(values, name);
        if (value == NULL || yyjson_is_null(value)) {
            tell_missing(name, values, ret_problem);
            return false;
        }
        print_constant(out, value);
        c += length;
    }
    sim_out_append(out, "", 1);
    return true;
}
