// SPDX-License-Identifier: Apache-2.0
// discord.c - a webhook of a channel on Discord.
//
// A part is one embed: its title, what comes before the first heading as its description, then a field for each section, because that is one quiet card.
// `wait=true` makes Discord answer when the message is there rather than when it was taken. Nobody is pinged: embeds cannot, and allowed_mentions
// says so once more.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/timestamp.h"
#include "channels/chat.h"

enum { DESCRIPTION_UNITS = 4096, FIELD_UNITS = 1024, NAME_UNITS = 256, FIELDS = 25 };
#define COLOR      "5793266"
#define NO_HEADING "\xE2\x80\x8B" // a field must have a name

static const struct split_limits limits = {
    .dialect = ESCAPE_DISCORD,
    .title_units = NAME_UNITS,
    .heading_units = NAME_UNITS,
    .part_units = 6000 - NAME_UNITS, // all texts of a message
    .group_units = FIELD_UNITS,
    .first_units = DESCRIPTION_UNITS,
    .extra_units = 1, // NO_HEADING
    .groups = FIELDS,
};

static const char *url_of(const struct channel *channel)
{
    return secret_bytes(channel_get_secret(channel, CHANNEL_FIELD_discord_url)).ptr;
}

static enum till_code discord_open(struct channel *channel, struct till_error *e)
{
    const char *url = url_of(channel);
    enum till_code code = http_check_secret_url(url, e);
    if (code == TILL_OK &&
        (!strstr(url, "/webhooks/") || strpbrk(url, "#") || strlen(url) + 16 > CHANNEL_URL_BYTES))
        code = TILL_FAIL(e, TILL_CONFIG, 0, "the address is not that of a webhook of Discord");
    if (code)
        return till_error_hint(e, "copy it in the channel's settings, Integrations, Webhooks: it "
                                  "begins with https://discord.com/api/webhooks/");
    return TILL_OK;
}

static void discord_describe(const struct channel *channel, struct buf *out)
{
    channel_show_url(url_of(channel), out);
}

static void put_field(struct buf *out, const struct split_group *group)
{
    AUTO_BUF text;
    buf_init(&text, TILL_LIMIT_REQUEST_BODY_BYTES);
    chat_put_lines(&text, group);
    buf_text(out, "{\"name\":");
    buf_json_string(out, group->heading.len > 0 ? group->heading : SV(NO_HEADING));
    buf_text(out, ",\"value\":");
    chat_put_string(out, &text);
    buf_char(out, '}');
}

static void put_part(const struct channel *channel, const struct channel_message *message,
                     const struct split_part *part, struct buf *out)
{
    char at[TIMESTAMP_BYTES + 1];
    size_t first = 0;
    (void)channel;
    buf_text(out, "{\"allowed_mentions\":{\"parse\":[]},\"embeds\":[{\"title\":");
    buf_json_string(out, part->title);
    buf_text(out, ",\"color\":" COLOR);
    if (timestamp_format(message->at_us, at))
        buf_format(out, ",\"timestamp\":\"%s\"", at);
    if (part->group_count > 0 && part->groups[0].heading.len == 0) {
        AUTO_BUF text;
        buf_init(&text, TILL_LIMIT_REQUEST_BODY_BYTES);
        chat_put_lines(&text, &part->groups[0]);
        buf_text(out, ",\"description\":");
        chat_put_string(out, &text);
        first = 1;
    }
    buf_text(out, ",\"fields\":[");
    for (size_t i = first; i < part->group_count; i++) {
        if (i > first)
            buf_char(out, ',');
        put_field(out, &part->groups[i]);
    }
    buf_text(out, "]}]}");
}

static const struct chat composing = {&limits, put_part};

// ---- sending ----

static const struct {
    int64_t code;
    const char *what, *hint;
} codes[] = {
    {10015, "this webhook is not there any more",
     "make a new one in the channel's settings, Integrations, Webhooks"},
    {50027, "Discord does not know this webhook's secret",
     "copy the address again in the channel's settings, Integrations, Webhooks"},
    {10003, "the channel of this webhook is gone", "make a webhook for another channel"},
    {50035, "Discord does not take the message as it is",
     "that is a mistake of this program: please report it with what Discord says"},
    {30046, "too many messages were changed", "it is tried again later"},
    {40333, "Discord's guard does not let this network in", "try from another network"},
};

static enum till_code fail(const struct channel_question *question,
                           const struct channel_answer *answer, struct arena *arena,
                           struct channel_result *ret_result, struct till_error *e)
{
    int64_t number = 0;
    if (answer->status == 429)
        ret_result->retry_after_ms = channel_wait_ms(json_get(answer->root, "retry_after"));
    if (json_integer(json_get(answer->root, "code"), &number))
        for (size_t i = 0; i < TILL_COUNT(codes); i++)
            if (codes[i].code == number)
                return channel_fail(question, answer, sv_of(codes[i].what), codes[i].hint,
                                    ret_result, e);
    return channel_fail(question, answer, channel_words(answer->root, "message", arena), "",
                        ret_result, e);
}

static enum till_code discord_send(struct channel *channel, const struct channel_message *message,
                                   const struct channel_part *part,
                                   const struct channel_commit *commit,
                                   struct channel_result *ret_result, struct till_error *e)
{
    AUTO_ARENA arena;
    struct channel_answer answer;
    char url[CHANNEL_URL_BYTES];
    (void)message;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    (void)snprintf(url, sizeof url, "%s%cwait=true", url_of(channel),
                   strchr(url_of(channel), '?') ? '&' : '?');
    struct channel_question question = {.url = url,
                                        .what = "send to Discord",
                                        .is_url_secret = true,
                                        .body = part->body,
                                        .commit = commit};
    enum till_code code = channel_ask(channel, &question, &arena, &answer, ret_result, e);
    memory_wipe(url, sizeof url);
    if (code == TILL_OK && answer.status / 100 != 2)
        code = fail(&question, &answer, &arena, ret_result, e);
    return code;
}

static enum till_code discord_check(struct channel *channel, bool *ret_was_asked,
                                    struct till_error *e)
{
    AUTO_ARENA arena;
    struct channel_answer answer;
    struct channel_result result;
    *ret_was_asked = true;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct channel_question question = {
        .url = url_of(channel), .what = "ask Discord", .is_url_secret = true};
    enum till_code code = channel_ask(channel, &question, &arena, &answer, &result, e);
    if (code == TILL_OK && answer.status / 100 != 2)
        code = fail(&question, &answer, &arena, &result, e);
    arena_wipe(&arena); // Discord answers with the webhook's secret
    return code;
}

const struct channel_service channel_discord = {
    .open = discord_open,
    .describe = discord_describe,
    .chat = &composing,
    .send = discord_send,
    .check = discord_check,
};
