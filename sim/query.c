// SPDX-License-Identifier: Apache-2.0
// query.c - query strings, and the 422 body that FastAPI makes of bad ones.
//
// The readers accept what Pydantic accepts for a query parameter and word their problems as it does: the `type`, `loc` and `msg` of each
// are what a client may branch on, so they are the contract here; `ctx` and `input` are filled as far as they are known.
#include "query.h"

#include "server_json.h"
#include "server_limits.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void query_decode(char *text, bool plus_is_space)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        int high = *from == '%' ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;
        if (low >= 0) {
            int byte = high * 16 + low;
            *to++ = byte == 0 ? '\x01' : (char)byte; // these are C strings: no value holds a NUL
            from += 2;
        } else {
            *to++ = *from == '+' && plus_is_space ? ' ' : *from;
        }
    }
    *to = '\0';
}

bool query_init(struct query *query, const char *raw)
{
    *query = (struct query){0};
    if (raw == NULL || *raw == '\0') {
        return true;
    }
    size_t length = strlen(raw);
    size_t count = 1;
    for (size_t i = 0; i < length; i++) {
        count += raw[i] == '&';
    }
    if (length > QUERY_TEXT_BYTES_MAX || count > QUERY_PAIRS_MAX) {
        return false;
    }
    query->text = strdup(raw);
    query->pairs = calloc(count, sizeof(*query->pairs));
    if (query->text == NULL || query->pairs == NULL) {
        query_release(query);
        return false;
    }
    char *rest = query->text;
    while (rest != NULL) {
        char *name = strsep(&rest, "&");
        if (*name == '\0') {
            continue;
        }
        char *value = strchr(name, '=');
        if (value != NULL) {
            *value++ = '\0';
            query_decode(value, true);
        }
        query_decode(name, true);
        query->pairs[query->count++] = (struct query_pair){name, value != NULL ? value : ""};
    }
    return true;
}

void query_release(struct query *query)
{
    free(query->pairs);
    free(query->text);
    *query = (struct query){0};
}

const char *query_last(const struct query *query, const char *name)
{
    for (size_t i = query->count; i > 0; i--) {
        if (strcmp(query->pairs[i - 1].name, name) == 0) {
            return query->pairs[i - 1].value;
        }
    }
    return NULL;
}

void query_problems_release(struct query_problems *problems)
{
    sim_out_release(&problems->json);
    problems->count = 0;
}

void query_problems_add(struct query_problems *problems, const struct query_problem *problem)
{
    if (problems->count == QUERY_PROBLEMS_MAX) {
        return;
    }
    struct sim_out *out = &problems->json;
    sim_out_text(out, problems->count++ > 0 ? ",{\"type\":" : "{\"type\":");
    json_append_string(out, problem->type);
    json_append_literal(out, ",\"loc\":[");
    json_append_string(out, problem->place);
    json_append_literal(out, ",");
    json_append_string(out, problem->name);
    if (problem->tail != NULL) {
        json_append_literal(out, ",");
        sim_out_text(out, problem->tail);
    }
    json_append_literal(out, "],\"msg\":");
    json_append_string(out, problem->message);
    json_append_literal(out, ",\"input\":");
    if (problem->input != NULL) {
        json_append_string(out, problem->input);
    } else {
        json_append_literal(out, "null");
    }
    if (problem->context != NULL) {
        json_append_literal(out, ",\"ctx\":");
        sim_out_text(out, problem->context);
    }
    json_append_literal(out, "}");
}

void query_problems_body(const struct query_problems *problems, struct sim_out *out)
{
    json_append_literal(out, "{\"error\":\"RequestValidationError\",\"detail\":[");
    if (problems->json.len > 0) {
        sim_out_append(out, problems->json.data, problems->json.len);
    }
    json_append_literal(out, "]}");
}

static bool refuse(const struct query_place *place, const char *value, const char *type,
                   const char *message, const char *context, struct query_problems *problems)
{
    query_problems_add(problems, &(struct query_problem){.type = type,
                                                         .place = place->place,
                                                         .name = place->name,
                                                         .tail = place->tail,
                                                         .message = message,
                                                         .input = value,
                                                         .context = context});
    return false;
}

// Decimal digits into a number that saturates; false when there are none or something else follows.
static bool parse_digits(const char *text, size_t length, int64_t *ret_number)
{
    int64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        int digit = text[i] - '0';
        number = number > (INT64_MAX - digit) / 10 ? INT64_MAX : number * 10 + digit;
    }
    *ret_number = number;
    return length > 0;
}

bool query_read_positive(const struct query_place *place, const char *value, int64_t *ret_number,
                         struct query_problems *problems)
{
    const char *start = value + strspn(value, " \t\r\n");
    size_t length = strlen(start);
    while (length > 0 && isspace((unsigned char)start[length - 1])) {
        length--;
    }
    bool is_negative = length > 0 && *start == '-';
    if (length > 0 && (*start == '-' || *start == '+')) {
        start++;
        length--;
    }
    const char *point = memchr(start, '.', length);
    if (point != NULL && strspn(point + 1, "0") >= length - (size_t)(point - start) - 1) {
        length = (size_t)(point - start); // "1.0" reads as 1
    }
    int64_t number = 0;
    if (!parse_digits(start, length, &number)) {
        return refuse(place, value, "int_parsing",
                      "Input should be a valid integer, unable to parse string as an integer", NULL,
                      problems);
    }
    if (is_negative || number == 0) {
        return refuse(place, value, "greater_than", "Input should be greater than 0", "{\"gt\":0}",
                      problems);
    }
    *ret_number = number;
    return true;
}

