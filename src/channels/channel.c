// SPDX-License-Identifier: Apache-2.0
// channel.c - what all kinds of channel have in common: fields and secrets checked, the kind's functions called, and no secret in what comes back.
//
// A kind's own code never sees a field with a control character, a needed field that is missing, or a secret line of another kind. Whatever error it gives
// is searched for the secrets before anybody else sees it: services quote addresses, and some addresses are the secret.
#include "channels/channel.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "base/stop.h"
#include "channels/chat.h"
#include "channels/email.h"

static const struct channel_service *const services[CHANNEL_KIND__COUNT] = {
    [CHANNEL_email] = &channel_email,     [CHANNEL_slack] = &channel_slack,
    [CHANNEL_discord] = &channel_discord, [CHANNEL_telegram] = &channel_telegram,
    [CHANNEL_ntfy] = &channel_ntfy,       [CHANNEL_webhook] = &channel_webhook,
    [CHANNEL_file] = &channel_file,       [CHANNEL_command] = &channel_command,
};

const char *channel_get(const struct channel *channel, enum channel_field field)
{
    return channel_value(&channel->values, field);
}

// Which of the kind's secret lines that field is.
static size_t secret_index(enum channel_field field)
{
    size_t index = 0;
    for (int i = 0; i < (int)field; i++)
        index +=
            channel_fields[i].kind == channel_fields[field].kind && channel_fields[i].is_secret;
    return index;
}

const struct secret *channel_get_secret(const struct channel *channel, enum channel_field field)
{
    const struct secret *secret = &channel->secrets[secret_index(field)];
    return secret->len > 0 ? secret : NULL;
}

// ---- opening ----

static bool has_control(struct sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return true;
    return false;
}

static enum till_code take_secrets(struct channel *channel, const struct secret *secret,
                                   struct till_error *e)
{
    struct sv rest = secret_bytes(secret), line;
    size_t count = 0;
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++)
        count += channel_fields[i].kind == channel->kind && channel_fields[i].is_secret;
    for (size_t i = 0; sv_split(&rest, '\n', &line); i++) {
        line = sv_trim(line);
        if (line.len == 0)
            continue;
        if (i >= count || has_control(line)) {
            (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s",
                            i >= count ? "the secret has too many lines"
                                       : "the secret holds a character that cannot be part of it");
            return till_error_hint(e, "enter it again, without anything around it");
        }
        enum till_code code = secret_set(&channel->secrets[i], line, e);
        if (code)
            return code;
    }
    return TILL_OK;
}

static enum till_code fail_missing(const struct channel_field_info *field, struct till_error *e)
{
    const char *label = channel_kinds[field->kind].label;
    if (field->option)
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s needs --%s", label, field->option);
    else
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s needs a secret that is not there", label);
    return till_error_hint(e, "it is %s", field->sentence);
}

static enum till_code check_fields(const struct channel *channel, struct till_error *e)
{
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++) {
        const struct channel_field_info *field = &channel_fields[i];
        if (field->kind != channel->kind)
            continue;
        bool is_there = field->is_secret
                            ? channel_get_secret(channel, (enum channel_field)i) != NULL
                            : channel_get(channel, (enum channel_field)i)[0] != '\0';
        if (field->is_needed && !is_there)
            return fail_missing(field, e);
        if (field->is_secret)
            continue;
        struct sv value = sv_of(channel_get(channel, (enum channel_field)i));
        if (value.len >= CHANNEL_URL_BYTES || has_control(value) || !sv_is_utf8(value))
            return TILL_FAIL(e, TILL_CONFIG, 0, "--%s is %s", field->option,
                             value.len >= CHANNEL_URL_BYTES ? "too long" : "not a line of text");
    }
    return TILL_OK;
}

enum till_code channel_open(const struct channel_options *options, struct channel **ret_channel,
                            struct till_error *e)
{
    if ((unsigned)options->kind >= CHANNEL_KIND__COUNT || !services[options->kind])
        return TILL_FAIL(e, TILL_USAGE, 0, "there is no such kind of channel");
    struct channel *channel = till_calloc(1, sizeof *channel);
    if (!channel)
        return TILL_FAIL_MEMORY(e);
    *channel = (struct channel){.kind = options->kind,
                                .service = services[options->kind],
                                .name = options->name ? options->name : "",
                                .user_agent = options->user_agent,
                                .values = options->values,
                                .clock = options->clock ? options->clock : &clock_system,
                                .stop = options->stop};
    enum till_code code = options->secret ? take_secrets(channel, options->secret, e) : TILL_OK;
    if (code == TILL_OK)
        code = check_fields(channel, e);
    if (code == TILL_OK)
        code = channel->service->open(channel, e);
    if (code)
        channel_close(channel);
    else
        *ret_channel = channel;
    return code;
}

void channel_close(struct channel *channel)
{
    if (!channel)
        return;
    http_free(channel->http);
    for (size_t i = 0; i < CHANNEL_SECRETS; i++)
        secret_release(&channel->secrets[i]);
    secret_release(&channel->made);
    till_free(channel);
}

void channel_describe(const struct channel *channel, struct buf *out)
{
    channel->service->describe(channel, out);
}

bool channel_is_repeatable(enum channel_kind kind)
{
    return services[kind] && services[kind]->is_repeatable;
}

