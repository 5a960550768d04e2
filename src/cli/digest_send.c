// SPDX-License-Identifier: Apache-2.0
// digest_send.c - `till digest --send` and `--preview`: one digest, to all channels that want it or to one that is named.
//
// A channel that is named gets it whether or not it is switched on and wants digests of that length. Each is told by a line; one that fails keeps no other
// waiting, and makes the exit status 11 at the end, or its own when it was alone.
#include <string.h>

#include "api/channels.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/channels.h"
#include "cli/digest_parts.h"

struct sending {
    struct cli *cli;
    struct cli_delivery delivery;
    struct cli_connections connections;
    struct civil_date date;
    enum store_digest_period period;
    int pair_count, failure_count;
    struct till_error first;
};
typedef enum till_code work(struct sending *s, const struct deliver_request *request,
                            struct till_error *e);

static bool is_meant(const struct sending *s, const struct store_channel *channel,
                     const struct store_connection *connection)
{
    const char *name = s->cli->options[OPTION_channel];
    if (!name)
        return cli_channel_wants(channel, connection, s->period);
    return strcmp(channel->name, name) == 0 &&
           (!channel->connection[0] || strcmp(channel->connection, connection->name) == 0);
}

static enum till_code check_channel(const struct sending *s, struct till_error *e)
{
    const char *name = s->cli->options[OPTION_channel];
    struct store_channel found;
    if (s->delivery.channels.count == 0)
        return cli_no_channel(e);
    return name ? cli_find_channel(s->delivery.store, name, &found, e) : TILL_OK;
}

static enum till_code open_all(struct sending *s, enum store_mode mode, struct till_error *e)
{
    enum till_code code =
        cli_expect_arguments(s->cli, 0, 0,
                             "till digest --send|--preview [--channel NAME] [--date DATE] "
                             "[--weekly]",
                             e);
    if (code == TILL_OK)
        code = cli_delivery_open(s->cli, mode, &s->delivery, e);
    if (code == TILL_OK)
        code = check_channel(s, e);
    if (code == TILL_OK)
        code = cli_connections(s->cli, s->delivery.store, &s->connections, e);
    if (code == TILL_OK)
        code = cli_digest_date(s->cli, s->delivery.zone, &s->date, e);
    s->period = s->cli->options[OPTION_weekly] ? STORE_DIGEST_WEEK : STORE_DIGEST_DAY;
    return code;
}

static enum till_code nobody(const struct sending *s, struct till_error *e)
{
    const char *name = s->cli->options[OPTION_channel];
    if (name)
        return TILL_FAIL(e, TILL_CONFIG, 0, "channel %s is for another organization", name);
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "no channel wants the digest of %s",
                    s->period == STORE_DIGEST_WEEK ? "a week" : "a day");
    return till_error_hint(e, "`till channels` shows what each gets; --channel NAME sends it to "
                              "that one all the same");
}

static enum till_code each(struct sending *s, work *do_one, struct till_error *e)
{
    enum till_code code = TILL_OK;
    const struct store_channels *channels = &s->delivery.channels;
    for (size_t i = 0; i < channels->count; i++)
        for (size_t k = 0; k < s->connections.count && code == TILL_OK; k++) {
            const struct store_channel *channel = &channels->list[i];
            const struct store_connection *connection = &s->connections.list[k];
            if (!is_meant(s, channel, connection))
                continue;
            if (cli_stop)
                return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
            const struct deliver_request request = {.connection = connection,
                                                    .period = s->period,
                                                    .date = s->date,
                                                    .channel = channel,
                                                    .is_again =
                                                        s->cli->options[OPTION_again] != NULL};
            code = do_one(s, &request, e);
            s->pair_count++;
        }
    if (code == TILL_OK && s->pair_count == 0)
        code = nobody(s, e);
    return code;
}

// ---- --send ----

static void say_one(struct sending *s, const struct deliver_request *request,
                    const struct deliver_result *result)
{
    struct buf *out = &s->cli->out;
    if (s->cli->is_json) {
        if (s->pair_count > 0)
            buf_char(out, ',');
        buf_char(out, '{');
        view_json_text(out, "channel", request->channel->name);
        view_json_text(out, "connection", request->connection->name);
        view_json_bool(out, "sent_now", !cli_delivery_failed(result) && !result->was_there);
        view_json_text(out, "result", till_code_name(result->code));
        view_json_text(out, "error", result->code ? result->error.text : NULL);
        view_json_key(out, "delivery");
        api_delivery_json(&result->delivery, out);
        buf_char(out, '}');
        return;
    }
    buf_text(out, request->channel->name);
    if (s->connections.count > 1)
        buf_format(out, ", %s", request->connection->name);
    buf_text(out, ": ");
    cli_delivery_words(out, s->delivery.zone, result, clock_now_us(s->cli->clock));
    buf_char(out, '\n');
}