bool query_read_bool(const struct query_place *place, const char *value, bool *ret_flag,
                     struct query_problems *problems)
{
    static const char *const yes[] = {"1", "true", "t", "yes", "y", "on"};
    static const char *const no[] = {"0", "false", "f", "no", "n", "off"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
        bool is_yes = strcasecmp(value, yes[i]) == 0;
        if (is_yes || strcasecmp(value, no[i]) == 0) {
            *ret_flag = is_yes;
            return true;
        }
    }
    return refuse(place, value, "bool_parsing",
                  "Input should be a valid boolean, unable to interpret input", NULL, problems);
}

// A value of a closed list: the message and the context name all that would have been right.
bool query_read_enum(const struct query_place *place, const char *value, const char *const *names,
                     bool is_sorting, struct query_problems *problems)
{
    const char *bare = is_sorting && *value == '-' ? value + 1 : value;
    size_t count = 0;
    for (; names[count] != NULL; count++) {
        if (strcmp(bare, names[count]) == 0) {
            return true;
        }
    }
    struct sim_out list = {0};
    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;
        const char *before = i == 0 ? "" : is_last && !is_sorting ? " or " : ", ";
        sim_out_format(&list, "%s'%s'", before, names[i]);
        if (is_sorting) {
            sim_out_format(&list, "%s'-%s'", is_last ? " or " : ", ", names[i]);
        }
    }
    sim_out_append(&list, "", 1);
    struct sim_out message = {0}, context = {0};
    const char *expected = list.failed ? "" : list.data;
    sim_out_text(&message, "Input should be ");
    sim_out_text(&message, expected);
    sim_out_append(&message, "", 1);
    json_append_literal(&context, "{\"expected\":");
    json_append_string(&context, expected);
    sim_out_append(&context, "}", 2);
    refuse(place, value, "enum", message.failed ? "" : message.data,
           context.failed ? NULL : context.data, problems);
    sim_out_release(&list);
    sim_out_release(&message);
    sim_out_release(&context);
    return false;
}

// A UUID problem carries its reason twice: in the message and in the context.
static bool refuse_uuid(const struct query_place *place, const char *value, const char *reason,
                        struct query_problems *problems)
{
    struct sim_out message = {0}, context = {0};
    sim_out_text(&message, "Input should be a valid UUID, ");
    sim_out_text(&message, reason);
    sim_out_append(&message, "", 1);
    json_append_literal(&context, "{\"error\":");
    json_append_string(&context, reason);
    sim_out_append(&context, "}", 2);
    refuse(place, value, "uuid_parsing", message.failed ? "" : message.data,
           context.failed ? NULL : context.data, problems);
    sim_out_release(&message);
    sim_out_release(&context);
    return false;
}

// Gathers the 32 hexadecimal digits of a UUID. False with the reason in words when the text holds something else.
static bool collect_digits(const char *value, char ret_digits[static 32], struct sim_out *reason)
{
    const char *start = strncasecmp(value, "urn:uuid:", 9) == 0 ? value + 9 : value;
    size_t count = 0;
    for (const char *c = start; *c != '\0'; c++) {
        if (*c == '-') {
            continue;
        }
        if (hex_digit(*c) < 0) {
            sim_out_format(reason,
                           "invalid character: expected an optional prefix of `urn:uuid:` "
                           "followed by [0-9a-fA-F-], found `%c` at %zu",
                           isprint((unsigned char)*c) ? *c : '?', (size_t)(c - value) + 1);
            return false;
        }
        if (count < 32) {
            ret_digits[count] = (char)tolower((unsigned char)*c);
        }
        count++;
    }
    size_t length = strlen(start);
    bool is_hyphenated =
        length == 36 && start[8] == '-' && start[13] == '-' && start[18] == '-' && start[23] == '-';
    if (count != 32 || (length != 32 && !is_hyphenated)) {
        sim_out_format(reason, "invalid length: expected length 32 for simple format, found %zu",
                       length);
        return false;
    }
    return true;
}

bool query_read_uuid(const struct query_place *place, const char *value,
                     char ret_uuid[static QUERY_UUID_BYTES], struct query_problems *problems)
{
    char digits[32] = {0};
    struct sim_out reason = {0};
    if (!collect_digits(value, digits, &reason)) {
        sim_out_append(&reason, "", 1);
        refuse_uuid(place, value, reason.failed ? "invalid" : reason.data, problems);
        sim_out_release(&reason);
        return false;
    }
    if (digits[12] != '4') {
        return refuse(place, value, "uuid_version", "UUID version 4 expected",
                      "{\"expected_version\":4}", problems);
    }
    char *to = ret_uuid;
    for (size_t i = 0; i < sizeof(digits); i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            *to++ = '-';
        }
        *to++ = digits[i];
    }
    *to = '\0';
    return true;
}
