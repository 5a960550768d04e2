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
    buf_text(out, "{\"where\":");
    buf_json_string(out, sv_of(values->where ? values->where : ""));
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++) {
        const char *value = values->list[i];
        if (!is_kept(kind, i) || !value || !value[0])
            continue;
        buf_format(out, ",\"%s\":", channel_fields[i].word);
        buf_json_string(out, sv_of(value));
    }
    buf_char(out, '}');
}

// *ret_text stays NULL where there is none.
static enum till_code copy_text(const struct json *root, const char *key, struct arena *arena,
                                const char **ret_text, struct till_error *e)
{
    struct sv text;
    if (!json_text(json_get(root, key), &text))
        return TILL_OK;
    if (memchr(text.ptr, '\0', text.len))
        return TILL_FAIL(e, TILL_FORMAT, 0, "%s has a NUL character in it", key);
    *ret_text = arena_copy(arena, text.ptr, text.len);
    return *ret_text ? TILL_OK : arena_fail(arena, "a channel", e);
}

enum till_code channel_values_parse(enum channel_kind kind, struct sv settings, struct arena *arena,
                                    struct channel_values *ret_values, struct till_error *e)
{
    struct channel_values values = {.where = NULL};
    const struct json *root = NULL;
    enum till_code code = json_parse(settings, arena, &root, e);
    if (code == TILL_OK && !json_is_object(root))
        code = TILL_FAIL(e, TILL_FORMAT, 0, "they are not a JSON object");
    if (code == TILL_OK)
        code = copy_text(root, "where", arena, &values.where, e);
    for (int i = 0; i < CHANNEL_FIELD__COUNT && code == TILL_OK; i++)
        if (is_kept(kind, i))
            code = copy_text(root, channel_fields[i].word, arena, &values.list[i], e);
    if (code)
        return till_error_context(e, "could not read the channel's settings");
    *ret_values = values;
    return TILL_OK;
}
