// SPDX-License-Identifier: Apache-2.0
// run.c - one digest to one channel, once.
//
// The order is what makes it once. Everything that can fail without anybody noticing is done first: the secret, the digest, the channel, the composing. Then,
// for each part: right before the service could have it, the log says COMMITTED, on the disk; then it goes; then the log says what became of it. Who finds
// COMMITTED finds a process that died in between: the part may be there, so it is not sent again by itself (UNCERTAIN), except by a channel that takes the same
// id twice without harm. Between two parts the log says WAITING with the number of parts that went.
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "deliver/deliver.h"
#include "deliver/room.h"

struct sending {
    const struct deliver_options *options;
    const struct deliver_request *request;
    struct store_delivery *log; // as it is to be written next
    struct arena arena;
    enum channel_kind kind;
    struct channel *channel;
    struct channel_message message;
    struct channel_parts parts;
};

// ---- the log ----

static enum till_code put_log(struct sending *s, enum store_delivery_state state,
                              int64_t next_try_us, const struct till_error *why,
                              struct till_error *e)
{
    s->log->state = state;
    s->log->next_try_us = next_try_us;
    s->log->last_us = clock_now_us(s->options->clock);
    memset(s->log->error, 0, sizeof s->log->error);
    if (why) {
        struct sv text = sv_of(why->text);
        size_t length = text.len < sizeof s->log->error ? text.len : sizeof s->log->error - 1;
        while (length > 0 && length < text.len && ((unsigned char)text.ptr[length] & 0xc0) == 0x80)
            length--;
        memcpy(s->log->error, text.ptr, length);
    }
    return store_delivery_put(s->options->store, s->log, e);
}

// It is surely not there, and worth another try.
static enum till_code wait_for_next(struct sending *s, int64_t asked_ms,
                                    const struct till_error *why, struct till_error *e)
{
    char id[DELIVER_ID_BYTES];
    deliver_id(&s->log->key, id);
    int64_t now_us = clock_now_us(s->options->clock);
    int64_t next_us = deliver_retry_us(s->log->tries, asked_ms,
                                       deliver_hash((uint64_t)s->log->tries, id), now_us);
    return put_log(s, next_us == 0 ? STORE_DELIVERY_FAILED : STORE_DELIVERY_WAITING, next_us, why,
                   e);
}

static void begin_log(struct sending *s)
{
    if (s->log->first_us == 0)
        s->log->first_us = clock_now_us(s->options->clock);
    s->log->tries++;
}

// ---- making it ----

static enum till_code open_channel(struct sending *s, struct till_error *e)
{
    const struct store_channel *row = s->request->channel;
    AUTO_SECRET secret = {0};
    struct channel_options options = {.name = row->name,
                                      .clock = s->options->clock,
                                      .stop = s->options->stop,
                                      .user_agent = "till/" TILL_VERSION};
    if (!channel_kind_parse(sv_of(row->kind), &options.kind))
        return TILL_FAIL(e, TILL_CONFIG, 0, "%s is of a kind that this till does not know: %s",
                         row->name, row->kind);
    s->kind = options.kind;
    enum till_code code =
        channel_values_parse(options.kind, sv_of(row->settings), &s->arena, &options.values, e);
    if (code == TILL_OK && row->secret_place[0]) {
        code = s->options->secret(s->options->context, row, &secret, e);
        options.secret = &secret;
    }
    return code ? code : channel_open(&options, &s->channel, e);
}

