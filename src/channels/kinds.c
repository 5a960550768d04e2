// SPDX-License-Identifier: Apache-2.0
// kinds.c - the lists of kinds.def.
#include "channels/kinds.h"

enum { HOLDS_PLAIN, HOLDS_SECRET };

const struct channel_kind_info channel_kinds[CHANNEL_KIND__COUNT] = {
#define KIND(id, word, label, sentence) [CHANNEL_##id] = {word, label, sentence},
#include "channels/kinds.def"
};

const struct channel_field_info channel_fields[CHANNEL_FIELD__COUNT] = {
#define FIELD(kind, id, option, holds, needed, fallback, sentence)                                 \
    [CHANNEL_FIELD_##id] = {CHANNEL_##kind, #id,      option,  HOLDS_##holds == HOLDS_SECRET,      \
                            needed,         fallback, sentence},
#include "channels/kinds.def"
};

const char *const channel_sections[CHANNEL_SECTIONS] = {"money",     "subscriptions", "traffic",
                                                        "standouts", "tops",          "sources"};

bool channel_kind_parse(struct sv word, enum channel_kind *ret_kind)
{
    for (int i = 0; i < CHANNEL_KIND__COUNT; i++) {
        if (sv_equal(word, sv_of(channel_kinds[i].word))) {
            *ret_kind = (enum channel_kind)i;
            return true;
        }
    }
    return false;
}

bool channel_kind_is_local(enum channel_kind kind)
{
    return kind == CHANNEL_file || kind == CHANNEL_command;
}

const char *channel_value(const struct channel_values *values, enum channel_field field)
{
    const char *value = values->list[field];
    return value && value[0] ? value : channel_fields[field].fallback;
}
