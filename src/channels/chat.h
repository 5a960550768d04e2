// SPDX-License-Identifier: Apache-2.0
// chat.h - private to channels: what the chats share when they compose.
#ifndef TILL_CHANNELS_CHAT_H
#define TILL_CHANNELS_CHAT_H

#include "channels/channel.h"
#include "channels/split.h"

// What one chat makes of a part.
typedef void chat_put(const struct channel *channel, const struct channel_message *message,
                      const struct split_part *part, struct buf *out);
struct chat {
    const struct split_limits *limits;
    chat_put *put;
};
// The message in parts within the chat's limits, each written by its put().
enum till_code chat_compose(const struct channel *channel, const struct channel_message *message,
                            struct arena *arena, struct channel_parts *ret_parts,
                            struct till_error *e);
// The group's lines with a line break between each two.
void chat_put_lines(struct buf *out, const struct split_group *group);
// The text as a JSON string; its failure goes on to out.
void chat_put_string(struct buf *out, const struct buf *text);

#endif