static enum till_code send_one(struct sending *s, const struct deliver_request *request,
                               struct till_error *e)
{
    struct deliver_result *result = till_calloc(1, sizeof *result);
    struct till_error its = {0};
    if (!result)
        return TILL_FAIL_MEMORY(e);
    (void)!deliver_run(&s->delivery.options, request, result, &its);
    if (cli_delivery_failed(result)) {
        if (s->failure_count++ == 0 && result->code)
            s->first = its;
    }
    say_one(s, request, result);
    till_free(result);
    return s->cli->is_json ? buf_fail(&s->cli->out, "the answer", e) : cli_flush(s->cli, e);
}

static enum till_code conclude(const struct sending *s, struct till_error *e)
{
    if (s->failure_count == 0)
        return TILL_OK;
    if (s->pair_count == 1 && s->first.code) {
        *e = s->first;
        return e->code;
    }
    (void)TILL_FAIL(e, TILL_PARTIAL, 0, "%d of %d digests are not known to have arrived",
                    s->failure_count, s->pair_count);
    return till_error_hint(e, "`till watch` tries those that wait again; `till digest schedule` "
                              "shows what became of each");
}

static enum till_code send_all(struct sending *s, struct till_error *e)
{
    struct fs_lock lock = {.fd = -1};
    enum till_code code = open_all(s, STORE_READ_WRITE, e);
    if (code == TILL_OK)
        code = cli_delivery_lock(s->cli, "till digest --send",
                                 (long)config_integer(s->cli->config, "lock_wait"), &lock, e);
    if (code == TILL_OK && s->cli->is_json) {
        buf_text(&s->cli->out, "{\"deliveries\":[");
        code = each(s, send_one, e);
        buf_text(&s->cli->out, "]}\n");
    } else if (code == TILL_OK) {
        code = each(s, send_one, e);
    }
    fs_lock_release(&lock);
    return code ? code : conclude(s, e);
}

// ---- --preview ----

static enum till_code preview_one(struct sending *s, const struct deliver_request *request,
                                  struct till_error *e)
{
    struct buf *out = &s->cli->out;
    AUTO_BUF text;
    buf_init(&text, TILL_LIMIT_BUFFER_BYTES);
    struct till_error its = {0};
    enum till_code code = deliver_preview(&s->delivery.options, request, &text, &its);
    if (code && s->failure_count++ == 0)
        s->first = its;
    if (s->cli->is_json) {
        buf_text(out, s->pair_count > 0 ? ",{" : "{");
        view_json_text(out, "channel", request->channel->name);
        view_json_text(out, "connection", request->connection->name);
        view_json_key(out, "text");
        if (code == TILL_OK)
            buf_json_string(out, (struct sv){text.data ? text.data : "", text.len});
        else
            buf_text(out, "null");
        view_json_text(out, "error", code ? its.text : NULL);
        buf_char(out, '}');
        return buf_fail(out, "the preview", e);
    }
    if (s->pair_count > 0)
        buf_char(out, '\n');
    if (code)
        buf_format(out, "%s: %s%s%s%s\n", request->channel->name, its.text, its.hint[0] ? " (" : "",
                   its.hint, its.hint[0] ? ")" : "");
    else
        buf_append(out, text.data, text.len);
    return cli_flush(s->cli, e);
}

static enum till_code preview_all(struct sending *s, struct till_error *e)
{
    enum till_code code = open_all(s, STORE_READ_ONLY, e);
    if (code == TILL_OK && s->cli->is_json)
        buf_text(&s->cli->out, "{\"previews\":[");
    if (code == TILL_OK)
        code = each(s, preview_one, e);
    if (code == TILL_OK && s->cli->is_json)
        buf_text(&s->cli->out, "]}\n");
    if (code || s->failure_count == 0)
        return code;
    *e = s->first;
    return e->code;
}

static enum till_code run(struct cli *cli,
                          enum till_code (*all)(struct sending *, struct till_error *),
                          struct till_error *e)
{
    struct sending *s = till_calloc(1, sizeof *s);
    if (!s)
        return TILL_FAIL_MEMORY(e);
    s->cli = cli;
    enum till_code code = all(s, e);
    cli_delivery_close(&s->delivery);
    till_free(s);
    return code;
}

enum till_code cli_digest_send(struct cli *cli, struct till_error *e)
{
    return run(cli, send_all, e);
}

enum till_code cli_digest_preview(struct cli *cli, struct till_error *e)
{
    return run(cli, preview_all, e);
}