enum till_code channel_make_secret(enum channel_kind kind, struct secret *ret_secret,
                                   struct till_error *e)
{
    if (services[kind] && services[kind]->make_secret)
        return services[kind]->make_secret(ret_secret, e);
    return TILL_FAIL(e, TILL_USAGE, 0, "%s gives its secret itself: none can be made",
                     channel_kinds[kind].label);
}

// ---- no secret in an error ----

static void blot(char *text, struct sv secret)
{
    size_t len = strlen(text);
    char *at = NULL;
    if (secret.len == 0)
        return;
    while ((at = memmem(text, len, secret.ptr, secret.len))) {
        size_t rest = len - (size_t)(at - text) - secret.len,
               mark = secret.len < 3 ? secret.len : 3;
        memset(at, '.', mark);
        memmove(at + mark, at + secret.len, rest + 1);
        text = at + mark;
        len = strlen(text);
    }
}

// Also parts of it that would do alone: the last piece of an address, the password behind a name.
static void redact(const struct channel *channel, struct till_error *e)
{
    enum { WHOLE_BYTES = 6, PIECE_BYTES = 12 };
    for (size_t i = 0; i < CHANNEL_SECRETS; i++) {
        struct sv rest = secret_bytes(&channel->secrets[i]);
        if (rest.len >= WHOLE_BYTES) {
            blot(e->text, rest);
            blot(e->hint, rest);
        }
        for (size_t begin = 0, at = 0; at <= rest.len; at++) {
            if (at < rest.len && !strchr("/:?=&", rest.ptr[at]))
                continue;
            struct sv piece = {rest.ptr + begin, at - begin};
            if (piece.len >= PIECE_BYTES && !memchr(piece.ptr, '.', piece.len)) {
                blot(e->text, piece);
                blot(e->hint, piece);
            }
            begin = at + 1;
        }
    }
}

// ---- dispatch ----

enum till_code channel_compose(const struct channel *channel, const struct channel_message *message,
                               struct arena *arena, struct channel_parts *ret_parts,
                               struct till_error *e)
{
    const struct channel_service *service = channel->service;
    return service->chat ? chat_compose(channel, message, arena, ret_parts, e)
                         : service->compose(channel, message, arena, ret_parts, e);
}

enum till_code channel_send(struct channel *channel, const struct channel_message *message,
                            const struct channel_parts *parts, size_t number,
                            const struct channel_commit *commit, struct channel_result *ret_result,
                            struct till_error *e)
{
    *ret_result = (struct channel_result){.outcome = CHANNEL_NOT_SENT, .retry_after_ms = -1};
    if (number >= parts->count)
        return TILL_FAIL(e, TILL_USAGE, 0, "there is no part %zu", number + 1);
    if (stop_is_set(channel->stop))
        return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
    enum till_code code =
        channel->service->send(channel, message, &parts->list[number], commit, ret_result, e);
    if (code)
        redact(channel, e);
    else
        ret_result->outcome = CHANNEL_SENT;
    return code;
}

enum till_code channel_check(struct channel *channel, bool *ret_was_asked, struct till_error *e)
{
    *ret_was_asked = channel->service->check != NULL;
    if (!channel->service->check)
        return TILL_OK;
    enum till_code code = channel->service->check(channel, ret_was_asked, e);
    if (code)
        redact(channel, e);
    return code;
}

// ---- what kinds share ----

void channel_show_url(const char *url, struct buf *out)
{
    char host[HTTP_HOST_BYTES];
    http_url_host(url, host);
    buf_format(out, "%.*s://%s/...", (int)strcspn(url, ":"), url, host);
}

enum till_code channel_copy_base(const char *url, char *ret_base, size_t bytes,
                                 struct till_error *e)
{
    enum till_code code = http_check_url(url, e);
    if (code)
        return code;
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    if (len >= bytes || strpbrk(url, "?#")) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "\"%.200s\" cannot be the base of an address", url);
        return till_error_hint(e, "write only scheme and host, such as https://example.com");
    }
    memcpy(ret_base, url, len);
    ret_base[len] = '\0';
    return TILL_OK;
}

bool channel_document(const struct channel_message *message, const char *form, struct sv *ret_text)
{
    const struct {
        const char *form;
        struct sv text;
    } forms[] = {{"text", message->text},
                 {"markdown", message->markdown},
                 {"html", message->html},
                 {"json", message->json}};
    for (size_t i = 0; i < TILL_COUNT(forms); i++) {
        if (strcmp(form, forms[i].form) == 0) {
            *ret_text = forms[i].text.ptr ? forms[i].text : SV("");
            return true;
        }
    }
    return false;
}

enum till_code channel_one_part(struct buf *address, struct buf *headers, struct sv body,
                                struct arena *arena, struct channel_parts *ret_parts,
                                struct till_error *e)
{
    struct channel_part *part = arena_calloc(arena, 1, sizeof *part);
    enum till_code code = buf_fail(address, "a message", e);
    if (code == TILL_OK)
        code = buf_fail(headers, "a message", e);
    if (code)
        return code;
    if (part) {
        part->address =
            arena_sv(arena, (struct sv){address->data ? address->data : "", address->len});
        part->headers =
            arena_sv(arena, (struct sv){headers->data ? headers->data : "", headers->len});
        part->body = arena_sv(arena, body);
    }
    if (!part || !part->address.ptr || !part->headers.ptr || !part->body.ptr)
        return arena_fail(arena, "a message", e);
    *ret_parts = (struct channel_parts){part, 1};
    return TILL_OK;
}