static enum till_code compose(struct sending *s, struct till_error *e)
{
    const struct deliver_request *request = s->request;
    const struct report_digest_question question = {.connection = request->connection,
                                                    .zone = s->options->zone,
                                                    .date = request->date,
                                                    .is_weekly =
                                                        request->period == STORE_DIGEST_WEEK,
                                                    .source = s->options->traffic_source,
                                                    .locale = s->options->style->locale,
                                                    .has_names = request->channel->has_names,
                                                    .clock = s->options->clock};
    char id[DELIVER_ID_BYTES];
    struct digest *digest = arena_alloc(&s->arena, sizeof *digest);
    if (!digest)
        return arena_fail(&s->arena, "the digest", e);
    deliver_id(&s->log->key, id);
    enum till_code code = report_digest(s->options->store, &question, &s->arena, digest, e);
    if (code == TILL_OK)
        code = deliver_message(digest, request->channel, s->options->style, id,
                               clock_now_us(s->options->clock), &s->arena, &s->message, e);
    return code ? code : channel_compose(s->channel, &s->message, &s->arena, &s->parts, e);
}

static enum till_code make(struct sending *s, struct till_error *e)
{
    enum till_code code = open_channel(s, e);
    return code ? code : compose(s, e);
}

static void release(struct sending *s)
{
    channel_close(s->channel);
    arena_wipe(&s->arena);
}

static struct sending sending_of(const struct deliver_options *options,
                                 const struct deliver_request *request, struct store_delivery *log)
{
    struct sending s = {.options = options, .request = request, .log = log};
    arena_init(&s.arena, TILL_LIMIT_ARENA_BYTES);
    struct store_delivery_key *key = &log->key;
    (void)snprintf(key->channel, sizeof key->channel, "%s", request->channel->name);
    (void)snprintf(key->organization_id, sizeof key->organization_id, "%s",
                   request->connection->organization_id);
    key->period = request->period;
    key->date = request->date;
    return s;
}

// ---- handing it over ----

static enum till_code commit(void *context, struct till_error *e)
{
    struct sending *s = context;
    enum till_code code = put_log(s, STORE_DELIVERY_COMMITTED, 0, NULL, e);
    if (code)
        return till_error_context(e, "nothing was sent, because the log cannot be written");
    return fault_point("deliver.committed") ? TILL_FAIL(e, TILL_STORE, 0, "the log failed")
                                            : TILL_OK;
}

// What became of a part that did not simply go: why says so.
static enum till_code settle(struct sending *s, const struct channel_result *result,
                             const struct till_error *why, struct till_error *e)
{
    switch (result->outcome) {
    case CHANNEL_SENT:
        break;
    case CHANNEL_NOT_SENT:
        if (why->code != TILL_CANCELED)
            return wait_for_next(s, result->retry_after_ms, why, e);
        s->log->tries--; // no try: whoever interrupted wants it later
        return put_log(s, STORE_DELIVERY_WAITING, clock_now_us(s->options->clock), why, e);
    case CHANNEL_REFUSED:
        return put_log(s, STORE_DELIVERY_FAILED, 0, why, e);
    case CHANNEL_UNCERTAIN:
        return channel_is_repeatable(s->kind) ? wait_for_next(s, result->retry_after_ms, why, e)
                                              : put_log(s, STORE_DELIVERY_UNCERTAIN, 0, why, e);
    }
    return TILL_OK;
}

// Where not even the log can be written, that is the error: its row stays as it was, COMMITTED at worst, which never sends twice.
static enum till_code worse(enum till_code code, enum till_code kept,
                            const struct till_error *keeping, struct till_error *e)
{
    if (kept == TILL_OK)
        return code;
    *e = *keeping;
    return kept;
}

static enum till_code send_parts(struct sending *s, struct till_error *e)
{
    struct channel_commit hook = {.call = commit, .context = s};
    enum till_code code = TILL_OK;
    s->log->part_count = (int)s->parts.count;
    size_t number = s->log->parts_sent < 0 ? 0 : (size_t)s->log->parts_sent;
    for (; number < s->parts.count && code == TILL_OK; number++) {
        struct channel_result result = {.outcome = CHANNEL_NOT_SENT, .retry_after_ms = -1};
        code = channel_send(s->channel, &s->message, &s->parts, number, &hook, &result, e);
        if (code) {
            struct till_error keeping = {0};
            enum till_code kept = settle(s, &result, e, &keeping);
            return worse(code, kept, &keeping, e);
        }
        s->log->parts_sent = (int)number + 1;
        if (number + 1 < s->parts.count)
            code = put_log(s, STORE_DELIVERY_WAITING, clock_now_us(s->options->clock), NULL, e);
    }
    // A digest that has fewer parts now than had gone already is there.
    return code ? code : put_log(s, STORE_DELIVERY_SENT, 0, NULL, e);
}

