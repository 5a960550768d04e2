// SPDX-License-Identifier: Apache-2.0
// ntfy.c - a notification by ntfy.
//
// Published as JSON, so that titles may hold any character. A topic is a password in ntfy: whoever knows it reads along. So it stands in no part that somebody
// may look at; the part has a mark in its place, which sending replaces. A message above 4,096 bytes would become an attachment that expires: it is split.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "channels/chat.h"
#include "crypto/crypto.h"

enum { MESSAGE_BYTES = 4096 };
#define MARK "{\"topic\":\"...\"," // how every part begins

static const struct split_limits limits = {
    .dialect = ESCAPE_PLAIN,
    .title_units = 200,
    .heading_units = 200,
    .part_units = MESSAGE_BYTES,
    .group_units = MESSAGE_BYTES,
    .extra_units = 1,
    .groups = 128,
};

static bool is_topic(struct sv topic)
{
    enum { TOPIC_BYTES = 64 }; // and its alphabet: of ntfy
    for (size_t i = 0; i < topic.len; i++) {
        char c = topic.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return topic.len > 0 && topic.len <= TOPIC_BYTES;
}

// "NAME:PASSWORD" goes as Base64; a token as it is.
static enum till_code make_credentials(struct channel *channel, struct till_error *e)
{
    const struct secret *token = channel_get_secret(channel, CHANNEL_FIELD_access_token);
    enum { BASIC_BYTES = 1024 };
    char text[BASIC_BYTES * 2];
    if (!token || !memchr(secret_bytes(token).ptr, ':', token->len))
        return TILL_OK;
    if (token->len > BASIC_BYTES)
        return TILL_FAIL(e, TILL_CONFIG, 0, "the name and password are too long");
    crypto_base64_encode((const unsigned char *)secret_bytes(token).ptr, token->len, text,
                         sizeof text);
    enum till_code code = secret_set(&channel->made, sv_of(text), e);
    memory_wipe(text, sizeof text);
    return code;
}

static enum till_code ntfy_open(struct channel *channel, struct till_error *e)
{
    char base[CHANNEL_URL_BYTES / 2];
    enum till_code code = crypto_start(e);
    if (code == TILL_OK)
        code = channel_copy_base(channel_get(channel, CHANNEL_FIELD_ntfy_api_url), base,
                                 sizeof base, e);
    if (code)
        return code;
    if (!is_topic(secret_bytes(channel_get_secret(channel, CHANNEL_FIELD_topic)))) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "this is not the name of a topic");
        return till_error_hint(e, "a topic has letters, digits, _ and -, at most 64: make it long "
                                  "and hard to guess");
    }
    return make_credentials(channel, e);
}

static void ntfy_describe(const struct channel *channel, struct buf *out)
{
    char host[HTTP_HOST_BYTES];
    http_url_host(channel_get(channel, CHANNEL_FIELD_ntfy_api_url), host);
    buf_format(out, "a topic at %s", host);
}

static void put_part(const struct channel *channel, const struct channel_message *message,
                     const struct split_part *part, struct buf *out)
{
    AUTO_BUF text;
    (void)channel, (void)message;
    buf_init(&text, TILL_LIMIT_REQUEST_BODY_BYTES);
    for (size_t i = 0; i < part->group_count; i++) {
        if (i > 0)
            buf_text(&text, "\n\n");
        if (part->groups[i].heading.len > 0) {
            buf_sv(&text, part->groups[i].heading);
            buf_char(&text, '\n');
        }
        chat_put_lines(&text, &part->groups[i]);
    }
    if (text.len == 0) // ntfy would say "triggered"
        buf_sv(&text, part->title);
    buf_text(out, MARK "\"title\":");
    buf_json_string(out, part->title);
    buf_text(out, ",\"tags\":[\"bar_chart\"],\"message\":");
    chat_put_string(out, &text);
    buf_char(out, '}');
}

static const struct chat composing = {&limits, put_part};

// ---- sending ----

