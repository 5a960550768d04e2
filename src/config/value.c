// SPDX-License-Identifier: Apache-2.0
// value.c - the settings table, and what each kind of value may look like.
//
// All checks are here, so that the file, the environment and flags cannot differ. Durations are a number and a unit without a space
// ("90s", "1500ms", "26h"): a bare number is refused, because people and programs disagree about its unit.
#include "config/value.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "model/intervals.h"

static const struct setting settings[] = {
#define SETTING(name, kind, fallback, minimum, maximum, words, environment, sentence)              \
    {#name, SETTING_##kind, fallback, minimum, maximum, words, environment, sentence},
#include "config/settings.def"
#undef SETTING
};

static const struct {
    const char *word;
    int64_t milliseconds;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

const struct setting *config_settings(size_t *ret_count)
{
    *ret_count = TILL_COUNT(settings);
    return settings;
}

static bool name_equal(struct sv text, const char *name)
{
    if (text.len != strlen(name))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] == '.' ? '_' : text.ptr[i]) != name[i])
            return false;
    return true;
}

const struct setting *setting_find(struct sv name)
{
    for (size_t i = 0; i < TILL_COUNT(settings); i++)
        if (name_equal(name, settings[i].name))
            return &settings[i];
    return NULL;
}

const struct setting *setting_suggest(struct sv name)
{
    const struct setting *best = NULL;
    size_t best_distance = 0;
    for (size_t i = 0; i < TILL_COUNT(settings); i++) {
        struct sv candidate = sv_of(settings[i].name);
        size_t distance = sv_edit_distance(name, candidate);
        // A third of the letters may be wrong; more is another word.
        if (distance <= (candidate.len + 2) / 3 && (best == NULL || distance < best_distance)) {
            best = &settings[i];
            best_distance = distance;
        }
    }
    return best;
}

static void duration_text(struct buf *buf, int64_t milliseconds)
{
    size_t unit = 0;
    for (size_t i = 1; i < TILL_COUNT(units); i++)
        if (milliseconds > 0 && milliseconds % units[i].milliseconds == 0)
            unit = i;
    buf_int(buf, milliseconds / units[unit].milliseconds);
    buf_text(buf, units[unit].word);
}

static bool parse_text(const struct setting *setting, struct sv text, struct buf *reason)
{
    bool is_plain = sv_is_utf8(text);
    for (size_t i = 0; i < text.len && is_plain; i++)
        is_plain = (unsigned char)text.ptr[i] >= 0x20 && text.ptr[i] != 0x7F;
    if (!is_plain) {
        buf_text(reason, "must be UTF-8 text without control characters");
        return false;
    }
    if ((int64_t)text.len < setting->minimum || (int64_t)text.len > setting->maximum) {
        if (text.len == 0)
            buf_text(reason, "must not be empty");
        else
            buf_format(reason, "must be at most %lld bytes long", (long long)setting->maximum);
        return false;
    }
    return true;
}

static bool parse_integer(const struct setting *setting, struct sv text, int64_t *ret_number,
                          struct buf *reason)
{
    if (setting->words != NULL && sv_equal_ignoring_case(text, sv_of(setting->words))) {
        *ret_number = 0;
        return true;
    }
    if (sv_to_int64(text, ret_number) && *ret_number >= setting->minimum &&
        *ret_number <= setting->maximum)
        return true;
    buf_format(reason, "must be a whole number from %lld to %lld", (long long)setting->minimum,
               (long long)setting->maximum);
    if (setting->words != NULL)
        buf_format(reason, ", or %s", setting->words);
    return false;
}

static bool parse_duration(const struct setting *setting, struct sv text, int64_t *ret_number,
                           struct buf *reason)
{
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    struct sv unit = {text.ptr + digits, text.len - digits};
    int64_t value;
    bool is_number = sv_to_int64((struct sv){text.ptr, digits}, &value);
    for (size_t i = 0; i < TILL_COUNT(units) && is_number; i++)
        if (sv_equal(unit, sv_of(units[i].word)) &&
            !__builtin_mul_overflow(value, units[i].milliseconds, ret_number) &&
            *ret_number >= setting->minimum && *ret_number <= setting->maximum)
            return true;
    buf_text(reason, "must be a number with a unit (ms, s, m, h or d) from ");
    duration_text(reason, setting->minimum);
    buf_text(reason, " to ");
    duration_text(reason, setting->maximum);
    return false;
}

static bool parse_enum(const struct setting *setting, struct sv text, struct buf *reason)
{
    struct sv rest = sv_of(setting->words), word;
    while (sv_split(&rest, '|', &word))
        if (sv_equal(text, word))
            return true;
    buf_text(reason, "must be one of ");
    for (const char *c = setting->words; *c != '\0'; c++)
        if (*c == '|')
            buf_text(reason, ", ");
        else
            buf_char(reason, *c);
    return false;
}

static bool parse_boolean(struct sv text, int64_t *ret_number, struct buf *reason)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < TILL_COUNT(words); i++)
        if (sv_equal_ignoring_case(text, sv_of(words[i]))) {
            *ret_number = (int64_t)(i % 2);
            return true;
        }
    buf_text(reason, "must be true or false");
    return false;
}

bool setting_parse(const struct setting *setting, struct sv text, int64_t *ret_number,
                   struct buf *reason)
{
    int64_t number = 0;
    bool is_good = false;
    switch (setting->kind) {
    case SETTING_TEXT:
        is_good = parse_text(setting, text, reason);
        break;
    case SETTING_INTEGER:
        is_good = parse_integer(setting, text, &number, reason);
        break;
    case SETTING_BOOLEAN:
        is_good = parse_boolean(text, &number, reason);
        break;
    case SETTING_ENUM:
        is_good = parse_enum(setting, text, reason);
        break;
    case SETTING_DURATION:
        is_good = parse_duration(setting, text, &number, reason);
        break;
    }
    if (is_good)
        *ret_number = number;
    return is_good;
}
