// SPDX-License-Identifier: Apache-2.0
// ask.c - one HTTP exchange with a service, and what its end means for a message that must arrive once.
//
// Never more than one attempt: whether another one is harmless is known to whoever keeps the log. The commit is the HTTP client's hook, called when the
// connection stands and before the first byte; from then on an end without a status is an uncertain one. A status is believed even when the rest of the
// answer breaks off.
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "channels/channel.h"

struct hook {
    const struct channel_commit *commit;
    bool is_handed_over;
};

static enum till_code on_connected(void *context, struct till_error *e)
{
    struct hook *hook = context;
    enum till_code code = hook->commit ? hook->commit->call(hook->commit->context, e) : TILL_OK;
    hook->is_handed_over = code == TILL_OK;
    return code;
}

static enum till_code make_client(struct channel *channel, struct till_error *e)
{
    struct http_options options = {.user_agent = channel->user_agent,
                                   .in_flight = 1,
                                   .clock = channel->clock,
                                   .stop = channel->stop,
                                   .request_timeout_ms = TILL_LIMIT_CHANNEL_MS,
                                   .connect_timeout_ms = CHANNEL_CONNECT_MS};
    return channel->http ? TILL_OK : http_new(&options, &channel->http, e);
}

static enum till_code submit(struct channel *channel, const struct channel_question *question,
                             struct hook *hook, struct till_error *e)
{
    struct http_request request = {.url = question->url,
                                   .bearer = question->bearer,
                                   .is_basic = question->is_basic,
                                   .headers = {"Accept: application/json"},
                                   .body_limit_bytes = TILL_LIMIT_CHANNEL_ANSWER_BYTES,
                                   .is_single_attempt = true,
                                   .is_url_secret = question->is_url_secret};
    for (size_t i = 0; i < TILL_COUNT(question->headers) && question->headers[i]; i++)
        request.headers[i + 1] = question->headers[i];
    if (!question->body.ptr)
        return http_submit(channel->http, &request, e);
    struct http_post post = {.content_type = "application/json",
                             .body = question->body,
                             .before_body = {on_connected, hook}};
    return http_submit_post(channel->http, &request, &post, e);
}

// The beginning of a text from outside, as one line that can be read.
static struct sv one_line(struct sv text, struct arena *arena)
{
    size_t len = text.len <= TILL_LIMIT_ERROR_BODY_BYTES
                     ? text.len
                     : sv_utf8_cut(text, TILL_LIMIT_ERROR_BODY_BYTES);
    char *line = arena_copy(arena, text.len > 0 ? text.ptr : "", len);
    for (size_t i = 0; line && i < len; i++) {
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = ' ';
    }
    if (!line || !sv_is_utf8((struct sv){line, len}))
        return SV("");
    return sv_trim((struct sv){line, len});
}

static void take(const struct http_response *response, struct arena *arena,
                 struct channel_answer *ret_answer)
{
    struct till_error not_json = {0};
    struct sv body = {response->body.data ? response->body.data : "", response->body.len};
    *ret_answer = (struct channel_answer){.status = response->status,
                                          .retry_after_ms = response->retry_after_ms,
                                          .is_broken = response->code != TILL_OK,
                                          .text = one_line(body, arena)};
    if (json_parse(body, arena, &ret_answer->root, &not_json))
        ret_answer->root = NULL;
}

enum till_code channel_ask(struct channel *channel, const struct channel_question *question,
                           struct arena *arena, struct channel_answer *ret_answer,
                           struct channel_result *ret_result, struct till_error *e)
{
    struct http_response response = {0};
    struct hook hook = {.commit = question->commit};
    *ret_answer = (struct channel_answer){.retry_after_ms = -1, .text = SV("")};
    *ret_result = (struct channel_result){.outcome = CHANNEL_NOT_SENT, .retry_after_ms = -1};
    enum till_code code = make_client(channel, e);
    if (code == TILL_OK)
        code = submit(channel, question, &hook, e);
    if (code == TILL_LIMIT || code == TILL_CONFIG || code == TILL_USAGE) // the same next time
        ret_result->outcome = CHANNEL_REFUSED;
    if (code == TILL_OK)
        code = http_next(channel->http, &response, e);
    if (code && channel->http)
        http_cancel_all(channel->http);
    if (code == TILL_OK && response.code && response.status == 0) {
        *e = response.error;
        code = response.code;
    }
    if (code == TILL_OK)
        take(&response, arena, ret_answer);
    http_response_release(&response);
    if (code == TILL_OK)
        return TILL_OK;
    if (hook.is_handed_over) {
        ret_result->outcome = CHANNEL_UNCERTAIN;
        (void)till_error_hint(
            e, "it may have arrived all the same: look there before it is sent again");
    }
    return till_error_context(e, "could not %s", question->what);
}

enum channel_outcome channel_outcome_of(int status)
{
    static const short not_sent[] = {408, 425, 429, 503, 521, 522, 523, 525, 526, 530};
    if (status >= 200 && status < 300)
        return CHANNEL_SENT;
    for (size_t i = 0; i < TILL_COUNT(not_sent); i++)
        if (status == not_sent[i])
            return CHANNEL_NOT_SENT;
    return status >= 500 ? CHANNEL_UNCERTAIN : CHANNEL_REFUSED;
}

static const char *hint_of(int status)
{
    if (status == 429)
        return "it is tried again later";
    if (status == 401 || status == 403)
        return "check the secret, and set the channel up again with `till channels add`";
    if (status >= 300 && status < 400)
        return "it has moved: set the channel up again with its new address";
    if (status >= 500)
        return channel_outcome_of(status) == CHANNEL_UNCERTAIN
                   ? "it may have arrived all the same: look there before it is sent again"
                   : "the service has a bad moment; it is tried again later";
    return "check the address, and what the service says";
}

enum till_code channel_fail(const struct channel_question *question,
                            const struct channel_answer *answer, struct sv words, const char *hint,
                            struct channel_result *ret_result, struct till_error *e)
{
    int status = answer->status;
    enum till_code code = status == 401 || status == 403 ? TILL_AUTH : TILL_REMOTE;
    if (words.len == 0 && answer->text.len > 0 && answer->text.ptr[0] != '<')
        words = answer->text;
    ret_result->outcome = channel_outcome_of(status);
    if (ret_result->outcome == CHANNEL_SENT) // the service's words say otherwise than its status
        ret_result->outcome = CHANNEL_REFUSED;
    if (ret_result->outcome == CHANNEL_NOT_SENT && ret_result->retry_after_ms < 0)
        ret_result->retry_after_ms = answer->retry_after_ms;
    (void)TILL_FAIL(e, code, status, "could not %s: it answered %d%s" SV_FORMAT, question->what,
                    status, words.len > 0 ? ": " : "", SV_ARGS(words));
    return till_error_hint(e, "%s", hint[0] ? hint : hint_of(status));
}

struct sv channel_words(const struct json *root, const char *key, struct arena *arena)
{
    struct sv words = SV("");
    return json_text(json_get(root, key), &words) ? one_line(words, arena) : SV("");
}

int64_t channel_wait_ms(const struct json *seconds)
{
    double real = 0;
    enum { MOST_SECONDS = 7 * 24 * 3600 };
    if (!json_real(seconds, &real) || real < 0 || real > MOST_SECONDS)
        return -1;
    return (int64_t)ceil(real * 1000);
}