static enum till_code fail(const struct channel_question *question,
                           const struct channel_answer *answer, struct arena *arena,
                           struct channel_result *ret_result, struct till_error *e)
{
    static const struct {
        int status;
        const char *what, *hint;
    } known[] = {
        {401, "the server does not know this token or password",
         "set the channel up again with a "
         "new access token"},
        {403, "the topic belongs to somebody else, or wants a token",
         "choose another topic, or give an access token that may write to it"},
        {404, "what answers there is not ntfy", "check --api-url"},
        {413, "the server takes only smaller messages", "let the channel have fewer sections"},
        {507, "the server is full", "try again later, or use another server"},
    };
    for (size_t i = 0; i < TILL_COUNT(known); i++)
        if (known[i].status == answer->status)
            return channel_fail(question, answer, sv_of(known[i].what), known[i].hint, ret_result,
                                e);
    return channel_fail(question, answer, channel_words(answer->root, "error", arena), "",
                        ret_result, e);
}

static void carry_credentials(const struct channel *channel, struct channel_question *question)
{
    question->is_basic = channel->made.len > 0;
    question->bearer = question->is_basic ? &channel->made
                                          : channel_get_secret(channel, CHANNEL_FIELD_access_token);
}

static enum till_code ask(struct channel *channel, const char *path,
                          struct channel_question *question, struct channel_answer *ret_answer,
                          struct arena *arena, struct channel_result *ret_result,
                          struct till_error *e)
{
    char base[CHANNEL_URL_BYTES / 2], url[CHANNEL_URL_BYTES];
    enum till_code code =
        channel_copy_base(channel_get(channel, CHANNEL_FIELD_ntfy_api_url), base, sizeof base, e);
    if (code)
        return code;
    (void)snprintf(url, sizeof url, "%s/%s", base, path);
    question->url = url;
    question->is_url_secret = true;
    code = channel_ask(channel, question, arena, ret_answer, ret_result, e);
    question->url = NULL;
    memory_wipe(url, sizeof url);
    if (code == TILL_OK && ret_answer->status / 100 != 2)
        code = fail(question, ret_answer, arena, ret_result, e);
    return code;
}

static enum till_code ntfy_send(struct channel *channel, const struct channel_message *message,
                                const struct channel_part *part,
                                const struct channel_commit *commit,
                                struct channel_result *ret_result, struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct channel_answer answer;
    struct buf body;
    struct sv rest = {part->body.ptr + sizeof MARK - 1, part->body.len - (sizeof MARK - 1)};
    (void)message;
    if (!sv_starts_with(part->body, SV(MARK)))
        return TILL_FAIL(e, TILL_USAGE, 0, "this part was not composed here");
    buf_init(&body, TILL_LIMIT_REQUEST_BODY_BYTES);
    (void)buf_reserve(&body, part->body.len + 2 * TILL_LIMIT_ERROR_BODY_BYTES); // wiped whole
    buf_format(&body, "{\"topic\":\"%s\",",
               secret_bytes(channel_get_secret(channel, CHANNEL_FIELD_topic)).ptr);
    buf_sv(&body, rest);
    enum till_code code = buf_fail(&body, "a message", e);
    struct channel_question question = {
        .what = "send to ntfy", .body = {body.data, body.len}, .commit = commit};
    carry_credentials(channel, &question);
    if (code == TILL_OK)
        code = ask(channel, "", &question, &answer, &arena, ret_result, e);
    buf_wipe(&body);
    return code;
}

// The server's health first: it tells an ntfy from any other server. Then the topic is read, of which nobody sees anything.
static enum till_code ntfy_check(struct channel *channel, bool *ret_was_asked, struct till_error *e)
{
    AUTO_ARENA arena;
    struct channel_answer answer;
    struct channel_result result;
    char path[128];
    struct channel_question health = {.what = "ask ntfy"},
                            poll = {.what = "ask ntfy for the topic"};
    *ret_was_asked = true;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = ask(channel, "v1/health", &health, &answer, &arena, &result, e);
    if (code)
        return code;
    if (!json_is_true(json_get(answer.root, "healthy")))
        return channel_fail(&health, &answer, SV("what answers there is not a healthy ntfy"),
                            "check --api-url", &result, e);
    carry_credentials(channel, &poll);
    if (!poll.bearer)
        return TILL_OK;
    (void)snprintf(path, sizeof path, "%s/auth",
                   secret_bytes(channel_get_secret(channel, CHANNEL_FIELD_topic)).ptr);
    code = ask(channel, path, &poll, &answer, &arena, &result, e);
    memory_wipe(path, sizeof path);
    return code;
}

const struct channel_service channel_ntfy = {
    .open = ntfy_open,
    .describe = ntfy_describe,
    .chat = &composing,
    .send = ntfy_send,
    .check = ntfy_check,
};