static enum till_code send(struct sending *s, struct till_error *e)
{
    begin_log(s);
    enum till_code code = make(s, e);
    if (code == TILL_USAGE || code == TILL_CANCELED)
        return code;
    if (code) {
        struct till_error keeping = {0};
        enum till_code kept = wait_for_next(s, -1, e, &keeping);
        return worse(code, kept, &keeping, e);
    }
    return send_parts(s, e);
}

// ---- what the log says ----

static bool is_repeatable(const struct store_channel *channel)
{
    enum channel_kind kind;
    return channel_kind_parse(sv_of(channel->kind), &kind) && channel_is_repeatable(kind);
}

// *ret_goes false: nothing is to be done.
static enum till_code read_log(struct sending *s, bool *ret_goes, struct till_error *e)
{
    static const struct till_error died = {
        .text = "till ended before it knew whether this had arrived"};
    struct store_delivery found = {0};
    bool is_found = false, is_safe = is_repeatable(s->request->channel);
    enum till_code code = store_delivery_get(s->options->store, &s->log->key, &found, &is_found, e);
    *ret_goes = true;
    if (code || !is_found || s->request->is_again)
        return code;
    *s->log = found;
    *ret_goes = found.state == STORE_DELIVERY_WAITING || found.state == STORE_DELIVERY_FAILED ||
                (is_safe && found.state != STORE_DELIVERY_SENT);
    if (!*ret_goes && found.state == STORE_DELIVERY_COMMITTED)
        code = put_log(s, STORE_DELIVERY_UNCERTAIN, 0, &died, e);
    return code;
}

enum till_code deliver_run(const struct deliver_options *options,
                           const struct deliver_request *request, struct deliver_result *ret_result,
                           struct till_error *e)
{
    bool goes = false;
    memset(ret_result, 0, sizeof *ret_result);
    struct sending s = sending_of(options, request, &ret_result->delivery);
    enum till_code code = read_log(&s, &goes, e);
    ret_result->was_there = code == TILL_OK && !goes;
    if (code == TILL_OK && goes)
        code = send(&s, e);
    release(&s);
    ret_result->code = code;
    if (code)
        ret_result->error = *e;
    return code;
}

enum till_code deliver_preview(const struct deliver_options *options,
                               const struct deliver_request *request, struct buf *out,
                               struct till_error *e)
{
    struct store_delivery key = {0};
    struct sending s = sending_of(options, request, &key);
    enum till_code code = make(&s, e);
    for (size_t i = 0; code == TILL_OK && i < s.parts.count; i++) {
        const struct channel_part *part = &s.parts.list[i];
        buf_format(out, "%s%s", i > 0 ? "\n" : "", request->channel->name);
        if (s.parts.count > 1)
            buf_format(out, ", part %zu of %zu", i + 1, s.parts.count);
        buf_format(out, ", to " SV_FORMAT "\n", SV_ARGS(part->address));
        if (part->headers.len > 0) {
            buf_sv(out, part->headers);
            if (part->headers.ptr[part->headers.len - 1] != '\n')
                buf_char(out, '\n');
        }
        buf_char(out, '\n');
        buf_sv(out, part->body);
        if (part->body.len > 0 && part->body.ptr[part->body.len - 1] != '\n')
            buf_char(out, '\n');
    }
    release(&s);
    return code ? code : buf_fail(out, "the preview", e);
}
