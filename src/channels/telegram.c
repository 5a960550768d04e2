// SPDX-License-Identifier: Apache-2.0
// telegram.c - a bot writes to a chat.
//
// HTML is used, because it has three signs to escape where MarkdownV2 has eighteen, and one forgotten of those loses the message. The bot's token is a piece of
// every address: addresses are built here, wiped, and never shown.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "channels/chat.h"

enum { TEXT_UNITS = 4096, TITLE_UNITS = 200, GROUPS = 128 };

static const struct split_limits limits = {
    .dialect = ESCAPE_TELEGRAM,
    .title_units = TITLE_UNITS,
    .heading_units = 200,
    .part_units = TEXT_UNITS - TITLE_UNITS,
    .group_units = TEXT_UNITS - TITLE_UNITS - 256, // a heading and what is between groups
    .extra_units = 2,
    .groups = GROUPS,
};

static bool is_word(struct sv text, const char *also)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_good && (c == '\0' || !strchr(also, c)))
            return false;
    }
    return text.len > 0;
}

static enum till_code check_token(struct sv token, struct till_error *e)
{
    struct sv rest = token, id;
    int64_t number = 0;
    enum { KEY_BYTES = 20, TOKEN_BYTES = 128 };
    if (token.len <= TOKEN_BYTES && sv_split(&rest, ':', &id) && sv_to_int64(id, &number) &&
        number > 0 && rest.len >= KEY_BYTES && is_word(rest, "_-"))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "this is not the token of a bot");
    return till_error_hint(e, "copy it from @BotFather: a number, a colon, and 35 more characters");
}

static enum till_code telegram_open(struct channel *channel, struct till_error *e)
{
    char base[CHANNEL_URL_BYTES / 2];
    int64_t number = 0;
    struct sv chat = sv_of(channel_get(channel, CHANNEL_FIELD_chat));
    bool is_name = chat.ptr[0] == '@' && is_word((struct sv){chat.ptr + 1, chat.len - 1}, "_");
    enum till_code code = channel_copy_base(channel_get(channel, CHANNEL_FIELD_telegram_api_url),
                                            base, sizeof base, e);
    if (code == TILL_OK)
        code = check_token(secret_bytes(channel_get_secret(channel, CHANNEL_FIELD_bot_token)), e);
    if (code || is_name || sv_to_int64(chat, &number))
        return code;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "\"%.100s\" is not a chat", chat.ptr);
    return till_error_hint(e, "give its number (of a group: with the minus), or the @name of a "
                              "channel");
}

static void telegram_describe(const struct channel *channel, struct buf *out)
{
    buf_format(out, "chat %s", channel_get(channel, CHANNEL_FIELD_chat));
}

static void put_part(const struct channel *channel, const struct channel_message *message,
                     const struct split_part *part, struct buf *out)
{
    AUTO_BUF text;
    (void)message;
    buf_init(&text, TILL_LIMIT_REQUEST_BODY_BYTES);
    buf_text(&text, "<b>");
    buf_sv(&text, part->title);
    buf_text(&text, "</b>");
    for (size_t i = 0; i < part->group_count; i++) {
        buf_text(&text, "\n\n");
        if (part->groups[i].heading.len > 0) {
            buf_text(&text, "<b>");
            buf_sv(&text, part->groups[i].heading);
            buf_text(&text, "</b>\n");
        }
        chat_put_lines(&text, &part->groups[i]);
    }
    buf_text(out, "{\"chat_id\":");
    buf_json_string(out, sv_of(channel_get(channel, CHANNEL_FIELD_chat)));
    buf_text(out, ",\"parse_mode\":\"HTML\",\"link_preview_options\":{\"is_disabled\":true},"
                  "\"text\":");
    chat_put_string(out, &text);
    buf_char(out, '}');
}

static const struct chat composing = {&limits, put_part};

// ---- sending ----

static const struct {
    const char *words; // in Telegram's description
    const char *what, *hint;
} known[] = {
    {"chat not found", "the bot knows no such chat",
     "write to the bot first (/start), or add it to the group; then check the chat's number"},
    {"bot was blocked", "this person has blocked the bot",
     "unblock it in Telegram, and write /start to it"},
    {"can't initiate", "a bot may not write first", "write /start to the bot in Telegram"},
    {"was kicked", "the bot was put out of this group", "add it to the group again"},
    {"not a member", "the bot is not in this channel", "add it as an administrator who may post"},
    {"have no rights", "the bot may not write there", "let it post: make it an administrator"},
    {"need administrator rights", "the bot may not write there",
     "let it post: make it an administrator"},
    {"user is deactivated", "this person's account is gone", "choose another chat"},
    {"message is too long", "Telegram finds the message too long",
     "that is a mistake of this program: please report it"},
    {"can't parse entities", "Telegram does not take the message as it is",
     "that is a mistake of this program: please report it"},
};

