// SPDX-License-Identifier: Apache-2.0
// slack.c - an incoming webhook of Slack, or of what speaks like it.
//
// A part is a header block, then a section block for each section. Section blocks read mrkdwn, `verbatim` keeps Slack from looking for links in it. The whole
// text stands in "text" too: Slack shows it in notifications, Mattermost shows nothing else. Slack answers "ok" or one word, which is what errors explain.
#include <string.h>

#include "base/limits.h"
#include "channels/chat.h"

static const struct split_limits limits = {
    .dialect = ESCAPE_SLACK,
    .title_units = 150,
    .heading_units = 150,
    .part_units = 12000, // Slack refuses somewhat above 13,000 in all
    .group_units = 2990, // of 3,000; the stars around the heading
    .extra_units = 4,
    .groups = 49, // and the header
    .has_inner_headings = true,
};

static enum till_code slack_open(struct channel *channel, struct till_error *e)
{
    const char *url = secret_bytes(channel_get_secret(channel, CHANNEL_FIELD_slack_url)).ptr;
    char host[HTTP_HOST_BYTES];
    enum till_code code = http_check_secret_url(url, e);
    if (code)
        return till_error_hint(e, "it begins with https://hooks.slack.com/services/");
    http_url_host(url, host);
    if (strlen(url) >= CHANNEL_URL_BYTES ||
        (strcmp(host, "hooks.slack.com") == 0 && !strstr(url, "/services/"))) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "the address is not that of an incoming webhook");
        return till_error_hint(e, "it begins with https://hooks.slack.com/services/");
    }
    return TILL_OK;
}

static void slack_describe(const struct channel *channel, struct buf *out)
{
    channel_show_url(secret_bytes(channel_get_secret(channel, CHANNEL_FIELD_slack_url)).ptr, out);
}

static void put_group(struct buf *out, const struct split_group *group)
{
    if (group->heading.len > 0) {
        buf_char(out, '*');
        buf_sv(out, group->heading);
        buf_text(out, "*\n");
    }
    chat_put_lines(out, group);
}

static void put_fallback(struct buf *out, const struct split_part *part)
{
    AUTO_BUF text;
    buf_init(&text, TILL_LIMIT_REQUEST_BODY_BYTES);
    buf_sv(&text, part->title);
    for (size_t i = 0; i < part->group_count; i++) {
        buf_text(&text, "\n\n");
        put_group(&text, &part->groups[i]);
    }
    chat_put_string(out, &text);
}

static void put_part(const struct channel *channel, const struct channel_message *message,
                     const struct split_part *part, struct buf *out)
{
    (void)channel, (void)message;
    buf_text(out, "{\"text\":");
    put_fallback(out, part);
    buf_text(out, ",\"unfurl_links\":false,\"unfurl_media\":false,\"blocks\":[{\"type\":\"header\","
                  "\"text\":{\"type\":\"plain_text\",\"emoji\":false,\"text\":");
    buf_json_string(out, part->title);
    buf_text(out, "}}");
    for (size_t i = 0; i < part->group_count; i++) {
        AUTO_BUF text;
        buf_init(&text, TILL_LIMIT_REQUEST_BODY_BYTES);
        put_group(&text, &part->groups[i]);
        buf_text(out, ",{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"verbatim\":true,"
                      "\"text\":");
        chat_put_string(out, &text);
        buf_text(out, "}}");
    }
    buf_text(out, "]}");
}

static const struct chat composing = {&limits, put_part};

// ---- sending ----

static const struct {
    struct sv word;
    const char *what, *hint;
} words[] = {
    {{"invalid_token", 13},
     "Slack does not know this webhook's secret",
     "copy the address again from the app's page, Incoming Webhooks"},
    {{"no_service", 10},
     "this webhook is switched off, or was removed",
     "make a new one on the app's page, Incoming Webhooks"},
    {{"no_team", 7}, "Slack knows no such workspace", "copy the address again from the app's page"},
    {{"channel_not_found", 17},
     "the channel of this webhook is gone",
     "make a new webhook, for another channel"},
    {{"channel_is_archived", 19},
     "the channel of this webhook is archived",
     "bring it back in Slack, or make a new webhook for another channel"},
    {{"posting_to_general_channel_denied", 33},
     "this workspace does not let everybody write to #general",
     "make a webhook for another channel"},
    {{"action_prohibited", 17},
     "the workspace's administrators do not allow it",
     "ask them to allow incoming webhooks"},
    {{"user_not_found", 14},
     "whom this webhook writes to is not there any more",
     "make a new webhook"},
};

static enum till_code fail(const struct channel_question *question,
                           const struct channel_answer *answer, struct channel_result *ret_result,
                           struct till_error *e)
{
    for (size_t i = 0; i < TILL_COUNT(words); i++)
        if (sv_equal(answer->text, words[i].word))
            return channel_fail(question, answer, sv_of(words[i].what), words[i].hint, ret_result,
                                e);
    return channel_fail(question, answer, SV(""), "", ret_result, e);
}

static enum till_code slack_send(struct channel *channel, const struct channel_message *message,
                                 const struct channel_part *part,
                                 const struct channel_commit *commit,
                                 struct channel_result *ret_result, struct till_error *e)
{
    AUTO_ARENA arena;
    struct channel_answer answer;
    (void)message;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct channel_question question = {
        .url = secret_bytes(channel_get_secret(channel, CHANNEL_FIELD_slack_url)).ptr,
        .what = "send to Slack",
        .is_url_secret = true,
        .body = part->body,
        .commit = commit};
    enum till_code code = channel_ask(channel, &question, &arena, &answer, ret_result, e);
    if (code == TILL_OK && answer.status / 100 != 2)
        code = fail(&question, &answer, ret_result, e);
    return code;
}

// An empty message is refused by a webhook that is there, and nobody sees it.
static enum till_code slack_check(struct channel *channel, bool *ret_was_asked,
                                  struct till_error *e)
{
    AUTO_ARENA arena;
    struct channel_answer answer;
    struct channel_result result;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct channel_question question = {
        .url = secret_bytes(channel_get_secret(channel, CHANNEL_FIELD_slack_url)).ptr,
        .what = "ask Slack",
        .is_url_secret = true,
        .body = SV("{}")};
    enum till_code code = channel_ask(channel, &question, &arena, &answer, &result, e);
    if (code || answer.status == 400 || answer.status / 100 == 2)
        return code;
    if (answer.status == 429 || answer.status >= 500) {
        *ret_was_asked = false;
        return TILL_OK;
    }
    return fail(&question, &answer, &result, e);
}

const struct channel_service channel_slack = {
    .open = slack_open,
    .describe = slack_describe,
    .chat = &composing,
    .send = slack_send,
    .check = slack_check,
};
