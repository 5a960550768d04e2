// SPDX-License-Identifier: Apache-2.0
// parameters.c - urlencoded text to parameters, and parameters.def as the check that each has its form.
//
// Everything is checked before any row is read, so that an error names the parameter and the work starts with values that are known to be well.
#include <stdio.h>
#include <string.h>

#include "api/questions.h"
#include "base/civil.h"
#include "base/limits.h"

enum form { NAME, DATE, ZONE, ID, LETTERS, TEXT, LONG, WORD, COUNT, FLAG };
static const struct known {
    const char *name;
    enum form form;
    const char *choices;
    bool is_repeatable;
} knowns[] = {
#define PARAMETER(name, form, choices, is_repeatable, sentence)                                    \
    {#name, form, choices, is_repeatable},
#include "api/parameters.def"
#undef PARAMETER
};

// ---- decoding ----

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum till_code decode(struct sv text, struct arena *arena, struct sv *ret_text,
                             struct till_error *e)
{
    char *place = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    if (!place)
        return arena_fail(arena, "the parameters", e);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return TILL_FAIL(e, TILL_USAGE, 0, "a parameter has a %% without two digits");
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (c == '\0')
            return TILL_FAIL(e, TILL_USAGE, 0, "a parameter has a NUL character in it");
        place[len++] = c;
    }
    place[len] = '\0';
    *ret_text = (struct sv){place, len};
    if (!sv_is_utf8(*ret_text))
        return TILL_FAIL(e, TILL_USAGE, 0, "a parameter is not UTF-8");
    return TILL_OK;
}

enum till_code api_parameters(struct sv text, struct arena *arena,
                              const struct api_parameter **ret_parameters, size_t *ret_count,
                              struct till_error *e)
{
    struct sv rest = text, part;
    size_t count = 0;
    if (text.len > TILL_LIMIT_API_PARAMETER_BYTES)
        return TILL_FAIL(e, TILL_USAGE, 0, "the parameters have more than %d bytes",
                         TILL_LIMIT_API_PARAMETER_BYTES);
    struct api_parameter *parameters =
        arena_calloc(arena, TILL_LIMIT_API_PARAMETERS, sizeof *parameters);
    if (!parameters)
        return arena_fail(arena, "the parameters", e);
    while (sv_split(&rest, '&', &part)) {
        if (part.len == 0)
            continue;
        if (count == TILL_LIMIT_API_PARAMETERS)
            return TILL_FAIL(e, TILL_USAGE, 0, "more than %d parameters",
                             TILL_LIMIT_API_PARAMETERS);
        const char *equals = memchr(part.ptr, '=', part.len);
        struct sv name = {part.ptr, equals ? (size_t)(equals - part.ptr) : part.len};
        struct sv value = equals ? (struct sv){equals + 1, part.len - name.len - 1} : SV("");
        enum till_code code = decode(name, arena, &parameters[count].name, e);
        if (code == TILL_OK)
            code = decode(value, arena, &parameters[count].value, e);
        if (code)
            return code;
        count++;
    }
    *ret_parameters = parameters;
    *ret_count = count;
    return TILL_OK;
}

struct sv api_value(const struct api_question *question, const char *name)
{
    for (size_t i = 0; i < question->parameter_count; i++)
        if (question->parameters[i].value.len > 0 &&
            sv_equal(question->parameters[i].name, sv_of(name)))
            return question->parameters[i].value;
    return (struct sv){NULL, 0};
}

// ---- checking ----

bool api_has_word(const char *words, char separator, struct sv word)
{
    struct sv rest = sv_of(words), part;
    while (sv_split(&rest, separator, &part))
        if (sv_equal(part, word))
            return true;
    return false;
}

static bool consists_of(struct sv text, const char *characters)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr(characters, text.ptr[i]))
            return false;
    return true;
}

static bool is_date(struct sv text)
{
    struct civil_date date;
    char place[16];
    if (text.len != 10)
        return false;
    (void)snprintf(place, sizeof place, SV_FORMAT, SV_ARGS(text));
    return civil_date_parse(place, &date);
}

// What is wrong with a value; NULL when nothing is.
static const char *problem(const struct known *known, struct sv value)
{
    static const char digits[] = "0123456789";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    switch (known->form) {
    case NAME:
        return value.len < STORE_NAME_BYTES ? NULL : "too long for a name";
    case DATE:
        return is_date(value) ? NULL : "not a date";
    case ZONE:
        return value.len < STORE_NAME_BYTES ? NULL : "too long for a time zone";
    case ID:
        return value.len == API_ID_BYTES && consists_of(value, "0123456789abcdefABCDEF-")
                   ? NULL
                   : "not an id";
    case LETTERS:
        return (value.len == 2 || value.len == 3) && consists_of(value, letters)
                   ? NULL
                   : "not a code of two or three letters";
    case TEXT:
        return value.len <= TILL_LIMIT_API_TEXT_BYTES ? NULL : "too long";
    case LONG:
        return NULL;
    case WORD:
        return api_has_word(known->choices, '|', value) ? NULL : "not one of its values";
    case COUNT:
        return value.len <= 9 && consists_of(value, digits) && value.ptr[0] != '0'
                   ? NULL
                   : "not a whole number from 1 to 999999999";
    case FLAG:
        return sv_equal(value, SV("0")) || sv_equal(value, SV("1")) ? NULL : "neither 0 nor 1";
    }
    return NULL;
}

enum till_code api_refuse(const char *name, struct sv value, const char *why, struct till_error *e)
{
    enum { SHOWN_BYTES = 60 };
    size_t shown = sv_utf8_cut(value, SHOWN_BYTES);
    return TILL_FAIL(e, TILL_USAGE, 0, "%s: \"%.*s%s\" is %s", name, (int)shown, value.ptr,
                     shown < value.len ? "..." : "", why);
}

static enum till_code check_value(const struct known *known, struct sv value, struct till_error *e)
{
    const char *why = value.len > 0 ? problem(known, value) : NULL;
    if (!why)
        return TILL_OK;
    enum till_code code = api_refuse(known->name, value, why, e);
    if (known->form == WORD)
        (void)till_error_hint(e, "its values: %s", known->choices);
    else if (known->form == DATE)
        (void)till_error_hint(e, "write year, month and day, such as 2026-01-31");
    return code;
}

static const struct known *known_of(struct sv name)
{
    for (size_t i = 0; i < TILL_COUNT(knowns); i++)
        if (sv_equal(name, sv_of(knowns[i].name)))
            return &knowns[i];
    return NULL;
}

enum till_code api_check(const struct api_question *question, struct till_error *e)
{
    const struct api_route_info *route = api_route_info(question->route);
    bool is_given[TILL_COUNT(knowns)] = {false};
    for (size_t i = 0; i < question->parameter_count; i++) {
        const struct api_parameter *parameter = &question->parameters[i];
        const struct known *known = known_of(parameter->name);
        if (!known || !api_has_word(route->parameters, ' ', parameter->name)) {
            size_t shown = sv_utf8_cut(parameter->name, 40);
            (void)TILL_FAIL(e, TILL_USAGE, 0, "%s has no parameter \"%.*s\"", route->path,
                            (int)shown, parameter->name.ptr);
            return till_error_hint(e, "it has: %s",
                                   route->parameters[0] ? route->parameters : "none");
        }
        if (is_given[known - knowns] && !known->is_repeatable)
            return TILL_FAIL(e, TILL_USAGE, 0, "%s is given twice", known->name);
        is_given[known - knowns] = true;
        enum till_code code = check_value(known, parameter->value, e);
        if (code)
            return code;
    }
    return TILL_OK;
}