static enum till_code fail(const struct channel_question *question,
                           const struct channel_answer *answer, struct arena *arena,
                           struct channel_result *ret_result, struct till_error *e)
{
    const struct json *parameters = json_get(answer->root, "parameters");
    struct sv words = channel_words(answer->root, "description", arena);
    int64_t moved = 0;
    if (answer->status == 401 || answer->status == 404)
        return channel_fail(question, answer, SV("Telegram does not know this bot's token"),
                            "copy it again from @BotFather; an old one ends when a new one is made",
                            ret_result, e);
    if (answer->status == 429)
        ret_result->retry_after_ms = channel_wait_ms(json_get(parameters, "retry_after"));
    if (json_integer(json_get(parameters, "migrate_to_chat_id"), &moved)) {
        enum till_code code = channel_fail(
            question, answer, SV("the group has another number since it became a supergroup"), "",
            ret_result, e);
        (void)till_error_hint(e, "set the channel up again with --chat=%lld", (long long)moved);
        return code;
    }
    for (size_t i = 0; i < TILL_COUNT(known); i++)
        if (memmem(words.ptr, words.len, known[i].words, strlen(known[i].words)))
            return channel_fail(question, answer, sv_of(known[i].what), known[i].hint, ret_result,
                                e);
    return channel_fail(question, answer, words, "", ret_result, e);
}

static enum till_code ask(struct channel *channel, const char *method,
                          struct channel_question *question, struct channel_result *ret_result,
                          struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct channel_answer answer;
    char base[CHANNEL_URL_BYTES / 2], url[CHANNEL_URL_BYTES];
    enum till_code code = channel_copy_base(channel_get(channel, CHANNEL_FIELD_telegram_api_url),
                                            base, sizeof base, e);
    if (code)
        return code;
    (void)snprintf(url, sizeof url, "%s/bot%s/%s", base,
                   secret_bytes(channel_get_secret(channel, CHANNEL_FIELD_bot_token)).ptr, method);
    question->url = url;
    question->is_url_secret = true;
    code = channel_ask(channel, question, &arena, &answer, ret_result, e);
    memory_wipe(url, sizeof url);
    question->url = NULL;
    if (code == TILL_OK && answer.status / 100 != 2)
        code = fail(question, &answer, &arena, ret_result, e);
    else if (code == TILL_OK && !answer.is_broken && !json_is_true(json_get(answer.root, "ok")))
        code = channel_fail(question, &answer, SV("what answers there is not Telegram"),
                            "check --api-url", ret_result, e);
    return code;
}

static enum till_code telegram_send(struct channel *channel, const struct channel_message *message,
                                    const struct channel_part *part,
                                    const struct channel_commit *commit,
                                    struct channel_result *ret_result, struct till_error *e)
{
    struct channel_question question = {
        .what = "send to Telegram", .body = part->body, .commit = commit};
    (void)message;
    return ask(channel, "sendMessage", &question, ret_result, e);
}

static enum till_code telegram_check(struct channel *channel, bool *ret_was_asked,
                                     struct till_error *e)
{
    struct channel_result result;
    struct channel_question who = {.what = "ask Telegram who the bot is"};
    char body[128];
    *ret_was_asked = true;
    enum till_code code = ask(channel, "getMe", &who, &result, e);
    if (code)
        return code;
    const char *chat = channel_get(channel, CHANNEL_FIELD_chat); // digits, or letters
    int len = snprintf(body, sizeof body, "{\"chat_id\":\"%s\"}", chat);
    if (len < 0 || (size_t)len >= sizeof body)
        return TILL_FAIL(e, TILL_CONFIG, 0, "the chat's name is too long");
    struct channel_question where = {.what = "ask Telegram about the chat",
                                     .body = {body, (size_t)len}};
    return ask(channel, "getChat", &where, &result, e);
}

const struct channel_service channel_telegram = {
    .open = telegram_open,
    .describe = telegram_describe,
    .chat = &composing,
    .send = telegram_send,
    .check = telegram_check,
};
