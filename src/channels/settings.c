// SPDX-License-Identifier: Apache-2.0
// settings.c - a channel's fields as the JSON that the database keeps, and back.
#include <string.h>

#include "channels/kinds.h"
#include "decode/json.h"

static bool is_kept(enum channel_kind kind, int field)
{
    return channel_fields[field].kind == kind && !channel_fields[field].is_secret;
}

void channel_values_json(enum channel_kind kind, const struct channel_values *values,
                         struct buf *out)
{
    bool has_any = false;
    buf_char(out, '{');
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++) {
        const char *value = values->list[i];
        if (!is_kept(kind, i) || !value || !value[0])
            continue;
        buf_format(out, "%s\"%s\":", has_any ? "," : "", channel_fields[i].word);
        buf_json_string(out, sv_of(value));
        has_any = true;
    }
    buf_char(out, '}');
}

enum till_code channel_values_parse(enum channel_kind kind, struct sv settings, struct arena *arena,
                                    struct channel_values *ret_values, struct till_error *e)
{
    struct channel_values values = {{NULL}};
    const struct json *root = NULL;
    enum till_code code = json_parse(settings, arena, &root, e);
    if (code == TILL_OK && !json_is_object(root))
        code = TILL_FAIL(e, TILL_FORMAT, 0, "they are not a JSON object");
    for (int i = 0; i < CHANNEL_FIELD__COUNT && code == TILL_OK; i++) {
        struct sv text;
        if (!is_kept(kind, i) || !json_text(json_get(root, channel_fields[i].word), &text))
            continue;
        values.list[i] = arena_copy(arena, text.ptr, text.len);
        if (!values.list[i])
            code = arena_fail(arena, "the channel's settings", e);
        else if (memchr(text.ptr, '\0', text.len))
            code = TILL_FAIL(e, TILL_FORMAT, 0, "%s has a NUL character in it",
                             channel_fields[i].word);
    }
    if (code)
        return till_error_context(e, "could not read the channel's settings");
    *ret_values = values;
    return TILL_OK;
}
