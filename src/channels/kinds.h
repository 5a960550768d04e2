// SPDX-License-Identifier: Apache-2.0
// kinds.h - the table of kinds.def as data: what kinds of channel there are, and what each wants to know.
#ifndef TILL_CHANNELS_KINDS_H
#define TILL_CHANNELS_KINDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/sv.h"

enum channel_kind {
#define KIND(id, word, label, sentence) CHANNEL_##id,
#include "channels/kinds.def"
    CHANNEL_KIND__COUNT
};
enum channel_field {
#define FIELD(kind, id, option, holds, needed, fallback, sentence) CHANNEL_FIELD_##id,
#include "channels/kinds.def"
    CHANNEL_FIELD__COUNT
};
struct channel_kind_info {
    const char *word, *label, *sentence;
};
struct channel_field_info {
    enum channel_kind kind;
    const char *word;   // "smtp_host": in the database and in JSON
    const char *option; // "smtp-host"; NULL: never on a command line
    bool is_secret, is_needed;
    const char *fallback; // "" = none
    const char *sentence;
};
extern const struct channel_kind_info channel_kinds[CHANNEL_KIND__COUNT];
extern const struct channel_field_info channel_fields[CHANNEL_FIELD__COUNT];
// False when there is no such kind.
bool channel_kind_parse(struct sv word, enum channel_kind *ret_kind);

// What a digest has, in words: bit i of store_channel.sections.
enum { CHANNEL_SECTIONS = 6 };
extern const char *const channel_sections[CHANNEL_SECTIONS];
// What writes files or starts programs here: only somebody at this machine's command line adds those, never a page.
bool channel_kind_is_local(enum channel_kind kind);

// One channel's fields: NULL where nothing is said. Secrets are not among them.
struct channel_values {
    const char *list[CHANNEL_FIELD__COUNT];
    const char
        *where; // what channel_describe() said when it was saved, for whoever has no secret at hand
};
// As the database keeps them: {"where":"chat 42","chat":"42"}, without what is empty, and without secrets. Texts in the arena; what is missing, or is no
// text, is NULL. FORMAT when it is not a JSON object.
void channel_values_json(enum channel_kind kind, const struct channel_values *values,
                         struct buf *out);
enum till_code channel_values_parse(enum channel_kind kind, struct sv settings, struct arena *arena,
                                    struct channel_values *ret_values,
                                    struct till_error *e) TILL_MUSTUSE;
// The value, else the field's default, else "".
const char *channel_value(const struct channel_values *values, enum channel_field field);

#endif
