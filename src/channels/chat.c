// SPDX-License-Identifier: Apache-2.0
// chat.c - what the chats share when they compose: the message is split, and each part is written as the chat takes it.
#include "channels/chat.h"

#include "base/limits.h"

void chat_put_lines(struct buf *out, const struct split_group *group)
{
    for (size_t i = 0; i < group->line_count; i++) {
        if (i > 0)
            buf_char(out, '\n');
        buf_sv(out, group->lines[i]);
    }
}

void chat_put_string(struct buf *out, const struct buf *text)
{
    buf_json_string(out, (struct sv){text->data ? text->data : "", text->len});
    if (text->failure)
        out->failure = text->failure;
}

static enum till_code compose_part(const struct channel *channel,
                                   const struct channel_message *message,
                                   const struct split_part *part, chat_put *put, struct sv address,
                                   struct arena *arena, struct channel_part *ret_part,
                                   struct till_error *e)
{
    AUTO_BUF body;
    buf_init(&body, TILL_LIMIT_REQUEST_BODY_BYTES);
    put(channel, message, part, &body);
    if (buf_fail(&body, "a message", e))
        return e->code;
    struct sv text = arena_sv(arena, (struct sv){body.data, body.len});
    if (!text.ptr)
        return arena_fail(arena, "a message", e);
    *ret_part = (struct channel_part){
        .address = address, .headers = SV("Content-Type: application/json"), .body = text};
    return TILL_OK;
}

enum till_code chat_compose(const struct channel *channel, const struct channel_message *message,
                            struct arena *arena, struct channel_parts *ret_parts,
                            struct till_error *e)
{
    const struct chat *chat = channel->service->chat;
    struct split_parts parts;
    AUTO_BUF where;
    buf_init(&where, TILL_LIMIT_BUFFER_BYTES);
    channel_describe(channel, &where);
    enum till_code code = buf_fail(&where, "a message", e);
    if (code == TILL_OK)
        code = split_message(message, chat->limits, arena, &parts, e);
    if (code)
        return code;
    struct sv address = arena_sv(arena, (struct sv){where.data ? where.data : "", where.len});
    struct channel_part *list = arena_calloc(arena, parts.count, sizeof *list);
    if (!address.ptr || !list)
        return arena_fail(arena, "a message", e);
    for (size_t i = 0; i < parts.count && code == TILL_OK; i++)
        code =
            compose_part(channel, message, &parts.list[i], chat->put, address, arena, &list[i], e);
    if (code == TILL_OK)
        *ret_parts = (struct channel_parts){list, parts.count};
    return code;
}
